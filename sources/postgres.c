#include "sources/postgres.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "lib/buf.h"
#include "lib/child.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "sources/postgres_read.h"
#include "sources/types.h"

#define CONNECT_US     (5 * CLOCK_US)
#define ANSWER_US      (3 * CLOCK_US)  /* later than this it counts as silent ... */
#define GIVE_UP_US     (30 * CLOCK_US) /* ... and now the connection is given up */
#define BACKOFF_MAX_US (15 * CLOCK_US)
#define RARELY_US      (60 * CLOCK_US) /* size and identity cost more than the rest */

enum phase {
	PHASE_NONE,
	PHASE_RESOLVING,
	PHASE_CONNECTING,
	PHASE_PREPARING,
	PHASE_READY,
	PHASE_ASKING
};

struct postgres {
	struct source source;
	struct pg_params params;
	struct postgres_info info;
	enum phase phase;
	PGconn *conn;
	struct watch *fd;	/* its socket */
	struct watch *deadline; /* of the phase */
	struct job *job;	/* a name being looked up */
	int64_t asked_at;	/* monotonic time of the outstanding query */
	int64_t rare_at;	/* monotonic time of the last rare figures; 0: none */
	int64_t retry_at;	/* monotonic time of the next attempt to connect */
	int64_t backoff_us;
	bool rare; /* the outstanding query asks for the rare figures */
	bool failed;
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
		      const char *why)
{
	struct postgres_info *info = &pg->info;

	if (info->state != state || info->fault != fault)
		info->since = wall(pg);
	info->state = state;
	info->fault = fault;
	text_clean_to(info->why, sizeof info->why, why, strlen(why));
	changed(pg);
}

static void disconnect(struct postgres *pg)
{
	watch_free(pg->fd);
	watch_free(pg->deadline);
	pg->fd = pg->deadline = NULL;
	if (pg->job)
		job_cancel(pg->job);
	pg->job = NULL;
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->phase = PHASE_NONE;
}

static void give_up(struct postgres *pg, enum pg_fault fault, const char *why)
{
	disconnect(pg);
	pg->backoff_us = pg->backoff_us ? pg->backoff_us * 2 : CLOCK_US;
	if (pg->backoff_us > BACKOFF_MAX_US)
		pg->backoff_us = BACKOFF_MAX_US;
	pg->retry_at = mono(pg) + pg->backoff_us;
	state_set(pg, POSTGRES_DOWN, fault, why);
}

static void on_socket(struct watch *watch, uint32_t what, void *data);

/* libpq may change its socket while it connects: the watch is made anew for each wait. */
static void wait_for(struct postgres *pg, uint32_t events)
{
	struct err err = ERR_INIT;

	watch_free(pg->fd);
	pg->fd = loop_fd(pg->source.env->loop, PQsocket(pg->conn), events, on_socket, pg, &err);
	if (!pg->fd)
		give_up(pg, PG_FAULT_LOST, err.msg);
}

static void on_deadline(struct watch *watch, uint32_t what, void *data)
{
	struct postgres *pg = data;

	(void)what;
	if (pg->phase == PHASE_ASKING && mono(pg) - pg->asked_at < GIVE_UP_US) {
		state_set(pg, POSTGRES_SILENT, PG_FAULT_TIMEOUT,
			  "connected, but it does not answer");
		watch_arm(watch, GIVE_UP_US - ANSWER_US, 0);
		return;
	}
	give_up(pg, PG_FAULT_TIMEOUT,
		pg->phase == PHASE_RESOLVING ? "its address could not be looked up in time"
					     : "no answer in time");
}

static void deadline_set(struct postgres *pg, int64_t us)
{
	if (pg->deadline)
		watch_arm(pg->deadline, us, 0);
	else
		pg->deadline = loop_timer(pg->source.env->loop, us, 0, on_deadline, pg);
}

