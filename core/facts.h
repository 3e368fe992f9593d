/*
 * Facts of an incident by name, for the texts of messages and the fields of reports:
 * "${incident.id}" and the like. One table gives their names, what they mean, and their values. The
 * capitals of a name stand for a name of the runbook: "${metric.errors.worst}".
 */
#ifndef CORE_FACTS_H
#define CORE_FACTS_H

#include <jansson.h>

#include "core/incident.h"

struct fact_def {
	const char *name; /* "incident.id", "metric.METRIC.worst"; no parameter has a dot */
	const char *help;
	/* New: its text now; NULL: nothing is known about it. `subject` is what stands for the
	 * capitals, NULL where there are none. */
	char *(*text)(const struct incident *incident, const char *subject);
};

extern const struct fact_def fact_defs[]; /* ended by name NULL */

/* New: the text with parameters (`values`: name -> scalar, may be NULL) and facts filled in. NULL
 * when one of them is not known: the error names it. `sender` is ${operator.login}; NULL: whoever
 * acted last, by the record. */
char *facts_fill(const char *text, const json_t *values, const struct incident *incident,
		 const char *sender, struct err *err);

#endif
