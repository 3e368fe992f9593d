/*
 * Walking the decision tree. Pure: (state, event) -> state.
 *
 * The state is the list of answers given so far, from the start. An answer stays valid while the
 * console runs; tree_shaken() says which one its probe contradicts now.
 */
#ifndef CHECKLISTS_TREE_H
#define CHECKLISTS_TREE_H

#include "checklists/runbook.h"
#include "lib/reading.h"

#define TREE_DEPTH 64 /* the checker refuses deeper trees */

struct tree_answer {
	size_t question; /* index into tree->questions */
	bool yes;
	enum verdict proposed; /* pass: yes was proposed, fail: no; unknown: nothing */
	bool overridden;       /* the answer is not the proposed one */
};

struct tree_state {
	struct tree_answer answers[TREE_DEPTH];
	size_t n;
};

/* Nothing is answered. */
void tree_begin(struct tree_state *state);
/* The question that is open, or NULL; then *outcome (if not NULL) is where the tree ended. */
const struct question *tree_open(const struct tree *tree, const struct tree_state *state,
				 const struct outcome **outcome);
/* Answers the open question. -1 when `question` is not the open one. */
int tree_answer(const struct tree *tree, struct tree_state *state, const char *question, bool yes,
		enum verdict proposed, struct err *err);
/* Goes back to a question that was answered: it and all later answers are open again. */
int tree_back(const struct tree *tree, struct tree_state *state, const char *question,
	      struct err *err);
/* The first answer that a proposal contradicts now. `now` has one verdict for each question of the
 * tree (unknown contradicts nothing). Returns its index in answers, or -1. */
int tree_shaken(const struct tree *tree, const struct tree_state *state, const enum verdict *now);

#endif
