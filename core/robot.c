/* The robot: a turn at a time it does what is next, as an operator would. */
#include "core/robot.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/robot_parts.h"
#include "core/runner.h"
#include "lib/mem.h"

#define TURN_US	    (CLOCK_US / 10)
#define PATIENCE_US (180 * CLOCK_US)
#define LOST_US	    (5 * CLOCK_US)
#define PLANS_MOST  10 /* that could not be made, before it gives up */

/* Everything the record says that is not hidden, as it comes. */
static void tell_timeline(struct robot *robot)
{
	const struct incident_state *state = session_state(robot->spec.session);

	for (; robot->seen < state->ntimeline; robot->seen++) {
		const struct timeline_entry *entry = &state->timeline[robot->seen];

		robot->moved = clock_mono(loop_clock(robot->spec.loop));
		if (!entry->hidden)
			robot_say(robot, "%s", entry_text(entry));
	}
}

/* ---- Planning ---- */

/* Dropped, it is suggested again at once: what was in the way may be over by then, or never. */
static void plan_fails(struct robot *robot, const char *problem)
{
	char why[400];

	snprintf(why, sizeof(why), "no plan could be made, again and again: %.340s", problem);
	robot_stop(robot, problem);
	if (++robot->unplanned == PLANS_MOST)
		robot_finish(robot, ROBOT_FAILED, why);
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

		robot_say(robot, "%s: %s", procedure->asks[i], text ? text : "nothing is proposed");
		free(text);
	}
	if (session_make_plan(session, proposed, &err) != 0)
		plan_fails(robot, err.msg);
}

/* It approves for the login that it runs as. What others have to approve is put before them, and
 * they are not waited for: nobody may be there. */
static void approve(struct robot *robot)
{
	struct session *session = robot->spec.session;
	struct err err = ERR_INIT;
	struct authority authority;
	enum own_approval own;
	char why[500], *missing;

	if (!session_authority(session, &authority))
		return;
	own = session_own_approval(session, &authority);
	if ((own == OWN_COMPLETES || own == OWN_COUNTS) && authority.verdict != APPROVAL_REJECTED) {
		robot_did(robot, session_approve(session, session_target(session)->name, &err),
			  &err);
		return;
	}
	if (own == OWN_NONE && !session_asked(session) &&
	    !robot_did(robot, session_ask_approval(session, &err), &err))
		return;
	missing = authority_missing(&authority);
	if (authority.verdict == APPROVAL_REJECTED)
		snprintf(why, sizeof(why), "%.100s rejected the plan: %.160s",
			 authority.rejection->by, authority.rejection->reason);
	else
		snprintf(why, sizeof(why),
			 "nothing was run: the plan needs the approval of %.260s; let them type "
			 "backout approve %s, then attach again",
			 missing, session_state(session)->id);
	free(missing);
	robot_say(robot, "%s", why);
	robot_finish(robot, ROBOT_FAILED, why);
}

static void plan(struct robot *robot, const struct attempt *attempt)
{
	struct session *session = robot->spec.session;
	const struct procedure *procedure = attempt->procedure.procedure;
	const struct procedure_plan *ready;
	const char *problem;

	if (attempt->procedure.stopped)
		return;
	if (procedure->nasks && robot->asked != session_state(session)->nattempts) {
		plan_params(robot, procedure);
		return;
	}
	ready = session_plan(session, &problem);
	if (problem) {
		plan_fails(robot, problem);
		return;
	}
	if (!ready)
		return;
	robot->unplanned = 0;
	for (size_t i = 0; i < ready->nloss; i++)
		robot_say(robot, "data loss: %s", ready->loss[i]);
	approve(robot);
}

/* ---- Turns ---- */

/* What it was told to run is run at once, but for a way back from a deployment: that waits for
 * trouble. */
static bool runs_at_once(const struct robot *robot)
{
	const struct incident_state *state = session_state(robot->spec.session);
	const struct procedure *procedure;

	if (!robot->procedure || !state->deployment.deployment)
		return robot->procedure != NULL;
	procedure = runbook_procedure(state->runbook, robot->procedure);
	return !procedure || robot_deploys(robot, procedure);
}

/* A deployment goes on when no procedure is under way, until one is chosen that is not its own. */
static bool on_deployment_day(const struct robot *robot, const struct attempt *attempt)
{
	return !runs_at_once(robot) && session_state(robot->spec.session)->deployment.deployment &&
	       (!attempt ||
		(attempt->ended_at && robot_deploys(robot, attempt->procedure.procedure)));
}

/* A routine goes on when no procedure is under way: nothing is decided in it. */
static bool in_routine(const struct robot *robot, const struct attempt *attempt)
{
	return !robot->procedure && session_state(robot->spec.session)->routine.routine &&
	       (!attempt || attempt->ended_at);
}

static void act(struct robot *robot)
{
	const struct attempt *attempt = state_attempt(session_state(robot->spec.session));

	if (!attempt && runs_at_once(robot))
		robot_begin_only(robot);
	else if (on_deployment_day(robot, attempt))
		robot_deploy(robot);
	else if (in_routine(robot, attempt))
		robot_routine(robot);
	else if (!attempt)
		robot_decide(robot);
	else if (attempt->ended_at)
		robot_after(robot, attempt);
	else if (!attempt->procedure.approved)
		plan(robot, attempt);
	else
		robot_steps(robot, attempt);
}

/* For longer than a passing trouble takes. A runner that is at work still may find it well again.
 */
static bool record_is_lost(struct robot *robot)
{
	const struct incident *incident = session_incident(robot->spec.session);
	int64_t now = clock_mono(loop_clock(robot->spec.loop));

	if (!incident->unread && !*incident->damage &&
	    (!incident->unwritten || runner_alive(incident)))
		robot->kept = now;
	return now - robot->kept > LOST_US;
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
	if (record_is_lost(robot)) {
		robot_finish(robot, ROBOT_FAILED, "the record can't be read or written any more");
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
	robot->moved = robot->kept = clock_mono(loop_clock(spec->loop));
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
