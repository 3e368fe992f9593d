/*
 * The inside of the robot, shared by the robot*.c files alone.
 */
#ifndef CORE_ROBOT_PARTS_H
#define CORE_ROBOT_PARTS_H

#include "core/robot.h"

struct robot {
	struct robot_spec spec;
	char *procedure; /* owned: the only one, or NULL */
	struct watch *timer;
	enum robot_result result;
	char why[512];
	char said[512];		    /* the last line of progress */
	int64_t began;		    /* wall time */
	int64_t moved;		    /* monotonic: when something changed last */
	int64_t kept;		    /* monotonic: when the record could be read last */
	uint64_t seen;		    /* last timeline length */
	const struct step *checked; /* step that was checked again already */
	int checked_attempt;
	const struct step *cleaned; /* step that was noted to run again after a death */
	const struct step *started; /* step that was started last */
	uint64_t started_seen;	    /* length of the timeline then */
	int starts;		    /* so often in a row without a trace on the record */
	int refusals;		    /* commands refused in a row */
	size_t given_up;	    /* attempt that was said not to have helped */
	size_t asked;		    /* attempt whose proposals were answered */
	int unplanned;		    /* plans in a row that could not be made */
	int64_t until;		    /* wall time that it waits for; 0: none */
};

/* A line of progress, cleaned; one that is the same as the last is not repeated. */
void robot_say(struct robot *robot, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A command that was refused: the record may have moved on, so it looks again; patience ends it. */
bool robot_did(struct robot *robot, int status, const struct err *err);
void robot_note(struct robot *robot, const char *text);
void robot_stop(struct robot *robot, const char *reason);
void robot_finish(struct robot *robot, enum robot_result result, const char *why);
/* robot_steps.c: what to do about the step that is next. */
void robot_steps(struct robot *robot, const struct attempt *attempt);

/* robot_deploy.c: deployment day, with no procedure under way. */
void robot_deploy(struct robot *robot);
/* Whether the procedure carries out an item of the planned deployment's checklist. */
bool robot_deploys(const struct robot *robot, const struct procedure *procedure);
/* robot_routine.c: a routine, with no procedure under way. */
void robot_routine(struct robot *robot);
/* robot_decide.c: what is suggested, else the tree. */
void robot_decide(struct robot *robot);
/* The one procedure that it was told to run. */
void robot_begin_only(struct robot *robot);
/* Whether an attempt of it is on the record. */
bool robot_tried(const struct robot *robot, const struct procedure *procedure);
/* Another incident works on the target: said, and the end. */
bool robot_claimed(struct robot *robot);

/* robot_after.c: the attempt has ended: it waits for the `after` checks, finishes or decides anew.
 */
void robot_after(struct robot *robot, const struct attempt *attempt);

#endif
