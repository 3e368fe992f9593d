/*
 * What is kept of a target's metrics and probes between runs: metrics/SYSTEM/TARGET below the state
 * folder.
 *
 *     metrics_YYYYMMDD.jsonl   by UTC date, one sample a line: {"at", "metric", "value"} or {"at",
 * "probe", "verdict"}; every ten seconds, and each changed verdict baselines.json           metric
 * -> {"value", "unit", "at", "over"}: what it was when all was well mutes.json               metric
 * -> {"until", "by", "reason"} alerts.json              what stands now, for `backout status`
 *     writer.lock              held by the one process that writes samples
 *
 * Several processes may read; lines that a crash cut are passed over.
 */
#ifndef CORE_KEPT_H
#define CORE_KEPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/reading.h"

struct kept;

/* New; NULL without err when there is no target, or no state folder to keep it in. Makes nothing
 * yet. */
struct kept *kept_new(const char *system, const char *target, const struct clock *clock);
void kept_free(struct kept *kept);
const char *kept_folder(const struct kept *kept);

/* Writes one sample, unless another process does. A folder that can't be written keeps nothing:
 * err. */
int kept_metric(struct kept *kept, const char *metric, int64_t at, double value, struct err *err);
int kept_probe(struct kept *kept, const char *probe, int64_t at, enum verdict verdict,
	       struct err *err);

/* Why the latest sample could not be written (a full disk); "": it could, or another process does.
 */
const char *kept_trouble(const struct kept *kept);

/* One sample: `probe` tells which kind; `value` of a probe is 1 for pass and 0 for fail, NAN for
 * unknown. */
struct kept_sample {
	int64_t at; /* wall time */
	bool probe;
	const char *name; /* borrowed */
	double value;
};
typedef void kept_fn(const struct kept_sample *sample, void *data);
/* Whether samples of that name are asked for. */
typedef bool kept_wants_fn(const char *name, bool probe, void *data);
/* All samples that are asked for since a wall time, in the files' order (that of time, but for
 * clocks that were set). */
void kept_read(const struct kept *kept, int64_t from, kept_wants_fn *wants, kept_fn *fn,
	       void *data);

/* New: the objects described above; {} when there are none. */
json_t *kept_baselines(const struct kept *kept);
json_t *kept_mutes(const struct kept *kept);
json_t *kept_alerts(const struct kept *kept);
int kept_baseline_set(struct kept *kept, const char *metric, json_t *baseline, struct err *err);
/* `mute` NULL: it is muted no more. Both are stolen. */
int kept_mute_set(struct kept *kept, const char *metric, json_t *mute, struct err *err);
/* Replaces alerts.json; not synced: what it says is true for a moment only. */
int kept_alerts_put(struct kept *kept, const json_t *alerts, struct err *err);
/* Calls `fn` with the alerts.json of every target below the state folder. */
void kept_alerts_each(void (*fn)(const char *system, const char *target, const json_t *alerts,
				 void *data),
		      void *data);

#endif
