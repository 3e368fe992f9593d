/*
 * One SQLite database in the place of another: the new one is made beside it, checked, and takes
 * the name in one rename; the old one is kept beside it.
 *
 *     PATH                the database
 *     PATH.new-MARK       the new one while it is made
 *     PATH.before-MARK    the old one afterwards, with its logs (-wal, -journal) where it has any
 *     PATH.undone-MARK    the new one after an undo
 *
 * A log must never lie beside a database that it does not belong to: SQLite would write it into it.
 * So the old database's log is written back first; where that can't be done (it is damaged) the log
 * goes with it, before the new one comes. Killed anywhere, PATH is the whole old or the whole new
 * file, but for that log, which sqliteswap_clean() brings back. Nobody may have PATH open.
 */
#ifndef LIB_SQLITESWAP_H
#define LIB_SQLITESWAP_H

#include <jansson.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"

struct sqliteswap {
	char *path, *fresh, *aside, *undone; /* owned */
	const struct clock *clock;
	int64_t deadline; /* monotonic */
	int log;	  /* descriptor for what happens, line by line; -1: none */
};

/* `mark` may be part of a file's name. */
void sqliteswap_init(struct sqliteswap *swap, const char *path, const char *mark,
		     const struct clock *clock, int64_t deadline, int log);
void sqliteswap_release(struct sqliteswap *swap);

/* What stands in the way: users of PATH, its kind, its folder. Reads only. */
int sqliteswap_ready(const struct sqliteswap *swap, struct err *err);
/* New: the names, and which file PATH is now. */
json_t *sqliteswap_before(const struct sqliteswap *swap, struct err *err);
/* Puts swap->fresh, which the caller has made and checked, in the place of PATH, with PATH's owner,
 * mode and access list (0600 where there is none). `before` has a "note", too: a file that gets
 * which one it is, before it is there. */
int sqliteswap_put(const struct sqliteswap *swap, const json_t *before, struct err *err);
/* 1: another file has come into PATH's place; 0: PATH is the file it was; -1: can't be said. */
int sqliteswap_settled(const struct sqliteswap *swap, const json_t *before, struct buf *why);
/* The old file comes back; the new one is kept as swap->undone. */
int sqliteswap_undo(const struct sqliteswap *swap, const json_t *before, struct err *err);
int sqliteswap_undone(const struct sqliteswap *swap, const json_t *before, struct buf *why);
/* Clears what a dead one left: the half-made file, a log that was moved too early. */
int sqliteswap_clean(const struct sqliteswap *swap, const json_t *before, struct err *err);

#endif
