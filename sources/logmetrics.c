/* The numbers that metrics read from a log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"
#include "sources/logstate.h"

#define WINDOW_US (300 * CLOCK_US)
#define MINUTE_US (60 * CLOCK_US)

static const char *const of_choices[] = { "latest", "max", "min", "mean", "median",
					  "p90",    "p95", "p99", NULL };

const struct field log_metric_fields[] = {
	{ "window", FIELD_DURATION, false,
	  "how far back it counts (5m), a day at most; to the second, beyond an hour to ten "
	  "seconds",
	  NULL, NULL },
	{ "match", FIELD_REGEX, false,
	  "of \"matching\" and \"matching_percent\": the lines that count", NULL, NULL },
	{ "of_match", FIELD_REGEX, false,
	  "of \"matching_percent\": the lines of which it is the share (all lines)", NULL, NULL },
	{ "capture", FIELD_REGEX, false, "of \"captured\": its first group is the number", NULL,
	  NULL },
	{ "of", FIELD_CHOICE, false,
	  "which of the numbers captured in the window, or what of them (latest); percentiles of "
	  "the "
	  "latest 8192, which the evidence says when there were more",
	  NULL, of_choices },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

const struct read_def log_reads[] = {
	{ "error_percent", "%", "share of lines that are errors" },
	{ "error_rate", "/min", "errors a minute" },
	{ "errors", "", "errors in the window" },
	{ "warnings", "", "warnings in the window" },
	{ "lines_per_minute", "/min", "lines a minute" },
	{ "matching", "", "lines that match a pattern (match)" },
	{ "matching_percent", "%",
	  "lines that match a pattern (match) as a share of those that match another (of_match): "
	  "failed operations of all" },
	{ "captured", "", "a number found in a line (capture)" },
	{ "silent_for", "s", "time since the latest line" },
	{ NULL, NULL, NULL },
};

/* What is asked: counts over from < t <= now, of which all was seen since `seen`. */
struct question {
	struct log_source *log;
	const json_t *metric;
	int64_t from, now, seen;
};

static int64_t until(const struct question *q)
{
	return q->now + LOG_AHEAD_US;
}

static uint64_t sum(const struct question *q, enum log_series series)
{
	return window_sum(&q->log->window, series, q->from, until(q));
}

/* The part of the window that was seen; what was not has no lines to count. */
static int64_t span(const struct question *q)
{
	return q->now - (q->seen > q->from ? q->seen : q->from);
}

static void seen_since(struct question *q, int64_t at)
{
	if (at > q->seen)
		q->seen = at;
}

/* "in 5 min", or that less was seen than was asked for. */
static void span_text(const struct question *q, char *out, size_t size)
{
	char seen[40], whole[40];

	duration_text(span(q), seen, sizeof(seen));
	duration_text(q->now - q->from, whole, sizeof(whole));
	if (q->seen > q->from)
		snprintf(out, size, "in %s, all that was read of %s", seen, whole);
	else
		snprintf(out, size, "in %s", seen);
}

static void value_set(const struct question *q, double value, const char *unit, uint64_t part,
		      uint64_t whole, struct reading *out)
{
	char over[120];

	reading_value(out, q->now, value, unit);
	span_text(q, over, sizeof(over));
	snprintf(out->evidence, sizeof(out->evidence), "%llu of %llu lines %s",
		 (unsigned long long)part, (unsigned long long)whole, over);
}

/* ---- lines and levels ---- */

static void rate_set(const struct question *q, uint64_t part, uint64_t lines, struct reading *out)
{
	if (span(q) < CLOCK_US)
		reading_unknown(out, q->now, "less than a second to count in");
	else
		value_set(q, (double)part * MINUTE_US / (double)span(q), "/min", part, lines, out);
}

