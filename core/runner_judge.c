/* What became of a step whose runner died. Looks, never runs anything. */
#include <string.h>
#include <unistd.h>

#include "core/runner_work.h"
#include "core/steplock.h"
#include "lib/jdoc.h"

#define LOOK_US (60 * CLOCK_US)

int runner_ask_settled(struct work *work, bool *settled, struct err *err)
{
	json_t *answer = NULL, *fields;
	enum work_end end =
	    work_call(work, work->undo ? stage_undone : stage_settled, LOOK_US, &answer);
	const char *verdict = end == WORK_DONE ? json_str(answer, "settled", "unknown") : "unknown";
	int status;

	*settled = strcmp(verdict, "yes") == 0;
	fields = json_pack("{s:s, s:s}", "settled", verdict, "evidence",
			   json_str(answer, "evidence", "it could not be asked"));
	status = work_append(work, EV_SETTLED, fields, err);
	json_decref(answer);
	return status;
}

json_t *runner_recorded_before(const struct work *work)
{
	const char *procedure = work->procedure->name, *step = work->step->id;
	const json_t *intent =
	    work->undo ? work_last(work->incident, procedure, step, EV_INTENT, true, NULL)
		       : work_last_run(work->incident, procedure, step);
	json_t *before = json_object_get(intent, "before");

	return before ? json_incref(before) : json_object();
}

int runner_judge_step(struct work *work, struct err *err)
{
	bool settled = work_state(work)->status == STEP_RAN;
	const json_t *outcome;

	json_decref(work->before);
	work->before = runner_recorded_before(work);
	if (work_state(work)->status == STEP_RUNNING && work_append(work, EV_DIED, NULL, err) != 0)
		return -1;
	if (work_state(work)->status == STEP_UNKNOWN &&
	    runner_ask_settled(work, &settled, err) != 0)
		return -1;
	if (!settled || work->undo)
		return 0;
	outcome = work_last(work->incident, work->procedure->name, work->step->id, EV_OUTCOME,
			    false, &work->window.since);
	if (outcome && work->window.since >= work_state(work)->started) {
		work_shown_since(work, json_object_get(outcome, "facts"));
	} else {
		/* Nobody knows when a dead one ended; what counts is what holds from now on, and
		 * what the effect of this very intent has logged. */
		work->window.since = clock_wall(work->incident->clock);
		work->window.shown_since = work_state(work)->started;
	}
	return work_verify(work, err);
}

int runner_judge_locked(struct incident *incident, int stop_fd, struct err *err)
{
	const struct procedure *procedure =
	    state_attempt(&incident->state) ? state_attempt(&incident->state)->procedure.procedure
					    : NULL;
	int status = 0;

	for (size_t i = 0; procedure && i < procedure->nsteps && status == 0; i++) {
		const struct step_state *step =
		    &state_attempt(&incident->state)->procedure.steps[i];
		struct work work;

		if (step->status != STEP_RUNNING && step->status != STEP_RAN &&
		    step->status != STEP_UNKNOWN)
			continue;
		status = work_begin(&work, incident, procedure->steps[i].id, step->undoing,
				    step->attempt, stop_fd, err);
		if (status == 0)
			status = runner_judge_step(&work, err);
		work_release(&work);
	}
	return status;
}

int runner_judge(struct incident *incident, struct err *err)
{
	int lock = incident_lock(incident, LOCK_STEP, err), status;

	if (lock < 0)
		return -1;
	status = incident_refresh(incident, err);
	if (status == 0)
		status = runner_judge_locked(incident, -1, err);
	close(lock);
	return status;
}
