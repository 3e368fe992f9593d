#include "checklists/procedure.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"

/* All transitions there are; what is not here is refused. `undoing` tells whether the row is for a
 * running (or doubtful) undo or for everything else. */
static const struct transition {
	enum step_status from;
	enum step_event event;
	bool undoing;
	enum step_status to;
} transitions[] = {
	{ STEP_WAITING, STEP_EV_INTENT, false, STEP_RUNNING },
	{ STEP_FAILED, STEP_EV_INTENT, false, STEP_RUNNING },
	{ STEP_NOT_VERIFIED, STEP_EV_INTENT, false, STEP_RUNNING },
	{ STEP_UNKNOWN, STEP_EV_INTENT, false, STEP_RUNNING },
	{ STEP_UNDONE, STEP_EV_INTENT, false, STEP_RUNNING },

	{ STEP_RUNNING, STEP_EV_OUTCOME_DONE, false, STEP_RAN },
	{ STEP_RUNNING, STEP_EV_OUTCOME_FAILED, false, STEP_FAILED },
	{ STEP_RUNNING, STEP_EV_DIED, false, STEP_UNKNOWN },

	{ STEP_RAN, STEP_EV_VERIFIED, false, STEP_DONE },
	{ STEP_RAN, STEP_EV_NOT_VERIFIED, false, STEP_NOT_VERIFIED },
	{ STEP_RAN, STEP_EV_DIED, false,
	  STEP_RAN }, /* the outcome is on record, only verify is not */
	{ STEP_RAN, STEP_EV_SETTLED, false, STEP_RAN },
	{ STEP_RAN, STEP_EV_NOT_SETTLED, false, STEP_NOT_VERIFIED },

	/* check again */
	{ STEP_NOT_VERIFIED, STEP_EV_VERIFIED, false, STEP_DONE },
	{ STEP_NOT_VERIFIED, STEP_EV_NOT_VERIFIED, false, STEP_NOT_VERIFIED },
	{ STEP_DONE, STEP_EV_VERIFIED, false, STEP_DONE },
	{ STEP_DONE, STEP_EV_NOT_VERIFIED, false, STEP_NOT_VERIFIED },
	{ STEP_FAILED, STEP_EV_SETTLED, false, STEP_RAN },
	{ STEP_FAILED, STEP_EV_NOT_SETTLED, false, STEP_FAILED },

	/* asked after a death; only settled and then verified is done */
	{ STEP_UNKNOWN, STEP_EV_SETTLED, false, STEP_RAN },
	{ STEP_UNKNOWN, STEP_EV_NOT_SETTLED, false, STEP_WAITING },
	{ STEP_UNKNOWN, STEP_EV_VERIFIED, false, STEP_UNKNOWN },
	{ STEP_UNKNOWN, STEP_EV_NOT_VERIFIED, false, STEP_UNKNOWN },
	{ STEP_UNKNOWN, STEP_EV_DIED, false, STEP_UNKNOWN },

	{ STEP_WAITING, STEP_EV_ANSWERED, false, STEP_DONE },
	{ STEP_DONE, STEP_EV_ANSWERED, false, STEP_DONE },

	{ STEP_WAITING, STEP_EV_SKIPPED, false, STEP_SKIPPED },
	{ STEP_RAN, STEP_EV_SKIPPED, false, STEP_SKIPPED },
	{ STEP_FAILED, STEP_EV_SKIPPED, false, STEP_SKIPPED },
	{ STEP_NOT_VERIFIED, STEP_EV_SKIPPED, false, STEP_SKIPPED },
	{ STEP_UNKNOWN, STEP_EV_SKIPPED, false, STEP_SKIPPED },
	{ STEP_UNKNOWN, STEP_EV_SKIPPED, true, STEP_SKIPPED },
	{ STEP_UNDONE, STEP_EV_SKIPPED, false, STEP_SKIPPED },

	{ STEP_FAILED, STEP_EV_ALTERNATIVE, false, STEP_SKIPPED },
	{ STEP_NOT_VERIFIED, STEP_EV_ALTERNATIVE, false, STEP_SKIPPED },
	{ STEP_UNKNOWN, STEP_EV_ALTERNATIVE, false, STEP_SKIPPED },

	{ STEP_DONE, STEP_EV_UNDO_INTENT, false, STEP_RUNNING },
	{ STEP_RAN, STEP_EV_UNDO_INTENT, false, STEP_RUNNING },
	{ STEP_FAILED, STEP_EV_UNDO_INTENT, false, STEP_RUNNING },
	{ STEP_NOT_VERIFIED, STEP_EV_UNDO_INTENT, false, STEP_RUNNING },
	{ STEP_UNKNOWN, STEP_EV_UNDO_INTENT, false, STEP_RUNNING },
	{ STEP_UNKNOWN, STEP_EV_UNDO_INTENT, true, STEP_RUNNING },
	{ STEP_SKIPPED, STEP_EV_UNDO_INTENT, false, STEP_RUNNING },
	{ STEP_RUNNING, STEP_EV_UNDONE, true, STEP_UNDONE },
	{ STEP_RUNNING, STEP_EV_OUTCOME_FAILED, true, STEP_FAILED },
	{ STEP_RUNNING, STEP_EV_DIED, true, STEP_UNKNOWN },
	{ STEP_UNKNOWN, STEP_EV_SETTLED, true, STEP_UNDONE },
	{ STEP_UNKNOWN, STEP_EV_NOT_SETTLED, true, STEP_FAILED },

	{ STEP_WAITING, STEP_EV_NOT_APPLICABLE, false, STEP_NOT_APPLICABLE },
	{ STEP_NOT_APPLICABLE, STEP_EV_NOT_APPLICABLE, false, STEP_NOT_APPLICABLE },
};

