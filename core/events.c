#include "core/events.h"

#include <string.h>

static const char *const verdicts[] = { "pass", "fail", "unknown", NULL };
static const char *const levels[] = { "ok", "info", "warning", "critical", NULL };
static const char *const severities[] = { "low", "medium", "high", "critical", NULL };
static const char *const kinds[] = { "incident", "deployment", "routine", "drill", NULL };
static const char *const item_acts[] = { "ticked", "reopened", "deferred", "overridden", NULL };
static const char *const yes_no[] = { "yes", "no", NULL };
static const char *const choosers[] = {
	"tree", "condition", "gate", "checklist", "operator", NULL
};
static const char *const computed[] = { "undecided", "go", "no-go", "adjust", NULL };
static const char *const decisions[] = { "go", "no-go", "adjust", NULL };
static const char *const step_acts[] = { "run", "undo", NULL };
static const char *const step_results[] = {
	"done", "failed", "timeout", "stopped", "refused", NULL
};
static const char *const settled[] = { "yes", "no", "unknown", NULL };
static const char *const handed_to[] = { "tmux", "file", NULL };
static const char *const sent[] = { "taken", "refused", "unknown", NULL };
static const char *const routine_ends[] = { "holds", "partly", "fails", NULL };
static const char *const phase_ends[] = { "finished", "given up", NULL };
static const char *const ends[] = { "done", "failed", "stopped", NULL };

/* clang-format off */
#define TEXT(key, must, what) \
	{ .name = key, .type = FIELD_LITERAL, .required = must, .help = what }
#define NUMBER(key, must, what) \
	{ .name = key, .type = FIELD_NUMBER, .required = must, .help = what }
#define WHOLE(key, must, what) \
	{ .name = key, .type = FIELD_INT, .required = must, .help = what }
#define ANY(key, must, what) \
	{ .name = key, .type = FIELD_MAP, .required = must, .help = what }
#define ONE_OF(key, must, list, what) \
	{ .name = key, .type = FIELD_CHOICE, .required = must, .help = what, .choices = list }
#define PROCEDURE TEXT("procedure", true, "the procedure's name")
#define STEP TEXT("step", true, "the step's id")
#define ATTEMPT WHOLE("attempt", true, "from 1")
#define ACT ONE_OF("act", true, step_acts, "what is done with the step")
#define REASON TEXT("reason", false, "why")
#define EVIDENCE TEXT("evidence", false, "what was seen")

static const struct field opened_fields[] = {
	TEXT("incident", true, "the incident's id"),
	ONE_OF("kind", true, kinds, "what is recorded"),
	TEXT("system", true, "the runbook's system"),
	TEXT("target", true, "the target's name"),
	ONE_OF("severity", true, severities, "how bad it is"),
	TEXT("title", true, "one line"),
	TEXT("runbook_hash", true, "SHA-256 of runbook.json"),
	TEXT("target_hash", true, "SHA-256 of target.json"),
	{ .name = "drill", .type = FIELD_BOOL, .help = "true for a drill" },
	{ 0 },
};
static const struct field severity_fields[] = {
	ONE_OF("severity", true, severities, "how bad it is from now on"), REASON, { 0 },
};
static const struct field note_fields[] = { TEXT("text", true, "what the operator wrote"), { 0 } };
static const struct field evidence_fields[] = {
	TEXT("source", true, "the source's name in the runbook"),
	TEXT("path", false, "its file"),
	TEXT("logged", false, "the line's own time, RFC 3339"),
	TEXT("level", false, "the line's level"),
	WHOLE("lines", false, "of its record, those that go on with it included"),
	TEXT("text", true, "the line, and what goes on with it, or what a panel shows; cleaned"),
	{ 0 },
};
static const struct field filled_fields[] = {
	TEXT("field", true, "its id in the runbook's report"),
	TEXT("text", true, "what was answered; \"\" takes an answer back"),
	{ 0 },
};
static const struct field message_fields[] = {
	TEXT("message", true, "the message's name"),
	TEXT("channel", false, "where it is meant to go"),
	ONE_OF("to", true, handed_to, "what it was handed to"),
	TEXT("file", false, "below the incident's folder"),
	TEXT("text", true, "as it was handed over"),
	{ 0 },
};
#define SEND_FIELDS \
	TEXT("message", false, "the message's name"), \
	TEXT("contact", false, "the contact who is paged"), \
	TEXT("to", true, "whom it is for"), TEXT("through", true, "the messenger's name")
