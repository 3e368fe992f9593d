/*
 * What a number was over a window of time: at most a thousand points, each the mean of a step of
 * the window. Pure.
 *
 * A clock that is set back takes what it passes again with it; one that is set on leaves a gap.
 */
#ifndef CORE_LOOKBACK_H
#define CORE_LOOKBACK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/reading.h"

#define LOOKBACK_POINTS 1000

struct lookback_point {
	int64_t at; /* wall time of its latest sample */
	double sum, low, high;
	unsigned n;
};

struct lookback {
	int64_t window, step;	       /* microseconds */
	struct lookback_point *points; /* owned, in order of time */
	size_t n, cap;
};

enum lookback_of {
	LOOKBACK_MEAN,
	LOOKBACK_MIN,
	LOOKBACK_MAX,
	LOOKBACK_PERCENTILE, /* of the points, nearest rank */
	LOOKBACK_GROWTH,     /* a second: the slope of the line that fits best */
};

void lookback_init(struct lookback *lookback, int64_t window_us);
void lookback_release(struct lookback *lookback);
void lookback_add(struct lookback *lookback, int64_t at, double value);
/* The longest time without a sample within the window up to `now`, its beginning and end included.
 */
int64_t lookback_gap(const struct lookback *lookback, int64_t now);
/* What is asked, as a value without a unit and with the time it covers as its evidence. Unknown
 * when there are too few samples (growth takes three over at least a twentieth of the window), or,
 * with `max_gap` not 0, when lookback_gap() is larger. */
void lookback_read(const struct lookback *lookback, enum lookback_of of, double percent,
		   int64_t max_gap, int64_t now, struct reading *out);

#endif
