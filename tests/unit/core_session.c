/*
 * A session on a real runbook, real files and real runners: deciding, planning, approving, running,
 * what is refused, and what goes on record. This program is its own runner.
 */
#include <sys/resource.h>

#include "core/session_parts.h"
#include "tests/unit/console.h"

/* ---- The whole path ---- */

static void from_question_to_closed(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct ledger_report report;
	const char *why;
	char *text;

	open_incident(&console);
	UNTIL(&console, proposed(&console) == VERDICT_FAIL);
	refused(&console, "answer ok yes", "needs a reason");
	command(&console, "answer ok no");
	assert_string_equal(session_suggested(console.session, &why)->name, "mend");
	refused(&console, "choose relight", "needs a reason");
	command(&console, "choose mend");
	assert_string_equal(json_str(last(&console, EV_CHOSEN), "source", ""), "tree");
	refused(&console, "approve attic", "no plan");
	UNTIL(&console, session_proposed_params(console.session));
	command(&console, "params");
	UNTIL(&console, session_plan(console.session, NULL));
	command(&console, "approve");
	command(&console, "run");
	UNTIL(&console,
	      status(&console, "write") == STEP_DONE && !session_running(console.session));
	command(&console, "run");
	UNTIL(&console, attempt(&console)->ended_at);
	assert_string_equal(attempt(&console)->result, "done");
	text = lamp_get(console.lamp, "painted");
	assert_string_equal(text, "green\n");
	free(text);
	/* What worked is not suggested again. */
	assert_null(session_suggested(console.session, NULL));
	refused(&console, "close", "not resolved");
	command(&console, "resolve mended");
	assert_non_null(
	    strstr(json_str(last(&console, EV_RESOLVED), "how", ""), "alerting now: nothing"));
	command(&console, "close a worn thread");
	assert_int_equal(incident_verify(session_incident(console.session)->id, NULL, &report,
					 NULL),
			 0);
	assert_true(report.result == LEDGER_GOOD && report.closed && report.sealed_ok);
	session_free(console.session);
}

static void straight_through_runs_to_the_end(void **state)
{
	struct console console = console_begin(*state, NULL);

	open_incident(&console);
	command(&console, "choose mend for the test");
	UNTIL(&console, session_proposed_params(console.session));
	command(&console, "params colour=red");
	UNTIL(&console, session_plan(console.session, NULL));
	command(&console, "approve");
	session_straight_through(console.session, true);
	UNTIL(&console, attempt(&console)->ended_at);
	assert_string_equal(attempt(&console)->result, "done");
	assert_false(session_is_straight_through(console.session));
	session_free(console.session);
}

static void straight_through_stops_where_it_does_not_hold(void **state)
{
	struct console console = console_begin(*state, NULL);

	open_incident(&console);
	approve(&console, "poor");
	session_straight_through(console.session, true);
	UNTIL(&console, status(&console, "try") == STEP_NOT_VERIFIED &&
			    !session_is_straight_through(console.session));
	assert_int_equal(count(&console, EV_INTENT), 1);
	command(&console, "alternative try");
	command(&console, "run");
	UNTIL(&console, attempt(&console)->ended_at);
	assert_int_equal(status(&console, "other"), STEP_DONE);
	session_free(console.session);
}

/* ---- Approval ---- */

static void destruction_takes_the_targets_name(void **state)
{
	struct console console = console_begin(*state, NULL);

	open_incident(&console);
	command(&console, "choose blow for the test");
	UNTIL(&console, session_plan(console.session, NULL));
	assert_int_equal(session_plan(console.session, NULL)->risk, ACTION_DESTRUCTIVE);
	refused(&console, "approve", "target's name");
	refused(&console, "approve cellar", "target's name");
	refused(&console, "run", "not approved");
	command(&console, "approve attic");
	refused(&console, "approve attic", "approved already");
	assert_true(lamp_has(console.lamp, "state"));
	session_free(console.session);
}

