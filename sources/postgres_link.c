#include "sources/postgres_link.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "lib/buf.h"
#include "lib/child.h"
#include "lib/mem.h"
#include "lib/text.h"

#define CONNECT_US   (5 * CLOCK_US)
#define LATE_US	     (3 * CLOCK_US)
#define AGAIN_US     CLOCK_US
#define PREPARED_MAX 8 /* a further statement is sent as it is */

struct pglink {
	struct loop *loop;
	const struct pg_params *params;
	const struct link_ops *ops;
	void *data;
	enum link_phase phase;
	PGconn *conn;
	struct watch *fd;	/* its socket */
	struct watch *deadline; /* of the phase */
	struct job *job;	/* a name being looked up */
	unsigned turn;		/* attempts that came to no end: another address is tried first */
	/* The statement under way. */
	const struct link_statement *asked;
	char **values; /* owned, until it is executed */
	PGresult *result;
	int64_t asked_at; /* monotonic */
	bool preparing, writing;
	/* Statements of this connection. */
	const struct link_statement *prepared[PREPARED_MAX];
	size_t nprepared;
	bool pooled; /* a pooler takes what was prepared away: nothing is, then */
	/* What the server said last without being asked: why it ends the session. */
	char said[200];
	enum pg_fault said_fault;
};

struct pglink *pglink_new(struct loop *loop, const struct pg_params *params,
			  const struct link_ops *ops, void *data)
{
	struct pglink *link = xcalloc(1, sizeof *link);

	*link = (struct pglink){ .loop = loop, .params = params, .ops = ops, .data = data };
	return link;
}

enum link_phase pglink_phase(const struct pglink *link)
{
	return link->phase;
}

PGconn *pglink_conn(const struct pglink *link)
{
	return link->conn;
}

bool pglink_address(const struct pglink *link, struct sockaddr_storage *address, socklen_t *len)
{
	*len = sizeof *address;
	return link->conn && PQsocket(link->conn) >= 0 &&
	       getpeername(PQsocket(link->conn), (struct sockaddr *)address, len) == 0;
}

static void values_drop(struct pglink *link)
{
	pg_values_free(link->values, link->values ? (size_t)link->asked->nvalues : 0);
	link->values = NULL;
}

void pglink_close(struct pglink *link)
{
	watch_free(link->fd);
	watch_free(link->deadline);
	link->fd = link->deadline = NULL;
	if (link->job)
		job_cancel(link->job);
	link->job = NULL;
	values_drop(link);
	PQclear(link->result);
	link->result = NULL;
	/* Says goodbye when that needs no waiting: the socket does not block. */
	PQfinish(link->conn);
	link->conn = NULL;
	link->nprepared = 0;
	link->phase = LINK_NONE;
}

void pglink_free(struct pglink *link)
{
	if (!link)
		return;
	pglink_close(link);
	free(link);
}

/* `why` and `hint` may lie in the connection that is closed here. */
static void fail(struct pglink *link, enum pg_fault fault, const char *why, const char *hint)
{
	char line[256], what[256];

	text_clean_to(line, sizeof line, why, strcspn(why, "\n"));
	text_clean_to(what, sizeof what, hint, strlen(hint));
	pglink_close(link);
	link->ops->failed(fault, line, what, link->data);
}

/* The server's last words count for more than that the line is dead. */
static void lost(struct pglink *link)
{
	if (link->said[0])
		fail(link, link->said_fault, link->said, pg_fault_hint(link->said_fault));
	else
		fail(link, PG_FAULT_LOST, PQerrorMessage(link->conn), "");
}

static void on_socket(struct watch *watch, uint32_t what, void *data);

/* libpq may change its socket while it connects: the watch is made anew for each wait. */
static bool wait_for(struct pglink *link, uint32_t events)
{
	struct err err = ERR_INIT;

	watch_free(link->fd);
	link->fd = loop_fd(link->loop, PQsocket(link->conn), events, on_socket, link, &err);
	if (!link->fd)
		fail(link, PG_FAULT_LOST, err.msg, err.hint);
	return link->fd != NULL;
}

