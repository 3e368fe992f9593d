/* Approvals of several people: what each sees at their own terminal. */
#include "tests/screens/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Root can be several people, where the kernel keeps no login of its own. */
static bool can_be_others(void)
{
	char uid[24] = "4294967295";
	FILE *file = fopen("/proc/self/loginuid", "r");

	if (file && !fgets(uid, sizeof(uid), file))
		uid[0] = '\0';
	if (file)
		fclose(file);
	return geteuid() == 0 && strncmp(uid, "4294967295", 10) == 0;
}

static void run_as(struct desk *desk, const char *login, const char *const *args)
{
	static char who[64], host[256];
	const char *extra[] = { who, NULL };

	snprintf(who, sizeof(who), "SUDO_USER=%s", login);
	desk_start(desk, 24, 80, args, extra);
	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	terminal_vary(desk->terminal, "root@[^ :,]*", "root@HOST");
	terminal_vary(desk->terminal, "until: [-0-9]+", "until: DATE");
}

/* Somebody without a role has chosen what others approve. */
static void plan_of(struct desk *desk, const char *login)
{
	static char target[128];
	const char *args[] = { "open",	     "tests/screens/authority",
			       "--target",   target,
			       "--severity", "high",
			       "--title",    "index",
			       NULL };

	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	run_as(desk, login, args);
	assert_true(terminal_wait(desk->terminal, "Nothing is suggested."));
	desk_press(desk, "4p", "wipe: Wipe the index");
	desk_press(desk, "\r", "why?");
	desk_press(desk, "it is damaged\r", "Plan: Wipe the index");
}

/* The id of the only incident, for the command line: the beginning that every id has is enough. */
static void approve_begin(struct desk *desk, const char *login)
{
	static const char *const args[] = { "approve", "20", NULL };

	run_as(desk, login, args);
	assert_true(terminal_wait(desk->terminal, "leaves it:"));
}

static void the_second_person_approves_at_their_own_terminal(void **state)
{
	struct desk *desk = *state;
	struct terminal *console;

	if (!can_be_others())
		skip();
	plan_of(desk, "mia");
	assert_true(terminal_wait(desk->terminal, "press a to ask them."));
	desk_press(desk, "a", "y asks them, Esc goes back.");
	terminal_golden(desk->terminal, "authority-ask");
	desk_press(desk, "y", "waiting for approval");
	/* Whoever has no role can only wait: the key is not there any more. */
	desk_press(desk, "a", "That does nothing now");
	assert_false(terminal_has(desk->terminal, "asks them"));
	terminal_golden(desk->terminal, "authority-waiting");
	console = desk->terminal;

	approve_begin(desk, "lena");
	terminal_golden(desk->terminal, "authority-approve");
	desk_press(desk, "yes\r", "Nothing was approved.");
	assert_int_equal(terminal_wait_end(desk->terminal, 10000), 5);
	terminal_free(desk->terminal);
	approve_begin(desk, "lena");
	desk_press(desk, "front\r", "On record. Still missing: Owner (otto or olga).");
	assert_int_equal(terminal_wait_end(desk->terminal, 10000), 0);
	terminal_free(desk->terminal);

	desk->terminal = console;
	assert_true(terminal_wait(desk->terminal, "Waiting for Owner (otto or olga)"));
	terminal_golden(desk->terminal, "authority-waiting-second");
	approve_begin(desk, "olga");
	desk_press(desk, "front\r", "can run it now.");
	assert_int_equal(terminal_wait_end(desk->terminal, 10000), 0);
	terminal_free(desk->terminal);

	desk->terminal = console;
	assert_true(terminal_wait(desk->terminal, "Next: Wipe it."));
	desk_press(desk, "r", "y runs it, Esc goes back.");
	assert_true(desk_has(desk, "data"));
	desk_press(desk, "y", "is done and holds");
	assert_false(desk_has(desk, "data"));
}

static void one_of_two_approves_here(void **state)
{
	struct desk *desk = *state;

	if (!can_be_others())
		skip();
	plan_of(desk, "lena");
	desk_press(desk, "a", "Type front to confirm");
	assert_true(terminal_wait(desk->terminal, "yours is"));
	assert_true(terminal_wait(desk->terminal, "Enter does it"));
	desk_press(desk, "front\r", "Your approval is on record. Others are needed, too.");
	assert_true(terminal_wait(desk->terminal, "Waiting for Owner"));
	assert_true(desk_has(desk, "data"));
}

static void the_glass_is_broken_in_sight(void **state)
{
	struct desk *desk = *state;

	if (!can_be_others())
		skip();
	plan_of(desk, "mia");
	desk_press(desk, "B", "Why nobody can be waited for");
	assert_true(terminal_wait(desk->terminal, "Enter next"));
	terminal_golden(desk->terminal, "authority-glass");
	desk_press(desk, "both are asleep\r", "Enter does it");
	desk_press(desk, "front\r", "in so many words");
	assert_true(terminal_wait(desk->terminal, "Enter does it"));
	desk_press(desk,
		   "\x15"
		   "break glass on front\r",
		   "BREAK-GLASS: approved without authority by mia");
	assert_true(terminal_wait(desk->terminal, "Next: Wipe it."));
	terminal_golden(desk->terminal, "authority-broken");
	/* It stays in sight in every view. */
	desk_press(desk, "1", "app.log");
	assert_true(terminal_has(desk->terminal, "BREAK-GLASS: approved without authority by mia"));
	desk_press(desk, "5", "approved without authority (missing:");
}

/* A plan does not get rid of it by being dropped and chosen anew, and the key stays in sight
 * however much there is to say. */
static void a_rejected_plan_stays_rejected(void **state)
{
	static const char *const reject[] = {
		"approve", "20", "--reject",
		"the index is not damaged at all, only the search reads an old copy of it; restart "
		"that first and look again",
		NULL
	};
	struct desk *desk = *state;
	struct terminal *console;

	if (!can_be_others())
		skip();
	plan_of(desk, "lena");
	console = desk->terminal;
	run_as(desk, "otto", reject);
	assert_true(terminal_wait(desk->terminal, "Rejected, on record"));
	assert_int_equal(terminal_wait_end(desk->terminal, 10000), 0);
	terminal_free(desk->terminal);
	desk->terminal = console;
	for (int again = 0; again < 2; again++) {
		assert_true(terminal_wait(desk->terminal, "Rejected by otto"));
		assert_true(terminal_wait(desk->terminal, "Press x to drop the plan."));
		desk_press(desk, "x", "y drops it");
		desk_press(desk, "y", "Nothing is suggested.");
		desk_press(desk, "p", "wipe: Wipe the index");
		desk_press(desk, "\r", "why?");
		desk_press(desk, "it is damaged\r", "Plan: Wipe the index");
	}
	assert_true(terminal_wait(desk->terminal, "Press x to drop the plan."));
	desk_press(desk, "a", "Type front to confirm");
	desk_press(desk, "front\r", "Rejected by otto");
	assert_true(desk_has(desk, "data"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_begin, desk_end)
	const struct CMUnitTest tests[] = {
		TEST(the_second_person_approves_at_their_own_terminal),
		TEST(one_of_two_approves_here),
		TEST(a_rejected_plan_stays_rejected),
		TEST(the_glass_is_broken_in_sight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
