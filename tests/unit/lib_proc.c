#include "tests/unit/scratch.h"

#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/disk.h"
#include "lib/proc.h"
#include "lib/procfollow.h"
#include "lib/prochost.h"

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

/* ---- followed ---- */

struct followed {
	json_t *declaration;
	struct proc_decl decl;
	struct proc_follow *follow;
	struct proc_list list;
	int64_t mono; /* of the latest look */
};

static void followed_begin(struct followed *f, const char *json)
{
	struct err err = ERR_INIT;

	*f = (struct followed){ .declaration = json_loads(json, 0, NULL), .mono = CLOCK_US };
	assert_int_equal(proc_decl_init(&f->decl, f->declaration, &err), 0);
	f->follow = proc_follow_new(&f->decl);
}

static void followed_end(struct followed *f)
{
	proc_follow_free(f->follow);
	proc_list_release(&f->list);
	proc_decl_release(&f->decl);
	json_decref(f->declaration);
}

/* How many there are a second later. */
static size_t looked(struct followed *f)
{
	struct err err = ERR_INIT;

	f->mono += CLOCK_US;
	assert_int_equal(proc_follow_look(f->follow, f->mono, &f->list, &err), 0);
	return f->list.n;
}

/* New ones are found by the next look, without one at all of /proc; ended ones are gone from it. */
static void processes_are_followed(void **state)
{
	char name[64], json[160];
	struct followed f;
	pid_t one, two;

	(void)state;
	snprintf(name, sizeof(name), "backout-follow-%d", (int)getpid());
	snprintf(json, sizeof(json), "{\"match\": [\"%s\"]}", name);
	followed_begin(&f, json);
	assert_int_equal(looked(&f), 0);
	assert_string_not_equal(f.list.why, "");
	one = child_named(name);
	assert_int_equal(looked(&f), 1);
	assert_int_equal(f.list.list[0].id.pid, one);
	assert_int_equal(f.list.list[0].threads, 1);
	two = child_named(name);
	assert_int_equal(looked(&f), 2);
	assert_int_equal(f.list.roots, 2);
	assert_int_equal(f.list.list[0].id.pid, one);
	assert_int_equal(looked(&f), 2);
	kill(one, SIGKILL);
	assert_true(proc_wait_gone(f.list.list[0].id, 20 * CLOCK_US));
	assert_int_equal(looked(&f), 1); /* a zombie is none */
	waitpid(one, NULL, 0);
	assert_int_equal(f.list.list[0].id.pid, two);
	child_end_now(two);
	assert_int_equal(looked(&f), 0);
	followed_end(&f);
}

