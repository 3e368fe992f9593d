#include "checklists/condition.h"

#include "checklists/verdict.h"

static enum verdict judge_within(const struct condition_facts *facts)
{
	if (!facts->within_us)
		return VERDICT_PASS;
	if (!facts->deployed || facts->deployed > facts->now)
		return VERDICT_UNKNOWN;
	return facts->now - facts->deployed <= facts->within_us ? VERDICT_PASS : VERDICT_FAIL;
}

void condition_judge(const struct condition *condition, struct condition_state *state,
		     const struct condition_facts *facts)
{
	enum verdict all =
	    verdict_at_least(facts->symptoms, condition->nsymptoms, condition->at_least);

	state->within = judge_within(facts);
	state->sensed = 0;
	for (size_t i = 0; i < condition->nsymptoms; i++)
		state->sensed += facts->symptoms[i] == VERDICT_PASS;
	if (all != VERDICT_PASS)
		state->since = 0;
	else if (!state->since)
		state->since = facts->now;

	if (facts->needs != VERDICT_PASS)
		state->verdict = VERDICT_UNKNOWN;
	else if (all == VERDICT_PASS && facts->now - state->since < facts->for_us)
		state->verdict = VERDICT_FAIL; /* it does not hold yet */
	else
		state->verdict = verdict_all((enum verdict[]){ all, state->within }, 2);
}

const struct condition *condition_first(const struct runbook *runbook,
					const struct condition_state *states)
{
	const struct condition *first = NULL;
	for (size_t i = 0; i < runbook->nconditions; i++) {
		const struct condition *c = &runbook->conditions[i];
		if (states[i].verdict == VERDICT_PASS && c->suggest.procedure &&
		    (!first || c->severity > first->severity))
			first = c;
	}
	return first;
}

static bool ranks_before(const struct runbook *runbook, const struct condition_state *states,
			 size_t a, size_t b)
{
	const struct condition *ca = &runbook->conditions[a], *cb = &runbook->conditions[b];
	/* sensed / at_least, compared without division */
	size_t share_a = states[a].sensed * cb->at_least, share_b = states[b].sensed * ca->at_least;
	if (share_a != share_b)
		return share_a > share_b;
	return ca->severity > cb->severity;
}

void condition_rank(const struct runbook *runbook, const struct condition_state *states,
		    size_t *order)
{
	for (size_t i = 0; i < runbook->nconditions; i++) {
		size_t k = i;
		for (; k > 0 && ranks_before(runbook, states, i, order[k - 1]); k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
}
