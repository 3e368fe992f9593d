/* The log panel: every state that it can be in, and every key that it has. */
#include "tests/screens/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void start(struct desk *desk, const char *runbook, int rows, int columns,
		  const char *const *extra)
{
	static char target[128];
	const char *args[] = { runbook, "--target", target, NULL };

	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	desk_write(desk, "api.log", "", 0644);
	desk_start(desk, rows, columns, args, extra);
	assert_true(terminal_wait(desk->terminal, "Space hold"));
}

/* The log alone. */
static void start_one(struct desk *desk, const char *const *extra)
{
	start(desk, "tests/screens/logpanel/one.json", 24, 80, extra);
}

/* Lines that come now: what an ordinary hour looks like. */
static void ordinary(struct desk *desk)
{
	desk_log(desk, "INFO - desk is ready");
	desk_log(desk, "INFO - ticket 4711 was opened by the operator of the night shift");
	desk_log(desk, "DEBUG - 12 tickets in the cache");
	desk_log(desk, "WARNING - heartbeat late by 4 s");
	desk_log(desk, "INFO - desk is ready");
}

/* What a bad one looks like. */
static void trouble(struct desk *desk)
{
	desk_log(desk, "WARNING - 28 of 30 workers in use");
	desk_log(desk, "ERROR - query failed\nTraceback (most recent call last):\n"
		       "  File \"search.py\", line 10, in run\n    rows = index[word]\n"
		       "KeyError");
	desk_log(desk, "CRITICAL - no worker answers");
}

/* The sizes at which a state is looked at. */
static void at_all_sizes(struct desk *desk, const char *name)
{
	static const int sizes[][2] = { { 24, 80 }, { 30, 120 }, { 50, 160 } };
	char golden[64];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		terminal_resize(desk->terminal, sizes[i][0], sizes[i][1]);
		snprintf(golden, sizeof(golden), "panel-log-%s-%dx%d", name, sizes[i][1],
			 sizes[i][0]);
		terminal_golden(desk->terminal, golden);
	}
}

static void normal_and_in_trouble(void **state)
{
	struct desk *desk = *state;

	desk_write(desk, "app.log", "", 0644);
	start_one(desk, NULL);
	assert_true(terminal_wait(desk->terminal, "No lines yet."));
	terminal_golden(desk->terminal, "panel-log-empty");
	ordinary(desk);
	assert_true(terminal_wait(desk->terminal, "5/min  following"));
	at_all_sizes(desk, "normal");
	trouble(desk);
	assert_true(terminal_wait(desk->terminal, "no worker answers"));
	at_all_sizes(desk, "critical");
	/* The level goes from all to warnings, to errors, and back. */
	terminal_resize(desk->terminal, 24, 80);
	desk_press(desk, "L", "app.log, warnings");
	terminal_golden(desk->terminal, "panel-log-warnings");
	desk_press(desk, "L", "app.log, errors");
	assert_true(terminal_wait_gone(desk->terminal, "28 of 30"));
	desk_press(desk, "L", "28 of 30");
	assert_true(terminal_wait_gone(desk->terminal, "app.log, errors"));
}

static void quiet_for_long(void **state)
{
	struct desk *desk = *state;

	start_one(desk, NULL);
	assert_true(terminal_wait(desk->terminal, "quiet for"));
	at_all_sizes(desk, "quiet");
	/* Something new ends it. */
	desk_log(desk, "INFO - alive");
	assert_true(terminal_wait(desk->terminal, "1/min  following"));
}

static void missing_and_in_error(void **state)
{
	struct desk *desk = *state;
	char path[128];

	desk_remove(desk, "app.log");
	start_one(desk, NULL);
	assert_true(terminal_wait(desk->terminal, "MISSING"));
	at_all_sizes(desk, "missing");
	terminal_resize(desk->terminal, 24, 80);
	snprintf(path, sizeof(path), "%s/app.log", desk->folder);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true(terminal_wait(desk->terminal, "FAILED"));
	at_all_sizes(desk, "folder");
	terminal_resize(desk->terminal, 24, 80);
	assert_int_equal(rmdir(path), 0);
	/* What can't be opened, whoever asks, says why. */
	assert_int_equal(symlink("app.log", path), 0);
	assert_true(terminal_wait(desk->terminal, "levels of"));
	terminal_golden(desk->terminal, "panel-log-unopened");
	desk_remove(desk, "app.log");
	desk_log(desk, "INFO - there it is");
	assert_true(terminal_wait(desk->terminal, "there it is"));
}

