#include "sources/promseries.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/promtext.h"

struct series {
	char *labels; /* owned: as the scrape has them, NUL bytes and all */
	size_t labels_len;
	double bound;		    /* of a histogram's bucket ("le"); NAN: it is none */
	double last;		    /* the latest value */
	double grown[PROM_SCRAPES]; /* growth so far, at each scrape */
	bool seen;		    /* in the scrape that is read now */
};

struct prom_selector {
	char *name;
	json_t *labels;
	struct series **list;
	size_t n, cap;
	size_t next; /* where the next sample probably is: scrapes keep their order */
	int64_t times[PROM_SCRAPES]; /* a ring */
	size_t scrapes;
	double sum, low, high; /* of the latest scrape */
	size_t matched;
	bool full; /* some series found no place */
};

struct prom_selector *prom_selector_new(const char *name, const json_t *labels)
{
	struct prom_selector *selector = xcalloc(1, sizeof(*selector));

	selector->name = xstrdup(name);
	selector->labels = labels != NULL ? json_deep_copy(labels) : NULL;
	return selector;
}

void prom_selector_free(struct prom_selector *selector)
{
	if (selector == NULL)
		return;
	for (size_t i = 0; i < selector->n; i++) {
		free(selector->list[i]->labels);
		free(selector->list[i]);
	}
	free(selector->list);
	json_decref(selector->labels);
	free(selector->name);
	free(selector);
}

bool prom_selector_is(const struct prom_selector *selector, const char *name, const json_t *labels)
{
	if (strcmp(selector->name, name) != 0 || (labels == NULL) != (selector->labels == NULL))
		return false;
	return labels == NULL || json_equal(selector->labels, labels);
}

static bool is_same(const struct series *series, const struct prom_sample *sample)
{
	return series->labels_len == sample->labels_len &&
	       memcmp(series->labels, sample->labels, sample->labels_len) == 0;
}

static double bound_of(const struct prom_sample *sample)
{
	char text[64], *end;
	double bound;

	if (!prom_label(sample, "le", text, sizeof(text)))
		return NAN;
	bound = strtod(text, &end);
	return end != text && *end == '\0' ? bound : NAN;
}

/* The series of a sample; a new one has grown from nothing, but for the first scrape. NULL: too
 * many. */
static struct series *series_of(struct prom_selector *selector, const struct prom_sample *sample)
{
	struct series *series;

	for (size_t i = 0; i < selector->n; i++) {
		size_t at = (selector->next + i) % selector->n;

		if (is_same(selector->list[at], sample)) {
			selector->next = at + 1;
			return selector->list[at];
		}
	}
	if (selector->n == PROM_SERIES) {
		selector->full = true;
		return NULL;
	}
	series = xcalloc(1, sizeof(*series));
	series->labels_len = sample->labels_len;
	series->labels = xmalloc(sample->labels_len + 1);
	memcpy(series->labels, sample->labels, sample->labels_len);
	series->bound = bound_of(sample);
	series->last = selector->scrapes == 0 ? sample->value : 0;
	selector->list =
	    xgrow(selector->list, &selector->cap, selector->n + 1, sizeof(struct series *));
	selector->list[selector->n++] = series;
	return series;
}

static void sample_take(const struct prom_sample *sample, void *data)
{
	struct prom_selector *selector = data;
	size_t now = selector->scrapes % PROM_SCRAPES;
	struct series *series;
	double value = sample->value;

	if (!prom_matches(sample, selector->name, selector->labels))
		return;
	selector->sum += value;
	selector->low = selector->matched > 0 ? fmin(selector->low, value) : value;
	selector->high = selector->matched > 0 ? fmax(selector->high, value) : value;
	selector->matched++;
	series = isfinite(value) ? series_of(selector, sample) : NULL;
	if (series == NULL || series->seen)
		return;
	series->seen = true;
	series->grown[now] += value >= series->last ? value - series->last : value;
	series->last = value;
}

void prom_selector_feed(struct prom_selector *selector, const struct buf *text, int64_t at)
{
	size_t now = selector->scrapes % PROM_SCRAPES;
	size_t before = (selector->scrapes + PROM_SCRAPES - 1) % PROM_SCRAPES;

	for (size_t i = 0; i < selector->n; i++) {
		selector->list[i]->seen = false;
		selector->list[i]->grown[now] = selector->list[i]->grown[before];
	}
	selector->sum = selector->low = selector->high = 0;
	selector->matched = 0;
	selector->next = 0;
	prom_read(buf_str(text), text->len, sample_take, selector);
	selector->times[now] = at;
	selector->scrapes++;
}

