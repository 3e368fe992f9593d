/*
 * A migration by the tool that the application has for it (alembic, django, sqitch), told apart
 * from any other command by what the database itself says: its revision before and after.
 */
#include <stdlib.h>
#include <string.h>

#include "actions/pg_source.h"
#include "actions/types.h"
#include "lib/argv.h"
#include "lib/child.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pg_claim.h"
#include "lib/text.h"

/* New: the revision that the database is at, "" when the statement gives none. NULL with err. */
static char *revision(struct pg *pg, const json_t *args, struct err *err)
{
	struct err mine = ERR_INIT;
	char *value = pg_value(pg, &mine, json_str(args, "revision", ""), NULL);

	if (mine.set) {
		err_set(err, "the schema's revision can't be read: %s", mine.msg);
		err_hint(err, "\"revision\" is a statement like SELECT version_num FROM "
			      "alembic_version");
		return NULL;
	}
	return value ? value : xstrdup("");
}

static const char *shown(const char *revision)
{
	return *revision ? revision : "none";
}

static char *revision_now(const struct action_env *env, const json_t *args, struct err *err)
{
	struct pg *pg = pg_source_open(env, args, "pg_migrate", true, err);
	char *now = pg ? revision(pg, args, err) : NULL;

	pg_close(pg);
	return now;
}

static void command_show(const json_t *args, const char *key, struct buf *out)
{
	char **argv = argv_new(json_object_get(args, key), key, NULL);

	if (argv)
		argv_text(out, (const char *const *)argv);
	argv_free(argv);
}

static int migrate_plan(const struct action_env *env, const json_t *args, struct plan *plan,
			struct err *err)
{
	const char *cwd = json_str(args, "cwd", NULL);
	char *now = revision_now(env, args, err);
	struct buf line = BUF_INIT;

	if (!now)
		return -1;
	buf_puts(&line, "The schema is at revision ");
	buf_puts(&line, shown(now));
	buf_printf(&line, "; afterwards it must be at %s", json_str(args, "to", ""));
	text_clean(&plan->lines, buf_str(&line), line.len);
	buf_puts(&plan->lines, "\n$ ");
	command_show(args, "command", &plan->lines);
	buf_putc(&plan->lines, '\n');
	if (cwd) {
		buf_puts(&plan->lines, "in ");
		text_clean(&plan->lines, cwd, strlen(cwd));
		buf_putc(&plan->lines, '\n');
	}
	if (json_object_get(args, "undo")) {
		buf_puts(&plan->undo, "$ ");
		command_show(args, "undo", &plan->undo);
	}
	buf_release(&line);
	free(now);
	return 0;
}

static int migrate_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	const char *from = json_str(args, "from", NULL);
	char *now = revision_now(env, args, err);
	int result = now ? 0 : -1;

	if (now && strcmp(now, json_str(args, "to", "")) == 0) {
		result = err_set(err, "the schema is at revision %s already", now);
		err_hint(err, "there is nothing to migrate");
	} else if (now && from && strcmp(now, from) != 0) {
		result =
		    err_set(err, "the schema is at revision %s, expected is %s", shown(now), from);
		err_hint(err, "somebody has migrated it otherwise: find out before you go on");
	}
	free(now);
	return result;
}

static json_t *migrate_before(const struct action_env *env, const json_t *args, struct err *err)
{
	char *now = revision_now(env, args, err);
	json_t *before = now ? json_pack("{s:s}", "revision", now) : NULL;

	free(now);
	return before;
}

/* Nobody else restores or migrates this database meanwhile; then the revision must be `wanted`. */
static int migrate(const struct action_env *env, const json_t *args, const char *key,
		   const char *wanted, struct err *err)
{
	struct pg *pg = pg_source_open(env, args, "pg_migrate", true, err);
	char *name = pg ? pg_value(pg, err, "SELECT current_database()", NULL) : NULL;
	char **argv = argv_new(json_object_get(args, key), key, err);
	char **own = argv_env(json_object_get(args, "env")), *now = NULL;
	struct child_spec spec = { .argv = (const char *const *)argv,
				   .env = (const char *const *)own,
				   .cwd = json_str(args, "cwd", NULL) };
	int result = -1;

	if (!name || !argv || pg_direct(pg, err) < 0 || pg_claim(pg, name, err) < 0 ||
	    argv_run(&spec, pg_time_left(env), env->log, 0, err) < 0 ||
	    !(now = revision(pg, args, err)))
		goto out;
	if (strcmp(now, wanted) == 0) {
		result = 0;
	} else {
		err_set(err, "the command ended well, but the schema is at revision %s, not at %s",
			shown(now), shown(wanted));
		err_hint(err, "does it migrate the database that the target names?");
	}
out:
	free(now);
	argv_free(own);
	argv_free(argv);
	free(name);
	pg_close(pg);
	return result;
}

