/* The steps of an approved procedure, without a person. */
#include <stdio.h>
#include <string.h>

#include "core/robot_parts.h"
#include "core/runner.h"
#include "lib/jdoc.h"

#define STARTS_MAX 3

static void step_answer(struct robot *robot, const struct step *step)
{
	struct session *session = robot->spec.session;
	struct proposal proposal;
	struct err err = ERR_INIT;
	const char *reply;

	if (step->kind == STEP_CHOICE) {
		/* Nothing is sensed for a choice: the runbook's own order decides. */
		reply = step->noptions ? step->options[0].id : "";
	} else {
		session_step_proposal(session, step, &proposal);
		if (proposal.verdict == VERDICT_UNKNOWN) {
			robot_say(robot, "waiting for an answer to \"%s\"", step->say);
			return;
		}
		reply = proposal.verdict == VERDICT_PASS ? "yes" : "no";
	}
	robot_did(robot, session_answer_step(session, step->id, reply, NULL, &err), &err);
}

/* A runner that refuses leaves no trace but its message. */
static void run_step(struct robot *robot, const struct step *step)
{
	struct session *session = robot->spec.session;
	struct err err = ERR_INIT;

	if (robot->started != step || robot->started_seen != robot->seen)
		robot->starts = 0;
	if (robot->starts == STARTS_MAX) {
		robot_stop(robot, session_error(session));
		return;
	}
	robot->started = step;
	robot->started_seen = robot->seen;
	robot->starts += robot_did(robot, session_run_step(session, &err), &err);
}

/* How often a runner of that step died since its procedure was chosen. */
static int deaths(const struct incident_state *state, const struct procedure *procedure,
		  const struct step *step)
{
	int n = 0;

	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event == EV_CHOSEN)
			break;
		n += entry->event == EV_DIED &&
		     strcmp(json_str(entry_json(entry), "step", ""), step->id) == 0 &&
		     strcmp(json_str(entry_json(entry), "procedure", ""), procedure->name) == 0;
	}
	return n;
}

static void step_waiting(struct robot *robot, const struct step *step, const struct step_state *now)
{
	struct session *session = robot->spec.session;
	const struct procedure *procedure =
	    state_attempt(session_state(session))->procedure.procedure;
	struct err err = ERR_INIT;

	if (step->kind != STEP_ACTION) {
		step_answer(robot, step);
		return;
	}
	if (!step_action(step, procedure, session_target(session))) {
		if (step_bound_probe(step, procedure, session_target(session)))
			robot_did(robot,
				  session_step_done(session, step->id, "by what is sensed", &err),
				  &err);
		else
			robot_did(robot,
				  session_skip(session, step->id,
					       "only a person can do this: not done", &err),
				  &err);
		return;
	}
	/* It ran before and left nothing behind that is its effect: once more, on record, whichever
	 * console it was that saw the first one die. */
	if (now->attempt > 0) {
		if (deaths(session_state(session), procedure, step) > 1) {
			robot_stop(robot, "its runner died twice");
			return;
		}
		if (robot->cleaned != step)
			robot_note(robot,
				   "The step's runner died and its effect is not there: leftovers "
				   "are cleaned, and it is run once more.");
		robot->cleaned = step;
	}
	run_step(robot, step);
}

static void step_trouble(struct robot *robot, const struct step *step, const struct step_state *now)
{
	struct session *session = robot->spec.session;
	char reason[300];
	struct err err = ERR_INIT;

	if (now->status == STEP_NOT_VERIFIED &&
	    !(robot->checked == step && robot->checked_attempt == now->attempt)) {
		robot->checked = step;
		robot->checked_attempt = now->attempt;
		robot_did(robot, session_check_again(session, step->id, &err), &err);
		return;
	}
	if (step->alternative) {
		robot_did(robot, session_alternative(session, step->id, &err), &err);
		return;
	}
	snprintf(reason, sizeof(reason), "%.80s: %s (%.160s)", step->id,
		 step_status_name(now->status), now->failure);
	robot_stop(robot, reason);
}

static void step_unknown(struct robot *robot, const struct step *step)
{
	struct err err = ERR_INIT;
	char why[300];

	if (robot->checked != step) {
		robot->checked = step;
		robot_did(robot, session_check_again(robot->spec.session, step->id, &err), &err);
		return;
	}
	snprintf(why, sizeof(why), "nobody knows what became of step %.200s", step->id);
	robot_finish(robot, ROBOT_FAILED, why);
}

void robot_steps(struct robot *robot, const struct attempt *attempt)
{
	const struct procedure_state *state = &attempt->procedure;
	int next = procedure_next(state);
	const struct step *step;

	/* The runner has deadlines of its own; one that is gone is judged, by a runner again. */
	if (session_runner_works(robot->spec.session)) {
		robot->moved = clock_mono(loop_clock(robot->spec.loop));
		return;
	}
	if (session_running(robot->spec.session))
		return;
	if (next < 0 || state->stopped)
		return;
	step = &state->procedure->steps[next];
	switch (state->steps[next].status) {
	case STEP_WAITING:
		step_waiting(robot, step, &state->steps[next]);
		break;
	case STEP_UNKNOWN:
		step_unknown(robot, step);
		break;
	case STEP_FAILED:
	case STEP_NOT_VERIFIED:
		step_trouble(robot, step, &state->steps[next]);
		break;
	case STEP_UNDONE:
		robot_stop(robot, "a step was undone");
		break;
	default:
		break;
	}
}
