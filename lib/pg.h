/*
 * PostgreSQL through libpq: the driver that reading and acting share.
 *
 * A declaration names host, port, database and role itself (or a service file's entry). PG*
 * variables of the environment never fill a gap: they are removed before libpq looks. Sessions call
 * themselves "backout MARK", so that what a dead process left on the server can be found and ended.
 *
 * Blocking calls wait with non-blocking libpq and poll() and keep deadlines of their own: the
 * asynchronous connect ignores connect_timeout, and a frozen backend keeps no statement_timeout. A
 * connection whose deadline passed is closed and answers every further query with an error. Host
 * names are resolved in a child process (a job running pg_resolve_argv), because libpq would block.
 *
 * Nothing here prints: libpq's notices and its warning about a readable password file are caught.
 */
#ifndef LIB_PG_H
#define LIB_PG_H

#include <jansson.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/field.h"

/* What a declaration may hold; shared by the source and everything that opens it. */
extern const struct field pg_fields[];

struct pg_params {
	char *host, *port, *database, *role;	  /* owned; NULL only when `service` gives them */
	char *sslmode, *service, *passfile, *bin; /* owned; NULL: not given */
	char *identity; /* owned; the expected system_identifier, or NULL */
	json_t *loss;	/* owned; table -> time column, or NULL */
};

/* From a filled-in declaration ({"host": ..., ...}). `*params` is filled or, on failure, released.
 */
int pg_params_from(const json_t *declared, struct pg_params *params, struct err *err);
/* A copy that names another database (NULL: the same). */
void pg_params_copy(struct pg_params *to, const struct pg_params *from, const char *database);
void pg_params_release(struct pg_params *params);
/* "etlegacy on /run/postgresql port 5432". Returns `out`. */
char *pg_params_text(const struct pg_params *params, char *out, size_t size);

/* Why a server could not be used. */
enum pg_fault {
	PG_FAULT_NONE,
	PG_FAULT_DOWN,	       /* nobody listens there */
	PG_FAULT_UNREACHABLE,  /* no way leads to the host */
	PG_FAULT_SLOTS,	       /* no connection slots left: it is up, and full */
	PG_FAULT_DENIED,       /* it does not let this role in from here */
	PG_FAULT_AUTH,	       /* it would, but who we are was not proved */
	PG_FAULT_TLS,	       /* the two do not agree on TLS */
	PG_FAULT_TIMEOUT,      /* no answer in time */
	PG_FAULT_FROZEN,       /* it takes the connection and says nothing */
	PG_FAULT_STARTING,     /* starting up, shutting down or recovering */
	PG_FAULT_UNRESOLVABLE, /* the host's name has no address */
	PG_FAULT_DATABASE,     /* the database does not exist */
	PG_FAULT_CLOSED,       /* it exists, and takes no connections */
	PG_FAULT_PRIVILEGE,    /* the role may not do this */
	PG_FAULT_LOST,	       /* the connection broke */
	PG_FAULT_SQL,	       /* the statement itself failed */
};

/* "down", "no connection slots left", "authentication failed", ... */
const char *pg_fault_name(enum pg_fault fault);
/* What to do about it, in a few words; "" when that depends. */
const char *pg_fault_hint(enum pg_fault fault);
/* By SQLSTATE (PostgreSQL manual, appendix A); PG_FAULT_SQL for all that is not about access. */
enum pg_fault pg_fault_of_state(const char *sqlstate);

#define PG_NAME_MAX 64 /* NAMEDATALEN, with the final NUL */

/* "backout MARK", shortened by a hash when PostgreSQL would cut it. Returns `out`. */
char *pg_app_name(const char *mark, char out[PG_NAME_MAX]);
/* New: the mark with four random digits behind it. Consoles of different hosts count their
 * incidents each for itself: what is left on a server by one must never be taken for the other's.
 */
char *pg_own_mark(const char *mark);
/* New: the host's name, declared or of the service's entry, that libpq would look up and wait for;
 * NULL when there is none: it is a path or a numeric address, or the entry has the address. (Of
 * several hosts, separated by commas, libpq looks up each when it comes to it.) */
