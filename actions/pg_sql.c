/*
 * Runs SQL in one transaction. Its id is written to a file of the incident first: after a death in
 * the middle the server can be asked what became of that very transaction.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions/pg_source.h"
#include "actions/sql_plan.h"
#include "actions/types.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pg_claim.h"
#include "lib/text.h"

/* So long a transaction may take to be over when its session has been cut off. */
#define OVER_US (5 * CLOCK_US)

static int sql_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		    struct err *err)
{
	struct pg_params params;
	char name[200];

	if (pg_source(env, args, "pg_sql", &params, err) < 0)
		return -1;
	buf_printf(&plan->lines, "In one transaction on %s:\n",
		   pg_params_text(&params, name, sizeof name));
	sql_plan_lines(args, '$', &plan->lines);
	buf_puts(&plan->undo, "not possible: a dump before it is what keeps the rows as they are");
	pg_params_release(&params);
	return 0;
}

static int sql_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct pg *pg = pg_source_open(env, args, "pg_sql", true, err);

	pg_close(pg);
	return pg ? 0 : -1;
}

static json_t *sql_before(const struct action_env *env, const json_t *args, struct err *err)
{
	char *safe = xstrdup(env->intent);

	(void)args, (void)err;
	for (char *p = safe; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			*p = '_';
	char *name = xasprintf("%s.transaction", safe);
	char *path = path_join(env->out, name);
	json_t *before = json_pack("{s:s}", "transaction", path);
	free(path);
	free(name);
	free(safe);
	return before;
}

/* Runs the statement with its parameters, or several without; *rows gets how many the last one
 * touched. */
static int statements_run(const struct action_env *env, const json_t *args, struct pg *pg,
			  long long *rows, struct err *err)
{
	const char *sql = json_str(args, "sql", "");
	size_t n;
	char **values = pg_values(json_object_get(args, "with"), &n);
	PGresult *done =
	    n ? pg_query(pg, err, sql, n, (const char *const *)values) : pg_script(pg, err, sql);

	if (done) {
		*rows = *PQcmdTuples(done) ? atoll(PQcmdTuples(done)) : PQntuples(done);
		dprintf(env->log, "%s\n", PQcmdStatus(done));
	}
	pg_values_free(values, n);
	PQclear(done);
	return done ? 0 : -1;
}

/* New: the id of the transaction that is open. */
static char *transaction_id(struct pg *pg, struct err *err)
{
	return pg_value(pg, err, "SELECT pg_current_xact_id()::text", NULL);
}

/* Between BEGIN and COMMIT, that the SQL itself must not contain: then `id` no longer holds. */
static int transaction(const struct action_env *env, const json_t *args, const char *path,
		       struct pg *pg, long long *rows, struct err *err)
{
	const json_t *expect = json_object_get(args, "expect_rows");
	char *name = pg_value(pg, err, "SELECT current_database()", NULL);
	char *id = name ? transaction_id(pg, err) : NULL, *after = NULL;
	int result = -1;

	/* What is written into a database that is being replaced would be lost. */
	if (!id || pg_claim_shared(pg, name, err) < 0 ||
	    file_replace(path, id, strlen(id), 0600, err) < 0 ||
	    statements_run(env, args, pg, rows, err) < 0 || !(after = transaction_id(pg, err)))
		goto out;
	if (strcmp(id, after) != 0)
		err_set(err, "the SQL ended its transaction itself: what it did until then may "
			     "have happened");
	else if (expect && *rows != json_integer_value(expect))
		err_set(err,
			"the last statement touched %lld rows, expected %" JSON_INTEGER_FORMAT
			": rolled back",
			*rows, json_integer_value(expect));
	else
		result = 0;
out:
	free(after);
	free(id);
	free(name);
	return result;
}

static int sql_run(const struct action_env *env, const json_t *args, const json_t *before,
		   json_t **facts, struct err *err)
{
	struct pg *pg = pg_source_open(env, args, "pg_sql", true, err);
	const char *path = json_str(before, "transaction", "");
	struct err ignored = ERR_INIT;
	long long rows = 0;
	int result = -1;

	if (pg && pg_exec(pg, err, "BEGIN") == 0 &&
	    transaction(env, args, path, pg, &rows, err) == 0 && pg_exec(pg, err, "COMMIT") == 0) {
		*facts = json_pack("{s:I}", "rows", (json_int_t)rows);
		result = 0;
	}
	/* An open transaction is rolled back with its session, too, but some time later. */
	if (pg && result < 0)
		pg_exec(pg, &ignored, "ROLLBACK");
	pg_close(pg);
	return result;
}

/* New: "committed", "aborted", "in progress"; NULL without err: nobody knows any more. The session
 * of a dead runner needs a moment to end. */
static char *status_of(struct pg *pg, const char *id, struct err *err)
{
	int64_t until = clock_mono(&clock_system) + OVER_US;

	for (;;) {
		char *status = pg_value(pg, err, "SELECT pg_xact_status($1::xid8)", id);

		if (!status || strcmp(status, "in progress") != 0 ||
		    clock_mono(&clock_system) > until)
			return status;
		free(status);
		usleep(50000);
	}
}

static enum settled sql_settled(const struct action_env *env, const json_t *args,
				const json_t *before, struct buf *why)
{
	const char *path = json_str(before, "transaction", "");
	struct buf id = BUF_INIT;
	struct err err = ERR_INIT;
	enum settled settled = SETTLED_UNKNOWN;

	if (!file_exists(path)) {
		buf_puts(why, "its transaction never began");
		return SETTLED_NO;
	}
	struct pg *pg = file_read(path, &id, 64, &err) == 0
			    ? pg_source_open(env, args, "pg_sql", false, &err)
			    : NULL;
	char *status = pg ? status_of(pg, buf_str(&id), &err) : NULL;
	if (status) {
		buf_printf(why, "transaction %s: %s%s", buf_str(&id), status,
			   strcmp(status, "in progress") == 0
			       ? " still: its session goes on; ask again when that has ended"
			       : "");
		settled = strcmp(status, "committed") == 0 ? SETTLED_YES
			  : strcmp(status, "aborted") == 0 ? SETTLED_NO
							   : SETTLED_UNKNOWN;
	} else {
		buf_printf(why, "%s",
			   err.set ? err.msg : "the server no longer knows the transaction");
	}
	free(status);
	pg_close(pg);
	buf_release(&id);
	return settled;
}

static const struct field fields[] = {
	{ "pg_sql", FIELD_SOURCE, true, "the database", "postgres", NULL },
	{ "sql", FIELD_LITERAL, true, "one statement, or (without \"with\") several", NULL, NULL },
	{ "with", FIELD_SCALARS, false, "values of $1, $2, ...", NULL, NULL },
	{ "expect_rows", FIELD_INT, false,
	  "rows that the last one must touch, else all is rolled back", NULL, NULL },
	{ 0 },
};

const struct action_type action_pg_sql = {
	.type = { .name = "pg_sql",
		  .help = "runs SQL in one transaction",
		  .fields = fields,
		  .examples = "{\"pg_sql\": \"db\", \"sql\": \"DELETE FROM rounds WHERE import = "
			      "$1\", \"with\": [\"${import}\"], \"expect_rows\": 12}" },
	.risk = risk_destructive,
	.plan = sql_plan,
	.ready = sql_ready,
	.before = sql_before,
	.run = sql_run,
	.settled = sql_settled,
};
