/*
 * What the PostgreSQL actions have in common: finding the servers that their arguments name.
 */
#ifndef ACTIONS_PG_SOURCE_H
#define ACTIONS_PG_SOURCE_H

#include "actions/action.h"
#include "lib/pg.h"

/* The connection parameters of the source that the member `key` names. `*params` is the caller's to
 * release on success. */
int pg_source(const struct action_env *env, const json_t *args, const char *key,
	      struct pg_params *params, struct err *err);
/* New: a session with the server that `key` names, checked to be the declared one. `writable`: not
 * a standby either. Its queries end by the action's deadline. */
struct pg *pg_source_open(const struct action_env *env, const json_t *args, const char *key,
			  bool writable, struct err *err);
/* What the action's deadline leaves, at least a little, at most a day. Microseconds. */
int64_t pg_time_left(const struct action_env *env);

#endif
