/*
 * Where lines stand: a place for every so many lines of a log, in bounded memory. When it is full
 * every second place is given up, and later ones are noted half as often.
 */
#ifndef SOURCES_LOGINDEX_H
#define SOURCES_LOGINDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOGINDEX_MAX   8192
#define LOGINDEX_LINES 512 /* places are so far apart at first, or so many bytes: */
#define LOGINDEX_BYTES ((off_t)64 << 10)

struct logplace {
	uint64_t seq; /* of the line that begins there */
	off_t at;
	int32_t part;
	uint32_t hash; /* of the line's first bytes */
	bool fixed;    /* no newline tells that a line begins there: never given up */
};

struct logindex {
	struct logplace *list; /* owned; by seq */
	size_t n, cap;
	unsigned thinned; /* how often */
};

void logindex_release(struct logindex *index);
/* Whether a place is far enough from `last` to be noted. */
bool logindex_wants(const struct logindex *index, const struct logplace *last, uint64_t seq,
		    int32_t part, off_t at);
void logindex_add(struct logindex *index, const struct logplace *place);
/* The place at or before the line, borrowed until the next change; NULL: it is older than all. The
 * one behind it is the next in the list. */
const struct logplace *logindex_below(const struct logindex *index, uint64_t seq);
/* Of the first bytes of a line. */
uint32_t logindex_hash(const char *bytes, size_t len);

#endif
