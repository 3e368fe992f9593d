/*
 * Regular expressions: PCRE2 with UTF-8 (broken bytes never match a class), match limits set so
 * that a bad pattern can't hang the console.
 */
#ifndef LIB_RX_H
#define LIB_RX_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"

struct rx;

/* New, or NULL. `ignore_case` as it says. The error names the offset. */
struct rx *rx_new(const char *pattern, bool ignore_case, struct err *err);
void rx_free(struct rx *rx);
/* Whether it matches anywhere; false also when the match limit is reached. */
bool rx_match(const struct rx *rx, const char *bytes, size_t len);
/* The same, for whoever must tell the two: 1, 0, or -1 when the limit is reached. */
int rx_judge(const struct rx *rx, const char *bytes, size_t len);
/* As rx_match(), with the borders of group `group` (0: the whole match) in bytes. */
bool rx_find(const struct rx *rx, const char *bytes, size_t len, int group, size_t *from,
	     size_t *to);
/* The first whole match that begins at `start` or behind it; bytes before it count for ^ and \b. */
bool rx_next(const struct rx *rx, const char *bytes, size_t len, size_t start, size_t *from,
	     size_t *to);
/* Smart case, as people know it from editors: a pattern without a capital letter ignores case. */
bool rx_ignores_case(const char *pattern);

#endif
