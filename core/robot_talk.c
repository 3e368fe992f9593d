/* What the robot says, and the little that all its parts do. */
#include <stdio.h>
#include <string.h>

#include "core/robot_parts.h"
#include "lib/text.h"

/* The same command is refused a few times while others are at work; for longer, it is no use. */
#define REFUSALS_MAX 30

void robot_say(struct robot *robot, const char *fmt, ...)
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

void robot_finish(struct robot *robot, enum robot_result result, const char *why)
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

bool robot_did(struct robot *robot, int status, const struct err *err)
{
	robot->refusals = status != 0 ? robot->refusals + 1 : 0;
	if (status != 0)
		robot_say(robot, "refused: %s", err->msg);
	if (robot->refusals >= REFUSALS_MAX)
		robot_finish(robot, ROBOT_FAILED, err->msg);
	return status == 0;
}

void robot_note(struct robot *robot, const char *text)
{
	session_note(robot->spec.session, text, NULL);
}

void robot_stop(struct robot *robot, const char *reason)
{
	struct err err = ERR_INIT;

	robot_say(robot, "stopping the procedure: %s", reason);
	robot_did(robot, session_stop(robot->spec.session, reason, &err), &err);
}
