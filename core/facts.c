#include "core/facts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/facts_parts.h"
#include "core/who.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/params.h"
#include "lib/timefmt.h"

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ/"

/* A fact that is one expression over the state. */
#define FACT(function, expression)                                                  \
	static char *function(const struct incident *incident, const char *subject) \
	{                                                                           \
		const struct incident_state *state = &incident->state;              \
                                                                                    \
		(void)subject;                                                      \
		return expression;                                                  \
	}

FACT(incident_id, fact_copy(state->id))
FACT(incident_kind, fact_copy(kind_name(state->kind)))
FACT(incident_title, fact_copy(state->title))
FACT(incident_severity, fact_copy(severity_name(state->severity)))
FACT(incident_system, fact_copy(state->runbook->system))
FACT(incident_target, state->target ? fact_copy(state->target->name) : NULL)
FACT(incident_opened, fact_moment(state->opened_at))
FACT(incident_resolved, fact_moment(state->resolved_at))
FACT(incident_closed, fact_moment(state->closed_at))
FACT(incident_root_cause, fact_copy(state->root_cause))
FACT(incident_remediation, fact_copy(state->remediation))
FACT(incident_lessons, fact_copy(state->lessons))
FACT(deployment_title,
     state->deployment.deployment ? fact_copy(state->deployment.deployment->title) : NULL)
FACT(deployment_t0, fact_moment(state->deployment.t0))

static char *incident_procedure(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = state_attempt(&incident->state);

	(void)subject;
	return attempt ? fact_copy(attempt->procedure.procedure->title) : NULL;
}

static const struct timeline_entry *first(const struct incident_state *state, enum event_id event)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		if (state->timeline[i].event == event && !state->timeline[i].misfit)
			return &state->timeline[i];
	}
	return NULL;
}

static char *incident_opened_by(const struct incident *incident, const char *subject)
{
	const struct timeline_entry *entry = first(&incident->state, EV_OPENED);

	(void)subject;
	return entry ? fact_copy(entry_by(entry)) : NULL;
}

static char *incident_resolved_by(const struct incident *incident, const char *subject)
{
	const struct timeline_entry *entry = first(&incident->state, EV_RESOLVED);

	(void)subject;
	return entry ? fact_copy(entry_by(entry)) : NULL;
}

static char *incident_how(const struct incident *incident, const char *subject)
{
	const struct timeline_entry *entry = first(&incident->state, EV_RESOLVED);

	(void)subject;
	return entry ? fact_copy(json_str(entry_json(entry), "how", "")) : NULL;
}

static char *incident_open_for(const struct incident *incident, const char *subject)
{
	const struct incident_state *state = &incident->state;
	char text[48];

	(void)subject;
	if (!state->opened_at || !state->resolved_at)
		return NULL;
	return xstrdup(duration_text(state->resolved_at - state->opened_at, text, sizeof(text)));
}

/* Whoever acted last, by the record. */
static char *operator_login(const struct incident *incident, const char *subject)
{
	const struct incident_state *state = &incident->state;

	(void)subject;
	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event < EV_COUNT && event_defs[entry->event].class == EVENT_OPERATOR)
			return fact_copy(who_person(json_object_get(entry_json(entry), "by")));
	}
	return NULL;
}

#define OPERATOR_LOGIN "operator.login"

