/* A clock that is moved on, in the eyes of several processes. */
#include "tests/unit/scratch.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/child.h"
#include "lib/clock.h"

#define HOUR (3600 * CLOCK_US)

struct place {
	char *folder, *path;
};

static int begin(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));

	place->folder = scratch_new();
	place->path = path_join(place->folder, "clock");
	*state = place;
	return 0;
}

static int end(void **state)
{
	struct place *place = *state;

	clock_follow(NULL, NULL);
	scratch_free(place->folder);
	free(place->path);
	free(place);
	return 0;
}

/* By how much the wall time is ahead of the system's, in whole hours. */
static int64_t hours_ahead(void)
{
	return (clock_wall(&clock_system) - (int64_t)time(NULL) * CLOCK_US + HOUR / 2) / HOUR;
}

static void the_system_is_not_moved(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(clock_move(clock_wall(&clock_system) + HOUR, &err), -1);
	assert_non_null(strstr(err.msg, "can't be moved"));
	assert_int_equal(hours_ahead(), 0);
}

static void all_who_follow_see_a_move(void **state)
{
	struct place *place = *state;
	struct err err = ERR_INIT;
	int64_t mono = clock_mono(&clock_system);
	int to[2], status;
	pid_t pid;

	assert_int_equal(clock_make(place->path, &err), 0);
	assert_int_equal(clock_follow(place->path, &err), 0);
	assert_int_equal(hours_ahead(), 0);
	/* Another process, that was there before the move. */
	assert_int_equal(pipe(to), 0);
	pid = fork();
	if (pid == 0) {
		char byte;

		_exit(read(to[0], &byte, 1) == 1 ? (int)hours_ahead() : 99);
	}
	assert_int_equal(clock_move(clock_wall(&clock_system) + 2 * HOUR, &err), 0);
	assert_int_equal(hours_ahead(), 2);
	assert_int_equal(write(to[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 2);
	close(to[0]);
	close(to[1]);
	/* Deadlines know nothing of it, and it never goes back. */
	assert_true(clock_mono(&clock_system) - mono < HOUR);
	assert_int_equal(clock_move(clock_wall(&clock_system) - HOUR, &err), 0);
	assert_int_equal(hours_ahead(), 2);
	assert_int_equal(clock_follow(NULL, &err), 0);
	assert_int_equal(hours_ahead(), 0);
}

static void a_move_stops_where_something_is_due(void **state)
{
	struct place *place = *state;
	struct err err = ERR_INIT;
	int64_t now = clock_wall(&clock_system);

	assert_int_equal(clock_make(place->path, &err), 0);
	assert_int_equal(clock_follow(place->path, &err), 0);
	clock_stop(now + HOUR);
	assert_int_equal(clock_move(now + 3 * HOUR, &err), 1);
	assert_int_equal(hours_ahead(), 1);
	assert_int_equal(clock_move(now + 3 * HOUR, &err), 1);
	clock_stop(0);
	assert_int_equal(clock_move(now + 3 * HOUR, &err), 0);
	assert_int_equal(hours_ahead(), 3);
}

static void children_are_told(void **state)
{
	struct place *place = *state;
	const char *argv[] = { "printenv", CLOCK_ENV, NULL };
	struct child_spec spec = { .argv = argv, .in = -1 };
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	/* What a shell says of it goes nowhere. */
	setenv(CLOCK_ENV, "/nowhere", 1);
	assert_int_equal(child_ok(&spec, NULL, 10 * CLOCK_US, &out, &err), -1);
	unsetenv(CLOCK_ENV);
	err_clear(&err);
	assert_int_equal(clock_make(place->path, &err), 0);
	assert_int_equal(clock_follow(place->path, &err), 0);
	assert_int_equal(child_ok(&spec, NULL, 10 * CLOCK_US, &out, &err), 0);
	assert_int_equal(strncmp(buf_str(&out), place->path, strlen(place->path)), 0);
	buf_release(&out);
}

static void what_is_no_clock_is_refused(void **state)
{
	struct place *place = *state;
	struct err err = ERR_INIT;
	mode_t old = umask(077);
	struct stat st;

	assert_int_equal(clock_follow(place->path, &err), -1);
	scratch_write(place->path, "short", 5);
	err_clear(&err);
	assert_int_equal(clock_follow(place->path, &err), -1);
	assert_non_null(strstr(err.msg, "is no clock"));
	assert_null(clock_followed());
	/* Services of another user read it. */
	unlink(place->path);
	assert_int_equal(clock_make(place->path, NULL), 0);
	assert_int_equal(stat(place->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	umask(old);
}

static void what_waits_begins_with_a_second(void **state)
{
	const int64_t offsets[] = { 0, 1, 300000, 500000, 500001, 999999 };
	struct clock_manual manual;

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		int64_t wait;

		clock_manual_init(&manual, 1700000000 * CLOCK_US + offsets[i]);
		wait = clock_to_second(&manual.clock, 2 * CLOCK_US);
		assert_int_equal((offsets[i] + wait) % CLOCK_US, 0);
		assert_in_range(wait, 3 * CLOCK_US / 2, 5 * CLOCK_US / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_system_is_not_moved, begin, end),
		cmocka_unit_test_setup_teardown(all_who_follow_see_a_move, begin, end),
		cmocka_unit_test_setup_teardown(a_move_stops_where_something_is_due, begin, end),
		cmocka_unit_test_setup_teardown(children_are_told, begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_clock_is_refused, begin, end),
		cmocka_unit_test(what_waits_begins_with_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
