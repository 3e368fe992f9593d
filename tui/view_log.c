/* Log: the timeline of the incident, newest at the bottom. */
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/modal.h"

enum log_filter {
	FILTER_ALL,
	FILTER_OPERATOR,
	FILTER_RUNNER,
	FILTER_SENSED,
	FILTER_NOTES,
	FILTER_COUNT
};

static const char *const filter_names[] = { "everything", "operator", "runner", "sensed", "notes" };

struct log_view {
	enum log_filter filter;
	char *search;	 /* owned; NULL: none */
	bool held;	 /* does not follow the newest line */
	size_t selected; /* among those that are shown, when held */
	int top;
};

static bool shown(const struct log_view *view, const struct incident_state *state,
		  const struct timeline_entry *entry)
{
	if (entry->hidden && !state_reveals(state))
		return false;
	if (view->search && !strcasestr(entry_text(entry), view->search) &&
	    !strcasestr(json_str(entry_json(entry), "text", ""), view->search) &&
	    !strcasestr(entry_by(entry), view->search))
		return false;
	if (view->filter == FILTER_ALL)
		return true;
	if (entry->event == EV_COUNT)
		return false;
	switch (event_defs[entry->event].class) {
	case EVENT_NOTE:
		return view->filter == FILTER_NOTES;
	case EVENT_OPERATOR:
		return view->filter == FILTER_OPERATOR;
	case EVENT_RUNNER:
		return view->filter == FILTER_RUNNER;
	case EVENT_SENSED:
		return view->filter == FILTER_SENSED;
	}
	return false;
}

static size_t count(struct ui *ui, const struct log_view *view)
{
	const struct incident_state *state = session_state(ui->session);
	size_t n = 0;

	for (size_t i = 0; state && i < state->ntimeline; i++)
		n += shown(view, state, &state->timeline[i]);
	return n;
}

static size_t selected(const struct log_view *view, size_t n)
{
	if (!view->held || view->selected >= n)
		return n ? n - 1 : 0;
	return view->selected;
}

static enum style style_event(const struct timeline_entry *entry)
{
	if (entry->misfit)
		return STYLE_WARNING;
	switch (entry->event) {
	case EV_BROKEN:
		return STYLE_CRITICAL;
	case EV_ALERT:
	case EV_CONDITION:
	case EV_DIED:
	case EV_REJECTED:
		return STYLE_WARNING;
	case EV_NOTE:
	case EV_EVIDENCE:
	case EV_MESSAGE:
	case EV_APPROVED:
	case EV_RESOLVED:
	case EV_CLOSED:
	case EV_OPENED:
		return STYLE_BOLD;
	default:
		return STYLE_NORMAL;
	}
}

static void entry_draw(struct ui *ui, const struct timeline_entry *entry,
		       const struct canvas *canvas, int y, bool here)
{
	char clock[TIME_RFC3339_MAX];
	struct canvas row = canvas_part(canvas, y, 0, 1, -1);
	int x, end = row.w;

	if (row.w >= 100)
		end = canvas_right(&row, 0, STYLE_DIM, entry_by(entry));
	row = canvas_part(&row, 0, 0, 1, end);
	x = canvas_text(&row, 0, 0, here ? STYLE_FOCUS : STYLE_NORMAL,
			here ? ui->screen.glyphs->arrow : " ");
	x = canvas_printf(&row, 0, x + 1, STYLE_DIM, "%s", time_clock(entry->at, clock));
	canvas_text(&row, 0, x + 1, style_event(entry), entry_text(entry));
}

static void log_draw(struct ui *ui, void *data, const struct canvas *canvas)
{
	struct log_view *view = data;
	const struct incident_state *state = session_state(ui->session);
	size_t n = count(ui, view), at = selected(view, n), row = 0;
	struct canvas inside;
	char status[128];

	snprintf(status, sizeof(status), "%s%s%.40s%s, %zu lines", filter_names[view->filter],
		 view->search ? ", with \"" : "", view->search ? view->search : "",
		 view->search ? "\"" : "", n);
	inside = canvas_box(canvas, state ? state->title : "Log", status,
			    view->search || view->filter ? STYLE_WARNING : STYLE_DIM, true);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	if (!state) {
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL,
			    "No incident is open: nothing is on record yet. ! declares one.");
		return;
	}
	view->top = scroll_to(view->top, (int)at, inside.h, (int)n);
	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (!shown(view, state, entry))
			continue;
		if ((int)row >= view->top)
			entry_draw(ui, entry, &inside, (int)row - view->top, row == at);
		row++;
	}
	if (n == 0)
		canvas_wrap(&inside, 0, 0, 0, STYLE_DIM,
			    "No line fits. f changes the filter, / the search.");
}

static const struct timeline_entry *nth(struct ui *ui, const struct log_view *view, size_t at)
{
	const struct incident_state *state = session_state(ui->session);
	size_t row = 0;

	for (size_t i = 0; i < state->ntimeline; i++) {
		if (shown(view, state, &state->timeline[i]) && row++ == at)
			return &state->timeline[i];
	}
	return NULL;
}

static void entry_page(struct ui *ui, const struct timeline_entry *entry)
{
	struct buf text = BUF_INIT;
	const char *lines = json_str(entry_json(entry), "text", "");
	char time[TIME_RFC3339_MAX], title[48];
	char *json = json_dumps(entry_json(entry), JSON_INDENT(2));

	buf_printf(&text, "%s\n\nat  %s\nby  %s\n\n", entry_text(entry),
		   time_rfc3339(entry->at, time), entry_by(entry));
	if (strchr(lines, '\n'))
		buf_printf(&text, "%s\n\n", lines);
	buf_printf(&text, "%s\n", json ? json : "");
	snprintf(title, sizeof(title), "Ledger line %llu", (unsigned long long)entry->seq);
	page_open(ui, title, buf_detach(&text));
	free(json);
}

static bool log_can(struct ui *ui, void *data, enum act act)
{
	struct log_view *view = data;

	if (act == ACT_ENTER || act_rows(act, 1))
		return count(ui, view) > 0;
	switch (act) {
	case ACT_FILTER:
		return session_state(ui->session) != NULL;
	case ACT_BACK:
		return view->search != NULL;
	default:
		return false;
	}
}

static void log_move(struct log_view *view, size_t n, int by)
{
	long at = (long)selected(view, n) + by;

	if (at < 0)
		at = 0;
	view->held = at < (long)n - 1;
	view->selected = (size_t)at;
}

static void log_search(struct ui *ui, void *data, const char *text)
{
	struct log_view *view = data;

	(void)ui;
	free(view->search);
	view->search = *text ? xstrdup(text) : NULL;
	view->held = false;
}

static void log_act(struct ui *ui, void *data, enum act act)
{
	struct log_view *view = data;
	size_t n = count(ui, view);
	int rows = act_rows(act, 15);

	if (rows) {
		log_move(view, n, rows);
		return;
	}
	switch (act) {
	case ACT_ENTER:
		entry_page(ui, nth(ui, view, selected(view, n)));
		break;
	case ACT_FILTER:
		view->filter = (enum log_filter)((view->filter + 1) % FILTER_COUNT);
		view->held = false;
		break;
	case ACT_BACK:
		log_search(ui, view, "");
		break;
	default:
		break;
	}
}

static void log_release(void *data)
{
	struct log_view *view = data;

	free(view->search);
}

const struct view_ops view_log = {
	.title = "Log",
	.state_size = sizeof(struct log_view),
	.release = log_release,
	.draw = log_draw,
	.can = log_can,
	.act = log_act,
	.search = log_search,
};
