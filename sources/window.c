#include "sources/window.h"

#include <stdlib.h>

#include "lib/mem.h"

#define FINE_N	  3600
#define FINE_US	  CLOCK_US
#define COARSE_US (10 * CLOCK_US)
#define COARSE_N  (WINDOW_KEPT_US / COARSE_US)

void window_init(struct window *window)
{
	window->fine = xcalloc(FINE_N, sizeof(*window->fine));
	window->coarse = xcalloc(COARSE_N, sizeof(*window->coarse));
}

void window_release(struct window *window)
{
	free(window->fine);
	free(window->coarse);
	*window = (struct window){ 0 };
}

static void add(struct window_bucket *bucket, int64_t index, unsigned series)
{
	if (bucket->index > index)
		return; /* too late: its place belongs to a newer time */
	if (bucket->index < index)
		*bucket = (struct window_bucket){ .index = index };
	bucket->count[series]++;
}

void window_add(struct window *window, int64_t at, unsigned series)
{
	int64_t fine = at / FINE_US, coarse = at / COARSE_US;

	if (at < 0)
		return;
	/* Divided by constants: this is done for every line. */
	add(&window->fine[fine % FINE_N], fine, series);
	add(&window->coarse[coarse % COARSE_N], coarse, series);
}

static uint64_t sum(const struct window_bucket *buckets, int64_t n, int64_t first, int64_t last,
		    unsigned series)
{
	uint64_t total = 0;

	if (last - first >= n)
		first = last - n + 1;
	for (int64_t i = first; i <= last; i++)
		if (buckets[i % n].index == i)
			total += buckets[i % n].count[series];
	return total;
}

/* Rounded up: a bucket that began before the span may count what is older. */
static int64_t first_bucket(int64_t from, int64_t width)
{
	return (from + width - 1) / width;
}

uint64_t window_sum(const struct window *window, unsigned series, int64_t from, int64_t to)
{
	if (to < 0 || to < from)
		return 0;
	if (from < 0)
		from = 0;
	if (to - from <= (FINE_N - 2) * FINE_US)
		return sum(window->fine, FINE_N, first_bucket(from, FINE_US), to / FINE_US, series);
	return sum(window->coarse, COARSE_N, first_bucket(from, COARSE_US), to / COARSE_US, series);
}
