#include "sources/postgres.h"

#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "sources/postgres_read.h"
#include "sources/types.h"

#define CONNECT_US     (5 * CLOCK_US)
#define HANGS_US       (10 * CLOCK_US) /* a session that is silent so long beside an open door */
#define RARELY_US      (60 * CLOCK_US) /* the size costs more than the rest */
#define LONG_S	       10 /* a transaction of that age is worth a look at what it does */
#define STANDBY_US     (10 * CLOCK_US) /* whether it still hears from its primary */
#define DOOR_US	       (10 * CLOCK_US)
#define DOOR_AGAIN_US  (2 * CLOCK_US) /* while it is not open */
#define WANTED_US      (3 * CLOCK_US) /* the table, after it was called for last */
#define BACKOFF_MAX_US (15 * CLOCK_US)

/* What is to be asked next, in this order. */
enum due {
	DUE_IDENTITY = 1,
	DUE_EXTRAS = 2,
	DUE_FIGURES = 4,
	DUE_TABLE = 8,
	DUE_STATEMENT = 16,
};

struct postgres {
	struct source source;
	struct pg_params params;
	struct postgres_info info;
	struct pglink *link;
	struct knock *knock;
	unsigned due;
	int64_t asked_at;  /* monotonic time of the figures' question */
	int64_t extras_at; /* monotonic time of the last extras; 0: none */
	int64_t size_at;   /* monotonic time at which the size was asked for last; 0: never */
	json_t *limits;	   /* owned: user -> sessions that it may have */
	int64_t retry_at;  /* monotonic time of the next attempt to connect */
	int64_t backoff_us;
	int64_t door_at; /* monotonic time of the last sign that it is open, or of the last knock */
	/* The sessions one by one. */
	struct postgres_table *table;
	int64_t wanted_at; /* monotonic; 0: never */
	bool hold;
	pid_t whole_pid; /* whose whole statement is wanted, or known */
	char *whole;	 /* owned; NULL: not known */
};

static int64_t mono(const struct postgres *pg)
{
	return clock_mono(pg->source.env->clock);
}

static int64_t wall(const struct postgres *pg)
{
	return clock_wall(pg->source.env->clock);
}

static void changed(struct postgres *pg)
{
	if (pg->source.env->changed)
		pg->source.env->changed(pg->source.env->data);
}

static void state_set(struct postgres *pg, enum postgres_state state, enum pg_fault fault,
		      const char *why, const char *hint)
{
	struct postgres_info *info = &pg->info;

	if (info->state != state || info->fault != fault)
		info->since = wall(pg);
	info->state = state;
	info->fault = fault;
	info->retry_at = 0;
	text_clean_to(info->why, sizeof info->why, why, strlen(why));
	text_clean_to(info->hint, sizeof info->hint, hint, strlen(hint));
	changed(pg);
}

/* ---- the door ---- */

static void door_set(struct postgres *pg, enum door door)
{
	if (pg->info.door != door)
		pg->info.door_since = wall(pg);
	pg->info.door = door;
}

static void on_knock(enum door door, void *data)
{
	struct postgres *pg = data;

	pg->knock = NULL;
	pg->door_at = mono(pg);
	door_set(pg, door);
	changed(pg);
}

static void knock(struct postgres *pg)
{
	struct sockaddr_storage address;
	socklen_t len;

	if (!pg->knock && pglink_address(pg->link, &address, &len))
		pg->knock = knock_start(pg->source.env->loop, &address, len, on_knock, pg);
}

/* A server that began a session or a worker lately needs no knock to show that it can. */
static void door_watch(struct postgres *pg)
{
	double newest = pg->info.newest_s;
	bool ajar = pg->info.door == DOOR_OPEN || pg->info.door == DOOR_UNKNOWN;

	if (ajar && newest >= 0 && newest < (double)(DOOR_US / CLOCK_US)) {
		door_set(pg, DOOR_OPEN);
		pg->door_at = mono(pg) - (int64_t)(newest * CLOCK_US);
	} else if (!pg->door_at || mono(pg) - pg->door_at >= (ajar ? DOOR_US : DOOR_AGAIN_US)) {
		knock(pg);
	}
}

