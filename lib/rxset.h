/*
 * Many patterns over many lines: each pattern runs only on lines that hold a text which it can't
 * match without (lib/rxtexts.h).
 *
 * The texts of all patterns are looked for at once, over a whole block of lines. Each is told by
 * four of its bytes, those that are rarest in a sample of the log. A pattern without such a text
 * runs on every line.
 */
#ifndef LIB_RXSET_H
#define LIB_RXSET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"
#include "lib/rx.h"

struct rxset;

/* New; NULL with err for a bad pattern. */
struct rxset *rxset_new(const char *const *patterns, size_t n, struct err *err);
void rxset_free(struct rxset *set);
/* Chooses the bytes by which texts are told, by what these bytes have; that makes looking faster,
 * never different. */
void rxset_sample(struct rxset *set, const char *bytes, size_t len);
/* The first place in [from, end) by which a text is told, `end` when there is none. The text
 * stands around it: from `begin` on all can be read. */
const char *rxset_next(const struct rxset *set, const char *begin, const char *from,
		       const char *end);
/* Sets in hits[] the patterns whose texts are told by that place. */
void rxset_mark(const struct rxset *set, const char *begin, const char *place, const char *end,
		bool *hits);
/* Whether the pattern has no text to look for. */
bool rxset_always(const struct rxset *set, size_t pattern);
bool rxset_match(const struct rxset *set, size_t pattern, const char *bytes, size_t len);

#endif
