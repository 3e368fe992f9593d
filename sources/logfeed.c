/* How a log's lines come in: from a file, systemd's journal, or a command. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "sources/logchild.h"
#include "sources/logstate.h"

#define TAIL_BYTES ((size_t)4 << 20)
#define ZONE_BYTES ((size_t)64 << 10)

/* A program that prints the log. */
struct log_command {
	json_t *argv; /* owned */
	struct logchild *child;
	bool restarted;	    /* it was started before: what it prints again has been counted */
	bool dropping;	    /* the lines that come are such */
	int64_t dropped_to; /* wall time of the latest record before it ended */
};

static void record_count(struct log_source *log, const struct logring_line *line)
{
	log->errors += !line->known && line->level >= LOGLEVEL_ERROR;
	if (line->at == 0)
		return;
	window_add(&log->window, line->at, LOG_LINES);
	if (line->known)
		return;
	if (line->level >= LOGLEVEL_ERROR)
		window_add(&log->window, line->at, LOG_ERRORS);
	else if (line->level == LOGLEVEL_WARNING)
		window_add(&log->window, line->at, LOG_WARNINGS);
}

static void line_add(struct log_source *log, const char *bytes, size_t len, size_t true_len,
		     const struct logrecords_hint *hint)
{
	struct logring_line *line = logring_add(&log->ring, bytes, len, true_len), *record;

	log->lines++;
	logrecords_read(&log->records, hint, line);
	if (log->first_at == 0)
		log->first_at = line->at;
	if (line->joined) {
		record = logring_get(&log->ring, log->record);
		if (record != NULL)
			record->folded++;
		if (line->at != 0)
			window_add(&log->window, line->at, LOG_JOINED);
	} else {
		log->record = line->seq;
		record_count(log, line);
	}
	log_matchers_feed(log, line);
}

static void on_looked(void *data)
{
	const struct source_env *env = ((struct log_source *)data)->source.env;

	if (env->changed != NULL)
		env->changed(env->data);
}

/* ---- a file ---- */

/* The last line was written when the file was: if their times differ by whole quarters of an hour,
 * the writer has another time zone than this process. */
static void zone_guess(struct log_source *log)
{
	int fd = open(log->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *bytes = xmalloc(ZONE_BYTES);
	struct stat st;
	struct logline line;
	int64_t written = 0, last = 0;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		off_t from = st.st_size > (off_t)ZONE_BYTES ? st.st_size - (off_t)ZONE_BYTES : 0;

		/* As its writer's clock had it. */
		written = st.st_mtim.tv_sec * CLOCK_US + st.st_mtim.tv_nsec / 1000 + clock_ahead();
		n = pread(fd, bytes, ZONE_BYTES, from);
	}
	log->records.zone.now = written;
	for (const char *at = bytes; n > 0 && at < bytes + n;) {
		const char *nl = memchr(at, '\n', (size_t)(bytes + n - at));
		const char *end = nl != NULL ? nl : bytes + n;

		logline_read(&log->records.zone, at, (size_t)(end - at), &line);
		if (line.at != 0)
			last = line.zoned ? 0 : line.at;
		at = end + 1;
	}
	if (last != 0)
		log->records.zone.shift = logline_shift(last, written);
	if (fd >= 0)
		close(fd);
	free(bytes);
}

static void on_file_line(const struct logtail_line *in, void *data)
{
	struct log_source *log = data;
	struct logrecords_hint hint = { .now = in->seen, .fresh = in->fresh };

	loghistory_note(log->history, log->ring.next, in);
	line_add(log, in->bytes, in->len, in->true_len, &hint);
}

static int file_open(struct log_source *log, const char *path)
{
	const struct source_env *env = log->source.env;

	log->kind = LOG_FILE;
	log->path = xstrdup(path);
	if (!log->records.zone.utc)
		zone_guess(log);
	log->follow =
	    logfollow_new(env->loop, env->clock, path, TAIL_BYTES, on_file_line, on_looked, log);
	log->history = loghistory_new(logfollow_parts(log->follow), &log->records);
	return 0;
}

/* ---- systemd's journal ---- */

static void on_journal_line(const struct logjournal_line *in, void *data)
{
	struct log_source *log = data;
	struct logrecords_hint hint = { .now = clock_wall(log->source.env->clock),
					.fresh = in->fresh,
					.at = in->at,
					.level = in->level,
					.writer = in->writer,
					.body = in->body < in->len ? in->body : in->len,
					.joins = in->joins };

	line_add(log, in->bytes, in->len, in->true_len, &hint);
}

static int journal_open(struct log_source *log, const json_t *units, const json_t *args,
			size_t max_lines, struct err *err)
{
	const struct source_env *env = log->source.env;
	const struct logjournal_calls calls = { .line = on_journal_line,
						.looked = on_looked,
						.data = log };
	struct buf text = BUF_INIT;
	const json_t *unit;
	size_t i;

	log->kind = LOG_JOURNAL;
	buf_puts(&text, "journalctl");
	json_array_foreach(units, i, unit) {
		const char *words[] = { "-u", json_string_value(unit), NULL };

		buf_putc(&text, ' ');
		argv_text(&text, words);
	}
	log->path = buf_detach(&text);
	log->journal =
	    logjournal_new(env->loop, env->clock, units, json_str(args, "journal_folder", NULL),
			   max_lines, &calls, err);
	return log->journal != NULL ? 0 : -1;
}

