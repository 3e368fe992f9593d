/*
 * Command lines: from JSON lists to argv, to the text that a plan shows, and run with their output
 * in a step's file.
 */
#ifndef LIB_ARGV_H
#define LIB_ARGV_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/child.h"
#include "lib/err.h"

/* New, NULL-terminated: the scalars of a JSON list as text. NULL (with err) when it is no list,
 * empty, or holds something else. `what` names it in the message. argv_free() accepts NULL. */
char **argv_new(const json_t *list, const char *what, struct err *err);
/* New, NULL-terminated: "NAME=value" for each scalar of a JSON object; an empty array for NULL. */
char **argv_env(const json_t *map);
/* `argv` is a new array of new strings; this frees both. */
void argv_free(char **argv);
/* Appends the command line as one could type it into a shell: quoted where needed, cleaned. */
void argv_text(struct buf *out, const char *const *argv);
/* New: the text of a JSON scalar (strings as they are, true, false, numbers); NULL for others. */
char *argv_scalar(const json_t *value);

/* Whether the program that argv[0] names can be started: by its whole path, or found in PATH. 0, or
 * -1 with the reason; what is named below a folder is not looked at. */
int argv_check(const char *const *argv, struct err *err);

/* Runs a command to its end with both outputs going to `log` (a descriptor, -1: thrown away), while
 * it writes them. 0 when it exits with `expected`; else -1, and the error quotes the last line it
 * wrote. What it leaves running may go on writing (lib/cmdout.h). The fields in, out, err and tick
 * of `spec` are ignored. */
int argv_run(const struct child_spec *spec, int64_t timeout_us, int log, int expected,
	     struct err *err);

#endif
