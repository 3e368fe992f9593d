/* Blocking sessions: open, query, and who it is that answers. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/pg.h"
#include "lib/text.h"

struct pg {
	PGconn *conn; /* NULL: broken or given up */
	int64_t timeout_us;
	enum pg_fault fault;
	char name[200]; /* the server, for messages */
};

/* Waits until the connection's socket is ready. 0, or -1 when the deadline passed. */
static int socket_wait(int fd, short events, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - clock_mono(&clock_system);
		struct pollfd p = { .fd = fd, .events = events };
		if (left <= 0)
			return -1;
		int n = poll(&p, 1, left > 3600 * CLOCK_US ? 3600000 : (int)(left / 1000) + 1);
		if (n > 0 || (n < 0 && errno != EINTR))
			return 0;
	}
}

static int resolve(const struct pg_params *params, int64_t timeout_us, char **address,
		   struct err *err)
{
	const char *argv[4];
	struct child_spec spec = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct child_end end;
	struct buf out = BUF_INIT;

	*address = NULL;
	char *host = pg_unresolved(params);
	if (!host)
		return 0;
	pg_resolve_argv(host, argv);
	int result = child_run(&spec, NULL, timeout_us, 4096, &out, NULL, &end, err);
	if (result == 0 && !(*address = pg_resolved(buf_str(&out)))) {
		err_set(err, "PostgreSQL host %s: %s", host,
			end.timed_out ? "its address could not be looked up in time"
				      : "unknown name");
		result = -1;
	}
	free(host);
	buf_release(&out);
	return result;
}

static enum pg_fault connect_wait(const struct pg_params *params, PGconn *conn, int64_t deadline,
				  struct err *err)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	if (!conn || PQstatus(conn) == CONNECTION_BAD)
		return pg_start_fault(params, conn, err);
	while (status != PGRES_POLLING_OK) {
		if (status == PGRES_POLLING_FAILED)
			return pg_start_fault(params, conn, err);
		if (socket_wait(PQsocket(conn), status == PGRES_POLLING_READING ? POLLIN : POLLOUT,
				deadline) < 0)
			return pg_late_fault(params, conn, err);
		status = PQconnectPoll(conn);
	}
	return PG_FAULT_NONE;
}

/* The deadlines are ours. What a role or a database sets for its application's short work would end
 * the session that waits in a transaction while pg_dump runs, or a checksum of a large table. */
static int settings_fix(struct pg *pg, struct err *err)
{
	int version = pg_version(pg);

	return pg_execf(pg, err,
			"SET statement_timeout = 0; SET idle_in_transaction_session_timeout = "
			"0%s%s",
			/* And a server would work on for a client that died. */
			version >= 140000 ? "; SET idle_session_timeout = 0"
					    "; SET client_connection_check_interval = '500ms'"
					  : "",
			version >= 170000 ? "; SET transaction_timeout = 0" : "");
}

struct pg *pg_open(const struct pg_params *params, const char *mark, int64_t timeout_us,
		   enum pg_fault *fault, struct err *err)
{
	enum pg_fault ignored;
	int64_t deadline = clock_mono(&clock_system) + timeout_us;
	char *address;

	fault = fault ? fault : &ignored;
	if (resolve(params, timeout_us, &address, err) < 0) {
		*fault = PG_FAULT_UNRESOLVABLE;
		return NULL;
	}
	PGconn *conn = pg_start(params, address, mark);
	free(address);
	*fault = connect_wait(params, conn, deadline, err);
	if (*fault != PG_FAULT_NONE) {
		PQfinish(conn);
		return NULL;
	}
	PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
	PQsetnonblocking(conn, 1);
	struct pg *pg = xcalloc(1, sizeof *pg);
	pg->conn = conn;
	pg->timeout_us = timeout_us;
	pg_params_text(params, pg->name, sizeof pg->name);
	if (settings_fix(pg, err) < 0) {
		*fault = pg->fault;
		pg_close(pg);
		return NULL;
	}
	return pg;
}

void pg_close(struct pg *pg)
{
	if (!pg)
		return;
	PQfinish(pg->conn);
	free(pg);
}

void pg_timeout(struct pg *pg, int64_t timeout_us)
{
	pg->timeout_us = timeout_us;
}

int pg_version(const struct pg *pg)
{
	return pg->conn ? PQserverVersion(pg->conn) : 0;
}

int pg_backend(const struct pg *pg)
{
	return pg->conn ? PQbackendPID(pg->conn) : 0;
}

enum pg_fault pg_fault(const struct pg *pg)
{
	return pg->fault;
}

