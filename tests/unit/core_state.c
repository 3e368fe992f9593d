/* The state of an incident is a fold over its ledger: real appends into real ledgers. */
#include "tests/unit/core_record.h"

static const struct timeline_entry *last(const struct incident *incident)
{
	return &incident->state.timeline[incident->state.ntimeline - 1];
}

static enum step_status step_status(const struct incident *incident, size_t step)
{
	return state_attempt(&incident->state)->procedure.steps[step].status;
}

/* Another console's view: the same folder, replayed. */
static void reopened(const struct incident *incident, struct record *record, struct incident *other)
{
	struct err err = ERR_INIT;

	if (incident_open(other, incident->folder, &record->clock.clock, &err))
		fail_msg("%s", err.msg);
}

#define STEP(name) "'procedure': 'restart', 'step': '" name "', 'attempt': 1"

static void run_step(struct record *record, struct incident *incident, const char *step)
{
	char text[200];

	snprintf(text, sizeof(text),
		 "{'procedure': 'restart', 'step': '%s', 'attempt': 1, 'act': 'run'}", step);
	record_append(record, incident, EV_INTENT, text);
	snprintf(text, sizeof(text),
		 "{'procedure': 'restart', 'step': '%s', 'attempt': 1, 'act': 'run', "
		 "'result': 'done', 'elapsed': 1.0}",
		 step);
	record_append(record, incident, EV_OUTCOME, text);
	snprintf(text, sizeof(text),
		 "{'procedure': 'restart', 'step': '%s', 'attempt': 1, 'verdict': 'pass'}", step);
	record_append(record, incident, EV_VERIFY, text);
}

static void choose_restart(struct record *record, struct incident *incident)
{
	record_append(record, incident, EV_CHOSEN, "{'procedure': 'restart', 'source': 'tree'}");
	record_append(record, incident, EV_APPROVED,
		      "{'procedure': 'restart', 'digest': 'abc', "
		      "'loss': ['3 rows'], 'params': {'x': 1}}");
}

static void test_opened(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	assert_int_equal(incident.state.phase, INCIDENT_OPEN);
	assert_string_equal(incident.state.id, incident.id);
	assert_string_equal(incident.state.title, "orders fail");
	assert_int_equal(incident.state.severity, SEVERITY_HIGH);
	assert_int_equal(incident.state.opened_at, RECORD_BEGIN);
	assert_int_equal(incident.state.ntimeline, 1);
	assert_int_equal(incident.state.last_act, 1);
	record_append(record, &incident, EV_SEVERITY,
		      "{'severity': 'critical', 'reason': 'worse'}");
	assert_int_equal(incident.state.severity, SEVERITY_CRITICAL);
	record_append(record, &incident, EV_OPENED,
		      "{'incident': 'x', 'kind': 'drill', 'system': 's', 'target': 't', "
		      "'severity': 'low', 'title': 'again', 'runbook_hash': 'a', 'target_hash': "
		      "'b'}");
	assert_true(last(&incident)->misfit);
	assert_string_equal(incident.state.title, "orders fail");
	incident_close(&incident);
}

static void test_alerts(void **state)
{
	struct record *record = *state;
	struct incident incident;
	const struct alert_state *alert;

	record_open(record, &incident);
	alert = &incident.state.alerts[0];
	record_append(record, &incident, EV_ALERT,
		      "{'metric': 'errors', 'level': 'warning', 'was': 'ok', 'value': 30}");
	assert_int_equal(alert->level, LEVEL_WARNING);
	assert_int_equal(incident.state.first_alert_at, RECORD_BEGIN + CLOCK_US);
	record_append(record, &incident, EV_ACKNOWLEDGED, "{'metric': 'errors'}");
	assert_true(alert->acknowledged);
	/* A higher level is news, whatever was acknowledged. */
	record_append(record, &incident, EV_ALERT,
		      "{'metric': 'errors', 'level': 'critical', 'was': 'warning', 'value': 70}");
	assert_false(alert->acknowledged);
	assert_int_equal(incident.state.first_alert_at, RECORD_BEGIN + CLOCK_US);
	record_append(record, &incident, EV_ALERT,
		      "{'metric': 'errors', 'level': 'ok', 'was': 'critical', 'value': 1}");
	assert_int_equal(alert->level, LEVEL_OK);
	record_append(record, &incident, EV_ALERT,
		      "{'metric': 'errors', 'level': 'ok', 'was': 'ok', 'no_data': true}");
	assert_true(alert->no_data);
	assert_string_equal(entry_text(last(&incident)), "no data any more: errors");
	record_append(record, &incident, EV_MUTED,
		      "{'metric': 'errors', 'until': '2999-01-01T00:00:00Z', 'reason': 'known'}");
	assert_true(alert->muted_until > RECORD_BEGIN);
	record_append(record, &incident, EV_MUTED, "{'metric': 'errors'}");
	assert_true(alert->muted_until == 0);
	record_append(record, &incident, EV_ALERT, "{'metric': 'nonsense', 'level': 'ok'}");
	assert_true(last(&incident)->misfit);
	assert_non_null(
	    strstr(entry_text(last(&incident)), "[does not fit: the runbook has no such metric]"));
	/* Sensed events and notes are no acts: an approval is not refused because of them. */
	assert_int_equal(incident.state.last_act, 8);
	record_append(record, &incident, EV_NOTE, "{'text': 'hm'}");
	assert_int_equal(incident.state.last_act, 8);
	incident_close(&incident);
}

