/*
 * What a procedure would do: the plan that is shown, approved and hashed. Blocking; changes
 * nothing.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "actions/action.h"
#include "core/load.h"
#include "core/sense.h"
#include "lib/sha256.h"

struct plan_step {
	const struct step *step; /* borrowed */
	enum risk_class risk;
	bool applicable; /* its `when` did not fail */
	bool manual;	 /* nothing is bound to it */
	char **lines;
	size_t nlines; /* owned */
	char *undo;    /* owned; "" when it can't be undone */
	char *problem; /* owned: why it could not be planned or is not ready; NULL: fine */
};

struct procedure_plan {
	const struct procedure *procedure;
	struct plan_step *steps;
	size_t nsteps; /* owned */
	char **loss;
	size_t nloss;		 /* owned: measured data loss */
	enum risk_class risk;	 /* the highest of the steps that apply */
	char digest[SHA256_HEX]; /* plan_digest() */
	json_t *params;		 /* owned: the answers used */
	json_t *identity; /* owned: whom the steps would change (core/identity.h), as far as it can
			     be told before they run */
};

struct incident;

/* Opens nothing itself: `sense` evaluates each step's `when` and fills in parameters (`params`
 * first). `incident`: what messages tell of; NULL: none is open. 0, or -1 when the procedure can't
 * be planned at all. */
int plan_make(struct procedure_plan *plan, struct sense *sense, const struct loaded *loaded,
	      const struct procedure *procedure, const json_t *params,
	      const struct incident *incident, struct err *err);
void plan_free(struct procedure_plan *plan);
/* As JSON (new) and back (-1 when it does not fit the runbook), so that a child process can make
 * it. */
json_t *plan_to_json(const struct procedure_plan *plan);
int plan_from_json(struct procedure_plan *plan, const struct runbook *runbook, const json_t *json,
		   struct err *err);
/* The proposed answers to the `ask` parameters of a procedure: new, an object name -> value (null
 * when nothing can be proposed), with evidence under "name.evidence". Blocking. */
json_t *plan_propose(struct sense *sense, const struct procedure *procedure);

/*
 * What an approval covers: SHA-256 over a canonical JSON text (no blanks, keys sorted) of the
 * procedure's name, every step with its filled-in action and probes, the answers, the target's name
 * and the hashes of the frozen runbook and target. Secrets stand in it by name, not by value. Reads
 * nothing from outside.
 */
int plan_digest(const struct sense *sense, const struct loaded *loaded,
		const struct procedure *procedure, const json_t *params, char out[SHA256_HEX],
		struct err *err);
/* The action of a step: its own, or the one that the target binds in a manual one's place. NULL: it
 * has none, or a person does it. */
const struct typed *step_action(const struct step *step, const struct procedure *procedure,
				const struct target *target);
/* The probe that the target binds in a manual step's place: the step is done when it passes. NULL.
 */
struct probe *step_bound_probe(const struct step *step, const struct procedure *procedure,
			       const struct target *target);
/* "if \"Is the code at fault?\" is yes", "" when it always runs. Cuts to fit; returns `out`. */
char *step_guard_text(const struct step *step, const struct procedure *procedure, char *out,
		      size_t size);

#endif
