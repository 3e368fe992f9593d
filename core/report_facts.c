/* How the report's parts write numbers, times and facts. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/report_parts.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"

char *number_unit_text(double value, const char *unit, char *out, size_t size)
{
	if (isnan(value))
		snprintf(out, size, "-");
	else
		snprintf(out, size, "%.4g%s%s", value, unit && *unit ? " " : "", unit ? unit : "");
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

const struct timeline_entry *attempt_chosen(const struct incident_state *state,
					    const struct attempt *attempt)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		if (state->timeline[i].event == EV_CHOSEN &&
		    state->timeline[i].at == attempt->chosen_at)
			return &state->timeline[i];
	}
	return NULL;
}

bool attempt_is_item(const struct incident_state *state, const struct attempt *attempt)
{
	const struct timeline_entry *chosen = attempt_chosen(state, attempt);

	return chosen && strcmp(json_str(entry_json(chosen), "source", ""), "checklist") == 0;
}
