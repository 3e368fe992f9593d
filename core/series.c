#include "core/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void series_add(struct series *series, int64_t at, double value)
{
	const struct chart_point *last;

	while (series->n > 0 && series->points[series->n - 1].at > at)
		series->n--;
	last = series->n > 0 ? &series->points[series->n - 1] : NULL;
	if (last && isnan(value) && isnan(last->value) && at - last->at < SERIES_GAP_US)
		return;
	/* Half of it goes at once, so that moving costs little per point. */
	if (series->n == 2 * (size_t)SERIES_POINTS) {
		memmove(series->points, series->points + SERIES_POINTS,
			SERIES_POINTS * sizeof(*series->points));
		series->n = SERIES_POINTS;
	}
	series->points =
	    xgrow(series->points, &series->cap, series->n + 1, sizeof(*series->points));
	series->points[series->n++] = (struct chart_point){ .at = at, .value = value };
}

void series_gap(struct series *series, int64_t at, int64_t max_gap)
{
	const struct chart_point *last = series->n ? &series->points[series->n - 1] : NULL;

	if (last && at - last->at > max_gap)
		series_add(series, last->at + 1, NAN);
}

const struct chart_point *series_since(const struct series *series, int64_t from, size_t *n)
{
	size_t low = 0, high = series->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (series->points[middle].at < from)
			low = middle + 1;
		else
			high = middle;
	}
	*n = series->n - low;
	return *n ? series->points + low : NULL;
}

void series_release(struct series *series)
{
	free(series->points);
	*series = (struct series){ 0 };
}
