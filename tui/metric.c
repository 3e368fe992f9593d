/* What panels show of metrics. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/panel.h"

const char *metric_title(const struct metric *metric)
{
	return metric->title ? metric->title : metric->name;
}

const struct metric *panel_metric(struct ui *ui, const struct panel *panel, size_t i)
{
	return i < panel->nmetrics ? runbook_metric(session_runbook(ui->session), panel->metrics[i])
				   : NULL;
}

struct source *panel_source(struct ui *ui, const struct panel *panel)
{
	return panel->source ? sense_source(session_sense(ui->session), panel->source) : NULL;
}

char *metric_status(struct ui *ui, const struct metric *metric, char *out, size_t size,
		    enum style *style)
{
	struct sense *sense = session_sense(ui->session);
	const struct alert *alert = sense_alert(sense, metric);
	const struct reading *reading = sense_metric(sense, metric);
	enum level level = alert ? alert->level : LEVEL_OK;
	char value[64], name[16];

	reading_short(reading, metric->unit, value, sizeof(value));
	if (reading->verdict == VERDICT_UNKNOWN || !reading->has_value) {
		*style = STYLE_WARNING;
		snprintf(out, size, "%s", value);
		return out;
	}
	*style = style_level(level);
	snprintf(out, size, "%s  %s", value, level_text(level, name));
	return out;
}

static void limit_label(const struct canvas *canvas, double limit, double low, double high,
			enum style style)
{
	int rows = canvas->h - 1;
	char number[32];
	int y;

	if (isnan(limit) || high <= low || limit < low || limit > high)
		return;
	/* The row in which lib/chart.c draws its line. */
	y = rows - (int)lround((limit - low) / (high - low) * rows);
	y = y < rows ? y : rows - 1;
	number_text(limit, number, sizeof(number));
	canvas_printf(canvas, y, 0, style, "%5s", number);
}

void metric_chart(struct ui *ui, const struct metric *metric, int64_t span_us,
		  const struct canvas *canvas)
{
	struct sense *sense = session_sense(ui->session);
	const struct alert *alert = sense_alert(sense, metric);
	int64_t now = ui_now(ui);
	struct chart_spec spec = { .width = canvas->w - 6,
				   .height = canvas->h - 1,
				   .glyphs = ui->screen.glyphs->chart,
				   .from = now - span_us,
				   .to = now,
				   .info = alert ? alert->limits[LEVEL_INFO] : NAN,
				   .warning = alert ? alert->limits[LEVEL_WARNING] : NAN,
				   .critical = alert ? alert->limits[LEVEL_CRITICAL] : NAN,
				   .below = metric->below };
	struct cell *cells;
	char number[32], span[48];
	double low, high;

	if (spec.width < 4 || spec.height < 2)
		return;
	if (metric->unit && !strcmp(metric->unit, "%"))
		spec.high = 100;
	spec.points = sense_series(sense, metric, spec.from, &spec.npoints);
	cells = xcalloc((size_t)(spec.width * spec.height), sizeof(*cells));
	chart_draw(&spec, cells, &low, &high);
	canvas_cells(canvas, 0, 6, spec.height, spec.width, cells);
	canvas_printf(canvas, 0, 0, STYLE_DIM, "%5s", number_text(high, number, sizeof(number)));
	canvas_printf(canvas, spec.height - 1, 0, STYLE_DIM, "%5s",
		      number_text(low, number, sizeof(number)));
	limit_label(canvas, spec.warning, low, high, STYLE_WARNING);
	limit_label(canvas, spec.critical, low, high, STYLE_CRITICAL);
	canvas_printf(canvas, canvas->h - 1, 6, STYLE_DIM, "-%s",
		      duration_text(span_us, span, sizeof(span)));
	canvas_right(canvas, canvas->h - 1, STYLE_DIM, "now");
	free(cells);
}

static void suggest_print(struct ui *ui, const struct metric *metric, struct buf *text)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct procedure *procedure;
	const struct condition *condition;

	if (!metric->suggest)
		return;
	procedure = runbook_procedure(runbook, metric->suggest);
	condition = runbook_condition(runbook, metric->suggest);
	buf_printf(text, "Suggests: %s\n",
		   procedure   ? procedure->title
		   : condition ? condition->title
			       : "go through the tree (2)");
}

char *metric_details(struct ui *ui, const struct metric *metric)
{
	struct sense *sense = session_sense(ui->session);
	const struct alert *alert = sense_alert(sense, metric);
	const struct reading *reading = sense_metric(sense, metric);
	struct buf text = BUF_INIT;
	char status[96], age[64], number[32];
	enum style style;

	buf_printf(&text, "%s: %s (%s)\n", metric_title(metric),
		   metric_status(ui, metric, status, sizeof(status), &style),
		   age_text(reading->at, ui_now(ui), age, sizeof(age)));
	if (reading->evidence[0])
		buf_printf(&text, "Evidence: %s\n", reading->evidence);
	for (int level = LEVEL_INFO; alert && level <= LEVEL_CRITICAL; level++) {
		if (!isnan(alert->limits[level]))
			buf_printf(&text, "%s %s %s%s\n", level_name((enum level)level),
				   metric->below ? "below" : "above",
				   number_text(alert->limits[level], number, sizeof(number)),
				   metric->unit ? metric->unit : "");
	}
	if (alert && alert->level > LEVEL_OK)
		buf_printf(&text, "Since: %s\n",
			   age_text(alert->since, ui_now(ui), age, sizeof(age)));
	suggest_print(ui, metric, &text);
	return buf_detach(&text);
}
