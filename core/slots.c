/* What is known of each probe (core/evaluate.h). */
#include <stdlib.h>

#include "core/evaluate.h"
#include "lib/mem.h"

#define GAP_US (60 * CLOCK_US)

static size_t slot_place(const struct slots *slots, const struct probe *probe)
{
	size_t i = (size_t)(((uintptr_t)probe >> 4) * 0x9E3779B97F4A7C15ULL) % slots->size;

	while (slots->table[i] && slots->list[slots->table[i] - 1]->probe != probe)
		i = (i + 1) % slots->size;
	return i;
}

struct slot *slots_find(const struct slots *slots, const struct probe *probe)
{
	size_t at;

	if (!slots->size)
		return NULL;
	at = slots->table[slot_place(slots, probe)];
	return at ? slots->list[at - 1] : NULL;
}

static void slots_grow(struct slots *slots)
{
	free(slots->table);
	slots->size = slots->size ? slots->size * 2 : 64;
	slots->table = xcalloc(slots->size, sizeof(*slots->table));
	for (size_t i = 0; i < slots->n; i++)
		slots->table[slot_place(slots, slots->list[i]->probe)] = i + 1;
}

struct slot *slots_add(struct slots *slots, const struct probe *probe)
{
	struct slot *slot = slots_find(slots, probe);

	if (slot)
		return slot;
	for (size_t i = 0; i < probe->nparts; i++)
		slots_add(slots, probe->parts[i]);
	if (slots->n * 2 >= slots->size)
		slots_grow(slots);
	slot = xcalloc(1, sizeof(*slot));
	slot->probe = probe;
	slot->gap_us = GAP_US;
	slots->list = xgrow(slots->list, &slots->cap, slots->n + 1, sizeof(struct slot *));
	slots->list[slots->n] = slot;
	slots->table[slot_place(slots, probe)] = ++slots->n;
	if (probe->kind == PROBE_HELD && probe->nparts) {
		struct slot *part = slots_find(slots, probe->parts[0]);

		/* Several may ask about one probe: who allows longer gaps is heeded. */
		if (probe->max_gap_us > part->gap_us)
			part->gap_us = probe->max_gap_us;
	}
	return slot;
}

void slot_record(struct slot *slot, const struct reading *reading)
{
	const struct reading *last = &slot->sensed.reading;
	bool gap = !last->at || reading->at - last->at > slot->gap_us;

	if (gap || last->verdict != reading->verdict) {
		slot->was = gap ? VERDICT_UNKNOWN : last->verdict;
		slot->sensed.since = reading->at;
	}
	slot->sensed.reading = *reading;
	slot->recalled = false;
}

void slots_release(struct slots *slots)
{
	for (size_t i = 0; i < slots->n; i++)
		free(slots->list[i]);
	free(slots->list);
	free(slots->table);
	*slots = (struct slots){ 0 };
}
