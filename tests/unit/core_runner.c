/*
 * The runner with real processes and files: what is on record, what survives, what is never run
 * twice. This program is its own runner.
 */
#include <dirent.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "tests/unit/lamp.h"

/* ---- Helpers ---- */

static void incident_begin(struct lamp *lamp, struct incident *incident)
{
	struct err err = ERR_INIT;

	if (incident_create(incident, &lamp->loaded, INCIDENT_INCIDENT, SEVERITY_HIGH, "Test",
			    &clock_system, &err) != 0)
		fail_msg("%s", err.msg);
}

static void append(struct incident *incident, enum event_id event, json_t *fields)
{
	struct err err = ERR_INIT;

	assert_non_null(fields);
	if (incident_append(incident, event, fields, &err) != 0)
		fail_msg("%s", err.msg);
	assert_false(incident->state.timeline[incident->state.ntimeline - 1].misfit);
}

/* Chooses and approves a procedure as it is. */
static void approve(struct incident *incident, const char *name)
{
	const struct loaded *loaded = &incident->loaded;
	json_t *params = json_pack("{s:s}", "colour", "green");
	struct sense *sense =
	    sense_new(NULL, &clock_system, loaded->runbook, loaded->target, params, NULL, NULL);
	const struct procedure *procedure = runbook_procedure(loaded->runbook, name);
	char digest[SHA256_HEX];

	assert_non_null(procedure);
	assert_int_equal(plan_digest(sense, loaded, procedure, params, digest, NULL), 0);
	append(incident, EV_CHOSEN,
	       json_pack("{s:s, s:s}", "procedure", name, "source", "operator"));
	append(incident, EV_APPROVED,
	       json_pack("{s:s, s:s, s:o}", "procedure", name, "digest", digest, "params", params));
	sense_free(sense);
}

static pid_t start(struct incident *incident, const char *step, enum runner_act act)
{
	struct err err = ERR_INIT;
	pid_t pid = runner_start(incident, step, act, incident->state.last_act, -1, &err);

	if (pid < 0)
		fail_msg("%s", err.msg);
	return pid;
}

/* Its exit status. */
static int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int run(struct incident *incident, const char *step, enum runner_act act)
{
	int status = wait_for(start(incident, step, act));

	assert_int_equal(incident_refresh(incident, NULL), 0);
	return status;
}

static enum step_status status_of(const struct incident *incident, const char *step)
{
	const struct procedure_state *state = &state_attempt(&incident->state)->procedure;

	return state->steps[procedure_step(state->procedure, step) - state->procedure->steps]
	    .status;
}

static size_t count(const struct incident *incident, enum event_id event)
{
	size_t n = 0;

	for (size_t i = 0; i < incident->state.ntimeline; i++)
		n += incident->state.timeline[i].event == event;
	return n;
}

static const json_t *last(const struct incident *incident, enum event_id event)
{
	for (size_t i = incident->state.ntimeline; i-- > 0;) {
		if (incident->state.timeline[i].event == event)
			return incident->state.timeline[i].json;
	}
	fail_msg("there is no %s", event_defs[event].name);
	return NULL;
}

static bool is_gone(pid_t pid)
{
	char *path = xasprintf("/proc/%d/stat", (int)pid);
	struct buf stat = BUF_INIT;
	bool gone = file_read(path, &stat, 0, NULL) != 0 || strstr(buf_str(&stat), ") Z ");

	buf_release(&stat);
	free(path);
	return gone;
}

static pid_t pid_in(const struct lamp *lamp, const char *name)
{
	char *text = lamp_get(lamp, name);
	pid_t pid = (pid_t)atoi(text);

	free(text);
	assert_true(pid > 1);
	return pid;
}

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

/* A run that was refused changed nothing and recorded no state: what is undone is the run before it. */
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

