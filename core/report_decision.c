/* The report: what happened, and what was decided about it. */
#include "core/report_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

/* ---- Description ---- */

static double worse(const struct metric *metric, double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	return metric->below ? fmin(a, b) : fmax(a, b);
}

/* One metric's alert over the whole incident. */
struct alert_span {
	enum level level;
	double value, threshold;
	int64_t raised, cleared;
	const char *unit;
};

static void span_add(struct alert_span *span, const struct metric *metric,
		     const struct timeline_entry *entry)
{
	const json_t *json = entry_json(entry);
	enum level level = LEVEL_OK;

	for (int i = LEVEL_OK; i <= LEVEL_CRITICAL; i++) {
		if (strcmp(level_name((enum level)i), json_str(json, "level", "")) == 0)
			level = (enum level)i;
	}
	if (level == LEVEL_OK) {
		span->cleared = entry->at;
		return;
	}
	span->cleared = 0;
	if (!span->raised)
		span->raised = entry->at;
	if (level >= span->level) {
		span->level = level;
		span->threshold = json_num(json, "threshold", NAN);
	}
	span->value = worse(metric, span->value, json_num(json, "value", NAN));
	span->unit = json_str(json, "unit", metric->unit ? metric->unit : "");
}

static struct alert_span span_of(const struct incident_state *state, const struct metric *metric)
{
	struct alert_span span = { .value = NAN, .threshold = NAN, .unit = "" };

	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event == EV_ALERT && !entry->misfit &&
		    strcmp(json_str(entry_json(entry), "metric", ""), metric->name) == 0)
			span_add(&span, metric, entry);
	}
	return span;
}

static json_t *span_fact(const struct metric *metric, const struct alert_span *span)
{
	json_t *fact = json_object();

	fact_text(fact, "metric", metric->name);
	fact_text(fact, "level", level_name(span->level));
	fact_text(fact, "unit", span->unit);
	if (!isnan(span->value))
		json_object_set_new(fact, "worst", json_real(span->value));
	if (!isnan(span->threshold))
		json_object_set_new(fact, "threshold", json_real(span->threshold));
	fact_time(fact, "raised", span->raised);
	fact_time(fact, "cleared", span->cleared);
	return fact;
}

static void alerts_table(struct report_work *work, struct report_section *section)
{
	static const char *const columns[] = { "Alert",	    "Level",  "Worst",
					       "Threshold", "Raised", "Cleared" };
	const struct runbook *runbook = work->state->runbook;
	struct report_table *table = section_table(section, columns, 6);
	json_t *facts = json_array();

	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct metric *metric = &runbook->metrics[i];
		struct alert_span span = span_of(work->state, metric);
		char worst[48], threshold[48], raised[TIME_RFC3339_MAX], cleared[TIME_RFC3339_MAX];

		if (!span.raised)
			continue;
		table_row(table,
			  (const char *[]){
			      metric->title ? metric->title : metric->name, level_name(span.level),
			      number_unit_text(span.value, span.unit, worst, sizeof(worst)),
			      number_unit_text(span.threshold, span.unit, threshold,
					       sizeof(threshold)),
			      time_clock(span.raised, raised),
			      span.cleared ? time_clock(span.cleared, cleared) : "-" });
		json_array_append_new(facts, span_fact(metric, &span));
	}
	json_object_set_new(work->facts, "alerts", facts);
}

/* The conditions that held at some time, each with its first evidence. */
static void conditions_table(struct report_work *work, struct report_section *section)
{
	static const char *const columns[] = { "Condition", "Severity", "Since", "Evidence" };
	const struct incident_state *state = work->state;
	struct report_table *table = section_table(section, columns, 4);
	json_t *facts = json_array();

	for (size_t c = 0; c < state->runbook->nconditions; c++) {
		const struct condition *condition = &state->runbook->conditions[c];
		const struct timeline_entry *held = NULL;
		char at[TIME_RFC3339_MAX];
		json_t *fact;

		for (size_t i = 0; i < state->ntimeline && !held; i++) {
			const struct timeline_entry *entry = &state->timeline[i];

			if (entry->event == EV_CONDITION && !entry->misfit &&
			    strcmp(json_str(entry_json(entry), "condition", ""), condition->name) ==
				0 &&
			    strcmp(json_str(entry_json(entry), "verdict", ""), "pass") == 0)
				held = entry;
		}
		if (!held)
			continue;
		table_row(table,
			  (const char *[]){ condition->title, severity_name(condition->severity),
					    time_clock(held->at, at),
					    json_str(entry_json(held), "evidence", "") });
		if (condition->impact)
			section_field(section, "Impact", "%s", condition->impact);
		fact = json_object();
		fact_text(fact, "condition", condition->name);
		fact_text(fact, "severity", severity_name(condition->severity));
		fact_text(fact, "impact", condition->impact);
		fact_text(fact, "evidence", json_str(entry_json(held), "evidence", ""));
		fact_time(fact, "since", held->at);
		json_array_append_new(facts, fact);
	}
	json_object_set_new(work->facts, "conditions", facts);
}

