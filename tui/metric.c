#include "tui/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/keys.h"
#include "core/standing.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define MUCH_OLDER 3 /* intervals */

const char *metric_title(const struct metric *metric)
{
	return metric->title ? metric->title : metric->name;
}

static bool is_known(const struct reading *reading)
{
	return reading->verdict != VERDICT_UNKNOWN && reading->has_value;
}

int64_t metric_stale_us(struct ui *ui, const struct metric *metric)
{
	const struct sense *sense = session_sense(ui->session);
	const struct reading *reading = sense_metric(sense, metric);
	int64_t age = ui_now(ui) - reading->at;

	return is_known(reading) && age > MUCH_OLDER * sense_interval(sense, metric) ? age : 0;
}

const char *metric_why(struct ui *ui, const struct metric *metric)
{
	const struct reading *reading = sense_metric(session_sense(ui->session), metric);

	return is_known(reading) || !reading->at ? "" : reading->evidence;
}

static char *seconds_text(int64_t us, char *out, size_t size)
{
	return duration_text(us / CLOCK_US * CLOCK_US, out, size);
}

char *metric_status(struct ui *ui, const struct metric *metric, char *out, size_t size,
		    enum style *style)
{
	struct sense *sense = session_sense(ui->session);
	const struct alert *alert = sense_alert(sense, metric);
	const struct reading *reading = sense_metric(sense, metric);
	int64_t stale = metric_stale_us(ui, metric);
	char value[64], name[16], age[48];

	reading_short(reading, metric->unit, value, sizeof(value));
	*style = is_known(reading) && !stale ? style_level(alert->level) : STYLE_WARNING;
	if (stale)
		snprintf(out, size, "%s  %s old", value, seconds_text(stale, age, sizeof(age)));
	else if (is_known(reading) && alert_is_judged(alert))
		snprintf(out, size, "%s  %s", value, level_text(alert->level, name));
	else if (alert->no_data)
		snprintf(out, size, "no data for %s",
			 seconds_text(ui_now(ui) - alert->no_data_since, age, sizeof(age)));
	else
		snprintf(out, size, "%s", value);
	return out;
}

/* ---- what is marked ---- */

#define MARKS 16

struct marks {
	struct chart_mark list[MARKS];
	const char *names[MARKS];
	size_t n;
};

static void mark_add(struct marks *marks, int64_t at, char letter, const char *name)
{
	if (marks->n == MARKS)
		return;
	marks->names[marks->n] = name;
	marks->list[marks->n++] = (struct chart_mark){ .at = at, .letter = letter };
}

static bool is_raised(const struct timeline_entry *entry, const struct metric *metric)
{
	const char *level = json_str(entry_json(entry), "level", "ok");

	return strcmp(json_str(entry_json(entry), "metric", ""), metric->name) == 0 &&
	       strcmp(level, "ok") != 0;
}

/* From the record, newest first; without one the alert that is up now. */
static void marks_find(struct ui *ui, const struct metric *metric, int64_t from,
		       struct marks *marks)
{
	const struct incident_state *state = session_state(ui->session);
	const struct alert *alert = sense_alert(session_sense(ui->session), metric);

	if (!state && alert->level > LEVEL_OK && alert->since >= from)
		mark_add(marks, alert->since, 'A', "alert raised");
	if (state && state->opened_at >= from)
		mark_add(marks, state->opened_at, 'I', "incident opened");
	for (size_t i = state ? state->ntimeline : 0; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->at < from)
			break;
		if (entry->hidden)
			continue;
		if (entry->event == EV_ALERT && is_raised(entry, metric))
			mark_add(marks, entry->at, 'A', "alert raised");
		else if (entry->event == EV_INTENT)
			mark_add(marks, entry->at, 'S', "step run");
	}
}

void metric_marks_print(struct ui *ui, const struct metric *metric, int64_t from, struct buf *out)
{
	struct marks marks = { .n = 0 };
	char clock[TIME_RFC3339_MAX];

	marks_find(ui, metric, from, &marks);
	for (size_t i = 0; i < marks.n; i++)
		buf_printf(out, "%s%c %s %sZ", i ? ", " : "", marks.list[i].letter, marks.names[i],
			   time_clock(marks.list[i].at, clock));
}

/* ---- charts ---- */

static struct chart_spec spec_of(struct ui *ui, const struct metric *metric, int64_t span_us)
{
	struct sense *sense = session_sense(ui->session);
	const struct alert *alert = sense_alert(sense, metric);
	int64_t now = ui_now(ui);
	struct chart_spec spec = { .glyphs = ui->screen.glyphs->chart,
				   .from = now - span_us,
				   .to = now,
				   .info = alert->limits[LEVEL_INFO],
				   .warning = alert->limits[LEVEL_WARNING],
				   .critical = alert->limits[LEVEL_CRITICAL],
				   .below = metric->below,
				   .floor = true };

