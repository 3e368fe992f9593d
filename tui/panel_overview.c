/* Two panels for large screens: all metrics, and the conditions that hold. */
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/panel.h"
#include "tui/say.h"

static int metrics_want(struct ui *ui, const struct panel *panel)
{
	(void)panel;
	return (int)session_runbook(ui->session)->nmetrics + 2;
}

static void metrics_draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
			 const struct canvas *canvas, bool focus)
{
	const struct runbook *runbook = session_runbook(ui->session);
	struct canvas inside = canvas_box(canvas, panel->title, NULL, STYLE_NORMAL, focus);
	struct sense *sense = session_sense(ui->session);

	(void)state;
	for (size_t i = 0; i < runbook->nmetrics && (int)i < inside.h; i++) {
		const struct metric *metric = &runbook->metrics[i];
		struct chart_spec spec = { .width = inside.w - 48,
					   .height = 1,
					   .glyphs = ui->screen.glyphs->chart,
					   .to = ui_now(ui) };
		char status[96];
		enum style style;

		metric_status(ui, metric, status, sizeof(status), &style);
		canvas_printf(&inside, (int)i, 0, STYLE_NORMAL, "%-22.22s", metric_title(metric));
		canvas_printf(&inside, (int)i, 23, style, "%-24.24s", status);
		if (spec.width >= 8) {
			struct cell *cells = xcalloc((size_t)spec.width, sizeof(*cells));

			spec.from = spec.to - 600 * CLOCK_US;
			spec.points = sense_series(sense, metric, spec.from, &spec.npoints);
			chart_spark(&spec, cells);
			canvas_cells(&inside, (int)i, 48, 1, spec.width, cells);
			free(cells);
		}
	}
}

static char *metrics_details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct runbook *runbook = session_runbook(ui->session);
	struct buf text = BUF_INIT;

	(void)panel, (void)state;
	for (size_t i = 0; i < runbook->nmetrics; i++) {
		char *one = metric_details(ui, &runbook->metrics[i]);

		buf_printf(&text, "%s\n", one);
		free(one);
	}
	return buf_detach(&text);
}

const struct panel_kind panel_metrics = {
	.name = "metrics",
	.want = metrics_want,
	.draw = metrics_draw,
	.details = metrics_details,
};

static int conditions_want(struct ui *ui, const struct panel *panel)
{
	(void)panel;
	return (int)session_runbook(ui->session)->nconditions + 2;
}

static void conditions_draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
			    const struct canvas *canvas, bool focus)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct condition_state *states = sense_conditions(session_sense(ui->session));
	struct canvas inside = canvas_box(canvas, panel->title, NULL, STYLE_NORMAL, focus);
	size_t *order = xcalloc(runbook->nconditions + 1, sizeof(*order));

	(void)state;
	condition_rank(runbook, states, order);
	for (size_t i = 0; i < runbook->nconditions && (int)i < inside.h; i++) {
		const struct condition *condition = &runbook->conditions[order[i]];
		const struct condition_state *now = &states[order[i]];
		bool holds = now->verdict == VERDICT_PASS;
		int x = canvas_printf(&inside, (int)i, 0,
				      holds ? style_severity(condition->severity) : STYLE_DIM,
				      "%-8s %-7s", severity_name(condition->severity),
				      holds			     ? "HOLDS"
				      : now->verdict == VERDICT_FAIL ? "no"
								     : "unknown");

		canvas_printf(&inside, (int)i, x + 1, holds ? STYLE_BOLD : STYLE_NORMAL,
			      "%zu/%zu %s", now->sensed, condition->at_least, condition->title);
	}
	free(order);
}

static char *conditions_details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct runbook *runbook = session_runbook(ui->session);
	struct buf text = BUF_INIT;

	(void)panel, (void)state;
	for (size_t i = 0; i < runbook->nconditions; i++) {
		buf_printf(&text, "%s\n", runbook->conditions[i].title);
		for (size_t s = 0; s < runbook->conditions[i].nsymptoms; s++)
			probe_print(ui, &text, runbook->conditions[i].symptoms[s]);
		buf_putc(&text, '\n');
	}
	return buf_detach(&text);
}

const struct panel_kind panel_conditions = {
	.name = "conditions",
	.want = conditions_want,
	.draw = conditions_draw,
	.details = conditions_details,
};
