/*
 * Walking a procedure. Pure: (state, event) -> state.
 */
#ifndef CHECKLISTS_PROCEDURE_H
#define CHECKLISTS_PROCEDURE_H

#include "checklists/runbook.h"
#include "lib/reading.h"

enum step_status {
	STEP_WAITING,
	STEP_RUNNING,	   /* intent is on record, no outcome yet */
	STEP_RAN,	   /* outcome "done", verify not judged yet */
	STEP_DONE,	   /* settled and verified; an answer given, for questions and choices */
	STEP_FAILED,	   /* the action failed */
	STEP_NOT_VERIFIED, /* it ran, but verify does not hold (or is unknown) */
	STEP_UNKNOWN,	   /* its runner died: nobody knows yet */
	STEP_SKIPPED,
	STEP_UNDONE,
	STEP_NOT_APPLICABLE, /* `when` failed, or its guard was answered otherwise */
};

struct step_state {
	enum step_status status;
	int attempt;	   /* from 1; 0: never started */
	int same_failures; /* identical failures in a row */
	char failure[160]; /* what failed last, to compare */
	const char
	    *answer;	  /* questions: "yes"/"no"; choices: option id; borrowed from the runbook */
	bool undoing;	  /* the running intent is an undo */
	bool alternative; /* chosen as another step's alternative */
	bool replaced;	  /* skipped because its alternative was taken */
	int64_t started, ended; /* wall times; 0: not yet */
};

struct procedure_state {
	const struct procedure *procedure; /* borrowed; NULL: none chosen */
	struct step_state *steps;	   /* owned, one for each step */
	bool approved;			   /* set by the caller; nothing runs before */
	bool stopped;			   /* set by the caller */
	int64_t started, ended;		   /* wall times of first intent and last outcome; 0 */
};

enum step_event {
	STEP_EV_INTENT, /* the runner is about to run it */
	STEP_EV_OUTCOME_DONE,
	STEP_EV_OUTCOME_FAILED, /* `text` says what failed */
	STEP_EV_VERIFIED,
	STEP_EV_NOT_VERIFIED, /* `text` names the probe */
	STEP_EV_DIED,	      /* the runner is gone without an outcome */
	STEP_EV_SETTLED,      /* asked after a death: the effect is there */
	STEP_EV_NOT_SETTLED,  /* ... it is not: waiting again */
	STEP_EV_ANSWERED,     /* `text`: the answer */
	STEP_EV_SKIPPED,
	STEP_EV_ALTERNATIVE, /* take this step's alternative */
	STEP_EV_UNDO_INTENT,
	STEP_EV_UNDONE,
	STEP_EV_NOT_APPLICABLE,
};

/* Every step waits. */
void procedure_begin(struct procedure_state *state, const struct procedure *procedure);
void procedure_state_release(struct procedure_state *state);
/* Applies one event to step `step` (index). -1 when the transition is not allowed (the table in the
 * .c file lists all that are), with the reason. */
int procedure_apply(struct procedure_state *state, size_t step, enum step_event event,
		    const char *text, int64_t at, struct err *err);
/* Index of the step that is next (waiting, applicable), or that needs a decision or is running; -1
 * when all are finished. Steps whose guard was answered otherwise are passed over. */
int procedure_next(const struct procedure_state *state);
/* Every step is done, skipped, or not applicable, and at least one is done. */
bool procedure_finished(const struct procedure_state *state);
/* No step was skipped, failed or left unverified. One whose alternative was taken is judged by that
 * one: it is the runbook's own other way. */
bool procedure_clean(const struct procedure_state *state);
/* The status as a person reads it: a waiting step that is passed over, because its question was
 * answered otherwise or does not apply, or the alternative was not taken, is not applicable. */
enum step_status procedure_status(const struct procedure_state *state, size_t step);
const char *step_status_name(enum step_status status); /* "waiting", "running", "done", ... */

#endif
