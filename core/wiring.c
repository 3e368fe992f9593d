#include "core/wiring.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/secrets.h"
#include "lib/mem.h"
#include "lib/params.h"
#include "lib/timefmt.h"

#define WARM_US (2 * CLOCK_US)
#define PUMP_US (CLOCK_US / 20)

static json_t *values_of(const struct runbook *runbook, const struct target *target)
{
	json_t *values = json_object(), *secrets = secrets_values(target);

	for (size_t i = 0; i < runbook->nparams; i++) {
		const struct param *param = &runbook->params[i];

		if (param->fallback)
			json_object_set(values, param->name, (json_t *)param->fallback);
	}
	if (target && target->params)
		json_object_update(values, target->params);
	json_object_update(values, secrets);
	json_decref(secrets);
	return values;
}

static void sources_fill(struct wiring *wiring)
{
	for (size_t i = 0; i < wiring->nsources; i++) {
		struct wired *wired = &wiring->sources[i];
		struct err err = ERR_INIT;

		if (wired->args)
			continue;
		wired->args = params_fill(wired->def->what.args, wiring->values, &err);
		free(wired->problem);
		wired->problem = wired->args ? NULL : xstrdup(err.msg);
	}
}

void wiring_init(struct wiring *wiring, struct loop *loop, const struct clock *clock,
		 const struct runbook *runbook, const struct target *target,
		 const struct source_env *env)
{
	const struct source_def *defs = target ? target->sources : runbook->sources;

	*wiring = (struct wiring){ .runbook = runbook, .target = target, .clock = clock };
	wiring->loop = loop;
	wiring->live = loop != NULL;
	if (env)
		wiring->env = *env;
	wiring->env.loop = loop;
	wiring->env.clock = clock;
	wiring->values = values_of(runbook, target);
	wiring->redactor = secrets_redactor(target);
	wiring->nsources = target ? target->nsources : runbook->nsources;
	wiring->sources = xcalloc(wiring->nsources + 1, sizeof(*wiring->sources));
	for (size_t i = 0; i < wiring->nsources; i++)
		wiring->sources[i].def = &defs[i];
	wiring->latest = xcalloc(runbook->nmetrics + 1, sizeof(*wiring->latest));
	for (size_t i = 0; i < runbook->nmetrics; i++)
		reading_unknown(&wiring->latest[i], 0, "not measured yet");
	sources_fill(wiring);
}

void wiring_release(struct wiring *wiring)
{
	for (size_t i = 0; i < wiring->nsources; i++) {
		source_close(wiring->sources[i].source);
		json_decref(wiring->sources[i].args);
		free(wiring->sources[i].problem);
	}
	free(wiring->sources);
	free(wiring->latest);
	json_decref(wiring->values);
	redactor_free(wiring->redactor);
	if (!wiring->live && wiring->loop)
		loop_free(wiring->loop);
	*wiring = (struct wiring){ 0 };
}

void wiring_params(struct wiring *wiring, const json_t *params)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)params, name, value) {
		if (json_is_null(value) || !runbook_param(wiring->runbook, name))
			continue;
		json_object_set(wiring->values, name, value);
	}
	sources_fill(wiring);
}

json_t *wiring_fill(const struct wiring *wiring, const json_t *args, struct err *err)
{
	return params_fill(args, wiring->values, err);
}

static struct wired *wired_find(const struct wiring *wiring, const char *name)
{
	for (size_t i = 0; name && i < wiring->nsources; i++) {
		if (strcmp(wiring->sources[i].def->name, name) == 0)
			return &wiring->sources[i];
	}
	return NULL;
}

const json_t *wiring_declared(struct wiring *wiring, const char *source)
{
	const struct wired *wired = wired_find(wiring, source);

	return wired ? wired->args : NULL;
}

/* The source learns what metrics will ask of it, before anything comes that they would count. */
static void metrics_told(const struct wiring *wiring, struct wired *wired)
{
	const struct source_type *type = wired->source->type;

	for (size_t i = 0; type->watch && i < wiring->runbook->nmetrics; i++) {
		const struct metric *metric = &wiring->runbook->metrics[i];
		bool its = metric->source && strcmp(metric->source, wired->def->name) == 0;
		json_t *args = its ? wiring_fill(wiring, metric->read.args, NULL) : NULL;

		if (args)
			type->watch(wired->source, args);
		json_decref(args);
	}
}

