#include "core/evaluate.h"

#include "core/recorded.h"
#include "core/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checklists/verdict.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "sources/probe.h"

/* One leaf must not use up the time of all. */
#define LEAF_US (8 * CLOCK_US)

static struct source *env_source(void *data, const char *name)
{
	const struct evaluation *evaluation = data;

	return wiring_source(evaluation->wiring, name);
}

static const json_t *env_declared(void *data, const char *name)
{
	const struct evaluation *evaluation = data;

	return wiring_declared(evaluation->wiring, name);
}

static void env_metric(void *data, const char *name, int64_t since, struct reading *out)
{
	const struct evaluation *evaluation = data;
	struct wiring *wiring = evaluation->wiring;
	const struct metric *metric = runbook_metric(wiring->runbook, name);

	if (!metric)
		reading_unknown(out, clock_wall(wiring->clock), "there is no metric %s", name);
	else if (wiring->live && !since)
		*out = wiring->latest[metric - wiring->runbook->metrics];
	else
		wiring_read(wiring, metric, since, out);
}

static void env_recorded(void *data, const char *type, const json_t *args, struct reading *out)
{
	const struct evaluation *evaluation = data;
	struct wiring *wiring = evaluation->wiring;

	if (wiring->target)
		recorded_ask(wiring->runbook, wiring->target->name, type, args,
			     clock_wall(wiring->clock), out);
	else
		reading_unknown(out, clock_wall(wiring->clock), "no target, no record");
}

static struct probe_env env_of(const struct evaluation *evaluation, bool lasts)
{
	int64_t most = clock_mono(evaluation->wiring->clock) + LEAF_US;

	return (struct probe_env){
		.clock = evaluation->wiring->clock,
		.since = evaluation->since,
		.shown_since = evaluation->shown_since,
		.before = evaluation->before,
		.deadline = evaluation->deadline < most || (lasts && !evaluation->round)
				? evaluation->deadline
				: most,
		.source = env_source,
		.declared = env_declared,
		.metric = env_metric,
		.recorded = env_recorded,
		.data = (void *)evaluation,
	};
}

static void leaf_ask(const struct evaluation *evaluation, const struct probe_type *type,
		     const json_t *args, struct reading *out)
{
	struct wiring *wiring = evaluation->wiring;
	struct probe_env env = env_of(evaluation, type->lasts);

	do {
		*out = (struct reading){ 0 };
		type->eval(&env, args, out);
	} while (!type->blocks && out->verdict == VERDICT_UNKNOWN &&
		 wiring_warming(wiring, evaluation->deadline));
	if (!out->at)
		out->at = clock_wall(wiring->clock);
	secrets_redact(wiring->redactor, out);
}

bool evaluate_blocks(const struct probe *probe)
{
	const struct probe_type *type =
	    probe->kind == PROBE_TYPED ? probe_type(probe->ask.type->name) : NULL;

	for (size_t i = 0; i < probe->nparts; i++) {
		if (evaluate_blocks(probe->parts[i]))
			return true;
	}
	return type && type->blocks;
}

void evaluate_watch(const struct evaluation *evaluation, const struct probe *probe)
{
	const struct probe_type *type =
	    probe->kind == PROBE_TYPED ? probe_type(probe->ask.type->name) : NULL;
	struct probe_env env = env_of(evaluation, false);
	json_t *args;

	for (size_t i = 0; i < probe->nparts; i++)
		evaluate_watch(evaluation, probe->parts[i]);
	if (!type || !type->watch)
		return;
	args = wiring_fill(evaluation->wiring, probe->ask.args, NULL);
	if (args)
		type->watch(&env, args);
	json_decref(args);
}

static void leaf(const struct evaluation *evaluation, const struct typed *ask, struct reading *out)
{
	const struct clock *clock = evaluation->wiring->clock;
	const struct probe_type *type = probe_type(ask->type->name);
	struct err err = ERR_INIT;
	json_t *args;

	if (!type) {
		reading_unknown(out, clock_wall(clock), "nothing can ask \"%s\"", ask->type->name);
		return;
	}
	if (clock_mono(clock) >= evaluation->deadline) {
		reading_unknown(out, clock_wall(clock), "there was no time left to look");
		return;
	}
	args = wiring_fill(evaluation->wiring, ask->args, &err);
	if (!args) {
		reading_unknown(out, clock_wall(clock), "%s", err.msg);
		return;
	}
	leaf_ask(evaluation, type, args, out);
	json_decref(args);
}

/* The evidence of a whole is that of the parts which decided it. */
static void join_evidence(const struct probe *probe, const struct reading *parts,
			  enum verdict verdict, char *out, size_t size)
{
	size_t n = 0, passed = 0;

	out[0] = '\0';
	for (size_t i = 0; i < probe->nparts; i++)
		passed += parts[i].verdict == VERDICT_PASS;
	if (probe->kind == PROBE_AT_LEAST)
		n += (size_t)snprintf(out, size, "%zu of %zu hold (%zu needed): ", passed,
				      probe->nparts, probe->count);
	for (size_t i = 0, m = 0; i < probe->nparts && n < size; i++) {
		if (parts[i].verdict != verdict)
			continue;
		n +=
		    (size_t)snprintf(out + n, size - n, "%s%s", m++ ? "; " : "", parts[i].evidence);
	}
}