size_t prom_selector_matched(const struct prom_selector *selector)
{
	return selector->matched;
}

double prom_selector_value(const struct prom_selector *selector, const char *of)
{
	if (strcmp(of, "max") == 0)
		return selector->high;
	if (strcmp(of, "min") == 0)
		return selector->low;
	if (strcmp(of, "count") == 0)
		return (double)selector->matched;
	if (strcmp(of, "mean") == 0)
		return selector->sum / (double)selector->matched;
	return selector->sum;
}

/* The places of the first and the last scrape of a span; false when there is none. */
static bool span_find(const struct prom_selector *selector, int64_t from, int64_t oldest,
		      size_t *first, size_t *last)
{
	size_t kept = selector->scrapes < PROM_SCRAPES ? selector->scrapes : PROM_SCRAPES;

	if (kept == 0)
		return false;
	*last = (selector->scrapes - 1) % PROM_SCRAPES;
	*first = *last;
	for (size_t back = 2; back <= kept && selector->times[*first] > from; back++) {
		size_t before = (selector->scrapes - back) % PROM_SCRAPES;

		if (selector->times[before] < oldest)
			break;
		*first = before;
	}
	return true;
}

bool prom_selector_is_full(const struct prom_selector *selector)
{
	return selector->full;
}

double prom_selector_growth(const struct prom_selector *selector, int64_t from, int64_t oldest,
			    int64_t *first, int64_t *last)
{
	size_t a, b;
	double growth = 0;

	*first = *last = 0;
	if (!span_find(selector, from, oldest, &a, &b))
		return 0;
	*first = selector->times[a];
	*last = selector->times[b];
	for (size_t i = 0; i < selector->n; i++)
		growth += selector->list[i]->grown[b] - selector->list[i]->grown[a];
	return growth;
}

struct bucket {
	double bound, count; /* count: of all up to the bound */
};

static int by_bound(const void *a, const void *b)
{
	const struct bucket *x = a, *y = b;

	return (x->bound > y->bound) - (x->bound < y->bound);
}

/* Several series may have the same bound (other labels): their counts are one. */
static size_t buckets_fill(const struct prom_selector *selector, size_t first, size_t last,
			   struct bucket *buckets)
{
	size_t n = 0, joined = 0;

	for (size_t i = 0; i < selector->n; i++) {
		const struct series *series = selector->list[i];

		if (!isnan(series->bound))
			buckets[n++] = (struct bucket){ series->bound, series->grown[last] -
									   series->grown[first] };
	}
	if (n == 0)
		return 0;
	qsort(buckets, n, sizeof(*buckets), by_bound);
	for (size_t i = 1; i < n; i++) {
		if (buckets[i].bound == buckets[joined].bound)
			buckets[joined].count += buckets[i].count;
		else
			buckets[++joined] = buckets[i];
	}
	return joined + 1;
}

static double quantile_of(const struct bucket *buckets, size_t n, double quantile)
{
	double rank, low, below;
	size_t i = 0;

	if (n < 2 || !isinf(buckets[n - 1].bound) || !(buckets[n - 1].count > 0))
		return NAN;
	rank = quantile * buckets[n - 1].count;
	while (i + 1 < n && buckets[i].count < rank)
		i++;
	if (i == n - 1)
		return buckets[n - 2].bound; /* past the last real bound: it is at least that */
	low = i > 0 ? buckets[i - 1].bound : fmin(0, buckets[0].bound);
	below = i > 0 ? buckets[i - 1].count : 0;
	if (buckets[i].count <= below)
		return buckets[i].bound;
	return low + (buckets[i].bound - low) * (rank - below) / (buckets[i].count - below);
}

double prom_selector_quantile(const struct prom_selector *selector, int64_t from, int64_t oldest,
			      double quantile)
{
	struct bucket *buckets = xcalloc(selector->n + 1, sizeof(*buckets));
	size_t first, last, n = 0;
	double value;

	if (span_find(selector, from, oldest, &first, &last) && first != last)
		n = buckets_fill(selector, first, last, buckets);
	value = quantile_of(buckets, n, quantile);
	free(buckets);
	return value;
}
