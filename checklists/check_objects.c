/* Values inside values: lists, objects, and objects of types. Everything that calls itself is here.
 */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "checklists/check_values.h"
#include "checklists/shapes.h"
#include "lib/buf.h"
#include "lib/mem.h"

#define MEANT_MAX 8

static void check_probe(struct checker *checker, const struct node *node);
static void check_action(struct checker *checker, const struct node *node);
static void check_metric(struct checker *checker, const struct node *node);
static void check_source(struct checker *checker, const struct node *node);

static void check_outcome(struct checker *checker, const struct node *node,
			  const struct field *field)
{
	const char *text = json_string_value(node->value);
	bool metric = strcmp(field->of, "metric") == 0;

	if (text && strcmp(field->of, "question") == 0) {
		if (!declared(checker, SECTION_QUESTIONS, text) &&
		    declared(checker, SECTION_PROCEDURES, text))
			say(checker, node, NULL,
			    "\"%s\" is a procedure, not a question: write {\"procedure\": \"%s\"}",
			    text, text);
		else
			check_reference(checker, node, SECTION_QUESTIONS, text);
		return;
	}
	if (text && strcmp(text, "tree") == 0) {
		if (checker->names[SECTION_QUESTIONS].n == 0)
			say(checker, node, NULL, "there is no tree in this runbook");
		return;
	}
	if (text && metric) {
		if (!declared(checker, SECTION_PROCEDURES, text) &&
		    !declared(checker, SECTION_CONDITIONS, text))
			check_reference(checker, node, SECTION_PROCEDURES, text);
		return;
	}
	if (text && declared(checker, SECTION_PROCEDURES, text)) {
		say(checker, node, NULL, "for a procedure write {\"procedure\": \"%s\"}", text);
		return;
	}
	if (metric)
		is_right(checker, node, false, "\"tree\", a procedure or a condition");
	else if (is_right(checker, node, json_is_object(node->value),
			  "\"tree\", {\"procedure\": NAME} or {\"advice\": TEXT}"))
		check_shape(checker, node, "outcome");
}

/* ---- lists and objects ---- */

static void check_elements(struct checker *checker, const struct node *node,
			   const struct field *field)
{
	if (!is_right(checker, node, json_is_array(node->value), field_type_expected(field->type)))
		return;
	for (size_t i = 0; i < json_array_size(node->value); i++) {
		struct node element = node_element(node, i);
		switch (field->type) {
		case FIELD_STRINGS:
			check_text(checker, &element, FIELD_STRING);
			break;
		case FIELD_SCALARS:
			check_scalar(checker, &element, FIELD_SCALAR);
			break;
		case FIELD_OFFSETS:
			check_text(checker, &element, FIELD_OFFSET);
			break;
		case FIELD_PROBES:
			check_probe(checker, &element);
			break;
		case FIELD_CRITERIA:
			if (json_object_get(element.value, "checklist"))
				check_shape(checker, &element, "criterion");
			else
				check_probe(checker, &element);
			break;
		case FIELD_NAMES:
			if (is_string(checker, &element, FIELD_REF))
				check_reference(checker, &element, section_find(field->of),
						json_string_value(element.value));
			break;
		case FIELD_ROWS: {
			const struct field texts = { .type = FIELD_STRINGS };
			check_elements(checker, &element, &texts);
			break;
		}
		default:
			check_shape(checker, &element, field->of);
			break;
		}
	}
}

static void check_members(struct checker *checker, const struct node *node,
			  const struct field *field)
{
	if (!is_right(checker, node, json_is_object(node->value), field_type_expected(field->type)))
		return;
	const char *key;
	json_t *value;
	json_object_foreach(node->value, key, value) {
		struct node member = node_member(node, key);
		if (field->type == FIELD_OBJECT_MAP) {
			check_shape(checker, &member, field->of);
			continue;
		}
		if (field->type == FIELD_FLAGS)
			check_flag(checker, &member, key, node->up, field, true);
		check_scalar(checker, &member, FIELD_SCALAR);
	}
}

