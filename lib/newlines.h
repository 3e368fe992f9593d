/*
 * Where lines end: all newlines of a piece at once.
 *
 * A reader that looks for one newline after the other waits at each: how far the search goes is
 * what a processor guesses wrong, and only its end tells where the next line begins. Here 64 bytes
 * are looked at in the same steps whatever they hold, and the lines of a piece can then be read
 * beside each other.
 */
#ifndef LIB_NEWLINES_H
#define LIB_NEWLINES_H

#include <stddef.h>
#include <stdint.h>

#define NEWLINES_PIECE 8192 /* bytes at most */

struct newlines {
	size_t n;
	uint16_t at[NEWLINES_PIECE + 1]; /* offsets in order; the last one is room to write */
};

/* Of `len` bytes, at most NEWLINES_PIECE. */
void newlines_find(struct newlines *newlines, const char *bytes, size_t len);

#endif
