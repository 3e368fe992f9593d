#include "tests/unit/scratch.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "actions/action.h"
#include "lib/proc.h"
#include "lib/service.h"
#include "lib/timefmt.h"

#define LONG_US (20 * CLOCK_US)

static const char manager[] =
    "#!/bin/sh\n"
    "cd \"$(dirname \"$0\")\" || exit 2\n"
    "pid=$(cat pid 2>/dev/null)\n"
    "case $1 in\n"
    "start) setsid sleep 100 </dev/null >/dev/null 2>&1 & echo $! >pid;;\n"
    "stop) echo stopping; kill $pid; rm -f pid;;\n"
    "status) [ -e unknown ] && exit 7\n"
    "	[ -n \"$pid\" ] && kill -0 $pid && echo MainPID=$pid && exit 0\n"
    "	exit 3;;\n"
    "esac\n";

/* One declared service "bot", one declared process "procs". */
struct fixture {
	char *folder, *script, *out;
	json_t *service, *process;
	int log, awaited;
	bool await_holds;
	struct action_env env;
};

static const json_t *declared(void *data, const char *name)
{
	const struct fixture *f = data;

	return strcmp(name, "bot") == 0	    ? f->service
	       : strcmp(name, "procs") == 0 ? f->process
					    : NULL;
}

static int await_probe(void *data, const json_t *probe, int64_t timeout_us, struct err *err)
{
	struct fixture *f = data;

	f->awaited++;
	assert_true(json_is_object(probe) || json_is_string(probe));
	assert_in_range(timeout_us, 1, LONG_US);
	return f->await_holds ? 0 : err_set(err, "it does not hold");
}

