/* The connections panel on a real server, in every way in which it can be sick. Of each sickness:
 * the line that tells it apart, keys that work meanwhile, and recovery by itself. */
#include "tests/screens/shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kept connection outlives the last slot, and says so before anybody new fails. */
static void slots_used_up(void **state)
{
	struct desk *desk = *state;

	shop_watch(desk, 24, 80, shop.folder, "app", NULL);
	assert_true(terminal_wait(desk->terminal, "Shop 1 of 27"));
	shop_sessions("app", "web", 26);
	shop_keys(desk, "SLOTS USED UP", 1);
	assert_true(terminal_wait(desk->terminal, "Shop 27 of 27"));
	terminal_golden(desk->terminal, "panel-connections-used-up-80x24");
	shop_leave();
	assert_true(terminal_wait(desk->terminal, "Shop 1 of 27"));
	assert_true(terminal_wait_gone(desk->terminal, "SLOTS USED UP"));
}

/* ---- sick ---- */

static void no_slots_left(void **state)
{
	struct desk *desk = *state;

	shop_sessions("app", "web", 27);
	shop_watch(desk, 24, 80, shop.folder, "app", NULL);
	shop_keys(desk, "NO SLOTS LEFT", 1);
	terminal_golden(desk->terminal, "panel-connections-no-slots-80x24");
	shop_leave();
	shop_well(desk);
}

static void down(void **state)
{
	struct desk *desk = *state;

	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "Shop 1 of 27"));
	assert_int_equal(cluster_down(&shop), 0);
	shop_keys(desk, "─ DOWN ─┐", 1);
	assert_true(terminal_wait(desk->terminal, "OLD figures"));
	terminal_golden(desk->terminal, "panel-connections-down-80x24");
	terminal_resize(desk->terminal, 30, 120);
	terminal_golden_box(desk->terminal, "Shop", "panel-connections-down-120x30");
	terminal_resize(desk->terminal, 50, 160);
	terminal_golden(desk->terminal, "panel-connections-down-160x50");
	desk_press(desk, "z", "no sessions are known");
	terminal_resize(desk->terminal, 30, 120);
	terminal_golden(desk->terminal, "panel-connections-down-zoomed-120x30");
	desk_press(desk, "z", "All metrics");
	assert_int_equal(cluster_up(&shop), 0);
	shop_well(desk);
}

