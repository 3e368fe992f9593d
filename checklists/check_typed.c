#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "checklists/shapes.h"
#include "lib/buf.h"
#include "lib/mem.h"

static const struct type *type_named(const struct type *const *types, const char *name)
{
	for (; *types; types++)
		if (strcmp((*types)->name, name) == 0)
			return *types;
	return NULL;
}

static bool type_has(const struct type *type, const char *key)
{
	for (const struct field *f = type->fields; f->name; f++)
		if (strcmp(f->name, key) == 0)
			return true;
	return false;
}

/* Whether every other key that names a type is a field of this one: {"postgres": ..., "sql": ...} is
 * of type "postgres" even where "sql" is a type, too. */
static bool type_covers(const struct type *const *types, const struct type *type,
			const json_t *object)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)object, key, value) {
		if (strcmp(key, type->name) != 0 && type_named(types, key) && !type_has(type, key))
			return false;
	}
	return true;
}

const struct type *typed_find(const struct type *const *types, const json_t *object)
{
	const struct type *first = NULL;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		const struct type *type = type_named(types, key);
		if (type && type_covers(types, type, object))
			return type;
		if (type && !first)
			first = type;
	}
	return first;
}

const struct type *join_find(const struct vocabulary *vocabulary, const json_t *object)
{
	const struct type *type = typed_find(vocabulary->probes, object);
	for (const struct type *join = probe_joins; join->name; join++)
		if (json_object_get(object, join->name) && !(type && type_has(type, join->name)))
			return join;
	return NULL;
}

static char *type_names(const struct type *const *types)
{
	struct buf out = BUF_INIT;
	for (size_t i = 0; types[i]; i++)
		buf_printf(&out, "%s%s", i ? ", " : "", types[i]->name);
	buf_puts(&out, "");
	return out.data ? buf_detach(&out) : xstrdup("");
}

/* No key names a type: the nearest misspelt one is the suggestion. */
static void say_no_type(struct checker *checker, const struct node *node, const char *what,
			const struct type *const *types)
{
	size_t n = 0;
	while (types[n])
		n++;
	const char **words = xcalloc(n + 1, sizeof(*words));
	for (size_t i = 0; i < n; i++)
		words[i] = types[i]->name;

	char *suggestion = NULL;
	const char *key;
	json_t *value;
	json_object_foreach(node->value, key, value) {
		free(suggestion);
		suggestion = suggest(key, words, n);
		if (suggestion)
			break;
	}
	/* What can't be understood still uses its parameters: one mistake, one finding. */
	if (checker->used)
		params_used(checker->runbook, node->value, checker->used);
	char *list = type_names(types);
	say(checker, node, suggestion, "no key of this object names a type of %s: %s", what, list);
	free(list);
	free(suggestion);
	free(words);
}

static bool is_object(struct checker *checker, const struct node *node, enum field_type type)
{
	if (json_is_object(node->value))
		return true;
	char *found = value_text(node->value);
	say(checker, node, NULL, "expected %s, found %s", field_type_expected(type), found);
	free(found);
	return false;
}

/* The type of the source that an object names by its first field, or NULL. */
static const struct type *source_type_of(const struct checker *checker, const struct type *type,
					 const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, type->name));
	const struct source_def *source = name ? runbook_source(checker->runbook, name) : NULL;
	return source ? source->what.type : NULL;
}

static void check_typed(struct checker *checker, const struct node *node, const char *what,
			const struct type *type, const struct field *common)
{
	const struct field *const tables[] = { type->fields, common, NULL };
	char *name = xasprintf("%s \"%s\"", what, type->name);
	check_object(checker, node, name, tables, type->one_of,
		     source_type_of(checker, type, node->value));
	free(name);
}

void check_probe(struct checker *checker, const struct node *node)
{
	if (json_is_string(node->value)) {
		check_reference(checker, node, SECTION_PROBES, json_string_value(node->value));
		return;
	}
	if (!is_object(checker, node, FIELD_PROBE))
		return;
	const struct type *type = join_find(checker->vocabulary, node->value);
	if (!type)
		type = typed_find(checker->vocabulary->probes, node->value);
	if (type)
		check_typed(checker, node, "probe", type, probe_common);
	else
		say_no_type(checker, node, "probe", checker->vocabulary->probes);
}

void check_action(struct checker *checker, const struct node *node)
{
	static const struct field none[] = { { .name = NULL } };
	if (!is_object(checker, node, FIELD_ACTION))
		return;
	const struct type *type = typed_find(checker->vocabulary->actions, node->value);
	if (type)
		check_typed(checker, node, "action", type, none);
	else
		say_no_type(checker, node, "action", checker->vocabulary->actions);
}

void check_metric(struct checker *checker, const struct node *node)
{
	static const struct field none[] = { { .name = NULL } };
	if (!is_object(checker, node, FIELD_METRIC))
		return;
	const struct type *type = typed_find(checker->vocabulary->sources, node->value);
	if (!type) {
		say_no_type(checker, node, "source", checker->vocabulary->sources);
		return;
	}
	const struct field source[] = {
		{ .name = type->name, .type = FIELD_SOURCE, .required = true, .of = type->name },
		{ .name = NULL },
	};
	const struct field *const tables[] = { source, metric_common,
					       type->metric_fields ? type->metric_fields : none,
					       NULL };
	char *name = xasprintf("a metric of \"%s\"", type->name);
	checker->no_asks = true;
	check_object(checker, node, name, tables, NULL, type);
	checker->no_asks = false;
	free(name);
}

void check_source(struct checker *checker, const struct node *node)
{
	if (!is_object(checker, node, FIELD_SOURCE_DEF))
		return;
	const struct type *type = typed_find(checker->vocabulary->sources, node->value);
	if (!type) {
		say_no_type(checker, node, "source", checker->vocabulary->sources);
		return;
	}
	/* What stands beside the settings; the settings themselves are held against their type below. */
	const struct field named[] = { { .name = type->name, .type = FIELD_SETTINGS },
				       { .name = NULL } };
	const struct field *const outer[] = { named, source_common, NULL };
	check_object(checker, node, "a source", outer, NULL, NULL);

	struct node below = node_member(node, type->name);
	if (!json_is_object(below.value)) {
		char *found = value_text(below.value);
		say(checker, &below, NULL, "expected an object: the settings of source type %s, found %s",
		    type->name, found);
		free(found);
		return;
	}
	const struct field *const tables[] = { type->fields, NULL };
	char *name = xasprintf("source \"%s\"", type->name);
	checker->no_asks = true;
	check_object(checker, &below, name, tables, type->one_of, NULL);
	checker->no_asks = false;
	free(name);
}

const char **flags_declared(const struct source_def *source, size_t *n)
{
	const char **names = NULL;
	size_t cap = 0, i;
	const char *key;
	json_t *value;

	*n = 0;
	if (!source->what.type)
		return NULL;
	for (const struct field *f = source->what.type->fields; f->name; f++) {
		if (!f->of || strcmp(f->of, "flags") != 0)
			continue;
		json_t *list = json_object_get(source->what.args, f->name);
		if (json_is_array(list)) {
			json_array_foreach(list, i, value) {
				names = xgrow(names, &cap, *n + 1, sizeof(*names));
				names[*n] = json_is_string(value) ? json_string_value(value) : "";
				*n += 1;
			}
		} else if (json_is_object(list)) {
			json_object_foreach(list, key, value) {
				names = xgrow(names, &cap, *n + 1, sizeof(*names));
				names[(*n)++] = key;
			}
		}
	}
	return names;
}
