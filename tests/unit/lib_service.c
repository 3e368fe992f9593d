/* Services. With arguments one look or one act, for tests/func/systemd.sh, which has a systemd:
 *
 *     lib_service --state DECLARATION
 *     lib_service --do DECLARATION start|stop|restart SECONDS
 */
#include "tests/unit/scratch.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/proc.h"
#include "lib/service.h"

#define LONG_US (20 * CLOCK_US)

/* A service of commands around a pid file; the script is the whole service manager. */
static const char manager[] =
    "#!/bin/sh\n"
    "cd \"$(dirname \"$0\")\" || exit 2\n"
    "pid=$(cat pid 2>/dev/null)\n"
    "case $1 in\n"
    "start) if [ -e broken ]; then echo 'no such config' >&2; exit 1; fi\n"
    "	setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >pid;;\n"
    "stop) kill $pid; rm -f pid;;\n"
    "status) [ -e unknown ] && exit 7\n"
    "	if [ -n \"$pid\" ] && kill -0 $pid; then echo MainPID=$pid; echo NRestarts=2; echo 'it "
    "runs'; exit 0; fi\n"
    "	echo 'it rests'; exit 3;;\n"
    "esac\n";

struct fixture {
	char *folder, *script;
	json_t *declaration;
	struct service service;
};

static void begin_commands(struct fixture *f, void **state)
{
	struct err err = ERR_INIT;

	*f = (struct fixture){ .folder = *state };
	f->script = path_join(f->folder, "manage");
	scratch_puts(f->script, manager);
	assert_int_equal(chmod(f->script, 0755), 0);
	f->declaration = json_pack("{s:[ss], s:[ss], s:[ss]}", "start", f->script, "start", "stop",
				   f->script, "stop", "status", f->script, "status");
	assert_int_equal(service_init(&f->service, f->declaration, &err), 0);
}

static void end(struct fixture *f)
{
	service_do(&f->service, SERVICE_STOP, LONG_US, -1, NULL);
	service_release(&f->service);
	json_decref(f->declaration);
	free(f->script);
}

static struct service_status status_of(const struct fixture *f)
{
	struct service_status status;

	service_state(&f->service, LONG_US, &status);
	return status;
}

static void touch(const struct fixture *f, const char *name)
{
	char *path = path_join(f->folder, name);

	scratch_puts(path, "");
	free(path);
}

static void commands_start_stop_restart(void **state)
{
	struct fixture f;
	struct service_status now;
	struct err err = ERR_INIT;
	pid_t first;

	begin_commands(&f, state);
	now = status_of(&f);
	assert_int_equal(now.state, SERVICE_STOPPED);
	assert_string_equal(now.evidence, "it rests");
	assert_int_equal(service_do(&f.service, SERVICE_START, LONG_US, -1, &err), 0);
	now = status_of(&f);
	assert_int_equal(now.state, SERVICE_ACTIVE);
	assert_string_equal(now.evidence, "it runs");
	assert_int_equal(now.restarts, 2);
	first = now.pid;
	assert_true(first > 0);
	/* Starting what runs changes nothing. */
	assert_int_equal(service_do(&f.service, SERVICE_START, LONG_US, -1, &err), 0);
	assert_int_equal(status_of(&f).pid, first);
	assert_int_equal(service_do(&f.service, SERVICE_RESTART, LONG_US, -1, &err), 0);
	assert_int_not_equal(status_of(&f).pid, first);
	assert_int_equal(service_do(&f.service, SERVICE_STOP, LONG_US, -1, &err), 0);
	assert_int_equal(status_of(&f).state, SERVICE_STOPPED);
	end(&f);
}

/* A restart of what is down is a start, whatever its stop command says; without time nothing
 * begins. */
static void a_stopped_service_is_not_stopped_again(void **state)
{
	char *up = path_join(*state, "up");
	json_t *declaration =
	    json_pack("{s:[ss], s:[s], s:[sssss]}", "start", "touch", up, "stop", "false", "status",
		      "sh", "-c", "test -e \"$1\" || exit 3", "sh", up);
	struct service service;
	struct err err = ERR_INIT;

	assert_int_equal(service_init(&service, declaration, &err), 0);
	assert_int_equal(service_do(&service, SERVICE_RESTART, 0, -1, &err), -1);
	assert_non_null(strstr(err.msg, "no time is left"));
	assert_false(file_exists(up));
	err_clear(&err);
	assert_int_equal(service_do(&service, SERVICE_STOP, LONG_US, -1, &err), 0);
	assert_int_equal(service_do(&service, SERVICE_RESTART, LONG_US, -1, &err), 0);
	assert_true(file_exists(up));
	assert_int_equal(service_do(&service, SERVICE_STOP, LONG_US, -1, &err), -1);
	service_release(&service);
	json_decref(declaration);
	free(up);
}

