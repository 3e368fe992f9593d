/* The chart panel: metrics over the latest minutes or hours, with their thresholds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/past.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/panel.h"

#define MINUTE_US   (60 * CLOCK_US)
#define HOUR_US	    (60 * MINUTE_US)
#define SHORT_US    (2 * MINUTE_US)
#define MEMORY_US   (2 * HOUR_US)   /* so far back the console remembers itself */
#define KEPT_US	    (10 * CLOCK_US) /* what is kept comes so often at most */
#define CHART_LEAST 10		    /* rows of a chart with its words, zoomed */

/* The first is the panel's own choice. */
static const int64_t spans[] = { 0, HOUR_US, 6 * HOUR_US, 24 * HOUR_US };
#define SPANS (sizeof(spans) / sizeof(spans[0]))

/* What is kept of one metric's chart. */
struct drawn {
	struct chart_scale scale;
	struct past *past;	    /* owned; NULL: it was not asked for */
	struct chart_point *points; /* owned: past and present joined */
	size_t cap;
};

struct chart_own {
	size_t span; /* index of spans */
	struct drawn *list;
	size_t n; /* owned */
};

static struct chart_own *own_of(const struct panel *panel, struct panel_state *state)
{
	struct chart_own *own = state->own;

	if (!own) {
		own = state->own = xcalloc(1, sizeof(*own));
		own->n = panel->nmetrics;
		own->list = xcalloc(own->n + 1, sizeof(*own->list));
	}
	return own;
}

static void release(struct panel_state *state)
{
	struct chart_own *own = state->own;

	for (size_t i = 0; own && i < own->n; i++) {
		past_free(own->list[i].past);
		free(own->list[i].points);
	}
	if (own)
		free(own->list);
	free(own);
}

/* ---- what it shows ---- */

/* Ten minutes; a short history is not squeezed into the last columns. */
static int64_t span_default(struct ui *ui, const struct metric *metric)
{
	int64_t now = ui_now(ui);
	const struct chart_point *points;
	size_t n = 0;

	points = sense_series(session_sense(ui->session), metric, now - 10 * MINUTE_US, &n);
	return n && now - points[0].at < SHORT_US ? SHORT_US : 10 * MINUTE_US;
}

static void past_came(void *data)
{
	ui_dirty(data);
}

/* What was kept, and behind it what the console remembers. */
static void points_join(struct ui *ui, const struct metric *metric, struct drawn *drawn,
			struct metric_look *look)
{
	struct sense *sense = session_sense(ui->session);
	int64_t interval = sense_interval(sense, metric), until;
	struct past_wish wish = { .metric = metric->name,
				  .below = metric->below,
				  .span_us = look->span_us,
				  .max_gap = 3 * (interval > KEPT_US ? interval : KEPT_US) };
	const struct chart_point *past, *present;
	size_t npast, npresent;

	if (!drawn->past) {
		struct past_spec spec = { .loop = ui->loop,
					  .clock = ui->clock,
					  .kept = sense_kept(sense),
					  .changed = past_came,
					  .data = ui };

		drawn->past = past_new(&spec);
	}
	past = past_points(drawn->past, &wish, &npast, &until);
	present = sense_series(sense, metric, until, &npresent);
	drawn->points =
	    xgrow(drawn->points, &drawn->cap, npast + npresent + 1, sizeof(*drawn->points));
	if (npast)
		memcpy(drawn->points, past, npast * sizeof(*past));
	if (npresent)
		memcpy(drawn->points + npast, present, npresent * sizeof(*present));
	look->points = drawn->points;
	look->npoints = npast + npresent;
	if (!until)
		look->note = "Reading what was kept ...";
}

static struct metric_look look_of(struct ui *ui, const struct metric *metric, struct chart_own *own,
				  size_t i)
{
	struct metric_look look = { .span_us = spans[own->span], .scale = &own->list[i].scale };

	if (!look.span_us)
		look.span_us = span_default(ui, metric);
	if (look.span_us > MEMORY_US)
		points_join(ui, metric, &own->list[i], &look);
	return look;
}

/* ---- drawing ---- */

static int want(struct ui *ui, const struct panel *panel)
{
	(void)ui;
	return 8 + (panel->nmetrics > 1 ? (int)panel->nmetrics - 1 : 0);
}

static void row_draw(struct ui *ui, const struct metric *metric, const struct canvas *canvas, int y)
{
	char status[96];
	enum style style;
	int x;

	metric_status(ui, metric, status, sizeof(status), &style);
	x = canvas_printf(canvas, y, 0, STYLE_NORMAL, "%s ", metric_title(metric));
	x = canvas_text(canvas, y, x, style, status);
	if (canvas->w - x > 12)
		metric_spark(ui, metric, 10 * MINUTE_US, canvas, y, canvas->w * 2 / 3,
			     canvas->w - canvas->w * 2 / 3);
}