static const char *const status_names[] = {
	[STEP_WAITING] = "waiting", [STEP_RUNNING] = "running",
	[STEP_RAN] = "ran",	    [STEP_DONE] = "done",
	[STEP_FAILED] = "failed",   [STEP_NOT_VERIFIED] = "not verified",
	[STEP_UNKNOWN] = "unknown", [STEP_SKIPPED] = "skipped",
	[STEP_UNDONE] = "undone",   [STEP_NOT_APPLICABLE] = "not applicable",
};

static const char *const event_names[] = {
	[STEP_EV_INTENT] = "run",
	[STEP_EV_OUTCOME_DONE] = "outcome done",
	[STEP_EV_OUTCOME_FAILED] = "outcome failed",
	[STEP_EV_VERIFIED] = "verified",
	[STEP_EV_NOT_VERIFIED] = "not verified",
	[STEP_EV_DIED] = "runner died",
	[STEP_EV_SETTLED] = "settled",
	[STEP_EV_NOT_SETTLED] = "not settled",
	[STEP_EV_ANSWERED] = "answer",
	[STEP_EV_SKIPPED] = "skip",
	[STEP_EV_ALTERNATIVE] = "take the alternative",
	[STEP_EV_UNDO_INTENT] = "undo",
	[STEP_EV_UNDONE] = "undone",
	[STEP_EV_NOT_APPLICABLE] = "not applicable",
};

const char *step_status_name(enum step_status status)
{
	return status_names[status];
}

void procedure_begin(struct procedure_state *state, const struct procedure *procedure)
{
	*state = (struct procedure_state){ .procedure = procedure };
	if (procedure)
		state->steps = xcalloc(procedure->nsteps + 1, sizeof(*state->steps));
}

void procedure_state_release(struct procedure_state *state)
{
	free(state->steps);
	*state = (struct procedure_state){ 0 };
}

/* Passed over: its guard was answered otherwise (or does not apply), or it is an alternative that
 * was not taken. A guard that is still to be answered decides nothing yet. */
static bool is_passed_over(const struct procedure_state *state, size_t index)
{
	const struct step *step = &state->procedure->steps[index];
	const struct step_state *own = &state->steps[index];

	if (step->only_alternative && !own->alternative)
		return true;
	if (step->guard < 0)
		return false;
	const struct step_state *guard = &state->steps[step->guard];
	if (is_passed_over(state, (size_t)step->guard))
		return true;
	if (guard->status == STEP_NOT_APPLICABLE || guard->status == STEP_SKIPPED)
		return true;
	return guard->answer && strcmp(guard->answer, step->guard_answer) != 0;
}

