/*
 * Shared by the sqlite_* actions: the declared database.
 */
#ifndef ACTIONS_SQLITE_SOURCE_H
#define ACTIONS_SQLITE_SOURCE_H

#include "actions/action.h"

/* The path of the declared source that args[key] names; borrowed. NULL with err. */
const char *sqlite_source(const struct action_env *env, const json_t *args, const char *key,
			  struct err *err);

#endif