static void on_deadline(struct watch *watch, uint32_t what, void *data)
{
	struct pglink *link = data;
	struct err err = ERR_INIT;
	enum pg_fault fault;

	(void)what;
	switch (link->phase) {
	case LINK_ASKING:
		watch_arm(watch, AGAIN_US, 0);
		link->ops->late(clock_mono(loop_clock(link->loop)) - link->asked_at, link->data);
		break;
	case LINK_CONNECTING:
		link->turn++;
		fault = pg_late_fault(link->params, link->conn, &err);
		fail(link, fault, err.msg, err.hint);
		break;
	default:
		break;
	}
}

static void deadline_set(struct pglink *link, int64_t us)
{
	if (link->deadline)
		watch_arm(link->deadline, us, 0);
	else
		link->deadline = loop_timer(link->loop, us, 0, on_deadline, link);
}

/* ---- statements ---- */

static void flush(struct pglink *link)
{
	int left = PQflush(link->conn);

	if (left < 0) {
		lost(link);
		return;
	}
	/* A system call that is hardly ever needed: a statement fits into the socket's buffer. */
	if (link->writing != (left > 0))
		watch_events(link->fd, left ? EPOLLIN | EPOLLOUT : EPOLLIN);
	link->writing = left > 0;
}

static bool is_prepared(const struct pglink *link, const struct link_statement *statement)
{
	for (size_t i = 0; i < link->nprepared; i++) {
		if (link->prepared[i] == statement)
			return true;
	}
	return false;
}

static void statement_send(struct pglink *link)
{
	const struct link_statement *asked = link->asked;
	const char *const *values = (const char *const *)link->values;
	int sent;

	bool prepared = is_prepared(link, asked);

	link->preparing = !link->pooled && !prepared && link->nprepared < PREPARED_MAX;
	if (link->preparing)
		sent = PQsendPrepare(link->conn, asked->name, asked->sql, asked->nvalues, NULL);
	else if (link->pooled || !prepared)
		sent = PQsendQueryParams(link->conn, asked->sql, asked->nvalues, NULL, values, NULL,
					 NULL, 0);
	else
		sent = PQsendQueryPrepared(link->conn, asked->name, asked->nvalues, values, NULL,
					   NULL, 0);
	if (sent)
		flush(link);
	else
		lost(link);
}

void pglink_ask(struct pglink *link, const struct link_statement *statement,
		const char *const *values)
{
	if (link->phase != LINK_READY)
		return;
	values_drop(link);
	link->asked = statement;
	link->values = xcalloc((size_t)statement->nvalues + 1, sizeof *link->values);
	for (int i = 0; i < statement->nvalues; i++)
		link->values[i] = values[i] ? xstrdup(values[i]) : NULL;
	link->asked_at = clock_mono(loop_clock(link->loop));
	link->phase = LINK_ASKING;
	deadline_set(link, LATE_US);
	statement_send(link);
}

/* A pooler that gives each transaction another session of the server. */
static bool lacks_prepared(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state && (strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0);
}

static void statement_end(struct pglink *link)
{
	PGresult *result = link->result;

	link->result = NULL;
	if (PQstatus(link->conn) == CONNECTION_BAD) {
		PQclear(result);
		lost(link);
		return;
	}
	if (!link->pooled && lacks_prepared(result)) {
		link->pooled = true;
		statement_send(link);
	} else if (link->preparing && PQresultStatus(result) == PGRES_COMMAND_OK) {
		link->prepared[link->nprepared++] = link->asked;
		statement_send(link);
	} else {
		/* Nothing to wait for until it is asked again. */
		watch_free(link->deadline);
		link->deadline = NULL;
		link->phase = LINK_READY;
		link->ops->answered(link->asked, result, link->data);
	}
	PQclear(result);
}

/* What the server says of its own accord; libpq prints it otherwise. */
static void on_notice(void *data, const PGresult *result)
{
	struct pglink *link = data;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (!state || !said || strncmp(state, "57P", 3) != 0)
		return;
	text_clean_to(link->said, sizeof link->said, said, strlen(said));
	link->said_fault = pg_fault_of_state(state);
}

/* Everything that has arrived. */
static void results_take(struct pglink *link)
{
	if (!PQconsumeInput(link->conn)) {
		/* The last words may have come together with the end. */
		PGresult *result = link->phase == LINK_ASKING ? PQgetResult(link->conn) : NULL;
		if (result)
			on_notice(link, result);
		PQclear(result);
		lost(link);
		return;
	}
	while (link->phase == LINK_ASKING && !PQisBusy(link->conn)) {
		PGresult *result = PQgetResult(link->conn);
		if (!result) {
			statement_end(link);
			return;
		}
		if (PQresultStatus(result) == PGRES_FATAL_ERROR)
			on_notice(link, result);
		PQclear(link->result);
		link->result = result;
	}
	/* Idle: parses what came, which is at most a farewell. */
	if (link->phase == LINK_READY && !PQisBusy(link->conn) &&
	    PQstatus(link->conn) == CONNECTION_BAD)
		lost(link);
}

