#include "checklists/runbook.h"

#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"

#define FORMAT_VERSION 1

/* ---- what is joined over all documents ---- */

/* The member of the one document that has it; said when several have it, or none that should. */
static struct node joined(struct checker *checker, const char *key, const char *needed)
{
	struct node found = { 0 };
	for (size_t d = 0; d < checker->ndocs; d++) {
		struct node root = node_root(&checker->docs[d]);
		struct node node = node_member(&root, key);
		if (!node.value)
			continue;
		if (!found.value)
			found = node;
		else if (!json_equal(found.value, node.value))
			say(checker, &node, NULL,
			    "\"%s\" is given already in %s, with another value", key,
			    found.doc->name);
	}
	if (!found.value && needed && checker->ndocs) {
		struct node root = node_root(&checker->docs[0]);
		say(checker, &root, NULL, "a runbook needs \"%s\": %s", key, needed);
	}
	found.up = NULL; /* it pointed into this function */
	return found;
}

static void build_head(struct checker *checker)
{
	struct runbook *rb = checker->runbook;
	struct node format = joined(checker, "format", "version of this format: 1");
	struct node system = joined(checker, "system", "name of the system, one word");

	if (json_is_integer(format.value) && json_integer_value(format.value) != FORMAT_VERSION) {
		struct node root = node_root(format.doc);
		struct node there = node_member(&root, "format");
		say(checker, &there, NULL, "format %lld is not known to this version: expected %d",
		    (long long)json_integer_value(format.value), FORMAT_VERSION);
	}
	rb->system = json_string_value(system.value);
	if (rb->system && !name_valid(rb->system)) {
		struct node root = node_root(system.doc);
		struct node there = node_member(&root, "system");
		say(checker, &there, NULL,
		    "expected one word of letters, digits, \".\", \"_\", \"-\"");
	}
	rb->title =
	    json_string_value(joined(checker, "title", "what a person calls the runbook").value);
	rb->about = json_string_value(joined(checker, "about", NULL).value);
}

/* ---- building ---- */

/* Room for everything that is declared, with its name: references may point anywhere then. */
static void structs_begin(struct checker *checker)
{
	struct runbook *rb = checker->runbook;

#define ROOM(section, array, count)                                              \
	do {                                                                     \
		rb->count = checker->names[section].n;                           \
		rb->array = xcalloc(rb->count + 1, sizeof(*rb->array));          \
		for (size_t i = 0; i < rb->count; i++)                           \
			rb->array[i].name = checker->names[section].list[i].key; \
	} while (0)

	ROOM(SECTION_PARAMETERS, params, nparams);
	ROOM(SECTION_SOURCES, sources, nsources);
	ROOM(SECTION_METRICS, metrics, nmetrics);
	ROOM(SECTION_CONDITIONS, conditions, nconditions);
	ROOM(SECTION_QUESTIONS, tree.questions, tree.nquestions);
	ROOM(SECTION_PROCEDURES, procedures, nprocedures);
	ROOM(SECTION_CHECKLISTS, checklists, nchecklists);
	ROOM(SECTION_GATES, gates, ngates);
	ROOM(SECTION_DEPLOYMENTS, deployments, ndeployments);
	ROOM(SECTION_ROUTINES, routines, nroutines);
	ROOM(SECTION_PHASES, phases, nphases);
	ROOM(SECTION_CONTACTS, contacts, ncontacts);
	ROOM(SECTION_MESSAGES, messages, nmessages);
	ROOM(SECTION_BANDS, bands, nbands);
#undef ROOM
	const struct names *probes = &checker->names[SECTION_PROBES];
	rb->nprobes = probes->n;
	rb->probes = xcalloc(probes->n + 1, sizeof(struct probe *));
	for (size_t i = 0; i < probes->n; i++) {
		rb->probes[i] = xcalloc(1, sizeof(struct probe));
		rb->probes[i]->id = xstrdup(probes->list[i].key);
	}
}

static void build_all(struct checker *checker)
{
	build_head(checker);
	build_probes(checker);
	build_proposals(checker);
	build_metrics(checker);
	build_bands(checker);
	check_metrics_recoveries(checker);
	build_conditions(checker);
	build_tree(checker);
	build_checklists(checker);
	build_procedures(checker);
	build_item_procedures(checker);
	build_gates(checker);
	build_phases(checker);
	build_routines(checker);
	build_contacts(checker);
	build_approvals(checker);
	build_deadlines(checker);
	build_messages(checker);
	build_matrix(checker);
	build_panels(checker);
	build_report(checker);
	check_unused_params(checker);
}