static void values_that_changed_void_the_plan(void **state)
{
	struct console console = console_begin(*state, NULL);
	json_t *other = json_pack("{s:s}", "colour", "black");

	open_incident(&console);
	command(&console, "choose mend for the test");
	UNTIL(&console, session_proposed_params(console.session));
	command(&console, "params");
	UNTIL(&console, session_plan(console.session, NULL));
	sense_params(session_sense(console.session), other);
	refused(&console, "approve", "not what was shown");
	json_decref(other);
	session_free(console.session);
}

/* ---- Steps ---- */

static void a_manual_step_is_done_by_a_person(void **state)
{
	struct console console = console_begin(*state, NULL);

	open_incident(&console);
	approve(&console, "blow");
	refused(&console, "done sweep", "not the one that is next");
	refused(&console, "run sweep", "nothing behind it");
	command(&console, "run");
	UNTIL(&console, status(&console, "blow") == STEP_DONE && !session_running(console.session));
	refused(&console, "run", "done by a person");
	refused(&console, "skip sweep", "usage");
	command(&console, "done sweep used the broom");
	UNTIL(&console, attempt(&console)->ended_at);
	assert_string_equal(attempt(&console)->result, "done");
	session_free(console.session);
}

static void a_skipped_step_is_not_called_holding(void **state)
{
	struct console console = console_begin(*state, NULL);
	char line[256];

	open_incident(&console);
	approve(&console, "blow");
	command(&console, "run");
	UNTIL(&console, status(&console, "blow") == STEP_DONE && !session_running(console.session));
	command(&console, "skip sweep there is no broom");
	UNTIL(&console, attempt(&console)->ended_at);
	session_next(console.session, line, sizeof(line));
	if (!strstr(line, "with steps skipped or not verified"))
		fail_msg("%s", line);
	session_free(console.session);
}

static void a_running_step_can_be_stopped_and_blocks_resolving(void **state)
{
	struct console console = console_begin(*state, NULL);

	open_incident(&console);
	approve(&console, "wait");
	command(&console, "run");
	UNTIL(&console, lamp_has(console.lamp, "pid") && session_running(console.session));
	refused(&console, "run", "");
	refused(&console, "resolve", "running");
	refused(&console, "skip gate because", "running");
	command(&console, "stop enough");
	UNTIL(&console, attempt(&console)->ended_at);
	assert_string_equal(attempt(&console)->result, "stopped");
	assert_string_equal(json_str(last(&console, EV_OUTCOME), "result", ""), "stopped");
	command(&console, "resolve gave up");
	session_free(console.session);
}

static void another_console_takes_over_a_running_step(void **state)
{
	struct console first = console_begin(*state, NULL), second;
	char *folder;

	open_incident(&first);
	approve(&first, "wait");
	command(&first, "run");
	UNTIL(&first, lamp_has(first.lamp, "pid") && count(&first, EV_INTENT));
	folder = xstrdup(session_incident(first.session)->folder);
	session_free(first.session);

	second = console_begin(*state, folder);
	assert_non_null(session_running(second.session));
	assert_string_equal(session_running(second.session)->id, "gate");
	UNTIL(&second, strstr(session_output(second.session), "token"));
	lamp_put(second.lamp, "state", "well\n");
	lamp_open_gate(second.lamp);
	UNTIL(&second, attempt(&second)->ended_at);
	assert_string_equal(attempt(&second)->result, "done");
	free(folder);
	session_free(second.session);
}

