/*
 * What a person reads about many drills: the list of scenarios with what earlier ones proved, and
 * the summary of those that were just walked.
 */
#ifndef CLI_DRILL_LIST_H
#define CLI_DRILL_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "drill/score.h"
#include "lib/buf.h"

/* Appends a runbook's scenarios and its procedures, each with its latest proof on this machine:
 * lines for a person, or one JSON object a line. -1 when it has no drills. Blocks. */
int drill_list(const char *runbook, bool json, struct buf *out, struct err *err);

/* One drill of many. */
struct drill_row {
	char *runbook, *scenario; /* owned */
	const char *result;	  /* static: "recovered", ..., "not scored" */
	bool verified;
	double detect_s, decide_s, recover_s, budget_s; /* -1: none */
};

struct drill_rows {
	struct drill_row *list;
	size_t n, cap; /* owned */
};

/* `score` NULL: it came to none. */
void drill_rows_add(struct drill_rows *rows, const char *runbook, const char *scenario,
		    const struct score *score);
/* Appends the table of all of them and their totals. */
void drill_rows_print(const struct drill_rows *rows, struct buf *out);
void drill_rows_release(struct drill_rows *rows);

#endif
