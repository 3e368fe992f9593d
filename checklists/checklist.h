/*
 * Walking a checklist. Pure: (state, event) -> state.
 */
#ifndef CHECKLISTS_CHECKLIST_H
#define CHECKLISTS_CHECKLIST_H

#include "checklists/runbook.h"
#include "lib/reading.h"

enum item_status {
	ITEM_OPEN,
	ITEM_GREEN,    /* sensed and holding, or done by hand, or its action is done and verified */
	ITEM_RED,      /* sensed and not holding */
	ITEM_UNKNOWN,  /* could not be read */
	ITEM_DEFERRED, /* comes back at the end */
	ITEM_OVERRIDDEN, /* with a reason; never green */
	ITEM_NOT_APPLICABLE,
};

struct item_state {
	enum item_status status;
	int64_t at;		     /* wall time of the last change */
	int64_t measured;	     /* wall time of the last reading, sensed items */
	char evidence[READING_TEXT]; /* of the reading; the note or reason of who acted; how its
					action went */
	char by[64]; /* who ticked, deferred or overrode it, or had its action run; "" */
	/* Not of the ledger: it was green but not measured for too long; open until it is. */
	bool expired;
	/* While it does not apply: what it is when it does again, and why it does not. */
	enum item_status behind;
	char when[READING_TEXT];
};

struct checklist_state {
	const struct checklist *checklist; /* borrowed */
	struct item_state *items;	   /* owned; all sections' items in order */
	size_t nitems;
};

enum item_event {
	ITEM_EV_SENSED,
	ITEM_EV_TICKED,
	ITEM_EV_REOPENED,
	ITEM_EV_DEFERRED,
	ITEM_EV_OVERRIDDEN,
	ITEM_EV_WHEN,
	ITEM_EV_ACTION_DONE,
	ITEM_EV_ACTION_FAILED,
	ITEM_EV_ACTION_OPEN /* it is run again, or was undone */
};

/* Every item is open. */
void checklist_begin(struct checklist_state *state, const struct checklist *checklist);
void checklist_state_release(struct checklist_state *state);
/* Index of an item in state->items, or -1; and the item of an index, with its section (`section`
 * may be NULL). */
int checklist_index(const struct checklist_state *state, const char *id);
const struct item *checklist_item(const struct checklist_state *state, size_t index,
				  const struct section **section);
/* `verdict` for ITEM_EV_SENSED and ITEM_EV_WHEN, `text` evidence or reason. -1 when not allowed: a
 * sensed item can't be ticked by hand, an override needs a reason. */
int checklist_apply(struct checklist_state *state, size_t index, enum item_event event,
		    enum verdict verdict, const char *text, int64_t at, struct err *err);
/* Sensed greens older than their `expires` go back to open. Returns how many did. */
int checklist_expire(struct checklist_state *state, int64_t now);
/* A reading that says what is on record already: that is as old as this reading, and a green that
 * had expired is green again. Another one changes nothing. */
void checklist_confirm(struct checklist_state *state, size_t index, enum verdict verdict,
		       int64_t at);
/* The status as a person reads it: what stands below an item that does not apply, or that was
 * overridden or deferred, goes along with it, unless it is green itself. */
enum item_status checklist_status(const struct checklist_state *state, size_t index);
/* Whether an item follows its sub-items: nobody ticks it. */
bool checklist_follows(const struct checklist_state *state, size_t index);
/* 0 to 100: green among the applicable, non-optional ones (100 when there are none). */
int checklist_readiness(const struct checklist_state *state);
/* The same of what is due until `offset_us` from T (0: until T); sections without T count. */
int checklist_readiness_until(const struct checklist_state *state, int64_t offset_us);
/* Whether an item counts for that readiness and is not green. */
bool checklist_missing(const struct checklist_state *state, size_t index, int64_t offset_us);
/* Item to look at next: the first open or red one, deferred ones last; -1: none. */
int checklist_next(const struct checklist_state *state);
/* The same among those that are missing until `offset_us`. */
int checklist_next_until(const struct checklist_state *state, int64_t offset_us);
const char *item_status_name(enum item_status status); /* "open", "green", ... "not applicable" */

#endif
