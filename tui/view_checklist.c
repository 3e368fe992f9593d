/* Checklist: items with their state; sensed ones tick themselves, manual ones take one key. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "tui/gate.h"
#include "tui/items.h"
#include "tui/modal.h"
#include "tui/say.h"

struct checklist_view {
	size_t which;
	int selected, top;
	const struct checklist *fitting; /* the one that fitted when it was last looked for */
	bool turned;			 /* by the operator: a suggestion does not turn it */
};

/* The list that is asked for now: the deployment's or the routine's, or the procedure's `before`
 * until it ran, then `after`. NULL: none. */
static const struct checklist *fitting(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);
	const struct attempt *attempt = state ? state_attempt(state) : NULL;

	if (state && state->deployment.deployment && (!attempt || attempt->ended_at))
		return state->deployment.deployment->checklist;
	if (state && state->routine.routine && (!attempt || attempt->ended_at))
		return state->routine.routine->checklist;
	if (!attempt)
		return NULL;
	return attempt->procedure.started ? attempt->procedure.procedure->after
					  : attempt->procedure.procedure->before;
}

/* Turns to the fitting list when it is another one than before; where none is asked for, to what
 * comes before the suggested procedure, unless somebody reads another one. */
static void follow(struct ui *ui, struct checklist_view *view)
{
	const struct checklist *now = fitting(ui);

	if (!now && !view->turned && suggested_procedure(ui))
		now = suggested_procedure(ui)->before;
	/* While an item's action is under way its list stays. */
	if (!now || now == view->fitting)
		return;
	view->which = (size_t)(now - session_runbook(ui->session)->checklists);
	view->selected = view->top = 0;
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

/* "Final checks   T-2h, in 00:12:41": a section of a planned deployment counts down. */
static void section_row(struct ui *ui, const struct checklist_state *list,
			const struct section *section, const struct canvas *canvas, int y)
{
	const struct deployment_state *planned = gate_deployment(ui);
	const char *offset = json_string_value(section->offset);
	int64_t left, seconds;
	char clock[48];
	int x;

	if (y < 0 || y >= canvas->h)
		return;
	x = canvas_text(canvas, y, 0, STYLE_BOLD, section->title);
	if (section->timed)
		x = canvas_printf(canvas, y, x, STYLE_BOLD, "   T%s%s",
				  section->offset_us > 0 ? "+" : "",
				  section->offset_us ? offset : "-0");
	if (!section->timed || !planned || planned->deployment->checklist != list->checklist)
		return;
	left = planned->t0 + section->offset_us - ui_now(ui);
	seconds = left > 0 ? (left + CLOCK_US - 1) / CLOCK_US : -left / CLOCK_US;
	duration_clock(seconds * CLOCK_US, clock, sizeof(clock));
	canvas_printf(canvas, y, x, left > 0 ? STYLE_DIM : STYLE_WARNING, "%s%s",
		      left > 0 ? ", in " : ", due since ", clock);
}

/* Rows down to an item; section titles stand between the items. */
static int rows_until(const struct checklist_state *state, size_t index)
{
	const struct section *section, *last = NULL;
	int rows = 0;

	for (size_t i = 0; i <= index && i < state->nitems; i++) {
		checklist_item(state, i, &section);
		rows += 1 + (section != last);
		last = section;
	}
	return rows;
}

static bool is_title(const struct checklist_state *state, int row)
{
	for (size_t i = 0; i < state->nitems; i++) {
		if (rows_until(state, i) - 1 == row)
			return false;
	}
	return row > 0;
}

/* Keeps the selected item in sight of `room` rows; whether there is more below them. Once it
 * scrolls the first row says which section the rows below it belong to. */
static bool items_scroll(struct checklist_view *view, const struct checklist_state *state, int room)
{
	int rows = rows_until(state, state->nitems);

	view->top = scroll_to(view->top, rows_until(state, (size_t)view->selected) - 1,
			      rows > room ? room - 1 : room, rows);
	/* The title above the first item that fits, too; and no title below another one. */
	if (view->top == 1)
		view->top = 0;
	else if (is_title(state, view->top))
		view->top++;
	return rows - view->top > room - (view->top > 0);
}

static void items_draw(struct ui *ui, const struct checklist_view *view,
		       const struct checklist_state *state, const struct canvas *canvas)
{
	const struct section *section, *last = NULL, *pinned = NULL;
	int row = 0, shift = view->top > 0;
	struct canvas below = canvas_part(canvas, shift, 0, canvas->h - shift, canvas->w);

	for (size_t i = 0; i < state->nitems; i++) {
		checklist_item(state, i, &section);
		if (section != last)
			section_row(ui, state, section, &below, row++ - view->top);
		last = section;
		if (shift && row - view->top <= 0)
			pinned = section;
		item_row(ui, state, i, &below, row - view->top, (int)i == view->selected);
		row++;
	}
	if (pinned)
		section_row(ui, state, pinned, canvas, 0);
}

static int64_t counted_until(const struct deployment_state *planned)
{
	return planned && planned->decided != DECISION_GO ? GATE_DUE_US : INT64_MAX;
}

static void missing_draw(const struct checklist_state *list, int64_t until,
			 const struct canvas *canvas)
{
	struct buf names = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < list->nitems; i++) {
		if (checklist_missing(list, i, until))
			buf_printf(&names, "%s%s", n++ ? ", " : "",
				   checklist_item(list, i, NULL)->say);
	}
	if (n)
		canvas_printf(canvas, 0, 0, STYLE_DIM, "%zu missing: %s", n, buf_str(&names));
	buf_release(&names);
}

