/*
 * Evaluating probes: structural kinds by verdict, typed leaves through sources/probe.h. One code
 * for the console's rounds, the runner and the command line.
 */
#ifndef CORE_EVALUATE_H
#define CORE_EVALUATE_H

#include "core/sense.h"
#include "core/wiring.h"

/* What is known of one probe. */
struct slot {
	const struct probe *probe; /* borrowed */
	struct sensed sensed;
	enum verdict was; /* the verdict before sensed.since */
	uint64_t round;	  /* when it was evaluated last */
	int64_t gap_us;	  /* a longer time without a reading is a gap */
	bool recalled;	  /* the reading was kept from an earlier run: nothing is known now */
};

/* All probes that were ever asked for. Slots never move. */
struct slots {
	struct slot **list;
	size_t n, cap; /* owned */
	size_t *table;
	size_t size; /* owned: open addressing, index + 1 */
};

struct slot *slots_find(const struct slots *slots, const struct probe *probe); /* or NULL */
/* Adds the probe and all its parts. */
struct slot *slots_add(struct slots *slots, const struct probe *probe);
/* Records a reading; a verdict that is seen again after a gap of over a minute is a new one. */
void slot_record(struct slot *slot, const struct reading *reading);
void slots_release(struct slots *slots);

struct evaluation {
	struct wiring *wiring;		    /* borrowed */
	struct slots *slots;		    /* borrowed */
	int64_t since, shown_since, before; /* as in sources/probe.h */
	int64_t deadline;		    /* monotonic */
	uint64_t round; /* a probe is evaluated once in a round; 0: always anew */
	/* Called with each reading, parts first. May be NULL. */
	void (*seen)(const struct slot *slot, void *data);
	void *data;
};

/* Blocks until the probe and its parts are evaluated, at most until the deadline: what was not
 * reached by then is unknown. `out` is also recorded in the probe's slot. */
void evaluate(const struct evaluation *evaluation, const struct probe *probe, struct reading *out);
/* Whether that may block: then a console does it in a copy of itself. */
bool evaluate_blocks(const struct probe *probe);
/* Tells the live sources of a probe and its parts what will be asked for (probe_type.watch). */
void evaluate_watch(const struct evaluation *evaluation, const struct probe *probe);
/* As evaluate(), for a probe that stands inside an action's object: a declared one's name, a typed
 * object, or all, any and not of these. Parameters are filled in already. */
void evaluate_json(const struct evaluation *evaluation, const json_t *probe, struct reading *out);

#endif
