/*
 * Facts of an incident by name, for the texts of messages: "${incident.id}" and the like. One table
 * gives their names, what they mean, and their values.
 */
#ifndef CORE_FACTS_H
#define CORE_FACTS_H

#include <jansson.h>

#include "core/state.h"

struct fact_def {
	const char *name; /* "incident.id"; no parameter has a dot */
	const char *help;
	/* New: its text now; NULL: nothing is known about it. */
	char *(*text)(const struct incident_state *state);
};

extern const struct fact_def fact_defs[]; /* ended by name NULL */

/* New: the text with parameters (`values`: name -> scalar, may be NULL) and facts filled in. NULL
 * when one of them is not known: the error names it. */
char *facts_fill(const char *text, const json_t *values, const struct incident_state *state,
		 struct err *err);

#endif
