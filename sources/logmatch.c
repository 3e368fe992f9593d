/* Patterns over a log's lines, and the lines for whoever shows them. */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "sources/logstate.h"

/* ---- matchers ---- */

bool log_capture(const struct rx *rx, const struct logring_line *line, double *value)
{
	size_t from, to;
	char text[64], *end;

	if (!rx_find(rx, line->bytes, line->len, 1, &from, &to) || to <= from ||
	    to - from >= sizeof(text))
		return false;
	memcpy(text, line->bytes + from, to - from);
	text[to - from] = '\0';
	*value = strtod(text, &end);
	return end != text;
}

static void matcher_feed(struct log_matcher *matcher, const struct logring_line *line)
{
	double value;

	if (line->level < matcher->least || !rx_match(matcher->rx, line->bytes, line->len))
		return;
	matcher->latest = line->seq;
	if (line->at != 0)
		window_add(&matcher->window, line->at, 0);
	if (log_capture(matcher->rx, line, &value)) {
		matcher->captured = true;
		matcher->value = value;
		matcher->value_at = line->at;
	}
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
	for (uint64_t seq = logring_oldest(&log->ring); seq < log->ring.next; seq++)
		matcher_feed(matcher, logring_get(&log->ring, seq));
	return matcher;
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
		rx_free(log->matchers[i].rx);
		window_release(&log->matchers[i].window);
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

/* ---- lines ---- */

static void line_show(const struct logring_line *line, struct log_line *out)
{
	out->seq = line->seq;
	out->at = line->at;
	out->level = line->level;
	out->joined = line->joined;
	out->known = line->known;
	out->folded = line->folded;
	out->true_len = line->true_len;
	text_clean_to(out->text, sizeof(out->text), line->bytes, line->len);
}

bool log_line_at(const struct source *source, uint64_t seq, struct log_line *out)
{
	const struct log_source *log = (const struct log_source *)source;
	const struct logring_line *line = logring_get(&log->ring, seq);

	if (line == NULL)
		return false;
	line_show(line, out);
	return true;
}

bool log_line_before(const struct source *source, uint64_t seq, bool records, struct log_line *out)
{
	const struct log_source *log = (const struct log_source *)source;
	uint64_t oldest = logring_oldest(&log->ring);

	if (seq == 0 || seq > log->ring.next)
		seq = log->ring.next;
	while (seq-- > oldest) {
		const struct logring_line *line = logring_get(&log->ring, seq);

		if (line == NULL || (records && line->joined))
			continue;
		line_show(line, out);
		return true;
	}
	return false;
}

/* ---- hits ---- */

/* Whether every line since then is still in the ring. */
static bool ring_reaches(const struct log_source *log, int64_t since)
{
	uint64_t oldest = logring_oldest(&log->ring);
	const struct logring_line *line = logring_get(&log->ring, oldest);

	return oldest == 1 || (line != NULL && line->at != 0 && line->at <= since);
}

static bool file_reaches(const struct log_source *log, int64_t since)
{
	return !logfollow_skipped(log->follow) || (log->first_at != 0 && log->first_at <= since);
}

int log_hits(struct source *source, const char *pattern, enum loglevel least, int64_t since,
	     struct log_hits *out, struct err *err)
{
	struct log_source *log = (struct log_source *)source;
	struct log_matcher *matcher = log_matcher(log, pattern, least, err);
	int64_t now = clock_wall(source->env->clock);

	*out = (struct log_hits){ .reaches = file_reaches(log, since) };
	if (matcher == NULL)
		return -1;
	for (uint64_t seq = log->ring.next; seq-- > logring_oldest(&log->ring);) {
		const struct logring_line *line = logring_get(&log->ring, seq);

		if (line == NULL || !log_line_since(line, since))
			continue;
		out->lines++;
		if (line->level < least || !rx_match(matcher->rx, line->bytes, line->len))
			continue;
		if (out->count++ == 0)
			line_show(line, &out->latest);
	}
	if (!ring_reaches(log, since)) {
		uint64_t more = window_sum(&matcher->window, 0, since, now + CLOCK_US);

		out->count = more > out->count ? more : out->count;
	}
	return 0;
}