void report_description(struct report_work *work)
{
	const struct incident_state *state = work->state;
	struct report_section *section = part_section(work, "Issue description");
	const struct timeline_entry *opened = NULL;
	char text[TIME_TEXT_MAX];

	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (!opened && entry->event == EV_OPENED)
			opened = entry;
	}
	if (*state->title)
		section_field(section, "What", "%s", state->title);
	if (work->sensed)
		section_field(section, "Discovered", "%s: %s", time_text(work->sensed->at, text),
			      entry_text(work->sensed));
	if (opened)
		section_field(section, "Opened by", "%s, %s", entry_by(opened),
			      time_text(opened->at, text));
	fact_text(work->facts, "opened_by", opened ? entry_by(opened) : NULL);
	section_field(section, "Systems", "%s on %s", state->runbook->system,
		      state->target ? state->target->name : "no target");
	alerts_table(work, section);
	conditions_table(work, section);
}

/* ---- Decision ---- */

static const char *question_text(const struct incident_state *state, const char *name)
{
	const struct tree *tree = &state->runbook->tree;

	for (size_t i = 0; i < tree->nquestions; i++) {
		if (strcmp(tree->questions[i].name, name) == 0)
			return tree->questions[i].ask;
	}
	return name;
}

/* What a probe's verdict proposes as an answer; "-" for nothing. */
static const char *proposed_text(const json_t *json)
{
	const char *proposed = json_str(json, "proposed", "");

	if (strcmp(proposed, "pass") == 0)
		return "yes";
	if (strcmp(proposed, "fail") == 0)
		return "no";
	return *proposed && strcmp(proposed, "unknown") != 0 ? proposed : "-";
}

static void answers_table(struct report_work *work, struct report_section *section)
{
	static const char *const columns[] = { "At", "Question", "Answer", "Proposed", "Evidence" };
	const struct incident_state *state = work->state;
	struct report_table *table = section_table(section, columns, 5);
	json_t *facts = json_array();

	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];
		const json_t *json = entry_json(entry);
		const char *reason = json_str(json, "reason", "");
		char at[TIME_RFC3339_MAX], *evidence;
		json_t *fact;

		if (entry->event != EV_ANSWERED || entry->misfit)
			continue;
		evidence = *reason
			       ? xasprintf("%s; because %s", json_str(json, "evidence", ""), reason)
			       : xstrdup(json_str(json, "evidence", ""));
		table_row(table, (const char *[]){
				     time_clock(entry->at, at),
				     question_text(state, json_str(json, "question", "")),
				     json_str(json, "answer", ""), proposed_text(json), evidence });
		free(evidence);
		fact = json_object();
		fact_time(fact, "at", entry->at);
		fact_text(fact, "by", entry_by(entry));
		for (const char *const *key =
			 (const char *const[]){ "question", "answer", "proposed", "evidence",
						"reason", NULL };
		     *key; key++)
			fact_text(fact, *key, json_str(json, *key, NULL));
		json_array_append_new(facts, fact);
	}
	json_object_set_new(work->facts, "answers", facts);
}

static json_t *attempt_fact(const struct attempt *attempt)
{
	const struct procedure *procedure = attempt->procedure.procedure;
	json_t *fact = json_object();

	fact_text(fact, "procedure", procedure->name);
	fact_time(fact, "chosen", attempt->chosen_at);
	fact_time(fact, "decide_by", attempt->decide_by);
	if (attempt->decide_by && attempt->approved_at)
		json_object_set_new(fact, "in_time",
				    json_boolean(attempt->approved_at <= attempt->decide_by));
	fact_time(fact, "approved", attempt->approved_at);
	fact_text(fact, "approved_by", attempt->approved_by);
	fact_text(fact, "plan", attempt->digest);
	fact_time(fact, "started", attempt->procedure.started);
	fact_time(fact, "ended", attempt->ended_at);
	fact_text(fact, "result", attempt->result);
	if (attempt->params)
		json_object_set(fact, "params", attempt->params);
	if (attempt->loss)
		json_object_set(fact, "loss", attempt->loss);
	if (procedure->estimate_high_us) {
		json_object_set_new(fact, "estimate_low_s",
				    json_real((double)procedure->estimate_low_us /
					      (double)CLOCK_US));
		json_object_set_new(fact, "estimate_high_s",
				    json_real((double)procedure->estimate_high_us /
					      (double)CLOCK_US));
	}
	if (attempt_took_us(attempt))
		json_object_set_new(fact, "actual_s",
				    json_real((double)attempt_took_us(attempt) / (double)CLOCK_US));
	return fact;
}

