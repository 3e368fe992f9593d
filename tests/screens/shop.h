/*
 * A database that screens are tested with: a real server, what can be done to it, and a console
 * that watches it with the runbook tests/screens/connections.
 */
#ifndef TESTS_SCREENS_SHOP_H
#define TESTS_SCREENS_SHOP_H

#include "tests/screens/desk.h"
#include "tests/unit/cluster.h"

/* One for all tests of a program: "shop" with the table stock; roles app, barred, and guest with a
 * password. */
extern struct cluster shop;
int shop_open(void **state);
int shop_close(void **state);
/* Around each test, with a desk as its state; whatever was done to the server is taken back. */
int shop_begin(void **state);
int shop_end(void **state);
#define SHOP_TEST(name) cmocka_unit_test_setup_teardown(name, shop_begin, shop_end)

/* A session of an application; with `sql` it runs that, and nobody waits for its end. Closed by
 * shop_leave() or with the test. */
PGconn *shop_session(const char *role, const char *app, const char *sql);
/* As many as `n` sessions there are. */
void shop_sessions(const char *role, const char *app, size_t n);
void shop_leave(void);
/* Ends one of them. */
void shop_end_session(PGconn *conn);
/* One that holds up two others, and two that do no harm. */
void shop_busy(void);
/* Waits until a question has that answer. */
void shop_until(const char *sql, const char *answer);
/* SIGSTOP, until shop_go_on(). */
void shop_stop(pid_t pid);
void shop_go_on(void);
/* The server process of the console's session. */
pid_t shop_console(void);
/* Writes (mode "w" or "a") one of the server's files. */
void shop_file(const char *name, const char *text, const char *mode);
/* What pg_hba.conf says before the rows that let everybody in. */
void shop_rules(const char *rows);
/* In the server's place (which is down): takes connections as far as its queue goes, and never
 * looks at them; with `full` the queue has no room left, and the kernel drops every first packet.
 */
void shop_hole(bool full);
void shop_holes_close(void);

/* Starts the console: where it looks for the server, and as whom. */
void shop_watch(struct desk *desk, int rows, int columns, const char *host, const char *role,
		const char *const *extra);
/* Opens the help and goes back, again and again, until the panel says `until`: each key's effect is
 * seen before the next is pressed. At least so many pairs of keys must have been answered by then.
 * Says how long they took. */
void shop_keys(struct desk *desk, const char *until, int atleast);
/* The panel alone on larger terminals, as golden/panel-connections-STATE-SIZE.txt; then the
 * terminal has 80x24 again. */
void shop_golden_larger(struct desk *desk, const char *state);
/* Waits until the panel says that all is well. */
void shop_well(struct desk *desk);

#endif
