/* Deployment day, without a person: what is due is carried out, the gate is decided as computed. */
#include <stdio.h>
#include <stdlib.h>

#include "core/robot_parts.h"
#include "lib/timefmt.h"

/* The criteria get so long after T to say something. */
#define UNDECIDED_US (60 * CLOCK_US)
/* And so long everything that is sensed at the end. */
#define END_US (60 * CLOCK_US)

struct day {
	struct robot *robot;
	struct session *session;
	const struct deployment_state *now;
	const struct checklist_state *list;
	int64_t wall;
	int64_t offset; /* from T */
};

static struct day day_of(struct robot *robot)
{
	const struct incident_state *state = session_state(robot->spec.session);
	const struct checklist *list = state->deployment.deployment->checklist;
	int64_t wall = clock_wall(loop_clock(robot->spec.loop));

	return (struct day){ .robot = robot,
			     .session = robot->spec.session,
			     .now = &state->deployment,
			     .list = &state->checklists[list - state->runbook->checklists],
			     .wall = wall,
			     .offset = wall - state->deployment.t0 };
}

bool robot_deploys(const struct robot *robot, const struct procedure *procedure)
{
	const struct checklist *list =
	    session_state(robot->spec.session)->deployment.deployment->checklist;

	for (size_t s = 0; s < list->nsections; s++) {
		for (size_t i = 0; i < list->sections[s].nitems; i++) {
			if (list->sections[s].items[i].procedure == procedure)
				return true;
		}
	}
	return false;
}

/* Of what is due now: until a go what the gate asks for, from then on what comes at T and after. */
static bool is_due(const struct day *day, size_t i)
{
	int64_t until = day->offset;
	const struct section *section;

	checklist_item(day->list, i, &section);
	if (day->now->decided != DECISION_GO && until > GATE_DUE_US)
		until = GATE_DUE_US;
	if (day->now->decided == DECISION_GO && section->timed && section->offset_us <= GATE_DUE_US)
		return false;
	return checklist_missing(day->list, i, until) &&
	       day->list->items[i].status != ITEM_OVERRIDDEN;
}

/* The first due item that is carried out by a procedure; NULL. After a go the order counts: what
 * comes before it must hold. */
static const struct item *item_to_run(const struct day *day)
{
	for (size_t i = 0; i < day->list->nitems; i++) {
		const struct item *item = checklist_item(day->list, i, NULL);

		if (item->procedure && is_due(day, i))
			return item;
		if (item->kind == ITEM_SENSED && is_due(day, i) && day->now->decided == DECISION_GO)
			return NULL;
	}
	return NULL;
}

/* A due item that is sensed, and was not looked at yet (or not for too long); NULL. */
static const struct item *item_to_look(const struct day *day)
{
	for (size_t i = 0; i < day->list->nitems; i++) {
		const struct item *item = checklist_item(day->list, i, NULL);

		if (item->kind == ITEM_SENSED && is_due(day, i) &&
		    day->list->items[i].status == ITEM_OPEN)
			return item;
	}
	return NULL;
}

/* Due, not done, and nothing that only a person could do; NULL. */
static const struct item *item_left(const struct day *day)
{
	for (size_t i = 0; i < day->list->nitems; i++) {
		const struct item *item = checklist_item(day->list, i, NULL);

		if (item->kind != ITEM_MANUAL && is_due(day, i))
			return item;
	}
	return NULL;
}

/* The next section's time, or T; 0: nothing comes any more. */
static int64_t next_time(const struct day *day)
{
	int64_t next = day->offset < 0 ? day->now->t0 : 0;

	for (size_t s = 0; s < day->list->checklist->nsections; s++) {
		const struct section *section = &day->list->checklist->sections[s];
		int64_t at = day->now->t0 + section->offset_us;

		if (section->timed && section->offset_us > day->offset && (!next || at < next))
			next = at;
	}
	return next;
}

