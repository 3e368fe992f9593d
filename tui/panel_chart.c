/* The chart panel: one metric over the latest ten minutes with its thresholds. */
#include <math.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "tui/panel.h"

#define SPAN_US	 (600 * CLOCK_US)
#define SHORT_US (120 * CLOCK_US)

/* A short history is not squeezed into the chart's last columns. */
static int64_t span_us(struct ui *ui, const struct metric *metric)
{
	int64_t now = ui_now(ui);
	const struct chart_point *points;
	size_t n = 0;

	points = sense_series(session_sense(ui->session), metric, now - SPAN_US, &n);
	return n && now - points[0].at < SHORT_US ? SHORT_US : SPAN_US;
}

static int want(struct ui *ui, const struct panel *panel)
{
	(void)ui, (void)panel;
	return 8;
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	const struct metric *metric = panel_metric(ui, panel, 0);
	struct canvas inside, part;
	char status[96];
	enum style style;
	int rest;

	(void)state;
	if (!metric) {
		inside = canvas_box(canvas, panel->title, NULL, STYLE_NORMAL, focus);
		canvas_text(&inside, 0, 0, STYLE_DIM, "This panel names no metric.");
		return;
	}
	metric_status(ui, metric, status, sizeof(status), &style);
	inside = canvas_box(canvas, panel->title, status, style, focus);
	rest = inside.h > 8 ? (int)panel->nmetrics - 1 : 0;
	part = canvas_part(&inside, 0, 0, inside.h - rest, -1);
	metric_chart(ui, metric, span_us(ui, metric), &part);
	for (int i = 0; i < rest; i++) {
		metric = panel_metric(ui, panel, (size_t)i + 1);
		if (!metric)
			continue;
		metric_status(ui, metric, status, sizeof(status), &style);
		canvas_printf(&inside, inside.h - rest + i, 0, style, "%s %s", metric_title(metric),
			      status);
	}
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
	.details = details,
};
