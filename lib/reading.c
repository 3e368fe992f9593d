#include "lib/reading.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"

static void reading_fill(struct reading *r, enum verdict verdict, int64_t at, const char *fmt,
			 va_list args)
{
	char *text = xvasprintf(fmt, args);

	*r = (struct reading){ .verdict = verdict, .at = at };
	text_clean_to(r->evidence, sizeof(r->evidence), text, strlen(text));
	free(text);
}

void reading_pass(struct reading *r, int64_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	reading_fill(r, VERDICT_PASS, at, fmt, args);
	va_end(args);
}

void reading_fail(struct reading *r, int64_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	reading_fill(r, VERDICT_FAIL, at, fmt, args);
	va_end(args);
}

void reading_unknown(struct reading *r, int64_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	reading_fill(r, VERDICT_UNKNOWN, at, fmt, args);
	va_end(args);
}

void reading_judge(struct reading *r, bool holds, int64_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	reading_fill(r, holds ? VERDICT_PASS : VERDICT_FAIL, at, fmt, args);
	va_end(args);
}

void reading_value(struct reading *r, int64_t at, double value, const char *unit)
{
	if (!isfinite(value)) {
		reading_unknown(r, at, "%f is no number that could be judged", value);
		return;
	}
	*r = (struct reading){
		.verdict = VERDICT_PASS, .has_value = true, .value = value, .at = at
	};
	text_clean_to(r->unit, sizeof(r->unit), unit, strlen(unit));
}

json_t *reading_to_json(const struct reading *r)
{
	json_t *json =
	    json_pack("{s:s, s:I, s:o, s:o, s:s}", "verdict", verdict_name(r->verdict), "at",
		      (json_int_t)r->at, "evidence", json_text(r->evidence, strlen(r->evidence)),
		      "text", json_text(r->text, strlen(r->text)), "unit", r->unit);

	if (r->has_value && isfinite(r->value))
		json_object_set_new(json, "value", json_real(r->value));
	return json;
}

void reading_from_json(const json_t *json, struct reading *r)
{
	const json_t *value = json_object_get(json, "value");

	*r = (struct reading){ .at = (int64_t)json_integer_value(json_object_get(json, "at")) };
	if (verdict_parse(json_str(json, "verdict", ""), &r->verdict) < 0)
		r->verdict = VERDICT_UNKNOWN;
	r->has_value = json_is_number(value);
	r->value = json_number_value(value);
	snprintf(r->evidence, sizeof(r->evidence), "%s", json_str(json, "evidence", ""));
	snprintf(r->text, sizeof(r->text), "%s", json_str(json, "text", ""));
	snprintf(r->unit, sizeof(r->unit), "%s", json_str(json, "unit", ""));
}

static const char *const verdict_names[] = {
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_PASS] = "pass",
	[VERDICT_FAIL] = "fail",
};

const char *verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

int verdict_parse(const char *name, enum verdict *verdict)
{
	for (int i = VERDICT_UNKNOWN; i <= VERDICT_FAIL; i++) {
		if (strcmp(name, verdict_names[i]) == 0) {
			*verdict = (enum verdict)i;
			return 0;
		}
	}
	return -1;
}
