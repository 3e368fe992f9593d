/*
 * How many backups stay: the fields "keep" and "keep_days" of actions that make one in the folder
 * "to", as NAME_YYYYMMDD_HHMMSS.SUFFIX.
 *
 * The `keep` newest sound ones always stay (with "keep_days" alone the newest one); of what lies
 * behind them goes what is older than `keep_days`, or all of it without. What has no sidecar is not
 * ours, or damaged: for a person to judge, and neither counted nor removed.
 */
#ifndef ACTIONS_RETENTION_H
#define ACTIONS_RETENTION_H

#include "actions/action.h"

/* Two rows of a field table. */
#define RETENTION_FIELDS                                                                           \
	{ "keep", FIELD_INT, false, "so many sound ones always stay; older ones go", NULL, NULL }, \
	{                                                                                          \
		"keep_days", FIELD_INT, false,                                                     \
		    "older ones than this go (but for the last sound ones: keep, else 1)", NULL,   \
		    NULL                                                                           \
	}

/* Appends what would go once one more is made, a line each. `name` and `suffix` (".db") are free of
 * what a glob pattern would take for more than itself. */
int retention_plan(const struct action_env *env, const json_t *args, const char *name,
		   const char *suffix, struct buf *lines, struct err *err);
/* To be called when the new one is there: removes what goes; what counts as staying is hashed
 * before. Returns how many went, or -1. */
int retention_run(const struct action_env *env, const json_t *args, const char *name,
		  const char *suffix, struct err *err);
/* Appends how such an action is undone. */
void retention_undo(const json_t *args, struct buf *undo);

#endif
