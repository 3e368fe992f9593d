/* Procedures, in the order in which they contain each other. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

static const struct procedure *procedure_built(struct checker *checker, const struct node *node,
					       const char *name);

/* ---- alternatives ---- */

static int step_index(const struct step_list *steps, const char *id)
{
	for (size_t i = 0; i < steps->n; i++)
		if (strcmp(steps->list[i].id, id) == 0)
			return (int)i;
	return -1;
}

/* An id is meant in the step's own list first, then in the lists around it. */
static int step_near(const struct step_list *steps, const char *from, const char *id)
{
	char *prefix = xstrdup(from);
	int found = -1;
	while (found < 0) {
		char *slash = strrchr(prefix, '/');
		if (slash)
			*slash = '\0';
		char *full = slash ? xasprintf("%s/%s", prefix, id) : xstrdup(id);
		found = step_index(steps, full);
		free(full);
		if (!slash)
			break;
	}
	free(prefix);
	return found;
}

/* Whether `other` applies whenever `step` does: its guard decides about `step`, too. */
static bool applies_with(const struct step_list *steps, const struct step *step,
			 const struct step *other)
{
	if (other->guard < 0)
		return true;
	for (const struct step *s = step; s->guard >= 0; s = &steps->list[s->guard])
		if (s->guard == other->guard && strcmp(s->guard_answer, other->guard_answer) == 0)
			return true;
	return false;
}

struct alternative_walk {
	struct checker *checker;
	struct step_list *steps;
	bool *named; /* is some step's alternative */
};

static void resolve_alternative(struct alternative_walk *walk, struct step *step,
				const struct node *node)
{
	struct node name = node_member(node, "alternative");
	struct step_list *steps = walk->steps;
	int index = step_near(steps, step->id, step->alternative);

	if (index < 0) {
		const char **words = xcalloc(steps->n + 1, sizeof(*words));
		for (size_t i = 0; i < steps->n; i++)
			words[i] = steps->list[i].id;
		char *suggestion = suggest(step->alternative, words, steps->n);
		say(walk->checker, &name, suggestion, "there is no step \"%s\" in this procedure",
		    step->alternative);
		free(suggestion);
		free(words);
		step->alternative = NULL;
		return;
	}
	struct step *other = &steps->list[index];
	if (other == step)
		say(walk->checker, &name, NULL, "a step can't be its own alternative");
	else if (other->kind != STEP_ACTION)
		say(walk->checker, &name, NULL,
		    "an alternative is a step with an action; \"%s\" is a "
		    "question",
		    other->id);
	else if (!applies_with(steps, step, other))
		say(walk->checker, &name, NULL,
		    "step \"%s\" belongs to another branch and would not apply", other->id);
	step->alternative = other->id;
	walk->named[index] = true;
}

/* The JSON of steps in the order in which build_steps() adds them: those of inner procedures are
 * not visited, they have theirs already. */
static void visit_steps(struct alternative_walk *walk, const struct node *list, const char *prefix)
{
	for (size_t i = 0; i < json_array_size(list->value); i++) {
		struct node node = node_element(list, i);
		const char *id = build_text(&node, "id");
		if (!id)
			continue;
		char *full = xasprintf("%s%s", prefix, id);
		char *below = xasprintf("%s/", full);
		int index = step_index(walk->steps, full);
		if (index >= 0 && walk->steps->list[index].alternative)
			resolve_alternative(walk, &walk->steps->list[index], &node);

		struct node yes = node_member(&node, "yes"), no = node_member(&node, "no");
		struct node choose = node_member(&node, "choose");
		visit_steps(walk, &yes, below);
		visit_steps(walk, &no, below);
		for (size_t k = 0; k < json_array_size(choose.value); k++) {
			struct node option = node_element(&choose, k);
			struct node inner = node_member(&option, "steps");
			const char *answer = build_text(&option, "id");
			char *deeper = xasprintf("%s%s/", below, answer ? answer : "?");
			visit_steps(walk, &inner, deeper);
			free(deeper);
		}
		free(below);
		free(full);
	}
}

static void resolve_alternatives(struct checker *checker, const struct node *list,
				 struct step_list *steps)
{
	struct alternative_walk walk = { .checker = checker,
					 .steps = steps,
					 .named = xcalloc(steps->n + 1, sizeof(bool)) };
	visit_steps(&walk, list, "");
	for (size_t i = 0; i < steps->n; i++) {
		struct step *step = &steps->list[i];
		if (step->origin)
			continue;
		if (step->only_alternative && !walk.named[i])
			say(checker, list, NULL,
			    "step \"%s\" runs only as an alternative, and no step names it as one",
			    step->id);
		step->only_alternative = walk.named[i];
	}
	free(walk.named);
}

/* ---- the rest of a procedure ---- */

