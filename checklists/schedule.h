/*
 * When a routine is due. Pure arithmetic in UTC; all times are wall times in microseconds.
 *
 * A schedule is a row of times. With `every` and a beginning they are beginning + every, + 2 every,
 * ... until `for` is over; without one they lie on the clock (full hours, midnights, weeks from
 * Monday), moved by `from`. With `at` they are the beginning and each of the offsets. What is done
 * is done for one of these times, and takes the place of all that were missed before it.
 */
#ifndef CHECKLISTS_SCHEDULE_H
#define CHECKLISTS_SCHEDULE_H

#include "checklists/runbook.h"

enum due_state {
	DUE_NEVER,   /* it has not begun, or is over */
	DUE_LATER,   /* at `at`, for the first time */
	DUE_DONE,    /* what was due is done; due again at `at`, if that is not 0 */
	DUE_NOW,     /* since `at` */
	DUE_OVERDUE, /* since `at`; it, or what recurs and was missed before, waits longer than
			`within` */
};

struct due {
	enum due_state state;
	int64_t at;
	int64_t next;  /* the time after `at` that comes next; 0: none */
	size_t missed; /* times before `at` that nobody did anything at, since the one done last */
};

/* `start`: the beginning (0: it has none yet; not looked at where the schedule needs none).
 * `done`: the latest of its times that something was done for; 0: none yet. */
void schedule_due(const struct schedule *schedule, int64_t start, int64_t done, int64_t now,
		  struct due *out);
/* The time that something done now is done for: what is due and not done, else the nearest one. 0
 * when there is none. */
int64_t schedule_nearest(const struct schedule *schedule, int64_t start, int64_t done, int64_t now);
/* "every 2 h for 1 d after a deployment", "+1 h, +1 d and +7 d after an incident". Returns `out`.
 */
char *schedule_text(const struct schedule *schedule, char *out, size_t size);
/* "due", "overdue", "done", "later", "over". */
const char *due_state_name(enum due_state state);

#endif
