/* Charts, alerts, bands, conditions and metrics in every state; zoom, freeze, mutes, time spans. */
#include "tests/screens/desk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOOTER 4 /* rows of a narrow screen */

static void put(const struct desk *desk, const char *name, const char *text)
{
	char temporary[128], path[128];

	/* At once: a reader never sees half of it. */
	desk_write(desk, "new", text, 0644);
	snprintf(temporary, sizeof(temporary), "%s/new", desk->folder);
	snprintf(path, sizeof(path), "%s/%s", desk->folder, name);
	assert_int_equal(rename(temporary, path), 0);
}

static void console(struct desk *desk, int rows, int columns, const char *const *extra)
{
	static char target[128];
	const char *args[] = { "tests/screens/panels", "--target", target, NULL };
	char text[512];

	put(desk, "app.log", "2026-01-02 21:30:00,000 - desk - INFO - ready\n");
	put(desk, "queue", "10\n");
	put(desk, "slow", "80\n");
	snprintf(text, sizeof(text),
		 "{\"target\": \"front\", \"system\": \"panels\", \"class\": \"staging\",\n"
		 " \"claim\": \"%s/claim\", \"parameters\": {\"root\": \"%s\"}}\n",
		 desk->folder, desk->folder);
	put(desk, "panels.json", text);
	snprintf(target, sizeof(target), "%s/panels.json", desk->folder);
	desk_start(desk, rows, columns, args, extra);
	/* Where values end is a matter of time. */
	terminal_vary(desk->terminal, " DOTS( |─)*│", " DOTS│");
	assert_true(terminal_wait(desk->terminal, "10%  ok"));
}

/* The screen as it is, at the three sizes that people have. */
static void goldens(struct desk *desk, const char *state)
{
	static const struct {
		int rows, columns;
		const char *name;
	} sizes[] = { { 30, 120, "120x30" }, { 50, 160, "160x50" }, { 24, 80, "80x24" } };
	char name[64];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		terminal_resize(desk->terminal, sizes[i].rows, sizes[i].columns);
		snprintf(name, sizeof(name), "panels-%s-%s", state, sizes[i].name);
		terminal_golden(desk->terminal, name);
	}
}

static void normal_warning_critical(void **state)
{
	struct desk *desk = *state;

	console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "on target"));
	goldens(desk, "normal");
	put(desk, "queue", "60\n");
	put(desk, "slow", "250\n");
	assert_true(terminal_wait(desk->terminal, "60%  WARNING"));
	assert_true(terminal_wait(desk->terminal, "Slow answers"));
	goldens(desk, "warning");
	put(desk, "queue", "91\n");
	put(desk, "slow", "900\n");
	put(desk, "flag", "\n");
	assert_true(terminal_wait(desk->terminal, "91%  CRITICAL"));
	assert_true(terminal_wait(desk->terminal, "condition holds: The queue is jammed"));
	goldens(desk, "critical");
	/* Under the threshold, but not back past the recovery. */
	put(desk, "queue", "45\n");
	assert_true(terminal_wait(desk->terminal, "45%  WARNING"));
	put(desk, "queue", "39\n");
	assert_true(terminal_wait(desk->terminal, "39%  info"));
	put(desk, "queue", "10\n");
	assert_true(terminal_wait(desk->terminal, "10%  ok"));
}

