#include "tui/acts.h"

#include "tui/alerts.h"
#include "tui/modal.h"

static void acknowledge(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);
	const struct runbook *runbook = session_runbook(ui->session);
	struct err err = ERR_INIT;
	int rc = 0;

	for (size_t i = 0; state && rc == 0 && i < runbook->nmetrics; i++) {
		if (state->alerts[i].level > LEVEL_OK && !state->alerts[i].acknowledged)
			rc = session_acknowledge(ui->session, runbook->metrics[i].name, &err);
	}
	ui_acted(ui, rc, &err, "Acknowledged; they stay listed until they clear.");
}

static bool can_acknowledge(const struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);
	const struct runbook *runbook = session_runbook(ui->session);

	if (!ui_open(ui))
		return false;
	for (size_t i = 0; i < runbook->nmetrics; i++) {
		if (state->alerts[i].level > LEVEL_OK && !state->alerts[i].acknowledged)
			return true;
	}
	return false;
}

static void leave(struct ui *ui, const char *subject)
{
	(void)subject;
	ui_leave(ui, 0);
}

static void leave_ask(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);

	if (session_running(ui->session))
		confirm_open(ui, "Leave the console?",
			     "The running step goes on without it. \"backout attach\" comes back "
			     "to it.",
			     'y', "leaves", NULL, leave);
	else if (state && state->phase == INCIDENT_OPEN)
		confirm_open(ui, "Leave the console?",
			     "The incident stays open. \"backout attach\" comes back to it.", 'y',
			     "leaves", NULL, leave);
	else
		confirm_open(ui, "Leave the console?", "Nothing is running.", 'y', "leaves", NULL,
			     leave);
}

static bool can_everywhere(const struct ui *ui, enum act act)
{
	const struct incident_state *state = session_state(ui->session);

	switch (act) {
	case ACT_WATCH:
	case ACT_DECIDE:
	case ACT_CHECKLIST:
	case ACT_EXECUTE:
	case ACT_LOG:
	case ACT_MESSAGES:
	case ACT_COMMAND:
	case ACT_HELP:
	case ACT_BACK:
	case ACT_QUIT:
	case ACT_REPAINT:
	case ACT_SUSPEND:
	case ACT_TAB:
	case ACT_BACKTAB:
		return true;
	case ACT_DECLARE:
		return !state || state->phase == INCIDENT_OPEN;
	case ACT_NOTE:
		return state && state->phase != INCIDENT_CLOSED;
	case ACT_ACKNOWLEDGE:
		return can_acknowledge(ui);
	case ACT_MUTE:
		return mute_possible(ui);
	case ACT_RESOLVE:
		return ui_open(ui) && !session_running(ui->session);
	case ACT_CLOSE:
		return state && state->phase == INCIDENT_RESOLVED;
	case ACT_FILL:
		return fill_possible(ui);
	case ACT_ROUTINES:
		return routines_possible(ui);
	case ACT_PHASES:
		return session_runbook(ui->session)->nphases > 0;
	case ACT_SEARCH:
		return ui_view(ui, ui->view)->search != NULL;
	default:
		return false;
	}
}

bool ui_can(struct ui *ui, enum act act)
{
	const struct view_ops *ops = ui_view(ui, ui->view);

	if (ops->refuses && ops->refuses(ui, ui->states[ui->view], act))
		return false;
	return can_everywhere(ui, act) || (ops->can && ops->can(ui, ui->states[ui->view], act));
}

/* What is the same in every view; false when it is the view's own. */
static bool act_everywhere(struct ui *ui, enum act act)
{
	switch (act) {
	case ACT_WATCH:
	case ACT_DECIDE:
	case ACT_CHECKLIST:
	case ACT_EXECUTE:
	case ACT_LOG:
	case ACT_MESSAGES:
		ui_show(ui, TUI_WATCH + (enum tui_view)(act - ACT_WATCH));
		return true;
	case ACT_DECLARE:
		declare_open(ui);
		return true;
	case ACT_NOTE:
		note_open(ui);
		return true;
	case ACT_COMMAND:
		prompt_command(ui, ui_act);
		return true;
	case ACT_SEARCH:
		prompt_search(ui);
		return true;
	case ACT_HELP:
		help_open(ui);
		return true;
	case ACT_ACKNOWLEDGE:
		acknowledge(ui);
		return true;
	case ACT_MUTE:
		mute_open(ui);
		return true;
	case ACT_RESOLVE:
		resolve_open(ui);
		return true;
	case ACT_CLOSE:
		close_open(ui);
		return true;
	case ACT_FILL:
		fill_open(ui);
		return true;
	case ACT_ROUTINES:
		routines_open(ui);
		return true;
	case ACT_PHASES:
		phases_open(ui);
		return true;
	case ACT_QUIT:
		leave_ask(ui);
		return true;
	case ACT_REPAINT:
		screen_repaint(&ui->screen);
		return true;
	case ACT_SUSPEND:
		screen_suspend(&ui->screen);
		return true;
	default:
		return false;
	}
}

/* Acts of which the view has the first word. */
static bool act_default(struct ui *ui, enum act act)
{
	switch (act) {
	case ACT_TAB:
		ui_show(ui, (enum tui_view)((ui->view + 1) % TUI_VIEWS));
		return true;
	case ACT_BACKTAB:
		ui_show(ui, (enum tui_view)((ui->view + TUI_VIEWS - 1) % TUI_VIEWS));
		return true;
	case ACT_BACK:
		if (ui->view == TUI_WATCH)
			leave_ask(ui);
		else
			ui_show(ui, TUI_WATCH);
		return true;
	default:
		return false;
	}
}

static void say_cannot(struct ui *ui, enum act act)
{
	if ((act == ACT_NOTE || act == ACT_MARK) && !session_state(ui->session))
		ui_notice(ui, STYLE_WARNING, "No incident is open: declare one with ! first.");
	else if (act >= ACT_ZOOM || act == ACT_RESOLVE || act == ACT_CLOSE || act == ACT_FILL ||
		 act == ACT_ACKNOWLEDGE || act == ACT_MUTE || act == ACT_ROUTINES ||
		 act == ACT_PHASES)
		ui_notice(ui, STYLE_WARNING, "That does nothing now; the keys below do.");
}

void ui_act(struct ui *ui, enum act act)
{
	const struct view_ops *ops = ui_view(ui, ui->view);
	void *state = ui->states[ui->view];
	const char *why = ops->refuses ? ops->refuses(ui, state, act) : NULL;

	if (why)
		ui_notice(ui, STYLE_WARNING, "%s", why);
	else if (ops->can && ops->can(ui, state, act))
		ops->act(ui, state, act);
	else if (act_default(ui, act))
		return;
	else if (!can_everywhere(ui, act) || !act_everywhere(ui, act))
		say_cannot(ui, act);
}
