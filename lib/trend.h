/*
 * Where a number is going: the slope of a series, and whether it is one or mere noise.
 *
 * The slope is the median of the slopes between all pairs of up to TREND_PARTS averages (Theil and
 * Sen's estimator: https://en.wikipedia.org/wiki/Theil%E2%80%93Sen_estimator), so that a peak, a
 * garbage collection or a gap bends it little.
 */
#ifndef LIB_TREND_H
#define LIB_TREND_H

#include <stddef.h>
#include <stdint.h>

#include "lib/chart.h"

#define TREND_PARTS   40
#define TREND_SPAN_US ((int64_t)600000000) /* less history than ten minutes says nothing */

enum trend_verdict {
	TREND_SHORT,  /* too little history */
	TREND_STEADY, /* what it moves by is noise, or next to nothing */
	TREND_RISING,
	TREND_FALLING
};

struct trend {
	enum trend_verdict verdict;
	double per_hour; /* 0 when it is too short */
	double last;	 /* the latest average */
	int64_t span_us; /* between the first and the last point */
};

/* Of the points since `from`, in any order; points whose value is NAN are gaps. */
void trend_of(const struct chart_point *points, size_t n, int64_t from, struct trend *out);
/* Hours until it gets to `limit`; INFINITY when it is not on the way there, 0 when it is past it
 * (above it when it is rising, else below). */
double trend_hours_to(const struct trend *trend, double limit);

#endif
