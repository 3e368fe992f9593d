/*
 * Private to the sqlite_*.c files: an open database with a deadline.
 */
#ifndef LIB_SQLITE_PRIVATE_H
#define LIB_SQLITE_PRIVATE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "lib/sqlite.h"

struct sqlite {
	sqlite3 *db;
	const char *path; /* owned */
	const struct clock *clock;
	int64_t deadline;
	bool late;
};

/* New; NULL with err. `flags` as sqlite3_open_v2() has them. `at_rest`: nobody writes to it, and no
 * file is made beside it. */
struct sqlite *sqlite_open_flags(const char *path, int flags, bool at_rest,
				 const struct clock *clock, int64_t deadline, struct err *err);
/* -1, with what the last call on it said. */
int sqlite_fail(struct sqlite *sqlite, struct err *err);
/* Values for ?1, ?2, ... (a list of scalars, or NULL). */
int sqlite_bind(struct sqlite *sqlite, sqlite3_stmt *statement, const json_t *with,
		struct err *err);
/* Statements without values and answers. */
int sqlite_exec(struct sqlite *sqlite, const char *sql, struct err *err);
/* Whether the deadline has passed. */
bool sqlite_is_late(struct sqlite *sqlite);
/* Between two attempts at a lock. */
void sqlite_pause(void);

#endif
