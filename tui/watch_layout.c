#include "tui/watch_layout.h"

#include <string.h>

#define COLUMN_LEAST 36	 /* columns of the narrowest panel that can be read */
#define WIDE_LEAST   44	 /* and of a wide one */
#define ROOMY	     120 /* from here on a log gets half of the window */
#define VAST	     180 /* from here on there are three columns */
#define COLUMNS	     4

struct column {
	size_t items[LAYOUT_PANELS];
	size_t n;
	int want, least; /* rows of all that stand in it */
	int x, w;
};

struct layout {
	const struct layout_item *items;
	size_t n;
	int h, w;
	struct column columns[COLUMNS]; /* the wide one first, where there is one */
	size_t ncolumns;
	bool placed[LAYOUT_PANELS];
};

static int smaller(int a, int b)
{
	return a < b ? a : b;
}

static void put(struct layout *layout, struct column *column, size_t i)
{
	column->items[column->n++] = i;
	column->want += layout->items[i].want;
	column->least += layout->items[i].least;
	layout->placed[i] = true;
}

static void take_out_last(struct layout *layout, struct column *column)
{
	size_t i = column->items[--column->n];

	column->want -= layout->items[i].want;
	column->least -= layout->items[i].least;
	layout->placed[i] = false;
}

/* ---- how many columns ---- */

static size_t count(const struct layout *layout, bool wide)
{
	size_t n = 0;

	for (size_t i = 0; i < layout->n; i++)
		n += layout->items[i].wide == wide;
	return n;
}

/* Width of the wide column beside so many others. */
static int wide_width(const struct layout *layout, size_t others)
{
	if (count(layout, true) == 0)
		return 0;
	if (others == 0)
		return layout->w;
	if (layout->w < ROOMY)
		return smaller(WIDE_LEAST, layout->w);
	return others == 1 ? layout->w / 2 : layout->w * 2 / 5;
}

/* Whether what was asked for has the rows that it wants in so many columns. */
static bool have_room(const struct layout *layout, size_t columns)
{
	int want = 0;

	for (size_t i = 0; i < layout->n; i++) {
		if (!layout->items[i].wide && !layout->items[i].extra)
			want += layout->items[i].want;
	}
	return want <= layout->h * (int)columns;
}

static size_t others_count(const struct layout *layout)
{
	size_t narrow = count(layout, false), most = 1;
	size_t k;

	if (narrow == 0)
		return 0;
	while (most < COLUMNS - 1 && most < narrow &&
	       (layout->w - wide_width(layout, most + 1)) / (int)(most + 1) >= COLUMN_LEAST)
		most++;
	k = layout->w >= VAST && narrow > 2 && most > 1 ? 2 : 1;
	while (k < most && !have_room(layout, k))
		k++;
	return k;
}

static void columns_make(struct layout *layout)
{
	size_t others = others_count(layout);
	int left = wide_width(layout, others), x = left;

	if (left > 0)
		layout->columns[layout->ncolumns++].w = left;
	for (size_t i = 0; i < others; i++) {
		struct column *column = &layout->columns[layout->ncolumns++];

		column->x = x;
		column->w = (layout->w - x) / (int)(others - i);
		x += column->w;
	}
}

/* ---- which panel in which column ---- */

static bool is_wide_column(const struct layout *layout, size_t c)
{
	return c == 0 && count(layout, true) > 0;
}

/* One after the other, each column as full as the others are going to be. */
static void fill_in_order(struct layout *layout)
{
	size_t c = is_wide_column(layout, 0), last = layout->ncolumns - 1;
	size_t to_come = count(layout, false);
	int want = 0, share;

	for (size_t i = 0; i < layout->n; i++) {
		if (!layout->items[i].wide && !layout->items[i].extra)
			want += layout->items[i].want;
	}
	share = layout->ncolumns > c ? want / (int)(layout->ncolumns - c) : 0;
	for (size_t i = 0; i < layout->n; i++) {
		const struct layout_item *item = &layout->items[i];

		if (item->extra)
			continue;
		if (item->wide) {
			if (layout->columns[0].least + item->least <= layout->h)
				put(layout, &layout->columns[0], i);
			continue;
		}
		/* No column stays empty. */
		while (c < last && layout->columns[c].n &&
		       (layout->columns[c].want + item->want / 2 > share || to_come <= last - c))
			c++;
		to_come--;
		if (layout->columns[c].least + item->least <= layout->h)
			put(layout, &layout->columns[c], i);
	}
}

