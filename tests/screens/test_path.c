/* The path of an operator: declare, decide, choose, approve, run, resolve, close. */
#include "tests/screens/desk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void approve(struct desk *desk)
{
	desk_press(desk, "a", "y approves, Esc goes back.");
	desk_press(desk, "y", "r run");
}

static void from_the_alert_to_the_seal(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_declare(desk);
	desk_press(desk, "2", "Proposed: YES");
	terminal_golden(desk->terminal, "decide-80x24");
	desk_press(desk, "\r", "1. Is the data file there? YES");
	assert_true(terminal_wait(desk->terminal, "Proposed: YES"));
	desk_press(desk, "\r", "The tree ends here:");
	terminal_golden(desk->terminal, "decide-end");
	desk_press(desk, "c", "Plan: Switch the new search off");
	terminal_golden(desk->terminal, "plan-80x24");
	desk_press(desk, "a", "y approves, Esc goes back.");
	terminal_golden(desk->terminal, "approve");
	desk_press(desk, "y", "r run");
	terminal_golden(desk->terminal, "steps-80x24");
	desk_press(desk, "r", "By hand: Tell the support desk.");
	terminal_golden(desk->terminal, "by-hand");
	desk_press(desk, "d", "The step is done");
	desk_press(desk, "told them\r", "Next: Wait for the workers.");
	desk_press(desk, "r", "t alternative");
	terminal_golden(desk->terminal, "not-verified");
	desk_press(desk, "t", "y takes it, Esc goes back.");
	desk_press(desk, "y", "Next: Restart the workers.");
	desk_press(desk, "r", "is done and holds");
	desk_press(desk, "3", "50% ready");
	desk_press(desk, "j ", "100% ready");
	terminal_golden(desk->terminal, "checklist");
	desk_press(desk, "5", "item after/looked");
	desk_press(desk, "e", "Resolve the incident");
	desk_press(desk, "flag switched off\r", " RESOLVED T+");
	desk_press(desk, "C", "Root cause");
	desk_press(desk, "a bad index\rfix it\rtest it\r", " CLOSED T+");
	assert_true(terminal_wait(desk->terminal, "23 lines"));
	terminal_golden(desk->terminal, "log-80x24");
}

static void larger_screens_show_both_sides(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 50, 160, NULL);
	desk_plan(desk);
	desk_press(desk, "2", "The tree ends here:");
	terminal_golden(desk->terminal, "decide-160x50");
	desk_press(desk, "4", "not approved");
	approve(desk);
	terminal_golden(desk->terminal, "steps-160x50");
}

static void an_override_needs_a_reason(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_declare(desk);
	desk_press(desk, "2", "Proposed: YES");
	desk_press(desk, "N", "You answer NO: why?");
	desk_press(desk, "\r", "a reason is needed");
	desk_press(desk, "I saw it\r", "NO (overridden)");
	assert_true(terminal_wait(desk->terminal, "procedure put-back"));
}

static void what_destroys_is_approved_by_name(void **state)
{
	struct desk *desk = *state;
	char copy[128];

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_remove(desk, "data");
	assert_true(terminal_wait(desk->terminal, "The data file is gone"));
	desk_declare(desk);
	desk_press(desk, "2", "Suggested: put-back");
	desk_press(desk, "c", "The plan needs inputs.");
	desk_press(desk, "\r", "Which copy is put back?");
	snprintf(copy, sizeof(copy), "\x15%s/data.copy\r", desk->folder);
	desk_press(desk, copy, "Plan: Put the data file back");
	desk_press(desk, "a", "Type front to confirm");
	assert_true(terminal_wait(desk->terminal, "Enter does it"));
	terminal_golden(desk->terminal, "approve-by-name");
	desk_press(desk, "fron\r", "that is not the target's name");
	assert_true(terminal_wait(desk->terminal, "Enter does it"));
	desk_press(desk, "t\r", "r run");
	/* What destroys asks once more when it runs. */
	desk_press(desk, "r", "y runs it, Esc goes back.");
	assert_false(desk_has(desk, "data"));
	desk_press(desk, "y", "is done and holds");
	assert_true(desk_has(desk, "data"));
}

static void another_procedure_needs_a_reason(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_declare(desk);
	desk_press(desk, "2p", "put-back: Put the data file back");
	terminal_golden(desk->terminal, "procedures");
	desk_press(desk, "\r", "why?");
	desk_press(desk, "\r", "a reason is needed");
	desk_press(desk, "because\r", "Plan: Switch the new search off");
}

