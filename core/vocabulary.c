#include "core/vocabulary.h"

#include "actions/action.h"
#include "core/derive.h"
#include "core/facts.h"
#include "sources/probe.h"
#include "sources/source.h"

#define TYPES_MAX 64

/* The registries list whole types; the checker wants their common part. Filled once from constants,
 * the same each time. */
static struct {
	const struct type *sources[TYPES_MAX + 1], *probes[TYPES_MAX + 1], *actions[TYPES_MAX + 1];
	const char *facts[TYPES_MAX + 1];
	struct vocabulary vocabulary;
} all;

static void fill(void)
{
	size_t n = 0;
	for (; source_types[n] && n < TYPES_MAX; n++)
		all.sources[n] = &source_types[n]->type;
	for (n = 0; probe_types[n] && n < TYPES_MAX; n++)
		all.probes[n] = &probe_types[n]->type;
	for (n = 0; action_types[n] && n < TYPES_MAX; n++) {
		all.actions[n] = &action_types[n]->type;
		if (action_types[n]->manual)
			all.vocabulary.manual = &action_types[n]->type;
	}
	for (n = 0; fact_defs[n].name && n < TYPES_MAX; n++)
		all.facts[n] = fact_defs[n].name;
	all.vocabulary.facts = all.facts;
	all.vocabulary.sources = all.sources;
	all.vocabulary.derived = derived_types;
	all.vocabulary.probes = all.probes;
	all.vocabulary.actions = all.actions;
}

const struct vocabulary *vocabulary_all(void)
{
	if (!all.vocabulary.sources)
		fill();
	return &all.vocabulary;
}
