/* Watch: the panels that the runbook names, or those that its sources give. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "sources/host.h"
#include "sources/log.h"
#include "sources/postgres.h"
#include "sources/process.h"
#include "tui/acts.h"
#include "tui/modal.h"
#include "tui/panel.h"

#define PANELS 16

struct shown_panel {
	struct panel panel; /* metrics borrowed, or owned when `made` */
	const struct panel_kind *kind;
	struct panel_state state;
	bool made, extra; /* extra: only on large screens */
};

struct watch_view {
	struct shown_panel panels[PANELS];
	size_t n, focus;
	bool ready, zoom;
	char *search; /* owned; NULL: none */
};

static const struct panel_kind *const panel_kinds[] = {
	&panel_log,    &panel_chart,   &panel_connections,
	&panel_memory, &panel_metrics, &panel_conditions,
};

const struct panel_kind *panel_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(panel_kinds) / sizeof(panel_kinds[0]); i++) {
		if (!strcmp(panel_kinds[i]->name, name))
			return panel_kinds[i];
	}
	return NULL;
}

/* ---- which panels ---- */

static struct shown_panel *add(struct watch_view *view, const struct panel_kind *kind,
			       const char *title)
{
	struct shown_panel *shown;

	if (view->n == PANELS)
		return NULL;
	shown = &view->panels[view->n++];
	memset(shown, 0, sizeof(*shown));
	shown->kind = kind;
	shown->panel.title = title;
	shown->panel.kind = kind->name;
	return shown;
}

static void add_metric(struct shown_panel *shown, const char *name)
{
	shown->panel.metrics = xrealloc(shown->panel.metrics, (shown->panel.nmetrics + 1) *
								  sizeof(*shown->panel.metrics));
	shown->panel.metrics[shown->panel.nmetrics++] = name;
	shown->made = true;
}

/* A runbook that names no panels still gets those that its sources are good for. */
static void panels_derive(struct ui *ui, struct watch_view *view)
{
	const struct runbook *runbook = session_runbook(ui->session);
	struct sense *sense = session_sense(ui->session);
	struct shown_panel *memory = NULL, *shown;

	for (size_t i = 0; i < runbook->nsources; i++) {
		const struct source_def *def = &runbook->sources[i];
		const struct source *source = sense_source(sense, def->name);
		const struct panel_kind *kind = !source			? NULL
						: log_is(source)	? &panel_log
						: postgres_info(source) ? &panel_connections
									: NULL;

		if (kind && (shown = add(view, kind, def->title ? def->title : def->name)))
			shown->panel.source = def->name;
	}
	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct metric *metric = &runbook->metrics[i];
		const struct source *source = sense_source(sense, metric->source);

		if (source && (process_is(source) || host_is(source))) {
			if (!memory)
				memory = add(view, &panel_memory, "Memory");
			if (memory)
				add_metric(memory, metric->name);
		} else if ((shown = add(view, &panel_chart, metric_title(metric)))) {
			add_metric(shown, metric->name);
		}
	}
}

static void panels_make(struct ui *ui, struct watch_view *view)
{
	const struct runbook *runbook = session_runbook(ui->session);

	view->ready = true;
	for (size_t i = 0; i < runbook->npanels && view->n < PANELS; i++) {
		const struct panel_kind *kind = panel_kind(runbook->panels[i].kind);
		struct shown_panel *shown;

		if (kind && (shown = add(view, kind, runbook->panels[i].title)))
			shown->panel = runbook->panels[i];
	}
	if (view->n == 0)
		panels_derive(ui, view);
	if (runbook->nmetrics > 0 && view->n < PANELS)
		add(view, &panel_metrics, "All metrics")->extra = true;
	if (runbook->nconditions > 0 && view->n < PANELS)
		add(view, &panel_conditions, "Conditions")->extra = true;
}

/* ---- where they stand ---- */

static void panel_show(struct ui *ui, struct watch_view *view, size_t i,
		       const struct canvas *canvas)
{
	struct shown_panel *shown = &view->panels[i];

	shown->state.search = shown->kind == &panel_log ? view->search : NULL;
	shown->kind->draw(ui, &shown->panel, &shown->state, canvas, i == view->focus);
}

/* Gives each panel of a column its rows: what it wants, the rest to the tall ones. */
static void rows_share(struct ui *ui, struct watch_view *view, const size_t *column, size_t n,
		       int height, int *rows)
{
	int left = height, tall = 0;

	for (size_t i = 0; i < n; i++) {
		struct shown_panel *shown = &view->panels[column[i]];

		rows[i] = shown->kind->want(ui, &shown->panel);
		left -= rows[i];
		tall += shown->kind->tall;
	}
	for (; left < 0; left++) {
		size_t most = 0;

		for (size_t i = 1; i < n; i++) {
			if (rows[i] > rows[most])
				most = i;
		}
		rows[most]--;
	}
	for (size_t i = 0; left > 0; i = (i + 1) % n) {
		if (view->panels[column[i]].kind->tall || !tall) {
			rows[i]++;
			left--;
		}
	}
}

static void column_draw(struct ui *ui, struct watch_view *view, const size_t *column, size_t n,
			const struct canvas *canvas)
{
	int rows[PANELS], y = 0;

	if (n == 0)
		return;
	/* No panel below three rows: the last ones give way. */
	while (n > 1 && (int)n * 3 > canvas->h)
		n--;
	rows_share(ui, view, column, n, canvas->h, rows);
	for (size_t i = 0; i < n; i++) {
		struct canvas part = canvas_part(canvas, y, 0, rows[i], -1);

		panel_show(ui, view, column[i], &part);
		y += rows[i];
	}
}

