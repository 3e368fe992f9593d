/* Records over time. */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/mem.h"
#include "sources/scanparts.h"

#define MINUTE_US   (60 * CLOCK_US)
#define DAY_US	    (86400 * CLOCK_US)
#define SLOTS_FIRST 1024
/* 45 days of minutes, 7 years of hours. */
#define SPANS_MAX 65536

void spans_init(struct spans *spans)
{
	*spans = (struct spans){ .step = MINUTE_US, .nslots = SLOTS_FIRST };
	spans->slots = xcalloc(spans->nslots, sizeof(*spans->slots));
}

void spans_release(struct spans *spans)
{
	free(spans->slots);
	*spans = (struct spans){ .slots = NULL };
}

static bool is_free(const struct scan_span *span)
{
	for (size_t i = 0; i < SCAN_LEVELS; i++)
		if (span->levels[i] > 0)
			return false;
	return true;
}

/* The slot that has this time, or is free for it. */
static struct scan_span *slot_of(struct scan_span *slots, size_t nslots, int64_t at, int64_t step)
{
	uint64_t hash = (uint64_t)(at / step) * 0x9e3779b97f4a7c15u;
	size_t i = (size_t)(hash >> 32) & (nslots - 1);

	while (!is_free(&slots[i]) && slots[i].at != at)
		i = (i + 1) & (nslots - 1);
	return &slots[i];
}

/* Moves all into a table of another size or step. */
static void rebuild(struct spans *spans, size_t nslots, int64_t step)
{
	struct scan_span *slots = xcalloc(nslots, sizeof(*slots));
	size_t used = 0;

	for (size_t i = 0; i < spans->nslots; i++) {
		const struct scan_span *from = &spans->slots[i];
		struct scan_span *to;

		if (is_free(from))
			continue;
		to = slot_of(slots, nslots, from->at - from->at % step, step);
		used += is_free(to);
		to->at = from->at - from->at % step;
		for (size_t level = 0; level < SCAN_LEVELS; level++)
			to->levels[level] += from->levels[level];
	}
	free(spans->slots);
	spans->slots = slots;
	spans->nslots = nslots;
	spans->step = step;
	spans->used = used;
}

struct scan_span *spans_seek(struct spans *spans, int64_t at)
{
	struct scan_span *span;

	if (spans->used >= SPANS_MAX && spans->step < DAY_US)
		rebuild(spans, spans->nslots, spans->step == MINUTE_US ? 60 * MINUTE_US : DAY_US);
	else if (2 * spans->used >= spans->nslots && spans->used < SPANS_MAX)
		rebuild(spans, 2 * spans->nslots, spans->step);
	spans->from = at - at % spans->step;
	spans->to = spans->from + spans->step;
	span = slot_of(spans->slots, spans->nslots, spans->from, spans->step);
	if (is_free(span)) {
		if (spans->used >= SPANS_MAX) {
			spans->to = spans->from;
			return NULL;
		}
		span->at = spans->from;
		spans->used++;
	}
	spans->latest = span;
	return span;
}
