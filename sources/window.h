/*
 * Counts over a sliding window, in bounded memory: buckets of one second for an hour, and of ten
 * seconds for a day. A count goes to the bucket of its own time, also when it comes late.
 */
#ifndef SOURCES_WINDOW_H
#define SOURCES_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"

#define WINDOW_SERIES  4
#define WINDOW_KEPT_US (8640 * 10 * CLOCK_US) /* what is older is not counted any more */

struct window_bucket {
	int64_t index; /* time divided by the bucket's width; other contents are old */
	uint32_t count[WINDOW_SERIES];
};

struct window {
	struct window_bucket *fine, *coarse; /* owned */
};

/* Every count is 0. */
void window_init(struct window *window);
void window_release(struct window *window);
/* Adds one to a series at a wall time. */
void window_add(struct window *window, int64_t at, unsigned series);
/* The sum over from < t <= to, wall times; to the second when the span begins within the latest
 * hour. */
uint64_t window_sum(const struct window *window, unsigned series, int64_t from, int64_t to);

#endif
