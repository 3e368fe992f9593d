/*
 * The procedures that an incident tried, looked back at: by the report and by facts.
 */
#ifndef CORE_ATTEMPTS_H
#define CORE_ATTEMPTS_H

#include "core/state.h"

/* When an attempt was chosen; NULL: the record does not say. And whether the checklist called for
 * it: then it is an item's work, no answer to trouble. */
const struct timeline_entry *attempt_chosen(const struct incident_state *state,
					    const struct attempt *attempt);
bool attempt_is_item(const struct incident_state *state, const struct attempt *attempt);
/* The one that counts: while the incident is open the approved one that has not ended; else the
 * latest that is done, else the latest that was approved, else the latest. NULL: there is none. */
const struct attempt *attempt_decisive(const struct incident_state *state);
/* From the first intent to the end; 0: not over. */
int64_t attempt_took_us(const struct attempt *attempt);
/* Whether a line of `loss` says what is lost, not why nobody could tell ("not measured: ..."). */
bool loss_is_measured(const char *line);
/* New: "2 min to 5 min", "5 min", or NULL when the runbook gives none. */
char *estimate_text(const struct procedure *procedure);

#endif
