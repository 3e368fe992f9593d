/*
 * The statements of a restore by swap, as a list: the plan shows the very list that the run
 * executes. Private to lib/pgswap*.c.
 */
#ifndef LIB_PGSWAP_SQL_H
#define LIB_PGSWAP_SQL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/pgswap.h"

struct script {
	char **sql; /* owned */
	size_t n, cap;
};

void script_add(struct script *script, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void script_release(struct script *script);
/* Runs one after the other, noting each in the log. */
int script_run(struct pg *pg, const struct script *script, int log, struct err *err);
void script_show(const struct script *script, struct buf *out);
/* One line into the log. */
void pgswap_note(int log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* New: "NAME_WHAT_MARK", at most 63 bytes. */
char *pgswap_name(const char *database, const char *what, const char *mark);
/* New: the row of pg_database as JSON, with "owner", "tablespace" and "comment" by name; NULL
 * without err when there is no such database. */
json_t *pgswap_database(struct pg *pg, const char *name, struct err *err);
/* Whether a DROP DATABASE of it was begun and never ended, since the server died: it can't be
 * altered, only be dropped. PostgreSQL says so since 15.4, by a datconnlimit of -2
 * (DATCONNLIMIT_INVALID_DB in catalog/pg_database.h). */
bool pgswap_half_dropped(const json_t *database);

/* Makes the copy: CREATE DATABASE ... TEMPLATE template0 as `old` is (NULL: with the server's
 * defaults), closed to the public, marked by its comment. */
void pgswap_sql_create(struct script *script, const struct pgswap *swap, const char *name,
		       const json_t *old);
/* Gives the copy what a rename would lose: privileges, connection limit, settings, comment. `old`
 * NULL: only lets the public in again. */
int pgswap_sql_carry(struct script *script, struct pg *pg, const char *name, const json_t *old,
		     struct err *err);
/* Closes a database and ends its sessions; the other one opens it. */
void pgswap_sql_close(struct script *script, const char *name);
void pgswap_sql_open(struct script *script, const char *name);
/* One transaction: `live` (NULL: there is none) becomes `aside`, `copy` becomes `name`; what was
 * closed is open again. */
void pgswap_sql_swap(struct script *script, const char *live, const char *aside, const char *copy,
		     const char *name);
/* What the mark on a database reads. New. */
char *pgswap_comment(const char *mark);

/* New: a session on the maintenance database, which must be on the declared server and writable. */
struct pg *pgswap_admin(const struct pgswap *swap, const char *mark, int64_t timeout_us,
			struct err *err);
/* 0 when nothing stands in the way; *old gets the old database's row (new), NULL when there is
 * none. */
int pgswap_obstacles(const struct pgswap *swap, struct pg *pg, json_t **old, struct err *err);
/* What keeps the old database from being exchanged: prepared transactions, logical slots,
 * subscriptions. 0 when there is none. */
int pgswap_holders(const struct pgswap *swap, struct pg *pg, struct err *err);
/* New: the sidecar, when the dump is sound and fit for this server. `quick`: its bytes are not
 * read. */
json_t *pgswap_check(const struct pgswap *swap, struct pg *pg, bool quick, struct err *err);
/* pgswap_clean(), again and again while the server, which may have crashed, starts again: nobody
 * else opens NAME. Blocking for a minute at most. */
int pgswap_put_back(const struct pgswap *swap, const json_t *before, struct err *err);
/* Ends a database's sessions and drops it; refuses the one that was there before. */
int pgswap_drop(struct pg *pg, const json_t *database, const json_t *before, int log,
		struct err *err);

#endif
