#include "core/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/report_parts.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

static void field_time(struct report_section *section, const char *name, int64_t at)
{
	char text[TIME_TEXT_MAX];

	if (at)
		section_field(section, name, "%s", time_text(at, text));
}

/* ---- What happened when ---- */

static const struct timeline_entry *entry_first(const struct incident_state *state,
						enum event_id id)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		if (state->timeline[i].event == id && !state->timeline[i].misfit)
			return &state->timeline[i];
	}
	return NULL;
}

/* The first alert's metric, followed backwards from the alert while it was past the threshold. */
static int64_t sign_sensed(const struct report_work *work)
{
	const struct incident_state *state = work->state;
	const struct timeline_entry *entry = NULL;
	const struct metric *metric;
	struct chart_point *points;
	double threshold;
	int64_t at = 0;
	size_t n;

	for (size_t i = 0; i < state->ntimeline && !entry; i++) {
		if (state->timeline[i].event == EV_ALERT &&
		    state->timeline[i].at == state->first_alert_at)
			entry = &state->timeline[i];
	}
	metric = entry ? runbook_metric(state->runbook, json_str(entry_json(entry), "metric", ""))
		       : NULL;
	threshold = entry ? json_num(entry_json(entry), "threshold", NAN) : NAN;
	if (!metric || isnan(threshold))
		return 0;
	points = incident_metrics(work->incident->folder, metric->name, &n);
	while (n && points[n - 1].at > entry->at)
		n--;
	for (; n; n--) {
		double value = points[n - 1].value;

		if (metric->below ? value >= threshold : value <= threshold)
			break;
		at = points[n - 1].at;
	}
	free(points);
	return at;
}

/* The first alert, or the first condition that holds, whichever came first. */
static void detection_fill(struct report_work *work)
{
	const struct incident_state *state = work->state;

	work->alert_source = "opening";
	for (size_t i = 0; i < state->ntimeline && !work->sensed; i++) {
		const struct timeline_entry *entry = &state->timeline[i];
		bool alert = entry->event == EV_ALERT && entry->at == state->first_alert_at;
		bool condition = entry->event == EV_CONDITION &&
				 strcmp(json_str(entry_json(entry), "verdict", ""), "pass") == 0;

		if (entry->misfit || (!alert && !condition))
			continue;
		work->sensed = entry;
		work->alert_at = entry->at;
		work->alert_source = alert ? "alert" : "condition";
	}
}

/* Recovered is what was resolved: a procedure may be done and have mended nothing. */
static void recovery_fill(struct report_work *work)
{
	const struct attempt *attempt = work->decisive;

	if (!work->state->resolved_at || !work->trouble)
		return;
	work->recovered_at = work->state->resolved_at;
	work->recovered_source = "the operator's word that it is resolved";
	if (attempt && strcmp(attempt->result, "done") == 0 &&
	    attempt->ended_at <= work->state->resolved_at) {
		work->recovered_at = attempt->ended_at;
		work->recovered_source = "the procedure's end";
	}
}

static void times_fill(struct report_work *work)
{
	const struct incident_state *state = work->state;
	const struct timeline_entry *injecting = entry_first(state, EV_INJECTING);

	work->decisive = attempt_decisive(state);
	detection_fill(work);
	if (injecting && state_reveals(state)) {
		work->sign_at = injecting->at;
		work->sign_source = "fault injected";
	} else if (state->first_alert_at) {
		work->sign_at = sign_sensed(work);
		work->sign_source = "first sample past the alert's threshold";
	}
	work->decided_at = work->decisive ? work->decisive->approved_at : 0;
	work->t0 = state->deployment.t0;
	work->gate_at = state->deployment.decided_at;
	work->trouble = report_is_routine(state)
			    ? work->decisive != NULL
			    : !state->deployment.deployment || work->sensed || work->decisive;
	recovery_fill(work);
}

/* ---- Sections ---- */

/* When, by whom, and how they put it. */
static void resolved_fields(struct report_section *section, const struct incident_state *state)
{
	const struct timeline_entry *entry = entry_first(state, EV_RESOLVED);
	const char *how = entry ? json_str(entry_json(entry), "how", "") : "";
	char text[TIME_TEXT_MAX];

	if (!entry)
		return;
	section_field(section, "Resolved", "%s, by %s", time_text(entry->at, text),
		      entry_by(entry));
	if (*how)
		section_field(section, "How", "%s", how);
}

