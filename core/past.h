/*
 * What was kept of one metric over hours: read from its files by a copy of this process, so that
 * whoever shows it never waits for a disk, and read again when it has grown old.
 */
#ifndef CORE_PAST_H
#define CORE_PAST_H

#include "core/kept.h"
#include "lib/chart.h"
#include "lib/loop.h"

#define PAST_POINTS 480 /* at most so many for a span */

struct past;

struct past_spec {
	struct loop *loop;	     /* borrowed */
	const struct clock *clock;   /* borrowed */
	const struct kept *kept;     /* borrowed; NULL: nothing is kept */
	void (*changed)(void *data); /* other points are there */
	void *data;
};

struct past *past_new(const struct past_spec *spec);
void past_free(struct past *past);

/* What is asked for; all of it is compared with what was read last. */
struct past_wish {
	const char *metric; /* borrowed, as long as the past lives */
	bool below;	    /* of several values the least stands for all, not the greatest */
	int64_t span_us;
	int64_t max_gap; /* two samples further apart are not joined */
};
/* The points that are there, oldest first, gaps as NAN; borrowed until the next turn of the loop.
 * *until: the wall time up to which they reach; 0: they are still being read. Begins to read where
 * that is due. */
const struct chart_point *past_points(struct past *past, const struct past_wish *wish, size_t *n,
				      int64_t *until);

#endif
