/*
 * Probes ask one read-only question and give pass, fail or unknown.
 *
 * A probe type evaluates in one call. One that `blocks` (a query, a git status, hashing, a command)
 * is called in a child process when a console asks, and directly by the runner and the command
 * line; it must return by env->deadline. One that doesn't block answers from the live sources it is
 * given.
 */
#ifndef SOURCES_PROBE_H
#define SOURCES_PROBE_H

#include <jansson.h>

#include "lib/clock.h"
#include "lib/field.h"
#include "lib/reading.h"
#include "sources/source.h"

struct probe_env {
	const struct clock *clock;
	int64_t since; /* wall time: look at nothing older (a step's end); 0: no such bound */
	/* Wall time: what a log showed counts from here instead (a service's start: it may say
	 * "ready" before the command that started it returns); 0: from `since`. */
	int64_t shown_since;
	int64_t before;	  /* wall time of the trouble's beginning, for "a backup from before"; 0:
			     unknown */
	int64_t deadline; /* monotonic time */
	/* A live source by name; NULL when it isn't open. */
	struct source *(*source)(void *data, const char *name);
	/* The filled-in declaration of a source ("path": ...); borrowed, NULL when there is none.
	 */
	const json_t *(*declared)(void *data, const char *name);
	/* The latest reading of a metric, counted from env->since when that is set. */
	void (*metric)(void *data, const char *name, int64_t since, struct reading *out);
	/* What the ledgers of this system and target say: the question of a probe of that type.
	 * NULL: nobody can tell. */
	void (*recorded)(void *data, const char *type, const json_t *args, struct reading *out);
	void *data;
};

struct probe_type {
	struct type type;
	bool blocks;
	/* It may need more than the few seconds that one question of a round gets: outside of
	 * rounds env->deadline is that of the whole evaluation. In rounds it must do with what a
	 * source found out beside them. */
	bool lasts;
	bool recorded; /* it asks the record, no part of the world */
	/* `args`: the whole probe object, parameters filled in and checked. */
	void (*eval)(const struct probe_env *env, const json_t *args, struct reading *out);
	/* Called in the console itself before rounds, which see only a copy of it, any number of
	 * times: a live source begins to keep what this probe will ask for. NULL: nothing to keep.
	 */
	void (*watch)(const struct probe_env *env, const json_t *args);
};

/* NULL-terminated. */
extern const struct probe_type *const probe_types[];
/* NULL when there is none of that name. */
const struct probe_type *probe_type(const char *name);

#endif