/* What was seen of the selected item, or what its note says: its own row may have no room. */
static void detail_draw(const struct checklist_view *view, const struct checklist_state *list,
			const struct canvas *canvas)
{
	const struct item *item = checklist_item(list, (size_t)view->selected, NULL);
	const char *seen = item_evidence(&list->items[view->selected]);

	if (*seen || item->note)
		canvas_printf(canvas, 0, 0, STYLE_NORMAL, "%s%s",
			      *seen ? "Seen: " : "Note: ", *seen ? seen : item->note);
}

/* New: "Title (2 of 8, Tab)", its name cut so that `status` keeps its place beside it. */
static char *list_title(struct ui *ui, const struct checklist_view *view, const char *name,
			const char *status, const struct canvas *canvas)
{
	char *where = xasprintf(" (%zu of %zu, Tab)", view->which + 1, lists(ui));
	/* Corners, borders and the blanks around both texts. */
	int room = canvas->w - text_width(where) - text_width(status) - 9;
	bool fits = text_width(name) <= room;
	size_t length = fits ? strlen(name) : text_fit(name, room > 1 ? room - 1 : 0);
	char *title = xasprintf("%.*s%s%s", (int)length, name,
				fits ? "" : canvas->screen->glyphs->ellipsis, where);

	free(where);
	return title;
}

/* The list, below it what there is to say of the selected item, what is missing, and the gate. */
static void list_draw(struct ui *ui, struct checklist_view *view,
		      const struct checklist_state *state, const struct canvas *canvas)
{
	const struct deployment_state *planned = gate_deployment(ui);
	bool gate = planned && planned->deployment->checklist == state->checklist;
	int64_t until = counted_until(gate ? planned : NULL);
	int ready = checklist_readiness_until(state, until), rows = 2 + (gate ? gate_rows(ui) : 0);
	bool more = items_scroll(view, state, canvas->h - 2 - rows);
	char *status = xasprintf("%s%d%% ready", more ? "more below  " : "", ready);
	char *title = list_title(ui, view, state->checklist->title, status, canvas);
	struct canvas inside, part;

	inside = canvas_box(canvas, title, status, ready == 100 ? STYLE_OK : STYLE_WARNING, true);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	if (gate)
		gate_draw(ui, &inside);
	part = canvas_part(&inside, inside.h - rows, 0, 1, inside.w);
	detail_draw(view, state, &part);
	part = canvas_part(&inside, inside.h - rows + 1, 0, 1, inside.w);
	missing_draw(state, until, &part);
	part = canvas_part(&inside, 0, 0, inside.h - rows, inside.w);
	items_draw(ui, view, state, &part);
	free(title);
	free(status);
}