static bool is_over(const struct procedure_state *state, size_t index)
{
	switch (state->steps[index].status) {
	case STEP_DONE:
	case STEP_SKIPPED:
	case STEP_NOT_APPLICABLE:
		return true;
	default:
		/* What has been begun is never passed over. */
		return state->steps[index].status == STEP_WAITING && is_passed_over(state, index);
	}
}

enum step_status procedure_status(const struct procedure_state *state, size_t step)
{
	enum step_status status = state->steps[step].status;

	return status == STEP_WAITING && is_passed_over(state, step) ? STEP_NOT_APPLICABLE : status;
}

int procedure_next(const struct procedure_state *state)
{
	size_t n = state->procedure ? state->procedure->nsteps : 0;

	for (size_t i = 0; i < n; i++)
		if (state->steps[i].status == STEP_RUNNING)
			return (int)i;
	/* An alternative that was taken comes before what stands earlier in the list. */
	for (size_t i = 0; i < n; i++)
		if (state->steps[i].alternative && !is_over(state, i))
			return (int)i;
	for (size_t i = 0; i < n; i++)
		if (!is_over(state, i))
			return (int)i;
	return -1;
}

bool procedure_finished(const struct procedure_state *state)
{
	if (!state->procedure || procedure_next(state) >= 0)
		return false;
	for (size_t i = 0; i < state->procedure->nsteps; i++)
		if (state->steps[i].status == STEP_DONE)
			return true;
	return false;
}

bool procedure_clean(const struct procedure_state *state)
{
	for (size_t i = 0; state->procedure && i < state->procedure->nsteps; i++) {
		switch (state->steps[i].status) {
		case STEP_RAN:
		case STEP_FAILED:
		case STEP_NOT_VERIFIED:
		case STEP_UNKNOWN:
		case STEP_UNDONE:
			return false;
		case STEP_SKIPPED:
			if (!state->steps[i].replaced)
				return false;
			break;
		default:
			break;
		}
	}
	return true;
}

/* ---- applying an event ---- */

static const struct transition *transition_find(const struct step_state *own, enum step_event event)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(*transitions); i++) {
		const struct transition *t = &transitions[i];
		if (t->from == own->status && t->event == event && t->undoing == own->undoing)
			return t;
	}
	return NULL;
}

static int step_named(const struct procedure *procedure, const char *id)
{
	for (size_t i = 0; id && i < procedure->nsteps; i++)
		if (strcmp(procedure->steps[i].id, id) == 0)
			return (int)i;
	return -1;
}

static const char *answer_find(const struct step *step, const char *text)
{
	static const char *const yes_no[] = { "yes", "no" };
	for (size_t i = 0; text && step->kind == STEP_QUESTION && i < 2; i++)
		if (strcmp(yes_no[i], text) == 0)
			return yes_no[i];
	for (size_t i = 0; text && step->kind == STEP_CHOICE && i < step->noptions; i++)
		if (strcmp(step->options[i].id, text) == 0)
			return step->options[i].id;
	return NULL;
}

/* A new answer must not leave begun steps of the old branch behind. */
static bool is_answer_used(const struct procedure_state *state, size_t index)
{
	for (size_t i = index + 1; i < state->procedure->nsteps; i++)
		if (state->procedure->steps[i].guard == (int)index &&
		    (state->steps[i].status != STEP_WAITING || is_answer_used(state, i)))
			return true;
	return false;
}

static int check_run(const struct procedure_state *state, size_t index, struct err *err)
{
	const struct step *step = &state->procedure->steps[index];
	int next = procedure_next(state);

	if (step->kind != STEP_ACTION)
		return err_set(err, "step %s is answered, not run", step->id);
	if (!state->approved)
		return err_set(err, "the plan of %s is not approved", state->procedure->name);
	if (is_passed_over(state, index))
		return err_set(err, "step %s does not apply", step->id);
	if (next != (int)index)
		return err_set(err, "step %s is not next, %s is", step->id,
			       next < 0 ? "none" : state->procedure->steps[next].id);
	return 0;
}

