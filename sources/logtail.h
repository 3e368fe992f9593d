/*
 * One file of a log, read on from where it was left, line by line. Part of sources/logfollow.
 */
#ifndef SOURCES_LOGTAIL_H
#define SOURCES_LOGTAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "sources/logparts.h"

/* One line without its newline. */
struct logtail_line {
	const char *bytes; /* cut at LOGRING_LINE_MAX; borrowed for the call */
	size_t len;
	size_t true_len; /* as it stands in the file */
	int32_t part;	 /* of the log's parts; where it stands: */
	off_t at;
	int64_t seen; /* wall time at which its piece of the file was read */
	bool rest;  /* goes on with a line that was handed out when its newline had not come yet */
	bool fresh; /* it was appended while the file was followed */
};

typedef void logtail_fn(const struct logtail_line *line, void *data);

struct logtail {
	int fd;		    /* -1: none */
	int32_t part;	    /* its end is where reading goes on */
	off_t line_at;	    /* where the line that is being read begins */
	struct buf partial; /* of that line, when its newline has not come yet */
	size_t true_len;
	int64_t seen; /* wall time of the latest piece */
	bool skip;    /* throw away up to the first newline */
	bool handed;  /* what came of the line without newline was handed out already */
	bool hole;    /* zero bytes at the beginning are left by a writer that doesn't append */
	bool idle;    /* the look before found nothing new */
};

/* What tails share. */
struct logtail_way {
	struct logparts *parts;	   /* borrowed */
	const struct clock *clock; /* borrowed */
	logtail_fn *line;
	void *data;
	char *chunk; /* LOGTAIL_CHUNK bytes */
};

#define LOGTAIL_CHUNK ((size_t)64 << 10)
#define LOGTAIL_NONE     \
	{                \
		.fd = -1 \
	}

enum logtail_end { LOGTAIL_ALL, LOGTAIL_MORE, LOGTAIL_CUT };

/* Takes the descriptor. A new part begins at `from`, and counts from the time in `st` (see struct
 * logpart); with `skip` the first line is not whole. */
void logtail_open(struct logtail *tail, const struct logtail_way *way, int fd,
		  const struct stat *st, off_t from, bool skip);
/* Accepts a closed one. */
void logtail_close(struct logtail *tail);
/* Reads to the end or the deadline (monotonic by the system's clock, 0: none). LOGTAIL_CUT: what
 * was read before is not there any more, nothing was read. `got`: set when anything was. */
enum logtail_end logtail_read(struct logtail *tail, const struct logtail_way *way, bool fresh,
			      int64_t deadline, bool *got);
/* Hands out what there is of a last line without newline. */
void logtail_flush(struct logtail *tail, const struct logtail_way *way, bool fresh);
/* The file was cut: goes on at its beginning, with a new part that counts from `since`. */
void logtail_restart(struct logtail *tail, const struct logtail_way *way,
		     const struct timespec *since);
/* The same part is read on from another file, a copy: takes the descriptor, and `tail` forgets what
 * it had of a line. */
void logtail_move(struct logtail *tail, struct logtail *to, int fd);

#endif
