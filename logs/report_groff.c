#include "logs/report_groff.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "logs/report_layout.h"

#define PAGE_POINTS    481 /* 17 cm */
#define GAP_POINTS     10  /* between a table's columns: 2 n */
#define CHAR_POINTS    5.1 /* a character of 9 point Helvetica, on the safe side of the mean */
#define CELL_LINES     15  /* a row higher than this goes on in a row of its own */
#define LACKED_COLUMNS 8   /* a character that fonts may lack is shown as <U+4E2D> */
#define NAME_MAX       22
#define GROFF_TIMEOUT  (60 * CLOCK_US)

static const char prologue[] =
    ".nr PO 2c\n.nr LL 17c\n.nr PS 10\n.nr VS 13\n.nr HM 2c\n.nr FM 2.2c\n.nr PD 0\n.nr DD 2p\n"
    ".nr HY 0\n.fam H\n.ss 12 0\n.ds CH\n.ds LH\n.ds RH\n.ds CF\n.ds LF\n.ds RF\n"
    ".defcolor dim rgb 0.35 0.38 0.42\n.defcolor grid rgb 0.90 0.91 0.93\n"
    ".defcolor frame rgb 0.55 0.58 0.62\n.defcolor curve rgb 0.02 0.31 0.68\n"
    ".defcolor mark rgb 0.35 0.38 0.42\n.defcolor info rgb 0.11 0.49 0.51\n"
    ".defcolor warning rgb 0.60 0.40 0.00\n.defcolor critical rgb 0.81 0.13 0.18\n"
    /* A heading stays with what follows it. $1: points to keep together. */
    ".de SEC\n.LP\n.na\n.sp 14p\n.ne \\\\$1p\n.ps 13\n.ft HB\n..\n"
    ".de END\n.br\n.ft HR\n.ps 10\n.sp -4p\n\\m[frame]\\l'\\\\n(.lu'\\m[]\n.sp 5p\n..\n"
    /* A line to write on. */
    ".de WRT\n.sp 20p\n\\m[frame]\\l'\\\\n(.lu'\\m[]\n.br\n..\n";

/* ---- Tables ---- */

/* Characters that the cells of a row may take together. */
static int room_of(size_t columns)
{
	return (int)((PAGE_POINTS - GAP_POINTS * ((double)columns - 1)) / CHAR_POINTS);
}

static void put_cell(struct buf *out, const char *text, bool last)
{
	buf_puts(out, "T{\n");
	groff_text(out, text, true);
	buf_printf(out, "\nT}%s", last ? "\n" : "\t");
}

/* The bytes of a cell that stay within CELL_LINES, whole words where there are any. */
static size_t cell_fit(const char *text, int width)
{
	size_t len = strlen(text), word = 0, i = 0;
	int used = 0;

	while (i < len) {
		int32_t cp;
		size_t step = utf8_decode(text + i, len - i, &cp);

		if (cp == '\n')
			used += width - used % width;
		else
			used += cp < 0 || cp > 0x7e ? LACKED_COLUMNS : 1;
		if (used > CELL_LINES * width)
			return word ? word : i ? i : step;
		i += step;
		if (cp == ' ' || cp == '\n')
			word = i;
	}
	return len;
}

/* A row that would be higher than a page is cut into rows: tbl can't break a cell. */
static void put_row(struct buf *out, char *const *cells, const int *widths, size_t n)
{
	const char **rest = xcalloc(n, sizeof(*rest));
	bool more = true;

	for (size_t c = 0; c < n; c++)
		rest[c] = cells[c];
	while (more) {
		more = false;
		for (size_t c = 0; c < n; c++) {
			size_t len = cell_fit(rest[c], widths[c]);
			char *piece = xstrndup(rest[c], len);

			rest[c] += len;
			more = more || *rest[c];
			put_cell(out, piece, c + 1 == n);
			free(piece);
		}
		buf_puts(out, ".sp 2p\n");
	}
	free(rest);
}

static void put_format(struct buf *out, const int *widths, size_t n, bool bold)
{
	for (size_t c = 0; c < n; c++)
		buf_printf(out, "lf(%s)p9v11w(%.0fp)%s", bold ? "HB" : "HR",
			   widths[c] * CHAR_POINTS, c + 1 < n ? "2 " : "");
}

