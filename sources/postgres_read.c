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
	{ "slots_left", "", "sessions that clients may still open" },
	{ "percent", "%", "used share of that limit" },
	{ "longest_transaction_s", "s", "age of the oldest open transaction" },
	{ "longest_query_s", "s", "age of the oldest running statement" },
	{ "replay_lag_s", "s",
	  "of a standby: age of what it has replayed last; 0 when that is all it received" },
	{ "size_mb", "MB", "size of the database" },
	{ "latency_ms", "ms", "time that the sampling query took" },
	{ "reachable", "", "1 when the server answers, else 0" },
	{ "sql", "", "the first value that a statement gives (sql); every 10s by default" },
	{ 0 },
};

/* Sessions are grouped in the one pass over the server's list of them, and everything else is made
 * of the few groups: a second pass over 140 sessions, or their statements' texts, cost more than
 * all the rest. The view pg_stat_activity would join names to each session; here they are looked up
 * for a group. Who waits for whom is asked only when somebody waits: it is the dear part.
 *
 * Without pg_read_all_stats (which pg_monitor has) the state and type of others' sessions are NULL:
 * they still count as sessions. */
static const char figures_sql[] =
    "WITH d AS MATERIALIZED (SELECT oid, datconnlimit FROM pg_database"
    " WHERE datname = current_database()),"
    " g AS MATERIALIZED (SELECT datid, usesysid, coalesce(application_name, '') AS app, state,"
    " datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend' AS client,"
    " count(*) AS n, max(backend_start) FILTER (WHERE pid <> pg_backend_pid()) AS newest,"
    " min(query_start) FILTER (WHERE state = 'active' AND pid <> pg_backend_pid()) AS query,"
    " min(ARRAY[extract(epoch FROM xact_start)::float8, pid])"
    " FILTER (WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()) AS oldest,"
    " array_agg(pid) FILTER (WHERE wait_event_type = 'Lock') AS waiters"
    " FROM pg_stat_get_activity(NULL) GROUP BY 1, 2, 3, 4, 5),"
    " m AS (SELECT * FROM g WHERE client AND datid = (SELECT oid FROM d)),"
    " w AS MATERIALIZED (SELECT pid, pg_blocking_pids(pid) AS blockers FROM m,"
    " unnest(waiters) AS pid),"
    " r AS (SELECT DISTINCT b FROM w, unnest(blockers) AS b WHERE b NOT IN (SELECT pid FROM w)),"
    " n AS (SELECT b AS pid, NULL::int[] AS blockers FROM r UNION ALL SELECT pid, blockers FROM w"
    " LIMIT 32)"
    "SELECT sum(n) AS sessions,"
    " sum(n) FILTER (WHERE state = 'active') AS active,"
    " sum(n) FILTER (WHERE state = 'idle') AS idle,"
    " sum(n) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction,"
    " sum(n) FILTER (WHERE state IS NULL) AS stateless,"
    " (SELECT count(*) FROM w) AS waiting,"
    " (SELECT count(*) FROM r) AS roots,"
    " (SELECT sum(n) FROM g WHERE client) AS total,"
    " current_setting('superuser_reserved_connections')::int"
    " + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,"
    " current_setting('max_connections')::int AS slots,"
    " (SELECT datconnlimit FROM d) AS database_limit,"
    " extract(epoch FROM clock_timestamp())::float8 - (min(oldest))[1] AS longest_transaction,"
    " extract(epoch FROM clock_timestamp() - min(query)) AS longest_query,"
    " (SELECT json_build_array(pid, pg_get_userbyid(usesysid), application_name, state,"
    " left(query, 200)) FROM pg_stat_get_activity("
    "coalesce((SELECT (min(oldest))[2]::int FROM m), 0))) AS longest,"
    " CASE WHEN EXISTS (SELECT 1 FROM w) THEN (SELECT json_agg(json_build_array(n.pid,"
    " pg_get_userbyid(usesysid), application_name, state, left(query, 200),"
    " extract(epoch FROM clock_timestamp() - xact_start),"
    " extract(epoch FROM clock_timestamp() - query_start), blockers))"
    " FROM n LEFT JOIN pg_stat_get_activity(NULL) AS s ON s.pid = n.pid) END AS waits,"
    " (SELECT json_agg(json_build_array(app, n)) FROM (SELECT app, sum(n) AS n FROM m GROUP BY app"
    " ORDER BY n DESC, app LIMIT 8) AS a) AS apps,"
    " (SELECT json_agg(json_build_array(pg_get_userbyid(usesysid), n, everywhere,"
    " (SELECT rolconnlimit FROM pg_roles WHERE oid = usesysid)) ORDER BY n DESC, usesysid)"
    " FROM (SELECT usesysid, sum(n) FILTER (WHERE datid = (SELECT oid FROM d)) AS n,"
    " sum(n) AS everywhere FROM g WHERE client GROUP BY usesysid"
    " ORDER BY n DESC NULLS LAST, usesysid LIMIT 8) AS u WHERE n > 0) AS users,"
    " pg_has_role('pg_read_all_stats', 'usage') AS monitor,"
    " (SELECT extract(epoch FROM clock_timestamp() - max(newest)) FROM g) AS newest,"
    " extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) AS uptime,"
    " pg_is_in_recovery() AS recovery,"
    /* A standby whose primary does nothing has nothing to replay: it does not lag. */
    " CASE WHEN pg_is_in_recovery() THEN"
    " CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 ELSE"
    " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END END AS lag,"
    " CASE WHEN pg_is_in_recovery() THEN"
    " (SELECT count(*) > 0 FROM pg_stat_wal_receiver WHERE pid IS NOT NULL) END AS receiving,"
    " CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END AS paused,"
    " CASE WHEN $1::boolean THEN pg_database_size(current_database()) END AS size"
    " FROM m";

