/*
 * A child's whole tree ends: on a timeout, on a stop, when a job beside the loop is cancelled. In
 * the tree: processes in sessions of their own, orphans of double forks, ones that ignore TERM, are
 * stopped, wiped their environment, and ones that never stand still but fork and end, fork and end.
 * Whoever survives is found by a file that it holds open, not by anything the program looks at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
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
#include "lib/offspring.h"
#include "tests/unit/fault.h"

static char folder[64];
static const char *self;
static long injected, ended, survivors;

/* ---- the tree ---- */

/* Forks and ends, again and again: whoever looks for it finds its number gone. */
static void run_on(int64_t until)
{
	while (clock_mono(&clock_system) < until) {
		pid_t pid = fork();

		if (pid > 0)
			_exit(0);
		if (pid == 0)
			setsid();
	}
}

static void mark(const char *name)
{
	char *path = path_join(folder, name);

	close(open(path, O_WRONLY | O_CREAT, 0600));
	free(path);
}

/* The whole zoo, as a program: its standard output, a file, is what its members are known by. */
static int zoo(const char *where)
{
	/* Should the test fail, it does not run for ever. */
	int64_t until = clock_mono(&clock_system) + 60 * CLOCK_US;

	snprintf(folder, sizeof(folder), "%s", where);
	for (int kind = 0; kind < 6; kind++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid > 0)
			continue;
		if (kind >= 1 && kind != 5)
			setsid();
		if (kind >= 2 && kind != 5 && fork() > 0)
			_exit(0);
		if (kind >= 3)
			signal(SIGTERM, SIG_IGN);
		if (kind == 3) {
			const char *argv[] = { "sleep", "60", NULL };
			char *none[] = { NULL };

			mark("wiped");
			execve("/bin/sleep", (char *const *)(uintptr_t)argv, none);
		}
		if (kind == 4) {
			mark("runs-on");
			run_on(until);
		}
		if (kind == 5)
			raise(SIGSTOP);
		pause();
		_exit(0);
	}
	signal(SIGTERM, SIG_IGN);
	mark("up");
	for (;;)
		pause();
}

/* ---- who is left ---- */

static bool holds(const char *pid, const struct stat *file)
{
	char *path = xasprintf("/proc/%s/fd/1", pid);
	struct stat st;
	bool same = stat(path, &st) == 0 && st.st_ino == file->st_ino && st.st_dev == file->st_dev;

	free(path);
	return same;
}

/* Ends them, too. Twice: one may have been about to fork. */
static int left(const char *out)
{
	struct stat file;
	int n = 0;

	assert_int_equal(stat(out, &file), 0);
	for (int round = 0; round < 20; round++) {
		DIR *dir = opendir("/proc");
		struct dirent *entry;

		while ((entry = readdir(dir))) {
			if (!isdigit((unsigned char)entry->d_name[0]) ||
			    !holds(entry->d_name, &file))
				continue;
			n++;
			kill((pid_t)atoi(entry->d_name), SIGKILL);
		}
		closedir(dir);
	}
	return n;
}

static bool has(const char *name)
{
	char *path = path_join(folder, name);
	bool there = file_exists(path);

	free(path);
	return there;
}

static void wait_up(void)
{
	for (int i = 0; i < 5000 && !(has("up") && has("wiped") && has("runs-on")); i++)
		usleep(2000);
	assert_true(has("up") && has("wiped") && has("runs-on"));
}

static void clear(void)
{
	static const char *const names[] = { "up", "wiped", "runs-on" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = path_join(folder, names[i]);

		unlink(path);
		free(path);
	}
}

static void judge(const char *out)
{
	int n = left(out);

	injected++;
	ended += n == 0;
	survivors += n;
	clear();
	assert_int_equal(n, 0);
}

static int times(void)
{
	return getenv("LONG") ? 40 : 2;
}

struct call {
	const char *argv[4];
	char *out;
	int fd;
	struct child_spec spec;
};

