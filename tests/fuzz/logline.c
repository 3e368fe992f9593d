/*
 * Lines of logs: what one says does not depend on what was kept from those before it.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/clock.h"
#include "lib/logline.h"
#include "lib/logtime.h"

/* When the log was written last: 2026-11-21T22:00:00Z. */
#define NOW (1795298400 * CLOCK_US)

static bool same(const struct logline *a, const struct logline *b)
{
	return a->level == b->level && a->kin == b->kin && a->zoned == b->zoned &&
	       a->tagged == b->tagged && a->at == b->at && a->precision == b->precision &&
	       a->body == b->body;
}

static void shift_check(const struct logline *line, const char *bytes, size_t len)
{
	int64_t shift = logline_shift(line->at, NOW);

	must(shift % (15 * 60 * CLOCK_US) == 0 && shift <= 14 * 3600 * CLOCK_US &&
		 shift >= -14 * 3600 * CLOCK_US,
	     "a shift is whole quarters of an hour, up to 14 h", bytes, len);
}

struct reader {
	struct logline_zone kept;
	struct logfold fold, fresh_fold;
};

static void line_check(struct reader *reader, const char *bytes, size_t len)
{
	struct logline_zone *fresh = calloc(1, sizeof(*fresh));
	struct logline line, alone;
	enum loglevel level;
	bool joins;

	fresh->now = reader->kept.now;
	fresh->shift = reader->kept.shift;
	fresh->utc = reader->kept.utc;
	logline_read(&reader->kept, bytes, len, &line);
	logline_read(fresh, bytes, len, &alone);
	must(same(&line, &alone), "a line says the same whatever came before", bytes, len);
	must(line.body <= len, "the text stands in the line", bytes, len);
	must(line.level <= LOGLEVEL_CRITICAL && line.kin <= LOGKIN_DETAIL, "a level, a kin", bytes,
	     len);
	must(loglevel_parse(loglevel_name(line.level), &level) == 0 && level == line.level,
	     "a level has a name", bytes, len);
	must(line.at == 0 || line.precision > 0, "a time has a precision", bytes, len);
	if (line.at != 0)
		shift_check(&line, bytes, len);
	joins = logfold_joins(&reader->fold, &line);
	must(logfold_joins(&reader->fresh_fold, &alone) == joins && line.level == alone.level,
	     "lines join the same", bytes, len);
	free(fresh);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	const char *p = (const char *)data, *end = p + len;

	if (setenv("TZ", "Europe/Berlin", 1))
		abort();
	/* How long the input is decides about the zone. */
	reader->kept = (struct logline_zone){ .now = NOW, .utc = len % 2 == 0 };
	if (len % 3 == 0)
		reader->kept.shift = 45 * 60 * CLOCK_US;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);
		char *line = exactly(p, n);

		line_check(reader, line, n);
		free(line);
		p += n + 1;
	}
	free(reader);
	return 0;
}