static void an_orphaned_step_is_judged_by_whoever_attaches(void **state)
{
	struct console first = console_begin(*state, NULL), second;
	char *folder, *pid;

	open_incident(&first);
	approve(&first, "wait");
	command(&first, "run");
	UNTIL(&first, lamp_has(first.lamp, "pid") && count(&first, EV_INTENT));
	pid = lamp_get(first.lamp, "pid");
	folder = xstrdup(session_incident(first.session)->folder);
	kill((pid_t)json_integer_value(json_object_get(last(&first, EV_INTENT), "pid")), SIGKILL);
	session_free(first.session);

	second = console_begin(*state, folder);
	UNTIL(&second, status(&second, "gate") == STEP_UNKNOWN && count(&second, EV_SETTLED) == 1);
	assert_int_equal(count(&second, EV_DIED), 1);
	refused(&second, "run", "unknown");
	refused(&second, "again gate", "nobody knows");
	assert_int_equal(count(&second, EV_INTENT), 1);
	free(pid);
	free(folder);
	session_free(second.session);
}

/* A judgement that could not be recorded is asked for again, without anybody doing anything. */
static void an_orphan_is_judged_once_the_ledger_can_be_written(void **state)
{
	struct console first = console_begin(*state, NULL), second;
	struct rlimit old, none;
	char *folder;

	open_incident(&first);
	approve(&first, "wait");
	command(&first, "run");
	UNTIL(&first, lamp_has(first.lamp, "pid") && count(&first, EV_INTENT));
	folder = xstrdup(session_incident(first.session)->folder);
	kill((pid_t)json_integer_value(json_object_get(last(&first, EV_INTENT), "pid")), SIGKILL);
	session_free(first.session);

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	second = console_begin(*state, folder);
	UNTIL(&second, second.session->judged && !second.session->runner);
	assert_int_equal(status(&second, "gate"), STEP_RUNNING);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	UNTIL(&second, status(&second, "gate") == STEP_UNKNOWN);
	free(folder);
	session_free(second.session);
}

/* ---- What is sensed ---- */

static void alerts_and_conditions_are_recorded_once(void **state)
{
	struct console console = console_begin(*state, NULL);
	const char *why;
	struct buf lines = BUF_INIT, errors = BUF_INIT;
	char *path, at[32];
	time_t now = time(NULL);

	open_incident(&console);
	strftime(at, sizeof(at), "%Y-%m-%d %H:%M:%S", gmtime(&now));
	path = lamp_path(console.lamp, "app.log");
	for (int i = 0; i < 5; i++)
		buf_printf(&lines, "%s ERROR it sparks (%d)\nTraceback (most recent call last):\n",
			   at, i);
	buf_printf(&lines, "%s ERROR it smokes\n", at);
	scratch_puts(path, buf_str(&lines));
	lamp_put(console.lamp, "config.json", "{\"bright\": false}\n");
	UNTIL(&console, count(&console, EV_ALERT) && count(&console, EV_CONDITION));
	assert_true(session_state(console.session)->first_alert_at > 0);
	assert_string_equal(session_suggested(console.session, &why)->name, "relight");
	assert_non_null(strstr(why, "dark"));
	free(path);
	path = path_join(session_incident(console.session)->folder, "errors.txt");
	assert_int_equal(file_read(path, &errors, 0, NULL), 0);
	/* The first of a kind in full, the others counted. */
	assert_non_null(strstr(buf_str(&errors), "ERROR it sparks (0)\nTraceback (most recent call "
						 "last):\n... and 4 more like it, the last at "));
	assert_null(strstr(buf_str(&errors), "(1)"));
	assert_non_null(strstr(buf_str(&errors), "ERROR it smokes\n"));
	buf_release(&errors);
	buf_release(&lines);
	lamp_put(console.lamp, "config.json", "{\"bright\": true}\n");
	UNTIL(&console, count(&console, EV_CONDITION) == 2);
	assert_string_equal(json_str(last(&console, EV_CONDITION), "verdict", ""), "fail");
	free(path);
	session_free(console.session);
}

static void what_to_do_now_names_a_key(void **state)
{
	struct console console = console_begin(*state, NULL);
	char line[256];

	session_next(console.session, line, sizeof(line));
	assert_non_null(strstr(line, "Press !"));
	open_incident(&console);
	UNTIL(&console, proposed(&console) == VERDICT_FAIL);
	session_next(console.session, line, sizeof(line));
	assert_non_null(strstr(line, "Is the lamp well? Proposed: no. Press 2"));
	session_free(console.session);
}