	if (is_known(sense_metric(sense, metric)) && !metric_stale_us(ui, metric))
		spec.hold_us = MUCH_OLDER * sense_interval(sense, metric);
	if (metric->unit && !strcmp(metric->unit, "%"))
		spec.high = 100;
	spec.points = sense_series(sense, metric, spec.from, &spec.npoints);
	return spec;
}

/* The borders move on by whole columns: in between the values stay in theirs, so that a chart does
 * not flicker, and costs the terminal little. */
static void align(struct chart_spec *spec)
{
	int64_t column = spec->width > 0 ? (spec->to - spec->from) / spec->width : 0;

	if (column <= 0)
		return;
	spec->to += column - spec->to % column;
	spec->from = spec->to - column * spec->width;
}

/* Of the range that it moved in, so that a slope shows; what hardly moves is drawn flat. */
static void range_of(const struct chart_spec *spec, double *low, double *high)
{
	double least = 0, most = 0, room;

	chart_extremes(spec, &least, &most);
	room = fmax((most - least) * 0.1, fmax(fabs(most) * 0.05, 1e-9));
	*low = least - room;
	*high = most + room;
}

void metric_spark(struct ui *ui, const struct metric *metric, int64_t span_us,
		  const struct canvas *canvas, int y, int x, int width)
{
	struct chart_spec spec = spec_of(ui, metric, span_us);
	struct cell *cells;

	if (width < 1 || y >= canvas->h)
		return;
	range_of(&spec, &spec.low, &spec.high);
	spec.width = width;
	spec.height = 1;
	align(&spec);
	cells = xcalloc((size_t)width, sizeof(*cells));
	chart_spark(&spec, cells);
	canvas_cells(canvas, y, x, 1, width, cells);
	free(cells);
}

static void limit_label(const struct canvas *canvas, double limit, double low, double high,
			enum style style)
{
	char number[32];

	if (isnan(limit) || high <= low || limit < low || limit > high)
		return;
	canvas_printf(canvas, chart_row(limit, low, high, canvas->h - 1), 0, style, "%5s",
		      number_text(limit, number, sizeof(number)));
}

/* "-10 min    0 to 62    now" */
static void axis_draw(const struct chart_spec *spec, int64_t span_us, const struct canvas *canvas)
{
	struct canvas row = canvas_part(canvas, canvas->h - 1, 6, 1, -1);
	double least, greatest;
	char span[48], low[32], high[32], text[80];
	int x, width;

	x = canvas_printf(&row, 0, 0, STYLE_DIM, "-%s", duration_text(span_us, span, sizeof(span)));
	canvas_right(&row, 0, STYLE_DIM, "now");
	if (!chart_extremes(spec, &least, &greatest))
		return;
	snprintf(text, sizeof(text), "min %s max %s", number_text(least, low, sizeof(low)),
		 number_text(greatest, high, sizeof(high)));
	width = (int)strlen(text);
	if (x + 1 + width + 1 <= row.w - 3)
		canvas_text(&row, 0, x + (row.w - 3 - x - width) / 2, STYLE_DIM, text);
}

static void scale_draw(const struct chart_spec *spec, double low, double high,
		       const struct canvas *canvas)
{
	char number[32];

	canvas_printf(canvas, 0, 0, STYLE_DIM, "%5s", number_text(high, number, sizeof(number)));
	canvas_printf(canvas, spec->height - 1, 0, STYLE_DIM, "%5s",
		      number_text(low, number, sizeof(number)));
	limit_label(canvas, spec->info, low, high, STYLE_INFO);
	limit_label(canvas, spec->warning, low, high, STYLE_WARNING);
	limit_label(canvas, spec->critical, low, high, STYLE_CRITICAL);
}

void metric_chart(struct ui *ui, const struct metric *metric, const struct metric_look *look,
		  const struct canvas *canvas)
{
	struct chart_spec spec = spec_of(ui, metric, look->span_us);
	struct marks marks = { .n = 0 };
	const char *why = look->note ? look->note : metric_why(ui, metric);
	struct cell *cells;
	double low, high;

	if (canvas->h < 3) {
		metric_spark(ui, metric, look->span_us, canvas, 0, 0, canvas->w);
		return;
	}
	spec.width = canvas->w - 6;
	spec.height = canvas->h - 1;
	if (spec.width < 4)
		return;
	align(&spec);
	if (look->points) {
		spec.points = look->points;
		spec.npoints = look->npoints;
	}
	marks_find(ui, metric, spec.from, &marks);
	spec.marks = marks.list;
	spec.nmarks = marks.n;
	spec.held = look->scale;
	cells = xcalloc((size_t)(spec.width * spec.height), sizeof(*cells));
	chart_draw(&spec, cells, &low, &high);
	canvas_cells(canvas, 0, 6, spec.height, spec.width, cells);
	free(cells);
	scale_draw(&spec, low, high, canvas);
	axis_draw(&spec, look->span_us, canvas);
	if (*why) {
		struct canvas plot = canvas_part(canvas, 0, 6, spec.height, -1);

		canvas_wrap(&plot, 0, 0, 0, STYLE_WARNING, why);
	}
}

