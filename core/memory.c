#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

/* A probe whose verdicts are remembered. */
struct remembered {
	int64_t seen_at; /* wall time of the latest reading that was taken */
	int64_t kept_at;
	enum verdict verdict; /* that was kept last */
};

struct memory {
	struct wiring *wiring;
	struct slots *slots;
	struct kept *kept; /* NULL: nothing outlives this process */
	struct derive *derive;
	int64_t *kept_at; /* owned: wall time, one for each metric */
	struct probe **probes;
	struct remembered *remembered; /* owned: one for each of them */
	size_t nprobes, cap;
};

static int64_t env_duration(void *data, const json_t *value, int64_t fallback)
{
	return wiring_duration(((const struct memory *)data)->wiring, value, fallback);
}

static double env_number(void *data, const json_t *value)
{
	return wiring_number(((const struct memory *)data)->wiring, value);
}

static const struct reading *env_latest(void *data, const struct metric *metric)
{
	const struct wiring *wiring = ((const struct memory *)data)->wiring;

	return &wiring->latest[metric - wiring->runbook->metrics];
}

static void remember(struct memory *memory, struct probe *probe)
{
	for (size_t i = 0; i < memory->nprobes; i++) {
		if (memory->probes[i] == probe)
			return;
	}
	memory->probes =
	    xgrow(memory->probes, &memory->cap, memory->nprobes + 1, sizeof(struct probe *));
	memory->probes[memory->nprobes++] = probe;
}

static void remember_held(struct memory *memory, struct probe *const *probes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (probes[i]->kind == PROBE_HELD && probes[i]->nparts)
			remember(memory, probes[i]->parts[0]);
	}
}

struct memory *memory_new(struct wiring *wiring, struct slots *slots)
{
	const struct runbook *runbook = wiring->runbook;
	struct memory *memory = xcalloc(1, sizeof(*memory));
	struct derive_env env = {
		.runbook = runbook,
		.clock = wiring->clock,
		.duration = env_duration,
		.number = env_number,
		.latest = env_latest,
		.data = memory,
	};

	memory->wiring = wiring;
	memory->slots = slots;
	memory->derive = derive_new(&env);
	memory->kept_at = xcalloc(runbook->nmetrics + 1, sizeof(*memory->kept_at));
	for (size_t i = 0; i < runbook->nmetrics; i++) {
		if (runbook->metrics[i].probe)
			remember(memory, runbook->metrics[i].probe);
	}
	remember_held(memory, runbook->probes, runbook->nprobes);
	remember_held(memory, runbook->inline_probes, runbook->ninline_probes);
	memory->remembered = xcalloc(memory->nprobes + 1, sizeof(*memory->remembered));
	return memory;
}

void memory_free(struct memory *memory)
{
	if (!memory)
		return;
	derive_free(memory->derive);
	free(memory->kept_at);
	free(memory->probes);
	free(memory->remembered);
	free(memory);
}

struct probe *const *memory_remembers(const struct memory *memory, size_t *n)
{
	*n = memory->nprobes;
	return memory->probes;
}

/* ---- What was kept before ---- */

struct recalling {
	struct memory *memory;
	memory_series_fn *series;
	void *data;
};

static struct probe *probe_named(const struct memory *memory, const char *id)
{
	for (size_t i = 0; i < memory->nprobes; i++) {
		if (strcmp(memory->probes[i]->id, id) == 0)
			return memory->probes[i];
	}
	return NULL;
}

/* Windows may be long: only what they are made of is read for them. */
static bool is_for_windows(const char *name, bool probe, void *data)
{
	const struct memory *memory = ((const struct recalling *)data)->memory;

	return probe ? probe_named(memory, name) != NULL : derive_uses(memory->derive, name);
}

static bool is_for_series(const char *name, bool probe, void *data)
{
	const struct memory *memory = ((const struct recalling *)data)->memory;

	return !probe && runbook_metric(memory->wiring->runbook, name) != NULL;
}

