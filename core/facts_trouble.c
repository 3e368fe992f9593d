/* Facts of the trouble: how it was noticed, what it did, what was measured. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/facts_parts.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/logline.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define ERRORS_MAX   (16 << 20)
#define MESSAGES_MAX 3	/* of different errors, in one field */
#define TRACE_MAX    12 /* lines of a traceback */

static bool holds(const struct timeline_entry *entry)
{
	return entry->event == EV_CONDITION && !entry->misfit &&
	       strcmp(json_str(entry_json(entry), "verdict", ""), "pass") == 0;
}

/* The first alert, condition or declaration. */
char *fact_discovered(const struct incident *incident, const char *subject)
{
	const struct incident_state *state = &incident->state;
	char at[TIME_RFC3339_MAX];

	(void)subject;
	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (!entry->misfit && (entry->event == EV_ALERT || holds(entry)))
			return xasprintf("%s UTC: %s", time_datetime(entry->at, at),
					 entry_text(entry));
	}
	return fact_moment(state->opened_at);
}

/* Whether a condition was on record as holding. */
static bool held(const struct incident_state *state, const struct condition *condition)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		if (holds(&state->timeline[i]) &&
		    strcmp(json_str(entry_json(&state->timeline[i]), "condition", ""),
			   condition->name) == 0)
			return true;
	}
	return false;
}

/* Of all conditions that held, the most severe first: their titles, or what users notice. */
static char *of_conditions(const struct incident_state *state, bool impact)
{
	const struct runbook *runbook = state->runbook;
	struct buf out = BUF_INIT;

	for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_LOW; severity--) {
		for (size_t i = 0; i < runbook->nconditions; i++) {
			const struct condition *condition = &runbook->conditions[i];
			const char *text = impact ? condition->impact : condition->title;

			if ((int)condition->severity == severity && text && held(state, condition))
				buf_printf(&out, "%s%s", out.len ? "; " : "", text);
		}
	}
	return out.len ? buf_detach(&out) : NULL;
}

char *fact_conditions(const struct incident *incident, const char *subject)
{
	(void)subject;
	return of_conditions(&incident->state, false);
}

char *fact_impact(const struct incident *incident, const char *subject)
{
	(void)subject;
	return of_conditions(&incident->state, true);
}

/* ---- Errors, as errors.txt keeps them: records, each with the lines that go on with it ---- */

static bool begins_error(struct logline_zone *zone, const char *line, size_t len)
{
	struct logline read = { .level = LOGLEVEL_NONE };

	logline_read(zone, line, len, &read);
	return read.level >= LOGLEVEL_ERROR;
}

/* What the console says between the records. */
static bool is_remark(const char *line)
{
	return strncmp(line, "== ", 3) == 0 || strncmp(line, "... ", 4) == 0;
}

static bool errors_read(const struct incident *incident, struct buf *text)
{
	char *path = path_join(incident->folder, "errors.txt");
	bool read = file_exists(path) && file_read(path, text, ERRORS_MAX, NULL) == 0;

	free(path);
	return read && text->len;
}

char *fact_messages(const struct incident *incident, const char *subject)
{
	struct logline_zone *zone = xcalloc(1, sizeof(*zone));
	struct buf text = BUF_INIT, out = BUF_INIT;
	int n = 0;

	(void)subject;
	if (errors_read(incident, &text)) {
		for (const char *line = buf_str(&text); *line && n < MESSAGES_MAX;) {
			size_t len = strcspn(line, "\n");

			if (!is_remark(line) && begins_error(zone, line, len))
				buf_printf(&out, "%s%.*s", n++ ? "\n" : "", (int)len, line);
			line += len + (line[len] == '\n');
		}
	}
	buf_release(&text);
	free(zone);
	return out.len ? buf_detach(&out) : NULL;
}

/* The first error that has lines which go on with it: those lines. */
char *fact_traceback(const struct incident *incident, const char *subject)
{
	struct logline_zone *zone = xcalloc(1, sizeof(*zone));
	struct buf text = BUF_INIT, out = BUF_INIT;
	bool within = false;
	int n = 0;

	(void)subject;
	if (errors_read(incident, &text)) {
		for (const char *line = buf_str(&text); *line && n < TRACE_MAX;) {
			size_t len = strcspn(line, "\n");

			if (is_remark(line) || begins_error(zone, line, len)) {
				if (n)
					break;
				within = !is_remark(line);
			} else if (within) {
				buf_printf(&out, "%s%.*s", n++ ? "\n" : "", (int)len, line);
			}
			line += len + (line[len] == '\n');
		}
	}
	buf_release(&text);
	free(zone);
	return out.len ? buf_detach(&out) : NULL;
}

/* ---- Metrics ---- */

static char *metric_value(const struct incident *incident, const char *name, bool worst)
{
	const struct metric *metric = runbook_metric(incident->state.runbook, name);
	struct chart_point *points;
	double value = NAN;
	char number[32];
	size_t n;

	if (!metric)
		return NULL;
	points = incident_metrics(incident->folder, metric->name, &n);
	for (size_t i = 0; i < n; i++) {
		double point = points[i].value;

		if (!isnan(point) &&
		    (!worst || isnan(value) || (metric->below ? point < value : point > value)))
			value = point;
	}
	free(points);
	if (isnan(value))
		return NULL;
	return xasprintf("%s%s%s", text_number(value, number, sizeof(number)),
			 metric->unit && *metric->unit ? " " : "",
			 metric->unit ? metric->unit : "");
}

char *fact_metric_latest(const struct incident *incident, const char *subject)
{
	return metric_value(incident, subject, false);
}

char *fact_metric_worst(const struct incident *incident, const char *subject)
{
	return metric_value(incident, subject, true);
}
