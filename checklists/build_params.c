/* Parameters: types and defaults before any check, proposals once probes are known. */
#include <string.h>

#include "checklists/check.h"
#include "checklists/shapes.h"

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