/* One that takes its name long after its start is seen when all of /proc is looked at again. */
static void a_late_name_is_found(void **state)
{
	char name[64], json[160], byte = 0;
	struct followed f;
	int go[2], ready[2];
	size_t n = 0;
	pid_t pid;

	(void)state;
	snprintf(name, sizeof(name), "backout-late-%d", (int)getpid());
	snprintf(json, sizeof(json), "{\"match\": [\"%s\"]}", name);
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		fcntl(ready[1], F_SETFD, FD_CLOEXEC);
		if (read(go[0], &byte, 1) == 1)
			execlp("sleep", name, "1000", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	followed_begin(&f, json);
	for (int i = 0; i < 8; i++) /* it is not young any more */
		assert_int_equal(looked(&f), 0);
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	for (int i = 0; i < 70 && n == 0; i++)
		n = looked(&f);
	assert_int_equal(n, 1);
	child_end_now(pid);
	followed_end(&f);
	close(go[0]);
	close(go[1]);
	close(ready[0]);
}

/* One that takes its name just after the first look is not left to the next look at all of /proc.
 */
static void a_process_that_is_being_started_is_found(void **state)
{
	char name[64], json[160], byte = 0;
	struct followed f;
	int go[2], ready[2];
	pid_t pid;

	(void)state;
	snprintf(name, sizeof(name), "backout-young-%d", (int)getpid());
	snprintf(json, sizeof(json), "{\"match\": [\"%s\"]}", name);
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		fcntl(ready[1], F_SETFD, FD_CLOEXEC);
		if (read(go[0], &byte, 1) == 1)
			execlp("sleep", name, "1000", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	followed_begin(&f, json);
	assert_int_equal(looked(&f), 0);
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	assert_int_equal(looked(&f), 1);
	child_end_now(pid);
	followed_end(&f);
	close(go[0]);
	close(go[1]);
	close(ready[0]);
}

/* However many there are, the descriptors that are kept for them are not all of the program's. */
static void many_processes_leave_descriptors(void **state)
{
	enum { MANY = 200 };
	char name[64], json[160];
	pid_t pids[MANY];
	struct followed f;
	int64_t before;

	(void)state;
	snprintf(name, sizeof(name), "backout-crowd-%d", (int)getpid());
	snprintf(json, sizeof(json), "{\"match\": [\"%s\"]}", name);
	followed_begin(&f, json);
	for (int i = 0; i < MANY; i++)
		pids[i] = child_named(name);
	before = proc_files(getpid());
	assert_int_equal(looked(&f), MANY);
	assert_int_equal(looked(&f), MANY);
	assert_true(proc_files(getpid()) - before < 150);
	child_end_now(pids[0]);
	child_end_now(pids[MANY - 1]);
	assert_int_equal(looked(&f), MANY - 2);
	for (int i = 1; i < MANY - 1; i++)
		child_end_now(pids[i]);
	followed_end(&f);
}

/* Where pids are given out too fast to be looked at one by one, lists of them tell. */
static void many_new_processes_hide_none(void **state)
{
	char name[64], json[160];
	struct followed f;
	pid_t pid = 0;
	size_t n = 0;

	(void)state;
	snprintf(name, sizeof(name), "backout-many-%d", (int)getpid());
	snprintf(json, sizeof(json), "{\"match\": [\"%s\"]}", name);
	followed_begin(&f, json);
	for (int look = 0; look < 12 && n == 0; look++) {
		for (int i = 0; i < 300; i++) {
			pid_t other = fork();

			if (other == 0)
				_exit(0);
			waitpid(other, NULL, 0);
		}
		if (look == 3)
			pid = child_named(name);
		n = looked(&f);
		assert_true(look >= 3 || n == 0);
	}
	assert_int_equal(n, 1);
	assert_int_equal(f.list.list[0].id.pid, pid);
	child_end_now(pid);
	followed_end(&f);
}

static void a_pid_file_is_followed(void **state)
{
	char path[64], json[160], text[32];
	struct followed f;
	pid_t one = child_named("backout-pid-one"), two = child_named("backout-pid-two");

	(void)state;
	snprintf(path, sizeof(path), "/tmp/backout-unit-%d.pid", (int)getpid());
	unlink(path);
	snprintf(json, sizeof(json), "{\"pid_file\": \"%s\"}", path);
	followed_begin(&f, json);
	assert_int_equal(looked(&f), 0);
	snprintf(text, sizeof(text), "%d\n", (int)one);
	scratch_puts(path, text);
	assert_int_equal(looked(&f), 1);
	assert_int_equal(f.list.list[0].id.pid, one);
	assert_int_equal(looked(&f), 1);
	unlink(path);
	snprintf(text, sizeof(text), "%d\n", (int)two);
	scratch_puts(path, text);
	assert_int_equal(looked(&f), 1);
	assert_int_equal(f.list.list[0].id.pid, two);
	child_end_now(two);
	assert_int_equal(looked(&f), 0);
	assert_non_null(strstr(f.list.why, "is gone"));
	child_end_now(one);
	unlink(path);
	followed_end(&f);
}

/* A thread has a folder in /proc, and the process's arguments in it, but is no process. */
static void *thread_waits(void *data)
{
	pause();
	return data;
}

static void threads_are_no_processes(void **state)
{
	struct proc_stat there;
	pthread_t thread;
	pid_t pid;
	int ready[2];
	int32_t tid = 0;
	char json[160];
	json_t *declaration;
	struct proc_decl decl;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pthread_create(&thread, NULL, thread_waits, NULL);
		for (tid = 0; tid == 0;) {
			char path[64];
			struct dirent *entry;
			DIR *folder;

			snprintf(path, sizeof(path), "/proc/%d/task", (int)getpid());
			folder = opendir(path);
			while ((entry = readdir(folder)) != NULL)
				if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != getpid())
					tid = atoi(entry->d_name);
			closedir(folder);
		}
		(void)!write(ready[1], &tid, sizeof(tid));
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &tid, sizeof(tid)), (ssize_t)sizeof(tid));
	snprintf(json, sizeof(json), "{\"match\": [\"*lib_proc*\"]}");
	declaration = json_loads(json, 0, NULL);
	assert_int_equal(proc_decl_init(&decl, declaration, NULL), 0);
	assert_true(proc_is_meant(&decl, pid));
	assert_false(proc_is_meant(&decl, tid));
	assert_int_equal(proc_stat(pid, &there), 0);
	assert_int_equal(there.threads, 2);
	proc_decl_release(&decl);
	json_decref(declaration);
	child_end_now(pid);
	close(ready[0]);
	close(ready[1]);
}

