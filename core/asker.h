/*
 * Readings that block, taken in forked copies: one copy a source at a time, so that a source which
 * hangs holds up nobody but itself. A copy that overstays is ended, and its readings are unknown.
 */
#ifndef CORE_ASKER_H
#define CORE_ASKER_H

#include "core/wiring.h"

#define ASKER_EVERY_US	  (10 * CLOCK_US) /* how often, when the metric doesn't say */
#define ASKER_OVERSTAY_US (10 * CLOCK_US)

struct asker;

/* `answered` is called with the reading of the metric's index in the runbook. All are borrowed. */
typedef void asker_fn(size_t metric, const struct reading *reading, void *data);
struct asker *asker_new(struct loop *loop, struct wiring *wiring, asker_fn *answered, void *data);
void asker_free(struct asker *asker);
/* Whether a metric is read this way. */
bool asker_takes(const struct metric *metric);
/* Wants a metric's reading; asker_go() begins to take it, together with others of its source,
 * unless its source is being asked already: then after that. */
void asker_want(struct asker *asker, size_t metric);
void asker_go(struct asker *asker);

#endif
