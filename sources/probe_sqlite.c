/* Probe type "sqlite": asks a SQLite database one read-only question. */
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "sources/sqlite.h"
#include "sources/types.h"

#define TIMEOUT_US (3 * CLOCK_US)
#define LOCKED_US  CLOCK_US

static const char *const checks[] = { "quick", "full", NULL };

static const struct field fields[] = {
	{ "sqlite", FIELD_SOURCE, true, "the database that is asked", "sqlite", NULL },
	{ "sql", FIELD_LITERAL, false, "one statement that only reads", NULL, NULL },
	{ "with", FIELD_SCALARS, false, "values of ?1, ?2, ...", NULL, NULL },
	{ "equals", FIELD_SCALAR, false, "expected first value", NULL, NULL },
	{ "below", FIELD_NUMBER, false, "the first value must be less", NULL, NULL },
	{ "above", FIELD_NUMBER, false, "the first value must be greater", NULL, NULL },
	{ "rows", FIELD_INT, false, "expected number of rows", NULL, NULL },
	{ "empty", FIELD_BOOL, false,
	  "true: no row is expected, false: at least one, whose first value may be proposed", NULL,
	  NULL },
	{ "integrity", FIELD_CHOICE, false,
	  "it is sound; reads the whole file, and writers wait meanwhile but in WAL mode", NULL,
	  checks },
	{ "locked", FIELD_BOOL, false, "a writer holds it all the time (or, with false, does not)",
	  NULL, NULL },
	{ "within", FIELD_DURATION, false, "time for the answer (3s); of \"locked\" how long (1s)",
	  NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const questions[] = { "sql", "integrity", "locked", NULL };
static const char *const *const one_of[] = { questions, NULL };

static void ask_locked(const struct probe_env *env, const json_t *args, const char *path,
		       int64_t left, struct reading *out)
{
	int64_t within = json_us(args, "within", LOCKED_US), now = clock_wall(env->clock);
	struct err err = ERR_INIT;
	char text[READING_TEXT];
	pid_t holder;
	int locked = sqlite_locked(path, within < left ? within : left, env->clock, &holder, &err);

	if (locked < 0)
		reading_unknown(out, now, "%s", err.msg);
	else if (locked == 1 && left < within)
		reading_unknown(out, now, "%s: locked, but there was no time to see for how long",
				path);
	else
		reading_judge(out, (locked == 1) == (json_bool(args, "locked", 1) != 0), now, "%s",
			      sqlite_holder_text(path, locked, holder, text, sizeof(text)));
}

static void ask_integrity(struct sqlite *db, const json_t *args, int64_t now, struct reading *out)
{
	bool quick = strcmp(json_str(args, "integrity", ""), "quick") == 0;
	struct err err = ERR_INIT;
	char said[160];
	int sound = sqlite_integrity(db, quick, said, sizeof(said), &err);

	if (sound < 0)
		reading_unknown(out, now, "%s", err.msg);
	else
		reading_judge(out, sound == 1, now, "%s check: %s", quick ? "quick" : "full", said);
}

static void ask_sql(struct sqlite *db, const json_t *args, int64_t now, struct reading *out)
{
	struct sqlite_answer answer;
	struct err err = ERR_INIT;

	if (sqlite_ask(db, json_str(args, "sql", ""), json_object_get(args, "with"), &answer,
		       &err) < 0)
		reading_unknown(out, now, "%s", err.msg);
	else
		sql_answer_judge(&(struct sql_answer){ answer.rows, answer.column, answer.value },
				 args, now, out);
	sqlite_answer_release(&answer);
}

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	const char *name = json_str(args, "sqlite", "");
	const json_t *declared = env->declared(env->data, name);
	const char *path = json_str(declared, "path", "");
	int64_t now = clock_wall(env->clock), begin = clock_mono(env->clock);
	int64_t within = json_us(args, "within", TIMEOUT_US), left = env->deadline - begin;
	struct err err = ERR_INIT;
	struct sqlite *db;

	if (declared == NULL) {
		reading_unknown(out, now, "source %s can't be used: a parameter is missing", name);
		return;
	}
	if (json_object_get(args, "locked") != NULL) {
		ask_locked(env, args, path, left, out);
		return;
	}
	db = sqlite_open(path, env->clock, begin + (within < left ? within : left), &err);
	if (db == NULL)
		reading_unknown(out, now, "%s", err.msg);
	else if (json_object_get(args, "integrity") != NULL)
		ask_integrity(db, args, now, out);
	else
		ask_sql(db, args, now, out);
	sqlite_close(db);
}

const struct probe_type probe_sqlite = {
	.type = { .name = "sqlite",
		  .help = "asks a SQLite database one read-only question",
		  .fields = fields,
		  .one_of = one_of },
	.blocks = true,
	.eval = eval,
};
