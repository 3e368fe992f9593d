/* After a procedure: it recovered, or the next one is decided on. */
#include <stdio.h>
#include <string.h>

#include "core/robot_parts.h"

/* The `after` checks get so long to come true once the procedure is done. */
#define AFTER_US (60 * CLOCK_US)

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

void robot_after(struct robot *robot, const struct attempt *attempt)
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
	/* Once: deciding says something else in each turn. */
	if (robot->given_up != session_state(robot->spec.session)->nattempts) {
		robot->given_up = session_state(robot->spec.session)->nattempts;
		robot_say(robot, "%s", line);
	}
	robot_decide(robot);
}
