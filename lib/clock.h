/*
 * Time, replaceable.
 *
 * Nothing but this file asks the system for the time: whoever needs it is handed a clock, so that
 * tests and deployment drills can set it. All times are int64_t microseconds: wall times since
 * 1970-01-01T00:00:00Z, monotonic times since some fixed point of this boot.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>

#include "lib/err.h"

#define CLOCK_US 1000000LL /* microseconds in a second */

struct clock {
	int64_t (*wall)(const struct clock *clock);
	int64_t (*mono)(const struct clock *clock);
};

/* The system's clocks: CLOCK_REALTIME and CLOCK_MONOTONIC. */
extern const struct clock clock_system;

/* How long to wait for about `us` until a second of wall time begins, whichever is nearest: what
 * waits so happens together with all that goes by the clock. Microseconds, at least `us` less half
 * a second. */
int64_t clock_to_second(const struct clock *clock, int64_t us);

/*
 * A clock that can be moved on, for drills: a file that holds by how much the wall time is ahead of
 * the system's. Like a time zone it is a matter of the whole process: whoever asks clock_system
 * sees it, and so does every process that follows the same file, as soon as it is moved. The
 * monotonic time stays the system's: deadlines and timers know nothing of it.
 *
 *     the file   two 64-bit integers in the host's byte order, microseconds: how far ahead; and a
 *                wall time that a move does not pass (0: none)
 */
#define CLOCK_ENV "BACKOUT_CLOCK" /* names the file to children; only our own workers heed it */

/* Makes the file, readable by everybody: nothing ahead, no stop. */
int clock_make(const char *path, struct err *err);
/* clock_system follows that file from now on; children started by lib/child.h are told. NULL: it
 * follows the system again. */
int clock_follow(const char *path, struct err *err);
/* Path of the file that is followed, or NULL. */
const char *clock_followed(void);
/* By how much clock_system's wall time is ahead of the system's, that files bear. Microseconds. */
int64_t clock_ahead(void);
/* Moves a followed clock on to `wall`, or as far as its stop lets it; never back. 0 when `wall` is
 * reached. -1 with err when no clock is followed, or it may not be written. 1: it stopped before.
 */
int clock_move(int64_t wall, struct err *err);
/* A move of the followed clock does not pass that wall time from now on; 0: it passes again. */
void clock_stop(int64_t wall);

/* A clock that stands still until it is moved. */
struct clock_manual {
	struct clock clock; /* hand out &manual.clock */
	int64_t wall_us;
	int64_t mono_us;
};

/* Its monotonic time begins at one second. */
void clock_manual_init(struct clock_manual *manual, int64_t wall_us);
/* Moves both times on. */
void clock_manual_advance(struct clock_manual *manual, int64_t us);

/* The two times that a clock shows now. */
int64_t clock_wall(const struct clock *clock);
int64_t clock_mono(const struct clock *clock);

#endif
