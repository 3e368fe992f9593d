/*
 * The timeline of an incident: every line of its ledger. What is shown of one is made when it is
 * first asked for: a ledger may have a hundred thousand, and most are never looked at.
 */
#ifndef CORE_TIMELINE_H
#define CORE_TIMELINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/events.h"
#include "logs/ledger.h"

struct timeline_entry {
	uint64_t seq;
	int64_t at;
	enum event_id event; /* EV_COUNT for unknown ones */
	bool hidden;
	bool misfit;		    /* not folded: it does not fit what came before */
	struct timeline_kept *kept; /* owned */
};

/* Takes a line over; `why`: what does not fit, or NULL. */
struct timeline_entry timeline_entry(const struct ledger_line *line, enum event_id event,
				     const char *why);
void timeline_entry_release(struct timeline_entry *entry);

/* Borrowed, as long as the entry lives: the whole line; the words for it (event_text(), and why
 * when it does not fit); who. */
const json_t *entry_json(const struct timeline_entry *entry);
const char *entry_text(const struct timeline_entry *entry);
const char *entry_by(const struct timeline_entry *entry);

#endif
