/*
 * The text that Prometheus scrapes: "name{label="value",...} number [timestamp]" a line.
 * Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4); of
 * OpenMetrics, exemplars behind "#" are passed over.
 */
#ifndef LIB_PROMTEXT_H
#define LIB_PROMTEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One sample; everything borrowed, until the callback returns. */
struct prom_sample {
	const char *name;
	size_t name_len;
	const char *labels; /* what stands between the braces, unread; "" when there are none */
	size_t labels_len;
	double value; /* NAN and the infinities are values, too */
};

typedef void prom_fn(const struct prom_sample *sample, void *data);

/* Calls `fn` for each sample. Returns how many lines made no sense. */
size_t prom_read(const char *text, size_t len, prom_fn *fn, void *data);
/* The value of one label, unescaped, into `out`; false when the sample does not have it. A value
 * that does not fit is cut. */
bool prom_label(const struct prom_sample *sample, const char *label, char *out, size_t size);
/* Whether the sample has this name and all of these labels (an object of scalars, or NULL). */
bool prom_matches(const struct prom_sample *sample, const char *name, const json_t *labels);

#endif
