/*
 * Many patterns over many lines: each pattern runs only on lines that hold a text which it can't
 * match without.
 *
 * The texts of all patterns are looked for at once, over a whole block of lines: three bytes at a
 * time, as far apart as the shortest text lets them be. A pattern without such a text runs on every
 * line.
 */
#ifndef LIB_RXSET_H
#define LIB_RXSET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"
#include "lib/rx.h"

#define RXSET_TEXTS 16 /* at most of one pattern, which has alternatives */

struct rxset;

/* New; NULL with err for a bad pattern. */
struct rxset *rxset_new(const char *const *patterns, size_t n, struct err *err);
void rxset_free(struct rxset *set);
/* The first place in [from, end) where the text of a pattern begins, `end` when there is none.
 * Patterns whose texts begin there get their place in hits[] (or NULL) set; so may others with a
 * text in the same line. */
const char *rxset_next(const struct rxset *set, const char *from, const char *end, bool *hits);
/* Whether the pattern has no text to look for. */
bool rxset_always(const struct rxset *set, size_t pattern);
bool rxset_match(const struct rxset *set, size_t pattern, const char *bytes, size_t len);

/* Texts one of which every match of the pattern contains, each NUL-terminated in new memory: how
 * many were put into texts[]; 0 when that is not known. */
size_t rxset_texts(const char *pattern, char *texts[RXSET_TEXTS]);

#endif