static void summary_facts(struct report_work *work)
{
	const struct incident_state *state = work->state;
	static const char *const phases[] = { "none", "open", "resolved", "closed" };
	json_t *facts = work->facts;

	fact_text(facts, "incident", work->incident->id);
	fact_text(facts, "kind", kind_name(state->kind));
	fact_text(facts, "phase", phases[state->phase]);
	fact_text(facts, "system", state->runbook->system);
	fact_text(facts, "target", state->target ? state->target->name : NULL);
	fact_text(facts, "severity", severity_name(state->severity));
	fact_text(facts, "title", state->title);
	fact_time(facts, "opened", state->opened_at);
	fact_time(facts, "first_alert", state->first_alert_at);
	fact_time(facts, "resolved", state->resolved_at);
	fact_time(facts, "closed", state->closed_at);
}

static void severity_fields(struct report_section *section, const struct incident_state *state)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];
		const char *reason = json_str(entry_json(entry), "reason", "");
		char at[TIME_RFC3339_MAX];

		if (entry->event == EV_SEVERITY && !entry->misfit)
			section_field(section, "Severity changed", "%s to %s%s%s",
				      time_clock(entry->at, at),
				      json_str(entry_json(entry), "severity", ""),
				      *reason ? ": " : "", reason);
	}
}

void report_summary(struct report_work *work)
{
	const struct incident_state *state = work->state;
	struct report_section *section = part_section(work, "Incident");
	char text[64];

	summary_facts(work);
	section_field(section, "Incident", "%s", work->incident->id);
	section_field(section, "Kind", "%s", kind_name(state->kind));
	if (state->runbook->title)
		section_field(section, "System", "%s (%s)", state->runbook->system,
			      state->runbook->title);
	else
		section_field(section, "System", "%s", state->runbook->system);
	if (state->target)
		section_field(section, "Target", "%s (%s)", state->target->name,
			      target_class_name(state->target->class));
	section_field(section, "Severity", "%s", severity_name(state->severity));
	field_time(section, "First alert", state->first_alert_at);
	field_time(section, "Opened", state->opened_at);
	resolved_fields(section, state);
	field_time(section, "Closed", state->closed_at);
	if (state->opened_at && state->resolved_at)
		section_field(section, "Open for", "%s",
			      duration_text(state->resolved_at - state->opened_at, text,
					    sizeof(text)));
	severity_fields(section, state);
}

static void span_field(struct report_section *section, const char *name, int64_t from, int64_t to,
		       const char *first, const char *last)
{
	char text[64];

	if (from && to && to >= from)
		section_field(section, name, "%s (%s to %s)",
			      duration_text(to - from, text, sizeof(text)), first, last);
}

/* How the decision about a deployment lies to T. */
static void gate_time_field(const struct report_work *work, struct report_section *section)
{
	int64_t after = work->gate_at - work->t0;
	char text[64];

	if (work->gate_at && work->t0)
		section_field(section, "Gate decided", "%s %s T",
			      duration_text(after < 0 ? -after : after, text, sizeof(text)),
			      after < 0 ? "before" : "after");
}

void report_times(struct report_work *work)
{
	struct report_section *section = part_section(work, "Times");
	int64_t detected = work->alert_at ? work->alert_at : work->state->opened_at;
	int64_t recovering = work->decided_at ? work->decided_at : detected;
	const char *from = work->alert_source;
	json_t *facts = json_object();

	json_object_set_new(work->facts, "times", facts);
	if (work->sign_at) {
		char text[TIME_TEXT_MAX];

		section_field(section, "Trouble began", "%s (%s)", time_text(work->sign_at, text),
			      work->sign_source);
	}
	gate_time_field(work, section);
	if (!work->trouble)
		return;
	span_field(section, "Time to detect", work->sign_at, detected, "trouble", from);
	span_field(section, "Time to decide", detected, work->decided_at, from, "approval");
	span_field(section, "Time to recover", recovering, work->recovered_at,
		   work->decided_at ? "approval" : from, work->recovered_source);
	span_field(section, "In all", work->sign_at ? work->sign_at : detected, work->recovered_at,
		   work->sign_at ? "trouble" : from, work->recovered_source);
	fact_time(facts, "began", work->sign_at);
	fact_time(facts, "detected", detected);
	fact_time(facts, "decided", work->decided_at);
	fact_time(facts, "recovered", work->recovered_at);
	fact_seconds(facts, "detect_s", work->sign_at, detected);
	fact_seconds(facts, "decide_s", detected, work->decided_at);
	fact_seconds(facts, "recover_s", recovering, work->recovered_at);
	fact_seconds(facts, "total_s", work->sign_at ? work->sign_at : detected,
		     work->recovered_at);
}

