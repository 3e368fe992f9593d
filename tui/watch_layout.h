/*
 * Where panels stand: wide ones in a column at the left, the others in one or more at the right, in
 * the runbook's order, so that a thing keeps its place. Pure.
 *
 * Panels that don't fit are not squeezed into nothing: they are left out, last ones first, and
 * counted. Extra ones, which nobody asked for, never take rows from the others.
 */
#ifndef TUI_WATCH_LAYOUT_H
#define TUI_WATCH_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#define LAYOUT_PANELS 24 /* at most */

struct layout_item {
	int want;   /* rows that it would like to have, border included */
	int least;  /* rows below which it says nothing */
	bool tall;  /* takes the rows that are left over */
	bool wide;  /* stands in the left column */
	bool extra; /* shown where there is room to spare */
};

struct layout_place {
	int y, x, h, w; /* h 0: not shown */
};

/* Fills `places`, one for each item; `focus` is shown in any case, instead of others where it must
 * be. Returns how many are not shown. */
size_t layout_panels(const struct layout_item *items, size_t n, size_t focus, int h, int w,
		     struct layout_place *places);

#endif
