/* The report: what was carried out, and what verified it. */
#include "core/report_parts.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

static bool is(const json_t *json, const char *key, const char *value)
{
	return strcmp(json_str(json, key, ""), value) == 0;
}

/* ---- Runs ---- */

struct runs {
	struct step_run *list;
	size_t n, cap;
	size_t attempts; /* chosen so far */
	const struct incident_state *state;
};

static struct step_run *run_add(struct runs *runs, const struct timeline_entry *entry)
{
	const struct procedure *procedure =
	    runs->attempts ? runs->state->attempts[runs->attempts - 1].procedure.procedure : NULL;
	const struct step *step =
	    procedure ? procedure_step(procedure, json_str(entry_json(entry), "step", "")) : NULL;
	struct step_run *run;

	if (!step)
		return NULL;
	runs->list = xgrow(runs->list, &runs->cap, runs->n + 1, sizeof(*runs->list));
	run = &runs->list[runs->n++];
	*run = (struct step_run){
		.attempt = runs->attempts - 1,
		.step = step,
		.start = entry->at,
		.end = entry->at,
	};
	return run;
}

/* The latest run of the entry's step that may still get an outcome or a verify. */
static struct step_run *run_find(struct runs *runs, const struct timeline_entry *entry)
{
	for (size_t i = runs->n; i-- > 0;) {
		struct step_run *run = &runs->list[i];

		if (run->number && run->attempt + 1 == runs->attempts &&
		    is(entry_json(entry), "step", run->step->id))
			return run;
	}
	return NULL;
}

static void run_instead(struct runs *runs, const struct timeline_entry *entry, const char *instead)
{
	struct step_run *run = run_add(runs, entry);

	if (run)
		run->instead = instead;
}

static void run_intent(struct runs *runs, const struct timeline_entry *entry)
{
	struct step_run *run = run_add(runs, entry);

	if (!run)
		return;
	run->number = (int)json_num(entry_json(entry), "attempt", 1);
	run->undo = is(entry_json(entry), "act", "undo");
	run->end = 0;
}

static void run_outcome(struct runs *runs, const struct timeline_entry *entry)
{
	struct step_run *run = run_find(runs, entry);

	/* Refused before its intent could be written. */
	if (!run || run->outcome) {
		run_intent(runs, entry);
		run = run_find(runs, entry);
	}
	if (run) {
		run->outcome = entry_json(entry);
		run->end = entry->at;
	}
}

static void run_entry(struct runs *runs, const struct timeline_entry *entry)
{
	struct step_run *run;

	switch (entry->event) {
	case EV_CHOSEN:
		runs->attempts++;
		break;
	case EV_STEP_ANSWERED:
		run_instead(runs, entry, json_str(entry_json(entry), "answer", ""));
		break;
	case EV_SKIPPED:
		run_instead(runs, entry, "skipped");
		break;
	case EV_NOT_APPLICABLE:
		run_instead(runs, entry, "not applicable");
		break;
	case EV_INTENT:
		run_intent(runs, entry);
		break;
	case EV_OUTCOME:
		run_outcome(runs, entry);
		break;
	case EV_VERIFY:
		run = run_find(runs, entry);
		if (run)
			run->verify = entry_json(entry);
		break;
	case EV_DIED:
		run = run_find(runs, entry);
		if (run)
			run->died = true;
		break;
	case EV_SETTLED:
		run = run_find(runs, entry);
		if (run)
			run->settled = entry_json(entry);
		break;
	default:
		break;
	}
}

struct step_run *step_runs(const struct incident_state *state, size_t *n)
{
	struct runs runs = { .state = state };

	for (size_t i = 0; i < state->ntimeline; i++) {
		if (!state->timeline[i].misfit)
			run_entry(&runs, &state->timeline[i]);
	}
	*n = runs.n;
	return runs.list;
}

/* ---- Deviations ---- */

static bool answer_overrides(const json_t *json)
{
	const char *proposed = json_str(json, "proposed", "");

	if (!*proposed || strcmp(proposed, "unknown") == 0)
		return false;
	if (strcmp(proposed, "pass") == 0)
		return !is(json, "answer", "yes");
	if (strcmp(proposed, "fail") == 0)
		return !is(json, "answer", "no");
	return !is(json, "answer", proposed);
}

