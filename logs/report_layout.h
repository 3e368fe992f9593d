/*
 * What the report's formats share: plain lines at 72 columns, tables' widths, charts as text.
 */
#ifndef LOGS_REPORT_LAYOUT_H
#define LOGS_REPORT_LAYOUT_H

#include "lib/buf.h"
#include "logs/report.h"

#define REPORT_COLUMNS 72

/* A character, so many times. */
void layout_repeat(struct buf *out, char c, int times);
/* Ends the line; trailing blanks never get out. */
void layout_newline(struct buf *out);
/* Wraps `text` between `indent` and the right border; the cursor stands at `indent` already. Its
 * own newlines hold. */
void layout_wrap(struct buf *out, const char *text, int indent);
/* Columns get what they need; where that is more than `room` characters together, the widest gives
 * way, down to 6. `widths` has one element a column. */
void layout_table(const struct report_table *table, int room, int *widths);
/* A chart as lines of ASCII, its title first. */
void layout_chart(struct buf *out, const struct report_chart *chart);
/* Borrowed: the incident's id and the ledger's head, "" where the facts have none. */
const char *report_incident(const struct report *report);
const char *report_head(const struct report *report);

#endif
