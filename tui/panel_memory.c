/* The memory panel: processes and the host against their limits; with room for it, all of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "sources/host.h"
#include "sources/process.h"
#include "tui/hosttext.h"
#include "tui/panel.h"

#define SPAN_US	    (2 * 3600 * CLOCK_US) /* a slope is looked for so far back */
#define FULL_WIDTH  76			  /* from here on there is room for everything */
#define FULL_HEIGHT 14
#define TITLE_WIDTH 14
#define SPARK_MIN   6
#define SPARK_MAX   24
#define SPARK_AT    40 /* where there is room, they stand below each other */

/* ---- which sources ---- */

static struct source *source_of(struct ui *ui, const struct metric *metric)
{
	struct source *source =
	    metric ? sense_source(session_sense(ui->session), metric->source) : NULL;

	return source && (process_is(source) || host_is(source)) ? source : NULL;
}

/* The source of the panel's metric `i`, if none before it has the same; NULL. */
static struct source *new_source(struct ui *ui, const struct panel *panel, size_t i)
{
	struct source *source = source_of(ui, panel_metric(ui, panel, i));

	for (size_t j = 0; j < i && source; j++)
		if (source_of(ui, panel_metric(ui, panel, j)) == source)
			return NULL;
	return source;
}

/* Calls `each` with the panel's sources, processes first. */
static void sources_each(struct ui *ui, const struct panel *panel,
			 void (*each)(struct source *source, int64_t now, struct remarks *out),
			 bool processes, struct remarks *out)
{
	for (size_t i = 0; i < panel->nmetrics; i++) {
		struct source *source = new_source(ui, panel, i);

		if (source && process_is(source) == processes)
			each(source, ui_now(ui), out);
	}
}

static void brief(struct source *source, int64_t now, struct remarks *out)
{
	if (process_is(source))
		process_brief(source, now, out);
	else
		host_brief(source, out);
}

static void findings(struct source *source, int64_t now, struct remarks *out)
{
	if (process_is(source))
		process_findings(source, now, out);
	else
		host_findings(source, now, out);
}

static void table(struct source *source, int64_t now, struct remarks *out)
{
	if (process_is(source))
		process_table(source, now, out);
	else
		host_table(source, now, out);
}

/* ---- figures ---- */

/* What can leak: of the rest a slope means nothing. */
static bool has_slope(const struct metric *metric)
{
	static const char *const reads[] = { "rss_mb",	      "pss_mb",		"threads",
					     "files_percent", "memory_percent", "memory_free_mb",
					     "swap_percent",  "disk_percent",	"disk_free_mb",
					     "inodes_percent" };
	const char *read = json_str(metric->read.args, "read", "");

	for (size_t i = 0; i < sizeof(reads) / sizeof(*reads); i++)
		if (strcmp(reads[i], read) == 0)
			return true;
	return false;
}

/* Of a process since it was started: what another one used before says nothing of this one. */
static void slope_of(struct ui *ui, const struct metric *metric, struct trend *out)
{
	struct source *source = source_of(ui, metric);
	int64_t from = ui_now(ui) - SPAN_US;
	const struct chart_point *points;
	struct process_seen seen;
	size_t n;

	*out = (struct trend){ .verdict = TREND_STEADY };
	if (!has_slope(metric))
		return;
	if (source && process_is(source)) {
		process_look(source, SPAN_US, &seen);
		from = seen.started > from ? seen.started : from;
	}
	points = sense_series(session_sense(ui->session), metric, from, &n);
	trend_of(points, n, from, out);
}

/* The next threshold that it is on its way to; NAN. */
static double next_limit(struct ui *ui, const struct metric *metric)
{
	const struct alert *alert = sense_alert(session_sense(ui->session), metric);
	enum level level = alert ? alert->level : LEVEL_OK;

	for (int next = (int)level + 1; alert && next <= LEVEL_CRITICAL; next++)
		if (!isnan(alert->limits[next]))
			return alert->limits[next];
	return NAN;
}

static const char *unit_of(struct ui *ui, const struct metric *metric)
{
	const struct reading *reading = sense_metric(session_sense(ui->session), metric);

	return metric->unit ? metric->unit : reading->unit;
}

