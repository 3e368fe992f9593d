/*
 * Deployment day on real files and real runners, with and without a clock that can be moved on.
 * This program is its own runner.
 */
#include "core/robot.h"
#include "tests/unit/console.h"

#define HOUR (3600 * CLOCK_US)

static int begin(void **state)
{
	struct lamp *lamp;

	lamp_setup(state);
	lamp = *state;
	lamp_put(lamp, "state", "well\n");
	return 0;
}

static int end(void **state)
{
	clock_follow(NULL, NULL);
	return lamp_teardown(state);
}

/* The lamp's clock can be moved on from here. */
static void follow(const struct lamp *lamp)
{
	char *path = lamp_path(lamp, "clock");

	assert_int_equal(clock_make(path, NULL), 0);
	assert_int_equal(clock_follow(path, NULL), 0);
	free(path);
}

static struct console plan_day(struct lamp *lamp, int64_t in)
{
	struct console console = console_begin(lamp, NULL);
	struct err err = ERR_INIT;

	assert_int_equal(session_open_incident(console.session, INCIDENT_DEPLOYMENT, SEVERITY_LOW,
					       "Day", &err),
			 0);
	assert_int_equal(session_deployment(console.session, "day", clock_wall(&clock_system) + in,
					    &err),
			 0);
	return console;
}

static const struct deployment_state *day(const struct console *console)
{
	return &session_state(console->session)->deployment;
}

static enum item_status item(const struct console *console, const char *id)
{
	const struct incident_state *state = session_state(console->session);
	const struct checklist *list = runbook_checklist(state->runbook, "day");
	const struct checklist_state *own = &state->checklists[list - state->runbook->checklists];

	return own->items[checklist_index(own, id)].status;
}

/* Moves the clock on whenever the robot has nothing else to wait for. */
static void walk(struct console *console, struct robot *robot)
{
	UNTIL(console, robot_result(robot) != ROBOT_WORKING ||
			   (robot_waits(robot) > clock_wall(&clock_system) + CLOCK_US &&
			    session_forward(console->session, robot_waits(robot) - CLOCK_US / 2,
					    NULL) == 1));
}

/* A green lives for two hours, and is not looked at again for one: at T it is. */
static void at_t_it_is_measured_anew(void **state)
{
	struct console console = plan_day(*state, 3 * CLOCK_US);

	UNTIL(&console, item(&console, "well") == ITEM_GREEN);
	lamp_put(console.lamp, "state", "broken\n");
	UNTIL(&console, day(&console)->at_t0);
	assert_int_equal(day(&console)->computed, DECISION_NO_GO);
	assert_int_equal(item(&console, "well"), ITEM_RED);
	refused(&console, "gate go", "needs a reason");
	command(&console, "gate no-go");
	session_free(console.session);
}

static void the_robot_walks_the_day(void **state)
{
	struct lamp *lamp = *state;
	struct console console;
	struct robot *robot;
	char *text;

	follow(lamp);
	console = plan_day(lamp, HOUR);
	robot = robot_new(&(struct robot_spec){ .session = console.session, .loop = lamp->loop });
	walk(&console, robot);
	assert_string_equal(robot_why(robot),
			    "deployed, and everything that is sensed after it holds");
	assert_int_equal(day(&console)->decided, DECISION_GO);
	assert_true(day(&console)->decided_at >= day(&console)->t0);
	/* Once, by the moved clock; what only a person can do stays undone. */
	text = lamp_get(lamp, "launched");
	assert_int_equal(strlen(text), 11);
	free(text);
	assert_int_equal(item(&console, "light"), ITEM_GREEN);
	assert_int_equal(item(&console, "look"), ITEM_OPEN);
	assert_int_equal(session_state(console.session)->phase, INCIDENT_RESOLVED);
	assert_true(session_state(console.session)->resolved_at >= day(&console)->t0 + HOUR / 2);
	robot_free(robot);
	session_free(console.session);
}

static void the_robot_stays_when_something_broke(void **state)
{
	struct lamp *lamp = *state;
	struct console console;
	struct robot *robot;

	follow(lamp);
	console = plan_day(lamp, HOUR);
	robot = robot_new(&(struct robot_spec){ .session = console.session, .loop = lamp->loop });
	UNTIL(&console, item(&console, "well") == ITEM_GREEN && robot_waits(robot));
	lamp_put(lamp, "state", "broken\n");
	walk(&console, robot);
	assert_int_equal(day(&console)->decided, DECISION_NO_GO);
	assert_non_null(strstr(day(&console)->reason, "the lamp is broken"));
	assert_false(lamp_has(lamp, "launched"));
	assert_int_equal(session_state(console.session)->phase, INCIDENT_RESOLVED);
	robot_free(robot);
	session_free(console.session);
}

/* Whether the prompt and the help name the command. */
static bool offered(const char *name)
{
	for (const struct command *command = session_commands; command->name; command++) {
		if (!strcmp(command->name, name))
			return session_offers(command);
	}
	return false;
}

static void a_live_clock_is_not_moved(void **state)
{
	struct console console = plan_day(*state, HOUR);

	assert_false(offered("forward"));
	assert_true(offered("gate"));
	refused(&console, "forward", "can't be moved");
	refused(&console, "forward T-10m", "can't be moved");
	session_free(console.session);
}

static void a_clock_goes_on_behind_its_stop(void **state)
{
	struct lamp *lamp = *state;
	struct console console;
	int64_t stop;

	follow(lamp);
	console = plan_day(lamp, HOUR);
	stop = day(&console)->t0 - HOUR / 2;
	clock_stop(stop);
	assert_true(offered("forward"));
	refused(&console, "forward soon", "no time to move on to");
	refused(&console, "forward T-2h", "never moved back");
	command(&console, "forward T-10m");
	assert_true(clock_wall(&clock_system) < stop + HOUR / 10);
	assert_true(session_is_forwarding(console.session));
	clock_stop(0);
	UNTIL(&console, !session_is_forwarding(console.session));
	assert_true(clock_wall(&clock_system) >= day(&console)->t0 - HOUR / 6);
	assert_non_null(strstr(json_str(last(&console, EV_NOTE), "text", ""), "to T-00:10:00"));
	session_free(console.session);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(at_t_it_is_measured_anew, begin, end),
		cmocka_unit_test_setup_teardown(the_robot_walks_the_day, begin, end),
		cmocka_unit_test_setup_teardown(the_robot_stays_when_something_broke, begin, end),
		cmocka_unit_test_setup_teardown(a_live_clock_is_not_moved, begin, end),
		cmocka_unit_test_setup_teardown(a_clock_goes_on_behind_its_stop, begin, end),
	};

	if (argc > 1)
		assert_int_equal(clock_follow(getenv(CLOCK_ENV), NULL), 0);
	LAMP_RUNNER(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
