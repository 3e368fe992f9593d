/*
 * What sensing remembers: the windows that derived metrics look at, and how long probes have held,
 * over restarts too when it is given a place to keep it.
 */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include "core/derive.h"
#include "core/evaluate.h"
#include "core/kept.h"

#define MEMORY_EVERY_US (10 * CLOCK_US) /* how often a sample is kept */

struct memory;

/* New. Both are borrowed; `wiring` has the latest readings. */
struct memory *memory_new(struct wiring *wiring, struct slots *slots);
void memory_free(struct memory *memory);
/* From now on what is sensed is kept there; what was kept before is remembered. `kept` is borrowed.
 * Samples of metrics that are not older than `series_from` also go to `series`. Without
 * `write` it is only remembered. */
typedef void memory_series_fn(const struct metric *metric, int64_t at, double value, void *data);
void memory_keep(struct memory *memory, struct kept *kept, bool write, int64_t series_from,
		 memory_series_fn *series, void *data);
/* Takes over the baselines that are kept. */
void memory_baselines(struct memory *memory);
/* A metric was measured; NAN: it could not be. `news`: it is kept at once. */
void memory_metric(struct memory *memory, const struct metric *metric, int64_t at, double value,
		   bool news);
/* Looks what the slots know about the probes that are remembered. */
void memory_probes(struct memory *memory);
/* Those probes; borrowed. They have to be looked at all the time. */
struct probe *const *memory_remembers(const struct memory *memory, size_t *n);
/* The reading of a derived metric. */
void memory_read(const struct memory *memory, const struct metric *metric, struct reading *out);

#endif
