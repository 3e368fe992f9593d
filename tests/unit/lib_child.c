/* Children: what they get, how they end, and that nothing of them stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/mem.h"

#define SECONDS(n) ((int64_t)(n)*CLOCK_US)

struct result {
	struct buf out, errout;
	struct child_end end;
	struct err err;
	int rc;
};

static struct result run(const struct child_spec *spec, const char *input, int64_t timeout_us,
			 size_t max)
{
	struct result r = { .out = BUF_INIT, .errout = BUF_INIT };

	r.rc = child_run(spec, input, timeout_us, max, &r.out, &r.errout, &r.end, &r.err);
	return r;
}

static struct result shell(const char *script, const char *input, int64_t timeout_us)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct child_spec spec = { .argv = argv };

	return run(&spec, input, timeout_us, 0);
}

static void result_release(struct result *r)
{
	buf_release(&r->out);
	buf_release(&r->errout);
}

static void expect_out(const char *script, const char *input, const char *expected)
{
	struct result r = shell(script, input, SECONDS(20));

	assert_int_equal(r.rc, 0);
	assert_string_equal(buf_str(&r.out), expected);
	result_release(&r);
}

/* ---- what a child gets ---- */

static void output_and_status_come_back(void **state)
{
	struct result r = shell("echo out; echo err >&2; exit 3", NULL, SECONDS(20));
	char text[64];

	(void)state;
	assert_int_equal(r.rc, 0);
	assert_string_equal(r.out.data, "out\n");
	assert_string_equal(r.errout.data, "err\n");
	assert_string_equal(child_end_text(&r.end, text, sizeof(text)), "exit status 3");
	result_release(&r);
	r = shell("kill -SEGV $$", NULL, SECONDS(20));
	assert_string_equal(child_end_text(&r.end, text, sizeof(text)), "killed by SIGSEGV");
	result_release(&r);
}

static void arguments_never_meet_a_shell(void **state)
{
	const char *const argv[] = { "printf", "[%s]", "a b", "$(id)", "*", "", NULL };
	const struct child_spec spec = { .argv = argv };
	struct result r = run(&spec, NULL, SECONDS(20), 0);

	(void)state;
	assert_string_equal(r.out.data, "[a b][$(id)][*][]");
	result_release(&r);
}

static void environment_is_an_allow_list(void **state)
{
	const char *const argv[] = { "env", NULL };
	const char *const env[] = { "PGPASSFILE=/x", "HOME=/elsewhere", NULL };
	const struct child_spec spec = { .argv = argv, .env = env };
	struct result r;

	(void)state;
	setenv("PGHOST", "production", 1);
	setenv("GIT_DIR", "/x", 1);
	setenv("LD_PRELOAD_NOT", "/x", 1);
	setenv("LC_TIME", "C", 1);
	r = run(&spec, NULL, SECONDS(20), 0);
	assert_null(strstr(r.out.data, "PGHOST"));
	assert_null(strstr(r.out.data, "GIT_DIR"));
	assert_null(strstr(r.out.data, "LD_"));
	assert_non_null(strstr(r.out.data, "LC_TIME=C\n"));
	assert_non_null(strstr(r.out.data, "PATH="));
	assert_non_null(strstr(r.out.data, "PGPASSFILE=/x\n"));
	assert_non_null(strstr(r.out.data, "HOME=/elsewhere\n"));
	assert_ptr_equal(strstr(strstr(r.out.data, "HOME=") + 1, "HOME="), NULL);
	result_release(&r);
}

static void input_is_read_and_else_empty(void **state)
{
	char *large = xmalloc(300001);

	(void)state;
	memset(large, 'x', 300000);
	large[300000] = '\0';
	expect_out("cat", NULL, "");
	expect_out("cat", "hello", "hello");
	expect_out("cat; cat >&2", large, large);
	expect_out("exec <&-; echo fine", large, "fine\n");
	free(large);
}