static void secrets_do_not_reach_output_or_ledger(void **state)
{
	struct lamp *lamp = *state;
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

/* ---- Death ---- */

static void a_killed_runner_leaves_an_unknown_step(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	struct err err = ERR_INIT;
	pid_t pid, worker;

	incident_begin(lamp, &incident);
	approve(&incident, "wait");
	pid = start(&incident, "gate", RUNNER_RUN);
	LAMP_UNTIL(lamp, lamp_has(lamp, "pid"));
	worker = pid_in(lamp, "pid");
	assert_true(runner_alive(&incident));
	kill(pid, SIGKILL);
	assert_int_equal(wait_for(pid), -SIGKILL);
	LAMP_UNTIL(lamp, is_gone(worker));
	assert_false(runner_alive(&incident));
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	assert_int_equal(status_of(&incident, "gate"), STEP_RUNNING);
	assert_int_equal(runner_judge(&incident, &err), 0);
	assert_int_equal(count(&incident, EV_DIED), 1);
	/* A command can't tell whether it had its effect: nobody knows, and nothing runs again. */
	assert_int_equal(status_of(&incident, "gate"), STEP_UNKNOWN);
	assert_int_equal(count(&incident, EV_INTENT), 1);
	assert_int_equal(run(&incident, "gate", RUNNER_RUN), RUNNER_REFUSED);
	assert_int_equal(count(&incident, EV_INTENT), 1);
	incident_close(&incident);
}

/* The record that a runner leaves which is killed right behind its intent. */
static void leave_intent(struct incident *incident)
{
	append(incident, EV_INTENT,
	       json_pack("{s:s, s:s, s:i, s:s, s:{s:{s:s}}}", "procedure", "relight", "step",
			 "flag", "attempt", 1, "act", "run", "before", "flags", "bright", "false"));
}

static void judged_done_when_settled_and_verified(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	struct err err = ERR_INIT;

	lamp_put(lamp, "config.json", "{\"bright\": true}\n");
	incident_begin(lamp, &incident);
	approve(&incident, "relight");
	leave_intent(&incident);
	assert_int_equal(runner_judge(&incident, &err), 0);
	assert_int_equal(status_of(&incident, "flag"), STEP_DONE);
	assert_string_equal(json_str(last(&incident, EV_SETTLED), "settled", ""), "yes");
	incident_close(&incident);
}

static void judged_waiting_again_when_it_did_not_happen(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	struct err err = ERR_INIT;
	char *text;

	lamp_put(lamp, "config.json", "{\"bright\": false}\n");
	incident_begin(lamp, &incident);
	approve(&incident, "relight");
	leave_intent(&incident);
	assert_int_equal(runner_judge(&incident, &err), 0);
	assert_int_equal(status_of(&incident, "flag"), STEP_WAITING);
	text = lamp_get(lamp, "config.json");
	assert_non_null(strstr(text, "false")); /* looked at, not run */
	free(text);
	assert_int_equal(run(&incident, "flag", RUNNER_CLEAN_AND_RUN), RUNNER_DONE);
	assert_int_equal(status_of(&incident, "flag"), STEP_DONE);
	assert_int_equal(json_integer_value(json_object_get(last(&incident, EV_INTENT), "attempt")),
			 2);
	incident_close(&incident);
}

/* A console on a terminal of its own starts a step; then both of them die. */
static void a_step_outlives_console_and_terminal(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	int master;
	pid_t console;

	incident_begin(lamp, &incident);
	approve(&incident, "wait");
	console = forkpty(&master, NULL, NULL, NULL);
	assert_true(console >= 0);
	if (console == 0) {
		runner_start(&incident, "gate", RUNNER_RUN, incident.state.last_act, -1, NULL);
		for (;;)
			pause();
	}
	LAMP_UNTIL(lamp, lamp_has(lamp, "pid"));
	kill(console, SIGKILL);
	close(master);
	assert_int_equal(wait_for(console), -SIGKILL);
	assert_true(runner_alive(&incident));
	lamp_put(lamp, "state", "well\n");
	lamp_open_gate(lamp);
	LAMP_UNTIL(lamp, !runner_alive(&incident));
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	assert_int_equal(status_of(&incident, "gate"), STEP_DONE);
	incident_close(&incident);
}

/* ---- Stopping ---- */

static const char spawn[] =
    "cd \"$1\"\n"
    "sh -c 'trap \"\" TERM; echo $$ >deaf; while :; do sleep 1; done' &\n"
    "setsid sh -c 'echo $$ >apart; while :; do sleep 1; done' &\n"
    "( setsid sh -c 'trap \"\" TERM; echo $$ >twice; while :; do sleep 1; done' & ) &\n"
    "until [ -s deaf ] && [ -s apart ] && [ -s twice ]; do :; done\n"
    "mkdir spawned\n"
    "while :; do sleep 1; done\n";

static void expect_none_left(struct lamp *lamp)
{
	LAMP_UNTIL(lamp, is_gone(pid_in(lamp, "deaf")));
	LAMP_UNTIL(lamp, is_gone(pid_in(lamp, "apart")));
	LAMP_UNTIL(lamp, is_gone(pid_in(lamp, "twice")));
}

static void stop_ends_the_whole_tree(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	struct err err = ERR_INIT;
	pid_t pid;

	lamp_put(lamp, "spawn.sh", spawn);
	incident_begin(lamp, &incident);
	approve(&incident, "tree");
	pid = start(&incident, "spawn", RUNNER_RUN);
	LAMP_UNTIL(lamp, lamp_has(lamp, "spawned"));
	assert_int_equal(runner_stop(&incident, &err), 0);
	assert_int_equal(wait_for(pid), RUNNER_DONE);
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	assert_string_equal(json_str(last(&incident, EV_OUTCOME), "result", ""), "stopped");
	assert_int_equal(status_of(&incident, "spawn"), STEP_FAILED);
	expect_none_left(lamp);
	assert_int_equal(runner_stop(&incident, &err), -1);
	incident_close(&incident);
}

/* Whatever the action's own process dies of, the kernel's choice for want of memory included: what
 * it had started must not work on beside a second run. */
static void what_a_killed_action_had_started_is_ended(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	struct buf children = BUF_INIT;
	char *path;
	pid_t pid;

	lamp_put(lamp, "spawn.sh", spawn);
	incident_begin(lamp, &incident);
	approve(&incident, "tree");
	pid = start(&incident, "spawn", RUNNER_RUN);
	LAMP_UNTIL(lamp, lamp_has(lamp, "spawned"));
	path = xasprintf("/proc/%d/task/%d/children", (int)pid, (int)pid);
	assert_int_equal(file_read(path, &children, 0, NULL), 0);
	assert_int_equal(kill((pid_t)atoi(buf_str(&children)), SIGKILL), 0);
	assert_int_equal(wait_for(pid), RUNNER_DONE);
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	assert_string_equal(json_str(last(&incident, EV_OUTCOME), "result", ""), "failed");
	expect_none_left(lamp);
	buf_release(&children);
	free(path);
	incident_close(&incident);
}

/* A service that a step has started is its effect, not its leftover: stopping the look at it is no
 * reason to end it. */
static void a_stop_while_it_verifies_leaves_what_was_started(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	struct err err = ERR_INIT;
	pid_t pid;

	incident_begin(lamp, &incident);
	approve(&incident, "daemon");
	pid = start(&incident, "start", RUNNER_RUN);
	LAMP_UNTIL(lamp, incident_refresh(&incident, NULL) == 0 && count(&incident, EV_OUTCOME));
	assert_int_equal(runner_stop(&incident, &err), 0);
	assert_int_equal(wait_for(pid), RUNNER_DONE);
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	assert_int_equal(status_of(&incident, "start"), STEP_NOT_VERIFIED);
	assert_false(is_gone(pid_in(lamp, "daemon")));
	assert_int_equal(kill(pid_in(lamp, "daemon"), SIGKILL), 0);
	incident_close(&incident);
}

/* Files of the folder `name`, hidden ones included. */
static int files_in(const struct lamp *lamp, const char *name)
{
	char *path = lamp_path(lamp, name);
	struct dirent **list;
	int n = scandir(path, &list, NULL, NULL), files = 0;

	for (int i = 0; i < n; i++) {
		files += strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0;
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	free(path);
	return files;
}

/* An archive of a file that takes minutes to pack. */
static void stop_leaves_nothing_half_done(void **state)
{
	struct lamp *lamp = *state;
	char *big = lamp_path(lamp, "big");
	struct incident incident;
	struct err err = ERR_INIT;
	pid_t pid;
	int fd = open(big, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(ftruncate(fd, (off_t)1 << 36), 0);
	close(fd);
	free(big);
	incident_begin(lamp, &incident);
	approve(&incident, "pack");
	pid = start(&incident, "pack", RUNNER_RUN);
	LAMP_UNTIL(lamp, files_in(lamp, "kept") > 0);
	assert_int_equal(runner_stop(&incident, &err), 0);
	assert_int_equal(wait_for(pid), RUNNER_DONE);
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	assert_string_equal(json_str(last(&incident, EV_OUTCOME), "result", ""), "stopped");
	assert_non_null(strstr(json_str(last(&incident, EV_OUTCOME), "detail", ""), "cleaned"));
	assert_int_equal(files_in(lamp, "kept"), 0);
	incident_close(&incident);
}

static void a_timeout_ends_the_whole_tree(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	char *path = path_join(lamp->folder, "target.json"), *text;
	struct buf old = BUF_INIT;

	lamp_put(lamp, "spawn.sh", spawn);
	assert_int_equal(file_read(path, &old, 0, NULL), 0);
	text = strstr(old.data, "\"root\"");
	text =
	    xasprintf("%.*s\"spawn_timeout\": \"1s\", %s", (int)(text - old.data), old.data, text);
	assert_int_equal(file_replace(path, text, strlen(text), 0600, NULL), 0);
	loaded_release(&lamp->loaded);
	lamp_load(lamp, &lamp->loaded);
	incident_begin(lamp, &incident);
	approve(&incident, "tree");
	assert_int_equal(run(&incident, "spawn", RUNNER_RUN), RUNNER_DONE);
	assert_string_equal(json_str(last(&incident, EV_OUTCOME), "result", ""), "timeout");
	assert_true(lamp_has(lamp, "spawned"));
	expect_none_left(lamp);
	buf_release(&old);
	free(text);
	free(path);
	incident_close(&incident);
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

int main(int argc, char **argv)
{
#define LAMP_TEST(name) cmocka_unit_test_setup_teardown(name, lamp_setup, lamp_teardown)
	const struct CMUnitTest tests[] = {
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
		LAMP_TEST(a_killed_runner_leaves_an_unknown_step),
		LAMP_TEST(judged_done_when_settled_and_verified),
		LAMP_TEST(judged_waiting_again_when_it_did_not_happen),
		LAMP_TEST(a_step_outlives_console_and_terminal),
		LAMP_TEST(stop_ends_the_whole_tree),
		LAMP_TEST(stop_leaves_nothing_half_done),
		LAMP_TEST(a_timeout_ends_the_whole_tree),
		LAMP_TEST(a_stop_while_it_verifies_leaves_what_was_started),
		LAMP_TEST(what_a_killed_action_had_started_is_ended),
		LAMP_TEST(two_consoles_start_a_step_once),
		LAMP_TEST(a_target_is_claimed_by_one_incident),
		LAMP_TEST(nothing_starts_without_a_ledger),
	};

	LAMP_RUNNER(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
