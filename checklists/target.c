#include "checklists/target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"
#include "lib/params.h"

static const char *const class_names[] = { "live", "staging", "drill" };

const char *target_class_name(enum target_class class)
{
	return class_names[class];
}

const struct source_def *target_source(const struct target *target, const char *name)
{
	for (size_t i = 0; i < target->nsources; i++)
		if (strcmp(target->sources[i].name, name) == 0)
			return &target->sources[i];
	return NULL;
}

const struct binding *target_binding(const struct target *target, const char *place)
{
	for (size_t i = 0; i < target->nbindings; i++)
		if (strcmp(target->bindings[i].place, place) == 0)
			return &target->bindings[i];
	return NULL;
}

/* ---- parameters ---- */

static void check_given_param(struct checker *checker, const struct node *node)
{
	const struct param *param = runbook_param(checker->runbook, node->key);
	const char *text = json_string_value(node->value);

	if (!param) {
		const struct names *names = &checker->names[SECTION_PARAMETERS];
		const char **words = xcalloc(names->n + 1, sizeof(*words));
		for (size_t i = 0; i < names->n; i++)
			words[i] = names->list[i].key;
		char *suggestion = suggest(node->key, words, names->n);
		say_key(checker, node, suggestion, "the runbook declares no parameter \"%s\"",
			node->key);
		free(suggestion);
		free(words);
	} else if (param->secret) {
		say_key(checker, node, NULL,
			"parameter \"%s\" is secret: say in \"secrets\" where it is, not what it "
			"is",
			node->key);
	} else if (param->ask) {
		say_key(checker, node, NULL,
			"parameter \"%s\" is asked before a plan is made; a target can't answer it",
			node->key);
	} else if (!text || !has_params(text)) {
		const struct field field = { .type = param->type };
		check_field(checker, node, &field, NULL);
	}
}

/* Values may use other parameters: those that use only known ones become known, again and again. */
static json_t *resolve(const struct runbook *rb, json_t *const *given)
{
	json_t *values = json_object();
	for (bool moved = true; moved;) {
		moved = false;
		for (size_t i = 0; i < rb->nparams; i++) {
			if (!given[i] || json_object_get(values, rb->params[i].name))
				continue;
			json_t *value = params_fill(given[i], values, NULL);
			if (value) {
				json_object_set_new(values, rb->params[i].name, value);
				moved = true;
			}
		}
	}
	return values;
}

static void build_target_params(struct checker *checker, struct target *target,
				const struct node *root)
{
	const struct runbook *rb = checker->runbook;
	struct node top = node_member(root, "parameters");
	json_t **given = xcalloc(rb->nparams + 1, sizeof(json_t *));
	const char *key;
	json_t *value;

	if (json_is_object(top.value)) {
		json_object_foreach(top.value, key, value) {
			struct node node = node_member(&top, key);
			check_given_param(checker, &node);
		}
	}
	for (size_t i = 0; i < rb->nparams; i++) {
		const struct param *param = &rb->params[i];
		if (param->ask || param->secret)
			continue;
		given[i] = json_object_get(top.value, param->name);
		if (!given[i])
			given[i] = (json_t *)param->fallback;
		if (!given[i])
			say(checker, &top, NULL, "parameter \"%s\" is missing: %s", param->name,
			    param->help);
	}
	target->params = resolve(rb, given);
	for (size_t i = 0; i < rb->nparams; i++) {
		if (!given[i] || json_object_get(target->params, rb->params[i].name))
			continue;
		struct node node = node_member(&top, rb->params[i].name);
		say(checker, &node, NULL,
		    "parameter \"%s\" uses parameters that use it, or that are asked or secret",
		    rb->params[i].name);
	}
	free(given);
}

static void check_secrets(struct checker *checker, struct target *target, const struct node *root)
{
	const struct runbook *rb = checker->runbook;
	struct node top = node_member(root, "secrets");
	const char *key;
	json_t *value;

	target->secrets = top.value;
	if (json_is_object(top.value)) {
		json_object_foreach(top.value, key, value) {
			struct node node = node_member(&top, key);
			const struct param *param = runbook_param(rb, key);
			if (!param || !param->secret)
				say_key(checker, &node, NULL,
					"the runbook declares no secret parameter \"%s\"", key);
		}
	}
	for (size_t i = 0; i < rb->nparams; i++)
		if (rb->params[i].secret && !json_object_get(top.value, rb->params[i].name))
			say(checker, &top, NULL,
			    "secret parameter \"%s\" is missing in \"secrets\": %s",
			    rb->params[i].name, rb->params[i].help);
}

/* ---- sources ---- */

