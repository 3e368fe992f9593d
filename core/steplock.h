/*
 * Locks that say who holds them: POSIX record locks on files in an incident's folder. They go with
 * the process that holds them, however it ends, and are inherited by none of its children.
 */
#ifndef CORE_STEPLOCK_H
#define CORE_STEPLOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/incident.h"

#define LOCK_STEP    "steps/lock"    /* held by the runner while it works */
#define LOCK_STAGE   "steps/stage"   /* held by the process that works for a runner */
#define LOCK_SENSING "steps/sensing" /* held by the console that records what is sensed */

/* A descriptor that holds the lock, -1 when another process has it (then err names it) or on
 * failure. At most one descriptor of a process may be open on each lock file. */
int incident_lock(const struct incident *incident, const char *name, struct err *err);
/* The process that holds it; 0: none, or this one. */
pid_t incident_lock_holder(const struct incident *incident, const char *name);

#endif
