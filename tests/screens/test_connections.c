/* The connections panel on a real server that is well, or busy: levels, waits, the table of
 * sessions. */
#include "tests/screens/shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void it_is_well(void **state)
{
	struct desk *desk = *state;

	shop_session("app", "web", NULL);
	shop_session("app", "worker", NULL);
	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "idle       2"));
	terminal_golden(desk->terminal, "panel-connections-normal-80x24");
	shop_golden_larger(desk, "normal");
}

static void who_holds_up_whom(void **state)
{
	struct desk *desk = *state;

	shop_busy();
	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "blocks 2"));
	assert_true(terminal_wait(desk->terminal, "longest "));
	terminal_golden(desk->terminal, "panel-connections-blocked-80x24");
	terminal_resize(desk->terminal, 30, 120);
	terminal_golden(desk->terminal, "panel-connections-blocked-120x30");
	desk_press(desk, "\r", "Waiting: ");
	terminal_golden(desk->terminal, "panel-connections-details-120x30");
}

/* Most slots are used: the metric's level stands on the panel. */
static void levels(void **state)
{
	struct desk *desk = *state;

	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	shop_sessions("app", "web", 14);
	assert_true(terminal_wait(desk->terminal, "─ WARNING ─┐"));
	assert_true(terminal_wait(desk->terminal, "Shop 15 of 27"));
	terminal_golden(desk->terminal, "panel-connections-warning-80x24");
	shop_golden_larger(desk, "warning");
	shop_sessions("app", "worker", 25);
	assert_true(terminal_wait(desk->terminal, "─ CRITICAL ─┐"));
	assert_true(terminal_wait(desk->terminal, "Shop 26 of 27"));
	terminal_golden(desk->terminal, "panel-connections-critical-80x24");
	shop_golden_larger(desk, "critical");
}

/* A role that may not see what others do: they are counted, and it says what is missing. */
static void others_hidden(void **state)
{
	struct desk *desk = *state;

	shop_session("app", "web", NULL);
	shop_session("guest", "nightly", NULL);
	shop_watch(desk, 24, 80, shop.folder, "app", NULL);
	assert_true(terminal_wait(desk->terminal, "hidden     1"));
	assert_true(terminal_wait(desk->terminal, "GRANT pg_monitor TO app"));
	terminal_golden(desk->terminal, "panel-connections-hidden-80x24");
	shop_golden_larger(desk, "hidden");
}

/* ---- alone on the screen ---- */

static void table(void **state)
{
	struct desk *desk = *state;

	shop_busy();
	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "blocks 2"));
	desk_press(desk, "z", "BLOCKS 2");
	terminal_golden(desk->terminal, "panel-connections-table-80x24");
	terminal_resize(desk->terminal, 50, 160);
	terminal_golden(desk->terminal, "panel-connections-table-160x50");
	desk_press(desk, "sssss", "APPLICATION*");
	desk_press(desk, "S", "APPLICATION^");
	terminal_resize(desk->terminal, 30, 120);
	terminal_golden(desk->terminal, "panel-connections-by-app-120x30");
	/* Back to the first order. */
	desk_press(desk, "Sss", "by state ");
	desk_press(desk, "\r", "Blocks: ");
	terminal_golden(desk->terminal, "panel-connections-session-120x30");
}

/* The row of the screen that begins with this session. */
static int row_of(struct desk *desk, const char *pid)
{
	char *text = terminal_text(desk->terminal), *rest = text, *line, *start;
	int row = 0, found = -1;

	start = xasprintf("│%s ", pid);
	while ((line = strsep(&rest, "\n")) && found < 0) {
		if (strncmp(line, start, strlen(start)) == 0)
			found = row;
		row++;
	}
	free(start);
	free(text);
	return found;
}

/* The selection belongs to a session, wherever that is. */
static void selection(void **state)
{
	struct desk *desk = *state;
	PGconn *second, *third;
	char pid[16], line[64];
	int row;

	shop_session("app", "web", NULL);
	second = shop_session("app", "web", NULL);
	third = shop_session("app", "web", NULL);
	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "idle       3"));
	desk_press(desk, "z", "USER ");
	snprintf(pid, sizeof(pid), "%d", PQbackendPID(second));
	assert_true(terminal_wait(desk->terminal, pid));
	desk_press(desk, "j", "HELD");
	row = row_of(desk, pid);
	/* What moves above it in the order comes in above it once the table goes on; not before. */
	PQclear(PQexec(third, "BEGIN"));
	assert_true(terminal_wait(desk->terminal, "idle in tx 1"));
	assert_true(terminal_has(desk->terminal, "HELD"));
	assert_false(terminal_has(desk->terminal, "idle tx  "));
	assert_int_equal(row_of(desk, pid), row);
	assert_true(terminal_wait_gone(desk->terminal, "HELD"));
	assert_true(terminal_wait(desk->terminal, "idle tx  "));
	snprintf(line, sizeof(line), "Session:      %s,", pid);
	desk_press(desk, "\r", line);
	desk_press(desk, "q", "USER ");
	/* It ends: that is said, and nobody else is taken for it. */
	shop_end_session(second);
	snprintf(line, sizeof(line), "%s has ended", pid);
	assert_true(terminal_wait(desk->terminal, line));
}

