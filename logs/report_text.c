/* The report as text for eyes and for lp: 72 columns, nothing but plain lines. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "logs/report.h"

#define COLUMNS		 72
#define NAME_MAX_COLUMNS 22
#define GAP		 2  /* blanks between a table's columns */
#define CELL_MIN	 6  /* a table's column is never made narrower */
#define TABLE_MAX	 12 /* columns of a table */
#define CHART_LEFT	 10 /* columns of a chart's scale */
#define CHART_HEIGHT	 8

static void put_times(struct buf *out, char c, int times)
{
	for (int i = 0; i < times; i++)
		buf_putc(out, c);
}

/* Ends the line; trailing blanks never get out. */
static void put_newline(struct buf *out)
{
	while (out->len && out->data[out->len - 1] == ' ')
		buf_cut(out, out->len - 1);
	buf_putc(out, '\n');
}

/* Wraps `text` between `indent` and the right border; the cursor stands at `indent` already. Its
 * own newlines hold. */
static void put_wrapped(struct buf *out, const char *text, int indent)
{
	bool first = true;

	for (const char *end;; text = end + 1) {
		end = strchrnul(text, '\n');
		char *line = xstrndup(text, (size_t)(end - text));
		size_t len;

		for (const char *rest = line, *next; rest; rest = next) {
			next = text_wrap(rest, COLUMNS - indent, &len);
			if (!first)
				put_times(out, ' ', indent);
			first = false;
			buf_add(out, rest, len);
			put_newline(out);
		}
		free(line);
		if (!*end)
			break;
	}
}

/* ---- Fields ---- */

static void put_fields(struct buf *out, const struct report_section *section)
{
	int width = 0;

	for (size_t i = 0; i < section->nfields; i++) {
		int need = text_width(section->fields[i].name);

		if (need > width && need <= NAME_MAX_COLUMNS)
			width = need;
	}
	for (size_t i = 0; i < section->nfields; i++) {
		const struct report_field *field = &section->fields[i];
		int pad = width - text_width(field->name);

		buf_printf(out, "  %s", field->name);
		if (pad < 0) {
			put_newline(out);
			pad = width + 2;
		}
		/* A hash or a path is broken last of all: it gets a line of its own first. */
		if (!strpbrk(field->value, " \n") &&
		    text_width(field->value) > COLUMNS - 2 - width - GAP) {
			put_newline(out);
			buf_printf(out, "    ");
			put_wrapped(out, field->value, 4);
			continue;
		}
		put_times(out, ' ', pad + GAP);
		put_wrapped(out, field->value, 2 + width + GAP);
	}
}

/* ---- Tables ---- */