static void what_cannot_be_read_is_unknown(void **state)
{
	struct fixture f;

	begin_commands(&f, state);
	touch(&f, "unknown");
	assert_int_equal(status_of(&f).state, SERVICE_UNKNOWN);
	assert_int_equal(unlink(f.script), 0);
	assert_int_equal(status_of(&f).state, SERVICE_UNKNOWN);
	assert_string_not_equal(status_of(&f).evidence, "");
	end(&f);
}

static void a_failing_start_says_why(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	char *path, text[256] = "";
	int log;

	begin_commands(&f, state);
	touch(&f, "broken");
	path = path_join(f.folder, "out");
	log = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(service_do(&f.service, SERVICE_START, LONG_US, log, &err), -1);
	assert_non_null(strstr(err.msg, "exit status 1"));
	assert_non_null(strstr(err.msg, "no such config"));
	assert_true(pread(log, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "no such config\n");
	close(log);
	free(path);
	end(&f);
}

/* ---- by pid file ---- */

static void begin_pid_file(struct fixture *f, void **state, const char *shell)
{
	char *path;
	struct err err = ERR_INIT;

	*f = (struct fixture){ .folder = *state };
	path = path_join(f->folder, "pid");
	f->declaration = json_pack("{s:s, s:[sss], s:s}", "pid_file", path, "start", "sh", "-c",
				   shell, "cwd", f->folder);
	assert_int_equal(service_init(&f->service, f->declaration, &err), 0);
	free(path);
}

static void pid_file_in_front_and_in_the_background(void **state)
{
	static const char *const ways[] = {
		"echo $$ >pid; exec sleep 1000",
		"sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >pid",
	};

	for (size_t i = 0; i < 2; i++) {
		struct fixture f;
		struct err err = ERR_INIT;
		struct service_status now;
		struct proc_stat there;

		begin_pid_file(&f, state, ways[i]);
		assert_int_equal(status_of(&f).state, SERVICE_STOPPED);
		assert_int_equal(service_do(&f.service, SERVICE_START, LONG_US, -1, &err), 0);
		now = status_of(&f);
		assert_int_equal(now.state, SERVICE_ACTIVE);
		assert_int_equal(proc_stat(now.pid, &there), 0);
		assert_int_equal(service_do(&f.service, SERVICE_STOP, LONG_US, -1, &err), 0);
		assert_false(proc_alive(there.id));
		assert_int_equal(status_of(&f).state, SERVICE_STOPPED);
		waitpid(now.pid, NULL, WNOHANG);
		end(&f);
	}
}

static void a_stubborn_process_is_killed(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	struct proc_stat there;

	begin_pid_file(&f, state, "trap '' TERM; echo $$ >pid; while :; do sleep 1; done");
	assert_int_equal(service_do(&f.service, SERVICE_START, LONG_US, -1, &err), 0);
	assert_int_equal(proc_stat(status_of(&f).pid, &there), 0);
	assert_int_equal(service_do(&f.service, SERVICE_STOP, CLOCK_US, -1, &err), 0);
	assert_false(proc_alive(there.id));
	waitpid(there.id.pid, NULL, WNOHANG);
	end(&f);
}

static void a_start_that_fails_by_pid_file(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;

	begin_pid_file(&f, state, "echo 'port in use' >&2; exit 4");
	assert_int_equal(service_do(&f.service, SERVICE_START, LONG_US, -1, &err), -1);
	assert_non_null(strstr(err.msg, "exit status 4: port in use"));
	end(&f);
}

static void a_reused_pid_is_not_the_service(void **state)
{
	struct timespec old[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
	struct fixture f;
	char *path, text[32];

	begin_pid_file(&f, state, "exit 1");
	path = path_join(f.folder, "pid");
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	scratch_puts(path, text);
	assert_int_equal(status_of(&f).state, SERVICE_ACTIVE);
	/* Written long before this process began: that pid was another one's. */
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	assert_int_equal(status_of(&f).state, SERVICE_STOPPED);
	scratch_puts(path, "");
	assert_int_equal(unlink(path), 0);
	scratch_puts(path, "garbage\n");
	assert_int_equal(status_of(&f).state, SERVICE_UNKNOWN);
	assert_int_equal(unlink(path), 0);
	free(path);
	end(&f);
}

/* ---- declarations, plans, systemd ---- */

static void bad_declarations_are_refused(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"status\": [\"a\"]}",
		"{\"pid_file\": \"/x\"}",
		"{\"systemd\": \"a*\"}",
		"{\"systemd\": \"\"}",
		"{\"systemd\": \"bot@\"}",
		"{\"systemd\": \"bot@.service\"}",
		"{\"systemd\": \"a\", \"modes\": {\"safe\": {\"args\": [\"--safe\"]}}}",
		"{\"systemd\": \"a\", \"modes\": {\"safe\": {}}}",
		"{\"pid_file\": \"/x\", \"start\": [\"a\"], \"modes\": {\"safe\": {}}}",
		"{\"pid_file\": \"/x\", \"start\": [\"a\"], \"modes\": {\"safe\": {\"systemd\": "
		"\"b\"}}}",
		"{\"pid_file\": \"/x\", \"start\": [\"a\"], \"modes\": {\"normal\": {\"args\": "
		"[\"b\"]}}}",
		"{\"status\": [], \"start\": [\"a\"], \"stop\": [\"a\"]}",
		"{\"status\": [[1]], \"start\": [\"a\"], \"stop\": [\"a\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *declaration = json_loads(bad[i], 0, NULL);
		struct err err = ERR_INIT;
		struct service service;

		assert_int_equal(service_init(&service, declaration, &err), -1);
		assert_true(err.set);
		service_release(&service);
		json_decref(declaration);
	}
}

static void plans_show_the_commands(void **state)
{
	json_t *declaration = json_pack("{s:s, s:b}", "systemd", "slomix-bot", "user", 1);
	struct service service;
	struct buf lines = BUF_INIT;

	(void)state;
	assert_int_equal(service_init(&service, declaration, NULL), 0);
	service_plan(&service, SERVICE_RESTART, &lines);
	assert_string_equal(buf_str(&lines), "$ systemctl --user stop -- slomix-bot\n$ systemctl "
					     "--user start -- slomix-bot\n");
	buf_release(&lines);
	service_release(&service);
	json_decref(declaration);
}

static void systemd_output_is_understood(void **state)
{
	static const struct {
		const char *output;
		int exit;
		enum service_state state;
	} cases[] = {
		{ "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=77\nNRestarts="
		  "3\n",
		  0, SERVICE_ACTIVE },
		{ "LoadState=loaded\nActiveState=inactive\nSubState=dead\nMainPID=0\n", 0,
		  SERVICE_STOPPED },
		{ "LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\n", 0,
		  SERVICE_FAILED },
		{ "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\n", 0,
		  SERVICE_CHANGING },
		{ "LoadState=not-found\nActiveState=inactive\nSubState=dead\n", 0,
		  SERVICE_UNKNOWN },
		{ "LoadState=masked\nActiveState=inactive\nSubState=dead\n", 0, SERVICE_STOPPED },
		{ "", 0, SERVICE_UNKNOWN },
		{ "", 1, SERVICE_UNKNOWN },
	};
	json_t *declaration = json_pack("{s:s}", "systemd", "slomix-bot");
	struct service service;

	(void)state;
	assert_int_equal(service_init(&service, declaration, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct child_end child = { .status = cases[i].exit << 8 };
		struct buf output = BUF_INIT;
		struct service_status status;

		buf_puts(&output, cases[i].output);
		service_interpret(&service, &child, &output, &status);
		assert_int_equal(status.state, cases[i].state);
		if (i == 0) {
			assert_int_equal(status.pid, 77);
			assert_int_equal(status.restarts, 3);
		}
		buf_release(&output);
	}
	service_release(&service);
	json_decref(declaration);
}

/* Neither with a service manager on this host nor without one may a unit that isn't there look
 * stopped. */
static void a_unit_that_is_not_there_is_unknown(void **state)
{
	json_t *declaration = json_pack("{s:s}", "systemd", "backout-no-such-unit.service");
	struct service service;
	struct service_status status;

	(void)state;
	assert_int_equal(service_init(&service, declaration, NULL), 0);
	service_state(&service, LONG_US, &status);
	assert_int_equal(status.state, SERVICE_UNKNOWN);
	assert_string_not_equal(status.evidence, "");
	service_release(&service);
	json_decref(declaration);
}

/* Prints "active restarts 0: bot.service is active (running), pid 77"; 1 when an act failed. */
static int one_call(int argc, char **argv)
{
	json_t *declaration = json_loads(argv[2], 0, NULL);
	struct service service;
	struct service_status now;
	struct err err = ERR_INIT;
	enum service_act act;
	int rc = 0;

	if (declaration == NULL || service_init(&service, declaration, &err) < 0)
		return fprintf(stderr, "%s: %s\n", argv[2], err.msg), 2;
	if (argc == 5 && service_act_parse(argv[3], &act) == 0)
		rc = service_do(&service, act, atol(argv[4]) * CLOCK_US, -1, &err);
	if (rc < 0)
		printf("%s%s%s\n", err.msg, err.hint[0] != '\0' ? " | " : "", err.hint);
	service_state(&service, LONG_US, &now);
	printf("%s restarts %d: %s\n", service_state_name(now.state), now.restarts, now.evidence);
	service_release(&service);
	json_decref(declaration);
	return rc < 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(commands_start_stop_restart),
		TEST(a_stopped_service_is_not_stopped_again),
		TEST(what_cannot_be_read_is_unknown),
		TEST(a_failing_start_says_why),
		TEST(pid_file_in_front_and_in_the_background),
		TEST(a_stubborn_process_is_killed),
		TEST(a_start_that_fails_by_pid_file),
		TEST(a_reused_pid_is_not_the_service),
		TEST(bad_declarations_are_refused),
		TEST(plans_show_the_commands),
		TEST(systemd_output_is_understood),
		TEST(a_unit_that_is_not_there_is_unknown),
	};

	if (argc > 1)
		return one_call(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