static void attempts_table(struct report_work *work, struct report_section *section)
{
	static const char *const columns[] = { "Procedure", "Chosen", "Approved", "Took",
					       "Result" };
	const struct incident_state *state = work->state;
	json_t *facts = json_array();
	struct report_table *table = NULL;

	if (state->nattempts > 1)
		table = section_table(section, columns, 5);
	for (size_t i = 0; i < state->nattempts; i++) {
		const struct attempt *attempt = &state->attempts[i];
		char chosen[TIME_RFC3339_MAX], approved[TIME_RFC3339_MAX], took[48];

		json_array_append_new(facts, attempt_fact(attempt));
		if (!table)
			continue;
		table_row(table,
			  (const char *[]){
			      attempt->procedure.procedure->title,
			      time_clock(attempt->chosen_at, chosen),
			      attempt->approved_at ? time_clock(attempt->approved_at, approved)
						   : "-",
			      attempt_took_us(attempt)
				  ? duration_text(attempt_took_us(attempt), took, sizeof(took))
				  : "-",
			      *attempt->result ? attempt->result : "not ended" });
	}
	json_object_set_new(work->facts, "attempts", facts);
}

static void params_field(struct report_section *section, const json_t *params)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)params, key, value) {
		char *text = json_is_string(value) ? xstrdup(json_string_value(value))
						   : json_dumps(value, JSON_ENCODE_ANY);
		char *name = xasprintf("With %s", key);

		section_field(section, name, "%s", text ? text : "");
		free(name);
		free(text);
	}
}

static void chosen_field(struct report_section *section, const struct timeline_entry *chosen)
{
	const char *source = json_str(entry_json(chosen), "source", "");
	const char *name = json_str(entry_json(chosen), "name", "");
	const char *reason = json_str(entry_json(chosen), "reason", "");
	bool suggested = *source && strcmp(source, "operator") != 0;
	char at[TIME_TEXT_MAX];

	section_field(section, "Chosen by", "%s, %s", entry_by(chosen), time_text(chosen->at, at));
	if (suggested)
		section_field(section, "Suggested by", "the %s%s%s%s", source, *name ? " (" : "",
			      name, *name ? ")" : "");
	if (*reason)
		section_field(section, "Because", "%s", reason);
}

/* Whether it was approved in time; one that nobody approved says by when it was wanted. */
static void deadline_field(struct report_section *section, const struct attempt *attempt)
{
	int64_t spare = attempt->decide_by - attempt->approved_at;
	char at[TIME_TEXT_MAX], much[48];

	if (!attempt->decide_by)
		return;
	duration_text(spare < 0 ? -spare : spare, much, sizeof(much));
	if (!attempt->approved_at)
		section_field(section, "Decide by", "%s: not approved",
			      time_text(attempt->decide_by, at));
	else
		section_field(section, "Decide by", "%s: %s%s%s", time_text(attempt->decide_by, at),
			      spare < 0 ? "missed by " : "met, with ", much,
			      spare < 0 ? "" : " to spare");
}

static void attempt_fields(struct report_work *work, struct report_section *section,
			   const struct attempt *attempt)
{
	const struct procedure *procedure = attempt->procedure.procedure;
	const struct timeline_entry *chosen = attempt_chosen(work->state, attempt);
	char *estimate = estimate_text(procedure), text[64], at[TIME_TEXT_MAX];

	section_field(section, "Method", "%s (%s), risk %s", procedure->title, procedure->name,
		      risk_name(procedure->risk));
	if (procedure->use_when)
		section_field(section, "When to use", "%s", procedure->use_when);
	if (chosen)
		chosen_field(section, chosen);
	if (attempt->broken.at)
		section_field(section, "BREAK-GLASS", "approved without authority by %s, %s: %s",
			      attempt->broken.by, time_text(attempt->broken.at, at),
			      attempt->broken.reason);
	else if (attempt->approved_at)
		section_field(section, "Approved by", "%s, %s", attempt->approved_by,
			      time_text(attempt->approved_at, at));
	if (*attempt->digest)
		section_field(section, "Plan approved", "%s", attempt->digest);
	deadline_field(section, attempt);
	params_field(section, attempt->params);
	if (estimate)
		section_field(section, "Estimate", "%s", estimate);
	if (procedure->budget_us)
		section_field(section, "Budget", "%s",
			      duration_text(procedure->budget_us, text, sizeof(text)));
	if (attempt_took_us(attempt))
		section_field(section, "Actual", "%s",
			      duration_text(attempt_took_us(attempt), text, sizeof(text)));
	free(estimate);
}

void report_decision(struct report_work *work)
{
	struct report_section *section = part_section(work, "Decision");

	report_gate(work, section);
	if (work->decisive)
		attempt_fields(work, section, work->decisive);
	answers_table(work, section);
	report_approvals(work, section);
	attempts_table(work, section);
}

/* ---- Data loss ---- */

void report_loss(struct report_work *work)
{
	const struct attempt *attempt = work->decisive;
	struct report_section *section;

	if (!attempt || !attempt->approved_at)
		return;
	section = part_section(work, "Data lost, as approved");
	if (attempt->procedure.procedure->data_loss)
		section_field(section, "Runbook says", "%s",
			      attempt->procedure.procedure->data_loss);
	for (size_t i = 0; i < json_array_size(attempt->loss); i++) {
		const char *line = json_string_value(json_array_get(attempt->loss, i));

		if (line)
			section_field(section, loss_is_measured(line) ? "Measured" : "Not known",
				      "%s", line);
	}
}
