/* The sessions one by one: what is asked, and in what order it is shown. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "sources/postgres_read.h"

/* Those that do something come first when there are too many; what this console asks is left out.
 * Background processes belong to no database, but for senders of the log. */
static const char sessions_sql[] =
    "SELECT pid, coalesce(datname, '') AS database, coalesce(usename, '') AS user,"
    " coalesce(application_name, '') AS app,"
    " CASE WHEN client_addr IS NULL THEN CASE client_port WHEN -1 THEN 'local' ELSE '' END"
    " ELSE host(client_addr) || ':' || client_port END AS client,"
    " coalesce(backend_type, '') AS type, coalesce(state, '') AS state,"
    " coalesce(wait_event_type || ' ' || wait_event, '') AS wait,"
    " extract(epoch FROM clock_timestamp() - xact_start)::float8 AS transaction_age,"
    " extract(epoch FROM clock_timestamp() - query_start)::float8 AS query_age,"
    " extract(epoch FROM clock_timestamp() - state_change)::float8 AS state_age,"
    " extract(epoch FROM clock_timestamp() - backend_start)::float8 AS session_age,"
    " CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) END AS blockers,"
    " left(query, 300) AS query,"
    " count(*) OVER () AS all_rows"
    " FROM pg_catalog.pg_stat_activity"
    " WHERE (datname IS NOT NULL OR backend_type = 'walsender') AND pid <> pg_backend_pid()"
    " ORDER BY state = 'idle', xact_start, pid LIMIT 1000";

const struct link_statement postgres_sessions = { "backout_sessions", sessions_sql, 0 };
const struct link_statement postgres_whole = { "backout_statement",
					       "SELECT pid, left(query, 65536) AS query FROM "
					       "pg_catalog.pg_stat_activity WHERE pid = $1::int",
					       1 };

struct table {
	struct postgres_table table; /* first */
	PGresult *result;	     /* owned: the rows' texts */
};

static const char *text(const PGresult *result, int row, const char *name)
{
	const char *value = postgres_column(result, row, name);

	return value ? value : "";
}

static double age(const PGresult *result, int row, const char *name)
{
	const char *value = postgres_column(result, row, name);
	double seconds = value ? strtod(value, NULL) : -1;

	/* The server's clock was read before its sessions'. */
	return value && seconds < 0 ? 0 : seconds;
}

static void row_take(struct postgres_session *row, const PGresult *result, int i)
{
	*row = (struct postgres_session){
		.pid = (pid_t)atoi(text(result, i, "pid")),
		.database = text(result, i, "database"),
		.user = text(result, i, "user"),
		.app = text(result, i, "app"),
		.client = text(result, i, "client"),
		.type = text(result, i, "type"),
		.state = text(result, i, "state"),
		.wait = text(result, i, "wait"),
		.query = text(result, i, "query"),
		.blockers = text(result, i, "blockers"),
		.transaction_s = age(result, i, "transaction_age"),
		.query_s = age(result, i, "query_age"),
		.state_s = age(result, i, "state_age"),
		.session_s = age(result, i, "session_age"),
	};
}

bool postgres_waits_for(const struct postgres_session *row, pid_t pid)
{
	/* "{4711,4712}" */
	for (const char *list = row->blockers; *list; list += strcspn(list, ",}")) {
		char *end;
		long blocker = strtol(++list, &end, 10);

		if (end > list && blocker == pid)
			return true;
	}
	return false;
}

static int by_pid(const void *a, const void *b)
{
	const struct postgres_session *const *x = a, *const *y = b;

	return (*x)->pid - (*y)->pid;
}

/* Each list is read once: a queue of five hundred has a hundred thousand pids in its lists. */
static void waiters_count(struct postgres_table *table)
{
	struct postgres_session **order = xcalloc(table->n + 1, sizeof *order);

	for (size_t i = 0; i < table->n; i++)
		order[i] = &table->rows[i];
	qsort(order, table->n, sizeof *order, by_pid);
	for (size_t i = 0; i < table->n; i++) {
		const char *list = table->rows[i].blockers;

		for (; *list; list += strcspn(list, ",}")) {
			char *end;
			struct postgres_session key = { .pid = (pid_t)strtol(++list, &end, 10) };
			struct postgres_session *wanted = &key, **found;

			found = end == list
				    ? NULL
				    : bsearch(&wanted, order, table->n, sizeof *order, by_pid);
			if (found)
				(*found)->waiters++;
		}
	}
	free(order);
}

