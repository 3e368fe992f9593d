/* The fields of routines, of phases and of the runbook's own report. */
#include <stddef.h>

#include "checklists/runbook.h"
#include "checklists/shapes_parts.h"

static const char *const routine_starts[] = { "deployment", "incident", NULL };

const struct field routine_shape_fields[] = {
	{ "title", FIELD_TEXT, true, .help = "what a person calls it" },
	{ "note", FIELD_TEXT, .help = "more for the operator" },
	{ "checklist", FIELD_REF, true, .help = "what is gone through", .of = "checklists" },
	{ "after", FIELD_CHOICE, .choices = routine_starts,
	  .help = "what it begins with: a deployment that was decided go, the resolving of an "
		  "incident; without it, \"phase\" and \"event\" always" },
	{ "deployment", FIELD_REF, .help = "\"after\" deployment: of this one, no other",
	  .of = "deployments" },
	{ "phase", FIELD_REF, .help = "it begins when this phase has finished", .of = "phases" },
	{ "event", FIELD_TEXT,
	  .help = "it lies around an event whose time the operator gives; its name, one word" },
	{ "every", FIELD_DURATION,
	  .help = "how often it is due, after the beginning; else by UTC, weeks from Monday; no "
		  "parameters" },
	{ "for", FIELD_DURATION,
	  .help = "how long after the beginning, after an incident always given; without end; no "
		  "parameters" },
	{ "from", FIELD_DURATION,
	  .help = "of \"every\" without a beginning: how far into the day, the week ... it is due; "
		  "no parameters" },
	{ "at", FIELD_OFFSETS,
	  .help = "due once at each of these times after the beginning; of an event also before "
		  "it" },
	{ "within", FIELD_DURATION,
	  .help = "so long after it was due it is overdue; when it is due again, with \"at\" 1h; "
		  "without a beginning only one that was done before; no parameters" },
	{ "period", FIELD_DURATION,
	  .help = "its report sums up so much time: metrics as they were kept, incidents, "
		  "deployments, routines; no parameters" },
	{ "metrics", FIELD_NAMES, .help = "the metrics that are summed up; all", .of = "metrics" },
	END
};
static const char *const routine_times[] = { "every", "at", NULL };
const char *const *const routine_groups[] = { routine_times, NULL };

const struct field phase_shape_fields[] = {
	{ "title", FIELD_TEXT, true, .help = "what a person calls it" },
	{ "checklists", FIELD_NAMES, true, .help = "what is gone through in it, in order",
	  .of = "checklists" },
	{ "gate", FIELD_REF,
	  .help = "decides whether it begins: the gate of the deployment that names it",
	  .of = "gates" },
	{ "conditions", FIELD_NAMES,
	  .help = "rollback conditions: while one was on record it is not stable",
	  .of = "conditions" },
	END
};

const char *const report_part_names[REPORT_PARTS + 1] = {
	[REPORT_INCIDENT] = "incident",
	[REPORT_DESCRIPTION] = "description",
	[REPORT_ERRORS] = "errors",
	[REPORT_DECISION] = "decision",
	[REPORT_EXECUTION] = "execution",
	[REPORT_VALIDATION] = "validation",
	[REPORT_CHARTS] = "charts",
	[REPORT_TIMES] = "times",
	[REPORT_LOSS] = "loss",
	[REPORT_MESSAGES] = "messages",
	[REPORT_NOTES] = "notes",
	[REPORT_ROOT_CAUSE] = "root_cause",
	[REPORT_REMEDIATION] = "remediation",
	[REPORT_LESSONS] = "lessons",
	[REPORT_SIGN_OFF] = "sign_off",
};

const struct field report_shape_fields[] = {
	{ "title", FIELD_TEXT, .help = "what the report is called" },
	{ "sections", FIELD_OBJECTS, true, .of = "report-section",
	  .help = "in order; what every report has, and none of them takes in, keeps its "
		  "place between them" },
	END
};

const struct field report_section_shape_fields[] = {
	{ "title", FIELD_TEXT, true, .help = "heading" },
	{ "fields", FIELD_OBJECTS, .of = "report-field", .help = "lines of its own, in order" },
	{ "with", FIELD_CHOICE, .choices = report_part_names,
	  .help = "the section of every report whose facts follow in this one" },
	END
};

const struct field report_field_shape_fields[] = {
	{ "id", FIELD_TEXT, true, .help = "its name, one word, unique in the report" },
	{ "say", FIELD_TEXT, true, .help = "what stands before it" },
	{ "from", FIELD_TEMPLATE,
	  .help = "a text of facts, as ${procedure.approved}; where one of them is not known, it "
		  "is a line to write on" },
	{ "ask", FIELD_TEXT,
	  .help = "a question that is put at closing, or answered before by the command fill; the "
		  "answer goes before \"from\", without one it is a line to write on" },
	{ "choices", FIELD_MAP,
	  .help =
	      "value -> what stands for it; all are shown as boxes, and the value's is ticked" },
	END
};