static int broken(struct pg *pg, enum pg_fault fault, struct err *err, const char *why)
{
	char line[400];

	text_clean_to(line, sizeof line, why, strcspn(why, "\n"));
	err_set(err, "PostgreSQL %s: %s", pg->name, line);
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->fault = fault;
	return -1;
}

/* Sends what is queued and waits until the next result is whole. */
static int result_wait(struct pg *pg, int64_t deadline, struct err *err)
{
	for (;;) {
		int left = PQflush(pg->conn);
		if (left < 0)
			return broken(pg, PG_FAULT_LOST, err, PQerrorMessage(pg->conn));
		if (left == 0 && !PQisBusy(pg->conn))
			return 0;
		if (socket_wait(PQsocket(pg->conn), left ? POLLIN | POLLOUT : POLLIN, deadline) < 0)
			return broken(pg, PG_FAULT_TIMEOUT, err, "a statement took too long");
		if (!PQconsumeInput(pg->conn))
			return broken(pg, PG_FAULT_LOST, err, PQerrorMessage(pg->conn));
	}
}

static int result_judge(struct pg *pg, const PGresult *result, struct err *err)
{
	char line[500];
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
		return 0;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		return broken(pg, PG_FAULT_SQL, err,
			      "COPY to or from the client is not supported here");
	default:
		break;
	}
	said = said ? said : PQresultErrorMessage(result);
	text_clean_to(line, sizeof line, said, strcspn(said, "\n"));
	pg->fault = pg_fault_of_state(state);
	return err_set(err, "PostgreSQL %s: %s%s%s%s", pg->name, line, state ? " (SQLSTATE " : "",
		       state ? state : "", state ? ")" : "");
}

/* The last result of what was sent; all of them must be fine. */
static PGresult *results_collect(struct pg *pg, struct err *err)
{
	int64_t deadline = clock_mono(&clock_system) + pg->timeout_us;
	PGresult *last = NULL, *next;
	bool failed = false;

	for (;;) {
		if (result_wait(pg, deadline, err) < 0) {
			PQclear(last);
			return NULL;
		}
		if (!(next = PQgetResult(pg->conn)))
			break;
		PQclear(last);
		last = next;
		if (!failed && result_judge(pg, last, err) < 0)
			failed = true;
		if (!pg->conn)
			break;
	}
	if (!failed && last)
		return last;
	PQclear(last);
	err_set(err, "PostgreSQL %s: no result", pg->name);
	if (pg->conn && PQstatus(pg->conn) == CONNECTION_BAD) {
		PQfinish(pg->conn);
		pg->conn = NULL;
		pg->fault = PG_FAULT_LOST;
	}
	return NULL;
}

/* 0 when a statement may be sent. */
static int usable(struct pg *pg, struct err *err)
{
	pg->fault = pg->conn ? PG_FAULT_NONE : PG_FAULT_LOST;
	if (pg->conn)
		return 0;
	return err_set(err, "PostgreSQL %s: the connection was lost before", pg->name);
}

static PGresult *sent(struct pg *pg, int accepted, struct err *err)
{
	if (accepted)
		return results_collect(pg, err);
	broken(pg, PG_FAULT_LOST, err, PQerrorMessage(pg->conn));
	return NULL;
}

PGresult *pg_query(struct pg *pg, struct err *err, const char *sql, size_t n,
		   const char *const *values)
{
	if (usable(pg, err) < 0)
		return NULL;
	return sent(pg, PQsendQueryParams(pg->conn, sql, (int)n, NULL, values, NULL, NULL, 0), err);
}

PGresult *pg_script(struct pg *pg, struct err *err, const char *sql)
{
	if (usable(pg, err) < 0)
		return NULL;
	return sent(pg, PQsendQuery(pg->conn, sql), err);
}

/* 1: a piece came; 0: that was all; -1. */
static int copy_piece(struct pg *pg, char **piece, int *len, struct err *err)
{
	int64_t deadline = clock_mono(&clock_system) + pg->timeout_us;

	while ((*len = PQgetCopyData(pg->conn, piece, 1)) == 0) {
		if (socket_wait(PQsocket(pg->conn), POLLIN, deadline) < 0)
			return broken(pg, PG_FAULT_TIMEOUT, err, "a statement took too long");
		if (!PQconsumeInput(pg->conn))
			return broken(pg, PG_FAULT_LOST, err, PQerrorMessage(pg->conn));
	}
	if (*len == -2)
		return broken(pg, PG_FAULT_LOST, err, PQerrorMessage(pg->conn));
	return *len > 0;
}