static void checklist_draw(struct ui *ui, void *data, const struct canvas *canvas)
{
	struct checklist_view *view = data;
	struct checklist_state state;
	struct canvas inside;
	bool release;

	if (lists(ui) == 0) {
		inside = canvas_box(canvas, "Checklist", NULL, STYLE_NORMAL, false);
		canvas_wrap(&inside, 0, 1, 1, STYLE_NORMAL, "This runbook has no checklists.");
		return;
	}
	follow(ui, view);
	if (view->which >= lists(ui))
		view->which = 0;
	session_look_at(ui->session, view->which);
	state = state_of(ui, view->which, &release);
	list_draw(ui, view, &state, canvas);
	if (release)
		checklist_state_release(&state);
}

/* The item to look at: of the planned deployment's list the one that the line above names. */
static int next_item(struct ui *ui, size_t which)
{
	const struct deployment_state *planned = gate_deployment(ui);
	bool release, counts;
	struct checklist_state state = state_of(ui, which, &release);
	int next;

	counts = planned && planned->deployment->checklist == state.checklist;
	next = counts ? session_next_item(ui->session) : checklist_next(&state);
	if (release)
		checklist_state_release(&state);
	return next;
}

/* The selected item; false when there is none. */
struct chosen {
	const struct item *item;
	enum item_status status;
	bool follows; /* its sub-items */
};

static bool selected_item(struct ui *ui, struct checklist_view *view, struct chosen *out)
{
	struct checklist_state state;
	bool release, any;

	if (view->which >= lists(ui))
		return false;
	state = state_of(ui, view->which, &release);
	any = view->selected < (int)state.nitems;
	if (any)
		*out = (struct chosen){
			.item = checklist_item(&state, (size_t)view->selected, NULL),
			.status = state.items[view->selected].status,
			.follows = checklist_follows(&state, (size_t)view->selected),
		};
	if (release)
		checklist_state_release(&state);
	return any;
}

/* What the operator may do with the selected item. */
static bool can_item(const struct chosen *chosen, enum act act)
{
	enum item_status status = chosen->status;

	if (status == ITEM_NOT_APPLICABLE)
		return false;
	switch (act) {
	case ACT_TICK:
		return chosen->item->kind == ITEM_MANUAL && !chosen->follows &&
		       status != ITEM_GREEN && status != ITEM_OVERRIDDEN;
	case ACT_RUN_ITEM:
		return chosen->item->procedure && status != ITEM_OVERRIDDEN;
	case ACT_REOPEN:
		return status == ITEM_OVERRIDDEN || (status == ITEM_GREEN && !chosen->follows &&
						     chosen->item->kind == ITEM_MANUAL);
	case ACT_DEFER:
		return status != ITEM_GREEN && status != ITEM_OVERRIDDEN;
	case ACT_OVERRIDE:
		return status != ITEM_GREEN && status != ITEM_OVERRIDDEN;
	default:
		return false;
	}
}

