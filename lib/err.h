/*
 * Errors as values.
 *
 * A function that can fail returns 0 or -1 (or NULL) and fills the caller's `struct err`; only the
 * command line and the screens print it. The first error wins: setting one that is already set
 * changes nothing, so clean-up code may pass the same struct on. `err` may be NULL everywhere.
 * The message says what, where and why; the hint says what to do.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include <stdbool.h>

struct err {
	bool set;
	char msg[768];
	char hint[256];
};

#define ERR_INIT                                    \
	{                                           \
		.set = false, .msg = "", .hint = "" \
	}

/* Sets the message; returns -1 so that a caller can `return err_set(...)`. */
int err_set(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Like err_set(), with ": " and the text of errno behind it. Keeps errno. */
int err_sys(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Says what to do about the error that is set; ignored when a hint is there already. Returns -1. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts a prefix and ": " before the message that is set ("while restoring etlegacy"). Returns -1.
 */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Forgets the error, so that the struct can be used again. */
void err_clear(struct err *err);

#endif