static void what_a_process_uses_is_read(void **state)
{
	int64_t files = proc_files(getpid()), rss;
	struct proc_stat self;
	int fd;

	(void)state;
	assert_true(files >= 3);
	fd = open("/dev/null", O_RDONLY);
	assert_int_equal(proc_files(getpid()), files + 1);
	close(fd);
	assert_true(proc_files_limit(getpid()) > files);
	assert_int_equal(proc_stat(getpid(), &self), 0);
	rss = self.rss;
	assert_in_range(proc_pss(getpid()), 1, rss + (4 << 20));
	assert_int_equal(proc_files(0x3fffffff), -1);
	assert_int_equal(proc_files_limit(0x3fffffff), -1);
	assert_int_equal(proc_pss(0x3fffffff), -1);
	assert_int_equal(proc_oom_kills(0x3fffffff), -1);
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
	struct proc_host_files files;
	struct proc_host then, now;
	struct disk_look disk;

	(void)state;
	proc_host_open(&files);
	assert_int_equal(proc_host(&files, &then, NULL), 0);
	assert_true(then.memory > (64 << 20));
	assert_in_range(then.memory_free, 1, then.memory);
	assert_true(then.uptime_s > 0);
	assert_true(then.processors > 0);
	assert_true(isnan(proc_host_cpu(&then, &then)));
	do
		assert_int_equal(proc_host(&files, &now, NULL), 0);
	while (now.total <= then.total);
	assert_true(proc_host_cpu(&then, &now) >= 0);
	assert_true(proc_host_cpu(&then, &now) <= 100);
	assert_true(proc_host_iowait(&then, &now) >= 0);
	assert_true(proc_host_steal(&then, &now) <= 100);
	assert_true(now.swapped >= then.swapped);
	for (int i = 0; i < PRESSURES; i++)
		assert_true(isnan(now.pressure[i]) ||
			    (now.pressure[i] >= 0 && now.pressure[i] <= 100));
	proc_host_close(&files);
	assert_int_equal(disk_look("/", &disk, NULL), 0);
	assert_true(disk.percent >= 0 && disk.percent <= 100);
	assert_true(disk.size > 0 && disk.free <= disk.size);
	assert_int_equal(disk_look("/no/such/place", &disk, NULL), -1);
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
		cmocka_unit_test(processes_are_followed),
		cmocka_unit_test(a_late_name_is_found),
		cmocka_unit_test(many_new_processes_hide_none),
		cmocka_unit_test(a_process_that_is_being_started_is_found),
		cmocka_unit_test(many_processes_leave_descriptors),
		cmocka_unit_test(a_pid_file_is_followed),
		cmocka_unit_test(threads_are_no_processes),
		cmocka_unit_test(what_a_process_uses_is_read),
		cmocka_unit_test(an_unknown_user_is_an_error),
		cmocka_unit_test(ending_asks_first_and_kills_then),
		cmocka_unit_test(the_host_is_read),
		cmocka_unit_test(commands_are_shown_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