static void lost(struct postgres *pg)
{
	char why[256];
	const char *message = PQerrorMessage(pg->conn);

	text_clean_to(why, sizeof why, message, strcspn(message, "\n"));
	give_up(pg, PG_FAULT_LOST, why);
}

static void flush(struct postgres *pg)
{
	int left = PQflush(pg->conn);

	if (left < 0)
		lost(pg);
	else
		watch_events(pg->fd, left ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void ask(struct postgres *pg)
{
	const char *rare;

	pg->rare = pg->rare_at == 0 || mono(pg) - pg->rare_at >= RARELY_US;
	rare = pg->rare ? "t" : "f";
	pg->asked_at = mono(pg);
	pg->phase = PHASE_ASKING;
	if (!PQsendQueryPrepared(pg->conn, "backout", 1, &rare, NULL, NULL, 0)) {
		lost(pg);
		return;
	}
	deadline_set(pg, ANSWER_US);
	flush(pg);
}

static void connected(struct postgres *pg)
{
	PQsetnonblocking(pg->conn, 1);
	PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
	pg->phase = PHASE_PREPARING;
	pg->rare_at = 0;
	wait_for(pg, EPOLLIN);
	if (!pg->conn)
		return;
	if (!PQsendPrepare(pg->conn, "backout", postgres_sql, 1, NULL))
		lost(pg);
	else
		flush(pg);
}

static void connect_poll(struct postgres *pg)
{
	struct err err = ERR_INIT;
	enum pg_fault fault;

	watch_free(pg->fd);
	pg->fd = NULL;
	switch (PQconnectPoll(pg->conn)) {
	case PGRES_POLLING_READING:
		wait_for(pg, EPOLLIN);
		break;
	case PGRES_POLLING_WRITING:
		wait_for(pg, EPOLLOUT);
		break;
	case PGRES_POLLING_OK:
		connected(pg);
		break;
	default:
		fault = pg_start_fault(&pg->params, pg->conn, &err);
		give_up(pg, fault, err.msg);
	}
}

static void connect_start(struct postgres *pg, const char *hostaddr)
{
	struct err err = ERR_INIT;
	enum pg_fault fault;

	pg->phase = PHASE_CONNECTING;
	pg->conn = pg_start(&pg->params, hostaddr, "console");
	if (!pg->conn || PQstatus(pg->conn) == CONNECTION_BAD) {
		fault = pg_start_fault(&pg->params, pg->conn, &err);
		give_up(pg, fault, err.msg);
		return;
	}
	deadline_set(pg, CONNECT_US);
	wait_for(pg, EPOLLOUT);
}

static void on_resolved(const struct child_end *end, const struct buf *out, void *data)
{
	struct postgres *pg = data;
	char *address = pg_resolved(buf_str(out));

	(void)end;
	pg->job = NULL;
	if (address)
		connect_start(pg, address);
	else
		give_up(pg, PG_FAULT_UNRESOLVABLE, "the host's name has no address");
	free(address);
}

static void resolve_start(struct postgres *pg)
{
	const char *argv[4];
	struct child_spec spec = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct err err = ERR_INIT;

	pg_resolve_argv(&pg->params, argv);
	pg->phase = PHASE_RESOLVING;
	pg->job =
	    job_start(pg->source.env->loop, &spec, NULL, CONNECT_US, 4096, on_resolved, pg, &err);
	if (!pg->job)
		give_up(pg, PG_FAULT_UNRESOLVABLE, err.msg);
}

static void answer_take(struct postgres *pg, const PGresult *result)
{
	if (postgres_row(&pg->info, result, pg->params.identity) < 0)
		return;
	pg->info.at = wall(pg);
	pg->info.latency_us = mono(pg) - pg->asked_at;
	pg->info.version = PQserverVersion(pg->conn);
	if (pg->rare)
		pg->rare_at = mono(pg);
	pg->backoff_us = 0;
	state_set(pg, POSTGRES_CONNECTED, PG_FAULT_NONE,
		  pg->info.identity_wrong ? "another cluster than the declared one answers" : "");
}

static void answer_failed(struct postgres *pg, const PGresult *result)
{
	const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	char why[256];

	text_clean_to(why, sizeof why, said ? said : "no result",
		      strlen(said ? said : "no result"));
	pg->failed = true;
	state_set(pg, POSTGRES_DOWN,
		  pg_fault_of_state(PQresultErrorField(result, PG_DIAG_SQLSTATE)), why);
}

/* Everything that has arrived. */
static void results_take(struct postgres *pg)
{
	if (!PQconsumeInput(pg->conn)) {
		lost(pg);
		return;
	}
	while (pg->phase != PHASE_READY && !PQisBusy(pg->conn)) {
		PGresult *result = PQgetResult(pg->conn);
		if (!result) {
			bool prepared = pg->phase == PHASE_PREPARING && !pg->failed;
			enum pg_fault fault = pg->info.fault;
			if (PQstatus(pg->conn) == CONNECTION_BAD || pg->failed) {
				char *why = xstrdup(pg->failed ? pg->info.why : "connection lost");
				give_up(pg, pg->failed ? fault : PG_FAULT_LOST, why);
				free(why);
				return;
			}
			pg->phase = PHASE_READY;
			watch_arm(pg->deadline, GIVE_UP_US * 2, 0);
			if (prepared)
				ask(pg);
			return;
		}
		if (PQresultStatus(result) == PGRES_TUPLES_OK)
			answer_take(pg, result);
		else if (PQresultStatus(result) != PGRES_COMMAND_OK)
			answer_failed(pg, result);
		PQclear(result);
	}
}

static void on_socket(struct watch *watch, uint32_t what, void *data)
{
	struct postgres *pg = data;

	(void)watch;
	if (pg->phase == PHASE_CONNECTING) {
		connect_poll(pg);
		return;
	}
	if (what & EPOLLOUT)
		flush(pg);
	if (pg->conn)
		results_take(pg);
	/* A server that ends an idle session says so, or just closes. */
	if (pg->conn && pg->phase == PHASE_READY && PQstatus(pg->conn) == CONNECTION_BAD)
		lost(pg);
}

/* Without a loop: one connection, one query, here and now. */
static void sample_blocking(struct postgres *pg)
{
	const char *rare = "t";
	struct err err = ERR_INIT;
	enum pg_fault fault;
	struct pg *conn = pg_open(&pg->params, "console", CONNECT_US, &fault, &err);
	PGresult *result = NULL;

	pg->asked_at = mono(pg);
	if (conn)
		result = pg_query(conn, &err, postgres_sql, 1, &rare);
	if (result && postgres_row(&pg->info, result, pg->params.identity) == 0) {
		pg->info.at = wall(pg);
		pg->info.latency_us = mono(pg) - pg->asked_at;
		pg->info.version = pg_version(conn);
		state_set(pg, POSTGRES_CONNECTED, PG_FAULT_NONE,
			  pg->info.identity_wrong ? "another cluster than the declared one answers"
						  : "");
	} else {
		state_set(pg, POSTGRES_DOWN, conn ? pg_fault(conn) : fault, err.msg);
	}
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
	if (pg->phase == PHASE_READY) {
		ask(pg);
	} else if (pg->phase == PHASE_NONE && mono(pg) >= pg->retry_at) {
		pg->failed = false;
		if (pg_needs_resolving(&pg->params))
			resolve_start(pg);
		else
			connect_start(pg, NULL);
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
	pg->info.since = wall(pg);
	pg->info.state = POSTGRES_CONNECTING;
	return &pg->source;
}

static void postgres_close(struct source *source)
{
	struct postgres *pg = (struct postgres *)source;

	if (source->env->loop)
		disconnect(pg);
	pg_params_release(&pg->params);
	free(pg);
}

const struct postgres_info *postgres_info(const struct source *source)
{
	return source && source->type == &source_postgres ? &((const struct postgres *)source)->info
							  : NULL;
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
};
