/* A chart as a picture for pic, which measures in inches from the lower left corner. */
#include <stdlib.h>

#include "lib/mem.h"
#include "logs/report_groff.h"
#include "logs/report_plot.h"

#define FRAME_LEFT   0.45
#define FRAME_WIDTH  5.25
#define FRAME_HEIGHT 1.05
#define PAGE_WIDTH   6.69 /* 17 cm */
#define LINE_HEIGHT  0.13
#define CHAR_WIDTH   0.058
#define AXIS_HEIGHT  0.25
#define CHAIN	     40 /* points of a curve in one statement */

static double at_x(double share)
{
	return FRAME_LEFT + share * FRAME_WIDTH;
}

static double at_y(double share)
{
	return share * FRAME_HEIGHT;
}

/* Text that begins ("ljust"), ends ("rjust") or is centred ("") at a place, in a colour or NULL. */
static void put_text(struct buf *out, double x, double y, const char *justify, const char *text,
		     const char *color)
{
	struct buf string = BUF_INIT;

	groff_string(&string, text);
	if (color) /* inside the quotes */
		buf_printf(out, "\"\\m[%s]%.*s\\m[]\"", color, (int)string.len - 2,
			   buf_str(&string) + 1);
	else
		buf_puts(out, buf_str(&string));
	buf_printf(out, " %s at (%.3f,%.3f)\n", justify, x, y);
	buf_release(&string);
}

static void put_axes(struct buf *out, const struct plot *plot)
{
	for (size_t i = 0; i < plot->ny; i++) {
		double y = at_y(plot->y[i].at);

		buf_printf(out, "line from (%.3f,%.3f) to (%.3f,%.3f) outlined \"grid\"\n", at_x(0),
			   y, at_x(1), y);
		put_text(out, at_x(0) - 0.06, y, "rjust", plot->y[i].label, NULL);
	}
	for (size_t i = 0; i < plot->nx; i++) {
		double x = at_x(plot->x[i].at);

		buf_printf(out, "line from (%.3f,0) to (%.3f,-0.04)\n", x, x);
		put_text(out, x, -0.13, "", plot->x[i].label, NULL);
	}
	buf_printf(out, "box wid %.3f ht %.3f with .sw at (%.3f,0) outlined \"frame\"\n",
		   FRAME_WIDTH, FRAME_HEIGHT, FRAME_LEFT);
}

static void put_limits(struct buf *out, const struct plot *plot)
{
	for (size_t i = 0; i < plot->nlines; i++) {
		const struct plot_line *line = &plot->lines[i];

		buf_printf(out,
			   "line dashed 0.05 from (%.3f,%.3f) to (%.3f,%.3f) outlined \"%s\"\n",
			   at_x(0), at_y(line->at), at_x(1), at_y(line->at), line->level);
		put_text(out, at_x(1) + 0.06, at_y(line->label_at), "ljust", line->label,
			 line->level);
	}
}

static void put_marks(struct buf *out, const struct plot *plot)
{
	for (size_t i = 0; i < plot->nmarks; i++) {
		const struct plot_mark *mark = &plot->marks[i];
		double x = at_x(mark->at), y = FRAME_HEIGHT + (mark->row + 0.6) * LINE_HEIGHT;

		buf_printf(out, "line from (%.3f,0) to (%.3f,%.3f) outlined \"mark\"\n", x, x,
			   y + LINE_HEIGHT * 0.4);
		put_text(out, mark->leftwards ? x - 0.04 : x + 0.04, y,
			 mark->leftwards ? "rjust" : "ljust", mark->label, NULL);
	}
}

static void put_curve(struct buf *out, const struct plot *plot)
{
	buf_puts(out, ".ps 10\nlinethick = 1.2\n");
	for (size_t i = 0, end; i < plot->npoints; i = end) {
		bool alone;

		for (end = i + 1; end < plot->npoints && !plot->points[end].begins;)
			end++;
		alone = end == i + 1;
		for (size_t p = i; p + 1 < end || (alone && p < end); p++) {
			size_t next = alone ? p : p + 1;

			if ((p - i) % CHAIN == 0)
				buf_printf(out, "%sline from (%.3f,%.3f)", p > i ? "\n" : "",
					   at_x(plot->points[p].x), at_y(plot->points[p].y));
			buf_printf(out, " \\\n to (%.3f,%.3f)",
				   at_x(plot->points[next].x) + (alone ? 0.02 : 0),
				   at_y(plot->points[next].y));
			if ((p - i) % CHAIN == CHAIN - 1 || p + 2 >= end)
				buf_puts(out, " outlined \"curve\"");
		}
		buf_putc(out, '\n');
	}
	buf_puts(out, "linethick = -1\n.ps 7.5\n");
}

static void put_picture(struct buf *out, const struct plot *plot)
{
	double top = FRAME_HEIGHT + plot->rows * LINE_HEIGHT + 0.05;

	buf_puts(out, ".sp -8p\n.ps 7.5\n.PS\nlinethick = 0.5\n");
	buf_printf(out, "box invis wid %.3f ht %.3f with .sw at (0,-%.3f)\n", PAGE_WIDTH,
		   top + AXIS_HEIGHT, AXIS_HEIGHT);
	put_axes(out, plot);
	put_limits(out, plot);
	put_curve(out, plot);
	put_marks(out, plot);
	buf_puts(out, ".PE\n.sp -4p\n.ps 10\n");
}

void groff_chart(struct buf *out, const struct report_chart *chart)
{
	struct plot plot;
	bool drawn = plot_init(&plot, chart, CHAR_WIDTH / FRAME_WIDTH, LINE_HEIGHT / FRAME_HEIGHT);
	char *title = xasprintf("%s%s%s%s", chart->title, *chart->unit ? " (" : "", chart->unit,
				*chart->unit ? ")" : "");
	char *note = drawn ? xasprintf("%s UTC", plot.day) : xstrdup("too few samples to draw");

	buf_printf(out, ".KS\n.LP\n.na\n.ft HB\n");
	groff_text(out, title, false);
	buf_puts(out, "\n.ft HR\n\\s-2\\m[dim]\n");
	groff_text(out, note, false);
	buf_puts(out, "\n\\m[]\\s+2\n.br\n");
	if (drawn)
		put_picture(out, &plot);
	buf_puts(out, ".KE\n");
	free(title);
	free(note);
	plot_release(&plot);
}
