/*
 * Inside of the checker: shared by checklists/check_*.c, build_*.c and target.c, by nobody else.
 *
 * Checking takes three walks. declare_all() collects the names that the documents declare, so that
 * references may point forward and across files. check_document() holds every value against the
 * field tables (types, unknown keys, references, parameters); it visits each value exactly once.
 * The build_*() functions then fill the structs and find what no table can say (cycles, guards,
 * orders); they pass silently over values that the second walk has refused.
 */
#ifndef CHECKLISTS_CHECK_H
#define CHECKLISTS_CHECK_H

#include "checklists/runbook.h"
#include "checklists/target.h"

enum section_id {
	SECTION_PARAMETERS,
	SECTION_SOURCES,
	SECTION_METRICS,
	SECTION_PROBES,
	SECTION_CONDITIONS,
	SECTION_QUESTIONS, /* tree.questions */
	SECTION_PROCEDURES,
	SECTION_CHECKLISTS,
	SECTION_GATES,
	SECTION_DEPLOYMENTS,
	SECTION_ROUTINES,
	SECTION_PHASES,
	SECTION_CONTACTS,
	SECTION_MESSAGES,
	SECTION_BANDS,
	SECTION_COUNT
};

/* A value in a document. Nodes lie on the stack of the walk; `up` outlives them. */
struct node {
	const struct jdoc *doc;
	const struct node *up; /* NULL: the document itself */
	const char *key;       /* NULL: an element of a list */
	size_t index;
	json_t *value; /* borrowed; NULL: missing */
};

/* What a section declares. */
struct names {
	struct node *list; /* owned; their `up` is one of checker.tops */
	size_t n, cap;
};

struct checker {
	const struct vocabulary *vocabulary;
	struct findings *findings;
	const struct jdoc *docs;
	size_t ndocs;
	struct node **tops; /* owned: the sections' own nodes, for the names' `up` */
	size_t ntops, cap_tops;
	struct names names[SECTION_COUNT];
	struct runbook *runbook;
	bool *used;		      /* owned: one for each parameter; NULL: nobody asks */
	bool secret;		      /* the field that is checked may hold a secret */
	bool no_asks;		      /* inside a source or metric: asked parameters are refused */
	struct probe **inline_probes; /* owned until the runbook or target takes them */
	size_t ninline_probes, cap_inline_probes;
	char *built; /* owned: how far each procedure is (build_procedures.c) */
};

void checker_release(struct checker *checker);

/* ---- check.c: places and findings ---- */

/* The document itself, a member, an element; `value` is NULL when it is not there. `up` is
 * borrowed. */
struct node node_root(const struct jdoc *doc);
struct node node_member(const struct node *up, const char *key);
struct node node_element(const struct node *up, size_t index);
/* New: the JSON pointer. */
char *node_pointer(const struct node *node);
/* Adds a finding at a node; `suggestion` may be NULL. */
void say(struct checker *checker, const struct node *node, const char *suggestion, const char *fmt,
	 ...) __attribute__((format(printf, 4, 5)));