static bool checklist_can(struct ui *ui, void *data, enum act act)
{
	struct checklist_view *view = data;
	struct chosen chosen;

	if (!selected_item(ui, view, &chosen))
		return false;
	if (act_rows(act, 1))
		return true;
	switch (act) {
	case ACT_TAB:
	case ACT_BACKTAB:
	case ACT_LEFT:
	case ACT_RIGHT:
	case ACT_LISTS:
		return lists(ui) > 1;
	case ACT_ENTER:
		return true;
	case ACT_NEXT_ITEM:
		return next_item(ui, view->which) >= 0;
	case ACT_GATE:
		return ui_open(ui) && gate_deployment(ui);
	default:
		return session_state(ui->session) && ui_open(ui) && can_item(&chosen, act);
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
	int rc = session_item(ui->session, list, subject + strlen(list) + 1, "overridden",
			      values[0], err);

	free(list);
	return rc < 0 ? -1 : ui_acted(ui, 0, err, NULL);
}

static void item_note(struct ui *ui, const char *list, const struct item *item, const char *act,
		      const char *done)
{
	struct err err = ERR_INIT;

	ui_acted(ui, session_item(ui->session, list, item->id, act, NULL, &err), &err, done);
}

/* Its plan is shown where plans are approved and steps run. */
static void item_run(struct ui *ui, const char *list, const struct item *item)
{
	struct err err = ERR_INIT;

	if (!item_under_way(ui, item) &&
	    ui_acted(ui, session_item_run(ui->session, list, item->id, &err), &err, NULL) != 0)
		return;
	ui_show(ui, TUI_EXECUTE);
}

static void item_act(struct ui *ui, struct checklist_view *view, const struct chosen *chosen,
		     enum act act)
{
	const char *list = list_name(ui, view);
	const struct item *item = chosen->item;

	if (act == ACT_GATE)
		gate_open(ui);
	else if (act == ACT_TICK)
		item_note(ui, list, item, "ticked", NULL);
	else if (act == ACT_RUN_ITEM)
		item_run(ui, list, item);
	else if (act == ACT_REOPEN)
		item_note(ui, list, item, "reopened", "Open again.");
	else if (act == ACT_DEFER && chosen->status == ITEM_DEFERRED)
		item_note(ui, list, item, "reopened", "Taken back: it is not deferred any more.");
	else if (act == ACT_DEFER)
		item_note(ui, list, item, "deferred", "Deferred: it comes back at the end.");
	else
		reason_open(ui, "Override the item", item->say, xasprintf("%s %s", list, item->id),
			    override_done);
}

static void details(struct ui *ui, const struct checklist_view *view)
{
	bool release;
	struct checklist_state state = state_of(ui, view->which, &release);

	item_page(ui, &state, (size_t)view->selected);
	if (release)
		checklist_state_release(&state);
}

static void turn_to(struct ui *ui, struct checklist_view *view, size_t which)
{
	int next = next_item(ui, which);

	view->which = which;
	view->selected = next >= 0 ? next : 0;
	view->top = 0;
	view->turned = true;
}

static void list_chosen(struct ui *ui, const char *name, const char *subject)
{
	const struct checklist *list = runbook_checklist(session_runbook(ui->session), name);

	(void)subject;
	if (list)
		turn_to(ui, ui->states[TUI_CHECKLIST],
			(size_t)(list - session_runbook(ui->session)->checklists));
}

static void select_by(struct ui *ui, struct checklist_view *view, int rows)
{
	bool release;
	struct checklist_state state = state_of(ui, view->which, &release);
	int last = (int)state.nitems - 1;

	view->selected += rows;
	view->selected = view->selected > last ? last : view->selected;
	view->selected = view->selected < 0 ? 0 : view->selected;
	if (release)
		checklist_state_release(&state);
}

static void checklist_act(struct ui *ui, void *data, enum act act)
{
	struct checklist_view *view = data;
	struct chosen chosen;
	int rows = act_rows(act, 10);

	selected_item(ui, view, &chosen);
	if (rows) {
		select_by(ui, view, rows);
		return;
	}
	switch (act) {
	case ACT_TAB:
	case ACT_RIGHT:
		turn_to(ui, view, (view->which + 1) % lists(ui));
		break;
	case ACT_BACKTAB:
	case ACT_LEFT:
		turn_to(ui, view, (view->which + lists(ui) - 1) % lists(ui));
		break;
	case ACT_LISTS:
		lists_open(ui, fitting(ui), list_chosen);
		break;
	case ACT_NEXT_ITEM:
		view->selected = next_item(ui, view->which);
		break;
	case ACT_ENTER:
		details(ui, view);
		break;
	default:
		item_act(ui, view, &chosen, act);
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
