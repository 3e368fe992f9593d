/*
 * What a log panel shows of one log or of several: records that pass its filters, merged by time,
 * around a cursor.
 *
 * A record is a line with those that go on with it (a traceback). The records near the cursor lie
 * on a page in memory, oldest first, with copies of their text: whoever draws reads nothing else,
 * and what is held stays as it was even when its file is gone. Further ones are looked for as they
 * are wanted, back to the beginning of the logs; logview_work() does a bounded part of it and says
 * whether there is more to do.
 *
 * Order: records of one log stay in that log's order; of two logs the earlier time goes first, at
 * the same time the log that was named first. What can't be told (a pattern that gives up) is
 * shown, not hidden.
 */
#ifndef SOURCES_LOGVIEW_H
#define SOURCES_LOGVIEW_H

#include "sources/log.h"

#define LOGVIEW_LOGS 16

struct logview;

struct logview_record {
	size_t log;   /* whose it is: index into those given to logview_new() */
	uint64_t seq; /* of its first line */
	int64_t at;   /* wall time; 0: unknown */
	enum loglevel level;
	bool known;	 /* declared as known: harmless */
	bool gap;	 /* lines before it are gone: their file was cut or removed */
	unsigned folded; /* lines that go on with it */
	size_t true_len; /* bytes in the file, of its first line */
	size_t body;	 /* where in `text` the message begins, behind time, name and level */
	char *text;	 /* its first line, clean */
	char *meaning;	 /* what the runbook says it means; NULL: nothing */
	char *tells; /* of the lines that go on with it the one that matches a pattern, else the one
			that says most (a traceback's exception); NULL: none */
	char *rest;  /* those lines, separated by \n, once it was opened; NULL: folded */
};

enum logview_pattern {
	LOGVIEW_SEARCH,	 /* hides nothing: is looked for, and highlighted */
	LOGVIEW_ONLY,	 /* only records with a line that matches */
	LOGVIEW_WITHOUT, /* only records without one */
	LOGVIEW_PATTERNS
};

/* What logview_seek() goes to. */
enum logview_goal { LOGVIEW_ANY, LOGVIEW_ERROR, LOGVIEW_MATCH };

/* What the latest seek or move came to. */
enum logview_outcome { LOGVIEW_THERE, LOGVIEW_LOOKING, LOGVIEW_NONE };

/* New: follows the newest lines. `logs` are sources of type log, borrowed; at most LOGVIEW_LOGS. */
struct logview *logview_new(const struct source *const *logs, size_t n);
void logview_free(struct logview *view); /* accepts NULL */

/* ---- filters ---- */

/* Sets a pattern: lib/rx, smart case, over lines as they are shown; NULL or "" ends it. A bad one
 * is -1 with its place and reason, and the one before stays. */
int logview_pattern(struct logview *view, enum logview_pattern which, const char *pattern,
		    struct err *err);
const char *logview_pattern_text(const struct logview *view,
				 enum logview_pattern which); /* or NULL */
/* The next match in a text at or behind `start`, for highlighting; false without a search. */
bool logview_match(const struct logview *view, const char *text, size_t start, size_t *from,
		   size_t *to);
/* Records below this level are hidden (LOGLEVEL_NONE: none is), known ones count as harmless. */
void logview_least(struct logview *view, enum loglevel least);
enum loglevel logview_least_now(const struct logview *view);
/* Whether a level or a pattern hides records. */
bool logview_is_picking(const struct logview *view);
/* Lines on which a pattern gave up since it was set. */
uint64_t logview_unsure(const struct logview *view);

/* ---- work ---- */

/* Takes in what came, looks for what is wanted: `rows` records on either side of the cursor, and
 * the goal of a seek. Returns after about `budget_us`; true when there is more to do at once. */
bool logview_work(struct logview *view, size_t rows, int64_t budget_us);
/* Lines looked at since the seek or the filter began. */
uint64_t logview_looked(const struct logview *view);
/* The page is not full, and no further lines are looked at unless somebody goes back to them. */
bool logview_is_short(const struct logview *view);
enum logview_outcome logview_outcome(const struct logview *view);
/* Ends a seek; the cursor stays where it is. */
void logview_stop(struct logview *view);

/* ---- the page ---- */

size_t logview_count(const struct logview *view);
const struct logview_record *logview_at(const struct logview *view, size_t i);
/* Index of the selected record: the newest one while it follows; `count` when there is none. */
size_t logview_cursor(const struct logview *view);
/* The page begins with the oldest record that can be had; ends with the newest. */
bool logview_at_oldest(const struct logview *view);
bool logview_at_newest(const struct logview *view);
/* Why there is nothing before the page's first record, of one of the logs; LOG_LINE: there may be.
 */
enum log_found logview_end(const struct logview *view, size_t log);
/* Index of a record that is on the page still; `count`: it is not. */
size_t logview_find(const struct logview *view, size_t log, uint64_t seq);
/* How often a message with the meaning of record `i` is on the page, up to itself and within an
 * hour, and how long before it the first of them was, microseconds. */
unsigned logview_times(const struct logview *view, size_t i, int64_t *span);

/* ---- moving ---- */

/* Held: nothing on the page moves or changes, whatever comes in. */
bool logview_held(const struct logview *view);
void logview_hold(struct logview *view);
void logview_follow(struct logview *view);
/* Lines that came since it was held, and records of them that are errors. */
uint64_t logview_missed(const struct logview *view, uint64_t *errors);
/* Moves the cursor by so many records, or as far as there are any; holds. Beyond the newest one it
 * follows. */
void logview_move(struct logview *view, long by);
/* To the oldest record that can be had, without a look at those between; holds. */
void logview_oldest(struct logview *view);
/* To the nearest record with that goal, older or newer than the cursor; holds. */
void logview_seek(struct logview *view, enum logview_goal goal, bool newer);
/* Opens or closes the cursor's record in place: its further lines become `rest`. */
void logview_open(struct logview *view);

/* The longest pause between the latest hundred records, of all logs: what is usual for them.
 * Microseconds; 0: not known. */
int64_t logview_pause(const struct logview *view);

#endif
