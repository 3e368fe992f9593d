/* A terminal that is lost, with a signal and without one: the console leaves at once, spins for no
 * moment, and what runs goes on and is recorded. */
#include "tests/screens/desk.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/fault.h"

/* What is promised, and what a console that doesn't spin may use of a processor to leave. */
enum { LEAVE_MS = 1000, CPU_MS = 300, PATIENCE_MS = 20000 };

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

/* Of all children that have ended. */
static long ended_cpu_ms(void)
{
	struct rusage use;

	getrusage(RUSAGE_CHILDREN, &use);
	return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000L +
	       (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1000;
}

/* Of one that runs, with its own ended children (see proc(5)). */
static long cpu_ms(pid_t pid)
{
	char path[64], text[1024] = "";
	long user = 0, system = 0, their_user = 0, their_system = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_int_equal(sscanf(strrchr(text, ')') + 1,
				" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld",
				&user, &system, &their_user, &their_system),
			 4);
	return (user + system + their_user + their_system) * 1000 / sysconf(_SC_CLK_TCK);
}

/* With SIGHUP ignored, as under nohup, only the terminal's end itself is left to be seen. */
static void console_start(struct desk *desk, bool ignored)
{
	static char command[512];
	const char *program = getenv("BACKOUT") ? getenv("BACKOUT") : "./backout";

	snprintf(command, sizeof(command), "%sexec %s tests/screens/desk --target %s/target.json",
		 ignored ? "trap '' HUP; " : "", program, desk->folder);
	desk_run(desk, "/bin/sh", 24, 80, (const char *const[]){ "-c", command, NULL }, NULL);
}

/* True when it left in time and at no cost. */
static bool lose(struct desk *desk, const char *how)
{
	long cpu = ended_cpu_ms() + cpu_ms(terminal_pid(desk->terminal)), began = now_ms(), took;
	int status;

	terminal_hang_up(desk->terminal);
	status = terminal_wait_end(desk->terminal, PATIENCE_MS);
	took = now_ms() - began;
	cpu = ended_cpu_ms() - cpu;
	printf("# %s: gone after %ld ms, %ld ms of a processor\n", how, took, cpu);
	terminal_free(desk->terminal);
	desk->terminal = NULL;
	return status != -1 && took <= LEAVE_MS && cpu <= CPU_MS;
}

static void a_lost_terminal_ends_the_console(void **state)
{
	struct desk *desk = *state;
	long times = getenv("LONG") ? 40 : 4, survived = 0;

	for (long i = 0; i < times; i++) {
		console_start(desk, i % 2 == 1);
		assert_true(terminal_wait(desk->terminal, "query failed"));
		survived += lose(desk, i % 2 == 1 ? "SIGHUP ignored" : "SIGHUP");
	}
	fault(24, "lost terminals, of a quiet console", times, survived, times - survived);
	assert_int_equal(survived, times);
}

/* Whether the ledger has the text, now or soon. */
static bool is_recorded(const struct desk *desk, const char *text)
{
	long end = now_ms() + PATIENCE_MS;
	char command[300];
	int status;

	snprintf(command, sizeof(command), "grep -q '%s' %s/state/incidents/*/ledger.jsonl", text,
		 desk->folder);
	while ((status = system(command)) != 0 && now_ms() < end)
		poll(NULL, 0, 20);
	return status == 0;
}

/* As far as the step that waits until it may go on. */
static void step_run(struct desk *desk)
{
	desk_plan(desk);
	desk_press(desk, "a", "y approves, Esc goes back.");
	desk_press(desk, "y", "r run");
	desk_press(desk, "r", "By hand: Tell the support desk.");
	desk_press(desk, "d", "The step is done");
	desk_press(desk, "told\r", "Next: Wait for the workers.");
	desk_press(desk, "r", "it waits");
}

static void a_running_step_goes_on(void **state, bool ignored)
{
	struct desk *desk = *state;
	bool left, done;

	desk_write(desk, "settle",
		   "#!/bin/sh\necho it waits\ncd \"${0%/*}\"\nuntil [ -e go ]; do sleep 0.05; "
		   "done\n"
		   ": >settled\necho it goes on\n",
		   0755);
	console_start(desk, ignored);
	step_run(desk);
	left = lose(desk, "a step runs");
	desk_write(desk, "go", "", 0644);
	done = is_recorded(desk, "\"event\":\"step.verify\",\"procedure\":\"search-off\","
				 "\"step\":\"settle\",.*\"verdict\":\"pass\"");
	fault(24, "lost terminals, while a step runs", 1, left && done, !left || !done);
	assert_true(left);
	assert_true(done);
}

static void a_step_goes_on_after_a_signal(void **state)
{
	a_running_step_goes_on(state, false);
}

static void a_step_goes_on_without_one(void **state)
{
	a_running_step_goes_on(state, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lost_terminal_ends_the_console),
		TEST(a_step_goes_on_after_a_signal),
		TEST(a_step_goes_on_without_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
