/* A step that is a procedure: copies of its steps, with their guards moved. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"

/* Whether a list of ids names this step, or a group ("code" means "code/checkout", too). */
static bool id_listed(const json_t *list, const char *id)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		size_t len = word ? strlen(word) : 0;
		if (len && strncmp(id, word, len) == 0 && (id[len] == '\0' || id[len] == '/'))
			return true;
	}
	return false;
}

static void check_listed(struct checker *checker, const struct node *step, const char *key,
			 const struct procedure *inner)
{
	struct node list = node_member(step, key);
	for (size_t i = 0; i < json_array_size(list.value); i++) {
		struct node element = node_element(&list, i);
		const char *word = json_string_value(element.value);
		bool found = false;
		const char **words = xcalloc(inner->nsteps + 1, sizeof(*words));
		for (size_t k = 0; k < inner->nsteps; k++) {
			json_t *one = json_pack("[o]", json_string(word ? word : ""));
			found = found || id_listed(one, inner->steps[k].id);
			json_decref(one);
			words[k] = inner->steps[k].id;
		}
		if (word && !found) {
			char *suggestion = suggest(word, words, inner->nsteps);
			say(checker, &element, suggestion, "procedure \"%s\" has no step \"%s\"",
			    inner->name, word);
			free(suggestion);
		}
		free(words);
	}
}

static bool is_chosen(const json_t *only, const json_t *except, const char *id)
{
	if (except)
		return !id_listed(except, id);
	return !only || id_listed(only, id);
}

static void step_copy(struct step *to, const struct step *from, const struct procedure *inner,
		      const struct step_place *place, const int *moved)
{
	*to = *from;
	to->id = xasprintf("%s%s", place->prefix, from->id);
	to->origin =
	    from->origin ? xstrdup(from->origin) : xasprintf("%s/%s", inner->name, from->id);
	if (from->guard >= 0) {
		to->guard = moved[from->guard];
	} else {
		to->guard = place->guard;
		to->guard_answer = place->answer;
	}
	if (from->options) {
		to->options = xcalloc(from->noptions + 1, sizeof(*to->options));
		memcpy(to->options, from->options, from->noptions * sizeof(*to->options));
	}
	if (from->verify) {
		to->verify = xcalloc(from->nverify + 1, sizeof(struct probe *));
		memcpy(to->verify, from->verify, from->nverify * sizeof(struct probe *));
	}
}

/* The condition of the whole group and the step's own. */
static struct probe *both_hold(struct checker *checker, struct probe *group, struct probe *own,
			       const char *id)
{
	if (!group || !own)
		return group ? group : own;
	struct probe *both = probe_new(checker, xasprintf("%s.when.%s", group->id, id));
	both->kind = PROBE_ALL;
	both->parts = xcalloc(2, sizeof(struct probe *));
	both->parts[both->nparts++] = group;
	both->parts[both->nparts++] = own;
	return both;
}

/* An alternative is named by the id it has in the inner procedure; the copies have longer ones. */
static void move_alternatives(const struct procedure *inner, const int *moved,
			      struct step_list *steps)
{
	for (size_t i = 0; i < inner->nsteps; i++) {
		const char *name = inner->steps[i].alternative;
		if (moved[i] < 0 || !name)
			continue;
		steps->list[moved[i]].alternative = NULL;
		for (size_t k = 0; k < inner->nsteps; k++)
			if (moved[k] >= 0 && strcmp(inner->steps[k].id, name) == 0)
				steps->list[moved[i]].alternative = steps->list[moved[k]].id;
	}
}

void inline_steps(struct checker *checker, const struct node *node, const struct procedure *inner,
		  const struct step_place *place, struct step_list *steps)
{
	struct node only = node_member(node, "only"), except = node_member(node, "except");
	int *moved = xcalloc(inner->nsteps + 1, sizeof(*moved));

	if (only.value && except.value)
		say_key(checker, &except, NULL, "\"only\" and \"except\" exclude each other");
	check_listed(checker, node, "only", inner);
	check_listed(checker, node, "except", inner);
	struct probe *when = build_probe_member(checker, node, "when");
	size_t before = steps->n;
	for (size_t i = 0; i < inner->nsteps; i++) {
		const struct step *from = &inner->steps[i];
		moved[i] = -1;
		if (!is_chosen(only.value, except.value, from->id))
			continue;
		if (from->guard >= 0 && moved[from->guard] < 0) {
			if (only.value)
				say(checker, &only, NULL,
				    "step \"%s\" applies only after the answer to \"%s\", which is "
				    "left out",
				    from->id, inner->steps[from->guard].id);
			continue;
		}
		steps->list = xgrow(steps->list, &steps->cap, steps->n + 1, sizeof(*steps->list));
		moved[i] = (int)steps->n;
		struct step *to = &steps->list[steps->n++];
		step_copy(to, from, inner, place, moved);
		to->when = both_hold(checker, when, from->when, to->id);
	}
	if (steps->n == before && inner->nsteps > 0)
		say(checker, node, NULL, "no step of procedure \"%s\" is left", inner->name);
	move_alternatives(inner, moved, steps);
	free(moved);
}
