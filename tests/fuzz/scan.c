/*
 * What a scan says of any bytes, against the same read line by line, with nothing kept from line to
 * line and each pattern run on each line. libFuzzer's entry; tests/func/fuzz.sh builds it, and
 * tests/unit/sources_scanfuzz.c gives it samples of logs with bytes changed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/logline.h"
#include "lib/rx.h"
#include "sources/scan.h"

/* When the log was written last: 2026-11-21T22:00:00Z. */
#define NOW (1795298400 * CLOCK_US)
/* Lines are longer than that nowhere here, nor do patterns look further. */
#define LINE_MAX_BYTES 4000
/* More than a scan reads at once. */
#define REPEATED ((size_t)300 << 10)

static const char *const patterns[] = {
	"it broke", "relation \"[^\"]+\"", "^Traceback", "(bot|app)s?: ", "ERR", "\\d{3}$"
};
enum { PATTERNS = sizeof(patterns) / sizeof(patterns[0]) };

struct counts {
	struct scan_totals totals;
	uint64_t known[PATTERNS];
	uint64_t errors; /* that no harmless pattern hides */
};

struct reader {
	struct logline_zone zone;
	struct logfold fold;
	struct rx *rx[PATTERNS];
	struct counts counts;
	bool harmless;
};

/* As if no line had been read before. */
static void forget(struct logline_zone *zone)
{
	zone->nhead = zone->line.least = zone->nheads = 0;
	memset(zone->chains, 0, sizeof(zone->chains));
}

static void line_count(struct reader *reader, const char *bytes, size_t len)
{
	struct scan_totals *totals = &reader->counts.totals;
	struct logline line;
	bool joins, harmless = false;

	forget(&reader->zone);
	logline_read(&reader->zone, bytes, len, &line);
	if (line.body > len)
		abort();
	joins = logfold_joins(&reader->fold, &line);
	totals->lines++;
	for (size_t i = 0; i < PATTERNS; i++) {
		if (!rx_match(reader->rx[i], bytes, len))
			continue;
		reader->counts.known[i]++;
		harmless = harmless || i == 0;
	}
	if (joins)
		return;
	totals->records++;
	totals->levels[line.level]++;
	totals->untimed += line.at == 0;
	if (line.at != 0 && (totals->first == 0 || line.at < totals->first))
		totals->first = line.at;
	if (line.at > totals->last)
		totals->last = line.at;
	reader->counts.errors += line.level >= LOGLEVEL_ERROR && !harmless;
}

static void lines_count(const char *bytes, size_t len, struct counts *out)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	const char *end = bytes + len;

	reader->zone = (struct logline_zone){ .now = NOW, .utc = true };
	for (size_t i = 0; i < PATTERNS; i++)
		reader->rx[i] = rx_new(patterns[i], false, NULL);
	for (const char *p = bytes; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		/* On the heap, exactly as long: sanitizers see every byte too far. */
		size_t n = (size_t)((nl != NULL ? nl : end) - p);
		char *line = malloc(n + 1);

		memcpy(line, p, n);
		line_count(reader, line, n);
		free(line);
		p += n + 1;
	}
	*out = reader->counts;
	for (size_t i = 0; i < PATTERNS; i++)
		rx_free(reader->rx[i]);
	free(reader);
}

static void must(bool holds, const char *what, const char *bytes, size_t len)
{
	if (holds)
		return;
	fprintf(stderr, "a scan and its lines differ: %s\n%.*s\n", what,
		(int)(len < 3000 ? len : 3000), bytes);
	abort();
}

static void scan_compare(const char *bytes, size_t len)
{
	struct scan *scan = scan_new(patterns, PATTERNS, 1, true, NULL);
	const struct scan_totals *got = scan_totals(scan), *want;
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct counts counts;
	size_t nspans, nerrors;
	struct scan_span *spans;
	struct scan_error *errors;
	uint64_t in_spans = 0, in_errors = 0;

	lines_count(bytes, len, &counts);
	want = &counts.totals;
	if (write(fd, bytes, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0 ||
	    scan_fd(scan, fd, NOW, NULL) < 0)
		abort();
	must(got->bytes == len && got->lines == want->lines, "lines", bytes, len);
	must(got->records == want->records && got->untimed == want->untimed, "records", bytes, len);
	must(memcmp(got->levels, want->levels, sizeof(want->levels)) == 0, "levels", bytes, len);
	must(got->first == want->first && got->last == want->last, "times", bytes, len);
	for (size_t i = 0; i < PATTERNS; i++)
		must(scan_known(scan)[i].count == counts.known[i], patterns[i], bytes, len);
	spans = scan_spans(scan, &nspans);
	for (size_t i = 0; i < nspans; i++)
		for (size_t level = 0; level < SCAN_LEVELS; level++)
			in_spans += spans[i].levels[level];
	must(in_spans == want->records - want->untimed, "minutes", bytes, len);
	errors = scan_errors(scan, SIZE_MAX, &nerrors);
	for (size_t i = 0; i < nerrors; i++)
		in_errors += errors[i].count;
	must(got->errors_lost || in_errors == counts.errors, "errors", bytes, len);
	free(spans);
	free(errors);
	close(fd);
	scan_free(scan);
}

/* The bytes without what makes lines too long for an equal reading. */
static size_t log_fill(char *out, size_t size, const uint8_t *data, size_t len)
{
	size_t n = 0, line = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++) {
		line = data[i] == '\n' ? 0 : line + 1;
		out[n++] = (char)data[i];
		if (line == LINE_MAX_BYTES) {
			out[n++] = '\n';
			line = 0;
		}
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t size = 2 * len + 2, n, most;
	char *bytes = malloc(size + REPEATED), *alone;

	n = log_fill(bytes, size, data, len);
	/* Exactly as long. */
	alone = calloc(1, n + 1);
	memcpy(alone, bytes, n);
	scan_compare(alone, n);
	free(alone);
	/* Now and then so often that blocks meet in the middle of its lines. */
	if (n > 0 && len % 32 == 0) {
		for (most = n; most < REPEATED; most += n)
			memcpy(bytes + most, bytes, n);
		scan_compare(bytes, most);
	}
	free(bytes);
	return 0;
}
