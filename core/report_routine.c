/* The report of a routine: what it was for, how it ended, and the period that it sums up. Phases
 * and events that were put on record. */
#include <stdio.h>

#include "checklists/schedule.h"
#include "core/report_parts.h"
#include "lib/timefmt.h"

static const struct timeline_entry *first(const struct incident_state *state, enum event_id id)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		if (state->timeline[i].event == id && !state->timeline[i].misfit)
			return &state->timeline[i];
	}
	return NULL;
}

bool report_is_routine(const struct incident_state *state)
{
	return state->kind == INCIDENT_ROUTINE && !state->declared_at &&
	       (state->routine.routine || first(state, EV_OCCASION) || first(state, EV_PHASE) ||
		first(state, EV_PHASE_ENDED));
}

static const char *result_text(const char *result)
{
	return *result == 'h'	? "everything holds"
	       : *result == 'p' ? "what is sensed holds; what a person does is left"
	       : *result == 'f' ? "not everything holds"
				: "not ended yet";
}

static void left_table(struct report_section *section, const json_t *left)
{
	static const char *const columns[] = { "Left", "State", "Evidence" };
	struct report_table *table;

	if (!json_array_size(left))
		return;
	table = section_table(section, columns, 3);
	for (size_t i = 0; i < json_array_size(left); i++) {
		const json_t *one = json_array_get(left, i);

		table_row(table, (const char *const[]){ json_str(one, "say", ""),
							json_str(one, "status", ""),
							json_str(one, "evidence", "") });
	}
}

static const char *number(const json_t *one, const char *key, char *out, size_t size)
{
	const json_t *value = json_object_get(one, key);

	if (!json_is_number(value))
		return "-";
	return number_unit_text(json_number_value(value), json_str(one, "unit", ""), out, size);
}

static void metrics_table(struct report_section *section, const json_t *metrics)
{
	static const char *const columns[] = { "Metric",   "Least", "Mean",
					       "Greatest", "Last",  "Samples" };
	struct report_table *table;

	if (!json_array_size(metrics))
		return;
	table = section_table(section, columns, 6);
	for (size_t i = 0; i < json_array_size(metrics); i++) {
		const json_t *one = json_array_get(metrics, i);
		char cells[4][48], n[24];

		snprintf(n, sizeof(n), "%.0f", json_num(one, "n", 0));
		table_row(table, (const char *const[]){
				     json_str(one, "title", ""),
				     number(one, "min", cells[0], sizeof(cells[0])),
				     number(one, "mean", cells[1], sizeof(cells[1])),
				     number(one, "max", cells[2], sizeof(cells[2])),
				     number(one, "last", cells[3], sizeof(cells[3])), n });
	}
}

static void affairs_table(struct report_section *section, const json_t *affairs)
{
	static const char *const columns[] = { "Record", "Kind", "Severity", "What", "Result" };
	struct report_table *table;

	if (!json_array_size(affairs)) {
		section_field(section, "On record", "nothing in that time");
		return;
	}
	table = section_table(section, columns, 5);
	for (size_t i = 0; i < json_array_size(affairs); i++) {
		const json_t *one = json_array_get(affairs, i);

		table_row(table, (const char *const[]){
				     json_str(one, "incident", ""), json_str(one, "kind", ""),
				     json_str(one, "severity", ""), json_str(one, "title", ""),
				     json_str(one, "result", "") });
	}
}

static void period_section(struct report_work *work, json_t *facts)
{
	const struct timeline_entry *entry = first(work->state, EV_PERIOD);
	struct report_section *section;
	const json_t *line;
	int64_t from = 0, until = 0;
	char a[TIME_TEXT_MAX], b[TIME_TEXT_MAX];

	if (!entry)
		return;
	line = entry_json(entry);
	section = report_section(work->report, "Period");
	time_parse_rfc3339(json_str(line, "from", ""), &from);
	time_parse_rfc3339(json_str(line, "until", ""), &until);
	section_field(section, "From", "%s to %s", time_text(from, a), time_text(until, b));
	metrics_table(section, json_object_get(line, "metrics"));
	affairs_table(section, json_object_get(line, "affairs"));
	fact_time(facts, "from", from);
	fact_time(facts, "until", until);
	json_object_set(facts, "metrics", json_object_get(line, "metrics"));
	json_object_set(facts, "affairs", json_object_get(line, "affairs"));
}

static void routine_section(struct report_work *work)
{
	const struct routine_state *now = &work->state->routine;
	const struct timeline_entry *ended = first(work->state, EV_ROUTINE_ENDED);
	const json_t *left = ended ? json_object_get(entry_json(ended), "left") : NULL;
	struct report_section *section;
	json_t *facts;
	char text[160];

	if (!now->routine)
		return;
	section = report_section(work->report, "Routine");
	facts = json_object();
	section_field(section, "Routine", "%s (%s)", now->routine->title, now->routine->name);
	section_field(section, "Schedule", "%s",
		      schedule_text(&now->routine->schedule, text, sizeof(text)));
	if (now->due)
		section_field(section, "Done for", "%s", time_text(now->due, text));
	section_field(section, "Result", "%s", result_text(now->result));
	left_table(section, left);
	fact_text(facts, "routine", now->routine->name);
	fact_time(facts, "due", now->due);
	fact_text(facts, "result", now->result);
	if (left)
		json_object_set(facts, "left", (json_t *)left);
	period_section(work, facts);
	json_object_set_new(work->facts, "routine", facts);
}

/* What was put on record about phases and events, as it came. */
static void phases_section(struct report_work *work)
{
	const struct incident_state *state = work->state;
	struct report_section *section = report_section(work->report, "Phases and events");
	char at[TIME_TEXT_MAX];

	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (!entry->misfit && (entry->event == EV_PHASE || entry->event == EV_PHASE_ENDED ||
				       entry->event == EV_OCCASION))
			section_field(section, time_text(entry->at, at), "%s, by %s",
				      entry_text(entry), entry_by(entry));
	}
}

void report_routine(struct report_work *work)
{
	routine_section(work);
	phases_section(work);
}
