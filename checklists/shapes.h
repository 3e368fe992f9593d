/*
 * The runbook's own objects as field tables: what checker, schema and manual are made from, beside
 * the tables of the types.
 */
#ifndef CHECKLISTS_SHAPES_H
#define CHECKLISTS_SHAPES_H

#include "lib/field.h"

struct shape {
	struct type type;
	const char *one;    /* "a step", for messages */
	enum field_type as; /* FIELD_OBJECT; or the special form that such an object has */
};

/* NULL-name-terminated, in the order of the manual. */
extern const struct shape shapes[];
/* Aborts when there is none: the tables name only shapes that exist. */
const struct shape *shape_find(const char *name);

/* Keys that every probe may have, whatever its type, and those that join probes. */
extern const struct field probe_common[];
extern const struct type probe_joins[]; /* NULL-name-terminated; fields[0] is the recognising key */
extern const struct field source_common[];
extern const struct field metric_common[];

/* "duration", and what a value of it looks like: `a duration such as "30s"`. */
const char *field_type_name(enum field_type type);
const char *field_type_expected(enum field_type type);
/* Whether a secret parameter may stand in it. */
bool field_may_hold_secret(const struct field *field);
/* Whether nothing else may: its value has to come from one. */
bool field_is_secret(const struct field *field);

#endif
