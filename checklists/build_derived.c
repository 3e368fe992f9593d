/* Metrics that are made of other metrics and of probes; and the bands that give metrics their
 * thresholds. */
#include <math.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"

void build_derived(struct checker *checker, struct metric *metric, const struct node *node)
{
	const struct runbook *rb = checker->runbook;
	const char *name, *to = build_text(node, "to");

	metric->read = build_typed(checker->vocabulary->derived, node);
	if (!metric->read.type)
		return;
	if (metric->read.type->fields[0].type == FIELD_PROBE) {
		metric->probe = build_probe_member(checker, node, metric->read.type->name);
		return;
	}
	name = build_text(node, metric->read.type->name);
	metric->of = name ? runbook_metric(rb, name) : NULL;
	metric->to = to ? runbook_metric(rb, to) : NULL;
}

/* Whether `metric` is made, in so many steps at most, of `wanted`. */
static bool is_made_of(const struct metric *metric, const struct metric *wanted, size_t steps)
{
	const struct metric *parts[] = { metric->of, metric->to };

	for (size_t i = 0; i < 2; i++) {
		if (parts[i] &&
		    (parts[i] == wanted || (steps > 0 && is_made_of(parts[i], wanted, steps - 1))))
			return true;
	}
	return false;
}

/* Deeper ones are nobody's: it also bounds the walk over pairs. */
#define DEPTH_MAX 8

void check_derived(struct checker *checker)
{
	struct runbook *rb = checker->runbook;

	for (size_t i = 0; i < rb->nmetrics; i++) {
		struct metric *metric = &rb->metrics[i];
		const struct metric *base = metric->of;

		if (is_made_of(metric, metric, DEPTH_MAX)) {
			say_key(checker, declared(checker, SECTION_METRICS, metric->name), NULL,
				"metric \"%s\" is made of itself", metric->name);
			continue;
		}
		for (size_t deep = 0; !metric->unit[0] && base && deep < DEPTH_MAX; deep++) {
			metric->unit = base->unit ? base->unit : "";
			base = base->of;
		}
	}
}

/* ---- bands ---- */

static double number_of(const json_t *value)
{
	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The bands tell which side is bad, where the metric itself does not. */
static void limits_give(struct checker *checker, struct metric *metric, const struct band *band,
			const struct node *node)
{
	double acceptable = number_of(band->acceptable), alert = number_of(band->alert);
	double target = number_of(band->target);
	bool side = json_object_get(metric->read.args, "when") != NULL;

	if (metric->limit[LEVEL_WARNING] || metric->limit[LEVEL_CRITICAL]) {
		say(checker, node, NULL,
		    "metric \"%s\" has thresholds already: a warning and a critical come from one "
		    "place",
		    metric->name);
		return;
	}
	if (!side && acceptable > alert)
		metric->below = true;
	metric->limit[LEVEL_WARNING] = band->acceptable;
	metric->limit[LEVEL_CRITICAL] = band->alert;
	if (metric->below ? target < acceptable || acceptable < alert
			  : target > acceptable || acceptable > alert)
		say(checker, node, NULL,
		    "bands in the wrong order: expected target, acceptable and alert from good to "
		    "bad");
}

static void build_band(struct checker *checker, struct band_table *table, const struct node *node)
{
	const char *name = build_text(node, "metric");
	const struct metric *metric = name ? runbook_metric(checker->runbook, name) : NULL;
	struct band band = {
		.metric = metric,
		.target = json_object_get(node->value, "target"),
		.acceptable = json_object_get(node->value, "acceptable"),
		.alert = json_object_get(node->value, "alert"),
	};

	if (!metric || !band.acceptable || !band.alert)
		return; /* said already */
	limits_give(checker, &checker->runbook->metrics[metric - checker->runbook->metrics], &band,
		    node);
	table->rows[table->nrows++] = band;
}

void build_bands(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_BANDS];

	for (size_t i = 0; i < names->n; i++) {
		struct band_table *table = &checker->runbook->bands[i];
		struct node rows = node_member(&names->list[i], "rows");
		const char *title = build_text(&names->list[i], "title");

		table->title = title ? title : table->name;
		table->rows = xcalloc(json_array_size(rows.value) + 1, sizeof(*table->rows));
		for (size_t k = 0; k < json_array_size(rows.value); k++) {
			struct node row = node_element(&rows, k);

			build_band(checker, table, &row);
		}
	}
}
