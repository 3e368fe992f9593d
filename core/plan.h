/*
 * What a procedure would do: the plan that is shown, approved and hashed. Blocking; changes nothing.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "actions/action.h"
#include "core/sense.h"
#include "lib/sha256.h"

struct plan_step {
	const struct step *step;   /* borrowed */
	enum risk_class risk;
	bool applicable;           /* its `when` did not fail */
	bool manual;               /* nothing is bound to it */
	char **lines; size_t nlines; /* owned */
	char *undo;                /* owned; "" when it can't be undone */
	char *problem;             /* owned: why it could not be planned or is not ready; NULL: fine */
};

struct procedure_plan {
	const struct procedure *procedure;
	struct plan_step *steps; size_t nsteps; /* owned */
	char **loss; size_t nloss; /* owned: measured data loss */
	enum risk_class risk;      /* the highest */
	char digest[SHA256_HEX];   /* over procedure, filled-in steps, parameters and target */
	json_t *params;            /* owned: the answers used */
};

/* 0, or -1 when the procedure can't be planned at all. */
int plan_make(struct procedure_plan *plan, struct sense *sense, const struct runbook *runbook,
	      const struct target *target, const struct procedure *procedure, const json_t *params,
	      struct err *err);
void plan_free(struct procedure_plan *plan);
/* As JSON and back, so that a child process can make it. */
json_t *plan_to_json(const struct procedure_plan *plan);
int plan_from_json(struct procedure_plan *plan, const struct runbook *runbook, const json_t *json,
		   struct err *err);
/* The proposed answers to the `ask` parameters of a procedure: new, an object name -> value (null when
 * nothing can be proposed), with evidence under "name.evidence". Blocking. */
json_t *plan_propose(struct sense *sense, const struct procedure *procedure);

#endif