static void test_tree(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	record_append(record, &incident, EV_ANSWERED,
		      "{'question': 'up', 'answer': 'yes', 'proposed': 'fail', 'reason': 'I see "
		      "it'}");
	assert_int_equal(incident.state.tree.n, 1);
	assert_true(incident.state.tree.answers[0].yes);
	assert_true(incident.state.tree.answers[0].overridden);
	record_append(record, &incident, EV_ANSWERED, "{'question': 'up', 'answer': 'no'}");
	assert_true(last(&incident)->misfit);
	assert_int_equal(incident.state.tree.n, 1);
	record_append(record, &incident, EV_ANSWERED,
		      "{'question': 'damaged', 'answer': 'yes', 'proposed': 'pass'}");
	assert_int_equal(incident.state.tree.n, 2);
	record_append(record, &incident, EV_BACK, "{'question': 'up'}");
	assert_int_equal(incident.state.tree.n, 0);
	incident_close(&incident);
}

static void test_procedure_runs_to_its_end(void **state)
{
	struct record *record = *state;
	struct incident incident, other;
	const struct attempt *attempt;

	record_open(record, &incident);
	record_append(record, &incident, EV_APPROVED, "{'procedure': 'restart', 'digest': 'abc'}");
	assert_true(last(&incident)->misfit);
	choose_restart(record, &incident);
	attempt = state_attempt(&incident.state);
	assert_true(attempt->procedure.approved);
	assert_string_equal(attempt->digest, "abc");
	assert_string_equal(json_string_value(json_array_get(attempt->loss, 0)), "3 rows");
	assert_int_equal(json_integer_value(json_object_get(attempt->params, "x")), 1);
	assert_true(*attempt->approved_by);
	run_step(record, &incident, "stop");
	assert_int_equal(step_status(&incident, 0), STEP_DONE);
	assert_int_equal(step_status(&incident, 1), STEP_WAITING);
	run_step(record, &incident, "start");
	record_append(record, &incident, EV_PROCEDURE_ENDED,
		      "{'procedure': 'restart', 'result': 'done'}");
	assert_true(procedure_finished(&attempt->procedure));
	assert_true(procedure_clean(&attempt->procedure));
	assert_string_equal(attempt->result, "done");

	/* Whoever replays the ledger sees the same. */
	reopened(&incident, record, &other);
	assert_int_equal(other.state.ntimeline, incident.state.ntimeline);
	assert_int_equal(other.state.last_act, incident.state.last_act);
	assert_int_equal(step_status(&other, 1), STEP_DONE);
	assert_string_equal(entry_text(last(&other)), entry_text(last(&incident)));
	assert_int_equal(state_attempt(&other.state)->ended_at, attempt->ended_at);
	incident_close(&other);
	incident_close(&incident);
}

