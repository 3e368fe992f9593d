/* Checklist: items with their state; sensed ones tick themselves, manual ones take one key. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/gate.h"
#include "tui/modal.h"
#include "tui/say.h"

struct checklist_view {
	size_t which;
	int selected, top;
	const struct checklist *fitting; /* the one that fitted when it was last looked for */
};

/* The list that is asked for now: the deployment's, or the procedure's `before` until it ran, then
 * `after`. NULL: none. */
static const struct checklist *fitting(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);
	const struct attempt *attempt = state ? state_attempt(state) : NULL;

	if (state && state->deployment.deployment && (!attempt || attempt->ended_at))
		return state->deployment.deployment->checklist;
	if (!attempt)
		return NULL;
	return attempt->procedure.started ? attempt->procedure.procedure->after
					  : attempt->procedure.procedure->before;
}

/* Turns to the fitting list when it is another one than before. */
static void follow(struct ui *ui, struct checklist_view *view)
{
	const struct checklist *now = fitting(ui);

	if (now && now != view->fitting) {
		view->which = (size_t)(now - session_runbook(ui->session)->checklists);
		view->selected = view->top = 0;
	}
	view->fitting = now;
}

/* The recorded state, or a blank one while no incident is open: release it with `release`. */
static struct checklist_state state_of(struct ui *ui, size_t which, bool *release)
{
	const struct incident_state *state = session_state(ui->session);
	struct checklist_state blank;

	*release = !state;
	if (state)
		return state->checklists[which];
	checklist_begin(&blank, &session_runbook(ui->session)->checklists[which]);
	return blank;
}

static size_t lists(struct ui *ui)
{
	return session_runbook(ui->session)->nchecklists;
}

static enum style style_item(enum item_status status)
{
	switch (status) {
	case ITEM_GREEN:
		return STYLE_OK;
	case ITEM_RED:
		return STYLE_CRITICAL;
	case ITEM_UNKNOWN:
	case ITEM_DEFERRED:
	case ITEM_OVERRIDDEN:
		return STYLE_WARNING;
	case ITEM_OPEN:
	case ITEM_NOT_APPLICABLE:
		break;
	}
	return STYLE_DIM;
}

static const char *mark(enum item_status status)
{
	switch (status) {
	case ITEM_GREEN:
		return "[x]";
	case ITEM_RED:
		return "[!]";
	case ITEM_UNKNOWN:
		return "[?]";
	case ITEM_DEFERRED:
		return "[>]";
	case ITEM_OVERRIDDEN:
		return "[o]";
	case ITEM_NOT_APPLICABLE:
		return "[-]";
	case ITEM_OPEN:
		break;
	}
	return "[ ]";
}

static void item_row(struct ui *ui, const struct item *item, const struct item_state *state,
		     const struct canvas *canvas, int y, bool here)
{
	const char *kind = item->kind == ITEM_SENSED   ? "sensed"
			   : item->kind == ITEM_ACTION ? "action"
						       : "manual";
	struct canvas row;
	char age[64], text[128];
	int x, end;

	if (state->status == ITEM_OPEN)
		snprintf(text, sizeof(text), "%s%s", item->optional ? "optional, " : "", kind);
	else
		snprintf(text, sizeof(text), "%s, %s", item_status_name(state->status),
			 age_text(state->measured ? state->measured : state->at, ui_now(ui), age,
				  sizeof(age)));
	end = canvas_right(canvas, y, style_item(state->status), text);
	row = canvas_part(canvas, y, 0, 1, end - 1);
	x = canvas_text(&row, 0, 0, here ? STYLE_FOCUS : STYLE_NORMAL,
			here ? ui->screen.glyphs->arrow : " ");
	x = canvas_text(&row, 0, x + 1 + (item->parent >= 0 ? 2 : 0), style_item(state->status),
			mark(state->status));
	x = canvas_text(&row, 0, x + 1, here ? STYLE_BOLD : STYLE_NORMAL, item->say);
	if (state->evidence[0])
		canvas_printf(&row, 0, x, STYLE_DIM, ": %s", state->evidence);
}

