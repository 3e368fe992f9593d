#include "checklists/shapes.h"

#include <stdlib.h>
#include <string.h>

#include "checklists/shapes_parts.h"

static const char *const param_types[] = { "string", "path",	 "int",	 "number",
					   "bool",   "duration", "size", NULL };
static const char *const severities[] = { "low", "medium", "high", "critical", NULL };
static const char *const risks[] = { "low", "medium", "high", NULL };
static const char *const sides[] = { "above", "below", NULL };
static const char *const panel_kinds[] = { "log",	"connections", "memory", "chart",
					   "endpoints", "metrics",     "alerts", "conditions",
					   "bands",	"database",    NULL };
static const char *const panel_levels[] = { "all", "warning", "error", NULL };
static const char *const classes[] = { "live", "staging", "drill", NULL };

static const struct field runbook_fields[] = {
	{ "$schema", FIELD_TEXT, .help = "where an editor finds runbook.schema.json" },
	{ "format", FIELD_INT, .help = "version of this format: 1" },
	{ "system", FIELD_TEXT, .help = "name of the system, one word" },
	{ "title", FIELD_TEXT, .help = "what a person calls the runbook" },
	{ "about", FIELD_TEXT, .help = "one sentence more" },
	{ "parameters", FIELD_OBJECT_MAP, .of = "parameter",
	  .help = "what differs between targets" },
	{ "sources", FIELD_OBJECT_MAP, .of = "source", .help = "what is read, and acted upon" },
	{ "metrics", FIELD_OBJECT_MAP, .of = "metric", .help = "numbers sampled over time" },
	{ "probes", FIELD_OBJECT_MAP, .of = "probe", .help = "questions used in several places" },
	{ "conditions", FIELD_OBJECT_MAP, .of = "condition", .help = "named states of affairs" },
	{ "tree", FIELD_OBJECT, .of = "tree", .help = "the decision tree" },
	{ "procedures", FIELD_OBJECT_MAP, .of = "procedure", .help = "rollbacks and responses" },
	{ "checklists", FIELD_OBJECT_MAP, .of = "checklist",
	  .help = "items to hold before or after" },
	{ "gates", FIELD_OBJECT_MAP, .of = "gate", .help = "decisions computed from criteria" },
	{ "deployments", FIELD_OBJECT_MAP, .of = "deployment",
	  .help = "what is gone through when the system is deployed" },
	{ "routines", FIELD_OBJECT_MAP, .of = "routine", .help = "recurring checks" },
	{ "phases", FIELD_OBJECT_MAP, .of = "phase",
	  .help = "in order: what is begun, finished and stable before the next" },
	{ "contacts", FIELD_OBJECT_MAP, .of = "contact", .help = "in order of escalation" },
	{ "approvals", FIELD_OBJECT, .of = "approvals",
	  .help = "who may approve, by the severity of the incident" },
	{ "deadlines", FIELD_OBJECT, .of = "deadlines",
	  .help = "how soon all must be well again, by the severity of the incident" },
	{ "messages", FIELD_OBJECT_MAP, .of = "message",
	  .help = "templates of what is told to whom" },
	{ "matrix", FIELD_OBJECT, .of = "matrix", .help = "the decision matrix" },
	{ "bands", FIELD_OBJECT_MAP, .of = "bands",
	  .help = "tables of what is on target, acceptable, or an alert" },
	{ "panels", FIELD_OBJECTS, .of = "panel", .help = "what the first screen shows" },
	{ "report", FIELD_OBJECT, .of = "report", .help = "what its own report of trouble tells" },
	END
};

static const struct field parameter_fields[] = {
	{ "type", FIELD_CHOICE, true, .help = "type of its values", .choices = param_types },
	{ "help", FIELD_TEXT, true, .help = "one line of explanation" },
	{ "default", FIELD_SCALAR,
	  .help = "value when the target gives none; may use other parameters" },
	{ "secret", FIELD_BOOL, .help = "given by the target's secrets, never written or shown" },
	{ "ask", FIELD_TEXT,
	  .help = "the question that is put to the operator before a plan is made" },
	{ "propose", FIELD_PROBE, .help = "its text or value is the proposed answer" },
	END
};

