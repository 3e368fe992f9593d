/*
 * Parameters: "${name}" in the strings of a JSON value.
 *
 * A string that is nothing but one parameter takes the parameter's JSON type; inside a longer
 * string its text is put in. Strings stay single strings: a value with blanks or quotes never
 * becomes two argv elements. "$${" stands for a literal "${".
 */
#ifndef LIB_PARAMS_H
#define LIB_PARAMS_H

#include <jansson.h>

#include "lib/err.h"

/* New: a deep copy with the parameters of `values` (an object: name -> scalar) filled in. NULL when
 * one is missing: the error names it. */
json_t *params_fill(const json_t *value, const json_t *values, struct err *err);
/* Calls `fn` for each parameter that a string names. */
void params_each(const char *text, void (*fn)(const char *name, size_t len, void *data),
		 void *data);
/* New, NULL-terminated: "NAME=value" for each of `values`, names in upper case behind "BACKOUT_":
 * how parameters reach a shell. Freed with argv_free(). */
char **params_env(const json_t *values);

#endif
