/*
 * A terminal in this process: a pty with the program on one side and libvterm on the other. Keys go
 * in, screen text comes out. Nothing sleeps: waiting means reading the pty until a condition holds
 * or the deadline is over.
 */
#ifndef TESTS_SCREENS_TERMINAL_H
#define TESTS_SCREENS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct terminal;

/* Starts argv (argv[0] NULL-terminated) with `env` ("NAME=value", NULL-terminated) and nothing else
 * of the environment but PATH. Aborts the test when the system refuses. */
struct terminal *terminal_start(int rows, int columns, const char *const *argv,
				const char *const *env);
/* Ends the program if it still runs. */
void terminal_free(struct terminal *terminal);

void terminal_keys(struct terminal *terminal, const char *bytes);
/* The same where the program may have ended; false when nobody takes them. */
bool terminal_try_keys(struct terminal *terminal, const char *bytes);
void terminal_resize(struct terminal *terminal, int rows, int columns);
/* Closes the pty, as when the window is gone. */
void terminal_hang_up(struct terminal *terminal);
pid_t terminal_pid(const struct terminal *terminal);

/* Reads until the screen has the text, or does not have it; false after ten seconds. */
bool terminal_wait(struct terminal *terminal, const char *text);
bool terminal_wait_gone(struct terminal *terminal, const char *text);
/* Reads until the program has ended: its exit status, or -1 after `ms`. */
int terminal_wait_end(struct terminal *terminal, int ms);
/* The screen's text: rows ended by \n, blanks at their ends cut off. New. */
char *terminal_text(struct terminal *terminal);
/* Waits until the screen is what `keys` (that draw it anew) leave of it, times and the like masked:
 * false, and both are printed, when what stands there is old. */
bool terminal_is_fresh(struct terminal *terminal, const char *keys);
/* Every byte that the program wrote; borrowed. */
const char *terminal_raw(const struct terminal *terminal, size_t *len);

/* A text that stands for another in golden files ("/tmp/x9Zk" -> "DESK"), padded to the same width.
 */
void terminal_mask(struct terminal *terminal, const char *text, const char *name);
/* What else varies on this terminal: a regular expression (POSIX, extended) and what stands for it.
 * Its width varies, too, so that runs of blanks and rules of its line count as one. */
void terminal_vary(struct terminal *terminal, const char *pattern, const char *instead);
/* Whether the screen has the text now. */
bool terminal_has(struct terminal *terminal, const char *text);
/* Waits until the screen, with times, ids and the like masked, equals golden/NAME.txt. With
 * UPDATE=1 in the environment the file is written as soon as the screen has come to rest. Fails the
 * test otherwise, and prints both. */
void terminal_golden(struct terminal *terminal, const char *name);
/* The same for the box whose title begins so (ASCII), whatever stands beside it. */
void terminal_golden_box(struct terminal *terminal, const char *title, const char *name);

#endif
