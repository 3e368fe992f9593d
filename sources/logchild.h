/*
 * A log that a program prints: started again when it ends, sooner at first, then later and later.
 *
 * What the program is and what its lines mean is its owner's (sources/logjournal, sources/log).
 */
#ifndef SOURCES_LOGCHILD_H
#define SOURCES_LOGCHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/loop.h"

enum logchild_state {
	LOGCHILD_READING,   /* what was there before is still coming */
	LOGCHILD_FOLLOWING, /* it runs, and everything that was there has come */
	LOGCHILD_ENDED,	    /* it ended, or could not be started; or is not seen to run yet */
};

struct logchild_calls {
	/* New: the command line of the next start, by argv_free(). */
	char **(*argv)(void *data);
	/* One line, cut at `line_max`; `true_len` is its whole length. */
	void (*line)(const char *bytes, size_t len, size_t true_len, void *data);
	/* It ended by itself; true when that is all right and the next start is due at once. May be
	 * NULL. */
	bool (*done)(const struct child_end *end, void *data);
	/* Something came or the state changed. */
	void (*looked)(void *data);
	void *data;
	const char *package; /* that brings the program, or NULL */
	size_t line_max;
	/* Whoever prints what was there before first, and doesn't say when that is over: it is when
	 * nothing comes for a moment. */
	bool settles;
	bool kept; /* it may start others that get away from it: they end with it all the same */
};

struct logchild;

/* New, started. `loop` NULL: it has one of its own, which logchild_look() turns. NULL with err only
 * when the system refuses a loop. */
struct logchild *logchild_new(struct loop *loop, const struct clock *clock,
			      const struct logchild_calls *calls, struct err *err);
/* Ends the program; accepts NULL. */
void logchild_free(struct logchild *child);
/* With a loop of its own: waits until what is there has been read, or nothing will come, ten
 * seconds at most. */
void logchild_look(struct logchild *child);

enum logchild_state logchild_state(const struct logchild *child);
/* Nothing that was there before is to come any more (whoever does not settle by itself). */
void logchild_settled(struct logchild *child);
/* Why it is not running, and when it is started again: "journalctl ended with exit status 1: ...;
 * again in 8 s"; clean. "" while it runs. */
void logchild_why(const struct logchild *child, char *out, size_t size);
/* The last line was said by the program about itself: the reason, should it end. */
void logchild_said(struct logchild *child, const char *bytes, size_t len);

#endif