static void call_begin(struct call *call)
{
	*call = (struct call){ .argv = { self, "zoo", folder, NULL } };
	call->out = path_join(folder, "out");
	call->fd = open(call->out, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(call->fd >= 0);
	call->spec = (struct child_spec){ .argv = call->argv, .out = call->fd };
}

static void call_end(struct call *call)
{
	close(call->fd);
	free(call->out);
}

/* ---- the ways it can end ---- */

static void a_timeout_ends_it(void **state)
{
	(void)state;
	for (int i = 0; i < times(); i++) {
		struct child_end end;
		struct call call;

		call_begin(&call);
		assert_int_equal(child_run(&call.spec, NULL, CLOCK_US, 0, NULL, NULL, &end, NULL),
				 0);
		assert_true(end.timed_out);
		assert_true(has("up"));
		judge(call.out);
		call_end(&call);
	}
}

static void a_sweep_ends_it(void **state)
{
	(void)state;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < times(); i++) {
		struct child_tree *known = child_known();
		struct call call;

		call_begin(&call);
		assert_true(child_start(&call.spec, NULL) > 0);
		wait_up();
		assert_true(child_sweep(known, CLOCK_US / 10) >= 4);
		judge(call.out);
		call_end(&call);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void unexpected(const struct child_end *end, const struct buf *out, void *data)
{
	(void)end, (void)out, (void)data;
	fail_msg("a cancelled job called back");
}

static void stream_bytes(const char *bytes, size_t len, void *data)
{
	(void)bytes, (void)len, (void)data;
}

static void stream_ended(const struct child_end *end, void *data)
{
	(void)end, (void)data;
}

/* The output of a job is a pipe; so what marks its tree is put there by a shell. */
static void kept_spec(struct call *call, const char *shell[6])
{
	shell[0] = "sh";
	shell[1] = "-c";
	shell[2] = "exec \"$0\" zoo \"$1\" >>\"$1/out\"";
	shell[3] = self;
	shell[4] = folder;
	shell[5] = NULL;
	call->spec = (struct child_spec){ .argv = shell, .kept = true };
}

static void cancelling_a_job_ends_it(void **state)
{
	struct loop *loop = loop_new(&clock_system, NULL);

	(void)state;
	for (int i = 0; i < times(); i++) {
		const char *shell[6];
		struct call call;
		struct job *job;

		call_begin(&call);
		kept_spec(&call, shell);
		job = job_start(loop, &call.spec, NULL, 0, 100, unexpected, NULL, NULL);
		assert_non_null(job);
		wait_up();
		job_cancel(job);
		judge(call.out);
		call_end(&call);
	}
	loop_free(loop);
}

static void late(const struct child_end *end, const struct buf *out, void *data)
{
	(void)out;
	assert_true(end->timed_out);
	loop_stop(data);
}

static void a_job_that_is_late_ends_with_it(void **state)
{
	struct loop *loop = loop_new(&clock_system, NULL);

	(void)state;
	for (int i = 0; i < times(); i++) {
		const char *shell[6];
		struct call call;

		call_begin(&call);
		kept_spec(&call, shell);
		assert_non_null(
		    job_start(loop, &call.spec, NULL, CLOCK_US / 2, 100, late, loop, NULL));
		wait_up();
		assert_int_equal(loop_run(loop, NULL), 0);
		judge(call.out);
		call_end(&call);
	}
	loop_free(loop);
}

static void cancelling_a_stream_ends_it(void **state)
{
	struct loop *loop = loop_new(&clock_system, NULL);
	const struct stream_calls calls = { .bytes = stream_bytes, .ended = stream_ended };

	(void)state;
	for (int i = 0; i < times(); i++) {
		const char *shell[6];
		struct stream *stream;
		struct call call;

		call_begin(&call);
		kept_spec(&call, shell);
		stream = stream_start(loop, &call.spec, false, &calls, NULL);
		assert_non_null(stream);
		wait_up();
		stream_cancel(stream);
		judge(call.out);
		call_end(&call);
	}
	loop_free(loop);
}

static json_t *task_runs(void *data)
{
	struct call *call = data;

	child_run(&call->spec, NULL, 0, 0, NULL, NULL, NULL, NULL);
	return json_null();
}

static void task_over(const json_t *result, void *data)
{
	(void)result, (void)data;
	fail_msg("a cancelled task called back");
}

/* A probe's command in a copy of the console that overstays. */
static void cancelling_a_task_ends_its_command(void **state)
{
	struct loop *loop = loop_new(&clock_system, NULL);

	(void)state;
	for (int i = 0; i < times(); i++) {
		struct task *task;
		struct call call;

		call_begin(&call);
		task = task_start(loop, 60 * CLOCK_US, task_runs, task_over, &call, NULL);
		assert_non_null(task);
		wait_up();
		task_cancel(task);
		judge(call.out);
		call_end(&call);
	}
	loop_free(loop);
}

/* Whoever started a kept child dies by KILL: the keeper ends the tree. */
static void a_kept_tree_ends_with_its_parent(void **state)
{
	(void)state;
	for (int i = 0; i < times(); i++) {
		const char *shell[6];
		struct call call;
		pid_t pid;
		int n = -1, gone = 0;

		call_begin(&call);
		kept_spec(&call, shell);
		pid = fork();
		if (pid == 0) {
			child_start(&call.spec, NULL);
			pause();
		}
		wait_up();
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		/* Nobody tells when the keeper is through. One look may miss whoever forks and
		 * ends: many in a row don't. */
		for (int k = 0; k < 5000 && gone < 50; k++) {
			struct stat file;
			DIR *dir = opendir("/proc");
			struct dirent *entry;

			n = 0;
			assert_int_equal(stat(call.out, &file), 0);
			while ((entry = readdir(dir)))
				n += isdigit((unsigned char)entry->d_name[0]) &&
				     holds(entry->d_name, &file);
			closedir(dir);
			gone = n == 0 ? gone + 1 : 0;
			usleep(2000);
		}
		judge(call.out);
		call_end(&call);
	}
}

static void a_kept_child_ends_as_it_ends(void **state)
{
	static const char *const scripts[] = { "exit 0", "exit 3", "kill -TERM $$",
					       "kill -SEGV $$" };
	static const int statuses[] = { 0, 3 << 8, SIGTERM, SIGSEGV };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const char *argv[] = { "sh", "-c", scripts[i], NULL };
		const struct child_spec spec = { .argv = argv, .kept = true };
		int status;
		pid_t pid = child_start(&spec, NULL);

		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status & ~0x80, statuses[i]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timeout_ends_it),
		cmocka_unit_test(a_sweep_ends_it),
		cmocka_unit_test(cancelling_a_job_ends_it),
		cmocka_unit_test(a_job_that_is_late_ends_with_it),
		cmocka_unit_test(cancelling_a_stream_ends_it),
		cmocka_unit_test(cancelling_a_task_ends_its_command),
		cmocka_unit_test(a_kept_tree_ends_with_its_parent),
		cmocka_unit_test(a_kept_child_ends_as_it_ends),
	};
	int failed;

	if (argc == 3 && strcmp(argv[1], "zoo") == 0)
		return zoo(argv[2]);
	self = realpath(argv[0], NULL);
	snprintf(folder, sizeof(folder), "/tmp/backout-test-XXXXXX");
	if (!self || !mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	file_remove_tree(folder, NULL);
	fault(21, "trees of stray processes, ended seven ways", injected, ended, survivors);
	return failed;
}
