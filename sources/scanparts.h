/*
 * What a scan keeps of what it has read; only sources/scan.c uses this.
 */
#ifndef SOURCES_SCANPARTS_H
#define SOURCES_SCANPARTS_H

#include "sources/scan.h"

/* Records over time: a table by minute, coarser when there are too many. */
struct spans {
	struct scan_span *slots; /* owned; a slot without records is free */
	size_t nslots, used;
	int64_t step;
	struct scan_span *latest; /* the span of the latest record */
	int64_t from, to;	  /* what it spans */
};

void spans_init(struct spans *spans);
void spans_release(struct spans *spans);
/* The span of a time outside of [from, to), which are set to it; NULL when there is no room. */
struct scan_span *spans_seek(struct spans *spans, int64_t at);

/* The different errors. */
struct errors {
	struct scan_error *list; /* owned */
	uint64_t *hashes;	 /* owned: of each */
	uint16_t *slots;	 /* owned: 1 + index, by hash */
	size_t n;
	bool lost;
};

void errors_init(struct errors *errors);
void errors_release(struct errors *errors);
/* `at` 0: no time. */
void errors_add(struct errors *errors, const char *line, size_t len, size_t body, int64_t at);
/* Orders them, the most frequent first. */
int errors_compare(const void *a, const void *b);

#endif
