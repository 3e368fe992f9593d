/*
 * The event table: every event that a ledger can hold. One row gives the encoder its checks, the
 * fold its number, and backout-ledger(5) its table.
 *
 * Sensed events are changed verdicts, appended by the console that holds the sensing lock; a
 * drill's own events count among them, because they are no act that an operator has to look at
 * first. Events marked hidden are not shown before a drill's end, nor read by --auto.
 *
 * Units and values: elapsed is in seconds (a number); verdict and proposed are "pass", "fail" or
 * "unknown" (proposed of a choice: an option's id); settled is "yes", "no" or "unknown"; plan and
 * loss are arrays of lines; t0 is RFC 3339; criteria is an array of {kind, say, verdict, evidence};
 * metrics is an array of {metric, title, unit, n, min, mean, max, last}, affairs one of {incident,
 * kind, title, severity, at, result}, left one of {item, say, status, evidence};
 * probes is an array of {probe, verdict, evidence}; out is a path relative to the incident's
 * folder; step names the step's id, procedure the procedure's name. Members that are null are left
 * out.
 */
#ifndef CORE_EVENTS_H
#define CORE_EVENTS_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/err.h"
#include "lib/field.h"

/* EVENT_NOTE: what is only written down; whoever acts need not have seen it. */
enum event_class { EVENT_OPERATOR, EVENT_RUNNER, EVENT_SENSED, EVENT_NOTE };

/* In the order of the table (core/events.c), which has the fields of each. */
enum event_id {
	EV_OPENED,	    /* incident.opened */
	EV_SEVERITY,	    /* incident.severity */
	EV_NOTE,	    /* note */
	EV_EVIDENCE,	    /* evidence */
	EV_FILLED,	    /* report.filled */
	EV_MESSAGE,	    /* message.prepared */
	EV_SENDING,	    /* message.sending */
	EV_SENT,	    /* message.sent */
	EV_ALERT,	    /* alert */
	EV_ACKNOWLEDGED,    /* alert.acknowledged */
	EV_MUTED,	    /* alert.muted */
	EV_CONDITION,	    /* condition */
	EV_ITEM_SENSED,	    /* item.sensed */
	EV_ITEM_APPLIES,    /* item.applies */
	EV_ITEM,	    /* item */
	EV_ANSWERED,	    /* tree.answered */
	EV_BACK,	    /* tree.back */
	EV_CHOSEN,	    /* procedure.chosen */
	EV_ASKED,	    /* approval.asked */
	EV_APPROVED,	    /* procedure.approved */
	EV_REJECTED,	    /* approval.rejected */
	EV_BROKEN,	    /* approval.break_glass */
	EV_STEP_ANSWERED,   /* step.answered */
	EV_INTENT,	    /* step.intent */
	EV_OUTCOME,	    /* step.outcome */
	EV_VERIFY,	    /* step.verify */
	EV_DIED,	    /* step.died */
	EV_SETTLED,	    /* step.settled */
	EV_SKIPPED,	    /* step.skipped */
	EV_ALTERNATIVE,	    /* step.alternative */
	EV_NOT_APPLICABLE,  /* step.not_applicable */
	EV_STOPPED,	    /* procedure.stopped */
	EV_PROCEDURE_ENDED, /* procedure.ended */
	EV_RESOLVED,	    /* incident.resolved */
	EV_CLOSED,	    /* incident.closed */
	EV_INJECTING,	    /* drill.injecting */
	EV_INJECTED,	    /* drill.injected */
	EV_SCORED,	    /* drill.scored */
	EV_PLANNED,	    /* deployment.planned */
	EV_GATE,	    /* gate.computed */
	EV_GATE_DECIDED,    /* gate.decided */
	EV_ROUTINE,	    /* routine.begun */
	EV_PERIOD,	    /* routine.period */
	EV_ROUTINE_ENDED,   /* routine.ended */
	EV_OCCASION,	    /* event.planned */
	EV_PHASE,	    /* phase.begun */
	EV_PHASE_ENDED,	    /* phase.ended */
	EV_COUNT
};

struct event_def {
	const char *name; /* in the ledger's "event" */
	enum event_class class;
	int version;
	bool hidden;
	const char *help;
	const struct field *fields; /* FIELD_MAP stands for any JSON object or array */
};

extern const struct event_def event_defs[EV_COUNT];

/* EV_COUNT when the name is unknown (a newer version's event: shown, not folded). */
enum event_id event_find(const char *name);
/* 0 when `fields` has what the table demands and nothing else. */
int event_check(enum event_id id, const json_t *fields, struct err *err);
/* Whether others may append it without whoever acts having to look first: notes and what is sensed.
 */
bool event_is_quiet(enum event_id id);
/* New: one line for a person ("step stop-bot: done in 1.2 s"). For timeline, log and report. */
char *event_text(const json_t *line);

#endif
