/*
 * A drill without a person: the robot gives the operator's commands.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/robot.h"
#include "drill/drill.h"
#include "drill/stop.h"
#include "lib/mem.h"

/* How long a step that runs may take to end once the drill is told to stop. */
#define STOP_WITHIN (15 * CLOCK_US)
/* How often the drill's clock is thought of, and how long before something is due it runs as it
 * does: so that it is seen coming, and what is due is not late. */
#define TURN_US (CLOCK_US / 10)
#define LEAD_US (2 * CLOCK_US)

struct walk {
	struct drill *drill;
	struct loop *loop;
	struct session *session;
	struct robot *robot;
	bool stopped;	   /* a signal came */
	bool not_injected; /* the injector failed */
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

static void on_injector(struct watch *watch, uint32_t what, void *data)
{
	struct walk *walk = data;

	(void)watch;
	walk->drill->injector = 0;
	if (what == 0)
		return;
	walk->not_injected = true;
	loop_stop(walk->loop);
}

static void on_change(enum session_change what, void *data)
{
	struct walk *walk = data;

	(void)what;
	if (walk->stopped && !session_running(walk->session))
		loop_stop(walk->loop);
}

static void on_late(struct watch *watch, uint32_t what, void *data)
{
	struct walk *walk = data;

	(void)watch;
	(void)what;
	loop_stop(walk->loop);
}

/* While nothing is due but later, the drill's clock need not wait for it. */
static void on_turn(struct watch *watch, uint32_t what, void *data)
{
	struct walk *walk = data;
	int64_t wall = clock_wall(walk->drill->clock);

	(void)watch;
	(void)what;
	if (walk->robot && robot_waits(walk->robot) > wall + LEAD_US &&
	    !session_is_forwarding(walk->session))
		session_forward(walk->session, robot_waits(walk->robot) - LEAD_US, NULL);
}

/* The procedure is stopped on record, and a step that runs may end its tree; a second signal does
 * not wait for that. */
static void on_signal(struct watch *watch, uint32_t what, void *data)
{
	struct walk *walk = data;

	(void)watch;
	(void)what;
	robot_free(walk->robot);
	walk->robot = NULL;
	if (walk->stopped || session_stop(walk->session, "the drill was stopped", NULL) < 0 ||
	    !session_running(walk->session))
		loop_stop(walk->loop);
	else
		loop_timer(walk->loop, STOP_WITHIN, 0, on_late, walk);
	walk->stopped = true;
}

static int watch_all(struct walk *walk, struct err *err)
{
	for (size_t i = 0; stop_signals[i]; i++) {
		if (!loop_signal(walk->loop, stop_signals[i], on_signal, walk, err))
			return -1;
	}
	if (clock_followed())
		loop_timer(walk->loop, TURN_US, TURN_US, on_turn, walk);
	if (drill_inject(walk->drill, err) < 0)
		return -1;
	if (walk->drill->injector > 0 &&
	    !loop_child(walk->loop, walk->drill->injector, on_injector, walk, err))
		return -1;
	return 0;
}

static int run_robot(struct walk *walk, const char *procedure, struct err *err)
{
	struct session_spec spec = { .loop = walk->loop,
				     .clock = walk->drill->clock,
				     .incident = walk->drill->incident,
				     .changed = on_change,
				     .data = walk };
	int result = -1;

	walk->session = session_new(&spec, err);
	if (!walk->session)
		return -1;
	walk->robot =
	    robot_new(&(struct robot_spec){ .session = walk->session,
					    .loop = walk->loop,
					    .procedure = procedure,
					    .await_alert = !walk->drill->scenario.deployment,
					    .progress = on_progress,
					    .done = on_done,
					    .data = walk });
	if (watch_all(walk, err) == 0)
		result = loop_run(walk->loop, err);
	if (walk->not_injected)
		result = drill_not_injected(walk->drill, err);
	robot_free(walk->robot);
	session_free(walk->session);
	return result;
}

int drill_walk(struct drill *drill, const char *procedure, struct score *score,
	       sandbox_progress_fn *progress, void *data, struct err *err)
{
	struct walk walk = { .drill = drill, .progress = progress, .data = data };
	struct err none = ERR_INIT;
	int result = -1;

	walk.loop = loop_new(drill->clock, err);
	if (!walk.loop)
		return -1;
	if (run_robot(&walk, procedure, err) < 0)
		drill_close(drill->incident, "the drill failed: ", err->msg, drill->clock, &none);
	else if (walk.stopped)
		result =
		    drill_close(drill->incident, "the drill was stopped", "", drill->clock, err) < 0
			? -1
			: DRILL_STOPPED;
	else if (drill_score(drill, score, err) == 0)
		result = drill_close(drill->incident, "the drill ended: ", score_result(score),
				     drill->clock, err);
	loop_free(walk.loop);
	return result;
}
