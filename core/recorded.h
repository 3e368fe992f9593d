/*
 * What the ledgers of a system and target say of what recurs and of what is rolled out: what
 * routines began with, what was done of them, and how far the phases are. Nothing of it is kept
 * anywhere else.
 */
#ifndef CORE_RECORDED_H
#define CORE_RECORDED_H

#include <jansson.h>

#include "checklists/runbook.h"
#include "checklists/schedule.h"
#include "lib/reading.h"

#define RECORDED_ID 64

/* A routine, once for each beginning that it has: each incident has follow-ups of its own. */
struct recorded_routine {
	const struct routine *routine; /* borrowed */
	int64_t start;		       /* what schedule_due() takes; 0: none yet, or none needed */
	char start_id[RECORDED_ID];    /* the incident that it began with; "" */
	int64_t done;		       /* the latest of its times that something was done for */
	int64_t done_at;	       /* when that was; 0: never */
	char done_id[RECORDED_ID];     /* its incident */
	char result[16];	       /* "holds", "partly", "fails" */
	char open_id[RECORDED_ID];     /* the incident of one that is under way; "" */
	int64_t open_due;	       /* the time that this one is done for */
};

/* Wall times; 0: not yet. */
struct recorded_phase {
	int64_t begun_at, ended_at;
	bool finished;	   /* it ended, and was not given up */
	int64_t shaken_at; /* when one of its conditions was on record last; now, if one still is */
	const struct condition *shaken_by; /* borrowed; that one */
};

struct recorded {
	struct recorded_routine *routines; /* owned */
	size_t n;
	struct recorded_phase *phases; /* owned: as many as the runbook has, in its order */
};

/* Reads the state folder's newest incidents of that system and target; what can't be read counts
 * for nothing. Blocking. */
void recorded_read(const struct runbook *runbook, const char *target, int64_t now,
		   struct recorded *out);
void recorded_release(struct recorded *recorded);
/* Whether somebody has to begin it now: it is due, and nobody is at it for that time. Who still is
 * for an earlier one may have left it. */
bool recorded_is_asked(const struct recorded_routine *routine, const struct due *due);
/* As JSON (new) and back, so that a child process can read it. False: it is none. */
json_t *recorded_to_json(const struct runbook *runbook, const struct recorded *recorded);
bool recorded_from_json(const json_t *json, const struct runbook *runbook, struct recorded *out);

/* Answers a probe over the record: `type` is "phase", "proven" or "routine", `args` its object,
 * filled in. Blocking. */
void recorded_ask(const struct runbook *runbook, const char *target, const char *type,
		  const json_t *args, int64_t now, struct reading *out);

#endif
