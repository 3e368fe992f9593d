/*
 * A target is claimed by one incident, from its first step until it is resolved: two incidents
 * never act on one target at a time. The claim is a file that names the incident; it outlives
 * processes, and all users of the host share it: an incident that can't be looked at counts as
 * open.
 */
#ifndef CORE_CLAIM_H
#define CORE_CLAIM_H

#include "core/incident.h"

/* Fine when this incident has it already, or when the one that has it is over. -1 when another open
 * incident holds the target: the error names it. */
int claim_take(const struct incident *incident, struct err *err);
/* Whether claim_take() would be refused now; takes nothing. */
bool claim_is_foreign(const struct incident *incident, struct err *err);
/* Gives it up if this incident has it. */
void claim_release(const struct incident *incident);

#endif