static void door_forget(struct postgres *pg)
{
	knock_cancel(pg->knock);
	pg->knock = NULL;
	pg->door_at = 0;
	door_set(pg, DOOR_UNKNOWN);
}

/* ---- asking ---- */

static void figures_ask(struct postgres *pg)
{
	char database[16];
	const char *value = database;

	snprintf(database, sizeof database, "%u", pg->info.database);
	pg->asked_at = mono(pg);
	pglink_ask(pg->link, &postgres_figures, &value);
}

/* The values of its parameters; borrowed from `pid`. */
static void extras_values(struct postgres *pg, char pid[16], const char *values[3])
{
	bool size = !pg->size_at || mono(pg) - pg->size_at >= RARELY_US;

	snprintf(pid, 16, "%d", (int)pg->info.longest.pid);
	values[0] = pg->info.waiting ? "t" : "f";
	values[1] = pid;
	values[2] = size ? "t" : "f";
	/* Now, not with the answer: when it is the size that fails, the rest is tried without it.
	 */
	if (size)
		pg->size_at = mono(pg);
}

static void extras_ask(struct postgres *pg)
{
	char pid[16];
	const char *values[3];

	extras_values(pg, pid, values);
	pglink_ask(pg->link, &postgres_extras, values);
}

/* Instead of the figures, so that a second has one statement: every other time while somebody
 * waits, or while a transaction is long enough to be asked what it does. */
static bool extras_due(const struct postgres *pg)
{
	const struct postgres_info *info = &pg->info;
	bool wanted = info->waiting || (info->longest_transaction_s >= LONG_S &&
					!info->longest.query[0] && !info->monitor_missing);

	int64_t rarely = info->in_recovery ? STANDBY_US : RARELY_US;

	return !pg->extras_at || mono(pg) - pg->extras_at >= rarely ||
	       (wanted && pg->extras_at < pg->asked_at);
}

static void whole_ask(struct postgres *pg)
{
	char number[16];
	const char *value = number;

	snprintf(number, sizeof number, "%d", (int)pg->whole_pid);
	pglink_ask(pg->link, &postgres_whole, &value);
}

static void ask_next(struct postgres *pg)
{
	unsigned due = pg->due & -pg->due; /* the first bit that is set */

	if (pglink_phase(pg->link) != LINK_READY)
		return;
	pg->due &= ~due;
	switch (due) {
	case DUE_IDENTITY:
		pglink_ask(pg->link, &postgres_identity, NULL);
		break;
	case DUE_EXTRAS:
		extras_ask(pg);
		break;
	case DUE_FIGURES:
		figures_ask(pg);
		break;
	case DUE_TABLE:
		pglink_ask(pg->link, &postgres_sessions, NULL);
		break;
	case DUE_STATEMENT:
		whole_ask(pg);
		break;
	default:
		break;
	}
}

/* ---- answers ---- */

static void tls_set(struct postgres *pg)
{
	PGconn *conn = pglink_conn(pg->link);
	struct sockaddr_storage address;
	socklen_t len;
	const char *mode = pg->params.sslmode ? pg->params.sslmode : "prefer";
	char *out = pg->info.tls;
	size_t size = sizeof pg->info.tls;

	if (pglink_address(pg->link, &address, &len) && address.ss_family == AF_UNIX)
		snprintf(out, size, "unix socket");
	else if (!PQsslInUse(conn))
		snprintf(out, size, "no TLS");
	else
		snprintf(out, size, "%s, %s", PQsslAttribute(conn, "protocol"),
			 strcmp(mode, "verify-full") == 0 ? "verified"
			 : strcmp(mode, "verify-ca") == 0 ? "host name not verified"
							  : "not verified");
}