/* Lines to write on are left to the fields of a runbook's section that takes this in. */
static void told_or_blank(struct report_work *work, const char *title, const char *key,
			  const char *text)
{
	struct report_section *section = part_section(work, title);

	if (text)
		section_prose(section, text);
	else if (!section->nfields)
		section->blank_lines = 3;
	fact_text(work->facts, key, text);
}

/* Lines to write on are for a cause that there is: a deployment may just go well. */
static bool has_cause(const struct report_work *work)
{
	return work->trouble || work->state->root_cause || work->state->remediation;
}

void report_root_cause(struct report_work *work)
{
	if (has_cause(work))
		told_or_blank(work, "Root cause", "root_cause", work->state->root_cause);
}

void report_remediation(struct report_work *work)
{
	if (has_cause(work))
		told_or_blank(work, "Remediation", "remediation", work->state->remediation);
}

void report_lessons(struct report_work *work)
{
	if (!report_is_routine(work->state) || work->state->lessons)
		told_or_blank(work, "Lessons learned", "lessons", work->state->lessons);
}

void report_sign_off(struct report_work *work)
{
	struct report_section *section = part_section(work, "Sign-off");

	section_field(section, "Operator", "%s", "______________________  Date ______________");
	section_field(section, "Reviewed by", "%s", "______________________  Date ______________");
}

void report_record(struct report_work *work)
{
	static const char *const results[] = {
		[LEDGER_GOOD] = "good",
		[LEDGER_TORN] = "torn",
		[LEDGER_DAMAGED] = "damaged",
	};
	struct ledger_report report = { .result = LEDGER_DAMAGED };
	struct report_section *section = part_section(work, "Record");
	struct err err = ERR_INIT;
	json_t *facts = json_object();

	if (incident_verify(work->incident->folder, NULL, &report, &err)) {
		section_field(section, "Verify", "could not be read: %s", err.msg);
		fact_text(facts, "verify", "unreadable");
		fact_text(facts, "what", err.msg);
		goto out;
	}
	section_field(section, "Lines", "%llu", (unsigned long long)report.lines);
	section_field(section, "Head", "%s", report.head);
	if (report.result == LEDGER_GOOD)
		section_field(section, "Verify", "good%s",
			      report.closed ? ", sealed" : ", not closed yet");
	else
		section_field(section, "Verify", "%s: %s",
			      report.result == LEDGER_TORN ? "good up to a torn last line"
							   : "DAMAGED",
			      report.what);
	section_field(section, "Check with", "backout verify %s --head %.16s", work->incident->id,
		      report.head);
	fact_text(facts, "verify", results[report.result]);
	fact_text(facts, "what", report.result == LEDGER_GOOD ? NULL : report.what);
	fact_text(facts, "head", report.head);
	json_object_set_new(facts, "lines", json_integer((json_int_t)report.lines));
	json_object_set_new(facts, "closed", json_boolean(report.closed));
out:
	json_object_set_new(work->facts, "record", facts);
}

/* ---- All of it ---- */

typedef void part_fn(struct report_work *work);

