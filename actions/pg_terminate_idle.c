/* Ends sessions that do nothing: idle, or idle in a transaction, for longer than a time. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions/pg_source.h"
#include "actions/types.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

/* Ended sessions are gone soon after, not at once. */
#define GONE_US (5 * CLOCK_US)

/* Rechecked by the server at the moment of ending: a session that became busy is left alone.
 * Replication is no client. A superuser's sessions only a superuser may end: the others would not
 * be ended either when one of them is asked for. Nor are our own forgotten ones: a dump's snapshot
 * lies idle in a transaction while pg_dump works, a watching console waits for its next second. */
#define IDLE_SQL                                                                             \
	" FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"              \
	" AND backend_type = 'client backend' AND (state = 'idle' OR state LIKE 'idle in "   \
	"transaction%%')"                                                                    \
	" AND state_change < clock_timestamp() - $2::bigint * interval '1 microsecond'"      \
	" AND ($3 = '' AND application_name NOT LIKE 'backout %%' OR application_name = $3)" \
	" AND ((SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"                 \
	" OR usesysid NOT IN (SELECT oid FROM pg_roles WHERE rolsuper))"

/* Without pg_read_all_stats other roles' sessions show no state: they would count as busy. */
static int idle_visible(struct pg *pg, const char *database, struct err *err)
{
	char *hidden = pg_value(pg, err,
				"SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND"
				" backend_type IS NULL",
				database);
	int result = hidden && strcmp(hidden, "0") == 0 ? 0 : -1;

	if (hidden && result < 0) {
		err_set(err,
			"%s sessions of %s are hidden from this role: whether they are idle "
			"can't be seen",
			hidden, database);
		err_hint(err, "GRANT pg_monitor, pg_signal_backend TO the role, or name an "
			      "\"admin\" source");
	}
	free(hidden);
	return result;
}

/* The session that may see and end others' sessions: the admin's, where one is named. */
static struct pg *idle_open(const struct action_env *env, const json_t *args, struct err *err)
{
	bool admin = json_object_get(args, "admin") != NULL;
	struct pg_params params;
	struct pg *pg;

	if (pg_source(env, args, "pg_terminate_idle", &params, err) < 0)
		return NULL;
	pg = pg_source_open(env, args, admin ? "admin" : "pg_terminate_idle", true, err);
	if (pg && idle_visible(pg, params.database ? params.database : "", err) < 0) {
		pg_close(pg);
		pg = NULL;
	}
	pg_params_release(&params);
	return pg;
}

/* New: the result of SELECT `what` over the idle sessions. */
static PGresult *idle_query(const struct action_env *env, const json_t *args, struct pg *pg,
			    const char *what, struct err *err)
{
	struct pg_params params;
	char limit[32];
	PGresult *result;

	if (pg_source(env, args, "pg_terminate_idle", &params, err) < 0)
		return NULL;
	snprintf(limit, sizeof limit, "%lld", json_us(args, "older_than", 0));
	const char *values[] = { params.database, limit, json_str(args, "application", "") };
	char *sql = xasprintf("SELECT %s" IDLE_SQL, what);
	result = pg_query(pg, err, sql, 3, values);
	free(sql);
	pg_params_release(&params);
	return result;
}

static int idle_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		     struct err *err)
{
	struct pg *pg = idle_open(env, args, err);
	PGresult *rows =
	    pg ? idle_query(env, args, pg,
			    "pid, coalesce(usename, ''), coalesce(application_name, ''), state,"
			    " extract(epoch FROM clock_timestamp() - state_change)::int",
			    err)
	       : NULL;
	char age[48];

	if (!rows) {
		pg_close(pg);
		return -1;
	}
	buf_printf(&plan->lines,
		   "SQL: SELECT pg_terminate_backend(pid) for each of these %d sessions now:\n",
		   PQntuples(rows));
	for (int i = 0; i < PQntuples(rows); i++) {
		struct buf line = BUF_INIT;
		buf_printf(&line, "  pid %s, role %s, application \"%s\", %s for %s",
			   PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2),
			   PQgetvalue(rows, i, 3),
			   duration_text(atoll(PQgetvalue(rows, i, 4)) * CLOCK_US, age,
					 sizeof age));
		text_clean(&plan->lines, buf_str(&line), line.len);
		buf_putc(&plan->lines, '\n');
		buf_release(&line);
	}
	buf_puts(&plan->undo, "not possible: clients connect again; what they had not committed is "
			      "rolled back");
	PQclear(rows);
	pg_close(pg);
	return 0;
}

