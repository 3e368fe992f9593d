/* The report as text for eyes and for lp: 72 columns, nothing but plain lines. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "logs/report_layout.h"

#define COLUMNS		 REPORT_COLUMNS
#define NAME_MAX_COLUMNS 22
#define GAP		 2 /* blanks between a table's columns */

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

		if (i && i == section->nown)
			buf_putc(out, '\n');
		buf_printf(out, "  %s", field->name);
		if (pad < 0) {
			layout_newline(out);
			pad = width + 2;
		}
		/* A hash or a path is broken last of all: it gets a line of its own first. */
		if (!strpbrk(field->value, " \n") &&
		    text_width(field->value) > COLUMNS - 2 - width - GAP) {
			layout_newline(out);
			buf_printf(out, "    ");
			layout_wrap(out, field->value, 4);
			continue;
		}
		layout_repeat(out, ' ', pad + GAP);
		layout_wrap(out, field->value, 2 + width + GAP);
	}
}

/* ---- Tables ---- */

static void put_row(struct buf *out, char *const *cells, const int *widths, size_t n)
{
	const char **rest = xcalloc(n, sizeof(*rest));
	bool more = true;

	for (size_t c = 0; c < n; c++)
		rest[c] = cells[c];
	while (more) {
		int column = 0, at = 2;

		more = false;
		for (size_t c = 0; c < n; c++) {
			size_t len = 0;

			layout_repeat(out, ' ', at - column);
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
		layout_newline(out);
	}
	free(rest);
}

static void put_table(struct buf *out, const struct report_table *table)
{
	int *widths = xcalloc(table->ncolumns, sizeof(*widths)), rule = 0;

	layout_table(table, COLUMNS - 2 - GAP * ((int)table->ncolumns - 1), widths);
	put_row(out, table->columns, widths, table->ncolumns);
	for (size_t c = 0; c < table->ncolumns; c++)
		rule += widths[c] + (c ? GAP : 0);
	buf_puts(out, "  ");
	layout_repeat(out, '-', rule);
	layout_newline(out);
	for (size_t r = 0; r < table->nrows; r++)
		put_row(out, table->cells + r * table->ncolumns, widths, table->ncolumns);
	free(widths);
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
			layout_newline(out);
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
	layout_repeat(out, '-', text_width(section->title));
	buf_putc(out, '\n');
	if (section->nfields) {
		put_gap(out, &first);
		put_fields(out, section);
	}
	if (section->prose) {
		put_gap(out, &first);
		buf_puts(out, "  ");
		layout_wrap(out, section->prose, 2);
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
		layout_chart(out, &section->charts[i]);
	}
	for (size_t i = 0; i < section->blank_lines; i++) {
		buf_puts(out, "\n  ");
		layout_repeat(out, '_', COLUMNS - 2);
		buf_putc(out, '\n');
	}
}

static int write_text(const struct report *report, struct buf *out, struct err *err)
{
	(void)err;
	layout_repeat(out, '=', COLUMNS);
	buf_putc(out, '\n');
	layout_wrap(out, report->title ? report->title : "Report", 0);
	layout_repeat(out, '=', COLUMNS);
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
