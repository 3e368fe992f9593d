/* What several sections are made of: texts, ids, durations, typed objects, thresholds. */
#include <math.h>
#include <string.h>

#include "checklists/check.h"
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

void check_recoveries(struct checker *checker, const struct node *node, const double limits[4],
		      const double recoveries[4], bool below)
{
	for (int level = LEVEL_INFO; level <= LEVEL_CRITICAL; level++) {
		double limit = limits[level], recovery = recoveries[level];

		if (below ? recovery < limit : recovery > limit)
			say(checker, node, NULL,
			    "the recovery %g of level %s is %s its threshold %g: the alert would "
			    "go "
			    "while the value is still past it",
			    recovery, level_name((enum level)level), below ? "below" : "above",
			    limit);
	}
}