static void straight_through_stops_where_a_person_is_needed(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	desk_plan(desk);
	approve(desk);
	desk_press(desk, " ", "y begins, Esc goes back.");
	desk_press(desk, "y", "By hand: Tell the support desk.");
	/* It is step by step again from there. */
	desk_press(desk, "d", "The step is done");
	desk_press(desk, "\r", "Next: Wait for the workers.");
	desk_press(desk, "r", "t alternative");
	/* Stop always stops. */
	desk_press(desk, "x", "Stop the procedure");
	assert_true(terminal_wait(desk->terminal, "Enter does it"));
	desk_press(desk, "enough\r", "Stopped.");
	desk_press(desk, "5", "procedure search-off ended: stopped");
}

static void undo_takes_back(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	desk_plan(desk);
	approve(desk);
	desk_press(desk, "r", "By hand: Tell the support desk.");
	/* Up: the step before is shown, and undone. */
	desk_press(desk, "k", "u undo");
	desk_press(desk, "u", "y undoes it, Esc goes back.");
	desk_press(desk, "y", "undone");
}

static void a_note_and_a_page_for_each_line(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_press(desk, "n", "No incident is open: declare one with ! first.");
	desk_declare(desk);
	desk_press(desk, "n", "A note for the record");
	desk_press(desk, "caf\xc3\xa9 \xe2\x82\xac 3\r", "Noted.");
	desk_press(desk, "5", "caf\xc3\xa9 \xe2\x82\xac 3");
	desk_press(desk, "\r", "\"event\": \"note\"");
	desk_press(desk, "q/nothing\r", "No line fits.");
	desk_press(desk, "\033", "note: caf");
}

static void commands_by_name(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_press(desk, ":decl\t", ":declare");
	desk_press(desk, "low by name\r", " LOW T+");
	desk_press(desk, ":not a note by name\r",
		   "There is no command \"not\"; did you mean \"note\"");
	desk_press(desk, ":note a note by name\r", "Done.");
	desk_press(desk, ":log\r", "a note by name");
	desk_press(desk, ":messages\r", "Desk lead: +44 20 7946 0100");
	terminal_golden(desk->terminal, "messages");
	desk_press(desk, "?", "Help: Messages");
	terminal_golden(desk->terminal, "help");
}

static void a_running_step_outlives_its_console(void **state)
{
	struct desk *desk = *state;
	char script[256];

	snprintf(script, sizeof(script),
		 "#!/bin/sh\necho begun\nwhile [ ! -e %s/go ]; do sleep 0.05; done\necho gone on\n",
		 desk->folder);
	desk_write(desk, "settle", script, 0755);
	desk_console(desk, 24, 80, NULL);
	desk_plan(desk);
	approve(desk);
	desk_press(desk, "r", "By hand: Tell the support desk.");
	desk_press(desk, "d", "The step is done");
	desk_press(desk, "\r", "Next: Wait for the workers.");
	desk_press(desk, "r", "Running: Wait for the workers.");
	/* Console and terminal go; the step does not. */
	kill(terminal_pid(desk->terminal), SIGKILL);
	assert_int_not_equal(terminal_wait_end(desk->terminal, 10000), -1);
	terminal_free(desk->terminal);
	desk_start(desk, 24, 80, (const char *const[]){ "attach", NULL }, NULL);
	assert_true(terminal_wait(desk->terminal, "Running: Wait for the workers."));
	assert_true(terminal_wait(desk->terminal, "begun"));
	/* Leaving asks, and does not stop it either. */
	desk_press(desk, ":q\r", "The running step goes on without it.");
	desk_press(desk, "\033", "Running");
	desk_write(desk, "go", "", 0644);
	assert_true(terminal_wait(desk->terminal, "t alternative"));
	assert_true(terminal_wait(desk->terminal, "gone on"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(from_the_alert_to_the_seal),
		TEST(larger_screens_show_both_sides),
		TEST(an_override_needs_a_reason),
		TEST(what_destroys_is_approved_by_name),
		TEST(another_procedure_needs_a_reason),
		TEST(straight_through_stops_where_a_person_is_needed),
		TEST(undo_takes_back),
		TEST(a_note_and_a_page_for_each_line),
		TEST(commands_by_name),
		TEST(a_running_step_outlives_its_console),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
