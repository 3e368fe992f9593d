/* The runner with real processes and files: what is on record, and that steps start one at a time.
 */
#include <sys/mman.h>

#include "tests/unit/runnerfixture.h"

#include <sys/resource.h>

/* ---- What is on record ---- */

static void a_step_leaves_intent_outcome_and_verify(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	struct ledger_report report;

	incident_begin(lamp, &incident);
	approve(&incident, "mend");
	assert_int_equal(run(&incident, "write", RUNNER_RUN), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "write"), STEP_DONE);
	assert_true(json_is_array(json_object_get(last(&incident, EV_INTENT), "plan")));
	assert_string_equal(json_str(last(&incident, EV_OUTCOME), "result", ""), "done");
	assert_string_equal(json_str(last(&incident, EV_VERIFY), "verdict", ""), "pass");
	assert_int_equal(incident_verify(incident.id, NULL, &report, NULL), 0);
	assert_int_equal(report.result, LEDGER_GOOD);
	incident_close(&incident);
}

static void a_step_that_is_not_next_is_refused(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;

	incident_begin(lamp, &incident);
	approve(&incident, "mend");
	assert_int_equal(run(&incident, "paint", RUNNER_RUN), RUNNER_REFUSED);
	assert_int_equal(count(&incident, EV_INTENT), 0);
	assert_false(lamp_has(lamp, "painted"));
	incident_close(&incident);
}

static void what_was_not_approved_is_refused(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;

	incident_begin(lamp, &incident);
	append(&incident, EV_CHOSEN, json_pack("{s:s}", "procedure", "mend"));
	assert_int_equal(run(&incident, "write", RUNNER_RUN), RUNNER_REFUSED);
	append(&incident, EV_APPROVED,
	       json_pack("{s:s, s:s}", "procedure", "mend", "digest",
			 "0000000000000000000000000000000000000000000000000000000000000000"));
	assert_int_equal(run(&incident, "write", RUNNER_RUN), RUNNER_REFUSED);
	assert_int_equal(count(&incident, EV_INTENT), 0);
	incident_close(&incident);
}

static void a_changed_frozen_runbook_runs_nothing(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	struct buf text = BUF_INIT;
	char *path, *at;

	incident_begin(lamp, &incident);
	approve(&incident, "mend");
	path = path_join(incident.folder, "runbook.json");
	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	at = strstr(text.data, "echo well");
	assert_non_null(at);
	memcpy(at, "echo evil", 9);
	assert_int_equal(file_replace(path, text.data, text.len, 0600, NULL), 0);
	assert_int_not_equal(wait_for(start(&incident, "write", RUNNER_RUN)), RUNNER_DONE);
	at = lamp_get(lamp, "state");
	assert_string_equal(at, "broken\n");
	free(at);
	buf_release(&text);
	free(path);
	incident_close(&incident);
}

static void something_that_came_between_stops_the_start(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	uint64_t seen;

	incident_begin(lamp, &incident);
	approve(&incident, "mend");
	seen = incident.state.last_act;
	append(&incident, EV_NOTE, json_pack("{s:s}", "text", "notes may come between"));
	append(&incident, EV_SEVERITY, json_pack("{s:s}", "severity", "low"));
	assert_int_equal(wait_for(runner_start(&incident, "write", RUNNER_RUN, seen, -1, NULL)),
			 RUNNER_REFUSED);
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	assert_int_equal(count(&incident, EV_INTENT), 0);
	incident_close(&incident);
}

static void a_failing_verify_is_checked_again_without_running(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;

	incident_begin(lamp, &incident);
	approve(&incident, "poor");
	assert_int_equal(run(&incident, "try", RUNNER_RUN), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "try"), STEP_NOT_VERIFIED);
	lamp_put(lamp, "state", "well\n");
	assert_int_equal(run(&incident, "try", RUNNER_VERIFY), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "try"), STEP_DONE);
	assert_int_equal(count(&incident, EV_INTENT), 1);
	incident_close(&incident);
}

/* A service says that it is ready before the command that starts it returns; what it said when it
 * was started before is no sign. */
static void what_the_action_made_log_counts_for_its_verify(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;

	lamp_put(lamp, "app.log", "2026-01-01 00:00:00.000 INFO it burns\n");
	lamp_put(lamp, "kindle.sh", "");
	incident_begin(lamp, &incident);
	approve(&incident, "kindle");
	assert_int_equal(run(&incident, "kindle", RUNNER_RUN), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "kindle"), STEP_NOT_VERIFIED);
	/* The pause puts the lines before the step's end, also where clocks are coarse. */
	lamp_put(lamp, "kindle.sh",
		 "date -u '+%F %T.%3N INFO smoke' >>\"$1/app.log\"\n"
		 "date -u '+%F %T.%3N INFO it burns' >>\"$1/app.log\"\nsleep 0.05\n");
	assert_int_equal(run(&incident, "kindle", RUNNER_RUN), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "kindle"), STEP_DONE);
	assert_int_equal(run(&incident, "kindle", RUNNER_VERIFY), RUNNER_DONE);
	assert_string_equal(json_str(last(&incident, EV_VERIFY), "verdict", ""), "pass");
	incident_close(&incident);
}

