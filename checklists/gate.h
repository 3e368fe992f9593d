/*
 * Computing a gate: go, no-go or adjust. Pure.
 *
 * No-go if any no-go criterion holds; else adjust if any adjust criterion holds; else go if all go
 * criteria hold and every other fails; else undecided. A person decides; this is what is proposed.
 */
#ifndef CHECKLISTS_GATE_H
#define CHECKLISTS_GATE_H

#include "checklists/checklist.h"
#include "checklists/runbook.h"
#include "lib/reading.h"

/* What a gate asks of a checklist: all that is due before T. What is due at T waits for its
 * decision. Microseconds from T, as checklist_missing() takes them. */
#define GATE_DUE_US (-1)

enum decision { DECISION_UNDECIDED, DECISION_GO, DECISION_NO_GO, DECISION_ADJUST };

/* Number of all criteria, and the one at an index: go ones first, then no-go, then adjust. `kind`
 * may be NULL. */
size_t gate_size(const struct gate *gate);
const struct criterion *gate_criterion(const struct gate *gate, size_t index,
				       enum criterion_kind *kind);
/* `verdicts` has gate_size() elements: pass, the criterion holds. */
enum decision gate_compute(const struct gate *gate, const enum verdict *verdicts);
/* Whether a criterion of that kind with that verdict stands in the way of go. */
bool gate_blocks(enum criterion_kind kind, enum verdict verdict);
/* Verdict of a criterion that is a checklist: pass when everything that is due before T is green,
 * unknown when nothing but what could not be read is missing, else fail. */
enum verdict gate_checklist(const struct checklist_state *state);

const char *decision_name(enum decision decision); /* "undecided", "go", "no-go", "adjust" */
int decision_parse(const char *name, enum decision *decision); /* 0, or -1 when it is none */
const char *criterion_kind_name(enum criterion_kind kind);     /* "go", "no-go", "adjust" */

#endif
