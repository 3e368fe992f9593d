/*
 * Whom an action would change: the host that it runs on, and who stands behind each source that it
 * names. Measured when a plan is made, recorded with its approval, and measured again by the runner
 * before each step: a target that moved meanwhile (a failover, a swapped path, another host with
 * the same runbook) is refused.
 *
 * Where an action itself replaces a folder, what it has put there is the expected one from then on.
 *
 * An identity is an object: {"host": NAME, "sources": {SOURCE: {NAME: TEXT, ...}}}.
 */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include "actions/action.h"
#include "core/sense.h"

/* New: {"host": ...}. NULL when the target names hosts, and this is none of them. */
json_t *identity_host(const struct target *target, struct err *err);
/* Adds to `who` each source that `args` (an action's, filled in) name and that is not in it yet.
 * Blocks until `deadline` (monotonic) at most. -1 with the first that can't be told; *wrong when
 * it is certainly not the one that is declared. */
int identity_add(json_t *who, struct sense *sense, const struct type *action, const json_t *args,
		 int64_t deadline, bool *wrong, struct err *err);
/* New: {"sources": ...} with each source of the runbook that lies in `folder`: who is there once an
 * action has put another folder in its place. NULL: none does, or can be told. Blocks as above. */
json_t *identity_within(struct sense *sense, const char *folder, int64_t deadline);
/* 0 when nothing in `found` contradicts `expected` (NULL: nothing was); else the error names what
 * was expected, what is there, and what to do. What only one of them knows is no contradiction. */
int identity_compare(const json_t *expected, const json_t *found, struct err *err);

#endif