const struct field source_common[] = { { "title", FIELD_TEXT, .help = "what a screen calls it" },
				       END };

const struct field metric_common[] = {
	{ "read", FIELD_READ, true, .help = "which number the source reads" },
	{ "title", FIELD_TEXT, .help = "what a screen calls it" },
	{ "unit", FIELD_TEXT, .help = "unit, when it is not the read's own" },
	{ "info", FIELD_NUMBER, .help = "threshold of level info" },
	{ "warning", FIELD_NUMBER, .help = "threshold of level warning" },
	{ "critical", FIELD_NUMBER, .help = "threshold of level critical" },
	{ "when", FIELD_CHOICE, .help = "which side of a threshold is bad; above",
	  .choices = sides },
	{ "every", FIELD_DURATION, .help = "time between samples; 1s" },
	{ "for", FIELD_DURATION, .help = "how long it must be past a threshold; 0s" },
	{ "samples", FIELD_INT, .help = "how many samples in a row must be past it, too; 1" },
	{ "no_data", FIELD_DURATION,
	  .help = "without a value for so long it has no data, a state of its own; 1m, and three "
		  "times \"every\" at least" },
	{ "clear", FIELD_DURATION, .help = "how long it must be back before the alert goes; 0s" },
	{ "cooldown", FIELD_DURATION, .help = "silence between notices of one level; 5m" },
	{ "suggest", FIELD_OUTCOME, .help = "tree, a procedure or a condition", .of = "metric" },
	{ "info_recovery", FIELD_NUMBER,
	  .help = "the level goes when the value is back past this, not past the threshold alone, "
		  "so that one that swings about it raises no alert after another" },
	{ "warning_recovery", FIELD_NUMBER, .help = "likewise for level warning" },
	{ "critical_recovery", FIELD_NUMBER, .help = "likewise for level critical" },
	END
};

const struct field probe_common[] = { { "say", FIELD_TEXT, .help = "what a screen calls it" },
				      END };

static const struct field all_fields[] = {
	{ "all", FIELD_PROBES, true, .help = "passes if every one passes" }, END
};
static const struct field any_fields[] = {
	{ "any", FIELD_PROBES, true, .help = "passes if one passes" }, END
};
static const struct field at_least_fields[] = { { "at_least", FIELD_INT, true,
						  .help = "passes if so many pass" },
						{ "of", FIELD_PROBES, true, .help = "the probes" },
						END };
static const struct field not_fields[] = {
	{ "not", FIELD_PROBE, true, .help = "passes if it fails" }, END
};
static const struct field held_fields[] = {
	{ "held", FIELD_PROBE, true, .help = "passes if it has passed without a gap" },
	{ "for", FIELD_DURATION, true, .help = "for this long; no parameters" },
	{ "max_gap", FIELD_DURATION,
	  .help = "longest time that it was not looked at; 1m; no parameters" },
	END
};
static const struct field manual_fields[] = {
	{ "manual", FIELD_TEXT, true, .help = "a question that the operator answers" }, END
};

const struct type probe_joins[] = {
	{ .name = "all", .help = "every one of several probes", .fields = all_fields },
	{ .name = "any", .help = "one of several probes", .fields = any_fields },
	{ .name = "at_least", .help = "a number of several probes", .fields = at_least_fields },
	{ .name = "not", .help = "the contrary of a probe", .fields = not_fields },
	{ .name = "held", .help = "a probe over time", .fields = held_fields },
	{ .name = "manual", .help = "asks the operator", .fields = manual_fields },
	{ .name = NULL },
};

