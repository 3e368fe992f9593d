/*
 * The report as one HTML file: well-formed XML too, charts as inline SVG, no script, nothing
 * fetched from anywhere (and a policy that says so to the browser). Prints on A4.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "logs/report_layout.h"
#include "logs/report_plot.h"

/* The drawing's units; its frame lies inside. */
#define SVG_WIDTH    760
#define FRAME_LEFT   64
#define FRAME_WIDTH  580
#define FRAME_HEIGHT 130
#define LINE_HEIGHT  14
#define CHAR_WIDTH   6.4

#define TABLE_ROOM 96 /* characters of a table's row, with... */
#define CELL_GAP   3  /* ...so many between two cells */

static const char style[] =
    "body { font: 15px/1.5 system-ui, \"Segoe UI\", Helvetica, Arial, sans-serif; color: #1c2128;\n"
    "  background: #fff; max-width: 54rem; margin: 2rem auto; padding: 0 1rem }\n"
    "h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 }\n"
    "p.title { color: #57606a; margin: .2rem 0 0 }\n"
    "h2 { font-size: 1.15rem; border-bottom: 1px solid #d0d7de; padding-bottom: .2rem;\n"
    "  margin: 2rem 0 .7rem; break-after: avoid }\n"
    "p { overflow-wrap: anywhere; white-space: pre-wrap }\n"
    "table { border-collapse: collapse; width: 100%; margin: .7rem 0; font-size: .92em }\n"
    "th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0;\n"
    "  overflow-wrap: anywhere; white-space: pre-wrap }\n"
    "table.rows th { border-bottom: 1px solid #57606a }\n"
    "table.rows { table-layout: fixed; max-width: 100% }\n"
    "table.rows td { border-bottom: 1px solid #eaeef2; font-variant-numeric: tabular-nums }\n"
    "table.fields th { width: 10rem; font-weight: 600; color: #57606a }\n"
    "tr { break-inside: avoid }\n"
    "pre { background: #f6f8fa; border-left: 3px solid #d0d7de; padding: .6rem .8rem;\n"
    "  font: 12px/1.45 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap;\n"
    "  overflow-wrap: anywhere }\n"
    "figure { margin: 1.2rem 0; break-inside: avoid }\n"
    "figcaption { font-weight: 600 }\n"
    "svg { width: 100%; height: auto; font: 11px Helvetica, Arial, sans-serif }\n"
    ".frame { fill: none; stroke: #8c959f } .grid { stroke: #eaeef2 } .tick { fill: #57606a }\n"
    ".curve { fill: none; stroke: #0550ae; stroke-width: 1.6; stroke-linejoin: round }\n"
    ".area { fill: #0550ae; fill-opacity: .1; stroke: none }\n"
    ".limit { stroke-dasharray: 6 4 } .info { stroke: #1b7c83; fill: #1b7c83 }\n"
    ".warning { stroke: #9a6700; fill: #9a6700 } .critical { stroke: #cf222e; fill: #cf222e }\n"
    "text { stroke: none } .mark { stroke: #57606a } .label { fill: #1c2128 }\n"
    ".write { border-bottom: 1px solid #57606a; height: 2.2rem }\n"
    "footer { margin-top: 2.5rem; border-top: 1px solid #d0d7de; padding-top: .4rem;\n"
    "  color: #57606a; font-size: .8em; overflow-wrap: anywhere }\n"
    "@page { size: A4; margin: 18mm }\n"
    "@media print { body { margin: 0; max-width: none; font-size: 12px } }\n";

static void put_escaped(struct buf *out, const char *text)
{
	for (const char *at = text; *at; at++) {
		if (*at == '&')
			buf_puts(out, "&amp;");
		else if (*at == '<')
			buf_puts(out, "&lt;");
		else if (*at == '>')
			buf_puts(out, "&gt;");
		else if (*at == '"')
			buf_puts(out, "&quot;");
		else if (*at == '\'')
			buf_puts(out, "&#39;");
		else
			buf_putc(out, *at);
	}
}

/* <name class="...">text</name> */
static void put_element(struct buf *out, const char *name, const char *class, const char *text)
{
	buf_printf(out, "<%s%s%s%s>", name, class ? " class=\"" : "", class ? class : "",
		   class ? "\"" : "");
	put_escaped(out, text);
	buf_printf(out, "</%s>", name);
}

/* ---- Charts ---- */

struct frame {
	struct buf *out;
	const struct plot *plot;
	double top; /* of the frame: above it stand the marks' labels */
};

static double at_x(double share)
{
	return FRAME_LEFT + share * FRAME_WIDTH;
}

static double at_y(const struct frame *frame, double share)
{
	return frame->top + (1 - share) * FRAME_HEIGHT;
}

static void put_line(const struct frame *frame, const char *class, double x1, double y1, double x2,
		     double y2)
{
	buf_printf(frame->out,
		   "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" />\n", class,
		   x1, y1, x2, y2);
}

