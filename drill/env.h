/*
 * What parts and faults of a sandbox work with.
 */
#ifndef DRILL_ENV_H
#define DRILL_ENV_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "checklists/target.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/field.h"

struct drill_env {
	const struct clock *clock;
	const char *sandbox;	     /* the sandbox's folder */
	const char *data;	     /* the folder of the runbook's drill data: seeds, releases */
	const struct target *target; /* the sandbox as a target */
	json_t *values; /* owned: the target's parameters and the sandbox's own values */
	uid_t uid;	/* whom servers and services run as; 0: whoever runs the drill */
	gid_t gid;
	char *mark; /* owned: "BACKOUT_SANDBOX=FOLDER", in the environment of every process */
	int log;    /* descriptor: what commands say */
};

/* New: the filled-in declaration of one of the target's sources, of type `type`. */
json_t *drill_declared(const struct drill_env *env, const char *source, const char *type,
		       struct err *err);
/* Whether the target's source of that name is a SQLite database; other databases are PostgreSQL's.
 */
bool drill_is_sqlite(const struct drill_env *env, const char *source);
/* Runs a command as the sandbox's user (or as who runs the drill), with the mark in its environment
 * and further "NAME=value" (or NULL); its output goes to the sandbox's log. */
int drill_run(const struct drill_env *env, bool as_user, const char *cwd,
	      const char *const *more_env, const char *const *argv, struct err *err);
/* Makes a folder that belongs to the sandbox's user. */
int drill_folder(const struct drill_env *env, const char *path, mode_t mode, struct err *err);

/* Lays a folder of the drill's data over a folder of the sandbox; all may read it then. */
int drill_lay(const struct drill_env *env, const char *files, const char *to, struct err *err);

/* Whether a path, links followed, is there and lies below the sandbox's folder: nothing else may be
 * broken. */
bool drill_inside(const struct drill_env *env, const char *path);

/* A part that a sandbox is made of, or a fault that is injected into it: one file and one row. */
struct drill_type {
	struct type type;
	/* `args`: the object with its parameters filled in. Blocks. */
	int (*make)(const struct drill_env *env, const json_t *args, struct err *err);
};

/* NULL-terminated. */
extern const struct drill_type *const part_types[];
extern const struct drill_type *const fault_types[];
/* The type that the first key but "say" names; NULL with err when there is none. */
const struct drill_type *drill_type_of(const struct drill_type *const *types, const json_t *object,
				       struct err *err);
/* Fills in the object's parameters and makes it. */
int drill_make(const struct drill_env *env, const struct drill_type *const *types,
	       const json_t *object, struct err *err);

#endif
