/* The forms of an incident's life: declare, change severity, note, resolve. */
#include <stdio.h>
#include <string.h>

#include "tui/modal.h"

static const char *const severities[] = { "low", "medium", "high", "critical", NULL };

static int declare_done(struct ui *ui, const char *const *values, const char *subject,
			struct err *err)
{
	enum severity severity = SEVERITY_LOW;

	(void)subject;
	if (!*values[1])
		return err_set(err, "an incident needs a title");
	if (severity_parse(values[0], &severity) < 0 ||
	    session_open_incident(ui->session, INCIDENT_INCIDENT, severity, values[1], err) < 0)
		return -1;
	return ui_acted(ui, 0, err, "The incident is open and on record.");
}

static int severity_done(struct ui *ui, const char *const *values, const char *subject,
			 struct err *err)
{
	enum severity severity = SEVERITY_LOW;

	(void)subject;
	if (severity_parse(values[0], &severity) < 0 ||
	    session_severity(ui->session, severity, values[1], err) < 0)
		return -1;
	return ui_acted(ui, 0, err, "The severity is on record.");
}

/* What is worst now is proposed, with its name: as title, and as reason of a change. */
void declare_open(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);
	enum severity severity = state ? state->severity : SEVERITY_MEDIUM;
	char worst[200] = "";
	struct form_entry entries[2];

	session_worst(ui->session, &severity, worst, sizeof(worst));
	entries[0] = (struct form_entry){ .label = "Severity",
					  .value = severity_name(severity),
					  .choices = severities };
	entries[1] = (struct form_entry){ .label = state ? "Reason" : "Title", .value = worst };
	if (state)
		form_open(ui, "Change the severity", "", entries, 2, false, NULL, severity_done);
	else
		form_open(ui, "Declare an incident",
			  "From here on everything is on record: what is sensed, what you decide, "
			  "what is done.",
			  entries, 2, false, NULL, declare_done);
}

static int note_done(struct ui *ui, const char *const *values, const char *subject, struct err *err)
{
	(void)subject;
	if (!*values[0])
		return err_set(err, "the note is empty");
	if (session_note(ui->session, values[0], err) < 0)
		return -1;
	return ui_acted(ui, 0, err, "Noted.");
}

void note_open(struct ui *ui)
{
	struct form_entry entry = { .label = "Note" };

	form_open(ui, "A note for the record", "", &entry, 1, false, NULL, note_done);
}

static int resolve_done(struct ui *ui, const char *const *values, const char *subject,
			struct err *err)
{
	(void)subject;
	if (session_resolve(ui->session, values[0], err) < 0)
		return -1;
	return ui_acted(ui, 0, err,
			"Resolved. Close it with C once root cause and lessons are known.");
}

/* Its record is closed with it, and what is shown goes back to watching. */
static int routine_done(struct ui *ui, const char *const *values, const char *subject,
			struct err *err)
{
	char id[64], result[16];

	(void)subject;
	snprintf(id, sizeof(id), "%s", session_state(ui->session)->id);
	snprintf(result, sizeof(result), "%s", session_routine_result(ui->session));
	if (session_resolve(ui->session, values[0], err) < 0 || session_leave(ui->session, err) < 0)
		return -1;
	ui_show(ui, TUI_WATCH);
	ui_acted(ui, 0, err, NULL);
	ui_notice(ui, strcmp(result, "fails") == 0 ? STYLE_WARNING : STYLE_OK,
		  "The routine is done (%s) and closed: backout report %s.", result, id);
	return 0;
}

static void routine_end_open(struct ui *ui)
{
	const char *result = session_routine_result(ui->session);
	struct form_entry entry = { .label = "Remark", .hint = "may stay empty" };
	const char *say = strcmp(result, "holds") == 0
			      ? "Everything holds. Its record is closed and sealed."
			  : strcmp(result, "partly") == 0
			      ? "What is sensed holds; items by hand are left undone, and the "
				"report says so. Its record is closed and sealed."
			      : "Not everything holds, and the report says so. Its record is "
				"closed and sealed.";

	form_open(ui, "End the routine", say, &entry, 1, false, NULL, routine_done);
}

void resolve_open(struct ui *ui)
{
	struct form_entry entry = { .label = "How was it resolved" };

	if (*session_routine_result(ui->session)) {
		routine_end_open(ui);
		return;
	}
	form_open(ui, "Resolve the incident",
		  "The target is released: others may work on it. Notes, root cause and follow-ups "
		  "go "
		  "on until it is closed.",
		  &entry, 1, false, NULL, resolve_done);
}
