/*
 * Private to lib/jdoc.c: a scan of JSON text that notes where each value stands, and names the
 * errors that jansson words cryptically.
 */
#ifndef LIB_JSCAN_H
#define LIB_JSCAN_H

#include <stddef.h>

#include "lib/err.h"
#include "lib/jdoc.h"

/* One value of the document. `key.line` is 0 when it has no key (root, elements of arrays). */
struct jpos {
	char *pointer; /* owned */
	struct jwhere key, value;
};

/* Strict RFC 8259. *pos is new, in the order of the text, and valid also after an error. */
int jscan(const char *name, const char *text, size_t len, struct jpos **pos, size_t *npos,
	  struct err *err);

#endif
