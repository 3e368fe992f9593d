#include "lib/chart.h"

#include <math.h>
#include <stdlib.h>

#include "lib/mem.h"

static const int32_t eighths[] = { ' ',	   0x2581, 0x2582, 0x2583, 0x2584,
				   0x2585, 0x2586, 0x2587, 0x2588 };

/* The next larger "round" number of 1, 1.2, 1.5, 2 ... times a power of ten. */
static double round_up(double value)
{
	static const double steps[] = { 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10 };
	double scale, part;

	if (!(value > 0))
		return 1;
	scale = pow(10, floor(log10(value)));
	part = value / scale;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (part <= steps[i] * (1 + 1e-9))
			return steps[i] * scale;
	return value;
}

static void extend(double value, double *low, double *high)
{
	if (!isfinite(value))
		return;
	*low = fmin(*low, value);
	*high = fmax(*high, value);
}

/* From zero when nothing is negative, so that a bar's height means its value. */
static void scale_needed(const struct chart_spec *spec, double *low, double *high)
{
	*low = spec->low;
	*high = spec->high;
	if (spec->low < spec->high)
		return;
	*low = *high = 0;
	for (size_t i = 0; i < spec->npoints; i++)
		if (spec->points[i].at >= spec->from && spec->points[i].at <= spec->to)
			extend(spec->points[i].value, low, high);
	extend(spec->info, low, high);
	extend(spec->warning, low, high);
	extend(spec->critical, low, high);
	if (*low < 0)
		*low = -round_up(-*low);
	if (*high > 0 || *low >= 0)
		*high = round_up(*high);
}

static void scale_choose(const struct chart_spec *spec, double *low, double *high)
{
	struct chart_scale *held = spec->held;

	scale_needed(spec, low, high);
	if (!held)
		return;
	if (held->low <= *low && held->high >= *high &&
	    3 * (*high - *low) >= held->high - held->low) {
		*low = held->low;
		*high = held->high;
	}
	*held = (struct chart_scale){ *low, *high };
}

static enum cell_class class_of(const struct chart_spec *spec, double value)
{
	const struct {
		double threshold;
		enum cell_class class;
	} levels[] = { { spec->critical, CELL_CRITICAL },
		       { spec->warning, CELL_WARNING },
		       { spec->info, CELL_INFO } };

	for (size_t i = 0; i < 3; i++)
		if (!isnan(levels[i].threshold) &&
		    (spec->below ? value < levels[i].threshold : value > levels[i].threshold))
			return levels[i].class;
	return CELL_OK;
}

static double worse(const struct chart_spec *spec, double a, double b)
{
	if (isnan(a))
		return b;
	if (isnan(b))
		return a;
	return spec->below ? fmin(a, b) : fmax(a, b);
}

/* New: the value of each of `count` columns, NAN for none. A value holds until the next point, so
 * that few points make no comb. */
static double *chart_columns(const struct chart_spec *spec, int count)
{
	double *columns = xcalloc((size_t)count, sizeof(*columns));
	double span = (double)(spec->to - spec->from);

	for (int i = 0; i < count; i++)
		columns[i] = NAN;
	for (size_t i = 0; i < spec->npoints && span > 0; i++) {
		const struct chart_point *point = &spec->points[i];
		double first = floor((double)(point->at - spec->from) / span * count);
		double last = i + 1 < spec->npoints
				  ? ceil((double)(point[1].at - spec->from) / span * count) - 1
				  : fmin(floor((double)(point->at + spec->hold_us - spec->from) /
					       span * count),
					 count - 1);

		/* The right border belongs to the last column. */
		if (point->at == spec->to)
			first = last = count - 1;
		if (!isfinite(point->value) || first >= count)
			continue;
		/* A point before the left border reaches in only by being held. */
		if (first < 0 && last < 0)
			continue;
		if (last < first)
			last = first;
		for (int c = first < 0 ? 0 : (int)first; c <= last && c < count; c++)
			if (c == (int)first || isnan(columns[c]))
				columns[c] = worse(spec, columns[c], point->value);
	}
	return columns;
}

bool chart_extremes(const struct chart_spec *spec, double *least, double *greatest)
{
	bool any = false;

	for (size_t i = 0; i < spec->npoints; i++) {
		const struct chart_point *point = &spec->points[i];

		if (!isfinite(point->value) || point->at < spec->from || point->at > spec->to)
			continue;
		*least = any ? fmin(*least, point->value) : point->value;
		*greatest = any ? fmax(*greatest, point->value) : point->value;
		any = true;
	}
	return any;
}

/* Height of a value in `steps` steps from the bottom; what is not at the very bottom shows. */
static int height_of(double value, double low, double high, int steps)
{
	double share = high > low ? (value - low) / (high - low) : 0;
	int height = (int)lround(fmin(fmax(share, 0), 1) * steps);

	return height == 0 && value > low ? 1 : height;
}

static int32_t fill_glyph(enum chart_glyphs glyphs, int filled, int steps)
{
	if (filled <= 0)
		return 0;
	if (glyphs == CHART_BLOCK)
		return eighths[filled * 8 / steps];
	return filled >= steps ? '|' : filled * 2 >= steps ? ':' : '.';
}

/* Dots of one braille cell (Unicode: 0x2800 plus a bit a dot), filled from below. */
static int32_t braille_glyph(int left, int right)
{
	static const int32_t left_dots[] = { 0x40, 0x04, 0x02, 0x01 };
	static const int32_t right_dots[] = { 0x80, 0x20, 0x10, 0x08 };
	int32_t dots = 0;

	for (int i = 0; i < left && i < 4; i++)
		dots |= left_dots[i];
	for (int i = 0; i < right && i < 4; i++)
		dots |= right_dots[i];
	return dots ? 0x2800 + dots : 0;
}

