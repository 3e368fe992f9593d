/* A routine, without a person: what is sensed is measured, actions are carried out, the rest is
 * left. */
#include <stdio.h>

#include "core/robot_parts.h"
#include "lib/timefmt.h"

/* What does not hold gets so long to come true after something was done about it. */
#define SETTLE_US (10 * CLOCK_US)
/* And what can't be read so long to be read after all. */
#define UNREAD_US (30 * CLOCK_US)

static const struct checklist_state *list_of(const struct incident_state *state)
{
	return &state->checklists[state->routine.routine->checklist - state->runbook->checklists];
}

/* Others would have to approve it: nobody may be there. */
static bool may_run(const struct robot *robot, const struct incident_state *state,
		    const struct procedure *procedure)
{
	struct attempt attempt = { .procedure = { .procedure = procedure } };
	int64_t now = clock_wall(loop_clock(robot->spec.loop));

	return authority_completed_by(state, &attempt, "", session_login(robot->spec.session), now);
}

/* By what was measured: the record may say so a moment later. */
static bool is_known_to_apply(const struct robot *robot, const struct item *item)
{
	const struct reading *reading;

	if (!item->when)
		return true;
	reading = &sense_probe(session_sense(robot->spec.session), item->when)->reading;
	return reading->at && reading->verdict != VERDICT_FAIL;
}

/* The first item that a procedure carries out, and that was not tried yet; NULL. */
static const struct item *item_to_run(struct robot *robot, const struct incident_state *state)
{
	const struct checklist_state *list = list_of(state);

	for (size_t i = 0; i < list->nitems; i++) {
		const struct item *item = checklist_item(list, i, NULL);

		if (!item->procedure || !checklist_missing(list, i, INT64_MAX) ||
		    list->items[i].status == ITEM_OVERRIDDEN || robot_tried(robot, item->procedure))
			continue;
		if (is_known_to_apply(robot, item) && may_run(robot, state, item->procedure))
			return item;
	}
	return NULL;
}

static void left_say(struct robot *robot, const struct incident_state *state)
{
	const struct checklist_state *list = list_of(state);

	for (size_t i = 0; i < list->nitems; i++) {
		const struct item *item = checklist_item(list, i, NULL);

		if (item->procedure && checklist_missing(list, i, INT64_MAX) &&
		    !robot_tried(robot, item->procedure) && !may_run(robot, state, item->procedure))
			robot_say(robot, "left, others would have to approve it: %s", item->say);
	}
}

/* The first item that nobody knows about yet, or that does not apply and is not on record as such;
 * NULL. */
static const struct item *item_open(const struct robot *robot, const struct incident_state *state)
{
	const struct checklist_state *list = list_of(state);

	for (size_t i = 0; i < list->nitems; i++) {
		const struct item *item = checklist_item(list, i, NULL);

		if (checklist_missing(list, i, INT64_MAX) &&
		    (!is_known_to_apply(robot, item) ||
		     (item->kind == ITEM_SENSED && list->items[i].status == ITEM_OPEN)))
			return item;
	}
	return NULL;
}

/* A sensed item that counts, with that status; NULL. */
static const struct item *item_with(const struct incident_state *state, enum item_status status)
{
	const struct checklist_state *list = list_of(state);

	for (size_t i = 0; i < list->nitems; i++) {
		const struct item *item = checklist_item(list, i, NULL);

		if (item->kind == ITEM_SENSED && list->items[i].status == status &&
		    checklist_missing(list, i, INT64_MAX))
			return item;
	}
	return NULL;
}

/* How long ago the latest action ended, else the routine was begun. */
static int64_t since(const struct robot *robot, const struct incident_state *state)
{
	const struct attempt *attempt = state_attempt(state);
	int64_t from = state->opened_at;

	if (attempt && attempt->ended_at > from)
		from = attempt->ended_at;
	return clock_wall(loop_clock(robot->spec.loop)) - from;
}

static void end(struct robot *robot)
{
	struct session *session = robot->spec.session;
	struct err err = ERR_INIT;
	const char *result;
	char why[200];
	bool fails;

	left_say(robot, session_state(session));
	if (!robot->spec.keep_open &&
	    !robot_did(robot, session_resolve(session, "without a person", &err), &err))
		return;
	/* Only now it is what the record says. */
	result = session_routine_result(session);
	fails = *result == 'f';
	snprintf(why, sizeof(why), "%.120s: %s", session_state(session)->routine.routine->title,
		 fails		  ? "not everything holds"
		 : *result == 'p' ? "what is sensed holds; what a person does is left"
				  : "everything holds");
	robot_say(robot, "%s", why);
	robot_finish(robot, fails ? ROBOT_FAILED : ROBOT_RECOVERED, why);
}

void robot_routine(struct robot *robot)
{
	const struct incident_state *state = session_state(robot->spec.session);
	const struct item *run = item_to_run(robot, state), *open = item_open(robot, state);
	const struct item *red = item_with(state, ITEM_RED),
			  *unread = item_with(state, ITEM_UNKNOWN);
	struct err err = ERR_INIT;

	if (run) {
		if (!robot_claimed(robot))
			robot_did(robot,
				  session_item_run(robot->spec.session,
						   state->routine.routine->checklist->name, run->id,
						   &err),
				  &err);
	} else if (open && since(robot, state) < 2 * UNREAD_US) {
		robot_say(robot, "looking at: %s", open->say);
	} else if (unread && since(robot, state) < UNREAD_US) {
		robot_say(robot, "can't be read yet: %s", unread->say);
	} else if (red && since(robot, state) < SETTLE_US) {
		robot_say(robot, "does not hold: %s", red->say);
	} else if (session_is_summing(robot->spec.session)) {
		robot_say(robot, "summing up");
	} else {
		end(robot);
	}
}
