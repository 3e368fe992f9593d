#include <math.h>
#include <string.h>

#include "checklists/check.h"
#include "checklists/shapes.h"
#include "lib/timefmt.h"

const char *build_text(const struct node *up, const char *key)
{
	return json_string_value(json_object_get(up->value, key));
}

const char *build_id(struct checker *checker, const struct node *up)
{
	struct node id = node_member(up, "id");
	const char *word = json_string_value(id.value);

	if (word && !name_valid(word))
		say(checker, &id, NULL,
		    "an id holds letters, digits, \".\", \"_\" and \"-\", and begins with a "
		    "letter, a digit or \"_\"");
	return word ? word : "?";
}

int64_t build_duration(struct checker *checker, const struct node *up, const char *key)
{
	struct node node = node_member(up, key);
	const char *text = json_string_value(node.value);
	int64_t us = 0;

	if (text && strstr(text, "${"))
		say(checker, &node, NULL, "\"%s\" can't be a parameter: write the duration itself",
		    key);
	else if (text)
		(void)duration_parse(text, &us);
	return us;
}

struct typed build_typed(const struct type *const *types, const struct node *node)
{
	return (struct typed){
		.type = json_is_object(node->value) ? typed_find(types, node->value) : NULL,
		.args = node->value,
	};
}

struct source_def build_source(const struct checker *checker, const struct node *node)
{
	struct source_def source = {
		.name = node->key,
		.title = build_text(node, "title"),
		.what = build_typed(checker->vocabulary->sources, node),
	};
	if (source.what.type)
		source.what.args = json_object_get(node->value, source.what.type->name);
	return source;
}

struct outcome build_outcome(struct checker *checker, const struct node *up, const char *key)
{
	json_t *value = json_object_get(up->value, key);
	struct outcome outcome = { 0 };
	const char *name = json_string_value(value);

	if (name && strcmp(name, "tree") == 0 && strcmp(key, "suggest") == 0) {
		outcome.tree = true;
	} else if (name) {
		outcome.question = name;
	} else if (json_is_object(value)) {
		name = json_string_value(json_object_get(value, "procedure"));
		outcome.procedure = name ? runbook_procedure(checker->runbook, name) : NULL;
		outcome.advice = json_string_value(json_object_get(value, "advice"));
	}
	return outcome;
}

void check_absent(struct checker *checker, const struct node *node, const char *where,
		  const char *const *keys)
{
	for (; *keys; keys++) {
		struct node member = node_member(node, *keys);
		if (member.value)
			say_key(checker, &member, NULL, "\"%s\" has no meaning in %s", *keys,
				where);
	}
}

void check_limits(struct checker *checker, const struct node *node, const double limits[4],
		  bool below)
{
	int last = 0;
	for (int level = LEVEL_INFO; level <= LEVEL_CRITICAL; level++) {
		if (isnan(limits[level]))
			continue;
		bool wrong =
		    last && (below ? limits[level] > limits[last] : limits[level] < limits[last]);
		if (wrong)
			say(checker, node, NULL,
			    "thresholds in the wrong order: %s %g is %s %s %g, so that the milder "
			    "level would never show%s",
			    level_name((enum level)level), limits[level], below ? "above" : "below",
			    level_name((enum level)last), limits[last],
			    below ? "" : " (is \"when\": \"below\" missing?)");
		last = level;
	}
}

static enum field_type param_type(const char *word)
{
	static const enum field_type types[] = { FIELD_STRING, FIELD_PATH, FIELD_INT,
						 FIELD_NUMBER, FIELD_BOOL, FIELD_DURATION,
						 FIELD_SIZE };
	for (size_t i = 0; word && i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(field_type_name(types[i]), word) == 0)
			return types[i];
	return FIELD_SCALAR;
}

void build_params(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_PARAMETERS];
	for (size_t i = 0; i < names->n; i++) {
		const struct node *node = &names->list[i];
		checker->runbook->params[i] = (struct param){
			.name = node->key,
			.help = build_text(node, "help"),
			.type = param_type(build_text(node, "type")),
			.fallback = json_object_get(node->value, "default"),
			.secret = json_is_true(json_object_get(node->value, "secret")),
			.ask = build_text(node, "ask"),
		};
	}
}

void build_proposals(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_PARAMETERS];
	static const char *const needs_ask[] = { "propose", NULL };
	static const char *const no_secret[] = { "default", "ask", NULL };

	for (size_t i = 0; i < names->n; i++) {
		struct param *param = &checker->runbook->params[i];
		const struct node *node = &names->list[i];
		param->propose = build_probe_member(checker, node, "propose");
		if (!param->ask)
			check_absent(checker, node, "a parameter without \"ask\"", needs_ask);
		if (param->secret)
			check_absent(checker, node, "a secret parameter", no_secret);
		const char *text = json_string_value(param->fallback);
		if (!param->fallback || (text && has_params(text)))
			continue;
		struct node fallback = node_member(node, "default");
		const struct field field = { .type = param->type };
		if (param->type != FIELD_SCALAR)
			check_field(checker, &fallback, &field, NULL);
	}
}

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
	metric->source = metric->read.type ? build_text(node, metric->read.type->name) : NULL;
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
	metric->suggest = build_text(node, "suggest");
}

void build_metrics(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_METRICS];
	for (size_t i = 0; i < names->n; i++)
		build_metric(checker, &checker->runbook->metrics[i], &names->list[i]);
}