static void build_target_sources(struct checker *checker, struct target *target,
				 const struct node *root)
{
	const struct runbook *rb = checker->runbook;
	struct node top = node_member(root, "sources");
	const char *key;
	json_t *value;

	target->nsources = rb->nsources;
	target->sources = xcalloc(rb->nsources + 1, sizeof(*target->sources));
	for (size_t i = 0; i < rb->nsources; i++)
		target->sources[i] = rb->sources[i];
	if (!json_is_object(top.value))
		return;
	json_object_foreach(top.value, key, value) {
		struct node node = node_member(&top, key);
		if (!check_reference(checker, &node, SECTION_SOURCES, key))
			continue;
		struct source_def source = build_source(checker, &node);
		for (size_t i = 0; i < rb->nsources; i++) {
			struct source_def *old = &target->sources[i];
			if (strcmp(old->name, key) != 0)
				continue;
			if (source.what.type && source.what.type != old->what.type)
				say(checker, &node, NULL,
				    "source \"%s\" is of type %s in the runbook; a target can't "
				    "make it "
				    "%s",
				    key, old->what.type->name, source.what.type->name);
			source.name = old->name;
			source.title = source.title ? source.title : old->title;
			*old = source;
		}
	}
}

/* ---- bindings ---- */

static const struct item *item_at(const struct runbook *rb, const char *name, const char *id)
{
	const struct checklist *checklist = runbook_checklist(rb, name);
	for (size_t s = 0; checklist && s < checklist->nsections; s++)
		for (size_t i = 0; i < checklist->sections[s].nitems; i++)
			if (strcmp(checklist->sections[s].items[i].id, id) == 0)
				return &checklist->sections[s].items[i];
	return NULL;
}

/* Says so unless the place is a step or an item that a person does. */
static void check_place(struct checker *checker, const struct node *node)
{
	char *name = xstrdup(node->key);
	char *slash = strchr(name, '/');
	const char *id = slash ? slash + 1 : "";
	if (slash)
		*slash = '\0';
	const struct procedure *procedure = runbook_procedure(checker->runbook, name);
	const struct step *step = procedure ? procedure_step(procedure, id) : NULL;
	const struct item *item = step ? NULL : item_at(checker->runbook, name, id);

	if (!step && !item)
		say_key(checker, node, NULL,
			"\"%s\" is no PROCEDURE/STEP and no CHECKLIST/ITEM of the runbook",
			node->key);
	else if (step &&
		 (step->kind != STEP_ACTION || step->action.type != checker->vocabulary->manual))
		say_key(checker, node, NULL, "step \"%s\" is not a manual one: nothing to bind",
			id);
	else if (item && item->kind != ITEM_MANUAL)
		say_key(checker, node, NULL, "item \"%s\" is not a manual one: nothing to bind",
			id);
	free(name);
}

static struct binding *binding_add(struct target *target, size_t *cap, char *place)
{
	target->bindings =
	    xgrow(target->bindings, cap, target->nbindings + 1, sizeof(*target->bindings));
	struct binding *binding = &target->bindings[target->nbindings++];
	*binding = (struct binding){ .place = place };
	return binding;
}

/* The copies of a bound step in other procedures do the same. */
static void bind_copies(const struct runbook *rb, struct target *target, size_t *cap)
{
	size_t bound = target->nbindings;
	for (size_t p = 0; p < rb->nprocedures; p++) {
		for (size_t s = 0; s < rb->procedures[p].nsteps; s++) {
			const struct step *step = &rb->procedures[p].steps[s];
			char *place = xasprintf("%s/%s", rb->procedures[p].name, step->id);
			const struct binding *origin = NULL;
			for (size_t i = 0; step->origin && i < bound; i++)
				if (strcmp(target->bindings[i].place, step->origin) == 0)
					origin = &target->bindings[i];
			if (!origin || target_binding(target, place)) {
				free(place);
				continue;
			}
			struct typed action = origin->action;
			struct probe *probe = origin->probe;
			struct binding *copy = binding_add(target, cap, place);
			copy->action = action;
			copy->probe = probe;
		}
	}
}

static void build_bindings(struct checker *checker, struct target *target, const struct node *root)
{
	struct node top = node_member(root, "bind");
	const char *key;
	json_t *value;
	size_t cap = 0;

	if (!json_is_object(top.value))
		return;
	json_object_foreach(top.value, key, value) {
		struct node node = node_member(&top, key);
		struct node action = node_member(&node, "action");
		check_place(checker, &node);
		struct probe *probe = build_probe_member(checker, &node, "probe");
		struct binding *binding = binding_add(target, &cap, xstrdup(key));
		binding->action = build_typed(checker->vocabulary->actions, &action);
		binding->probe = probe;
	}
	bind_copies(checker->runbook, target, &cap);
}