struct canvas {
	const struct chart_spec *spec;
	struct cell *cells;
	double low, high;
};

int chart_row(double value, double low, double high, int height)
{
	int row = height - height_of(value, low, high, height);

	return row < height ? row : height - 1;
}

static void draw_threshold(const struct canvas *canvas, double value)
{
	const struct chart_spec *spec = canvas->spec;
	int row;

	if (isnan(value) || value < canvas->low || value > canvas->high)
		return;
	row = chart_row(value, canvas->low, canvas->high, spec->height);
	for (int x = 0; x < spec->width; x += 2)
		canvas->cells[row * spec->width + x] =
		    (struct cell){ .cp = spec->glyphs == CHART_ASCII ? '-' : 0x2500,
				   .class = CELL_LINE };
}

/* Behind the values, but for its letter. */
static void draw_mark(const struct canvas *canvas, const struct chart_mark *mark)
{
	const struct chart_spec *spec = canvas->spec;
	int64_t span = spec->to - spec->from;
	int x;

	if (mark->at < spec->from || mark->at > spec->to || span <= 0)
		return;
	x = (int)((double)(mark->at - spec->from) / (double)span * spec->width);
	x = x < spec->width ? x : spec->width - 1;
	for (int y = 0; y < spec->height; y++) {
		struct cell *cell = &canvas->cells[y * spec->width + x];

		if (y == 0)
			*cell = (struct cell){ .cp = mark->letter, .class = CELL_MARK };
		else if (cell->class == CELL_EMPTY || cell->class == CELL_LINE)
			*cell = (struct cell){ .cp = spec->glyphs == CHART_ASCII ? '!' : 0x2506,
					       .class = CELL_MARK };
	}
}

/* With a floor a value that is there is seen. */
static int shown_height(const struct chart_spec *spec, double value, double low, double high,
			int steps)
{
	int height = height_of(value, low, high, steps);

	return height == 0 && spec->floor ? 1 : height;
}

static void draw_column(const struct canvas *canvas, int x, const double *values)
{
	const struct chart_spec *spec = canvas->spec;
	bool braille = spec->glyphs == CHART_BRAILLE;
	int steps = braille ? 4 : spec->glyphs == CHART_BLOCK ? 8 : 3;
	double worst = braille ? worse(spec, values[0], values[1]) : values[0];
	int heights[2] = { 0, 0 };

	if (isnan(worst))
		return;
	for (int i = 0; i < (braille ? 2 : 1); i++)
		if (!isnan(values[i]))
			heights[i] = shown_height(spec, values[i], canvas->low, canvas->high,
						  spec->height * steps);
	for (int y = 0; y < spec->height; y++) {
		int base = (spec->height - 1 - y) * steps;
		int32_t cp =
		    braille
			? braille_glyph(heights[0] - base, heights[1] - base)
			: fill_glyph(spec->glyphs,
				     heights[0] - base > steps ? steps : heights[0] - base, steps);

		if (cp)
			canvas->cells[y * spec->width + x] =
			    (struct cell){ .cp = cp, .class = class_of(spec, worst) };
	}
}

void chart_draw(const struct chart_spec *spec, struct cell *cells, double *low, double *high)
{
	struct canvas canvas = { .spec = spec, .cells = cells };
	int wide = spec->glyphs == CHART_BRAILLE ? 2 : 1;
	double *columns;

	scale_choose(spec, &canvas.low, &canvas.high);
	*low = canvas.low;
	*high = canvas.high;
	if (spec->width <= 0 || spec->height <= 0)
		return;
	for (int i = 0; i < spec->width * spec->height; i++)
		cells[i] = (struct cell){ .cp = ' ', .class = CELL_EMPTY };
	draw_threshold(&canvas, spec->info);
	draw_threshold(&canvas, spec->warning);
	draw_threshold(&canvas, spec->critical);
	columns = chart_columns(spec, spec->width * wide);
	for (int x = 0; x < spec->width; x++)
		draw_column(&canvas, x, columns + x * wide);
	for (size_t i = 0; i < spec->nmarks; i++)
		draw_mark(&canvas, &spec->marks[i]);
	free(columns);
}

void chart_spark(const struct chart_spec *spec, struct cell *cells)
{
	static const char ascii[] = "_.-:=+*#";
	struct chart_spec shown = *spec;
	int wide = spec->glyphs == CHART_BRAILLE ? 2 : 1;
	double *columns, low, high;

	shown.floor = true;
	scale_choose(spec, &low, &high);
	if (spec->width <= 0)
		return;
	columns = chart_columns(spec, spec->width * wide);
	for (int x = 0; x < spec->width; x++) {
		int heights[2] = { 0, 0 };
		double worst = NAN;

		cells[x] = (struct cell){ .cp = ' ', .class = CELL_EMPTY };
		for (int i = 0; i < wide; i++) {
			double value = columns[x * wide + i];

			if (isnan(value))
				continue;
			worst = worse(spec, worst, value);
			heights[i] = shown_height(&shown, value, low, high, wide == 2 ? 4 : 8);
		}
		if (isnan(worst))
			continue;
		cells[x].class = class_of(spec, worst);
		cells[x].cp = wide == 2			    ? braille_glyph(heights[0], heights[1])
			      : spec->glyphs == CHART_BLOCK ? eighths[heights[0]]
							    : ascii[heights[0] - 1];
	}
	free(columns);
}
