#include "core/sense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checklists/verdict.h"
#include "core/alerts.h"
#include "core/asker.h"
#include "core/evaluate.h"
#include "core/memory.h"
#include "core/rounds.h"
#include "core/series.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define FIRST_LOOK_US (CLOCK_US / 5)
#define SAMPLE_US     CLOCK_US
#define ROUND_US      (2 * CLOCK_US)
#define CALM_ROUNDS   5
#define OVERSTAY_US   (10 * CLOCK_US)
#define POLL_US	      (CLOCK_US / 4)
#define COOLDOWN_US   (300 * CLOCK_US)
#define NO_DATA_US    (60 * CLOCK_US)
#define SERIES_US     (2 * 3600 * CLOCK_US) /* charts begin with so much of what was kept */

/* One metric's state. */
struct measured {
	struct alert_rule rule;
	struct alert_track track;
	struct alert alert;
	struct series series;
	int64_t every_us, next; /* wall time of the next reading */
	int64_t valued_at;	/* wall time of the latest value; 0: none yet */
	int64_t apart_us;	/* between the latest two: sources have a pace of their own */
};

struct sense {
	const struct clock *clock;
	const struct runbook *runbook;
	struct sense_observer observer;
	struct wiring wiring;
	struct slots slots;
	struct measured *metrics;	    /* owned: one for each */
	struct condition_state *conditions; /* owned: one for each */
	struct probe **watched;		    /* owned array */
	size_t nwatched;
	struct memory *memory;
	struct kept *kept; /* borrowed, or NULL */
	struct rounds *rounds;
	struct asker *asker; /* for metrics whose reading blocks */
	struct watch *timer;
	int64_t trouble;
	bool attended;	  /* somebody waits for what probes say */
	int64_t deployed; /* 0: no deployment is known */
};

static const struct sensed never_sensed = { .reading = { .evidence = "not looked at yet" } };

static void sense_say(const struct sense *sense, enum sense_change what, const void *subject)
{
	if (sense->observer.changed)
		sense->observer.changed(what, subject, sense->observer.data);
}

static void source_changed(void *data)
{
	sense_say(data, SENSE_SOURCE, NULL);
}

/* ---- Metrics ---- */

static double whole_of(const struct sense *sense, const json_t *value)
{
	double number = wiring_number(&sense->wiring, value);

	return number > 1 && number < 1e6 ? number : 1;
}

static void rules_fill(struct sense *sense)
{
	for (size_t i = 0; i < sense->runbook->nmetrics; i++) {
		const struct metric *metric = &sense->runbook->metrics[i];
		struct measured *m = &sense->metrics[i];

		for (int level = LEVEL_OK; level <= LEVEL_CRITICAL; level++) {
			m->rule.limits[level] = wiring_number(&sense->wiring, metric->limit[level]);
			m->rule.recoveries[level] =
			    wiring_number(&sense->wiring, metric->recovery[level]);
			m->alert.limits[level] = m->rule.limits[level];
			m->alert.recoveries[level] = m->rule.recoveries[level];
		}
		m->rule.below = metric->below;
		m->rule.for_us = wiring_duration(&sense->wiring, metric->for_, 0);
		m->rule.clear_us = wiring_duration(&sense->wiring, metric->clear, 0);
		m->rule.cooldown_us =
		    wiring_duration(&sense->wiring, metric->cooldown, COOLDOWN_US);
		m->every_us = wiring_duration(&sense->wiring, metric->every,
					      asker_takes(metric) ? ASKER_EVERY_US : SAMPLE_US);
		m->rule.samples = (int)whole_of(sense, metric->samples);
		m->rule.no_data_us = wiring_duration(&sense->wiring, metric->no_data, NO_DATA_US);
		if (m->rule.no_data_us < 3 * m->every_us)
			m->rule.no_data_us = 3 * m->every_us;
		m->alert.metric = metric;
	}
}

/* What is kept comes every ten seconds, whatever the pace of the metric. */
static int64_t slowest(const struct measured *m)
{
	return m->every_us > MEMORY_EVERY_US ? m->every_us : MEMORY_EVERY_US;
}

