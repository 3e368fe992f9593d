/*
 * A JSON document that knows where each of its values stands in the file.
 *
 * Duplicate keys, a byte-order mark, comments and control characters are errors that name
 * themselves. Paths inside the document are JSON pointers (RFC 6901):
 * "/procedures/level-1/steps/2".
 */
#ifndef LIB_JDOC_H
#define LIB_JDOC_H

#include <jansson.h>
#include <stddef.h>

#include "lib/err.h"

struct jdoc {
	char *name;	  /* what messages call it: the file's path */
	json_t *root;	  /* owned */
	struct jpos *pos; /* private */
	size_t npos;
};

struct jwhere {
	int line;   /* from 1 */
	int column; /* from 1, in characters */
};

/* Errors read "file:line:column: what"; release works after a failure, too. */
int jdoc_load(struct jdoc *doc, const char *path, struct err *err);
int jdoc_parse(struct jdoc *doc, const char *name, const char *text, size_t len, struct err *err);
void jdoc_release(struct jdoc *doc);

/* Where the key (if it has one) or the value of a pointer stands; the nearest parent's place when
 * the pointer names nothing (a missing key). */
struct jwhere jdoc_key(const struct jdoc *doc, const char *pointer);
struct jwhere jdoc_value(const struct jdoc *doc, const char *pointer);

/* One line, keys in the order they have, no blanks: what ledgers and protocols write. New. */
char *json_line(const json_t *value);
/* New: the same for whoever reads a program's output, a terminal among them: printable ASCII alone,
 * all else is escaped. With `indent` above 0 on many lines. */
char *json_ascii(const json_t *value, size_t indent);
/* A string that may not be UTF-8 becomes a JSON string with broken bytes shown as \xHH. New. */
json_t *json_text(const char *bytes, size_t len);
/* Borrowed member text, or `fallback` when it is missing or no string. */
const char *json_str(const json_t *object, const char *key, const char *fallback);
/* A number or boolean member; `fallback` when it is missing or something else. */
double json_num(const json_t *object, const char *key, double fallback);
int json_bool(const json_t *object, const char *key, int fallback);
/* The value at a dotted path ("db.pool.0") or a JSON pointer ("/db/pool/0"); borrowed, NULL when
 * there is none. "" and "/" mean the whole value. */
const json_t *json_at(const json_t *value, const char *path);
/* A member duration in microseconds ("30s"), or `fallback`. */
long long json_us(const json_t *object, const char *key, long long fallback);

#endif