static const struct field condition_fields[] = {
	{ "title", FIELD_TEXT, true, .help = "what is the case" },
	{ "severity", FIELD_CHOICE, true, .help = "how bad it is", .choices = severities },
	{ "impact", FIELD_TEXT, .help = "what users notice" },
	{ "symptoms", FIELD_PROBES, true, .help = "probes that pass when it is the case" },
	{ "at_least", FIELD_INT, .help = "how many symptoms must hold; all" },
	{ "needs", FIELD_PROBE, .help = "judged only while this passes" },
	{ "for", FIELD_DURATION, .help = "how long the symptoms must hold; 0s" },
	{ "within", FIELD_DURATION, .help = "only so long after a deployment; always" },
	{ "suggest", FIELD_OUTCOME, .help = "what to do then", .of = "tree" },
	END
};

static const struct field tree_fields[] = {
	{ "start", FIELD_REF, true, .help = "the first question", .of = "questions" },
	{ "questions", FIELD_OBJECT_MAP, true, .help = "all of them", .of = "question" },
	END
};

static const struct field question_fields[] = {
	{ "ask", FIELD_TEXT, true, .help = "the question, answered yes or no" },
	{ "help", FIELD_TEXT, .help = "how to tell" },
	{ "probe", FIELD_PROBE, .help = "proposes the answer: pass is yes" },
	{ "contrary", FIELD_PROBES, .help = "evidence for the other answer, shown beside it" },
	{ "for", FIELD_DURATION, .help = "how long a proposal must hold; 0s" },
	{ "yes", FIELD_OUTCOME, true, .help = "what follows", .of = "question" },
	{ "no", FIELD_OUTCOME, true, .help = "what follows", .of = "question" },
	END
};

static const struct field outcome_fields[] = {
	{ "procedure", FIELD_REF, .help = "carry out this procedure", .of = "procedures" },
	{ "advice", FIELD_TEXT, .help = "a sentence" },
	END
};
static const char *const outcome_one[] = { "procedure", "advice", NULL };
static const char *const *const outcome_groups[] = { outcome_one, NULL };

static const struct field procedure_fields[] = {
	{ "title", FIELD_TEXT, true, .help = "what a person calls it" },
	{ "use_when", FIELD_TEXT, .help = "when to use it" },
	{ "estimate", FIELD_RANGE, true, .help = "how long it takes; no parameters" },
	{ "budget", FIELD_DURATION, .help = "time it may take; the estimate's end; no parameters" },
	{ "data_loss", FIELD_TEXT, true, .help = "what is lost, one sentence" },
	{ "risk", FIELD_CHOICE, true, .help = "how much can go wrong", .choices = risks },
	{ "before", FIELD_REF, .help = "checklist to go through first", .of = "checklists" },
	{ "after", FIELD_REF, .help = "checklist that proves it", .of = "checklists" },
	{ "approve", FIELD_OBJECT, .help = "who may approve it", .of = "approval" },
	{ "steps", FIELD_OBJECTS, true, .help = "what is done, in order", .of = "step" },
	END
};

static const struct field approval_fields[] = {
	{ "any", FIELD_NAMES, .help = "one of these contacts", .of = "contacts" },
	{ "all", FIELD_NAMES, .of = "contacts",
	  .help = "every one of these contacts, each by another person" },
	{ "within", FIELD_DEADLINE,
	  .help = "how fast they have to decide; late approvals count, and are called late" },
	{ "valid", FIELD_DURATION,
	  .help = "how long an approval lasts until the first step begins; 30m; no parameters" },
	END
};
static const char *const approval_one[] = { "any", "all", NULL };
static const char *const *const approval_groups[] = { approval_one, NULL };

static const struct field approvals_fields[] = {
	{ "low", FIELD_OBJECT, .help = "while the severity is low", .of = "approval" },
	{ "medium", FIELD_OBJECT, .help = "while it is medium", .of = "approval" },
	{ "high", FIELD_OBJECT, .help = "while it is high", .of = "approval" },
	{ "critical", FIELD_OBJECT, .help = "while it is critical", .of = "approval" },
	END
};

