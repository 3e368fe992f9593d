/* Checklists: sections and items. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

struct item_list {
	struct item *list;
	size_t n, cap;
};

static bool item_known(const struct checklist *checklist, const struct item_list *items,
		       const char *id)
{
	for (size_t s = 0; s < checklist->nsections; s++)
		for (size_t i = 0; i < checklist->sections[s].nitems; i++)
			if (strcmp(checklist->sections[s].items[i].id, id) == 0)
				return true;
	for (size_t i = 0; i < items->n; i++)
		if (strcmp(items->list[i].id, id) == 0)
			return true;
	return false;
}

static char *item_id(struct checker *checker, const struct node *node,
		     const struct checklist *checklist, const struct item_list *items, int parent)
{
	struct node there = node_member(node, "id");
	const char *word = build_id(checker, node);

	char *id = parent < 0 ? xstrdup(word) : xasprintf("%s/%s", items->list[parent].id, word);
	if (there.value && item_known(checklist, items, id))
		say(checker, &there, NULL, "there is an item \"%s\" already", id);
	return id;
}

static const struct procedure *item_procedure(const struct checker *checker,
					      const struct node *node)
{
	const char *name = build_text(node, "procedure");
	return name ? runbook_procedure(checker->runbook, name) : NULL;
}

static void item_kind(struct checker *checker, struct item *item, const struct node *node)
{
	static const char *const only_sensed[] = { "expires", NULL };
	static const char *const only_action[] = { "verify", "timeout", "within", NULL };
	struct node action = node_member(node, "action"), probe = node_member(node, "probe");
	struct node procedure = node_member(node, "procedure");

	item->probe = build_probe(checker, &probe);
	item->action = build_typed(checker->vocabulary->actions, &action);
	item->verify = build_probe_list(checker, node, "verify", &item->nverify);
	item->timeout = json_object_get(node->value, "timeout");
	item->within = json_object_get(node->value, "within");
	item->expires = json_object_get(node->value, "expires");
	(void)build_duration(checker, node, "expires");
	if (probe.value && action.value)
		say_key(checker, &action, NULL,
			"an item has a probe or an action; what proves the action goes to "
			"\"verify\"");
	if (item->probe && item->probe->kind == PROBE_MANUAL)
		say(checker, &probe, NULL,
		    "leave the probe out: an item without probe and action is ticked by hand");
	if (item->action.type && item->action.type == checker->vocabulary->manual)
		say(checker, &action, NULL,
		    "leave the action out: an item without probe and action is ticked by hand");
	item->procedure = item_procedure(checker, node);
	if (procedure.value && (probe.value || action.value))
		say_key(checker, &procedure, NULL, "an item has a probe, an action or a procedure");
	item->kind = item->probe		       ? ITEM_SENSED
		     : action.value || procedure.value ? ITEM_ACTION
						       : ITEM_MANUAL;
	if (!action.value)
		check_absent(checker, node, "an item without an action", only_action);
	if (!probe.value)
		check_absent(checker, node, "an item without a probe", only_sensed);
}

static void build_items(struct checker *checker, const struct node *list,
			const struct checklist *checklist, int parent, struct item_list *items)
{
	for (size_t i = 0; i < json_array_size(list->value); i++) {
		struct node node = node_element(list, i);
		if (!json_is_object(node.value))
			continue;
		char *id = item_id(checker, &node, checklist, items, parent);
		json_t *done = json_object_get(node.value, "done");
		struct item item = {
			.id = id,
			.say = build_text(&node, "say"),
			.note = build_text(&node, "note"),
			.parent = parent,
			.optional = json_is_true(json_object_get(node.value, "optional")),
			.when = build_probe_member(checker, &node, "when"),
			.done_by = json_string_value(json_object_get(done, "by")),
			.done_at = json_string_value(json_object_get(done, "at")),
		};
		item_kind(checker, &item, &node);
		items->list = xgrow(items->list, &items->cap, items->n + 1, sizeof(*items->list));
		items->list[items->n++] = item;
		struct node below = node_member(&node, "items");
		build_items(checker, &below, checklist, (int)items->n - 1, items);
	}
}

static void build_section(struct checker *checker, struct section *section, const struct node *node,
			  const struct checklist *checklist)
{
	struct node list = node_member(node, "items");
	struct item_list items = { 0 };
	const char *offset = build_text(node, "offset");

	section->title = build_text(node, "title");
	section->offset = json_object_get(node->value, "offset");
	section->timed = offset != NULL;
	if (offset) {
		bool before = *offset == '-';
		(void)duration_parse(offset + (before ? 1 : 0), &section->offset_us);
		if (before)
			section->offset_us = -section->offset_us;
	}
	if (json_is_array(list.value) && json_array_size(list.value) == 0)
		say(checker, &list, NULL, "a section needs at least one item");
	build_items(checker, &list, checklist, -1, &items);
	section->items = items.list;
	section->nitems = items.n;
}

static void build_checklist(struct checker *checker, struct checklist *checklist,
			    const struct node *node)
{
	struct node list = node_member(node, "sections");
	size_t n = json_array_size(list.value);

	checklist->title = build_text(node, "title");
	checklist->sections = xcalloc(n + 1, sizeof(*checklist->sections));
	if (json_is_array(list.value) && n == 0)
		say(checker, &list, NULL, "a checklist needs at least one section");
	for (size_t i = 0; i < n; i++) {
		struct node section = node_element(&list, i);
		build_section(checker, &checklist->sections[i], &section, checklist);
		checklist->nsections = i + 1;
	}
}

void build_checklists(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_CHECKLISTS];
	for (size_t i = 0; i < names->n; i++)
		build_checklist(checker, &checker->runbook->checklists[i], &names->list[i]);
}