/* Below a chart that has the room: what is judged how, what was marked. */
static void words_draw(struct ui *ui, const struct metric *metric, const struct metric_look *look,
		       const struct canvas *canvas)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, "Rule: ");
	metric_rule_print(ui, metric, &text);
	canvas_text(canvas, 0, 0, STYLE_NORMAL, buf_str(&text));
	buf_cut(&text, 0);
	metric_suggest_print(ui, metric, &text);
	if (text.len)
		canvas_printf(canvas, 1, 0, STYLE_NORMAL, "Suggests: %s", buf_str(&text));
	buf_cut(&text, 0);
	metric_marks_print(ui, metric, ui_now(ui) - look->span_us, &text);
	canvas_text(canvas, 2, 0, STYLE_DIM, text.len ? buf_str(&text) : "Nothing is marked.");
	buf_release(&text);
}

/* Each metric with a chart and words of its own, as many as there is room for. */
static void charts_draw(struct ui *ui, const struct panel *panel, struct chart_own *own,
			const struct canvas *inside)
{
	int n = (int)panel->nmetrics, most = inside->h / CHART_LEAST, each, y = 0;

	n = n < most ? n : most > 0 ? most : 1;
	each = inside->h / n;
	for (int i = 0; i < n; i++, y += each) {
		const struct metric *metric = panel_metric(ui, panel, (size_t)i);
		struct metric_look look = look_of(ui, metric, own, (size_t)i);
		struct canvas part = canvas_part(inside, y, 0, each, -1);
		int words = part.h >= CHART_LEAST ? 3 : 0, title = n > 1;

		if (title)
			row_draw(ui, metric, &part, 0);
		part = canvas_part(inside, y + title, 0, each - title - words, -1);
		metric_chart(ui, metric, &look, &part);
		part = canvas_part(inside, y + each - words, 0, words, -1);
		words_draw(ui, metric, &look, &part);
	}
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	const struct metric *metric = panel_metric(ui, panel, 0);
	struct chart_own *own = own_of(panel, state);
	struct canvas inside, part;
	struct metric_look look;
	char status[96];
	enum style style;
	int rest;

	if (!metric) {
		inside = canvas_box(canvas, panel->title, NULL, STYLE_NORMAL, focus);
		canvas_text(&inside, 0, 0, STYLE_DIM, "This panel names no metric.");
		return;
	}
	metric_status(ui, metric, status, sizeof(status), &style);
	inside = canvas_box(canvas, panel->title, status, style, focus);
	if (state->zoomed) {
		charts_draw(ui, panel, own, &inside);
		return;
	}
	rest = inside.h > 4 ? (int)panel->nmetrics - 1 : 0;
	rest = rest < inside.h - 4 ? rest : inside.h - 4 > 0 ? inside.h - 4 : 0;
	look = look_of(ui, metric, own, 0);
	part = canvas_part(&inside, 0, 0, inside.h - rest, -1);
	metric_chart(ui, metric, &look, &part);
	for (int i = 0; i < rest; i++) {
		metric = panel_metric(ui, panel, (size_t)i + 1);
		if (metric)
			row_draw(ui, metric, &inside, inside.h - rest + i);
	}
}

static bool can(struct ui *ui, const struct panel *panel, struct panel_state *state, enum act act)
{
	(void)ui, (void)state;
	return act == ACT_SPAN && panel->nmetrics > 0;
}

static void act(struct ui *ui, const struct panel *panel, struct panel_state *state, enum act act)
{
	struct chart_own *own = own_of(panel, state);

	(void)ui, (void)act;
	own->span = (own->span + 1) % SPANS;
	/* Another time has a scale of its own. */
	for (size_t i = 0; i < own->n; i++)
		own->list[i].scale = (struct chart_scale){ 0 };
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < panel->nmetrics; i++) {
		const struct metric *metric = panel_metric(ui, panel, i);
		char *one = metric ? metric_details(ui, metric) : xstrdup("");

		buf_printf(&text, "%s\n", one);
		free(one);
	}
	if (!panel->nmetrics)
		buf_puts(&text, "This panel names no metric.");
	return buf_detach(&text);
}

const struct panel_kind panel_chart = {
	.name = "chart",
	.tall = true,
	.want = want,
	.draw = draw,
	.can = can,
	.act = act,
	.details = details,
	.release = release,
};
