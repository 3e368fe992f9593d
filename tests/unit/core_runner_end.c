/* How steps end otherwise: runners that die, stops, timeouts; nothing is run twice or left behind.
 */
#include "tests/unit/fault.h"
#include "tests/unit/runnerfixture.h"

#include <dirent.h>
#include <pty.h>

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

static long trees_begun, trees_ended;

static void expect_none_left(struct lamp *lamp)
{
	trees_begun++;
	LAMP_UNTIL(lamp, is_gone(pid_in(lamp, "deaf")));
	LAMP_UNTIL(lamp, is_gone(pid_in(lamp, "apart")));
	LAMP_UNTIL(lamp, is_gone(pid_in(lamp, "twice")));
	trees_ended++;
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAMP_TEST(a_killed_runner_leaves_an_unknown_step),
		LAMP_TEST(judged_done_when_settled_and_verified),
		LAMP_TEST(judged_waiting_again_when_it_did_not_happen),
		LAMP_TEST(a_step_outlives_console_and_terminal),
		LAMP_TEST(stop_ends_the_whole_tree),
		LAMP_TEST(stop_leaves_nothing_half_done),
		LAMP_TEST(a_timeout_ends_the_whole_tree),
		LAMP_TEST(a_stop_while_it_verifies_leaves_what_was_started),
		LAMP_TEST(what_a_killed_action_had_started_is_ended),
	};

	int failed;

	LAMP_RUNNER(argc, argv);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fault(21, "steps that were stopped, took too long, or lost their process", trees_begun,
	      trees_ended, trees_begun - trees_ended);
	return failed;
}
