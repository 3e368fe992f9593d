/* The report: metrics before and after, and their charts. */
#include "core/report_parts.h"

#include <math.h>
#include <stdlib.h>

#include "lib/params.h"

/* A metric when the procedure was approved (or at T), at its worst, and after the recovery (or at
 * the end). */
struct metric_span {
	double before, worst, after;
};

static int64_t before_at(const struct report_work *work)
{
	return work->decided_at ? work->decided_at : work->trouble ? 0 : work->t0;
}

static int64_t after_at(const struct report_work *work)
{
	return work->trouble ? work->recovered_at : work->state->resolved_at;
}

static struct metric_span span_of(const struct report_work *work, const struct metric *metric)
{
	struct metric_span span = { .before = NAN, .worst = NAN, .after = NAN };
	size_t n;
	struct chart_point *points = incident_metrics(work->incident->folder, metric->name, &n);

	for (size_t p = 0; p < n; p++) {
		double value = points[p].value;

		if (points[p].at <= before_at(work))
			span.before = value;
		if (points[p].at >= after_at(work) || !work->trouble)
			span.after = value;
		if (isnan(span.worst) || (metric->below ? value < span.worst : value > span.worst))
			span.worst = value;
	}
	free(points);
	return span;
}

static void set_number(json_t *fact, const char *key, double value)
{
	if (!isnan(value))
		json_object_set_new(fact, key, json_real(value));
}

void report_metrics(struct report_work *work, struct report_section *section)
{
	static const char *const columns[] = { "Metric", "Before", "Worst", "After" };
	const struct runbook *runbook = work->state->runbook;
	struct report_table *table = section_table(section, columns, 4);
	json_t *facts = json_array(), *fact;

	for (size_t i = 0; i < runbook->nmetrics && before_at(work) && after_at(work); i++) {
		const struct metric *metric = &runbook->metrics[i];
		struct metric_span span = span_of(work, metric);
		char before[48], worst[48], after[48];

		if (isnan(span.before) && isnan(span.after))
			continue;
		table_row(table,
			  (const char *[]){
			      metric->title ? metric->title : metric->name,
			      number_unit_text(span.before, metric->unit, before, sizeof(before)),
			      number_unit_text(span.worst, metric->unit, worst, sizeof(worst)),
			      number_unit_text(span.after, metric->unit, after, sizeof(after)) });
		fact = json_object();
		fact_text(fact, "metric", metric->name);
		fact_text(fact, "unit", metric->unit);
		set_number(fact, "before", span.before);
		set_number(fact, "worst", span.worst);
		set_number(fact, "after", span.after);
		json_array_append_new(facts, fact);
	}
	json_object_set_new(work->facts, "metrics", facts);
}

/* ---- Charts ---- */

/* A threshold that is a plain number; one that is a parameter stands in the target. */
static double limit_of(const struct report_work *work, const json_t *limit)
{
	const json_t *params = work->state->target ? work->state->target->params : NULL;
	json_t *filled = limit ? params_fill(limit, params, NULL) : NULL;
	double value = json_is_number(filled) ? json_number_value(filled) : NAN;

	json_decref(filled);
	return value;
}

static void chart_add(struct report_work *work, const struct metric *metric,
		      struct report_section **section)
{
	struct report_chart *chart;
	size_t n;
	struct chart_point *points = incident_metrics(work->incident->folder, metric->name, &n);

	if (n < 2) {
		free(points);
		return;
	}
	if (!*section)
		*section = part_section(work, "Charts");
	chart = section_chart(*section, metric->title ? metric->title : metric->name, metric->unit);
	chart->points = points;
	chart->npoints = n;
	chart->below = metric->below;
	chart->info = limit_of(work, metric->limit[LEVEL_INFO]);
	chart->warning = limit_of(work, metric->limit[LEVEL_WARNING]);
	chart->critical = limit_of(work, metric->limit[LEVEL_CRITICAL]);
	if (work->alert_at)
		chart_mark(chart, work->alert_at, "Alert");
	if (work->decided_at || work->gate_at)
		chart_mark(chart, work->decided_at ? work->decided_at : work->gate_at, "Decision");
	if (work->t0)
		chart_mark(chart, work->t0, "T");
	if (work->recovered_at)
		chart_mark(chart, work->recovered_at, "Recovery");
}

void report_charts(struct report_work *work)
{
	const struct runbook *runbook = work->state->runbook;
	struct report_section *section = NULL;

	for (size_t i = 0; i < runbook->nmetrics; i++)
		chart_add(work, &runbook->metrics[i], &section);
}