/* ---- connecting ---- */

static void connected(struct pglink *link)
{
	PQsetnonblocking(link->conn, 1);
	PQsetErrorVerbosity(link->conn, PQERRORS_DEFAULT);
	PQsetNoticeReceiver(link->conn, on_notice, link);
	link->said[0] = '\0';
	link->turn = 0;
	watch_free(link->deadline);
	link->deadline = NULL;
	link->writing = false;
	if (!wait_for(link, EPOLLIN))
		return;
	link->phase = LINK_READY;
	link->ops->connected(link->data);
}

static void connect_failed(struct pglink *link)
{
	struct err err = ERR_INIT;
	enum pg_fault fault = pg_start_fault(link->params, link->conn, &err);

	fail(link, fault, err.msg, err.hint);
}

static void connect_poll(struct pglink *link)
{
	watch_free(link->fd);
	link->fd = NULL;
	switch (PQconnectPoll(link->conn)) {
	case PGRES_POLLING_READING:
		wait_for(link, EPOLLIN);
		break;
	case PGRES_POLLING_WRITING:
		wait_for(link, EPOLLOUT);
		break;
	case PGRES_POLLING_OK:
		connected(link);
		break;
	default:
		connect_failed(link);
	}
}

static void on_socket(struct watch *watch, uint32_t what, void *data)
{
	struct pglink *link = data;

	(void)watch;
	if (link->phase == LINK_CONNECTING) {
		connect_poll(link);
		return;
	}
	if (what & EPOLLOUT)
		flush(link);
	if (link->phase >= LINK_READY)
		results_take(link);
}

static void connect_start(struct pglink *link, const char *hostaddr)
{
	link->phase = LINK_CONNECTING;
	link->conn = pg_start(link->params, hostaddr, "console");
	if (!link->conn || PQstatus(link->conn) == CONNECTION_BAD) {
		connect_failed(link);
		return;
	}
	deadline_set(link, CONNECT_US);
	wait_for(link, EPOLLOUT);
}

/* New: the addresses, the one at `turn` first: one that swallows packets would use up the time of
 * all that stand behind it. */
static char *rotated(const char *addresses, unsigned turn)
{
	struct buf out = BUF_INIT;
	unsigned n = 1;
	const char *first = addresses;

	for (const char *p = addresses; (p = strchr(p, ',')); p++)
		n++;
	for (turn %= n; turn > 0; turn--)
		first = strchr(first, ',') + 1;
	buf_puts(&out, first);
	if (first > addresses) {
		buf_putc(&out, ',');
		buf_add(&out, addresses, (size_t)(first - 1 - addresses));
	}
	return buf_detach(&out);
}

static void on_resolved(const struct child_end *end, const struct buf *out, void *data)
{
	struct pglink *link = data;
	char *addresses = pg_resolved(buf_str(out)), *order;

	link->job = NULL;
	if (addresses) {
		order = rotated(addresses, link->turn);
		free(addresses);
		connect_start(link, order);
		free(order);
	} else {
		fail(link, PG_FAULT_UNRESOLVABLE,
		     end->timed_out ? "no name server answers in time"
				    : "the host's name has no address",
		     pg_fault_hint(PG_FAULT_UNRESOLVABLE));
	}
}

static void resolve_start(struct pglink *link, const char *host)
{
	const char *argv[4];
	struct child_spec spec = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct err err = ERR_INIT;

	pg_resolve_argv(host, argv);
	link->phase = LINK_RESOLVING;
	link->job = job_start(link->loop, &spec, NULL, CONNECT_US, 4096, on_resolved, link, &err);
	if (!link->job)
		fail(link, PG_FAULT_UNRESOLVABLE, err.msg, err.hint);
}

void pglink_open(struct pglink *link)
{
	char *host;

	if (link->phase != LINK_NONE)
		return;
	if ((host = pg_unresolved(link->params)))
		resolve_start(link, host);
	else
		connect_start(link, NULL);
	free(host);
}