char *pg_unresolved(const struct pg_params *params);
/* The command whose output lists the addresses of `host`, which `argv` borrows. */
void pg_resolve_argv(const char *host, const char *argv[4]);
/* The addresses of that output, separated by commas. New; NULL when there is none. */
char *pg_resolved(const char *output);
/* Begins a connection without waiting (PQconnectStart): the caller polls it. `hostaddr` (or NULL)
 * are the addresses of pg_unresolved()'s host, separated by commas. New: PQfinish(); NULL only when
 * memory is short. */
PGconn *pg_start(const struct pg_params *params, const char *hostaddr, const char *mark);
/* Why a connection that pg_start() began came to PGRES_POLLING_FAILED, and in `err` (or NULL) as a
 * sentence that names the server. */
enum pg_fault pg_start_fault(const struct pg_params *params, PGconn *conn, struct err *err);
/* The same of one that came to no end in time: whether anybody took the connection. */
enum pg_fault pg_late_fault(const struct pg_params *params, const PGconn *conn, struct err *err);

struct pg;

/* New, or NULL with `*fault` (which may be NULL) and err. Every later query has `timeout_us` too,
 * until pg_timeout() changes it; the server's own time limits for statements, transactions and idle
 * sessions are off, but for lock_timeout. */
struct pg *pg_open(const struct pg_params *params, const char *mark, int64_t timeout_us,
		   enum pg_fault *fault, struct err *err);
/* Accepts NULL. */
void pg_close(struct pg *pg);
void pg_timeout(struct pg *pg, int64_t timeout_us);
/* 150020 for 15.20. */
int pg_version(const struct pg *pg);
/* The process number that the connection began with (PQbackendPID); 0 when it is lost. */
int pg_backend(const struct pg *pg);
/* What the last failed query failed with. */
enum pg_fault pg_fault(const struct pg *pg);

/* One statement with bound text parameters $1... (NULL elements are SQL NULLs). New: PQclear();
 * NULL with err when it failed. */
PGresult *pg_query(struct pg *pg, struct err *err, const char *sql, size_t n,
		   const char *const *values);
/* Statements without parameters, perhaps several. New: the last one's result. */
PGresult *pg_script(struct pg *pg, struct err *err, const char *sql);
/* The same, the result thrown away. */
int pg_exec(struct pg *pg, struct err *err, const char *sql);
/* pg_exec() of a format. Names and values must have been quoted (pg_name, pg_text). */
int pg_execf(struct pg *pg, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Sends "COPY ... TO STDOUT" and hands on what comes, in pieces, until `take` gives -1 (it sets
 * err). The connection is given up when it did not come to its end. `*rows` gets their number. */
int pg_copy_out(struct pg *pg, const char *sql,
		int (*take)(const char *bytes, size_t len, void *data, struct err *err), void *data,
		long long *rows, struct err *err);
/* New: the first column of the first row, of a statement with at most one parameter (NULL: none).
 * NULL without err when there is no row or it is an SQL NULL. */
char *pg_value(struct pg *pg, struct err *err, const char *sql, const char *value);
/* New: quoted as an identifier, and as a literal. */
char *pg_name(const char *name);
char *pg_text(const char *text);
/* Parameters of a JSON list of scalars as text. Both new: free() the array with pg_values_free().
 */
char **pg_values(const json_t *with, size_t *n);
void pg_values_free(char **values, size_t n);

/* Makes every statement of the session read-only and bounded by `timeout_us`. */
int pg_read_only(struct pg *pg, int64_t timeout_us, struct err *err);
/* The server is the one that was declared: system_identifier (where declared), database, and (with
 * `writable`) not in recovery. */
int pg_check_identity(struct pg *pg, const struct pg_params *params, bool writable,
		      struct err *err);
/* New: pg_control_system()'s system_identifier. */
char *pg_system_identifier(struct pg *pg, struct err *err);

#endif
