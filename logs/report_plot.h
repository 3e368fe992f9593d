/*
 * A chart prepared for a drawing of lines (SVG, pic): scale, ticks, thresholds, marks and the
 * curve, all as shares of the frame: 0,0 is its lower left corner, 1,1 its upper right.
 */
#ifndef LOGS_REPORT_PLOT_H
#define LOGS_REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logs/report.h"

#define PLOT_LABEL_MAX 96 /* bytes: 32 columns and the time */
#define PLOT_TICKS_MAX 8

struct plot_tick {
	double at;
	char label[32];
};

/* A threshold inside the scale. `label_at` keeps its distance from the others' labels. */
struct plot_line {
	const char *level;
	double at, label_at;
	char label[48];
};

/* `row` counts from the frame upwards, so that labels don't run into each other; with `leftwards`
 * the label ends at the mark instead of beginning there. */
struct plot_mark {
	double at;
	int row;
	bool leftwards;
	char label[PLOT_LABEL_MAX];
};

/* A point of the curve; one that `begins` is not joined to the one before it. */
struct plot_point {
	double x, y;
	bool begins;
};

struct plot {
	struct plot_tick x[PLOT_TICKS_MAX], y[PLOT_TICKS_MAX];
	size_t nx, ny;
	struct plot_line lines[3];
	size_t nlines;
	struct plot_mark *marks; /* owned */
	size_t nmarks;
	int rows;		   /* of marks' labels */
	struct plot_point *points; /* owned */
	size_t npoints;
	char day[16]; /* "2026-11-21", of the left border */
};

/* `char_width` is what one character of a label takes of the frame's width, `line_height` what a
 * line takes of its height. False when there are too few samples for a chart; release anyway. */
bool plot_init(struct plot *plot, const struct report_chart *chart, double char_width,
	       double line_height);
void plot_release(struct plot *plot);

#endif