bool entry_deviates(const struct timeline_entry *entry)
{
	const json_t *json = entry_json(entry);

	if (entry->misfit)
		return true;
	switch (entry->event) {
	case EV_ANSWERED:
	case EV_STEP_ANSWERED:
		return answer_overrides(json);
	case EV_CHOSEN:
		return is(json, "source", "operator");
	case EV_INTENT:
		return is(json, "act", "undo") || json_num(json, "attempt", 1) > 1;
	case EV_OUTCOME:
		return !is(json, "result", "done") || is(json, "act", "undo");
	case EV_VERIFY:
		return !is(json, "verdict", "pass");
	case EV_ITEM:
		return is(json, "act", "overridden");
	case EV_GATE_DECIDED:
		return !is(json, "decision", json_str(json, "computed", ""));
	case EV_DIED:
	case EV_SETTLED:
	case EV_SKIPPED:
	case EV_ALTERNATIVE:
	case EV_STOPPED:
	case EV_BACK:
		return true;
	default:
		return false;
	}
}

static void deviations_table(struct report_work *work, struct report_section *section)
{
	static const char *const columns[] = { "Deviation at", "What", "By" };
	struct report_table *table = section_table(section, columns, 3);
	json_t *facts = json_array();

	for (size_t i = 0; i < work->state->ntimeline; i++) {
		const struct timeline_entry *entry = &work->state->timeline[i];
		char at[TIME_RFC3339_MAX];
		json_t *fact;

		if (!entry_deviates(entry) || (entry->hidden && !state_reveals(work->state)))
			continue;
		table_row(table, (const char *[]){ time_clock(entry->at, at), entry_text(entry),
						   entry_by(entry) });
		fact = json_object();
		fact_time(fact, "at", entry->at);
		fact_text(fact, "what", entry_text(entry));
		fact_text(fact, "by", entry_by(entry));
		json_array_append_new(facts, fact);
	}
	json_object_set_new(work->facts, "deviations", facts);
}

/* ---- Execution ---- */

static const char *run_outcome_text(const struct step_run *run)
{
	if (run->instead)
		return run->instead;
	if (run->outcome)
		return json_str(run->outcome, "result", "");
	if (run->died && is(run->settled, "settled", "yes"))
		return "runner died, effect there";
	if (run->died && is(run->settled, "settled", "no"))
		return "runner died, no effect";
	return run->died ? "runner died, unknown" : "running";
}

static const char *run_verify_text(const struct step_run *run)
{
	if (!run->verify)
		return "-";
	if (is(run->verify, "verdict", "pass"))
		return "holds";
	return is(run->verify, "verdict", "fail") ? "does not hold" : "unknown";
}

static json_t *run_fact(const struct incident_state *state, const struct step_run *run)
{
	json_t *fact = json_object();

	fact_text(fact, "procedure", state->attempts[run->attempt].procedure.procedure->name);
	fact_text(fact, "step", run->step->id);
	fact_text(fact, "say", run->step->say);
	if (run->number)
		json_object_set_new(fact, "attempt", json_integer(run->number));
	if (run->number)
		fact_text(fact, "act", run->undo ? "undo" : "run");
	fact_time(fact, "start", run->start);
	fact_time(fact, "end", run->end);
	fact_seconds(fact, "took_s", run->number ? run->start : 0, run->end);
	fact_text(fact, "outcome", run_outcome_text(run));
	fact_text(fact, "detail", json_str(run->outcome, "detail", NULL));
	if (json_object_get(run->outcome, "facts"))
		json_object_set(fact, "facts", json_object_get(run->outcome, "facts"));
	fact_text(fact, "verify", json_str(run->verify, "verdict", NULL));
	if (json_object_get(run->verify, "probes"))
		json_object_set(fact, "probes", json_object_get(run->verify, "probes"));
	return fact;
}

static void run_row(struct report_table *table, const struct step_run *run)
{
	char start[TIME_RFC3339_MAX], end[TIME_RFC3339_MAX], *say;

	say = xasprintf("%s%s", run->undo ? "UNDO: " : "", run->step->say);
	table_row(table, (const char *[]){ say, time_clock(run->start, start),
					   run->end ? time_clock(run->end, end) : "-",
					   run_outcome_text(run), run_verify_text(run) });
	free(say);
}