static void stale_no_data_error(void **state)
{
	struct desk *desk = *state;
	char path[128];

	console(desk, 50, 160, NULL);
	assert_true(terminal_wait(desk->terminal, "on target"));
	/* Twice read, so that its pace is known. */
	put(desk, "slow", "81\n");
	assert_true(terminal_wait(desk->terminal, "81 ms  ok"));
	put(desk, "slow", "80\n");
	assert_true(terminal_wait(desk->terminal, "80 ms  ok"));
	/* Whoever reads it waits for ever: what was read last grows old, and says so. */
	desk_remove(desk, "slow");
	snprintf(path, sizeof(path), "%s/slow", desk->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(terminal_wait(desk->terminal, " s old"));
	goldens(desk, "stale");
	/* Nobody can read it: first that is said, then since when there is nothing. */
	desk_remove(desk, "slow");
	assert_true(terminal_wait(desk->terminal, "NO DATA"));
	assert_true(terminal_wait(desk->terminal, "exit status 1"));
	goldens(desk, "no-data");
	put(desk, "queue", "many\n");
	assert_true(terminal_wait_gone(desk->terminal, "10%  ok"));
	assert_true(terminal_wait(desk->terminal, "many"));
	goldens(desk, "error");
	put(desk, "queue", "10\n");
	put(desk, "slow", "80\n");
	assert_true(terminal_wait(desk->terminal, "10%  ok"));
	assert_true(terminal_wait_gone(desk->terminal, "NO DATA"));
}

static void without_colours_lines_or_utf8(void **state)
{
	struct desk *desk = *state;
	const char *extra[] = { "TERM=vt100", "NO_COLOR=1", "LC_ALL=C", NULL };

	console(desk, 30, 120, extra);
	put(desk, "queue", "91\n");
	assert_true(terminal_wait(desk->terminal, "91%  CRITICAL"));
	assert_true(terminal_wait(desk->terminal, "1 CRITICAL"));
	assert_true(terminal_wait(desk->terminal, "1/2"));
	terminal_golden(desk->terminal, "panels-vt100-120x30");
	terminal_resize(desk->terminal, 50, 200);
	terminal_golden(desk->terminal, "panels-vt100-200x50");
}

/* ---- zoom and time spans ---- */

/* A day of what was kept: quiet, a gap, high, quiet again. */
static void history_write(const struct desk *desk)
{
	char path[192], command[256];
	time_t now = time(NULL);
	FILE *file;

	snprintf(path, sizeof(path), "%s/state/metrics/panels/front", desk->folder);
	snprintf(command, sizeof(command), "mkdir -p %s", path);
	assert_int_equal(system(command), 0);
	for (time_t ago = 20 * 3600; ago > 3600; ago -= 10) {
		time_t at = now - ago;
		bool gap = ago < 12 * 3600 && ago > 10 * 3600;
		int value = ago < 10 * 3600 && ago > 8 * 3600 ? 85 : 30;
		struct tm parts;
		char name[256], stamp[32];

		gmtime_r(&at, &parts);
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &parts);
		snprintf(name, sizeof(name), "%s/metrics_%04d%02d%02d.jsonl", path,
			 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
		file = fopen(name, "a");
		assert_non_null(file);
		if (!gap)
			fprintf(file, "{\"at\":\"%s\",\"metric\":\"queue\",\"value\":%d}\n", stamp,
				value);
		fclose(file);
	}
}

static void a_day_comes_from_what_was_kept(void **state)
{
	struct desk *desk = *state;

	history_write(desk);
	console(desk, 30, 120, NULL);
	desk_press(desk, "\t", "t time span");
	desk_press(desk, "z", "2 of 6 (Tab)");
	desk_press(desk, "t", "-1 h");
	desk_press(desk, "t", "-6 h");
	assert_true(terminal_wait(desk->terminal, "max 30"));
	desk_press(desk, "t", "-1 d");
	assert_true(terminal_wait(desk->terminal, "max 85"));
	terminal_golden(desk->terminal, "panels-day-120x30");
	desk_press(desk, "t", "min");
	assert_true(terminal_wait_gone(desk->terminal, "-1 d"));
	/* Tab goes on from panel to panel, Esc shows all again. */
	desk_press(desk, "\t", "3 of 6 (Tab)");
	desk_press(desk, "\033", "app.log");
}

static void every_panel_is_reached(void **state)
{
	struct desk *desk = *state;

	console(desk, 24, 80, NULL);
	assert_true(terminal_wait(desk->terminal, "+1 panel (Tab)"));
	assert_true(terminal_wait_gone(desk->terminal, " Metrics "));
	desk_press(desk, "\t\t\t\t\t", " Metrics ");
	/* Others gave way, and are counted. */
	assert_true(terminal_wait(desk->terminal, "+1 panel (Tab)"));
	desk_press(desk, "j\r", "Slow answers: 80 ms  ok");
	desk_press(desk, "q\t", "+1 panel (Tab)");
	assert_true(terminal_wait_gone(desk->terminal, " Metrics "));
}

/* ---- freeze ---- */

/* New: the rows between the header and the footer. */
static char *body(struct desk *desk, int header, int rows)
{
	char *text = terminal_text(desk->terminal), *at = text, *end, *copy;

	for (int i = 0; i < header; i++)
		at = strchr(at, '\n') + 1;
	end = at;
	for (int i = header; i < rows - FOOTER; i++)
		end = strchr(end, '\n') + 1;
	copy = strndup(at, (size_t)(end - at));
	free(text);
	assert_non_null(copy);
	return copy;
}

static void frozen_is_frozen(void **state)
{
	struct desk *desk = *state;
	char *before, *after;

	console(desk, 24, 80, NULL);
	desk_press(desk, "p", "FROZEN");
	before = body(desk, 2, 24);
	/* The world goes on, header and alerts with it. */
	put(desk, "queue", "91\n");
	put(desk, "flag", "\n");
	desk_log(desk, "ERROR - it burns");
	assert_true(terminal_wait(desk->terminal, "Alerts: CRITICAL Queue"));
	assert_true(terminal_wait(desk->terminal, "condition holds: The queue is jammed"));
	after = body(desk, 2, 24);
	assert_string_equal(before, after);
	free(after);
	/* What would change them is refused. */
	desk_press(desk, "\t", "The panels are frozen: p lets them go on.");
	desk_press(desk, "k", "The panels are frozen: p lets them go on.");
	desk_press(desk, "\r", "The panels are frozen: p lets them go on.");
	desk_press(desk, "/", "The panels are frozen: p lets them go on.");
	/* Other views are live, and it is still there after them. */
	desk_press(desk, "2", "HOLDS");
	desk_press(desk, "1", "FROZEN");
	after = body(desk, 2, 24);
	assert_string_equal(before, after);
	free(after);
	free(before);
	desk_press(desk, "p", "it burns");
	assert_true(terminal_wait(desk->terminal, "91%  CRITICAL"));
	assert_true(terminal_wait_gone(desk->terminal, "FROZEN"));
	/* It outlives another size of the window. */
	desk_press(desk, "p", "FROZEN");
	terminal_resize(desk->terminal, 50, 160);
	assert_true(terminal_wait(desk->terminal, "FROZEN"));
	terminal_resize(desk->terminal, 24, 80);
	assert_true(terminal_wait(desk->terminal, "FROZEN"));
	terminal_keys(desk->terminal, "\033");
	assert_true(terminal_wait_gone(desk->terminal, "FROZEN"));
	assert_true(terminal_wait(desk->terminal, "z zoom"));
}

/* ---- alerts ---- */

static void the_alert_leads_to_the_decision(void **state)
{
	struct desk *desk = *state;

	console(desk, 50, 160, NULL);
	put(desk, "queue", "91\n");
	assert_true(terminal_wait(desk->terminal, "1 CRITICAL"));
	desk_press(desk, "\t\t\r", "Level: critical for");
	assert_true(terminal_wait(desk->terminal, "warning above 50% (goes at 40)"));
	assert_true(terminal_wait(desk->terminal, "Suggests: go through the tree (2)"));
	desk_press(desk, "\r", "Is the queue full?");
}

static void a_mute_ends_by_itself_or_by_hand(void **state)
{
	struct desk *desk = *state;

	console(desk, 24, 80, NULL);
	put(desk, "queue", "91\n");
	assert_true(terminal_wait(desk->terminal, "Queue is critical."));
	desk_press(desk, "M", "Mute an alert, or end a mute");
	desk_press(desk, "\r", "Mute an alert");
	/* Not without a reason. */
	desk_press(desk, "\r\r", "a reason is needed");
	desk_press(desk, "known, ticket 7\r", "Muted; it stays listed");
	assert_true(terminal_wait(desk->terminal, "All quiet."));
	assert_true(terminal_wait(desk->terminal, "(muted)"));
	desk_press(desk, "M", "muted for another");
	assert_true(terminal_wait(desk->terminal, ": known, ticket 7; Enter ends it"));
	desk_press(desk, "\r", "It is muted no more.");
	assert_true(terminal_wait(desk->terminal, "Queue is critical."));
	assert_true(terminal_wait_gone(desk->terminal, "(muted)"));
}

static void the_worst_alert_is_first_and_none_is_lost(void **state)
{
	struct desk *desk = *state;

	console(desk, 24, 80, NULL);
	put(desk, "queue", "60\n");
	put(desk, "slow", "900\n");
	for (int i = 0; i < 3; i++)
		desk_log(desk, "ERROR - it burns");
	assert_true(terminal_wait(desk->terminal, "Alerts: CRITICAL Slow answers"));
	assert_true(terminal_wait(desk->terminal, "+1 more"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(normal_warning_critical),
		TEST(stale_no_data_error),
		TEST(without_colours_lines_or_utf8),
		TEST(a_day_comes_from_what_was_kept),
		TEST(every_panel_is_reached),
		TEST(frozen_is_frozen),
		TEST(the_alert_leads_to_the_decision),
		TEST(a_mute_ends_by_itself_or_by_hand),
		TEST(the_worst_alert_is_first_and_none_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
