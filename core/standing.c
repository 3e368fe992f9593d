#include "core/standing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/incident.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define STALE_US      (6 * STANDING_EVERY_US) /* whoever wrote it is gone */
#define FORGOTTEN_US  (24 * 3600 * CLOCK_US)  /* and nobody expects it to be there */
#define RECALLED_US   (3600 * CLOCK_US)
#define LEDGER_MAX    ((size_t)64 << 20)
#define LOOKED_AT_MAX 20  /* incidents: an older one that is still open is nobody's any more */
#define ROUTINES_MAX  200 /* beside those: hourly ones are many */

/* ---- Writing ---- */

static const char *title_of(const struct metric *metric)
{
	return metric->title ? metric->title : metric->name;
}

static void set_time(json_t *json, const char *key, int64_t at)
{
	char text[TIME_RFC3339_MAX];

	if (at)
		json_object_set_new(json, key, json_string(time_rfc3339(at, text)));
}

static void set_number(json_t *json, const char *key, double value)
{
	if (isfinite(value))
		json_object_set_new(json, key, json_real(value));
}

json_t *standing_alert(const struct sense *sense, const struct alert *alert)
{
	const struct metric *metric = alert->metric;
	json_t *json = json_pack("{s:s, s:s, s:s}", "metric", metric->name, "title",
				 title_of(metric), "level", level_name(alert->level));
	char text[READING_TEXT];

	if (!alert->no_data) {
		set_number(json, "value", alert->value);
		json_object_set_new(json, "unit", json_string(metric->unit ? metric->unit : ""));
	}
	if (alert->level > LEVEL_OK) {
		set_number(json, "threshold", alert->threshold);
		set_time(json, "since", alert->since);
	}
	if (alert->no_data) {
		json_object_set_new(json, "no_data", json_true());
		set_time(json, "no_data_since", alert->no_data_since);
		json_object_set_new(json, "why",
				    json_string(sense_metric(sense, metric)->evidence));
	}
	if (sense_is_muted(sense, alert))
		set_time(json, "muted_until", alert->muted_until);
	if (metric->suggest)
		json_object_set_new(json, "suggest", json_string(metric->suggest));
	standing_alert_text(alert, text, sizeof(text));
	json_object_set_new(json, "text", json_text(text, strlen(text)));
	return json;
}

void standing_alert_text(const struct alert *alert, char *out, size_t size)
{
	const struct metric *metric = alert->metric;
	const char *unit = metric->unit ? metric->unit : "";
	const char *gap = !*unit || *unit == '%' || *unit == '/' ? "" : " ";
	char value[32], threshold[32];

	text_number(alert->value, value, sizeof(value));
	text_number(alert->threshold, threshold, sizeof(threshold));

	if (alert->no_data)
		snprintf(out, size, "%s: no data", title_of(metric));
	else if (alert->level > LEVEL_OK && isfinite(alert->threshold))
		snprintf(out, size, "%s %s%s%s (%s %s %s%s%s)", title_of(metric), value, gap, unit,
			 level_name(alert->level), metric->below ? "below" : "above", threshold,
			 gap, unit);
	else
		snprintf(out, size, "%s %s%s%s", title_of(metric), value, gap, unit);
}

bool alert_is_judged(const struct alert *alert)
{
	for (int level = LEVEL_INFO; level <= LEVEL_CRITICAL; level++) {
		if (!isnan(alert->limits[level]))
			return true;
	}
	return false;
}

static bool is_standing(const struct alert *alert)
{
	return alert->level > LEVEL_OK || (alert->no_data && alert_is_judged(alert));
}

static json_t *conditions_of(const struct sense *sense)
{
	const struct runbook *runbook = sense_runbook(sense);
	const struct condition_state *now = sense_conditions(sense);
	json_t *list = json_array();

	for (size_t i = 0; i < runbook->nconditions; i++) {
		const struct condition *condition = &runbook->conditions[i];

		if (now[i].verdict == VERDICT_PASS)
			json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "condition",
							      condition->name, "title",
							      condition->title, "severity",
							      severity_name(condition->severity)));
	}
	return list;
}

