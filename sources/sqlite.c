/* A SQLite database: its size, whether a writer holds it, a number that a statement gives. */
#include "sources/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/proc.h"
#include "sources/sqlite_look.h"
#include "sources/types.h"

#define MB	   (1024.0 * 1024.0)
#define TIMEOUT_US (3 * CLOCK_US)
#define LOCKED_US  CLOCK_US

static const struct field fields[] = {
	{ "path", FIELD_PATH, true, "the database file; it is opened read-only", NULL, NULL },
	{ "timeout", FIELD_DURATION, false, "a statement is given up after this time (3s)", NULL,
	  NULL },
	{ "check_every", FIELD_DURATION, false,
	  "how often the panel has the whole file checked; by itself hourly with a write-ahead log "
	  "or "
	  "up to 16 MB, else never: a check holds up writers",
	  NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct field metric_fields[] = {
	{ "sql", FIELD_LITERAL, false, "of \"sql\": one statement that only reads", NULL, NULL },
	{ "with", FIELD_SCALARS, false, "values of ?1, ?2, ...", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def reads[] = {
	{ "size_mb", "MB", "the file and its write-ahead log, 1 MB being 1,048,576 bytes" },
	{ "wal_mb", "MB", "its write-ahead log" },
	{ "locked", "", "1 when a writer held it for a whole second, else 0" },
	{ "sql", "", "the first value that a statement gives (sql)" },
	{ "ms", "ms", "time that a small question takes" },
	{ "up", "", "1 when it can be read, 0 when it is missing or damaged" },
	{ NULL, NULL, NULL },
};

struct sqlite_source {
	struct source source; /* first */
	char *path;
	int64_t timeout_us;
	struct sqlite_look *look; /* NULL: no loop, no panel */
};

static void sqlite_source_close(struct source *source)
{
	struct sqlite_source *sqlite = (struct sqlite_source *)source;

	sqlite_look_free(sqlite->look);
	free(sqlite->path);
	free(source);
}

static struct source *sqlite_source_open(const struct source_env *env, const char *name,
					 const json_t *args, struct err *err)
{
	struct sqlite_source *sqlite = xcalloc(1, sizeof(*sqlite));

	(void)err;
	source_init(&sqlite->source, &source_sqlite, env, name);
	sqlite->path = xstrdup(json_str(args, "path", ""));
	sqlite->timeout_us = json_us(args, "timeout", TIMEOUT_US);
	if (env->loop)
		sqlite->look = sqlite_look_new(env, sqlite->path, json_us(args, "check_every", 0));
	return &sqlite->source;
}

char *sqlite_holder_text(const char *path, int locked, pid_t holder, char *out, size_t size)
{
	char *command = locked && holder > 0 ? proc_command(holder) : NULL;

	if (!locked)
		snprintf(out, size, "no writer holds %s", path);
	else if (command == NULL)
		snprintf(out, size, "a writer holds %s", path);
	else
		snprintf(out, size, "process %d holds %s: %s", (int)holder, path, command);
	free(command);
	return out;
}

static void size_read(const struct sqlite_source *sqlite, bool wal, int64_t now,
		      struct reading *out)
{
	struct err err = ERR_INIT;
	int64_t bytes, log;

	if (sqlite_size(sqlite->path, &bytes, &log, &err) < 0)
		reading_unknown(out, now, "%s", err.msg);
	else
		reading_value(out, now, (double)(wal ? log : bytes + log) / MB, "MB");
}

static void locked_read(const struct sqlite_source *sqlite, int64_t now, struct reading *out)
{
	struct err err = ERR_INIT;
	pid_t holder;
	int locked =
	    sqlite_locked(sqlite->path, LOCKED_US, sqlite->source.env->clock, &holder, &err);

	if (locked < 0) {
		reading_unknown(out, now, "%s", err.msg);
		return;
	}
	reading_value(out, now, locked, "");
	sqlite_holder_text(sqlite->path, locked, holder, out->evidence, sizeof(out->evidence));
}

static bool is_missing(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static void asked_read(const struct sqlite_source *sqlite, const json_t *metric, const char *read,
		       int64_t now, struct reading *out)
{
	const struct clock *clock = sqlite->source.env->clock;
	bool sql = strcmp(read, "sql") == 0;
	const char *statement = sql ? json_str(metric, "sql", NULL) : "PRAGMA schema_version";
	int64_t begin = clock_mono(clock);
	struct err err = ERR_INIT;
	struct sqlite *db = sqlite_open(sqlite->path, clock, begin + sqlite->timeout_us, &err);
	struct sqlite_answer answer = { 0 };

	if (statement == NULL) {
		reading_unknown(out, now, "\"sql\" needs a statement");
	} else if (db == NULL ||
		   sqlite_ask(db, statement, json_object_get(metric, "with"), &answer, &err) < 0) {
		if (strcmp(read, "up") == 0 &&
		    (is_missing(sqlite->path) || (db != NULL && sqlite_is_damaged(db))))
			reading_value(out, now, 0, "");
		else
			reading_unknown(out, now, "%s", err.msg);
	} else if (sql) {
		sql_answer_number(&(struct sql_answer){ answer.rows, answer.column, answer.value },
				  now, out);
	} else if (strcmp(read, "up") == 0) {
		reading_value(out, now, 1, "");
	} else {
		reading_value(out, now, (double)(clock_mono(clock) - begin) / 1000, "ms");
	}
	sqlite_answer_release(&answer);
	sqlite_close(db);
}

static void sqlite_source_read(struct source *source, const json_t *metric, int64_t since,
			       struct reading *out)
{
	const struct sqlite_source *sqlite = (const struct sqlite_source *)source;
	const char *read = json_str(metric, "read", "");
	int64_t now = clock_wall(source->env->clock);

	(void)since;
	if (strcmp(read, "size_mb") == 0 || strcmp(read, "wal_mb") == 0)
		size_read(sqlite, strcmp(read, "wal_mb") == 0, now, out);
	else if (strcmp(read, "locked") == 0)
		locked_read(sqlite, now, out);
	else
		asked_read(sqlite, metric, read, now, out);
}

static void sqlite_source_sample(struct source *source)
{
	struct sqlite_source *sqlite = (struct sqlite_source *)source;

	if (sqlite->look)
		sqlite_look_tick(sqlite->look);
}

const struct sqlite_info *sqlite_info(struct source *source)
{
	static const struct sqlite_info none = { .checked = -1 };

	if (!source || source->type != &source_sqlite)
		return NULL;
	return ((struct sqlite_source *)source)->look
		   ? sqlite_look_info(((struct sqlite_source *)source)->look)
		   : &none;
}

const struct source_type source_sqlite = {
	.type = { .name = "sqlite",
		  .help = "a SQLite database",
		  .fields = fields,
		  .reads = reads,
		  .metric_fields = metric_fields },
	.slow = source_all_slow,
	.open = sqlite_source_open,
	.close = sqlite_source_close,
	.sample = sqlite_source_sample,
	.read = sqlite_source_read,
};
