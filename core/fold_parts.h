/*
 * The inside of the fold, shared by the fold*.c files alone.
 */
#ifndef CORE_FOLD_PARTS_H
#define CORE_FOLD_PARTS_H

#include "core/state.h"

/* 0, or -1 with what does not fit. */
typedef int fold_fn(struct incident_state *state, const struct jflat *line, int64_t at,
		    struct err *err);

fold_fn fold_item_sensed, fold_item_applies, fold_item;
fold_fn fold_routine, fold_routine_ended, fold_phase, fold_phase_ended;
fold_fn fold_asked, fold_approved, fold_rejected, fold_broken;
/* Judges anew what was said about the current plan, as of `at`: after words, and when the severity,
 * and so the rule, is another one. What was begun is not judged any more. */
void fold_authority(struct incident_state *state, int64_t at);
/* The record has come to this time. */
void fold_time(struct incident_state *state, int64_t at);
/* What stands in the way of the plans of the procedure that was chosen last. */
void fold_carry(struct incident_state *state);
/* A step of it is about to run: what authorised it then is kept. `attempt` may be NULL. */
void fold_begins(struct attempt *attempt, const struct incident_state *state);
/* Items that a procedure carries out follow its latest attempt: called after each of its events. */
void fold_items_follow(struct incident_state *state, const struct attempt *attempt, int64_t at);

#endif
