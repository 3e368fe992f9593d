/*
 * The samples of one name and some labels, scrape after scrape: their value now, and how much the
 * counters among them grew. A counter that fell was started anew: what it has since then is growth.
 * One that appears after the first scrape grew from nothing.
 */
#ifndef SOURCES_PROMSERIES_H
#define SOURCES_PROMSERIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define PROM_SCRAPES 128  /* how many are kept: the longest window, in scrapes */
#define PROM_SERIES  2000 /* of one selector, whose growth is followed */

struct prom_selector;

/* New. */
struct prom_selector *prom_selector_new(const char *name, const json_t *labels);
void prom_selector_free(struct prom_selector *selector);
bool prom_selector_is(const struct prom_selector *selector, const char *name, const json_t *labels);
/* One scrape's whole text, and its wall time. */
void prom_selector_feed(struct prom_selector *selector, const struct buf *text, int64_t at);
/* How many samples the latest scrape had of it. */
size_t prom_selector_matched(const struct prom_selector *selector);
/* Of the latest scrape: "sum", "max", "min", "mean" or "count". */
double prom_selector_value(const struct prom_selector *selector, const char *of);
/* The sum of all growth between the scrape nearest before `from` (else the oldest that is kept) and
 * the latest, none of them before `oldest`; their wall times in *first and *last, the same when
 * there is but one. */
double prom_selector_growth(const struct prom_selector *selector, int64_t from, int64_t oldest,
			    int64_t *first, int64_t *last);
/* Whether there were more than PROM_SERIES series, so that not all growth is known. */
bool prom_selector_is_full(const struct prom_selector *selector);
/* The quantile (0 to 1) of what came into a histogram's buckets in that time, linear within a
 * bucket as Prometheus' histogram_quantile() has it; NAN when nothing came. */
double prom_selector_quantile(const struct prom_selector *selector, int64_t from, int64_t oldest,
			      double quantile);

#endif