static void whole(const struct evaluation *evaluation, const struct probe *probe,
		  struct reading *out)
{
	struct reading *parts = xcalloc(probe->nparts + 1, sizeof(*parts));
	enum verdict *verdicts = xcalloc(probe->nparts + 1, sizeof(*verdicts));
	char evidence[4 * READING_TEXT];
	enum verdict verdict = VERDICT_UNKNOWN;
	int64_t at = clock_wall(evaluation->wiring->clock);

	for (size_t i = 0; i < probe->nparts; i++) {
		evaluate(evaluation, probe->parts[i], &parts[i]);
		verdicts[i] = parts[i].verdict;
		at = parts[i].at < at ? parts[i].at : at;
	}
	if (probe->kind == PROBE_ALL)
		verdict = verdict_all(verdicts, probe->nparts);
	else if (probe->kind == PROBE_ANY)
		verdict = verdict_any(verdicts, probe->nparts);
	else
		verdict = verdict_at_least(verdicts, probe->nparts, probe->count);
	join_evidence(probe, parts, verdict, evidence, sizeof(evidence));
	reading_unknown(out, at, "%s", evidence);
	out->verdict = verdict;
	free(parts);
	free(verdicts);
}

static void held(const struct evaluation *evaluation, const struct probe *probe,
		 struct reading *out)
{
	const struct slot *slot;
	char sofar[32], needed[32];
	int64_t span;

	evaluate(evaluation, probe->parts[0], out);
	slot = slots_find(evaluation->slots, probe->parts[0]);
	if (out->verdict != VERDICT_PASS || !slot)
		return;
	span = out->at - slot->sensed.since;
	duration_text(span, sofar, sizeof(sofar));
	duration_text(probe->for_us, needed, sizeof(needed));
	if (span >= probe->for_us)
		reading_pass(out, out->at, "for %s: %s", sofar, slot->sensed.reading.evidence);
	else if (slot->was == VERDICT_FAIL)
		reading_fail(out, out->at, "only for %s of %s: %s", sofar, needed,
			     slot->sensed.reading.evidence);
	else
		reading_unknown(out, out->at, "seen for %s of %s so far: %s", sofar, needed,
				slot->sensed.reading.evidence);
}

static void negate(const struct evaluation *evaluation, const struct probe *probe,
		   struct reading *out)
{
	evaluate(evaluation, probe->parts[0], out);
	out->verdict = verdict_not(out->verdict);
}

void evaluate(const struct evaluation *evaluation, const struct probe *probe, struct reading *out)
{
	struct slot *slot = slots_add(evaluation->slots, probe);

	if (evaluation->round && slot->round == evaluation->round) {
		*out = slot->sensed.reading;
		return;
	}
	*out = (struct reading){ 0 };
	switch (probe->kind) {
	case PROBE_TYPED:
		leaf(evaluation, &probe->ask, out);
		break;
	case PROBE_MANUAL:
		reading_unknown(out, clock_wall(evaluation->wiring->clock), "ask a person: %s",
				probe->text ? probe->text : "");
		break;
	case PROBE_ALL:
	case PROBE_ANY:
	case PROBE_AT_LEAST:
		whole(evaluation, probe, out);
		break;
	case PROBE_NOT:
		negate(evaluation, probe, out);
		break;
	case PROBE_HELD:
		held(evaluation, probe, out);
		break;
	}
	slot_record(slot, out);
	slot->round = evaluation->round;
	if (evaluation->seen)
		evaluation->seen(slot, evaluation->data);
}

static void json_whole(const struct evaluation *evaluation, const json_t *list, bool all,
		       struct reading *out)
{
	size_t n = json_array_size(list);
	enum verdict *verdicts = xcalloc(n + 1, sizeof(*verdicts));
	struct reading part = { 0 };

	for (size_t i = 0; i < n; i++) {
		evaluate_json(evaluation, json_array_get(list, i), &part);
		verdicts[i] = part.verdict;
		if (i == 0 || part.verdict != (all ? VERDICT_PASS : VERDICT_FAIL))
			*out = part;
	}
	out->verdict = all ? verdict_all(verdicts, n) : verdict_any(verdicts, n);
	free(verdicts);
}

void evaluate_json(const struct evaluation *evaluation, const json_t *probe, struct reading *out)
{
	const struct runbook *runbook = evaluation->wiring->runbook;
	const struct probe *declared;

	*out = (struct reading){ 0 };
	reading_unknown(out, clock_wall(evaluation->wiring->clock), "this can't be asked here");
	if (json_is_string(probe)) {
		declared = runbook_probe(runbook, json_string_value(probe));
		if (declared)
			evaluate(evaluation, declared, out);
		return;
	}
	if (json_object_get(probe, "all") || json_object_get(probe, "any")) {
		bool all = json_object_get(probe, "all") != NULL;

		json_whole(evaluation, json_object_get(probe, all ? "all" : "any"), all, out);
		return;
	}
	if (json_object_get(probe, "not")) {
		evaluate_json(evaluation, json_object_get(probe, "not"), out);
		out->verdict = verdict_not(out->verdict);
		return;
	}
	for (size_t i = 0; probe_types[i]; i++) {
		struct typed ask = { .type = &probe_types[i]->type, .args = probe };

		if (json_object_get(probe, ask.type->name)) {
			leaf(evaluation, &ask, out);
			return;
		}
	}
}
