/*
 * A drill from its beginning to its score. The incident's folder says which sandbox and scenario it
 * has (drill.json), so that a drill can be attached to by another console.
 */
#ifndef DRILL_DRILL_H
#define DRILL_DRILL_H

#include "core/session.h"
#include "drill/sandbox.h"
#include "drill/score.h"

struct drill {
	struct scenario scenario;
	struct sandbox sandbox;
	const struct clock *clock;
	char *incident; /* owned: the incident's folder */
	pid_t injector; /* 0: none was started */
};

/* Sweeps, builds the sandbox, opens the incident. On failure nothing stays. */
int drill_begin(struct drill *drill, const char *runbook, const char *scenario,
		const struct clock *clock, sandbox_progress_fn *progress, void *data,
		struct err *err);
/* Opens the drill of an incident's folder; with `hold` takes its sandbox over. */
int drill_resume(struct drill *drill, const char *incident, bool hold, const struct clock *clock,
		 struct err *err);
/* Lets go; removes the sandbox unless `keep`. */
void drill_release(struct drill *drill, bool keep);

/* Starts the injection in a process of its own, unless it is on the ledger already. */
int drill_inject(struct drill *drill, struct err *err);
/* Says why the injector failed; always -1. */
int drill_not_injected(const struct drill *drill, struct err *err);
/* Body of `backout __inject INCIDENT_FOLDER`. */
int inject_main(int argc, char **argv);

/* The score is on the ledger already. */
bool drill_is_scored(const struct incident_state *state);
/* Asks the parts anew, fills `score`, and appends it unless it is there or the record is closed. */
int drill_score(struct drill *drill, struct score *score, struct err *err);

/* Whatever was left open is resolved, so that the sealed record says how it ended (two parts of one
 * sentence), and closed. Fine when it is closed already. */
int drill_close(const char *incident, const char *how, const char *more, const struct clock *clock,
		struct err *err);
/* sandbox_sweep(), and the incidents whose sandboxes are gone are closed. */
int drill_sweep(bool kept_too, const struct clock *clock, sandbox_progress_fn *progress,
		void *data);

/*
 * Walks the drill without a person: injects, lets the robot work, resolves, scores, closes.
 * `procedure` NULL: decided by what is sensed. 0 when it came to a score, DRILL_STOPPED when a
 * signal stopped it (drill/stop.h), else -1; the record is closed in any case.
 */
#define DRILL_STOPPED 1
int drill_walk(struct drill *drill, const char *procedure, struct score *score,
	       sandbox_progress_fn *progress, void *data, struct err *err);

/* The lines that a person reads before a drill: role, system, what happens, keys. New,
 * NULL-terminated array of new strings. */
char **drill_briefing(const struct drill *drill);
void drill_briefing_free(char **lines);

#endif
