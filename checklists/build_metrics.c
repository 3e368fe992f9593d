/* Sources and the metrics that are read from them. */
#include <math.h>
#include <string.h>

#include "checklists/check.h"

void build_sources(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_SOURCES];
	for (size_t i = 0; i < names->n; i++)
		checker->runbook->sources[i] = build_source(checker, &names->list[i]);
}

static double number_of(const json_t *value)
{
	return json_is_number(value) ? json_number_value(value) : NAN;
}

static void build_metric(struct checker *checker, struct metric *metric, const struct node *node)
{
	double limits[4];
	const json_t *object = node->value;
	const char *side = build_text(node, "when");
	const char *title = build_text(node, "title"), *unit = build_text(node, "unit");

	metric->name = node->key;
	metric->title = title ? title : node->key;
	metric->read = build_typed(checker->vocabulary->sources, node);
	if (metric->read.type)
		metric->source = build_text(node, metric->read.type->name);
	else
		build_derived(checker, metric, node);
	metric->unit = unit ? unit : "";
	metric->below = side && strcmp(side, "below") == 0;
	const struct read_def *read = metric->read.type ? metric->read.type->reads : NULL;
	const char *wanted = build_text(node, "read");
	for (; !unit && wanted && read && read->name; read++)
		if (strcmp(read->name, wanted) == 0 && read->unit)
			metric->unit = read->unit;
	for (int level = LEVEL_OK; level <= LEVEL_CRITICAL; level++) {
		metric->limit[level] =
		    level ? json_object_get(object, level_name((enum level)level)) : NULL;
		limits[level] = number_of(metric->limit[level]);
	}
	metric->recovery[LEVEL_INFO] = json_object_get(object, "info_recovery");
	metric->recovery[LEVEL_WARNING] = json_object_get(object, "warning_recovery");
	metric->recovery[LEVEL_CRITICAL] = json_object_get(object, "critical_recovery");
	check_limits(checker, node, limits, metric->below);
	metric->every = json_object_get(object, "every");
	metric->for_ = json_object_get(object, "for");
	metric->clear = json_object_get(object, "clear");
	metric->cooldown = json_object_get(object, "cooldown");
	metric->samples = json_object_get(object, "samples");
	metric->no_data = json_object_get(object, "no_data");
	metric->suggest = build_text(node, "suggest");
}

void check_metrics_recoveries(struct checker *checker)
{
	for (size_t i = 0; i < checker->names[SECTION_METRICS].n; i++) {
		const struct node *node = &checker->names[SECTION_METRICS].list[i];
		const struct metric *metric = &checker->runbook->metrics[i];
		double limits[4] = { NAN, NAN, NAN, NAN }, recoveries[4] = { NAN, NAN, NAN, NAN };

		for (int level = LEVEL_INFO; level <= LEVEL_CRITICAL; level++) {
			limits[level] = number_of(metric->limit[level]);
			recoveries[level] = number_of(metric->recovery[level]);
			if (metric->recovery[level] && !metric->limit[level])
				say(checker, node, NULL,
				    "a recovery of level %s needs the level's threshold",
				    level_name((enum level)level));
		}
		check_recoveries(checker, node, limits, recoveries, metric->below);
	}
}

void build_metrics(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_METRICS];
	for (size_t i = 0; i < names->n; i++)
		build_metric(checker, &checker->runbook->metrics[i], &names->list[i]);
	check_derived(checker);
}
