/* Lines of many programs in any order, with bytes changed: tests/fuzz/scan.c says what must hold.
 */
#include "tests/unit/scratch.h"

#include "tests/fuzz/scan.c"

#include "lib/file.h"

#define SAMPLES "tests/logs/levels.txt"
#define ROUNDS	5000

static uint32_t seed = 11;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Some lines of the samples, from one program or from many, most of them more than once. */
static size_t log_make(char *out, size_t size, char *const *lines, size_t n)
{
	size_t len = 0, from = any((uint32_t)n), among = any(2) ? 3 : n;

	for (uint32_t count = 1 + any(60); count > 0; count--) {
		const char *line = lines[(from + any((uint32_t)among)) % n];

		if (len + strlen(line) + 2 >= size)
			break;
		len += (size_t)sprintf(out + len, "%s%s", line, any(9) == 0 ? "\r\n" : "\n");
	}
	return len - (len > 0 && any(4) == 0);
}

static void bytes_change(char *bytes, size_t len)
{
	static const char often[] = "0123456789 :.,+-[]<>|=\"{}\\/TZEWIM\t\033\n\n\r\0\xff";

	for (uint32_t count = any(4) == 0 ? 0 : any(30); count > 0 && len > 0; count--)
		bytes[any((uint32_t)len)] = often[any(sizeof(often) - 1)];
}

static void a_scan_is_its_lines_read_one_by_one(void **state)
{
	struct buf all = BUF_INIT;
	char *lines[2000], bytes[16000];
	size_t n = 0;

	(void)state;
	assert_int_equal(file_read(SAMPLES, &all, 1 << 20, NULL), 0);
	for (char *p = strtok(all.data, "\n"); p != NULL; p = strtok(NULL, "\n"))
		if (*p != '#' && n < 2000)
			lines[n++] = p + 2;
	assert_true(n > 300);
	for (int round = 0; round < ROUNDS; round++) {
		size_t len = log_make(bytes, sizeof(bytes), lines, n);

		bytes_change(bytes, len);
		LLVMFuzzerTestOneInput((const uint8_t *)bytes, len);
	}
	buf_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scan_is_its_lines_read_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
