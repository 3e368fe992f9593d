/*
 * Closing an incident: first what the runbook's own report asks for and nobody has answered yet, a
 * form for each of its sections, then what every report asks for. Esc keeps what was answered.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "tui/modal.h"

#define ASKS_MAX 16

static void sections_ask(struct ui *ui, size_t from);

/* ---- The questions of the runbook ---- */

static bool is_open(const struct ui *ui, const struct report_field_def *field)
{
	const struct incident_state *state = session_state(ui->session);

	return field->ask && state && !json_object_get(state->filled, field->id);
}

/* New: the question, and what may be answered. */
static char *hint_of(const struct report_field_def *field)
{
	struct buf out = BUF_INIT;
	const char *key;
	json_t *choice;

	buf_puts(&out, field->ask);
	json_object_foreach((json_t *)field->choices, key, choice)
		buf_printf(&out, "%s%s",
			   strstr(buf_str(&out), " One of: ") ? ", " : " One of: ", key);
	return buf_detach(&out);
}

/* New: what the report says there by itself; several lines can't be edited in one. */
static char *proposed(struct ui *ui, const struct report_field_def *field)
{
	char *value = session_report_value(ui->session, field);

	if (value && !strchr(value, '\n'))
		return value;
	free(value);
	return xstrdup("");
}

static void form_of(struct ui *ui, const char *title, const char *say,
		    const struct report_field_def *const *fields, size_t n, char *subject,
		    form_fn *done)
{
	struct form_entry entries[ASKS_MAX] = { 0 };
	char *hints[ASKS_MAX], *values[ASKS_MAX];

	for (size_t i = 0; i < n; i++) {
		hints[i] = hint_of(fields[i]);
		values[i] = proposed(ui, fields[i]);
		entries[i] = (struct form_entry){ .label = fields[i]->say,
						  .value = values[i],
						  .hint = hints[i] };
	}
	form_open(ui, title, say, entries, n, false, subject, done);
	for (size_t i = 0; i < n; i++) {
		free(hints[i]);
		free(values[i]);
	}
}

/* The open questions of a section; returns how many. */
static size_t open_asks(const struct ui *ui, const struct report_section_def *section,
			const struct report_field_def **fields)
{
	size_t n = 0;

	for (size_t i = 0; i < section->nfields && n < ASKS_MAX; i++) {
		if (is_open(ui, &section->fields[i]))
			fields[n++] = &section->fields[i];
	}
	return n;
}

/* What stays as the facts say it is no answer: facts may still change. All of them are looked at
 * before the first one is on record. */