static void item_bind(const struct target *target, struct runbook *rb,
		      const struct checklist *checklist, struct item *item)
{
	char *place = xasprintf("%s/%s", checklist->name, item->id);
	const struct binding *binding =
	    item->kind == ITEM_MANUAL ? target_binding(target, place) : NULL;

	free(place);
	if (binding && binding->probe) {
		item->kind = ITEM_SENSED;
		item->probe = binding->probe;
	} else if (binding && binding->action.type) {
		item->kind = ITEM_ACTION;
		item->action = binding->action;
		item_procedure_add(rb, checklist, item);
	}
}

void target_bind_items(const struct target *target, struct runbook *runbook)
{
	for (size_t c = 0; c < runbook->nchecklists; c++) {
		const struct checklist *checklist = &runbook->checklists[c];

		for (size_t s = 0; s < checklist->nsections; s++)
			for (size_t i = 0; i < checklist->sections[s].nitems; i++)
				item_bind(target, runbook, checklist,
					  &checklist->sections[s].items[i]);
	}
}

/* ---- the whole ---- */

/* By enum level, NAN where there is none. Whether one of them is a parameter. */
static bool fill_numbers(const json_t *const from[4], const json_t *params, double to[4])
{
	bool filled = false;

	for (int level = LEVEL_OK; level <= LEVEL_CRITICAL; level++) {
		json_t *value = from[level] ? params_fill(from[level], params, NULL) : NULL;

		to[level] = json_is_number(value) ? json_number_value(value) : NAN;
		filled = filled || json_is_string(from[level]);
		json_decref(value);
	}
	return filled;
}

/* Thresholds that are parameters are numbers only now. */
static void check_filled_limits(struct checker *checker, const struct target *target,
				const struct node *root)
{
	const struct runbook *rb = checker->runbook;
	struct node top = node_member(root, "parameters");

	for (size_t i = 0; i < rb->nmetrics; i++) {
		const struct metric *metric = &rb->metrics[i];
		double limits[4], recoveries[4];
		bool filled = fill_numbers(metric->limit, target->params, limits);
		size_t before = checker->findings->n;
		if (filled)
			check_limits(checker, &top, limits, metric->below);
		if (fill_numbers(metric->recovery, target->params, recoveries) || filled)
			check_recoveries(checker, &top, limits, recoveries, metric->below);
		for (size_t k = before; k < checker->findings->n; k++) {
			struct finding *last = &checker->findings->list[k];
			char *message =
			    xasprintf("metric \"%s\": %s", rb->metrics[i].name, last->message);
			free(last->message);
			last->message = message;
		}
	}
}

static void build_head(struct checker *checker, struct target *target, const struct node *root)
{
	struct node name = node_member(root, "target"), system = node_member(root, "system");
	const char *class = build_text(root, "class");

	target->claim = build_text(root, "claim");
	target->hosts = node_member(root, "hosts").value;
	target->name = json_string_value(name.value);
	if (target->name && !name_valid(target->name))
		say(checker, &name, NULL,
		    "expected one word of letters, digits, \".\", \"_\", \"-\"");
	target->system = json_string_value(system.value);
	if (target->system && strcmp(target->system, checker->runbook->system) != 0)
		say(checker, &system, NULL, "the runbook is for system \"%s\"",
		    checker->runbook->system);
	for (size_t i = 0; class && i < sizeof(class_names) / sizeof(*class_names); i++)
		if (strcmp(class_names[i], class) == 0)
			target->class = (enum target_class)i;
}

struct target *target_build(const struct jdoc *doc, const struct runbook *runbook,
			    const struct vocabulary *vocabulary, struct findings *findings)
{
	size_t before = findings->n;
	struct target *target = xcalloc(1, sizeof(*target));
	struct checker checker = { .vocabulary = vocabulary,
				   .findings = findings,
				   .docs = doc,
				   .ndocs = 1,
				   .runbook = (struct runbook *)runbook };
	struct node root = node_root(doc);

	declare_runbook(&checker, runbook);
	check_shape(&checker, &root, "target");
	build_head(&checker, target, &root);
	build_target_params(&checker, target, &root);
	check_secrets(&checker, target, &root);
	build_target_sources(&checker, target, &root);
	build_bindings(&checker, target, &root);
	build_people(&checker, target, &root);
	check_filled_limits(&checker, target, &root);

	target->probes = checker.inline_probes;
	target->nprobes = checker.ninline_probes;
	checker_release(&checker);
	findings_sort(findings, before);
	if (findings->n == before)
		return target;
	target_free(target);
	return NULL;
}

void target_free(struct target *target)
{
	if (!target)
		return;
	for (size_t i = 0; i < target->nbindings; i++)
		free(target->bindings[i].place);
	for (size_t i = 0; i < target->nprobes; i++)
		probe_free(target->probes[i]);
	for (size_t i = 0; i < target->npeople; i++)
		free(target->people[i].logins);
	free(target->people);
	free(target->bindings);
	free(target->probes);
	free(target->sources);
	json_decref(target->params);
	free(target);
}
