#include "core/robot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"

#define TURN_US	    (CLOCK_US / 10)
#define PATIENCE_US (180 * CLOCK_US)
/* The `after` checks get so long to come true once the procedure is done. */
#define AFTER_US (60 * CLOCK_US)

struct robot {
	struct robot_spec spec;
	char *procedure; /* owned: the only one, or NULL */
	struct watch *timer;
	enum robot_result result;
	char why[512];
	char said[512];		    /* the last line of progress */
	int64_t moved;		    /* monotonic: when something changed last */
	uint64_t seen;		    /* last timeline length */
	const struct step *checked; /* step that was checked again already */
	int checked_attempt;
	const struct step *cleaned; /* step that was run again after a death */
	size_t asked;		    /* attempt whose proposals were answered */
};

/* ---- Talking ---- */

static void say(struct robot *robot, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct robot *robot, const char *fmt, ...)
{
	char line[sizeof(robot->said)], clean[sizeof(robot->said)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	text_clean_to(clean, sizeof(clean), line, strlen(line));
	if (strcmp(clean, robot->said) == 0)
		return;
	memcpy(robot->said, clean, sizeof(clean));
	if (robot->spec.progress)
		robot->spec.progress(clean, robot->spec.data);
}

static void finish(struct robot *robot, enum robot_result result, const char *why)
{
	if (robot->result != ROBOT_WORKING)
		return;
	robot->result = result;
	text_clean_to(robot->why, sizeof(robot->why), why, strlen(why));
	watch_free(robot->timer);
	robot->timer = NULL;
	if (robot->spec.done)
		robot->spec.done(result, robot->spec.data);
}

/* A command that was refused: the record may have moved on, so it looks again; patience ends it. */
static bool did(struct robot *robot, int status, const struct err *err)
{
	if (status != 0)
		say(robot, "refused: %s", err->msg);
	return status == 0;
}

static void note(struct robot *robot, const char *text)
{
	session_note(robot->spec.session, text, NULL);
}

/* Everything the record says that is not hidden, as it comes. */
static void tell_timeline(struct robot *robot)
{
	const struct incident_state *state = session_state(robot->spec.session);

	for (; robot->seen < state->ntimeline; robot->seen++) {
		const struct timeline_entry *entry = &state->timeline[robot->seen];

		robot->moved = clock_mono(loop_clock(robot->spec.loop));
		if (!entry->hidden)
			say(robot, "%s", entry->text);
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

static bool was_tried(const struct robot *robot, const struct procedure *procedure)
{
	const struct incident_state *state = session_state(robot->spec.session);

	for (size_t i = 0; i < state->nattempts; i++) {
		if (state->attempts[i].procedure.procedure == procedure)
			return true;
	}
	return false;
}

static void choose(struct robot *robot, const struct procedure *procedure, const char *reason)
{
	struct err err = ERR_INIT;

	if (!did(robot, session_choose(robot->spec.session, procedure->name, reason, &err), &err))
		return;
	say(robot, "chosen: %s", procedure->title);
}

static void answer(struct robot *robot, const struct question *question)
{
	struct proposal proposal;
	struct err err = ERR_INIT;

	session_proposal(robot->spec.session, question, &proposal);
	if (proposal.verdict == VERDICT_UNKNOWN) {
		say(robot, "waiting for an answer to \"%s\"", question->ask);
		return;
	}
	did(robot,
	    session_answer(robot->spec.session, question->name, proposal.verdict == VERDICT_PASS,
			   NULL, &err),
	    &err);
}

/* Everything that was answered is asked anew: the world has changed. */
static void answer_anew(struct robot *robot)
{
	const struct incident_state *state = session_state(robot->spec.session);
	const struct tree *tree = &state->runbook->tree;
	struct err err = ERR_INIT;

	did(robot, session_back(robot->spec.session, tree->questions[tree->start].name, &err),
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

static void decide(struct robot *robot)
{
	struct session *session = robot->spec.session;
	const struct incident_state *state = session_state(session);
	const struct tree *tree = &state->runbook->tree;
	const struct outcome *end = NULL;
	const struct question *open = NULL;
	const struct procedure *suggested;
	char why[300];

	if (!trouble_seen(robot)) {
		say(robot, "watching: nothing is wrong yet");
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
	} else if (end && end->procedure && was_tried(robot, end->procedure)) {
		snprintf(why, sizeof(why), "the tree ends in \"%.200s\", which was tried already",
			 end->procedure->title);
		finish(robot, ROBOT_FAILED, why);
	} else if (end && end->advice) {
		snprintf(why, sizeof(why), "the tree ends in advice for a person: %.240s",
			 end->advice);
		finish(robot, ROBOT_FAILED, why);
	} else if (!tree->nquestions) {
		say(robot, "waiting: nothing is suggested");
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
				snprintf(why, size, "%.120s: %.200s", item->say, reading->evidence);
			if (reading->verdict == VERDICT_FAIL)
				verdict = VERDICT_FAIL;
			else if (verdict == VERDICT_PASS)
				verdict = VERDICT_UNKNOWN;
		}
	}
	return verdict;
}

/* A condition that suggests a procedure and holds; what it says is about now. */
static const struct condition *condition_left(const struct robot *robot)
{
	const struct session *session = robot->spec.session;

	return condition_first(session_runbook(session), sense_conditions(session_sense(session)));
}

static void recovered(struct robot *robot, const struct attempt *attempt)
{
	char why[300];
	struct err err = ERR_INIT;

	snprintf(why, sizeof(why), "%.120s: done, and everything that is sensed after it holds",
		 attempt->procedure.procedure->title);
	if (!robot->spec.keep_open &&
	    !did(robot, session_resolve(robot->spec.session, why, &err), &err))
		return;
	say(robot, "%s", why);
	finish(robot, ROBOT_RECOVERED, why);
}

static void after(struct robot *robot, const struct attempt *attempt)
{
	int64_t gone = clock_wall(loop_clock(robot->spec.loop)) - attempt->ended_at;
	bool done = strcmp(attempt->result, "done") == 0;
	const struct condition *left = condition_left(robot);
	enum verdict holds;
	char why[400], line[500];

	holds = after_holds(robot, attempt, why, sizeof(why));
	if (done && holds == VERDICT_PASS && !left) {
		recovered(robot, attempt);
		return;
	}
	if (left && holds == VERDICT_PASS)
		snprintf(why, sizeof(why), "condition \"%.200s\" still holds", left->title);
	if (done && gone < AFTER_US) {
		say(robot, "waiting until it holds: %s", why);
		return;
	}
	if (done)
		snprintf(line, sizeof(line), "%.120s did not help: %.300s",
			 attempt->procedure.procedure->title, why);
	else
		snprintf(line, sizeof(line), "%.120s: %s", attempt->procedure.procedure->title,
			 attempt->result);
	if (robot->procedure) {
		finish(robot, ROBOT_FAILED, line);
		return;
	}
	say(robot, "%s", line);
	decide(robot);
}

/* ---- Planning ---- */

static void stop(struct robot *robot, const char *reason)
{
	struct err err = ERR_INIT;

	say(robot, "stopping the procedure: %s", reason);
	did(robot, session_stop(robot->spec.session, reason, &err), &err);
}

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

		say(robot, "%s: %s", procedure->asks[i], text ? text : "nothing is proposed");
		free(text);
	}
	if (session_make_plan(session, proposed, &err) != 0)
		stop(robot, err.msg);
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
		stop(robot, problem);
		return;
	}
	if (!ready)
		return;
	for (size_t i = 0; i < ready->nloss; i++)
		say(robot, "data loss: %s", ready->loss[i]);
	did(robot, session_approve(session, session_target(session)->name, &err), &err);
}

/* ---- Steps ---- */

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
			say(robot, "waiting for an answer to \"%s\"", step->say);
			return;
		}
		reply = proposal.verdict == VERDICT_PASS ? "yes" : "no";
	}
	did(robot, session_answer_step(session, step->id, reply, NULL, &err), &err);
}

