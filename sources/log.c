/* A log, followed. */
#include "sources/log.h"

#include <stdlib.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "sources/logstate.h"
#include "sources/types.h"

#define LINES_DEFAULT 2000
#define LINES_MIN     64
#define LINES_MAX     200000
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

static int meanings_init(struct log_source *log, json_t *map, struct err *err)
{
	if (logmeaning_init(&log->meanings, map, err) < 0)
		return err_wrap(err, "meanings of log %s", log->source.name);
	return 0;
}

static void log_close(struct source *source)
{
	struct log_source *log = (struct log_source *)source;

	log_feed_close(log);
	logring_release(&log->ring);
	window_release(&log->window);
	log_matchers_release(log);
	logmeaning_release(&log->meanings);
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
	    meanings_init(log, json_object_get(args, "meanings"), err) < 0 ||
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

void log_status(const struct source *source, struct log_status *out)
{
	const struct log_source *log = (const struct log_source *)source;
	int64_t now = clock_wall(source->env->clock);
	const struct logring_line *newest = logring_get(&log->ring, log->ring.next - 1);

	*out = (struct log_status){
		.kind = log->kind, .path = log->path, .lines = log->lines, .errors = log->errors
	};
	out->state = log_feed_state(log, out->why, sizeof(out->why));
	out->lines_per_minute =
	    (double)window_sum(&log->window, LOG_LINES, now - MINUTE_US, now + LOG_AHEAD_US);
	if (newest != NULL) {
		out->newest = newest->seq;
		out->newest_at = newest->at;
	}
}

static bool log_unwell(const struct source *source, char *why, size_t size)
{
	struct log_status status;

	log_status(source, &status);
	snprintf(why, size, "%s", status.why);
	return status.state == LOG_MISSING || status.state == LOG_FAILED;
}

const struct source_type source_log = {
	.type = { .name = "log",
		  .help = "a log, followed: a file, systemd's journal, or what a command prints",
		  .fields = fields,
		  .one_of = one_of,
		  .reads = log_reads,
		  .metric_fields = log_metric_fields },
	.open = log_open,
	.close = log_close,
	.sample = log_sample,
	.watch = log_metric_watch,
	.read = log_metric_read,
	.unwell = log_unwell,
};
