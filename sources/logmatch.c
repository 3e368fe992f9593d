/* Patterns over a log's lines. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/mem.h"
#include "sources/logstate.h"

/* ---- matchers ---- */

static bool capture(const struct rx *rx, const struct logring_line *line, double *value)
{
	size_t from, to;
	char text[64], *end;

	if (!rx_find(rx, line->bytes, line->len, 1, &from, &to) || to <= from ||
	    to - from >= sizeof(text))
		return false;
	memcpy(text, line->bytes + from, to - from);
	text[to - from] = '\0';
	*value = strtod(text, &end);
	/* "nan" is no number, and would hold no threshold. */
	return end != text && isfinite(*value);
}

static void latest_keep(struct log_matcher *matcher, const struct logring_line *line)
{
	char *bytes = xrealloc(matcher->latest.bytes, line->len + 1);

	memcpy(bytes, line->bytes, line->len + 1);
	matcher->latest = *line;
	matcher->latest.bytes = bytes;
}

/* A known message is no warning and no error, whatever level it was written with. */
static bool is_of_level(const struct log_matcher *matcher, const struct logring_line *line)
{
	return line->level >= matcher->least && !(line->known && matcher->least > LOGLEVEL_INFO);
}

static void matcher_feed(struct log_matcher *matcher, const struct logring_line *line)
{
	double value;
	int found;

	if (!is_of_level(matcher, line))
		return;
	found = rx_judge(matcher->rx, line->bytes, line->len);
	if (found < 0)
		matcher->unsure_at = line->at != 0 ? line->at + line->precision : line->arrived;
	if (found != 1)
		return;
	latest_keep(matcher, line);
	if (line->at != 0)
		window_add(&matcher->window, line->at, 0);
	if (capture(matcher->rx, line, &value)) {
		matcher->captured = true;
		matcher->value = value;
		matcher->value_at = line->at;
		if (matcher->numbers != NULL && line->at != 0)
			lognumbers_add(matcher->numbers, line->at, value);
	}
}

bool log_skipped(const struct log_source *log)
{
	if (log->follow != NULL)
		return logfollow_skipped(log->follow);
	return log->journal == NULL || logjournal_skipped(log->journal);
}

/* The wall time since which every line of the file is in the ring; 0: all of them are, and also
 * before anything was read: then all that will be read is to come. */
static int64_t kept_from(const struct log_source *log)
{
	uint64_t oldest = logring_oldest(&log->ring);
	const struct logring_line *line = logring_get(&log->ring, oldest);

	if (oldest == LOG_FIRST && (log->ring.next == LOG_FIRST || !log_skipped(log)))
		return 0;
	return line != NULL && line->at != 0 ? line->at : clock_wall(log->source.env->clock);
}

struct log_matcher *log_matcher(struct log_source *log, const char *pattern, enum loglevel least,
				struct err *err)
{
	struct log_matcher *matcher;
	struct rx *rx;

	for (size_t i = 0; i < log->nmatchers; i++)
		if (log->matchers[i].least == least &&
		    strcmp(log->matchers[i].pattern, pattern) == 0)
			return &log->matchers[i];
	if (log->nmatchers >= LOG_MATCHERS) {
		err_set(err, "log %s: more than %d patterns", log->source.name, LOG_MATCHERS);
		return NULL;
	}
	rx = rx_new(pattern, false, err);
	if (rx == NULL)
		return NULL;
	log->matchers =
	    xgrow(log->matchers, &log->matchers_cap, log->nmatchers + 1, sizeof(*matcher));
	matcher = &log->matchers[log->nmatchers++];
	*matcher = (struct log_matcher){ .pattern = xstrdup(pattern), .least = least, .rx = rx };
	window_init(&matcher->window);
	matcher->from = kept_from(log);
	for (uint64_t seq = logring_oldest(&log->ring); seq < log->ring.next; seq++)
		matcher_feed(matcher, logring_get(&log->ring, seq));
	return matcher;
}

void log_matcher_numbers(struct log_source *log, struct log_matcher *matcher)
{
	double value;

	if (matcher->numbers != NULL)
		return;
	matcher->numbers = lognumbers_new();
	matcher->numbers_from = kept_from(log);
	for (uint64_t seq = logring_oldest(&log->ring); seq < log->ring.next; seq++) {
		const struct logring_line *line = logring_get(&log->ring, seq);

		if (line->at != 0 && capture(matcher->rx, line, &value))
			lognumbers_add(matcher->numbers, line->at, value);
	}
}

void log_matchers_feed(struct log_source *log, const struct logring_line *line)
{
	for (size_t i = 0; i < log->nmatchers; i++)
		matcher_feed(&log->matchers[i], line);
}

void log_matchers_release(struct log_source *log)
{
	for (size_t i = 0; i < log->nmatchers; i++) {
		free(log->matchers[i].pattern);
		free(log->matchers[i].latest.bytes);
		rx_free(log->matchers[i].rx);
		window_release(&log->matchers[i].window);
		lognumbers_free(log->matchers[i].numbers);
	}
	free(log->matchers);
}

bool log_line_since(const struct logring_line *line, int64_t since)
{
	if (since == 0)
		return true;
	/* Seen before that time: then it can't be younger, whatever its rounded time says. */
	if (line->at == 0 || (line->arrived != 0 && line->arrived < since))
		return false;
	return line->at + line->precision > since;
}

/* ---- hits ---- */

/* Whether all lines since then were read, and this matcher saw them. */
static bool reaches(const struct log_source *log, const struct log_matcher *matcher, int64_t since)
{
	bool read = !log_skipped(log) || (log->first_at != 0 && log->first_at <= since);

	return read && matcher->from <= since && log->gap_at <= since;
}

/* What is in the ring is counted exactly. */
static void ring_hits(const struct log_source *log, const struct log_matcher *matcher,
		      int64_t since, struct log_hits *out)
{
	for (uint64_t seq = log->ring.next; seq-- > logring_oldest(&log->ring);) {
		struct logring_line *line = logring_get(&log->ring, seq);

		if (line == NULL || !log_line_since(line, since))
			continue;
		out->lines++;
		if (!is_of_level(matcher, line) || !rx_match(matcher->rx, line->bytes, line->len))
			continue;
		if (out->count++ == 0)
			log_line_show(log, line, &out->latest);
	}
}

int log_hits(struct source *source, const char *pattern, enum loglevel least, int64_t since,
	     struct log_hits *out, struct err *err)
{
	struct log_source *log = (struct log_source *)source;
	struct log_matcher *matcher = log_matcher(log, pattern, least, err);
	int64_t to = clock_wall(source->env->clock) + CLOCK_US;
	uint64_t more;

	*out = (struct log_hits){ .count = 0 };
	if (matcher == NULL)
		return -1;
	out->reaches = reaches(log, matcher, since);
	out->given_up = matcher->unsure_at != 0 && matcher->unsure_at > since;
	ring_hits(log, matcher, since, out);
	if (kept_from(log) <= since)
		return 0;
	/* What has left the ring is counted to the second. */
	more = window_sum(&matcher->window, 0, since, to);
	if (more > out->count && out->count == 0)
		log_line_show(log, &matcher->latest, &out->latest);
	out->count = more > out->count ? more : out->count;
	more = window_sum(&log->window, LOG_LINES, since, to);
	out->lines = more > out->lines ? more : out->lines;
	return 0;
}

int log_watch(struct source *source, const char *pattern, enum loglevel least, struct err *err)
{
	return log_matcher((struct log_source *)source, pattern, least, err) != NULL ? 0 : -1;
}
