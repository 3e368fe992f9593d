/* Thresholds over time: raised after `for`, cleared after `clear`, repetitions silenced, no data is
 * not OK. */
#include <math.h>

#include "core/alerts.h"
#include "core/series.h"
#include "lib/clock.h"
#include "tests/unit/scratch.h"

#define S CLOCK_US

static struct alert_rule rule_of(int64_t for_us, int64_t clear_us, int64_t cooldown_us)
{
	return (struct alert_rule){ .limits = { NAN, 5, 20, 50 },
				    .recoveries = { NAN, NAN, NAN, NAN },
				    .for_us = for_us,
				    .clear_us = clear_us,
				    .cooldown_us = cooldown_us };
}

static void raised_at_once_without_for(void **state)
{
	struct alert_rule rule = rule_of(0, 0, 0);
	struct alert_track track = { 0 };

	(void)state;
	assert_false(alert_judge(&rule, &track, true, 5, 1 * S));
	assert_true(alert_judge(&rule, &track, true, 5.1, 2 * S));
	assert_int_equal(track.told, LEVEL_INFO);
	assert_true(alert_judge(&rule, &track, true, 51, 3 * S));
	assert_int_equal(track.told, LEVEL_CRITICAL);
	assert_int_equal(track.since, 3 * S);
	assert_true(alert_judge(&rule, &track, true, 1, 4 * S));
	assert_int_equal(track.told, LEVEL_OK);
}

static void must_persist(void **state)
{
	struct alert_rule rule = rule_of(30 * S, 0, 0);
	struct alert_track track = { 0 };

	(void)state;
	assert_false(alert_judge(&rule, &track, true, 60, 10 * S));
	assert_false(alert_judge(&rule, &track, true, 60, 39 * S));
	/* A dip begins it anew. */
	assert_false(alert_judge(&rule, &track, true, 1, 40 * S));
	assert_false(alert_judge(&rule, &track, true, 60, 41 * S));
	assert_false(alert_judge(&rule, &track, true, 60, 70 * S));
	assert_true(alert_judge(&rule, &track, true, 60, 71 * S));
	assert_int_equal(track.told, LEVEL_CRITICAL);
}

static void each_level_persists_for_itself(void **state)
{
	struct alert_rule rule = rule_of(30 * S, 0, 0);
	struct alert_track track = { 0 };

	(void)state;
	assert_false(alert_judge(&rule, &track, true, 30, 1 * S));
	assert_false(alert_judge(&rule, &track, true, 60, 20 * S));
	assert_true(alert_judge(&rule, &track, true, 60, 31 * S));
	assert_int_equal(track.told, LEVEL_WARNING);
	assert_true(alert_judge(&rule, &track, true, 60, 50 * S));
	assert_int_equal(track.told, LEVEL_CRITICAL);
}

static void clears_only_after_clear(void **state)
{
	struct alert_rule rule = rule_of(0, 10 * S, 0);
	struct alert_track track = { 0 };

	(void)state;
	assert_true(alert_judge(&rule, &track, true, 60, 1 * S));
	assert_false(alert_judge(&rule, &track, true, 1, 2 * S));
	assert_false(alert_judge(&rule, &track, true, 60, 8 * S));
	assert_false(alert_judge(&rule, &track, true, 1, 9 * S));
	assert_false(alert_judge(&rule, &track, true, 1, 18 * S));
	assert_int_equal(track.level, LEVEL_CRITICAL);
	assert_true(alert_judge(&rule, &track, true, 1, 19 * S));
	assert_int_equal(track.told, LEVEL_OK);
}

static void no_data_is_not_ok(void **state)
{
	struct alert_rule rule = rule_of(0, 0, 0);
	struct alert_track track = { 0 };

	(void)state;
	assert_true(alert_judge(&rule, &track, true, 60, 1 * S));
	for (int i = 2; i < 600; i++)
		assert_false(alert_judge(&rule, &track, false, 0, i * S));
	assert_false(alert_judge(&rule, &track, true, NAN, 601 * S));
	assert_int_equal(track.level, LEVEL_CRITICAL);
}

