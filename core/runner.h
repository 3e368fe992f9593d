/*
 * The runner: one detached process for one step's run or undo.
 *
 * The console starts `backout` again with a hidden word; the runner opens the incident by its
 * folder, takes the step's lock, appends the intent (refused when the head moved), runs, appends
 * the outcome, verifies, appends the verify, and ends. It writes to out/, lives in its own session,
 * and can end all its descendants.
 */
#ifndef CORE_RUNNER_H
#define CORE_RUNNER_H

#include "core/incident.h"

enum runner_act {
	RUNNER_RUN,
	RUNNER_UNDO,
	RUNNER_VERIFY,	      /* check again: asks `settled` and the probes, runs nothing */
	RUNNER_CLEAN_AND_RUN, /* clears what a dead runner left, then runs */
	RUNNER_JUDGE,	      /* runner_judge() in a process of its own; the step is "" */
};

/* How a runner process ends. */
enum runner_exit {
	RUNNER_DONE,	/* ran, and what came out is on the ledger (good or bad) */
	RUNNER_REFUSED, /* nothing was run: the message on its standard error says why */
	RUNNER_BAD_CALL,
	RUNNER_NO_LEDGER, /* the ledger can't be written: nothing was started, or its end is not on
			     record */
};

/* Starts a runner and returns its pid at once, -1 on failure. The caller reaps it and watches the
 * ledger. `after`: the last_act that the operator saw. `err_fd`: where it says why it refused; -1:
 * nowhere. */
pid_t runner_start(const struct incident *incident, const char *step, enum runner_act act,
		   uint64_t after, int err_fd, struct err *err);
/* Body of the runner process; its exit status. */
int runner_main(int argc, char **argv);
/* Whether some runner of this incident holds the step lock now. */
bool runner_alive(const struct incident *incident);
/* Asks the running one to stop (TERM to the process that holds the lock): it ends its tree and
 * records the outcome "stopped". */
int runner_stop(const struct incident *incident, struct err *err);
/* For each running step whose runner is gone: appends step.died, asks `settled` and verify about
 * this very intent, appends what came out. Never runs anything again. Blocking. */
int runner_judge(struct incident *incident, struct err *err);

#endif