static void put_text(const struct frame *frame, const char *class, const char *anchor, double x,
		     double y, const char *text)
{
	buf_printf(frame->out, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">",
		   class, anchor, x, y);
	put_escaped(frame->out, text);
	buf_puts(frame->out, "</text>\n");
}

static void put_axes(const struct frame *frame)
{
	const struct plot *plot = frame->plot;
	double bottom = at_y(frame, 0);

	for (size_t i = 0; i < plot->ny; i++) {
		double y = at_y(frame, plot->y[i].at);

		put_line(frame, "grid", at_x(0), y, at_x(1), y);
		put_text(frame, "tick", "end", at_x(0) - 6, y + 4, plot->y[i].label);
	}
	for (size_t i = 0; i < plot->nx; i++) {
		double x = at_x(plot->x[i].at);

		put_line(frame, "frame", x, bottom, x, bottom + 4);
		put_text(frame, "tick", "middle", x, bottom + LINE_HEIGHT + 4, plot->x[i].label);
	}
	buf_printf(frame->out,
		   "<rect class=\"frame\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\" />\n",
		   FRAME_LEFT, frame->top, FRAME_WIDTH, FRAME_HEIGHT);
}

static void put_limits(const struct frame *frame)
{
	for (size_t i = 0; i < frame->plot->nlines; i++) {
		const struct plot_line *line = &frame->plot->lines[i];
		double y = at_y(frame, line->at);

		buf_printf(frame->out, "<g class=\"%s\">\n", line->level);
		put_line(frame, "limit", at_x(0), y, at_x(1), y);
		put_text(frame, "", "start", at_x(1) + 6, at_y(frame, line->label_at) + 4,
			 line->label);
		buf_puts(frame->out, "</g>\n");
	}
}

static void put_marks(const struct frame *frame)
{
	for (size_t i = 0; i < frame->plot->nmarks; i++) {
		const struct plot_mark *mark = &frame->plot->marks[i];
		double x = at_x(mark->at), y = frame->top - mark->row * LINE_HEIGHT;

		put_line(frame, "mark", x, at_y(frame, 0), x, y - LINE_HEIGHT + 3);
		put_text(frame, "label", mark->leftwards ? "end" : "start",
			 mark->leftwards ? x - 4 : x + 4, y - 4, mark->label);
	}
}

/* Each stretch without a gap: the area below it, then the line. */
static void put_curve(const struct frame *frame)
{
	const struct plot *plot = frame->plot;

	for (size_t i = 0, end; i < plot->npoints; i = end) {
		for (end = i + 1; end < plot->npoints && !plot->points[end].begins;)
			end++;
		for (int area = 1; area >= 0; area--) {
			buf_printf(frame->out, "<path class=\"%s\" d=\"", area ? "area" : "curve");
			for (size_t p = i; p < end; p++)
				buf_printf(frame->out, "%s%.1f %.1f", p == i ? "M" : "L",
					   at_x(plot->points[p].x), at_y(frame, plot->points[p].y));
			/* A single sample is a dot as wide as the line. */
			if (!area && end == i + 1)
				buf_puts(frame->out, "h2");
			if (area)
				buf_printf(frame->out, "L%.1f %.1fL%.1f %.1fZ",
					   at_x(plot->points[end - 1].x), at_y(frame, 0),
					   at_x(plot->points[i].x), at_y(frame, 0));
			buf_puts(frame->out, "\" />\n");
		}
	}
}

static void put_drawing(struct buf *out, const struct report_chart *chart, const struct plot *plot)
{
	struct frame frame = { out, plot, (plot->rows + 1) * LINE_HEIGHT };

	buf_printf(out, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"", SVG_WIDTH,
		   frame.top + FRAME_HEIGHT + 2 * LINE_HEIGHT);
	put_escaped(out, chart->title);
	buf_puts(out, "\" xmlns=\"http://www.w3.org/2000/svg\">\n");
	put_axes(&frame);
	put_curve(&frame);
	put_limits(&frame);
	put_marks(&frame);
	buf_puts(out, "</svg>\n");
}

static void put_chart(struct buf *out, const struct report_chart *chart)
{
	struct plot plot;
	bool drawn =
	    plot_init(&plot, chart, CHAR_WIDTH / FRAME_WIDTH, (double)LINE_HEIGHT / FRAME_HEIGHT);

	buf_puts(out, "<figure>\n<figcaption>");
	put_escaped(out, chart->title);
	if (*chart->unit) {
		buf_puts(out, " (");
		put_escaped(out, chart->unit);
		buf_putc(out, ')');
	}
	if (drawn)
		buf_printf(out, " <small>%s UTC</small>", plot.day);
	else
		buf_puts(out, ": too few samples to draw");
	buf_puts(out, "</figcaption>\n");
	if (drawn)
		put_drawing(out, chart, &plot);
	buf_puts(out, "</figure>\n");
	plot_release(&plot);
}