/* "of 250", or how bad it is. */
static int level_draw(struct ui *ui, const struct metric *metric, const struct canvas *canvas,
		      int y, int x, enum style style)
{
	const struct alert *alert = sense_alert(session_sense(ui->session), metric);
	double limit = next_limit(ui, metric);
	char number[32], word[16];

	if (alert && alert->level > LEVEL_OK)
		return canvas_printf(canvas, y, x, style, " %s", level_text(alert->level, word));
	if (!isnan(limit))
		return canvas_printf(canvas, y, x, STYLE_DIM, " %s %s%s",
				     metric->below ? "above" : "of",
				     number_text(limit, number, sizeof(number)),
				     strcmp(unit_of(ui, metric), "%") == 0 ? "%" : "");
	return x;
}

static void metric_row(struct ui *ui, const struct metric *metric, const struct canvas *canvas,
		       int y)
{
	const struct reading *reading = sense_metric(session_sense(ui->session), metric);
	const struct alert *alert = sense_alert(session_sense(ui->session), metric);
	char value[64], slope[48];
	enum style style = style_level(alert ? alert->level : LEVEL_OK);
	struct canvas title;
	struct trend trend;
	int x, end;

	title = canvas_part(canvas, y, 0, 1, TITLE_WIDTH);
	canvas_text(&title, 0, 0, STYLE_NORMAL, metric_title(metric));
	x = TITLE_WIDTH + 1;
	if (reading->verdict == VERDICT_UNKNOWN || !reading->has_value) {
		canvas_printf(canvas, y, x, STYLE_WARNING, "unknown: %s", reading->evidence);
		return;
	}
	x = canvas_text(canvas, y, x, style,
			reading_short(reading, metric->unit, value, sizeof(value)));
	if (metric_stale_us(ui, metric)) {
		canvas_printf(canvas, y, x, STYLE_WARNING, " as of %s",
			      age_text(reading->at, ui_now(ui), slope, sizeof(slope)));
		return;
	}
	x = level_draw(ui, metric, canvas, y, x, style);
	if (!has_slope(metric))
		return;
	slope_of(ui, metric, &trend);
	trend_short(&trend, unit_of(ui, metric), slope, sizeof(slope));
	end = canvas->w - text_width(slope);
	if (end <= x)
		return;
	canvas_text(canvas, y, end, trend.verdict == TREND_STEADY ? STYLE_DIM : STYLE_NORMAL,
		    slope);
	if (canvas->w >= SPARK_AT + SPARK_MAX && x < SPARK_AT)
		x = SPARK_AT;
	if (end - x - 2 >= SPARK_MIN)
		metric_spark(ui, metric, SPAN_US, canvas, y, x + 1,
			     end - x - 2 > SPARK_MAX ? SPARK_MAX : end - x - 2);
}

/* ---- with room for everything ---- */

/* The first metric whose slope is worth a chart; NULL. */
static const struct metric *charted(struct ui *ui, const struct panel *panel)
{
	for (size_t i = 0; i < panel->nmetrics; i++) {
		const struct metric *metric = panel_metric(ui, panel, i);

		if (metric && has_slope(metric))
			return metric;
	}
	return NULL;
}

/* As much of the latest two hours as there is. */
static int64_t chart_span(struct ui *ui, const struct metric *metric)
{
	static const int64_t spans[] = { 120 * CLOCK_US, 600 * CLOCK_US, 1800 * CLOCK_US };
	int64_t now = ui_now(ui);
	const struct chart_point *points;
	size_t n;

	points = sense_series(session_sense(ui->session), metric, now - SPAN_US, &n);
	for (size_t i = 0; n && i < sizeof(spans) / sizeof(*spans); i++)
		if (now - points[0].at < spans[i])
			return spans[i];
	return n ? SPAN_US : spans[0];
}

static int chart_part(struct ui *ui, const struct metric *metric, const struct canvas *canvas,
		      int y, int rows)
{
	struct canvas part = canvas_part(canvas, y + 1, 0, rows - 1, -1);
	struct trend trend;
	char slope[160];

	slope_of(ui, metric, &trend);
	trend_long(&trend, unit_of(ui, metric), next_limit(ui, metric), slope, sizeof(slope));
	canvas_printf(canvas, y, 0, STYLE_BOLD, "%s, slope: %s", metric_title(metric), slope);
	metric_chart(ui, metric, &(struct metric_look){ .span_us = chart_span(ui, metric) }, &part);
	return y + rows;
}