static const struct field sending_fields[] = {
	SEND_FIELDS,
	TEXT("title", true, "one line"),
	TEXT("text", true, "as it is sent"),
	{ 0 },
};
static const struct field sent_fields[] = {
	WHOLE("of", true, "the number of the line that says that it was on its way"),
	SEND_FIELDS,
	ONE_OF("result", true, sent, "unknown: it may have arrived"),
	TEXT("detail", false, "what was answered, or what failed"),
	WHOLE("status", false, "HTTP status, or the command's exit status"),
	WHOLE("tries", false, "how often it was tried"),
	NUMBER("elapsed", false, "seconds"),
	{ 0 },
};
static const struct field alert_fields[] = {
	TEXT("metric", true, "the metric's name"),
	ONE_OF("level", true, levels, "the level now; ok clears the alert"),
	ONE_OF("was", false, levels, "the level before"),
	NUMBER("value", false, "the reading that changed it"),
	TEXT("unit", false, "of value and threshold"),
	NUMBER("threshold", false, "of the level"),
	{ .name = "no_data", .type = FIELD_BOOL,
	  .help = "true when there is no value any more; false when there is one again" },
	{ 0 },
};
static const struct field acknowledged_fields[] = {
	TEXT("metric", true, "the metric's name"), { 0 },
};
static const struct field muted_fields[] = {
	TEXT("metric", true, "the metric's name"),
	TEXT("until", false, "RFC 3339; without it the mute is lifted"),
	REASON,
	{ 0 },
};
static const struct field condition_fields[] = {
	TEXT("condition", true, "the condition's name"),
	ONE_OF("verdict", true, verdicts, "pass: it holds"),
	EVIDENCE,
	{ 0 },
};
static const struct field item_sensed_fields[] = {
	TEXT("checklist", true, "the checklist's name"),
	TEXT("item", true, "the item's id"),
	ONE_OF("verdict", true, verdicts, "pass: it holds"),
	EVIDENCE,
	{ 0 },
};
static const struct field item_applies_fields[] = {
	TEXT("checklist", true, "the checklist's name"),
	TEXT("item", true, "the item's id"),
	{ .name = "applies",
	  .type = FIELD_BOOL,
	  .required = true,
	  .help = "false: its `when` fails, and it does not count" },
	EVIDENCE,
	{ 0 },
};
static const struct field item_fields[] = {
	TEXT("checklist", true, "the checklist's name"),
	TEXT("item", true, "the item's id"),
	ONE_OF("act", true, item_acts, "what the operator did"),
	REASON,
	{ 0 },
};
static const struct field answered_fields[] = {
	TEXT("question", true, "the question's name"),
	ONE_OF("answer", true, yes_no, "the operator's answer"),
	ONE_OF("proposed", false, verdicts, "pass: yes was proposed, fail: no"),
	EVIDENCE,
	REASON,
	{ 0 },
};
static const struct field back_fields[] = {
	TEXT("question", true, "the question that is open again"), { 0 },
};
static const struct field chosen_fields[] = {
	PROCEDURE,
	ONE_OF("source", false, choosers, "what suggested it"),
	TEXT("name", false, "of the condition, the tree's last question, the gate, or the item"),
	REASON,
	TEXT("decide_by", false, "RFC 3339: approved later, it would take more time than there is"),
	{ 0 },
};
#define DIGEST TEXT("digest", true, "SHA-256 of the plan that was shown")
#define PARAMS ANY("params", false, "answers to the parameters that are asked for")
#define LOSS ANY("loss", false, "lines: the data loss that was measured")
#define IDENTITY \
	ANY("identity", false, "whom it was approved for: host, and who each source is")
#define REPLACED \
	ANY("identity", false, "who each source is that lies in a folder which the step replaced")
#define CONFIRMED \
	{ .name = "confirmed", .type = FIELD_SCALAR, .help = "what was typed to confirm" }
