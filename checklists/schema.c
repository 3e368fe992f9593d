#include "checklists/schema.h"

#include <stdlib.h>
#include <string.h>

#include "checklists/shapes.h"
#include "lib/buf.h"
#include "lib/mem.h"

#define PARAM  "\\$\\{[^}]+\\}"
#define NAME   "^[A-Za-z0-9_][A-Za-z0-9._-]*$"
#define TIME   "([0-9]+(us|ms|s|min|m|h|d|w))+"
#define OFFSET "^-?" TIME "$"
#define SIZE   "[0-9]+(B|[kK]B|[MGT]B|[KMGT]iB)?"

static json_t *of_type(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

static json_t *pattern(const char *fmt)
{
	return json_pack("{s:s, s:s}", "type", "string", "pattern", fmt);
}

static json_t *reference(const char *name)
{
	char *text = xasprintf("#/definitions/%s", name);
	json_t *out = json_pack("{s:s}", "$ref", text);
	free(text);
	return out;
}

static json_t *list_of(json_t *items)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *map_of(json_t *values)
{
	return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", values);
}

/* A value of the type, or a text with parameters in its place. */
static json_t *or_param(json_t *schema)
{
	return json_pack("{s:[o, o]}", "anyOf", schema, pattern(PARAM));
}

static json_t *scalar(void)
{
	return json_pack("{s:[s, s, s]}", "type", "string", "number", "boolean");
}

static json_t *outcome(const char *of)
{
	json_t *name =
	    strcmp(of, "tree") == 0 ? json_pack("{s:s}", "const", "tree") : of_type("string");
	if (strcmp(of, "metric") == 0)
		return name;
	return json_pack("{s:[o, o]}", "anyOf", name, reference("outcome"));
}

static json_t *choice(const struct field *field)
{
	json_t *words = json_array();
	for (size_t i = 0; field->choices[i]; i++)
		json_array_append_new(words, json_string(field->choices[i]));
	return or_param(json_pack("{s:o}", "enum", words));
}

static json_t *text_schema(const struct field *field)
{
	switch (field->type) {
	case FIELD_PATH:
		return pattern("^(/|" PARAM ")");
	case FIELD_LITERAL:
	case FIELD_TEXT:
		return pattern("^([^$]|\\$(?!\\{))*$");
	case FIELD_RANGE:
		return pattern("^" TIME "(-" TIME ")?$");
	case FIELD_OFFSET:
		return pattern(OFFSET);
	case FIELD_DEADLINE:
		return pattern("^(" NEXT_BUSINESS_DAY "|" TIME ")$");
	case FIELD_REGEX:
		return json_pack("{s:s}", "type", "string");
	default:
		return of_type("string");
	}
}

static json_t *field_schema(const struct field *field)
{
	switch (field->type) {
	case FIELD_INT:
		return or_param(of_type("integer"));
	case FIELD_NUMBER:
		return or_param(of_type("number"));
	case FIELD_BOOL:
		return or_param(of_type("boolean"));
	case FIELD_SCALAR:
		return scalar();
	case FIELD_DURATION:
		return or_param(pattern("^" TIME "$"));
	case FIELD_SIZE:
		return json_pack("{s:[o, o, o]}", "anyOf",
				 json_pack("{s:s, s:i}", "type", "integer", "minimum", 0),
				 pattern("^" SIZE "$"), pattern(PARAM));
	case FIELD_CHOICE:
		return choice(field);
	case FIELD_STRINGS:
	case FIELD_NAMES:
		return list_of(of_type("string"));
	case FIELD_SCALARS:
		return list_of(scalar());
	case FIELD_OFFSETS:
		return list_of(pattern(OFFSET));
	case FIELD_ROWS:
		return list_of(list_of(of_type("string")));
	case FIELD_MAP:
	case FIELD_FLAGS:
		return map_of(scalar());
	case FIELD_PROBE:
		return reference("probe");
	case FIELD_PROBES:
		return list_of(reference("probe"));
	case FIELD_CRITERIA:
		return list_of(
		    json_pack("{s:[o, o]}", "anyOf", reference("probe"), reference("criterion")));
	case FIELD_ACTION:
		return reference("action");
	case FIELD_METRIC:
		return reference("metric");
	case FIELD_SOURCE_DEF:
		return reference("source");
	case FIELD_OUTCOME:
		return outcome(field->of);
	case FIELD_OBJECT:
		return reference(field->of);
	case FIELD_OBJECTS:
		return list_of(reference(field->of));
	case FIELD_OBJECT_MAP: {
		json_t *map = map_of(reference(field->of));
		json_object_set_new(map, "propertyNames", json_pack("{s:s}", "pattern", NAME));
		return map;
	}
	case FIELD_SETTINGS:
		return of_type("object");
	default:
		return text_schema(field);
	}
}

/* "exactly one of these": as many alternatives, each demanding one name. */
static json_t *group_schema(const char *const *group)
{
	json_t *list = json_array();
	for (; *group; group++)
		json_array_append_new(list, json_pack("{s:[s]}", "required", *group));
	return json_pack("{s:o}", "oneOf", list);
}

static void add_fields(json_t *properties, json_t *required, const struct field *fields)
{
	for (const struct field *f = fields; f && f->name; f++) {
		json_t *schema = field_schema(f);
		/* Beside a $ref nothing else counts in draft 7. */
		if (f->help && !json_object_get(schema, "$ref"))
			json_object_set_new(schema, "description", json_string(f->help));
		json_object_set_new(properties, f->name, schema);
		if (f->required)
			json_array_append_new(required, json_string(f->name));
	}
}

/* An object with the fields of `tables`, ended by NULL. */
static json_t *object_schema(const char *help, const struct field *const *tables,
			     const char *const *const *one_of)
{
	json_t *properties = json_object(), *required = json_array();
	for (; *tables; tables++)
		add_fields(properties, required, *tables);
	json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
				   "additionalProperties", 0);
	if (help)
		json_object_set_new(schema, "description", json_string(help));
	if (json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
	if (one_of && *one_of) {
		json_t *all = json_array();
		for (; *one_of; one_of++)
			json_array_append_new(all, group_schema(*one_of));
		json_object_set_new(schema, "allOf", all);
	}
	return schema;
}

static json_t *typed_schema(const struct type *type, const struct field *common)
{
	const struct field *const tables[] = { type->fields, common, NULL };
	json_t *schema = object_schema(type->help, tables, type->one_of);
	json_t *required = json_object_get(schema, "required");
	bool named = false;
	size_t i;
	json_t *word;
	json_array_foreach(required, i, word)
		named = named || strcmp(json_string_value(word), type->name) == 0;
	if (!required)
		json_object_set_new(schema, "required", json_pack("[s]", type->name));
	else if (!named)
		json_array_append_new(required, json_string(type->name));
	return schema;
}

static json_t *probe_schema(const struct vocabulary *vocabulary)
{
	json_t *any = json_array();
	json_array_append_new(any, pattern(NAME));
	for (const struct type *join = probe_joins; join->name; join++)
		json_array_append_new(any, typed_schema(join, probe_common));
	for (size_t i = 0; vocabulary->probes[i]; i++)
		json_array_append_new(any, typed_schema(vocabulary->probes[i], probe_common));
	return json_pack("{s:o}", "anyOf", any);
}

static json_t *action_schema(const struct vocabulary *vocabulary)
{
	json_t *any = json_array();
	for (size_t i = 0; vocabulary->actions[i]; i++)
		json_array_append_new(any, typed_schema(vocabulary->actions[i], NULL));
	return json_pack("{s:o}", "anyOf", any);
}

static json_t *source_schema(const struct type *type)
{
	const struct field *const tables[] = { type->fields, NULL };
	json_t *settings = object_schema(type->help, tables, type->one_of);
	json_t *properties = json_object(), *required = json_array();
	json_object_set_new(properties, type->name, settings);
	json_array_append_new(required, json_string(type->name));
	add_fields(properties, required, source_common);
	return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties,
			 "required", required, "additionalProperties", 0);
}

