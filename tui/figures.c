/* A metric's latest history in one row; whether its reading is too old. */
#include <math.h>
#include <stdlib.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "tui/panel.h"

/* How often the slowest sources are asked that say nothing about it. */
#define SLOW_US (10 * CLOCK_US)

/* Of the range that it moved in, so that a slope shows; what hardly moves is drawn flat. */
static void range_of(const struct chart_spec *spec, double *low, double *high)
{
	double least = INFINITY, most = -INFINITY, room;

	for (size_t i = 0; i < spec->npoints; i++) {
		if (isnan(spec->points[i].value))
			continue;
		least = fmin(least, spec->points[i].value);
		most = fmax(most, spec->points[i].value);
	}
	if (isinf(least))
		least = most = 0;
	room = fmax((most - least) * 0.1, fmax(fabs(most) * 0.05, 1e-9));
	*low = least - room;
	*high = most + room;
}

void metric_spark(struct ui *ui, const struct metric *metric, int64_t span_us,
		  const struct canvas *canvas, int y, int x, int width)
{
	struct sense *sense = session_sense(ui->session);
	const struct alert *alert = sense_alert(sense, metric);
	struct chart_spec spec = {
		.width = width,
		.height = 1,
		.glyphs = ui->screen.glyphs->chart,
		.to = ui_now(ui),
		.from = ui_now(ui) - span_us,
		.info = alert ? alert->limits[LEVEL_INFO] : NAN,
		.warning = alert ? alert->limits[LEVEL_WARNING] : NAN,
		.critical = alert ? alert->limits[LEVEL_CRITICAL] : NAN,
		.below = metric->below,
	};
	struct cell *cells;
	double low, high;

	if (width < 1)
		return;
	spec.points = sense_series(sense, metric, spec.from, &spec.npoints);
	range_of(&spec, &spec.low, &spec.high);
	cells = xcalloc((size_t)width, sizeof(*cells));
	/* Thresholds colour the values; lines have no room here. */
	chart_draw(&spec, cells, &low, &high);
	for (int i = 0; i < width; i++)
		if (cells[i].class == CELL_LINE)
			cells[i] = (struct cell){ .cp = ' ', .class = CELL_EMPTY };
	canvas_cells(canvas, y, x, 1, width, cells);
	free(cells);
}

/* A source may be asked more rarely than its metrics are read. */
bool metric_is_old(struct ui *ui, const struct metric *metric)
{
	struct sense *sense = session_sense(ui->session);
	const struct reading *reading = sense_metric(sense, metric);
	int64_t every = sense_duration(sense, metric->every, CLOCK_US);
	int64_t asked = metric->source
			    ? json_us(sense_declared(sense, metric->source), "every", SLOW_US)
			    : SLOW_US;

	if (asked > every)
		every = asked;
	return reading->at != 0 && ui_now(ui) - reading->at > 3 * every;
}