static void metric_take(size_t i, const struct reading *reading, void *data)
{
	struct sense *sense = data;
	struct measured *m = &sense->metrics[i];
	int64_t now = clock_wall(sense->clock);
	bool known = reading->verdict == VERDICT_PASS && reading->has_value;
	int news;

	sense->wiring.latest[i] = *reading;
	if (known && reading->at > m->valued_at) {
		m->apart_us = m->valued_at ? reading->at - m->valued_at : 0;
		m->valued_at = reading->at;
	}
	series_gap(&m->series, now, 3 * (m->apart_us ? m->every_us : slowest(m)));
	series_add(&m->series, now, known ? reading->value : NAN);
	if (known)
		m->alert.value = reading->value;
	news = alert_judge(&m->rule, &m->track, known, reading->value, now);
	memory_metric(sense->memory, &sense->runbook->metrics[i], now, known ? reading->value : NAN,
		      news & ALERT_LEVEL);
	m->alert.level = m->track.level;
	m->alert.told = m->track.told;
	m->alert.since = m->track.since;
	m->alert.threshold = m->rule.limits[m->alert.level];
	m->alert.no_data = m->track.no_data;
	m->alert.no_data_since = m->track.no_data_since;
	if (news)
		sense_say(sense, SENSE_ALERT, &m->alert);
}

static void metric_look(struct sense *sense, size_t i)
{
	const struct metric *metric = &sense->runbook->metrics[i];
	struct reading reading;

	if (asker_takes(metric)) {
		asker_want(sense->asker, i);
		return;
	}
	wiring_read(&sense->wiring, metric, 0, &reading);
	metric_take(i, &reading, sense);
}

static void sense_tick(struct watch *watch, uint32_t what, void *data)
{
	struct sense *sense = data;
	int64_t now = clock_wall(sense->clock);

	(void)what;
	/* With the second, so that what is measured is drawn together with the clock. */
	watch_arm(watch, clock_to_second(sense->clock, SAMPLE_US), SAMPLE_US);
	for (size_t i = 0; i < sense->runbook->nmetrics; i++) {
		struct measured *m = &sense->metrics[i];

		/* Half a tick early is on time, or else every second reading is missed. */
		if (now < m->next - SAMPLE_US / 2 && m->next - now <= m->every_us)
			continue;
		m->next = now + m->every_us;
		metric_look(sense, i);
	}
	asker_go(sense->asker);
	memory_probes(sense->memory);
	wiring_sample(&sense->wiring);
	sense_say(sense, SENSE_READINGS, NULL);
}

/* ---- Conditions ---- */

static enum verdict latest_verdict(const struct sense *sense, const struct probe *probe)
{
	return sense_probe(sense, probe)->reading.verdict;
}

static void condition_look(struct sense *sense, size_t i, int64_t now)
{
	const struct condition *condition = &sense->runbook->conditions[i];
	enum verdict *symptoms = xcalloc(condition->nsymptoms + 1, sizeof(*symptoms));
	enum verdict was = sense->conditions[i].verdict;
	struct condition_facts facts = {
		.needs = VERDICT_PASS,
		.symptoms = symptoms,
		.for_us = wiring_duration(&sense->wiring, condition->for_, 0),
		.within_us = wiring_duration(&sense->wiring, condition->within, 0),
		.deployed = sense->deployed,
		.now = now,
	};

	if (condition->needs)
		facts.needs = latest_verdict(sense, condition->needs);
	for (size_t s = 0; s < condition->nsymptoms; s++)
		symptoms[s] = latest_verdict(sense, condition->symptoms[s]);
	condition_judge(condition, &sense->conditions[i], &facts);
	free(symptoms);
	if (sense->conditions[i].verdict != was)
		sense_say(sense, SENSE_CONDITION, condition);
}

static void round_over(void *data)
{
	struct sense *sense = data;
	int64_t now = clock_wall(sense->clock);

	for (size_t i = 0; i < sense->runbook->nconditions; i++)
		condition_look(sense, i, now);
	sense_say(sense, SENSE_READINGS, NULL);
}

