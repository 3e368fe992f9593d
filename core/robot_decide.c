/* Deciding: what is suggested, else the tree, answered as proposed. */
#include <stdio.h>

#include "core/claim.h"
#include "core/robot_parts.h"

#define NEAR_US (5 * CLOCK_US)

static bool trouble_seen(const struct robot *robot)
{
	const struct session *session = robot->spec.session;
	const struct incident_state *state = session_state(session);
	const struct condition_state *conditions = sense_conditions(session_sense(session));

	if (!robot->spec.await_alert || state->first_alert_at || state->nattempts)
		return true;
	for (size_t i = 0; i < state->runbook->nconditions; i++) {
		const struct outcome *suggest = &state->runbook->conditions[i].suggest;

		if (conditions[i].verdict == VERDICT_PASS && (suggest->procedure || suggest->tree))
			return true;
	}
	return false;
}

bool robot_tried(const struct robot *robot, const struct procedure *procedure)
{
	const struct incident_state *state = session_state(robot->spec.session);

	for (size_t i = 0; i < state->nattempts; i++) {
		if (state->attempts[i].procedure.procedure == procedure)
			return true;
	}
	return false;
}

/* What it acts upon says how bad it is; a person's word is never played down. */
static void declare_severity(struct robot *robot)
{
	struct session *session = robot->spec.session;
	enum severity severity = SEVERITY_LOW;
	struct err err = ERR_INIT;
	char worst[200];

	if (session_worst(session, &severity, worst, sizeof(worst)) &&
	    severity > session_state(session)->severity)
		robot_did(robot, session_severity(session, severity, worst, &err), &err);
}

/* Nothing can be run on a target that another incident works on: that is said at once, before
 * anything is decided. */
bool robot_claimed(struct robot *robot)
{
	struct err err = ERR_INIT;
	char why[600];

	if (!claim_is_foreign(session_incident(robot->spec.session), &err))
		return false;
	snprintf(why, sizeof(why), "nothing was run: %.270s: %.270s", err.msg, err.hint);
	robot_say(robot, "%s", why);
	robot_finish(robot, ROBOT_FAILED, why);
	return true;
}

static void choose(struct robot *robot, const struct procedure *procedure, const char *reason)
{
	struct err err = ERR_INIT;

	if (robot_claimed(robot))
		return;
	declare_severity(robot);
	if (!robot_did(robot, session_choose(robot->spec.session, procedure->name, reason, &err),
		       &err))
		return;
	robot_say(robot, "chosen: %s", procedure->title);
}

/* While all is quiet what may block is looked at seldom: what was seen before the alert says
 * nothing about the trouble. */
static bool is_from_before(const struct robot *robot, const struct proposal *proposal)
{
	int64_t alert = session_state(robot->spec.session)->first_alert_at;

	return alert && clock_wall(loop_clock(robot->spec.loop)) - proposal->age_us < alert;
}

static void answer(struct robot *robot, const struct question *question)
{
	struct proposal proposal;
	struct err err = ERR_INIT;

	session_proposal(robot->spec.session, question, &proposal);
	if (proposal.verdict == VERDICT_UNKNOWN || is_from_before(robot, &proposal)) {
		robot_say(robot, "waiting for an answer to \"%s\"", question->ask);
		return;
	}
	robot_did(robot,
		  session_answer(robot->spec.session, question->name,
				 proposal.verdict == VERDICT_PASS, NULL, &err),
		  &err);
}

/* Everything that was answered is asked anew: the world has changed. */
static void answer_anew(struct robot *robot)
{
	const struct incident_state *state = session_state(robot->spec.session);
	const struct tree *tree = &state->runbook->tree;
	struct err err = ERR_INIT;

	robot_did(robot, session_back(robot->spec.session, tree->questions[tree->start].name, &err),
		  &err);
}

/* The tree was answered before the last procedure ended: it speaks of another world. */
static bool tree_is_old(const struct robot *robot)
{
	const struct incident_state *state = session_state(robot->spec.session);
	const struct attempt *attempt = state_attempt(state);

	for (size_t i = state->ntimeline; attempt && i-- > 0;) {
		if (state->timeline[i].event == EV_ANSWERED || state->timeline[i].event == EV_BACK)
			return false;
		if (state->timeline[i].event == EV_PROCEDURE_ENDED)
			return state->tree.n > 0;
	}
	return false;
}

/* A condition that suggests a procedure is about to hold: it goes before the tree, which may be
 * through a moment sooner. Only for so long: some take many minutes, and may never hold. */
static bool condition_near(const struct robot *robot)
{
	const struct sense *sense = session_sense(robot->spec.session);
	const struct runbook *runbook = session_runbook(robot->spec.session);
	const struct condition_state *states = sense_conditions(sense);
	int64_t now = clock_wall(loop_clock(robot->spec.loop));

	for (size_t i = 0; i < runbook->nconditions; i++) {
		const struct condition *condition = &runbook->conditions[i];
		int64_t due = states[i].since + sense_duration(sense, condition->for_, 0);

		if (condition->suggest.procedure && states[i].since && due > now - NEAR_US &&
		    due < now + NEAR_US)
			return true;
	}
	return false;
}

void robot_decide(struct robot *robot)
{
	struct session *session = robot->spec.session;
	const struct incident_state *state = session_state(session);
	const struct tree *tree = &state->runbook->tree;
	const struct outcome *end = NULL;
	const struct question *open = NULL;
	const struct procedure *suggested;
	char why[300];

	if (!trouble_seen(robot)) {
		robot_say(robot, "watching: nothing is wrong yet");
		return;
	}
	suggested = session_suggested(session, NULL);
	if (suggested &&
	    !condition_first(state->runbook, sense_conditions(session_sense(session))) &&
	    condition_near(robot)) {
		robot_say(robot, "waiting for a condition that is about to hold");
		return;
	}
	if (suggested) {
		choose(robot, suggested, NULL);
		return;
	}
	if (tree_is_old(robot)) {
		answer_anew(robot);
		return;
	}
	if (tree->nquestions)
		open = tree_open(tree, &state->tree, &end);
	if (open) {
		answer(robot, open);
	} else if (end && end->procedure && robot_tried(robot, end->procedure)) {
		snprintf(why, sizeof(why), "the tree ends in \"%.200s\", which was tried already",
			 end->procedure->title);
		robot_finish(robot, ROBOT_FAILED, why);
	} else if (end && end->advice) {
		snprintf(why, sizeof(why), "the tree ends in advice for a person: %.240s",
			 end->advice);
		robot_finish(robot, ROBOT_FAILED, why);
	} else if (!tree->nquestions) {
		robot_say(robot, "waiting: nothing is suggested");
	}
}

void robot_begin_only(struct robot *robot)
{
	const struct procedure *procedure =
	    runbook_procedure(session_runbook(robot->spec.session), robot->procedure);

	if (!procedure) {
		robot_finish(robot, ROBOT_FAILED, "the runbook has no such procedure");
		return;
	}
	if (trouble_seen(robot))
		choose(robot, procedure,
		       session_suggested(robot->spec.session, NULL) == procedure
			   ? NULL
			   : "told to run this one");
	else
		robot_say(robot, "watching: nothing is wrong yet");
}
