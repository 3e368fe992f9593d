#include "sources/postgres_read.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/text.h"
#include "lib/timefmt.h"

const struct read_def postgres_reads[] = {
	{ "sessions", "", "client sessions of the database" },
	{ "active", "", "sessions that run a statement" },
	{ "idle", "", "idle sessions" },
	{ "idle_in_transaction", "", "sessions that hold a transaction open and do nothing" },
	{ "waiting", "", "sessions that wait for a lock" },
	{ "blockers", "", "sessions that others wait for and that wait for nobody" },
	{ "total", "", "client sessions of all databases" },
	{ "limit", "", "sessions that clients may have" },
	{ "percent", "%", "used share of that limit" },
	{ "longest_transaction_s", "s", "age of the oldest open transaction" },
	{ "longest_query_s", "s", "age of the oldest running statement" },
	{ "size_mb", "MB", "size of the database" },
	{ "latency_ms", "ms", "time that the sampling query took" },
	{ "reachable", "", "1 when the server answers, else 0" },
	{ "sql", "", "the first value that a statement gives (sql); every 10s by default" },
	{ 0 },
};

/* Without pg_monitor the state and type of others' sessions are NULL: they still count as sessions.
 * pg_blocking_pids() is asked only for those that wait: it is the dear part. */
const char postgres_sql[] =
    "WITH a AS MATERIALIZED ("
    " SELECT pid, datname, state, wait_event_type, xact_start, query_start,"
    " coalesce(application_name, '') AS app FROM pg_stat_activity"
    " WHERE datname IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'),"
    " m AS (SELECT * FROM a WHERE datname = current_database()),"
    " w AS MATERIALIZED (SELECT pid, pg_blocking_pids(pid) AS blockers FROM m"
    " WHERE wait_event_type = 'Lock'),"
    " r AS (SELECT DISTINCT b FROM w, unnest(blockers) AS b WHERE b NOT IN (SELECT pid FROM w)),"
    " t AS (SELECT app, count(*) AS n FROM m GROUP BY app ORDER BY n DESC, app LIMIT 8)"
    "SELECT count(*) AS sessions,"
    " count(*) FILTER (WHERE state = 'active') AS active,"
    " count(*) FILTER (WHERE state = 'idle') AS idle,"
    " count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction,"
    " (SELECT count(*) FROM w) AS waiting,"
    " (SELECT count(*) FROM a) AS total,"
    " current_setting('max_connections')::int"
    " - current_setting('superuser_reserved_connections')::int"
    " - coalesce(current_setting('reserved_connections', true)::int, 0) AS server_limit,"
    " (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database_limit,"
    " coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)"
    " FILTER (WHERE pid <> pg_backend_pid())), 0)::float8 AS longest_transaction,"
    " coalesce(extract(epoch FROM max(clock_timestamp() - query_start)"
    " FILTER (WHERE state = 'active' AND pid <> pg_backend_pid())), 0)::float8 AS longest_query,"
    " (SELECT json_agg(b ORDER BY b) FROM r) AS blockers,"
    " (SELECT json_agg(json_build_array(app, n)) FROM t) AS top,"
    " pg_has_role('pg_monitor', 'member') AS monitor,"
    " pg_is_in_recovery() AS recovery,"
    " CASE WHEN $1::boolean THEN pg_database_size(current_database()) END AS size,"
    " CASE WHEN $1 THEN (SELECT system_identifier::text FROM pg_control_system()) END AS identity"
    " FROM m";

static const char *column(const PGresult *result, const char *name)
{
	int i = PQfnumber(result, name);

	return i < 0 || PQgetisnull(result, 0, i) ? NULL : PQgetvalue(result, 0, i);
}

static int whole(const PGresult *result, const char *name)
{
	const char *text = column(result, name);

	return text ? atoi(text) : 0;
}

static void blockers_take(struct postgres_info *info, const char *text)
{
	json_t *pids = json_loads(text ? text : "[]", 0, NULL), *pid;
	size_t i;

	info->nblockers = (int)json_array_size(pids);
	json_array_foreach(pids, i, pid) {
		if (i < POSTGRES_BLOCKERS)
			info->blockers[i] = (pid_t)json_integer_value(pid);
	}
	json_decref(pids);
}

static void top_take(struct postgres_info *info, const char *text)
{
	json_t *rows = json_loads(text ? text : "[]", 0, NULL), *row;
	size_t i;

	info->ntop = 0;
	json_array_foreach(rows, i, row) {
		const char *name = json_string_value(json_array_get(row, 0));
		if (info->ntop == POSTGRES_TOP)
			break;
		struct postgres_app *app = &info->top[info->ntop++];
		text_clean_to(app->name, sizeof app->name, name ? name : "",
			      name ? strlen(name) : 0);
		app->sessions = (int)json_integer_value(json_array_get(row, 1));
	}
	json_decref(rows);
}