int pg_copy_out(struct pg *pg, const char *sql,
		int (*take)(const char *bytes, size_t len, void *data, struct err *err), void *data,
		long long *rows, struct err *err)
{
	int64_t deadline = clock_mono(&clock_system) + pg->timeout_us;
	PGresult *result;
	char *piece;
	int len, more;

	if (usable(pg, err) < 0)
		return -1;
	/* One statement alone: what stands behind it is an error. */
	if (!PQsendQueryParams(pg->conn, sql, 0, NULL, NULL, NULL, NULL, 0))
		return broken(pg, PG_FAULT_LOST, err, PQerrorMessage(pg->conn));
	if (result_wait(pg, deadline, err) < 0)
		return -1;
	result = PQgetResult(pg->conn);
	if (PQresultStatus(result) != PGRES_COPY_OUT) {
		if (result_judge(pg, result, err) == 0)
			broken(pg, PG_FAULT_SQL, err, "the statement copies nothing out");
		PQclear(result);
		PQclear(pg->conn ? results_collect(pg, NULL) : NULL);
		return -1;
	}
	PQclear(result);
	while ((more = copy_piece(pg, &piece, &len, err)) > 0) {
		int taken = take(piece, (size_t)len, data, err);
		PQfreemem(piece);
		if (taken < 0)
			return broken(pg, PG_FAULT_LOST, err, "what it gives can't be written");
	}
	result = more < 0 ? NULL : results_collect(pg, err);
	if (result)
		*rows = atoll(PQcmdTuples(result));
	PQclear(result);
	return result ? 0 : -1;
}

int pg_exec(struct pg *pg, struct err *err, const char *sql)
{
	PGresult *result = pg_script(pg, err, sql);

	PQclear(result);
	return result ? 0 : -1;
}

int pg_execf(struct pg *pg, struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	char *sql = xvasprintf(fmt, args);
	va_end(args);
	int result = pg_exec(pg, err, sql);
	free(sql);
	return result;
}

char *pg_value(struct pg *pg, struct err *err, const char *sql, const char *value)
{
	PGresult *result = pg_query(pg, err, sql, value ? 1 : 0, &value);
	char *text = NULL;

	if (result && PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
		text = xstrdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	return text;
}

/* Quoting by hand works without a connection, too; client_encoding is UTF-8, which has no byte of
 * these two characters inside another. */
static char *quoted(const char *text, char quote, const char *prefix)
{
	struct buf out = BUF_INIT;

	buf_puts(&out, prefix);
	buf_putc(&out, quote);
	for (; *text; text++) {
		if (*text == quote || (quote == '\'' && *text == '\\'))
			buf_putc(&out, *text);
		buf_putc(&out, *text);
	}
	buf_putc(&out, quote);
	return buf_detach(&out);
}

char *pg_name(const char *name)
{
	return quoted(name, '"', "");
}

char *pg_text(const char *text)
{
	return quoted(text, '\'', strchr(text, '\\') ? "E" : "");
}

int pg_read_only(struct pg *pg, int64_t timeout_us, struct err *err)
{
	return pg_execf(pg, err,
			"SET default_transaction_read_only = on; SET statement_timeout = %" PRId64
			"; SET lock_timeout = %" PRId64,
			timeout_us / 1000 + 1, timeout_us / 1000 + 1);
}

char *pg_system_identifier(struct pg *pg, struct err *err)
{
	return pg_value(pg, err, "SELECT system_identifier::text FROM pg_control_system()", NULL);
}

int pg_check_identity(struct pg *pg, const struct pg_params *params, bool writable, struct err *err)
{
	/* Some hosted servers let nobody call pg_control_system(): ask only where it is compared.
	 */
	PGresult *row =
	    pg_query(pg, err,
		     params->identity ? "SELECT current_database(), pg_is_in_recovery(),"
					" (SELECT system_identifier::text FROM pg_control_system())"
				      : "SELECT current_database(), pg_is_in_recovery(), ''",
		     0, NULL);
	int result = -1;

	if (!row)
		return -1;
	const char *database = PQgetvalue(row, 0, 0), *identity = PQgetvalue(row, 0, 2);
	if (params->database && strcmp(database, params->database) != 0) {
		err_set(err, "wrong server: connected to database %s, declared is %s", database,
			params->database);
	} else if (params->identity && strcmp(identity, params->identity) != 0) {
		err_set(err, "wrong server: %s has system_identifier %s, declared is %s", pg->name,
			identity, params->identity);
		err_hint(err, "this is another cluster than the one the target names");
	} else if (writable && PQgetvalue(row, 0, 1)[0] == 't') {
		err_set(err, "%s is in recovery (a standby): it can't be written", pg->name);
		err_hint(err, "name the primary server");
	} else {
		result = 0;
	}
	PQclear(row);
	return result;
}