static const struct field asked_fields[] = {
	PROCEDURE,
	DIGEST,
	PARAMS,
	LOSS,
	ANY("roles", false, "the contacts of whom somebody has to approve"),
	{ 0 },
};
static const struct field approved_fields[] = {
	PROCEDURE,
	DIGEST,
	PARAMS,
	LOSS,
	IDENTITY,
	CONFIRMED,
	ANY("roles", false, "the contacts that the operator stands for"),
	{ 0 },
};
static const struct field rejected_fields[] = {
	PROCEDURE,
	DIGEST,
	TEXT("reason", true, "why"),
	ANY("roles", false, "the contacts that the operator stands for"),
	{ 0 },
};
static const struct field broken_fields[] = {
	PROCEDURE,
	DIGEST,
	PARAMS,
	LOSS,
	IDENTITY,
	CONFIRMED,
	TEXT("reason", true, "why nobody was waited for"),
	ANY("roles", false, "the contacts whose approval is missing"),
	{ 0 },
};
static const struct field step_answered_fields[] = {
	PROCEDURE,
	STEP,
	TEXT("answer", true, "yes, no, or an option's id"),
	TEXT("proposed", false, "pass, fail, unknown, or an option's id"),
	EVIDENCE,
	REASON,
	{ 0 },
};
static const struct field intent_fields[] = {
	PROCEDURE,
	STEP,
	ATTEMPT,
	ACT,
	ANY("plan", false, "lines: what will be done"),
	ANY("before", false, "the state before, for settled and undo"),
	ANY("identity", false, "host, and who each source is that the action names"),
	TEXT("out", false, "the output file, below the incident's folder"),
	WHOLE("pid", false, "the runner's process id"),
	{ 0 },
};
static const struct field outcome_fields[] = {
	PROCEDURE,
	STEP,
	ATTEMPT,
	ACT,
	ONE_OF("result", true, step_results, "how it ended"),
	TEXT("detail", false, "what failed, or what was done"),
	NUMBER("elapsed", false, "seconds"),
	ANY("facts", false, "numbers and names for the record"),
	REPLACED,
	{ 0 },
};
static const struct field verify_fields[] = {
	PROCEDURE,
	STEP,
	ATTEMPT,
	ONE_OF("verdict", true, verdicts, "over all probes"),
	ANY("probes", false, "a list of {probe, verdict, evidence}"),
	{ 0 },
};
static const struct field died_fields[] = { PROCEDURE, STEP, ATTEMPT, { 0 } };
static const struct field settled_fields[] = {
	PROCEDURE,
	STEP,
	ATTEMPT,
	ONE_OF("settled", true, settled, "whether the intent's effect is there"),
	EVIDENCE,
	REPLACED,
	{ 0 },
};
static const struct field skipped_fields[] = { PROCEDURE, STEP, REASON, { 0 } };
static const struct field alternative_fields[] = { PROCEDURE, STEP, REASON, { 0 } };
static const struct field not_applicable_fields[] = { PROCEDURE, STEP, EVIDENCE, { 0 } };
static const struct field stopped_fields[] = { PROCEDURE, REASON, { 0 } };
static const struct field procedure_ended_fields[] = {
	PROCEDURE,
	ONE_OF("result", true, ends, "how it ended"),
	NUMBER("elapsed", false, "seconds"),
	{ 0 },
};
static const struct field resolved_fields[] = {
	TEXT("how", false, "what resolved it"), { 0 },
};
static const struct field closed_fields[] = {
	TEXT("root_cause", false, "why it happened"),
	TEXT("remediation", false, "what is done so that it does not happen again"),
	TEXT("lessons", false, "what was learned"),
	ANY("seal", false, "every other file of the folder and its SHA-256"),
	{ 0 },
};
static const struct field injecting_fields[] = {
	TEXT("scenario", true, "the scenario's name"),
	TEXT("fault", false, "what is injected"),
	{ 0 },
};
static const struct field injected_fields[] = {
	TEXT("scenario", true, "the scenario's name"), { 0 },
};
static const struct field planned_fields[] = {
	TEXT("deployment", true, "the deployment's name"),
	TEXT("t0", true, "when T is, RFC 3339"),
	{ 0 },
};
#define GATE TEXT("gate", true, "the gate's name")
#define CRITERIA ANY("criteria", false, "a list of {kind, say, verdict, evidence}")
static const struct field gate_fields[] = {
	GATE,
	ONE_OF("computed", true, computed, "what the criteria say now"),
	ONE_OF("was", false, computed, "what they said before"),
	CRITERIA,
	{ .name = "at_t0", .type = FIELD_BOOL, .help = "true for the computation at T" },
	{ 0 },
};
static const struct field gate_decided_fields[] = {
	GATE,
	ONE_OF("decision", true, decisions, "what the operator decided"),
	ONE_OF("computed", true, computed, "what the criteria said"),
	REASON,
	CRITERIA,
	{ 0 },
};
#define ROUTINE TEXT("routine", true, "the routine's name")
static const struct field routine_fields[] = {
	ROUTINE,
	TEXT("due", false, "the time that it is done for, RFC 3339"),
	TEXT("start", false, "what its schedule began with, RFC 3339"),
	{ 0 },
};
static const struct field period_fields[] = {
	ROUTINE,
	TEXT("from", true, "where the period begins, RFC 3339"),
	TEXT("until", true, "where it ends, RFC 3339"),
	ANY("metrics", true, "a list of what was kept of each"),
	ANY("affairs", true, "a list of what is on record of that time"),
	{ 0 },
};
static const struct field routine_ended_fields[] = {
	ROUTINE,
	ONE_OF("result", true, routine_ends,
	       "holds: every item that counts; partly: nothing but what a person does is left"),
	ANY("left", false, "a list of the items that are not green"),
	{ 0 },
};
static const struct field occasion_fields[] = {
	TEXT("name", true, "the event's name"),
	TEXT("time", false, "when it is, RFC 3339; without it, it is not"),
	{ 0 },
};
#define PHASE TEXT("phase", true, "the phase's name")
static const struct field phase_fields[] = { PHASE, REASON, { 0 } };
static const struct field phase_ended_fields[] = {
	PHASE, ONE_OF("result", true, phase_ends, "how it ended"), REASON, { 0 },
};
static const struct field scored_fields[] = { ANY("score", true, "the drill's score"), { 0 } };

