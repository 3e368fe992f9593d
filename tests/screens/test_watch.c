/* Watch: panels, alerts, the folded traceback, search; hostile log lines. */
#include "tests/screens/desk.h"

#include <stdlib.h>
#include <string.h>

static void at_80x24(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	terminal_golden(desk->terminal, "watch-80x24");
}

static void at_120x30(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 30, 120, NULL);
	assert_true(terminal_wait(desk->terminal, "no      1/2"));
	terminal_golden(desk->terminal, "watch-120x30");
}

static void at_160x50(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 50, 160, NULL);
	assert_true(terminal_wait(desk->terminal, "no      1/2"));
	terminal_golden(desk->terminal, "watch-160x50");
}

static void at_200x50(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 50, 200, NULL);
	assert_true(terminal_wait(desk->terminal, "no      1/2"));
	terminal_golden(desk->terminal, "watch-200x50");
}

static void an_alert_says_what_to_do(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	for (int i = 0; i < 6; i++)
		desk_log(desk, "ERROR - query failed again");
	assert_true(terminal_wait(desk->terminal, "CRITICAL Errors"));
	assert_true(
	    terminal_wait(desk->terminal, "Errors is critical. Press ! to declare an incident."));
	/* The form proposes the worst condition that holds. */
	desk_press(desk, "2", "HOLDS");
	desk_press(desk, "!", "[high]");
	assert_true(terminal_wait(desk->terminal, "Title: The new search breaks requests"));
	desk_press(desk, "\r\r", " HIGH T+");
	assert_true(terminal_wait(desk->terminal, "A acknowledge"));
	desk_press(desk, "A", "(acknowledged)");
}

static void enter_shows_the_traceback(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_press(desk, "k", "HELD");
	terminal_keys(desk->terminal, "\r");
	terminal_golden(desk->terminal, "watch-traceback");
	desk_press(desk, "q", "HELD");
}

static void a_filter_keeps_records_with_the_text(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	/* The line of the traceback that matches stands for it. */
	desk_press(desk, "findex\r", "+ 4 lines:     rows = index[word]");
	assert_true(terminal_wait_gone(desk->terminal, "ready"));
	/* Esc takes the filter back, it does not leave. */
	desk_press(desk, "\033", "ready");
}

static void a_marked_line_is_evidence(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_press(desk, "m", "No incident is open: declare one");
	desk_declare(desk);
	desk_press(desk, "k", "HELD");
	assert_true(terminal_wait(desk->terminal, "m mark"));
	desk_press(desk, "m", "Marked as evidence");
	desk_press(desk, "m", "this record is evidence already");
	/* A line of a traceback that is found marks its record, not itself. */
	desk_press(desk, "/index\r", "/index");
	desk_press(desk, "m", "this record is evidence already");
	desk_press(desk, "\033>", "Space hold");
	desk_press(desk, "m", "Marked as evidence");
	desk_press(desk, "nsearch is off\r", "Noted.");
	desk_press(desk, "5ffff", "notes, 3 lines");
	terminal_golden(desk->terminal, "log-notes");
	desk_press(desk, "/KeyError\r", "notes, with \"KeyError\", 1 lines");
	desk_press(desk, "\r", "rows = index[word]");
}

static void hostile_lines_are_shown_not_obeyed(void **state)
{
	struct desk *desk = *state;
	const char *raw;
	size_t len;

	desk_console(desk, 24, 160, NULL);
	assert_true(terminal_wait(desk->terminal, "^[[31mred^[[0m <U+202E>gnp \\xFF"));
	raw = terminal_raw(desk->terminal, &len);
	assert_null(memmem(raw, len, "\033[31mred", 8));
	assert_null(memmem(raw, len, "\xe2\x80\xae", 3));
}

static void leaving_asks(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_press(desk, "q", "y leaves, Esc goes back.");
	terminal_keys(desk->terminal, "\033");
	assert_true(terminal_wait_gone(desk->terminal, "y leaves"));
	desk_press(desk, ":q\r", "y leaves, Esc goes back.");
	terminal_keys(desk->terminal, "y");
	assert_int_equal(terminal_wait_end(desk->terminal, 10000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(at_80x24),
		TEST(at_120x30),
		TEST(at_160x50),
		TEST(at_200x50),
		TEST(an_alert_says_what_to_do),
		TEST(enter_shows_the_traceback),
		TEST(a_filter_keeps_records_with_the_text),
		TEST(a_marked_line_is_evidence),
		TEST(hostile_lines_are_shown_not_obeyed),
		TEST(leaving_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