struct postgres_table *postgres_table_new(PGresult *result, int64_t at)
{
	struct table *own = xcalloc(1, sizeof *own);
	int n = PQntuples(result);

	own->result = result;
	own->table.at = at;
	own->table.n = (size_t)n;
	own->table.all = n ? (size_t)atoll(text(result, 0, "all_rows")) : 0;
	own->table.rows = xcalloc((size_t)n + 1, sizeof *own->table.rows);
	for (int i = 0; i < n; i++)
		row_take(&own->table.rows[i], result, i);
	waiters_count(&own->table);
	return &own->table;
}

void postgres_table_free(struct postgres_table *table)
{
	struct table *own = (struct table *)table;

	if (!own)
		return;
	PQclear(own->result);
	free(own->table.rows);
	free(own);
}

/* ---- order ---- */

/* What needs somebody's hand first: who blocks others, who waits, who holds a transaction open. */
static int rank(const struct postgres_session *row)
{
	if (row->waiters)
		return 0;
	if (strncmp(row->wait, "Lock ", 5) == 0)
		return 1;
	if (strncmp(row->state, "idle in transaction", 19) == 0)
		return 2;
	if (strcmp(row->state, "idle") == 0)
		return 5;
	return strcmp(row->state, "active") == 0 ? 3 : 4;
}

static int by_number(double a, double b)
{
	return (a > b) - (a < b);
}

/* Nothing sorts behind everything. */
static int by_text(const char *a, const char *b)
{
	if (!*a != !*b)
		return *a ? -1 : 1;
	return strcmp(a, b);
}

static double statement_s(const struct postgres_session *row)
{
	return strcmp(row->state, "active") == 0 ? row->query_s : -1;
}

static int compare(const struct postgres_session *a, const struct postgres_session *b,
		   enum postgres_order order)
{
	int result = 0;

	switch (order) {
	case POSTGRES_BY_STATE:
		result = rank(a) - rank(b);
		break;
	case POSTGRES_BY_TRANSACTION:
	case POSTGRES_ORDERS:
		break;
	case POSTGRES_BY_QUERY:
		result = by_number(statement_s(b), statement_s(a));
		break;
	case POSTGRES_BY_WAIT:
		result = by_text(a->wait, b->wait);
		break;
	case POSTGRES_BY_USER:
		result = by_text(a->user, b->user);
		break;
	case POSTGRES_BY_APP:
		result = by_text(a->app, b->app);
		break;
	case POSTGRES_BY_DATABASE:
		result = by_text(a->database, b->database);
		break;
	}
	return result ? result : by_number(b->transaction_s, a->transaction_s);
}

struct sorting {
	enum postgres_order order;
	int sign;
};

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct postgres_session *x = a, *y = b;
	const struct sorting *sorting = data;
	int result = compare(x, y, sorting->order) * sorting->sign;

	return result ? result : x->pid - y->pid;
}

void postgres_table_sort(struct postgres_table *table, enum postgres_order order, bool reverse)
{
	struct sorting sorting = { order, reverse ? -1 : 1 };

	qsort_r(table->rows, table->n, sizeof *table->rows, compare_rows, &sorting);
}

const char *postgres_order_name(enum postgres_order order)
{
	static const char *const names[POSTGRES_ORDERS] = {
		[POSTGRES_BY_STATE] = "state",	     [POSTGRES_BY_TRANSACTION] = "transaction",
		[POSTGRES_BY_QUERY] = "statement",   [POSTGRES_BY_WAIT] = "wait",
		[POSTGRES_BY_USER] = "user",	     [POSTGRES_BY_APP] = "application",
		[POSTGRES_BY_DATABASE] = "database",
	};

	return names[order];
}
