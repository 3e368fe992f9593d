/*
 * A drill without a person: the robot gives the operator's commands.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/robot.h"
#include "drill/drill.h"
#include "lib/mem.h"

struct walk {
	struct loop *loop;
	sandbox_progress_fn *progress;
	void *data;
};

static void on_progress(const char *line, void *data)
{
	struct walk *walk = data;

	if (walk->progress)
		walk->progress(line, walk->data);
}

static void on_done(enum robot_result result, void *data)
{
	struct walk *walk = data;

	(void)result;
	loop_stop(walk->loop);
}

static int run_robot(struct drill *drill, const char *procedure, struct walk *walk, struct err *err)
{
	struct session_spec spec = { .loop = walk->loop, .clock = drill->clock,
				     .incident = drill->incident };
	struct session *session = session_new(&spec, err);
	struct robot *robot;
	int result = -1;

	if (!session)
		return -1;
	robot = robot_new(&(struct robot_spec){ .session = session, .loop = walk->loop,
						.procedure = procedure, .await_alert = true,
						.progress = on_progress, .done = on_done,
						.data = walk });
	if (drill_inject(drill, err) == 0)
		result = loop_run(walk->loop, err);
	robot_free(robot);
	session_free(session);
	return result;
}

/* Whatever the robot left open is resolved here, so that the sealed record says how it ended. */
static int close_incident(struct drill *drill, const struct score *score, struct err *err)
{
	struct incident incident = { 0 };
	int result = -1;

	if (incident_open(&incident, drill->incident, drill->clock, err) < 0)
		return -1;
	if (incident.state.phase == INCIDENT_OPEN &&
	    incident_append(&incident, EV_RESOLVED,
			    json_pack("{s:s+}", "how", "the drill ended: ", score_result(score)),
			    err) < 0)
		goto out;
	result = incident.state.phase == INCIDENT_CLOSED ? 0 :
		 incident_append(&incident, EV_CLOSED, json_object(), err);
out:
	incident_close(&incident);
	return result;
}

int drill_walk(struct drill *drill, const char *procedure, struct score *score,
	       sandbox_progress_fn *progress, void *data, struct err *err)
{
	struct walk walk = { .progress = progress, .data = data };
	int result = -1;

	walk.loop = loop_new(drill->clock, err);
	if (!walk.loop)
		return -1;
	if (run_robot(drill, procedure, &walk, err) == 0 && drill_score(drill, score, err) == 0)
		result = close_incident(drill, score, err);
	loop_free(walk.loop);
	return result;
}