#define ROW(id, event, who, rows, what) \
	[id] = { .name = event, .class = who, .version = 1, .help = what, .fields = rows }
#define HIDDEN_ROW(id, event, who, rows, what) \
	[id] = { .name = event, .class = who, .version = 1, .hidden = true, .help = what, \
		 .fields = rows }

const struct event_def event_defs[EV_COUNT] = {
	ROW(EV_OPENED, "incident.opened", EVENT_OPERATOR, opened_fields, "The incident begins."),
	ROW(EV_SEVERITY, "incident.severity", EVENT_OPERATOR, severity_fields,
	    "The severity changes."),
	ROW(EV_NOTE, "note", EVENT_NOTE, note_fields, "The operator writes something down."),
	ROW(EV_EVIDENCE, "evidence", EVENT_NOTE, evidence_fields,
	    "The operator marks a log's record, or what another panel shows, as evidence."),
	ROW(EV_FILLED, "report.filled", EVENT_NOTE, filled_fields,
	    "A field of the runbook's own report is filled in; the latest answer counts."),
	ROW(EV_MESSAGE, "message.prepared", EVENT_NOTE, message_fields,
	    "A message of the runbook is handed to somebody who sends it."),
	ROW(EV_SENDING, "message.sending", EVENT_NOTE, sending_fields,
	    "A message or a page is about to be sent by the console."),
	ROW(EV_SENT, "message.sent", EVENT_NOTE, sent_fields, "What became of it."),
	ROW(EV_ALERT, "alert", EVENT_SENSED, alert_fields, "A metric's alert level changes."),
	ROW(EV_ACKNOWLEDGED, "alert.acknowledged", EVENT_OPERATOR, acknowledged_fields,
	    "The operator has seen an alert."),
	ROW(EV_MUTED, "alert.muted", EVENT_OPERATOR, muted_fields,
	    "Nobody is to be disturbed by a metric's alerts for a while."),
	ROW(EV_CONDITION, "condition", EVENT_SENSED, condition_fields,
	    "A condition's verdict changes."),
	ROW(EV_ITEM_SENSED, "item.sensed", EVENT_SENSED, item_sensed_fields,
	    "A sensed checklist item's verdict changes."),
	ROW(EV_ITEM_APPLIES, "item.applies", EVENT_SENSED, item_applies_fields,
	    "Whether a checklist item applies changes."),
	ROW(EV_ITEM, "item", EVENT_OPERATOR, item_fields,
	    "The operator works on a checklist item."),
	ROW(EV_ANSWERED, "tree.answered", EVENT_OPERATOR, answered_fields,
	    "A question of the decision tree is answered."),
	ROW(EV_BACK, "tree.back", EVENT_OPERATOR, back_fields,
	    "A question is opened again, with all later ones."),
	ROW(EV_CHOSEN, "procedure.chosen", EVENT_OPERATOR, chosen_fields,
	    "A procedure is chosen: a new attempt begins."),
	ROW(EV_ASKED, "approval.asked", EVENT_OPERATOR, asked_fields,
	    "The plan is put before those who may approve it."),
	ROW(EV_APPROVED, "procedure.approved", EVENT_OPERATOR, approved_fields,
	    "Exactly the plan that was shown is approved, by one person."),
	ROW(EV_REJECTED, "approval.rejected", EVENT_OPERATOR, rejected_fields,
	    "Somebody who could approve the plan rejects it."),
	ROW(EV_BROKEN, "approval.break_glass", EVENT_OPERATOR, broken_fields,
	    "The plan is approved without authority."),
	ROW(EV_STEP_ANSWERED, "step.answered", EVENT_OPERATOR, step_answered_fields,
	    "A step that asks or offers a choice is answered."),
	ROW(EV_INTENT, "step.intent", EVENT_RUNNER, intent_fields,
	    "A step is about to run; on disk before it does."),
	ROW(EV_OUTCOME, "step.outcome", EVENT_RUNNER, outcome_fields, "A step ended."),
	ROW(EV_VERIFY, "step.verify", EVENT_RUNNER, verify_fields, "A step's probes were judged."),
	ROW(EV_DIED, "step.died", EVENT_RUNNER, died_fields,
	    "A step's runner is gone without an outcome."),
	ROW(EV_SETTLED, "step.settled", EVENT_RUNNER, settled_fields,
	    "After a death: whether the step's effect is there."),
	ROW(EV_SKIPPED, "step.skipped", EVENT_OPERATOR, skipped_fields, "A step is skipped."),
	ROW(EV_ALTERNATIVE, "step.alternative", EVENT_OPERATOR, alternative_fields,
	    "The alternative that the runbook gives for a step is taken."),
	ROW(EV_NOT_APPLICABLE, "step.not_applicable", EVENT_RUNNER, not_applicable_fields,
	    "A step's \"when\" does not hold."),
	ROW(EV_STOPPED, "procedure.stopped", EVENT_OPERATOR, stopped_fields,
	    "The operator stops the procedure."),
	ROW(EV_PROCEDURE_ENDED, "procedure.ended", EVENT_RUNNER, procedure_ended_fields,
	    "The procedure is over."),
	ROW(EV_RESOLVED, "incident.resolved", EVENT_OPERATOR, resolved_fields,
	    "The trouble is over; follow-ups go on."),
	ROW(EV_CLOSED, "incident.closed", EVENT_OPERATOR, closed_fields,
	    "The incident is sealed; nothing comes after."),
	HIDDEN_ROW(EV_INJECTING, "drill.injecting", EVENT_SENSED, injecting_fields,
		   "A drill's fault is about to be injected."),
	HIDDEN_ROW(EV_INJECTED, "drill.injected", EVENT_SENSED, injected_fields,
		   "A drill's fault was injected."),
	ROW(EV_PLANNED, "deployment.planned", EVENT_OPERATOR, planned_fields,
	    "A deployment is planned: its checklist counts down to T."),
	ROW(EV_GATE, "gate.computed", EVENT_SENSED, gate_fields,
	    "What a gate's criteria say changes; and what they say at T."),
	ROW(EV_GATE_DECIDED, "gate.decided", EVENT_OPERATOR, gate_decided_fields,
	    "A person decides a gate."),
	ROW(EV_ROUTINE, "routine.begun", EVENT_OPERATOR, routine_fields,
	    "A routine is begun: its checklist is gone through."),
	ROW(EV_PERIOD, "routine.period", EVENT_NOTE, period_fields,
	    "What the time that a routine sums up was like."),
	ROW(EV_ROUTINE_ENDED, "routine.ended", EVENT_OPERATOR, routine_ended_fields,
	    "A routine is done."),
	ROW(EV_OCCASION, "event.planned", EVENT_OPERATOR, occasion_fields,
	    "When an event is that routines lie around."),
	ROW(EV_PHASE, "phase.begun", EVENT_OPERATOR, phase_fields, "A phase begins."),
	ROW(EV_PHASE_ENDED, "phase.ended", EVENT_OPERATOR, phase_ended_fields,
	    "A phase is over."),
	ROW(EV_SCORED, "drill.scored", EVENT_SENSED, scored_fields, "A drill got its score."),
};
/* clang-format on */

