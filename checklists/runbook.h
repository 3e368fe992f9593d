/*
 * A runbook in memory: what should be done, as plain structs. Pure: nothing here opens a file.
 *
 * Life cycle: runbook_build() checks the documents and fills a new runbook in one go; it borrows
 * the documents' JSON values (so the documents must outlive it) and owns everything else. All
 * strings below are borrowed from the documents unless said otherwise. Arrays keep the file's
 * order.
 *
 * Values keep their parameters: `args` still hold "${name}". Whoever uses them fills them in first
 * (lib/params.h), with the target's values and the operator's answers.
 */
#ifndef CHECKLISTS_RUNBOOK_H
#define CHECKLISTS_RUNBOOK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/field.h"
#include "lib/jdoc.h"

/* One object of a type from the vocabulary. */
struct typed {
	const struct type *type; /* NULL: there is none */
	const json_t *args; /* the whole object for probes, actions and metrics; for sources the one
			       below the type's name */
};

enum probe_kind {
	PROBE_TYPED,	/* asks the world: `ask` */
	PROBE_MANUAL,	/* asks the operator: `text` */
	PROBE_ALL,	/* of `parts`; pass if all pass, fail if one fails, else unknown */
	PROBE_ANY,	/* pass if one passes, fail if all fail, else unknown */
	PROBE_AT_LEAST, /* `count` of `parts` */
	PROBE_NOT,	/* of parts[0] */
	PROBE_HELD,	/* parts[0] has held for `for_us` without a gap */
};

struct probe {
	char *id;	   /* owned: its name, or its path ("procedures.level-1.stop.verify.0") */
	const char *title; /* what a screen calls it: "say" if given, else NULL */
	enum probe_kind kind;
	struct typed ask;
	const char *text;
	struct probe **parts; /* owned array; the probes themselves are the runbook's */
	size_t nparts;
	size_t count;
	int64_t for_us;
	int64_t max_gap_us; /* of "held": the longest time without a look; 0: a minute */
};

/* A parameter: declared with type, default and one line of explanation. */
struct param {
	const char *name;
	const char *help;
	enum field_type type;	/* STRING, PATH, INT, NUMBER, BOOL, DURATION or SIZE */
	const json_t *fallback; /* NULL: the target must give it (or the operator, see `ask`) */
	bool secret;
	const char *ask;       /* the question, when it is answered before a plan is made */
	struct probe *propose; /* its reading's text (else value) is the proposed answer; or NULL */
};

struct source_def {
	const char *name;
	const char *title; /* or NULL */
	struct typed what;
};

enum level { LEVEL_OK, LEVEL_INFO, LEVEL_WARNING, LEVEL_CRITICAL };

/* A metric with its thresholds. Thresholds that are not given are NAN. A threshold may be a
 * parameter, so the numbers are filled in when a target is bound: see core/sense.h. */
struct metric {
	const char *name;
	const char *title;
	struct typed read;  /* its source type; args hold the whole metric object */
	const char *source; /* the source's name; NULL: it is derived */
	/* Derived from another metric, perhaps set against a second one, or from a probe; NULL. */
	const struct metric *of, *to;
	struct probe *probe;
	const char *unit;
	const json_t *limit[4];	   /* by enum level; [LEVEL_OK] unused; NULL when not given */
	const json_t *recovery[4]; /* likewise: the value past which the level goes; NULL: limit */
	bool below;		   /* alert when under the threshold ("when": "below") */
	const json_t *every, *for_, *clear, *cooldown; /* durations; NULL: 1s, 0s, 0s, 5m */
	const json_t *samples;			       /* a number of samples in a row; NULL: 1 */
	const json_t *no_data;			       /* a duration; NULL: see core/alerts.h */
	const char *suggest; /* "tree", a procedure or a condition; NULL */
};

/* What to do next: exactly one of them is set, or none. */
struct outcome {
	const char *question; /* the next question of the tree */
	const struct procedure *procedure;
	bool tree;	    /* "go through the tree" */
	const char *advice; /* a sentence */
};

enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };

