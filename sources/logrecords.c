#include "sources/logrecords.h"

#include "lib/clock.h"

#define MINUTE_US (60 * CLOCK_US)

static bool is_known(const struct logrecords *records, const struct logring_line *line)
{
	for (size_t i = 0; i < records->nknown; i++)
		if (rx_match(records->known[i], line->bytes, line->len))
			return true;
	return false;
}

/* The wall time that a line counts at; see struct logring_line. */
static int64_t line_time(struct logrecords *records, const struct logrecords_hint *hint,
			 const struct logline *read)
{
	int64_t at = read->at, now = hint->now;

	if (hint->at != 0)
		return hint->at;
	if (at == 0)
		return hint->fresh ? now : records->at;
	if (hint->fresh && !read->zoned) {
		int64_t shift = logline_shift(at, now);

		records->zone.shift += shift;
		at += shift;
	}
	if (at <= now + LOG_AHEAD_US)
		return at;
	/* A clock that is a little ahead, or a line from a zone that nobody told: it has no time
	 * then. */
	return hint->fresh || at <= now + MINUTE_US ? now : 0;
}

void logrecords_read(struct logrecords *records, const struct logrecords_hint *hint,
		     struct logring_line *line)
{
	struct logline read;

	records->zone.now = hint->now;
	logline_read(&records->zone, line->bytes + hint->body, line->len - hint->body, &read);
	if (hint->writer != records->writer)
		records->fold = (struct logfold){ 0 };
	records->writer = hint->writer;
	line->joined = logfold_joins(&records->fold, &read) || hint->joins;
	if (!line->joined && read.level == LOGLEVEL_NONE)
		records->fold.last = read.level = hint->level;
	line->level = read.level;
	line->arrived = hint->fresh ? hint->now : 0;
	line->precision = hint->at == 0 && read.at != 0 ? read.precision : 1;
	if (line->joined && records->at != 0) {
		line->at = records->at;
		line->precision = records->precision;
		line->known = records->is_known;
		return;
	}
	line->at = line_time(records, hint, &read);
	if (line->joined) {
		line->known = records->is_known;
		return;
	}
	line->known = records->nknown > 0 && is_known(records, line);
	records->at = line->at;
	records->precision = line->precision;
	records->is_known = line->known;
}
