/*
 * What a time was like, for a routine's report: metrics as they were kept, and what is on record.
 */
#ifndef CORE_PERIOD_H
#define CORE_PERIOD_H

#include <jansson.h>

#include "checklists/runbook.h"
#include "core/kept.h"

/* New: a list of {metric, title, unit, n, min, mean, max, last}, of the routine's metrics, else of
 * all; those that nothing was kept of have n 0 and nothing more. `kept` may be NULL. Blocking. */
json_t *period_metrics(const struct runbook *runbook, const struct routine *routine,
		       const struct kept *kept, int64_t from, int64_t until);
/* New: a list of {incident, kind, title, severity, at, result}, oldest first, of what was opened
 * since `from` or was not over then, but for the incident `except`. Blocking. */
json_t *period_affairs(const struct runbook *runbook, const char *target, int64_t from,
		       const char *except);

#endif
