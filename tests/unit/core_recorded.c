/*
 * What ledgers say of routines and phases, read from real incidents.
 */
#include "core/period.h"
#include "core/recorded.h"
#include "lib/timefmt.h"
#include "tests/unit/core_record.h"

#define MINUTE (60 * CLOCK_US)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define RUNBOOK "tests/runbooks/valid/routines/runbook.json"
#define TARGET	"tests/runbooks/valid/routines/targets/test.json"

static int setup(void **state)
{
	struct findings findings = { .n = 0 };
	struct record *record;
	struct err err = ERR_INIT;

	record_setup(state);
	record = *state;
	loaded_release(&record->loaded);
	if (load_runbook(&record->loaded, RUNBOOK, TARGET, &findings, &err) != 0)
		fail_msg("%s", err.msg);
	return 0;
}

static int64_t now_of(struct record *record)
{
	return clock_wall(&record->clock.clock);
}

static void begin(struct record *record, struct incident *incident, enum incident_kind kind)
{
	struct err err = ERR_INIT;

	if (incident_create(incident, &record->loaded, kind, SEVERITY_LOW, "test",
			    &record->clock.clock, &err) != 0)
		fail_msg("%s (%s)", err.msg, err.hint);
}

/* What the record says of a routine; the only entry, unless `nth` says which. */
static struct recorded_routine entry(struct record *record, const char *name, size_t nth)
{
	struct recorded recorded;
	struct recorded_routine found = { 0 };

	recorded_read(record->loaded.runbook, "test", now_of(record), &recorded);
	for (size_t i = 0; i < recorded.n; i++) {
		if (strcmp(recorded.routines[i].routine->name, name) == 0 && nth-- == 0)
			found = recorded.routines[i];
	}
	recorded_release(&recorded);
	return found;
}

static void done(struct record *record, const char *fields, const char *ended)
{
	struct incident incident;

	begin(record, &incident, INCIDENT_ROUTINE);
	record_append(record, &incident, EV_ROUTINE, fields);
	if (ended)
		record_append(record, &incident, EV_ROUTINE_ENDED, ended);
	incident_close(&incident);
}

static void test_what_was_done_last(void **state)
{
	struct record *record = *state;
	struct recorded_routine hourly = entry(record, "hourly", 0);
	struct due due;

	assert_non_null(hourly.routine);
	assert_int_equal(hourly.done, 0);
	assert_int_equal(hourly.done_at, 0);
	done(record, "{'routine': 'hourly', 'due': '2026-11-21T20:00:00Z'}",
	     "{'routine': 'hourly', 'result': 'holds'}");
	done(record, "{'routine': 'hourly', 'due': '2026-11-21T21:00:00Z'}",
	     "{'routine': 'hourly', 'result': 'fails'}");
	hourly = entry(record, "hourly", 0);
	assert_int_equal(hourly.done, RECORD_BEGIN);
	assert_int_equal(hourly.done_at, RECORD_BEGIN + 4 * CLOCK_US);
	assert_string_equal(hourly.result, "fails");
	assert_string_equal(hourly.open_id, "");
	/* Begun and not ended: under way, not done. */
	done(record, "{'routine': 'hourly', 'due': '2026-11-21T22:00:00Z'}", NULL);
	hourly = entry(record, "hourly", 0);
	assert_int_equal(hourly.done, RECORD_BEGIN);
	assert_string_not_equal(hourly.open_id, "");
	/* Nobody else has to begin it, unless the next one is due. */
	schedule_due(&hourly.routine->schedule, hourly.start, hourly.done,
		     RECORD_BEGIN + HOUR + 30 * MINUTE, &due);
	assert_int_equal(due.state, DUE_NOW);
	assert_false(recorded_is_asked(&hourly, &due));
	schedule_due(&hourly.routine->schedule, hourly.start, hourly.done,
		     RECORD_BEGIN + 2 * HOUR + 30 * MINUTE, &due);
	assert_true(recorded_is_asked(&hourly, &due));
	/* What a note says is no event. */
	assert_int_equal(entry(record, "morning", 0).done_at, 0);
}