static void undo_uses_the_recorded_state_before(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	char *text;

	lamp_put(lamp, "config.json", "{\"bright\": false}\n");
	incident_begin(lamp, &incident);
	approve(&incident, "relight");
	assert_int_equal(run(&incident, "flag", RUNNER_RUN), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "flag"), STEP_DONE);
	text = lamp_get(lamp, "config.json");
	assert_non_null(strstr(text, "true"));
	free(text);
	assert_int_equal(run(&incident, "flag", RUNNER_UNDO), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "flag"), STEP_UNDONE);
	text = lamp_get(lamp, "config.json");
	assert_non_null(strstr(text, "false"));
	free(text);
	incident_close(&incident);
}

/* A run that was refused changed nothing and recorded no state: what is undone is the run before
 * it. */
static void undo_reaches_back_past_a_refused_run(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	char *config;

	incident_begin(lamp, &incident);
	approve(&incident, "dim");
	assert_int_equal(run(&incident, "flag", RUNNER_RUN), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "flag"), STEP_NOT_VERIFIED);
	config = lamp_get(lamp, "config.json");
	lamp_put(lamp, "config.json", "no JSON");
	assert_int_equal(run(&incident, "flag", RUNNER_RUN), RUNNER_DONE);
	assert_string_equal(json_str(last(&incident, EV_OUTCOME), "result", ""), "refused");
	lamp_put(lamp, "config.json", config);
	free(config);
	assert_int_equal(run(&incident, "flag", RUNNER_UNDO), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "flag"), STEP_UNDONE);
	config = lamp_get(lamp, "config.json");
	assert_non_null(strstr(config, "true"));
	free(config);
	incident_close(&incident);
}

/* Each run found what the one before it had left: undoing the step is undoing all of them. */
static void undo_takes_back_every_run_of_the_step(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	char *config;

	incident_begin(lamp, &incident);
	approve(&incident, "dim");
	assert_int_equal(run(&incident, "flag", RUNNER_RUN), RUNNER_DONE);
	assert_int_equal(run(&incident, "flag", RUNNER_RUN), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "flag"), STEP_NOT_VERIFIED);
	assert_int_equal(run(&incident, "flag", RUNNER_UNDO), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "flag"), STEP_UNDONE);
	config = lamp_get(lamp, "config.json");
	assert_non_null(strstr(config, "true"));
	free(config);
	incident_close(&incident);
}

/* Runs a step that prints its secret. */
static void expect_no_secret(struct lamp *lamp)
{
	struct incident incident;
	struct buf text = BUF_INIT;
	char *path;
	pid_t pid;

	incident_begin(lamp, &incident);
	approve(&incident, "wait");
	pid = start(&incident, "gate", RUNNER_RUN);
	lamp_open_gate(lamp);
	assert_int_equal(wait_for(pid), RUNNER_DONE);
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	path = path_join(incident.folder, json_str(last(&incident, EV_INTENT), "out", ""));
	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	assert_non_null(strstr(buf_str(&text), "token"));
	assert_non_null(strstr(buf_str(&text), "\non\n"));
	assert_null(strstr(buf_str(&text), "s3cret-t0ken"));
	free(path);
	path = path_join(incident.folder, "ledger.jsonl");
	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	assert_null(memmem(text.data, text.len, "s3cret-t0ken", 12));
	free(path);
	buf_release(&text);
	incident_close(&incident);
}

static void secrets_do_not_reach_output_or_ledger(void **state)
{
	expect_no_secret(*state);
}

/* The first line is the secret; what stands below it may say whose it is. */
static void nor_do_those_from_files(void **state)
{
	struct lamp *lamp = *state;
	char *path = path_join(lamp->folder, "target.json"), *from, *text;
	struct buf old = BUF_INIT;

	lamp_put(lamp, "token", "s3cret-t0ken\nthe lamp's, of 2026\n");
	assert_int_equal(file_read(path, &old, 0, NULL), 0);
	from = strstr(old.data, "{\"env\"");
	text = xasprintf("%.*s{\"file\": \"%s/root/token\"}}}", (int)(from - old.data), old.data,
			 lamp->folder);
	assert_int_equal(file_replace(path, text, strlen(text), 0600, NULL), 0);
	loaded_release(&lamp->loaded);
	lamp_load(lamp, &lamp->loaded);
	expect_no_secret(lamp);
	buf_release(&old);
	free(text);
	free(path);
}