/* "Final checks   T-2h, in 00:12:41": a section of a planned deployment counts down. */
static void section_row(struct ui *ui, const struct checklist_state *list,
			const struct section *section, const struct canvas *canvas, int y)
{
	const struct deployment_state *planned = gate_deployment(ui);
	const char *offset = json_string_value(section->offset);
	int64_t left, seconds;
	char clock[48];
	int x =
	    canvas_printf(canvas, y, 0, STYLE_BOLD, "%s%s%s%s", section->title,
			  section->timed ? "   T" : "", section->timed && *offset != '-' ? "+" : "",
			  section->timed ? offset : "");

	if (!section->timed || !planned || planned->deployment->checklist != list->checklist)
		return;
	left = planned->t0 + section->offset_us - ui_now(ui);
	seconds = left > 0 ? (left + CLOCK_US - 1) / CLOCK_US : -left / CLOCK_US;
	duration_clock(seconds * CLOCK_US, clock, sizeof(clock));
	canvas_printf(canvas, y, x, left > 0 ? STYLE_DIM : STYLE_WARNING, "%s%s",
		      left > 0 ? ", in " : ", due since ", clock);
}

/* Section titles stand between the items: rows are counted with them. */
static void items_draw(struct ui *ui, struct checklist_view *view,
		       const struct checklist_state *state, const struct canvas *canvas)
{
	const struct section *section, *last = NULL;
	int row = 0, at = 0, y;

	for (size_t i = 0; i < state->nitems; i++) {
		checklist_item(state, i, &section);
		row += section != last;
		if ((int)i == view->selected)
			at = row;
		row++;
		last = section;
	}
	view->top = scroll_to(view->top, at, canvas->h, row);
	/* The first item's section title stays in sight. */
	if (view->selected == 0)
		view->top = 0;
	last = NULL;
	row = 0;
	for (size_t i = 0; i < state->nitems; i++) {
		const struct item *item = checklist_item(state, i, &section);

		if (section != last) {
			y = row++ - view->top;
			section_row(ui, state, section, canvas, y);
		}
		last = section;
		y = row++ - view->top;
		item_row(ui, item, &state->items[i], canvas, y, (int)i == view->selected);
	}
}

static void checklist_draw(struct ui *ui, void *data, const struct canvas *canvas)
{
	struct checklist_view *view = data;
	const struct deployment_state *planned;
	struct checklist_state state;
	struct canvas inside;
	char status[96];
	int ready;
	char *title;
	bool release;

	if (lists(ui) == 0) {
		inside = canvas_box(canvas, "Checklist", NULL, STYLE_NORMAL, false);
		canvas_wrap(&inside, 0, 1, 1, STYLE_NORMAL, "This runbook has no checklists.");
		return;
	}
	follow(ui, view);
	if (view->which >= lists(ui))
		view->which = 0;
	state = state_of(ui, view->which, &release);
	if (view->selected >= (int)state.nitems)
		view->selected = (int)state.nitems - 1;
	title =
	    xasprintf("%s (%zu of %zu, Tab)", state.checklist->title, view->which + 1, lists(ui));
	planned = gate_deployment(ui);
	if (planned && planned->deployment->checklist != state.checklist)
		planned = NULL;
	ready = checklist_readiness_until(&state, planned && planned->decided != DECISION_GO
						      ? GATE_DUE_US
						      : INT64_MAX);
	snprintf(status, sizeof(status), "%d%% ready", ready);
	inside = canvas_box(canvas, title, status, ready == 100 ? STYLE_OK : STYLE_WARNING, true);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	if (planned)
		inside =
		    canvas_part(&inside, 0, 0, inside.h - gate_draw(ui, &state, &inside), inside.w);
	items_draw(ui, view, &state, &inside);
	free(title);
	if (release)
		checklist_state_release(&state);
}

static bool selected_item(struct ui *ui, struct checklist_view *view, const struct item **item,
			  struct item_state *now)
{
	struct checklist_state state;
	const struct section *section;
	bool release, any;

	if (view->which >= lists(ui))
		return false;
	state = state_of(ui, view->which, &release);
	any = view->selected >= 0 && view->selected < (int)state.nitems;
	if (any) {
		*item = checklist_item(&state, (size_t)view->selected, &section);
		*now = state.items[view->selected];
	}
	if (release)
		checklist_state_release(&state);
	return any;
}

static bool checklist_can(struct ui *ui, void *data, enum act act)
{
	struct checklist_view *view = data;
	const struct item *item = NULL;
	struct item_state now;

	if (!selected_item(ui, view, &item, &now))
		return false;
	switch (act) {
	case ACT_TAB:
	case ACT_BACKTAB:
	case ACT_LEFT:
	case ACT_RIGHT:
		return lists(ui) > 1;
	case ACT_UP:
	case ACT_DOWN:
	case ACT_PAGE_UP:
	case ACT_PAGE_DOWN:
	case ACT_TOP:
	case ACT_BOTTOM:
	case ACT_ENTER:
		return true;
	case ACT_TICK:
		return session_state(ui->session) && ui_open(ui) &&
		       (item->kind == ITEM_MANUAL || item->procedure);
	case ACT_GATE:
		return ui_open(ui) && gate_deployment(ui);
	case ACT_DEFER:
		return ui_open(ui) && now.status != ITEM_GREEN &&
		       now.status != ITEM_NOT_APPLICABLE && now.status != ITEM_DEFERRED;
	case ACT_OVERRIDE:
		return ui_open(ui) && now.status != ITEM_GREEN &&
		       now.status != ITEM_NOT_APPLICABLE && now.status != ITEM_OVERRIDDEN;
	default:
		return false;
	}
}