static void cooldown_silences_repetitions_only(void **state)
{
	struct alert_rule rule = rule_of(0, 0, 300 * S);
	struct alert_track track = { 0 };

	(void)state;
	assert_true(alert_judge(&rule, &track, true, 30, 1 * S));
	assert_true(alert_judge(&rule, &track, true, 1, 2 * S));
	assert_false(alert_judge(&rule, &track, true, 30, 3 * S));
	assert_int_equal(track.level, LEVEL_WARNING);
	assert_int_equal(track.told, LEVEL_OK);
	/* A higher level is no repetition. */
	assert_true(alert_judge(&rule, &track, true, 60, 4 * S));
	assert_int_equal(track.told, LEVEL_CRITICAL);
	assert_true(alert_judge(&rule, &track, true, 1, 5 * S));
	assert_false(alert_judge(&rule, &track, true, 30, 6 * S));
	/* It is said late rather than never. */
	assert_true(alert_judge(&rule, &track, true, 30, 301 * S));
	assert_int_equal(track.told, LEVEL_WARNING);
}

static void samples_in_a_row(void **state)
{
	struct alert_rule rule = rule_of(0, 0, 0);
	struct alert_track track = { 0 };

	(void)state;
	rule.samples = 3;
	assert_false(alert_judge(&rule, &track, true, 60, 1 * S));
	assert_false(alert_judge(&rule, &track, true, 60, 2 * S));
	assert_false(alert_judge(&rule, &track, true, 1, 3 * S));
	assert_false(alert_judge(&rule, &track, true, 60, 4 * S));
	assert_false(alert_judge(&rule, &track, true, 30, 5 * S));
	/* Three past the warning, not three past the critical one. */
	assert_true(alert_judge(&rule, &track, true, 60, 6 * S));
	assert_int_equal(track.told, LEVEL_WARNING);
	assert_false(alert_judge(&rule, &track, true, 60, 7 * S));
	assert_true(alert_judge(&rule, &track, true, 60, 8 * S));
	assert_int_equal(track.told, LEVEL_CRITICAL);
}

static void no_data_is_a_state_of_its_own(void **state)
{
	struct alert_rule rule = rule_of(0, 0, 0);
	struct alert_track track = { 0 };

	(void)state;
	rule.no_data_us = 60 * S;
	/* Never any: it counts from the first look. */
	assert_int_equal(alert_judge(&rule, &track, false, 0, 1 * S), 0);
	assert_int_equal(alert_judge(&rule, &track, false, 0, 60 * S), 0);
	assert_int_equal(alert_judge(&rule, &track, false, 0, 61 * S), ALERT_DATA);
	assert_true(track.no_data && track.no_data_since == 1 * S && track.level == LEVEL_OK);
	assert_int_equal(alert_judge(&rule, &track, true, NAN, 62 * S), 0);
	assert_int_equal(alert_judge(&rule, &track, true, 60, 63 * S), ALERT_DATA | ALERT_LEVEL);
	assert_false(track.no_data);
	/* The level stays what it was while there is none. */
	assert_int_equal(alert_judge(&rule, &track, false, 0, 200 * S), ALERT_DATA);
	assert_true(track.no_data_since == 63 * S && track.level == LEVEL_CRITICAL);
	assert_int_equal(alert_judge(&rule, &track, true, 1, 201 * S), ALERT_DATA | ALERT_LEVEL);
	assert_int_equal(track.told, LEVEL_OK);
}

static void a_gap_is_no_persistence(void **state)
{
	struct alert_rule rule = rule_of(300 * S, 0, 0);
	struct alert_track track = { 0 };

	(void)state;
	rule.no_data_us = 60 * S;
	assert_false(alert_judge(&rule, &track, true, 60, 1 * S));
	/* The machine slept, or the clock was set on: two readings are no five minutes. */
	assert_false(alert_judge(&rule, &track, true, 60, 3600 * S));
	assert_int_equal(track.level, LEVEL_OK);
	for (int i = 1; i < 300; i++)
		assert_false(alert_judge(&rule, &track, true, 60, (3600 + i) * S));
	assert_true(alert_judge(&rule, &track, true, 60, 3900 * S));
}

