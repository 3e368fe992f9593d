/*
 * What lines mean one after the other: level, time, which ones go on with the record before them.
 * The same for lines that come in and for those that are read again.
 */
#ifndef SOURCES_LOGRECORDS_H
#define SOURCES_LOGRECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/rx.h"
#include "sources/logring.h"

struct logrecords {
	struct logline_zone zone;
	struct rx *const *known; /* borrowed: patterns of known, harmless messages */
	size_t nknown;
	struct logfold fold;
	uint64_t writer; /* of the latest record; see below */
	/* Of the latest record: */
	int64_t at, precision;
	bool is_known;
};

/* What is known of a line besides its bytes. */
struct logrecords_hint {
	int64_t now; /* wall time */
	bool fresh;  /* it was written just now */
	/* Of a journal's entry: when it was written (0: the line tells), the level that it has
	 * unless its text shows one, who wrote it (only lines of one writer are joined), where its
	 * text begins, and whether this is a further line of it. */
	int64_t at;
	enum loglevel level;
	uint64_t writer;
	size_t body;
	bool joins;
};

/* Fills level, times, joined and known of a line from its bytes; its `folded` is the caller's. */
void logrecords_read(struct logrecords *records, const struct logrecords_hint *hint,
		     struct logring_line *line);

#endif
