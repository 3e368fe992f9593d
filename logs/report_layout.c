#include "logs/report_layout.h"

#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define CELL_MIN     6	/* a table's column is never made narrower */
#define CHART_LEFT   10 /* columns of a chart's scale */
#define CHART_HEIGHT 8

void layout_repeat(struct buf *out, char c, int times)
{
	for (int i = 0; i < times; i++)
		buf_putc(out, c);
}

void layout_newline(struct buf *out)
{
	while (out->len && out->data[out->len - 1] == ' ')
		buf_cut(out, out->len - 1);
	buf_putc(out, '\n');
}

void layout_wrap(struct buf *out, const char *text, int indent)
{
	bool first = true;

	for (const char *end;; text = end + 1) {
		end = strchrnul(text, '\n');
		char *line = xstrndup(text, (size_t)(end - text));
		size_t len;

		for (const char *rest = line, *next; rest; rest = next) {
			next = text_wrap(rest, REPORT_COLUMNS - indent, &len);
			if (!first)
				layout_repeat(out, ' ', indent);
			first = false;
			buf_add(out, rest, len);
			layout_newline(out);
		}
		free(line);
		if (!*end)
			break;
	}
}

void layout_table(const struct report_table *table, int room, int *widths)
{
	int sum = 0;

	for (size_t c = 0; c < table->ncolumns; c++) {
		widths[c] = text_width(table->columns[c]);
		for (size_t r = 0; r < table->nrows; r++) {
			int need = text_width(table->cells[r * table->ncolumns + c]);

			widths[c] = need > widths[c] ? need : widths[c];
		}
		widths[c] = widths[c] ? widths[c] : 1;
		sum += widths[c];
	}
	while (sum > room) {
		size_t widest = 0;

		for (size_t c = 1; c < table->ncolumns; c++)
			widest = widths[c] > widths[widest] ? c : widest;
		if (widths[widest] <= CELL_MIN)
			break;
		widths[widest]--;
		sum--;
	}
}

const char *report_incident(const struct report *report)
{
	return json_str(report->facts, "incident", "");
}

const char *report_head(const struct report *report)
{
	return json_str(json_object_get(report->facts, "record"), "head", "");
}

/* ---- Charts ---- */

static void put_code_point(struct buf *out, int32_t cp)
{
	buf_putc(out, cp > 0x20 && cp < 0x7f ? (char)cp : ' ');
}

/* The column of a time, -1 when it lies outside. */
static int chart_column(const struct chart_spec *spec, int64_t at)
{
	if (at < spec->from || at > spec->to || spec->to <= spec->from)
		return -1;
	return (int)((double)(at - spec->from) / (double)(spec->to - spec->from) *
		     (spec->width - 1));
}

/* A mark's letter, and the line that explains them all. */
static void put_marks(struct buf *out, const struct report_chart *chart,
		      const struct chart_spec *spec)
{
	char row[REPORT_COLUMNS + 1], at[TIME_RFC3339_MAX];
	struct buf legend = BUF_INIT;

	memset(row, ' ', sizeof(row));
	for (size_t i = 0; i < chart->nmarks; i++) {
		const struct report_mark *mark = &chart->marks[i];
		char letter = *mark->label > 0x20 && *mark->label < 0x7f ? *mark->label : '*';
		int column = chart_column(spec, mark->at);

		if (column < 0)
			continue;
		row[column] = letter;
		buf_printf(&legend, "%s%c = %s %s", legend.len ? ", " : "", letter, mark->label,
			   time_clock(mark->at, at));
	}
	if (legend.len) {
		layout_repeat(out, ' ', CHART_LEFT);
		buf_add(out, row, (size_t)spec->width);
		layout_newline(out);
		buf_puts(out, "  ");
		layout_wrap(out, buf_str(&legend), 2);
	}
	buf_release(&legend);
}

static void put_axis(struct buf *out, const struct chart_spec *spec)
{
	char from[TIME_RFC3339_MAX], to[TIME_RFC3339_MAX];

	layout_repeat(out, ' ', CHART_LEFT - 1);
	buf_putc(out, '+');
	layout_repeat(out, '-', spec->width);
	layout_newline(out);
	time_clock(spec->from, from);
	time_clock(spec->to, to);
	layout_repeat(out, ' ', CHART_LEFT);
	buf_puts(out, from);
	layout_repeat(out, ' ', spec->width - (int)strlen(from) - (int)strlen(to));
	buf_puts(out, to);
	layout_newline(out);
}

static void put_grid(struct buf *out, const struct chart_spec *spec)
{
	struct cell *cells = xcalloc((size_t)(spec->width * spec->height), sizeof(*cells));
	double low = 0, high = 0;

	chart_draw(spec, cells, &low, &high);
	for (int row = 0; row < spec->height; row++) {
		if (row == 0)
			buf_printf(out, "%*.4g |", CHART_LEFT - 2, high);
		else if (row == spec->height - 1)
			buf_printf(out, "%*.4g |", CHART_LEFT - 2, low);
		else
			buf_printf(out, "%*s |", CHART_LEFT - 2, "");
		for (int column = 0; column < spec->width; column++)
			put_code_point(out, cells[row * spec->width + column].cp);
		layout_newline(out);
	}
	free(cells);
}

void layout_chart(struct buf *out, const struct report_chart *chart)
{
	struct chart_spec spec = {
		.width = REPORT_COLUMNS - CHART_LEFT,
		.height = CHART_HEIGHT,
		.glyphs = CHART_ASCII,
		.info = chart->info,
		.warning = chart->warning,
		.critical = chart->critical,
		.below = chart->below,
		.points = chart->points,
		.npoints = chart->npoints,
	};
	char *title = xasprintf("%s%s%s%s%s", chart->title, *chart->unit ? " (" : "", chart->unit,
				*chart->unit ? ")" : "",
				chart->npoints < 2 ? ": too few samples to draw" : "");

	buf_puts(out, "  ");
	layout_wrap(out, title, 2);
	free(title);
	if (chart->npoints < 2)
		return;
	spec.from = chart->points[0].at;
	spec.to = chart->points[chart->npoints - 1].at;
	put_grid(out, &spec);
	put_axis(out, &spec);
	put_marks(out, chart, &spec);
}
