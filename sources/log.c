/* A log, followed. */
#include "sources/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "sources/logstate.h"
#include "sources/types.h"

#define LINES_DEFAULT 2000
#define LINES_MIN     64
#define LINES_MAX     200000
#define WINDOW_US     (300 * CLOCK_US)
#define MINUTE_US     (60 * CLOCK_US)

static const struct field fields[] = {
	{ "path", FIELD_PATH, false, "a file, followed through its rotation", NULL, NULL },
	{ "journal", FIELD_STRINGS, false,
	  "systemd's journal: the names of units, [] for all of it; read by journalctl", NULL,
	  NULL },
	{ "command", FIELD_STRINGS, false,
	  "a program and its arguments, no shell, that goes on printing the log on both outputs; "
	  "it "
	  "must only read",
	  NULL, NULL },
	{ "journal_folder", FIELD_PATH, false,
	  "of \"journal\": the journal files of this folder, not the host's", NULL, NULL },
	{ "known", FIELD_STRINGS, false,
	  "patterns of known, harmless messages: shown, but no warnings or errors", NULL, NULL },
	{ "meanings", FIELD_MAP, false, "patterns of known messages, and what each means", NULL,
	  NULL },
	{ "max_lines", FIELD_INT, false, "how many lines are kept to look at (2000)", NULL, NULL },
	{ "utc", FIELD_BOOL, false, "times without a zone are UTC, not local", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const origins[] = { "path", "journal", "command", NULL };
static const char *const *const one_of[] = { origins, NULL };

static const char *const of_choices[] = { "latest", "max", "min", "mean", NULL };

static const struct field metric_fields[] = {
	{ "window", FIELD_DURATION, false, "how far back it counts (5m)", NULL, NULL },
	{ "match", FIELD_REGEX, false, "of \"matching\": the lines that count", NULL, NULL },
	{ "capture", FIELD_REGEX, false, "of \"captured\": its first group is the number", NULL,
	  NULL },
	{ "of", FIELD_CHOICE, false, "which captured number of the window (latest)", NULL,
	  of_choices },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def reads[] = {
	{ "error_percent", "%", "share of lines that are errors" },
	{ "error_rate", "/min", "errors a minute" },
	{ "errors", "", "errors in the window" },
	{ "warnings", "", "warnings in the window" },
	{ "lines_per_minute", "/min", "lines a minute" },
	{ "matching", "", "lines that match a pattern (match)" },
	{ "captured", "", "a number found in a line (capture)" },
	{ "silent_for", "s", "time since the latest line" },
	{ NULL, NULL, NULL },
};

bool log_is(const struct source *source)
{
	return source != NULL && source->type == &source_log;
}

/* ---- life cycle ---- */

static int known_init(struct log_source *log, const json_t *list, struct err *err)
{
	size_t n = json_array_size(list);

	log->known = xcalloc(n + 1, sizeof(struct rx *));
	log->records.known = log->known;
	for (size_t i = 0; i < n; i++) {
		const char *pattern = json_string_value(json_array_get(list, i));
		struct rx *rx = pattern != NULL ? rx_new(pattern, false, err) : NULL;

		if (rx == NULL)
			return err_wrap(err, "known messages of log %s", log->source.name);
		log->known[log->nknown++] = rx;
		log->records.nknown = log->nknown;
	}
	return 0;
}

static void log_close(struct source *source)
{
	struct log_source *log = (struct log_source *)source;

	log_feed_close(log);
	logring_release(&log->ring);
	window_release(&log->window);
	log_matchers_release(log);
	for (size_t i = 0; i < log->nknown; i++)
		rx_free(log->known[i]);
	free(log->known);
	free(log->path);
	free(log);
}

static struct source *log_open(const struct source_env *env, const char *name, const json_t *args,
			       struct err *err)
{
	struct log_source *log = xcalloc(1, sizeof(*log));
	double lines = json_num(args, "max_lines", LINES_DEFAULT);

	source_init(&log->source, &source_log, env, name);
	log->records.zone.utc = json_bool(args, "utc", 0);
	lines = lines < LINES_MIN ? LINES_MIN : lines > LINES_MAX ? LINES_MAX : lines;
	logring_init(&log->ring, (size_t)lines, LOG_FIRST);
	window_init(&log->window);
	if (known_init(log, json_object_get(args, "known"), err) < 0 ||
	    log_feed_open(log, args, (size_t)lines, err) < 0) {
		source_close(&log->source);
		return NULL;
	}
	return &log->source;
}

/* With a loop it is followed by itself. */
static void log_sample(struct source *source)
{
	if (source->env->loop == NULL)
		log_feed_look((struct log_source *)source);
}

/* ---- numbers ---- */

static bool is_readable(const struct log_source *log, int64_t now, struct reading *out)
{
	char why[200];
	enum log_state state = log_feed_state(log, why, sizeof(why));

	if (state == LOG_FOLLOWING)
		return true;
	reading_unknown(out, now, "%s: %s", log->path,
			state == LOG_READING ? "still being read" : why);
	return false;
}

static uint64_t sum(const struct log_source *log, enum log_series series, int64_t from, int64_t now)
{
	return window_sum(&log->window, series, from, now + LOG_AHEAD_US);
}

static void value_set(struct reading *out, const struct log_source *log, int64_t now, double value,
		      const char *unit, uint64_t part, uint64_t lines, int64_t span)
{
	char over[40];

	(void)log;
	reading_value(out, now, value, unit);
	snprintf(out->evidence, sizeof(out->evidence), "%llu of %llu lines in %s",
		 (unsigned long long)part, (unsigned long long)lines,
		 duration_text(span, over, sizeof(over)));
}

static void captured_read(struct log_source *log, const json_t *metric, int64_t from, int64_t now,
			  struct reading *out)
{
	const char *pattern = json_str(metric, "capture", NULL),
		   *of = json_str(metric, "of", "latest");
	struct err err = ERR_INIT;
	struct log_matcher *matcher;
	double value = NAN, total = 0, one;
	size_t n = 0;

	if (pattern == NULL) {
		reading_unknown(out, now, "\"captured\" needs a \"capture\" pattern");
		return;
	}
	matcher = log_matcher(log, pattern, LOGLEVEL_NONE, &err);
	if (matcher == NULL) {
		reading_unknown(out, now, "%s", err.msg);
		return;
	}
	if (strcmp(of, "latest") == 0) {
		if (matcher->captured && matcher->value_at >= from)
			value = matcher->value;
	} else {
		for (uint64_t seq = logring_oldest(&log->ring); seq < log->ring.next; seq++) {
			const struct logring_line *line = logring_get(&log->ring, seq);

			if (line->at < from || !log_capture(matcher->rx, line, &one))
				continue;
			total += one;
			n++;
			value = isnan(value)		 ? one
				: strcmp(of, "max") == 0 ? fmax(value, one)
				: strcmp(of, "min") == 0 ? fmin(value, one)
							 : value;
		}
		if (n > 0 && strcmp(of, "mean") == 0)
			value = total / (double)n;
	}
	if (isnan(value))
		reading_unknown(out, now, "no line in the window matches %s", pattern);
	else
		reading_value(out, now, value, "");
}

static void matching_read(struct log_source *log, const json_t *metric, int64_t from, int64_t now,
			  struct reading *out)
{
	const char *pattern = json_str(metric, "match", NULL);
	struct err err = ERR_INIT;
	struct log_matcher *matcher =
	    pattern != NULL ? log_matcher(log, pattern, LOGLEVEL_NONE, &err) : NULL;
	uint64_t hits;

	if (matcher == NULL) {
		reading_unknown(out, now, "%s",
				pattern != NULL ? err.msg : "\"matching\" needs a \"match\"");
		return;
	}
	hits = window_sum(&matcher->window, 0, from, now + LOG_AHEAD_US);
	value_set(out, log, now, (double)hits, "", hits, sum(log, LOG_LINES, from, now),
		  now - from);
}

static void counted_read(struct log_source *log, const char *read, int64_t from, int64_t now,
			 struct reading *out)
{
	uint64_t lines = sum(log, LOG_LINES, from, now), errors = sum(log, LOG_ERRORS, from, now);
	uint64_t warnings = sum(log, LOG_WARNINGS, from, now);
	int64_t span = now - from;
	double minutes;

	/* A part of the window that was never read has no lines to count. */
	if (log_skipped(log) && log->first_at > from)
		span = now - log->first_at;
	minutes = (double)span / MINUTE_US;
	if (strcmp(read, "errors") == 0)
		value_set(out, log, now, (double)errors, "", errors, lines, span);
	else if (strcmp(read, "warnings") == 0)
		value_set(out, log, now, (double)warnings, "", warnings, lines, span);
	else if (strcmp(read, "error_percent") == 0 && lines == 0)
		reading_unknown(out, now, "no lines in the window");
	else if (strcmp(read, "error_percent") == 0)
		value_set(out, log, now, 100.0 * (double)errors / (double)lines, "%", errors, lines,
			  span);
	else if (span < CLOCK_US)
		reading_unknown(out, now, "less than a second to count in");
	else if (strcmp(read, "error_rate") == 0)
		value_set(out, log, now, (double)errors / minutes, "/min", errors, lines, span);
	else if (strcmp(read, "lines_per_minute") == 0)
		value_set(out, log, now, (double)lines / minutes, "/min", lines, lines, span);
	else
		reading_unknown(out, now, "a log can't read \"%s\"", read);
}

static void log_read(struct source *source, const json_t *metric, int64_t since,
		     struct reading *out)
{
	struct log_source *log = (struct log_source *)source;
	const char *read = json_str(metric, "read", "");
	int64_t now = clock_wall(source->env->clock);
	int64_t from = now - json_us(metric, "window", WINDOW_US);

	if (!is_readable(log, now, out))
		return;
	if (since > from)
		from = since;
	if (strcmp(read, "captured") == 0)
		captured_read(log, metric, from, now, out);
	else if (strcmp(read, "matching") == 0)
		matching_read(log, metric, from, now, out);
	else if (strcmp(read, "silent_for") != 0)
		counted_read(log, read, from, now, out);
	else if (log->records.at == 0)
		reading_unknown(out, now, "no line with a time yet");
	else
		reading_value(out, now, (double)(now - log->records.at) / CLOCK_US, "s");
}

void log_status(const struct source *source, struct log_status *out)
{
	const struct log_source *log = (const struct log_source *)source;
	int64_t now = clock_wall(source->env->clock);
	const struct logring_line *newest = logring_get(&log->ring, log->ring.next - 1);

	*out = (struct log_status){
		.kind = log->kind, .path = log->path, .lines = log->lines, .errors = log->errors
	};
	out->state = log_feed_state(log, out->why, sizeof(out->why));
	out->lines_per_minute = (double)sum(log, LOG_LINES, now - MINUTE_US, now);
	if (newest != NULL) {
		out->newest = newest->seq;
		out->newest_at = newest->at;
	}
}

const struct source_type source_log = {
	.type = { .name = "log",
		  .help = "a log, followed: a file, systemd's journal, or what a command prints",
		  .fields = fields,
		  .one_of = one_of,
		  .reads = reads,
		  .metric_fields = metric_fields },
	.open = log_open,
	.close = log_close,
	.sample = log_sample,
	.read = log_read,
};
