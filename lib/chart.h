/*
 * Charts as cells: a grid of characters with a class each, drawn by whoever has a screen or a page.
 */
#ifndef LIB_CHART_H
#define LIB_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chart_glyphs { CHART_BRAILLE, CHART_BLOCK, CHART_ASCII };
enum cell_class {
	CELL_EMPTY,
	CELL_OK,
	CELL_INFO,
	CELL_WARNING,
	CELL_CRITICAL,
	CELL_LINE,
	CELL_MARK
};

struct cell {
	int32_t cp; /* code point */
	enum cell_class class;
};

struct chart_point {
	int64_t at;   /* wall time */
	double value; /* NAN: a gap */
};

struct chart_spec {
	int width, height; /* in cells */
	enum chart_glyphs glyphs;
	int64_t from, to; /* wall times of the left and right border */
	double low, high; /* of the bottom and top border; both 0: from the data and thresholds */
	double info, warning, critical; /* NAN when there is none; drawn as dashed lines */
	bool below;			/* thresholds are undershot, not exceeded */
	const struct chart_point *points;
	size_t npoints; /* in order of time */
};

/* Fills width * height cells, row by row from the top. A column shows the maximum of its time span
 * (the minimum when `below`). Gives the scale back in *low and *high. */
void chart_draw(const struct chart_spec *spec, struct cell *cells, double *low, double *high);
/* One row of the latest points. */
void chart_spark(const struct chart_spec *spec, struct cell *cells);

#endif
