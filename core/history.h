/*
 * What earlier drills on this machine say about a procedure: a fold over the scores of the state
 * folder's newest incidents.
 */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checklists/runbook.h"

struct history {
	size_t n;	     /* drills in which the procedure recovered the system, verified */
	int64_t last_at;     /* wall time of the latest one's score */
	int64_t last_us;     /* what it took then, from approval to end */
	int64_t budget_us;   /* its budget then; 0: none */
	int64_t shortest_us; /* of all */
	int64_t longest_us;
};

/* Reads first lines and scores only; what can't be read counts for nothing. Blocking. */
void history_read(const char *system, const char *procedure, struct history *out);
/* The same in one pass for all procedures of a runbook: as many, in their order. */
void history_read_all(const struct runbook *runbook, struct history *out);
/* The same for any names, of procedures (`key` "procedure") or scenarios ("scenario"): `n` of them.
 */
void history_read_names(const char *system, const char *key, const char *const *names, size_t n,
			struct history *out);
/* Such a list as JSON (new) and back, so that a child process can read it. */
json_t *history_to_json(const struct history *list, size_t n);
void history_from_json(const json_t *json, struct history *list, size_t n);
/* "proven 3 times in drills, last 12 days ago: 41 s of 5 min (38 s to 55 s)". False, and ""
 * written, when there was none. */
bool history_text(const struct history *history, int64_t now, char *out, size_t size);

#endif
