/* Up and down over time: since when, which share, gaps. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/uptime.h"

#define S   CLOCK_US
#define GAP (60 * S)

static struct uptime look(const struct chart_point *points, size_t n, int64_t now, bool zero)
{
	struct uptime out;

	uptime_of(points, n, now, GAP, zero, &out);
	return out;
}

static void up_and_down_are_told_apart(void **state)
{
	const struct chart_point points[] = {
		{ 100 * S, 1 }, { 110 * S, 0 }, { 120 * S, 1 }, { 130 * S, 1 }
	};
	struct uptime u = look(points, 4, 140 * S, true);

	(void)state;
	assert_true(u.known && u.up);
	assert_int_equal(u.since, 120 * S);
	assert_false(u.longer);
	assert_int_equal(u.seen_us, 40 * S);
	assert_float_equal(u.percent, 75, 0.001);
	/* Where 0 is a number like others nothing was down. */
	u = look(points, 4, 140 * S, false);
	assert_int_equal(u.since, 100 * S);
	assert_true(u.longer);
	assert_float_equal(u.percent, 100, 0.001);
	u = look(points, 2, 115 * S, true);
	assert_true(u.known);
	assert_false(u.up);
	assert_int_equal(u.since, 110 * S);
}

static void no_answer_is_down(void **state)
{
	const struct chart_point points[] = {
		{ 0, 5 }, { 10 * S, NAN }, { 60 * S, NAN }, { 110 * S, 5 }
	};
	struct uptime u = look(points, 3, 100 * S, false);

	(void)state;
	assert_true(u.known);
	assert_false(u.up);
	assert_int_equal(u.since, 10 * S);
	u = look(points, 4, 120 * S, false);
	assert_true(u.up);
	assert_float_equal(u.percent, 100.0 * 20 / 120, 0.001);
}

static void the_first_question_is_no_outage(void **state)
{
	const struct chart_point points[] = { { 0, NAN }, { 2 * S, 5 } };
	struct uptime u = look(points, 2, 10 * S, false);

	(void)state;
	assert_float_equal(u.percent, 100, 0.001);
	assert_int_equal(u.seen_us, 8 * S);
	u = look(points, 1, 10 * S, false);
	assert_true(u.known);
	assert_false(u.up);
	assert_true(isnan(u.percent));
}

static void what_nobody_looked_at_counts_for_nothing(void **state)
{
	const struct chart_point points[] = { { 0, 1 }, { 1000 * S, 1 }, { 1010 * S, 1 } };
	struct uptime u = look(points, 3, 1020 * S, true);

	(void)state;
	assert_int_equal(u.since, 1000 * S);
	assert_true(u.longer); /* it may have been up all the time */
	assert_int_equal(u.seen_us, 80 * S);
	assert_float_equal(u.percent, 100, 0.001);
	u = look(points, 3, 2000 * S, true);
	assert_false(u.known);
	/* Nor does the gap itself that a chart shows there. */
	u = look((const struct chart_point[]){ { 0, 1 }, { 10 * S, NAN }, { 900 * S, 1 } }, 3,
		 910 * S, false);
	assert_float_equal(u.percent, 100, 0.001);
	assert_int_equal(u.seen_us, 20 * S);
	u = look(points, 0, 2000 * S, true);
	assert_false(u.known);
	assert_true(isnan(u.percent));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(up_and_down_are_told_apart),
		cmocka_unit_test(no_answer_is_down),
		cmocka_unit_test(the_first_question_is_no_outage),
		cmocka_unit_test(what_nobody_looked_at_counts_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
