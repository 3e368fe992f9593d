/*
 * Some lines of a file, read again. Part of sources/loghistory.
 */
#ifndef SOURCES_LOGBLOCK_H
#define SOURCES_LOGBLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "sources/logrecords.h"

#define LOGBLOCK_LINES 256
#define LOGBLOCK_BYTES ((off_t)32 << 10) /* no further line begins so far behind the first */

/* Where lines begin in a file, in order; the last one ends at `to`, with its newline. */
struct logspan {
	off_t starts[LOGBLOCK_LINES];
	size_t n;
	off_t to;
};

struct logblock {
	uint64_t first; /* seq of the first line */
	size_t n;
	struct logring_line *lines; /* owned; their bytes are in `text` */
	struct buf text;
	uint64_t used; /* when it was last asked for */
};

void logblock_release(struct logblock *block);
/* Reads the lines of the span and what they mean, as if the file had been read up to there;
 * `records` is for that alone and is set back. The part's end bounds what is read. Adds the bytes
 * that were read to `spent`. -1 when the file can't be read. */
int logblock_fill(struct logblock *block, int fd, const struct logspan *span, off_t end,
		  uint64_t first, struct logrecords *records, int64_t now, size_t *spent);

#endif
