#include "core/state.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

static const char *const kind_names[] = {
	[INCIDENT_INCIDENT] = "incident",
	[INCIDENT_DEPLOYMENT] = "deployment",
	[INCIDENT_ROUTINE] = "routine",
	[INCIDENT_DRILL] = "drill",
};

const char *kind_name(enum incident_kind kind)
{
	return kind_names[kind];
}

int kind_parse(const char *name, enum incident_kind *kind)
{
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		if (name && strcmp(kind_names[i], name) == 0) {
			*kind = (enum incident_kind)i;
			return 0;
		}
	}
	return -1;
}

void state_init(struct incident_state *state, const struct runbook *runbook,
		const struct target *target)
{
	*state = (struct incident_state){ .runbook = runbook, .target = target };
	state->alerts = xcalloc(runbook->nmetrics + 1, sizeof(*state->alerts));
	for (size_t i = 0; i < runbook->nmetrics; i++)
		state->alerts[i].metric = &runbook->metrics[i];
	state->conditions = xcalloc(runbook->nconditions + 1, sizeof(*state->conditions));
	state->checklists = xcalloc(runbook->nchecklists + 1, sizeof(*state->checklists));
	for (size_t i = 0; i < runbook->nchecklists; i++)
		checklist_begin(&state->checklists[i], &runbook->checklists[i]);
	tree_begin(&state->tree);
}

void state_release(struct incident_state *state)
{
	for (size_t i = 0; state->checklists && i < state->runbook->nchecklists; i++)
		checklist_state_release(&state->checklists[i]);
	for (size_t i = 0; i < state->nattempts; i++) {
		procedure_state_release(&state->attempts[i].procedure);
		json_decref(state->attempts[i].params);
		json_decref(state->attempts[i].loss);
		free(state->attempts[i].words);
	}
	for (size_t i = 0; i < state->ntimeline; i++)
		timeline_entry_release(&state->timeline[i]);
	free(state->title);
	free(state->alerts);
	free(state->conditions);
	free(state->checklists);
	free(state->attempts);
	free(state->timeline);
	json_decref(state->scored);
	json_decref(state->filled);
	free(state->deployment.reason);
	free(state->root_cause);
	free(state->remediation);
	free(state->lessons);
	*state = (struct incident_state){ .runbook = NULL };
}

int64_t state_trouble(const struct incident_state *state)
{
	if (state->kind == INCIDENT_DEPLOYMENT || state->deployment.deployment ||
	    state->routine.routine)
		return state->declared_at;
	return state->first_alert_at ? state->first_alert_at : state->opened_at;
}

struct attempt *state_attempt(const struct incident_state *state)
{
	return state->nattempts ? &state->attempts[state->nattempts - 1] : NULL;
}

bool state_reveals(const struct incident_state *state)
{
	return state->scored || state->phase == INCIDENT_CLOSED;
}
