/*
 * Judging conditions. Pure.
 */
#ifndef CHECKLISTS_CONDITION_H
#define CHECKLISTS_CONDITION_H

#include "checklists/runbook.h"
#include "lib/reading.h"

struct condition_state {
	enum verdict
	    verdict;   /* `needs` not met or unknown: unknown; never pass before `for` is over */
	size_t sensed; /* symptoms that hold now */
	int64_t since; /* wall time since which the symptoms hold without a break; 0: they don't */
	enum verdict
	    within; /* whether the deployment is recent enough for it; unknown: none is known */
};

/* What a condition is judged by. Times are wall times, durations are filled in. */
struct condition_facts {
	enum verdict needs;	      /* VERDICT_PASS when it has none */
	const enum verdict *symptoms; /* one for each */
	int64_t for_us;
	int64_t within_us; /* 0: it has none */
	int64_t deployed;  /* the latest deployment; 0: none is known */
	int64_t now;
};

/* Judges one condition. It holds when its symptoms do, for long enough, and within its time of the
 * deployment: past that time it does not hold; without a known deployment that is unknown. */
void condition_judge(const struct condition *condition, struct condition_state *state,
		     const struct condition_facts *facts);
/* The condition that goes before the tree: holds, suggests a procedure, most severe, first in the
 * runbook's order among equals. `states` has one entry for each condition. NULL when there is none.
 */
const struct condition *condition_first(const struct runbook *runbook,
					const struct condition_state *states);
/* Indices of all conditions, most symptoms sensed (as a share of at_least) first, then severity.
 * `order` has runbook->nconditions elements. */
void condition_rank(const struct runbook *runbook, const struct condition_state *states,
		    size_t *order);

#endif
