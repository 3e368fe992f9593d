/*
 * When a system was deployed last, as far as incidents tell: T of a planned deployment that is
 * past, and for which somebody decided go.
 */
#ifndef CORE_DEPLOYED_H
#define CORE_DEPLOYED_H

#include "core/state.h"

/* By an incident's own state; 0: it is no deployment, or none that took place. */
int64_t deployed_state(const struct incident_state *state, int64_t now);
/* By the state folder's newest incidents of that system and target; 0: none is known. What can't be
 * read counts for nothing. Blocking. */
int64_t deployed_read(const char *system, const char *target, int64_t now);

#endif
