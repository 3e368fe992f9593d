/* The names that documents declare, and references to them. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"

static const struct {
	const char *name, *one;
} sections[SECTION_COUNT] = {
	[SECTION_PARAMETERS] = { "parameters", "parameter" },
	[SECTION_SOURCES] = { "sources", "source" },
	[SECTION_METRICS] = { "metrics", "metric" },
	[SECTION_PROBES] = { "probes", "probe" },
	[SECTION_CONDITIONS] = { "conditions", "condition" },
	[SECTION_QUESTIONS] = { "questions", "question" },
	[SECTION_PROCEDURES] = { "procedures", "procedure" },
	[SECTION_CHECKLISTS] = { "checklists", "checklist" },
	[SECTION_GATES] = { "gates", "gate" },
	[SECTION_DEPLOYMENTS] = { "deployments", "deployment" },
	[SECTION_ROUTINES] = { "routines", "routine" },
	[SECTION_PHASES] = { "phases", "phase" },
	[SECTION_CONTACTS] = { "contacts", "contact" },
	[SECTION_MESSAGES] = { "messages", "message" },
	[SECTION_BANDS] = { "bands", "band table" },
};

enum section_id section_find(const char *name)
{
	for (size_t i = 0; i < SECTION_COUNT; i++)
		if (strcmp(sections[i].name, name) == 0)
			return (enum section_id)i;
	return SECTION_COUNT;
}

const char *section_one(enum section_id section)
{
	return sections[section].one;
}

static void names_add(struct names *names, struct node node)
{
	names->list = xgrow(names->list, &names->cap, names->n + 1, sizeof(*names->list));
	names->list[names->n++] = node;
}

/* The names' nodes point to their section's node, so that one stays where it is. */
static const struct node *top_keep(struct checker *checker, struct node node)
{
	checker->tops =
	    xgrow(checker->tops, &checker->cap_tops, checker->ntops + 1, sizeof(*checker->tops));
	struct node *kept = xmalloc(sizeof(*kept));
	*kept = node;
	checker->tops[checker->ntops++] = kept;
	return kept;
}

const struct node *declared(const struct checker *checker, enum section_id section,
			    const char *name)
{
	const struct names *names = &checker->names[section];
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->list[i].key, name) == 0)
			return &names->list[i];
	return NULL;
}

static void declare_name(struct checker *checker, enum section_id id, struct node node)
{
	const struct node *other = declared(checker, id, node.key);
	if (other) {
		struct jwhere where;
		char *pointer = node_pointer(other);
		where = jdoc_key(other->doc, pointer);
		say_key(checker, &node, NULL, "%s \"%s\" is declared already in %s:%d:%d",
			sections[id].one, node.key, other->doc->name, where.line, where.column);
		free(pointer);
		return;
	}
	if (!name_valid(node.key))
		say_key(checker, &node, NULL,
			"a name holds letters, digits, \".\", \"_\" and \"-\", and begins with a "
			"letter, a digit or \"_\"");
	names_add(&checker->names[id], node);
}

static void declare_section(struct checker *checker, const struct node *root, enum section_id id)
{
	if (id == SECTION_QUESTIONS)
		root = top_keep(checker, node_member(root, "tree"));
	const struct node *top = top_keep(checker, node_member(root, sections[id].name));
	if (!json_is_object(top->value))
		return;
	const char *key;
	json_t *value;
	json_object_foreach(top->value, key, value)
		declare_name(checker, id, node_member(top, key));
}

void declare_all(struct checker *checker)
{
	for (size_t d = 0; d < checker->ndocs; d++) {
		const struct node *root = top_keep(checker, node_root(&checker->docs[d]));
		for (size_t id = 0; id < SECTION_COUNT; id++)
			declare_section(checker, root, (enum section_id)id);
	}
}

void declare_runbook(struct checker *checker, const struct runbook *rb)
{
#define DECLARE(id, count, text)             \
	for (size_t i = 0; i < (count); i++) \
	names_add(&checker->names[id], (struct node){ .key = (text) })

	DECLARE(SECTION_PARAMETERS, rb->nparams, rb->params[i].name);
	DECLARE(SECTION_SOURCES, rb->nsources, rb->sources[i].name);
	DECLARE(SECTION_METRICS, rb->nmetrics, rb->metrics[i].name);
	DECLARE(SECTION_PROBES, rb->nprobes, rb->probes[i]->id);
	DECLARE(SECTION_CONDITIONS, rb->nconditions, rb->conditions[i].name);
	DECLARE(SECTION_QUESTIONS, rb->tree.nquestions, rb->tree.questions[i].name);
	DECLARE(SECTION_PROCEDURES, rb->nprocedures, rb->procedures[i].name);
	DECLARE(SECTION_CHECKLISTS, rb->nchecklists, rb->checklists[i].name);
	DECLARE(SECTION_GATES, rb->ngates, rb->gates[i].name);
	DECLARE(SECTION_DEPLOYMENTS, rb->ndeployments, rb->deployments[i].name);
	DECLARE(SECTION_ROUTINES, rb->nroutines, rb->routines[i].name);
	DECLARE(SECTION_PHASES, rb->nphases, rb->phases[i].name);
	DECLARE(SECTION_CONTACTS, rb->ncontacts, rb->contacts[i].name);
	DECLARE(SECTION_MESSAGES, rb->nmessages, rb->messages[i].name);
	DECLARE(SECTION_BANDS, rb->nbands, rb->bands[i].name);
#undef DECLARE
}

bool check_reference(struct checker *checker, const struct node *node, enum section_id section,
		     const char *name)
{
	if (declared(checker, section, name))
		return true;
	const struct names *names = &checker->names[section];
	const char **words = xcalloc(names->n + 1, sizeof(*words));
	for (size_t i = 0; i < names->n; i++)
		words[i] = names->list[i].key;
	char *suggestion = suggest(name, words, names->n);
	say(checker, node, suggestion, "there is no %s \"%s\"", sections[section].one, name);
	free(suggestion);
	free(words);
	return false;
}