static int setup(void **state)
{
	static const char *const shell_env[] = { "BACKOUT_WHO=it's me", NULL };
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->folder = scratch_new();
	f->script = path_join(f->folder, "manage");
	f->out = path_join(f->folder, "out");
	scratch_puts(f->script, manager);
	chmod(f->script, 0755);
	f->service = json_pack("{s:[ss], s:[ss], s:[ss]}", "start", f->script, "start", "stop",
			       f->script, "stop", "status", f->script, "status");
	f->log = open(f->out, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	f->env = (struct action_env){
		.clock = &clock_system,
		.deadline = clock_mono(&clock_system) + LONG_US,
		.out = f->folder,
		.log = f->log,
		.intent = "test.1",
		.declared = declared,
		.await = await_probe,
		.shell_env = shell_env,
		.data = f,
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct service service;

	if (service_init(&service, f->service, NULL) == 0)
		service_do(&service, SERVICE_STOP, LONG_US, -1, NULL);
	service_release(&service);
	json_decref(f->service);
	json_decref(f->process);
	close(f->log);
	scratch_free(f->folder);
	free(f->script);
	free(f->out);
	free(f);
	return 0;
}

/* One action through its whole life. */
struct act {
	const struct action_type *type;
	json_t *args, *before, *facts;
	struct err err;
};

static struct act act_begin(struct fixture *f, const char *type, const char *json)
{
	struct act act = { .type = action_type(type), .args = json_loads(json, 0, NULL) };

	assert_non_null(act.type);
	assert_non_null(act.args);
	if (act.type->before != NULL) {
		act.before = act.type->before(&f->env, act.args, &act.err);
		assert_non_null(act.before);
	}
	return act;
}

static int act_run(struct fixture *f, struct act *act)
{
	return act->type->run(&f->env, act->args, act->before, &act->facts, &act->err);
}

static enum settled act_settled(struct fixture *f, struct act *act)
{
	struct buf why = BUF_INIT;
	enum settled settled = act->type->settled(&f->env, act->args, act->before, &why);

	assert_string_not_equal(buf_str(&why), "");
	buf_release(&why);
	return settled;
}

static enum settled act_undone(struct fixture *f, struct act *act)
{
	struct buf why = BUF_INIT;
	enum settled undone = act->type->undone(&f->env, act->args, act->before, &why);

	assert_string_not_equal(buf_str(&why), "");
	buf_release(&why);
	return undone;
}

static void act_end(struct act *act)
{
	json_decref(act->args);
	json_decref(act->before);
	json_decref(act->facts);
}

static char *plan_lines(struct fixture *f, const char *type, const char *json)
{
	json_t *args = json_loads(json, 0, NULL);
	struct plan plan = { 0 };
	struct err err = ERR_INIT;
	char *lines;

	assert_int_equal(action_type(type)->plan(&f->env, args, &plan, &err), 0);
	lines = xstrdup(buf_str(&plan.lines));
	plan_release(&plan);
	json_decref(args);
	return lines;
}

static void output_is(struct fixture *f, const char *expected)
{
	char text[512] = "";

	assert_true(pread(f->log, text, sizeof(text) - 1, 0) >= 0);
	assert_string_equal(text, expected);
}

/* ---- service ---- */

static void start_settles_and_is_undone(void **state)
{
	struct fixture *f = *state;
	struct act act = act_begin(f, "service", "{\"service\": \"bot\", \"do\": \"start\"}");

	assert_int_equal(act.type->ready(&f->env, act.args, &act.err), 0);
	assert_int_equal(act_settled(f, &act), SETTLED_NO);
	assert_int_equal(act_run(f, &act), 0);
	assert_int_equal(act_settled(f, &act), SETTLED_YES);
	assert_int_equal(act_undone(f, &act), SETTLED_NO);
	assert_int_equal(act.type->undo(&f->env, act.args, act.before, &act.err), 0);
	assert_int_equal(act_undone(f, &act), SETTLED_YES);
	assert_int_equal(act_settled(f, &act), SETTLED_NO);
	act_end(&act);
}

/* Wall time of the fact; 0 when there is none. */
static int64_t shown_since(const struct act *act)
{
	const json_t *from = json_object_get(act->facts, FACT_SHOWN_SINCE);
	int64_t at = 0;

	if (from != NULL)
		assert_int_equal(time_parse_rfc3339(json_string_value(from), &at), 0);
	return at;
}

/* What the old process of a restarted service logged is no sign of the new one. */
static void a_started_service_may_log_before_its_command_returns(void **state)
{
	struct fixture *f = *state;
	struct act start = act_begin(f, "service", "{\"service\": \"bot\", \"do\": \"start\"}");
	struct act restart, stop;
	int64_t begun;

	assert_int_equal(act_run(f, &start), 0);
	restart = act_begin(f, "service", "{\"service\": \"bot\", \"do\": \"restart\"}");
	begun = clock_wall(&clock_system);
	assert_int_equal(act_run(f, &restart), 0);
	assert_in_range(shown_since(&restart), begun - 2 * PROC_STARTED_ERROR_US,
			clock_wall(&clock_system));
	stop = act_begin(f, "service", "{\"service\": \"bot\", \"do\": \"stop\"}");
	assert_int_equal(act_run(f, &stop), 0);
	assert_int_equal(shown_since(&stop), 0);
	act_end(&start);
	act_end(&restart);
	act_end(&stop);
}

static void restart_is_settled_by_another_process(void **state)
{
	struct fixture *f = *state;
	struct act start = act_begin(f, "service", "{\"service\": \"bot\", \"do\": \"start\"}");
	struct act restart;

	assert_int_equal(act_run(f, &start), 0);
	restart = act_begin(f, "service", "{\"service\": \"bot\", \"do\": \"restart\"}");
	/* It runs, but it is still the old process: no restart has happened. */
	assert_int_equal(act_settled(f, &restart), SETTLED_NO);
	assert_int_equal(act_run(f, &restart), 0);
	assert_int_equal(act_settled(f, &restart), SETTLED_YES);
	assert_true(json_integer_value(json_object_get(restart.facts, "pid")) > 0);
	output_is(f, "stopping\n");
	act_end(&restart);
	act_end(&start);
}

static void stop_and_its_undo(void **state)
{
	struct fixture *f = *state;
	struct act start = act_begin(f, "service", "{\"service\": \"bot\", \"do\": \"start\"}");
	struct act stop;

	assert_int_equal(act_run(f, &start), 0);
	stop = act_begin(f, "service", "{\"service\": \"bot\", \"do\": \"stop\"}");
	assert_int_equal(act_run(f, &stop), 0);
	assert_int_equal(act_settled(f, &stop), SETTLED_YES);
	assert_int_equal(stop.type->undo(&f->env, stop.args, stop.before, &stop.err), 0);
	assert_int_equal(act_undone(f, &stop), SETTLED_YES);
	act_end(&stop);
	act_end(&start);
}

static void an_unreadable_service_is_not_ready(void **state)
{
	struct fixture *f = *state;
	char *path = path_join(f->folder, "unknown");
	struct act act = act_begin(f, "service", "{\"service\": \"bot\", \"do\": \"stop\"}");
	json_t *other = json_pack("{s:s, s:s}", "service", "other", "do", "stop");
	struct err err = ERR_INIT;

	scratch_puts(path, "");
	assert_int_equal(act.type->ready(&f->env, act.args, &act.err), -1);
	assert_int_equal(act_settled(f, &act), SETTLED_UNKNOWN);
	assert_int_equal(act.type->ready(&f->env, other, &err), -1);
	json_decref(other);
	act_end(&act);
	unlink(path); /* the end of the test can stop it */
	free(path);
}

static void the_plan_changes_nothing(void **state)
{
	struct fixture *f = *state;
	char *lines = plan_lines(f, "service", "{\"service\": \"bot\", \"do\": \"restart\"}");
	char *pid = path_join(f->folder, "pid");

	assert_non_null(strstr(lines, "manage stop\n"));
	assert_non_null(strstr(lines, "manage start\n"));
	assert_non_null(strstr(lines, "now: stopped"));
	assert_false(file_exists(pid));
	output_is(f, "");
	free(pid);
	free(lines);
}

/* ---- command, shell ---- */

static void commands_run_without_a_shell(void **state)
{
	struct fixture *f = *state;
	struct act act =
	    act_begin(f, "command", "{\"command\": [\"echo\", \"a b\", \"$HOME; `id`\"]}");
	struct act bad = act_begin(f, "command",
				   "{\"command\": [\"sh\", \"-c\", \"echo no room >&2; exit 3\"]}");
	struct act three =
	    act_begin(f, "command", "{\"command\": [\"sh\", \"-c\", \"exit 3\"], \"exit\": 3}");
	char *lines = plan_lines(f, "command", "{\"command\": [\"echo\", \"a b\", \"it's\"]}");

	assert_string_equal(lines, "$ echo 'a b' 'it'\\''s'\n");
	assert_int_equal(act_run(f, &act), 0);
	output_is(f, "a b $HOME; `id`\n");
	assert_int_equal(act_settled(f, &act), SETTLED_UNKNOWN);
	assert_int_equal(act_run(f, &bad), -1);
	assert_non_null(strstr(bad.err.msg, "exit status 3: no room"));
	assert_int_equal(act_run(f, &three), 0);
	free(lines);
	act_end(&act);
	act_end(&bad);
	act_end(&three);
}

static void a_shell_gets_parameters_as_environment(void **state)
{
	struct fixture *f = *state;
	struct act act =
	    act_begin(f, "shell", "{\"shell\": \"echo \\\"<$BACKOUT_WHO>\\\" | tr a-z A-Z\"}");

	assert_int_equal(act_run(f, &act), 0);
	output_is(f, "<IT'S ME>\n");
	act_end(&act);
}

/* Before it is run, and its way back with it. */
static void what_a_command_lacks_is_found_first(void **state)
{
	static const char *const bad[][2] = {
		{ "{\"command\": [\"no-such-program\", \"x\"]}", "not found in PATH" },
		{ "{\"command\": [\"/etc/passwd\"]}", "can't be started: Permission denied" },
		{ "{\"command\": [\"/no/where\"]}", "No such file" },
		{ "{\"command\": [\"/usr\"]}", "can't be started: Permission denied" },
		{ "{\"command\": [\"true\"], \"undo\": [\"no-such-program\"]}", "not found" },
		{ "{\"command\": [\"true\"], \"cwd\": \"/no/where\"}", "the folder /no/where" },
		{ "{\"command\": [\"true\"], \"cwd\": \"/etc/passwd\"}", "is no folder" },
	};
	struct fixture *f = *state;
	struct act good =
	    act_begin(f, "command", "{\"command\": [\"./later\"], \"cwd\": \"/tmp\"}");

	assert_int_equal(good.type->ready(&f->env, good.args, &good.err), 0);
	act_end(&good);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct act act = act_begin(f, "command", bad[i][0]);

		if (act.type->ready(&f->env, act.args, &act.err) == 0 ||
		    !strstr(act.err.msg, bad[i][1]))
			fail_msg("%s: \"%s\"", bad[i][0], act.err.msg);
		act_end(&act);
	}
}

static void a_command_ends_by_the_deadline(void **state)
{
	struct fixture *f = *state;
	struct act act = act_begin(f, "command", "{\"command\": [\"sleep\", \"1000\"]}");

	f->env.deadline = clock_mono(&clock_system) + CLOCK_US / 5;
	assert_int_equal(act_run(f, &act), -1);
	assert_non_null(strstr(act.err.msg, "timed out"));
	act_end(&act);
}

static void a_command_is_taken_back_by_its_undo(void **state)
{
	struct fixture *f = *state;
	struct act act =
	    act_begin(f, "command",
		      "{\"command\": [\"echo\", \"do\"], \"undo\": [\"echo\", \"undo\"]}");
	struct act none = act_begin(f, "command", "{\"command\": [\"true\"]}");

	assert_int_equal(act_run(f, &act), 0);
	assert_int_equal(act.type->undo(&f->env, act.args, act.before, &act.err), 0);
	output_is(f, "do\nundo\n");
	assert_int_equal(none.type->undo(&f->env, none.args, none.before, &none.err), -1);
	act_end(&act);
	act_end(&none);
}

/* ---- wait, manual, process_stop ---- */

static void waiting_asks_the_environment(void **state)
{
	struct fixture *f = *state;
	struct act act =
	    act_begin(f, "wait", "{\"wait\": {\"all\": [\"a\", \"b\"]}, \"for\": \"10s\"}");
	struct act manual = act_begin(f, "manual", "{\"manual\": \"call them\"}");
	char *lines = plan_lines(f, "wait", "{\"wait\": \"bot-running\", \"for\": \"10s\"}");

	assert_string_equal(lines, "wait up to 10 s for: bot-running\n");
	free(lines);
	lines = plan_lines(f, "wait", "{\"wait\": {\"all\": [\"a\", {\"not\": \"b\"}]}}");
	assert_string_equal(lines, "wait up to 1 min for: a and not b\n");
	assert_int_equal(act_run(f, &act), -1);
	f->await_holds = true;
	assert_int_equal(act_run(f, &act), 0);
	assert_int_equal(act_settled(f, &act), SETTLED_YES);
	assert_int_equal(f->awaited, 3);
	assert_true(manual.type->manual);
	assert_int_equal(act_run(f, &manual), -1);
	free(lines);
	act_end(&act);
	act_end(&manual);
}

/* A process called `name` that waits, with `workers` of the same name below it. */
static pid_t named_start(const char *name, int workers)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (workers-- > 0)
			if (fork() == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				break;
			}
		execlp("sleep", name, "1000", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0); /* all of them are sleep now */
	close(ready[0]);
	return pid;
}