int postgres_row(struct postgres_info *info, const PGresult *result, const char *identity)
{
	if (PQntuples(result) != 1)
		return -1;
	info->sessions = whole(result, "sessions");
	info->active = whole(result, "active");
	info->idle = whole(result, "idle");
	info->idle_in_transaction = whole(result, "idle_in_transaction");
	info->other = info->sessions - info->active - info->idle - info->idle_in_transaction;
	info->waiting = whole(result, "waiting");
	info->total = whole(result, "total");
	info->limit = whole(result, "server_limit");
	info->percent = info->limit > 0 ? 100.0 * info->total / info->limit : 0;
	int own = whole(result, "database_limit");
	if (own > 0) {
		double percent = 100.0 * info->sessions / own;
		info->percent = percent > info->percent ? percent : info->percent;
		info->limit = own < info->limit ? own : info->limit;
	}
	const char *age = column(result, "longest_transaction");
	info->longest_transaction_s = age ? strtod(age, NULL) : 0;
	age = column(result, "longest_query");
	info->longest_query_s = age ? strtod(age, NULL) : 0;
	blockers_take(info, column(result, "blockers"));
	top_take(info, column(result, "top"));
	info->monitor_missing = strcmp(column(result, "monitor"), "t") != 0;
	info->in_recovery = strcmp(column(result, "recovery"), "t") == 0;
	if (column(result, "size"))
		info->size_bytes = strtoll(column(result, "size"), NULL, 10);
	if (column(result, "identity")) {
		snprintf(info->identity, sizeof info->identity, "%s", column(result, "identity"));
		info->identity_wrong = identity && strcmp(identity, info->identity) != 0;
	}
	return 0;
}

const char *postgres_state_text(const struct postgres_info *info)
{
	switch (info->state) {
	case POSTGRES_CONNECTING:
		return "connecting";
	case POSTGRES_CONNECTED:
		return "connected";
	case POSTGRES_SILENT:
		return "not answering";
	case POSTGRES_DOWN:
		break;
	}
	return pg_fault_name(info->fault);
}

/* 0 with *value, or -1 when no figure is called so. */
static int figure(const struct postgres_info *info, const char *read, double *value)
{
	const struct {
		const char *name;
		double value;
	} rows[] = {
		{ "sessions", info->sessions },
		{ "active", info->active },
		{ "idle", info->idle },
		{ "idle_in_transaction", info->idle_in_transaction },
		{ "waiting", info->waiting },
		{ "blockers", info->nblockers },
		{ "total", info->total },
		{ "limit", info->limit },
		{ "percent", info->percent },
		{ "longest_transaction_s", info->longest_transaction_s },
		{ "longest_query_s", info->longest_query_s },
		{ "size_mb", (double)info->size_bytes / 1e6 },
		{ "latency_ms", (double)info->latency_us / 1e3 },
		{ "reachable", 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].name, read) == 0) {
			*value = rows[i].value;
			return 0;
		}
	}
	return -1;
}

static const char *unit_of(const char *read)
{
	for (const struct read_def *def = postgres_reads; def->name; def++)
		if (strcmp(def->name, read) == 0)
			return def->unit;
	return "";
}

void postgres_figure(const struct postgres_info *info, const char *read, int64_t now, int64_t since,
		     struct reading *out)
{
	double value;

	if (strcmp(read, "reachable") == 0 && info->state != POSTGRES_CONNECTING &&
	    info->state != POSTGRES_CONNECTED) {
		reading_value(out, now, 0, "");
		return;
	}
	if (figure(info, read, &value) < 0)
		reading_unknown(out, now, "a postgres source has no figure \"%s\"", read);
	else if (info->state == POSTGRES_CONNECTING)
		reading_unknown(out, now, "connecting");
	else if (info->state != POSTGRES_CONNECTED)
		reading_unknown(out, now, "%s: %s", postgres_state_text(info), info->why);
	else if (info->identity_wrong)
		reading_unknown(out, now, "%s", info->why);
	else if (info->at == 0 || info->at < since)
		reading_unknown(out, now, "no answer yet");
	else if (strcmp(read, "size_mb") == 0 && info->size_bytes < 0)
		reading_unknown(out, now, "the size is not known yet");
	else
		reading_value(out, info->at, value, unit_of(read));
}
