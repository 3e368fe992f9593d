/*
 * The report of a scripted incident, held against tests/reports/restore.txt and restore.json. Run
 * with UPDATE=1 to write them anew.
 */
#include "tests/unit/golden.h"
#include "tests/unit/reportscript.h"

static void test_restored(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	script(record, &incident);
	text = report_text_of(&incident, "text");
	no_line_is_wider(text, 72);
	golden_hold("tests/reports/restore.txt", text);
	free(text);
	text = report_text_of(&incident, "json");
	golden_hold("tests/reports/restore.json", text);
	free(text);
	incident_close(&incident);
}

/* Nothing happened yet: no empty heading, nothing that has no source. */
static void test_just_opened(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	record_open(record, &incident);
	text = report_text_of(&incident, "text");
	for (const char *const *title =
		 (const char *const[]){ "Execution", "Validation", "Charts", "Times", "Decision",
					"Notes", "Data lost", "Error details", "Drill score",
					NULL };
	     *title; title++)
		assert_null(strstr(text, *title));
	assert_non_null(strstr(text, "Root cause"));
	assert_non_null(strstr(text, "good, not closed yet"));
	free(text);
	incident_close(&incident);
}

/* A procedure that is done may have mended nothing: recovered is what was resolved. */
static void test_done_is_not_recovered(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	record_open(record, &incident);
	script_decide(record, &incident);
	record_append(record, &incident, EV_PROCEDURE_ENDED,
		      "{'procedure': 'restore', 'result': 'done'}");
	text = report_text_of(&incident, "text");
	assert_non_null(strstr(text, "Time to decide"));
	assert_null(strstr(text, "Time to recover"));
	assert_null(strstr(text, "Recovery"));
	free(text);
	incident_close(&incident);
}

/* A runner that died, an undo, a step that was skipped; nothing is over yet. */
static void test_rough_way(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	record_open(record, &incident);
	record_append(record, &incident, EV_EVIDENCE,
		      "{'source': 'main', 'lines': 1, 'text': 'session 4711 blocks 3'}");
	record_append(record, &incident, EV_CHOSEN,
		      "{'procedure': 'restart', 'source': 'operator', 'reason': '.br T} \\u202e'}");
	record_append(record, &incident, EV_APPROVED,
		      "{'procedure': 'restart', 'digest': '01', 'params': {}}");
	record_append(record, &incident, EV_INTENT,
		      "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'act': 'run'}");
	record_append(record, &incident, EV_DIED,
		      "{'procedure': 'restart', 'step': 'stop', 'attempt': 1}");
	record_append(record, &incident, EV_SETTLED,
		      "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'settled': "
		      "'unknown', "
		      "'evidence': 'nobody can tell'}");
	text = report_text_of(&incident, "text");
	assert_non_null(strstr(text, "== main\n"));
	assert_non_null(strstr(text, "| == marked by "));
	assert_non_null(strstr(text, "session 4711 blocks 3"));
	assert_non_null(strstr(text, "runner died, unknown"));
	assert_non_null(strstr(text, "Restart the shop: not ended; 1 unknown"));
	assert_non_null(strstr(text, "nobody can tell"));
	assert_non_null(strstr(text, ".br T} <U+202E>"));
	no_line_is_wider(text, 72);
	free(text);
	record_append(record, &incident, EV_INTENT,
		      "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'act': 'undo'}");
	record_append(record, &incident, EV_OUTCOME,
		      "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'act': 'undo', "
		      "'result': 'done'}");
	record_append(record, &incident, EV_SKIPPED,
		      "{'procedure': 'restart', 'step': 'start', 'reason': 'it runs'}");
	record_append(record, &incident, EV_STOPPED,
		      "{'procedure': 'restart', 'reason': 'enough'}");
	record_append(record, &incident, EV_PROCEDURE_ENDED,
		      "{'procedure': 'restart', 'result': 'stopped'}");
	text = report_text_of(&incident, "text");
	assert_non_null(strstr(text, "Restart the shop: stopped; 1 skipped, 1 undone"));
	assert_non_null(strstr(text, "UNDO: Stop it"));
	assert_non_null(strstr(text, "it runs"));
	assert_non_null(strstr(text, "enough"));
	assert_null(strstr(text, "Time to recover"));
	free(text);
	incident_close(&incident);
}

static void test_closed(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	script(record, &incident);
	record_append(record, &incident, EV_CLOSED,
		      "{'root_cause': 'No default.', 'remediation': 'Added one.', 'lessons': "
		      "'Test with rows.'}");
	for (size_t i = 0; report_formats[i]; i++) {
		if (report_formats[i]->binary)
			continue;
		text = report_text_of(&incident, report_formats[i]->name);
		assert_non_null(strstr(text, "No default."));
		assert_non_null(strstr(text, "Added one."));
		assert_non_null(strstr(text, "Test with rows."));
		free(text);
	}
	text = report_text_of(&incident, "text");
	assert_non_null(strstr(text, "good, sealed"));
	free(text);
	text = source_text_of(&incident);
	assert_non_null(strstr(text, "No default."));
	assert_non_null(strstr(text, "Added one."));
	assert_non_null(strstr(text, "Test with rows."));
	free(text);
	incident_close(&incident);
}

#define WITH_RECORD(test) cmocka_unit_test_setup_teardown(test, record_setup, record_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RECORD(test_restored),
		WITH_RECORD(test_just_opened),
		WITH_RECORD(test_done_is_not_recovered),
		WITH_RECORD(test_rough_way),
		WITH_RECORD(test_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
