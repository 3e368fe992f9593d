/* Phases, and the deployments that begin them. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"

static void build_lists(struct checker *checker, struct phase *phase, const struct node *node)
{
	struct node list = node_member(node, "checklists");
	size_t n = json_array_size(list.value);

	if (json_is_array(list.value) && n == 0)
		say(checker, &list, NULL, "a phase needs at least one checklist");
	phase->checklists = xcalloc(n + 1, sizeof(*phase->checklists));
	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value(json_array_get(list.value, i));
		const struct checklist *checklist =
		    name ? runbook_checklist(checker->runbook, name) : NULL;

		if (checklist)
			phase->checklists[phase->nchecklists++] = checklist;
	}
}

static void build_conditions_of(struct checker *checker, struct phase *phase,
				const struct node *node)
{
	const json_t *list = json_object_get(node->value, "conditions");
	size_t n = json_array_size(list);

	phase->conditions = xcalloc(n + 1, sizeof(*phase->conditions));
	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value(json_array_get(list, i));
		const struct condition *condition =
		    name ? runbook_condition(checker->runbook, name) : NULL;

		if (condition)
			phase->conditions[phase->nconditions++] = condition;
	}
}

/* A gate is decided on the day of a deployment: one has to begin the phase, and ask just that. */
static void check_gate(struct checker *checker, const struct phase *phase, const struct node *node)
{
	const struct runbook *rb = checker->runbook;
	struct node gate = node_member(node, "gate");
	bool begun = false;

	for (size_t i = 0; i < rb->ndeployments; i++) {
		if (rb->deployments[i].phase != phase)
			continue;
		begun = true;
		if (phase->gate && rb->deployments[i].gate &&
		    rb->deployments[i].gate != phase->gate)
			say(checker, &gate, NULL,
			    "deployment \"%s\" begins it, and decides by gate \"%s\"",
			    rb->deployments[i].name, rb->deployments[i].gate->name);
	}
	if (phase->gate && !begun)
		say(checker, &gate, NULL,
		    "no deployment names this phase, so that nobody decides its gate");
}

void build_phases(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_PHASES];

	for (size_t i = 0; i < names->n; i++) {
		const struct node *node = &names->list[i];
		struct phase *phase = &checker->runbook->phases[i];
		const char *gate = build_text(node, "gate");

		phase->title = build_text(node, "title");
		phase->gate = gate ? runbook_gate(checker->runbook, gate) : NULL;
		build_lists(checker, phase, node);
		build_conditions_of(checker, phase, node);
		check_gate(checker, phase, node);
	}
}
