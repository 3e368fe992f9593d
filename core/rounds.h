/*
 * Rounds: probes evaluated again and again. Those that may block are evaluated in a forked copy of
 * the console: each reading is streamed back as soon as it is there, and a copy that overstays is
 * ended. Rounds begin with a second, together with what else is measured and drawn then. While
 * nobody waits, only some of them look at what may block: a copy costs the host more than all else.
 */
#ifndef CORE_ROUNDS_H
#define CORE_ROUNDS_H

#include "core/evaluate.h"

struct rounds;

struct rounds_spec {
	struct loop *loop; /* borrowed, as all below */
	struct wiring *wiring;
	struct slots *slots;
	const int64_t *before; /* wall time of the trouble's beginning; read at each start */
	int64_t every_us, overstay_us;
	/* Of how many rounds one looks at what may block, now: 1: each. A probe without a reading
	 * is looked at in the next one whatever this says. */
	unsigned (*stride)(void *data);
	/* Fills the list of probes of the next round (new, freed with free()); n in *n. */
	struct probe **(*probes)(size_t *n, void *data);
	/* A round is over; readings are in the slots. */
	void (*over)(void *data);
	void *data;
};

/* New; the spec is copied. A round that is under way ends with it. */
struct rounds *rounds_new(const struct rounds_spec *spec);
void rounds_free(struct rounds *rounds);
/* One that looks at everything begins at once; again after the running one. */
void rounds_now(struct rounds *rounds);

#endif
