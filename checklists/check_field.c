#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "checklists/shapes.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/rx.h"
#include "lib/size.h"
#include "lib/timefmt.h"

#define NAMES_SHOWN 16
#define MEANT_MAX   8

/* Says "expected ..., found ..." and returns false, unless `right`. */
static bool is_right(struct checker *checker, const struct node *node, bool right,
		     const char *expected)
{
	if (right)
		return true;
	char *found = value_text(node->value);
	say(checker, node, NULL, "expected %s, found %s", expected, found);
	free(found);
	return false;
}

static bool is_string(struct checker *checker, const struct node *node, enum field_type type)
{
	return is_right(checker, node, json_is_string(node->value), field_type_expected(type));
}

static const char *text_of(const struct node *node)
{
	return json_string_value(node->value);
}

static bool offset_valid(const char *text)
{
	int64_t us;
	return duration_parse(*text == '-' ? text + 1 : text, &us) == 0;
}

static bool choice_valid(const struct field *field, const char *text)
{
	for (size_t i = 0; field->choices[i]; i++)
		if (strcmp(field->choices[i], text) == 0)
			return true;
	return false;
}

static char *join_words(const char *const *words, size_t n)
{
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++)
		buf_printf(&out, "%s%s", i ? ", " : "", words[i]);
	if (n > NAMES_SHOWN)
		buf_puts(&out, ", ...");
	if (n == 0)
		buf_puts(&out, "none");
	return buf_detach(&out);
}

/* "there is no KIND "x" (a, b, c)" with a suggestion. */
static void say_unknown_word(struct checker *checker, const struct node *node, const char *kind,
			     const char *word, const char *const *words, size_t n)
{
	char *suggestion = suggest(word, words, n);
	char *list = join_words(words, n);
	say(checker, node, suggestion, "there is no %s \"%s\"; there are: %s", kind, word, list);
	free(list);
	free(suggestion);
}

static void check_choice(struct checker *checker, const struct node *node,
			 const struct field *field)
{
	const char *text = text_of(node);
	if (has_params(text)) {
		check_params(checker, node, text, FIELD_CHOICE);
		return;
	}
	if (choice_valid(field, text))
		return;
	size_t n = 0;
	while (field->choices[n])
		n++;
	char *suggestion = suggest(text, field->choices, n);
	char *list = join_words(field->choices, n);
	char *found = value_text(node->value);
	say(checker, node, suggestion, "expected one of %s, found %s", list, found);
	free(found);
	free(list);
	free(suggestion);
}

/* Scalars whose text form may hold parameters: numbers, booleans, durations, sizes. */
static void check_scalar(struct checker *checker, const struct node *node, enum field_type type)
{
	const json_t *value = node->value;
	const char *text = json_string_value(value);
	int64_t number;
	bool right = false;

	if (text && strstr(text, "${")) {
		check_params(checker, node, text, type);
		return;
	}
	switch (type) {
	case FIELD_INT:
		right = json_is_integer(value);
		break;
	case FIELD_NUMBER:
		right = json_is_number(value);
		break;
	case FIELD_BOOL:
		right = json_is_boolean(value);
		break;
	case FIELD_DURATION:
		right = text && duration_parse(text, &number) == 0;
		break;
	case FIELD_SIZE:
		right = size_of(value, &number) == 0;
		break;
	default:
		right = text || json_is_number(value) || json_is_boolean(value);
		break;
	}
	is_right(checker, node, right, field_type_expected(type));
}

static void check_text(struct checker *checker, const struct node *node, enum field_type type)
{
	int64_t low, high;
	struct err err = ERR_INIT;
	struct rx *rx = NULL;

	if (!is_string(checker, node, type))
		return;
	const char *text = text_of(node);
	switch (type) {
	case FIELD_STRING:
		check_params(checker, node, text, type);
		break;
	case FIELD_PATH:
		check_params(checker, node, text, type);
		if (*text != '/' && strncmp(text, "${", 2) != 0)
			is_right(checker, node, false, "an absolute path (or one that begins with "
						       "a parameter)");
		break;
	case FIELD_TEXT:
		if (strstr(text, "${"))
			say(checker, node, NULL,
			    "\"${\" in a text for people: parameters are not filled in here");
		break;
	case FIELD_TEMPLATE:
		if (checker->runbook && checker->used)
			params_used(checker->runbook, node->value, checker->used);
		break;
	case FIELD_RANGE:
		is_right(checker, node, duration_parse_range(text, &low, &high) == 0,
			 field_type_expected(type));
		break;
	case FIELD_OFFSET:
		is_right(checker, node, offset_valid(text), field_type_expected(type));
		break;
	case FIELD_REGEX:
		rx = rx_new(text, false, &err);
		if (!rx)
			say(checker, node, NULL, "not a regular expression: %s", err.msg);
		rx_free(rx);
		if (has_params(text))
			say(checker, node, NULL, "parameters are not filled in inside a pattern");
		break;
	default:
		check_literal(checker, node, text);
		break;
	}
}