static const struct field step_fields[] = {
	{ "id", FIELD_TEXT, true, .help = "its name, one word, unique in its list" },
	{ "say", FIELD_TEXT, .help = "one line: what it does; needed unless it has \"ask\"" },
	{ "note", FIELD_TEXT, .help = "more for the operator" },
	{ "when", FIELD_PROBE, .help = "fail: the step is not applicable" },
	{ "action", FIELD_ACTION, .help = "the change to the world" },
	{ "verify", FIELD_PROBES, .help = "must pass after the action" },
	{ "timeout", FIELD_DURATION, .help = "time the action may take; 60s" },
	{ "within", FIELD_DURATION, .help = "time until verify must pass; 30s" },
	{ "alternative", FIELD_TEXT, .help = "id of the step that is offered when verify fails" },
	{ "only_alternative", FIELD_BOOL,
	  .help = "runs only as another step's alternative; true for steps that are one" },
	{ "ask", FIELD_TEXT, .help = "a question with branches or a choice" },
	{ "probe", FIELD_PROBE, .help = "proposes the answer to the question: pass is yes" },
	{ "yes", FIELD_OBJECTS, .help = "steps that apply after yes", .of = "step" },
	{ "no", FIELD_OBJECTS, .help = "steps that apply after no", .of = "step" },
	{ "choose", FIELD_OBJECTS, .help = "the options of a choice", .of = "option" },
	{ "procedure", FIELD_REF, .help = "runs the steps of that procedure", .of = "procedures" },
	{ "only", FIELD_STRINGS, .help = "ids: nothing but these of its steps" },
	{ "except", FIELD_STRINGS, .help = "ids: all but these of its steps" },
	END
};
static const char *const step_one[] = { "action", "ask", "procedure", NULL };
static const char *const *const step_groups[] = { step_one, NULL };

static const struct field option_fields[] = {
	{ "id", FIELD_TEXT, true, .help = "the answer, one word" },
	{ "say", FIELD_TEXT, true, .help = "one line: what it means" },
	{ "steps", FIELD_OBJECTS, true, .help = "steps that apply then", .of = "step" },
	END
};

static const struct field checklist_fields[] = {
	{ "title", FIELD_TEXT, true, .help = "what a person calls it" },
	{ "sections", FIELD_OBJECTS, true, .help = "its sections, in order", .of = "section" },
	END
};

static const struct field section_fields[] = {
	{ "title", FIELD_TEXT, true, .help = "heading" },
	{ "offset", FIELD_OFFSET, .help = "when it is due, before (\"-2h\") or after T" },
	{ "items", FIELD_OBJECTS, true, .help = "what has to be so, or be done", .of = "item" },
	END
};

static const struct field item_fields[] = {
	{ "id", FIELD_TEXT, true, .help = "its name, one word, unique in its checklist" },
	{ "say", FIELD_TEXT, true, .help = "one line: what has to be so" },
	{ "note", FIELD_TEXT, .help = "more for the operator" },
	{ "optional", FIELD_BOOL, .help = "does not count for the readiness" },
	{ "when", FIELD_PROBE, .help = "fail: the item is not applicable" },
	{ "probe", FIELD_PROBE, .help = "senses it; without probe and action it is manual" },
	{ "expires", FIELD_DURATION, .help = "how long a sensed green lasts; 60s; no parameters" },
	{ "action", FIELD_ACTION, .help = "does it" },
	{ "verify", FIELD_PROBES, .help = "must pass after the action" },
	{ "timeout", FIELD_DURATION, .help = "time the action may take; 60s" },
	{ "within", FIELD_DURATION, .help = "time until verify must pass; 30s" },
	{ "procedure", FIELD_REF, .help = "it is done when this procedure is", .of = "procedures" },
	{ "done", FIELD_OBJECT, .help = "it was done before", .of = "done" },
	{ "items", FIELD_OBJECTS, .help = "sub-items; a manual item is green when they are",
	  .of = "item" },
	END
};

