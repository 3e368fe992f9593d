/* What the ledger says about routines and phases. */
#include "core/fold_parts.h"

#include <stdio.h>
#include <string.h>

#include "lib/timefmt.h"

int fold_routine(struct incident_state *state, const struct jflat *line, int64_t at,
		 struct err *err)
{
	const struct routine *routine =
	    runbook_routine(state->runbook, jflat_str(line, "routine", ""));
	const char *due = jflat_str(line, "due", NULL);
	struct routine_state begun = { .routine = routine };

	(void)at;
	if (!routine)
		return err_set(err, "the runbook has no such routine");
	if (state->routine.routine)
		return err_set(err, "it is a routine already");
	if (due && time_parse_rfc3339(due, &begun.due) != 0)
		return err_set(err, "what it is done for is no time");
	state->routine = begun;
	return 0;
}

int fold_routine_ended(struct incident_state *state, const struct jflat *line, int64_t at,
		       struct err *err)
{
	struct routine_state *now = &state->routine;

	if (!now->routine || strcmp(now->routine->name, jflat_str(line, "routine", "")) != 0)
		return err_set(err, "this routine was not begun");
	if (now->ended_at)
		return err_set(err, "it is done already");
	now->ended_at = at;
	snprintf(now->result, sizeof(now->result), "%s", jflat_str(line, "result", ""));
	return 0;
}

int fold_phase(struct incident_state *state, const struct jflat *line, int64_t at, struct err *err)
{
	const struct phase *phase = runbook_phase(state->runbook, jflat_str(line, "phase", ""));

	(void)at;
	if (!phase)
		return err_set(err, "the runbook has no such phase");
	state->phase_begun = phase;
	return 0;
}

/* It may have begun in another incident. */
int fold_phase_ended(struct incident_state *state, const struct jflat *line, int64_t at,
		     struct err *err)
{
	const struct phase *phase = runbook_phase(state->runbook, jflat_str(line, "phase", ""));

	(void)at;
	if (!phase)
		return err_set(err, "the runbook has no such phase");
	if (state->phase_begun == phase)
		state->phase_begun = NULL;
	return 0;
}
