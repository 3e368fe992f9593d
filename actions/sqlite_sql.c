/*
 * Runs SQL in one transaction of a SQLite database. What the transaction leaves is noted as a
 * digest of all rows before it is committed: after a death in the middle the database itself tells
 * whether it happened. The database as it was is kept, and is put back only while nobody has
 * written since.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "actions/keep.h"
#include "actions/sql_plan.h"
#include "actions/sqlite_source.h"
#include "actions/types.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/sqlite_change.h"
#include "lib/sqlite_copy.h"
#include "lib/text.h"

static int sql_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		    struct err *err)
{
	const char *path = sqlite_source(env, args, "sqlite_sql", err);

	if (!path)
		return -1;
	buf_printf(&plan->lines, "keeps a copy of %s for the undo; then in one transaction:\n",
		   path);
	sql_plan_lines(args, '?', &plan->lines);
	buf_puts(&plan->undo, "the database gets the content that it had, unless somebody has "
			      "written since");
	return 0;
}

static int sql_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	const char *path = sqlite_source(env, args, "sqlite_sql", err);
	struct sqlite *sqlite = path ? sqlite_open(path, env->clock, env->deadline, err) : NULL;
	char said[200];
	int sound = sqlite ? sqlite_integrity(sqlite, true, said, sizeof(said), err) : -1;

	sqlite_close(sqlite);
	if (sound == 0) {
		err_set(err, "%s is damaged: %s", path, said);
		err_hint(err, "restore it first");
	}
	return sound == 1 ? 0 : -1;
}

static json_t *sql_before(const struct action_env *env, const json_t *args, struct err *err)
{
	const char *path = sqlite_source(env, args, "sqlite_sql", err);
	char *mark = keep_mark(env->intent), *name = xasprintf("%s.db", mark);
	char *kept = path_join(env->out, name);
	json_t *before = NULL;

	if (path && file_mkdirs(env->out, 0700, err) == 0 &&
	    sqlite_copy(path, kept, env->clock, env->deadline, err) == 0) {
		char *note = xasprintf("%s.after", kept);

		before = json_pack("{s:s, s:s}", "kept", kept, "note", note);
		free(note);
	}
	free(kept);
	free(name);
	free(mark);
	return before;
}

static int sql_run(const struct action_env *env, const json_t *args, const json_t *before,
		   json_t **facts, struct err *err)
{
	const char *path = sqlite_source(env, args, "sqlite_sql", err);
	const json_t *expect = json_object_get(args, "expect_rows");
	struct sqlite_change change = { .sql = json_str(args, "sql", ""),
					.with = json_object_get(args, "with"),
					.expect_rows = expect ? json_integer_value(expect) : -1,
					.foreign_keys = json_bool(args, "foreign_keys", false),
					.kept = json_str(before, "kept", NULL),
					.note = json_str(before, "note", NULL) };
	int64_t rows;

	if (!path || sqlite_change(path, &change, env->clock, env->deadline, &rows, err) < 0)
		return -1;
	*facts = json_pack("{s:I}", "rows", (json_int_t)rows);
	return 0;
}

/* Of the database as it was when the transaction began: that is what is kept. */
static int digest_before(const struct action_env *env, const json_t *before, char hex[SHA256_HEX],
			 struct err *err)
{
	return sqlite_digest_at_rest(json_str(before, "kept", ""), env->clock, env->deadline, hex,
				     err);
}

/* 1: the database is as the transaction left it, 0: as it was before, -1: neither. */
static int sql_where(const struct action_env *env, const json_t *args, const json_t *before,
		     struct buf *why)
{
	struct err err = ERR_INIT;
	const char *path = sqlite_source(env, args, "sqlite_sql", &err);
	const char *note = json_str(before, "note", "");
	struct buf after = BUF_INIT;
	char hex[SHA256_HEX], was[SHA256_HEX];
	int where = -1;