static void probe_params(const struct runbook *rb, const struct probe *probe, bool *used, int depth)
{
	if (!probe || depth > 32) /* a circle, which is a finding of its own */
		return;
	if (probe->kind == PROBE_TYPED)
		params_used(rb, probe->ask.args, used);
	for (size_t i = 0; i < probe->nparts; i++)
		probe_params(rb, probe->parts[i], used, depth + 1);
}

/* Probes inside an action's arguments ("wait") may be names: theirs count, too. */
static void action_params(const struct runbook *rb, const struct typed *action, bool *used)
{
	params_used(rb, action->args, used);
	for (const struct field *f = action->type ? action->type->fields : NULL; f && f->name;
	     f++) {
		json_t *value = json_object_get(action->args, f->name);
		for (size_t i = 0; f->type == FIELD_PROBE && i < rb->nprobes; i++)
			if (json_is_string(value) &&
			    strcmp(rb->probes[i]->id, json_string_value(value)) == 0)
				probe_params(rb, rb->probes[i], used, 0);
	}
}

void collect_asks(const struct runbook *rb, struct procedure *procedure)
{
	bool *used = xcalloc(rb->nparams + 1, sizeof(*used));
	for (size_t i = 0; i < procedure->nsteps; i++) {
		const struct step *step = &procedure->steps[i];
		if (step->action.type)
			action_params(rb, &step->action, used);
		probe_params(rb, step->probe, used, 0);
		probe_params(rb, step->when, used, 0);
		for (size_t k = 0; k < step->nverify; k++)
			probe_params(rb, step->verify[k], used, 0);
	}
	procedure->asks = xcalloc(rb->nparams + 1, sizeof(*procedure->asks));
	for (size_t i = 0; i < rb->nparams; i++)
		if (used[i] && rb->params[i].ask)
			procedure->asks[procedure->nasks++] = rb->params[i].name;
	free(used);
}

static void fill_head(struct checker *checker, struct procedure *procedure, const struct node *node)
{
	static const char *const risks[] = { "low", "medium", "high" };
	const char *risk = build_text(node, "risk");
	const char *estimate = build_text(node, "estimate");
	const char *before = build_text(node, "before"), *after = build_text(node, "after");

	procedure->title = build_text(node, "title");
	procedure->use_when = build_text(node, "use_when");
	procedure->data_loss = build_text(node, "data_loss");
	for (size_t i = 0; risk && i < 3; i++)
		if (strcmp(risks[i], risk) == 0)
			procedure->risk = (enum risk)i;
	if (estimate)
		(void)duration_parse_range(estimate, &procedure->estimate_low_us,
					   &procedure->estimate_high_us);
	procedure->budget_us = build_duration(checker, node, "budget");
	if (procedure->budget_us && procedure->budget_us < procedure->estimate_low_us) {
		struct node budget = node_member(node, "budget");
		say(checker, &budget, NULL, "the budget is shorter than the estimate's beginning");
	}
	if (!procedure->budget_us)
		procedure->budget_us = procedure->estimate_high_us;
	procedure->before = before ? runbook_checklist(checker->runbook, before) : NULL;
	procedure->after = after ? runbook_checklist(checker->runbook, after) : NULL;
}

static void build_procedure(struct checker *checker, struct procedure *procedure,
			    const struct node *node)
{
	const struct step_place top = { .prefix = "", .guard = -1 };
	struct step_list steps = { 0 };
	struct node list = node_member(node, "steps");

	fill_head(checker, procedure, node);
	if (json_is_array(list.value) && json_array_size(list.value) == 0)
		say(checker, &list, NULL, "a procedure needs at least one step");
	build_steps(checker, &list, &top, procedure_built, &steps);
	resolve_alternatives(checker, &list, &steps);
	procedure->steps = steps.list;
	procedure->nsteps = steps.n;
	collect_asks(checker->runbook, procedure);
}

/* ---- in the order in which they need each other ---- */

enum built { NOT_BUILT, BUILDING, BUILT };

static void procedure_build(struct checker *checker, size_t index)
{
	checker->built[index] = BUILDING;
	build_procedure(checker, &checker->runbook->procedures[index],
			&checker->names[SECTION_PROCEDURES].list[index]);
	checker->built[index] = BUILT;
}

static const struct procedure *procedure_built(struct checker *checker, const struct node *node,
					       const char *name)
{
	struct runbook *rb = checker->runbook;
	for (size_t i = 0; i < rb->nprocedures; i++) {
		if (strcmp(rb->procedures[i].name, name) != 0)
			continue;
		if (checker->built[i] == BUILDING) {
			say(checker, node, NULL, "procedure \"%s\" contains itself", name);
			return NULL;
		}
		if (checker->built[i] == NOT_BUILT)
			procedure_build(checker, i);
		return &rb->procedures[i];
	}
	return NULL;
}

void build_procedures(struct checker *checker)
{
	size_t n = checker->runbook->nprocedures;
	checker->built = xcalloc(n + 1, 1);
	for (size_t i = 0; i < n; i++)
		if (checker->built[i] == NOT_BUILT)
			procedure_build(checker, i);
}
