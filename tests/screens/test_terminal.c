/* Terminals of all kinds: small, without colours, without UTF-8, dumb, unknown. */
#include "tests/screens/desk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fault.h"

/* Whether any colour was asked for: SGR 30-37, 40-47, 90-107, 38 and 48. */
static bool any_colour(struct desk *desk)
{
	size_t len;
	const char *raw = terminal_raw(desk->terminal, &len);

	for (size_t i = 0; i + 2 < len; i++) {
		bool last = false;

		if (raw[i] != '\033' || raw[i + 1] != '[')
			continue;
		for (size_t at = i + 2; at < len && !last; at++) {
			int number = 0;

			while (at < len && raw[at] >= '0' && raw[at] <= '9')
				number = number * 10 + (raw[at++] - '0');
			last = at >= len || raw[at] != ';';
			if (last && (at >= len || raw[at] != 'm'))
				break;
			if ((number >= 30 && number <= 38) || (number >= 40 && number <= 48) ||
			    (number >= 90 && number <= 107))
				return true;
		}
	}
	return false;
}

static void colours_where_there_are_some(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	assert_true(any_colour(desk));
}

static void no_color_keeps_every_meaning(void **state)
{
	static const char *const env[] = { "NO_COLOR=1", NULL };
	struct desk *desk = *state;

	desk_console(desk, 24, 80, env);
	/* The very same text: nothing was said by colour alone. */
	terminal_golden(desk->terminal, "watch-80x24");
	desk_declare(desk);
	assert_true(terminal_wait(desk->terminal, "CRITICAL T+"));
	assert_false(any_colour(desk));
}

static void the_c_locale_still_has_lines(void **state)
{
	static const char *const env[] = { "LC_ALL=C", "LANG=C", NULL };
	struct desk *desk = *state;

	desk_console(desk, 24, 80, env);
	terminal_golden(desk->terminal, "watch-80x24");
}

static void ascii_where_there_is_nothing_else(void **state)
{
	static const char *const env[] = { "TERM=vt100", "LC_ALL=C", NULL };
	struct desk *desk = *state;
	const char *raw;
	size_t len;

	desk_console(desk, 24, 80, env);
	terminal_golden(desk->terminal, "watch-ascii");
	raw = terminal_raw(desk->terminal, &len);
	for (size_t i = 0; i < len; i++)
		assert_true((unsigned char)raw[i] < 0x80);
}

static void an_unknown_terminal_falls_back(void **state)
{
	static const char *const env[] = { "TERM=no-such-terminal", NULL };
	struct desk *desk = *state;

	desk_console(desk, 24, 80, env);
	assert_true(terminal_wait(desk->terminal, "query failed"));
}

static void too_small_says_what_to_do_and_recovers(void **state)
{
	static const int sizes[][2] = { { 23, 80 }, { 24, 79 }, { 10, 40 }, { 3, 10 }, { 1, 1 } };
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		terminal_resize(desk->terminal, sizes[i][0], sizes[i][1]);
		if (sizes[i][1] >= 40)
			assert_true(
			    terminal_wait(desk->terminal, "backout needs 80 columns and 24 rows."));
		/* Keys are not obeyed blindly. */
		terminal_keys(desk->terminal, "!\r");
	}
	terminal_resize(desk->terminal, 24, 80);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	assert_true(terminal_wait(desk->terminal, "no incident"));
	terminal_resize(desk->terminal, 50, 200);
	assert_true(terminal_wait(desk->terminal, "All metrics"));
}

/* Down to one cell, views changed meanwhile, stopped and continued now and then; every 25th time on
 * a size that can be looked at. Returns how many screens were not what they are drawn anew. */