/* clang-format off */
const struct fact_def fact_defs[] = {
	{ "incident.id", "the incident's id", incident_id },
	{ "incident.kind", "incident, deployment, routine or drill", incident_kind },
	{ "incident.title", "its title", incident_title },
	{ "incident.severity", "its severity now", incident_severity },
	{ "incident.system", "the runbook's system", incident_system },
	{ "incident.target", "the target's name", incident_target },
	{ "incident.opened", "when it was opened, UTC", incident_opened },
	{ "incident.opened_by", "who opened it", incident_opened_by },
	{ "incident.discovered", "when and by what the trouble was noticed", fact_discovered },
	{ "incident.conditions", "the titles of the conditions that held", fact_conditions },
	{ "incident.impact", "what users notice while they hold", fact_impact },
	{ "incident.errors", "the first errors of the logs, three at most", fact_messages },
	{ "incident.traceback", "what goes on with the first error that has a traceback",
	  fact_traceback },
	{ "incident.resolved", "when it was resolved, UTC", incident_resolved },
	{ "incident.resolved_by", "who said so", incident_resolved_by },
	{ "incident.how", "how it was resolved, in their words", incident_how },
	{ "incident.open_for", "how long it was open until then", incident_open_for },
	{ "incident.closed", "when it was closed, UTC", incident_closed },
	{ "incident.root_cause", "the root cause, as told at closing", incident_root_cause },
	{ "incident.remediation", "the remediation, as told at closing", incident_remediation },
	{ "incident.lessons", "the lessons learned, as told at closing", incident_lessons },
	{ "incident.procedure", "the title of the procedure that was chosen last",
	  incident_procedure },
	{ "procedure.name", "the name of the procedure that counts: the one under way, else the "
	  "latest that is done, else that was approved", fact_procedure_name },
	{ "procedure.title", "its title", fact_procedure_title },
	{ "procedure.approved", "when it was approved, UTC", fact_procedure_approved },
	{ "procedure.approved_by", "who approved it", fact_procedure_approved_by },
	{ "procedure.estimate", "how long it takes, as the runbook says", fact_procedure_estimate },
	{ "procedure.expected", "by when it should be over, UTC", fact_procedure_expected },
	{ "procedure.started", "when its first step began, UTC", fact_procedure_started },
	{ "procedure.ended", "when it ended, UTC", fact_procedure_ended },
	{ "procedure.took", "how long it took", fact_procedure_took },
	{ "procedure.result", "done, failed or stopped", fact_procedure_result },
	{ "procedure.data_loss", "what is lost by it, as the runbook says",
	  fact_procedure_data_loss },
	{ "procedure.loss", "what is lost by it, as measured; else as the runbook says",
	  fact_procedure_loss },
	{ "step.PROCEDURE/STEP.state", "waiting, running, done, failed ..., wherever the step ran: "
	  "in its own procedure or as a part of another", fact_step_state },
	{ "step.PROCEDURE/STEP.mark", "X when it is done, else a blank", fact_step_mark },
	{ "step.PROCEDURE/STEP.started", "when it began last, UTC", fact_step_started },
	{ "step.PROCEDURE/STEP.ended", "when it ended last, UTC", fact_step_ended },
	{ "step.PROCEDURE/STEP.outcome", "its state, when it ended and how long it took",
	  fact_step_outcome },
	{ "checklist.CHECKLIST.outcome", "complete, or what is missing", fact_checklist_outcome },
	{ "item.CHECKLIST/ITEM.state", "open, green, red ...", fact_item_state },
	{ "item.CHECKLIST/ITEM.mark", "X when it is green, else a blank", fact_item_mark },
	{ "item.CHECKLIST/ITEM.outcome", "its state, since when, and the evidence",
	  fact_item_outcome },
	{ "metric.METRIC.latest", "its latest value on record, with its unit", fact_metric_latest },
	{ "metric.METRIC.worst", "its worst one", fact_metric_worst },
	{ "deployment.title", "the title of the planned deployment", deployment_title },
	{ "deployment.t0", "its T, UTC", deployment_t0 },
	{ OPERATOR_LOGIN, "the login of who writes the message; in a report of who acted last",
	  operator_login },
	{ NULL, NULL, NULL },
};
/* clang-format on */

/* Whether a name is the fact's; `subject` gets what stands for its capitals (new), or NULL. */
static bool is_named(const struct fact_def *fact, const char *name, char **subject)
{
	size_t head = strcspn(fact->name, CAPITALS), len = strlen(name);
	const char *tail = fact->name + head + strspn(fact->name + head, CAPITALS);
	size_t rest = strlen(tail);

	*subject = NULL;
	if (!fact->name[head])
		return strcmp(fact->name, name) == 0;
	if (len <= head + rest || strncmp(name, fact->name, head) != 0 ||
	    strcmp(name + len - rest, tail) != 0)
		return false;
	*subject = xstrndup(name + head, len - head - rest);
	return true;
}

/* New: a fact by its whole name; NULL: nothing is known about it, or there is none. */
static char *fact_find(const char *name, const struct incident *incident, const char *sender)
{
	if (sender && strcmp(name, OPERATOR_LOGIN) == 0)
		return fact_copy(sender);
	for (const struct fact_def *fact = fact_defs; fact->name; fact++) {
		char *subject, *text;

		if (!is_named(fact, name, &subject))
			continue;
		text = fact->text(incident, subject);
		free(subject);
		return text;
	}
	return NULL;
}

struct filling {
	json_t *values; /* owned: parameters, and the facts that the text names */
	const struct incident *incident;
	const char *sender;
	char *missing; /* owned: the first name that nothing is known about */
};

static void look(const char *name, size_t len, void *data)
{
	struct filling *filling = data;
	char *word = xstrndup(name, len), *text = NULL;

	if (!json_object_get(filling->values, word)) {
		text = fact_find(word, filling->incident, filling->sender);
		if (text)
			json_object_set_new(filling->values, word, json_text(text, strlen(text)));
		else if (!filling->missing)
			filling->missing = xstrdup(word);
	}
	free(text);
	free(word);
}

char *facts_fill(const char *text, const json_t *values, const struct incident *incident,
		 const char *sender, struct err *err)
{
	struct filling filling = { .values = values ? json_copy((json_t *)values) : json_object(),
				   .incident = incident,
				   .sender = sender };
	json_t *template = json_text(text, strlen(text)), *filled = NULL;
	char *result = NULL;

	params_each(json_string_value(template), look, &filling);
	if (filling.missing)
		err_set(err, "nothing is known about \"%s\" yet", filling.missing);
	else
		filled = params_fill(template, filling.values, err);
	/* A template that is nothing but one parameter takes its type. */
	if (json_is_string(filled))
		result = xstrdup(json_string_value(filled));
	else if (filled)
		result = json_dumps(filled, JSON_ENCODE_ANY);
	free(filling.missing);
	json_decref(filled);
	json_decref(template);
	json_decref(filling.values);
	return result;
}