enum event_id event_find(const char *name)
{
	for (int i = 0; name && i < EV_COUNT; i++) {
		if (event_defs[i].name[0] == name[0] && strcmp(event_defs[i].name, name) == 0)
			return (enum event_id)i;
	}
	return EV_COUNT;
}

bool event_is_quiet(enum event_id id)
{
	return id < EV_COUNT &&
	       (event_defs[id].class == EVENT_NOTE || event_defs[id].class == EVENT_SENSED);
}

static const struct field *field_find(const struct field *fields, const char *name)
{
	for (; fields->name; fields++) {
		if (strcmp(fields->name, name) == 0)
			return fields;
	}
	return NULL;
}

static bool choice_has(const struct field *field, const json_t *value)
{
	if (!json_is_string(value))
		return false;
	for (size_t i = 0; field->choices[i]; i++) {
		if (strcmp(field->choices[i], json_string_value(value)) == 0)
			return true;
	}
	return false;
}

/* What the value should have been, or NULL when it is that. */
static const char *type_misses(const struct field *field, const json_t *value)
{
	switch (field->type) {
	case FIELD_LITERAL:
		return json_is_string(value) ? NULL : "a string";
	case FIELD_NUMBER:
		return json_is_number(value) ? NULL : "a number";
	case FIELD_INT:
		return json_is_integer(value) ? NULL : "a whole number";
	case FIELD_BOOL:
		return json_is_boolean(value) ? NULL : "true or false";
	case FIELD_CHOICE:
		return choice_has(field, value) ? NULL : field->help;
	case FIELD_SCALAR:
		return json_is_object(value) || json_is_array(value) ? "a single value" : NULL;
	case FIELD_MAP:
		return json_is_object(value) || json_is_array(value) ? NULL : "an object or a list";
	default:
		return NULL;
	}
}

int event_check(enum event_id id, const json_t *fields, struct err *err)
{
	const char *key, *miss;
	json_t *value;

	if (id < 0 || id >= EV_COUNT)
		return err_set(err, "there is no such event (number %d)", (int)id);
	const struct event_def *def = &event_defs[id];
	json_object_foreach((json_t *)fields, key, value) {
		const struct field *field = field_find(def->fields, key);

		if (!field)
			return err_set(err, "event %s: it has no member \"%s\"", def->name, key);
		if (json_is_null(value) && !field->required)
			continue;
		miss = type_misses(field, value);
		if (miss && field->type == FIELD_CHOICE)
			return err_set(err, "event %s: \"%s\" can't be \"%s\"", def->name, key,
				       json_is_string(value) ? json_string_value(value) : "?");
		if (miss)
			return err_set(err, "event %s: \"%s\" must be %s", def->name, key, miss);
	}
	for (const struct field *field = def->fields; field->name; field++) {
		if (field->required && !json_object_get(fields, field->name))
			return err_set(err, "event %s: \"%s\" is missing", def->name, field->name);
	}
	return 0;
}
