#include "tui/endpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/timefmt.h"
#include "tui/panel.h"
#include "tui/say.h"

#define SPAN_US	     (2 * 3600 * CLOCK_US)
#define GAP_US	     (60 * CLOCK_US)
#define PROBE_OLD_US (60 * CLOCK_US)

static const char down[] = "DOWN";

bool endpoint_is(const struct source *source)
{
	static const char *const types[] = { "http", "prometheus", "tcp",
					     "file", "command",	   "service" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i], source->type->type.name) == 0)
			return true;
	return false;
}

/* ---- metrics ---- */

static bool type_reads(const struct source_type *type, const char *read)
{
	for (const struct read_def *def = type->type.reads; def && def->name; def++)
		if (strcmp(def->name, read) == 0)
			return true;
	return false;
}

/* 1 up, 0 down, -1: it doesn't say. The reason comes with it. */
static int up_of(struct ui *ui, const struct metric *metric, char *why, size_t size)
{
	struct source *source =
	    metric->source ? sense_source(session_sense(ui->session), metric->source) : NULL;
	const struct reading *own = sense_metric(session_sense(ui->session), metric);
	const char *read = json_str(metric->read.args, "read", "");
	struct reading reading = { 0 };

	if (strcmp(read, "up") == 0 || strcmp(read, "exists") == 0) {
		reading = *own;
	} else if (source && type_reads(source->type, "up") &&
		   !(source->type->slow && source->type->slow("up"))) {
		json_t *ask = json_pack("{s:s}", "read", "up");

		source->type->read(source, ask, 0, &reading);
		json_decref(ask);
	}
	if (reading.verdict == VERDICT_UNKNOWN || !reading.has_value)
		return -1;
	if (reading.value == 0)
		snprintf(why, size, "%s", reading.evidence);
	return reading.value != 0;
}

static bool zero_is_down(const struct metric *metric)
{
	const char *read = json_str(metric->read.args, "read", "");

	return strcmp(read, "up") == 0 || strcmp(read, "exists") == 0;
}

static void state_set(struct endpoint *row, enum style style, const char *word)
{
	row->style = style;
	snprintf(row->state, sizeof(row->state), "%s", word);
}

/* Seconds as people say them. */
static void value_print(const struct metric *metric, const struct reading *reading, char *out,
			size_t size)
{
	const char *unit = metric->unit ? metric->unit : reading->unit;

	if (strcmp(unit, "s") == 0 && fabs(reading->value) >= 60)
		duration_text((int64_t)reading->value * CLOCK_US, out, size);
	else
		reading_short(reading, metric->unit, out, size);
}

/* Down goes before all; what can't be read, before what was read earlier. */
static void metric_judge(struct ui *ui, const struct metric *metric, struct endpoint *row)
{
	const struct alert *alert = sense_alert(session_sense(ui->session), metric);
	const struct reading *reading = sense_metric(session_sense(ui->session), metric);
	bool read = reading->verdict == VERDICT_PASS && reading->has_value;
	int up = up_of(ui, metric, row->why, sizeof(row->why));
	char word[16];

	if (up == 0)
		state_set(row, STYLE_CRITICAL, down);
	else if (!read)
		state_set(row, STYLE_WARNING, alert && alert->no_data ? "no data" : "unknown");
	else if (alert && alert->level > LEVEL_OK)
		state_set(row, style_level(alert->level), level_text(alert->level, word));
	else
		state_set(row, STYLE_OK, up == 1 ? "up" : "ok");
	if (read && !zero_is_down(metric))
		value_print(metric, reading, row->value, sizeof(row->value));
	if (!read && row->why[0] == '\0')
		snprintf(row->why, sizeof(row->why), "%s", reading->evidence);
}

/* A metric that tells up from down for the same source; NULL. */
static const struct metric *up_metric(struct ui *ui, const struct metric *metric)
{
	const struct runbook *runbook = session_runbook(ui->session);

	if (zero_is_down(metric))
		return metric;
	for (size_t i = 0; i < runbook->nmetrics && metric->source; i++) {
		const struct metric *other = &runbook->metrics[i];

		if (other->source && strcmp(other->source, metric->source) == 0 &&
		    zero_is_down(other))
			return other;
	}
	return NULL;
}