static long storm(struct desk *desk, const char *const *env, long resizes, unsigned *seed)
{
	static const char *const views[] = { "1", "2", "3", "4", "5", "6" };
	long stale = 0;

	desk_console(desk, 24, 80, env);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	for (long i = 1; i <= resizes; i++) {
		bool look = i % 25 == 0, stop = i % 40 == 0;

		if (stop)
			kill(terminal_pid(desk->terminal), SIGSTOP);
		terminal_resize(desk->terminal, (look ? 24 : 1) + rand_r(seed) % 60,
				(look ? 80 : 1) + rand_r(seed) % 160);
		if (stop)
			kill(terminal_pid(desk->terminal), SIGCONT);
		terminal_keys(desk->terminal, views[rand_r(seed) % 6]);
		assert_int_equal(terminal_wait_end(desk->terminal, 3), -1);
		/* A view that moves by itself can't be compared: the panels are another test's. */
		if (look) {
			desk_press(desk, "6", "Desk lead");
			stale += !terminal_is_fresh(desk->terminal, "\x0c");
		}
	}
	terminal_resize(desk->terminal, 24, 80);
	desk_press(desk, "1", "Alerts:");
	terminal_free(desk->terminal);
	desk->terminal = NULL;
	return stale;
}

static void a_storm_of_resizes_does_no_harm(void **state)
{
	static const char *const kinds[][4] = {
		{ "TERM=xterm-256color" },
		{ "TERM=tmux-256color" },
		{ "TERM=screen" },
		{ "TERM=vt100" },
		{ "TERM=vt100", "LC_ALL=C", "LANG=C" },
		{ "TERM=no-such-terminal" },
		{ "TERM=xterm-256color", "LC_ALL=C", "LANG=C" },
	};
	struct desk *desk = *state;
	long n = sizeof(kinds) / sizeof(kinds[0]), each = (getenv("LONG") ? 10000 : 350) / n;
	unsigned seed = 7;

	for (long i = 0; i < n; i++) {
		long stale = storm(desk, kinds[i], each, &seed);
		char what[100];

		snprintf(what, sizeof(what), "resizes, stopped and continued, %s%s", kinds[i][0],
			 kinds[i][1] ? " in the C locale" : "");
		fault(29, what, each, each - stale, stale);
		assert_int_equal(stale, 0);
	}
	desk_console(desk, 24, 80, NULL);
	terminal_golden(desk->terminal, "watch-80x24");
	terminal_resize(desk->terminal, 1, 1);
	terminal_resize(desk->terminal, 24, 80);
	terminal_golden(desk->terminal, "watch-80x24");
}

static void a_stopped_console_comes_back_whole(void **state)
{
	struct desk *desk = *state;

	desk_console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	kill(terminal_pid(desk->terminal), SIGSTOP);
	terminal_resize(desk->terminal, 30, 100);
	kill(terminal_pid(desk->terminal), SIGCONT);
	desk_press(desk, "6", "Desk lead");
}

static void the_plain_console_is_lines(void **state)
{
	static const char *const env[] = { "TERM=dumb", NULL };
	struct desk *desk = *state;
	const char *raw;
	size_t len;

	desk_console(desk, 60, 160, env);
	assert_true(
	    terminal_wait(desk->terminal, "next: All quiet. Press ! to declare an incident."));
	desk_press(desk, "declare critical fire\n", "#1 incident");
	desk_press(desk, "note seen\n", "note: seen");
	desk_press(desk, "answer nothing yes\n", "refused: question nothing is not the open one");
	terminal_keys(desk->terminal, "quit\n");
	assert_int_equal(terminal_wait_end(desk->terminal, 10000), 0);
	raw = terminal_raw(desk->terminal, &len);
	assert_null(memchr(raw, '\033', len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(colours_where_there_are_some),    TEST(no_color_keeps_every_meaning),
		TEST(the_c_locale_still_has_lines),    TEST(ascii_where_there_is_nothing_else),
		TEST(an_unknown_terminal_falls_back),  TEST(too_small_says_what_to_do_and_recovers),
		TEST(a_storm_of_resizes_does_no_harm), TEST(a_stopped_console_comes_back_whole),
		TEST(the_plain_console_is_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
