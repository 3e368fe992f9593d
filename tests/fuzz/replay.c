/*
 * A target without libFuzzer: reads its corpus (tests/fuzz/corpus/NAME, NAME being the program's)
 * and changes of it; TAP. The numbers of the changes are printed: CHANGES= asks for more or fewer
 * of each file, SEED= for others.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "tests/unit/fault.h"

enum { INPUT_MAX = 1 << 16 };

static uint32_t seed = 1;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static long number(const char *name, long fallback)
{
	const char *text = getenv(name);

	return text ? atol(text) : fallback;
}

/* A target may have changes of its own, and asks for bytes to be changed when it has none. */
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max,
						     unsigned number);
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max);

/* Bytes changed, taken out, put in, and pieces said twice. */
static void bytes_change(struct buf *input)
{
	static const char often[] =
	    "0123456789 :.,+-[]<>|=\"'{}\\/TZE\t\033\n\r\0\xff\xc3\xa9\x01\x02";

	for (uint32_t count = 1 + any(6); count > 0 && input->len > 0; count--) {
		size_t at = any((uint32_t)input->len), n = 1 + any(12);
		struct buf rest = BUF_INIT;

		buf_add(&rest, input->data + at, input->len - at);
		n = n < rest.len ? n : rest.len;
		switch (any(4)) {
		case 0:
			input->data[at] = often[any(sizeof(often) - 1)];
			break;
		case 1:
			buf_cut(input, at);
			buf_add(input, rest.data + n, rest.len - n);
			break;
		case 2:
			buf_cut(input, at);
			buf_putc(input, often[any(sizeof(often) - 1)]);
			buf_add(input, rest.data, rest.len);
			break;
		default:
			buf_add(input, rest.data, n);
		}
		buf_release(&rest);
	}
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max)
{
	struct buf input = BUF_INIT;

	buf_add(&input, data, len);
	bytes_change(&input);
	len = input.len < max ? input.len : max;
	memcpy(data, buf_str(&input), len);
	buf_release(&input);
	return len;
}

static void change(struct buf *input)
{
	uint8_t *data;
	size_t len;

	if (!LLVMFuzzerCustomMutator) {
		bytes_change(input);
		return;
	}
	data = malloc(INPUT_MAX);
	memcpy(data, buf_str(input), input->len);
	len = LLVMFuzzerCustomMutator(data, input->len, INPUT_MAX, any(1 << 24));
	buf_cut(input, 0);
	buf_add(input, data, len);
	free(data);
}

/* Also where the target ends the program: what it was given stays behind. */
static void give(const struct buf *input, const char *artifact)
{
	FILE *file = fopen(artifact, "wb");
	char *alone = exactly(buf_str(input), input->len);

	if (file) {
		fwrite(alone, 1, input->len, file);
		fclose(file);
	}
	LLVMFuzzerTestOneInput((const uint8_t *)alone, input->len);
	free(alone);
}

static long replay(const char *path, long changes, const char *artifact)
{
	struct buf input = BUF_INIT, changed = BUF_INIT;

	if (file_read(path, &input, INPUT_MAX, NULL) < 0)
		return 0;
	give(&input, artifact);
	for (long i = 0; i < changes; i++) {
		buf_cut(&changed, 0);
		buf_add(&changed, buf_str(&input), input.len);
		change(&changed);
		give(&changed, artifact);
	}
	buf_release(&changed);
	buf_release(&input);
	return 1 + changes;
}

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
	long changes = number("CHANGES", 40), files = 0, given = 0;
	char corpus[300], artifact[300];
	struct dirent **entries;
	int n;

	name = name ? name + 1 : "";
	seed = (uint32_t)number("SEED", 1);
	snprintf(corpus, sizeof(corpus), "tests/fuzz/corpus/%s", name);
	snprintf(artifact, sizeof(artifact), "%s.input", argv[0]);
	printf("1..1\n");
	n = scandir(corpus, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char path[600];

		snprintf(path, sizeof(path), "%s/%s", corpus, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.') {
			files++;
			given += replay(path, changes, artifact);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	remove(artifact);
	printf("%sok 1 - %s: %ld files of its corpus, %ld inputs\n", files > 0 ? "" : "not ", name,
	       files, given);
	fault(27, name, given, given, 0);
	return files > 0 ? 0 : 1;
}
