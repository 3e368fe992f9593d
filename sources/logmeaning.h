/*
 * What known messages mean: patterns, and a text for each.
 */
#ifndef SOURCES_LOGMEANING_H
#define SOURCES_LOGMEANING_H

#include <jansson.h>
#include <stddef.h>

#include "lib/err.h"

struct logmeaning {
	struct rx **rx;
	char **texts;
	size_t n;
};

/* From {"pattern": "meaning"}, or NULL: none. -1 for a bad pattern. */
int logmeaning_init(struct logmeaning *meaning, json_t *map, struct err *err);
void logmeaning_release(struct logmeaning *meaning);
/* The place of the first pattern that matches, from 1; 0: none does. */
unsigned logmeaning_find(const struct logmeaning *meaning, const char *bytes, size_t len);

#endif
