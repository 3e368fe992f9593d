#include "logs/report_plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define BUCKETS	      300 /* of a long curve: more than paper or a screen can show */
#define LABEL_COLUMNS 32
#define ROWS_MAX      6

struct scale {
	double low, high;
	int64_t from, to;
};

/* A clock that was set back must not draw beside the frame. */
static double share_x(const struct scale *scale, int64_t at)
{
	return fmin(fmax((double)(at - scale->from) / (double)(scale->to - scale->from), 0), 1);
}

static double share_y(const struct scale *scale, double value)
{
	return fmin(fmax((value - scale->low) / (scale->high - scale->low), 0), 1);
}

/* ---- Ticks ---- */

/* 1, 2 or 5 times a power of ten, at least `least`. */
static double step_of(double least)
{
	double scale = pow(10, floor(log10(least))), part = least / scale;

	return (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10) * scale;
}

static void ticks_y(struct plot *plot, const struct scale *scale)
{
	double step = step_of((scale->high - scale->low) / 4);

	for (double i = ceil(scale->low / step - 1e-9);
	     i * step <= scale->high + step * 1e-9 && plot->ny < PLOT_TICKS_MAX; i++) {
		struct plot_tick *tick = &plot->y[plot->ny++];

		tick->at = share_y(scale, i * step);
		snprintf(tick->label, sizeof(tick->label), "%.6g", i * step + 0.0);
	}
}

static int64_t time_step(int64_t span_us)
{
	static const int64_t seconds[] = { 1,	2,   5,	   10,	 15,   30,    60,    120,   300,
					   600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400 };
	int64_t least = span_us / 5;

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		if (seconds[i] * CLOCK_US >= least)
			return seconds[i] * CLOCK_US;
	}
	return (least / (86400 * CLOCK_US) + 1) * 86400 * CLOCK_US;
}

/* "21:31:07", "21:31" where seconds say nothing, "11-21 21:00" from a day on. */
static void time_label(int64_t at, int64_t step, int64_t span, char *out, size_t size)
{
	char text[TIME_RFC3339_MAX];

	if (span >= 86400 * CLOCK_US)
		snprintf(out, size, "%.11s", time_datetime(at, text) + 5);
	else
		snprintf(out, size, "%.*s", step >= 60 * CLOCK_US ? 5 : 8, time_clock(at, text));
}

static void ticks_x(struct plot *plot, const struct scale *scale)
{
	int64_t span = scale->to - scale->from, step = time_step(span);
	int64_t at = (scale->from + step - 1) / step * step;

	for (; at <= scale->to && plot->nx < PLOT_TICKS_MAX; at += step) {
		struct plot_tick *tick = &plot->x[plot->nx++];

		tick->at = share_x(scale, at);
		time_label(at, step, span, tick->label, sizeof(tick->label));
	}
}

/* ---- Thresholds and marks ---- */

static void line_add(struct plot *plot, const struct scale *scale, const char *level, double value,
		     double line_height)
{
	struct plot_line *line;

	if (!isfinite(value) || value < scale->low || value > scale->high)
		return;
	line = &plot->lines[plot->nlines];
	*line = (struct plot_line){ .level = level, .at = share_y(scale, value) };
	line->label_at = line->at;
	snprintf(line->label, sizeof(line->label), "%s %.6g", level, value);
	/* The later one gives way, upwards where the frame leaves room. */
	for (size_t i = 0; i < plot->nlines; i++) {
		double gap = line->label_at - plot->lines[i].label_at;

		if (fabs(gap) < line_height)
			line->label_at =
			    plot->lines[i].label_at + (gap < 0 ? -line_height : line_height);
	}
	plot->nlines++;
}

static bool label_covers(const struct plot_mark *mark, double width, double at)
{
	double left = mark->leftwards ? mark->at - width : mark->at;

	return at > left && at < left + width;
}

/* Whether two labels overlap, or the line of one runs through the other's label. */
static bool marks_collide(const struct plot_mark *a, const struct plot_mark *b, double width)
{
	double left_a = a->leftwards ? a->at - width : a->at;
	double left_b = b->leftwards ? b->at - width : b->at;

	if (a->row == b->row)
		return left_a < left_b + width && left_b < left_a + width;
	return a->row < b->row ? label_covers(a, width, b->at) : label_covers(b, width, a->at);
}

/* Into the lowest row where nothing collides with those that are `placed`. */
static void mark_place(struct plot *plot, size_t index, bool *placed, double width)
{
	struct plot_mark *mark = &plot->marks[index];
	bool collides = true;

	for (mark->row = 0; collides && mark->row < ROWS_MAX; mark->row += collides) {
		collides = false;
		for (size_t i = 0; i < plot->nmarks; i++)
			collides =
			    collides || (placed[i] && marks_collide(mark, &plot->marks[i], width));
	}
	placed[index] = true;
	if (mark->row >= plot->rows)
		plot->rows = mark->row + 1;
}

/* In the order of time, whatever order they were given in. */
static void marks_sort(struct plot *plot)
{
	for (size_t i = 1; i < plot->nmarks; i++) {
		for (size_t k = i; k > 0 && plot->marks[k].at < plot->marks[k - 1].at; k--) {
			struct plot_mark mark = plot->marks[k];

			plot->marks[k] = plot->marks[k - 1];
			plot->marks[k - 1] = mark;
		}
	}
}

