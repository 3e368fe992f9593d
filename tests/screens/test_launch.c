/* Deployment day: the checklist counts down, ticks and reopens itself; a person decides the gate.
 */
#include "tests/screens/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Opens the question, waits until it may be answered, and turns from no-go to go. */
static void choose_go(struct desk *desk, const char *criteria)
{
	desk_press(desk, "g", criteria);
	assert_true(terminal_wait(desk->terminal, "[no-go]"));
	assert_true(terminal_wait(desk->terminal, "Enter next, Left Right change it"));
	desk_press(desk, "ll", "[go]");
}

/* With T so many seconds from now. */
static void launch(struct desk *desk, int columns, int seconds)
{
	static char target[128], at[64];
	const char *args[] = {
		"preflight", "tests/screens/launch", "launch", "--at", at, "--target", target, NULL
	};
	time_t t0 = time(NULL) + seconds;
	struct tm parts;

	gmtime_r(&t0, &parts);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &parts);
	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	desk_start(desk, 24, columns, args, NULL);
	/* An age of no time is an age, too. */
	terminal_mask(desk->terminal, ", now", ", 1 s");
	/* The sensed items tick themselves; cake is optional, what comes after T does not count. */
	assert_true(terminal_wait(desk->terminal, "66% ready"));
}

static void it_counts_down_to_go(void **state)
{
	struct desk *desk = *state;

	launch(desk, 120, 3600);
	assert_true(terminal_wait(desk->terminal, "T-00:59:"));
	assert_true(terminal_wait(desk->terminal, "Late   T-10m, in 00:49:"));
	assert_true(terminal_wait(desk->terminal, "Early   T-2h, due since 01:00:"));
	assert_true(terminal_wait(desk->terminal, "1 missing: The support desk was told"));
	assert_true(terminal_wait(desk->terminal, "Gate Launch: undecided"));
	assert_true(terminal_wait(desk->terminal, "fails: Launch"));
	terminal_golden(desk->terminal, "launch-undecided");
	desk_press(desk, "j ", "Nothing stands in the way of go.");
	assert_true(terminal_wait(desk->terminal, "100% ready"));
	terminal_golden(desk->terminal, "launch-go");
}

static void a_green_item_reopens(void **state)
{
	struct desk *desk = *state;

	launch(desk, 80, 3600);
	desk_press(desk, "j ", "Gate Launch: go");
	desk_remove(desk, "data");
	assert_true(terminal_wait(desk->terminal, "[!] The data file is there"));
	assert_true(terminal_wait(desk->terminal, "Gate Launch: undecided"));
	assert_true(terminal_wait(desk->terminal, "fails: Launch, the data file is there"));
	desk_write(desk, "data", "tickets\n", 0644);
	assert_true(terminal_wait(desk->terminal, "[x] The data file is there"));
	assert_true(terminal_wait(desk->terminal, "Gate Launch: go"));
}

static void no_go_becomes_go(void **state)
{
	struct desk *desk = *state;

	desk_write(desk, "freeze", "", 0644);
	launch(desk, 80, 3600);
	assert_true(terminal_wait(desk->terminal, "Gate Launch: no-go"));
	assert_true(terminal_wait(desk->terminal, "holds: a freeze is on"));
	desk_press(desk, "j ", "100% ready");
	desk_remove(desk, "freeze");
	assert_true(terminal_wait(desk->terminal, "Gate Launch: go"));
	choose_go(desk, "The criteria say go.");
	desk_press(desk, "\r\r", "Decided: go, by");
	desk_press(desk, "5", "gate launch decided: go");
	assert_true(terminal_wait(desk->terminal, "gate launch is now: no-go: a freeze is on"));
}

static void deciding_otherwise_needs_a_reason(void **state)
{
	struct desk *desk = *state;

	launch(desk, 80, 3600);
	choose_go(desk, "The criteria say undecided.");
	desk_press(desk, "\r\r", "another decision needs a reason");
	assert_true(terminal_wait(desk->terminal, "Enter does it"));
	desk_press(desk, "everybody knows\r", "Decided: go against undecided, by");
	assert_true(terminal_wait(desk->terminal, "because everybody knows"));
	/* An item, too; it is never green. */
	terminal_keys(desk->terminal, "j");
	desk_press(desk, "o", "Override the item");
	desk_press(desk, "\r", "a reason is needed");
	desk_press(desk, "no one is there\r", "[o] The support desk was told");
	assert_true(terminal_wait(desk->terminal, "Gate Launch: undecided"));
	desk_press(desk, "jd", "[>] There is cake");
}

static void at_t_it_is_computed_again(void **state)
{
	struct desk *desk = *state;

	launch(desk, 80, 8);
	desk_press(desk, "j ", "Gate Launch: go");
	choose_go(desk, "The criteria say go.");
	desk_press(desk, "\r\r", "Decided: go, by");
	desk_write(desk, "freeze", "", 0644);
	assert_true(terminal_wait(desk->terminal, "the criteria say no-go now"));
	assert_true(terminal_wait(desk->terminal, "T+00:00:"));
	desk_press(desk, "5", "gate launch at T-0: no-go: a freeze is on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_counts_down_to_go),	 TEST(a_green_item_reopens),
		TEST(no_go_becomes_go),		 TEST(deciding_otherwise_needs_a_reason),
		TEST(at_t_it_is_computed_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
