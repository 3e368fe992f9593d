/*
 * What the texts of messages name: facts of an incident and parameters.
 */
#include "core/facts.h"
#include "tests/unit/core_record.h"

static void filled(const struct incident *incident, const char *text, const char *want)
{
	json_t *values = json_pack("{s:i, s:s}", "minutes", 30, "room", "${incident.id}");
	struct err err = ERR_INIT;
	char *got = facts_fill(text, values, incident, NULL, &err);

	assert_string_equal(got ? got : err.msg, want);
	free(got);
	json_decref(values);
}

static void what_is_known_is_filled_in(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	filled(&incident,
	       "${incident.system}/${incident.target}: ${incident.severity}, "
	       "${incident.kind}, since ${incident.opened}",
	       "shop/test: high, incident, since 2026-11-21 21:00:00 UTC");
	filled(&incident, "${minutes}", "30");
	filled(&incident, "about ${minutes} min, $${minutes}", "about 30 min, ${minutes}");
	/* What is filled in is text: nothing in it is filled in again. */
	filled(&incident, "in ${room}", "in ${incident.id}");
	filled(&incident, "", "");
	record_append(record, &incident, EV_RESOLVED, "{'how': 'by itself'}");
	filled(&incident, "until ${incident.resolved}", "until 2026-11-21 21:00:01 UTC");
	incident_close(&incident);
}

static void what_is_not_known_is_named(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	filled(&incident, "${incident.resolved}",
	       "nothing is known about \"incident.resolved\" yet");
	filled(&incident, "T is ${deployment.t0}, ${incident.resolved}",
	       "nothing is known about \"deployment.t0\" yet");
	filled(&incident, "${hours}", "nothing is known about \"hours\" yet");
	incident_close(&incident);
}

int main(void)
{
#define RECORD_TEST(name) cmocka_unit_test_setup_teardown(name, record_setup, record_teardown)
	const struct CMUnitTest tests[] = {
		RECORD_TEST(what_is_known_is_filled_in),
		RECORD_TEST(what_is_not_known_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
