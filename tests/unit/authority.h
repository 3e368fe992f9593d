/*
 * For tests of approvals: what is told of many attempts to get around them.
 */
#ifndef TESTS_UNIT_AUTHORITY_H
#define TESTS_UNIT_AUTHORITY_H

#include "tests/unit/fault.h"
#include "tests/unit/runnerfixture.h"

#define ROW 17

struct tally {
	long injected, refused;
};

__attribute__((unused)) static void told(const char *what, const struct tally *tally)
{
	fault(ROW, what, tally->injected, tally->refused, tally->injected - tally->refused);
	assert_true(tally->injected > 0);
	assert_int_equal(tally->injected, tally->refused);
}

/* Nothing was begun: the lamp is as it was. */
__attribute__((unused)) static bool is_untouched(const struct lamp *lamp)
{
	char *state = lamp_get(lamp, "state");
	bool untouched = strcmp(state, "broken\n") == 0;

	free(state);
	return untouched;
}

__attribute__((unused)) static void count_run(struct lamp *lamp, struct incident *incident,
					      struct tally *tally)
{
	int status = wait_for(start(incident, "write", RUNNER_RUN));

	tally->injected++;
	tally->refused += status != RUNNER_DONE && is_untouched(lamp);
}

__attribute__((unused)) static int digest_of(const struct loaded *loaded, const json_t *params,
					     char out[SHA256_HEX])
{
	struct sense *sense =
	    sense_new(NULL, &clock_system, loaded->runbook, loaded->target, params, NULL, NULL);
	const struct procedure *procedure = runbook_procedure(loaded->runbook, "mend");
	int status =
	    sense && procedure ? plan_digest(sense, loaded, procedure, params, out, NULL) : -1;

	sense_free(sense);
	return status;
}

#endif
