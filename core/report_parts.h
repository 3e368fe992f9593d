/*
 * The parts of the report, each one section or a few; core/report.c calls them in order. Private.
 */
#ifndef CORE_REPORT_PARTS_H
#define CORE_REPORT_PARTS_H

#include "core/attempts.h"
#include "core/incident.h"
#include "logs/report.h"

/* What the parts share. Wall times; 0: it did not happen, or nothing says when. */
struct report_work {
	const struct incident *incident;    /* borrowed */
	const struct incident_state *state; /* borrowed */
	struct report *report;		    /* borrowed */
	json_t *facts;			    /* borrowed: report->facts */
	const struct attempt *decisive;	    /* the attempt that ended done, else the latest that
					       was approved, else the latest; or NULL */
	int64_t sign_at;		    /* when the trouble began, as far as the record tells */
	const char *sign_source;	    /* what says so */
	int64_t alert_at, decided_at;	    /* the first alert, or condition that holds */
	const struct timeline_entry *sensed; /* that one; or NULL */
	const char *alert_source;	     /* which of the two, or "opening" */
	int64_t t0, gate_at;		     /* T of a deployment, and when its gate was decided */
	/* A section of the runbook takes the next part in: the report's last one. */
	bool taken_in;
	bool trouble; /* something went wrong, or could have: a deployment may just go well */
	int64_t recovered_at; /* only when the incident was resolved */
	const char *recovered_source;
};

/* One run (or undo, answer, skip) of a step. The JSON is borrowed from the timeline. */
struct step_run {
	size_t attempt; /* index into state->attempts */
	const struct step *step;
	int number; /* the attempt at this step, from 1; 0: not run */
	bool undo;
	int64_t start, end; /* 0: none */
	const json_t *outcome, *verify, *settled;
	const char *instead; /* "skipped", "not applicable", "answered ...": no run */
	bool died;
};

/* New: every run in order. */
struct step_run *step_runs(const struct incident_state *state, size_t *n);
/* Whether a timeline entry departs from what was proposed or planned. */
bool entry_deviates(const struct timeline_entry *entry);

/* Formatting that several parts share. */
char *number_unit_text(double value, const char *unit, char *out, size_t size);
char *time_text(int64_t at, char *out); /* "2026-11-21 21:31:07 UTC"; TIME_TEXT_MAX bytes */
#define TIME_TEXT_MAX 40
/* A fact: time as RFC 3339, left out when it is 0; seconds between two times, left out when one of
 * them is 0. */
void fact_time(json_t *facts, const char *key, int64_t at);
void fact_seconds(json_t *facts, const char *key, int64_t from, int64_t to);
void fact_text(json_t *facts, const char *key, const char *text); /* NULL or "": left out */

/* Where a part tells what it has: a section of its own, or the runbook's that takes it in. Borrowed
 * until the next one. */
struct report_section *part_section(struct report_work *work, const char *title);
/* The fields of a section of the runbook; `facts` is an array. */
void report_fields(struct report_work *work, struct report_section *section,
		   const struct report_section_def *def, json_t *facts);

/* Each appends its section, or none where the record has nothing for it. */
void report_summary(struct report_work *work);
void report_routine(struct report_work *work);
/* A checklist that was gone through, or an event or a phase on record, and no trouble. */
bool report_is_routine(const struct incident_state *state);
void report_description(struct report_work *work);
void report_errors(struct report_work *work);
void report_decision(struct report_work *work);
/* The gate of a deployment, for the decision. */
void report_gate(struct report_work *work, struct report_section *section);
/* Approvals, rejections and broken glass, for the decision. */
void report_approvals(struct report_work *work, struct report_section *section);
void report_execution(struct report_work *work);
void report_validation(struct report_work *work);
/* The table of metrics before and after, for the validation. */
void report_metrics(struct report_work *work, struct report_section *section);
void report_charts(struct report_work *work);
void report_times(struct report_work *work);
void report_loss(struct report_work *work);
void report_messages(struct report_work *work);
void report_notes(struct report_work *work);
void report_score(struct report_work *work);
void report_root_cause(struct report_work *work);
void report_remediation(struct report_work *work);
void report_lessons(struct report_work *work);
void report_sign_off(struct report_work *work);
void report_record(struct report_work *work);

#endif