static void a_third_failure_names_whom_to_call(void **state)
{
	struct console console = console_begin(*state, NULL);
	char line[400];

	open_incident(&console);
	approve(&console, "poor");
	for (int i = 1; i <= 3; i++) {
		command(&console, i == 1 ? "run" : "check try");
		UNTIL(&console, status(&console, "try") == STEP_NOT_VERIFIED &&
				    (int)count(&console, EV_VERIFY) == i &&
				    !session_running(console.session));
		session_next_in(console.session, KEY_ID_EXECUTE, line, sizeof(line));
		assert_int_equal(strstr(line, "Call Electrician (ring twice)") != NULL, i == 3);
	}
	/* Whoever is called only after an hour is not called yet. */
	assert_null(strstr(line, "Boss"));
	session_free(console.session);
}

static void a_sentence_sends_nobody_where_he_is(void **state)
{
	struct console console = console_begin(*state, NULL);
	char line[400];

	open_incident(&console);
	UNTIL(&console, proposed(&console) == VERDICT_FAIL);
	session_next_in(console.session, KEY_ID_WATCH, line, sizeof(line));
	assert_non_null(strstr(line, "Press 2, then Enter"));
	session_next_in(console.session, KEY_ID_DECIDE, line, sizeof(line));
	assert_non_null(strstr(line, "Press Enter"));
	session_free(console.session);
}

static void what_cannot_be_undone_is_not_offered(void **state)
{
	struct console console = console_begin(*state, NULL);

	open_incident(&console);
	approve(&console, "poor");
	command(&console, "run");
	UNTIL(&console,
	      status(&console, "try") == STEP_NOT_VERIFIED && !session_running(console.session));
	assert_false(
	    session_can_undo(console.session, &attempt(&console)->procedure.procedure->steps[0]));
	session_free(console.session);
}

/* ---- Attaching ---- */

static void whoever_attaches_sees_the_plan(void **state)
{
	struct lamp *lamp = *state;
	struct console console = console_begin(lamp, NULL), other;
	char *id;

	open_incident(&console);
	command(&console, "choose mend for the test");
	UNTIL(&console, session_proposed_params(console.session));
	command(&console, "params colour=red");
	UNTIL(&console, session_plan(console.session, NULL));
	command(&console, "approve");
	id = xstrdup(session_incident(console.session)->id);
	session_free(console.session);
	other = console_begin(lamp, id);
	UNTIL(&other, session_plan(other.session, NULL));
	assert_string_equal(session_plan(other.session, NULL)->digest, attempt(&other)->digest);
	assert_string_equal(session_error(other.session), "");
	/* It is still approved: the next step runs. */
	command(&other, "run");
	UNTIL(&other, status(&other, "write") == STEP_DONE);
	free(id);
	session_free(other.session);
}

static void whoever_attaches_hears_of_another_plan(void **state)
{
	struct lamp *lamp = *state;
	struct console console = console_begin(lamp, NULL), other;
	struct incident incident;
	char *id;

	open_incident(&console);
	command(&console, "choose poor for the test");
	id = xstrdup(session_incident(console.session)->id);
	session_free(console.session);
	assert_int_equal(incident_open(&incident, id, &clock_system, NULL), 0);
	assert_int_equal(incident_append(&incident, EV_APPROVED,
					 json_pack("{s:s, s:s}", "procedure", "poor", "digest",
						   "not that of the plan"),
					 NULL),
			 0);
	incident_close(&incident);
	other = console_begin(lamp, id);
	UNTIL(&other, session_plan(other.session, NULL));
	assert_non_null(strstr(session_error(other.session), "not what was approved"));
	free(id);
	session_free(other.session);
}

