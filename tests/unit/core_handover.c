/* Alerts handed to real commands: in order, tried again, given up; a queue that is full. */
#include "core/handover.h"
#include "lib/clock.h"
#include "lib/loop.h"
#include "tests/unit/scratch.h"

#include <sys/stat.h>

#define TURNS_MAX 2000 /* no test waits that long unless something is broken */

struct fixture {
	char *folder, *program, *taken;
	struct clock_manual clock;
	struct loop *loop;
	int given_up;
	char why[128];
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->folder = scratch_new();
	f->program = path_join(f->folder, "program");
	f->taken = path_join(f->folder, "taken");
	clock_manual_init(&f->clock, CLOCK_US);
	f->loop = loop_new(&f->clock.clock, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop);
	scratch_free(f->folder);
	free(f->program);
	free(f->taken);
	free(f);
	return 0;
}

/* The body of a shell script; "$taken" is the file that it writes to. */
static void program(struct fixture *f, const char *body)
{
	char *text = xasprintf("#!/bin/sh\ntaken='%s'\n%s\n", f->taken, body);

	scratch_puts(f->program, text);
	chmod(f->program, 0700);
	free(text);
}

static void given_up(const char *to, const char *why, void *data)
{
	struct fixture *f = data;

	assert_string_equal(to, "command");
	snprintf(f->why, sizeof(f->why), "%s", why);
	f->given_up++;
}

static void add(struct handover *handover, int n)
{
	json_t *alert = json_pack("{s:i}", "n", n);

	handover_add(handover, alert);
	json_decref(alert);
}

static void until_empty(struct fixture *f, const struct handover *handover)
{
	for (int i = 0; handover_waiting(handover); i++) {
		if (i == TURNS_MAX)
			fail_msg("%zu are still waiting", handover_waiting(handover));
		loop_turn(f->loop, 10, NULL);
		clock_manual_advance(&f->clock, CLOCK_US / 20);
	}
}

static void taken_is(const struct fixture *f, const char *expected)
{
	struct buf text = BUF_INIT;

	file_read(f->taken, &text, 0, NULL);
	assert_string_equal(buf_str(&text), expected);
	buf_release(&text);
}

static void in_order_one_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct handover *handover = handover_command(f->loop, f->program, given_up, f);

	/* Whoever runs beside another one says so. */
	program(f, "mkdir \"$taken.lock\" || echo twice >>\"$taken\"\n"
		   "cat >>\"$taken\"\nrmdir \"$taken.lock\"");
	for (int i = 1; i <= 3; i++)
		add(handover, i);
	assert_int_equal(handover_waiting(handover), 3);
	until_empty(f, handover);
	taken_is(f, "{\"n\":1}{\"n\":2}{\"n\":3}");
	assert_int_equal(f->given_up, 0);
	handover_free(handover);
}

static void tried_again_until_it_is_taken(void **state)
{
	struct fixture *f = *state;
	struct handover *handover = handover_command(f->loop, f->program, given_up, f);

	program(f, "cat >>\"$taken\"\n[ \"$(wc -c <\"$taken\")\" -ge 14 ]");
	add(handover, 1);
	add(handover, 2);
	until_empty(f, handover);
	taken_is(f, "{\"n\":1}{\"n\":1}{\"n\":2}");
	assert_int_equal(f->given_up, 0);
	handover_free(handover);
}

static void given_up_after_three_times(void **state)
{
	struct fixture *f = *state;
	struct handover *handover = handover_command(f->loop, f->program, given_up, f);

	program(f, "cat >>\"$taken\"; exit 3");
	add(handover, 1);
	until_empty(f, handover);
	taken_is(f, "{\"n\":1}{\"n\":1}{\"n\":1}");
	assert_int_equal(f->given_up, 1);
	assert_non_null(strstr(f->why, "exit status 3"));
	handover_free(handover);
}

static void a_program_that_is_missing_is_given_up_at_once(void **state)
{
	struct fixture *f = *state;
	struct handover *handover = handover_command(f->loop, f->program, given_up, f);

	add(handover, 1);
	until_empty(f, handover);
	assert_int_equal(f->given_up, 1);
	handover_free(handover);
}

static void a_full_queue_loses_the_oldest_that_waits(void **state)
{
	struct fixture *f = *state;
	struct handover *handover = handover_command(f->loop, f->program, given_up, f);

	program(f, "sleep 60");
	for (int i = 0; i < HANDOVER_QUEUE + 5; i++)
		add(handover, i);
	assert_int_equal(handover_waiting(handover), HANDOVER_QUEUE);
	assert_int_equal(f->given_up, 5);
	/* One on its way ends with it. */
	handover_free(handover);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_order_one_at_a_time),
		TEST(tried_again_until_it_is_taken),
		TEST(given_up_after_three_times),
		TEST(a_program_that_is_missing_is_given_up_at_once),
		TEST(a_full_queue_loses_the_oldest_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