/* What is left finds room where most of it is, and where others don't need it. */
static void fill_up(struct layout *layout)
{
	for (size_t i = 0; i < layout->n; i++) {
		const struct layout_item *item = &layout->items[i];
		struct column *best = NULL;

		for (size_t c = 0; c < layout->ncolumns && !layout->placed[i]; c++) {
			struct column *column = &layout->columns[c];
			int used = item->extra ? column->want : column->least;

			if (is_wide_column(layout, c) == item->wide &&
			    used + item->least <= layout->h && (!best || column->want < best->want))
				best = column;
		}
		if (best)
			put(layout, best, i);
	}
}

static void show_focus(struct layout *layout, size_t focus)
{
	size_t c = layout->items[focus].wide ? 0 : layout->ncolumns - 1;
	struct column *column = &layout->columns[c];

	if (layout->placed[focus])
		return;
	while (column->n && column->least + layout->items[focus].least > layout->h)
		take_out_last(layout, column);
	put(layout, column, focus);
}

/* ---- rows ---- */

static void rows_take(const struct layout *layout, const struct column *column, int *rows, int left)
{
	for (; left < 0; left++) {
		size_t most = 0;
		int spare = -layout->h;

		/* Whoever has most above what it needs gives way. */
		for (size_t i = 0; i < column->n; i++) {
			int above = rows[i] - layout->items[column->items[i]].least;

			if (above > spare)
				spare = above, most = i;
		}
		rows[most]--;
	}
}

static void rows_give(const struct layout *layout, const struct column *column, int *rows, int left)
{
	bool tall = false;

	for (size_t i = 0; i < column->n; i++)
		tall = tall || layout->items[column->items[i]].tall;
	for (size_t i = 0; left > 0; i = (i + 1) % column->n) {
		if (layout->items[column->items[i]].tall || !tall) {
			rows[i]++;
			left--;
		}
	}
}

static void column_share(const struct layout *layout, const struct column *column,
			 struct layout_place *places)
{
	int rows[LAYOUT_PANELS], left = layout->h, y = 0;

	for (size_t i = 0; i < column->n; i++) {
		const struct layout_item *item = &layout->items[column->items[i]];

		rows[i] = item->extra && i
			      ? smaller(item->want, left > item->least ? left : item->least)
			      : item->want;
		left -= rows[i];
	}
	rows_take(layout, column, rows, left);
	if (column->n)
		rows_give(layout, column, rows, left);
	for (size_t i = 0; i < column->n; i++) {
		places[column->items[i]] = (struct layout_place){
			.y = y, .x = column->x, .h = rows[i] > 0 ? rows[i] : 0, .w = column->w
		};
		y += rows[i];
	}
}

size_t layout_panels(const struct layout_item *items, size_t n, size_t focus, int h, int w,
		     struct layout_place *places)
{
	struct layout layout = { .items = items, .n = n, .h = h, .w = w };
	size_t hidden = 0;

	memset(places, 0, n * sizeof(*places));
	if (n == 0 || n > LAYOUT_PANELS || h <= 0 || w <= 0)
		return n;
	columns_make(&layout);
	fill_in_order(&layout);
	fill_up(&layout);
	show_focus(&layout, focus);
	for (size_t c = 0; c < layout.ncolumns; c++)
		column_share(&layout, &layout.columns[c], places);
	for (size_t i = 0; i < n; i++)
		hidden += places[i].h == 0;
	return hidden;
}
