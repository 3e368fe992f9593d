/*
 * The report as Markdown (CommonMark and the tables of GitHub's dialect). Whatever a reader of
 * Markdown would act upon is escaped, so that text stays text.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "logs/report_layout.h"

static bool ends_word(char c)
{
	return !c || c == ' ' || c == '\n';
}

/* Whether a run of underscores could open or close an emphasis: inside a word or alone it can't. */
static bool underscores_act(const char *start, const char *at)
{
	const char *end = at + strspn(at, "_");
	char before;

	while (at > start && at[-1] == '_')
		at--;
	before = at > start ? at[-1] : '\0';
	return !(isalnum((unsigned char)before) && isalnum((unsigned char)*end)) &&
	       !(ends_word(before) && ends_word(*end));
}

/* A list's or heading's mark at a line's begin: "- ", "1. ", "#", "===". */
static bool marks_line(const char *start, const char *at)
{
	const char *digits = at;

	while (digits > start && isdigit((unsigned char)digits[-1]))
		digits--;
	while (digits > start && digits[-1] == ' ')
		digits--;
	if (digits != start && digits[-1] != '\n')
		return false;
	if (*at == '.' || *at == ')')
		return at > start && isdigit((unsigned char)at[-1]);
	return strchr("-+=#", *at) && (at == start || at[-1] == ' ' || at[-1] == '\n');
}

/* Links that are made of bare addresses. */
static bool makes_link(const char *start, const char *at)
{
	if (*at == ':')
		return at[1] == '/' && at[2] == '/';
	return *at == '.' && at - start >= 3 && strncasecmp(at - 3, "www", 3) == 0;
}

static bool acts(const char *start, const char *at)
{
	if (*at == '_')
		return underscores_act(start, at);
	return strchr("\\`*[]<>|~&$@", *at) || marks_line(start, at) || makes_link(start, at);
}

/* `line_break` stands for each newline. */
static void put_escaped(struct buf *out, const char *text, const char *line_break)
{
	bool line_starts = true;

	for (const char *at = text; *at; at++) {
		if (*at == '\n') {
			buf_puts(out, line_break);
			line_starts = true;
			continue;
		}
		/* Blanks at a line's begin would be dropped, or make it code. */
		if (*at == ' ' && line_starts) {
			buf_puts(out, "&nbsp;");
			continue;
		}
		line_starts = false;
		if (acts(text, at))
			buf_putc(out, '\\');
		buf_putc(out, *at);
	}
}

/* ---- Parts ---- */

/* The fence is longer than any run of backticks inside. */
static void put_code(struct buf *out, const char *text)
{
	int longest = 2, run = 0;

	for (const char *at = text; *at; at++) {
		run = *at == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	buf_putc(out, '\n');
	layout_repeat(out, '`', longest + 1);
	buf_printf(out, "text\n%s%s", text, *text && text[strlen(text) - 1] == '\n' ? "" : "\n");
	layout_repeat(out, '`', longest + 1);
	buf_putc(out, '\n');
}

static void put_fields(struct buf *out, const struct report_section *section)
{
	buf_putc(out, '\n');
	for (size_t i = 0; i < section->nfields; i++) {
		/* A comment ends a list, so that the next one is another. */
		if (i && i == section->nown)
			buf_puts(out, "\n<!-- -->\n\n");
		buf_puts(out, "- **");
		put_escaped(out, section->fields[i].name, " ");
		buf_puts(out, ":** ");
		put_escaped(out, section->fields[i].value, "\\\n  ");
		buf_putc(out, '\n');
	}
}

/* An empty line parts paragraphs; every other newline holds. */
static void put_prose(struct buf *out, const char *text)
{
	buf_putc(out, '\n');
	for (const char *end; *text; text = end) {
		size_t len = strcspn(text, "\n");
		char *line = xstrndup(text, len);

		end = text + len + (text[len] == '\n');
		put_escaped(out, line, "");
		free(line);
		buf_puts(out, len && *end && *end != '\n' ? "\\\n" : "\n");
	}
}

static void put_row(struct buf *out, char *const *cells, size_t n)
{
	for (size_t c = 0; c < n; c++) {
		buf_puts(out, "| ");
		put_escaped(out, cells[c], "<br>");
		buf_putc(out, ' ');
	}
	buf_puts(out, "|\n");
}

static void put_table(struct buf *out, const struct report_table *table)
{
	buf_putc(out, '\n');
	put_row(out, table->columns, table->ncolumns);
	for (size_t c = 0; c < table->ncolumns; c++)
		buf_puts(out, "| --- ");
	buf_puts(out, "|\n");
	for (size_t r = 0; r < table->nrows; r++)
		put_row(out, table->cells + r * table->ncolumns, table->ncolumns);
}

static void put_chart(struct buf *out, const struct report_chart *chart)
{
	struct buf text = BUF_INIT;

	layout_chart(&text, chart);
	put_code(out, buf_str(&text));
	buf_release(&text);
}

static void put_section(struct buf *out, const struct report_section *section)
{
	buf_puts(out, "\n## ");
	put_escaped(out, section->title, " ");
	buf_putc(out, '\n');
	if (section->nfields)
		put_fields(out, section);
	if (section->prose)
		put_prose(out, section->prose);
	if (section->quoted)
		put_code(out, section->quoted);
	for (size_t i = 0; i < section->ntables; i++) {
		if (section->tables[i].nrows)
			put_table(out, &section->tables[i]);
	}
	for (size_t i = 0; i < section->ncharts; i++)
		put_chart(out, &section->charts[i]);
	/* A rule is a line to write on. */
	for (size_t i = 0; i < section->blank_lines; i++) {
		buf_puts(out, "\n&nbsp;\n\n");
		layout_repeat(out, '_', REPORT_COLUMNS);
		buf_putc(out, '\n');
	}
}

static int write_md(const struct report *report, struct buf *out, struct err *err)
{
	const char *title = report->title ? report->title : "Report";
	size_t first = strcspn(title, "\n");
	char *line = xstrndup(title, first);

	(void)err;
	buf_puts(out, "# ");
	put_escaped(out, line, " ");
	buf_putc(out, '\n');
	if (title[first])
		put_prose(out, title + first + 1);
	for (size_t i = 0; i < report->nsections; i++) {
		if (!section_is_empty(&report->sections[i]))
			put_section(out, &report->sections[i]);
	}
	if (*report_incident(report)) {
		buf_puts(out, "\n---\n\nIncident ");
		put_escaped(out, report_incident(report), " ");
		buf_puts(out, *report_head(report) ? ", head " : "");
		put_escaped(out, report_head(report), " ");
		buf_putc(out, '\n');
	}
	free(line);
	return 0;
}

const struct report_format report_md = {
	.name = "md",
	.help = "Markdown",
	.write = write_md,
};
