/* Routines by keys: what is due, one gone through and ended, back to watching; phases. */
#include "tests/screens/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void rounds_start(struct desk *desk)
{
	static char target[128];
	const char *args[] = { "watch", "tests/screens/rounds", "--target", target, NULL };

	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	desk_start(desk, 24, 80, args, NULL);
	terminal_vary(desk->terminal, "\\([-0-9]+ [HM:0-9]+Z\\)", "(WHEN)");
	terminal_vary(desk->terminal, "since ([-0-9]+ )?[HM:0-9]+Z", "since WHEN");
}

/* From the list to the checklist. */
static void begin(struct desk *desk)
{
	assert_true(terminal_wait(desk->terminal, "The week is due since"));
	terminal_golden(desk->terminal, "rounds-watch");
	desk_press(desk, "D", "Routines: Enter begins one");
	terminal_golden(desk->terminal, "rounds-list");
	desk_press(desk, "\r", "[x] The data is there");
}

static void a_round(void **state)
{
	struct desk *desk = *state;

	rounds_start(desk);
	begin(desk);
	assert_true(terminal_wait(desk->terminal, "Press m, then Space to run it"));
	terminal_golden(desk->terminal, "rounds-begun");
	desk_press(desk, "j ", "Press a to run it.");
	desk_press(desk, "a", "y runs it, Esc goes back.");
	desk_press(desk, "y", "Press 3 for the checklist.");
	desk_press(desk, "3j", "\xe2\x96\xb8 [ ] Nobody waits at the door");
	desk_press(desk, " ", "everything holds. Press e to end it.");
	desk_press(desk, "e", "End the routine");
	terminal_golden(desk->terminal, "rounds-end");
	desk_press(desk, "all quiet\r", "The routine is done (holds) and closed");
	/* The same console watches again. */
	assert_true(terminal_wait(desk->terminal, "no incident"));
	assert_true(terminal_wait(desk->terminal, "All quiet; The week is due at"));
	assert_true(desk_has(desk, "stamp"));
	desk_press(desk, "D", "last done");
	terminal_golden(desk->terminal, "rounds-done");
}

static void what_does_not_hold_is_said(void **state)
{
	struct desk *desk = *state;

	rounds_start(desk);
	begin(desk);
	desk_remove(desk, "data");
	assert_true(terminal_wait(desk->terminal, "[!] The data is there"));
	desk_press(desk, "jo", "Override the item");
	desk_press(desk, "no stamps left\r", "[o] The round is stamped");
	desk_press(desk, "j ", "It does not hold: The data is there");
	desk_press(desk, "e", "Not everything holds, and the report says so.");
	desk_press(desk, "\r", "The routine is done (fails) and closed");
}

/* An incident goes on in its own console: no routine is begun beside it. */
static void not_beside_an_incident(void **state)
{
	struct desk *desk = *state;

	rounds_start(desk);
	assert_true(terminal_wait(desk->terminal, "The week is due since"));
	desk_declare(desk);
	desk_press(desk, "D", "Routines: Enter begins one");
	desk_press(desk, "\r", "is shown here already");
}

static void phases(void **state)
{
	struct desk *desk = *state;

	rounds_start(desk);
	assert_true(terminal_wait(desk->terminal, "The week is due since"));
	desk_press(desk, ":phase begin one\r", "Done.");
	desk_press(desk, ":phases\r", "under way");
	terminal_golden(desk->terminal, "rounds-phases");
	desk_press(desk, "q:phase finish one\r", "Done.");
	desk_press(desk, ":phases\r", "stable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_round),
		TEST(what_does_not_hold_is_said),
		TEST(not_beside_an_incident),
		TEST(phases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