static int idle_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct pg *pg = idle_open(env, args, err);
	PGresult *rows = pg ? idle_query(env, args, pg, "count(*)", err) : NULL;
	int result = rows ? 0 : -1;

	PQclear(rows);
	pg_close(pg);
	return result;
}

/* Waits until the ended sessions are gone; one that never goes is what `settled` finds. */
static void gone_await(struct pg *pg, const char *pids)
{
	int64_t until = clock_mono(&clock_system) + GONE_US;
	bool gone = false;

	while (!gone && clock_mono(&clock_system) < until) {
		struct err ignored = ERR_INIT;
		char *left = pg_value(pg, &ignored,
				      "SELECT count(*) FROM pg_stat_activity WHERE pid = "
				      "ANY($1::int[])",
				      pids);

		gone = !left || strcmp(left, "0") == 0;
		free(left);
		if (!gone)
			usleep(10000);
	}
}

static int idle_run(const struct action_env *env, const json_t *args, const json_t *before,
		    json_t **facts, struct err *err)
{
	struct pg *pg = idle_open(env, args, err);
	PGresult *rows =
	    pg ? idle_query(env, args, pg,
			    "pid, pg_terminate_backend(pid), coalesce(application_name, '')", err)
	       : NULL;
	struct buf pids = BUF_INIT;
	int ended = 0;

	(void)before;
	buf_putc(&pids, '{');
	for (int i = 0; rows && i < PQntuples(rows); i++) {
		bool done = PQgetvalue(rows, i, 1)[0] == 't';
		ended += done;
		dprintf(env->log, "pid %s (%s): %s\n", PQgetvalue(rows, i, 0),
			PQgetvalue(rows, i, 2), done ? "ended" : "was gone already");
		buf_printf(&pids, "%s%s", i > 0 ? "," : "", PQgetvalue(rows, i, 0));
	}
	buf_putc(&pids, '}');
	if (rows) {
		*facts = json_pack("{s:i}", "ended", ended);
		gone_await(pg, buf_str(&pids));
	}
	buf_release(&pids);
	int result = rows ? 0 : -1;
	PQclear(rows);
	pg_close(pg);
	return result;
}

/* Its effect is a state, not an event: none is left. */
static enum settled idle_settled(const struct action_env *env, const json_t *args,
				 const json_t *before, struct buf *why)
{
	struct err err = ERR_INIT;
	struct pg *pg = idle_open(env, args, &err);
	PGresult *rows = pg ? idle_query(env, args, pg, "count(*)", &err) : NULL;
	int left = rows ? atoi(PQgetvalue(rows, 0, 0)) : -1;

	(void)before;
	if (left < 0)
		buf_puts(why, err.msg);
	else
		buf_printf(why, "%d such sessions are left", left);
	PQclear(rows);
	pg_close(pg);
	return left < 0 ? SETTLED_UNKNOWN : left == 0 ? SETTLED_YES : SETTLED_NO;
}

static const struct field fields[] = {
	{ "pg_terminate_idle", FIELD_SOURCE, true, "the database", "postgres", NULL },
	{ "older_than", FIELD_DURATION, true, "idle for longer than this", NULL, NULL },
	{ "admin", FIELD_SOURCE, false, "the source whose role may end others' sessions",
	  "postgres", NULL },
	{ "application", FIELD_STRING, false, "only sessions of this application_name", NULL,
	  NULL },
	{ 0 },
};

const struct action_type action_pg_terminate_idle = {
	.type = { .name = "pg_terminate_idle",
		  .help = "ends sessions of a database that have been idle for too long",
		  .fields = fields,
		  .examples = "{\"pg_terminate_idle\": \"db\", \"older_than\": \"10m\", \"admin\": "
			      "\"db-admin\"}" },
	.risk = risk_caution,
	.plan = idle_plan,
	.ready = idle_ready,
	.run = idle_run,
	.settled = idle_settled,
};