static bool is_shown(const struct watch_view *view, size_t i, int height)
{
	return !view->panels[i].extra || height >= 34;
}

static void watch_draw(struct ui *ui, void *data, const struct canvas *canvas)
{
	struct watch_view *view = data;
	size_t left[PANELS], right[PANELS], nleft = 0, nright = 0;
	struct canvas part;
	int width;

	if (!view->ready)
		panels_make(ui, view);
	if (view->n == 0) {
		canvas_wrap(canvas, 1, 2, 2, STYLE_NORMAL,
			    "This runbook has nothing to watch: no "
			    "sources, no metrics, no panels.");
		return;
	}
	if (!is_shown(view, view->focus, canvas->h))
		view->focus = 0;
	if (view->zoom) {
		panel_show(ui, view, view->focus, canvas);
		return;
	}
	for (size_t i = 0; i < view->n; i++) {
		if (!is_shown(view, i, canvas->h))
			continue;
		if (view->panels[i].kind == &panel_log)
			left[nleft++] = i;
		else
			right[nright++] = i;
	}
	width = nright == 0 ? canvas->w : nleft == 0 ? 0 : canvas->w >= 120 ? canvas->w / 2 : 44;
	part = canvas_part(canvas, 0, 0, -1, width);
	column_draw(ui, view, left, nleft, &part);
	part = canvas_part(canvas, 0, width, -1, -1);
	column_draw(ui, view, right, nright, &part);
}

/* ---- acting ---- */

/* Whether the panel with the focus has this act for its own. */
static bool panel_can(struct ui *ui, struct shown_panel *shown, enum act act)
{
	return shown->kind->can && shown->kind->can(ui, &shown->panel, &shown->state, act);
}

static bool watch_can(struct ui *ui, void *data, enum act act)
{
	struct watch_view *view = data;

	if (view->n == 0)
		return false;
	if (panel_can(ui, &view->panels[view->focus], act))
		return true;
	if (act_rows(act, 1))
		return view->panels[view->focus].kind->move != NULL;
	switch (act) {
	case ACT_MARK:
		return session_takes_notes(ui->session) && view->panels[view->focus].kind->mark;
	case ACT_TAB:
	case ACT_BACKTAB:
	case ACT_LEFT:
	case ACT_RIGHT:
	case ACT_ENTER:
	case ACT_ZOOM:
		return true;
	case ACT_BACK:
		return view->zoom || view->search || view->panels[view->focus].state.line;
	default:
		return false;
	}
}

static void watch_search(struct ui *ui, void *data, const char *text)
{
	struct watch_view *view = data;

	if (view->n > 0 && view->panels[view->focus].kind->search) {
		struct shown_panel *shown = &view->panels[view->focus];

		shown->kind->search(ui, &shown->panel, &shown->state, text);
		return;
	}
	free(view->search);
	view->search = *text ? xstrdup(text) : NULL;
	for (size_t i = 0; i < view->n; i++)
		view->panels[i].state.line = 0;
}

static void focus_move(struct watch_view *view, size_t by, int height)
{
	do
		view->focus = (view->focus + by) % view->n;
	while (!is_shown(view, view->focus, height));
}

static void mark(struct ui *ui, struct shown_panel *shown)
{
	struct err err = ERR_INIT;
	int rc = shown->kind->mark(ui, &shown->panel, &shown->state, &err);

	ui_acted(ui, rc, &err, "Marked as evidence: it stands in the log and in the report.");
}

static void watch_act(struct ui *ui, void *data, enum act act)
{
	struct watch_view *view = data;
	struct shown_panel *shown = &view->panels[view->focus];

	if (panel_can(ui, shown, act)) {
		shown->kind->act(ui, &shown->panel, &shown->state, act);
		return;
	}
	switch (act) {
	case ACT_TAB:
	case ACT_RIGHT:
		focus_move(view, 1, LINES - 5);
		break;
	case ACT_BACKTAB:
	case ACT_LEFT:
		focus_move(view, view->n - 1, LINES - 5);
		break;
	case ACT_ENTER:
		page_open(ui, shown->panel.title,
			  shown->kind->details(ui, &shown->panel, &shown->state));
		break;
	case ACT_MARK:
		mark(ui, shown);
		break;
	case ACT_ZOOM:
		view->zoom = !view->zoom;
		break;
	case ACT_BACK:
		if (view->zoom)
			view->zoom = false;
		else
			watch_search(ui, view, "");
		break;
	default:
		(shown->kind->move)(ui, &shown->panel, &shown->state, act);
		break;
	}
}

static void watch_release(void *data)
{
	struct watch_view *view = data;

	for (size_t i = 0; i < view->n; i++) {
		if (view->panels[i].kind->release)
			view->panels[i].kind->release(&view->panels[i].state);
		if (view->panels[i].made)
			free(view->panels[i].panel.metrics);
	}
	free(view->search);
}

const struct view_ops view_watch = {
	.title = "Watch",
	.state_size = sizeof(struct watch_view),
	.release = watch_release,
	.draw = watch_draw,
	.can = watch_can,
	.act = watch_act,
	.search = watch_search,
};