/* A reading of the past tells how long a verdict has held, not what holds now. */
static void verdict_recall(struct memory *memory, const struct kept_sample *sample)
{
	const struct probe *probe = probe_named(memory, sample->name);
	struct slot *slot = slots_add(memory->slots, probe);
	struct reading reading = { .at = sample->at,
				   .verdict = isnan(sample->value) ? VERDICT_UNKNOWN
					      : sample->value > 0  ? VERDICT_PASS
								   : VERDICT_FAIL };

	derive_probe(memory->derive, probe, sample->at, reading.verdict);
	if (slot->sensed.reading.at && !slot->recalled)
		return;
	slot_record(slot, &reading);
	slot->recalled = true;
}

static void window_recall(const struct kept_sample *sample, void *data)
{
	struct memory *memory = ((const struct recalling *)data)->memory;

	if (sample->probe)
		verdict_recall(memory, sample);
	else
		derive_metric(memory->derive, runbook_metric(memory->wiring->runbook, sample->name),
			      sample->at, sample->value);
}

static void series_recall(const struct kept_sample *sample, void *data)
{
	const struct recalling *recalling = data;

	recalling->series(runbook_metric(recalling->memory->wiring->runbook, sample->name),
			  sample->at, sample->value, recalling->data);
}

void memory_baselines(struct memory *memory)
{
	json_t *baselines = memory->kept ? kept_baselines(memory->kept) : json_object();

	derive_baselines(memory->derive, baselines);
	json_decref(baselines);
}

/* Whoever asks whether something has held for a time must see when that time began. */
static int64_t held_from(struct probe *const *probes, size_t n, int64_t now, int64_t from)
{
	for (size_t i = 0; i < n; i++) {
		if (probes[i]->kind == PROBE_HELD && now - 2 * probes[i]->for_us < from)
			from = now - 2 * probes[i]->for_us;
	}
	return from;
}

void memory_keep(struct memory *memory, struct kept *kept, bool write, int64_t series_from,
		 memory_series_fn *series, void *data)
{
	struct recalling recalling = { .memory = memory, .series = series, .data = data };
	int64_t now = clock_wall(memory->wiring->clock), from = now - derive_reach(memory->derive);
	const struct runbook *runbook = memory->wiring->runbook;

	memory->kept = kept;
	from = held_from(runbook->probes, runbook->nprobes, now, from);
	from = held_from(runbook->inline_probes, runbook->ninline_probes, now, from);
	kept_read(kept, from, is_for_windows, window_recall, &recalling);
	if (series)
		kept_read(kept, series_from, is_for_series, series_recall, &recalling);
	memory_baselines(memory);
	if (!write)
		memory->kept = NULL;
}

/* ---- What is sensed now ---- */

void memory_metric(struct memory *memory, const struct metric *metric, int64_t at, double value,
		   bool news)
{
	int64_t *kept_at = &memory->kept_at[metric - memory->wiring->runbook->metrics];

	if (isnan(value))
		return;
	derive_metric(memory->derive, metric, at, value);
	if (!memory->kept || (!news && at >= *kept_at && at - *kept_at < MEMORY_EVERY_US))
		return;
	*kept_at = at;
	kept_metric(memory->kept, metric->name, at, value, NULL);
}

void memory_probes(struct memory *memory)
{
	for (size_t i = 0; i < memory->nprobes; i++) {
		const struct slot *slot = slots_find(memory->slots, memory->probes[i]);
		struct remembered *remembered = &memory->remembered[i];
		const struct reading *reading = slot ? &slot->sensed.reading : NULL;

		if (!reading || !reading->at || slot->recalled ||
		    reading->at == remembered->seen_at)
			continue;
		remembered->seen_at = reading->at;
		derive_probe(memory->derive, memory->probes[i], reading->at, reading->verdict);
		if (!memory->kept || (reading->verdict == remembered->verdict &&
				      reading->at >= remembered->kept_at &&
				      reading->at - remembered->kept_at < MEMORY_EVERY_US))
			continue;
		remembered->kept_at = reading->at;
		remembered->verdict = reading->verdict;
		kept_probe(memory->kept, memory->probes[i]->id, reading->at, reading->verdict,
			   NULL);
	}
}

void memory_read(const struct memory *memory, const struct metric *metric, struct reading *out)
{
	derive_read(memory->derive, metric, out);
}
