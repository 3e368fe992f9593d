/*
 * Private to the ledger: the bytes of one line.
 */
#ifndef LOGS_LEDGER_LINE_H
#define LOGS_LEDGER_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/jflat.h"
#include "lib/sha256.h"
#include "logs/ledger.h"

/* What a new line says besides its event. */
struct line_stamp {
	const struct ledger_head *head; /* of the line before */
	int64_t at, mono;		/* microseconds */
	const char *boot;
	const json_t *by;
	const json_t *torn; /* a string: what stood in its place, torn; NULL: nothing */
};

/* Refuses fields that bear the name of a member that every line has. */
int line_check_fields(const json_t *fields, struct err *err);
/* Appends the line with its newline, and gives its hash. `fields` may be NULL. */
void line_make(struct buf *out, const struct line_stamp *stamp, const char *event,
	       const json_t *fields, char hash[SHA256_HEX]);
/* Whether the hash at the end of a line (without newline) matches its bytes; gives it. */
bool line_hash_holds(const char *bytes, size_t len, char hash[SHA256_HEX]);
/* Takes a line whose hash holds apart, into `fields`. -1, and *problem says why, when it is no line
 * of a ledger. */
int line_read(const char *bytes, size_t len, struct jflat *fields, struct ledger_line *line,
	      const char **problem);
/* Whether a tail without newline can be what is left of one interrupted write: it can't when a
 * whole line is followed by anything else. */
bool line_is_torn(const char *bytes, size_t len);

#endif