/* It replays its log, and does not come to the end until the test says so. */
static void restarting(void **state)
{
	struct desk *desk = *state;
	char *command = xasprintf("restore_command = 'until [ -e %s/go ]; do sleep 0.05; done; "
				  "false'\n",
				  shop.folder);

	assert_int_equal(cluster_down(&shop), 0);
	shop_file("postgresql.auto.conf", command, "a");
	shop_file("recovery.signal", "", "w");
	assert_int_equal(cluster_tell(&shop, 'u'), 0);
	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	shop_keys(desk, "RESTARTING", 1);
	terminal_golden(desk->terminal, "panel-connections-restarting-80x24");
	free(command);
	command = xasprintf("%s/go", shop.folder);
	close(open(command, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	free(command);
	shop_well(desk);
}

static void refused(void **state)
{
	struct desk *desk = *state;

	shop_rules("local all barred reject\n");
	shop_watch(desk, 24, 80, shop.folder, "barred", NULL);
	shop_keys(desk, "─ REFUSED ─┐", 1);
	terminal_golden(desk->terminal, "panel-connections-refused-80x24");
	shop_golden_larger(desk, "refused");
	shop_rules("");
	shop_keys(desk, "Shop 1 of 27", 1);
}

static void wrong_password(void **state)
{
	struct desk *desk = *state;

	shop_rules("local all guest scram-sha-256\n");
	desk_write(desk, ".pgpass", "*:*:*:guest:wrong\n", 0600);
	shop_watch(desk, 24, 80, shop.folder, "guest", NULL);
	shop_keys(desk, "─ AUTHENTICATION ─┐", 1);
	terminal_golden(desk->terminal, "panel-connections-password-80x24");
	desk_write(desk, ".pgpass", "*:*:*:guest:right\n", 0600);
	shop_keys(desk, "Shop 1 of 27", 1);
	shop_rules("");
}

static void unresolvable(void **state)
{
	struct desk *desk = *state;

	shop_watch(desk, 24, 80, "no-such-host.invalid", "postgres", NULL);
	shop_keys(desk, "─ UNRESOLVABLE ─┐", 1);
	terminal_golden(desk->terminal, "panel-connections-unresolvable-80x24");
}

/* First packets are dropped. */
static void black_hole(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(cluster_down(&shop), 0);
	shop_hole(true);
	shop_watch(desk, 24, 80, "127.0.0.1", "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "connecting"));
	terminal_golden(desk->terminal, "panel-connections-no-data-80x24");
	shop_keys(desk, "─ TIMEOUT ─┐", 3);
	terminal_golden(desk->terminal, "panel-connections-timeout-80x24");
	shop_holes_close();
	assert_int_equal(cluster_up(&shop), 0);
	shop_well(desk);
}

/* Each of them on a console of its own: "connecting" lasts no longer than the first deadline. */
static void no_data(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(cluster_down(&shop), 0);
	shop_hole(true);
	shop_watch(desk, 30, 120, "127.0.0.1", "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "─ connecting ─┐"));
	terminal_golden_box(desk->terminal, "Shop", "panel-connections-no-data-120x30");
	terminal_free(desk->terminal);
	shop_watch(desk, 50, 160, "127.0.0.1", "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "─ connecting ─┐"));
	terminal_golden_box(desk->terminal, "Shop", "panel-connections-no-data-160x50");
}

/* Down as a terminal without colours and beyond ASCII shows it. */
static void plain_down(void **state)
{
	static const char *const vt100[] = { "TERM=vt100", "LC_ALL=C", NULL };
	struct desk *desk = *state;

	shop_watch(desk, 24, 80, shop.folder, "postgres", vt100);
	assert_true(terminal_wait(desk->terminal, "Shop 1 of 27"));
	assert_int_equal(cluster_down(&shop), 0);
	assert_true(terminal_wait(desk->terminal, "- DOWN -+"));
	assert_true(terminal_wait(desk->terminal, "OLD figures"));
	terminal_golden(desk->terminal, "panel-connections-down-vt100");
}

/* Connections are taken, and never answered. */
static void mute(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(cluster_down(&shop), 0);
	shop_hole(false);
	shop_watch(desk, 24, 80, "127.0.0.1", "postgres", NULL);
	shop_keys(desk, "─ FROZEN ─┐", 3);
	terminal_golden(desk->terminal, "panel-connections-mute-80x24");
	shop_holes_close();
	assert_int_equal(cluster_up(&shop), 0);
	shop_well(desk);
}

static void frozen_postmaster(void **state)
{
	struct desk *desk = *state;

	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "Shop 1 of 27"));
	shop_stop(shop.server);
	shop_keys(desk, "new sessions get no answer", 3);
	assert_true(terminal_wait(desk->terminal, "Shop 1 of 27"));
	terminal_golden(desk->terminal, "panel-connections-postmaster-80x24");
	shop_go_on();
	shop_well(desk);
}

static void frozen_backend(void **state)
{
	struct desk *desk = *state;

	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "Shop 1 of 27"));
	shop_stop(shop_console());
	shop_keys(desk, "─ SESSION FROZEN ─┐", 3);
	terminal_golden(desk->terminal, "panel-connections-backend-80x24");
	/* It does not wait for that session: a new one tells how things are. */
	shop_keys(desk, "Shop 2 of 27", 1);
	shop_well(desk);
}

static void frozen_server(void **state)
{
	struct desk *desk = *state;

	shop_watch(desk, 24, 80, shop.folder, "postgres", NULL);
	assert_true(terminal_wait(desk->terminal, "Shop 1 of 27"));
	shop_stop(shop_console());
	shop_stop(shop.server);
	shop_keys(desk, "the whole server hangs", 3);
	terminal_golden(desk->terminal, "panel-connections-server-80x24");
	/* Stale: what is known gets older, however much room there is for it. */
	shop_golden_larger(desk, "server");
	/* The session is kept: as soon as the server goes on, so does it. */
	shop_go_on();
	shop_well(desk);
	assert_true(terminal_wait(desk->terminal, "Shop 1 of 27"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHOP_TEST(slots_used_up),     SHOP_TEST(no_slots_left),	 SHOP_TEST(down),
		SHOP_TEST(restarting),	      SHOP_TEST(refused),	 SHOP_TEST(wrong_password),
		SHOP_TEST(unresolvable),      SHOP_TEST(black_hole),	 SHOP_TEST(mute),
		SHOP_TEST(frozen_postmaster), SHOP_TEST(frozen_backend), SHOP_TEST(frozen_server),
		SHOP_TEST(no_data),	      SHOP_TEST(plain_down),
	};

	return cmocka_run_group_tests(tests, shop_open, shop_close);
}