static void a_clock_set_back_delays_nothing(void **state)
{
	struct alert_rule rule = rule_of(10 * S, 10 * S, 300 * S);
	struct alert_track track = { 0 };

	(void)state;
	rule.no_data_us = 60 * S;
	for (int i = 0; i <= 9; i++)
		assert_false(alert_judge(&rule, &track, true, 60, (7200 + i) * S));
	assert_false(alert_judge(&rule, &track, true, 60, 3600 * S));
	assert_false(alert_judge(&rule, &track, true, 60, 3609 * S));
	assert_true(alert_judge(&rule, &track, true, 60, 3610 * S));
	assert_false(alert_judge(&rule, &track, true, 1, 3611 * S));
	assert_false(alert_judge(&rule, &track, true, 1, 100 * S));
	assert_true(alert_judge(&rule, &track, true, 1, 110 * S));
	assert_int_equal(track.level, LEVEL_OK);
	assert_false(alert_judge(&rule, &track, false, 0, 111 * S));
	assert_true(alert_judge(&rule, &track, false, 0, 171 * S) == ALERT_DATA);
}

static void below_means_under_the_threshold(void **state)
{
	struct alert_rule rule = { .limits = { NAN, NAN, 10, 5 },
				   .recoveries = { NAN, NAN, NAN, NAN },
				   .below = true };
	struct alert_track track = { 0 };

	(void)state;
	assert_false(alert_judge(&rule, &track, true, 10, 1 * S));
	assert_true(alert_judge(&rule, &track, true, 9, 2 * S));
	assert_int_equal(track.told, LEVEL_WARNING);
	assert_true(alert_judge(&rule, &track, true, 4, 3 * S));
	assert_int_equal(track.told, LEVEL_CRITICAL);
}

static struct alert_rule rule_recovering(double warning, double critical)
{
	struct alert_rule rule = { .limits = { NAN, NAN, 20, 50 } };

	rule.recoveries[LEVEL_OK] = rule.recoveries[LEVEL_INFO] = NAN;
	rule.recoveries[LEVEL_WARNING] = warning;
	rule.recoveries[LEVEL_CRITICAL] = critical;
	return rule;
}

static void goes_only_past_the_recovery(void **state)
{
	struct alert_rule rule = rule_recovering(15, 40);
	struct alert_track track = { 0 };

	(void)state;
	/* 18 raises nothing, but does not end what 21 raised. */
	assert_false(alert_judge(&rule, &track, true, 18, 1 * S));
	assert_true(alert_judge(&rule, &track, true, 21, 2 * S));
	assert_false(alert_judge(&rule, &track, true, 18, 3 * S));
	assert_false(alert_judge(&rule, &track, true, 15.1, 4 * S));
	assert_true(alert_judge(&rule, &track, true, 15, 5 * S));
	assert_int_equal(track.told, LEVEL_OK);
	assert_true(alert_judge(&rule, &track, true, 51, 6 * S));
	assert_false(alert_judge(&rule, &track, true, 41, 7 * S));
	/* From critical to what has not recovered below it, though 18 is under the threshold. */
	assert_true(alert_judge(&rule, &track, true, 18, 8 * S));
	assert_int_equal(track.told, LEVEL_WARNING);
	assert_true(alert_judge(&rule, &track, true, 14, 9 * S));
	assert_int_equal(track.told, LEVEL_OK);
}

static void recovery_takes_its_time_too(void **state)
{
	struct alert_rule rule = rule_recovering(15, NAN);
	struct alert_track track = { 0 };

	(void)state;
	rule.clear_us = 10 * S;
	assert_true(alert_judge(&rule, &track, true, 30, 1 * S));
	assert_false(alert_judge(&rule, &track, true, 14, 2 * S));
	/* Between recovery and threshold: its time begins anew. */
	assert_false(alert_judge(&rule, &track, true, 16, 8 * S));
	assert_false(alert_judge(&rule, &track, true, 14, 9 * S));
	assert_false(alert_judge(&rule, &track, true, 14, 18 * S));
	assert_true(alert_judge(&rule, &track, true, 14, 19 * S));
}

