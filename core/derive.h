/*
 * Metrics that are made of other metrics' values and of probes' verdicts, over windows of time.
 *
 * Values are fed in as they are measured, and from what was kept of earlier runs. What was not seen
 * is not guessed: unknown is neither up nor down, and windows say how much of them was seen.
 */
#ifndef CORE_DERIVE_H
#define CORE_DERIVE_H

#include "checklists/runbook.h"
#include "core/lookback.h"

/* "metric" and "probe"; NULL-terminated. fields[0] is what it is made of. */
extern const struct type *const derived_types[];

struct derive;

/* Filled-in numbers and durations of a metric's object; what can't be filled in is `fallback`. */
struct derive_env {
	const struct runbook *runbook; /* borrowed */
	const struct clock *clock;     /* borrowed */
	int64_t (*duration)(void *data, const json_t *value, int64_t fallback);
	double (*number)(void *data, const json_t *value);
	/* The latest reading of a metric. */
	const struct reading *(*latest)(void *data, const struct metric *metric);
	void *data;
};

struct derive *derive_new(const struct derive_env *env);
void derive_free(struct derive *derive);
/* How far back the longest window reaches; 0: there is none. */
int64_t derive_reach(const struct derive *derive);
/* Whether anything is made of the metric of this name. */
bool derive_uses(const struct derive *derive, const char *metric);

void derive_metric(struct derive *derive, const struct metric *metric, int64_t at, double value);
/* A probe's verdict: unknown counts for nothing, but is no passing either. */
void derive_probe(struct derive *derive, const struct probe *probe, int64_t at,
		  enum verdict verdict);
/* metric -> {"value"}: what it was when all was well; copied. */
void derive_baselines(struct derive *derive, const json_t *baselines);
void derive_read(const struct derive *derive, const struct metric *metric, struct reading *out);

#endif
