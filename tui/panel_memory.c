/* The memory panel: processes and the host against their limits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "sources/host.h"
#include "sources/process.h"
#include "tui/panel.h"

static int want(struct ui *ui, const struct panel *panel)
{
	(void)ui;
	return (int)panel->nmetrics + 3;
}

/* Change an hour over what is known of the latest ten minutes; NAN when that is too little. */
static double growth_per_hour(struct ui *ui, const struct metric *metric)
{
	const struct chart_point *points, *first = NULL, *last = NULL;
	size_t n = 0;

	points = sense_series(session_sense(ui->session), metric, ui_now(ui) - 600 * CLOCK_US, &n);
	for (size_t i = 0; i < n; i++) {
		if (isnan(points[i].value))
			continue;
		if (!first)
			first = &points[i];
		last = &points[i];
	}
	if (!first || last->at - first->at < 300 * CLOCK_US)
		return NAN;
	return (last->value - first->value) / (double)(last->at - first->at) * 3600.0 *
	       (double)CLOCK_US;
}

static void metric_row(struct ui *ui, const struct metric *metric, const struct canvas *canvas,
		       int y)
{
	const struct alert *alert = sense_alert(session_sense(ui->session), metric);
	double growth = growth_per_hour(ui, metric);
	const char *unit = metric->unit ? metric->unit : "";
	char status[96], number[32];
	enum style style;
	int x;

	metric_status(ui, metric, status, sizeof(status), &style);
	x = canvas_printf(canvas, y, 0, STYLE_NORMAL, "%s ", metric_title(metric));
	x = canvas_text(canvas, y, x, style, status);
	if (alert && !isnan(alert->limits[LEVEL_CRITICAL]))
		x = canvas_printf(canvas, y, x, STYLE_DIM, " (limit %s)",
				  number_text(alert->limits[LEVEL_CRITICAL], number,
					      sizeof(number)));
	if (!isnan(growth) && fabs(growth) >= 0.5)
		canvas_printf(canvas, y, x + 1, STYLE_DIM, "%s%s %s/h", growth > 0 ? "+" : "-",
			      number_text(fabs(growth), number, sizeof(number)), unit);
}

static void process_print(struct ui *ui, struct source *source, struct buf *text)
{
	struct process_seen seen;
	char age[48];

	process_look(source, 600 * CLOCK_US, &seen);
	if (seen.failed || !seen.count) {
		buf_printf(text, "%s: %s", source->name, seen.why[0] ? seen.why : "no process");
		return;
	}
	buf_printf(text, "%s %d", source->name, (int)seen.pid);
	if (seen.count > 1)
		buf_printf(text, " (%zu processes)", seen.count);
	if (!isnan(seen.cpu_percent))
		buf_printf(text, " cpu %.0f%%", seen.cpu_percent);
	if (seen.started)
		buf_printf(text, " up %s",
			   duration_text((ui_now(ui) - seen.started) / CLOCK_US * CLOCK_US, age,
					 sizeof(age)));
}

static void host_print(struct source *source, struct buf *text)
{
	struct host_seen seen;
	struct host_disk disk;
	struct err err = ERR_INIT;

	if (host_look(source, &seen, &err) < 0) {
		buf_printf(text, "%s: %s", source->name, err.msg);
		return;
	}
	buf_printf(text, "swap %.0f%%", seen.swap_percent);
	if (host_disk(source, 0, &disk) && disk.at)
		buf_printf(text, " disk %s %.0f%% free", disk.path, 100 - disk.percent);
	buf_printf(text, " load %.1f", seen.load);
	if (!isnan(seen.cpu_percent))
		buf_printf(text, " cpu %.0f%%", seen.cpu_percent);
}

static bool source_print(struct ui *ui, const struct metric *metric, struct buf *text)
{
	struct source *source = sense_source(session_sense(ui->session), metric->source);

	if (source && process_is(source))
		process_print(ui, source, text);
	else if (source && host_is(source))
		host_print(source, text);
	return text->len > 0;
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	enum style style = STYLE_OK, each;
	enum level worst = LEVEL_OK;
	struct canvas inside;
	char status[96];
	int y = 0;

	(void)state;
	for (size_t i = 0; i < panel->nmetrics; i++) {
		const struct metric *metric = panel_metric(ui, panel, i);
		const struct alert *alert =
		    metric ? sense_alert(session_sense(ui->session), metric) : NULL;

		if (!metric)
			continue;
		metric_status(ui, metric, status, sizeof(status), &each);
		if (alert && alert->level > worst)
			worst = alert->level, style = each;
	}
	snprintf(status, sizeof(status), "%s", level_name(worst));
	for (char *c = status; worst > LEVEL_INFO && *c; c++)
		*c = (char)(*c - 'a' + 'A');
	inside = canvas_box(canvas, panel->title, status, style, focus);
	for (size_t i = 0; i < panel->nmetrics; i++) {
		if (panel_metric(ui, panel, i))
			metric_row(ui, panel_metric(ui, panel, i), &inside, y++);
	}
	/* What is left of the room tells more of the same sources, the host's part first. */
	for (size_t i = panel->nmetrics; i-- > 0 && y < inside.h;) {
		const struct metric *metric = panel_metric(ui, panel, i);
		struct buf text = BUF_INIT;

		if (metric && source_print(ui, metric, &text))
			canvas_text(&inside, y++, 0, STYLE_DIM, buf_str(&text));
		buf_release(&text);
	}
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < panel->nmetrics; i++) {
		const struct metric *metric = panel_metric(ui, panel, i);
		struct buf more = BUF_INIT;
		char *one;

		if (!metric)
			continue;
		one = metric_details(ui, metric);
		buf_puts(&text, one);
		if (source_print(ui, metric, &more))
			buf_printf(&text, "%s\n", buf_str(&more));
		buf_putc(&text, '\n');
		buf_release(&more);
		free(one);
	}
	return buf_detach(&text);
}

const struct panel_kind panel_memory = {
	.name = "memory",
	.want = want,
	.draw = draw,
	.details = details,
};