static void recovery_above_where_low_is_bad(void **state)
{
	struct alert_rule rule = { .limits = { NAN, NAN, 10, NAN },
				   .recoveries = { NAN, NAN, 12, NAN },
				   .below = true };
	struct alert_track track = { 0 };

	(void)state;
	assert_true(alert_judge(&rule, &track, true, 9, 1 * S));
	assert_false(alert_judge(&rule, &track, true, 11, 2 * S));
	assert_true(alert_judge(&rule, &track, true, 12, 3 * S));
}

static void series_keeps_two_hours(void **state)
{
	struct series series = { 0 };
	const struct chart_point *points;
	size_t n;

	(void)state;
	for (int i = 1; i <= 50000; i++)
		series_add(&series, i * S, i);
	points = series_since(&series, (50000 - 7199) * S, &n);
	assert_int_equal(n, 7200);
	assert_true(points[0].at == (50000 - 7199) * S && points[n - 1].at == 50000 * S);
	assert_true(series.n <= 2 * SERIES_POINTS);
	points = series_since(&series, 50001 * S, &n);
	assert_int_equal(n, 0);
	assert_null(points);
	series_release(&series);
}

static void series_gaps_are_one(void **state)
{
	struct series series = { 0 };
	const struct chart_point *points;
	size_t n;

	(void)state;
	series_add(&series, 1 * S, 1);
	series_add(&series, 2 * S, NAN);
	series_add(&series, 3 * S, NAN);
	series_add(&series, 4 * S, 2);
	series_since(&series, 0, &n);
	assert_int_equal(n, 3);
	/* The clock is set back: what is measured now counts, not what was "later". */
	series_add(&series, 3 * S, 9);
	points = series_since(&series, 0, &n);
	assert_int_equal(n, 3);
	assert_float_equal(points[2].value, 9, 0);
	assert_int_equal(points[2].at, 3 * S);
	series_release(&series);
}

static void what_nobody_measured_is_a_gap(void **state)
{
	struct series series = { 0 };
	const struct chart_point *points;
	size_t n;

	(void)state;
	series_gap(&series, 1 * S, 3 * S);
	series_add(&series, 1 * S, 1);
	series_gap(&series, 4 * S, 3 * S);
	series_add(&series, 4 * S, 1);
	/* Stopped for a minute: the value did not stand all that time. */
	series_gap(&series, 64 * S, 3 * S);
	series_add(&series, 64 * S, 2);
	points = series_since(&series, 0, &n);
	assert_int_equal(n, 4);
	assert_true(isnan(points[2].value) && points[2].at > 4 * S && points[2].at < 5 * S);
	series_release(&series);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raised_at_once_without_for),
		cmocka_unit_test(must_persist),
		cmocka_unit_test(each_level_persists_for_itself),
		cmocka_unit_test(clears_only_after_clear),
		cmocka_unit_test(no_data_is_not_ok),
		cmocka_unit_test(cooldown_silences_repetitions_only),
		cmocka_unit_test(samples_in_a_row),
		cmocka_unit_test(no_data_is_a_state_of_its_own),
		cmocka_unit_test(a_gap_is_no_persistence),
		cmocka_unit_test(a_clock_set_back_delays_nothing),
		cmocka_unit_test(below_means_under_the_threshold),
		cmocka_unit_test(goes_only_past_the_recovery),
		cmocka_unit_test(recovery_takes_its_time_too),
		cmocka_unit_test(recovery_above_where_low_is_bad),
		cmocka_unit_test(series_keeps_two_hours),
		cmocka_unit_test(series_gaps_are_one),
		cmocka_unit_test(what_nobody_measured_is_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