/* ---- One at a time, or none ---- */

static void two_consoles_start_a_step_once(void **state)
{
	struct lamp *lamp = *state;

	for (int round = 0; round < 8; round++) {
		struct incident incident;
		pid_t one, other;
		int first, second;

		lamp_put(lamp, "state", "broken\n");
		unlink(lamp->loaded.target->claim);
		incident_begin(lamp, &incident);
		approve(&incident, "mend");
		one = start(&incident, "write", RUNNER_RUN);
		other = start(&incident, "write", RUNNER_RUN);
		first = wait_for(one);
		second = wait_for(other);
		assert_int_equal(incident_refresh(&incident, NULL), 0);
		assert_int_equal(count(&incident, EV_INTENT), 1);
		assert_int_equal((first == RUNNER_DONE) + (second == RUNNER_DONE), 1);
		assert_int_equal(status_of(&incident, "write"), STEP_DONE);
		incident_close(&incident);
	}
}

static void a_target_is_claimed_by_one_incident(void **state)
{
	struct lamp *lamp = *state;
	struct incident first, second;

	incident_begin(lamp, &first);
	approve(&first, "mend");
	assert_int_equal(run(&first, "write", RUNNER_RUN), RUNNER_DONE);
	incident_begin(lamp, &second);
	approve(&second, "mend");
	assert_int_equal(run(&second, "write", RUNNER_RUN), RUNNER_REFUSED);
	assert_int_equal(count(&second, EV_INTENT), 0);
	append(&first, EV_RESOLVED, json_object());
	assert_int_equal(run(&second, "write", RUNNER_RUN), RUNNER_DONE);
	assert_int_equal(count(&second, EV_INTENT), 1);
	incident_close(&first);
	incident_close(&second);
}

static void nothing_starts_without_a_ledger(void **state)
{
	struct lamp *lamp = *state;
	struct rlimit old, none;
	struct incident incident;
	int status;

	incident_begin(lamp, &incident);
	approve(&incident, "blow");
	/* Files can still be removed, but not a byte can be written. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	status = wait_for(start(&incident, "blow", RUNNER_RUN));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_not_equal(status, RUNNER_DONE);
	assert_true(lamp_has(lamp, "state"));
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	assert_int_equal(count(&incident, EV_INTENT), 0);
	/* The very same step runs once the ledger can be written. */
	assert_int_equal(run(&incident, "blow", RUNNER_RUN), RUNNER_DONE);
	assert_false(lamp_has(lamp, "state"));
	incident_close(&incident);
}

/* Its words go to the screen; in them may be what a program or a server answered. */
static void what_a_refusing_runner_says_is_redacted(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	char text[600] = "";
	int fd = memfd_create("why", MFD_CLOEXEC);
	pid_t pid;

	incident_begin(lamp, &incident);
	approve(&incident, "mend");
	pid =
	    runner_start(&incident, "s3cret-t0ken", RUNNER_RUN, incident.state.last_act, fd, NULL);
	assert_true(pid > 0);
	assert_int_equal(wait_for(pid), RUNNER_REFUSED);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_non_null(strstr(text, "mend has no step [redacted]"));
	assert_null(strstr(text, "s3cret"));
	close(fd);
	incident_close(&incident);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAMP_TEST(what_a_refusing_runner_says_is_redacted),
		LAMP_TEST(a_step_leaves_intent_outcome_and_verify),
		LAMP_TEST(a_step_that_is_not_next_is_refused),
		LAMP_TEST(what_was_not_approved_is_refused),
		LAMP_TEST(a_changed_frozen_runbook_runs_nothing),
		LAMP_TEST(something_that_came_between_stops_the_start),
		LAMP_TEST(a_failing_verify_is_checked_again_without_running),
		LAMP_TEST(what_the_action_made_log_counts_for_its_verify),
		LAMP_TEST(undo_uses_the_recorded_state_before),
		LAMP_TEST(undo_reaches_back_past_a_refused_run),
		LAMP_TEST(undo_takes_back_every_run_of_the_step),
		LAMP_TEST(secrets_do_not_reach_output_or_ledger),
		LAMP_TEST(nor_do_those_from_files),
		LAMP_TEST(two_consoles_start_a_step_once),
		LAMP_TEST(a_target_is_claimed_by_one_incident),
		LAMP_TEST(nothing_starts_without_a_ledger),
	};

	LAMP_RUNNER(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
