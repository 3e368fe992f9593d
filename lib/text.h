/*
 * Text from outside: log lines, command output, SQL results, file names.
 *
 * Such bytes are data. text_clean() makes everything visible that a terminal would act upon:
 * control characters as ^X, C1 and broken UTF-8 as \xHH, bidirectional overrides, zero-width and
 * other format characters as U+XXXX in angle brackets; a tab becomes blanks. Nothing is dropped
 * silently.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

/* Decodes one UTF-8 character; returns its length in bytes (1 for a broken byte, then *cp is -1).
 */
size_t utf8_decode(const char *bytes, size_t len, int32_t *cp);
/* Appends one character; what is no Unicode scalar value becomes U+FFFD. */
void utf8_put(struct buf *out, int32_t cp);
/* Columns of one printable character: 0, 1 or 2. The same in every locale. */
int utf8_width(int32_t cp);
/* Appends the cleaned form of `bytes`: valid UTF-8, whatever the locale is (a screen that can't
 * show UTF-8 replaces what is not ASCII itself, see text_utf8()). */
void text_clean(struct buf *out, const char *bytes, size_t len);
/* The same into a fixed array, cut at a character's border with an ellipsis "…" when it doesn't
 * fit. Returns `out`. */
char *text_clean_to(char *out, size_t size, const char *bytes, size_t len);
/* Whether the locale that is set encodes text in UTF-8. */
int text_utf8(void);
/* Columns that cleaned text takes on a terminal. */
int text_width(const char *text);
/* The bytes of `text` that fit into `columns`. */
size_t text_fit(const char *text, int columns);
/* Wraps cleaned text at blanks; each call gives the length of the next line in *line and returns
 * the start of the rest, NULL at the end. */
const char *text_wrap(const char *text, int columns, size_t *line);
/* A number for people, four digits that tell and all of those before the point ("0.1235", "15.04",
 * "15040"); returns `out`. */
char *text_number(double value, char *out, size_t size);
/* Edit distance (insert, delete, replace, swap neighbours), for "did you mean". */
int text_distance(const char *a, const char *b);

#endif
