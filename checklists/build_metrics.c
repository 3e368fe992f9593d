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
		limits[level] = json_is_number(metric->limit[level])
				    ? json_number_value(metric->limit[level])
				    : NAN;
	}
	check_limits(checker, node, limits, metric->below);
	metric->every = json_object_get(object, "every");
	metric->for_ = json_object_get(object, "for");
	metric->clear = json_object_get(object, "clear");
	metric->cooldown = json_object_get(object, "cooldown");
	metric->samples = json_object_get(object, "samples");
	metric->no_data = json_object_get(object, "no_data");
	metric->suggest = build_text(node, "suggest");
}

void build_metrics(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_METRICS];
	for (size_t i = 0; i < names->n; i++)
		build_metric(checker, &checker->runbook->metrics[i], &names->list[i]);
	check_derived(checker);
}