static void full_draw(struct ui *ui, const struct panel *panel, const struct canvas *canvas, int y)
{
	struct remarks remarks = REMARKS_INIT;
	const struct metric *metric = charted(ui, panel);
	int rows;

	sources_each(ui, panel, table, true, &remarks);
	sources_each(ui, panel, table, false, &remarks);
	rows = canvas->h - y - (int)remarks.n - 1;
	if (metric && rows >= 5)
		y = chart_part(ui, metric, canvas, y, rows > 14 ? 14 : rows) + 1;
	remarks_draw(&remarks, canvas, y);
	remarks_release(&remarks);
}

/* ---- the panel ---- */

static int want(struct ui *ui, const struct panel *panel)
{
	int rows = 2 + (int)panel->nmetrics;

	for (size_t i = 0; i < panel->nmetrics; i++) {
		const struct source *source = new_source(ui, panel, i);

		if (source)
			rows += process_is(source) ? 1 : 2;
	}
	return rows;
}

/* The worst level. Remarks are no alerts: nothing else on the screen counts them, so they have no
 * level's word. What can't be read, or was read long ago, is not well, whatever it was before. */
static const char *status_of(struct ui *ui, const struct panel *panel, const struct remarks *found,
			     enum style *style, char word[16])
{
	struct sense *sense = session_sense(ui->session);
	enum level worst = LEVEL_OK;
	bool unknown = false, old = false;

	for (size_t i = 0; i < panel->nmetrics; i++) {
		const struct metric *metric = panel_metric(ui, panel, i);

		if (!metric)
			continue;
		if (sense_alert(sense, metric)->level > worst)
			worst = sense_alert(sense, metric)->level;
		unknown = unknown || sense_metric(sense, metric)->verdict == VERDICT_UNKNOWN;
		old = old || metric_stale_us(ui, metric);
	}
	if (worst < LEVEL_WARNING && (unknown || old || remarks_count(found, STYLE_WARNING))) {
		*style = remarks_count(found, STYLE_CRITICAL) ? STYLE_CRITICAL : STYLE_WARNING;
		return unknown ? "unknown" : old ? "stale" : "see below";
	}
	*style = style_level(worst);
	return level_text(worst, word);
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	struct remarks found = REMARKS_INIT;
	struct canvas inside;
	enum style style;
	char word[16];
	const char *status;
	int y = 0;

	(void)state;
	sources_each(ui, panel, findings, true, &found);
	sources_each(ui, panel, findings, false, &found);
	status = status_of(ui, panel, &found, &style, word);
	inside = canvas_box(canvas, panel->title, status, style, focus);
	for (size_t i = 0; i < panel->nmetrics; i++) {
		if (panel_metric(ui, panel, i))
			metric_row(ui, panel_metric(ui, panel, i), &inside, y++);
	}
	if (inside.w >= FULL_WIDTH && inside.h >= FULL_HEIGHT) {
		full_draw(ui, panel, &inside, y + 1);
	} else {
		sources_each(ui, panel, brief, true, &found);
		sources_each(ui, panel, brief, false, &found);
		remarks_draw(&found, &inside, y);
	}
	remarks_release(&found);
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	struct buf text = BUF_INIT;
	struct remarks remarks = REMARKS_INIT;

	(void)state;
	for (size_t i = 0; i < panel->nmetrics; i++) {
		const struct metric *metric = panel_metric(ui, panel, i);
		struct trend trend;
		char *one, slope[160];

		if (!metric)
			continue;
		one = metric_details(ui, metric);
		buf_puts(&text, one);
		free(one);
		if (has_slope(metric)) {
			slope_of(ui, metric, &trend);
			buf_printf(&text, "Slope: %s\n",
				   trend_long(&trend, unit_of(ui, metric), next_limit(ui, metric),
					      slope, sizeof(slope)));
		}
		buf_putc(&text, '\n');
	}
	sources_each(ui, panel, table, true, &remarks);
	remarks_add(&remarks, STYLE_NORMAL, "%s", "");
	sources_each(ui, panel, table, false, &remarks);
	remarks_print(&remarks, &text);
	remarks_release(&remarks);
	return buf_detach(&text);
}

const struct panel_kind panel_memory = {
	.name = "memory",
	.want = want,
	.draw = draw,
	.details = details,
};