/* Columns get what they need; where that is too much, the widest gives way. */
static void table_widths(const struct report_table *table, int *widths)
{
	int room = COLUMNS - 2 - GAP * ((int)table->ncolumns - 1), sum = 0;

	for (size_t c = 0; c < table->ncolumns; c++) {
		widths[c] = text_width(table->columns[c]);
		for (size_t r = 0; r < table->nrows; r++) {
			int need = text_width(table->cells[r * table->ncolumns + c]);

			widths[c] = need > widths[c] ? need : widths[c];
		}
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

static void put_row(struct buf *out, char *const *cells, const int *widths, size_t n)
{
	const char *rest[TABLE_MAX];
	bool more = true;

	for (size_t c = 0; c < n; c++)
		rest[c] = cells[c];
	while (more) {
		int column = 0, at = 2;

		more = false;
		for (size_t c = 0; c < n; c++) {
			size_t len = 0;

			put_times(out, ' ', at - column);
			column = at;
			if (rest[c]) {
				const char *next = text_wrap(rest[c], widths[c], &len);
				char *piece = xstrndup(rest[c], len);

				buf_puts(out, piece);
				column += text_width(piece);
				rest[c] = next;
				more = more || next;
				free(piece);
			}
			at += widths[c] + GAP;
		}
		put_newline(out);
	}
}

static void put_table(struct buf *out, const struct report_table *table)
{
	int widths[TABLE_MAX] = { 0 }, rule = 0;

	if (!table->nrows || table->ncolumns > TABLE_MAX)
		return;
	table_widths(table, widths);
	put_row(out, table->columns, widths, table->ncolumns);
	for (size_t c = 0; c < table->ncolumns; c++)
		rule += widths[c] + (c ? GAP : 0);
	buf_puts(out, "  ");
	put_times(out, '-', rule);
	put_newline(out);
	for (size_t r = 0; r < table->nrows; r++)
		put_row(out, table->cells + r * table->ncolumns, widths, table->ncolumns);
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
	char row[COLUMNS + 1], at[TIME_RFC3339_MAX];
	struct buf legend = BUF_INIT;

	memset(row, ' ', sizeof(row));
	for (size_t i = 0; i < chart->nmarks; i++) {
		int column = chart_column(spec, chart->marks[i].at);

		if (column < 0)
			continue;
		row[column] = chart->marks[i].label[0];
		buf_printf(&legend, "%s%c = %s %s", legend.len ? ", " : "",
			   chart->marks[i].label[0], chart->marks[i].label,
			   time_clock(chart->marks[i].at, at));
	}
	if (legend.len) {
		put_times(out, ' ', CHART_LEFT);
		buf_add(out, row, (size_t)spec->width);
		put_newline(out);
		buf_puts(out, "  ");
		put_wrapped(out, buf_str(&legend), 2);
	}
	buf_release(&legend);
}

static void put_axis(struct buf *out, const struct chart_spec *spec)
{
	char from[TIME_RFC3339_MAX], to[TIME_RFC3339_MAX];

	put_times(out, ' ', CHART_LEFT - 1);
	buf_putc(out, '+');
	put_times(out, '-', spec->width);
	put_newline(out);
	time_clock(spec->from, from);
	time_clock(spec->to, to);
	put_times(out, ' ', CHART_LEFT);
	buf_puts(out, from);
	put_times(out, ' ', spec->width - (int)strlen(from) - (int)strlen(to));
	buf_puts(out, to);
	put_newline(out);
}

static void put_chart(struct buf *out, const struct report_chart *chart)
{
	struct chart_spec spec = {
		.width = COLUMNS - CHART_LEFT,
		.height = CHART_HEIGHT,
		.glyphs = CHART_ASCII,
		.info = chart->info,
		.warning = chart->warning,
		.critical = chart->critical,
		.below = chart->below,
		.points = chart->points,
		.npoints = chart->npoints,
	};
	struct cell *cells;
	double low = 0, high = 0;

	if (chart->npoints < 2)
		return;
	spec.from = chart->points[0].at;
	spec.to = chart->points[chart->npoints - 1].at;
	cells = xcalloc((size_t)(spec.width * spec.height), sizeof(*cells));
	chart_draw(&spec, cells, &low, &high);
	buf_printf(out, "  %s%s%s%s", chart->title, *chart->unit ? " (" : "", chart->unit,
		   *chart->unit ? ")" : "");
	put_newline(out);
	for (int row = 0; row < spec.height; row++) {
		if (row == 0)
			buf_printf(out, "%*.4g |", CHART_LEFT - 2, high);
		else if (row == spec.height - 1)
			buf_printf(out, "%*.4g |", CHART_LEFT - 2, low);
		else
			buf_printf(out, "%*s |", CHART_LEFT - 2, "");
		for (int column = 0; column < spec.width; column++)
			put_code_point(out, cells[row * spec.width + column].cp);
		put_newline(out);
	}
	put_axis(out, &spec);
	put_marks(out, chart, &spec);
	free(cells);
}

/* ---- Sections ---- */

/* Verbatim lines keep their blanks; what is too long is broken at the border. */
static void put_quoted(struct buf *out, const char *text)
{
	while (*text) {
		const char *end = strchrnul(text, '\n'), *border = "  | ";

		do {
			size_t len = text_fit(text, COLUMNS - 4);

			if (len > (size_t)(end - text) || !len)
				len = (size_t)(end - text);
			buf_puts(out, border);
			border = "  > ";
			buf_add(out, text, len);
			put_newline(out);
			text += len;
		} while (text < end);
		text = *end ? end + 1 : end;
	}
}

static void put_gap(struct buf *out, bool *first)
{
	if (!*first)
		buf_putc(out, '\n');
	*first = false;
}

static void put_section(struct buf *out, const struct report_section *section)
{
	bool first = true;

	buf_printf(out, "\n%s\n", section->title);
	put_times(out, '-', text_width(section->title));
	buf_putc(out, '\n');
	if (section->nfields) {
		put_gap(out, &first);
		put_fields(out, section);
	}
	if (section->prose) {
		put_gap(out, &first);
		buf_puts(out, "  ");
		put_wrapped(out, section->prose, 2);
	}
	if (section->quoted) {
		put_gap(out, &first);
		put_quoted(out, section->quoted);
	}
	for (size_t i = 0; i < section->ntables; i++) {
		if (section->tables[i].nrows) {
			put_gap(out, &first);
			put_table(out, &section->tables[i]);
		}
	}
	for (size_t i = 0; i < section->ncharts; i++) {
		put_gap(out, &first);
		put_chart(out, &section->charts[i]);
	}
	for (size_t i = 0; i < section->blank_lines; i++) {
		buf_puts(out, "\n  ");
		put_times(out, '_', COLUMNS - 2);
		buf_putc(out, '\n');
	}
}

static int write_text(const struct report *report, struct buf *out, struct err *err)
{
	(void)err;
	put_times(out, '=', COLUMNS);
	buf_putc(out, '\n');
	put_wrapped(out, report->title ? report->title : "Report", 0);
	put_times(out, '=', COLUMNS);
	buf_putc(out, '\n');
	for (size_t i = 0; i < report->nsections; i++) {
		if (!section_is_empty(&report->sections[i]))
			put_section(out, &report->sections[i]);
	}
	return 0;
}

const struct report_format report_text = {
	.name = "text",
	.help = "72 columns, ready to print",
	.write = write_text,
};
