/* Slopes of series: real ones, noise, too little history. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/trend.h"

#define MINUTE (60 * CLOCK_US)
#define N      3600

/* One point a second. */
static struct chart_point points[N];

static double noise(size_t i)
{
	/* Without a pattern that could be taken for a slope. */
	return (double)((i * 2654435761u) % 1000) / 500 - 1;
}

static void fill(size_t n, double level, double per_hour, double loud)
{
	for (size_t i = 0; i < n; i++)
		points[i] = (struct chart_point){ .at = 1000 * MINUTE + (int64_t)i * CLOCK_US,
						  .value = level + per_hour * (double)i / 3600 +
							   loud * noise(i) };
}

static struct trend trend(size_t n)
{
	struct trend out;

	trend_of(points, n, 0, &out);
	return out;
}

static void a_leak_is_a_slope(void **state)
{
	struct trend t;

	(void)state;
	fill(2400, 200, 12, 3);
	t = trend(2400);
	assert_int_equal(t.verdict, TREND_RISING);
	assert_float_equal(t.per_hour, 12, 1);
	assert_float_equal((double)t.span_us / MINUTE, 40, 0.1);
	assert_float_equal(trend_hours_to(&t, t.last + 24), 2, 0.2);
	assert_true(isinf(trend_hours_to(&t, 0)) || trend_hours_to(&t, 0) == 0);
	fill(2400, 200, -12, 3);
	t = trend(2400);
	assert_int_equal(t.verdict, TREND_FALLING);
	assert_float_equal(t.per_hour, -12, 1);
}

static void noise_and_peaks_are_none(void **state)
{
	(void)state;
	fill(2400, 200, 0, 20);
	assert_int_equal(trend(2400).verdict, TREND_STEADY);
	/* A peak at the end, that a line between the ends would take for growth. */
	fill(2400, 200, 0, 1);
	for (size_t i = 2280; i < 2400; i++)
		points[i].value += 300;
	assert_int_equal(trend(2400).verdict, TREND_STEADY);
	/* It grew by less than anybody would call growth. */
	fill(2400, 200, 1, 0);
	assert_int_equal(trend(2400).verdict, TREND_STEADY);
	fill(2400, 0, 0, 0);
	assert_int_equal(trend(2400).verdict, TREND_STEADY);
}

/* Memory that is collected again and again, over a floor that rises. */
static void a_saw_on_a_rising_floor_is_a_slope(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++)
		points[i] =
		    (struct chart_point){ .at = (int64_t)i * CLOCK_US,
					  .value = 200 + (double)i / 36 + (double)(i % 120) / 4 };
	assert_int_equal(trend(N).verdict, TREND_RISING);
	assert_float_equal(trend(N).per_hour, 100, 5);
}

static void too_little_history_says_so(void **state)
{
	struct trend t;

	(void)state;
	assert_int_equal(trend(0).verdict, TREND_SHORT);
	fill(540, 200, 1000, 0);
	t = trend(540);
	assert_int_equal(t.verdict, TREND_SHORT);
	assert_float_equal(t.per_hour, 0, 0);
	assert_float_equal((double)t.span_us / MINUTE, 9, 0.1);
	assert_true(isinf(trend_hours_to(&t, 1e6)));
	/* Two points far apart are no trend, and gaps are no values. */
	fill(N, 200, 1000, 0);
	for (size_t i = 1; i + 1 < N; i++)
		points[i].value = NAN;
	assert_int_equal(trend(N).verdict, TREND_SHORT);
	/* What came before a restart doesn't count. */
	fill(N, 200, 1000, 0);
	trend_of(points, N, points[N - 300].at, &t);
	assert_int_equal(t.verdict, TREND_SHORT);
}

/* A clock that was set back: its points lie between those before. */
static void a_clock_that_was_set_back_is_endured(void **state)
{
	struct trend t;

	(void)state;
	fill(N, 200, 100, 1);
	for (size_t i = 3 * N / 4; i < N; i++)
		points[i].at -= 25 * MINUTE;
	t = trend(N);
	assert_int_equal(t.verdict, TREND_RISING);
	assert_float_equal((double)t.span_us / MINUTE, 45, 0.1);
	/* Back to before the first one. */
	for (size_t i = 1; i < N; i++)
		points[i].at = points[0].at - (int64_t)i * CLOCK_US;
	t = trend(N);
	assert_int_equal(t.verdict, TREND_SHORT);
	assert_true(t.span_us == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leak_is_a_slope),
		cmocka_unit_test(noise_and_peaks_are_none),
		cmocka_unit_test(a_saw_on_a_rising_floor_is_a_slope),
		cmocka_unit_test(too_little_history_says_so),
		cmocka_unit_test(a_clock_that_was_set_back_is_endured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
