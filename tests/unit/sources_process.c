/* The processes of a source: what is read of them, and each by itself. */
#include "tests/unit/scratch.h"

#include <math.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/jdoc.h"
#include "lib/proc.h"
#include "sources/process.h"

#define WINDOW_US (60 * CLOCK_US)

struct fixture {
	char name[64];
	json_t *args;
	struct source_env env;
	struct source *source;
};

/* What this program is when it is started as "bot": it closes its output once it is there. */
static int bot_main(const char *how)
{
	if (strcmp(how, "worker") == 0 && fork() == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(1);
	while (strcmp(how, "busy") == 0)
		;
	pause();
	return 0;
}

/* A process by the fixture's name; "worker": with a worker by the same name. It runs once this
 * returns. */
static pid_t bot_start(const struct fixture *f, const char *how)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], 1);
		close(ready[0]);
		close(ready[1]);
		execl("/proc/self/exe", f->name, "bot", how, (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	/* End of file: all have closed it. */
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	return pid;
}

static void bot_end(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->name, sizeof(f->name), "backout-process-%d", (int)getpid());
	f->env = (struct source_env){ .clock = &clock_system };
	f->args = json_pack("{s:[s], s:i}", "match", f->name, "instances", 1);
	f->source = source_type("process")->open(&f->env, "bot", f->args, NULL);
	assert_non_null(f->source);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	source_close(f->source);
	json_decref(f->args);
	free(f);
	return 0;
}

static struct reading read_of(const struct fixture *f, const char *read)
{
	json_t *metric = json_pack("{s:s}", "read", read);
	struct reading out;

	f->source->type->read(f->source, metric, 0, &out);
	json_decref(metric);
	return out;
}

static void what_is_not_there_has_no_figures(void **state)
{
	struct fixture *f = *state;

	for (const struct read_def *def = f->source->type->type.reads; def->name; def++) {
		struct reading out = read_of(f, def->name);

		if (strcmp(def->name, "count") == 0 || strcmp(def->name, "starts") == 0) {
			assert_true(out.has_value && out.value == 0);
			continue;
		}
		assert_int_equal(out.verdict, VERDICT_UNKNOWN);
		assert_non_null(strstr(out.evidence, "no process matches"));
	}
}

static void every_read_is_read(void **state)
{
	struct fixture *f = *state;
	pid_t pid = bot_start(f, "idle");

	f->source->type->sample(f->source);
	for (const struct read_def *def = f->source->type->type.reads; def->name; def++) {
		struct reading out = read_of(f, def->name);

		if (strcmp(def->name, "cpu_percent") == 0) {
			assert_string_equal(out.evidence, "processor time takes two samples");
			continue;
		}
		if (strcmp(def->name, "oom_kills") == 0)
			continue; /* not everybody has a control group */
		assert_int_equal(out.verdict, VERDICT_PASS);
		assert_string_equal(out.unit, def->unit);
		assert_true(out.value >= 0);
	}
	assert_true(read_of(f, "rss_mb").value > 0.5);
	assert_true(read_of(f, "pss_mb").value > 0.05);
	assert_true(read_of(f, "pss_mb").value < read_of(f, "rss_mb").value + 4);
	assert_float_equal(read_of(f, "threads").value, 1, 0);
	assert_in_range((int)(read_of(f, "files_percent").value * 1000), 1, 100000);
	bot_end(pid);
}

/* Workers of one are no second instance. */
static void instances_and_workers_are_told_apart(void **state)
{
	struct fixture *f = *state;
	pid_t one = bot_start(f, "worker"), two;
	struct process_seen seen;
	struct process_one row;
	size_t workers = 0;

	f->source->type->sample(f->source);
	process_look(f->source, WINDOW_US, &seen);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.all, 2);
	assert_int_equal(seen.expected, 1);
	assert_int_equal(seen.pid, one);
	for (size_t i = 0; process_at(f->source, i, &row); i++) {
		workers += row.worker;
		assert_true(row.files > 0 && row.files_limit > row.files);
		assert_non_null(strstr(row.command, f->name));
		assert_int_equal(row.threads, 1);
	}
	assert_int_equal(workers, 1);
	two = bot_start(f, "idle");
	f->source->type->sample(f->source);
	process_look(f->source, WINDOW_US, &seen);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.all, 3);
	assert_int_equal(seen.starts, 2);
	bot_end(one);
	/* Its worker ends in its own time. */
	for (int i = 0; i < 1000 && seen.all > 1; i++) {
		usleep(10000);
		f->source->type->sample(f->source);
		process_look(f->source, WINDOW_US, &seen);
	}
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.pid, two);
	assert_int_equal(seen.starts, 2);
	bot_end(two);
}

static void processor_time_is_each_ones(void **state)
{
	struct fixture *f = *state;
	pid_t idle = bot_start(f, "idle"), busy = bot_start(f, "busy");
	int64_t end;
	struct process_one row;
	struct process_seen seen;

	/* Until it is seen to be busy: twenty seconds on the busiest of machines. */
	end = clock_mono(&clock_system) + 20 * CLOCK_US;
	do {
		usleep(250000);
		f->source->type->sample(f->source);
		process_look(f->source, WINDOW_US, &seen);
	} while ((seen.all < 2 || isnan(seen.cpu_percent) || seen.cpu_percent < 1) &&
		 clock_mono(&clock_system) < end);
	assert_true(seen.cpu_percent >= 1);
	for (size_t i = 0; process_at(f->source, i, &row); i++)
		assert_true(row.pid == busy ? row.cpu_percent >= 1 : row.cpu_percent < 50);
	bot_end(busy);
	bot_end(idle);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_there_has_no_figures),
		TEST(every_read_is_read),
		TEST(instances_and_workers_are_told_apart),
		TEST(processor_time_is_each_ones),
	};

	if (argc == 3 && strcmp(argv[1], "bot") == 0)
		return bot_main(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