static json_t *metric_schema(const struct type *type, bool derived)
{
	const struct field *const own = derived ? type->fields : type->metric_fields;
	const struct field *const tables[] = { metric_common, own,
					       derived ? type->metric_fields : NULL, NULL };
	json_t *schema = object_schema(type->help, tables, NULL);
	json_t *properties = json_object_get(schema, "properties"), *reads = json_array();
	for (const struct read_def *read = type->reads; read->name; read++)
		json_array_append_new(reads, json_string(read->name));
	json_object_set_new(properties, "read", json_pack("{s:o}", "enum", reads));
	if (derived)
		return schema;
	json_object_set_new(properties, type->name, of_type("string"));
	json_array_append_new(json_object_get(schema, "required"), json_string(type->name));
	return schema;
}

static json_t *sources_schema(const struct vocabulary *vocabulary, bool metrics)
{
	json_t *any = json_array();
	for (size_t i = 0; vocabulary->sources[i]; i++) {
		if (!metrics)
			json_array_append_new(any, source_schema(vocabulary->sources[i]));
		else if (vocabulary->sources[i]->reads)
			json_array_append_new(any, metric_schema(vocabulary->sources[i], false));
	}
	for (size_t i = 0; metrics && vocabulary->derived && vocabulary->derived[i]; i++)
		json_array_append_new(any, metric_schema(vocabulary->derived[i], true));
	return json_pack("{s:o}", "anyOf", any);
}

json_t *schema_make(const struct vocabulary *vocabulary)
{
	json_t *definitions = json_object();
	for (const struct shape *s = shapes + 1; s->type.name; s++) {
		const struct field *const tables[] = { s->type.fields, NULL };
		if (s->as == FIELD_OBJECT)
			json_object_set_new(definitions, s->type.name,
					    object_schema(s->type.help, tables, s->type.one_of));
	}
	json_object_set_new(definitions, "probe", probe_schema(vocabulary));
	json_object_set_new(definitions, "action", action_schema(vocabulary));
	json_object_set_new(definitions, "source", sources_schema(vocabulary, false));
	json_object_set_new(definitions, "metric", sources_schema(vocabulary, true));

	const struct field *const tables[] = { shapes[0].type.fields, NULL };
	json_t *schema =
	    json_pack("{s:s, s:s}", "$schema", "http://json-schema.org/draft-07/schema#", "title",
		      "backout runbook");
	json_t *runbook = object_schema(shapes[0].type.help, tables, NULL);
	json_object_update(schema, runbook);
	json_decref(runbook);
	json_object_set_new(schema, "definitions", definitions);
	return schema;
}