/* A named state of affairs: see the vocabulary in docs/ARCHITECTURE.md. */
struct condition {
	const char *name;
	const char *title;
	const char *impact; /* or NULL */
	enum severity severity;
	struct probe *needs;	 /* when it can be judged, or NULL */
	struct probe **symptoms; /* owned array */
	size_t nsymptoms;
	size_t at_least;      /* how many of them must hold */
	const json_t *for_;   /* how long it must hold; NULL: 0s */
	const json_t *within; /* only within this time of the deployment; NULL: always */
	struct outcome suggest;
};

struct question {
	const char *name;
	const char *ask;
	const char *help;	 /* or NULL */
	struct probe *probe;	 /* proposes the answer: pass is yes */
	struct probe **contrary; /* evidence for the other answer, shown beside it */
	size_t ncontrary;
	const json_t *for_; /* a proposal must hold this long; NULL: 0s */
	struct outcome yes, no;
};

struct tree {
	struct question *questions; /* owned array */
	size_t nquestions;
	size_t start; /* index */
};

enum step_kind {
	STEP_ACTION,
	STEP_QUESTION, /* a question with branches; answered yes or no */
	STEP_CHOICE,   /* a choice between actions; answered with an option's id */
};

struct choice {
	const char *id;
	const char *say;
};

/*
 * One step. Procedures are flat: steps inside a branch or an option, and the steps of a procedure
 * that is a step, stand in the list themselves, with an id like "code/checkout" and a guard: the
 * step whose answer decides whether they apply. A guard always stands before what it guards.
 */
struct step {
	char *id;	  /* owned; unique in its procedure */
	const char *say;  /* one line: what it does */
	const char *note; /* more for the operator, or NULL */
	enum step_kind kind;
	int guard;		  /* index of the deciding step, or -1 */
	const char *guard_answer; /* "yes", "no", or an option's id */
	struct typed action;	  /* STEP_ACTION */
	struct probe *probe;	  /* STEP_QUESTION: proposes the answer */
	struct choice *options;	  /* STEP_CHOICE; owned */
	size_t noptions;
	struct probe *when;    /* fail: not applicable; NULL: applies */
	struct probe **verify; /* owned array */
	size_t nverify;
	const json_t *timeout;	 /* of the action; NULL: 60s */
	const json_t *within;	 /* verify must hold within this time after it; NULL: 30s */
	const char *alternative; /* a step of this procedure that is offered when verify fails, or
				    NULL; such a step runs only as an alternative */
	bool only_alternative;
	bool by_person; /* on this target a person carries the message or page of its action */
	char *origin;	/* owned: "PROCEDURE/STEP" that it was copied from, when it came with a
			   step that is a procedure; NULL: its own */
};

struct procedure;
struct item; /* of a checklist */

struct section {
	const char *title;
	bool timed;
	const json_t *offset; /* duration before (negative text "-2h") or after T; NULL: not tied */
	int64_t offset_us;
	struct item *items; /* owned array */
	size_t nitems;
};

enum item_kind { ITEM_SENSED, ITEM_MANUAL, ITEM_ACTION };

struct item {
	char *id; /* owned; unique in its checklist; sub-items are "parent/child" */
	const char *say;
	const char *note; /* or NULL */
	enum item_kind kind;
	int parent; /* index in the same section, or -1 */
	bool optional;
	struct probe *probe;   /* ITEM_SENSED */
	const json_t *expires; /* how long a green stays green; NULL: 60s */
	struct typed action;   /* ITEM_ACTION; no type when it names a procedure */
	struct probe **verify; /* of that action; owned array */
	size_t nverify;
	const json_t *timeout, *within;	   /* of that action, as a step's */
	struct probe *when;		   /* fail: not applicable; NULL: applies */
	const struct procedure *procedure; /* ITEM_ACTION: the item is done when this one is */
	const char *done_by, *done_at;	   /* done before, or NULL */
};

struct checklist {
	const char *name;
	const char *title;
	struct section *sections; /* owned array */
	size_t nsections;
};