static void mutes_are_on_record_and_outlive_the_console(void **state)
{
	struct lamp *lamp = *state;
	struct console console = console_begin(lamp, NULL);
	const struct metric *errors = runbook_metric(session_runbook(console.session), "errors");
	struct kept *kept;
	json_t *mutes;
	char *id;

	refused(&console, "mute nothing 1h", "no metric nothing");
	refused(&console, "mute errors soon", "no duration");
	refused(&console, "mute errors 31d", "30 days");
	/* Without an incident, too. */
	command(&console, "mute errors 1h");
	assert_true(sense_is_muted(session_sense(console.session),
				   sense_alert(session_sense(console.session), errors)));
	open_incident(&console);
	command(&console, "mute errors 2h the cable is known");
	id = xstrdup(session_incident(console.session)->id);
	assert_string_equal(json_str(last(&console, EV_MUTED), "reason", ""), "the cable is known");
	session_free(console.session);
	kept = kept_new("lamp", "attic", &clock_system);
	mutes = kept_mutes(kept);
	assert_string_equal(json_str(json_object_get(mutes, "errors"), "reason", ""),
			    "the cable is known");
	json_decref(mutes);
	kept_free(kept);
	console = console_begin(lamp, id);
	errors = runbook_metric(session_runbook(console.session), "errors");
	assert_true(sense_is_muted(session_sense(console.session),
				   sense_alert(session_sense(console.session), errors)));
	command(&console, "unmute errors");
	assert_false(sense_is_muted(session_sense(console.session),
				    sense_alert(session_sense(console.session), errors)));
	assert_null(json_object_get(last(&console, EV_MUTED), "until"));
	session_free(console.session);
	free(id);
}

static void baselines_are_what_was_measured(void **state)
{
	struct lamp *lamp = *state;
	struct console console = console_begin(lamp, NULL);
	const struct metric *size = runbook_metric(session_runbook(console.session), "state-size");
	struct kept *kept = kept_new("lamp", "attic", &clock_system);
	json_t *baselines;

	refused(&console, "baseline state-size", "not measured");
	UNTIL(&console, sense_metric(session_sense(console.session), size)->has_value);
	command(&console, "baseline state-size");
	baselines = kept_baselines(kept);
	assert_float_equal(json_num(json_object_get(baselines, "state-size"), "value", 0),
			   (float)sense_metric(session_sense(console.session), size)->value, 0);
	json_decref(baselines);
	kept_free(kept);
	session_free(console.session);
}

int main(int argc, char **argv)
{
#define LAMP_TEST(name) cmocka_unit_test_setup_teardown(name, lamp_setup, lamp_teardown)
	const struct CMUnitTest tests[] = {
		LAMP_TEST(from_question_to_closed),
		LAMP_TEST(straight_through_runs_to_the_end),
		LAMP_TEST(straight_through_stops_where_it_does_not_hold),
		LAMP_TEST(destruction_takes_the_targets_name),
		LAMP_TEST(values_that_changed_void_the_plan),
		LAMP_TEST(a_manual_step_is_done_by_a_person),
		LAMP_TEST(a_skipped_step_is_not_called_holding),
		LAMP_TEST(a_running_step_can_be_stopped_and_blocks_resolving),
		LAMP_TEST(another_console_takes_over_a_running_step),
		LAMP_TEST(an_orphaned_step_is_judged_by_whoever_attaches),
		LAMP_TEST(an_orphan_is_judged_once_the_ledger_can_be_written),
		LAMP_TEST(alerts_and_conditions_are_recorded_once),
		LAMP_TEST(mutes_are_on_record_and_outlive_the_console),
		LAMP_TEST(baselines_are_what_was_measured),
		LAMP_TEST(what_to_do_now_names_a_key),
		LAMP_TEST(a_third_failure_names_whom_to_call),
		LAMP_TEST(a_sentence_sends_nobody_where_he_is),
		LAMP_TEST(what_cannot_be_undone_is_not_offered),
		LAMP_TEST(whoever_attaches_sees_the_plan),
		LAMP_TEST(whoever_attaches_hears_of_another_plan),
	};

	LAMP_RUNNER(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
