/*
 * By when a procedure has to be decided on, in a session: from drills of this machine, shown and
 * on record.
 */
#include "core/session_parts.h"
#include "lib/timefmt.h"
#include "tests/unit/console.h"

#define MIN_US (60 * CLOCK_US)

/* A drill that proves the procedure, which took so long. */
static void drilled(struct lamp *lamp, const char *procedure, double recover_s)
{
	struct incident incident;
	json_t *score = json_pack("{s:s, s:b, s:f}", "procedure", procedure, "verified", 1,
				  "recover_s", recover_s);

	assert_int_equal(incident_create(&incident, &lamp->loaded, INCIDENT_DRILL, SEVERITY_LOW,
					 "Drill", &clock_system, NULL),
			 0);
	assert_int_equal(incident_append(&incident, EV_SCORED, json_pack("{s:o}", "score", score),
					 NULL),
			 0);
	incident_close(&incident);
}

static const struct procedure *procedure(const struct console *console, const char *name)
{
	return runbook_procedure(session_runbook(console->session), name);
}

static bool next_begins(const struct console *console, const char *text)
{
	char next[512];

	session_next(console->session, next, sizeof(next));
	return strncmp(next, text, strlen(text)) == 0;
}

/* What the record says of the latest choice, as a time; 0: nothing. */
static int64_t recorded(const struct console *console)
{
	const char *text = json_str(last(console, EV_CHOSEN), "decide_by", NULL);
	int64_t at = 0;

	assert_true(!text || time_parse_rfc3339(text, &at) == 0);
	return at;
}

static void the_longest_drill_is_left_out_of_the_time_there_is(void **state)
{
	struct console console;
	struct deadline deadline;
	int64_t opened;

	drilled(*state, "mend", 30);
	drilled(*state, "mend", 180);
	console = console_begin(*state, NULL);
	assert_false(session_deadline(console.session, procedure(&console, "mend"), &deadline));
	open_incident(&console);
	opened = session_state(console.session)->opened_at;
	/* Until the drills are read the estimate counts. */
	assert_true(session_deadline(console.session, procedure(&console, "mend"), &deadline));
	UNTIL(&console, session_history(console.session, procedure(&console, "mend"))->n == 2);
	assert_true(session_deadline(console.session, procedure(&console, "mend"), &deadline));
	assert_true(deadline.drilled);
	assert_int_equal(deadline.decide_by, opened + 7 * MIN_US);
	assert_true(session_deadline(console.session, procedure(&console, "relight"), &deadline));
	assert_false(deadline.drilled);
	assert_int_equal(deadline.decide_by, opened + 8 * MIN_US);
	/* There is plenty of time: nothing is said before what is to be done. */
	command(&console, "choose mend for the test");
	assert_false(next_begins(&console, "Decide by"));
	session_free(console.session);
}

static void it_goes_on_record_whether_the_drills_were_read_or_not(void **state)
{
	struct console console;
	int64_t opened;

	drilled(*state, "mend", 180);
	console = console_begin(*state, NULL);
	open_incident(&console);
	opened = session_state(console.session)->opened_at;
	command(&console, "choose mend for the test");
	assert_int_equal(recorded(&console), opened + 7 * MIN_US);
	assert_int_equal(attempt(&console)->decide_by, opened + 7 * MIN_US);
	session_free(console.session);
}

static void when_time_is_up_it_says_so_and_hides_nothing(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct err err = ERR_INIT;

	/* 121 s, of which the estimate takes 120: a second is left. */
	assert_int_equal(session_open_incident(console.session, INCIDENT_INCIDENT,
					       SEVERITY_CRITICAL, "Test", &err),
			 0);
	command(&console, "choose relight for the test");
	UNTIL(&console, session_plan(console.session, NULL));
	UNTIL(&console, next_begins(&console, "Late by "));
	command(&console, "approve attic");
	assert_false(next_begins(&console, "Late by "));
	assert_true(attempt(&console)->approved_at > recorded(&console));
	session_free(console.session);
}

/* Nobody has declared how bad it is, but what holds says so. */
static void a_condition_that_asks_for_it_counts_where_it_is_worse(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct deadline deadline;
	struct err err = ERR_INIT;

	lamp_put(*state, "config.json", "{\"bright\": false}\n");
	assert_int_equal(session_open_incident(console.session, INCIDENT_INCIDENT, SEVERITY_LOW,
					       "Test", &err),
			 0);
	UNTIL(&console,
	      session_deadline(console.session, procedure(&console, "relight"), &deadline));
	assert_int_equal(deadline.within_us, 10 * MIN_US);
	assert_false(session_deadline(console.session, procedure(&console, "mend"), &deadline));
	session_free(console.session);
}

static void a_deployment_without_trouble_has_none(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct deadline deadline;
	struct err err = ERR_INIT;

	assert_int_equal(session_open_incident(console.session, INCIDENT_DEPLOYMENT, SEVERITY_LOW,
					       "Test", &err),
			 0);
	assert_false(session_deadline(console.session, procedure(&console, "mend"), &deadline));
	command(&console, "choose mend for the test");
	assert_int_equal(recorded(&console), 0);
	assert_int_equal(session_severity(console.session, SEVERITY_HIGH, "it broke", &err), 0);
	assert_true(session_deadline(console.session, procedure(&console, "mend"), &deadline));
	assert_int_equal(deadline.from, session_state(console.session)->declared_at);
	session_free(console.session);
}

int main(int argc, char **argv)
{
#define LAMP_TEST(name) cmocka_unit_test_setup_teardown(name, lamp_setup, lamp_teardown)
	const struct CMUnitTest tests[] = {
		LAMP_TEST(the_longest_drill_is_left_out_of_the_time_there_is),
		LAMP_TEST(it_goes_on_record_whether_the_drills_were_read_or_not),
		LAMP_TEST(when_time_is_up_it_says_so_and_hides_nothing),
		LAMP_TEST(a_condition_that_asks_for_it_counts_where_it_is_worse),
		LAMP_TEST(a_deployment_without_trouble_has_none),
	};

	LAMP_RUNNER(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