/* The same, at the key of a member: for names that are wrong themselves. */
void say_key(struct checker *checker, const struct node *node, const char *suggestion,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Puts the findings from `first` on into the order of files, lines and columns. */
void findings_sort(struct findings *findings, size_t first);
/* The nearest of `names` within two edits, or NULL; and new: "did you mean ...?". */
const char *nearest(const char *word, const char *const *names, size_t n);
char *suggest(const char *word, const char *const *names, size_t n);
/* New: what a value is, for messages: `the string "x"`, "a list". */
char *value_text(const json_t *value);
/* Whether a name is one: letters, digits, ".", "_", "-", not beginning with a dot or minus. */
bool name_valid(const char *name);

/* ---- check_names.c ---- */

/* Names that are declared twice, or are none, are findings. */
void declare_all(struct checker *checker);
/* For targets: the names that a built runbook has. */
void declare_runbook(struct checker *checker, const struct runbook *runbook);
/* Where a name is declared; NULL: nowhere. Borrowed. */
const struct node *declared(const struct checker *checker, enum section_id section,
			    const char *name);
/* SECTION_COUNT when there is no such section. */
enum section_id section_find(const char *name);
/* What one of a section is called: "metric". */
const char *section_one(enum section_id section);
/* Says that `name` is not declared in the section, unless it is. */
bool check_reference(struct checker *checker, const struct node *node, enum section_id section,
		     const char *name);

/* ---- check_params.c ---- */

/* Parameters that a string names: marks them used, reports unknown ones and those whose type does
 * not fit a field of type `type`. */
void check_params(struct checker *checker, const struct node *node, const char *text,
		  enum field_type type);
/* The same for a template: facts may stand there, too, and no secret may. */
void check_template(struct checker *checker, const struct node *node, const char *text);
/* Reports a text that no secret parameter is in. */
void check_secret(struct checker *checker, const struct node *node);
/* A literal string: no "${", and BACKOUT_NAME counts as a use. */
void check_literal(struct checker *checker, const struct node *node, const char *text);
/* Reports the parameters that nothing has marked used. */
void check_unused_params(struct checker *checker);
/* Marks the parameters that a value uses, literals' BACKOUT_NAME too, in `used` (one a parameter).
 */
void params_used(const struct runbook *runbook, const json_t *value, bool *used);
/* Whether a text names a parameter. */
bool has_params(const char *text);

/* ---- check_facts.c ---- */

/* A fact's name in a template: one that there is not, or that names what is not declared, is a
 * finding. Steps and items are looked for later, when they are built. */
void check_fact(struct checker *checker, const struct node *node, const char *name);
/* The steps and items that the facts of a template's text name. */
void check_fact_places(struct checker *checker, const struct node *node);

/* ---- check_types.c ---- */

/* The type that an object names by one of its keys, or NULL. */
const struct type *typed_find(const struct type *const *types, const json_t *object);
/* The way of joining probes that an object names ("all", "held", "manual", ...), or NULL. */
const struct type *join_find(const struct vocabulary *vocabulary, const json_t *object);
/* New array of the names that a source declares in fields `of` "flags" or "mode"; NULL when it
 * declares none. */
const char **names_of_source(const struct source_def *source, const char *of, size_t *n);

/* ---- check_objects.c ---- */

/* Holds a value against its field. `source`: the type of the source that FIELD_READ means, or NULL.
 */
void check_field(struct checker *checker, const struct node *node, const struct field *field,
		 const struct type *source);
/* Holds a value against the runbook's own object `shape` (checklists/shapes.h). */
void check_shape(struct checker *checker, const struct node *node, const char *shape);

/* ---- build_*.c: each fills what declare_*() and structs_begin() have made room for ---- */

void build_params(struct checker *checker);  /* types and defaults: before any check */
void build_sources(struct checker *checker); /* types: before any check */
void build_probes(struct checker *checker);
void build_proposals(struct checker *checker); /* of parameters */
void build_metrics(struct checker *checker);
/* A metric that is made of others: its parts. check_derived() finds circles, and passes units on.
 */
void build_derived(struct checker *checker, struct metric *metric, const struct node *node);
void check_derived(struct checker *checker);
void build_bands(struct checker *checker); /* when metrics are built: they get their thresholds */
void build_conditions(struct checker *checker);
void build_tree(struct checker *checker);
void build_procedures(struct checker *checker);
void build_checklists(struct checker *checker);
void build_item_procedures(struct checker *checker); /* when checklists and probes are built */
void build_gates(struct checker *checker);	     /* and deployments */
void build_phases(struct checker *checker);	     /* when deployments are built */
void build_routines(struct checker *checker);
void build_contacts(struct checker *checker);
void build_approvals(struct checker *checker); /* when procedures and contacts are built */
/* New array of the member "logins", held against what a login can be; its texts are borrowed. */
const char **build_logins(struct checker *checker, const struct node *up, size_t *n);
/* What a target says of the people behind the runbook's contacts; and whether every rule of the
 * runbook can be met by somebody here. */
void build_people(struct checker *checker, struct target *target, const struct node *root);
void build_deadlines(struct checker *checker);
void build_messages(struct checker *checker);
void build_matrix(struct checker *checker);
void build_panels(struct checker *checker);
void build_report(struct checker *checker); /* when procedures and checklists are built */

/* A probe: the declared one for a name, else a new one that joins checker->inline_probes. NULL for
 * missing and malformed values. Lists give a new array. */
struct probe *build_probe(struct checker *checker, const struct node *node);
struct probe *build_probe_member(struct checker *checker, const struct node *up, const char *key);
struct probe **build_probe_list(struct checker *checker, const struct node *up, const char *key,
				size_t *n);
/* An empty one in checker->inline_probes; steals the id. */
struct probe *probe_new(struct checker *checker, char *id);
void probe_free(struct probe *probe);
/* The type and arguments of an object; `type` is NULL when it has none. */
struct typed build_typed(const struct type *const *types, const struct node *node);
/* Both borrow from the node. An outcome that is missing or malformed leads nowhere: all of it is 0.
 */
struct source_def build_source(const struct checker *checker, const struct node *node);
struct outcome build_outcome(struct checker *checker, const struct node *up, const char *key);
/* A member duration that must be given here, without parameters; 0 when it is missing. */
int64_t build_duration(struct checker *checker, const struct node *up, const char *key);
/* The member "id", held against the rules for names; "?" when it is missing. */
const char *build_id(struct checker *checker, const struct node *up);
/* A member text, or NULL. */
const char *build_text(const struct node *up, const char *key);
/* Reports thresholds in the wrong order; NAN for those not given. */
void check_limits(struct checker *checker, const struct node *node, const double limits[4],
		  bool below);
/* Reports recoveries on the bad side of their thresholds, and those without one. */
void check_recoveries(struct checker *checker, const struct node *node, const double limits[4],
		      const double recoveries[4], bool below);
/* The same for all metrics, when bands have given them their thresholds. */
void check_metrics_recoveries(struct checker *checker);
/* Members that make no sense in this place: says so for each of `keys` (ended by NULL) that is
 * there. */
void check_absent(struct checker *checker, const struct node *node, const char *where,
		  const char *const *keys);

/* ---- build_steps.c ---- */

struct step_list {
	struct step *list;
	size_t n, cap;
};

/* Where steps are added: the procedure's path so far and the answer that decides about them. */
struct step_place {
	const char *prefix; /* "" or "code/" */
	int guard;
	const char *answer;
};

/* Gives the steps of another procedure, built; NULL (and a finding) when that is a circle. */
typedef const struct procedure *procedure_fn(struct checker *checker, const struct node *node,
					     const char *name);
/* Appends the steps of a list, branches behind the question that decides about them. */
void build_steps(struct checker *checker, const struct node *list, const struct step_place *place,
		 procedure_fn *procedure, struct step_list *steps);
/* Copies the steps of an inner procedure, chosen by "only" and "except" of the step `node`. */
void inline_steps(struct checker *checker, const struct node *node, const struct procedure *inner,
		  const struct step_place *place, struct step_list *steps);
void steps_release(struct step *steps, size_t n);
/* Fills procedure->asks: the `ask` parameters that its steps use. */
void collect_asks(const struct runbook *runbook, struct procedure *procedure);
/* Gives an item the procedure that carries out its action. */
void item_procedure_add(struct runbook *runbook, const struct checklist *checklist,
			struct item *item);
void item_procedures_free(struct runbook *runbook);

#endif