/* ---- a command ---- */

static char **command_argv(void *data)
{
	struct log_source *log = data;
	struct log_command *command = log->command;

	command->dropped_to = command->restarted ? log->records.at : 0;
	command->dropping = false;
	if (command->restarted)
		log->gap_at = clock_wall(log->source.env->clock);
	command->restarted = true;
	return argv_new(command->argv, "command", NULL);
}

static bool is_in_memory(const struct log_source *log, int64_t at, const char *bytes, size_t len)
{
	for (uint64_t seq = log->ring.next; seq-- > logring_oldest(&log->ring);) {
		const struct logring_line *line = logring_get(&log->ring, seq);

		if (line->at < at)
			return false;
		if (line->len == len && memcmp(line->bytes, bytes, len) == 0)
			return true;
	}
	return false;
}

/* One that is started anew may print again what it printed before, as `docker logs` does: lines
 * that are older than the latest one that was read, or as old and known, with what goes on with
 * them. */
static bool is_repeated(struct log_source *log, const char *bytes, size_t len)
{
	struct log_command *command = log->command;
	struct logline line;

	if (command->dropped_to == 0)
		return false;
	log->records.zone.now = clock_wall(log->source.env->clock);
	logline_read(&log->records.zone, bytes, len, &line);
	if (line.at > command->dropped_to)
		command->dropped_to = 0; /* from here on all are new */
	if (line.at != 0)
		command->dropping =
		    line.at < command->dropped_to ||
		    (line.at == command->dropped_to && is_in_memory(log, line.at, bytes, len));
	return command->dropping;
}

static void on_command_line(const char *bytes, size_t len, size_t true_len, void *data)
{
	struct log_source *log = data;
	bool before = logchild_state(log->command->child) == LOGCHILD_READING;
	struct logrecords_hint hint = { .now = clock_wall(log->source.env->clock),
					.fresh = !before };

	logchild_said(log->command->child, bytes, len);
	if (is_repeated(log, bytes, len))
		return;
	line_add(log, bytes, len, true_len, &hint);
	/* What it printed from the time before it was started. */
	if (before && log->records.at != 0 && log->records.at < log->first_at)
		log->first_at = log->records.at;
}

static int command_open(struct log_source *log, const json_t *argv, struct err *err)
{
	const struct source_env *env = log->source.env;
	const struct logchild_calls calls = { .argv = command_argv,
					      .line = on_command_line,
					      .looked = on_looked,
					      .data = log,
					      .line_max = LOGRING_LINE_MAX,
					      .settles = true,
					      .kept = true };
	char **words = argv_new(argv, "command", err);
	struct buf text = BUF_INIT;

	if (words == NULL)
		return -1;
	log->kind = LOG_COMMAND;
	argv_text(&text, (const char *const *)words);
	argv_free(words);
	log->path = buf_detach(&text);
	log->first_at = clock_wall(env->clock);
	log->command = xcalloc(1, sizeof(*log->command));
	log->command->argv = json_deep_copy(argv);
	log->command->child = logchild_new(env->loop, env->clock, &calls, err);
	return log->command->child != NULL ? 0 : -1;
}

/* ---- whichever it is ---- */

int log_feed_open(struct log_source *log, const json_t *args, size_t max_lines, struct err *err)
{
	const json_t *journal = json_object_get(args, "journal");
	const json_t *command = json_object_get(args, "command");

	if (journal != NULL)
		return journal_open(log, journal, args, max_lines, err);
	if (command != NULL)
		return command_open(log, command, err);
	return file_open(log, json_str(args, "path", ""));
}

void log_feed_close(struct log_source *log)
{
	loghistory_free(log->history);
	logfollow_free(log->follow);
	logjournal_free(log->journal);
	if (log->command != NULL) {
		logchild_free(log->command->child);
		json_decref(log->command->argv);
	}
	free(log->command);
}

static struct logchild *child_of(const struct log_source *log)
{
	return log->journal != NULL ? logjournal_child(log->journal) : log->command->child;
}

void log_feed_look(struct log_source *log)
{
	if (log->follow != NULL)
		logfollow_look(log->follow, 0);
	else
		logchild_look(child_of(log));
}

static enum log_state file_state(const struct log_source *log, char *why, size_t size)
{
	snprintf(why, size, "%s", logfollow_why(log->follow));
	switch (logfollow_state(log->follow)) {
	case LOGFOLLOW_FOLLOWING:
		return logfollow_caught_up(log->follow) ? LOG_FOLLOWING : LOG_READING;
	case LOGFOLLOW_MISSING:
		return LOG_MISSING;
	case LOGFOLLOW_FAILED:
		break;
	}
	return LOG_FAILED;
}

enum log_state log_feed_state(const struct log_source *log, char *why, size_t size)
{
	if (log->follow != NULL)
		return file_state(log, why, size);
	logchild_why(child_of(log), why, size);
	switch (logchild_state(child_of(log))) {
	case LOGCHILD_READING:
		return LOG_READING;
	case LOGCHILD_ENDED:
		return LOG_FAILED;
	case LOGCHILD_FOLLOWING:
		break;
	}
	if (log->journal != NULL)
		snprintf(why, size, "%s", logjournal_note(log->journal));
	return LOG_FOLLOWING;
}