static int migrate_run(const struct action_env *env, const json_t *args, const json_t *before,
		       json_t **facts, struct err *err)
{
	const char *to = json_str(args, "to", "");

	if (migrate(env, args, "command", to, err) < 0)
		return -1;
	*facts = json_pack("{s:O?, s:s}", "from", json_object_get(before, "revision"), "to", to);
	return 0;
}

/* Which of two revisions it is at: the first means yes, the second no. */
static enum settled at_revision(const struct action_env *env, const json_t *args, const char *yes,
				const char *no, struct buf *why)
{
	struct err err = ERR_INIT;
	char *now = revision_now(env, args, &err);
	enum settled settled = !now		       ? SETTLED_UNKNOWN
			       : strcmp(now, yes) == 0 ? SETTLED_YES
			       : strcmp(now, no) == 0  ? SETTLED_NO
						       : SETTLED_UNKNOWN;

	if (!now)
		buf_puts(why, err.msg);
	else
		buf_printf(why, "the schema is at revision %s%s", shown(now),
			   settled == SETTLED_UNKNOWN ? ", neither the old nor the new one" : "");
	free(now);
	return settled;
}

static enum settled migrate_settled(const struct action_env *env, const json_t *args,
				    const json_t *before, struct buf *why)
{
	return at_revision(env, args, json_str(args, "to", ""), json_str(before, "revision", ""),
			   why);
}

static int migrate_undo(const struct action_env *env, const json_t *args, const json_t *before,
			struct err *err)
{
	const char *was = json_str(before, "revision", "");
	char *now = revision_now(env, args, err);
	int result = -1;

	if (now && strcmp(now, was) == 0)
		result = 0; /* it never came to anything */
	else if (now && !json_object_get(args, "undo"))
		err_set(err, "no command is given that goes back to revision %s", shown(was));
	else if (now)
		result = migrate(env, args, "undo", was, err);
	free(now);
	return result;
}

static enum settled migrate_undone(const struct action_env *env, const json_t *args,
				   const json_t *before, struct buf *why)
{
	return at_revision(env, args, json_str(before, "revision", ""), json_str(args, "to", ""),
			   why);
}

static const struct field fields[] = {
	{ "pg_migrate", FIELD_SOURCE, true, "the database", "postgres", NULL },
	{ "command", FIELD_STRINGS, true, "the migration: a program and its arguments, no shell",
	  NULL, NULL },
	{ "revision", FIELD_LITERAL, true, "a statement that gives the schema's revision", NULL,
	  NULL },
	{ "to", FIELD_STRING, true, "the revision that it must have afterwards", NULL, NULL },
	{ "from", FIELD_STRING, false, "the revision that it must have before", NULL, NULL },
	{ "cwd", FIELD_PATH, false, "the folder it runs in", NULL, NULL },
	{ "env", FIELD_MAP, false, "additions to its environment", NULL, NULL },
	{ "undo", FIELD_STRINGS, false, "the command that goes back to the revision before", NULL,
	  NULL },
	{ 0 },
};

const struct action_type action_pg_migrate = {
	.type = { .name = "pg_migrate",
		  .help =
		      "migrates a schema by a command, and looks at its revision before and after",
		  .fields = fields,
		  .examples = "{\"pg_migrate\": \"db\", \"command\": [\"alembic\", \"upgrade\", "
			      "\"${to}\"], "
			      "\"cwd\": \"${root}\", \"revision\": \"SELECT version_num FROM "
			      "alembic_version\", \"to\": \"${to}\", \"undo\": [\"alembic\", "
			      "\"downgrade\", "
			      "\"${from}\"]}" },
	.risk = risk_destructive,
	.plan = migrate_plan,
	.ready = migrate_ready,
	.before = migrate_before,
	.run = migrate_run,
	.settled = migrate_settled,
	.undo = migrate_undo,
	.undone = migrate_undone,
};