static void descriptors_umask_and_signals_are_clean(void **state)
{
	int open_fd = open("/dev/null", O_RDONLY); /* not close-on-exec */
	sigset_t block;

	(void)state;
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	signal(SIGPIPE, SIG_IGN);
	assert_true(open_fd > 2);
	expect_out("ls /proc/self/fd | wc -l", NULL, "4\n"); /* 0, 1, 2 and ls's own */
	expect_out("umask", NULL, "0077\n");
	/* Signals 32 and 33 are the C library's own: a program that was born with them ignored
	 * can't change that. */
	expect_out("grep -E 'Sig(Blk|Ign)' /proc/self/status | sed "
		   "s/0000000180000000/0000000000000000/",
		   NULL, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	expect_out("test -t 0 || ps -o tty= -p $$ | tr -d ' '", NULL, "?\n");
	sigprocmask(SIG_UNBLOCK, &block, NULL);
	signal(SIGPIPE, SIG_DFL);
	close(open_fd);
}

static void kept_descriptors_and_folder_arrive(void **state)
{
	const char *const argv[] = { "sh", "-c", "pwd; cat <&$FD", NULL };
	int fds[2], keep[2] = { -1, -1 };
	char number[16];
	const char *const env[] = { number, NULL };
	const struct child_spec spec = { .argv = argv, .cwd = "/usr", .keep = keep, .env = env };
	struct result r;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	keep[0] = fds[0];
	snprintf(number, sizeof(number), "FD=%d", fds[0]);
	assert_int_equal(write(fds[1], "kept", 4), 4);
	close(fds[1]);
	r = run(&spec, NULL, SECONDS(20), 0);
	assert_string_equal(r.out.data, "/usr\nkept");
	close(fds[0]);
	result_release(&r);
}

static void another_user_is_taken_whole(void **state)
{
	const char *const argv[] = { "sh", "-c", "id -u; id -g; id -G; echo $USER", NULL };
	const struct child_spec spec = { .argv = argv, .uid = 65534, .gid = 65534, .cwd = "/" };
	struct result r;

	(void)state;
	if (geteuid() != 0)
		skip();
	r = run(&spec, NULL, SECONDS(20), 0);
	assert_string_equal(r.out.data, "65534\n65534\n65534\nnobody\n");
	result_release(&r);
}

static void failed_starts_say_why(void **state)
{
	const char *const none[] = { "no-such-program-here", NULL };
	const char *const folder[] = { "/usr", NULL };
	const char *const fine[] = { "true", NULL };
	struct child_spec spec = { .argv = none };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(child_start(&spec, &err), -1);
	assert_string_equal(err.msg, "no-such-program-here: no such program");
	assert_non_null(strstr(err.hint, "PATH"));
	err_clear(&err);
	spec.argv = folder;
	assert_int_equal(child_start(&spec, &err), -1);
	assert_non_null(strstr(err.msg, "/usr: can't be started: Permission denied"));
	err_clear(&err);
	spec.argv = fine;
	spec.cwd = "/no/such/folder";
	assert_int_equal(child_start(&spec, &err), -1);
	assert_non_null(strstr(err.msg, "/no/such/folder"));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left to reap */
}

static void output_past_the_limit_is_counted(void **state)
{
	const char *const argv[] = { "sh", "-c", "head -c 200000 /dev/zero | tr '\\0' x", NULL };
	const struct child_spec spec = { .argv = argv };
	struct result r = run(&spec, NULL, SECONDS(20), 1000);

	(void)state;
	assert_int_equal(r.out.len, 1000);
	assert_int_equal(r.end.lost, 199000);
	result_release(&r);
}

static void child_ok_quotes_the_last_line(void **state)
{
	const char *const bad[] = { "sh", "-c",
				    "echo one >&2; printf 'fatal: \\033[31mno\\n' >&2; exit 2",
				    NULL };
	const char *const good[] = { "echo", "yes", NULL };
	struct child_spec spec = { .argv = bad };
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(child_ok(&spec, NULL, SECONDS(20), NULL, &err), -1);
	assert_string_equal(err.msg, "sh: exit status 2: fatal: ^[[31mno");
	err_clear(&err);
	spec.argv = good;
	assert_int_equal(child_ok(&spec, NULL, SECONDS(20), &out, &err), 0);
	assert_string_equal(out.data, "yes\n");
	buf_release(&out);
}

/* ---- trees ---- */

/* Three that try to get away: own sessions, a double fork, TERM ignored. Each notes its pid. */
static const char runaways[] =
    "trap '' TERM\n"
    "setsid sh -c 'trap \"\" TERM; echo $$ >>\"$0\"; while :; do sleep 60; done' \"$F\" &\n"
    "(setsid sh -c 'trap \"\" TERM; (while :; do sleep 60; done) & echo $! >>\"$0\"'"
    " \"$F\" &)\n"
    "echo $$ >>\"$F\"\n"
    "while [ \"$(wc -l <\"$F\")\" != 3 ]; do :; done; echo ready; while :; do sleep 60; done\n";

static char *pid_file(void)
{
	char *path = xstrdup("/tmp/backout-child.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	return path;
}

static void expect_gone(const char *path, int count)
{
	struct buf text = BUF_INIT;
	const char *p;
	char *next;
	int n = 0;
	long pid;

	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	for (p = buf_str(&text); (pid = strtol(p, &next, 10)) > 0; p = next, n++)
		if (kill((pid_t)pid, 0) == 0) {
			kill((pid_t)pid, SIGKILL);
			fail_msg("process %ld is still there", pid);
		}
	assert_int_equal(n, count);
	unlink(path);
	buf_release(&text);
}

static void a_timeout_ends_the_whole_tree(void **state)
{
	const char *const argv[] = { "sh", "-c", runaways, NULL };
	char *path = pid_file(), *entry = xasprintf("F=%s", path), text[64];
	const char *const env[] = { entry, NULL };
	const struct child_spec spec = { .argv = argv, .env = env };
	struct result r = run(&spec, NULL, SECONDS(1), 0);
	int reaper = 1;

	(void)state;
	assert_int_equal(r.rc, 0);
	assert_true(r.end.timed_out);
	assert_string_equal(r.out.data, "ready\n");
	assert_non_null(strstr(child_end_text(&r.end, text, sizeof(text)), "timed out after "));
	expect_gone(path, 3);
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	assert_int_equal(reaper, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	result_release(&r);
	free(entry);
	free(path);
}

static void endless_output_does_not_hold_the_time_up(void **state)
{
	const char *const argv[] = { "yes", NULL };
	const struct child_spec spec = { .argv = argv };
	struct result r = run(&spec, NULL, CLOCK_US / 5, 1000);

	(void)state;
	assert_int_equal(r.rc, 0);
	assert_true(r.end.timed_out);
	assert_int_equal(r.out.len, 1000);
	result_release(&r);
}

static void a_deadline_in_the_past_is_no_licence(void **state)
{
	struct result r = shell("sleep 60", NULL, -1);

	(void)state;
	assert_true(r.end.timed_out);
	result_release(&r);
}

static void a_daemon_left_behind_lives_on(void **state)
{
	struct result r = shell("setsid sleep 60 & echo $!", NULL, SECONDS(20));
	pid_t pid = (pid_t)atoi(buf_str(&r.out));

	(void)state;
	assert_int_equal(r.rc, 0); /* although it still holds the pipe */
	assert_false(r.end.timed_out);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	waitpid(pid, NULL, 0);
	result_release(&r);
}

/* Blocks until `path` has `lines` lines. */
static void wait_lines(const char *path, int lines)
{
	for (;;) {
		struct buf text = BUF_INIT;
		int n = 0;

		assert_int_equal(file_read(path, &text, 0, NULL), 0);
		for (size_t i = 0; i < text.len; i++)
			n += text.data[i] == '\n';
		buf_release(&text);
		if (n >= lines)
			return;
		usleep(2000);
	}
}

static void a_sweep_leaves_nobody(void **state)
{
	const char *const argv[] = { "sh", "-c", runaways, NULL };
	char *path = pid_file(), *entry = xasprintf("F=%s", path);
	const char *const env[] = { entry, NULL };
	const struct child_spec spec = { .argv = argv, .env = env };

	(void)state;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_true(child_start(&spec, NULL) > 0);
	wait_lines(path, 3);
	assert_true(child_sweep(NULL, CLOCK_US / 20) >= 3);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	expect_gone(path, 3);
	assert_int_equal(child_sweep(NULL, CLOCK_US / 20), 0);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	free(entry);
	free(path);
}

static void a_polite_tree_gets_no_kill(void **state)
{
	char *path = pid_file(), *entry = xasprintf("F=%s", path);
	const char *const argv[] = { "sh", "-c",
				     "trap 'echo bye >>\"$F\"; exit' TERM; echo up >>\"$F\";"
				     "while :; do sleep 60 & wait; done",
				     NULL };
	const char *const env[] = { entry, NULL };
	const struct child_spec spec = { .argv = argv, .env = env };
	struct buf text = BUF_INIT;

	(void)state;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_true(child_start(&spec, NULL) > 0);
	wait_lines(path, 1);
	child_sweep(NULL, SECONDS(20));
	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	assert_string_equal(text.data, "up\nbye\n");
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	unlink(path);
	buf_release(&text);
	free(entry);
	free(path);
}

/* A child of `spec` whose parent dies by SIGKILL at once; writes its pid to fd. */
static pid_t orphan(bool detached)
{
	const char *const argv[] = { "sleep", "20", NULL };
	const struct child_spec spec = { .argv = argv, .detached = detached };
	int fds[2];
	pid_t middle, pid = -1;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	middle = fork();
	if (middle == 0) {
		pid = child_start(&spec, NULL);
		if (write(fds[1], &pid, sizeof(pid)) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(read(fds[0], &pid, sizeof(pid)), (ssize_t)sizeof(pid));
	waitpid(middle, NULL, 0);
	close(fds[0]);
	close(fds[1]);
	return pid;
}

static void children_die_with_their_parent(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that the orphans are ours to look at */
	pid = orphan(false);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	pid = orphan(true);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_int_equal(getsid(pid), pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* ---- jobs ---- */

struct job_result {
	struct loop *loop;
	int calls;
	struct child_end end;
	char out[64];
};

static void job_done(const struct child_end *end, const struct buf *out, void *data)
{
	struct job_result *result = data;

	result->calls++;
	result->end = *end;
	snprintf(result->out, sizeof(result->out), "%s", buf_str(out));
	loop_stop(result->loop);
}

static void a_job_gives_its_output_once(void **state)
{
	const char *const argv[] = { "sh", "-c", "cat; exit 4", NULL };
	const struct child_spec spec = { .argv = argv };
	struct loop *loop = loop_new(&clock_system, NULL);
	struct job_result result = { .loop = loop };

	(void)state;
	assert_non_null(job_start(loop, &spec, "hi", SECONDS(20), 100, job_done, &result, NULL));
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_int_equal(result.calls, 1);
	assert_string_equal(result.out, "hi");
	assert_int_equal(WEXITSTATUS(result.end.status), 4);
	assert_false(result.end.timed_out);
	loop_free(loop);
}

static void a_job_times_out_by_the_loops_clock(void **state)
{
	const char *const argv[] = { "sh", "-c", "trap '' TERM; sleep 60 & echo up; wait; wait",
				     NULL };
	const struct child_spec spec = { .argv = argv };
	struct clock_manual clock;
	struct loop *loop;
	struct job_result result = { .calls = 0 };

	(void)state;
	clock_manual_init(&clock, 0);
	result.loop = loop = loop_new(&clock.clock, NULL);
	assert_non_null(job_start(loop, &spec, NULL, SECONDS(30), 100, job_done, &result, NULL));
	assert_int_equal(loop_turn(loop, 0, NULL), 0);
	assert_int_equal(result.calls, 0);
	clock_manual_advance(&clock, SECONDS(31)); /* TERM */
	assert_int_equal(loop_turn(loop, 0, NULL), 0);
	clock_manual_advance(&clock, SECONDS(3)); /* KILL */
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_int_equal(result.calls, 1);
	assert_true(result.end.timed_out);
	loop_free(loop);
}

static void a_cancelled_job_says_nothing(void **state)
{
	const char *const argv[] = { "sleep", "60", NULL };
	const struct child_spec spec = { .argv = argv };
	struct loop *loop = loop_new(&clock_system, NULL);
	struct job_result result = { .loop = loop };
	struct job *job = job_start(loop, &spec, NULL, 0, 100, job_done, &result, NULL);

	(void)state;
	assert_non_null(job);
	job_cancel(job);
	assert_int_equal(loop_turn(loop, 0, NULL), 0);
	assert_int_equal(result.calls, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	loop_free(loop);
}

static void a_job_that_can_t_start_says_why(void **state)
{
	const char *const argv[] = { "no-such-program-here", NULL };
	const struct child_spec spec = { .argv = argv };
	struct loop *loop = loop_new(&clock_system, NULL);
	struct err err = ERR_INIT;

	(void)state;
	assert_null(job_start(loop, &spec, NULL, 0, 100, job_done, NULL, &err));
	assert_true(err.set);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_status_come_back),
		cmocka_unit_test(arguments_never_meet_a_shell),
		cmocka_unit_test(environment_is_an_allow_list),
		cmocka_unit_test(input_is_read_and_else_empty),
		cmocka_unit_test(descriptors_umask_and_signals_are_clean),
		cmocka_unit_test(kept_descriptors_and_folder_arrive),
		cmocka_unit_test(another_user_is_taken_whole),
		cmocka_unit_test(failed_starts_say_why),
		cmocka_unit_test(output_past_the_limit_is_counted),
		cmocka_unit_test(child_ok_quotes_the_last_line),
		cmocka_unit_test(a_timeout_ends_the_whole_tree),
		cmocka_unit_test(endless_output_does_not_hold_the_time_up),
		cmocka_unit_test(a_deadline_in_the_past_is_no_licence),
		cmocka_unit_test(a_daemon_left_behind_lives_on),
		cmocka_unit_test(a_sweep_leaves_nobody),
		cmocka_unit_test(a_polite_tree_gets_no_kill),
		cmocka_unit_test(children_die_with_their_parent),
		cmocka_unit_test(a_job_gives_its_output_once),
		cmocka_unit_test(a_job_times_out_by_the_loops_clock),
		cmocka_unit_test(a_cancelled_job_says_nothing),
		cmocka_unit_test(a_job_that_can_t_start_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
