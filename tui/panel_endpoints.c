/* The endpoints panel: what answers and what does not, one row each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "tui/endpoint.h"
#include "tui/panel.h"

#define SPARK_SPAN_US (600 * CLOCK_US)
#define STATE_WIDTH   9
#define VALUE_WIDTH   10
#define SPARK_MIN     4
#define SPARK_MAX     60
#define NAME_MIN      8

/* Columns for the window's width; 0: there is no room for it. */
struct columns {
	int name, spark, since, uptime, age;
};

static size_t rows_of(const struct panel *panel)
{
	return panel->nmetrics + panel->nprobes;
}

/* Metrics first, then probes, in the runbook's order. False for a metric that is not declared. */
static bool row_at(struct ui *ui, const struct panel *panel, size_t i, struct endpoint *row)
{
	const struct metric *metric = panel_metric(ui, panel, i);

	if (i >= panel->nmetrics)
		endpoint_of_probe(ui, panel->probes[i - panel->nmetrics], row);
	else if (metric)
		endpoint_of_metric(ui, metric, row);
	return i >= panel->nmetrics || metric;
}

static struct columns columns_for(int width, int longest)
{
	struct columns columns = { 0 };
	int most = width < 50 ? 11 : 24, rest;

	columns.name = longest > most ? most : longest < NAME_MIN ? NAME_MIN : longest;
	columns.age = width >= 100 ? 12 : 0;
	columns.since = width >= 64 ? 14 : 0;
	columns.uptime = width >= 50 ? 7 : 0;
	rest = width - STATE_WIDTH - columns.name - 1 - VALUE_WIDTH - columns.age - columns.since -
	       columns.uptime - 1;
	columns.spark = rest < SPARK_MIN ? 0 : rest > SPARK_MAX ? SPARK_MAX : rest;
	return columns;
}

static void header_draw(const struct canvas *canvas, const struct columns *columns)
{
	int x = STATE_WIDTH + columns->name + 1 + VALUE_WIDTH + 1;

	canvas_text(canvas, 0, 0, STYLE_DIM, "STATE");
	canvas_text(canvas, 0, STATE_WIDTH, STYLE_DIM, "NAME");
	canvas_printf(canvas, 0, STATE_WIDTH + columns->name + 1, STYLE_DIM, "%*s", VALUE_WIDTH,
		      "VALUE");
	canvas_printf(canvas, 0, x, STYLE_DIM, "%-*.*s", columns->spark, columns->spark,
		      "LATEST 10 MIN");
	x = canvas->w - columns->since - columns->uptime - columns->age;
	if (columns->since)
		canvas_printf(canvas, 0, x, STYLE_DIM, " %13s", "FOR");
	x += columns->since;
	canvas_printf(canvas, 0, x, STYLE_DIM, " %6s", "UP");
	if (columns->age)
		canvas_printf(canvas, 0, x + columns->uptime, STYLE_DIM, " %11s", "READ");
}

/* Behind the value: its history, or what is wrong where there is something to say. */
static void history_draw(struct ui *ui, const struct endpoint *row, const struct canvas *canvas,
			 int y, int x, int width)
{
	if (row->why[0]) {
		struct canvas part = canvas_part(canvas, y, x, 1, width);

		canvas_text(&part, 0, 0, row->probe ? STYLE_DIM : STYLE_NORMAL, row->why);
	} else if (row->metric) {
		metric_spark(ui, row->metric, SPARK_SPAN_US, canvas, y, x, width);
	}
}

static void times_draw(struct ui *ui, const struct endpoint *row, const struct columns *columns,
		       const struct canvas *canvas, int y, int x)
{
	char since[64], age[48];

	if (columns->since)
		canvas_printf(canvas, y, x, STYLE_DIM, " %13s",
			      endpoint_since(row, ui_now(ui), since, sizeof(since)));
	x += columns->since;
	if (columns->uptime && !isnan(row->uptime.percent))
		canvas_printf(canvas, y, x, STYLE_DIM, " %5.*f%%",
			      row->uptime.percent < 99.95 ? 1 : 0, row->uptime.percent);
	if (columns->age)
		canvas_printf(canvas, y, x + columns->uptime, row->old ? STYLE_WARNING : STYLE_DIM,
			      " %11s", age_text(row->at, ui_now(ui), age, sizeof(age)));
}

