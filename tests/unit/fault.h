/*
 * What came of injected faults, for the table of tests/faults/rows.
 */
#ifndef TESTS_UNIT_FAULT_H
#define TESTS_UNIT_FAULT_H

#include <stdio.h>

/* `row`: its number there; `what` was done, in a few words. */
static inline void fault(int row, const char *what, long injected, long survived, long lost)
{
	/* A line of its own, whatever the test's frame has written. */
	printf("\n# fault %d: %s: %ld injected, %ld survived, %ld lost\n", row, what, injected,
	       survived, lost);
	fflush(stdout);
}

#endif
