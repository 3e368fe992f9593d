/* Choosing a procedure: the suggested one at once, another one with a reason. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/modal.h"
#include "tui/say.h"

static int chosen_done(struct ui *ui, const char *name, const char *reason, struct err *err)
{
	if (session_choose(ui->session, name, reason, err) < 0)
		return -1;
	ui_show(ui, TUI_EXECUTE);
	return ui_acted(ui, 0, err, NULL);
}

static int reason_done(struct ui *ui, const char *const *values, const char *subject,
		       struct err *err)
{
	return chosen_done(ui, subject, values[0], err);
}

void choose_procedure(struct ui *ui, const char *name)
{
	const char *why = NULL;
	const struct procedure *suggested = session_suggested(ui->session, &why);
	const struct procedure *procedure = runbook_procedure(session_runbook(ui->session), name);
	struct err err = ERR_INIT;
	char *say;

	if (!procedure)
		return;
	if (suggested == procedure) {
		ui_acted(ui, chosen_done(ui, name, NULL, &err), &err, NULL);
		return;
	}
	say = suggested ? xasprintf("Suggested is \"%s\" (%s).\nYou choose \"%s\": why?",
				    suggested->title, why ? why : "", procedure->title)
			: xasprintf("Nothing is suggested yet.\nYou choose \"%s\": why?",
				    procedure->title);
	reason_open(ui, "Choose another procedure", say, xstrdup(name), reason_done);
	free(say);
}

static void menu_chosen(struct ui *ui, const char *value, const char *subject)
{
	(void)subject;
	choose_procedure(ui, value);
}

void procedures_open(struct ui *ui)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct procedure *suggested = suggested_procedure(ui);
	struct menu_entry *entries = xcalloc(runbook->nprocedures + 1, sizeof(*entries));

	for (size_t i = 0; i < runbook->nprocedures; i++) {
		const struct procedure *p = &runbook->procedures[i];
		char low[48], high[48];

		entries[i].label =
		    xasprintf("%s: %s%s", p->name, p->title, p == suggested ? " (suggested)" : "");
		entries[i].detail =
		    p->estimate_high_us
			? xasprintf("%s to %s, risk %s, data loss: %s%s%s",
				    duration_text(p->estimate_low_us, low, sizeof(low)),
				    duration_text(p->estimate_high_us, high, sizeof(high)),
				    risk_name(p->risk), p->data_loss ? p->data_loss : "not said",
				    p->use_when ? "; when: " : "", p->use_when ? p->use_when : "")
			: xasprintf("risk %s, data loss: %s%s%s", risk_name(p->risk),
				    p->data_loss ? p->data_loss : "not said",
				    p->use_when ? "; when: " : "", p->use_when ? p->use_when : "");
		entries[i].value = xstrdup(p->name);
	}
	menu_open(ui, "Procedures", entries, runbook->nprocedures, NULL, menu_chosen);
}