static void test_failures_and_what_comes_of_them(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	choose_restart(record, &incident);
	record_append(record, &incident, EV_INTENT, "{" STEP("stop") ", 'act': 'run'}");
	assert_int_equal(step_status(&incident, 0), STEP_RUNNING);
	record_append(record, &incident, EV_OUTCOME,
		      "{" STEP("stop") ", 'act': 'run', 'result': 'timeout'}");
	assert_int_equal(step_status(&incident, 0), STEP_FAILED);
	record_append(record, &incident, EV_SKIPPED,
		      "{'procedure': 'restart', 'step': 'stop', 'reason': 'it is down'}");
	assert_int_equal(step_status(&incident, 0), STEP_SKIPPED);
	record_append(record, &incident, EV_INTENT, "{" STEP("start") ", 'act': 'run'}");
	record_append(record, &incident, EV_DIED, "{" STEP("start") "}");
	assert_int_equal(step_status(&incident, 1), STEP_UNKNOWN);
	record_append(record, &incident, EV_SETTLED, "{" STEP("start") ", 'settled': 'unknown'}");
	assert_int_equal(step_status(&incident, 1), STEP_UNKNOWN);
	record_append(record, &incident, EV_SETTLED, "{" STEP("start") ", 'settled': 'yes'}");
	record_append(record, &incident, EV_VERIFY,
		      "{" STEP("start") ", 'verdict': 'unknown', 'probes': "
					"[{'probe': 'up', 'verdict': 'unknown', 'evidence': 'no "
					"answer'}]}");
	assert_int_equal(step_status(&incident, 1), STEP_NOT_VERIFIED);
	record_append(record, &incident, EV_STOPPED,
		      "{'procedure': 'restart', 'reason': 'enough'}");
	assert_true(state_attempt(&incident.state)->procedure.stopped);
	record_append(record, &incident, EV_PROCEDURE_ENDED,
		      "{'procedure': 'restart', 'result': 'stopped'}");

	/* Once more, because the operator says so: a new attempt that knows nothing of the old one.
	 */
	choose_restart(record, &incident);
	assert_int_equal(incident.state.nattempts, 2);
	assert_int_equal(step_status(&incident, 0), STEP_WAITING);
	assert_string_equal(incident.state.attempts[0].result, "stopped");
	incident_close(&incident);
}

static void test_undo(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	choose_restart(record, &incident);
	run_step(record, &incident, "stop");
	record_append(record, &incident, EV_INTENT, "{" STEP("stop") ", 'act': 'undo'}");
	assert_true(state_attempt(&incident.state)->procedure.steps[0].undoing);
	record_append(record, &incident, EV_OUTCOME,
		      "{" STEP("stop") ", 'act': 'undo', 'result': 'done'}");
	assert_int_equal(step_status(&incident, 0), STEP_UNDONE);
	incident_close(&incident);
}

static void test_checklist(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	record_append(record, &incident, EV_ITEM,
		      "{'checklist': 'after', 'item': 'look', 'act': 'ticked'}");
	assert_int_equal(incident.state.checklists[0].items[0].status, ITEM_GREEN);
	record_append(record, &incident, EV_ITEM,
		      "{'checklist': 'after', 'item': 'tell', 'act': 'overridden'}");
	assert_true(last(&incident)->misfit); /* an override needs a reason */
	assert_int_equal(incident.state.checklists[0].items[1].status, ITEM_OPEN);
	assert_int_equal(checklist_readiness(&incident.state.checklists[0]), 50);
	incident_close(&incident);
}

static void test_closing(void **state)
{
	struct record *record = *state;
	struct incident incident;
	struct err err = ERR_INIT;

	record_open(record, &incident);
	record_append(record, &incident, EV_RESOLVED, "{'how': 'restart'}");
	assert_int_equal(incident.state.phase, INCIDENT_RESOLVED);
	record_append(record, &incident, EV_CLOSED,
		      "{'root_cause': 'a typo', 'lessons': 'review'}");
	assert_int_equal(incident.state.phase, INCIDENT_CLOSED);
	assert_string_equal(incident.state.root_cause, "a typo");
	assert_null(incident.state.remediation);
	assert_int_equal(incident_append(&incident, EV_NOTE, json_pack("{s:s}", "text", "late"),
					 &err),
			 -1);
	assert_non_null(strstr(err.msg, "closed and sealed"));
	incident_close(&incident);
}

static void test_hidden(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	record_append(record, &incident, EV_INJECTED, "{'scenario': 'bad-release'}");
	assert_true(last(&incident)->hidden);
	assert_false(state_reveals(&incident.state));
	record_append(record, &incident, EV_SCORED, "{'score': {'result': 'recovered'}}");
	assert_true(state_reveals(&incident.state));
	incident_close(&incident);
}

#define WITH_RECORD(test) cmocka_unit_test_setup_teardown(test, record_setup, record_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RECORD(test_opened),
		WITH_RECORD(test_alerts),
		WITH_RECORD(test_tree),
		WITH_RECORD(test_procedure_runs_to_its_end),
		WITH_RECORD(test_failures_and_what_comes_of_them),
		WITH_RECORD(test_undo),
		WITH_RECORD(test_checklist),
		WITH_RECORD(test_closing),
		WITH_RECORD(test_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