/* From the side that labels run to, so that the outer mark's line rises beside the inner label. */
static void marks_place(struct plot *plot, double width)
{
	bool *placed = xcalloc(plot->nmarks + 1, sizeof(*placed));

	for (size_t i = 0; i < plot->nmarks; i++) {
		plot->marks[i].leftwards = plot->marks[i].at + width > 1;
		if (plot->marks[i].leftwards)
			mark_place(plot, i, placed, width);
	}
	for (size_t i = plot->nmarks; i-- > 0;) {
		if (!plot->marks[i].leftwards)
			mark_place(plot, i, placed, width);
	}
	free(placed);
}

static void marks_fill(struct plot *plot, const struct report_chart *chart,
		       const struct scale *scale, double char_width)
{
	double width = 0;

	plot->marks = xcalloc(chart->nmarks ? chart->nmarks : 1, sizeof(*plot->marks));
	for (size_t i = 0; i < chart->nmarks; i++) {
		const char *label = chart->marks[i].label;
		size_t fits = text_fit(label, LABEL_COLUMNS);
		struct plot_mark *mark = &plot->marks[plot->nmarks];
		char clock[TIME_RFC3339_MAX];

		if (chart->marks[i].at < scale->from || chart->marks[i].at > scale->to)
			continue;
		if (fits > PLOT_LABEL_MAX - 32)
			fits = 0;
		mark->at = share_x(scale, chart->marks[i].at);
		snprintf(mark->label, sizeof(mark->label), "%.*s%s %s", (int)fits, label,
			 label[fits] ? "…" : "", time_clock(chart->marks[i].at, clock));
		width = fmax(width, char_width * (text_width(mark->label) + 1));
		plot->nmarks++;
	}
	marks_sort(plot);
	marks_place(plot, width);
}

/* ---- The curve ---- */

static void point_add(struct plot *plot, const struct scale *scale, const struct chart_point *point,
		      bool begins)
{
	plot->points[plot->npoints++] = (struct plot_point){
		.x = share_x(scale, point->at),
		.y = share_y(scale, point->value),
		.begins = begins,
	};
}

/* Of a stretch of samples the lowest and the highest, in their order. */
static void stretch_add(struct plot *plot, const struct scale *scale,
			const struct chart_point *points, size_t n, bool begins)
{
	size_t low = 0, high = 0;

	for (size_t i = 1; i < n; i++) {
		low = points[i].value < points[low].value ? i : low;
		high = points[i].value > points[high].value ? i : high;
	}
	point_add(plot, scale, &points[low < high ? low : high], begins);
	if (low != high)
		point_add(plot, scale, &points[low < high ? high : low], false);
}

static int by_length(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Samples that lie further apart than that are not joined: nobody measured in between. Ten times as
 * far as they usually are, and half a minute at least. */
static int64_t apart_of(const struct report_chart *chart)
{
	int64_t *lengths = xcalloc(chart->npoints, sizeof(*lengths)), usual;

	for (size_t i = 1; i < chart->npoints; i++)
		lengths[i - 1] = chart->points[i].at - chart->points[i - 1].at;
	qsort(lengths, chart->npoints - 1, sizeof(*lengths), by_length);
	usual = lengths[(chart->npoints - 1) / 2];
	free(lengths);
	return usual > 3 * CLOCK_US ? 10 * usual : 30 * CLOCK_US;
}

/* As many samples as there is room for go in one by one; of more, each stretch keeps its extremes,
 * so that no peak is lost. Samples without a value are gaps. */
static void curve_fill(struct plot *plot, const struct report_chart *chart,
		       const struct scale *scale)
{
	int64_t apart = apart_of(chart);
	const struct chart_point *points = chart->points;
	size_t stretch = chart->npoints > 2 * BUCKETS ? chart->npoints / BUCKETS + 1 : 1;
	bool begins = true;

	plot->points = xcalloc(chart->npoints + 1, sizeof(*plot->points));
	for (size_t i = 0, n; i < chart->npoints; i += n ? n : 1) {
		for (n = 0; n < stretch && i + n < chart->npoints; n++) {
			if (!isfinite(points[i + n].value) ||
			    (n && points[i + n].at - points[i + n - 1].at > apart))
				break;
		}
		begins = begins || points[i].at - points[i - 1].at > apart;
		if (n)
			stretch_add(plot, scale, &points[i], n, begins);
		begins = !n;
	}
}

bool plot_init(struct plot *plot, const struct report_chart *chart, double char_width,
	       double line_height)
{
	struct chart_spec spec = {
		.info = chart->info,
		.warning = chart->warning,
		.critical = chart->critical,
		.points = chart->points,
		.npoints = chart->npoints,
	};
	struct scale scale;
	char day[TIME_RFC3339_MAX];

	*plot = (struct plot){ .marks = NULL };
	if (chart->npoints < 2)
		return false;
	scale.from = chart->points[0].at;
	scale.to = chart->points[chart->npoints - 1].at;
	if (scale.to <= scale.from)
		return false;
	spec.from = scale.from;
	spec.to = scale.to;
	chart_draw(&spec, NULL, &scale.low, &scale.high);
	snprintf(plot->day, sizeof(plot->day), "%.10s", time_datetime(scale.from, day));
	ticks_x(plot, &scale);
	ticks_y(plot, &scale);
	line_add(plot, &scale, "critical", chart->critical, line_height);
	line_add(plot, &scale, "warning", chart->warning, line_height);
	line_add(plot, &scale, "info", chart->info, line_height);
	marks_fill(plot, chart, &scale, char_width);
	curve_fill(plot, chart, &scale);
	return true;
}

void plot_release(struct plot *plot)
{
	free(plot->marks);
	free(plot->points);
	*plot = (struct plot){ .marks = NULL };
}
