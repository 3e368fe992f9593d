/*
 * Whether a sandbox is well again: the questions of a scenario's `well`, put to the parts anew.
 * They are probes as a runbook's, may use its sources and declared probes, and "${fact_NAME}", what
 * was taken before the fault.
 */
#ifndef DRILL_WELL_H
#define DRILL_WELL_H

#include "core/load.h"
#include "drill/scenario.h"
#include "lib/clock.h"

struct well {
	struct jdoc *docs; /* the runbook's, borrowed, and one more, owned */
	size_t ndocs;
	struct runbook *runbook;
	struct target *target; /* NULL before well_bind() */
	struct probe **probes;
	size_t nprobes; /* the questions; the array is owned */
};

/* Builds the questions. Refused where there are none, and where one asks no part: a person, or the
 * record, or nothing at all, which would always be well. `facts`: name -> value; NULL: they are not
 * taken yet. */
int well_build(struct well *well, const struct loaded *loaded, const struct scenario *scenario,
	       const json_t *facts, struct err *err);
/* Binds them to the target of `loaded`. */
int well_bind(struct well *well, const struct loaded *loaded, struct err *err);
/* Asks until all pass, ten seconds at most: a service that was just restarted settles. 0 when they
 * do, else 1, and `wrong` gets name -> evidence of those that don't; -1: nobody could ask. Blocks.
 */
int well_ask(const struct well *well, const struct clock *clock, json_t *wrong, struct err *err);
/* Whether a scenario's questions hold against its runbook, without a sandbox. */
int scenario_check(const struct scenario *scenario, struct err *err);
/* Whether a probe asks the world, with every one of its parts. */
bool well_asks(const struct probe *probe);
void well_release(struct well *well);

#endif
