/*
 * SQLite databases: what the source and the probe share, and what a panel shows.
 */
#ifndef SOURCES_SQLITE_H
#define SOURCES_SQLITE_H

#include "lib/sqlite.h"
#include "sources/source.h"
#include "sources/sqlanswer.h"

/* "process 4711 holds /srv/games.db: python bot.py", or that nobody does. Returns `out`. */
char *sqlite_holder_text(const char *path, int locked, pid_t holder, char *out, size_t size);

enum sqlite_journal { SQLITE_JOURNAL_UNKNOWN, SQLITE_JOURNAL_ROLLBACK, SQLITE_JOURNAL_WAL };

/* Texts are clean, times are wall times. */
struct sqlite_info {
	const char *path; /* borrowed */
	int64_t at;	  /* of the last look; 0: there was none yet */
	bool missing;
	char why[200]; /* why the last look saw nothing; "" when it did */
	int64_t bytes, wal;
	enum sqlite_journal journal;
	bool hot;	      /* a rollback journal lies there that nobody writes */
	bool locked;	      /* a writer holds it */
	pid_t holder;	      /* 0: not known */
	char command[128];    /* the holder's, or "" */
	int64_t locked_since; /* first look that saw this holder, without a break */
	/* The last check of the whole file (PRAGMA quick_check). By itself it is made hourly where
	 * that holds up no writer for long: with a write-ahead log, or up to 16 MB. */
	int checked; /* 1: sound, 0: damaged, -1: not known */
	int64_t checked_at, check_took_us;
	char said[200]; /* what it found first, or why it is not known */
	bool checks;	/* whether it is checked at all */
};

/* NULL when `source` is of another type. Borrowed until the next turn of the loop; kept up to date,
 * in forked copies, for as long as this is called. Without a loop it stays empty. */
const struct sqlite_info *sqlite_info(struct source *source);

#endif
