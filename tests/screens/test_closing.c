/* Closing an incident whose runbook has a report of its own: its questions, before and at closing.
 */
#include "tests/screens/desk.h"

#include <stdio.h>

static void open_desk(struct desk *desk)
{
	static char target[128], text[512];
	const char *args[] = { "open",	     "tests/drill/beacon",
			       "--target",   target,
			       "--severity", "high",
			       "--title",    "dark",
			       NULL };

	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	snprintf(text, sizeof(text),
		 "{\"target\": \"cape\", \"system\": \"beacon\", \"class\": \"live\", "
		 "\"parameters\": {\"root\": \"%s\"}}",
		 desk->folder);
	desk_write(desk, "target.json", text, 0600);
	desk_write(desk, "light", "on\n", 0600);
	desk_start(desk, 24, 80, args, NULL);
	assert_true(terminal_wait(desk->terminal, "beacon > cape"));
}

static void a_question_is_answered_before_closing(void **state)
{
	struct desk *desk = *state;

	open_desk(desk);
	desk_press(desk, "5r", "What the report asks for");
	assert_true(terminal_wait(desk->terminal, "Oil left: (nobody has said)"));
	desk_press(desk, "jj\r", "How much is left? One of: much, little");
	desk_press(desk, "plenty\r", "\"plenty\" is none of: much, little");
	desk_press(desk, "\x15much\r", "It stands in the report.");
	desk_press(desk, "r", "Oil left: much");
	desk_press(desk, "\033", "report: oil: much");
	desk_press(desk, ":fill\r", "What the report asks for");
	desk_press(desk, "\033:fill why the wind\r", "report: why: the wind");
}

static void closing_asks_what_is_open_and_then_closes(void **state)
{
	struct desk *desk = *state;

	open_desk(desk);
	desk_press(desk, ":fill oil much\r", "Done.");
	desk_press(desk, "e", "How was it resolved");
	desk_press(desk, "relit\r", "RESOLVED");
	desk_press(desk, "C", "Report: What happened");
	assert_true(terminal_wait(desk->terminal, "Did a ship call?"));
	desk_press(desk, "a trawler\r", "Report: What was done");
	/* What was answered before is not asked for again. */
	assert_false(terminal_has(desk->terminal, "How much is left?"));
	desk_press(desk, "a gust\r", "Close the incident");
	/* The section that takes the root cause in has asked for it. */
	assert_false(terminal_has(desk->terminal, "Root cause"));
	assert_true(terminal_wait(desk->terminal, "Remediation"));
	desk_press(desk, "a lid\r", "Enter does it");
	desk_press(desk, "\r", "Closed and sealed");
	desk_press(desk, "5", "report: seen: a trawler");
	assert_true(terminal_wait(desk->terminal, "report: why: a gust"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_question_is_answered_before_closing),
		TEST(closing_asks_what_is_open_and_then_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
