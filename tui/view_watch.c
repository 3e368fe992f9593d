/* Watch: the panels that the runbook names, or those that its sources give. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "sources/host.h"
#include "sources/log.h"
#include "sources/postgres.h"
#include "sources/process.h"
#include "sources/sqlite.h"
#include "tui/acts.h"
#include "tui/endpoint.h"
#include "tui/freeze.h"
#include "tui/modal.h"
#include "tui/panel.h"
#include "tui/watch_layout.h"

#define PANELS LAYOUT_PANELS
#define LEAST  4 /* rows of a panel, border included, below which it is left out */

struct shown_panel {
	struct panel panel; /* metrics borrowed, or owned when `made` */
	const struct panel_kind *kind;
	struct panel_state state;
	bool made, extra; /* extra: nobody asked for it; shown where there is room */
};

struct watch_view {
	struct shown_panel panels[PANELS];
	size_t n, focus;
	bool ready, zoom;
	struct canvas drawn; /* where the panels stand on the screen */
	struct freeze freeze;
};

static const struct panel_kind *const panel_kinds[] = {
	&panel_log,	   &panel_chart,     &panel_connections, &panel_memory, &panel_metrics,
	&panel_conditions, &panel_endpoints, &panel_alerts,	 &panel_bands,	&panel_database,
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

/* What the runbook does not name itself. */
static void add_extra(struct watch_view *view, const struct panel_kind *kind, const char *title,
		      bool useful)
{
	struct shown_panel *shown;

	for (size_t i = 0; i < view->n; i++)
		useful = useful && view->panels[i].kind != kind;
	shown = useful ? add(view, kind, title) : NULL;
	if (shown)
		shown->extra = true;
}

/* A runbook that names no panels still gets those that its sources are good for. */
static void panels_derive(struct ui *ui, struct watch_view *view)
{
	const struct runbook *runbook = session_runbook(ui->session);
	struct sense *sense = session_sense(ui->session);
	struct shown_panel *memory = NULL, *answers = NULL, *shown;

	for (size_t i = 0; i < runbook->nsources; i++) {
		const struct source_def *def = &runbook->sources[i];
		struct source *source = sense_source(sense, def->name);
		const struct panel_kind *kind = !source			? NULL
						: log_is(source)	? &panel_log
						: postgres_info(source) ? &panel_connections
						: sqlite_info(source)	? &panel_database
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
		} else if (source && endpoint_is(source)) {
			if (!answers)
				answers = add(view, &panel_endpoints, "Endpoints");
			if (answers)
				add_metric(answers, metric->name);
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
	add_extra(view, &panel_alerts, "Alerts", runbook->nmetrics > 0);
	add_extra(view, &panel_conditions, "Conditions", runbook->nconditions > 0);
	add_extra(view, &panel_bands, "Bands", runbook->nbands > 0);
	add_extra(view, &panel_metrics, "All metrics", runbook->nmetrics > 0);
}

/* ---- where they stand ---- */

static void panel_show(struct ui *ui, struct watch_view *view, size_t i,
		       const struct canvas *canvas)
{
	struct shown_panel *shown = &view->panels[i];

	shown->state.zoomed = view->zoom;
	shown->kind->draw(ui, &shown->panel, &shown->state, canvas, i == view->focus);
}

static size_t panels_place(struct ui *ui, struct watch_view *view, const struct canvas *canvas,
			   struct layout_place *places)
{
	struct layout_item items[PANELS];

	for (size_t i = 0; i < view->n; i++) {
		const struct shown_panel *shown = &view->panels[i];
		int want = shown->kind->want(ui, &shown->panel);

		items[i] = (struct layout_item){
			.want = want > LEAST ? want : LEAST,
			.least = LEAST,
			.tall = shown->kind->tall,
			.wide = shown->kind->wide,
			.extra = shown->extra,
		};
	}
	return layout_panels(items, view->n, view->focus, canvas->h, canvas->w, places);
}

/* The worst level among the metrics of panels that are not shown. */
static enum level hidden_worst(struct ui *ui, const struct watch_view *view,
			       const struct layout_place *places)
{
	enum level worst = LEVEL_OK;

	for (size_t i = 0; i < view->n; i++) {
		const struct panel *panel = &view->panels[i].panel;

		for (size_t k = 0; places[i].h == 0 && k < panel->nmetrics; k++) {
			const struct metric *metric = panel_metric(ui, panel, k);
			const struct alert *alert =
			    metric ? sense_alert(session_sense(ui->session), metric) : NULL;

			if (alert && alert->level > worst)
				worst = alert->level;
		}
	}
	return worst;
}

/* On the lower border, so that nobody takes what is shown for all there is. */
static void more_draw(struct ui *ui, const struct watch_view *view, size_t hidden,
		      const struct layout_place *places, const struct canvas *canvas)
{
	struct canvas row = canvas_part(canvas, canvas->h - 1, 2, 1, canvas->w - 4);
	enum style style = STYLE_KEY;
	char text[64], level[16];

	if (view->zoom) {
		snprintf(text, sizeof(text), " %zu of %zu (Tab) ", view->focus + 1, view->n);
	} else {
		enum level worst = hidden_worst(ui, view, places);

		if (worst > LEVEL_OK)
			style = style_level(worst);
		snprintf(text, sizeof(text), " +%zu panel%s%s%s (Tab) ", hidden,
			 hidden == 1 ? "" : "s", worst > LEVEL_OK ? ", " : "",
			 worst > LEVEL_OK ? level_text(worst, level) : "");
	}
	if (view->zoom ? view->n > 1 : hidden > 0)
		canvas_right(&row, 0, style, text);
}

static void watch_draw(struct ui *ui, void *data, const struct canvas *canvas)
{
	struct watch_view *view = data;
	struct layout_place places[PANELS];
	size_t hidden = 0;

	view->drawn = *canvas;
	if (view->freeze.cells) {
		freeze_draw(&view->freeze, canvas);
		return;
	}
	if (!view->ready)
		panels_make(ui, view);
	if (view->n == 0) {
		canvas_wrap(canvas, 1, 2, 2, STYLE_NORMAL,
			    "This runbook has nothing to watch: no "
			    "sources, no metrics, no panels.");
		return;
	}
	if (view->zoom)
		panel_show(ui, view, view->focus, canvas);
	else
		hidden = panels_place(ui, view, canvas, places);
	for (size_t i = 0; i < view->n && !view->zoom; i++) {
		struct canvas part =
		    canvas_part(canvas, places[i].y, places[i].x, places[i].h, places[i].w);

		if (places[i].h > 0)
			panel_show(ui, view, i, &part);
	}
	more_draw(ui, view, hidden, places, canvas);
}

static bool watch_marker(struct ui *ui, void *data, char *out, size_t size)
{
	const struct watch_view *view = data;
	char clock[TIME_RFC3339_MAX], since[48];

	if (!view->freeze.cells)
		return false;
	snprintf(out, size, "FROZEN %sZ, %s", time_clock(view->freeze.at, clock),
		 age_text(view->freeze.at, ui_now(ui), since, sizeof(since)));
	return true;
}

static int watch_header_rows(void *data)
{
	const struct watch_view *view = data;

	return view->freeze.cells ? view->drawn.y : 0;
}

/* ---- acting ---- */

static bool is_searchable(const struct watch_view *view)
{
	for (size_t i = 0; i < view->n; i++) {
		if (view->panels[i].kind->search)
			return true;
	}
	return false;
}

static const char *watch_refuses(struct ui *ui, void *data, enum act act)
{
	const struct watch_view *view = data;

	(void)ui;
	if (act == ACT_SEARCH && !is_searchable(view))
		return "No panel here can be searched.";
	if (!view->freeze.cells)
		return NULL;
	/* What would change the panels, or speak of what is not the same any more. */
	if (act_rows(act, 1) || act == ACT_TAB || act == ACT_BACKTAB || act == ACT_LEFT ||
	    act == ACT_RIGHT || act == ACT_ENTER || act == ACT_SEARCH ||
	    (act >= ACT_ZOOM && act < ACT_TAKE && act != ACT_THAW && act != ACT_FREEZE))
		return "The panels are frozen: p lets them go on.";
	return NULL;
}

/* Whether the panel with the focus has this act for its own. */
static bool panel_can(struct ui *ui, struct shown_panel *shown, enum act act)
{
	return shown->kind->can && shown->kind->can(ui, &shown->panel, &shown->state, act);
}

static bool watch_can(struct ui *ui, void *data, enum act act)
{
	struct watch_view *view = data;
	struct shown_panel *shown = &view->panels[view->focus];

	if (view->n == 0)
		return false;
	if (!view->freeze.cells && panel_can(ui, shown, act))
		return true;
	if (act_rows(act, 1))
		return shown->kind->move != NULL;
	switch (act) {
	case ACT_MARK:
		return session_takes_notes(ui->session) && shown->kind->mark;
	case ACT_TAB:
	case ACT_BACKTAB:
	case ACT_LEFT:
	case ACT_RIGHT:
	case ACT_ENTER:
	case ACT_ZOOM:
		return true;
	case ACT_FREEZE:
		return !view->freeze.cells;
	case ACT_THAW:
		return view->freeze.cells != NULL;
	case ACT_BACK:
		return view->freeze.cells || view->zoom || shown->state.line;
	default:
		return false;
	}
}

/* Of the panel with the focus, else of the first one that can be searched. */
static void watch_search(struct ui *ui, void *data, const char *text)
{
	struct watch_view *view = data;

	for (size_t i = 0; i < view->n; i++) {
		size_t at = (view->focus + i) % view->n;
		struct shown_panel *shown = &view->panels[at];

		if (!shown->kind->search)
			continue;
		view->focus = at;
		shown->kind->search(ui, &shown->panel, &shown->state, text);
		return;
	}
}

static void mark(struct ui *ui, struct shown_panel *shown)
{
	struct err err = ERR_INIT;
	int rc = shown->kind->mark(ui, &shown->panel, &shown->state, &err);

	ui_acted(ui, rc, &err, "Marked as evidence: it stands in the log and in the report.");
}

static void details_open(struct ui *ui, struct shown_panel *shown)
{
	char *text = shown->kind->details(ui, &shown->panel, &shown->state);

	page_open_to(ui, shown->panel.title, text,
		     shown->kind->leads ? shown->kind->leads(ui, &shown->panel, &shown->state)
					: TUI_WATCH);
}

static void back(struct watch_view *view)
{
	if (view->freeze.cells)
		freeze_release(&view->freeze);
	else if (view->zoom)
		view->zoom = false;
	else
		view->panels[view->focus].state.line = 0;
}

static void watch_act(struct ui *ui, void *data, enum act act)
{
	struct watch_view *view = data;
	struct shown_panel *shown = &view->panels[view->focus];

	if (!view->freeze.cells && panel_can(ui, shown, act)) {
		shown->kind->act(ui, &shown->panel, &shown->state, act);
		return;
	}
	switch (act) {
	case ACT_TAB:
	case ACT_RIGHT:
		view->focus = (view->focus + 1) % view->n;
		break;
	case ACT_BACKTAB:
	case ACT_LEFT:
		view->focus = (view->focus + view->n - 1) % view->n;
		break;
	case ACT_ENTER:
		details_open(ui, shown);
		break;
	case ACT_MARK:
		mark(ui, shown);
		break;
	case ACT_ZOOM:
		view->zoom = !view->zoom;
		break;
	case ACT_FREEZE:
		if (freeze_take(&view->freeze, &view->drawn, ui_now(ui)) != 0)
			ui_notice(ui, STYLE_CRITICAL, "Not frozen: there is no memory for it.");
		break;
	case ACT_THAW:
		freeze_release(&view->freeze);
		break;
	case ACT_BACK:
		back(view);
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
		struct shown_panel *shown = &view->panels[i];

		if (shown->kind->release)
			shown->kind->release(&shown->state);
		if (shown->made)
			free(shown->panel.metrics);
	}
	freeze_release(&view->freeze);
}

const struct view_ops view_watch = {
	.title = "Watch",
	.state_size = sizeof(struct watch_view),
	.release = watch_release,
	.draw = watch_draw,
	.can = watch_can,
	.act = watch_act,
	.refuses = watch_refuses,
	.marker = watch_marker,
	.header_rows = watch_header_rows,
	.search = watch_search,
};