static int answers_take(struct ui *ui, const struct report_field_def *const *fields, size_t n,
			const char *const *values, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (session_fill_check(ui->session, fields[i]->id, values[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		char *before = proposed(ui, fields[i]);
		bool news = strcmp(before, values[i]) != 0;

		free(before);
		if (news && session_fill(ui->session, fields[i]->id, values[i], err) < 0)
			return -1;
	}
	return 0;
}

static int section_done(struct ui *ui, const char *const *values, const char *subject,
			struct err *err)
{
	const struct report_def *report = &session_runbook(ui->session)->report;
	size_t i = strtoul(subject, NULL, 10);
	const struct report_field_def *fields[ASKS_MAX];
	size_t n = open_asks(ui, &report->sections[i], fields);

	if (answers_take(ui, fields, n, values, err) < 0)
		return -1;
	sections_ask(ui, i + 1);
	return 0;
}

/* ---- What every report asks for ---- */

static const struct {
	enum report_part part;
	struct form_entry entry;
} usual[] = {
	{ REPORT_ROOT_CAUSE,
	  { .label = "Root cause", .hint = "what was really wrong; may stay empty" } },
	{ REPORT_REMEDIATION,
	  { .label = "Remediation", .hint = "what keeps it from coming back; may stay empty" } },
	{ REPORT_LESSONS,
	  { .label = "Lessons", .hint = "what to do better next time; may stay empty" } },
};

#define USUAL (sizeof(usual) / sizeof(usual[0]))

static int close_with(struct ui *ui, const char *const *values, struct err *err)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const char *told[USUAL] = { NULL };
	size_t n = 0;

	for (size_t i = 0; i < USUAL; i++) {
		if (!runbook_report_asks(runbook, usual[i].part))
			told[i] = values[n++];
	}
	if (session_close(ui->session, told[0], told[1], told[2], err) < 0)
		return -1;
	return ui_acted(ui, 0, err, "Closed and sealed.");
}

static int close_done(struct ui *ui, const char *const *values, const char *subject,
		      struct err *err)
{
	(void)subject;
	return close_with(ui, values, err);
}

static void close_confirmed(struct ui *ui, const char *subject)
{
	struct err err = ERR_INIT;

	(void)subject;
	if (close_with(ui, NULL, &err) < 0)
		ui_acted(ui, -1, &err, NULL);
}

static void close_ask(struct ui *ui)
{
	static const char say[] =
	    "The folder is sealed with its hashes. Nothing can be added afterwards.";
	const struct runbook *runbook = session_runbook(ui->session);
	struct form_entry entries[USUAL];
	size_t n = 0;

	for (size_t i = 0; i < USUAL; i++) {
		if (!runbook_report_asks(runbook, usual[i].part))
			entries[n++] = usual[i].entry;
	}
	if (n)
		form_open(ui, "Close the incident", say, entries, n, false, NULL, close_done);
	else
		confirm_open(ui, "Close the incident", say, 'y', "close and seal it", NULL,
			     close_confirmed);
}

/* The next section with an open question from index `from` on; behind the last one it is closed. */
static void sections_ask(struct ui *ui, size_t from)
{
	const struct report_def *report = &session_runbook(ui->session)->report;
	const struct report_field_def *fields[ASKS_MAX];

	for (size_t i = from; i < report->nsections; i++) {
		size_t n = open_asks(ui, &report->sections[i], fields);
		char *title;

		if (!n)
			continue;
		title = xasprintf("Report: %s", report->sections[i].title);
		form_of(ui, title,
			"It goes into the report; what stays empty is a line to write on.", fields,
			n, xasprintf("%zu", i), section_done);
		free(title);
		return;
	}
	close_ask(ui);
}

void close_open(struct ui *ui)
{
	sections_ask(ui, 0);
}

/* ---- Before closing: one question out of all ---- */

bool fill_possible(const struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);
	const struct report_def *report = &session_runbook(ui->session)->report;

	for (size_t s = 0; state && state->phase != INCIDENT_CLOSED && s < report->nsections; s++) {
		for (size_t i = 0; i < report->sections[s].nfields; i++) {
			if (report->sections[s].fields[i].ask)
				return true;
		}
	}
	return false;
}

static int fill_done(struct ui *ui, const char *const *values, const char *subject, struct err *err)
{
	if (session_fill(ui->session, subject, values[0], err) < 0)
		return -1;
	return ui_acted(ui, 0, err, "It stands in the report.");
}

static void fill_chosen(struct ui *ui, const char *value, const char *subject)
{
	const struct report_field_def *field =
	    runbook_report_field(session_runbook(ui->session), value);

	(void)subject;
	if (field)
		form_of(ui, "Report", "", &field, 1, xstrdup(value), fill_done);
}

void fill_open(struct ui *ui)
{
	const struct report_def *report = &session_runbook(ui->session)->report;
	struct menu_entry *entries = NULL;
	size_t n = 0, cap = 0;

	for (size_t s = 0; s < report->nsections; s++) {
		for (size_t i = 0; i < report->sections[s].nfields; i++) {
			const struct report_field_def *field = &report->sections[s].fields[i];
			char *value;

			if (!field->ask)
				continue;
			value = session_report_value(ui->session, field);
			entries = xgrow(entries, &cap, n + 1, sizeof(*entries));
			entries[n++] = (struct menu_entry){
				.label = xasprintf("%s: %s", field->say,
						   value ? value : "(nobody has said)"),
				.detail =
				    xasprintf("%s: %s", report->sections[s].title, field->ask),
				.value = xstrdup(field->id),
			};
			free(value);
		}
	}
	menu_open(ui, "What the report asks for", entries, n, NULL, fill_chosen);
}
