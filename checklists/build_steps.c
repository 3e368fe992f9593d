/* A procedure's steps, with the branches behind their questions. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"

static struct step *step_add(struct step_list *steps)
{
	steps->list = xgrow(steps->list, &steps->cap, steps->n + 1, sizeof(*steps->list));
	struct step *step = &steps->list[steps->n++];
	*step = (struct step){ .guard = -1 };
	return step;
}

static bool step_known(const struct step_list *steps, const char *id)
{
	for (size_t i = 0; i < steps->n; i++)
		if (strcmp(steps->list[i].id, id) == 0)
			return true;
	return false;
}

static struct step *step_begin(struct checker *checker, const struct node *node,
			       const struct step_place *place, struct step_list *steps)
{
	char *id = xasprintf("%s%s", place->prefix, build_id(checker, node));
	if (step_known(steps, id) && json_object_get(node->value, "id")) {
		struct node there = node_member(node, "id");
		say(checker, &there, NULL, "there is a step \"%s\" already", id);
	}
	struct step *step = step_add(steps);
	step->id = id;
	step->say = build_text(node, "say");
	step->note = build_text(node, "note");
	step->guard = place->guard;
	step->guard_answer = place->answer;
	step->when = build_probe_member(checker, node, "when");
	return step;
}

static void build_action_step(struct checker *checker, const struct node *node,
			      const struct step_place *place, struct step_list *steps)
{
	static const char *const foreign[] = { "probe", "yes",	  "no", "choose",
					       "only",	"except", NULL };
	struct step *step = step_begin(checker, node, place, steps);
	struct node action = node_member(node, "action");

	check_absent(checker, node, "a step with an action", foreign);
	if (!json_object_get(node->value, "say"))
		say(checker, node, NULL, "a step needs \"say\": one line: what it does");
	step->kind = STEP_ACTION;
	step->action = build_typed(checker->vocabulary->actions, &action);
	step->verify = build_probe_list(checker, node, "verify", &step->nverify);
	step->timeout = json_object_get(node->value, "timeout");
	step->within = json_object_get(node->value, "within");
	step->alternative = build_text(node, "alternative");
	step->only_alternative = json_is_true(json_object_get(node->value, "only_alternative"));
}

/* The steps below an answer; `index` is the deciding step. */
static void build_branch(struct checker *checker, const struct node *up, const char *key,
			 size_t index, const char *answer, bool named, procedure_fn *procedure,
			 struct step_list *steps)
{
	struct node list = node_member(up, key);
	char *prefix = named ? xasprintf("%s/%s/", steps->list[index].id, answer)
			     : xasprintf("%s/", steps->list[index].id);
	const struct step_place place = { .prefix = prefix, .guard = (int)index, .answer = answer };
	build_steps(checker, &list, &place, procedure, steps);
	free(prefix);
}

static void build_options(struct checker *checker, const struct node *choose, size_t index,
			  procedure_fn *procedure, struct step_list *steps)
{
	size_t n = json_array_size(choose->value);
	struct choice *options = xcalloc(n + 1, sizeof(*options));

	if (json_is_array(choose->value) && n < 2)
		say(checker, choose, NULL, "a choice needs at least two options");
	for (size_t i = 0; i < n; i++) {
		struct node option = node_element(choose, i);
		struct node id = node_member(&option, "id");
		options[i] = (struct choice){ .id = build_id(checker, &option),
					      .say = build_text(&option, "say") };
		for (size_t k = 0; k < i; k++)
			if (id.value && strcmp(options[k].id, options[i].id) == 0)
				say(checker, &id, NULL, "there is an option \"%s\" already",
				    options[i].id);
	}
	steps->list[index].options = options;
	steps->list[index].noptions = n;
	for (size_t i = 0; i < n; i++) {
		struct node option = node_element(choose, i);
		build_branch(checker, &option, "steps", index, options[i].id, true, procedure,
			     steps);
	}
}

static void build_question_step(struct checker *checker, const struct node *node,
				const struct step_place *place, procedure_fn *procedure,
				struct step_list *steps)
{
	static const char *const foreign[] = { "verify",	   "timeout",
					       "within",	   "alternative",
					       "only_alternative", "only",
					       "except",	   NULL };
	static const char *const no_choice[] = { "probe", "yes", "no", NULL };
	size_t index = steps->n;
	struct step *step = step_begin(checker, node, place, steps);
	struct node choose = node_member(node, "choose");

	check_absent(checker, node, "a question", foreign);
	if (!step->say)
		step->say = build_text(node, "ask");
	if (choose.value) {
		check_absent(checker, node, "a choice", no_choice);
		step->kind = STEP_CHOICE;
		build_options(checker, &choose, index, procedure, steps);
		return;
	}
	step->kind = STEP_QUESTION;
	step->probe = build_probe_member(checker, node, "probe");
	if (!json_object_get(node->value, "yes") && !json_object_get(node->value, "no"))
		say(checker, node, NULL,
		    "a question needs \"yes\" or \"no\" (steps), or \"choose\"");
	build_branch(checker, node, "yes", index, "yes", false, procedure, steps);
	build_branch(checker, node, "no", index, "no", false, procedure, steps);
}

static void build_procedure_step(struct checker *checker, const struct node *node,
				 const struct step_place *place, procedure_fn *procedure,
				 struct step_list *steps)
{
	static const char *const foreign[] = {
		"verify", "timeout", "within", "alternative", "only_alternative",
		"probe",  "yes",     "no",     "choose",      NULL
	};
	struct node name = node_member(node, "procedure");
	char *prefix = xasprintf("%s%s/", place->prefix, build_id(checker, node));
	const struct step_place inner = { .prefix = prefix,
					  .guard = place->guard,
					  .answer = place->answer };

	check_absent(checker, node, "a step that is a procedure", foreign);
	if (json_is_string(name.value)) {
		const struct procedure *other =
		    procedure(checker, &name, json_string_value(name.value));
		if (other)
			inline_steps(checker, node, other, &inner, steps);
	}
	free(prefix);
}

void build_steps(struct checker *checker, const struct node *list, const struct step_place *place,
		 procedure_fn *procedure, struct step_list *steps)
{
	for (size_t i = 0; i < json_array_size(list->value); i++) {
		struct node node = node_element(list, i);
		if (!json_is_object(node.value))
			continue;
		if (json_object_get(node.value, "action"))
			build_action_step(checker, &node, place, steps);
		else if (json_object_get(node.value, "ask"))
			build_question_step(checker, &node, place, procedure, steps);
		else if (json_object_get(node.value, "procedure"))
			build_procedure_step(checker, &node, place, procedure, steps);
	}
}

void steps_release(struct step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(steps[i].id);
		free(steps[i].options);
		free(steps[i].verify);
		free(steps[i].origin);
	}
	free(steps);
}
