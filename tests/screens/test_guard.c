/* The sleepy-hands guard: typed-ahead keys, pastes and keys at random start nothing. */
#include "tests/screens/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole ledger as text. New. */
static char *ledger(const struct desk *desk)
{
	char command[256];
	char *text = calloc(1, 1 << 20);
	FILE *pipe;

	assert_non_null(text);
	snprintf(command, sizeof(command), "cat %s/state/incidents/*/ledger.jsonl | tr -d '\\0'",
		 desk->folder);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	text[fread(text, 1, (1 << 20) - 1, pipe)] = '\0';
	pclose(pipe);
	return text;
}

static void assert_recorded(const struct desk *desk, const char *event, bool there)
{
	char *text = ledger(desk);
	bool found = strstr(text, event) != NULL;

	assert_true(strlen(text) > 100);
	free(text);
	assert_int_equal(found, there);
}

static void typed_ahead_keys_do_not_confirm(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	desk_plan(desk);
	/* All in one write, as from hands that were faster than the screen. */
	desk_press(desk, "ayyyy", "Approve the plan");
	assert_true(terminal_wait(desk->terminal, "y approves, Esc goes back."));
	assert_recorded(desk, "procedure.approved", false);
	/* The opening key does not confirm either. */
	terminal_keys(desk->terminal, "a");
	desk_press(desk, "\033", "not approved");
	assert_true(terminal_wait_gone(desk->terminal, "y approves"));
	assert_recorded(desk, "procedure.approved", false);
	desk_press(desk, "a", "y approves, Esc goes back.");
	desk_press(desk, "y", "r run");
	assert_recorded(desk, "procedure.approved", true);
}

static void pastes_are_no_keys(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	desk_plan(desk);
	desk_press(desk, "a", "y approves, Esc goes back.");
	terminal_keys(desk->terminal, "\033[200~yyyy\r\033[201~");
	desk_press(desk, "\033", "not approved");
	terminal_keys(desk->terminal, "\033[200~a:resolve by paste\r4r\033[201~");
	/* A key after it is a key again. */
	desk_press(desk, "5", "procedure search-off chosen");
	assert_recorded(desk, "procedure.approved", false);
	assert_recorded(desk, "incident.resolved", false);
	/* In a text field a paste is text, and its newline sends nothing. */
	desk_press(desk, "n", "A note for the record");
	desk_press(desk, "\033[200~two\nlines\033[201~", "two lines");
	assert_recorded(desk, "two lines", false);
	desk_press(desk, "\r", "Noted.");
	assert_recorded(desk, "two lines", true);
}

static void a_name_is_typed_not_pasted(void **state)
{
	struct desk *desk = *state;
	char copy[128];

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_remove(desk, "data");
	desk_press(desk, "2", "Suggested: put-back");
	desk_declare(desk);
	desk_press(desk, "c", "The plan needs inputs.");
	desk_press(desk, "\r", "Which copy is put back?");
	snprintf(copy, sizeof(copy), "\x15%s/data.copy\r", desk->folder);
	desk_press(desk, copy, "Plan: Put the data file back");
	desk_press(desk, "a", "Enter does it");
	desk_press(desk, "\033[200~front\033[201~\r", "that is not the target's name");
	assert_recorded(desk, "procedure.approved", false);
}

static void keys_at_random_start_nothing(void **state)
{
	static const char pool[] =
	    "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    " \t\r\n!?:/<>.,-=+*#'\"\033\x01\x05\x0b\x0c\x15\x7f\xff\xc3\xa9";
	struct desk *desk = *state;
	unsigned seed = 20261121;
	char keys[65];

	desk_console(desk, 24, 80, NULL);
	desk_plan(desk);
	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < sizeof(keys) - 1; i++)
			keys[i] = pool[(size_t)rand_r(&seed) % (sizeof(pool) - 1)];
		keys[sizeof(keys) - 1] = '\0';
		terminal_keys(desk->terminal, keys);
		/* Kept drained, so that the program never waits for its terminal. */
		assert_int_equal(terminal_wait_end(desk->terminal, 5), -1);
	}
	/* It still listens. */
	desk_press(desk, "\033\033\033", "desk > front");
	assert_recorded(desk, "procedure.approved", false);
	assert_recorded(desk, "step.intent", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(typed_ahead_keys_do_not_confirm),
		TEST(pastes_are_no_keys),
		TEST(a_name_is_typed_not_pasted),
		TEST(keys_at_random_start_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
