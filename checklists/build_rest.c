/* Contacts, deadlines, messages, the matrix, panels. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

void build_contacts(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_CONTACTS];
	for (size_t i = 0; i < names->n; i++) {
		const struct node *node = &names->list[i];
		checker->runbook->contacts[i] = (struct contact){
			.name = node->key,
			.role = build_text(node, "role"),
			.reach = build_text(node, "reach"),
			.hours = build_text(node, "hours"),
			.duties = build_text(node, "duties"),
			.after = json_object_get(node->value, "after"),
			.through = build_text(node, "through"),
		};
		checker->runbook->contacts[i].logins =
		    build_logins(checker, node, &checker->runbook->contacts[i].nlogins);
	}
}

void build_messages(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_MESSAGES];
	for (size_t i = 0; i < names->n; i++) {
		const struct node *node = &names->list[i];
		checker->runbook->messages[i] = (struct message){
			.name = node->key,
			.title = build_text(node, "title"),
			.channel = build_text(node, "channel"),
			.through = build_text(node, "through"),
			.text = build_text(node, "text"),
			.next_update = json_object_get(node->value, "next_update"),
		};
		struct node text = node_member(node, "text");
		check_fact_places(checker, &text);
	}
}

static const char **texts(const json_t *list, size_t *n)
{
	*n = json_array_size(list);
	const char **out = xcalloc(*n + 1, sizeof(*out));
	for (size_t i = 0; i < *n; i++) {
		const char *text = json_string_value(json_array_get(list, i));
		out[i] = text ? text : "";
	}
	return out;
}

/* What is worse can't wait longer than what is milder. */
static void deadlines_check(struct checker *checker, const struct node *section)
{
	const int64_t *deadlines = checker->runbook->deadlines;
	int milder = -1;

	for (int s = SEVERITY_LOW; s <= SEVERITY_CRITICAL; s++) {
		struct node node = node_member(section, severity_name((enum severity)s));

		if (!deadlines[s])
			continue;
		if (milder >= 0 && deadlines[s] > deadlines[milder])
			say(checker, &node, NULL, "%s has more time than %s",
			    severity_name((enum severity)s), severity_name((enum severity)milder));
		milder = s;
	}
}

void build_deadlines(struct checker *checker)
{
	int64_t *deadlines = checker->runbook->deadlines;
	bool given = false;
	int64_t none;

	for (size_t d = 0; d < checker->ndocs; d++) {
		struct node root = node_root(&checker->docs[d]);
		struct node section = node_member(&root, "deadlines");

		if (!json_is_object(section.value))
			continue;
		if (given) {
			say_key(checker, &section, NULL, "another file has deadlines already");
			continue;
		}
		given = true;
		for (int s = SEVERITY_LOW; s <= SEVERITY_CRITICAL; s++) {
			const char *name = severity_name((enum severity)s);
			struct node node = node_member(&section, name);

			deadlines[s] = build_duration(checker, &section, name);
			if (json_is_string(node.value) && !deadlines[s] &&
			    duration_parse(json_string_value(node.value), &none) == 0)
				say(checker, &node, NULL, "nothing is well again in no time");
		}
		deadlines_check(checker, &section);
	}
}

static void matrix_fill(struct checker *checker, struct matrix *matrix, const struct node *node)
{
	struct node rows = node_member(node, "rows");
	matrix->columns = texts(json_object_get(node->value, "columns"), &matrix->ncolumns);
	matrix->nrows = json_array_size(rows.value);
	matrix->cells = xcalloc(matrix->nrows * matrix->ncolumns + 1, sizeof(*matrix->cells));
	for (size_t r = 0; r < matrix->nrows; r++) {
		struct node row = node_element(&rows, r);
		size_t n;
		const char **cells = texts(row.value, &n);
		if (json_is_array(row.value) && n != matrix->ncolumns)
			say(checker, &row, NULL, "expected %zu cells, one a column, found %zu",
			    matrix->ncolumns, n);
		for (size_t c = 0; c < matrix->ncolumns; c++)
			matrix->cells[r * matrix->ncolumns + c] = c < n ? cells[c] : "";
		free(cells);
	}
}

void build_matrix(struct checker *checker)
{
	struct matrix *matrix = &checker->runbook->matrix;
	for (size_t d = 0; d < checker->ndocs; d++) {
		struct node root = node_root(&checker->docs[d]);
		struct node node = node_member(&root, "matrix");
		if (!json_is_object(node.value))
			continue;
		if (matrix->columns)
			say_key(checker, &node, NULL, "another file has a matrix already");
		else
			matrix_fill(checker, matrix, &node);
	}
}

/* What each kind of panel can't do without: one of the two, where there are two. */
static const struct {
	const char *kind, *needs, *instead;
	bool both; /* or both of them */
} panel_needs[] = {
	{ "log", "source", "sources", false },	    { "connections", "source", NULL, false },
	{ "chart", "metrics", NULL, false },	    { "memory", "metrics", NULL, false },
	{ "endpoints", "metrics", "probes", true }, { "database", "source", NULL, false },
};

static void check_panel(struct checker *checker, const struct panel *panel, const struct node *node)
{
	for (size_t i = 0; panel->kind && i < sizeof(panel_needs) / sizeof(*panel_needs); i++) {
		const char *needs = panel_needs[i].needs, *instead = panel_needs[i].instead;
		bool there = json_object_get(node->value, needs);
		bool other = instead && json_object_get(node->value, instead);

		if (strcmp(panel_needs[i].kind, panel->kind) != 0)
			continue;
		if (!there && !other)
			say(checker, node, NULL, "a panel of kind \"%s\" needs \"%s\"%s%s%s",
			    panel->kind, needs, instead ? " or \"" : "", instead ? instead : "",
			    instead ? "\"" : "");
		else if (there && other && !panel_needs[i].both)
			say(checker, node, NULL, "a panel has \"%s\" or \"%s\", not both", needs,
			    instead);
	}
}

static void build_panel(struct checker *checker, struct panel *panel, const struct node *node)
{
	panel->title = build_text(node, "title");
	panel->kind = build_text(node, "kind");
	panel->source = build_text(node, "source");
	panel->sources = texts(json_object_get(node->value, "sources"), &panel->nsources);
	panel->level = build_text(node, "level");
	panel->bands = build_text(node, "bands");
	panel->metrics = texts(json_object_get(node->value, "metrics"), &panel->nmetrics);
	panel->probes = build_probe_list(checker, node, "probes", &panel->nprobes);
	check_panel(checker, panel, node);
}

void build_panels(struct checker *checker)
{
	struct runbook *rb = checker->runbook;
	size_t cap = 0;
	for (size_t d = 0; d < checker->ndocs; d++) {
		struct node root = node_root(&checker->docs[d]);
		struct node list = node_member(&root, "panels");
		for (size_t i = 0; i < json_array_size(list.value); i++) {
			struct node node = node_element(&list, i);
			rb->panels = xgrow(rb->panels, &cap, rb->npanels + 1, sizeof(*rb->panels));
			rb->panels[rb->npanels] = (struct panel){ 0 };
			build_panel(checker, &rb->panels[rb->npanels++], &node);
		}
	}
}