static void put_table(struct buf *out, const struct report_table *table)
{
	int *widths = xcalloc(table->ncolumns, sizeof(*widths));

	layout_table(table, room_of(table->ncolumns), widths);
	buf_puts(out, ".sp 4p\n.ne 50p\n.TS H\n");
	put_format(out, widths, table->ncolumns, true);
	buf_putc(out, '\n');
	put_format(out, widths, table->ncolumns, false);
	buf_puts(out, ".\n");
	for (size_t c = 0; c < table->ncolumns; c++)
		put_cell(out, table->columns[c], c + 1 == table->ncolumns);
	buf_puts(out, "_\n.sp 2p\n.TH\n");
	for (size_t r = 0; r < table->nrows; r++)
		put_row(out, table->cells + r * table->ncolumns, widths, table->ncolumns);
	buf_puts(out, ".TE\n");
	free(widths);
}

static void put_fields(struct buf *out, const struct report_section *section)
{
	int name = 10, room = room_of(2);

	for (size_t i = 0; i < section->nfields; i++) {
		int need = text_width(section->fields[i].name) + 1;

		name = need > name ? need : name;
	}
	name = name > NAME_MAX ? NAME_MAX : name;
	buf_printf(out, ".TS\nlf(HB)p9v12w(%.0fp)2 lf(HR)p9v12w(%.0fp).\n", name * CHAR_POINTS,
		   (room - name) * CHAR_POINTS);
	for (size_t i = 0; i < section->nfields; i++) {
		char *const cells[] = { section->fields[i].name, section->fields[i].value };

		if (i && i == section->nown)
			buf_puts(out, ".sp 8p\n");
		/* Room for a hand that signs. */
		if (strstr(cells[1], "_____"))
			buf_puts(out, ".sp 16p\n");
		put_row(out, cells, (const int[]){ name, room - name }, 2);
	}
	buf_puts(out, ".TE\n");
}

/* ---- Sections ---- */

static void put_prose(struct buf *out, const char *text)
{
	buf_puts(out, ".LP\n.na\n");
	groff_text(out, text, true);
	buf_putc(out, '\n');
}

/* Fixed width; a line that goes on hangs. */
static void put_quoted(struct buf *out, const char *text)
{
	buf_puts(out, ".sp 4p\n.ft CR\n.ps 8\n.vs 10p\n.in 3n\n");
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = xstrndup(text, len);

		buf_puts(out, ".br\n.ti -2n\n");
		groff_verbatim(out, line);
		buf_putc(out, '\n');
		free(line);
		text += len + (text[len] == '\n');
	}
	buf_puts(out, ".br\n.in 0\n.ps 10\n.vs 13p\n.ft HR\n");
}

/* Points that a heading and the begin of its section take. */
static int section_need(const struct report_section *section)
{
	if (section->nfields || section->prose || section->quoted || section->ntables)
		return 90;
	return section->ncharts ? 230 : 60 + 35 * (int)section->blank_lines;
}

static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && !strchr(" ,-", *text))
			return false;
	}
	return true;
}

static void put_section(struct buf *out, const struct report_section *section)
{
	buf_printf(out, ".SEC %d\n", section_need(section));
	/* Outlines take no escapes. */
	if (is_plain(section->title))
		buf_printf(out, ".if '\\*[.T]'pdf' .pdfbookmark 1 %s\n", section->title);
	groff_text(out, section->title, false);
	buf_puts(out, "\n.END\n");
	if (section->nfields)
		put_fields(out, section);
	if (section->prose)
		put_prose(out, section->prose);
	if (section->quoted)
		put_quoted(out, section->quoted);
	for (size_t i = 0; i < section->ntables; i++) {
		if (section->tables[i].nrows)
			put_table(out, &section->tables[i]);
	}
	for (size_t i = 0; i < section->ncharts; i++)
		groff_chart(out, &section->charts[i]);
	for (size_t i = 0; i < section->blank_lines; i++)
		buf_puts(out, ".WRT\n");
	if (section->blank_lines)
		buf_puts(out, ".sp 6p\n");
}

