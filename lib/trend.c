#include "lib/trend.h"

#include <math.h>
#include <stdlib.h>

#include "lib/clock.h"

/* Steady is what moved by less than this share of its level over the whole span ... */
#define SHARE_MIN 0.02
/* ... or less than so many times the typical distance from the line. */
#define NOISE_MIN 2.0
#define PAIRS	  (TREND_PARTS * (TREND_PARTS - 1) / 2)
/* Of a long history every so many points are enough: it is asked for whenever a panel is drawn. */
#define POINTS_MAX 1024

struct parts {
	double at[TREND_PARTS]; /* hours since the first point */
	double value[TREND_PARTS];
	size_t n;
};

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* The points in TREND_PARTS equal parts of time, each by its average; empty ones are left out. */
static void parts_fill(struct parts *parts, const struct chart_point *points, size_t n,
		       int64_t first, int64_t span)
{
	double sum[TREND_PARTS] = { 0 }, when[TREND_PARTS] = { 0 };
	size_t count[TREND_PARTS] = { 0 };

	for (size_t i = 0; i < n; i += n / POINTS_MAX + 1) {
		int64_t since = points[i].at - first;
		size_t part = (size_t)((double)since / ((double)span + 1) * TREND_PARTS);

		if (since < 0 || isnan(points[i].value))
			continue;
		sum[part] += points[i].value;
		when[part] += (double)since / CLOCK_US / 3600;
		count[part]++;
	}
	parts->n = 0;
	for (size_t i = 0; i < TREND_PARTS; i++) {
		if (count[i] == 0)
			continue;
		parts->at[parts->n] = when[i] / (double)count[i];
		parts->value[parts->n++] = sum[i] / (double)count[i];
	}
}

static double slope_of(const struct parts *parts)
{
	double slopes[PAIRS];
	size_t n = 0;

	for (size_t i = 0; i < parts->n; i++)
		for (size_t j = i + 1; j < parts->n; j++)
			slopes[n++] =
			    (parts->value[j] - parts->value[i]) / (parts->at[j] - parts->at[i]);
	return median(slopes, n);
}

/* The median distance from the line through the medians. */
static double noise_of(const struct parts *parts, double slope)
{
	double left[TREND_PARTS], middle;

	for (size_t i = 0; i < parts->n; i++)
		left[i] = parts->value[i] - slope * parts->at[i];
	middle = median(left, parts->n);
	for (size_t i = 0; i < parts->n; i++)
		left[i] = fabs(parts->value[i] - slope * parts->at[i] - middle);
	return median(left, parts->n);
}

void trend_of(const struct chart_point *points, size_t n, int64_t from, struct trend *out)
{
	struct parts parts;
	int64_t first = -1, last = -1;
	double moved;

	*out = (struct trend){ .verdict = TREND_SHORT, .last = NAN };
	for (size_t i = 0; i < n; i += n / POINTS_MAX + 1) {
		if (points[i].at < from || isnan(points[i].value))
			continue;
		if (first < 0)
			first = points[i].at;
		/* Of a clock that was set back the last one may not be the latest. */
		if (points[i].at > last)
			last = points[i].at;
	}
	if (first < 0)
		return;
	out->span_us = last - first;
	parts_fill(&parts, points, n, first, out->span_us);
	out->last = parts.value[parts.n - 1];
	/* A quarter of it seen, at least: two points far apart are no trend. */
	if (out->span_us < TREND_SPAN_US || parts.n < TREND_PARTS / 4)
		return;
	out->per_hour = slope_of(&parts);
	moved = fabs(out->per_hour * (double)out->span_us / CLOCK_US / 3600);
	if (moved <= SHARE_MIN * fabs(out->last) ||
	    moved < NOISE_MIN * noise_of(&parts, out->per_hour))
		out->verdict = TREND_STEADY;
	else
		out->verdict = out->per_hour > 0 ? TREND_RISING : TREND_FALLING;
}

double trend_hours_to(const struct trend *trend, double limit)
{
	bool rising = trend->verdict == TREND_RISING;

	if (trend->verdict != TREND_RISING && trend->verdict != TREND_FALLING)
		return INFINITY;
	if (rising ? trend->last >= limit : trend->last <= limit)
		return 0;
	return (limit - trend->last) / trend->per_hour > 0 ? (limit - trend->last) / trend->per_hour
							   : INFINITY;
}
