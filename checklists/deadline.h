/*
 * By when it has to be decided, so that what is proposed still fits: the time in which all must be
 * well again, less what the procedure takes at most. Pure arithmetic.
 */
#ifndef CHECKLISTS_DEADLINE_H
#define CHECKLISTS_DEADLINE_H

#include "checklists/runbook.h"

struct deadline {
	int64_t from;	   /* wall time: when the trouble began */
	int64_t within_us; /* from then on, until all must be well again */
	int64_t takes_us;  /* what the procedure takes at most */
	bool drilled;	   /* so it did in drills; else the runbook says so */
	int64_t decide_by; /* wall time; not behind `from` when there never was time enough */
};

/* `from`: 0 when nothing is amiss. `drilled_us`: the longest drill of this procedure; 0: none is
 * known, its estimate counts. Where the runbook has no deadline for the severity the procedure's
 * budget is one, if it leaves any time to decide in. False, and nothing written: there is none. */
bool deadline_of(const struct runbook *runbook, enum severity severity,
		 const struct procedure *procedure, int64_t from, int64_t drilled_us,
		 struct deadline *out);
/* Less than a fifth of the time is left, or none. */
bool deadline_presses(const struct deadline *deadline, int64_t now);
/* "decide by 21:44Z (9 min): it took at most 12 s in drills", "too late for its budget since 3 min:
 * decide now". Says minutes, so that it stands still, and seconds in the last one. Returns `out`.
 */
char *deadline_text(const struct deadline *deadline, int64_t now, char *out, size_t size);
/* The same before another sentence: "Decide by 21:44Z (58 s). ", "Late by 3 min. ". */
char *deadline_short(const struct deadline *deadline, int64_t now, char *out, size_t size);

#endif
