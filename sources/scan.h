/*
 * What logs say as a whole, read once from begin to end in bounded memory: levels, lines over time,
 * known messages, the errors that come most often. Levels and times are those that a followed log
 * shows (lib/logline.h).
 */
#ifndef SOURCES_SCAN_H
#define SOURCES_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/logline.h"

#define SCAN_LEVELS  (LOGLEVEL_CRITICAL + 1)
#define SCAN_SHAPE   160
#define SCAN_EXAMPLE 320

struct scan;

/* A record is a line with those that go on with it: a traceback counts once. */
struct scan_totals {
	uint64_t bytes, lines, records;
	uint64_t levels[SCAN_LEVELS];	 /* records */
	uint64_t untimed;		 /* records without a time */
	int64_t first, last;		 /* the earliest and latest time, microseconds; 0: none */
	int64_t first_error, last_error; /* likewise, of errors and worse */
	int64_t step;			 /* microseconds of one scan_span: a minute; an hour or a
					  * day when there were too many */
	bool errors_lost; /* so many different errors that the counts of rare ones are too low */
};

/* The records of a minute. */
struct scan_span {
	int64_t at; /* its begin */
	uint64_t levels[SCAN_LEVELS];
};

/* Errors of one shape (lib/logshape.h). */
struct scan_error {
	uint64_t count;
	int64_t first, last; /* 0: no time */
	size_t nshape, nexample;
	char shape[SCAN_SHAPE];	    /* raw bytes, cut */
	char example[SCAN_EXAMPLE]; /* the first of them; raw bytes, cut */
};

/* Lines that match a pattern. */
struct scan_known {
	uint64_t count;
	int64_t first, last; /* times of their records; 0: no time */
};

/* New; NULL with err for a bad pattern. Records that match one of the first `nharmless` patterns
 * are not among the errors of scan_errors(). `utc`: times without a zone are UTC, not local. */
struct scan *scan_new(const char *const *patterns, size_t npatterns, size_t nharmless, bool utc,
		      struct err *err);
void scan_free(struct scan *scan);
/* Reads one log to its end. `now` is when it was written last, for times without a year. -1 when
 * reading fails; what was read until then counts. */
int scan_fd(struct scan *scan, int fd, int64_t now, struct err *err);

const struct scan_totals *scan_totals(const struct scan *scan);
/* New, in order of time; spans without records are left out. */
struct scan_span *scan_spans(const struct scan *scan, size_t *n);
/* New: the most frequent ones, at most `most`, the most frequent first. Errors whose record matches
 * a pattern are not among them. */
struct scan_error *scan_errors(const struct scan *scan, size_t most, size_t *n);
/* One for each pattern; borrowed. */
const struct scan_known *scan_known(const struct scan *scan);

#endif
