/*
 * The operator without a person: `backout run`, `drill --auto`, `attach --auto`.
 *
 * It reads only what a session offers (proposals, the suggested procedure, the plan, step states)
 * and does nothing but issue session commands, so everything it does is on the ledger like a
 * person's acts. It turns with the loop; nothing blocks.
 */
#ifndef CORE_ROBOT_H
#define CORE_ROBOT_H

#include "core/session.h"

enum robot_result {
	ROBOT_WORKING,
	ROBOT_RECOVERED, /* a procedure is done and its `after` holds (no procedure: nothing was
			    wrong) */
	ROBOT_FAILED,	 /* does not hold, or nothing is left to try */
	ROBOT_STOPPED,	 /* someone else stopped it */
};

struct robot_spec {
	struct session *session; /* borrowed; with an incident open */
	struct loop *loop;	 /* borrowed */
	const char *procedure;	 /* runs only this one; NULL: decides by what is sensed */
	bool await_alert;	 /* does nothing before the first alert or condition (drills) */
	int64_t patience_us;	 /* gives up when nothing changed for so long; 0: 180 s */
	bool keep_open;		 /* does not resolve the incident at the end */
	/* One line of progress, clean text. May be NULL. */
	void (*progress)(const char *line, void *data);
	/* Called once, when the result is there. May be NULL. */
	void (*done)(enum robot_result result, void *data);
	void *data;
};

/*
 * With a deployment planned, it walks the pre-flight: carries out what is due, waits for T, decides
 * the gate as it is computed (undecided: no-go), goes on after a go, and ends when nothing is left
 * that a machine can do.
 *
 * With a routine begun, it waits until everything that is sensed in it was measured, carries out
 * its actions, leaves what only a person can do, and ends it: recovered unless it fails.
 */
/* New; begins with the next turn of the loop. */
struct robot *robot_new(const struct robot_spec *spec);
void robot_free(struct robot *robot);
/* Wall time until which it has nothing to do but to wait; 0: it works. */
int64_t robot_waits(const struct robot *robot);
enum robot_result robot_result(const struct robot *robot);
/* Why it ended as it did; "" while it works. */
const char *robot_why(const struct robot *robot);

#endif