static void percent_set(const struct question *q, uint64_t part, uint64_t whole,
			struct reading *out)
{
	if (whole == 0)
		reading_unknown(out, q->now, "no lines in the window");
	else
		value_set(q, 100.0 * (double)part / (double)whole, "%", part, whole, out);
}

static void counted_read(const struct question *q, const char *read, struct reading *out)
{
	uint64_t lines = sum(q, LOG_LINES), errors = sum(q, LOG_ERRORS);
	uint64_t warnings = sum(q, LOG_WARNINGS);

	if (strcmp(read, "errors") == 0)
		value_set(q, (double)errors, "", errors, lines, out);
	else if (strcmp(read, "warnings") == 0)
		value_set(q, (double)warnings, "", warnings, lines, out);
	else if (strcmp(read, "error_percent") == 0)
		percent_set(q, errors, lines, out);
	else if (strcmp(read, "error_rate") == 0)
		rate_set(q, errors, lines, out);
	else if (strcmp(read, "lines_per_minute") == 0)
		rate_set(q, lines, lines, out);
	else
		reading_unknown(out, q->now, "a log can't read \"%s\"", read);
}

/* ---- patterns ---- */

/* The matcher of the pattern in that field; NULL with `out` saying why. */
static struct log_matcher *matcher_of(struct question *q, const char *field, bool numbers,
				      struct reading *out)
{
	const char *pattern = json_str(q->metric, field, NULL);
	struct err err = ERR_INIT;
	struct log_matcher *matcher;

	if (pattern == NULL) {
		reading_unknown(out, q->now, "\"%s\" needs a \"%s\" pattern",
				json_str(q->metric, "read", ""), field);
		return NULL;
	}
	matcher = log_matcher(q->log, pattern, LOGLEVEL_NONE, &err);
	if (matcher == NULL) {
		reading_unknown(out, q->now, "%s", err.msg);
		return NULL;
	}
	if (numbers)
		log_matcher_numbers(q->log, matcher);
	seen_since(q, numbers ? matcher->numbers_from : matcher->from);
	return matcher;
}

static uint64_t hits(const struct question *q, const struct log_matcher *matcher)
{
	return window_sum(&matcher->window, 0, q->from, until(q));
}

static void matching_read(struct question *q, struct reading *out)
{
	const struct log_matcher *matcher = matcher_of(q, "match", false, out);

	if (matcher != NULL)
		value_set(q, (double)hits(q, matcher), "", hits(q, matcher),
			  sum(q, LOG_LINES) + sum(q, LOG_JOINED), out);
}

static void matching_percent_read(struct question *q, struct reading *out)
{
	const struct log_matcher *part = matcher_of(q, "match", false, out), *whole = NULL;

	if (part == NULL)
		return;
	if (json_object_get(q->metric, "of_match") == NULL) {
		percent_set(q, hits(q, part), sum(q, LOG_LINES) + sum(q, LOG_JOINED), out);
		return;
	}
	/* Both are counted over what both have seen: matchers may move when one is added. */
	whole = matcher_of(q, "of_match", false, out);
	part = whole != NULL ? matcher_of(q, "match", false, out) : NULL;
	if (part == NULL)
		return;
	q->from = q->seen > q->from ? q->seen : q->from;
	percent_set(q, hits(q, part), hits(q, whole), out);
}

/* ---- numbers in lines ---- */

static const char no_number[] = "no line in the window matches %s";

static void percentile_read(const struct question *q, const struct log_matcher *matcher,
			    double percent, struct reading *out)
{
	struct lognumbers_sum all = lognumbers_over(matcher->numbers, q->from, until(q));
	uint64_t n;
	double value = lognumbers_percentile(matcher->numbers, q->from, until(q), percent, &n);
	char over[120];

	if (n == 0) {
		reading_unknown(out, q->now, no_number, matcher->pattern);
		return;
	}
	reading_value(out, q->now, value, "");
	span_text(q, over, sizeof(over));
	if (all.n > n)
		snprintf(out->evidence, sizeof(out->evidence),
			 "of the latest %llu of %llu numbers %s", (unsigned long long)n,
			 (unsigned long long)all.n, over);
	else
		snprintf(out->evidence, sizeof(out->evidence), "of %llu numbers %s",
			 (unsigned long long)n, over);
}

