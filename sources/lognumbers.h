/*
 * Numbers found in lines, over sliding windows, in bounded memory. How many, sum, smallest and
 * largest are exact, to the second for an hour and to ten seconds for a day, as in
 * sources/window.h; percentiles are those of the latest LOGNUMBERS_KEPT.
 */
#ifndef SOURCES_LOGNUMBERS_H
#define SOURCES_LOGNUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGNUMBERS_KEPT 8192

struct lognumbers;

struct lognumbers_sum {
	uint64_t n;
	double sum, min, max; /* 0 when n is */
};

struct lognumbers *lognumbers_new(void);
void lognumbers_free(struct lognumbers *numbers);
void lognumbers_add(struct lognumbers *numbers, int64_t at, double value);
/* Over from < t <= to, wall times. */
struct lognumbers_sum lognumbers_over(const struct lognumbers *numbers, int64_t from, int64_t to);
/* The smallest kept number of that span that at least `percent` of them don't exceed (nearest
 * rank). `*n`: of how many; 0: none, and nothing is given. */
double lognumbers_percentile(const struct lognumbers *numbers, int64_t from, int64_t to,
			     double percent, uint64_t *n);

#endif
