/*
 * What panels show of metrics: value and level in words, how old a value is, charts.
 */
#ifndef TUI_METRIC_H
#define TUI_METRIC_H

#include "tui/ui.h"

const char *metric_title(const struct metric *metric);
/* "62%  CRITICAL": value and level of a metric; an old value with its age ("62%  12 s old"), and
 * without one since when there is none ("no data for 2 min"). *style says how bad it is. */
char *metric_status(struct ui *ui, const struct metric *metric, char *out, size_t size,
		    enum style *style);
/* The age of a value that is older than three of its intervals; 0: it is no older, or there is
 * none. */
int64_t metric_stale_us(struct ui *ui, const struct metric *metric);
/* Why there is no value; "" where there is one. Borrowed until the next turn of the loop. */
const char *metric_why(struct ui *ui, const struct metric *metric);

/* What a chart shows of a metric. */
struct metric_look {
	int64_t span_us;
	const struct chart_point *points; /* borrowed; NULL: what is in memory */
	size_t npoints;
	struct chart_scale *scale; /* kept from drawing to drawing; NULL: none is */
	const char *note;	   /* in place of why there is no value; NULL: none */
};
/* Draws the chart of a metric with its scale, its thresholds and a row of time into the canvas; in
 * a single row a sparkline. Where alerts were raised, the incident opened and steps ran is marked.
 */
void metric_chart(struct ui *ui, const struct metric *metric, const struct metric_look *look,
		  const struct canvas *canvas);
/* Its latest `span_us` in one row at (y, x), of the range that it moved in. */
void metric_spark(struct ui *ui, const struct metric *metric, int64_t span_us,
		  const struct canvas *canvas, int y, int x, int width);
/* "A alert raised 21:30:11Z, S step 21:35:12Z": what is marked since a wall time. "": nothing. */
void metric_marks_print(struct ui *ui, const struct metric *metric, int64_t from, struct buf *out);
/* "warning above 20 (goes at 15), critical above 50; for 30 s, clear 2 min". */
void metric_rule_print(struct ui *ui, const struct metric *metric, struct buf *out);
/* "Tree: press 2": what it suggests; "": nothing. */
void metric_suggest_print(struct ui *ui, const struct metric *metric, struct buf *out);
/* New: values, thresholds, who has seen or muted it, what it suggests. */
char *metric_details(struct ui *ui, const struct metric *metric);

#endif