/* Copies of the process, and what they ask of the system, are the dearest part of watching. */
static unsigned round_stride(void *data)
{
	const struct sense *sense = data;
	bool calm = !sense->attended;

	for (size_t i = 0; calm && i < sense->runbook->nmetrics; i++)
		calm = sense->metrics[i].alert.level == LEVEL_OK;
	for (size_t i = 0; calm && i < sense->runbook->nconditions; i++)
		calm = sense->conditions[i].since == 0;
	return calm ? CALM_ROUNDS : 1;
}

static struct probe **round_probes(size_t *n, void *data)
{
	struct sense *sense = data;
	size_t cap = 0;
	struct probe **list = NULL;
	size_t nremembered;
	struct probe *const *remembered = memory_remembers(sense->memory, &nremembered);

	*n = 0;
	for (size_t i = 0; i < nremembered; i++) {
		list = xgrow(list, &cap, *n + 1, sizeof(struct probe *));
		list[(*n)++] = remembered[i];
	}
	for (size_t i = 0; i < sense->runbook->nconditions; i++) {
		const struct condition *condition = &sense->runbook->conditions[i];

		list = xgrow(list, &cap, *n + condition->nsymptoms + 1, sizeof(struct probe *));
		if (condition->needs)
			list[(*n)++] = condition->needs;
		for (size_t s = 0; s < condition->nsymptoms; s++)
			list[(*n)++] = condition->symptoms[s];
	}
	for (size_t i = 0; i < sense->runbook->npanels; i++) {
		const struct panel *panel = &sense->runbook->panels[i];

		list = xgrow(list, &cap, *n + panel->nprobes + 1, sizeof(struct probe *));
		for (size_t p = 0; p < panel->nprobes; p++)
			list[(*n)++] = panel->probes[p];
	}
	for (size_t i = 0; i < sense->nwatched; i++) {
		list = xgrow(list, &cap, *n + 1, sizeof(struct probe *));
		list[(*n)++] = sense->watched[i];
	}
	return list;
}

/* ---- What is remembered ---- */

/* Without a loop nobody feeds the memory: what it is made of is looked at now. */
static void base_look(struct sense *sense, const struct metric *metric)
{
	struct reading reading;

	wiring_read(&sense->wiring, metric, 0, &reading);
	sense->wiring.latest[metric - sense->runbook->metrics] = reading;
	memory_metric(sense->memory, metric, clock_wall(sense->clock),
		      reading.verdict == VERDICT_PASS && reading.has_value ? reading.value : NAN,
		      false);
}

static void derived_read(const struct metric *metric, struct reading *out, void *data)
{
	struct sense *sense = data;
	struct reading reading;

	if (!sense->wiring.live && metric->of)
		base_look(sense, metric->of);
	if (!sense->wiring.live && metric->to)
		base_look(sense, metric->to);
	if (!sense->wiring.live && metric->probe) {
		sense_eval(sense, metric->probe, 0, OVERSTAY_US, &reading);
		memory_probes(sense->memory);
	}
	memory_read(sense->memory, metric, out);
}

static void series_recall(const struct metric *metric, int64_t at, double value, void *data)
{
	struct sense *sense = data;
	struct measured *m = &sense->metrics[metric - sense->runbook->metrics];

	series_gap(&m->series, at, 3 * slowest(m));
	series_add(&m->series, at, value);
}

void sense_keep(struct sense *sense, struct kept *kept)
{
	json_t *mutes = kept_mutes(kept);
	int64_t until;

	sense->kept = kept;
	memory_keep(sense->memory, kept, sense->wiring.live, clock_wall(sense->clock) - SERIES_US,
		    series_recall, sense);
	for (size_t i = 0; i < sense->runbook->nmetrics; i++) {
		const struct metric *metric = &sense->runbook->metrics[i];
		const json_t *mute = json_object_get(mutes, metric->name);

		if (time_parse_rfc3339(json_str(mute, "until", ""), &until) == 0)
			sense_mute(sense, metric, until);
	}
	json_decref(mutes);
}

void sense_baselines(struct sense *sense)
{
	memory_baselines(sense->memory);
}

struct kept *sense_kept(const struct sense *sense)
{
	return sense->kept;
}