struct runbook *runbook_build(const struct jdoc *docs, size_t ndocs,
			      const struct vocabulary *vocabulary, struct findings *findings)
{
	size_t before = findings->n;
	struct checker checker = { .vocabulary = vocabulary,
				   .findings = findings,
				   .docs = docs,
				   .ndocs = ndocs,
				   .runbook = xcalloc(1, sizeof(struct runbook)) };
	struct runbook *rb = checker.runbook;

	declare_all(&checker);
	structs_begin(&checker);
	build_params(&checker);
	build_sources(&checker);
	checker.used = xcalloc(rb->nparams + 1, sizeof(bool));
	for (size_t d = 0; d < ndocs; d++) {
		struct node root = node_root(&docs[d]);
		check_shape(&checker, &root, "runbook");
	}
	build_all(&checker);

	rb->inline_probes = checker.inline_probes;
	rb->ninline_probes = checker.ninline_probes;
	checker_release(&checker);
	findings_sort(findings, before);
	if (findings->n == before)
		return rb;
	runbook_free(rb);
	return NULL;
}

static void checklists_free(struct runbook *rb)
{
	for (size_t i = 0; i < rb->nchecklists; i++) {
		struct checklist *checklist = &rb->checklists[i];
		for (size_t s = 0; s < checklist->nsections; s++) {
			struct section *section = &checklist->sections[s];
			for (size_t k = 0; k < section->nitems; k++) {
				free(section->items[k].id);
				free(section->items[k].verify);
			}
			free(section->items);
		}
		free(checklist->sections);
	}
	free(rb->checklists);
}

static void probes_free(struct probe **probes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		probe_free(probes[i]);
	free(probes);
}

void runbook_free(struct runbook *rb)
{
	if (!rb)
		return;
	for (size_t i = 0; i < rb->nconditions; i++)
		free(rb->conditions[i].symptoms);
	for (size_t i = 0; i < rb->tree.nquestions; i++)
		free(rb->tree.questions[i].contrary);
	for (size_t i = 0; i < rb->nprocedures; i++) {
		steps_release(rb->procedures[i].steps, rb->procedures[i].nsteps);
		free(rb->procedures[i].asks);
		free(rb->procedures[i].approve.roles);
	}
	for (int i = SEVERITY_LOW; i <= SEVERITY_CRITICAL; i++)
		free(rb->approvals[i].roles);
	for (size_t i = 0; i < rb->ncontacts; i++)
		free(rb->contacts[i].logins);
	for (size_t i = 0; i < rb->ngates; i++)
		for (size_t kind = 0; kind < CRITERION_KINDS; kind++)
			free(rb->gates[i].criteria[kind]);
	for (size_t i = 0; i < rb->nroutines; i++) {
		free(rb->routines[i].schedule.at_us);
		free(rb->routines[i].metrics);
	}
	for (size_t i = 0; i < rb->nphases; i++) {
		free(rb->phases[i].checklists);
		free(rb->phases[i].conditions);
	}
	for (size_t i = 0; i < rb->nbands; i++)
		free(rb->bands[i].rows);
	for (size_t i = 0; i < rb->npanels; i++) {
		free(rb->panels[i].metrics);
		free(rb->panels[i].probes);
		free(rb->panels[i].sources);
	}
	checklists_free(rb);
	item_procedures_free(rb);
	probes_free(rb->probes, rb->nprobes);
	probes_free(rb->inline_probes, rb->ninline_probes);
	free(rb->params);
	free(rb->sources);
	free(rb->metrics);
	free(rb->conditions);
	free(rb->tree.questions);
	free(rb->procedures);
	free(rb->gates);
	free(rb->deployments);
	free(rb->routines);
	free(rb->phases);
	free(rb->matrix.columns);
	free(rb->matrix.cells);
	free(rb->contacts);
	free(rb->messages);
	free(rb->bands);
	free(rb->panels);
	for (size_t i = 0; i < rb->report.nsections; i++)
		free(rb->report.sections[i].fields);
	free(rb->report.sections);
	free(rb);
}
