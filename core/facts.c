#include "core/facts.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/params.h"
#include "lib/timefmt.h"

static char *text_or_null(const char *text)
{
	return text && *text ? xstrdup(text) : NULL;
}

static char *time_or_null(int64_t at)
{
	char text[TIME_RFC3339_MAX];

	return at ? xasprintf("%s UTC", time_datetime(at, text)) : NULL;
}

static char *incident_id(const struct incident_state *state)
{
	return text_or_null(state->id);
}

static char *incident_kind(const struct incident_state *state)
{
	return xstrdup(kind_name(state->kind));
}

static char *incident_title(const struct incident_state *state)
{
	return text_or_null(state->title);
}

static char *incident_severity(const struct incident_state *state)
{
	return xstrdup(severity_name(state->severity));
}

static char *incident_system(const struct incident_state *state)
{
	return text_or_null(state->runbook->system);
}

static char *incident_target(const struct incident_state *state)
{
	return state->target ? text_or_null(state->target->name) : NULL;
}

static char *incident_opened(const struct incident_state *state)
{
	return time_or_null(state->opened_at);
}

static char *incident_resolved(const struct incident_state *state)
{
	return time_or_null(state->resolved_at);
}

static char *incident_procedure(const struct incident_state *state)
{
	const struct attempt *attempt = state_attempt(state);

	return attempt ? text_or_null(attempt->procedure.procedure->title) : NULL;
}

static char *deployment_title(const struct incident_state *state)
{
	const struct deployment *deployment = state->deployment.deployment;

	return deployment ? text_or_null(deployment->title) : NULL;
}

static char *deployment_t0(const struct incident_state *state)
{
	return time_or_null(state->deployment.t0);
}

const struct fact_def fact_defs[] = {
	{ "incident.id", "the incident's id", incident_id },
	{ "incident.kind", "incident, deployment, routine or drill", incident_kind },
	{ "incident.title", "its title", incident_title },
	{ "incident.severity", "its severity now", incident_severity },
	{ "incident.system", "the runbook's system", incident_system },
	{ "incident.target", "the target's name", incident_target },
	{ "incident.opened", "when it was opened, UTC", incident_opened },
	{ "incident.resolved", "when it was resolved, UTC", incident_resolved },
	{ "incident.procedure", "the title of the procedure that was chosen last",
	  incident_procedure },
	{ "deployment.title", "the title of the planned deployment", deployment_title },
	{ "deployment.t0", "its T, UTC", deployment_t0 },
	{ NULL, NULL, NULL },
};

/* Parameters and facts together; of facts only those that are known. */
static json_t *all_values(const json_t *values, const struct incident_state *state)
{
	json_t *all = values ? json_copy((json_t *)values) : json_object();

	for (const struct fact_def *fact = fact_defs; fact->name; fact++) {
		char *text = fact->text(state);

		if (text)
			json_object_set_new(all, fact->name, json_text(text, strlen(text)));
		free(text);
	}
	return all;
}

struct missing {
	const json_t *all;
	char *name; /* owned: the first one that is not known */
};

static void look(const char *name, size_t len, void *data)
{
	struct missing *missing = data;
	char *word = xstrndup(name, len);

	if (!missing->name && !json_object_get(missing->all, word))
		missing->name = word;
	else
		free(word);
}

char *facts_fill(const char *text, const json_t *values, const struct incident_state *state,
		 struct err *err)
{
	struct missing missing = { .all = all_values(values, state) };
	json_t *template = json_text(text, strlen(text)), *filled = NULL;
	char *result = NULL;

	params_each(json_string_value(template), look, &missing);
	if (missing.name)
		err_set(err, "nothing is known about \"%s\" yet", missing.name);
	else
		filled = params_fill(template, missing.all, err);
	/* A template that is nothing but one parameter takes its type. */
	if (json_is_string(filled))
		result = xstrdup(json_string_value(filled));
	else if (filled)
		result = json_dumps(filled, JSON_ENCODE_ANY);
	free(missing.name);
	json_decref(filled);
	json_decref(template);
	json_decref((json_t *)missing.all);
	return result;
}
