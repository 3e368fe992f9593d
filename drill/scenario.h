/*
 * The data of a runbook's drills: one sandbox.json, and one scenario a file in scenarios/.
 *
 *     sandbox.json   {"needs": [{"say", "run": [ARGV...], "hint"}...], "target": {...},
 *                     "parts": [PART...], "healthy": [PROBE...], "handles": {...}}
 *     scenario       {"title", "role", "briefing": [LINE...], "procedure", "faults": [FAULT...],
 *                     "facts": {NAME: {"postgres" or "sqlite": SOURCE, "sql": TEXT}},
 *                     "well": {NAME: PROBE},
 *                     "parts": [PART...],
 *                     "deployment": {"name", "in": DURATION, "decision", "faults_at": DURATION}}
 *
 * `well` is what the score asks the sandbox's parts, anew; its probes may use "${fact_NAME}",
 * values taken before the fault. `parts` are made after the sandbox's own.
 *
 * With `deployment` the drill is a pre-flight: T lies `in` that time when it begins, its clock can
 * be moved on (lib/clock.h), and it recovers when `decision` was decided and all is well.
 * `faults_at` is when the faults happen, from T ("-2m"); without it they happen at once.
 */
#ifndef DRILL_SCENARIO_H
#define DRILL_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/jdoc.h"

struct scenario {
	char *runbook; /* owned: path of the runbook's folder */
	char *data;    /* owned: its drill folder */
	char *name;    /* owned */
	struct jdoc sandbox_doc, doc;
	const char *deployment; /* borrowed from doc; NULL: no deployment */
	const char *decision;	/* likewise: "go", "no-go" or "adjust" */
	int64_t in_us;		/* T, from the beginning */
	int64_t faults_us;	/* when the faults happen, from T */
	bool timed;		/* `faults_us` is given */
};

/* `runbook` is a path or a name; `name` NULL takes the first scenario by name. The error lists what
 * there is. Checks the shape, the types and the fields of parts and faults. */
int scenario_load(struct scenario *scenario, const char *runbook, const char *name,
		  struct err *err);
void scenario_release(struct scenario *scenario);
/* Calls `fn` for each scenario of a runbook, by name. -1 when it has no drills. */
int scenario_each(const char *runbook, void (*fn)(const char *name, const char *title, void *data),
		  void *data, struct err *err);

#endif
