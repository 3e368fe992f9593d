/* Gates, and the deployments that join one with a checklist. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"

static const struct checklist *checklist_named(const struct checker *checker, const struct node *up)
{
	const char *name = build_text(up, "checklist");
	return name ? runbook_checklist(checker->runbook, name) : NULL;
}

static struct criterion build_criterion(struct checker *checker, const struct node *node)
{
	struct criterion criterion = { .say = build_text(node, "say") };

	if (json_object_get(node->value, "checklist")) {
		criterion.checklist = checklist_named(checker, node);
		if (!criterion.say && criterion.checklist)
			criterion.say = criterion.checklist->title;
		return criterion;
	}
	criterion.probe = build_probe(checker, node);
	if (criterion.probe && criterion.probe->kind == PROBE_MANUAL)
		say(checker, node, NULL,
		    "nobody is asked here: make it a manual item of a checklist, and that "
		    "checklist "
		    "a criterion");
	if (criterion.probe)
		criterion.say =
		    criterion.probe->title ? criterion.probe->title : criterion.probe->id;
	return criterion;
}

static void build_criteria(struct checker *checker, struct gate *gate, const struct node *node,
			   enum criterion_kind kind, const char *key)
{
	struct node list = node_member(node, key);
	size_t n = json_array_size(list.value);

	gate->criteria[kind] = xcalloc(n + 1, sizeof(struct criterion));
	if (json_is_array(list.value) && n == 0)
		say(checker, &list, NULL, "expected at least one criterion");
	for (size_t i = 0; i < n; i++) {
		struct node element = node_element(&list, i);
		struct criterion criterion = build_criterion(checker, &element);
		if (criterion.probe || criterion.checklist)
			gate->criteria[kind][gate->n[kind]++] = criterion;
	}
}

static void build_deployment(struct checker *checker, struct deployment *deployment,
			     const struct node *node)
{
	const char *gate = build_text(node, "gate");
	const char *procedure = build_text(node, "procedure");
	const char *phase = build_text(node, "phase");
	struct node list = node_member(node, "checklist");
	bool timed = false;

	deployment->title = build_text(node, "title");
	deployment->checklist = checklist_named(checker, node);
	deployment->gate = gate ? runbook_gate(checker->runbook, gate) : NULL;
	deployment->procedure = procedure ? runbook_procedure(checker->runbook, procedure) : NULL;
	deployment->phase = phase ? runbook_phase(checker->runbook, phase) : NULL;
	for (size_t s = 0; deployment->checklist && s < deployment->checklist->nsections; s++)
		timed = timed || deployment->checklist->sections[s].timed;
	if (deployment->checklist && !timed)
		say(checker, &list, NULL,
		    "no section of this checklist has an \"offset\": nothing of it is tied to T");
}

void build_gates(struct checker *checker)
{
	const struct names *gates = &checker->names[SECTION_GATES];
	const struct names *deployments = &checker->names[SECTION_DEPLOYMENTS];

	for (size_t i = 0; i < gates->n; i++) {
		const struct node *node = &gates->list[i];
		struct gate *gate = &checker->runbook->gates[i];
		gate->title = build_text(node, "title");
		build_criteria(checker, gate, node, CRITERION_GO, "go");
		build_criteria(checker, gate, node, CRITERION_NO_GO, "no_go");
		build_criteria(checker, gate, node, CRITERION_ADJUST, "adjust");
	}
	for (size_t i = 0; i < deployments->n; i++)
		build_deployment(checker, &checker->runbook->deployments[i], &deployments->list[i]);
}