/* The latest run of a step in its attempt. */
static bool run_is_last(const struct step_run *runs, size_t n, size_t i)
{
	for (size_t k = i + 1; k < n; k++) {
		if (runs[k].attempt == runs[i].attempt && runs[k].step == runs[i].step)
			return false;
	}
	return true;
}

/* New: "done; 1 skipped, 1 undone": how the attempt ended, and what of it did not end well. */
static char *attempt_text(const struct attempt *attempt, const struct step_run *runs, size_t n,
			  size_t index)
{
	static const char *const words[] = { "skipped", "undone", "failed", "unknown",
					     "not verified" };
	size_t counts[5] = { 0 };
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		const struct step_run *run = &runs[i];
		bool done = is(run->outcome, "result", "done");

		if (run->attempt != index || !run_is_last(runs, n, i))
			continue;
		if (run->instead)
			counts[0] += strcmp(run->instead, "skipped") == 0;
		else if (run->undo && done)
			counts[1]++;
		else if (run->outcome && !done)
			counts[2]++;
		else if (run->died && !is(run->settled, "settled", "yes"))
			counts[3]++;
		else if (run->verify && !is(run->verify, "verdict", "pass"))
			counts[4]++;
	}
	buf_puts(&out, *attempt->result ? attempt->result : "not ended");
	for (size_t i = 0, shown = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (counts[i])
			buf_printf(&out, "%s%zu %s", shown++ ? ", " : "; ", counts[i], words[i]);
	}
	return buf_detach(&out);
}

/* The field and the empty table of an attempt; the table names it where there are several. */
static struct report_table *attempt_table(const struct report_work *work,
					  struct report_section *section,
					  const struct step_run *runs, size_t n, size_t index)
{
	const struct attempt *attempt = &work->state->attempts[index];
	char *title = xasprintf("Procedure %zu", index + 1);
	char *step = xasprintf("Step of procedure %zu", index + 1);
	char *ended = attempt_text(attempt, runs, n, index);
	const char *columns[] = { work->state->nattempts > 1 ? step : "Step", "Start", "End",
				  "Outcome", "Verify" };
	struct report_table *table = section_table(section, columns, 5);

	section_field(section, title, "%s: %s", attempt->procedure.procedure->title, ended);
	free(ended);
	free(step);
	free(title);
	return table;
}

void report_execution(struct report_work *work)
{
	const struct incident_state *state = work->state;
	struct report_section *section = part_section(work, "Execution");
	struct report_table *table = NULL;
	json_t *facts = json_array();
	size_t n, shown = 0;
	struct step_run *runs = step_runs(state, &n);

	for (size_t i = 0; i < n; i++) {
		if (!table || runs[i].attempt != shown) {
			table = attempt_table(work, section, runs, n, runs[i].attempt);
			shown = runs[i].attempt;
		}
		run_row(table, &runs[i]);
		json_array_append_new(facts, run_fact(state, &runs[i]));
	}
	json_object_set_new(work->facts, "steps", facts);
	deviations_table(work, section);
	free(runs);
}

/* ---- Validation ---- */

static void verify_table(struct report_work *work, struct report_section *section)
{
	static const char *const columns[] = { "Verified", "Probe", "Verdict", "Evidence" };
	struct report_table *table = section_table(section, columns, 4);
	size_t n;
	struct step_run *runs = step_runs(work->state, &n);

	for (size_t i = 0; i < n; i++) {
		const json_t *probes = json_object_get(runs[i].verify, "probes");

		if (work->decisive && &work->state->attempts[runs[i].attempt] != work->decisive)
			continue;
		for (size_t p = 0; p < json_array_size(probes); p++) {
			const json_t *probe = json_array_get(probes, p);

			table_row(table,
				  (const char *[]){ runs[i].step->id, json_str(probe, "probe", ""),
						    json_str(probe, "verdict", ""),
						    json_str(probe, "evidence", "") });
		}
	}
	free(runs);
}