static void not_allowed(void **state)
{
	struct desk *desk = *state;

	if (geteuid() == 0)
		skip(); /* root may read everything */
	desk_write(desk, "app.log", "secret\n", 0000);
	start_one(desk, NULL);
	assert_true(terminal_wait(desk->terminal, "Permission denied"));
	assert_true(terminal_wait(desk->terminal, "FAILED"));
}

static void filters_and_search(void **state)
{
	struct desk *desk = *state;

	desk_write(desk, "app.log", "", 0644);
	start_one(desk, NULL);
	ordinary(desk);
	trouble(desk);
	assert_true(terminal_wait(desk->terminal, "no worker answers"));
	/* Only what matches: a line of a traceback stands for its record. */
	desk_press(desk, "fworker|index\\[\r", "+ 4 lines:     rows = index[word]");
	assert_true(terminal_wait_gone(desk->terminal, "ticket 4711"));
	desk_press(desk, "F28 of\r", "not \"28 of\"");
	assert_true(terminal_wait_gone(desk->terminal, "in use"));
	terminal_golden(desk->terminal, "panel-log-filtered");
	/* A bad pattern says where and why; the one before stays. */
	desk_press(desk, "f\x15(worker\r", "Kept as it was; pattern \"(worker\": missing");
	assert_true(terminal_wait(desk->terminal, "offset 7"));
	assert_true(terminal_wait(desk->terminal, "only \"worker|index"));
	/* Esc takes back one at a time, the latest kind first. */
	desk_press(desk, "\033", "in use");
	desk_press(desk, "\033", "ticket 4711");
	assert_true(terminal_wait(desk->terminal, "following"));
	/* A search hides nothing. It goes to the newest match, and on. */
	desk_press(desk, "/desk is|KEYERR\r", "/desk is|KEYERR");
	assert_true(terminal_wait(desk->terminal, "HELD"));
	assert_true(terminal_wait(desk->terminal, "ticket 4711"));
	desk_press(desk, "[", "[ ] matches");
	terminal_golden(desk->terminal, "panel-log-searched");
	terminal_resize(desk->terminal, 30, 120);
	desk_press(desk, "z", "z zoom");
	terminal_golden(desk->terminal, "panel-log-searched-120x30");
	desk_press(desk, "[[[", "no older match");
	desk_press(desk, "\033", "HELD");
	assert_true(terminal_wait_gone(desk->terminal, "/desk is"));
	desk_press(desk, "\033", "following");
	/* At last the zoom. */
	desk_press(desk, "\033", "─ Conditions ─");
}

static void errors_are_gone_to(void **state)
{
	struct desk *desk = *state;

	desk_write(desk, "app.log", "", 0644);
	start_one(desk, NULL);
	trouble(desk);
	ordinary(desk);
	assert_true(terminal_wait(desk->terminal, "Space hold"));
	assert_true(terminal_wait(desk->terminal, "= restarted (2nd time in"));
	desk_press(desk, ",", "HELD");
	desk_press(desk, "\r", "CRITICAL - no worker answers");
	desk_press(desk, "q", "HELD");
	desk_press(desk, ",\r", "KeyError");
	desk_press(desk, "q", "HELD");
	desk_press(desk, ",", "no older error");
	desk_press(desk, ".\r", "CRITICAL - no worker answers");
	desk_press(desk, "q", "HELD");
	desk_press(desk, ".", "no newer error");
}

static void a_traceback_opens_in_place(void **state)
{
	struct desk *desk = *state;

	desk_write(desk, "app.log", "", 0644);
	start_one(desk, NULL);
	ordinary(desk);
	trouble(desk);
	assert_true(terminal_wait(desk->terminal, "no worker answers"));
	desk_press(desk, "k", "o open");
	desk_press(desk, "o", "rows = index[word]");
	terminal_golden(desk->terminal, "panel-log-open");
	desk_press(desk, "o", "+ 4 lines: KeyError");
}

static void what_is_held_stands_still(void **state)
{
	struct desk *desk = *state;

	desk_write(desk, "app.log", "", 0644);
	start_one(desk, NULL);
	ordinary(desk);
	assert_true(terminal_wait(desk->terminal, "5/min  following"));
	desk_press(desk, " ", "HELD");
	trouble(desk);
	/* Twice as many lines as the log keeps in memory: what is shown has to be kept. */
	for (int i = 0; i < 200; i++)
		desk_log(desk, "INFO - flood");
	assert_true(terminal_wait(desk->terminal, "207 new, 2 errors"));
	terminal_golden(desk->terminal, "panel-log-held");
	/* Also when its file is gone. */
	desk_write(desk, "app.log", "", 0644);
	desk_log(desk, "INFO - anew");
	assert_true(terminal_wait(desk->terminal, "208 new, 2 errors"));
	assert_true(terminal_wait(desk->terminal, "ticket 4711"));
	/* Then what can't be had any more is said, where it was. */
	desk_press(desk, ">", "anew");
	assert_true(terminal_wait_gone(desk->terminal, "HELD"));
	assert_true(terminal_wait(desk->terminal, "flood"));
}

