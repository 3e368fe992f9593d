/* Which type of the vocabulary an object names. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "checklists/shapes.h"
#include "lib/buf.h"
#include "lib/mem.h"

static const struct type *type_named(const struct type *const *types, const char *name)
{
	for (; types && *types; types++)
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

/* Whether every other key that names a type is a field of this one: {"postgres": ..., "sql": ...}
 * is of type "postgres" even where "sql" is a type, too. */
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

const char **names_of_source(const struct source_def *source, const char *of, size_t *n)
{
	const char **names = NULL;
	size_t cap = 0, i;
	const char *key;
	json_t *value;

	*n = 0;
	if (!source->what.type)
		return NULL;
	for (const struct field *f = source->what.type->fields; f->name; f++) {
		if (!f->of || strcmp(f->of, of) != 0)
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
