/* Probes, declared and inline, and circles among them. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/buf.h"
#include "lib/mem.h"

/* "procedures.level-1.stop.verify.0": like the JSON pointer, but an element that has an id is
 * called by it, and then its list is not named. */
static void path_add(struct buf *out, const struct node *node)
{
	if (!node->up)
		return;
	const char *id = node->key ? NULL : json_string_value(json_object_get(node->value, "id"));
	path_add(out, id ? node->up->up : node->up);
	if (out->len)
		buf_putc(out, '.');
	if (id || node->key)
		buf_puts(out, id ? id : node->key);
	else
		buf_printf(out, "%zu", node->index);
}

static void probe_fill(struct checker *checker, struct probe *probe, const struct node *node);

struct probe *probe_new(struct checker *checker, char *id)
{
	struct probe *probe = xcalloc(1, sizeof(*probe));
	probe->id = id;
	checker->inline_probes =
	    xgrow(checker->inline_probes, &checker->cap_inline_probes, checker->ninline_probes + 1,
		  sizeof(*checker->inline_probes));
	checker->inline_probes[checker->ninline_probes++] = probe;
	return probe;
}

static struct probe *probe_inline(struct checker *checker, const struct node *node)
{
	struct buf id = BUF_INIT;
	path_add(&id, node);
	struct probe *probe = probe_new(checker, buf_detach(&id));
	probe_fill(checker, probe, node);
	return probe;
}

struct probe *build_probe(struct checker *checker, const struct node *node)
{
	const struct runbook *rb = checker->runbook;

	if (json_is_object(node->value))
		return probe_inline(checker, node);
	const char *name = json_string_value(node->value);
	for (size_t i = 0; name && i < rb->nprobes; i++)
		if (strcmp(rb->probes[i]->id, name) == 0)
			return rb->probes[i];
	return NULL;
}

struct probe *build_probe_member(struct checker *checker, const struct node *up, const char *key)
{
	struct node node = node_member(up, key);
	return build_probe(checker, &node);
}

struct probe **build_probe_list(struct checker *checker, const struct node *up, const char *key,
				size_t *n)
{
	struct node list = node_member(up, key);
	size_t size = json_array_size(list.value);
	struct probe **probes = xcalloc(size + 1, sizeof(struct probe *));

	*n = 0;
	for (size_t i = 0; i < size; i++) {
		struct node element = node_element(&list, i);
		struct probe *probe = build_probe(checker, &element);
		if (probe)
			probes[(*n)++] = probe;
	}
	return probes;
}

static void fill_at_least(struct checker *checker, struct probe *probe, const struct node *node)
{
	probe->kind = PROBE_AT_LEAST;
	probe->parts = build_probe_list(checker, node, "of", &probe->nparts);
	struct node count = node_member(node, "at_least");
	json_int_t n = json_integer_value(count.value);
	size_t given = json_array_size(json_object_get(node->value, "of"));
	if (json_is_integer(count.value) && (n < 1 || (size_t)n > given))
		say(checker, &count, NULL,
		    "expected a number from 1 to %zu (so many probes there are)", given);
	probe->count = n < 0 ? 0 : (size_t)n;
}

static void fill_one(struct checker *checker, struct probe *probe, const struct node *node,
		     const char *key)
{
	struct probe *part = build_probe_member(checker, node, key);
	probe->parts = xcalloc(1, sizeof(struct probe *));
	if (part)
		probe->parts[probe->nparts++] = part;
}

static void fill_list(struct checker *checker, struct probe *probe, const struct node *node,
		      const char *key)
{
	probe->parts = build_probe_list(checker, node, key, &probe->nparts);
	struct node list = node_member(node, key);
	if (json_is_array(list.value) && json_array_size(list.value) == 0)
		say(checker, &list, NULL, "expected at least one probe");
}

static void probe_fill(struct checker *checker, struct probe *probe, const struct node *node)
{
	const struct type *join = join_find(checker->vocabulary, node->value);

	probe->title = build_text(node, "say");
	if (!join) {
		probe->kind = PROBE_TYPED;
		probe->ask = build_typed(checker->vocabulary->probes, node);
	} else if (strcmp(join->name, "all") == 0) {
		probe->kind = PROBE_ALL;
		fill_list(checker, probe, node, "all");
	} else if (strcmp(join->name, "any") == 0) {
		probe->kind = PROBE_ANY;
		fill_list(checker, probe, node, "any");
	} else if (strcmp(join->name, "at_least") == 0) {
		fill_at_least(checker, probe, node);
	} else if (strcmp(join->name, "not") == 0) {
		probe->kind = PROBE_NOT;
		fill_one(checker, probe, node, "not");
	} else if (strcmp(join->name, "held") == 0) {
		probe->kind = PROBE_HELD;
		fill_one(checker, probe, node, "held");
		probe->for_us = build_duration(checker, node, "for");
		probe->max_gap_us = build_duration(checker, node, "max_gap");
	} else {
		probe->kind = PROBE_MANUAL;
		probe->text = build_text(node, "manual");
	}
}

/* ---- circles: a declared probe that contains itself ---- */

enum colour { WHITE, GREY, BLACK };

struct circle_walk {
	struct checker *checker;
	enum colour *colours; /* of the declared probes */
};

static void circle_visit(struct circle_walk *walk, size_t index);

static size_t declared_index(const struct runbook *rb, const struct probe *probe)
{
	for (size_t i = 0; i < rb->nprobes; i++)
		if (rb->probes[i] == probe)
			return i;
	return rb->nprobes;
}

static void circle_parts(struct circle_walk *walk, size_t from, const struct probe *probe)
{
	const struct runbook *rb = walk->checker->runbook;
	for (size_t i = 0; i < probe->nparts; i++) {
		size_t index = declared_index(rb, probe->parts[i]);
		if (index == rb->nprobes)
			circle_parts(walk, from, probe->parts[i]);
		else if (walk->colours[index] == GREY)
			say_key(walk->checker,
				declared(walk->checker, SECTION_PROBES, rb->probes[from]->id), NULL,
				"probe \"%s\" contains \"%s\", which contains it again",
				rb->probes[from]->id, rb->probes[index]->id);
		else
			circle_visit(walk, index);
	}
}

static void circle_visit(struct circle_walk *walk, size_t index)
{
	if (walk->colours[index] != WHITE)
		return;
	walk->colours[index] = GREY;
	circle_parts(walk, index, walk->checker->runbook->probes[index]);
	walk->colours[index] = BLACK;
}

void build_probes(struct checker *checker)
{
	struct runbook *rb = checker->runbook;
	const struct names *names = &checker->names[SECTION_PROBES];

	for (size_t i = 0; i < names->n; i++) {
		const struct node *node = &names->list[i];
		struct probe *probe = rb->probes[i];
		if (json_is_object(node->value)) {
			probe_fill(checker, probe, node);
			continue;
		}
		/* Another name for a probe: it is all of that one. */
		struct probe *same = build_probe(checker, node);
		probe->kind = PROBE_ALL;
		probe->parts = xcalloc(1, sizeof(struct probe *));
		if (same)
			probe->parts[probe->nparts++] = same;
	}

	struct circle_walk walk = { .checker = checker,
				    .colours = xcalloc(rb->nprobes + 1, sizeof(*walk.colours)) };
	for (size_t i = 0; i < rb->nprobes; i++)
		circle_visit(&walk, i);
	free(walk.colours);
}

void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	free(probe->id);
	free(probe->parts);
	free(probe);
}
