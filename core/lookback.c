#include "core/lookback.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

void lookback_init(struct lookback *lookback, int64_t window_us)
{
	int64_t step = window_us / LOOKBACK_POINTS;

	*lookback = (struct lookback){ .window = window_us, .step = step > CLOCK_US ? step : 0 };
}

void lookback_release(struct lookback *lookback)
{
	free(lookback->points);
	lookback->points = NULL;
	lookback->n = lookback->cap = 0;
}

static void old_drop(struct lookback *lookback, int64_t now)
{
	size_t old = 0;

	while (old < lookback->n && lookback->points[old].at < now - lookback->window)
		old++;
	/* Not at each step: moving costs. */
	if (old <= lookback->n / 4)
		return;
	lookback->n -= old;
	memmove(lookback->points, lookback->points + old, lookback->n * sizeof(*lookback->points));
}

void lookback_add(struct lookback *lookback, int64_t at, double value)
{
	struct lookback_point *last;

	if (!isfinite(value))
		return;
	while (lookback->n && lookback->points[lookback->n - 1].at > at)
		lookback->n--;
	last = lookback->n ? &lookback->points[lookback->n - 1] : NULL;
	if (last && lookback->step && last->at / lookback->step == at / lookback->step) {
		last->at = at;
		last->sum += value;
		last->low = fmin(last->low, value);
		last->high = fmax(last->high, value);
		last->n++;
		return;
	}
	old_drop(lookback, at);
	lookback->points =
	    xgrow(lookback->points, &lookback->cap, lookback->n + 1, sizeof(*lookback->points));
	lookback->points[lookback->n++] =
	    (struct lookback_point){ .at = at, .sum = value, .low = value, .high = value, .n = 1 };
}

/* The first point within the window. */
static size_t first_in(const struct lookback *lookback, int64_t now)
{
	size_t i = 0;

	while (i < lookback->n && lookback->points[i].at < now - lookback->window)
		i++;
	return i;
}

int64_t lookback_gap(const struct lookback *lookback, int64_t now)
{
	int64_t before = now - lookback->window, gap = 0;

	for (size_t i = first_in(lookback, now); i < lookback->n; i++) {
		if (lookback->points[i].at - before > gap)
			gap = lookback->points[i].at - before;
		before = lookback->points[i].at;
	}
	return now - before > gap ? now - before : gap;
}

/* How much of the window lies behind the first sample in it; 0: there is none. */
static int64_t lookback_seen(const struct lookback *lookback, int64_t now)
{
	size_t first = first_in(lookback, now);

	return first < lookback->n ? now - lookback->points[first].at : 0;
}

static double value_of(const struct lookback_point *point)
{
	return point->sum / point->n;
}

static double mean_of(const struct lookback_point *points, size_t n)
{
	double sum = 0, count = 0;

	for (size_t i = 0; i < n; i++) {
		sum += points[i].sum;
		count += points[i].n;
	}
	return sum / count;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile_of(const struct lookback_point *points, size_t n, double percent)
{
	double *values = xcalloc(n, sizeof(*values)), value;
	double rank = ceil(percent / 100 * (double)n);
	size_t at = rank < 1 ? 0 : rank > (double)n ? n - 1 : (size_t)rank - 1;

	for (size_t i = 0; i < n; i++)
		values[i] = value_of(&points[i]);
	qsort(values, n, sizeof(*values), by_value);
	value = values[at];
	free(values);
	return value;
}

/* Least squares: a single outlier at an end bends it less than a difference of two points. */
static double growth_of(const struct lookback_point *points, size_t n)
{
	double t = 0, v = 0, tt = 0, tv = 0;

	for (size_t i = 0; i < n; i++) {
		t += (double)(points[i].at - points[0].at) / CLOCK_US / (double)n;
		v += value_of(&points[i]) / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		double dt = (double)(points[i].at - points[0].at) / CLOCK_US - t;

		tt += dt * dt;
		tv += dt * (value_of(&points[i]) - v);
	}
	return tt > 0 ? tv / tt : NAN;
}

static double asked(const struct lookback_point *points, size_t n, enum lookback_of of,
		    double percent)
{
	double value = points[0].low;

	switch (of) {
	case LOOKBACK_MEAN:
		return mean_of(points, n);
	case LOOKBACK_PERCENTILE:
		return percentile_of(points, n, percent);
	case LOOKBACK_GROWTH:
		return growth_of(points, n);
	case LOOKBACK_MIN:
		for (size_t i = 0; i < n; i++)
			value = fmin(value, points[i].low);
		return value;
	case LOOKBACK_MAX:
		for (size_t i = 0; i < n; i++)
			value = fmax(value, points[i].high);
		return value;
	}
	return NAN;
}

void lookback_read(const struct lookback *lookback, enum lookback_of of, double percent,
		   int64_t max_gap, int64_t now, struct reading *out)
{
	size_t first = first_in(lookback, now), n = lookback->n - first;
	int64_t seen = lookback_seen(lookback, now), gap = lookback_gap(lookback, now);
	char covers[40], window[40];

	duration_text(seen / CLOCK_US * CLOCK_US, covers, sizeof(covers));
	duration_text(lookback->window, window, sizeof(window));
	if (n == 0) {
		reading_unknown(out, now, "nothing was measured within %s", window);
	} else if (max_gap && gap > max_gap) {
		duration_text(gap / CLOCK_US * CLOCK_US, covers, sizeof(covers));
		reading_unknown(out, now, "nothing was measured for %s of %s", covers, window);
	} else if (of == LOOKBACK_GROWTH && (n < 3 || seen < lookback->window / 20)) {
		reading_unknown(out, now, "only %s of %s were measured so far", covers, window);
	} else {
		reading_value(out, now, asked(lookback->points + first, n, of, percent), "");
		snprintf(out->evidence, sizeof(out->evidence), "over %s of %s", covers, window);
		if (!isfinite(out->value))
			reading_unknown(out, now, "all samples are of one moment");
	}
}