static void test_beginnings(void **state)
{
	struct record *record = *state;
	struct incident incident;

	assert_int_equal(entry(record, "first-day", 0).start, 0);
	begin(record, &incident, INCIDENT_DEPLOYMENT);
	record_append(record, &incident, EV_PLANNED,
		      "{'deployment': 'public', 't0': '2026-11-21T20:00:00Z'}");
	assert_int_equal(entry(record, "first-day", 0).start, 0);
	record_append(record, &incident, EV_GATE_DECIDED,
		      "{'gate': 'public', 'decision': 'go', 'computed': 'go'}");
	assert_int_equal(entry(record, "first-day", 0).start, RECORD_BEGIN - HOUR);
	assert_int_equal(entry(record, "first-week", 0).start, RECORD_BEGIN - HOUR);
	/* A deployment that went well has no follow-ups. */
	record_append(record, &incident, EV_RESOLVED, "{}");
	incident_close(&incident);
	assert_int_equal(entry(record, "follow-up", 0).start, 0);

	/* Each incident has its own. */
	for (int i = 0; i < 2; i++) {
		begin(record, &incident, INCIDENT_INCIDENT);
		record_append(record, &incident, EV_RESOLVED, "{}");
		incident_close(&incident);
	}
	assert_int_equal(entry(record, "follow-up", 0).start, now_of(record));
	assert_int_equal(entry(record, "follow-up", 1).start, now_of(record) - CLOCK_US);
	assert_null(entry(record, "follow-up", 2).routine);
	done(record,
	     "{'routine': 'follow-up', 'due': '2026-11-21T22:00:05Z', 'start': "
	     "'2026-11-21T21:00:05Z'}",
	     "{'routine': 'follow-up', 'result': 'holds'}");
	assert_int_equal(entry(record, "follow-up", 0).done_at, now_of(record));
	assert_int_equal(entry(record, "follow-up", 1).done_at, 0);
	/* Once nothing of them is asked for any more, they are gone. */
	clock_manual_advance(&record->clock, 15 * DAY);
	assert_int_equal(entry(record, "follow-up", 0).start, 0);

	/* Another deployment begins what any begins, and nothing that is that one's. */
	begin(record, &incident, INCIDENT_DEPLOYMENT);
	record_append(record, &incident, EV_PLANNED,
		      "{'deployment': 'other', 't0': '2026-11-21T20:30:00Z'}");
	record_append(record, &incident, EV_GATE_DECIDED,
		      "{'gate': 'public', 'decision': 'go', 'computed': 'go'}");
	assert_int_equal(entry(record, "first-day", 0).start, RECORD_BEGIN - HOUR / 2);
	assert_int_equal(entry(record, "first-week", 0).start, RECORD_BEGIN - HOUR);
	incident_close(&incident);
}

static void occasion(struct record *record, const char *fields)
{
	struct incident incident;

	begin(record, &incident, INCIDENT_ROUTINE);
	record_append(record, &incident, EV_OCCASION, fields);
	incident_close(&incident);
}

static void test_the_latest_word_about_an_event_counts(void **state)
{
	struct record *record = *state;

	occasion(record, "{'name': 'cup', 'time': '2026-11-21T23:00:00Z'}");
	assert_int_equal(entry(record, "before-cup", 0).start, RECORD_BEGIN + 2 * HOUR);
	occasion(record, "{'name': 'cup', 'time': '2026-11-21T22:00:00Z'}");
	assert_int_equal(entry(record, "before-cup", 0).start, RECORD_BEGIN + HOUR);
	occasion(record, "{'name': 'cup'}");
	assert_int_equal(entry(record, "before-cup", 0).start, 0);
}

/* Asks as a probe does. */
static enum verdict ask(struct record *record, const char *type, const char *args, char *evidence)
{
	struct reading out = { 0 };
	char *text = strdup(args);
	json_t *json;

	for (char *p = text; (p = strchr(p, '\''));)
		*p = '"';
	json = json_loads(text, 0, NULL);
	recorded_ask(record->loaded.runbook, "test", type, json, now_of(record), &out);
	if (evidence)
		snprintf(evidence, READING_TEXT, "%s", out.evidence);
	json_decref(json);
	free(text);
	return out.verdict;
}

static void test_phases(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char evidence[READING_TEXT];

	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'is': 'begun'}", evidence),
			 VERDICT_FAIL);
	begin(record, &incident, INCIDENT_DEPLOYMENT);
	record_append(record, &incident, EV_PHASE, "{'phase': 'beta'}");
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'is': 'begun'}", NULL),
			 VERDICT_PASS);
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'is': 'finished'}", NULL),
			 VERDICT_FAIL);
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'stable_for': '0s'}", NULL),
			 VERDICT_FAIL);
	record_append(record, &incident, EV_PHASE_ENDED, "{'phase': 'beta', 'result': 'finished'}");
	incident_close(&incident);
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'is': 'finished'}", NULL),
			 VERDICT_PASS);
	assert_int_equal(entry(record, "beta-week", 0).start, now_of(record));
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'stable_for': '7d'}", evidence),
			 VERDICT_FAIL);
	clock_manual_advance(&record->clock, 7 * DAY);
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'stable_for': '7d'}", evidence),
			 VERDICT_PASS);
	assert_string_equal(evidence, "A few servers is stable for 7 d of 7 d");

	/* One of its conditions held, until its incident was resolved. */
	begin(record, &incident, INCIDENT_INCIDENT);
	record_append(record, &incident, EV_CONDITION, "{'condition': 'mixed', 'verdict': 'pass'}");
	clock_manual_advance(&record->clock, DAY);
	record_append(record, &incident, EV_RESOLVED, "{}");
	incident_close(&incident);
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'stable_for': '7d'}", evidence),
			 VERDICT_FAIL);
	assert_non_null(strstr(evidence, "\"Guilds are mixed\" was on record then"));
	clock_manual_advance(&record->clock, 7 * DAY - 1);
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'stable_for': '7d'}", NULL),
			 VERDICT_FAIL);
	clock_manual_advance(&record->clock, 1);
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'stable_for': '7d'}", NULL),
			 VERDICT_PASS);
	/* Begun anew it is not finished; given up it is neither. */
	begin(record, &incident, INCIDENT_DEPLOYMENT);
	record_append(record, &incident, EV_PHASE, "{'phase': 'beta'}");
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'is': 'finished'}", NULL),
			 VERDICT_FAIL);
	record_append(record, &incident, EV_PHASE_ENDED,
		      "{'phase': 'beta', 'result': 'given up', 'reason': 'rolled back'}");
	incident_close(&incident);
	assert_int_equal(ask(record, "phase", "{'phase': 'beta', 'is': 'begun'}", NULL),
			 VERDICT_FAIL);
}

