#include "sources/lognumbers.h"

#include <math.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/mem.h"

#define FINE_N	  3600
#define FINE_US	  CLOCK_US
#define COARSE_N  8640
#define COARSE_US (10 * CLOCK_US)

struct bucket {
	int64_t index; /* time divided by the bucket's width; other contents are old */
	struct lognumbers_sum sum;
};

struct kept {
	int64_t at;
	double value;
};

struct lognumbers {
	struct bucket *fine, *coarse; /* owned */
	struct kept *kept;	      /* owned; a ring */
	size_t cap;
	uint64_t next;
};

struct lognumbers *lognumbers_new(void)
{
	struct lognumbers *numbers = xcalloc(1, sizeof(*numbers));

	numbers->fine = xcalloc(FINE_N, sizeof(*numbers->fine));
	numbers->coarse = xcalloc(COARSE_N, sizeof(*numbers->coarse));
	return numbers;
}

void lognumbers_free(struct lognumbers *numbers)
{
	if (numbers == NULL)
		return;
	free(numbers->fine);
	free(numbers->coarse);
	free(numbers->kept);
	free(numbers);
}

static void join(struct lognumbers_sum *to, const struct lognumbers_sum *from)
{
	if (from->n == 0)
		return;
	to->min = to->n == 0 ? from->min : fmin(to->min, from->min);
	to->max = to->n == 0 ? from->max : fmax(to->max, from->max);
	to->sum += from->sum;
	to->n += from->n;
}

static void bucket_add(struct bucket *buckets, int64_t n, int64_t index,
		       const struct lognumbers_sum *one)
{
	struct bucket *bucket = &buckets[index % n];

	if (bucket->index > index)
		return; /* too late: its place belongs to a newer time */
	if (bucket->index < index)
		*bucket = (struct bucket){ .index = index };
	join(&bucket->sum, one);
}

void lognumbers_add(struct lognumbers *numbers, int64_t at, double value)
{
	const struct lognumbers_sum one = { .n = 1, .sum = value, .min = value, .max = value };

	if (at < 0)
		return;
	bucket_add(numbers->fine, FINE_N, at / FINE_US, &one);
	bucket_add(numbers->coarse, COARSE_N, at / COARSE_US, &one);
	if (numbers->next < LOGNUMBERS_KEPT)
		numbers->kept = xgrow(numbers->kept, &numbers->cap, (size_t)numbers->next + 1,
				      sizeof(*numbers->kept));
	numbers->kept[numbers->next++ % LOGNUMBERS_KEPT] =
	    (struct kept){ .at = at, .value = value };
}

static struct lognumbers_sum buckets_over(const struct bucket *buckets, int64_t n, int64_t width,
					  int64_t from, int64_t to)
{
	struct lognumbers_sum sum = { .n = 0 };
	/* Rounded up: a bucket that began before the span may hold what is older. */
	int64_t first = (from + width - 1) / width, last = to / width;

	if (last - first >= n)
		first = last - n + 1;
	for (int64_t i = first; i <= last; i++)
		if (buckets[i % n].index == i)
			join(&sum, &buckets[i % n].sum);
	return sum;
}

struct lognumbers_sum lognumbers_over(const struct lognumbers *numbers, int64_t from, int64_t to)
{
	if (from < 0)
		from = 0;
	if (to < from)
		return (struct lognumbers_sum){ .n = 0 };
	if (to - from <= (FINE_N - 2) * FINE_US)
		return buckets_over(numbers->fine, FINE_N, FINE_US, from, to);
	return buckets_over(numbers->coarse, COARSE_N, COARSE_US, from, to);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double lognumbers_percentile(const struct lognumbers *numbers, int64_t from, int64_t to,
			     double percent, uint64_t *n)
{
	size_t have = numbers->next < LOGNUMBERS_KEPT ? (size_t)numbers->next : LOGNUMBERS_KEPT;
	double *values = xcalloc(have + 1, sizeof(*values)), result = 0;
	size_t count = 0, rank;

	for (size_t i = 0; i < have; i++)
		if (numbers->kept[i].at > from && numbers->kept[i].at <= to)
			values[count++] = numbers->kept[i].value;
	if (count > 0) {
		qsort(values, count, sizeof(*values), by_value);
		rank = (size_t)ceil(percent / 100 * (double)count);
		result = values[rank > 0 ? rank - 1 : 0];
	}
	free(values);
	*n = count;
	return result;
}
