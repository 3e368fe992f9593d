/* The event loop, with a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/loop.h"

struct fixture {
	struct clock_manual clock;
	struct loop *loop;
	char log[256];
	struct watch *other;
};

static struct fixture fresh(void)
{
	struct fixture f = { .log = "" };

	clock_manual_init(&f.clock, 0);
	return f;
}

static void note(struct fixture *f, const char *fmt, unsigned value)
{
	size_t used = strlen(f->log);

	snprintf(f->log + used, sizeof(f->log) - used, fmt, value);
}

static void on_a(struct watch *watch, uint32_t what, void *data)
{
	(void)watch;
	note(data, "a%u ", what);
}

static void on_b(struct watch *watch, uint32_t what, void *data)
{
	(void)watch;
	note(data, "b%u ", what);
}

static void turn(struct fixture *f, int64_t us, const char *expected)
{
	f->log[0] = '\0';
	clock_manual_advance(&f->clock, us);
	assert_int_equal(loop_turn(f->loop, 0, NULL), 0);
	assert_string_equal(f->log, expected);
}

static void timers_fire_in_order_when_due(void **state)
{
	struct fixture f = fresh();
	struct watch *b;

	(void)state;
	f.loop = loop_new(&f.clock.clock, NULL);
	loop_timer(f.loop, 2000, 0, on_a, &f);
	b = loop_timer(f.loop, 1000, 1000, on_b, &f);
	turn(&f, 999, "");
	turn(&f, 1, "b1 ");
	turn(&f, 1000, "b1 a1 ");
	turn(&f, 3500, "b3 ");
	turn(&f, 500, "b1 "); /* the beat is kept */
	watch_arm(b, 0, 0);
	turn(&f, 0, "b1 ");
	turn(&f, 10000, "");
	watch_arm(b, 5, 0);
	turn(&f, 5, "b1 ");
	loop_free(f.loop);
}

static void on_rearm(struct watch *watch, uint32_t what, void *data)
{
	note(data, "r%u ", what);
	watch_arm(watch, 0, 0);
}

static void a_timer_for_at_once_starves_nobody(void **state)
{
	struct fixture f = fresh();

	(void)state;
	f.loop = loop_new(&f.clock.clock, NULL);
	loop_timer(f.loop, 0, 0, on_rearm, &f);
	loop_timer(f.loop, 1, 0, on_a, &f);
	turn(&f, 1, "r1 a1 ");
	turn(&f, 0, "r1 ");
	loop_free(f.loop);
}

static void on_free_both(struct watch *watch, uint32_t what, void *data)
{
	struct fixture *f = data;

	note(f, "f%u ", what);
	watch_free(watch);
	watch_free(f->other);
	watch_free(watch); /* twice is nothing */
}

static void watches_may_be_freed_inside_callbacks(void **state)
{
	struct fixture f = fresh();
	int one[2], two[2];

	(void)state;
	f.loop = loop_new(&f.clock.clock, NULL);
	loop_timer(f.loop, 1, 1, on_free_both, &f);
	f.other = loop_timer(f.loop, 2, 1, on_a, &f);
	turn(&f, 5, "f5 ");
	turn(&f, 5, "");
	/* Both descriptors are ready in the same turn; whichever comes first frees the other. */
	assert_int_equal(pipe(one), 0);
	assert_int_equal(pipe(two), 0);
	assert_int_equal(write(one[1], "x", 1) + write(two[1], "x", 1), 2);
	loop_fd(f.loop, one[0], EPOLLIN, on_free_both, &f, NULL);
	f.other = loop_fd(f.loop, two[0], EPOLLIN, on_free_both, &f, NULL);
	turn(&f, 0, "f1 ");
	loop_free(f.loop);
	for (int i = 0; i < 2; i++) {
		close(one[i]);
		close(two[i]);
	}
}