static const struct field done_fields[] = { { "by", FIELD_TEXT, true, .help = "who did it" },
					    { "at", FIELD_TEXT, true,
					      .help = "when, as one would write it in a log" },
					    END };

static const struct field gate_fields[] = {
	{ "title", FIELD_TEXT, true, .help = "the decision, as a person calls it" },
	{ "go", FIELD_CRITERIA, true, .help = "all of them must hold" },
	{ "no_go", FIELD_CRITERIA, .help = "no-go when one of them holds" },
	{ "adjust", FIELD_CRITERIA,
	  .help = "adjust when one of them holds, and no no-go one does" },
	END
};

static const struct field criterion_fields[] = {
	{ "checklist", FIELD_REF, true, .help = "holds when this checklist is complete",
	  .of = "checklists" },
	{ "say", FIELD_TEXT, .help = "what a screen calls it; the checklist's title" },
	END
};

static const struct field deployment_fields[] = {
	{ "title", FIELD_TEXT, true, .help = "what a person calls it" },
	{ "checklist", FIELD_REF, true,
	  .help = "what is gone through; a section of it is tied to T", .of = "checklists" },
	{ "gate", FIELD_REF, true, .help = "what decides at T", .of = "gates" },
	{ "procedure", FIELD_REF, .help = "the rollback that is suggested on trouble",
	  .of = "procedures" },
	{ "phase", FIELD_REF, .help = "the phase that begins with a go", .of = "phases" },
	END
};

static const struct field contact_fields[] = {
	{ "role", FIELD_TEXT, true, .help = "what they are" },
	{ "reach", FIELD_TEXT, true, .help = "how to reach them, one line" },
	{ "hours", FIELD_TEXT, .help = "when they can be reached" },
	{ "duties", FIELD_TEXT, .help = "what they decide or do" },
	{ "logins", FIELD_STRINGS,
	  .help =
	      "names that its people log in with: who may approve in this role; no parameters" },
	{ "after", FIELD_DURATION, .help = "age of the incident from which they are called; 0s" },
	{ "through", FIELD_SOURCE, .of = "messenger",
	  .help = "the messenger that pages them; without one a person calls" },
	END
};

static const struct field message_fields[] = {
	{ "title", FIELD_TEXT, true, .help = "what a person calls it" },
	{ "channel", FIELD_TEXT, .help = "where it goes" },
	{ "through", FIELD_SOURCE, .of = "messenger",
	  .help = "the messenger that sends it; without one a person does" },
	{ "next_update", FIELD_DURATION,
	  .help = "how soon after it was sent the next one is promised, while the trouble lasts; "
		  "consoles say when it is due" },
	{ "text", FIELD_TEMPLATE, true,
	  .help = "the template; \\n between lines; facts as ${incident.id}" },
	END
};

static const struct field deadlines_fields[] = {
	{ "low", FIELD_DURATION, .help = "from the beginning of the trouble; no parameters" },
	{ "medium", FIELD_DURATION, .help = "likewise" },
	{ "high", FIELD_DURATION, .help = "likewise" },
	{ "critical", FIELD_DURATION, .help = "likewise" },
	END
};

static const struct field matrix_fields[] = {
	{ "columns", FIELD_STRINGS, true, .help = "headings" },
	{ "rows", FIELD_ROWS, true, .help = "lists of as many cells" },
	END
};

static const struct field bands_fields[] = { { "title", FIELD_TEXT, true, .help = "heading" },
					     { "rows", FIELD_OBJECTS, true, .help = "one a metric",
					       .of = "band" },
					     END };

