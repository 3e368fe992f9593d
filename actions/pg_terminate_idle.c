/* Ends sessions that do nothing: idle, or idle in a transaction, for longer than a time. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "actions/pg_source.h"
#include "actions/types.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

/* Rechecked by the server at the moment of ending: a session that became busy is left alone.
 * Sessions of superusers and replication are never idle clients of an application. */
#define IDLE_SQL                                                                           \
	" FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"            \
	" AND backend_type = 'client backend' AND (state = 'idle' OR state LIKE 'idle in " \
	"transaction%%')"                                                                  \
	" AND state_change < clock_timestamp() - $2::bigint * interval '1 microsecond'"    \
	" AND ($3 = '' OR application_name = $3)"

/* The session that may see and end others' sessions: the admin's, where one is named. */
static struct pg *idle_open(const struct action_env *env, const json_t *args, struct err *err)
{
	bool admin = json_object_get(args, "admin") != NULL;

	return pg_source_open(env, args, admin ? "admin" : "pg_terminate_idle", true, err);
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

static int idle_run(const struct action_env *env, const json_t *args, const json_t *before,
		    json_t **facts, struct err *err)
{
	struct pg *pg = idle_open(env, args, err);
	PGresult *rows =
	    pg ? idle_query(env, args, pg,
			    "pid, pg_terminate_backend(pid), coalesce(application_name, '')", err)
	       : NULL;
	int ended = 0;

	(void)before;
	for (int i = 0; rows && i < PQntuples(rows); i++) {
		bool done = PQgetvalue(rows, i, 1)[0] == 't';
		ended += done;
		dprintf(env->log, "pid %s (%s): %s\n", PQgetvalue(rows, i, 0),
			PQgetvalue(rows, i, 2), done ? "ended" : "was gone already");
	}
	if (rows)
		*facts = json_pack("{s:i}", "ended", ended);
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
		  .fields = fields },
	.risk = risk_caution,
	.plan = idle_plan,
	.ready = idle_ready,
	.run = idle_run,
	.settled = idle_settled,
};