json_t *standing_routines(const struct recorded *recorded, int64_t now)
{
	json_t *list = json_array(), *one;

	for (size_t i = 0; recorded && i < recorded->n; i++) {
		const struct recorded_routine *routine = &recorded->routines[i];
		struct due due;

		schedule_due(&routine->routine->schedule, routine->start, routine->done, now, &due);
		if (!recorded_is_asked(routine, &due))
			continue;
		one = json_pack("{s:s, s:s, s:s}", "routine", routine->routine->name, "title",
				routine->routine->title, "state", due_state_name(due.state));
		set_time(one, "since", due.at);
		json_array_append_new(list, one);
	}
	return list;
}

static void put(const struct sense *sense, const struct recorded *recorded, int64_t now, bool ended)
{
	const struct runbook *runbook = sense_runbook(sense);
	struct kept *kept = sense_kept(sense);
	json_t *alerts, *all;

	if (!kept)
		return;
	alerts = json_array();
	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct alert *alert = sense_alert(sense, &runbook->metrics[i]);

		if (is_standing(alert))
			json_array_append_new(alerts, standing_alert(sense, alert));
	}
	all = json_pack("{s:o, s:o, s:o}", "alerts", alerts, "conditions", conditions_of(sense),
			"routines", standing_routines(recorded, now));
	set_time(all, "at", now);
	if (ended)
		json_object_set_new(all, "ended", json_true());
	kept_alerts_put(kept, all, NULL);
	json_decref(all);
}

void standing_put(const struct sense *sense, const struct recorded *recorded, int64_t now)
{
	put(sense, recorded, now, false);
}

void standing_end(const struct sense *sense, int64_t now)
{
	put(sense, NULL, now, true);
}

static enum level level_of(const char *name)
{
	for (int i = LEVEL_INFO; i <= LEVEL_CRITICAL; i++) {
		if (strcmp(level_name((enum level)i), name) == 0)
			return (enum level)i;
	}
	return LEVEL_OK;
}

/* New: what was written last; NULL when that is too long ago. */
static json_t *stood(const struct sense *sense, int64_t now)
{
	json_t *last = sense_kept(sense) ? kept_alerts(sense_kept(sense)) : NULL;
	int64_t at;

	if (time_parse_rfc3339(json_str(last, "at", ""), &at) == 0 && at <= now &&
	    now - at <= RECALLED_US)
		return last;
	json_decref(last);
	return NULL;
}

void standing_recall(struct sense *sense, int64_t now)
{
	json_t *last = stood(sense, now), *one;
	const struct runbook *runbook = sense_runbook(sense);
	int64_t since;
	size_t i;

	json_array_foreach(json_object_get(last, "alerts"), i, one) {
		const struct metric *metric = runbook_metric(runbook, json_str(one, "metric", ""));
		enum level level = level_of(json_str(one, "level", ""));

		if (metric && level > LEVEL_OK &&
		    time_parse_rfc3339(json_str(one, "since", ""), &since) == 0)
			sense_recall(sense, metric, level, since);
	}
	json_decref(last);
}

void standing_held(const struct sense *sense, int64_t now,
		   void (*fn)(const struct condition *condition, void *data), void *data)
{
	json_t *last = stood(sense, now), *one;
	const struct runbook *runbook = sense_runbook(sense);
	size_t i;

	json_array_foreach(json_object_get(last, "conditions"), i, one) {
		for (size_t c = 0; c < runbook->nconditions; c++)
			if (strcmp(runbook->conditions[c].name, json_str(one, "condition", "")) ==
			    0)
				fn(&runbook->conditions[c], data);
	}
	json_decref(last);
}

/* ---- Reading: targets ---- */

struct line {
	struct buf *out;
	int64_t now;
	size_t n; /* parts so far */
	bool well;
	int incidents, routines; /* looked at */
};

