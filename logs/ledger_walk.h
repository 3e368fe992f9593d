/*
 * Private to the ledger: walking along its lines from file to file, checking each.
 */
#ifndef LOGS_LEDGER_WALK_H
#define LOGS_LEDGER_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "logs/ledger.h"
#include "logs/segment.h"

/* A place between two lines. */
struct cursor {
	unsigned segment;	  /* the one that holds the last line, from 1 */
	struct segment_file file; /* that one's, once it was read or written */
	off_t offset;		  /* behind that line's newline */
	size_t line;		  /* its number in that file, 0: none there yet */
	size_t last_len;	  /* its length with newline */
	struct ledger_head head;  /* of it, or of the beginning */
	bool closed;		  /* it is incident.closed */
};

enum walk_result { WALK_END, WALK_STOPPED, WALK_DAMAGED, WALK_ERROR };

/* Where the walk ended. */
struct walk_end {
	unsigned newest; /* segment: the only one that may be written */
	off_t offset;	 /* behind its last whole line */
	struct buf tail; /* what stands there; released by the caller */
	char what[256];	 /* of damage: file, line, what is wrong */
};

typedef bool walk_fn(const struct ledger_line *line, void *data);

struct cursor cursor_beginning(const char beginning[SHA256_HEX]);
/* Moves *cursor over all whole lines behind it and calls `fn` (or NULL) with each; it returns false
 * to stop in front of that line. `end` (or NULL) is filled also after failures. */
enum walk_result ledger_walk(const char *folder, struct cursor *cursor, walk_fn *fn, void *data,
			     struct walk_end *end, struct err *err);

#endif
