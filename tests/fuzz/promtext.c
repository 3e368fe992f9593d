/*
 * Prometheus text: whatever a server sends, each line is a sample, no sample or no sense; and what
 * was read, written out again, reads the same.
 */
#include "tests/fuzz/fuzz.h"

#include <math.h>

#include "lib/buf.h"
#include "lib/promtext.h"

struct reading {
	const char *text;
	size_t len, samples;
	struct buf again; /* every sample, a line each */
	uint64_t sum;	  /* of what was read */
};

static bool is_inside(const struct reading *reading, const char *part, size_t len)
{
	return len == 0 || (part >= reading->text && part + len <= reading->text + reading->len);
}

static void sample_sum(struct reading *reading, const struct prom_sample *sample)
{
	uint64_t bits;
	double value = isnan(sample->value) ? 0 : sample->value;

	memcpy(&bits, &value, sizeof(bits));
	reading->sum = reading->sum * 31 + bits;
	for (size_t i = 0; i < sample->name_len; i++)
		reading->sum = reading->sum * 31 + (unsigned char)sample->name[i];
	for (size_t i = 0; i < sample->labels_len; i++)
		reading->sum = reading->sum * 31 + (unsigned char)sample->labels[i];
}

/* A label's value fits into any array, cut; and a sample has the labels that it has. */
static void labels_look(const struct reading *reading, const struct prom_sample *sample)
{
	static const char *const names[] = { "a", "job", "le", "quantile", "instance" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char small[4], large[256];
		bool has = prom_label(sample, names[i], large, sizeof(large));
		json_t *labels, *value;

		must(prom_label(sample, names[i], small, sizeof(small)) == has,
		     "a label is there whatever the room", reading->text, reading->len);
		if (!has)
			continue;
		must(strlen(small) < sizeof(small) && strncmp(small, large, strlen(small)) == 0,
		     "a label that doesn't fit is cut", reading->text, reading->len);
		value = json_string(large);
		/* One that was cut is another one. */
		if (value && strlen(large) + 1 < sizeof(large)) {
			char *name = strndup(sample->name, sample->name_len);

			labels = json_pack("{s:O}", names[i], value);
			must(prom_matches(sample, name, labels), "a sample matches its own labels",
			     reading->text, reading->len);
			json_decref(labels);
			free(name);
		}
		json_decref(value);
	}
}

static void take(const struct prom_sample *sample, void *data)
{
	struct reading *reading = data;

	reading->samples++;
	must(sample->name_len > 0, "a sample has a name", reading->text, reading->len);
	must(is_inside(reading, sample->name, sample->name_len) &&
		 is_inside(reading, sample->labels, sample->labels_len),
	     "a sample stands in its text", reading->text, reading->len);
	labels_look(reading, sample);
	sample_sum(reading, sample);
	buf_add(&reading->again, sample->name, sample->name_len);
	if (sample->labels_len > 0) {
		buf_putc(&reading->again, '{');
		buf_add(&reading->again, sample->labels, sample->labels_len);
		buf_putc(&reading->again, '}');
	}
	if (isnan(sample->value))
		buf_puts(&reading->again, " NaN\n");
	else
		buf_printf(&reading->again, " %.17g\n", sample->value);
}

/* Of a text that stands alone: returns how many lines made no sense. */
static size_t read_alone(struct reading *reading, const char *bytes, size_t len)
{
	char *text = exactly(bytes, len);
	size_t bad;

	reading->text = text;
	reading->len = len;
	bad = prom_read(text, len, take, reading);
	free(text);
	return bad;
}

/* A text is its lines. */
static size_t read_lines(struct reading *reading, const char *bytes, size_t len, size_t *lines)
{
	size_t bad = 0;

	for (const char *p = bytes, *end = bytes + len; p < end; ++*lines) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		bad += read_alone(reading, p, n);
		p += n + 1;
	}
	return bad;
}

static void label_is(const struct prom_sample *sample, void *data)
{
	const struct buf *value = data;
	char *label = malloc(value->len + 1);

	must(prom_label(sample, "a", label, value->len + 1) && strcmp(label, buf_str(value)) == 0 &&
		 sample->value > 6 && sample->value < 8,
	     "a label's value is what was written", buf_str(value), value->len);
	free(label);
}

/* Bytes as a label's value, written as the format says. */
static void label_write(const char *bytes, size_t len)
{
	struct buf value = BUF_INIT, line = BUF_INIT;

	buf_puts(&line, "x{b=\"\",a=\"");
	for (size_t i = 0; i < len && bytes[i] != '\0'; i++) {
		buf_putc(&value, bytes[i]);
		if (bytes[i] == '\n')
			buf_puts(&line, "\\n");
		else if (bytes[i] == '"' || bytes[i] == '\\')
			buf_printf(&line, "\\%c", bytes[i]);
		else
			buf_putc(&line, bytes[i]);
	}
	buf_puts(&line, "\"} 7 1795296665123\n");
	must(prom_read(line.data, line.len, label_is, &value) == 0, "what was written is read",
	     line.data, line.len);
	buf_release(&line);
	buf_release(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct reading whole = { .again = BUF_INIT }, parts = { .again = BUF_INIT },
		       again = { .again = BUF_INIT };
	size_t lines = 0, bad = read_alone(&whole, text, len);

	must(read_lines(&parts, text, len, &lines) == bad && parts.samples == whole.samples &&
		 parts.sum == whole.sum,
	     "a text is its lines", text, len);
	must(whole.samples + bad <= lines, "a line is one sample at most", text, len);
	must(read_alone(&again, buf_str(&whole.again), whole.again.len) == 0 &&
		 again.samples == whole.samples && again.sum == whole.sum,
	     "what was read, written again, reads the same", text, len);
	label_write(text, len);
	buf_release(&whole.again);
	buf_release(&parts.again);
	buf_release(&again.again);
	return 0;
}
