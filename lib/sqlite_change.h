/*
 * Changes of SQLite databases: SQL in one transaction, of which can be said later whether it
 * happened, and a database put back as it was.
 */
#ifndef LIB_SQLITE_CHANGE_H
#define LIB_SQLITE_CHANGE_H

#include "lib/sha256.h"
#include "lib/sqlite.h"

struct sqlite_change {
	const char *sql;     /* one statement, or (without `with`) several; no BEGIN, no COMMIT */
	const json_t *with;  /* values for ?1, ?2, ...; or NULL */
	int64_t expect_rows; /* that the last statement must touch (or give), else all is rolled
				back; -1: any number */
	bool foreign_keys;   /* are enforced */
	const char *kept; /* a copy of the database as it was; or NULL. Where the transaction finds
			     other content, it is copied anew, before anything is changed */
	const char *note; /* a file that gets sqlite_digest() of what the transaction leaves,
			     synced, before it is committed */
};

/* *rows: touched or given by the last statement. 0: committed. -1: rolled back, or (killed, disk
 * failing) not known: then the note tells. Blocking until the deadline. */
int sqlite_change(const char *path, const struct sqlite_change *change, const struct clock *clock,
		  int64_t deadline, int64_t *rows, struct err *err);
/* SHA-256 over the schema and all rows of all tables, each in the order of its key: equal for equal
 * content, whatever its pages are. Reads the whole database. Of a path: what a dead process left
 * half done is rolled back first, as whoever opens it next would do. */
int sqlite_digest(struct sqlite *sqlite, char hex[SHA256_HEX], struct err *err);
int sqlite_digest_of(const char *path, const struct clock *clock, int64_t deadline,
		     char hex[SHA256_HEX], struct err *err);
/* The same of a file that nobody writes to; nothing is made beside it. */
int sqlite_digest_at_rest(const char *path, const struct clock *clock, int64_t deadline,
			  char hex[SHA256_HEX], struct err *err);
/* Gives the database the content of another one, in one transaction: who has it open sees all of it
 * or nothing. Refused unless its digest is `expected` until nobody else can write any more. */
int sqlite_put_back(const char *path, const char *from, const char *expected,
		    const struct clock *clock, int64_t deadline, struct err *err);

#endif