/* ---- Sections ---- */

static void put_fields(struct buf *out, const struct report_section *section)
{
	buf_puts(out, "<table class=\"fields\">\n");
	for (size_t i = 0; i < section->nfields; i++) {
		if (i && i == section->nown)
			buf_puts(out, "</table>\n<table class=\"fields\">\n");
		buf_puts(out, "<tr>");
		put_element(out, "th", NULL, section->fields[i].name);
		put_element(out, "td", NULL, section->fields[i].value);
		buf_puts(out, "</tr>\n");
	}
	buf_puts(out, "</table>\n");
}

static void put_row(struct buf *out, const char *element, char *const *cells, size_t n)
{
	buf_puts(out, "<tr>");
	for (size_t c = 0; c < n; c++)
		put_element(out, element, NULL, cells[c]);
	buf_puts(out, "</tr>\n");
}

/* Browsers would share the room by the longest word, and break times and verdicts for it. */
static void put_columns(struct buf *out, const struct report_table *table)
{
	int *widths = xcalloc(table->ncolumns, sizeof(*widths)), sum = 0;

	layout_table(table, TABLE_ROOM - CELL_GAP * (int)table->ncolumns, widths);
	for (size_t c = 0; c < table->ncolumns; c++)
		sum += widths[c] + CELL_GAP;
	buf_printf(out, "<table class=\"rows\" style=\"width: %dch\">\n<colgroup>", sum);
	for (size_t c = 0; c < table->ncolumns; c++)
		buf_printf(out, "<col style=\"width: %.1f%%\" />",
			   100.0 * (widths[c] + CELL_GAP) / sum);
	buf_puts(out, "</colgroup>\n");
	free(widths);
}

static void put_table(struct buf *out, const struct report_table *table)
{
	put_columns(out, table);
	buf_puts(out, "<thead>\n");
	put_row(out, "th", table->columns, table->ncolumns);
	buf_puts(out, "</thead>\n<tbody>\n");
	for (size_t r = 0; r < table->nrows; r++)
		put_row(out, "td", table->cells + r * table->ncolumns, table->ncolumns);
	buf_puts(out, "</tbody>\n</table>\n");
}

static void put_section(struct buf *out, const struct report_section *section)
{
	buf_puts(out, "<section>\n");
	put_element(out, "h2", NULL, section->title);
	buf_putc(out, '\n');
	if (section->nfields)
		put_fields(out, section);
	if (section->prose) {
		put_element(out, "p", NULL, section->prose);
		buf_putc(out, '\n');
	}
	if (section->quoted) {
		put_element(out, "pre", NULL, section->quoted);
		buf_putc(out, '\n');
	}
	for (size_t i = 0; i < section->ntables; i++) {
		if (section->tables[i].nrows)
			put_table(out, &section->tables[i]);
	}
	for (size_t i = 0; i < section->ncharts; i++)
		put_chart(out, &section->charts[i]);
	for (size_t i = 0; i < section->blank_lines; i++)
		buf_puts(out, "<div class=\"write\"></div>\n");
	buf_puts(out, "</section>\n");
}

static void put_footer(struct buf *out, const struct report *report)
{
	if (!*report_incident(report))
		return;
	buf_puts(out, "<footer>Incident ");
	put_escaped(out, report_incident(report));
	if (*report_head(report)) {
		buf_puts(out, ", head ");
		put_escaped(out, report_head(report));
	}
	buf_puts(out, "</footer>\n");
}

static void put_title(struct buf *out, char *title)
{
	char *rest = strchr(title, '\n');

	if (rest)
		*rest++ = '\0';
	put_element(out, "title", NULL, title);
	buf_printf(out, "\n<style>\n%s</style>\n</head>\n<body>\n", style);
	put_element(out, "h1", NULL, title);
	buf_putc(out, '\n');
	if (rest && *rest) {
		put_element(out, "p", "title", rest);
		buf_putc(out, '\n');
	}
}

static int write_html(const struct report *report, struct buf *out, struct err *err)
{
	char *title = xstrdup(report->title ? report->title : "Report");

	(void)err;
	buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n"
		      "<head>\n<meta charset=\"utf-8\" />\n"
		      "<meta name=\"viewport\" content=\"width=device-width\" />\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		      "&#39;none&#39;; style-src &#39;unsafe-inline&#39;\" />\n");
	put_title(out, title);
	for (size_t i = 0; i < report->nsections; i++) {
		if (!section_is_empty(&report->sections[i]))
			put_section(out, &report->sections[i]);
	}
	put_footer(out, report);
	buf_puts(out, "</body>\n</html>\n");
	free(title);
	return 0;
}

const struct report_format report_html = {
	.name = "html",
	.help = "one file with its charts inside",
	.write = write_html,
};