static int check_answer(const struct procedure_state *state, size_t index, const char *text,
			struct err *err)
{
	const struct step *step = &state->procedure->steps[index];

	if (step->kind == STEP_ACTION)
		return err_set(err, "step %s is run, not answered", step->id);
	if (!answer_find(step, text))
		return err_set(err, "\"%s\" is no answer to step %s", text ? text : "", step->id);
	if (is_passed_over(state, index))
		return err_set(err, "step %s does not apply", step->id);
	if (is_answer_used(state, index))
		return err_set(err, "steps after the answer to %s have begun", step->id);
	return 0;
}

static int check_event(const struct procedure_state *state, size_t index, enum step_event event,
		       const char *text, struct err *err)
{
	const struct step *step = &state->procedure->steps[index];

	switch (event) {
	case STEP_EV_INTENT:
		return check_run(state, index, err);
	case STEP_EV_ANSWERED:
		return check_answer(state, index, text, err);
	case STEP_EV_UNDO_INTENT:
		if (step->kind != STEP_ACTION || state->steps[index].attempt == 0)
			return err_set(err, "step %s never ran: nothing to undo", step->id);
		for (size_t i = 0; i < state->procedure->nsteps; i++)
			if (state->steps[i].status == STEP_RUNNING)
				return err_set(err, "step %s is still running",
					       state->procedure->steps[i].id);
		return 0;
	case STEP_EV_ALTERNATIVE:
		if (step_named(state->procedure, step->alternative) < 0)
			return err_set(err, "step %s has no alternative", step->id);
		return 0;
	default:
		return 0;
	}
}

static void count_failure(struct step_state *own, const char *text)
{
	char failure[sizeof(own->failure)];
	text_clean_to(failure, sizeof(failure), text ? text : "", strlen(text ? text : ""));
	bool same = own->same_failures > 0 && strcmp(failure, own->failure) == 0;
	own->same_failures = same ? own->same_failures + 1 : 1;
	memcpy(own->failure, failure, sizeof(failure));
}

static void begin_run(struct procedure_state *state, struct step_state *own, bool undoing,
		      int64_t at)
{
	own->undoing = undoing;
	own->started = at;
	own->ended = 0;
	if (!undoing)
		own->attempt++;
	if (!state->started)
		state->started = at;
}

static void take_effect(struct procedure_state *state, size_t index, enum step_event event,
			const char *text, int64_t at)
{
	struct step_state *own = &state->steps[index];
	const struct step *step = &state->procedure->steps[index];

	switch (event) {
	case STEP_EV_INTENT:
		begin_run(state, own, false, at);
		return;
	case STEP_EV_UNDO_INTENT:
		begin_run(state, own, true, at);
		return;
	case STEP_EV_OUTCOME_FAILED:
	case STEP_EV_NOT_VERIFIED:
		count_failure(own, text);
		break;
	case STEP_EV_ANSWERED:
		own->answer = answer_find(step, text);
		own->started = at;
		break;
	case STEP_EV_SKIPPED:
		own->replaced = false;
		break;
	case STEP_EV_ALTERNATIVE:
		own->replaced = true;
		state->steps[step_named(state->procedure, step->alternative)].alternative = true;
		break;
	default:
		break;
	}
	if (own->status == STEP_DONE)
		own->same_failures = 0;
	own->ended = at;
	state->ended = at;
	if (own->status != STEP_RUNNING && own->status != STEP_UNKNOWN)
		own->undoing = false;
}

int procedure_apply(struct procedure_state *state, size_t step, enum step_event event,
		    const char *text, int64_t at, struct err *err)
{
	if (!state->procedure || step >= state->procedure->nsteps)
		return err_set(err, "there is no such step");
	struct step_state *own = &state->steps[step];
	const struct transition *t = transition_find(own, event);

	if (!t)
		return err_set(err, "step %s is %s: \"%s\" is not possible now",
			       state->procedure->steps[step].id, status_names[own->status],
			       event_names[event]);
	if (check_event(state, step, event, text, err) < 0)
		return -1;
	own->status = t->to;
	take_effect(state, step, event, text, at);
	return 0;
}