static void identity_take(struct postgres *pg, const PGresult *result)
{
	bool told = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
	const char *identity = told ? postgres_column(result, 0, "identity") : NULL;

	snprintf(pg->info.identity, sizeof pg->info.identity, "%s", identity ? identity : "");
	pg->info.identity_wrong =
	    pg->params.identity && strcmp(pg->params.identity, pg->info.identity) != 0;
}

static const char *identity_why(const struct postgres *pg)
{
	return !pg->info.identity_wrong ? ""
	       : pg->info.identity[0]	? "another cluster than the declared one answers"
					: "the server does not tell which cluster it is";
}

static void figures_take(struct postgres *pg, const PGresult *result)
{
	if (postgres_figures_take(&pg->info, result, pg->limits) < 0)
		return;
	pg->info.at = wall(pg);
	pg->info.latency_us = mono(pg) - pg->asked_at;
	pg->backoff_us = 0;
	state_set(pg, POSTGRES_CONNECTED, PG_FAULT_NONE, identity_why(pg), "");
}

static void extras_take(struct postgres *pg, const PGresult *result)
{
	if (postgres_extras_take(&pg->info, result, &pg->limits) < 0)
		return;
	pg->extras_at = mono(pg);
	changed(pg);
}

/* The connection is kept: who gave it up might not get another one. */
static void statement_fail(struct postgres *pg, const PGresult *result)
{
	const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	enum pg_fault fault = pg_fault_of_state(PQresultErrorField(result, PG_DIAG_SQLSTATE));

	state_set(pg, POSTGRES_FAILING, fault, said ? said : "no result", pg_fault_hint(fault));
}

static bool is_wanted(const struct postgres *pg)
{
	return pg->wanted_at && mono(pg) - pg->wanted_at < WANTED_US;
}

static void table_take(struct postgres *pg, const PGresult *result)
{
	PGresult *copy;

	if (pg->hold || PQresultStatus(result) != PGRES_TUPLES_OK)
		return;
	copy = PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
	if (!copy)
		return;
	postgres_table_free(pg->table);
	pg->table = postgres_table_new(copy, wall(pg));
	changed(pg);
}

static void whole_take(struct postgres *pg, const PGresult *result)
{
	const char *pid = NULL, *query = NULL;

	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
		pid = postgres_column(result, 0, "pid");
		query = postgres_column(result, 0, "query");
	}
	if (!pid || !query || atoi(pid) != pg->whole_pid)
		return;
	free(pg->whole);
	pg->whole = xstrdup(query);
	changed(pg);
}

static void on_answered(const struct link_statement *statement, const PGresult *result, void *data)
{
	struct postgres *pg = data;

	if (statement == &postgres_identity)
		identity_take(pg, result);
	else if (statement == &postgres_sessions)
		table_take(pg, result);
	else if (statement == &postgres_whole)
		whole_take(pg, result);
	else if (PQresultStatus(result) != PGRES_TUPLES_OK)
		statement_fail(pg, result);
	else if (statement == &postgres_extras)
		extras_take(pg, result);
	else
		figures_take(pg, result);
	ask_next(pg);
}

static void on_connected(void *data)
{
	struct postgres *pg = data;
	PGconn *conn = pglink_conn(pg->link);

	pg->info.version = PQserverVersion(conn);
	text_clean_to(pg->info.role, sizeof pg->info.role, PQuser(conn), strlen(PQuser(conn)));
	tls_set(pg);
	pg->extras_at = pg->size_at = 0;
	pg->due = DUE_IDENTITY | DUE_EXTRAS | DUE_FIGURES;
	ask_next(pg);
}

/* ---- trouble ---- */

/* How long to wait at most before the next attempt: what soon may be over is looked at often; who
 * is sent away at the door does not knock there all the time. */