static void check_value(struct checker *checker, const struct node *node, const struct field *field,
			const struct type *source)
{
	switch (field->type) {
	case FIELD_INT:
	case FIELD_NUMBER:
	case FIELD_BOOL:
	case FIELD_SCALAR:
	case FIELD_DURATION:
	case FIELD_SIZE:
		check_scalar(checker, node, field->type);
		break;
	case FIELD_STRING:
	case FIELD_LITERAL:
	case FIELD_PATH:
	case FIELD_RANGE:
	case FIELD_REGEX:
	case FIELD_TEXT:
	case FIELD_TEMPLATE:
	case FIELD_OFFSET:
	case FIELD_DEADLINE:
		check_text(checker, node, field->type);
		break;
	case FIELD_CHOICE:
		if (is_string(checker, node, field->type))
			check_choice(checker, node, field);
		break;
	case FIELD_STRINGS:
	case FIELD_SCALARS:
	case FIELD_OFFSETS:
	case FIELD_PROBES:
	case FIELD_CRITERIA:
	case FIELD_NAMES:
	case FIELD_OBJECTS:
	case FIELD_ROWS:
		check_elements(checker, node, field);
		break;
	case FIELD_MAP:
	case FIELD_FLAGS:
	case FIELD_OBJECT_MAP:
		check_members(checker, node, field);
		break;
	case FIELD_FLAG:
		if (is_string(checker, node, field->type))
			check_flag(checker, node, json_string_value(node->value), node->up, field,
				   false);
		break;
	case FIELD_MODE:
		check_mode(checker, node, field);
		break;
	case FIELD_SOURCE:
		check_source_name(checker, node, field);
		break;
	case FIELD_REF:
		if (is_string(checker, node, field->type))
			check_reference(checker, node, section_find(field->of),
					json_string_value(node->value));
		break;
	case FIELD_READ:
		check_read(checker, node, source);
		break;
	case FIELD_PROBE:
		check_probe(checker, node);
		break;
	case FIELD_ACTION:
		check_action(checker, node);
		break;
	case FIELD_OUTCOME:
		check_outcome(checker, node, field);
		break;
	case FIELD_OBJECT:
		check_shape(checker, node, field->of);
		break;
	case FIELD_SOURCE_DEF:
		check_source(checker, node);
		break;
	case FIELD_METRIC:
		check_metric(checker, node);
		break;
	case FIELD_SETTINGS:
		break; /* check_source() holds them against their own table */
	}
}

void check_field(struct checker *checker, const struct node *node, const struct field *field,
		 const struct type *source)
{
	bool outer = checker->secret;

	checker->secret = field_may_hold_secret(field);
	check_value(checker, node, field, source);
	if (field_is_secret(field))
		check_secret(checker, node);
	checker->secret = outer;
}

static const struct field *field_find(const struct field *const *tables, const char *name)
{
	for (; *tables; tables++)
		for (const struct field *f = *tables; f->name; f++)
			if (strcmp(f->name, name) == 0)
				return f;
	return NULL;
}

/* Returns the key that was probably meant, or NULL. */
static const char *say_unknown_key(struct checker *checker, const struct node *member,
				   const char *what, const struct field *const *tables)
{
	size_t n = 0, cap = 0;
	const char **words = NULL;

	for (; *tables; tables++) {
		for (const struct field *f = *tables; f->name; f++) {
			words = xgrow(words, &cap, n + 1, sizeof(*words));
			words[n++] = f->name;
		}
	}
	if (checker->used)
		params_used(checker->runbook, member->value, checker->used);
	char *suggestion = suggest(member->key, words, n);
	char *list = join_words(words, n);
	const char *meant = nearest(member->key, words, n);
	say_key(checker, member, suggestion, "%s has no key \"%s\"; it has: %s", what, member->key,
		list);
	free(list);
	free(suggestion);
	free(words);
	return meant;
}

/* An object and the keys that its misspelt ones were probably meant to be: those are not missed. */
struct object_walk {
	struct checker *checker;
	const struct node *node;
	const char *what;
	const char *meant[MEANT_MAX];
	size_t nmeant;
};

static bool has_key(const struct object_walk *walk, const char *key)
{
	for (size_t i = 0; i < walk->nmeant; i++)
		if (strcmp(walk->meant[i], key) == 0)
			return true;
	return json_object_get(walk->node->value, key) != NULL;
}