/* From the history of "up", where somebody keeps it; else a value was an answer. */
static void uptime_fill(struct ui *ui, struct endpoint *row)
{
	const struct metric *up = up_metric(ui, row->metric);
	const struct chart_point *points;
	int64_t now = ui_now(ui);
	size_t n;

	points = sense_series(session_sense(ui->session), up ? up : row->metric, now - SPAN_US, &n);
	uptime_of(points, n, now, GAP_US, up != NULL, &row->uptime);
	/* An answer that says that it is down: since when is not known then. */
	if (row->uptime.up && strcmp(row->state, down) == 0)
		row->uptime = (struct uptime){ .percent = NAN };
}

void endpoint_of_metric(struct ui *ui, const struct metric *metric, struct endpoint *out)
{
	*out = (struct endpoint){ .metric = metric, .name = metric_title(metric) };
	out->at = sense_metric(session_sense(ui->session), metric)->at;
	out->old = metric_stale_us(ui, metric) > 0;
	metric_judge(ui, metric, out);
	uptime_fill(ui, out);
}

/* ---- probes ---- */

void endpoint_of_probe(struct ui *ui, const struct probe *probe, struct endpoint *out)
{
	static const struct {
		enum style style;
		const char *word;
	} states[] = {
		[VERDICT_UNKNOWN] = { STYLE_WARNING, "unknown" },
		[VERDICT_PASS] = { STYLE_OK, "pass" },
		[VERDICT_FAIL] = { STYLE_CRITICAL, "FAIL" },
	};
	const struct sensed *sensed = sense_probe(session_sense(ui->session), probe);
	const struct reading *reading = &sensed->reading;

	*out = (struct endpoint){ .probe = probe, .name = probe_name(probe), .at = reading->at };
	state_set(out, states[reading->verdict].style, states[reading->verdict].word);
	out->old = reading->at != 0 && ui_now(ui) - reading->at > PROBE_OLD_US;
	if (reading->has_value)
		reading_short(reading, NULL, out->value, sizeof(out->value));
	snprintf(out->why, sizeof(out->why), "%s", reading->evidence);
	out->uptime = (struct uptime){ .known = sensed->since != 0,
				       .up = reading->verdict == VERDICT_PASS,
				       .since = sensed->since,
				       .percent = NAN };
}

/* ---- as text ---- */

char *endpoint_since(const struct endpoint *row, int64_t now, char *out, size_t size)
{
	char span[48];
	int64_t us = now - row->uptime.since;

	out[0] = '\0';
	if (row->uptime.known)
		snprintf(out, size, "%s%s", row->uptime.longer ? "> " : "",
			 duration_text(us / CLOCK_US * CLOCK_US, span, sizeof(span)));
	return out;
}

static void metric_print(struct ui *ui, const struct endpoint *row, struct buf *text)
{
	struct source *source = row->metric->source
				    ? sense_source(session_sense(ui->session), row->metric->source)
				    : NULL;
	char *details = metric_details(ui, row->metric), since[64], seen[48];

	buf_puts(text, details);
	free(details);
	endpoint_since(row, ui_now(ui), since, sizeof(since));
	if (*since && !isnan(row->uptime.percent))
		buf_printf(text, "%s: for %s; %.1f%% of the latest %s\n",
			   row->uptime.up ? "Answered" : "No answer", since, row->uptime.percent,
			   duration_text(row->uptime.seen_us / CLOCK_US * CLOCK_US, seen,
					 sizeof(seen)));
	if (source && source->type->tell)
		source->type->tell(source, text);
}

void endpoint_print(struct ui *ui, const struct endpoint *row, struct buf *text)
{
	char since[64], age[48];

	if (row->metric) {
		metric_print(ui, row, text);
		return;
	}
	endpoint_since(row, ui_now(ui), since, sizeof(since));
	buf_printf(text, "%s: %s (%s)\n", row->name, row->state,
		   age_text(row->at, ui_now(ui), age, sizeof(age)));
	if (row->why[0])
		buf_printf(text, "Evidence: %s\n", row->why);
	if (*since)
		buf_printf(text, "So for: %s\n", since);
}
