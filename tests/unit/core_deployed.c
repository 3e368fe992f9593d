/*
 * The latest deployment, read from real incidents' ledgers.
 */
#include "core/deployed.h"
#include "tests/unit/core_record.h"

#define MINUTE (60 * CLOCK_US)
#define NOW    (RECORD_BEGIN + 60 * MINUTE)

/* An incident with a plan and a decision, where they are given. */
static void incident_with(struct record *record, const char *t0, const char *decision)
{
	struct incident incident;
	char fields[200];

	record_open(record, &incident);
	if (t0) {
		snprintf(fields, sizeof(fields), "{'deployment': 'launch', 't0': '%s'}", t0);
		record_append(record, &incident, EV_PLANNED, fields);
	}
	if (decision) {
		snprintf(fields, sizeof(fields),
			 "{'gate': 'launch', 'decision': '%s', 'computed': 'go', 'reason': 'x'}",
			 decision);
		record_append(record, &incident, EV_GATE_DECIDED, fields);
	}
	record_append(record, &incident, EV_NOTE,
		      "{'text': 'deployment.planned and gate.decided are words'}");
	incident_close(&incident);
}

static void only_go_counts_once_its_time_has_come(void **state)
{
	struct record *record = *state;

	assert_int_equal(deployed_read("shop", "test", NOW), 0);
	incident_with(record, NULL, NULL);
	incident_with(record, "2026-11-21T21:10:00Z", NULL);
	incident_with(record, "2026-11-21T21:20:00Z", "no-go");
	incident_with(record, "2026-11-21T21:30:00Z", "adjust");
	assert_int_equal(deployed_read("shop", "test", NOW), 0);
	incident_with(record, "2026-11-21T21:15:00Z", "go");
	incident_with(record, "2026-11-21T21:05:00Z", "go");
	assert_int_equal(deployed_read("shop", "test", NOW), RECORD_BEGIN + 15 * MINUTE);
	/* One that is still to come has not taken place. */
	incident_with(record, "2026-11-21T22:30:00Z", "go");
	assert_int_equal(deployed_read("shop", "test", NOW), RECORD_BEGIN + 15 * MINUTE);
	assert_int_equal(deployed_read("shop", "test", NOW + 60 * MINUTE),
			 RECORD_BEGIN + 90 * MINUTE);
	/* Others' deployments are none of this system's on this target. */
	assert_int_equal(deployed_read("shop", "production", NOW), 0);
	assert_int_equal(deployed_read("shopping", "test", NOW), 0);
}

/* T is moved, the decision is taken back: the latest word counts. */
static void the_latest_word_counts(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	record_append(record, &incident, EV_PLANNED,
		      "{'deployment': 'launch', 't0': '2026-11-21T21:10:00Z'}");
	record_append(record, &incident, EV_GATE_DECIDED,
		      "{'gate': 'launch', 'decision': 'go', 'computed': 'go'}");
	record_append(record, &incident, EV_PLANNED,
		      "{'deployment': 'launch', 't0': '2026-11-21T21:40:00Z'}");
	assert_int_equal(deployed_read("shop", "test", NOW), RECORD_BEGIN + 40 * MINUTE);
	record_append(record, &incident, EV_GATE_DECIDED,
		      "{'gate': 'launch', 'decision': 'no-go', 'computed': 'go', 'reason': "
		      "'rain'}");
	assert_int_equal(deployed_read("shop", "test", NOW), 0);
	record_append(record, &incident, EV_GATE_DECIDED,
		      "{'gate': 'launch', 'decision': 'go', 'computed': 'go'}");
	record_append(record, &incident, EV_PLANNED,
		      "{'deployment': 'second', 't0': '2026-11-21T21:45:00Z'}");
	assert_int_equal(deployed_read("shop", "test", NOW), 0);
	incident_close(&incident);
}

int main(void)
{
#define RECORD_TEST(name) cmocka_unit_test_setup_teardown(name, record_setup, record_teardown)
	const struct CMUnitTest tests[] = {
		RECORD_TEST(only_go_counts_once_its_time_has_come),
		RECORD_TEST(the_latest_word_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
