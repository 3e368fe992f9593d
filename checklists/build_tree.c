/* Conditions and the decision tree, and circles in it. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "checklists/tree.h"
#include "lib/mem.h"

static const char *const severity_words[] = { "low", "medium", "high", "critical" };

static void build_condition(struct checker *checker, struct condition *condition,
			    const struct node *node)
{
	const json_t *object = node->value;
	struct node at_least = node_member(node, "at_least");
	size_t given = json_array_size(json_object_get(object, "symptoms"));
	const char *severity = build_text(node, "severity");

	condition->name = node->key;
	condition->title = build_text(node, "title");
	condition->impact = build_text(node, "impact");
	for (size_t i = 0; severity && i < 4; i++)
		if (strcmp(severity_words[i], severity) == 0)
			condition->severity = (enum severity)i;
	condition->needs = build_probe_member(checker, node, "needs");
	condition->symptoms = build_probe_list(checker, node, "symptoms", &condition->nsymptoms);
	condition->at_least = condition->nsymptoms;
	if (json_is_integer(at_least.value)) {
		json_int_t n = json_integer_value(at_least.value);
		if (n < 1 || (size_t)n > given)
			say(checker, &at_least, NULL,
			    "expected a number from 1 to %zu (so many symptoms there are)", given);
		else
			condition->at_least = (size_t)n;
	}
	struct node symptoms = node_member(node, "symptoms");
	if (json_is_array(symptoms.value) && given == 0)
		say(checker, &symptoms, NULL, "expected at least one probe");
	condition->for_ = json_object_get(object, "for");
	condition->within = json_object_get(object, "within");
	condition->suggest = build_outcome(checker, node, "suggest");
}

void build_conditions(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_CONDITIONS];
	for (size_t i = 0; i < names->n; i++)
		build_condition(checker, &checker->runbook->conditions[i], &names->list[i]);
}

static size_t question_index(const struct tree *tree, const char *name)
{
	for (size_t i = 0; name && i < tree->nquestions; i++)
		if (strcmp(tree->questions[i].name, name) == 0)
			return i;
	return tree->nquestions;
}

/* ---- what the tables can't see: circles, unreachable questions, depth ---- */

struct tree_walk {
	struct checker *checker;
	const struct tree *tree;
	char *colours; /* 0: not seen, 1: on the way, 2: done; one a question */
	int *depths;   /* questions from here to the end, when done */
};

static const struct node *question_node(const struct tree_walk *walk, size_t index)
{
	return declared(walk->checker, SECTION_QUESTIONS, walk->tree->questions[index].name);
}

static int tree_visit(struct tree_walk *walk, size_t index)
{
	const struct question *q = &walk->tree->questions[index];
	const char *next[] = { q->yes.question, q->no.question };
	int deepest = 0;

	if (walk->colours[index] == 2)
		return walk->depths[index];
	walk->colours[index] = 1;
	for (size_t i = 0; i < 2; i++) {
		size_t to = question_index(walk->tree, next[i]);
		if (to == walk->tree->nquestions)
			continue;
		if (walk->colours[to] == 1) {
			struct node answer =
			    node_member(question_node(walk, index), i ? "no" : "yes");
			say(walk->checker, &answer, NULL,
			    "the tree runs in a circle: \"%s\" leads back to \"%s\"", q->name,
			    next[i]);
			continue;
		}
		int depth = tree_visit(walk, to);
		deepest = depth > deepest ? depth : deepest;
	}
	walk->colours[index] = 2;
	walk->depths[index] = deepest + 1;
	return deepest + 1;
}

static void tree_judge(struct checker *checker, const struct tree *tree, const struct node *start)
{
	struct tree_walk walk = { .checker = checker,
				  .tree = tree,
				  .colours = xcalloc(tree->nquestions + 1, 1),
				  .depths = xcalloc(tree->nquestions + 1, sizeof(int)) };

	if (tree_visit(&walk, tree->start) > TREE_DEPTH)
		say(checker, start, NULL, "the tree is deeper than %d questions", TREE_DEPTH);
	for (size_t i = 0; i < tree->nquestions; i++)
		if (!walk.colours[i])
			say_key(checker, question_node(&walk, i), NULL,
				"question \"%s\" can't be reached from \"%s\"",
				tree->questions[i].name, tree->questions[tree->start].name);
	free(walk.depths);
	free(walk.colours);
}

static void build_question(struct checker *checker, struct question *question,
			   const struct node *node)
{
	question->ask = build_text(node, "ask");
	question->help = build_text(node, "help");
	question->probe = build_probe_member(checker, node, "probe");
	question->contrary = build_probe_list(checker, node, "contrary", &question->ncontrary);
	question->for_ = json_object_get(node->value, "for");
	question->yes = build_outcome(checker, node, "yes");
	question->no = build_outcome(checker, node, "no");
}

void build_tree(struct checker *checker)
{
	struct tree *tree = &checker->runbook->tree;
	const struct names *names = &checker->names[SECTION_QUESTIONS];
	bool started = false;

	for (size_t i = 0; i < names->n; i++)
		build_question(checker, &tree->questions[i], &names->list[i]);
	for (size_t d = 0; d < checker->ndocs; d++) {
		struct node root = node_root(&checker->docs[d]);
		struct node top = node_member(&root, "tree");
		struct node start = node_member(&top, "start");
		if (!start.value)
			continue;
		if (started)
			say(checker, &start, NULL,
			    "another file says already where the tree starts");
		size_t index = question_index(tree, json_string_value(start.value));
		if (started || index == tree->nquestions)
			continue;
		started = true;
		tree->start = index;
		tree_judge(checker, tree, &start);
	}
}
