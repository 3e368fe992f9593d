/* The runbook's own report of trouble. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"

static void build_field(struct checker *checker, struct report_field_def *field,
			const struct node *node)
{
	struct node id = node_member(node, "id"), from = node_member(node, "from");
	const char *word = build_id(checker, node);
	const struct report_field_def *other = runbook_report_field(checker->runbook, word);

	if (id.value && other)
		say(checker, &id, NULL, "there is a field \"%s\" already", word);
	*field = (struct report_field_def){
		.id = word,
		.say = build_text(node, "say"),
		.from = build_text(node, "from"),
		.ask = build_text(node, "ask"),
		.choices = json_object_get(node->value, "choices"),
	};
	if (!field->from && !field->ask)
		say(checker, node, NULL,
		    "a field needs \"from\" (a text of facts), or \"ask\" (who closes is asked)");
	check_fact_places(checker, &from);
}

static enum report_part part_of(const char *with)
{
	int part = 0;

	while (report_part_names[part] && (!with || strcmp(report_part_names[part], with) != 0))
		part++;
	return (enum report_part)part;
}

static bool is_taken(const struct report_def *report, enum report_part with)
{
	for (size_t i = 0; with != REPORT_PARTS && i < report->nsections; i++)
		if (report->sections[i].with == with)
			return true;
	return false;
}

static void build_section(struct checker *checker, struct report_def *report, size_t *cap,
			  const struct node *node)
{
	struct node with = node_member(node, "with"), list = node_member(node, "fields");
	struct report_section_def *section;
	enum report_part part = part_of(json_string_value(with.value));
	size_t n = json_array_size(list.value);

	if (is_taken(report, part))
		say(checker, &with, NULL, "another section takes \"%s\" in already",
		    json_string_value(with.value));
	if (!with.value && n == 0)
		say(checker, node, NULL, "a section without \"fields\" and \"with\" tells nothing");
	report->sections =
	    xgrow(report->sections, cap, report->nsections + 1, sizeof(*report->sections));
	section = &report->sections[report->nsections++];
	*section = (struct report_section_def){
		.title = build_text(node, "title"),
		.with = part,
		.fields = xcalloc(n + 1, sizeof(*section->fields)),
	};
	for (size_t i = 0; i < n; i++) {
		struct node field = node_element(&list, i);

		build_field(checker, &section->fields[i], &field);
		section->nfields++;
	}
}

void build_report(struct checker *checker)
{
	struct report_def *report = &checker->runbook->report;
	size_t cap = 0;

	for (size_t d = 0; d < checker->ndocs; d++) {
		struct node root = node_root(&checker->docs[d]);
		struct node node = node_member(&root, "report");
		struct node list = node_member(&node, "sections");

		if (!json_is_object(node.value))
			continue;
		if (report->sections) {
			say_key(checker, &node, NULL, "another file has a report already");
			continue;
		}
		report->title = build_text(&node, "title");
		for (size_t i = 0; i < json_array_size(list.value); i++) {
			struct node section = node_element(&list, i);

			build_section(checker, report, &cap, &section);
		}
	}
}