static void part_begin(struct line *line, const char *system, const char *target)
{
	buf_puts(line->out, line->n++ ? " | " : "");
	text_clean(line->out, system, strlen(system));
	buf_putc(line->out, '>');
	text_clean(line->out, target, strlen(target));
	buf_putc(line->out, ' ');
}

static int rank_of(const json_t *alert)
{
	const char *level = json_str(alert, "level", "");

	if (json_str(alert, "muted_until", NULL))
		return 0;
	return strcmp(level, "critical") == 0			 ? 4
	       : strcmp(level, "warning") == 0			 ? 3
	       : json_is_true(json_object_get(alert, "no_data")) ? 2
								 : 1;
}

/* The same scale: a critical condition is no less than a critical alert. */
static int severity_rank(const json_t *condition)
{
	enum severity severity = SEVERITY_LOW;

	severity_parse(json_str(condition, "severity", ""), &severity);
	return 1 + (int)severity;
}

/* The first of those that rank highest, NULL when there is none; all of them are added to *n. */
static const json_t *worst_of(const json_t *list, int (*rank)(const json_t *one), size_t *n)
{
	const json_t *worst = NULL;
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one) {
		if (!rank(one))
			continue;
		if (!worst || rank(one) > rank(worst))
			worst = one;
		(*n)++;
	}
	return worst;
}

static void age_add(struct line *line, int64_t since)
{
	char text[40];

	duration_text((line->now - since) / CLOCK_US * CLOCK_US, text, sizeof(text));
	buf_printf(line->out, ", %s", text);
}

static void upper_add(struct buf *out, const char *word)
{
	for (; *word; word++)
		buf_putc(out, *word >= 'a' && *word <= 'z' ? (char)(*word - 'a' + 'A') : *word);
}

static void alert_add(struct line *line, const json_t *alert)
{
	bool no_data = json_is_true(json_object_get(alert, "no_data"));
	const char *text = json_str(alert, "text", json_str(alert, "metric", "?"));
	int64_t since;

	upper_add(line->out, no_data ? "no data" : json_str(alert, "level", "?"));
	buf_putc(line->out, ' ');
	text_clean(line->out, text, strlen(text));
	if (time_parse_rfc3339(json_str(alert, no_data ? "no_data_since" : "since", ""), &since) ==
	    0)
		age_add(line, since);
}

static int routine_rank(const json_t *routine)
{
	return strcmp(json_str(routine, "state", ""), "overdue") == 0 ? 2 : 1;
}

/* What people have to do is no trouble of the system: said where all else is well. */
static void target_routines(struct line *line, const json_t *routines)
{
	size_t n = 0;
	const json_t *first = worst_of(routines, routine_rank, &n);
	const char *title = json_str(first, "title", "?");
	int64_t since;

	if (!first)
		return;
	buf_printf(line->out, ", %s: ", routine_rank(first) == 2 ? "OVERDUE" : "due");
	text_clean(line->out, title, strlen(title));
	if (time_parse_rfc3339(json_str(first, "since", ""), &since) == 0)
		age_add(line, since);
	if (n > 1)
		buf_printf(line->out, " (+%zu)", n - 1);
}

static void target_alerts(struct line *line, const json_t *standing)
{
	size_t n = 0;
	const json_t *alert = worst_of(json_object_get(standing, "alerts"), rank_of, &n);
	const json_t *condition =
	    worst_of(json_object_get(standing, "conditions"), severity_rank, &n);
	const char *title;

	if (alert && (!condition || rank_of(alert) >= severity_rank(condition))) {
		alert_add(line, alert);
	} else if (condition) {
		title = json_str(condition, "title", "?");
		upper_add(line->out, json_str(condition, "severity", ""));
		buf_putc(line->out, ' ');
		text_clean(line->out, title, strlen(title));
	} else {
		buf_puts(line->out, "ok");
		target_routines(line, json_object_get(standing, "routines"));
		return;
	}
	if (n > 1)
		buf_printf(line->out, " (+%zu)", n - 1);
	line->well = false;
}

