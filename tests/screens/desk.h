/*
 * The system that screens are tested with: a folder with a log, a flags file, a data file and
 * commands. Its runbook is tests/screens/desk.
 */
#ifndef TESTS_SCREENS_DESK_H
#define TESTS_SCREENS_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/screens/terminal.h"

struct desk {
	char folder[64]; /* of fixed length, in /tmp */
	struct terminal *terminal;
};

/* Makes the folder. */
void desk_open(struct desk *desk);
/* Starts `backout` on it: `extra` are further environment variables, NULL-terminated, or NULL. */
void desk_console(struct desk *desk, int rows, int columns, const char *const *extra);
/* Starts `backout` with these arguments instead, NULL-terminated. */
void desk_start(struct desk *desk, int rows, int columns, const char *const *args,
		const char *const *extra);
/* Starts another program. */
void desk_run(struct desk *desk, const char *program, int rows, int columns,
	      const char *const *args, const char *const *extra);
/* Ends the console and removes the folder. */
void desk_close(struct desk *desk);

/* Appends a line to its log, with the present time in front. */
void desk_log(const struct desk *desk, const char *text);
/* Writes one of its files. */
void desk_write(const struct desk *desk, const char *name, const char *text, mode_t mode);
bool desk_has(const struct desk *desk, const char *file);
void desk_remove(const struct desk *desk, const char *file);
/* Keys, and the wait for what they show. */
void desk_press(struct desk *desk, const char *keys, const char *until);
/* Declares a critical incident named "fire". */
void desk_declare(struct desk *desk);
/* From the start of a console as far as the plan of the harmless procedure. */
void desk_plan(struct desk *desk);

/* A desk for each test, as its state. */
int desk_begin(void **state);
int desk_end(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_begin, desk_end)

#endif