static void check_one_of(const struct object_walk *walk, const char *const *group)
{
	size_t n = 0, there = 0;
	for (; group[n]; n++)
		there += has_key(walk, group[n]);
	if (there == 1)
		return;
	char *list = join_words(group, n);
	say(walk->checker, walk->node, NULL, "%s needs exactly one of: %s; this one has %s",
	    walk->what, list, there ? "several" : "none");
	free(list);
}

static void check_object(struct checker *checker, const struct node *node, const char *what,
			 const struct field *const *tables, const char *const *const *one_of,
			 const struct type *source)
{
	struct object_walk walk = { .checker = checker, .node = node, .what = what };
	const char *key;
	json_t *value;

	json_object_foreach(node->value, key, value) {
		struct node member = node_member(node, key);
		const struct field *field = field_find(tables, key);
		if (field) {
			check_field(checker, &member, field, source);
			continue;
		}
		const char *meant = say_unknown_key(checker, &member, what, tables);
		if (meant && walk.nmeant < MEANT_MAX)
			walk.meant[walk.nmeant++] = meant;
	}
	for (const struct field *const *t = tables; *t; t++)
		for (const struct field *f = *t; f->name; f++)
			if (f->required && !has_key(&walk, f->name))
				say(checker, node, NULL, "%s needs \"%s\": %s", what, f->name,
				    f->help);
	for (; one_of && *one_of; one_of++)
		check_one_of(&walk, *one_of);
}

void check_shape(struct checker *checker, const struct node *node, const char *name)
{
	const struct shape *shape = shape_find(name);
	if (shape->as != FIELD_OBJECT) {
		const struct field field = { .type = shape->as };
		check_field(checker, node, &field, NULL);
		return;
	}
	char *expected = xasprintf("%s: an object", shape->one);
	if (is_right(checker, node, json_is_object(node->value), expected)) {
		const struct field *const tables[] = { shape->type.fields, NULL };
		check_object(checker, node, shape->one, tables, shape->type.one_of, NULL);
	}
	free(expected);
}

/* ---- objects of types ---- */

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

static void check_probe(struct checker *checker, const struct node *node)
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

static void check_action(struct checker *checker, const struct node *node)
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

/* A metric without a source's type: made of another metric, or of a probe. */
static void check_derived_metric(struct checker *checker, const struct node *node)
{
	const struct type *type = typed_find(checker->vocabulary->derived, node->value);
	if (!type) {
		say_no_type(checker, node, "source", checker->vocabulary->sources);
		return;
	}
	const struct field *const tables[] = { type->fields, metric_common, type->metric_fields,
					       NULL };
	char *name = xasprintf("a metric of a %s", type->name);
	check_object(checker, node, name, tables, type->one_of, type);
	free(name);
}

static void check_metric(struct checker *checker, const struct node *node)
{
	static const struct field none[] = { { .name = NULL } };
	if (!is_object(checker, node, FIELD_METRIC))
		return;
	const struct type *type = typed_find(checker->vocabulary->sources, node->value);
	if (!type) {
		checker->no_asks = true;
		check_derived_metric(checker, node);
		checker->no_asks = false;
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

static void check_source(struct checker *checker, const struct node *node)
{
	if (!is_object(checker, node, FIELD_SOURCE_DEF))
		return;
	const struct type *type = typed_find(checker->vocabulary->sources, node->value);
	if (!type) {
		say_no_type(checker, node, "source", checker->vocabulary->sources);
		return;
	}
	/* What stands beside the settings; the settings themselves are held against their type
	 * below. */
	const struct field named[] = { { .name = type->name, .type = FIELD_SETTINGS },
				       { .name = NULL } };
	const struct field *const outer[] = { named, source_common, NULL };
	check_object(checker, node, "a source", outer, NULL, NULL);

	struct node below = node_member(node, type->name);
	if (!json_is_object(below.value)) {
		char *found = value_text(below.value);
		say(checker, &below, NULL,
		    "expected an object: the settings of source type %s, found %s", type->name,
		    found);
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
