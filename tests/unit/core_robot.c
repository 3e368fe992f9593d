/*
 * The operator without a person, on a real runbook, real files and real runners. This program is
 * its own runner.
 */
#include "core/robot.h"
#include "tests/unit/console.h"

static struct robot *robot_begin(struct console *console, const char *procedure)
{
	return robot_new(&(struct robot_spec){
	    .session = console->session, .loop = console->lamp->loop, .procedure = procedure });
}

static void the_robot_says_how_bad_it_is(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct err err = ERR_INIT;
	struct robot *robot;

	assert_int_equal(session_open_incident(console.session, INCIDENT_ROUTINE, SEVERITY_LOW,
					       "Test", &err),
			 0);
	lamp_put(console.lamp, "config.json", "{\"bright\": false}\n");
	UNTIL(&console, count(&console, EV_CONDITION));
	robot = robot_begin(&console, NULL);
	UNTIL(&console, count(&console, EV_CHOSEN));
	assert_int_equal(session_state(console.session)->severity, SEVERITY_HIGH);
	assert_string_equal(json_str(last(&console, EV_SEVERITY), "reason", ""),
			    "The lamp is dark");
	robot_free(robot);
	session_free(console.session);
}

static void the_robot_mends_it(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct robot *robot;
	char *text;

	open_incident(&console);
	robot = robot_begin(&console, NULL);
	UNTIL(&console, robot_result(robot) != ROBOT_WORKING);
	assert_int_equal(robot_result(robot), ROBOT_RECOVERED);
	text = lamp_get(console.lamp, "state");
	assert_string_equal(text, "well\n");
	free(text);
	assert_int_equal(session_state(console.session)->phase, INCIDENT_RESOLVED);
	robot_free(robot);
	session_free(console.session);
}

static void the_robot_takes_the_alternative(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct robot *robot;

	open_incident(&console);
	robot = robot_begin(&console, "poor");
	UNTIL(&console, robot_result(robot) != ROBOT_WORKING);
	assert_int_equal(robot_result(robot), ROBOT_RECOVERED);
	assert_int_equal(count(&console, EV_ALTERNATIVE), 1);
	robot_free(robot);
	session_free(console.session);
}

static void the_robot_leaves_manual_work_undone(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct robot *robot;

	open_incident(&console);
	robot = robot_begin(&console, "blow");
	UNTIL(&console, robot_result(robot) != ROBOT_WORKING);
	assert_int_equal(status(&console, "sweep"), STEP_SKIPPED);
	robot_free(robot);
	session_free(console.session);
}

static void the_robot_runs_nothing_twice(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct robot *robot;

	open_incident(&console);
	approve(&console, "wait");
	command(&console, "run");
	UNTIL(&console, lamp_has(console.lamp, "pid"));
	kill((pid_t)json_integer_value(json_object_get(last(&console, EV_INTENT), "pid")), SIGKILL);
	robot = robot_begin(&console, NULL);
	UNTIL(&console, robot_result(robot) != ROBOT_WORKING);
	assert_int_equal(robot_result(robot), ROBOT_FAILED);
	assert_int_equal(count(&console, EV_INTENT), 1);
	assert_int_equal(status(&console, "gate"), STEP_UNKNOWN);
	robot_free(robot);
	session_free(console.session);
}

/* What is suggested needs an answer that nothing proposes: dropped, it is suggested again. */
static void the_robot_does_not_plan_for_ever(void **state)
{
	struct console console = console_begin(*state, NULL);
	char *colour = lamp_path(console.lamp, "colour");
	struct robot *robot;

	unlink(colour);
	free(colour);
	open_incident(&console);
	robot = robot_begin(&console, NULL);
	UNTIL(&console, robot_result(robot) != ROBOT_WORKING);
	assert_int_equal(robot_result(robot), ROBOT_FAILED);
	assert_non_null(strstr(robot_why(robot), "parameter colour needs an answer"));
	assert_int_equal(count(&console, EV_INTENT), 0);
	robot_free(robot);
	session_free(console.session);
}

static void the_robot_gives_up_a_claimed_target(void **state)
{
	struct lamp *lamp = *state;
	struct console console = console_begin(lamp, NULL);
	struct incident other;
	struct loaded again = { 0 };
	struct robot *robot;
	char *claim;

	lamp_load(lamp, &again);
	assert_int_equal(incident_create(&other, &again, INCIDENT_INCIDENT, SEVERITY_LOW, "Other",
					 &clock_system, NULL),
			 0);
	claim = xasprintf("%s\n", other.folder);
	scratch_puts(again.target->claim, claim);
	open_incident(&console);
	robot = robot_begin(&console, "mend");
	UNTIL(&console, robot_result(robot) != ROBOT_WORKING);
	assert_int_equal(robot_result(robot), ROBOT_FAILED);
	assert_int_equal(count(&console, EV_INTENT), 0);
	assert_int_equal(count(&console, EV_CHOSEN), 0);
	assert_non_null(strstr(robot_why(robot), other.id));
	free(claim);
	robot_free(robot);
	session_free(console.session);
	incident_close(&other);
	loaded_release(&again);
}

int main(int argc, char **argv)
{
#define LAMP_TEST(name) cmocka_unit_test_setup_teardown(name, lamp_setup, lamp_teardown)
	const struct CMUnitTest tests[] = {
		LAMP_TEST(the_robot_says_how_bad_it_is),
		LAMP_TEST(the_robot_mends_it),
		LAMP_TEST(the_robot_takes_the_alternative),
		LAMP_TEST(the_robot_leaves_manual_work_undone),
		LAMP_TEST(the_robot_runs_nothing_twice),
		LAMP_TEST(the_robot_does_not_plan_for_ever),
		LAMP_TEST(the_robot_gives_up_a_claimed_target),
	};

	LAMP_RUNNER(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
