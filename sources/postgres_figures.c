/* The statements that a PostgreSQL server's figures come from, and what is made of their answers.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "sources/postgres_read.h"

/* One pass over the server's list of sessions, grouped; what is made of the few groups is made
 * here, not there: for 140 sessions the list itself is most of the cost, and each further node of a
 * plan shows beside it. The view pg_stat_activity would join names to each session; here they are
 * looked up for a group.
 *
 * Without pg_read_all_stats (which pg_monitor has) the state and type of others' sessions are NULL:
 * they still count as sessions. */
static const char figures_sql[] =
    "SELECT datid = $1::oid AS here,"
    " coalesce(backend_type, 'client backend') = 'client backend' AS client,"
    " pg_get_userbyid(usesysid) AS user, coalesce(application_name, '') AS app, state,"
    " count(*) AS n, count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting,"
    " extract(epoch FROM clock_timestamp() - max(backend_start)"
    " FILTER (WHERE pid <> pg_backend_pid())) AS newest,"
    " extract(epoch FROM clock_timestamp() - min(query_start)"
    " FILTER (WHERE state = 'active' AND pid <> pg_backend_pid())) AS query,"
    " extract(epoch FROM clock_timestamp() - min(xact_start)"
    " FILTER (WHERE pid <> pg_backend_pid())) AS transaction,"
    /* Whose that is. */
    " (min(ARRAY[extract(epoch FROM xact_start)::float8, pid])"
    " FILTER (WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()))[2]::int AS oldest,"
    " pg_is_in_recovery() AS recovery,"
    /* A standby whose primary does nothing has nothing to replay: it does not lag. */
    " CASE WHEN pg_is_in_recovery() THEN"
    " CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 ELSE"
    " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END END AS lag"
    " FROM pg_stat_get_activity(NULL) WHERE datid IS NOT NULL GROUP BY 1, 2, usesysid, 4, state";

/* Who waits for whom is the dear part: it is asked only when somebody waits. */
static const char extras_sql[] =
    "WITH w AS MATERIALIZED (SELECT pid, pg_blocking_pids(pid) AS blockers"
    " FROM pg_stat_get_activity(NULL) WHERE $1::boolean AND wait_event_type = 'Lock' AND datid ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())),"
    " r AS (SELECT DISTINCT b FROM w, unnest(blockers) AS b WHERE b NOT IN (SELECT pid FROM w)),"
    " n AS (SELECT b AS pid, NULL::int[] AS blockers FROM r UNION ALL SELECT pid, blockers FROM w"
    " LIMIT 32)"
    "SELECT oid AS database, datconnlimit AS database_limit,"
    " current_setting('superuser_reserved_connections')::int"
    " + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,"
    " current_setting('max_connections')::int AS slots,"
    " pg_has_role('pg_read_all_stats', 'usage') AS monitor,"
    " extract(epoch FROM pg_postmaster_start_time()) AS started,"
    " CASE WHEN pg_is_in_recovery() THEN"
    " (SELECT count(*) > 0 FROM pg_stat_wal_receiver WHERE pid IS NOT NULL) END AS receiving,"
    " CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END AS paused,"
    " (SELECT json_object_agg(rolname, rolconnlimit) FROM pg_roles WHERE rolconnlimit > 0)"
    " AS role_limits,"
    " (SELECT left(query, 200) FROM pg_stat_get_activity($2::int)) AS oldest_query,"
    " (SELECT count(*) FROM r) AS roots,"
    " CASE WHEN $1 THEN (SELECT json_agg(json_build_array(n.pid, pg_get_userbyid(usesysid),"
    " application_name, state, left(query, 200),"
    " extract(epoch FROM clock_timestamp() - xact_start),"
    " extract(epoch FROM clock_timestamp() - query_start), blockers))"
    " FROM n LEFT JOIN pg_stat_get_activity(NULL) AS s ON s.pid = n.pid) END AS waits,"
    " CASE WHEN $3::boolean THEN pg_database_size(oid) END AS size"
    " FROM pg_database WHERE datname = current_database()";