static void test_probes_of_routines_and_drills(void **state)
{
	struct record *record = *state;

	assert_int_equal(ask(record, "routine", "{'routine': 'hourly', 'within': '2h'}", NULL),
			 VERDICT_FAIL);
	done(record, "{'routine': 'hourly'}", "{'routine': 'hourly', 'result': 'partly'}");
	assert_int_equal(ask(record, "routine", "{'routine': 'hourly', 'within': '2h'}", NULL),
			 VERDICT_PASS);
	clock_manual_advance(&record->clock, 2 * HOUR + 1);
	assert_int_equal(ask(record, "routine", "{'routine': 'hourly', 'within': '2h'}", NULL),
			 VERDICT_FAIL);
	done(record, "{'routine': 'hourly'}", "{'routine': 'hourly', 'result': 'fails'}");
	assert_int_equal(ask(record, "routine", "{'routine': 'hourly', 'within': '2h'}", NULL),
			 VERDICT_FAIL);
	assert_int_equal(ask(record, "proven", "{'proven': 'restart', 'within': '90d'}", NULL),
			 VERDICT_FAIL);
}

/* What a period tells: also what began before it and was not over then. */
static void test_affairs_of_a_period(void **state)
{
	struct record *record = *state;
	const struct runbook *runbook = record->loaded.runbook;
	struct incident open, over, late, own;
	json_t *affairs;

	begin(record, &open, INCIDENT_INCIDENT);
	begin(record, &over, INCIDENT_INCIDENT);
	begin(record, &late, INCIDENT_INCIDENT);
	record_append(record, &over, EV_RESOLVED, "{}");
	clock_manual_advance(&record->clock, 8 * DAY);
	record_append(record, &late, EV_RESOLVED, "{}");
	begin(record, &own, INCIDENT_ROUTINE);
	affairs = period_affairs(runbook, "test", now_of(record) - 7 * DAY, own.id);
	assert_int_equal(json_array_size(affairs), 2);
	assert_string_equal(json_str(json_array_get(affairs, 0), "incident", ""), open.id);
	assert_string_equal(json_str(json_array_get(affairs, 0), "result", ""), "open");
	assert_string_equal(json_str(json_array_get(affairs, 1), "incident", ""), late.id);
	assert_string_equal(json_str(json_array_get(affairs, 1), "result", ""), "resolved");
	json_decref(affairs);
	incident_close(&open);
	incident_close(&over);
	incident_close(&late);
	incident_close(&own);
}

/* A child process hands it over as JSON. */
static void test_json_and_back(void **state)
{
	struct record *record = *state;
	const struct runbook *runbook = record->loaded.runbook;
	struct recorded recorded, back;
	json_t *json, *again;

	done(record, "{'routine': 'hourly', 'due': '2026-11-21T21:00:00Z'}",
	     "{'routine': 'hourly', 'result': 'holds'}");
	recorded_read(runbook, "test", now_of(record), &recorded);
	json = recorded_to_json(runbook, &recorded);
	assert_true(recorded_from_json(json, runbook, &back));
	again = recorded_to_json(runbook, &back);
	assert_true(json_equal(json, again));
	assert_false(recorded_from_json(NULL, runbook, &(struct recorded){ 0 }));
	json_decref(json);
	json_decref(again);
	recorded_release(&recorded);
	recorded_release(&back);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, record_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_done_last),
		TEST(test_beginnings),
		TEST(test_the_latest_word_about_an_event_counts),
		TEST(test_phases),
		TEST(test_probes_of_routines_and_drills),
		TEST(test_affairs_of_a_period),
		TEST(test_json_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