static void row_draw(struct ui *ui, const struct endpoint *row, const struct columns *columns,
		     const struct canvas *canvas, int y)
{
	struct canvas name = canvas_part(canvas, y, STATE_WIDTH, 1, columns->name);
	int x = STATE_WIDTH + columns->name + 1;
	bool bare = !row->value[0] && row->why[0];
	int right;

	canvas_text(canvas, y, 0, row->old ? STYLE_WARNING : row->style,
		    row->old ? "stale" : row->state);
	canvas_text(&name, 0, 0, STYLE_NORMAL, row->name);
	if (!bare)
		canvas_printf(canvas, y, x, row->old ? STYLE_DIM : STYLE_NORMAL, "%*s", VALUE_WIDTH,
			      row->value);
	right = canvas->w - columns->since - columns->uptime - columns->age;
	/* A reason takes the value's place where there is no value. */
	if (bare)
		history_draw(ui, row, canvas, y, x, right - x);
	else
		history_draw(ui, row, canvas, y, x + VALUE_WIDTH + 1,
			     row->why[0] ? right - x - VALUE_WIDTH - 1 : columns->spark);
	times_draw(ui, row, columns, canvas, y, right);
}

/* ---- the panel ---- */

static int want(struct ui *ui, const struct panel *panel)
{
	(void)ui;
	return (int)rows_of(panel) + 2;
}

static int badness(enum style style)
{
	return style == STYLE_CRITICAL ? 2 : style == STYLE_WARNING ? 1 : 0;
}

/* Of what is old nobody knows whether it is still well. */
static enum style row_style(const struct endpoint *row)
{
	return row->old && !badness(row->style) ? STYLE_WARNING : row->style;
}

/* New: all rows that there are, as of now. */
static struct endpoint *rows_read(struct ui *ui, const struct panel *panel, size_t *n)
{
	struct endpoint *rows = xcalloc(rows_of(panel) + 1, sizeof(*rows));

	*n = 0;
	for (size_t i = 0; i < rows_of(panel); i++)
		*n += row_at(ui, panel, i, &rows[*n]);
	return rows;
}

/* "5 of 6 well": how many are as they should be, as bad as the worst. */
static enum style status_print(const struct endpoint *rows, size_t n, char *out, size_t size)
{
	enum style style = STYLE_OK;
	size_t well = 0;

	for (size_t i = 0; i < n; i++) {
		enum style each = row_style(&rows[i]);

		if (badness(each) > badness(style))
			style = each;
		well += !badness(each);
	}
	snprintf(out, size, "%zu of %zu well", well, n);
	return style;
}

/* Where not all are in sight, what is wrong is. Equals keep the runbook's order. */
static void rows_worst_first(struct endpoint *rows, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct endpoint row = rows[i];
		size_t at = i;

		for (; at > 0 && badness(row_style(&row)) > badness(row_style(&rows[at - 1])); at--)
			rows[at] = rows[at - 1];
		rows[at] = row;
	}
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	size_t n;
	struct endpoint *rows = rows_read(ui, panel, &n);
	struct columns columns;
	struct canvas inside;
	char status[48];
	enum style style = status_print(rows, n, status, sizeof(status));
	int longest = 0, y;

	inside = canvas_box(canvas, panel->title, status, style, focus);
	for (size_t i = 0; i < n; i++)
		if (text_width(rows[i].name) > longest)
			longest = text_width(rows[i].name);
	columns = columns_for(inside.w, longest);
	y = columns.since && inside.h > (int)n;
	if (y)
		header_draw(&inside, &columns);
	if (!state->line && inside.h - y < (int)n)
		rows_worst_first(rows, n);
	state->top = scroll_to(state->top, state->line ? (int)state->line - 1 : state->top,
			       inside.h - y, (int)n);
	for (size_t i = (size_t)state->top; i < n && y < inside.h; i++, y++) {
		row_draw(ui, &rows[i], &columns, &inside, y);
		if (focus && state->line == i + 1)
			canvas_select(&inside, y);
	}
	free(rows);
}

static void select_row(struct ui *ui, const struct panel *panel, struct panel_state *state,
		       enum act act)
{
	long line = (long)state->line + act_rows(act, 10), rows = (long)rows_of(panel);

	(void)ui;
	state->line = (uint64_t)(line < 1 ? 1 : line > rows ? rows : line);
}

/* Of the selected row, else of all. */
static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	struct buf text = BUF_INIT;
	size_t n;
	struct endpoint *rows = rows_read(ui, panel, &n);

	for (size_t i = 0; i < n; i++) {
		if (state->line && state->line != i + 1)
			continue;
		endpoint_print(ui, &rows[i], &text);
		buf_putc(&text, '\n');
	}
	free(rows);
	return buf_detach(&text);
}

const struct panel_kind panel_endpoints = {
	.name = "endpoints",
	.want = want,
	.draw = draw,
	.move = select_row,
	.details = details,
};
