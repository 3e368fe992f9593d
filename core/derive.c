#include "core/derive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define WINDOW_US   (5 * 60 * CLOCK_US)
#define GROWTH_US   (3600 * CLOCK_US)
#define UPTIME_US   (24 * 3600 * CLOCK_US)
#define DOWN_GAP_US (10 * 60 * CLOCK_US) /* a passing seen longer ago says nothing about now */
#define HOUR_S	    3600.0
#define DAY_S	    86400.0

/* ---- the tables ---- */

static const struct field of_metric[] = {
	{ "metric", FIELD_REF, true, "a declared metric", "metrics", NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct field of_metric_more[] = {
	{ "window", FIELD_DURATION, false, "how far back it looks (5m; of growth 1h)", NULL, NULL },
	{ "max_gap", FIELD_DURATION, false,
	  "unknown when nothing was measured for longer within the window", NULL, NULL },
	{ "percent", FIELD_NUMBER, false, "of \"percentile\": 95 is the 95th (95)", NULL, NULL },
	{ "to", FIELD_REF, false, "of \"ratio\" and \"share\": the metric it is divided by",
	  "metrics", NULL },
	{ "base", FIELD_NUMBER, false,
	  "of \"change\": the baseline as long as none was recorded on this machine", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def of_metric_reads[] = {
	{ "mean", "", "its mean over the window" },
	{ "min", "", "its least value in the window" },
	{ "max", "", "its greatest value in the window" },
	{ "percentile", "", "so many percent of its values in the window are not above it" },
	{ "growth_per_hour", "/h", "its slope over the window; a leak shows as one" },
	{ "growth_per_day", "/d", "its slope over the window" },
	{ "ratio", "", "its value divided by another metric's" },
	{ "share", "%", "its value as percent of another metric's" },
	{ "change", "%", "its mean over the window against the recorded baseline, else \"base\"" },
	{ NULL, NULL, NULL },
};

static const struct type type_metric = {
	.name = "metric",
	.help = "made of another metric",
	.fields = of_metric,
	.metric_fields = of_metric_more,
	.reads = of_metric_reads,
};

static const struct field of_probe[] = {
	{ "probe", FIELD_PROBE, true, "a probe", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct field of_probe_more[] = {
	{ "window", FIELD_DURATION, false, "of \"uptime\": how far back it looks (24h)", NULL,
	  NULL },
	{ "max_gap", FIELD_DURATION, false,
	  "of \"uptime\": unknown when it was not looked at for longer; of \"down_for\": a passing "
	  "longer before the first failure does not count (10m)",
	  NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def of_probe_reads[] = {
	{ "uptime", "%", "share of the looks in the window that passed; unknown ones don't count" },
	{ "down_for", "s", "time since it last passed, or first failed; 0 while it passes" },
	{ NULL, NULL, NULL },
};

static const struct type type_probe = {
	.name = "probe",
	.help = "made of a probe's verdicts",
	.fields = of_probe,
	.metric_fields = of_probe_more,
	.reads = of_probe_reads,
};

const struct type *const derived_types[] = { &type_metric, &type_probe, NULL };

/* ---- life ---- */

/* One derived metric's memory. */
struct made {
	struct lookback look;
	int64_t max_gap;
	double percent;
	double base;	 /* NAN: the runbook gives none */
	double baseline; /* recorded, else that; NAN: neither */
	/* of "down_for", wall times: */
	int64_t passed_at; /* the latest passing; 0: none was seen */
	int64_t failed_at; /* the first failure since then; 0: none */
	int64_t seen_at;   /* the latest verdict that is not unknown */
	bool unknown;	   /* the latest verdict is */
};

struct derive {
	struct derive_env env;
	struct made *made; /* owned: one for each metric of the runbook */
};

static bool is_derived(const struct metric *metric)
{
	return metric->of || metric->probe;
}

static const char *read_of(const struct metric *metric)
{
	return json_str(metric->read.args, "read", "");
}

static int64_t window_default(const struct metric *metric)
{
	if (metric->probe)
		return UPTIME_US;
	return strncmp(read_of(metric), "growth", 6) == 0 ? GROWTH_US : WINDOW_US;
}

struct derive *derive_new(const struct derive_env *env)
{
	struct derive *derive = xcalloc(1, sizeof(*derive));

	derive->env = *env;
	derive->made = xcalloc(env->runbook->nmetrics + 1, sizeof(*derive->made));
	for (size_t i = 0; i < env->runbook->nmetrics; i++) {
		const struct metric *metric = &env->runbook->metrics[i];
		const json_t *args = metric->read.args;
		struct made *made = &derive->made[i];
		bool down = strcmp(read_of(metric), "down_for") == 0;

		if (!is_derived(metric))
			continue;
		lookback_init(&made->look, env->duration(env->data, json_object_get(args, "window"),
							 window_default(metric)));
		made->max_gap = env->duration(env->data, json_object_get(args, "max_gap"),
					      down ? DOWN_GAP_US : 0);
		made->percent = env->number(env->data, json_object_get(args, "percent"));
		if (isnan(made->percent))
			made->percent = 95;
		made->base = env->number(env->data, json_object_get(args, "base"));
		made->baseline = made->base;
	}
	return derive;
}

void derive_free(struct derive *derive)
{
	if (!derive)
		return;
	for (size_t i = 0; i < derive->env.runbook->nmetrics; i++)
		lookback_release(&derive->made[i].look);
	free(derive->made);
	free(derive);
}

int64_t derive_reach(const struct derive *derive)
{
	int64_t reach = 0;

	for (size_t i = 0; i < derive->env.runbook->nmetrics; i++) {
		if (derive->made[i].look.window > reach)
			reach = derive->made[i].look.window;
	}
	return reach;
}

bool derive_uses(const struct derive *derive, const char *metric)
{
	for (size_t i = 0; i < derive->env.runbook->nmetrics; i++) {
		const struct metric *of = derive->env.runbook->metrics[i].of;

		if (of && strcmp(of->name, metric) == 0)
			return true;
	}
	return false;
}

/* ---- values come in ---- */

void derive_metric(struct derive *derive, const struct metric *metric, int64_t at, double value)
{
	for (size_t i = 0; i < derive->env.runbook->nmetrics; i++) {
		if (derive->env.runbook->metrics[i].of == metric)
			lookback_add(&derive->made[i].look, at, value);
	}
}

/* A clock that was set back: what was "later" is not. */
static void times_clamp(struct made *made, int64_t at)
{
	if (made->passed_at > at)
		made->passed_at = at;
	if (made->failed_at > at)
		made->failed_at = at;
	if (made->seen_at > at)
		made->seen_at = at;
}

static void verdict_take(struct made *made, int64_t at, bool passed)
{
	times_clamp(made, at);
	if (passed) {
		made->passed_at = at;
		made->failed_at = 0;
	} else if (!made->failed_at) {
		made->failed_at = at;
		/* How long it was down before it was looked at again, nobody knows. */
		if (made->passed_at && at - made->passed_at > made->max_gap)
			made->passed_at = 0;
	}
	made->seen_at = at;
}

void derive_probe(struct derive *derive, const struct probe *probe, int64_t at,
		  enum verdict verdict)
{
	for (size_t i = 0; i < derive->env.runbook->nmetrics; i++) {
		struct made *made = &derive->made[i];

		if (derive->env.runbook->metrics[i].probe != probe)
			continue;
		made->unknown = verdict == VERDICT_UNKNOWN;
		if (made->unknown)
			continue;
		lookback_add(&made->look, at, verdict == VERDICT_PASS ? 100 : 0);
		verdict_take(made, at, verdict == VERDICT_PASS);
	}
}

void derive_baselines(struct derive *derive, const json_t *baselines)
{
	for (size_t i = 0; i < derive->env.runbook->nmetrics; i++) {
		const struct metric *of = derive->env.runbook->metrics[i].of;
		const json_t *baseline = of ? json_object_get(baselines, of->name) : NULL;

		derive->made[i].baseline = json_num(baseline, "value", derive->made[i].base);
	}
}

/* ---- values go out ---- */

static void down_read(const struct made *made, int64_t now, struct reading *out)
{
	int64_t from = made->passed_at ? made->passed_at : made->failed_at;
	char text[40];

	if (made->unknown || !made->seen_at) {
		reading_unknown(out, now, "%s",
				made->seen_at ? "it is not known whether it is up"
					      : "not looked at yet");
		return;
	}
	if (!made->failed_at) {
		reading_value(out, now, 0, "s");
		return;
	}
	reading_value(out, now, now > from ? (double)(now - from) / CLOCK_US : 0, "s");
	snprintf(out->evidence, sizeof(out->evidence), "%s %s ago",
		 made->passed_at ? "passed last" : "first seen failing",
		 duration_text((now - from) / CLOCK_US * CLOCK_US, text, sizeof(text)));
}

static void quotient_read(const struct derive *derive, const struct metric *metric, double times,
			  int64_t now, struct reading *out)
{
	const struct reading *a = derive->env.latest(derive->env.data, metric->of);
	const struct reading *b =
	    metric->to ? derive->env.latest(derive->env.data, metric->to) : NULL;

	if (!b)
		reading_unknown(out, now, "\"%s\" needs \"to\": a metric", read_of(metric));
	else if (a->verdict != VERDICT_PASS || !a->has_value)
		reading_unknown(out, now, "%s: %s", metric->of->name, a->evidence);
	else if (b->verdict != VERDICT_PASS || !b->has_value)
		reading_unknown(out, now, "%s: %s", metric->to->name, b->evidence);
	else if (b->value == 0)
		reading_unknown(out, now, "%s is 0", metric->to->name);
	else
		reading_value(out, a->at < b->at ? a->at : b->at, times * a->value / b->value, "");
	if (out->has_value)
		snprintf(out->evidence, sizeof(out->evidence), "%.6g of %.6g", a->value, b->value);
}

static void change_read(const struct made *made, const struct metric *of, int64_t now,
			struct reading *out)
{
	struct reading mean;

	lookback_read(&made->look, LOOKBACK_MEAN, 0, made->max_gap, now, &mean);
	*out = mean;
	if (isnan(made->baseline))
		reading_unknown(out, now, "no baseline of %s is recorded", of->name);
	else if (made->baseline == 0)
		reading_unknown(out, now, "the baseline of %s is 0", of->name);
	else if (mean.has_value)
		reading_value(out, now, 100 * (mean.value - made->baseline) / fabs(made->baseline),
			      "");
	if (out->has_value)
		snprintf(out->evidence, sizeof(out->evidence), "%.6g, baseline %.6g, %.100s",
			 mean.value, made->baseline, mean.evidence);
}

static void window_read(const struct made *made, const char *read, int64_t now, struct reading *out)
{
	static const struct {
		const char *name;
		enum lookback_of of;
		double times;
	} table[] = {
		{ "mean", LOOKBACK_MEAN, 1 },
		{ "min", LOOKBACK_MIN, 1 },
		{ "max", LOOKBACK_MAX, 1 },
		{ "percentile", LOOKBACK_PERCENTILE, 1 },
		{ "growth_per_hour", LOOKBACK_GROWTH, HOUR_S },
		{ "growth_per_day", LOOKBACK_GROWTH, DAY_S },
		{ "uptime", LOOKBACK_MEAN, 1 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, read) != 0)
			continue;
		lookback_read(&made->look, table[i].of, made->percent, made->max_gap, now, out);
		out->value *= table[i].times;
		return;
	}
	reading_unknown(out, now, "there is no figure \"%s\"", read);
}

void derive_read(const struct derive *derive, const struct metric *metric, struct reading *out)
{
	const struct made *made = &derive->made[metric - derive->env.runbook->metrics];
	const char *read = read_of(metric);
	int64_t now = clock_wall(derive->env.clock);

	if (strcmp(read, "down_for") == 0)
		down_read(made, now, out);
	else if (strcmp(read, "ratio") == 0 || strcmp(read, "share") == 0)
		quotient_read(derive, metric, strcmp(read, "share") == 0 ? 100 : 1, now, out);
	else if (strcmp(read, "change") == 0)
		change_read(made, metric->of, now, out);
	else
		window_read(made, read, now, out);
	if (out->has_value)
		snprintf(out->unit, sizeof(out->unit), "%s", metric->unit);
}