static void target_add(const char *system, const char *target, const json_t *standing, void *data)
{
	struct line *line = data;
	char text[40];
	int64_t at, age;

	if (time_parse_rfc3339(json_str(standing, "at", ""), &at) != 0)
		return;
	age = line->now - at;
	if (age > FORGOTTEN_US || json_is_true(json_object_get(standing, "ended")))
		return;
	part_begin(line, system, target);
	if (age > STALE_US) {
		duration_text(age / CLOCK_US * CLOCK_US, text, sizeof(text));
		buf_printf(line->out, "not watched for %s", text);
		line->well = false;
		return;
	}
	target_alerts(line, standing);
}

/* ---- Reading: incidents ---- */

/* What the ledger's lines say, without their runbook. */
struct glance {
	json_t *opened;
	char severity[16];
	int64_t t0;
	bool over;
};

static void glance_line(struct glance *glance, const char *text, size_t len)
{
	json_t *line;
	const char *event;

	if (!glance->opened) {
		glance->opened = json_loadb(text, len, 0, NULL);
		snprintf(glance->severity, sizeof(glance->severity), "%s",
			 json_str(glance->opened, "severity", ""));
		return;
	}
	if (!memmem(text, len, "\"event\":\"incident.", 18) &&
	    !memmem(text, len, "\"event\":\"deployment.planned\"", 28))
		return;
	line = json_loadb(text, len, 0, NULL);
	event = json_str(line, "event", "");
	if (strcmp(event, "incident.resolved") == 0 || strcmp(event, "incident.closed") == 0)
		glance->over = true;
	else if (strcmp(event, "incident.severity") == 0)
		snprintf(glance->severity, sizeof(glance->severity), "%s",
			 json_str(line, "severity", ""));
	else if (strcmp(event, "deployment.planned") == 0)
		time_parse_rfc3339(json_str(line, "t0", ""), &glance->t0);
	json_decref(line);
}

static void glance_folder(struct glance *glance, const char *folder)
{
	for (int segment = 1; segment < 100; segment++) {
		char *name =
		    segment == 1 ? xstrdup("ledger.jsonl") : xasprintf("ledger-%d.jsonl", segment);
		char *path = path_join(folder, name);
		struct buf bytes = BUF_INIT;
		bool there = file_read(path, &bytes, LEDGER_MAX, NULL) == 0;

		for (const char *at = buf_str(&bytes), *end; there && *at;
		     at = *end ? end + 1 : end) {
			end = strchrnul(at, '\n');
			glance_line(glance, at, (size_t)(end - at));
		}
		buf_release(&bytes);
		free(path);
		free(name);
		if (!there)
			break;
	}
}

static void incident_add(const char *id, const char *folder, void *data)
{
	struct line *line = data;
	struct glance glance = { 0 };
	char text[40];
	int64_t opened, past;

	if (line->incidents >= LOOKED_AT_MAX || line->routines >= ROUTINES_MAX)
		return;
	glance_folder(&glance, folder);
	if (strcmp(json_str(glance.opened, "kind", ""), "routine") == 0)
		line->routines++;
	else
		line->incidents++;
	if (glance.opened && !glance.over &&
	    time_parse_rfc3339(json_str(glance.opened, "at", ""), &opened) == 0) {
		past = line->now - (glance.t0 ? glance.t0 : opened);
		part_begin(line, json_str(glance.opened, "system", "?"),
			   json_str(glance.opened, "target", "?"));
		buf_printf(line->out, "%s %s ", json_str(glance.opened, "kind", "incident"), id);
		upper_add(line->out, glance.severity);
		buf_printf(line->out, " T%c%s", past < 0 ? '-' : '+',
			   duration_clock(past < 0 ? -past : past, text, sizeof(text)));
		line->well = false;
	}
	json_decref(glance.opened);
}

bool standing_line(int64_t now, struct buf *out)
{
	struct line line = { .out = out, .now = now, .well = true };

	kept_alerts_each(target_add, &line);
	incidents_each(incident_add, &line, NULL);
	if (!line.n)
		buf_puts(out, "backout: nothing is watched");
	return line.well;
}
