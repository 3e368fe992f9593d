/*
 * SQLite databases, read.
 *
 * A database is opened read-only, for one question, and closed again; every question has a
 * deadline: it neither waits for a lock nor runs longer than that. A reader holds up writers while
 * it reads, unless the database is in WAL mode: questions had better be short. Opening a database
 * in WAL mode may make its
 * "-shm" file, with the database's owner and mode, as any reader does.
 *
 * Who holds a lock is read from the kernel (fcntl(2), F_OFD_GETLK), without taking one. Which bytes
 * mean what: https://www.sqlite.org/fileformat2.html (the lock-byte page),
 * https://www.sqlite.org/walformat.html.
 */
#ifndef LIB_SQLITE_H
#define LIB_SQLITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/clock.h"
#include "lib/err.h"

struct sqlite;

/* New; NULL with err. `deadline` is a monotonic time of `clock`. A file that is missing is an
 * error, never made. */
struct sqlite *sqlite_open(const char *path, const struct clock *clock, int64_t deadline,
			   struct err *err);
/* The same for a file that nobody writes to, such as a backup: nothing is made beside it, and a log
 * that lies there is not read. */
struct sqlite *sqlite_open_at_rest(const char *path, const struct clock *clock, int64_t deadline,
				   struct err *err);
void sqlite_close(struct sqlite *sqlite);

struct sqlite_answer {
	size_t rows;  /* looked at: at most SQLITE_ROWS_MAX */
	char *column; /* owned: the first column's name */
	char *value;  /* owned: the first row's first value as text; NULL: no row, or an SQL NULL */
};
#define SQLITE_ROWS_MAX 1000000

/* One statement that only reads, with values for ?1, ?2, ... (a list of scalars, or NULL). 0 or -1;
 * release works after failures, too. */
int sqlite_ask(struct sqlite *sqlite, const char *sql, const json_t *with,
	       struct sqlite_answer *answer, struct err *err);
void sqlite_answer_release(struct sqlite_answer *answer);

/* Whether the last failed question failed because the file is damaged, or no database. */
bool sqlite_is_damaged(const struct sqlite *sqlite);

/* PRAGMA integrity_check, or quick_check: reads the whole file. 1: sound; 0: damaged, `said` is
 * what it found first (clean); -1 with err when that is not known. */
int sqlite_integrity(struct sqlite *sqlite, bool quick, char *said, size_t size, struct err *err);

/* Bytes of the file, and of its write-ahead log (0: there is none). */
int sqlite_size(const char *path, int64_t *bytes, int64_t *wal, struct err *err);

/* Whether somebody holds the lock that only one writer can have: with *holder (0: not known which)
 * and, in milliseconds asked again and again, for the whole of `within_us` (0: right now). Blocking
 * for so long. 1 or 0, -1 with err. The process must have no connection to that database. */
int sqlite_locked(const char *path, int64_t within_us, const struct clock *clock, pid_t *holder,
		  struct err *err);

#endif