/* ---- names ---- */

static void check_source_name(struct checker *checker, const struct node *node,
			      const struct field *field)
{
	if (!is_string(checker, node, FIELD_SOURCE))
		return;
	if (!check_reference(checker, node, SECTION_SOURCES, text_of(node)) || !field->of)
		return;
	const struct source_def *source = runbook_source(checker->runbook, text_of(node));
	if (source && source->what.type && strcmp(source->what.type->name, field->of) != 0)
		say(checker, node, NULL, "expected a source of type %s; \"%s\" is of type %s",
		    field->of, source->name, source->what.type->name);
}

static void check_read(struct checker *checker, const struct node *node, const struct type *source)
{
	if (!is_string(checker, node, FIELD_READ) || !source)
		return;
	size_t n = 0;
	for (; source->reads && source->reads[n].name; n++)
		if (strcmp(source->reads[n].name, text_of(node)) == 0)
			return;
	if (n == 0) {
		say(checker, node, NULL, "a source of type %s has no numbers to read", source->name);
		return;
	}
	const char **words = xcalloc(n, sizeof(*words));
	for (size_t i = 0; i < n; i++)
		words[i] = source->reads[i].name;
	char *kind = xasprintf("read of type %s", source->name);
	say_unknown_word(checker, node, kind, text_of(node), words, n);
	free(kind);
	free(words);
}

/* `node` is the flag's name (FIELD_FLAG) or a member whose key is one (FIELD_FLAGS). */
static void check_flag(struct checker *checker, const struct node *node, const char *flag,
		       const struct node *object, const struct field *field, bool key)
{
	const char *name = json_string_value(json_object_get(object->value, field->of));
	const struct source_def *source = name ? runbook_source(checker->runbook, name) : NULL;
	if (!source)
		return; /* said already, about the source's name */
	size_t n;
	const char **words = flags_declared(source, &n);
	bool found = false;
	for (size_t i = 0; words && i < n; i++)
		found = found || strcmp(words[i], flag) == 0;
	if (words && !found) {
		char *suggestion = suggest(flag, words, n);
		(key ? say_key : say)(checker, node, suggestion,
				      "source \"%s\" declares no flag \"%s\"", source->name, flag);
		free(suggestion);
	}
	free(words);
}

static void check_outcome(struct checker *checker, const struct node *node,
			  const struct field *field)
{
	const char *text = text_of(node);
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
		case FIELD_PROBES:
			check_probe(checker, &element);
			break;
		case FIELD_NAMES:
			if (is_string(checker, &element, FIELD_REF))
				check_reference(checker, &element, section_find(field->of),
						text_of(&element));
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

void check_field(struct checker *checker, const struct node *node, const struct field *field,
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
		check_text(checker, node, field->type);
		break;
	case FIELD_CHOICE:
		if (is_string(checker, node, field->type))
			check_choice(checker, node, field);
		break;
	case FIELD_STRINGS:
	case FIELD_SCALARS:
	case FIELD_PROBES:
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
			check_flag(checker, node, text_of(node), node->up, field, false);
		break;
	case FIELD_SOURCE:
		check_source_name(checker, node, field);
		break;
	case FIELD_REF:
		if (is_string(checker, node, field->type))
			check_reference(checker, node, section_find(field->of), text_of(node));
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
	say(walk->checker, walk->node, NULL, "%s needs exactly one of: %s; this one has %s", walk->what,
	    list, there ? "several" : "none");
	free(list);
}

void check_object(struct checker *checker, const struct node *node, const char *what,
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
				say(checker, node, NULL, "%s needs \"%s\": %s", what, f->name, f->help);
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
