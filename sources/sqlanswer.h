/*
 * What a statement gave, against what a probe expects of it: the same for every database.
 */
#ifndef SOURCES_SQLANSWER_H
#define SOURCES_SQLANSWER_H

#include <jansson.h>
#include <stddef.h>

#include "lib/reading.h"

struct sql_answer {
	size_t rows;
	const char *column; /* the first one's name; borrowed */
	const char *value;  /* of the first row and column as text; NULL: no row, or an SQL NULL */
};

/* Judges by "rows" or "empty", else the value by "equals", "below" and "above"; with none of them
 * it must be true or not 0. `at` is a wall time. */
void sql_answer_judge(const struct sql_answer *answer, const json_t *args, int64_t at,
		      struct reading *out);
/* The value as a number, for a metric. */
void sql_answer_number(const struct sql_answer *answer, int64_t at, struct reading *out);

#endif
