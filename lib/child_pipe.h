/*
 * Private to the child_*.c files: what a child is given to read, and what it writes.
 */
#ifndef LIB_CHILD_PIPE_H
#define LIB_CHILD_PIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/err.h"

/* A pipe whose reading end does not block, captured up to `max` bytes (0: no limit). */
struct child_pipe {
	int ends[2];	 /* reading, writing; -1: closed */
	struct buf *out; /* borrowed */
	size_t max, lost;
	bool enough; /* no more than `max` is wanted: the reading end is closed then */
};

#define CHILD_PIPE_INIT            \
	{                          \
		.ends = { -1, -1 } \
	}

/* `out` is borrowed. */
int child_pipe_open(struct child_pipe *pipe, struct buf *out, size_t max, struct err *err);
/* Reads what is there, a megabyte at most; the reading end is closed at the end of the stream. */
void child_pipe_read(struct child_pipe *pipe);
/* One end (0 or 1); fine when it is closed. */
void child_pipe_close(struct child_pipe *pipe, int end);
/* New: a descriptor that gives `input` to read. A file without a name, not a pipe: nobody has to
 * feed it, and a reader that stops early is no error. */
int child_input(const char *input, struct err *err);

#endif