static int64_t backoff_max(enum pg_fault fault)
{
	switch (fault) {
	case PG_FAULT_STARTING:
	case PG_FAULT_LOST:
		return CLOCK_US;
	case PG_FAULT_DOWN:
		return 2 * CLOCK_US;
	case PG_FAULT_SLOTS:
	case PG_FAULT_TIMEOUT:
	case PG_FAULT_FROZEN:
	case PG_FAULT_UNREACHABLE:
		return 4 * CLOCK_US;
	default:
		return BACKOFF_MAX_US;
	}
}

static void on_failed(enum pg_fault fault, const char *why, const char *hint, void *data)
{
	struct postgres *pg = data;
	int64_t most = backoff_max(fault);

	door_forget(pg);
	pg->due = 0;
	pg->backoff_us = pg->backoff_us ? pg->backoff_us * 2 : CLOCK_US;
	if (pg->backoff_us > most)
		pg->backoff_us = most;
	pg->retry_at = mono(pg) + pg->backoff_us;
	state_set(pg, POSTGRES_DOWN, fault, why, hint);
	pg->info.retry_at = wall(pg) + pg->backoff_us;
}

static void on_late(int64_t waited_us, void *data)
{
	struct postgres *pg = data;

	if (pg->info.state != POSTGRES_SILENT) {
		door_forget(pg);
		state_set(pg, POSTGRES_SILENT, PG_FAULT_TIMEOUT,
			  "connected, but it does not answer", "");
	}
	if (!pg->door_at || mono(pg) - pg->door_at >= DOOR_AGAIN_US)
		knock(pg);
	/* With an open door it is this session alone that hangs. Otherwise another one would not
	 * come about, and this one is the first to be back. */
	if (waited_us >= HANGS_US && (pg->info.door == DOOR_OPEN || pg->info.door == DOOR_SHUT)) {
		pglink_close(pg->link);
		on_failed(PG_FAULT_LOST, "the session hung, and was given up", "", pg);
	}
}

static const struct link_ops link_ops = {
	.connected = on_connected,
	.answered = on_answered,
	.failed = on_failed,
	.late = on_late,
};

/* ---- the source ---- */

static PGresult *extras_query(struct postgres *pg, struct pg *conn, struct err *err)
{
	char pid[16];
	const char *values[3];

	extras_values(pg, pid, values);
	return pg_query(conn, err, postgres_extras.sql, 3, values);
}

/* Without a loop: one connection, what is to be asked, here and now. */
static void sample_blocking(struct postgres *pg)
{
	char database[16];
	const char *value = database;
	struct err err = ERR_INIT, ignored = ERR_INIT;
	enum pg_fault fault;
	struct pg *conn = pg_open(&pg->params, "console", CONNECT_US, &fault, &err);
	PGresult *extras = NULL, *result = NULL;

	if (conn) {
		PGresult *identity = pg_query(conn, &ignored, postgres_identity.sql, 0, NULL);
		identity_take(pg, identity);
		PQclear(identity);
		pg->info.version = pg_version(conn);
		extras = extras_query(pg, conn, &err);
	}
	if (extras && postgres_extras_take(&pg->info, extras, &pg->limits) == 0) {
		snprintf(database, sizeof database, "%u", pg->info.database);
		pg->asked_at = mono(pg);
		result = pg_query(conn, &err, postgres_figures.sql, 1, &value);
	}
	PQclear(extras);
	if (result)
		figures_take(pg, result);
	else
		state_set(pg, POSTGRES_DOWN, conn ? pg_fault(conn) : fault, err.msg, err.hint);
	PQclear(result);
	pg_close(conn);
}