static const struct field band_fields[] = {
	{ "metric", FIELD_REF, true, .help = "a metric without a warning and a critical of its own",
	  .of = "metrics" },
	{ "target", FIELD_NUMBER, .help = "it should be so good" },
	{ "acceptable", FIELD_NUMBER, true, .help = "past this it is a warning" },
	{ "alert", FIELD_NUMBER, true, .help = "past this it is critical" },
	END
};

static const struct field panel_fields[] = {
	{ "kind", FIELD_CHOICE, true, .help = "what it draws", .choices = panel_kinds },
	{ "title", FIELD_TEXT, true, .help = "heading" },
	{ "source", FIELD_SOURCE, .help = "the source it shows" },
	{ "sources", FIELD_NAMES, .of = "sources",
	  .help = "of \"log\": several logs, merged by time" },
	{ "level", FIELD_CHOICE, .choices = panel_levels,
	  .help = "of \"log\": the lines that it shows at first; all" },
	{ "metrics", FIELD_NAMES, .help = "the metrics it shows", .of = "metrics" },
	{ "probes", FIELD_PROBES, .help = "the probes it shows (endpoints)" },
	{ "bands", FIELD_REF, .help = "of kind bands: the table it shows; all", .of = "bands" },
	END
};

static const struct field target_fields[] = {
	{ "target", FIELD_TEXT, true, .help = "its name, one word" },
	{ "system", FIELD_TEXT, true, .help = "the runbook's system" },
	{ "class", FIELD_CHOICE, true, .help = "what is at stake", .choices = classes },
	{ "hosts", FIELD_STRINGS,
	  .help = "names of the hosts that it may be worked on from; any host" },
	{ "claim", FIELD_TEXT,
	  .help = "path of the file that claims it while an incident works on it" },
	{ "parameters", FIELD_MAP, .help = "parameter -> value; may use other parameters" },
	{ "secrets", FIELD_OBJECT_MAP, .help = "secret parameter -> where it is", .of = "secret" },
	{ "sources", FIELD_OBJECT_MAP, .help = "sources of the runbook, redefined with their type",
	  .of = "source" },
	{ "contacts", FIELD_OBJECT_MAP, .help = "contact of the runbook -> who that is here",
	  .of = "person" },
	{ "bind", FIELD_OBJECT_MAP, .help = "PROCEDURE/STEP or CHECKLIST/ITEM -> what does it here",
	  .of = "binding" },
	END
};

static const struct field mode_fields[] = {
	{ "args", FIELD_STRINGS, .help = "more words for the start command" },
	{ "env", FIELD_MAP, .help = "additions to the start command's environment" },
	{ "systemd", FIELD_STRING,
	  .help = "the unit that is started in place of the service's own one (bot@safe)" },
	END
};

static const struct field secret_fields[] = {
	{ "env", FIELD_TEXT, .help = "name of an environment variable" },
	{ "file", FIELD_PATH, .help = "path of a file that holds it" },
	END
};
static const char *const secret_one[] = { "env", "file", NULL };
static const char *const *const secret_groups[] = { secret_one, NULL };

static const struct field person_fields[] = {
	{ "logins", FIELD_STRINGS, .help = "names that they log in with here; no parameters" },
	{ "reach", FIELD_TEXT, .help = "how to reach them here" },
	{ "hours", FIELD_TEXT, .help = "when they can be reached" },
	END
};

static const struct field binding_fields[] = {
	{ "action", FIELD_ACTION, .help = "does the manual step or item" },
	{ "probe", FIELD_PROBE, .help = "senses that it is done" },
	END
};
static const char *const binding_one[] = { "action", "probe", NULL };
static const char *const *const binding_groups[] = { binding_one, NULL };

#define SHAPE(word, a_word, text, table)                                                \
	{                                                                               \
		.type = { .name = word, .help = text, .fields = table }, .one = a_word, \
		.as = FIELD_OBJECT                                                      \
	}
#define SHAPE_ONE_OF(word, a_word, text, table, groups)                                    \
	{                                                                                  \
		.type = { .name = word, .help = text, .fields = table, .one_of = groups }, \
		.one = a_word, .as = FIELD_OBJECT                                          \
	}

