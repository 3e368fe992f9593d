/*
 * What stands right now, for whoever has but a line: kept beside a target's samples by the process
 * that writes them, read by `backout status` without asking the target anything.
 */
#ifndef CORE_STANDING_H
#define CORE_STANDING_H

#include "core/kept.h"
#include "core/recorded.h"
#include "core/sense.h"
#include "lib/buf.h"

#define STANDING_EVERY_US (10 * CLOCK_US) /* how often it is written at least */

/* {"at", "alerts": [..], "conditions": [..], "routines": [..]}: all that is not as it should be,
 * and what is due (`recorded` may be NULL). Nothing is written where nothing is kept. */
void standing_put(const struct sense *sense, const struct recorded *recorded, int64_t now);
/* The last time: whoever watched has ended as it should, and is not missed. */
void standing_end(const struct sense *sense, int64_t now);
/* What stood when it was written last goes on to stand until it is measured otherwise, so that
 * nobody is told again; what is older than an hour does not. After sense_keep(). */
void standing_recall(struct sense *sense, int64_t now);
/* Calls `fn` with each condition that held then, under the same terms. */
void standing_held(const struct sense *sense, int64_t now,
		   void (*fn)(const struct condition *condition, void *data), void *data);
/* Whether somebody set a threshold: where nobody did, nothing is raised and nothing missed. */
bool alert_is_judged(const struct alert *alert);
/* New: what is due or overdue, in the runbook's order: {routine, title, state, since}; `recorded`
 * may be NULL. */
json_t *standing_routines(const struct recorded *recorded, int64_t now);
/* New: one alert: metric, title, level, value, unit, threshold, since, no_data, muted, suggest. */
json_t *standing_alert(const struct sense *sense, const struct alert *alert);
/* "Error rate 62% (warning above 50%)", or that it has no data. */
void standing_alert_text(const struct alert *alert, char *out, size_t size);

/* Appends one line about all targets that were looked at, and all open incidents: the worst alert
 * of each, how many more there are, T. Reads files only. Returns whether all is well. */
bool standing_line(int64_t now, struct buf *out);

#endif
