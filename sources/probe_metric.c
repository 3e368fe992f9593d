/* Probe type "metric": the latest reading of a metric against a number. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "sources/types.h"

static const struct field fields[] = {
	{ "metric", FIELD_REF, true, "a declared metric", "metrics", NULL },
	{ "below", FIELD_NUMBER, false, "it is below this", NULL, NULL },
	{ "above", FIELD_NUMBER, false, "it is above this", NULL, NULL },
	{ "at_most", FIELD_NUMBER, false, "it is this or less", NULL, NULL },
	{ "at_least", FIELD_NUMBER, false, "it is this or more", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const limits[] = { "below", "above", "at_most", "at_least", NULL };
static const char *const *const one_of[] = { limits, NULL };

static bool holds(const char *limit, double value, double bound)
{
	if (strcmp(limit, "below") == 0)
		return value < bound;
	if (strcmp(limit, "above") == 0)
		return value > bound;
	if (strcmp(limit, "at_most") == 0)
		return value <= bound;
	return value >= bound;
}

/* As many digits as a person reads: whole numbers as they are, others to three digits or so. */
static void number_text(double value, char *out, size_t size)
{
	double magnitude = fabs(value);

	if (value == floor(value) && magnitude < 1e15)
		snprintf(out, size, "%.0f", value);
	else
		snprintf(out, size, "%.*f", magnitude >= 100 ? 0 : magnitude >= 1 ? 1 : 3, value);
}

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	const char *name = json_str(args, "metric", "");
	struct reading now = { 0 };

	env->metric(env->data, name, env->since, &now);
	if (now.verdict != VERDICT_PASS || !now.has_value) {
		reading_unknown(out, clock_wall(env->clock), "%s: %s", name,
				now.evidence[0] != '\0' ? now.evidence : "no reading yet");
		return;
	}
	for (size_t i = 0; limits[i] != NULL; i++) {
		const json_t *bound = json_object_get(args, limits[i]);
		char value[32], limit[32];
		const char *gap = now.unit[0] == '\0' || now.unit[0] == '/' ? "" : " ";

		if (!json_is_number(bound))
			continue;
		number_text(now.value, value, sizeof(value));
		number_text(json_number_value(bound), limit, sizeof(limit));
		reading_judge(out, holds(limits[i], now.value, json_number_value(bound)), now.at,
			      "%s is %s%s%s (%s %s)", name, value, gap, now.unit, limits[i], limit);
		out->has_value = true;
		out->value = now.value;
		memcpy(out->unit, now.unit, sizeof(out->unit));
		return;
	}
	reading_unknown(out, now.at, "%s: the limit is no number", name);
}

const struct probe_type probe_metric = {
	.type = { .name = "metric",
		  .help = "a metric is on one side of a number",
		  .fields = fields,
		  .one_of = one_of },
	.eval = eval,
};
