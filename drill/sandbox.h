/*
 * A sandbox: a folder with real parts, and the target that they make.
 *
 * It belongs to whoever holds its lock (a console, a robot) or runs a step of its incident. What
 * nobody holds, sandbox_sweep() removes: processes (told by the mark in their environment), the
 * cluster with its shared memory, and the folder.
 *
 *     backout-drill-XXXXXX/  lock  log  drill.json  target.json  facts.json  and the parts
 *
 * A pre-flight's sandbox has a clock of its own, the file `clock`: whoever builds or opens the
 * sandbox follows it until it is closed.
 */
#ifndef DRILL_SANDBOX_H
#define DRILL_SANDBOX_H

#include <stdbool.h>

#include "core/load.h"
#include "drill/env.h"
#include "drill/scenario.h"

typedef void sandbox_progress_fn(const char *line, void *data);

struct sandbox {
	char *folder;	      /* owned */
	int lock;	      /* held; -1 */
	struct loaded loaded; /* the runbook on the sandbox's target */
	struct drill_env env;
	json_t *facts; /* owned: taken before the fault */
};

/* Builds all parts, waits until they are healthy, takes the facts. On failure nothing stays. */
int sandbox_build(struct sandbox *sandbox, const struct scenario *scenario,
		  const struct clock *clock, sandbox_progress_fn *progress, void *data,
		  struct err *err);
/* Opens an existing one; with `hold` takes it over, refused when someone else holds its lock. */
int sandbox_open(struct sandbox *sandbox, const char *folder, const struct scenario *scenario,
		 bool hold, const struct clock *clock, struct err *err);
/* Ends its processes and removes it (or, with `keep`, only lets go of it). */
void sandbox_close(struct sandbox *sandbox, bool keep);
/* Notes which incident it belongs to, for the sweep. */
int sandbox_belongs(const struct sandbox *sandbox, const char *incident_folder, struct err *err);
/* Injects the scenario's faults. */
int sandbox_inject(const struct sandbox *sandbox, const struct scenario *scenario, struct err *err);
/* New: the handles for others ("postgres", "git"), filled in. */
json_t *sandbox_handles(const struct sandbox *sandbox, const struct scenario *scenario);

/* It is to stay when nobody holds it any more, until it is swept with `kept_too`. */
int sandbox_keep(const struct sandbox *sandbox, struct err *err);
/* Removes every sandbox that nobody holds, those that were to stay only with `kept_too`, and calls
 * `removed` with the incident's folder of each. Returns how many. */
int sandbox_sweep(bool kept_too, sandbox_progress_fn *progress, void *data,
		  void (*removed)(const char *incident, void *data), void *removed_data);
/* Ends all of a sandbox's processes and removes its folder. */
void sandbox_remove(const char *folder);

#endif
