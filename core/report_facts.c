/* How the report's parts write numbers, times and facts, and where. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/report_parts.h"
#include "lib/jdoc.h"
#include "lib/text.h"
#include "lib/timefmt.h"

char *number_unit_text(double value, const char *unit, char *out, size_t size)
{
	char number[32];

	if (isnan(value))
		snprintf(out, size, "-");
	else
		snprintf(out, size, "%s%s%s", text_number(value, number, sizeof(number)),
			 unit && *unit ? " " : "", unit ? unit : "");
	return out;
}

char *time_text(int64_t at, char *out)
{
	char text[TIME_RFC3339_MAX];

	snprintf(out, TIME_TEXT_MAX, "%s UTC", time_datetime(at, text));
	return out;
}

void fact_time(json_t *facts, const char *key, int64_t at)
{
	char text[TIME_RFC3339_MAX];

	if (at)
		json_object_set_new(facts, key, json_string(time_rfc3339(at, text)));
}

void fact_seconds(json_t *facts, const char *key, int64_t from, int64_t to)
{
	if (from && to)
		json_object_set_new(facts, key, json_real((double)(to - from) / (double)CLOCK_US));
}

void fact_text(json_t *facts, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(facts, key, json_text(text, strlen(text)));
}

struct report_section *part_section(struct report_work *work, const char *title)
{
	struct report *report = work->report;

	return work->taken_in ? &report->sections[report->nsections - 1]
			      : report_section(report, title);
}
