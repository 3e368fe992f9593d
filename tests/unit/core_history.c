/*
 * What earlier drills say about a procedure, read from real incidents' ledgers.
 */
#include "core/history.h"
#include "tests/unit/lamp.h"

/* An incident of this kind with a score. */
static void drill(struct lamp *lamp, enum incident_kind kind, const char *procedure, bool verified,
		  double recover_s)
{
	struct incident incident;
	json_t *score = json_pack("{s:s, s:b, s:f, s:f}", "procedure", procedure, "verified",
				  (int)verified, "recover_s", recover_s, "budget_s", 300.0);

	assert_int_equal(incident_create(&incident, &lamp->loaded, kind, SEVERITY_LOW, "Drill",
					 &clock_system, NULL),
			 0);
	assert_int_equal(incident_append(&incident, EV_SCORED, json_pack("{s:o}", "score", score),
					 NULL),
			 0);
	incident_close(&incident);
}

static void no_drills_say_nothing(void **state)
{
	struct history history;
	char text[160];

	(void)state;
	history_read("lamp", "mend", &history);
	assert_false(history_text(&history, clock_wall(&clock_system), text, sizeof(text)));
	assert_string_equal(text, "");
}

/* Of every procedure as each would be read alone, and through JSON and back. */
static void all_in_one_pass(struct lamp *lamp)
{
	const struct runbook *runbook = lamp->loaded.runbook;
	size_t n = runbook->nprocedures, drilled = 0;
	struct history *all = xcalloc(n, sizeof(*all)), *back = xcalloc(n, sizeof(*back)), alone;
	json_t *json;

	history_read_all(runbook, all);
	json = history_to_json(all, n);
	history_from_json(json, back, n);
	json_decref(json);
	for (size_t i = 0; i < n; i++) {
		history_read("lamp", runbook->procedures[i].name, &alone);
		assert_memory_equal(&all[i], &alone, sizeof(alone));
		assert_memory_equal(&back[i], &alone, sizeof(alone));
		drilled += alone.n;
	}
	assert_int_equal(drilled, 3);
	free(all);
	free(back);
}

static void only_drills_that_prove_it_count(void **state)
{
	struct lamp *lamp = *state;
	struct history history;
	char text[160];

	drill(lamp, INCIDENT_DRILL, "mend", true, 55);
	drill(lamp, INCIDENT_DRILL, "mend", true, 41);
	drill(lamp, INCIDENT_DRILL, "mend", false, 3);
	drill(lamp, INCIDENT_DRILL, "relight", true, 5);
	drill(lamp, INCIDENT_DRILL, "gone", true, 5);
	drill(lamp, INCIDENT_INCIDENT, "mend", true, 7);
	history_read("another", "mend", &history);
	assert_int_equal(history.n, 0);
	history_read("lamp", "mend", &history);
	assert_int_equal(history.n, 2);
	all_in_one_pass(lamp);
	assert_true(history_text(&history, history.last_at + 12 * 24 * 3600 * CLOCK_US, text,
				 sizeof(text)));
	assert_string_equal(text, "proven 2 times in drills, last 12 d ago: 41 s of 5 min (41 s to "
				  "55 s)");
}

int main(void)
{
#define LAMP_TEST(name) cmocka_unit_test_setup_teardown(name, lamp_setup, lamp_teardown)
	const struct CMUnitTest tests[] = {
		LAMP_TEST(no_drills_say_nothing),
		LAMP_TEST(only_drills_that_prove_it_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