static void numbers_read(const struct question *q, const struct log_matcher *matcher,
			 const char *of, struct reading *out)
{
	struct lognumbers_sum all = lognumbers_over(matcher->numbers, q->from, until(q));
	char over[120];

	if (all.n == 0) {
		reading_unknown(out, q->now, no_number, matcher->pattern);
		return;
	}
	reading_value(out, q->now,
		      strcmp(of, "max") == 0   ? all.max
		      : strcmp(of, "min") == 0 ? all.min
					       : all.sum / (double)all.n,
		      "");
	span_text(q, over, sizeof(over));
	snprintf(out->evidence, sizeof(out->evidence), "of %llu numbers %s",
		 (unsigned long long)all.n, over);
}

static void captured_read(struct question *q, struct reading *out)
{
	const char *of = json_str(q->metric, "of", "latest");
	bool latest = strcmp(of, "latest") == 0;
	const struct log_matcher *matcher = matcher_of(q, "capture", !latest, out);

	if (matcher == NULL)
		return;
	if (strcmp(of, "median") == 0)
		percentile_read(q, matcher, 50, out);
	else if (of[0] == 'p')
		percentile_read(q, matcher, atof(of + 1), out);
	else if (!latest)
		numbers_read(q, matcher, of, out);
	else if (matcher->captured && matcher->value_at >= q->from)
		reading_value(out, q->now, matcher->value, "");
	else
		reading_unknown(out, q->now, no_number, matcher->pattern);
}

/* ---- whatever is asked ---- */

static bool is_readable(const struct question *q, struct reading *out)
{
	char why[200];
	enum log_state state = log_feed_state(q->log, why, sizeof(why));

	if (state == LOG_FOLLOWING)
		return true;
	reading_unknown(out, q->now, "%s: %s", q->log->path,
			state == LOG_READING ? "still being read" : why);
	return false;
}

void log_metric_watch(struct source *source, const json_t *metric)
{
	struct question q = { .log = (struct log_source *)source, .metric = metric };
	const char *read = json_str(metric, "read", "");
	struct reading out;

	if (strcmp(read, "captured") == 0)
		matcher_of(&q, "capture", strcmp(json_str(metric, "of", "latest"), "latest") != 0,
			   &out);
	if (strncmp(read, "matching", strlen("matching")) == 0)
		matcher_of(&q, "match", false, &out);
	if (json_object_get(metric, "of_match") != NULL)
		matcher_of(&q, "of_match", false, &out);
}

void log_metric_read(struct source *source, const json_t *metric, int64_t since,
		     struct reading *out)
{
	struct log_source *log = (struct log_source *)source;
	const char *read = json_str(metric, "read", "");
	struct question q = { .log = log, .metric = metric, .now = clock_wall(source->env->clock) };

	if (!is_readable(&q, out))
		return;
	q.from = q.now - json_us(metric, "window", WINDOW_US);
	if (since > q.from)
		q.from = since;
	if (log_skipped(log))
		seen_since(&q, log->first_at);
	seen_since(&q, q.now - WINDOW_KEPT_US);
	if (strcmp(read, "captured") == 0)
		captured_read(&q, out);
	else if (strcmp(read, "matching") == 0)
		matching_read(&q, out);
	else if (strcmp(read, "matching_percent") == 0)
		matching_percent_read(&q, out);
	else if (strcmp(read, "silent_for") != 0)
		counted_read(&q, read, out);
	else if (log->records.at == 0)
		reading_unknown(out, q.now, "no line with a time yet");
	else
		reading_value(out, q.now, (double)(q.now - log->records.at) / CLOCK_US, "s");
}
