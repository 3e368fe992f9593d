/*
 * The history of one metric: bounded, in order of time, in one piece of memory. A value that could
 * not be read leaves a gap (NAN); of several gaps in a row one each SERIES_GAP_US is kept, which
 * tells a time without an answer from one in which nobody asked.
 */
#ifndef CORE_SERIES_H
#define CORE_SERIES_H

#include "lib/chart.h"
#include "lib/clock.h"

#define SERIES_POINTS                                                              \
	7200 /* at least so many of the latest are kept: two hours at one a second \
	      */

#define SERIES_GAP_US (30 * CLOCK_US)

struct series {
	struct chart_point *points; /* owned */
	size_t n, cap;
};

/* A clock that is set back takes what it passes again with it. */
void series_add(struct series *series, int64_t at, double value);
/* A value is about to be added at `at`: where the last one is older than `max_gap` by then, nothing
 * is known of the time between them. */
void series_gap(struct series *series, int64_t at, int64_t max_gap);
/* The points since `from`; borrowed until the next series_add(). */
const struct chart_point *series_since(const struct series *series, int64_t from, size_t *n);
void series_release(struct series *series);

#endif