/* What a gate is computed from: a probe that passes, or a checklist that is complete. */
struct criterion {
	const char *say;		   /* what a screen calls it; never NULL */
	struct probe *probe;		   /* or NULL */
	const struct checklist *checklist; /* or NULL */
};

enum criterion_kind { CRITERION_GO, CRITERION_NO_GO, CRITERION_ADJUST, CRITERION_KINDS };

/* A decision computed from criteria: see checklists/gate.h. */
struct gate {
	const char *name;
	const char *title;
	/* Owned arrays, by kind: go (all must hold), no-go (none may), adjust (none may, for go).
	 */
	struct criterion *criteria[CRITERION_KINDS];
	size_t n[CRITERION_KINDS];
};

/* A part of what is rolled out. When it has begun, and how it ended, is on record; so is whether it
 * has been stable since (core/recorded.h). */
struct phase {
	const char *name;
	const char *title;
	const struct checklist **checklists; /* owned array */
	size_t nchecklists;
	const struct gate *gate;	     /* of the deployment that begins it, or NULL */
	const struct condition **conditions; /* owned array: of its rollback */
	size_t nconditions;
};

/* What is gone through when the system is deployed: a checklist tied to T and the gate before it.
 */
struct deployment {
	const char *name;
	const char *title;
	const struct checklist *checklist;
	const struct gate *gate;
	const struct procedure *procedure; /* the rollback that is suggested on trouble, or NULL */
	const struct phase *phase;	   /* that a go begins, or NULL */
};

enum schedule_start {
	START_ALWAYS,
	START_DEPLOYMENT, /* T of one that was decided go */
	START_INCIDENT,	  /* the resolving of one */
	START_PHASE,	  /* the end of one that finished */
	START_EVENT,	  /* the time that an operator gave for it */
};

/* When a routine is due; the arithmetic is in checklists/schedule.h. All in microseconds. */
struct schedule {
	enum schedule_start start;
	const char *of;	  /* the deployment's, phase's or event's name; NULL: any deployment */
	int64_t every_us; /* 0: `at_us` is given */
	int64_t for_us;	  /* of every: so long after the beginning; 0: without end */
	int64_t from_us;  /* of every, always: how far into its day, week ... */
	int64_t *at_us;	  /* owned: offsets from the beginning, ascending */
	size_t nat;
	int64_t within_us; /* so long after it was due it is overdue; never 0 */
};

/* Checks that recur. */
struct routine {
	const char *name;
	const char *title;
	const char *note; /* or NULL */
	const struct checklist *checklist;
	struct schedule schedule;
	int64_t period_us;	       /* what its report sums up; 0: nothing */
	const struct metric **metrics; /* owned array: of the summary; none: all */
	size_t nmetrics;
};

struct contact;

#define NEXT_BUSINESS_DAY "next business day"

/* Who may approve: see checklists/approval.h. */
struct approval_rule {
	const struct contact **roles; /* owned array; each is a role */
	size_t nroles;		      /* 0: there is no rule */
	bool all;		      /* every role, each by another person; else one of them */
	int64_t within_us;	      /* how fast they have to decide; 0: nothing is said */
	bool next_business_day;	      /* by its end */
	int64_t valid_us;	      /* how long an approval lasts; 0: APPROVAL_VALID_US */
};

enum risk { RISK_LOW, RISK_MEDIUM, RISK_HIGH }; /* of a procedure; an action has a risk class */

struct procedure {
	const char *name;
	const char *title;
	const char *use_when;  /* "When to use", or NULL */
	const char *data_loss; /* one sentence */
	enum risk risk;
	int64_t estimate_low_us, estimate_high_us; /* 0: not given */
	int64_t budget_us;			   /* 0: estimate_high_us */
	const struct checklist *before, *after;	   /* or NULL */
	const struct item *item; /* the one whose action it carries out, or NULL */
	struct step *steps;	 /* owned array */
	size_t nsteps;
	struct approval_rule approve;
	const char **asks; /* owned array: `ask` parameters that its steps use */
	size_t nasks;
};

