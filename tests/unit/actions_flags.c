/* The action "flags": one replacement, shown before, taken back byte by byte. */
#include "tests/unit/act.h"

static const char sources[] =
    "{'config': {'path': '@/config.py', 'format': 'python', 'names': {}}}";
static const char off[] = "{'flags': 'config', 'set': {'ENABLE_A': false, 'ENABLE_B': false}}";
static const char config[] = "ENABLE_A = True   # OFF by default\nOTHER = 1\nENABLE_B =  False\n";

static void test_set_and_undo(void **state)
{
	struct act act;
	char *plan;

	ws_write(*state, "config.py", config);
	act_begin(&act, *state, "flags", sources, off);
	plan = act_plan(&act);
	assert_contains(plan,
			"config.py is replaced in one go:\n- ENABLE_A = True   # OFF by default\n"
			"+ ENABLE_A = False   # OFF by default\n  ENABLE_B =  False (is so "
			"already)\n");
	free(plan);
	ws_assert_file(act.ws, "config.py", config);
	act_run(&act);
	ws_assert_file(act.ws, "config.py",
		       "ENABLE_A = False   # OFF by default\nOTHER = 1\nENABLE_B =  False\n");
	/* What else changed meanwhile stays. */
	ws_sh(act.ws, "sed -i s/OTHER.*/OTHER=2/ config.py");
	assert_int_equal(act_undone(&act), SETTLED_NO);
	act_undo(&act);
	ws_assert_file(act.ws, "config.py",
		       "ENABLE_A = True   # OFF by default\nOTHER=2\nENABLE_B =  False\n");
	act_end(&act);
}

static void test_all_or_nothing(void **state)
{
	struct act act;

	ws_write(*state, "config.py", "ENABLE_A = True\nENABLE_B = load()\n");
	act_begin(&act, *state, "flags", sources, off);
	act_refused(&act, "config.py:2: the value of ENABLE_B is no plain value");
	assert_int_equal(act.type->run(&act.env, act.args, act.before, &act.facts, &act.err), -1);
	ws_assert_file(act.ws, "config.py", "ENABLE_A = True\nENABLE_B = load()\n");
	act_end(&act);
}

static void test_refusals(void **state)
{
	struct act act;
	struct buf why = BUF_INIT;

	ws_write(*state, "config.py", "ENABLE_A = True\nENABLE_B = True\nENABLE_B = False\n");
	act_begin(&act, *state, "flags", sources, off);
	act_refused(&act, "ENABLE_B stands in 2 places, lines 2, 3");
	ws_sh(act.ws, "mv config.py real.py; ln -s real.py config.py");
	act_refused(&act, "is a symbolic link");
	ws_sh(act.ws, "rm config.py");
	act_refused(&act, "config.py");
	assert_int_equal(act.type->settled(&act.env, act.args, NULL, &why), SETTLED_UNKNOWN);
	buf_release(&why);
	act_end(&act);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, workspace_make, workspace_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_set_and_undo),
		TEST(test_all_or_nothing),
		TEST(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
