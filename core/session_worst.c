/* How bad it is, and whom to call about it. */
#include <stdio.h>

#include "core/session_parts.h"
#include "lib/text.h"

#define ESCALATE_AT 3

static const struct condition *condition_worst(const struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;
	const struct condition_state *now = sense_conditions(session->sense);
	const struct condition *worst = NULL;

	for (size_t i = 0; i < runbook->nconditions; i++) {
		const struct condition *condition = &runbook->conditions[i];

		if (now[i].verdict == VERDICT_PASS &&
		    (!worst || condition->severity > worst->severity))
			worst = condition;
	}
	return worst;
}

const struct alert *session_worst_alert(const struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;
	const struct alert *worst = NULL;

	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct alert *alert = sense_alert(session->sense, &runbook->metrics[i]);

		if (alert->level > (worst ? worst->level : LEVEL_OK) &&
		    !sense_is_muted(session->sense, alert))
			worst = alert;
	}
	return worst;
}

static enum severity alert_severity(const struct alert *alert)
{
	return alert->level == LEVEL_CRITICAL  ? SEVERITY_CRITICAL
	       : alert->level == LEVEL_WARNING ? SEVERITY_HIGH
					       : SEVERITY_LOW;
}

bool session_worst(const struct session *session, enum severity *severity, char *title, size_t size)
{
	const struct condition *condition = condition_worst(session);
	const struct alert *alert = session_worst_alert(session);
	char number[32];

	if (condition) {
		*severity = condition->severity;
		snprintf(title, size, "%s", condition->title);
	} else if (alert) {
		*severity = alert_severity(alert);
		snprintf(title, size, "%s at %s%s",
			 alert->metric->title ? alert->metric->title : alert->metric->name,
			 text_number(alert->value, number, sizeof(number)),
			 alert->metric->unit ? alert->metric->unit : "");
	}
	return condition || alert;
}

static bool is_called(const struct session *session, const struct contact *contact)
{
	const struct incident_state *state = session_state(session);

	return state && clock_wall(session->clock) - state->opened_at >=
			    sense_duration(session->sense, contact->after, 0);
}

bool session_escalation(const struct session *session, const struct step_state *step, char *out,
			size_t size)
{
	const struct runbook *runbook = session->loaded->runbook;
	size_t used = 0;

	if (size)
		out[0] = '\0';
	if (step->same_failures < ESCALATE_AT)
		return false;
	for (size_t i = 0; i < runbook->ncontacts && used + 1 < size; i++) {
		const struct contact *contact = &runbook->contacts[i];
		int n;

		if (!is_called(session, contact))
			continue;
		n = snprintf(out + used, size - used, "%s%s (%s)", used ? ", " : "", contact->role,
			     contact->reach);
		used += n > 0 ? (size_t)n : 0;
	}
	return used > 0;
}

const struct contact *session_escalation_pages(const struct session *session,
					       const struct step_state *step)
{
	const struct runbook *runbook = session->loaded->runbook;

	for (size_t i = 0; step->same_failures >= ESCALATE_AT && i < runbook->ncontacts; i++) {
		const struct contact *contact = &runbook->contacts[i];

		if (is_called(session, contact) && session_sends(session, contact->through))
			return contact;
	}
	return NULL;
}