static const char *list_name(struct ui *ui, const struct checklist_view *view)
{
	return session_runbook(ui->session)->checklists[view->which].name;
}

static int override_done(struct ui *ui, const char *const *values, const char *subject,
			 struct err *err)
{
	/* "LIST ITEM": neither name has a blank */
	char *list = xstrndup(subject, strcspn(subject, " "));
	int rc = -1;

	if (!*values[0])
		err_set(err, "a reason is needed: it goes into the report");
	else
		rc = session_item(ui->session, list, subject + strlen(list) + 1, "overridden",
				  values[0], err);
	free(list);
	return rc < 0 ? -1 : ui_acted(ui, 0, err, NULL);
}

static void item_page(struct ui *ui, const struct item *item, const struct item_state *now)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s\n%s%s\nState: %s\n", item->say, item->note ? item->note : "",
		   item->note ? "\n" : "", item_status_name(now->status));
	if (now->evidence[0])
		buf_printf(&text, "Evidence: %s\n", now->evidence);
	if (item->probe) {
		buf_puts(&text, "\nMeasured by:\n");
		probe_print(ui, &text, item->probe);
	}
	if (item->procedure)
		buf_printf(&text, "\nDone by the procedure %s: %s. Space chooses it.\n",
			   item->procedure->name, item->procedure->title);
	if (item->done_by || item->done_at)
		buf_printf(&text, "\nDone before by %s, %s\n", item->done_by ? item->done_by : "?",
			   item->done_at ? item->done_at : "?");
	page_open(ui, item->id, buf_detach(&text));
}

static void item_act(struct ui *ui, struct checklist_view *view, const struct item *item,
		     const struct item_state *now, enum act act)
{
	const char *list = list_name(ui, view);
	struct form_entry reason = { .label = "Reason" };
	struct err err = ERR_INIT;

	if (act == ACT_TICK && item->procedure)
		choose_procedure(ui, item->procedure->name);
	else if (act == ACT_GATE)
		gate_open(ui);
	else if (act == ACT_TICK)
		ui_acted(ui,
			 session_item(ui->session, list, item->id,
				      now->status == ITEM_GREEN ? "reopened" : "ticked", NULL,
				      &err),
			 &err, NULL);
	else if (act == ACT_DEFER)
		ui_acted(ui, session_item(ui->session, list, item->id, "deferred", NULL, &err),
			 &err, "Deferred: it comes back at the end.");
	else
		form_open(ui, "Override the item", item->say, &reason, 1, false,
			  xasprintf("%s %s", list, item->id), override_done);
}

static void checklist_act(struct ui *ui, void *data, enum act act)
{
	struct checklist_view *view = data;
	const struct item *item = NULL;
	struct item_state now;

	selected_item(ui, view, &item, &now);
	switch (act) {
	case ACT_TAB:
	case ACT_RIGHT:
		view->which = (view->which + 1) % lists(ui);
		view->selected = view->top = 0;
		break;
	case ACT_BACKTAB:
	case ACT_LEFT:
		view->which = (view->which + lists(ui) - 1) % lists(ui);
		view->selected = view->top = 0;
		break;
	case ACT_UP:
		view->selected -= view->selected > 0;
		break;
	case ACT_DOWN:
		view->selected++;
		break;
	case ACT_PAGE_UP:
		view->selected = view->selected > 10 ? view->selected - 10 : 0;
		break;
	case ACT_PAGE_DOWN:
		view->selected += 10;
		break;
	case ACT_TOP:
		view->selected = 0;
		break;
	case ACT_BOTTOM:
		view->selected += 100000;
		break;
	case ACT_ENTER:
		item_page(ui, item, &now);
		break;
	default:
		item_act(ui, view, item, &now, act);
		break;
	}
}

const struct view_ops view_checklist = {
	.title = "Checklist",
	.state_size = sizeof(struct checklist_view),
	.draw = checklist_draw,
	.can = checklist_can,
	.act = checklist_act,
};