	if (!path || sqlite_digest_of(path, env->clock, env->deadline, hex, &err) < 0 ||
	    digest_before(env, before, was, &err) < 0) {
		buf_puts(why, err.msg);
	} else if (file_exists(note) && file_read(note, &after, SHA256_HEX, &err) == 0 &&
		   strcmp(buf_str(&after), hex) == 0) {
		buf_printf(why, "%s is as the transaction left it", path);
		where = 1;
	} else if (strcmp(hex, was) == 0) {
		buf_printf(why, "%s is as it was before", path);
		where = 0;
	} else {
		buf_printf(why, "%s was written by others since", path);
	}
	buf_release(&after);
	return where;
}

static enum settled sql_settled(const struct action_env *env, const json_t *args,
				const json_t *before, struct buf *why)
{
	/* It can't have been committed before its note was there. */
	if (!file_exists(json_str(before, "note", ""))) {
		buf_puts(why, "its transaction was never committed");
		return SETTLED_NO;
	}
	int where = sql_where(env, args, before, why);

	return where == 1 ? SETTLED_YES : where == 0 ? SETTLED_NO : SETTLED_UNKNOWN;
}

static int sql_undo(const struct action_env *env, const json_t *args, const json_t *before,
		    struct err *err)
{
	const char *path = sqlite_source(env, args, "sqlite_sql", err),
		   *kept = json_str(before, "kept", "");
	struct buf why = BUF_INIT, after = BUF_INIT;
	int where = path ? sql_where(env, args, before, &why) : -1, rc = path ? 0 : -1;

	if (path && where < 0)
		rc = err_set(err, "%s: it is left alone", buf_str(&why));
	else if (where == 1)
		rc = file_read(json_str(before, "note", ""), &after, SHA256_HEX, err) < 0
			 ? -1
			 : sqlite_put_back(path, kept, buf_str(&after), env->clock, env->deadline,
					   err);
	if (path && rc < 0)
		err_hint(err, "the database as it was before is kept at %s", kept);
	buf_release(&after);
	buf_release(&why);
	return rc;
}

static enum settled sql_undone(const struct action_env *env, const json_t *args,
			       const json_t *before, struct buf *why)
{
	struct err err = ERR_INIT;
	const char *path = sqlite_source(env, args, "sqlite_sql", &err);
	char hex[SHA256_HEX], was[SHA256_HEX];
	bool back;

	if (!path || sqlite_digest_of(path, env->clock, env->deadline, hex, &err) < 0 ||
	    digest_before(env, before, was, &err) < 0) {
		buf_puts(why, err.msg);
		return SETTLED_UNKNOWN;
	}
	back = strcmp(hex, was) == 0;
	buf_printf(why, back ? "%s has the rows that it had" : "%s has other rows than before",
		   path);
	return back ? SETTLED_YES : SETTLED_NO;
}

static const struct field fields[] = {
	{ "sqlite_sql", FIELD_SOURCE, true, "the database", "sqlite", NULL },
	{ "sql", FIELD_LITERAL, true, "one statement, or (without \"with\") several", NULL, NULL },
	{ "with", FIELD_SCALARS, false, "values of ?1, ?2, ...", NULL, NULL },
	{ "expect_rows", FIELD_INT, false,
	  "rows that the last one must touch, else all is rolled back", NULL, NULL },
	{ "foreign_keys", FIELD_BOOL, false,
	  "foreign keys are enforced, as by an application that switches them on (false)", NULL,
	  NULL },
	{ 0 },
};

const struct action_type action_sqlite_sql = {
	.type = { .name = "sqlite_sql",
		  .help = "runs SQL in one transaction of a SQLite database",
		  .fields = fields,
		  .examples = "{\"sqlite_sql\": \"stats\", \"sql\": \"DELETE FROM games WHERE "
			      "import = ?1\", \"with\": [\"${import}\"]}" },
	.risk = risk_destructive,
	.plan = sql_plan,
	.ready = sql_ready,
	.before = sql_before,
	.run = sql_run,
	.settled = sql_settled,
	.undo = sql_undo,
	.undone = sql_undone,
};