static void logs_are_merged(void **state)
{
	struct desk *desk = *state;
	char path[128];
	FILE *file;

	start(desk, "tests/screens/logpanel/both.json", 24, 80, NULL);
	snprintf(path, sizeof(path), "%s/api.log", desk->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("2026-01-02 21:30:04,000 - api - WARNING - GET /search took 4 s\n"
	      "2026-01-02 21:30:05,500 - api - ERROR - GET /search 500\n"
	      "2026-01-02 21:30:07,000 - api - INFO - GET /health 200\n",
	      file);
	fclose(file);
	/* It begins with warnings and above, as the runbook declares. */
	assert_true(terminal_wait(desk->terminal, "both, warnings"));
	assert_true(terminal_wait(desk->terminal, "GET /search 500"));
	terminal_golden(desk->terminal, "panel-log-merged");
	desk_press(desk, "z\033", "GET /health");
	terminal_golden(desk->terminal, "panel-log-merged-zoomed");
	terminal_resize(desk->terminal, 30, 120);
	desk_press(desk, "kk", "HELD");
	terminal_golden(desk->terminal, "panel-log-merged-120x30");
	/* Evidence says of which log it is. */
	desk_declare(desk);
	desk_press(desk, ",.", "m mark");
	desk_press(desk, "m", "Marked as evidence");
	desk_press(desk, "5", "evidence: api: 2026-01-02 21:30:05,500 - api - ERROR");
}

static void back_through_history(void **state)
{
	struct desk *desk = *state;
	char path[128];
	FILE *file;

	desk_write(desk, "app.log.1.gz", "not looked into", 0644);
	snprintf(path, sizeof(path), "%s/app.log", desk->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 5000; i++)
		fprintf(file, "2026-01-02 %02d:%02d:%02d,000 - desk - %s - ticket %04d\n",
			10 + i / 3600, i / 60 % 60, i % 60, i % 1000 ? "INFO" : "ERROR", i);
	fclose(file);
	start_one(desk, NULL);
	assert_true(terminal_wait(desk->terminal, "ticket 4999"));
	/* A page back, and another one. */
	desk_press(desk, "\033[5~", "HELD");
	desk_press(desk, "\033[5~", "back");
	terminal_golden(desk->terminal, "panel-log-back");
	/* Beyond what is in memory. */
	desk_press(desk, ",,,", "ticket 2000");
	assert_true(terminal_wait(desk->terminal, "10:33:20, 49 min 59 s back"));
	/* What is not in memory any more can be evidence, too. */
	desk_declare(desk);
	desk_press(desk, "m", "Marked as evidence");
	desk_press(desk, "5", "evidence: app: 2026-01-02 10:33:20,000 - desk - ERROR - ticket 2");
	desk_press(desk, "1", "back");
	desk_press(desk, "<", "ticket 0000");
	terminal_golden(desk->terminal, "panel-log-oldest");
	assert_true(terminal_wait(desk->terminal, "packed in app.log.1.gz"));
	desk_press(desk, ">", "ticket 4999");
}

static void on_plain_terminals(void **state)
{
	static const char *const vt100[] = { "TERM=vt100", NULL };
	static const char *const no_color[] = { "NO_COLOR=1", NULL };
	static const char *const c_locale[] = { "LC_ALL=C", NULL };
	static const struct {
		const char *const *extra;
		const char *golden;
	} rows[] = {
		{ vt100, "panel-log-vt100" },
		{ no_color, "panel-log-no-color" },
		{ c_locale, "panel-log-c" },
	};
	struct desk *desk = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i > 0) {
			desk_close(desk);
			desk_open(desk);
		}
		desk_write(desk, "app.log", "", 0644);
		start_one(desk, rows[i].extra);
		ordinary(desk);
		trouble(desk);
		assert_true(terminal_wait(desk->terminal, "no worker answers"));
		desk_press(desk, "/worker\r", "HELD");
		terminal_golden(desk->terminal, rows[i].golden);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(normal_and_in_trouble),
		TEST(quiet_for_long),
		TEST(missing_and_in_error),
		TEST(not_allowed),
		TEST(filters_and_search),
		TEST(errors_are_gone_to),
		TEST(a_traceback_opens_in_place),
		TEST(what_is_held_stands_still),
		TEST(logs_are_merged),
		TEST(back_through_history),
		TEST(on_plain_terminals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
