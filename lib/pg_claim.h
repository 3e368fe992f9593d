/*
 * Who works on a database: an advisory lock on the server itself, so that consoles of different
 * hosts, which share no file, never change one database at a time.
 *
 * The lock's key is made of the database's name. PostgreSQL's advisory locks belong to the database
 * of the session that takes them; a restore has to work from another one. So whoever has taken its
 * own looks through all databases' locks for the same key: of two that come at the same time at
 * most one goes on.
 *
 * Whoever replaces, drops or migrates a database holds it alone. Statements (pg_sql) share it: they
 * keep each other's order by their own transactions, but what is written into a database that is
 * being replaced would be lost. What only reads takes none: no dump holds up a restore.
 */
#ifndef LIB_PG_CLAIM_H
#define LIB_PG_CLAIM_H

#include <stdbool.h>

#include "lib/err.h"
#include "lib/pg.h"

/* Alone, until the session ends. -1 when another session holds it: the error says whose. */
int pg_claim(struct pg *pg, const char *database, struct err *err);
/* Shared, until the open transaction ends. */
int pg_claim_shared(struct pg *pg, const char *database, struct err *err);

/* Refuses a connection pooler (PgBouncer): with one, session locks, exported snapshots and settings
 * end up in somebody else's session. It is told by the process number that the connection began
 * with, which is not that of the server's process. */
int pg_direct(struct pg *pg, struct err *err);

#endif