/* ---- Life ---- */

struct sense *sense_new(struct loop *loop, const struct clock *clock, const struct runbook *runbook,
			const struct target *target, const json_t *params,
			const struct sense_observer *observer, struct err *err)
{
	struct sense *sense = xcalloc(1, sizeof(*sense));
	struct source_env env = { .changed = source_changed, .data = sense };

	(void)err;
	sense->clock = clock;
	sense->runbook = runbook;
	if (observer)
		sense->observer = *observer;
	wiring_init(&sense->wiring, loop, clock, runbook, target, loop ? &env : NULL);
	sense->wiring.derived = derived_read;
	sense->wiring.derived_data = sense;
	sense->memory = memory_new(&sense->wiring, &sense->slots);
	sense->metrics = xcalloc(runbook->nmetrics + 1, sizeof(*sense->metrics));
	sense->conditions = xcalloc(runbook->nconditions + 1, sizeof(*sense->conditions));
	sense_params(sense, params);
	if (loop) {
		struct rounds_spec spec = {
			.loop = loop,
			.wiring = &sense->wiring,
			.slots = &sense->slots,
			.before = &sense->trouble,
			.every_us = ROUND_US,
			.stride = round_stride,
			.overstay_us = OVERSTAY_US,
			.probes = round_probes,
			.over = round_over,
			.data = sense,
		};

		sense->asker = asker_new(loop, &sense->wiring, metric_take, sense);
		wiring_open_all(&sense->wiring);
		wiring_sample(&sense->wiring);
		sense->timer = loop_timer(loop, FIRST_LOOK_US, SAMPLE_US, sense_tick, sense);
		sense->rounds = rounds_new(&spec);
	}
	return sense;
}

void sense_free(struct sense *sense)
{
	if (!sense)
		return;
	rounds_free(sense->rounds);
	asker_free(sense->asker);
	watch_free(sense->timer);
	for (size_t i = 0; i < sense->runbook->nmetrics; i++)
		series_release(&sense->metrics[i].series);
	free(sense->metrics);
	free(sense->conditions);
	free(sense->watched);
	memory_free(sense->memory);
	slots_release(&sense->slots);
	wiring_release(&sense->wiring);
	free(sense);
}

void sense_params(struct sense *sense, const json_t *params)
{
	wiring_params(&sense->wiring, params);
	rules_fill(sense);
}

json_t *sense_fill(const struct sense *sense, const json_t *args, struct err *err)
{
	return wiring_fill(&sense->wiring, args, err);
}

const struct runbook *sense_runbook(const struct sense *sense)
{
	return sense->runbook;
}

const json_t *sense_values(const struct sense *sense)
{
	return sense->wiring.values;
}

const json_t *sense_declared(struct sense *sense, const char *source)
{
	return wiring_declared(&sense->wiring, source);
}

int64_t sense_duration(const struct sense *sense, const json_t *value, int64_t fallback)
{
	return wiring_duration(&sense->wiring, value, fallback);
}

void sense_trouble(struct sense *sense, int64_t at)
{
	sense->trouble = at;
}

/* ---- Live mode ---- */

void sense_watch(struct sense *sense, struct probe *const *probes, size_t n)
{
	free(sense->watched);
	sense->watched = xcalloc(n + 1, sizeof(struct probe *));
	if (n)
		memcpy(sense->watched, probes, n * sizeof(struct probe *));
	sense->nwatched = n;
}

void sense_attend(struct sense *sense, bool attended)
{
	sense->attended = attended;
}

void sense_now(struct sense *sense)
{
	if (sense->rounds)
		rounds_now(sense->rounds);
}

const struct sensed *sense_probe(const struct sense *sense, const struct probe *probe)
{
	const struct slot *slot = slots_find(&sense->slots, probe);

	return slot && slot->sensed.reading.at && !slot->recalled ? &slot->sensed : &never_sensed;
}

static size_t metric_index(const struct sense *sense, const struct metric *metric)
{
	return (size_t)(metric - sense->runbook->metrics);
}

const struct reading *sense_metric(const struct sense *sense, const struct metric *metric)
{
	return &sense->wiring.latest[metric_index(sense, metric)];
}