const struct shape shapes[] = {
	SHAPE("runbook", "a runbook", "all that is known about operating one system",
	      runbook_fields),
	SHAPE("parameter", "a parameter", "a value that targets give", parameter_fields),
	{ .type = { .name = "source", .help = "something that is read", .fields = source_common },
	  .one = "a source",
	  .as = FIELD_SOURCE_DEF },
	SHAPE("mode", "a mode", "another way in which a service is started", mode_fields),
	{ .type = { .name = "metric", .help = "a number with thresholds", .fields = metric_common },
	  .one = "a metric",
	  .as = FIELD_METRIC },
	{ .type = { .name = "probe", .help = "one question", .fields = probe_common },
	  .one = "a probe",
	  .as = FIELD_PROBE },
	SHAPE("condition", "a condition", "a named state of affairs", condition_fields),
	SHAPE("tree", "a tree", "the decision tree", tree_fields),
	SHAPE("question", "a question", "one question of the tree", question_fields),
	SHAPE_ONE_OF("outcome", "an outcome", "what to do next", outcome_fields, outcome_groups),
	SHAPE("procedure", "a procedure", "a rollback or an emergency response", procedure_fields),
	SHAPE_ONE_OF("approval", "an approval rule", "who may approve", approval_fields,
		     approval_groups),
	SHAPE("approvals", "rules for approvals", "who may approve, by severity", approvals_fields),
	SHAPE("deadlines", "deadlines", "how soon all must be well again, by severity",
	      deadlines_fields),
	SHAPE_ONE_OF("step", "a step", "one action, question, choice or procedure", step_fields,
		     step_groups),
	SHAPE("option", "an option", "one answer to a choice", option_fields),
	SHAPE("checklist", "a checklist", "sections of items", checklist_fields),
	SHAPE("section", "a section", "items that belong together", section_fields),
	SHAPE("item", "an item", "one thing that has to be so", item_fields),
	SHAPE("done", "a record", "who did it before, and when", done_fields),
	SHAPE("gate", "a gate", "a decision computed from criteria", gate_fields),
	SHAPE("criterion", "a criterion", "a checklist that a gate asks for", criterion_fields),
	SHAPE("deployment", "a deployment", "a checklist tied to T and its gate",
	      deployment_fields),
	SHAPE_ONE_OF("routine", "a routine", "checks that recur", routine_shape_fields,
		     routine_groups),
	SHAPE("phase", "a phase", "a part of what is rolled out", phase_shape_fields),
	SHAPE("contact", "a contact", "someone who is called", contact_fields),
	SHAPE("message", "a message", "a template", message_fields),
	SHAPE("matrix", "a matrix", "who decides what how fast", matrix_fields),
	SHAPE("bands", "a band table", "metrics, each with its bands", bands_fields),
	SHAPE("band", "a row of bands", "what is on target, acceptable, or an alert", band_fields),
	SHAPE("panel", "a panel", "one panel of the first screen", panel_fields),
	SHAPE("report", "a report", "what the report of trouble tells, as this system wants it",
	      report_shape_fields),
	SHAPE("report-section", "a section of the report", "lines under a heading",
	      report_section_shape_fields),
	SHAPE("report-field", "a field of the report", "a line that facts or a person fill in",
	      report_field_shape_fields),
	SHAPE("target", "a target", "where a runbook is applied", target_fields),
	SHAPE("person", "people", "who stands behind a contact on this target", person_fields),
	SHAPE_ONE_OF("secret", "a secret", "where a secret lies", secret_fields, secret_groups),
	SHAPE_ONE_OF("binding", "a binding", "what stands in for a person", binding_fields,
		     binding_groups),
	{ .type = { .name = NULL } },
};

const struct shape *shape_find(const char *name)
{
	for (const struct shape *s = shapes; s->type.name; s++)
		if (strcmp(s->type.name, name) == 0)
			return s;
	abort();
}

