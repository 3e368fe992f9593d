/* Services in a declared mode: started so, told apart, put back. Real processes. */
#include "tests/unit/act.h"

#include <sys/prctl.h>

#include "lib/service.h"

/* Its pid is written by itself; what it is told stays in its command line and environment. */
static const char bot[] = "#!/bin/sh\n"
			  "cd \"$(dirname \"$0\")\" || exit 1\n"
			  "echo $$ >pid.new; mv pid.new pid\n"
			  "while :; do sleep 0.2; done\n";

static const char by_pid_file[] =
    "{'bot': {'pid_file': '@/pid', 'start': ['@/bot'], 'env': {'PLACE': 'here'}, 'modes': {"
    "'safe': {'args': ['--safe-mode', '--only=mlb']}, 'safest': {'args': ['--safe-mode']},"
    "'maintenance': {'env': {'MAINTENANCE_MODE': true, 'PLACE': 'there'}}}}}";

/* A service manager that says itself what it started. */
static const char manager[] =
    "#!/bin/sh\n"
    "cd \"$(dirname \"$0\")\" || exit 2\n"
    "case $1 in\n"
    "start) setsid sleep 100 </dev/null >/dev/null 2>&1 & echo $! >pid; echo ${2:-normal} >mode;;\n"
    "stop) kill $(cat pid); rm -f pid;;\n"
    "status) [ -e pid ] || exit 3; rm shy 2>/dev/null || [ -e dumb ] || echo Mode=$(cat mode);\n"
    "	echo 'it runs';;\n"
    "esac\n";
static const char by_commands[] =
    "{'bot': {'start': ['@/manage', 'start'], 'stop': ['@/manage', 'stop'], 'status': ['@/manage', "
    "'status'], 'modes': {'safe': {'args': ['safe']}}}}";

static int setup(void **state)
{
	/* What is started stays this test's child, and is gone when it is ended. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (workspace_make(state) < 0)
		return -1;
	ws_write(*state, "bot", bot);
	ws_write(*state, "manage", manager);
	ws_sh(*state, "chmod +x bot manage");
	return 0;
}

static int teardown(void **state)
{
	ws_sh(*state, "[ ! -e pid ] || kill $(cat pid) || true");
	return workspace_remove(state);
}

static void begin(struct act *act, void **state, const char *sources, const char *args)
{
	act_begin(act, *state, "service", sources, args);
}

static void assert_mode(struct act *act, const char *wanted)
{
	struct service service;
	struct service_status now;

	assert_int_equal(service_init(&service, json_object_get(act->sources, "bot"), NULL), 0);
	service_state(&service, 10 * CLOCK_US, &now);
	assert_int_equal(now.state, SERVICE_ACTIVE);
	assert_string_equal(now.mode, wanted);
	service_release(&service);
}

static void by_its_words(void **state)
{
	struct act start, safe;
	char *plan;

	begin(&start, state, by_pid_file, "{'service': 'bot', 'do': 'start'}");
	act_run(&start);
	assert_mode(&start, "normal");
	begin(&safe, state, by_pid_file, "{'service': 'bot', 'do': 'restart', 'mode': 'safe'}");
	plan = act_plan(&safe);
	assert_contains(plan, "/bot --safe-mode --only=mlb\n");
	assert_contains(plan, "mode normal");
	assert_contains(plan, "in the mode it ran in");
	free(plan);
	act_run(&safe);
	assert_mode(&safe, "safe");
	/* Up in another mode is not what was wanted. */
	assert_int_equal(act_settled(&start), SETTLED_NO);
	act_undo(&safe);
	assert_mode(&safe, "normal");
	assert_int_equal(act_settled(&safe), SETTLED_NO);
	act_end(&safe);

	begin(&safe, state, by_pid_file, "{'service': 'bot', 'do': 'start', 'mode': 'safe'}");
	act_refused(&safe, "it runs already, in another mode");
	act_end(&safe);
	begin(&safe, state, by_pid_file, "{'service': 'bot', 'do': 'restart', 'mode': 'sfae'}");
	act_refused(&safe, "no mode \"sfae\"");
	act_end(&safe);
	act_undo(&start); /* it was stopped before */
	act_end(&start);
}

static void by_its_environment(void **state)
{
	struct act act;

	begin(&act, state, by_pid_file, "{'service': 'bot', 'do': 'start', 'mode': 'maintenance'}");
	act_run(&act);
	assert_mode(&act, "maintenance");
	/* The mode's word counts before the service's own. */
	ws_assert(act.ws,
		  "tr '\\0' '\\n' </proc/$(cat pid)/environ | grep -c ^PLACE=; "
		  "tr '\\0' '\\n' </proc/$(cat pid)/environ | grep ^PLACE=",
		  "1\nPLACE=there");
	act_undo(&act);
	act_end(&act);
}

static void as_its_status_says(void **state)
{
	struct act act, start;

	begin(&start, state, by_commands, "{'service': 'bot', 'do': 'start', 'mode': 'safe'}");
	act_run(&start);
	assert_mode(&start, "safe");
	begin(&act, state, by_commands, "{'service': 'bot', 'do': 'stop'}");
	act_run(&act);
	act_undo(&act); /* up again, and in that mode */
	assert_mode(&act, "safe");
	act_end(&act);

	/* What can't be told yet is looked at again. */
	ws_sh(*state, "./manage stop; touch shy");
	begin(&act, state, by_commands, "{'service': 'bot', 'do': 'start', 'mode': 'safe'}");
	act_run(&act);
	assert_mode(&act, "safe");
	ws_assert(act.ws, "ls shy 2>/dev/null | wc -l", "0");
	act_end(&act);

	/* A status that doesn't say it: nobody knows, and nobody claims. */
	ws_sh(*state, "touch dumb");
	assert_int_equal(act_settled(&start), SETTLED_UNKNOWN);
	assert_mode(&start, "");
	act_end(&start);
	begin(&act, state, by_commands, "{'service': 'bot', 'do': 'stop'}");
	act_before(&act);
	assert_int_equal(act.type->undo(&act.env, act.args, act.before, &act.err), -1);
	assert_contains(act.err.msg, "which mode it ran in before");
	act_end(&act);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_its_words),
		TEST(by_its_environment),
		TEST(as_its_status_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
