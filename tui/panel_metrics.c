/* The metrics panel: all of them, or those that it names, a row each. */
#include <stdlib.h>

#include "lib/mem.h"
#include "tui/panel.h"

#define SPAN_US (600 * CLOCK_US)

static size_t count(struct ui *ui, const struct panel *panel)
{
	return panel->nmetrics ? panel->nmetrics : session_runbook(ui->session)->nmetrics;
}

static const struct metric *metric_at(struct ui *ui, const struct panel *panel, size_t i)
{
	return panel->nmetrics ? panel_metric(ui, panel, i)
			       : &session_runbook(ui->session)->metrics[i];
}

static int want(struct ui *ui, const struct panel *panel)
{
	return (int)count(ui, panel) + 2;
}

static void row_draw(struct ui *ui, const struct metric *metric, const struct canvas *row)
{
	int name = row->w >= 60 ? 23 : row->w * 2 / 5;
	struct canvas first = canvas_part(row, 0, 0, 1, name - 1);
	char status[96];
	enum style style;
	int x;

	metric_status(ui, metric, status, sizeof(status), &style);
	canvas_text(&first, 0, 0, STYLE_NORMAL, metric_title(metric));
	x = canvas_text(row, 0, name, style, status);
	if (row->w < 60)
		return;
	x = x < name + 25 ? name + 25 : x + 1;
	/* Why there is nothing is worth more than that there was something. */
	if (*metric_why(ui, metric))
		canvas_text(row, 0, x, STYLE_DIM, metric_why(ui, metric));
	else
		metric_spark(ui, metric, SPAN_US, row, 0, x, row->w - x);
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	struct canvas inside = canvas_box(canvas, panel->title, NULL, STYLE_NORMAL, focus);
	int n = (int)count(ui, panel);

	state->top = scroll_to(state->top, state->selected, inside.h, n);
	for (int i = 0; i < inside.h && state->top + i < n; i++) {
		const struct metric *metric = metric_at(ui, panel, (size_t)(state->top + i));
		struct canvas row = canvas_part(&inside, i, 0, 1, -1);

		if (!metric)
			continue;
		row_draw(ui, metric, &row);
		if (focus && state->top + i == state->selected)
			canvas_select(&inside, i);
	}
}

static void panel_move(struct ui *ui, const struct panel *panel, struct panel_state *state,
		       enum act act)
{
	int last = (int)count(ui, panel) - 1;

	state->selected += act_rows(act, 10);
	state->selected = state->selected > last ? last : state->selected;
	state->selected = state->selected < 0 ? 0 : state->selected;
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct metric *metric =
	    count(ui, panel) ? metric_at(ui, panel, (size_t)state->selected) : NULL;

	return metric ? metric_details(ui, metric) : xstrdup("This runbook has no metric.");
}

const struct panel_kind panel_metrics = {
	.name = "metrics",
	.want = want,
	.draw = draw,
	.move = panel_move,
	.details = details,
};