static void step_waiting(struct robot *robot, const struct step *step, const struct step_state *now)
{
	struct session *session = robot->spec.session;
	const struct procedure *procedure =
	    session_state(session)->nattempts
		? state_attempt(session_state(session))->procedure.procedure
		: NULL;
	struct err err = ERR_INIT;

	if (step->kind != STEP_ACTION) {
		step_answer(robot, step);
		return;
	}
	if (!step_action(step, procedure, session_target(session))) {
		if (step_bound_probe(step, procedure, session_target(session)))
			did(robot, session_step_done(session, step->id, "by what is sensed", &err),
			    &err);
		else
			did(robot,
			    session_skip(session, step->id, "only a person can do this: not done",
					 &err),
			    &err);
		return;
	}
	/* It ran before and left nothing behind that is its effect: once more, on record. */
	if (now->attempt > 0) {
		if (robot->cleaned == step) {
			stop(robot, "its runner died twice");
			return;
		}
		robot->cleaned = step;
		note(robot,
		     "The step's runner died and its effect is not there: leftovers are cleaned, "
		     "and it is run once more.");
	}
	did(robot, session_run_step(session, &err), &err);
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
		did(robot, session_check_again(session, step->id, &err), &err);
		return;
	}
	if (step->alternative) {
		did(robot, session_alternative(session, step->id, &err), &err);
		return;
	}
	snprintf(reason, sizeof(reason), "%.80s: %s (%.160s)", step->id,
		 step_status_name(now->status), now->failure);
	stop(robot, reason);
}