static void descriptors_tell_what_they_are_asked(void **state)
{
	struct fixture f = fresh();
	struct watch *watch;
	struct err err = ERR_INIT;
	int fds[2];

	(void)state;
	f.loop = loop_new(&f.clock.clock, NULL);
	assert_int_equal(pipe(fds), 0);
	watch = loop_fd(f.loop, fds[0], EPOLLIN, on_a, &f, NULL);
	turn(&f, 0, "");
	assert_int_equal(write(fds[1], "x", 1), 1);
	turn(&f, 0, "a1 ");
	turn(&f, 0, "a1 ");
	watch_events(watch, 0);
	turn(&f, 0, "");
	watch_events(watch, EPOLLIN);
	turn(&f, 0, "a1 ");
	assert_null(loop_fd(f.loop, -1, EPOLLIN, on_a, &f, &err));
	assert_true(err.set);
	loop_free(f.loop);
	close(fds[0]);
	close(fds[1]);
}

/* As with a forked child that has it open, too: epoll goes by the open file, not by the number. */
static void a_watch_goes_although_its_descriptor_went_first(void **state)
{
	struct fixture f = fresh();
	struct watch *watch;
	int fds[2], other;

	(void)state;
	f.loop = loop_new(&f.clock.clock, NULL);
	assert_int_equal(pipe(fds), 0);
	watch = loop_fd(f.loop, fds[0], EPOLLIN, on_a, &f, NULL);
	other = dup(fds[0]);
	close(fds[0]);
	watch_free(watch);
	assert_int_equal(write(fds[1], "x", 1), 1);
	turn(&f, 0, "");
	loop_free(f.loop);
	close(other);
	close(fds[1]);
}

static void signals_reach_all_their_watches(void **state)
{
	struct fixture f = fresh();
	struct watch *a, *b;
	sigset_t mask;
	char expected[32];

	(void)state;
	f.loop = loop_new(&f.clock.clock, NULL);
	a = loop_signal(f.loop, SIGUSR1, on_a, &f, NULL);
	b = loop_signal(f.loop, SIGUSR1, on_b, &f, NULL);
	raise(SIGUSR1);
	snprintf(expected, sizeof(expected), "b%d a%d ", SIGUSR1, SIGUSR1);
	turn(&f, 0, expected);
	watch_free(b);
	raise(SIGUSR1);
	snprintf(expected, sizeof(expected), "a%d ", SIGUSR1);
	turn(&f, 0, expected);
	assert_false(sigismember(loop_child_mask(f.loop), SIGUSR1));
	watch_free(a);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGUSR1)); /* as it was before */
	loop_free(f.loop);
}

static void on_stop(struct watch *watch, uint32_t what, void *data)
{
	struct fixture *f = data;

	note(f, "%u", what);
	loop_stop(f->loop);
	watch_free(watch);
}

static void children_are_reaped_with_their_status(void **state)
{
	struct fixture f = fresh();
	pid_t pid = fork();
	char expected[32];

	(void)state;
	if (pid == 0)
		_exit(7);
	f.loop = loop_new(&clock_system, NULL);
	assert_non_null(loop_child(f.loop, pid, on_stop, &f, NULL));
	assert_int_equal(loop_run(f.loop, NULL), 0);
	snprintf(expected, sizeof(expected), "%u", 7u << 8);
	assert_string_equal(f.log, expected);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	loop_free(f.loop);
}

static void waiting_ends_with_the_first_timer(void **state)
{
	struct fixture f = fresh();

	(void)state;
	f.loop = loop_new(&clock_system, NULL);
	loop_timer(f.loop, 3000, 0, on_stop, &f);
	assert_int_equal(loop_run(f.loop, NULL), 0);
	assert_string_equal(f.log, "1");
	loop_free(f.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_in_order_when_due),
		cmocka_unit_test(a_timer_for_at_once_starves_nobody),
		cmocka_unit_test(watches_may_be_freed_inside_callbacks),
		cmocka_unit_test(descriptors_tell_what_they_are_asked),
		cmocka_unit_test(a_watch_goes_although_its_descriptor_went_first),
		cmocka_unit_test(signals_reach_all_their_watches),
		cmocka_unit_test(children_are_reaped_with_their_status),
		cmocka_unit_test(waiting_ends_with_the_first_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
