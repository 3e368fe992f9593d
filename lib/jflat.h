/*
 * An object of JSON on one line, taken apart without a tree: its members stay where they are in the
 * text. Made for lines that are read by the hundred thousand, where a tree costs more than all that
 * is done with it. What is accepted is what jansson accepts, duplicate names refused.
 */
#ifndef LIB_JFLAT_H
#define LIB_JFLAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

enum jflat_kind {
	JFLAT_STRING,
	JFLAT_INTEGER,
	JFLAT_REAL,
	JFLAT_TRUE,
	JFLAT_FALSE,
	JFLAT_NULL,
	JFLAT_OBJECT,
	JFLAT_ARRAY,
};

struct jflat_member {
	const char *name; /* ends with NUL */
	enum jflat_kind kind;
	/* A string's own bytes, ended by NUL; of all else the JSON, with what follows it. */
	const char *text;
	size_t len;
};

enum { JFLAT_MAX = 64 }; /* more members than any line of ours has */

struct jflat {
	struct jflat_member members[JFLAT_MAX];
	size_t n;
	struct buf text; /* a copy, in which strings are decoded where they stand */
};

/* Takes a text apart, in place of what was read before; begin with a `flat` of zeros. 0; -1: it is
 * no object of at most JFLAT_MAX members. */
int jflat_read(struct jflat *flat, const char *text, size_t len);
void jflat_release(struct jflat *flat);

/* NULL: there is none. */
const struct jflat_member *jflat_get(const struct jflat *flat, const char *name);
/* The member's string, number, or whether it is true; `fallback` when it is missing or of another
 * kind. */
const char *jflat_str(const struct jflat *flat, const char *name, const char *fallback);
double jflat_num(const struct jflat *flat, const char *name, double fallback);
bool jflat_true(const struct jflat *flat, const char *name);
/* New: the member as a tree; NULL when it is missing. */
json_t *jflat_json(const struct jflat *flat, const char *name);

#endif
