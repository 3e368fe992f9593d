/*
 * Drawing: a canvas is a clipped part of the screen. Whatever is drawn on it is cleaned first
 * (lib/text.h) and never leaves it, so that any size down to one cell is safe.
 */
#ifndef TUI_DRAW_H
#define TUI_DRAW_H

#include <stdbool.h>

#include "checklists/runbook.h"
#include "lib/chart.h"
#include "lib/reading.h"
#include "tui/screen.h"

struct canvas {
	const struct screen *screen; /* borrowed */
	int y, x, h, w;		     /* on the terminal; h or w 0: nothing is drawn */
};

/* The whole terminal. */
struct canvas canvas_whole(const struct screen *screen);
/* A part; what would leave the canvas is cut off. `h` or `w` negative: all that is left. */
struct canvas canvas_part(const struct canvas *canvas, int y, int x, int h, int w);
/* All of it blank. */
void canvas_clear(const struct canvas *canvas);

/* One line at (y, x), cut with an ellipsis. Returns the column behind it. */
int canvas_text(const struct canvas *canvas, int y, int x, enum style style, const char *text);
int canvas_printf(const struct canvas *canvas, int y, int x, enum style style, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Ends at the right border. Returns the column where it begins. */
int canvas_right(const struct canvas *canvas, int y, enum style style, const char *text);
/* Wraps lines at blanks from row y on; `indent` is that of all but the first row, or INDENT_HANG:
 * below the value of "Name:   value", else two more than the line itself has. Returns the row
 * below. Newlines begin a new row. */
#define INDENT_HANG (-1)
int canvas_wrap(const struct canvas *canvas, int y, int x, int indent, enum style style,
		const char *text);
/* How many rows canvas_wrap() takes. */
int canvas_wrap_rows(const struct canvas *canvas, int x, int indent, const char *text);
/* A border with a title at the left and a status at the right (either may be NULL); gives the
 * inside. */
struct canvas canvas_box(const struct canvas *canvas, const char *title, const char *status,
			 enum style status_style, bool focus);
/* A rule with a title. */
void canvas_rule(const struct canvas *canvas, int y, const char *title);
/* Puts reverse over one row (a selection). */
void canvas_select(const struct canvas *canvas, int y);
/* Marks `w` cells as found; `selected`: they stand in a selected row. */
void canvas_mark(const struct canvas *canvas, int y, int x, int w, bool selected);
/* A bar of `value` of `full`, `width` cells at most. Returns the column behind. */
int canvas_bar(const struct canvas *canvas, int y, int x, int width, enum style style, double value,
	       double full);
/* A grid of h * w cells, row by row, at (y, x). */
void canvas_cells(const struct canvas *canvas, int y, int x, int h, int w,
		  const struct cell *cells);

/* The first row to show so that `selected` stays in sight. */
int scroll_to(int top, int selected, int rows, int count);

/* How bad things look. */
enum style style_level(enum level level);
enum style style_severity(enum severity severity);
enum style style_verdict(enum verdict verdict);
/* "WARNING", "CRITICAL", but "ok" and "info": what is bad stands out without colours, too.
 * `out` holds at least 16 bytes. */
char *level_text(enum level level, char *out);
/* A number as people read it: "62", "4.7", "1,204,331". */
char *number_text(double value, char *out, size_t size);
/* "62 %" or "unknown". */
char *reading_short(const struct reading *reading, const char *unit, char *out, size_t size);
/* "3 s ago", "never". */
char *age_text(int64_t at, int64_t now, char *out, size_t size);

#endif
