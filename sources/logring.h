/*
 * The latest lines of a log, in bounded memory. Long lines are cut, their true length is kept.
 */
#ifndef SOURCES_LOGRING_H
#define SOURCES_LOGRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/logline.h"

#define LOGRING_LINE_MAX 4096
/* A line's own time may be ahead of ours by so much; more is taken for the moment it came. */
#define LOG_AHEAD_US (2 * 1000000LL)

struct logring_line {
	uint64_t seq; /* never reused */
	char *bytes;  /* raw, cut at LOGRING_LINE_MAX; owned by the ring */
	size_t len, cap;
	size_t true_len; /* as it stands in the file */
	int64_t at; /* wall time: its own, else of its record, else of its arrival; 0: unknown */
	int64_t precision; /* of `at` */
	int64_t arrived; /* wall time at which it was seen to be appended; 0: it was there before */
	enum loglevel level;
	bool joined;		/* goes on with the record before it */
	bool known;		/* a known, harmless message */
	bool shown;		/* somebody looked at it, and what it means has been found: */
	unsigned short meaning; /* which pattern, from 1; 0: none */
	unsigned folded;	/* of a record: how many lines go on with it */
};

struct logring {
	struct logring_line *lines; /* owned */
	size_t size;
	uint64_t first, next; /* seq: the very first one, the next one */
};

/* For `size` lines; the first one will have the seq `first`, not 0. */
void logring_init(struct logring *ring, size_t size, uint64_t first);
void logring_release(struct logring *ring);
/* A new line, the oldest one gives its place; the caller fills the other fields. */
struct logring_line *logring_add(struct logring *ring, const char *bytes, size_t len,
				 size_t true_len);
/* By seq; NULL when it is gone or not there yet. */
struct logring_line *logring_get(const struct logring *ring, uint64_t seq);
/* The oldest seq that is still there; equals `next` when there is none. */
uint64_t logring_oldest(const struct logring *ring);

#endif
