/*
 * The score of a drill: what the sandbox's parts say now, and what the record says of the way
 * there.
 */
#ifndef DRILL_SCORE_H
#define DRILL_SCORE_H

#include "core/incident.h"
#include "drill/sandbox.h"

struct score {
	bool recovered;	  /* every `well` probe of the scenario passes, asked anew; of a deployment:
			   * and it was decided as the scenario demands */
	bool verified;	  /* the last procedure ended done, nothing of it skipped or unverified; of
			   * a deployment: all of them */
	double detect_s;  /* fault injected -> first alert, condition or declaration; -1: never */
	double decide_s;  /* detected -> procedure approved; -1 */
	double recover_s; /* approved -> procedure ended; -1 */
	double budget_s;  /* of that procedure; -1: none ran */
	char procedure[64];  /* the last one approved; "" */
	json_t *wells;	     /* owned: name -> evidence of those that do not pass */
	json_t *lacks;	     /* owned: PROCEDURE/STEP -> why it is not verified, of the last way */
	size_t wrong_paths;  /* procedures tried before the last one */
	size_t skipped;	     /* steps skipped or left undone */
	size_t alternatives; /* steps whose alternative was taken: no fault of the way */
	size_t overrides;    /* answers given against the proposal */
	char expected[64];   /* the scenario's procedure */
	/* Of a deployment, where detecting ends with the first item that holds no more, deciding
	 * with the gate, and the procedure is what ran from T on; "" in other drills. */
	char decision[16]; /* "go", "no-go", "adjust", or "undecided" */
	char demanded[16]; /* the decision that the scenario demands */
	size_t undone;	   /* items that were due, and that only a person can do */
};

/* Blocks while the parts are asked. */
int score_make(struct score *score, const struct incident *incident, const struct sandbox *sandbox,
	       const struct scenario *scenario, struct err *err);
void score_release(struct score *score);
/* New: what the ledger keeps, and `drill --json` prints most of. */
json_t *score_json(const struct score *score, const struct incident *incident,
		   const struct scenario *scenario);
/* New: some lines for a person. */
char *score_text(const struct score *score, const struct scenario *scenario);
/* "recovered", "not recovered". */
const char *score_result(const struct score *score);

#endif
