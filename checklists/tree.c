#include "checklists/tree.h"

#include <string.h>

void tree_begin(struct tree_state *state)
{
	*state = (struct tree_state){ .n = 0 };
}

static const struct outcome *answer_outcome(const struct tree *tree,
					    const struct tree_answer *answer)
{
	const struct question *q = &tree->questions[answer->question];
	return answer->yes ? &q->yes : &q->no;
}

static const struct question *question_find(const struct tree *tree, const char *name)
{
	for (size_t i = 0; name && i < tree->nquestions; i++)
		if (strcmp(tree->questions[i].name, name) == 0)
			return &tree->questions[i];
	return NULL;
}

const struct question *tree_open(const struct tree *tree, const struct tree_state *state,
				 const struct outcome **outcome)
{
	const struct outcome *end = NULL;
	const struct question *open = NULL;

	if (state->n > 0) {
		end = answer_outcome(tree, &state->answers[state->n - 1]);
		open = question_find(tree, end->question);
	} else if (tree->nquestions > 0) {
		open = &tree->questions[tree->start];
	}
	if (!open && outcome)
		*outcome = end;
	return open;
}

int tree_answer(const struct tree *tree, struct tree_state *state, const char *question, bool yes,
		enum verdict proposed, struct err *err)
{
	const struct question *open = tree_open(tree, state, NULL);

	if (!open)
		return err_set(err, "the tree has no open question");
	if (strcmp(open->name, question) != 0)
		return err_set(err, "question \"%s\" is not the open one, \"%s\" is", question,
			       open->name);
	if (state->n == TREE_DEPTH)
		return err_set(err, "the tree is deeper than %d questions", TREE_DEPTH);
	state->answers[state->n++] = (struct tree_answer){
		.question = (size_t)(open - tree->questions),
		.yes = yes,
		.proposed = proposed,
		.overridden = proposed != VERDICT_UNKNOWN && yes != (proposed == VERDICT_PASS),
	};
	return 0;
}

int tree_back(const struct tree *tree, struct tree_state *state, const char *question,
	      struct err *err)
{
	for (size_t i = 0; i < state->n; i++) {
		if (strcmp(tree->questions[state->answers[i].question].name, question) == 0) {
			state->n = i;
			return 0;
		}
	}
	return err_set(err, "question \"%s\" has not been answered", question);
}

int tree_shaken(const struct tree *tree, const struct tree_state *state, const enum verdict *now)
{
	(void)tree;
	for (size_t i = 0; i < state->n; i++) {
		enum verdict verdict = now[state->answers[i].question];
		/* An answer given against its proposal is not shaken by that same proposal. */
		if (state->answers[i].overridden && verdict == state->answers[i].proposed)
			continue;
		if (verdict != VERDICT_UNKNOWN &&
		    (verdict == VERDICT_PASS) != state->answers[i].yes)
			return (int)i;
	}
	return -1;
}
