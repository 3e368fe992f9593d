/*
 * Facts in templates. A fact is named as it stands in the vocabulary, or by a pattern whose
 * capitals stand for a name of the runbook: "metric.METRIC.worst", "step.PROCEDURE/STEP.outcome".
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/params.h"

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ/"

/* New: what stands for the capitals of a pattern in a word, if the word is of that form; NULL. */
static char *subject_of(const char *pattern, const char *word)
{
	size_t head = strcspn(pattern, CAPITALS);
	const char *tail = pattern + head + strspn(pattern + head, CAPITALS);
	size_t len = strlen(word), rest = strlen(tail);

	if (!pattern[head] || len <= head + rest || strncmp(word, pattern, head) != 0 ||
	    strcmp(word + len - rest, tail) != 0)
		return NULL;
	return xstrndup(word + head, len - head - rest);
}

/* The section that the first of a pattern's capitals names: METRIC, metrics. */
static enum section_id section_of(const char *pattern)
{
	const char *word = pattern + strcspn(pattern, CAPITALS);
	size_t len = strcspn(word, "/.");

	for (int id = 0; id < SECTION_COUNT; id++) {
		const char *one = section_one((enum section_id)id);

		if (strlen(one) == len && strncasecmp(one, word, len) == 0)
			return (enum section_id)id;
	}
	return SECTION_COUNT;
}

/* What a family of facts has, where the word belongs to one: "of a step there are ...". New. */
static char *family_text(const char *const *facts, const char *word)
{
	size_t family = strcspn(word, ".") + 1;
	struct buf out = BUF_INIT;

	for (; *facts; facts++) {
		if (strncmp(*facts, word, family) == 0)
			buf_printf(&out, "%s%s", out.len ? ", " : "; there are: ", *facts);
	}
	buf_puts(&out, "");
	return buf_detach(&out);
}

void check_fact(struct checker *checker, const struct node *node, const char *name)
{
	const char *const *facts = checker->vocabulary->facts;
	char *suggestion, *family;
	size_t n = 0;

	for (; facts && facts[n]; n++) {
		char *subject = subject_of(facts[n], name);

		if (subject) {
			subject[strcspn(subject, strchr(facts[n], '/') ? "/" : "")] = '\0';
			check_reference(checker, node, section_of(facts[n]), subject);
			free(subject);
			return;
		}
		if (strcmp(facts[n], name) == 0)
			return;
	}
	suggestion = suggest(name, facts, n);
	family = suggestion ? xstrdup("") : family_text(facts, name);
	say(checker, node, suggestion, "there is no fact \"%s\"%s", name, family);
	free(family);
	free(suggestion);
}

static bool item_exists(const struct checklist *checklist, const char *id)
{
	for (size_t s = 0; checklist && s < checklist->nsections; s++)
		for (size_t i = 0; i < checklist->sections[s].nitems; i++)
			if (strcmp(checklist->sections[s].items[i].id, id) == 0)
				return true;
	return false;
}

struct place_walk {
	struct checker *checker;
	const struct node *node;
};

/* `subject` is "PROCEDURE/STEP" or "CHECKLIST/ITEM"; that the first is declared is told already. */
static void place_check(const struct place_walk *walk, enum section_id section, char *subject)
{
	const struct runbook *rb = walk->checker->runbook;
	char *id = strchr(subject, '/');
	const struct procedure *procedure;

	if (!id) {
		say(walk->checker, walk->node, NULL, "expected %s, not \"%s\" alone",
		    section == SECTION_PROCEDURES ? "PROCEDURE/STEP" : "CHECKLIST/ITEM", subject);
		return;
	}
	*id++ = '\0';
	if (section == SECTION_CHECKLISTS) {
		if (runbook_checklist(rb, subject) &&
		    !item_exists(runbook_checklist(rb, subject), id))
			say(walk->checker, walk->node, NULL, "checklist \"%s\" has no item \"%s\"",
			    subject, id);
		return;
	}
	procedure = runbook_procedure(rb, subject);
	if (procedure && !procedure_step(procedure, id))
		say(walk->checker, walk->node, NULL, "procedure \"%s\" has no step \"%s\"", subject,
		    id);
}

static void place_seen(const char *name, size_t len, void *data)
{
	struct place_walk *walk = data;
	const char *const *facts = walk->checker->vocabulary->facts;
	char *word = xstrndup(name, len);

	for (; facts && *facts; facts++) {
		char *subject = strchr(*facts, '/') ? subject_of(*facts, word) : NULL;

		if (!subject)
			continue;
		place_check(walk, section_of(*facts), subject);
		free(subject);
		break;
	}
	free(word);
}

void check_fact_places(struct checker *checker, const struct node *node)
{
	struct place_walk walk = { .checker = checker, .node = node };

	if (json_is_string(node->value))
		params_each(json_string_value(node->value), place_seen, &walk);
}
