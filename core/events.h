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

enum event_id {
	EV_OPENED,	 /* incident.opened: incident, kind, system, target, severity, title,
			    runbook_hash,       target_hash, drill (scenario; hidden field is never
			    written:       only that it is one) */
	EV_SEVERITY,	 /* incident.severity: severity, reason */
	EV_NOTE,	 /* note: text */
	EV_EVIDENCE,	 /* evidence: source, path, logged, level, lines (of its record), text */
	EV_MESSAGE,	 /* message.prepared: message, channel, to (tmux, file), file, text */
	EV_ALERT,	 /* alert: metric, level, was, value, unit, threshold */
	EV_ACKNOWLEDGED, /* alert.acknowledged: metric */
	EV_CONDITION,	 /* condition: condition, verdict, evidence */
	EV_ITEM_SENSED,	 /* item.sensed: checklist, item, verdict, evidence */
	EV_ITEM_APPLIES, /* item.applies: checklist, item, applies, evidence */
	EV_ITEM, /* item: checklist, item, act (ticked, reopened, deferred, overridden), reason */
	EV_ANSWERED, /* tree.answered: question, answer, proposed, evidence, reason */
	EV_BACK,     /* tree.back: question */
	EV_CHOSEN, /* procedure.chosen: procedure, source (tree, condition, operator), name, reason
		    */
	EV_APPROVED,	  /* procedure.approved: procedure, digest, params, loss, confirmed */
	EV_STEP_ANSWERED, /* step.answered: procedure, step, answer, proposed, evidence, reason */
	EV_INTENT, /* step.intent: procedure, step, attempt, act (run, undo), plan, before, out, pid
		    */
	EV_OUTCOME, /* step.outcome: procedure, step, attempt, act, result (done, failed, timeout,
		       stopped, refused), detail, elapsed, facts */
	EV_VERIFY,  /* step.verify: procedure, step, attempt, verdict, probes */
	EV_DIED,    /* step.died: procedure, step, attempt */
	EV_SETTLED, /* step.settled: procedure, step, attempt, settled, evidence */
	EV_SKIPPED, /* step.skipped: procedure, step, reason */
	EV_ALTERNATIVE,	    /* step.alternative: procedure, step */
	EV_NOT_APPLICABLE,  /* step.not_applicable: procedure, step, evidence */
	EV_STOPPED,	    /* procedure.stopped: procedure, reason */
	EV_PROCEDURE_ENDED, /* procedure.ended: procedure, result (done, failed, stopped), elapsed
			     */
	EV_RESOLVED,	    /* incident.resolved: how */
	EV_CLOSED,    /* incident.closed: root_cause, remediation, lessons, seal (file -> hash) */
	EV_INJECTING, /* drill.injecting: scenario, fault (hidden) */
	EV_INJECTED,  /* drill.injected: scenario (hidden) */
	EV_SCORED,    /* drill.scored: score */
	EV_PLANNED,   /* deployment.planned: deployment, t0 */
	EV_GATE,      /* gate.computed: gate, computed, was, criteria, at_t0 */
	EV_GATE_DECIDED, /* gate.decided: gate, decision, computed, reason, criteria */
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