const struct link_statement postgres_figures = { "backout", figures_sql, 1 };
const struct link_statement postgres_extras = { "backout_extras", extras_sql, 3 };
const struct link_statement postgres_identity = {
	"backout_identity", "SELECT system_identifier::text AS identity FROM pg_control_system()", 0
};

/* ---- cells ---- */

const char *postgres_column(const PGresult *result, int row, const char *name)
{
	int i = PQfnumber(result, name);

	return i < 0 || PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
}

static int whole(const PGresult *result, int row, const char *name)
{
	const char *text = postgres_column(result, row, name);

	return text ? (int)strtol(text, NULL, 10) : 0;
}

static double number(const PGresult *result, int row, const char *name, double otherwise)
{
	const char *text = postgres_column(result, row, name);

	return text ? strtod(text, NULL) : otherwise;
}

static bool is_true(const PGresult *result, int row, const char *name)
{
	const char *text = postgres_column(result, row, name);

	return text && *text == 't';
}

static void text_take(char *out, size_t size, const PGresult *result, int row, const char *name)
{
	const char *text = postgres_column(result, row, name);

	text_clean_to(out, size, text ? text : "", text ? strlen(text) : 0);
}

/* ---- figures ---- */

/* Shares of all applications or users, before the largest are kept. */
struct shares {
	struct postgres_share rows[256];
	int n;
};

static void share_add(struct shares *shares, const char *name, int here, int everywhere)
{
	struct postgres_share *row = NULL;

	for (int i = 0; i < shares->n && !row; i++) {
		if (strcmp(shares->rows[i].name, name) == 0)
			row = &shares->rows[i];
	}
	if (!row) {
		if (shares->n == (int)(sizeof shares->rows / sizeof *shares->rows))
			return;
		row = &shares->rows[shares->n++];
		*row = (struct postgres_share){ .sessions = 0 };
		strcpy(row->name, name);
	}
	row->sessions += here;
	row->everywhere += everywhere;
}

static int compare_shares(const void *a, const void *b)
{
	const struct postgres_share *x = a, *y = b;

	return x->sessions != y->sessions ? y->sessions - x->sessions : strcmp(x->name, y->name);
}

/* The largest into `kept`; a user's limit is known from before. */
static int shares_keep(struct shares *shares, struct postgres_share *kept, const json_t *limits)
{
	int n = 0;

	qsort(shares->rows, (size_t)shares->n, sizeof *shares->rows, compare_shares);
	for (; n < shares->n && n < POSTGRES_TOP && shares->rows[n].sessions > 0; n++) {
		kept[n] = shares->rows[n];
		kept[n].limit = (int)json_integer_value(json_object_get(limits, kept[n].name));
	}
	return n;
}

static void oldest_take(struct postgres_info *info, const PGresult *result, int row)
{
	struct postgres_longest *longest = &info->longest;
	pid_t pid = (pid_t)whole(result, row, "oldest");

	if (pid != longest->pid)
		longest->query[0] = '\0';
	longest->pid = pid;
	text_take(longest->user, sizeof longest->user, result, row, "user");
	text_take(longest->app, sizeof longest->app, result, row, "app");
	text_take(longest->state, sizeof longest->state, result, row, "state");
	info->longest_transaction_s = number(result, row, "transaction", 0);
}

static void state_count(struct postgres_info *info, const char *state, int n)
{
	if (!state)
		info->hidden += n;
	else if (strcmp(state, "active") == 0)
		info->active += n;
	else if (strcmp(state, "idle") == 0)
		info->idle += n;
	else if (strncmp(state, "idle in transaction", 19) == 0)
		info->idle_in_transaction += n;
}

