/* Acts that are one event: severity, notes, acknowledging, resolving, closing. */
#include <string.h>

#include "core/claim.h"
#include "core/session_parts.h"

int session_severity(struct session *session, enum severity severity, const char *reason,
		     struct err *err)
{
	return session_append(session, false, EV_SEVERITY,
			      json_pack("{s:s, s:o}", "severity", severity_name(severity), "reason",
					session_text(reason)),
			      err);
}

bool session_takes_notes(const struct session *session)
{
	return session->open && session->incident.state.phase != INCIDENT_CLOSED;
}

int session_note(struct session *session, const char *note, struct err *err)
{
	if (!note || !note[strspn(note, " \t")])
		return err_set(err, "the note is empty");
	return session_append(session, false, EV_NOTE,
			      json_pack("{s:o}", "text", session_text(note)), err);
}

int session_acknowledge(struct session *session, const char *metric, struct err *err)
{
	const struct metric *found = runbook_metric(session->loaded->runbook, metric);

	if (!found)
		return err_set(err, "the runbook has no metric %s", metric);
	if (session->open &&
	    session->incident.state.alerts[found - session->loaded->runbook->metrics].level ==
		LEVEL_OK)
		return err_set(err,
			       sense_alert(session->sense, found)->level > LEVEL_OK
				   ? "the alert of %s came again within its cooldown and is "
				     "silent: "
				     "there is nothing to acknowledge"
				   : "there is no alert of %s to acknowledge",
			       metric);
	return session_append(session, false, EV_ACKNOWLEDGED, json_pack("{s:s}", "metric", metric),
			      err);
}

/* What still holds at this moment goes on record with the resolution. */
static void holding_add(const struct session *session, struct buf *out)
{
	const struct runbook *runbook = session->loaded->runbook;
	const struct condition_state *conditions = sense_conditions(session->sense);
	size_t n = 0;

	for (size_t i = 0; i < runbook->nconditions; i++) {
		if (conditions[i].verdict == VERDICT_PASS)
			buf_printf(out, "%s%s", n++ ? ", " : "", runbook->conditions[i].title);
	}
	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct alert *alert = sense_alert(session->sense, &runbook->metrics[i]);

		if (alert->level > LEVEL_OK)
			buf_printf(out, "%s%s %s", n++ ? ", " : "", level_name(alert->level),
				   runbook->metrics[i].title ? runbook->metrics[i].title
							     : runbook->metrics[i].name);
	}
	if (!n)
		buf_puts(out, "nothing");
}

int session_resolve(struct session *session, const char *how, struct err *err)
{
	struct buf line = BUF_INIT;
	int status;

	if (session_need_open(session, err) != 0)
		return -1;
	if (session_running(session) || runner_alive(&session->incident)) {
		err_set(err, "a step is running");
		return err_hint(err, "wait for its end, or stop it");
	}
	/* What was measured since the last tick belongs to the record: nothing is afterwards. */
	session_items_tick(session);
	if (session_routine_end(session, err) != 0)
		return -1;
	buf_printf(&line, "%s%salerting now: ", how ? how : "", how && *how ? "; " : "");
	holding_add(session, &line);
	status = session_append(session, true, EV_RESOLVED,
				json_pack("{s:o}", "how", session_text(buf_str(&line))), err);
	if (status == 0)
		claim_release(&session->incident);
	buf_release(&line);
	session_recorded_soon(session);
	/* Nothing comes after a routine: what it found is an incident's. */
	if (status == 0 && session->incident.state.routine.routine)
		status = session_close(session, NULL, NULL, NULL, err);
	return status;
}

int session_close(struct session *session, const char *root_cause, const char *remediation,
		  const char *lessons, struct err *err)
{
	if (!session->open)
		return err_set(err, "no incident is open");
	if (session->incident.state.phase == INCIDENT_OPEN) {
		err_set(err, "the incident is not resolved yet");
		return err_hint(err, "resolve it first");
	}
	return session_append(session, true, EV_CLOSED,
			      json_pack("{s:o, s:o, s:o}", "root_cause", session_text(root_cause),
					"remediation", session_text(remediation), "lessons",
					session_text(lessons)),
			      err);
}
