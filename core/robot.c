#include "core/robot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/claim.h"
#include "core/robot_parts.h"
#include "lib/mem.h"

#define TURN_US	    (CLOCK_US / 10)
#define PATIENCE_US (180 * CLOCK_US)
/* The `after` checks get so long to come true once the procedure is done. */
#define AFTER_US (60 * CLOCK_US)

/* Everything the record says that is not hidden, as it comes. */
static void tell_timeline(struct robot *robot)
{
	const struct incident_state *state = session_state(robot->spec.session);

	for (; robot->seen < state->ntimeline; robot->seen++) {
		const struct timeline_entry *entry = &state->timeline[robot->seen];

		robot->moved = clock_mono(loop_clock(robot->spec.loop));
		if (!entry->hidden)
			robot_say(robot, "%s", entry->text);
	}
}

/* ---- Deciding ---- */

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

static void answer(struct robot *robot, const struct question *question)
{
	struct proposal proposal;
	struct err err = ERR_INIT;

	session_proposal(robot->spec.session, question, &proposal);
	if (proposal.verdict == VERDICT_UNKNOWN) {
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

/* ---- After a procedure ---- */

/* Pass when every sensed item that applies holds; what only a person can see is left out. */
static enum verdict after_holds(const struct robot *robot, const struct attempt *attempt, char *why,
				size_t size)
{
	const struct checklist *after = attempt->procedure.procedure->after;
	const struct sense *sense = session_sense(robot->spec.session);
	enum verdict verdict = VERDICT_PASS;

	why[0] = '\0';
	for (size_t s = 0; after && s < after->nsections; s++) {
		for (size_t i = 0; i < after->sections[s].nitems; i++) {
			const struct item *item = &after->sections[s].items[i];
			const struct reading *reading;

			if (item->kind != ITEM_SENSED || item->optional)
				continue;
			reading = &sense_probe(sense, item->probe)->reading;
			if (item->when &&
			    sense_probe(sense, item->when)->reading.verdict == VERDICT_FAIL)
				continue;
			/* A pass from before the procedure's end says nothing about now. */
			if (reading->verdict == VERDICT_PASS && reading->at > attempt->ended_at)
				continue;
			if (verdict == VERDICT_PASS || reading->verdict == VERDICT_FAIL)
				snprintf(why, size, "%.120s: %.200s", item->say,
					 reading->verdict == VERDICT_PASS ? "looking again"
									  : reading->evidence);
			if (reading->verdict == VERDICT_FAIL)
				verdict = VERDICT_FAIL;
			else if (verdict == VERDICT_PASS)
				verdict = VERDICT_UNKNOWN;
		}
	}
	return verdict;
}

/* Pass when no condition that suggests to do something holds; else the first one in *left. Unknown
 * while one was not looked at yet. */
static enum verdict conditions_quiet(const struct robot *robot, const struct condition **left)
{
	const struct session *session = robot->spec.session;
	const struct runbook *runbook = session_runbook(session);
	const struct sense *sense = session_sense(session);
	enum verdict verdict = VERDICT_PASS;

	for (size_t i = 0; i < runbook->nconditions; i++) {
		const struct condition *condition = &runbook->conditions[i];

		if (!condition->suggest.procedure && !condition->suggest.tree)
			continue;
		*left = condition;
		if (sense_conditions(sense)[i].verdict == VERDICT_PASS)
			return VERDICT_FAIL;
		for (size_t s = 0; s < condition->nsymptoms; s++) {
			if (!sense_probe(sense, condition->symptoms[s])->reading.at)
				verdict = VERDICT_UNKNOWN;
		}
	}
	return verdict;
}

static void recovered(struct robot *robot, const struct attempt *attempt)
{
	char why[300];
	struct err err = ERR_INIT;

	snprintf(why, sizeof(why), "%.120s: done, and everything that is sensed after it holds",
		 attempt->procedure.procedure->title);
	if (!robot->spec.keep_open &&
	    !robot_did(robot, session_resolve(robot->spec.session, why, &err), &err))
		return;
	robot_say(robot, "%s", why);
	robot_finish(robot, ROBOT_RECOVERED, why);
}

static void after(struct robot *robot, const struct attempt *attempt)
{
	int64_t gone = clock_wall(loop_clock(robot->spec.loop)) -
		       (attempt->ended_at > robot->began ? attempt->ended_at : robot->began);
	bool done = strcmp(attempt->result, "done") == 0;
	const struct condition *left = NULL;
	enum verdict quiet = conditions_quiet(robot, &left), holds;
	char why[400], line[500];

	holds = after_holds(robot, attempt, why, sizeof(why));
	if (done && holds == VERDICT_PASS && quiet == VERDICT_PASS) {
		recovered(robot, attempt);
		return;
	}
	if (holds == VERDICT_PASS && quiet != VERDICT_PASS)
		snprintf(why, sizeof(why), "condition \"%.200s\" %s", left->title,
			 quiet == VERDICT_FAIL ? "still holds" : "was not looked at yet");
	if (done && gone < AFTER_US) {
		robot_say(robot, "waiting until it holds: %s", why);
		return;
	}
	if (done)
		snprintf(line, sizeof(line), "%.120s did not help: %.300s",
			 attempt->procedure.procedure->title, why);
	else
		snprintf(line, sizeof(line), "%.120s: %s", attempt->procedure.procedure->title,
			 attempt->result);
	if (robot->procedure) {
		robot_finish(robot, ROBOT_FAILED, line);
		return;
	}
	robot_say(robot, "%s", line);
	robot_decide(robot);
}

/* ---- Planning ---- */

static void plan_params(struct robot *robot, const struct procedure *procedure)
{
	struct session *session = robot->spec.session;
	const json_t *proposed = session_proposed_params(session);
	struct err err = ERR_INIT;

	if (!proposed)
		return;
	robot->asked = session_state(session)->nattempts;
	for (size_t i = 0; i < procedure->nasks; i++) {
		const json_t *value = json_object_get(proposed, procedure->asks[i]);
		char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

		robot_say(robot, "%s: %s", procedure->asks[i], text ? text : "nothing is proposed");
		free(text);
	}
	if (session_make_plan(session, proposed, &err) != 0)
		robot_stop(robot, err.msg);
}

static void plan(struct robot *robot, const struct attempt *attempt)
{
	struct session *session = robot->spec.session;
	const struct procedure *procedure = attempt->procedure.procedure;
	const struct procedure_plan *ready;
	const char *problem;
	struct err err = ERR_INIT;

	if (attempt->procedure.stopped)
		return;
	if (procedure->nasks && robot->asked != session_state(session)->nattempts) {
		plan_params(robot, procedure);
		return;
	}
	ready = session_plan(session, &problem);
	if (problem) {
		robot_stop(robot, problem);
		return;
	}
	if (!ready)
		return;
	for (size_t i = 0; i < ready->nloss; i++)
		robot_say(robot, "data loss: %s", ready->loss[i]);
	robot_did(robot, session_approve(session, session_target(session)->name, &err), &err);
}

/* ---- Turns ---- */

static void begin_only(struct robot *robot)
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

/* A deployment goes on when no procedure is under way, until one is chosen that is not its own. */
static bool on_deployment_day(const struct robot *robot, const struct attempt *attempt)
{
	return !robot->procedure && session_state(robot->spec.session)->deployment.deployment &&
	       (!attempt ||
		(attempt->ended_at && robot_deploys(robot, attempt->procedure.procedure)));
}

static void act(struct robot *robot)
{
	const struct attempt *attempt = state_attempt(session_state(robot->spec.session));

	if (!attempt && robot->procedure)
		begin_only(robot);
	else if (on_deployment_day(robot, attempt))
		robot_deploy(robot);
	else if (!attempt)
		robot_decide(robot);
	else if (attempt->ended_at)
		after(robot, attempt);
	else if (!attempt->procedure.approved)
		plan(robot, attempt);
	else
		robot_steps(robot, attempt);
}

static void robot_turn(struct watch *watch, uint32_t what, void *data)
{
	struct robot *robot = data;
	const struct incident_state *state = session_state(robot->spec.session);
	int64_t patience = robot->spec.patience_us ? robot->spec.patience_us : PATIENCE_US;
	char why[600];

	(void)watch;
	(void)what;
	if (!state) {
		robot_finish(robot, ROBOT_FAILED, "no incident is open");
		return;
	}
	robot->until = 0;
	tell_timeline(robot);
	if (state->phase != INCIDENT_OPEN) {
		robot_finish(robot, ROBOT_STOPPED, "the incident was resolved by somebody else");
		return;
	}
	act(robot);
	if (robot->result != ROBOT_WORKING)
		return;
	if (clock_mono(loop_clock(robot->spec.loop)) - robot->moved > patience) {
		snprintf(why, sizeof(why), "nothing changed for too long; last: %s", robot->said);
		robot_finish(robot, ROBOT_FAILED, why);
	}
}

struct robot *robot_new(const struct robot_spec *spec)
{
	struct robot *robot = xcalloc(1, sizeof(*robot));

	robot->spec = *spec;
	robot->procedure = spec->procedure ? xstrdup(spec->procedure) : NULL;
	robot->began = clock_wall(loop_clock(spec->loop));
	robot->moved = clock_mono(loop_clock(spec->loop));
	robot->timer = loop_timer(spec->loop, 0, TURN_US, robot_turn, robot);
	return robot;
}

void robot_free(struct robot *robot)
{
	if (!robot)
		return;
	watch_free(robot->timer);
	free(robot->procedure);
	free(robot);
}

int64_t robot_waits(const struct robot *robot)
{
	return robot->until;
}

enum robot_result robot_result(const struct robot *robot)
{
	return robot->result;
}

const char *robot_why(const struct robot *robot)
{
	return robot->why;
}
