/*
 * How long something has been up, and which share of the time that was seen.
 *
 * A point says what is the case until the next one, `max_gap` at most: what nobody looked at is
 * neither up nor down. The share counts from the first value on: before it, nobody had asked yet.
 */
#ifndef LIB_UPTIME_H
#define LIB_UPTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/chart.h"

struct uptime {
	bool known;	 /* there is a latest point, and it is no older than max_gap */
	bool up;	 /* as of that */
	int64_t since;	 /* wall time of the first point of this state without a gap */
	bool longer;	 /* ... which is the first one of all: it may have begun earlier */
	int64_t seen_us; /* of the whole span */
	double percent;	 /* of seen_us; NAN when nothing was seen */
};

/* A value of NAN is down; so is 0 when `zero_is_down`. `now` is a wall time. */
void uptime_of(const struct chart_point *points, size_t n, int64_t now, int64_t max_gap,
	       bool zero_is_down, struct uptime *out);

#endif
