/* What became of a step whose runner died. Never runs it, but clears what it has left. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/runner_work.h"
#include "core/steplock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

enum { GONE_WITHIN_MS = 20000, GONE_LOOK_MS = 10 };

/* What worked for a dead runner dies with it, but not before the kernel has ended the call that it
 * is in: until then the effect may still come, and nobody can be asked whether it did. */
static bool dead_is_gone(const struct incident *incident)
{
	for (int waited = 0; incident_lock_holder(incident, LOCK_STAGE); waited += GONE_LOOK_MS) {
		if (waited >= GONE_WITHIN_MS)
			return false;
		poll(NULL, 0, GONE_LOOK_MS);
	}
	return true;
}

/* What is begun anew without harm when nobody can tell what became of it; NULL: it is not. */
static const char *begun_anew(const struct work *work)
{
	if (work->undo)
		return NULL;
	if (!work->type || work->type->manual)
		return "nobody said that it is done";
	return work->type->reads_only ? "it changes nothing, so it can be begun anew" : NULL;
}

/* A half-done action (a database closed for its restore, a copy of it) is not left so until
 * somebody decides: whoever gives up here leaves what was there before. Only where it was begun.
 * What can't be cleared says so when somebody needs it. */
static bool clear_left(struct work *work)
{
	json_t *refusal = NULL;
	bool clear = work->type && work->type->clean && work_prove(work, &refusal) == WORK_DONE &&
		     !refusal && work_clean(work, NULL) == 0;

	json_decref(refusal);
	return clear;
}

int runner_ask_settled(struct work *work, bool *settled, struct err *err)
{
	json_t *answer = NULL, *fields;
	const char *anew = begun_anew(work);
	bool gone = dead_is_gone(work->incident);
	enum work_end end =
	    gone ? work_call(work, work->undo ? stage_undone : stage_settled, WORK_LOOK_US, &answer)
		 : WORK_DIED;
	const char *verdict = end == WORK_DONE ? json_str(answer, "settled", "unknown") : "unknown";
	const char *evidence =
	    json_str(answer, "evidence",
		     gone ? "it could not be asked"
			  : "a process of the dead runner is still in the kernel's hands");
	bool cleared;
	char *text;
	int status;

	if (anew && gone && strcmp(verdict, "unknown") == 0) {
		verdict = "no";
		evidence = anew;
	}
	*settled = strcmp(verdict, "yes") == 0;
	/* Also beside an effect that is there locks and copies may be left. */
	cleared = work_state(work)->status == STEP_UNKNOWN && strcmp(verdict, "unknown") != 0 &&
		  clear_left(work);
	text = xasprintf("%s%s", evidence,
			 cleared && !*settled ? "; what it left half done was cleaned" : "");
	fields =
	    json_pack("{s:s, s:o}", "settled", verdict, "evidence", json_text(text, strlen(text)));
	if (json_object_get(answer, "identity"))
		json_object_set(fields, "identity", json_object_get(answer, "identity"));
	status = work_append(work, EV_SETTLED, fields, err);
	free(text);
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