/* What a session runs is data, however it is written, and read as a whole. */
static void hostile_statement(void **state)
{
	struct desk *desk = *state;
	char *sql =
	    xasprintf("BEGIN; SELECT '\033[31m\xe2\x80\xae', '%0400d',\n'the end of it'", 7);
	const char *raw;
	size_t len;

	PQclear(PQexec(shop_session("app", "we\033]0;b", NULL), sql));
	free(sql);
	shop_watch(desk, 24, 160, shop.folder, "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "idle tx    1"));
	desk_press(desk, "z", "BEGIN; SELECT '^[[31m<U+202E>'");
	desk_press(desk, "\r", "'the end of it'");
	raw = terminal_raw(desk->terminal, &len);
	assert_null(memmem(raw, len, "\033[31m\xe2", 6));
	assert_null(memmem(raw, len, "\xe2\x80\xae", 3));
}

static void evidence(void **state)
{
	struct desk *desk = *state;

	shop_busy();
	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "blocks 2"));
	desk_declare(desk);
	desk_press(desk, "z", "BLOCKS 2");
	desk_press(desk, "m", "Marked as evidence");
	desk_press(desk, "5", "evidence: main: Session: ");
}

/* ---- other terminals ---- */

static void plain_terminals(void **state)
{
	static const char *const vt100[] = { "TERM=vt100", "LC_ALL=C", NULL };
	static const char *const colourless[] = { "NO_COLOR=1", NULL };
	struct desk *desk = *state;
	const char *raw;
	size_t len;

	shop_busy();
	shop_watch(desk, 24, 80, shop.folder, "postgres", colourless);
	assert_true(terminal_wait(desk->terminal, "blocks 2"));
	assert_true(terminal_wait(desk->terminal, "longest "));
	terminal_golden(desk->terminal, "panel-connections-blocked-80x24");
	raw = terminal_raw(desk->terminal, &len);
	assert_null(memmem(raw, len, "\033[31m", 5));
	assert_null(memmem(raw, len, "\033[38;", 5));
	terminal_free(desk->terminal);
	shop_watch(desk, 24, 80, shop.folder, "postgres", vt100);
	assert_true(terminal_wait(desk->terminal, "blocks 2"));
	assert_true(terminal_wait(desk->terminal, "longest "));
	terminal_golden(desk->terminal, "panel-connections-blocked-vt100");
	desk_press(desk, "z", "BLOCKS 2");
	terminal_golden(desk->terminal, "panel-connections-table-vt100");
}

/* Without colours the words have to tell how bad it is. */
static void plain_critical(void **state)
{
	static const char *const vt100[] = { "TERM=vt100", "LC_ALL=C", NULL };
	static const char *const colourless[] = { "NO_COLOR=1", NULL };
	struct desk *desk = *state;

	shop_watch(desk, 24, 80, shop.folder, "postgres", colourless);
	shop_sessions("app", "web", 14);
	shop_sessions("app", "worker", 25);
	assert_true(terminal_wait(desk->terminal, "─ CRITICAL ─┐"));
	assert_true(terminal_wait(desk->terminal, "Shop 26 of 27"));
	terminal_golden(desk->terminal, "panel-connections-critical-80x24");
	terminal_free(desk->terminal);
	shop_watch(desk, 24, 80, shop.folder, "postgres", vt100);
	assert_true(terminal_wait(desk->terminal, "- CRITICAL -+"));
	assert_true(terminal_wait(desk->terminal, "Shop 26 of 27"));
	terminal_golden(desk->terminal, "panel-connections-critical-vt100");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHOP_TEST(it_is_well),	  SHOP_TEST(who_holds_up_whom),
		SHOP_TEST(levels),	  SHOP_TEST(table),
		SHOP_TEST(selection),	  SHOP_TEST(hostile_statement),
		SHOP_TEST(evidence),	  SHOP_TEST(plain_terminals),
		SHOP_TEST(others_hidden), SHOP_TEST(plain_critical),
	};

	return cmocka_run_group_tests(tests, shop_open, shop_close);
}
