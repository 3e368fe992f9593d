#include "core/attempts.h"

#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

const struct timeline_entry *attempt_chosen(const struct incident_state *state,
					    const struct attempt *attempt)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		if (state->timeline[i].event == EV_CHOSEN &&
		    state->timeline[i].at == attempt->chosen_at)
			return &state->timeline[i];
	}
	return NULL;
}

bool attempt_is_item(const struct incident_state *state, const struct attempt *attempt)
{
	const struct timeline_entry *chosen = attempt_chosen(state, attempt);

	return chosen && strcmp(json_str(entry_json(chosen), "source", ""), "checklist") == 0;
}

const struct attempt *attempt_decisive(const struct incident_state *state)
{
	const struct attempt *approved = NULL, *done = NULL, *latest = NULL;

	for (size_t i = 0; i < state->nattempts; i++) {
		const struct attempt *attempt = &state->attempts[i];

		if (attempt_is_item(state, attempt))
			continue;
		latest = attempt;
		if (attempt->approved_at)
			approved = attempt;
		if (strcmp(attempt->result, "done") == 0)
			done = attempt;
	}
	if (approved && !approved->ended_at && state->phase == INCIDENT_OPEN)
		return approved;
	return done ? done : approved ? approved : latest;
}

int64_t attempt_took_us(const struct attempt *attempt)
{
	int64_t end = attempt->ended_at ? attempt->ended_at : attempt->procedure.ended;

	return attempt->procedure.started && end ? end - attempt->procedure.started : 0;
}

bool loss_is_measured(const char *line)
{
	return strncmp(line, "not measured", strlen("not measured")) != 0;
}

char *estimate_text(const struct procedure *procedure)
{
	char low[48], high[48];

	if (!procedure->estimate_high_us)
		return NULL;
	duration_text(procedure->estimate_low_us, low, sizeof(low));
	duration_text(procedure->estimate_high_us, high, sizeof(high));
	return procedure->estimate_low_us == procedure->estimate_high_us
		   ? xstrdup(high)
		   : xasprintf("%s to %s", low, high);
}
