/*
 * A walk through several logs at once, merged by time, over the records that pass. Part of
 * sources/logview.
 */
#ifndef SOURCES_LOGVIEW_WALK_H
#define SOURCES_LOGVIEW_WALK_H

#include "lib/rx.h"
#include "sources/logview.h"

/* Lines of one record that are looked at and shown: a traceback, not a flood. */
#define LOGVIEW_REST 200

/* What passes. */
struct logview_sieve {
	struct rx *rx[LOGVIEW_PATTERNS]; /* owned; NULL: none */
	char *text[LOGVIEW_PATTERNS];	 /* owned */
	enum loglevel least;
	uint64_t unsure;	  /* lines on which a pattern gave up */
	struct logline_zone zone; /* for finding where a message begins */
};

/* How far the walk has come in one log. */
struct logview_side {
	uint64_t at;  /* the latest line looked at; towards older ones: a bound, 0 the newest */
	int64_t when; /* its time; meaningful once it has begun */
	bool begun;
	bool ended;	    /* nothing is left there, for now */
	bool gap;	    /* lines were passed over because they are gone */
	enum log_found end; /* why, when it has ended */
	uint64_t head;	    /* towards newer ones: the latest record; 0: not known */
	uint64_t grown; /* a record that got further lines; 0: none. Whoever heeds it clears it */
	struct logview_record *found; /* owned: the next of this log that passes; NULL: none yet */
};

struct logview_walk {
	bool newer; /* towards newer lines */
	enum logview_goal goal;
	struct logview_side sides[LOGVIEW_LOGS];
	struct log_line line; /* scratch */
};

/* Work that one call may do. */
struct logview_budget {
	int64_t until;	 /* monotonic */
	uint64_t looked; /* lines so far */
	uint64_t next;	 /* the clock is asked then */
	bool spent;
};
bool logview_spent(struct logview_budget *budget);

/* Puts one side of the walk beyond `bound`: towards older lines the next is the one before it,
 * towards newer ones the one behind it. */
void logview_side_set(struct logview_side *side, uint64_t bound);
/* The next record in order, new: 1; 0 when there is none for now, -1 when the budget is spent. */
int logview_walk_next(struct logview_walk *walk, const struct source *const *logs, size_t n,
		      struct logview_sieve *sieve, struct logview_budget *budget,
		      struct logview_record **out);
/* Frees what was found and not taken. */
void logview_walk_release(struct logview_walk *walk);
/* The record that begins with `line`, new, when it passes; else NULL. */
struct logview_record *logview_sift(struct logview_sieve *sieve, enum logview_goal goal,
				    const struct source *source, size_t log,
				    const struct log_line *line, struct logview_budget *budget);
void logview_record_free(struct logview_record *record); /* accepts NULL */
/* Whether a stands before b: by time, then by log. */
bool logview_is_before(const struct logview_record *a, const struct logview_record *b);

#endif