static void put_footer(struct buf *out, const struct report *report)
{
	buf_puts(out, ".ds LF \"\\s-3");
	groff_text(out, report_incident(report), false);
	buf_puts(out, "\\s+3\n.ds CF \"\\s-3");
	if (*report_head(report)) {
		buf_puts(out, "head\\ \\f[CR]");
		groff_text(out, report_head(report), false);
		buf_puts(out, "\\f[]");
	}
	buf_puts(out, "\\s+3\n.ds RF \"\\s-3Page\\ %\\s+3\n");
}

static void put_title(struct buf *out, const struct report *report)
{
	const char *title = report->title ? report->title : "Report";
	size_t first = strcspn(title, "\n");
	char *line = xstrndup(title, first);

	if (is_plain(line))
		buf_printf(out, ".if '\\*[.T]'pdf' .pdfinfo /Title %s\n", line);
	buf_puts(out, ".LP\n.na\n.ps 20\n.vs 24p\n.ft HB\n");
	groff_text(out, line, false);
	buf_puts(out, "\n.br\n.ft HR\n.ps 11\n.vs 14p\n\\m[dim]");
	if (title[first])
		groff_text(out, title + first + 1, true);
	buf_puts(out, "\\m[]\n.br\n.ps 10\n.vs 13p\n");
	free(line);
}

void groff_source(const struct report *report, struct buf *out)
{
	struct buf body = BUF_INIT;

	put_footer(&body, report);
	put_title(&body, report);
	for (size_t i = 0; i < report->nsections; i++) {
		if (!section_is_empty(&report->sections[i]))
			put_section(&body, &report->sections[i]);
	}
	buf_puts(out, prologue);
	groff_fallbacks(out, buf_str(&body));
	buf_add(out, buf_str(&body), body.len);
	buf_release(&body);
}

/* ---- Through groff ---- */

/* groff-base alone has neither ms nor gropdf. */
static int groff_failed(const struct buf *complaint, const struct child_end *end, struct err *err)
{
	static const char *const lacks[] = { "macro file", "device", "couldn't exec", "not found" };
	char text[256], how[64];

	text_clean_to(text, sizeof(text), buf_str(complaint), strcspn(buf_str(complaint), "\n"));
	if (*text)
		err_set(err, "the report can't be set: %s", text);
	else
		err_set(err, "the report can't be set: groff: %s",
			child_end_text(end, how, sizeof(how)));
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		if (strstr(buf_str(complaint), lacks[i]))
			err_hint(err, "it lacks its macros or devices: install the whole package "
				      "groff (groff-base is not enough)");
	}
	return err_hint(err, "the formats text, md and html need no groff");
}

static int write_through(const struct report *report, const char *device, const char *magic,
			 struct buf *out, struct err *err)
{
	const char *const argv[] = { "groff", "-ms",	    "-t",     "-p",
				     device,  "-dpaper=a4", "-P-pa4", NULL };
	struct child_spec spec = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct buf source = BUF_INIT, made = BUF_INIT, complaint = BUF_INIT;
	struct child_end end = { .status = 0 };
	struct err why = ERR_INIT;
	int result = -1;

	groff_source(report, &source);
	if (child_run(&spec, buf_str(&source), GROFF_TIMEOUT, 0, &made, &complaint, &end, &why)) {
		err_set(err, "the report can't be set: %s", why.msg);
		err_hint(err, "PostScript and PDF are made by groff: install the package groff; "
			      "the formats text, md and html need none");
		goto out;
	}
	if (end.timed_out || end.status != 0 || made.len < strlen(magic) ||
	    memcmp(made.data, magic, strlen(magic)) != 0) {
		groff_failed(&complaint, &end, err);
		goto out;
	}
	buf_add(out, made.data, made.len);
	result = 0;
out:
	buf_release(&source);
	buf_release(&made);
	buf_release(&complaint);
	return result;
}

static int write_ps(const struct report *report, struct buf *out, struct err *err)
{
	return write_through(report, "-Tps", "%!PS", out, err);
}

static int write_pdf(const struct report *report, struct buf *out, struct err *err)
{
	return write_through(report, "-Tpdf", "%PDF", out, err);
}

const struct report_format report_ps = {
	.name = "ps",
	.help = "PostScript, A4",
	.binary = true,
	.write = write_ps,
};

const struct report_format report_pdf = {
	.name = "pdf",
	.help = "PDF, A4",
	.binary = true,
	.write = write_pdf,
};