static void step_unknown(struct robot *robot, const struct step *step)
{
	struct err err = ERR_INIT;
	char why[300];

	if (robot->checked != step) {
		robot->checked = step;
		did(robot, session_check_again(robot->spec.session, step->id, &err), &err);
		return;
	}
	snprintf(why, sizeof(why), "nobody knows what became of step %.200s", step->id);
	finish(robot, ROBOT_FAILED, why);
}

static void steps(struct robot *robot, const struct attempt *attempt)
{
	const struct procedure_state *state = &attempt->procedure;
	int next = procedure_next(state);
	const struct step *step;

	if (session_running(robot->spec.session)) {
		/* The runner has deadlines of its own. */
		robot->moved = clock_mono(loop_clock(robot->spec.loop));
		return;
	}
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
		stop(robot, "a step was undone");
		break;
	default:
		break;
	}
}

/* ---- Turns ---- */

static void begin_only(struct robot *robot)
{
	const struct procedure *procedure =
	    runbook_procedure(session_runbook(robot->spec.session), robot->procedure);

	if (!procedure) {
		finish(robot, ROBOT_FAILED, "the runbook has no such procedure");
		return;
	}
	if (trouble_seen(robot))
		choose(robot, procedure,
		       session_suggested(robot->spec.session, NULL) == procedure
			   ? NULL
			   : "told to run this one");
	else
		say(robot, "watching: nothing is wrong yet");
}

static void act(struct robot *robot)
{
	const struct attempt *attempt = state_attempt(session_state(robot->spec.session));

	if (!attempt && robot->procedure)
		begin_only(robot);
	else if (!attempt)
		decide(robot);
	else if (attempt->ended_at)
		after(robot, attempt);
	else if (!attempt->procedure.approved)
		plan(robot, attempt);
	else
		steps(robot, attempt);
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
		finish(robot, ROBOT_FAILED, "no incident is open");
		return;
	}
	tell_timeline(robot);
	if (state->phase != INCIDENT_OPEN) {
		finish(robot, ROBOT_STOPPED, "the incident was resolved by somebody else");
		return;
	}
	act(robot);
	if (robot->result != ROBOT_WORKING)
		return;
	if (clock_mono(loop_clock(robot->spec.loop)) - robot->moved > patience) {
		snprintf(why, sizeof(why), "nothing changed for too long; last: %s", robot->said);
		finish(robot, ROBOT_FAILED, why);
	}
}

struct robot *robot_new(const struct robot_spec *spec)
{
	struct robot *robot = xcalloc(1, sizeof(*robot));

	robot->spec = *spec;
	robot->procedure = spec->procedure ? xstrdup(spec->procedure) : NULL;
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

enum robot_result robot_result(const struct robot *robot)
{
	return robot->result;
}

const char *robot_why(const struct robot *robot)
{
	return robot->why;
}