/* One row of the decision matrix: the columns are free, given once. */
struct matrix {
	const char **columns; /* owned array */
	size_t ncolumns;
	const char **cells; /* owned: nrows * ncolumns */
	size_t nrows;
};

struct contact {
	const char *name;
	const char *role;
	const char *reach;   /* how to reach them: one line */
	const char *hours;   /* or NULL */
	const char *duties;  /* or NULL */
	const json_t *after; /* incident age from which they are called; NULL: at once */
	const char **logins; /* owned array: who may approve in this role; the target's, if it
				gives them */
	size_t nlogins;
	const char *through; /* the messenger that pages them; NULL: a person calls */
};

struct message {
	const char *name;
	const char *title;
	const char *channel;	   /* or NULL */
	const char *through;	   /* the messenger that sends it; NULL: a person does */
	const char *text;	   /* a template */
	const json_t *next_update; /* how soon after it the next one is promised, or NULL */
};

/* One metric's bands: on target, acceptable, then a warning, past `alert` critical. */
struct band {
	const struct metric *metric;
	const json_t *target, *acceptable, *alert; /* numbers; `target` may be NULL */
};

struct band_table {
	const char *name;
	const char *title;
	struct band *rows; /* owned array */
	size_t nrows;
};

struct panel {
	const char *title;
	const char *kind;     /* "log", "connections", "memory", "chart", ... */
	const char *source;   /* or NULL */
	const char **sources; /* owned array: several logs in one */
	size_t nsources;
	const char *level;    /* of a log: "all", "warning", "error"; NULL: all */
	const char *bands;    /* the name of a band table, or NULL */
	const char **metrics; /* owned array */
	size_t nmetrics;
	struct probe **probes; /* owned array; the probes are the runbook's */
	size_t nprobes;
};

/* A line of the runbook's own report: `from` or `ask` is there. */
struct report_field_def {
	const char *id;
	const char *say;
	const char *from;      /* a template of facts, or NULL */
	const char *ask;       /* the question that is put at closing, or NULL */
	const json_t *choices; /* value -> what stands for it; NULL: any text */
};

/* The sections that every report has, as far as one of the runbook may take them in. */
enum report_part {
	REPORT_INCIDENT,
	REPORT_DESCRIPTION,
	REPORT_ERRORS,
	REPORT_DECISION,
	REPORT_EXECUTION,
	REPORT_VALIDATION,
	REPORT_CHARTS,
	REPORT_TIMES,
	REPORT_LOSS,
	REPORT_MESSAGES,
	REPORT_NOTES,
	REPORT_ROOT_CAUSE,
	REPORT_REMEDIATION,
	REPORT_LESSONS,
	REPORT_SIGN_OFF,
	REPORT_PARTS
};
extern const char *const report_part_names[REPORT_PARTS + 1]; /* ended by NULL */

struct report_section_def {
	const char *title;
	enum report_part with; /* what it takes in; REPORT_PARTS: nothing */
	struct report_field_def *fields;
	size_t nfields; /* owned */
};

/* How trouble is reported: see core/report.c. */
struct report_def {
	const char *title; /* or NULL */
	struct report_section_def *sections;
	size_t nsections; /* owned; 0: the runbook has none */
};

struct runbook {
	const char *system;
	const char *title;
	const char *about; /* or NULL */
	struct param *params;
	size_t nparams;
	struct source_def *sources;
	size_t nsources;
	struct metric *metrics;
	size_t nmetrics;
	struct probe **probes;
	size_t nprobes; /* declared by name */
	struct condition *conditions;
	size_t nconditions;
	struct tree tree; /* nquestions 0: none */
	struct procedure *procedures;
	size_t nprocedures;
	/* Of items with an action: one step each, named "CHECKLIST/ITEM". They run, and are
	 * recorded, as all others are; nobody chooses them from a list. Owned. */
	struct procedure **item_procedures;
	size_t nitem_procedures, cap_item_procedures;
	struct checklist *checklists;
	size_t nchecklists;
	struct gate *gates;
	size_t ngates;
	struct deployment *deployments;
	size_t ndeployments;
	struct routine *routines;
	size_t nroutines;
	struct phase *phases;
	size_t nphases;
	struct matrix matrix;
	struct contact *contacts;
	size_t ncontacts;
	struct approval_rule approvals[SEVERITY_CRITICAL + 1]; /* by enum severity */
	/* Likewise: how long after trouble began all must be well again; 0: not said. */
	int64_t deadlines[SEVERITY_CRITICAL + 1];
	struct message *messages;
	size_t nmessages;
	struct band_table *bands;
	size_t nbands;
	struct panel *panels;
	size_t npanels;
	struct report_def report;
	struct probe **inline_probes;
	size_t ninline_probes; /* owned here, used above */
};