static void postgres_sample(struct source *source)
{
	struct postgres *pg = (struct postgres *)source;

	if (!source->env->loop) {
		sample_blocking(pg);
		return;
	}
	if (pglink_phase(pg->link) == LINK_NONE && mono(pg) >= pg->retry_at)
		pglink_open(pg->link);
	if (pg->info.state == POSTGRES_CONNECTED || pg->info.state == POSTGRES_FAILING)
		door_watch(pg);
	if (!is_wanted(pg) && pg->table) {
		postgres_table_free(pg->table);
		pg->table = NULL;
		pg->hold = false;
	}
	if (pglink_phase(pg->link) == LINK_READY) {
		pg->due |= extras_due(pg) ? DUE_EXTRAS : DUE_FIGURES;
		pg->due |= is_wanted(pg) && !pg->hold ? DUE_TABLE : 0;
		ask_next(pg);
	}
}

static struct source *postgres_open(const struct source_env *env, const char *name,
				    const json_t *args, struct err *err)
{
	struct postgres *pg = xcalloc(1, sizeof *pg);

	if (pg_params_from(args, &pg->params, err) < 0) {
		free(pg);
		return NULL;
	}
	source_init(&pg->source, &source_postgres, env, name);
	pg->info.size_bytes = -1;
	pg->info.newest_s = -1;
	pg->info.since = wall(pg);
	pg->info.state = POSTGRES_CONNECTING;
	pg_params_text(&pg->params, pg->info.where, sizeof pg->info.where);
	if (env->loop)
		pg->link = pglink_new(env->loop, &pg->params, &link_ops, pg);
	return &pg->source;
}

static void postgres_close(struct source *source)
{
	struct postgres *pg = (struct postgres *)source;

	knock_cancel(pg->knock);
	pglink_free(pg->link);
	postgres_table_free(pg->table);
	free(pg->whole);
	json_decref(pg->limits);
	pg_params_release(&pg->params);
	free(pg);
}

const struct postgres_info *postgres_info(const struct source *source)
{
	return source && source->type == &source_postgres ? &((const struct postgres *)source)->info
							  : NULL;
}

struct postgres_table *postgres_table(struct source *source, bool hold)
{
	struct postgres *pg = (struct postgres *)source;

	pg->wanted_at = mono(pg);
	pg->hold = hold && pg->table;
	if (!pg->table && pg->link && !(pg->due & DUE_TABLE)) {
		pg->due |= DUE_TABLE;
		ask_next(pg);
	}
	return pg->table;
}

const char *postgres_statement(struct source *source, pid_t pid)
{
	struct postgres *pg = (struct postgres *)source;

	if (pg->whole_pid != pid && pg->link) {
		free(pg->whole);
		pg->whole = NULL;
		pg->whole_pid = pid;
		pg->due |= DUE_STATEMENT;
		ask_next(pg);
	}
	return pg->whole_pid == pid ? pg->whole : NULL;
}

static void postgres_read(struct source *source, const json_t *metric, int64_t since,
			  struct reading *out)
{
	const struct postgres *pg = (const struct postgres *)source;

	if (postgres_slow(json_str(metric, "read", "")))
		postgres_scalar(&pg->params, metric, source->env->clock, out);
	else
		postgres_figure(&pg->info, json_str(metric, "read", ""), wall(pg), since, out);
}

static bool postgres_unwell(const struct source *source, char *why, size_t size)
{
	const struct postgres_info *info = postgres_info(source);

	if (info->identity_wrong)
		snprintf(why, size, "another server answers than the target names");
	else
		snprintf(why, size, "%s", postgres_state_text(info));
	return info->identity_wrong || info->state == POSTGRES_SILENT ||
	       info->state == POSTGRES_FAILING || info->state == POSTGRES_DOWN;
}

const struct source_type source_postgres = {
	.type = { .name = "postgres",
		  .help = "a PostgreSQL server and one of its databases",
		  .fields = pg_fields,
		  .reads = postgres_reads,
		  .metric_fields = postgres_metric_fields },
	.slow = postgres_slow,
	.open = postgres_open,
	.close = postgres_close,
	.sample = postgres_sample,
	.read = postgres_read,
	.unwell = postgres_unwell,
	.identity = postgres_who,
	.same_place = postgres_same_server,
};