static bool checklist_touched(const struct checklist_state *list)
{
	for (size_t i = 0; i < list->nitems; i++) {
		if (list->items[i].status != ITEM_OPEN)
			return true;
	}
	return false;
}

/* New: what was seen, or who answers for it and what they said; why it does not apply. */
static char *item_text(const struct item *what, const struct item_state *item)
{
	const char *told = item->status == ITEM_NOT_APPLICABLE ? item->when : item->evidence;

	if (item->by[0])
		return xasprintf("by %s%s%s", item->by, *told ? ": " : "", told);
	if (!*told && what->done_by)
		return xasprintf("before, by %s, %s", what->done_by,
				 what->done_at ? what->done_at : "");
	return xstrdup(told);
}

/* The deployment that counts down on this list; NULL. */
static const struct deployment_state *day_of(const struct incident_state *state,
					     const struct checklist_state *list)
{
	const struct deployment_state *day = &state->deployment;

	return day->deployment && day->deployment->checklist == list->checklist ? day : NULL;
}

/* What comes at T and after it was never asked for without a go. */
static bool was_reached(const struct deployment_state *day, const struct section *section)
{
	return !day || !section->timed || section->offset_us <= GATE_DUE_US ||
	       day->decided == DECISION_GO;
}

/* "-", the time of day, or the time from T of a list that counts down. */
static const char *item_at(const struct deployment_state *day, int64_t at, char *out, size_t size)
{
	char clock[TIME_RFC3339_MAX];

	if (!at)
		snprintf(out, size, "-");
	else if (day)
		duration_t(at - day->t0, out, size);
	else
		snprintf(out, size, "%s", time_clock(at, clock));
	return out;
}

/* The heading of a section, above its first item. */
static void section_row(struct report_table *table, const struct checklist_state *list, size_t i,
			const struct deployment_state *day)
{
	const struct section *section, *before = NULL;
	char *title;

	checklist_item(list, i, &section);
	if (i)
		checklist_item(list, i - 1, &before);
	if (section == before || list->checklist->nsections < 2)
		return;
	title = xasprintf("[%s]", section->title);
	table_row(table, (const char *[]){ title, was_reached(day, section) ? "" : "not reached",
					   "", "" });
	free(title);
}

static void checklist_table(struct report_section *section, const struct incident_state *state,
			    const struct checklist_state *list, json_t *facts)
{
	const struct deployment_state *day = day_of(state, list);
	const char *columns[] = { list->checklist->title, "State", "At", "Evidence" };
	struct report_table *table = section_table(section, columns, 4);
	json_t *fact = json_object(), *items = json_array();

	for (size_t i = 0; i < list->nitems; i++) {
		const struct item_state *item = &list->items[i];
		const struct section *within;
		const struct item *what = checklist_item(list, i, &within);
		char at[48], *text, *say;
		json_t *one;

		section_row(table, list, i, day);
		if (!was_reached(day, within))
			continue;
		one = json_object();
		text = item_text(what, item);
		say = xasprintf("%s%s", what->parent >= 0 ? "- " : "", what->say);
		table_row(table, (const char *[]){ say, item_status_name(item->status),
						   item_at(day, item->at, at, sizeof(at)), text });
		free(say);
		free(text);
		fact_text(one, "item", what->id);
		fact_text(one, "state", item_status_name(item->status));
		fact_text(one, "by", item->by);
		fact_text(one, "evidence", item->evidence);
		fact_time(one, "at", item->at);
		json_array_append_new(items, one);
	}
	fact_text(fact, "checklist", list->checklist->name);
	json_object_set_new(fact, "readiness", json_integer(checklist_readiness(list)));
	json_object_set_new(fact, "items", items);
	json_array_append_new(facts, fact);
}

void report_validation(struct report_work *work)
{
	const struct incident_state *state = work->state;
	struct report_section *section = part_section(work, "Validation");
	json_t *facts = json_array();

	verify_table(work, section);
	report_metrics(work, section);
	for (size_t i = 0; i < state->runbook->nchecklists; i++) {
		if (checklist_touched(&state->checklists[i]))
			checklist_table(section, state, &state->checklists[i], facts);
	}
	json_object_set_new(work->facts, "checklists", facts);
}
