#include "tests/unit/scratch.h"

#include <math.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/proc.h"

/* A child that does nothing, with a command line of its own: `sleep 1000 MARK` under another name.
 */
static pid_t child_named(const char *name)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		fcntl(ready[1], F_SETFD, FD_CLOEXEC);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("sleep", name, "1000", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	/* End of file: the exec has happened. */
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	return pid;
}

static void child_end_now(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct proc_list find(const char *json, struct err *err)
{
	json_t *declaration = json_loads(json, 0, NULL);
	struct proc_decl decl;
	struct proc_list list = { 0 };

	assert_non_null(declaration);
	if (proc_decl_init(&decl, declaration, err) == 0)
		proc_find(&decl, &list, err);
	proc_decl_release(&decl);
	json_decref(declaration);
	return list;
}

static void a_process_is_read(void **state)
{
	struct proc_stat self;
	int64_t age;

	(void)state;
	assert_int_equal(proc_stat(getpid(), &self), 0);
	assert_int_equal(self.parent, getppid());
	assert_true(self.rss > 100000);
	assert_true(proc_alive(self.id));
	age = clock_wall(&clock_system) - proc_started(self.id);
	assert_true(age > -CLOCK_US && age < 3600 * CLOCK_US);
	assert_int_equal(proc_stat(0x3fffffff, &self), -1);
}

static void a_zombie_and_a_reused_pid_are_not_alive(void **state)
{
	pid_t pid = child_named("backout-zombie");
	struct proc_stat there;

	(void)state;
	assert_int_equal(proc_stat(pid, &there), 0);
	assert_true(proc_alive(there.id));
	there.id.start++;
	assert_false(proc_alive(there.id));
	/* A signal for another process with this pid goes nowhere. */
	assert_int_equal(proc_signal(there.id, SIGKILL, NULL), 0);
	there.id.start--;
	assert_true(proc_alive(there.id));
	assert_int_equal(proc_signal(there.id, SIGKILL, NULL), 0);
	assert_true(proc_wait_gone(there.id, 20 * CLOCK_US));
	assert_int_equal(kill(pid, 0), 0); /* still a zombie */
	assert_false(proc_alive(there.id));
	waitpid(pid, NULL, 0);
}

static void matching_by_arguments(void **state)
{
	char name[64], json[160];
	struct err err = ERR_INIT;
	struct proc_list list;
	pid_t one, two;

	(void)state;
	snprintf(name, sizeof(name), "backout-match-%d", (int)getpid());
	one = child_named(name);
	two = child_named(name);
	snprintf(json, sizeof(json), "{\"match\": [\"backout-match-%d\"]}", (int)getpid());
	list = find(json, &err);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.roots, 2);
	assert_true(list.list[0].id.start <= list.list[1].id.start);
	proc_list_release(&list);
	snprintf(json, sizeof(json), "{\"match\": [\"*-match-%d\", \"10?0\"]}", (int)getpid());
	list = find(json, &err);
	assert_int_equal(list.n, 2);
	proc_list_release(&list);
	snprintf(json, sizeof(json), "{\"match\": [\"backout-match-%d\", \"2000\"]}",
		 (int)getpid());
	list = find(json, &err);
	assert_int_equal(list.n, 0);
	assert_string_not_equal(list.why, "");
	proc_list_release(&list);
	/* A pattern is no substring. */
	snprintf(json, sizeof(json), "{\"match\": [\"match-%d\"]}", (int)getpid());
	list = find(json, &err);
	assert_int_equal(list.n, 0);
	proc_list_release(&list);
	snprintf(json, sizeof(json), "{\"match\": [\"backout-match-%d\"], \"user\": \"nobody\"}",
		 (int)getpid());
	list = find(json, &err);
	assert_int_equal(list.n, getuid() == 65534 ? 2 : 0);
	proc_list_release(&list);
	assert_false(err.set);
	child_end_now(one);
	child_end_now(two);
}

static void an_unknown_user_is_an_error(void **state)
{
	struct err err = ERR_INIT;
	struct proc_list list;

	(void)state;
	list = find("{\"match\": [\"x\"], \"user\": \"no such user\"}", &err);
	assert_true(err.set);
	proc_list_release(&list);
}

static void ending_asks_first_and_kills_then(void **state)
{
	pid_t polite = child_named("backout-polite");
	int ready[2];
	struct proc_id ids[2];
	struct proc_stat there;
	pid_t stubborn;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	stubborn = fork();
	if (stubborn == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGTERM, SIG_IGN);
		close(ready[0]);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(proc_stat(polite, &there), 0);
	ids[0] = there.id;
	assert_int_equal(proc_stat(stubborn, &there), 0);
	ids[1] = there.id;
	assert_int_equal(proc_end(ids, 2, CLOCK_US / 5, NULL), 1);
	assert_false(proc_alive(ids[0]));
	assert_false(proc_alive(ids[1]));
	waitpid(polite, NULL, 0);
	waitpid(stubborn, NULL, 0);
}

static void the_host_is_read(void **state)
{
	struct proc_host then, now;
	double percent;
	int64_t available;

	(void)state;
	assert_int_equal(proc_host(&then, NULL), 0);
	assert_true(then.memory > (64 << 20));
	assert_in_range(then.memory_free, 1, then.memory);
	assert_true(then.uptime_s > 0);
	assert_true(then.processors > 0);
	assert_true(isnan(proc_host_cpu(&then, &then)));
	do
		assert_int_equal(proc_host(&now, NULL), 0);
	while (now.total <= then.total);
	assert_true(proc_host_cpu(&then, &now) >= 0);
	assert_true(proc_host_cpu(&then, &now) <= 100);
	assert_int_equal(proc_disk("/", &percent, &available, NULL), 0);
	assert_true(percent >= 0 && percent <= 100);
	assert_int_equal(proc_disk("/no/such/place", &percent, &available, NULL), -1);
}

static void commands_are_shown_clean(void **state)
{
	pid_t pid = child_named("backout-\033[2J");
	char *text = proc_command(pid);

	(void)state;
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, " 1000"));
	free(text);
	child_end_now(pid);
	text = proc_command(pid);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_read),
		cmocka_unit_test(a_zombie_and_a_reused_pid_are_not_alive),
		cmocka_unit_test(matching_by_arguments),
		cmocka_unit_test(an_unknown_user_is_an_error),
		cmocka_unit_test(ending_asks_first_and_kills_then),
		cmocka_unit_test(the_host_is_read),
		cmocka_unit_test(commands_are_shown_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