const struct alert *sense_alert(const struct sense *sense, const struct metric *metric)
{
	return &sense->metrics[metric_index(sense, metric)].alert;
}

int64_t sense_interval(const struct sense *sense, const struct metric *metric)
{
	const struct measured *m = &sense->metrics[metric_index(sense, metric)];

	if (!m->apart_us)
		return slowest(m);
	return m->apart_us > m->every_us ? m->apart_us : m->every_us;
}

void sense_mute(struct sense *sense, const struct metric *metric, int64_t until)
{
	sense->metrics[metric_index(sense, metric)].alert.muted_until = until;
}

bool sense_is_muted(const struct sense *sense, const struct alert *alert)
{
	return clock_wall(sense->clock) < alert->muted_until;
}

void sense_recall(struct sense *sense, const struct metric *metric, enum level level, int64_t since)
{
	struct measured *m = &sense->metrics[metric_index(sense, metric)];

	m->track.level = m->track.told = level;
	m->track.since = m->track.told_at[level] = since;
	m->alert.level = m->alert.told = level;
	m->alert.since = since;
	m->alert.threshold = m->rule.limits[level];
}

void sense_deployed(struct sense *sense, int64_t at)
{
	sense->deployed = at;
}

void sense_recall_condition(struct sense *sense, const struct condition *condition, int64_t since)
{
	sense->conditions[condition - sense->runbook->conditions].since = since;
}

const struct condition_state *sense_conditions(const struct sense *sense)
{
	return sense->conditions;
}

const struct chart_point *sense_series(const struct sense *sense, const struct metric *metric,
				       int64_t from, size_t *n)
{
	return series_since(&sense->metrics[metric_index(sense, metric)].series, from, n);
}

struct source *sense_source(const struct sense *sense, const char *name)
{
	return wiring_source((struct wiring *)&sense->wiring, name);
}

/* ---- Blocking mode ---- */

static struct evaluation evaluation_of(struct sense *sense, struct sense_window window,
				       int64_t timeout_us)
{
	return (struct evaluation){
		.wiring = &sense->wiring,
		.slots = &sense->slots,
		.since = window.since,
		.shown_since = window.shown_since,
		.before = sense->trouble,
		.deadline = clock_mono(sense->clock) + timeout_us,
	};
}

void sense_eval(struct sense *sense, const struct probe *probe, int64_t since, int64_t timeout_us,
		struct reading *out)
{
	struct evaluation evaluation =
	    evaluation_of(sense, (struct sense_window){ .since = since }, timeout_us);

	evaluate(&evaluation, probe, out);
}

int sense_await(struct sense *sense, const json_t *probe, int64_t timeout_us, struct err *err)
{
	int64_t end = clock_mono(sense->clock) + timeout_us;
	struct reading reading;

	for (;;) {
		struct evaluation evaluation =
		    evaluation_of(sense, (struct sense_window){ 0 }, OVERSTAY_US);

		evaluate_json(&evaluation, probe, &reading);
		if (reading.verdict == VERDICT_PASS)
			return 0;
		if (clock_mono(sense->clock) >= end)
			return err_set(err, "it did not come true in time: %s", reading.evidence);
		wiring_pump(&sense->wiring, POLL_US);
	}
}

enum verdict sense_verify(struct sense *sense, struct probe *const *probes, size_t n,
			  struct sense_window window, int64_t within_us, struct reading *readings)
{
	enum verdict *verdicts = xcalloc(n + 1, sizeof(*verdicts)), verdict;
	int64_t end = clock_mono(sense->clock) + within_us;

	for (;;) {
		bool last = clock_mono(sense->clock) >= end;

		for (size_t i = 0; i < n; i++) {
			struct evaluation evaluation = evaluation_of(sense, window, OVERSTAY_US);

			evaluate(&evaluation, probes[i], &readings[i]);
			verdicts[i] = readings[i].verdict;
		}
		verdict = verdict_all(verdicts, n);
		if (verdict == VERDICT_PASS || last)
			break;
		wiring_pump(&sense->wiring, POLL_US);
	}
	free(verdicts);
	return verdict;
}
