/* The report: a deployment's gate, what its criteria said, and what a person decided. */
#include <stdlib.h>
#include <string.h>

#include "core/report_parts.h"
#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"

/* The latest event of that kind, or NULL. */
static const struct timeline_entry *latest(const struct incident_state *state, enum event_id event,
					   bool at_t0)
{
	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event == event && !entry->misfit &&
		    (!at_t0 || json_is_true(json_object_get(entry_json(entry), "at_t0"))))
			return entry;
	}
	return NULL;
}

static void criteria_table(struct report_section *section, const json_t *criteria)
{
	static const char *const columns[] = { "For", "Criterion", "Holds", "Evidence" };
	struct report_table *table;

	if (!json_array_size(criteria))
		return;
	table = section_table(section, columns, 4);
	for (size_t i = 0; i < json_array_size(criteria); i++) {
		const json_t *one = json_array_get(criteria, i);
		const char *verdict = json_str(one, "verdict", "");

		table_row(table,
			  (const char *[]){ json_str(one, "kind", ""), json_str(one, "say", ""),
					    strcmp(verdict, "pass") == 0   ? "yes"
					    : strcmp(verdict, "fail") == 0 ? "no"
									   : "unknown",
					    json_str(one, "evidence", "") });
	}
}

/* New: what stood in the way of go: criteria for it that did not hold, others that did. */
static char *blocks_text(const json_t *criteria)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < json_array_size(criteria); i++) {
		const json_t *one = json_array_get(criteria, i);
		const char *evidence = json_str(one, "evidence", "");
		bool go = strcmp(json_str(one, "kind", ""), "go") == 0;

		if (strcmp(json_str(one, "verdict", ""), go ? "pass" : "fail") == 0)
			continue;
		buf_printf(&out, "%s%s%s%s%s", out.len ? "; " : "", json_str(one, "say", ""),
			   *evidence ? " (" : "", evidence, *evidence ? ")" : "");
	}
	buf_puts(&out, "");
	return buf_detach(&out);
}

static void decided_fields(struct report_section *section, json_t *facts,
			   const struct timeline_entry *decided)
{
	const json_t *json = entry_json(decided);
	const char *reason = json_str(json, "reason", "");
	char at[TIME_TEXT_MAX];

	section_field(section, "Decision", "%s", json_str(json, "decision", ""));
	section_field(section, "Decided by", "%s, %s", entry_by(decided),
		      time_text(decided->at, at));
	section_field(section, "Criteria said", "%s", json_str(json, "computed", ""));
	if (*reason)
		section_field(section, "Because", "%s", reason);
	fact_text(facts, "decision", json_str(json, "decision", ""));
	fact_text(facts, "computed", json_str(json, "computed", ""));
	fact_text(facts, "decided_by", entry_by(decided));
	fact_time(facts, "decided", decided->at);
	fact_text(facts, "reason", reason);
}

/* Every decision in order, when there was more than one. */
static void decisions_table(struct report_work *work, struct report_section *section)
{
	static const char *const columns[] = { "Decided at", "Decision", "Criteria", "By",
					       "Because" };
	const struct incident_state *state = work->state;
	struct report_table *table = NULL;
	size_t n = 0;

	for (size_t i = 0; i < state->ntimeline; i++)
		n += state->timeline[i].event == EV_GATE_DECIDED && !state->timeline[i].misfit;
	if (n > 1)
		table = section_table(section, columns, 5);
	for (size_t i = 0; table && i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];
		char at[TIME_RFC3339_MAX];

		if (entry->event == EV_GATE_DECIDED && !entry->misfit)
			table_row(table,
				  (const char *[]){ time_clock(entry->at, at),
						    json_str(entry_json(entry), "decision", ""),
						    json_str(entry_json(entry), "computed", ""),
						    entry_by(entry),
						    json_str(entry_json(entry), "reason", "") });
	}
}

void report_gate(struct report_work *work, struct report_section *section)
{
	const struct deployment_state *now = &work->state->deployment;
	const struct timeline_entry *decided, *computed, *at_t0;
	const json_t *criteria;
	json_t *facts;
	char text[TIME_TEXT_MAX];

	if (!now->deployment)
		return;
	decided = latest(work->state, EV_GATE_DECIDED, false);
	computed = latest(work->state, EV_GATE, false);
	at_t0 = latest(work->state, EV_GATE, true);
	facts = json_object();
	section_field(section, "Deployment", "%s (%s)", now->deployment->title,
		      now->deployment->name);
	section_field(section, "T", "%s", time_text(now->t0, text));
	section_field(section, "Gate", "%s (%s)", now->deployment->gate->title,
		      now->deployment->gate->name);
	fact_text(facts, "deployment", now->deployment->name);
	fact_text(facts, "gate", now->deployment->gate->name);
	fact_time(facts, "t0", now->t0);
	if (decided)
		decided_fields(section, facts, decided);
	else if (computed)
		section_field(section, "Criteria said", "%s; nobody decided",
			      json_str(entry_json(computed), "computed", ""));
	if (at_t0) {
		char *blocks = blocks_text(json_object_get(entry_json(at_t0), "criteria"));

		section_field(section, "Criteria at T", "%s%s%s",
			      json_str(entry_json(at_t0), "computed", ""), *blocks ? ": " : "",
			      blocks);
		free(blocks);
		fact_text(facts, "at_t0", json_str(entry_json(at_t0), "computed", ""));
	}
	if (!decided)
		decided = computed;
	criteria = decided ? json_object_get(entry_json(decided), "criteria") : NULL;
	criteria_table(section, criteria);
	decisions_table(work, section);
	if (criteria)
		json_object_set(facts, "criteria", (json_t *)criteria);
	json_object_set_new(work->facts, "deployment", facts);
}