static void wired_open(struct wiring *wiring, struct wired *wired)
{
	const struct source_type *type = source_type(wired->def->what.type->name);
	struct err err = ERR_INIT;

	if (wired->source || !wired->args || !type || !type->open)
		return;
	if (!wiring->loop) {
		wiring->loop = loop_new(wiring->clock, &err);
		wiring->env.loop = wiring->loop;
	}
	if (wiring->loop)
		wired->source = type->open(&wiring->env, wired->def->name, wired->args, &err);
	free(wired->problem);
	wired->problem = wired->source ? NULL : xstrdup(err.msg);
	if (wired->source) {
		metrics_told(wiring, wired);
		wiring->warm_until = clock_mono(wiring->clock) + WARM_US;
		if (!wiring->live && type->sample)
			type->sample(wired->source);
	}
}

struct source *wiring_source(struct wiring *wiring, const char *source)
{
	struct wired *wired = wired_find(wiring, source);

	if (!wired)
		return NULL;
	if (!wiring->live)
		wired_open(wiring, wired);
	return wired->source;
}

void wiring_open_all(struct wiring *wiring)
{
	for (size_t i = 0; i < wiring->nsources; i++)
		wired_open(wiring, &wiring->sources[i]);
}

void wiring_sample(struct wiring *wiring)
{
	wiring->sampled = clock_mono(wiring->clock);
	for (size_t i = 0; i < wiring->nsources; i++) {
		struct source *source = wiring->sources[i].source;

		if (source && source->type->sample)
			source->type->sample(source);
	}
}

void wiring_pump(struct wiring *wiring, int64_t us)
{
	int64_t until = clock_mono(wiring->clock) + us;

	if (!wiring->loop) {
		struct err err = ERR_INIT;

		wiring->loop = loop_new(wiring->clock, &err);
		wiring->env.loop = wiring->loop;
		if (!wiring->loop)
			return;
	}
	for (;;) {
		int64_t now = clock_mono(wiring->clock);

		if (now >= until)
			return;
		if (now - wiring->sampled >= CLOCK_US)
			wiring_sample(wiring);
		if (loop_turn(wiring->loop, (int)((until - now) / 1000 + 1), NULL) != 0)
			return;
	}
}

bool wiring_warming(struct wiring *wiring, int64_t deadline)
{
	int64_t now = clock_mono(wiring->clock);

	if (wiring->live || now >= wiring->warm_until || now >= deadline)
		return false;
	wiring_pump(wiring, PUMP_US);
	return true;
}

void wiring_read(struct wiring *wiring, const struct metric *metric, int64_t since,
		 struct reading *out)
{
	const struct wired *wired = wired_find(wiring, metric->source);
	struct source *source = wiring_source(wiring, metric->source);
	struct err err = ERR_INIT;
	json_t *args;

	*out = (struct reading){ 0 };
	if (!metric->source) {
		reading_unknown(out, clock_wall(wiring->clock), "nothing remembers it");
		if (wiring->derived)
			wiring->derived(metric, out, wiring->derived_data);
		return;
	}
	if (!source || !source->type->read) {
		reading_unknown(out, clock_wall(wiring->clock), "%s: %s", metric->source,
				wired && wired->problem ? wired->problem : "can't be read");
		return;
	}
	args = wiring_fill(wiring, metric->read.args, &err);
	if (!args) {
		reading_unknown(out, clock_wall(wiring->clock), "%s", err.msg);
		return;
	}
	source->type->read(source, args, since, out);
	secrets_redact(wiring->redactor, out);
	json_decref(args);
}

int64_t wiring_duration(const struct wiring *wiring, const json_t *value, int64_t fallback)
{
	json_t *filled = value ? wiring_fill(wiring, value, NULL) : NULL;
	int64_t us = fallback;

	if (json_is_string(filled) && duration_parse(json_string_value(filled), &us) != 0)
		us = fallback;
	else if (json_is_number(filled))
		us = (int64_t)(json_number_value(filled) * (double)CLOCK_US);
	json_decref(filled);
	return us;
}

double wiring_number(const struct wiring *wiring, const json_t *value)
{
	json_t *filled = value ? wiring_fill(wiring, value, NULL) : NULL;
	double number = NAN;

	if (json_is_number(filled)) {
		number = json_number_value(filled);
	} else if (json_is_string(filled)) {
		char *end;

		number = strtod(json_string_value(filled), &end);
		if (end == json_string_value(filled) || *end)
			number = NAN;
	}
	json_decref(filled);
	return number;
}
