#include "checklists/check_values.h"

#include <stdlib.h>
#include <string.h>

#include "checklists/shapes.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/rx.h"
#include "lib/size.h"
#include "lib/timefmt.h"

#define NAMES_SHOWN 16

bool is_right(struct checker *checker, const struct node *node, bool right, const char *expected)
{
	if (right)
		return true;
	char *found = value_text(node->value);
	say(checker, node, NULL, "expected %s, found %s", expected, found);
	free(found);
	return false;
}

bool is_string(struct checker *checker, const struct node *node, enum field_type type)
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

char *join_words(const char *const *words, size_t n)
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

void check_choice(struct checker *checker, const struct node *node, const struct field *field)
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

void check_scalar(struct checker *checker, const struct node *node, enum field_type type)
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

void check_text(struct checker *checker, const struct node *node, enum field_type type)
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
			is_right(checker, node, false,
				 "an absolute path (or one that begins with "
				 "a parameter)");
		break;
	case FIELD_TEXT:
		if (strstr(text, "${"))
			say(checker, node, NULL,
			    "\"${\" in a text for people: parameters are not filled in here");
		break;
	case FIELD_TEMPLATE:
		check_template(checker, node, text);
		break;
	case FIELD_RANGE:
		is_right(checker, node, duration_parse_range(text, &low, &high) == 0,
			 field_type_expected(type));
		break;
	case FIELD_OFFSET:
		is_right(checker, node, offset_valid(text), field_type_expected(type));
		break;
	case FIELD_DEADLINE:
		is_right(checker, node,
			 strcmp(text, NEXT_BUSINESS_DAY) == 0 || duration_parse(text, &low) == 0,
			 field_type_expected(type));
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

void check_source_name(struct checker *checker, const struct node *node, const struct field *field)
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

void check_read(struct checker *checker, const struct node *node, const struct type *source)
{
	if (!is_string(checker, node, FIELD_READ) || !source)
		return;
	size_t n = 0;
	for (; source->reads && source->reads[n].name; n++)
		if (strcmp(source->reads[n].name, text_of(node)) == 0)
			return;
	if (n == 0) {
		say(checker, node, NULL, "a source of type %s has no numbers to read",
		    source->name);
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

/* One of the `words` that a source declares; frees them. */
static void check_declared(struct checker *checker, const struct node *node, const char *name,
			   const struct source_def *source, const char **words, size_t n,
			   const char *kind, bool key)
{
	bool found = false;
	for (size_t i = 0; i < n; i++)
		found = found || strcmp(words[i], name) == 0;
	if (!found) {
		char *suggestion = suggest(name, words, n);
		(key ? say_key : say)(checker, node, suggestion,
				      "source \"%s\" declares no %s \"%s\"", source->name, kind,
				      name);
		free(suggestion);
	}
	free(words);
}

/* The source that another field of the same object names; NULL: said already, about its name. */
static const struct source_def *sibling(struct checker *checker, const struct node *object,
					const struct field *field)
{
	const char *name = json_string_value(json_object_get(object->value, field->of));
	return name ? runbook_source(checker->runbook, name) : NULL;
}

void check_flag(struct checker *checker, const struct node *node, const char *flag,
		const struct node *object, const struct field *field, bool key)
{
	const struct source_def *source = sibling(checker, object, field);
	size_t n;
	const char **words = source ? names_of_source(source, "flags", &n) : NULL;
	if (words)
		check_declared(checker, node, flag, source, words, n, "flag", key);
}

void check_mode(struct checker *checker, const struct node *node, const struct field *field)
{
	if (!is_string(checker, node, FIELD_MODE))
		return;
	const struct source_def *source = sibling(checker, node->up, field);
	if (!source || strcmp(text_of(node), "normal") == 0)
		return;
	size_t n;
	const char **words = names_of_source(source, "mode", &n);
	check_declared(checker, node, text_of(node), source, words, n, "mode", false);
}