static void wait_until(const struct day *day, int64_t wall)
{
	char at[48];

	day->robot->until = wall;
	day->robot->moved = clock_mono(loop_clock(day->robot->spec.loop));
	robot_say(day->robot, "waiting for %s", duration_t(wall - day->now->t0, at, sizeof(at)));
}

static void end(const struct day *day, const char *why)
{
	struct err err = ERR_INIT;

	if (!day->robot->spec.keep_open &&
	    !robot_did(day->robot, session_resolve(day->session, why, &err), &err))
		return;
	robot_say(day->robot, "%s", why);
	robot_finish(day->robot, ROBOT_RECOVERED, why);
}

static void carry_out(const struct day *day, const struct item *item)
{
	struct err err = ERR_INIT;

	if (robot_claimed(day->robot))
		return;
	robot_did(day->robot,
		  session_item_run(day->session, day->list->checklist->name, item->id, &err), &err);
}

/* ---- T ---- */

static void decide_gate(const struct day *day)
{
	enum decision computed = session_gate(day->session), decision = computed;
	char *blocks = session_gate_blocks(day->session), reason[400];
	struct err err = ERR_INIT;

	if (!day->now->at_t0) {
		robot_say(day->robot, "T: the criteria are looked at once more");
	} else if (computed == DECISION_UNDECIDED && day->offset < UNDECIDED_US) {
		robot_say(day->robot, "the criteria are undecided: %s", blocks);
	} else {
		if (computed == DECISION_UNDECIDED)
			decision = DECISION_NO_GO;
		snprintf(reason, sizeof(reason), "%s",
			 *blocks ? blocks : "nothing stands in the way");
		robot_did(day->robot, session_decide_gate(day->session, decision, reason, &err),
			  &err);
	}
	free(blocks);
}

static void stay(const struct day *day)
{
	char why[500];

	snprintf(why, sizeof(why), "decided %s: %.400s", decision_name(day->now->decided),
		 day->now->reason ? day->now->reason : "");
	end(day, why);
}

/* ---- The whole day ---- */

/* What was carried out and did not end well, or does not hold for too long: the way back is decided
 * as in any other trouble, unless it was told which one. */
static void trouble(const struct day *day, const char *what)
{
	robot_say(day->robot, "%s", what);
	if (day->robot->procedure)
		robot_begin_only(day->robot);
	else
		robot_decide(day->robot);
}

static void finish(const struct day *day)
{
	const struct attempt *attempt = state_attempt(session_state(day->session));
	const struct item *left = item_left(day);
	const struct section *last;
	int64_t since = day->robot->began, due;
	char line[300];

	if (!left) {
		end(day, "deployed, and everything that is sensed after it holds");
		return;
	}
	last = &day->list->checklist->sections[day->list->checklist->nsections - 1];
	due = day->now->t0 + (last->timed ? last->offset_us : 0);
	since = due > since ? due : since;
	if (attempt && attempt->ended_at > since)
		since = attempt->ended_at;
	snprintf(line, sizeof(line), "does not hold: %.250s", left->say);
	if (day->wall - since < END_US)
		robot_say(day->robot, "waiting: it %s", line);
	else
		trouble(day, line);
}

void robot_deploy(struct robot *robot)
{
	struct day day = day_of(robot);
	const struct item *run = item_to_run(&day), *look = item_to_look(&day);
	int64_t next = next_time(&day);
	const char *why;

	if (day.now->decided == DECISION_NO_GO || day.now->decided == DECISION_ADJUST) {
		stay(&day);
	} else if (run && !robot_tried(robot, run->procedure)) {
		carry_out(&day, run);
	} else if (run && day.now->decided == DECISION_GO) {
		trouble(&day, "what was to be deployed is not");
	} else if (day.offset >= 0 && day.now->decided == DECISION_UNDECIDED) {
		decide_gate(&day);
	} else if (day.now->decided == DECISION_GO && session_suggested(day.session, &why)) {
		trouble(&day, why);
	} else if (look) {
		robot_say(robot, "looking at: %s", look->say);
	} else if (next) {
		wait_until(&day, next);
	} else {
		finish(&day);
	}
}
