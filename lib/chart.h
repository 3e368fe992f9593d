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

/* An event: a line from top to bottom behind the values, its letter in the first row. */
struct chart_mark {
	int64_t at; /* wall time */
	char letter;
};

/* The scale that a chart had: it grows at once, and shrinks only when less than a third of it is
 * needed, so that it does not jump with each value. All 0: none yet. */
struct chart_scale {
	double low, high;
};

struct chart_spec {
	int width, height; /* in cells */
	enum chart_glyphs glyphs;
	int64_t from, to; /* wall times of the left and right border */
	double low, high; /* of the bottom and top border; both 0: from the data and thresholds */
	double info, warning, critical; /* NAN when there is none; drawn as dashed lines */
	bool below;			/* thresholds are undershot, not exceeded */
	bool floor; /* a value at the very bottom shows, too, so that only gaps are empty */
	const struct chart_point *points;
	size_t npoints;			/* in order of time */
	const struct chart_mark *marks; /* in any order */
	size_t nmarks;
	int64_t hold_us;	  /* the last value holds so long behind its time */
	struct chart_scale *held; /* looked at and set; NULL: each drawing has its own scale */
};

/* Fills width * height cells, row by row from the top. A column shows the maximum of its time span
 * (the minimum when `below`). Gives the scale back in *low and *high. */
void chart_draw(const struct chart_spec *spec, struct cell *cells, double *low, double *high);
/* One row of the whole time span, `width` cells; every value shows, so that only gaps are empty. */
void chart_spark(const struct chart_spec *spec, struct cell *cells);
/* The least and the greatest value within the span; false, and nothing set, when there is none. */
bool chart_extremes(const struct chart_spec *spec, double *least, double *greatest);
/* The row, from the top, in which chart_draw() shows a value of this scale. */
int chart_row(double value, double low, double high, int height);

#endif