/* In the order of a report: those that a runbook's section may take in, and the others. */
static const struct {
	enum report_part name;
	part_fn *tell;
} parts[] = {
	{ REPORT_INCIDENT, report_summary },
	{ REPORT_PARTS, report_routine },
	{ REPORT_DESCRIPTION, report_description },
	{ REPORT_ERRORS, report_errors },
	{ REPORT_DECISION, report_decision },
	{ REPORT_EXECUTION, report_execution },
	{ REPORT_VALIDATION, report_validation },
	{ REPORT_CHARTS, report_charts },
	{ REPORT_TIMES, report_times },
	{ REPORT_LOSS, report_loss },
	{ REPORT_PARTS, report_score },
	{ REPORT_MESSAGES, report_messages },
	{ REPORT_NOTES, report_notes },
	{ REPORT_ROOT_CAUSE, report_root_cause },
	{ REPORT_REMEDIATION, report_remediation },
	{ REPORT_LESSONS, report_lessons },
	{ REPORT_SIGN_OFF, report_sign_off },
	{ REPORT_PARTS, report_record },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static void part_take_in(struct report_work *work, enum report_part with)
{
	size_t own = work->report->sections[work->report->nsections - 1].nfields;
	struct report_section *section;

	work->taken_in = true;
	for (size_t i = 0; i < PARTS; i++) {
		if (parts[i].name == with)
			parts[i].tell(work);
	}
	work->taken_in = false;
	section = &work->report->sections[work->report->nsections - 1];
	section->nown = own;
	section_fields_once(section, own);
}

static bool has_own(const struct report_work *work)
{
	return work->trouble && work->state->runbook->report.nsections;
}

/* Whether a section of the runbook takes the part in. */
static bool is_taken(const struct report_work *work, enum report_part part)
{
	const struct report_def *def = &work->state->runbook->report;

	for (size_t i = 0; part != REPORT_PARTS && has_own(work) && i < def->nsections; i++) {
		if (def->sections[i].with == part)
			return true;
	}
	return false;
}

/* The parts that nothing takes in, from *next up to `until` (which is one that is taken in) or to
 * the end. */
static void parts_until(struct report_work *work, size_t *next, enum report_part until)
{
	for (; *next < PARTS; ++*next) {
		if (until != REPORT_PARTS && parts[*next].name == until)
			return;
		if (!is_taken(work, parts[*next].name))
			parts[*next].tell(work);
	}
}

static bool comes_later(size_t next, enum report_part part)
{
	for (; next < PARTS; next++) {
		if (parts[next].name == part)
			return true;
	}
	return false;
}

static void own_section(struct report_work *work, const struct report_section_def *own,
			json_t *facts)
{
	json_t *fields = json_array();

	report_fields(work, report_section(work->report, own->title), own, fields);
	json_array_append_new(facts,
			      json_pack("{s:s, s:o}", "section", own->title, "fields", fields));
	if (own->with != REPORT_PARTS)
		part_take_in(work, own->with);
}

/* The runbook's own sections are about trouble: what goes well has the usual ones. Those that no
 * section takes in stay where they are: between the ones that are. */
static void all_parts(struct report_work *work)
{
	const struct report_def *def = &work->state->runbook->report;
	json_t *facts = json_array();
	size_t next = 0;

	if (!is_taken(work, REPORT_INCIDENT))
		parts[next++].tell(work);
	for (size_t i = 0; has_own(work) && i < def->nsections; i++) {
		enum report_part with = def->sections[i].with;

		if (with != REPORT_PARTS && comes_later(next, with))
			parts_until(work, &next, with);
		own_section(work, &def->sections[i], facts);
	}
	parts_until(work, &next, REPORT_PARTS);
	if (has_own(work))
		json_object_set(work->facts, "report", facts);
	json_decref(facts);
}

static char *title_new(const struct report_work *work)
{
	const struct incident *incident = work->incident;
	const char *own = incident->state.runbook->report.title;
	struct buf title = BUF_INIT;

	if (own && has_own(work))
		buf_printf(&title, "%s %s\n", own, incident->id);
	else
		buf_printf(&title, "%s report %s\n",
			   incident->state.kind == INCIDENT_DRILL	 ? "Drill"
			   : incident->state.kind == INCIDENT_DEPLOYMENT ? "Deployment"
			   : report_is_routine(&incident->state)	 ? "Routine"
									 : "Incident",
			   incident->id);
	text_clean(&title, incident->state.title, strlen(incident->state.title));
	return buf_detach(&title);
}

int report_fold(struct report *report, const struct incident *incident, struct err *err)
{
	struct report_work work = {
		.incident = incident,
		.state = &incident->state,
		.report = report,
	};

	*report = (struct report){ .title = NULL };
	if (incident->state.phase == INCIDENT_NONE)
		return err_set(err,
			       "incident %s: its record has no beginning, so there is nothing to "
			       "report%s%s",
			       incident->id, *incident->damage ? ": " : "", incident->damage);
	report->facts = work.facts = json_object();
	times_fill(&work);
	report->title = title_new(&work);
	all_parts(&work);
	return 0;
}
