/* The sleepy-hands guard: typed-ahead keys, pastes and keys at random start nothing. */
#include "tests/screens/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fault.h"

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

/* As far as the plan of a destructive procedure. */
static void plan_destructive(struct desk *desk)
{
	char copy[128];

	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_remove(desk, "data");
	desk_press(desk, "2", "Suggested: put-back");
	desk_declare(desk);
	desk_press(desk, "c", "The plan needs inputs.");
	desk_press(desk, "\r", "Which copy is put back?");
	snprintf(copy, sizeof(copy), "\x15%s/data.copy\r", desk->folder);
	desk_press(desk, copy, "Plan: Put the data file back");
}

static void a_name_is_typed_not_pasted(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	plan_destructive(desk);
	desk_press(desk, "a", "Enter does it");
	desk_press(desk, "\033[200~front\033[201~\r", "that is not the target's name");
	assert_recorded(desk, "procedure.approved", false);
}

/* Whether the destructive step was begun: by the record, and by what it does. */
static bool was_launched(const struct desk *desk)
{
	char *text = ledger(desk);
	const char *intent = strstr(text, "\"event\":\"step.intent\"");
	bool launched = desk_has(desk, "data") ||
			(intent && strstr(intent, "\"procedure\":\"put-back\"") != NULL);

	free(text);
	return launched;
}

/* Keys may end the console; then there is another one. */
static void console_keep(struct desk *desk)
{
	if (terminal_wait_end(desk->terminal, 5) == -1)
		return;
	terminal_free(desk->terminal);
	desk_console(desk, 24, 80, NULL);
}

/* SEED= begins elsewhere. */
static void keys_at_random_start_nothing(void **state)
{
	static const char pool[] =
	    "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    " \t\r\n!?:/<>.,-=+*#'\"\033\x01\x05\x0b\x0c\x15\x7f\xff\xc3\xa9";
	struct desk *desk = *state;
	unsigned seed = getenv("SEED") ? (unsigned)atoi(getenv("SEED")) : 20261121;
	long keys = getenv("LONG") ? 1000000 : 20000, pressed = 0;
	char some[65];

	printf("# %ld keys, SEED=%u\n", keys, seed);
	desk_console(desk, 24, 80, NULL);
	plan_destructive(desk);
	while (pressed < keys) {
		for (size_t i = 0; i < sizeof(some) - 1; i++)
			some[i] = pool[(size_t)rand_r(&seed) % (sizeof(pool) - 1)];
		some[sizeof(some) - 1] = '\0';
		/* Of a console that has just ended the terminal takes none. */
		if (terminal_try_keys(desk->terminal, some))
			pressed += (long)strlen(some);
		/* Kept drained, so that the program never waits for its terminal. */
		console_keep(desk);
	}
	fault(18, "keys at random before a destructive plan", pressed, pressed - was_launched(desk),
	      was_launched(desk));
	/* It still listens. */
	console_keep(desk);
	desk_press(desk, "\033\033\033", "desk > front");
	assert_false(was_launched(desk));
}

/* The commands that the manual names. Returns how many; each is new. */
static size_t commands_read(char **names, size_t max)
{
	FILE *file = fopen("man/backout.1", "r");
	char *line = NULL, *at;
	size_t cap = 0, n = 0;

	assert_non_null(file);
	while (n < max && getline(&line, &cap, file) > 0)
		if ((at = strstr(line, "; :")) != NULL)
			names[n++] = strndup(at + 3, strcspn(at + 3, " ,\n"));
	free(line);
	fclose(file);
	return n;
}

static void paste(struct desk *desk, const char *text, bool bracketed)
{
	char bytes[400];

	snprintf(bytes, sizeof(bytes), bracketed ? "\033[200~%s\033[201~" : "%s", text);
	terminal_try_keys(desk->terminal, bytes);
	console_keep(desk);
}

/* Each with what confirms it, as one who copied too much would paste it: on the plan, behind the
 * key that opens the approval, and bracketed or from a terminal that does not bracket. */
static void pastes_of_commands_start_nothing(void **state)
{
	static const char *const forms[] = { ":%s\ry", ":%s put-back\ryy\r", "a:%s\rfront\r",
					     "a\r:%s copy\rfront\r", "ayr:%s front\rr\ry" };
	struct desk *desk = *state;
	char *names[80], text[200];
	size_t n = commands_read(names, 80);
	long pastes = 0;

	assert_true(n > 20);
	desk_console(desk, 24, 80, NULL);
	plan_destructive(desk);
	for (size_t i = 0; i < n; i++) {
		for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
			snprintf(text, sizeof(text), forms[form], names[i]);
			paste(desk, text, true);
			paste(desk, text, false);
			pastes += 2;
		}
		free(names[i]);
	}
	fault(18, "pastes of every command, bracketed and not", pastes, pastes - was_launched(desk),
	      was_launched(desk));
	assert_false(was_launched(desk));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(typed_ahead_keys_do_not_confirm),	TEST(pastes_are_no_keys),
		TEST(a_name_is_typed_not_pasted),	TEST(keys_at_random_start_nothing),
		TEST(pastes_of_commands_start_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