/* One group. Gives the row of the session with the oldest transaction so far. */
static int group_take(struct postgres_info *info, const PGresult *result, int row, int oldest)
{
	double age = number(result, row, "newest", -1);

	if (age >= 0 && (info->newest_s < 0 || age < info->newest_s))
		info->newest_s = age;
	if (!is_true(result, row, "client"))
		return oldest;
	info->total += whole(result, row, "n");
	if (!is_true(result, row, "here"))
		return oldest;
	info->sessions += whole(result, row, "n");
	info->waiting += whole(result, row, "waiting");
	state_count(info, postgres_column(result, row, "state"), whole(result, row, "n"));
	age = number(result, row, "query", 0);
	info->longest_query_s = age > info->longest_query_s ? age : info->longest_query_s;
	age = number(result, row, "transaction", -1);
	return age >= 0 && (oldest < 0 || age > number(result, oldest, "transaction", -1)) ? row
											   : oldest;
}

static void shares_take(struct postgres_info *info, const PGresult *result, const json_t *limits)
{
	struct shares apps = { .n = 0 }, users = { .n = 0 };
	char name[POSTGRES_TEXT];

	for (int row = 0; row < PQntuples(result); row++) {
		int n = whole(result, row, "n"), here = is_true(result, row, "here") ? n : 0;

		if (!is_true(result, row, "client"))
			continue;
		text_take(name, sizeof name, result, row, "app");
		share_add(&apps, name, here, n);
		text_take(name, sizeof name, result, row, "user");
		share_add(&users, name, here, n);
	}
	info->napps = shares_keep(&apps, info->apps, NULL);
	info->nusers = shares_keep(&users, info->users, limits);
}

static void used_count(struct postgres_info *info)
{
	int own = info->database_limit;

	info->limit = info->slots - info->reserved;
	info->used = info->total;
	info->percent = info->limit > 0 ? 100.0 * info->used / info->limit : 0;
	if (own > 0 && info->percent < 100.0 * info->sessions / own) {
		info->limit = own;
		info->used = info->sessions;
		info->percent = 100.0 * info->sessions / own;
	}
}

int postgres_figures_take(struct postgres_info *info, const PGresult *result, const json_t *limits)
{
	int oldest = -1;

	/* This very session is always there. */
	if (PQntuples(result) < 1)
		return -1;
	info->sessions = info->active = info->idle = info->idle_in_transaction = 0;
	info->waiting = info->total = info->hidden = 0;
	info->longest_query_s = info->longest_transaction_s = 0;
	info->newest_s = -1;
	for (int row = 0; row < PQntuples(result); row++)
		oldest = group_take(info, result, row, oldest);
	info->other = info->sessions - info->active - info->idle - info->idle_in_transaction;
	if (oldest >= 0)
		oldest_take(info, result, oldest);
	else
		info->longest.pid = 0;
	info->in_recovery = is_true(result, 0, "recovery");
	info->replay_lag_s = number(result, 0, "lag", -1);
	shares_take(info, result, limits);
	used_count(info);
	/* Who waited is known from before: nobody does now. */
	if (!info->waiting)
		info->nwaits = info->nblockers = 0;
	return 0;
}

/* ---- the rest ---- */

int postgres_extras_take(struct postgres_info *info, const PGresult *result, json_t **limits)
{
	const char *text;

	if (PQntuples(result) != 1)
		return -1;
	info->database = (unsigned)strtoul(postgres_column(result, 0, "database"), NULL, 10);
	info->database_limit = whole(result, 0, "database_limit");
	info->reserved = whole(result, 0, "reserved");
	info->slots = whole(result, 0, "slots");
	info->monitor_missing = !is_true(result, 0, "monitor");
	info->started = (int64_t)(number(result, 0, "started", 0) * 1e6);
	info->receiving = is_true(result, 0, "receiving");
	info->paused = is_true(result, 0, "paused");
	text_take(info->longest.query, sizeof info->longest.query, result, 0, "oldest_query");
	info->nblockers = whole(result, 0, "roots");
	postgres_waits_take(info, postgres_column(result, 0, "waits"));
	if ((text = postgres_column(result, 0, "size")))
		info->size_bytes = strtoll(text, NULL, 10);
	json_decref(*limits);
	text = postgres_column(result, 0, "role_limits");
	*limits = json_loads(text ? text : "{}", 0, NULL);
	return 0;
}