/* All NULL-terminated arrays of pointers; borrowed. Made by core/vocabulary.h. */
struct vocabulary {
	const struct type *const *sources;
	const struct type *const
	    *derived; /* metrics that are made of other metrics and of probes */
	const struct type *const *probes;
	const struct type *const *actions;
	const struct type
	    *manual; /* the action that a person does; targets may bind it. NULL: none */
	/* Names that templates may use, besides parameters. What is in capitals in one stands for a
	 * name of the runbook: see check_facts.c. */
	const char *const *facts;
};

/* One mistake. */
struct finding {
	char *file; /* owned */
	int line, column;
	char *path;	  /* owned: inside the document, a JSON pointer */
	char *message;	  /* owned: what is wrong and what was expected */
	char *suggestion; /* owned: "did you mean ...", or NULL */
};

struct findings {
	struct finding *list; /* owned */
	size_t n, cap;
};

/* A mistake at a pointer of a document, with the place of its value; `suggestion` may be NULL. All
 * is copied. */
void findings_add(struct findings *findings, const struct jdoc *doc, const char *pointer,
		  const char *suggestion, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void findings_release(struct findings *findings);

/* Checks the documents of one runbook (their top-level sections are joined; a section's entries may
 * be spread over files) and builds it. All mistakes of all documents go to `findings`; NULL when
 * there is any, else new. */
struct runbook *runbook_build(const struct jdoc *docs, size_t ndocs,
			      const struct vocabulary *vocabulary, struct findings *findings);
void runbook_free(struct runbook *runbook);

/* Look-ups by name; NULL when there is none. */
const struct param *runbook_param(const struct runbook *runbook, const char *name);
const struct source_def *runbook_source(const struct runbook *runbook, const char *name);
const struct metric *runbook_metric(const struct runbook *runbook, const char *name);
struct probe *runbook_probe(const struct runbook *runbook, const char *id); /* declared or inline */
const struct condition *runbook_condition(const struct runbook *runbook, const char *name);
/* The bands of a metric; NULL. */
const struct band *runbook_band(const struct runbook *runbook, const struct metric *metric);
const struct procedure *runbook_procedure(const struct runbook *runbook, const char *name);
const struct checklist *runbook_checklist(const struct runbook *runbook, const char *name);
const struct gate *runbook_gate(const struct runbook *runbook, const char *name);
const struct deployment *runbook_deployment(const struct runbook *runbook, const char *name);
const struct routine *runbook_routine(const struct runbook *runbook, const char *name);
const struct phase *runbook_phase(const struct runbook *runbook, const char *name);
const struct contact *runbook_contact(const struct runbook *runbook, const char *name);
const struct message *runbook_message(const struct runbook *runbook, const char *name);
/* A field of its report, by id; NULL. */
const struct report_field_def *runbook_report_field(const struct runbook *runbook, const char *id);
/* Whether a section of its report takes that part in and asks: then nothing else asks for it. */
bool runbook_report_asks(const struct runbook *runbook, enum report_part part);
/* By its whole id ("code/checkout"); NULL. */
const struct step *procedure_step(const struct procedure *procedure, const char *id);

const char *level_name(enum level level);	   /* "ok", "info", "warning", "critical" */
const char *severity_name(enum severity severity); /* "low" ... "critical" */
int severity_parse(const char *name, enum severity *severity); /* 0, or -1 when it is none */
const char *risk_name(enum risk risk);			       /* "low", "medium", "high" */

#endif
