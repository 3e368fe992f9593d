/*
 * The inside of the fold, shared by fold.c and fold_items.c alone.
 */
#ifndef CORE_FOLD_PARTS_H
#define CORE_FOLD_PARTS_H

#include "core/state.h"

/* 0, or -1 with what does not fit. */
typedef int fold_fn(struct incident_state *state, const struct jflat *line, int64_t at,
		    struct err *err);

fold_fn fold_item_sensed, fold_item_applies, fold_item;
/* Items that a procedure carries out follow its latest attempt: called after each of its events. */
void fold_items_follow(struct incident_state *state, const struct attempt *attempt, int64_t at);

#endif