const struct link_statement postgres_figures = { "backout", figures_sql, 1 };
const struct link_statement postgres_identity = {
	"backout_identity", "SELECT system_identifier::text AS identity FROM pg_control_system()", 0
};

const char *postgres_column(const PGresult *result, int row, const char *name)
{
	int i = PQfnumber(result, name);

	return i < 0 || PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
}

static const char *column(const PGresult *result, const char *name)
{
	return postgres_column(result, 0, name);
}

static int whole(const PGresult *result, const char *name)
{
	const char *text = column(result, name);

	return text ? (int)strtol(text, NULL, 10) : 0;
}

static double number(const PGresult *result, const char *name, double otherwise)
{
	const char *text = column(result, name);

	return text ? strtod(text, NULL) : otherwise;
}

static bool is_true(const PGresult *result, const char *name)
{
	const char *text = column(result, name);

	return text && *text == 't';
}

static void text_take(char *out, size_t size, const json_t *row, size_t i)
{
	const char *text = json_string_value(json_array_get(row, i));

	text_clean_to(out, size, text ? text : "", text ? strlen(text) : 0);
}

static int shares_take(struct postgres_share *shares, const char *text)
{
	json_t *rows = json_loads(text ? text : "[]", 0, NULL), *row;
	int n = 0;
	size_t i;

	json_array_foreach(rows, i, row) {
		struct postgres_share *share = &shares[n];

		if (n == POSTGRES_TOP)
			break;
		n++;
		text_take(share->name, sizeof share->name, row, 0);
		share->sessions = (int)json_integer_value(json_array_get(row, 1));
		share->everywhere = (int)json_integer_value(json_array_get(row, 2));
		share->limit = (int)json_integer_value(json_array_get(row, 3));
		share->limit = share->limit > 0 ? share->limit : 0;
	}
	json_decref(rows);
	return n;
}

static void longest_take(struct postgres_longest *longest, const char *text)
{
	json_t *row = json_loads(text ? text : "[]", 0, NULL);

	longest->pid = (pid_t)json_integer_value(json_array_get(row, 0));
	text_take(longest->user, sizeof longest->user, row, 1);
	text_take(longest->app, sizeof longest->app, row, 2);
	text_take(longest->state, sizeof longest->state, row, 3);
	text_take(longest->query, sizeof longest->query, row, 4);
	json_decref(row);
}

static void limits_take(struct postgres_info *info, const PGresult *result)
{
	int own = whole(result, "database_limit");

	info->reserved = whole(result, "reserved");
	info->limit = whole(result, "slots") - info->reserved;
	info->used = info->total;
	info->percent = info->limit > 0 ? 100.0 * info->used / info->limit : 0;
	if (own > 0 && info->percent < 100.0 * info->sessions / own) {
		info->limit = own;
		info->used = info->sessions;
		info->reserved = 0;
		info->percent = 100.0 * info->sessions / own;
	}
}

static void recovery_take(struct postgres_info *info, const PGresult *result)
{
	info->in_recovery = is_true(result, "recovery");
	info->receiving = is_true(result, "receiving");
	info->paused = is_true(result, "paused");
	info->replay_lag_s = number(result, "lag", -1);
}

int postgres_row(struct postgres_info *info, const PGresult *result)
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
	limits_take(info, result);
	info->longest_transaction_s = number(result, "longest_transaction", 0);
	info->longest_query_s = number(result, "longest_query", 0);
	longest_take(&info->longest, column(result, "longest"));
	postgres_waits_take(info, column(result, "waits"));
	info->nblockers = whole(result, "roots");
	info->napps = shares_take(info->apps, column(result, "apps"));
	info->nusers = shares_take(info->users, column(result, "users"));
	info->monitor_missing = !is_true(result, "monitor");
	info->hidden = info->monitor_missing ? whole(result, "stateless") : 0;
	info->newest_s = number(result, "newest", -1);
	info->uptime_s = number(result, "uptime", 0);
	recovery_take(info, result);
	if (column(result, "size"))
		info->size_bytes = strtoll(column(result, "size"), NULL, 10);
	return 0;
}

bool postgres_is_full(const struct postgres_info *info)
{
	return info->at && info->limit > 0 && info->used >= info->limit;
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
	case POSTGRES_FAILING:
		return "failing";
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
		{ "slots_left", info->limit > info->used ? info->limit - info->used : 0 },
		{ "percent", info->percent },
		{ "longest_transaction_s", info->longest_transaction_s },
		{ "longest_query_s", info->longest_query_s },
		{ "replay_lag_s", info->replay_lag_s },
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

	if (strcmp(read, "reachable") == 0 &&
	    (info->state == POSTGRES_SILENT || info->state == POSTGRES_DOWN)) {
		reading_value(out, now, 0, "");
		return;
	}
	if (strcmp(read, "reachable") == 0 && info->state == POSTGRES_FAILING) {
		reading_value(out, now, 1, "");
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
	else if (strcmp(read, "replay_lag_s") == 0 && info->replay_lag_s < 0)
		reading_unknown(out, now,
				info->in_recovery ? "nothing was replayed yet"
						  : "this is no standby");
	else
		reading_value(out, info->at, value, unit_of(read));
}