/* ---- words ---- */

static void duration_print(struct ui *ui, const char *name, const json_t *value, struct buf *out)
{
	int64_t us = sense_duration(session_sense(ui->session), value, 0);
	char text[48];

	if (us)
		buf_printf(out, ", %s %s", name, duration_text(us, text, sizeof(text)));
}

void metric_rule_print(struct ui *ui, const struct metric *metric, struct buf *out)
{
	const struct alert *alert = sense_alert(session_sense(ui->session), metric);
	const char *gap = *metric->unit && strcmp(metric->unit, "%") != 0 ? " " : "";
	char number[32];
	size_t n = 0;

	for (int level = LEVEL_INFO; level <= LEVEL_CRITICAL; level++) {
		if (isnan(alert->limits[level]))
			continue;
		buf_printf(out, "%s%s %s %s%s%s", n++ ? ", " : "", level_name((enum level)level),
			   metric->below ? "below" : "above",
			   number_text(alert->limits[level], number, sizeof(number)), gap,
			   metric->unit);
		if (isfinite(alert->recoveries[level]))
			buf_printf(out, " (goes at %s)",
				   number_text(alert->recoveries[level], number, sizeof(number)));
	}
	if (!n) {
		buf_puts(out, "no thresholds");
		return;
	}
	duration_print(ui, "past it for", metric->for_, out);
	if (json_is_integer(metric->samples))
		buf_printf(out, ", %d samples in a row", (int)json_integer_value(metric->samples));
	duration_print(ui, "back for", metric->clear, out);
	duration_print(ui, "said again after", metric->cooldown, out);
}

void metric_suggest_print(struct ui *ui, const struct metric *metric, struct buf *out)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct procedure *procedure;
	const struct condition *condition;

	if (!metric->suggest)
		return;
	procedure = runbook_procedure(runbook, metric->suggest);
	condition = runbook_condition(runbook, metric->suggest);
	buf_printf(out, "%s (%s)",
		   procedure   ? procedure->title
		   : condition ? condition->title
			       : "go through the tree",
		   key_defs[KEY_ID_DECIDE].name);
}

/* Who muted it and why stands in the file beside the samples. */
static void mute_print(struct ui *ui, const struct alert *alert, struct buf *out)
{
	const struct sense *sense = session_sense(ui->session);
	json_t *mutes = sense_kept(sense) ? kept_mutes(sense_kept(sense)) : json_object();
	const json_t *mute = json_object_get(mutes, alert->metric->name);
	const char *by = json_str(mute, "by", ""), *reason = json_str(mute, "reason", "");
	char left[48];

	if (sense_is_muted(sense, alert))
		buf_printf(out, "Muted: for another %s%s%s%s%s\n",
			   seconds_text(alert->muted_until - ui_now(ui), left, sizeof(left)),
			   *by ? ", by " : "", by, *reason ? ": " : "", reason);
	json_decref(mutes);
}

static void alert_print(struct ui *ui, const struct metric *metric, struct buf *out)
{
	const struct incident_state *state = session_state(ui->session);
	const struct alert *alert = sense_alert(session_sense(ui->session), metric);
	const struct alert_state *recorded =
	    state ? &state->alerts[metric - session_runbook(ui->session)->metrics] : NULL;
	char age[64];

	if (alert->level > LEVEL_OK)
		buf_printf(out, "Level: %s for %s\n", level_name(alert->level),
			   seconds_text(ui_now(ui) - alert->since, age, sizeof(age)));
	if (alert->no_data)
		buf_printf(out, "No data: the last value came %s\n",
			   age_text(alert->no_data_since, ui_now(ui), age, sizeof(age)));
	if (recorded && recorded->acknowledged)
		buf_printf(out, "Acknowledged: by %s, %s\n", recorded->acknowledged_by,
			   age_text(recorded->acknowledged_at, ui_now(ui), age, sizeof(age)));
	mute_print(ui, alert, out);
}

char *metric_details(struct ui *ui, const struct metric *metric)
{
	const struct reading *reading = sense_metric(session_sense(ui->session), metric);
	struct buf text = BUF_INIT, suggest = BUF_INIT;
	char status[96], age[64];
	enum style style;

	buf_printf(&text, "%s: %s (%s)\n", metric_title(metric),
		   metric_status(ui, metric, status, sizeof(status), &style),
		   age_text(reading->at, ui_now(ui), age, sizeof(age)));
	if (reading->evidence[0])
		buf_printf(&text, "%s: %s\n", *metric_why(ui, metric) ? "Why" : "Evidence",
			   reading->evidence);
	buf_puts(&text, "Rule: ");
	metric_rule_print(ui, metric, &text);
	buf_putc(&text, '\n');
	alert_print(ui, metric, &text);
	metric_suggest_print(ui, metric, &suggest);
	if (suggest.len)
		buf_printf(&text, "Suggests: %s\n", buf_str(&suggest));
	buf_release(&suggest);
	return buf_detach(&text);
}
