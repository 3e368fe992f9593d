#include "checklists/gate.h"

#include <string.h>

static const char *const decision_names[] = {
	[DECISION_UNDECIDED] = "undecided",
	[DECISION_GO] = "go",
	[DECISION_NO_GO] = "no-go",
	[DECISION_ADJUST] = "adjust",
};

static const char *const kind_names[] = {
	[CRITERION_GO] = "go",
	[CRITERION_NO_GO] = "no-go",
	[CRITERION_ADJUST] = "adjust",
};

const char *decision_name(enum decision decision)
{
	return decision_names[decision];
}

int decision_parse(const char *name, enum decision *decision)
{
	for (size_t i = 0; i < sizeof(decision_names) / sizeof(*decision_names); i++) {
		if (strcmp(decision_names[i], name) == 0) {
			*decision = (enum decision)i;
			return 0;
		}
	}
	return -1;
}

const char *criterion_kind_name(enum criterion_kind kind)
{
	return kind_names[kind];
}

size_t gate_size(const struct gate *gate)
{
	return gate->n[CRITERION_GO] + gate->n[CRITERION_NO_GO] + gate->n[CRITERION_ADJUST];
}

const struct criterion *gate_criterion(const struct gate *gate, size_t index,
				       enum criterion_kind *kind)
{
	for (int k = 0; k < CRITERION_KINDS; k++) {
		if (index < gate->n[k]) {
			if (kind)
				*kind = (enum criterion_kind)k;
			return &gate->criteria[k][index];
		}
		index -= gate->n[k];
	}
	return NULL;
}

bool gate_blocks(enum criterion_kind kind, enum verdict verdict)
{
	return verdict != (kind == CRITERION_GO ? VERDICT_PASS : VERDICT_FAIL);
}

enum decision gate_compute(const struct gate *gate, const enum verdict *verdicts)
{
	bool holds[CRITERION_KINDS] = { false }, blocked = false;
	enum criterion_kind kind;

	for (size_t i = 0; gate_criterion(gate, i, &kind); i++) {
		holds[kind] = holds[kind] || verdicts[i] == VERDICT_PASS;
		blocked = blocked || gate_blocks(kind, verdicts[i]);
	}
	if (holds[CRITERION_NO_GO])
		return DECISION_NO_GO;
	if (holds[CRITERION_ADJUST])
		return DECISION_ADJUST;
	return blocked ? DECISION_UNDECIDED : DECISION_GO;
}

enum verdict gate_checklist(const struct checklist_state *state)
{
	enum verdict verdict = VERDICT_PASS;

	for (size_t i = 0; i < state->nitems; i++) {
		enum item_status status = state->items[i].status;

		if (!checklist_missing(state, i, GATE_DUE_US))
			continue;
		/* A sensed item that is open was not read yet, or not for too long. */
		if (status != ITEM_UNKNOWN &&
		    (status != ITEM_OPEN || checklist_item(state, i, NULL)->kind != ITEM_SENSED))
			return VERDICT_FAIL;
		verdict = VERDICT_UNKNOWN;
	}
	return verdict;
}