static void declared_processes_are_ended(void **state)
{
	struct fixture *f = *state;
	char name[64];
	struct proc_stat there;
	struct act act;
	pid_t pid;

	snprintf(name, sizeof(name), "backout-stop-%d", (int)getpid());
	f->process = json_pack("{s:[s]}", "match", name);
	pid = named_start(name, 0);
	assert_int_equal(proc_stat(pid, &there), 0);
	act = act_begin(f, "process_stop", "{\"process_stop\": \"procs\", \"grace\": \"5s\"}");
	assert_int_equal(json_array_size(json_object_get(act.before, "processes")), 1);
	assert_int_equal(act_settled(f, &act), SETTLED_NO);
	assert_int_equal(act_run(f, &act), 0);
	assert_int_equal(act_settled(f, &act), SETTLED_YES);
	assert_false(proc_alive(there.id));
	waitpid(pid, NULL, 0);
	act_end(&act);
}

/* A service's workers have its arguments: with "except" only the stray one is ended. */
static void a_service_keeps_its_workers(void **state)
{
	static const char *const jsons[] = { "{\"process_stop\": \"procs\", \"except\": \"bot\"}",
					     "{\"process_stop\": \"procs\"}" };
	struct fixture *f = *state;
	char name[64], text[32], *pid_file = path_join(f->folder, "main.pid");
	struct act act;
	pid_t service, stray;

	snprintf(name, sizeof(name), "backout-busy-%d", (int)getpid());
	service = named_start(name, 2);
	stray = named_start(name, 0);
	snprintf(text, sizeof(text), "%d\n", (int)service);
	scratch_puts(pid_file, text);
	json_decref(f->service);
	f->service = json_pack("{s:s, s:[s]}", "pid_file", pid_file, "start", "true");
	f->process = json_pack("{s:[s]}", "match", name);
	for (size_t i = 0; i < 2; i++) {
		act = act_begin(f, "process_stop", jsons[i]);
		assert_int_equal(json_array_size(json_object_get(act.before, "processes")),
				 i == 0 ? 1 : 3);
		assert_int_equal(act_run(f, &act), 0);
		act_end(&act);
	}
	waitpid(service, NULL, 0);
	waitpid(stray, NULL, 0);
	free(pid_file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(start_settles_and_is_undone),
		TEST(restart_is_settled_by_another_process),
		TEST(a_started_service_may_log_before_its_command_returns),
		TEST(stop_and_its_undo),
		TEST(an_unreadable_service_is_not_ready),
		TEST(the_plan_changes_nothing),
		TEST(commands_run_without_a_shell),
		TEST(a_shell_gets_parameters_as_environment),
		TEST(what_a_command_lacks_is_found_first),
		TEST(a_command_ends_by_the_deadline),
		TEST(a_command_is_taken_back_by_its_undo),
		TEST(waiting_asks_the_environment),
		TEST(declared_processes_are_ended),
		TEST(a_service_keeps_its_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