static const struct {
	const char *name, *expected;
} type_words[] = {
	[FIELD_STRING] = { "string", "a string" },
	[FIELD_LITERAL] = { "literal", "a string" },
	[FIELD_PATH] = { "path", "an absolute path" },
	[FIELD_INT] = { "int", "a whole number" },
	[FIELD_NUMBER] = { "number", "a number" },
	[FIELD_BOOL] = { "bool", "true or false" },
	[FIELD_SCALAR] = { "scalar", "a string, a number, true or false" },
	[FIELD_DURATION] = { "duration", "a duration such as \"30s\" or \"2h30m\"" },
	[FIELD_RANGE] = { "range", "a range of durations such as \"2m-5m\"" },
	[FIELD_SIZE] = { "size", "a size such as \"10MB\", \"1GiB\" or a number of bytes" },
	[FIELD_REGEX] = { "regex", "a regular expression" },
	[FIELD_CHOICE] = { "choice", "a string" },
	[FIELD_STRINGS] = { "strings", "a list of strings" },
	[FIELD_SCALARS] = { "scalars", "a list of strings, numbers, true or false" },
	[FIELD_MAP] = { "map", "an object of strings, numbers, true or false" },
	[FIELD_FLAGS] = { "flags", "an object: flag -> value" },
	[FIELD_FLAG] = { "flag", "the name of a flag" },
	[FIELD_MODE] = { "mode", "the name of a mode" },
	[FIELD_SOURCE] = { "source", "the name of a source" },
	[FIELD_REF] = { "name", "a declared name" },
	[FIELD_READ] = { "read", "the name of a number that the source can read" },
	[FIELD_PROBE] = { "probe", "a probe: the name of a declared one, or an object" },
	[FIELD_PROBES] = { "probes", "a list of probes" },
	[FIELD_TEXT] = { "text", "a line of text" },
	[FIELD_TEMPLATE] = { "template", "a text" },
	[FIELD_OFFSET] = { "offset", "a duration before or after T, such as \"-2h\" or \"30m\"" },
	[FIELD_OFFSETS] = { "offsets", "a list of durations such as \"1h\"" },
	[FIELD_DEADLINE] = { "deadline", "a duration, or \"next business day\"" },
	[FIELD_NAMES] = { "names", "a list of declared names" },
	[FIELD_ACTION] = { "action", "an action: {\"TYPE\": ...}" },
	[FIELD_OUTCOME] = { "outcome", "{\"procedure\": NAME}, {\"advice\": TEXT} or a name" },
	[FIELD_OBJECT] = { "object", "an object" },
	[FIELD_OBJECTS] = { "list", "a list of objects" },
	[FIELD_OBJECT_MAP] = { "section", "an object: name -> object" },
	[FIELD_SOURCE_DEF] = { "source definition", "a source: {\"TYPE\": {...}}" },
	[FIELD_SETTINGS] = { "settings", "an object: the settings of this type" },
	[FIELD_METRIC] = { "metric", "a metric: {\"SOURCE-TYPE\": SOURCE, \"read\": ...}" },
	[FIELD_CRITERIA] = { "criteria",
			     "a list of probes and of checklists ({\"checklist\": NAME})" },
	[FIELD_ROWS] = { "rows", "a list of lists of text" },
};

const char *field_type_name(enum field_type type)
{
	return type_words[type].name;
}

const char *field_type_expected(enum field_type type)
{
	return type_words[type].expected;
}

bool field_may_hold_secret(const struct field *field)
{
	return (field->type == FIELD_STRING || field->type == FIELD_MAP) && field->of &&
	       (strcmp(field->of, "secret") == 0 || field_is_secret(field));
}

bool field_is_secret(const struct field *field)
{
	return field->type == FIELD_STRING && field->of && strcmp(field->of, "secret only") == 0;
}
