/*
 * The client programs of PostgreSQL: where they are, and how they are told which server to use.
 */
#ifndef LIB_PG_TOOLS_H
#define LIB_PG_TOOLS_H

#include "lib/err.h"
#include "lib/pg.h"

/* New: the path of a program ("pg_dump"): from `bin` (may be NULL), else the newest version below
 * /usr/lib/postgresql, else its name when it is found in PATH. NULL with err when there is none. */
char *pg_tool(const char *bin, const char *program, struct err *err);

/* New: a connection string for --dbname. It holds no secret. `version` is the server's (150020):
 * from 14 on the session ends soon after its client died. `database` NULL: the declared one. */
char *pg_conninfo(const struct pg_params *params, const char *database, const char *mark,
		  int version);

#endif
