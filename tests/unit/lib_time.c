/* Times and durations, and the clock that tests move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/clock.h"
#include "lib/timefmt.h"

#define SECOND CLOCK_US
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static void wall_times_are_written_in_utc(void **state)
{
	char out[TIME_RFC3339_MAX];

	(void)state;
	assert_string_equal(time_rfc3339(0, out), "1970-01-01T00:00:00.000000Z");
	assert_string_equal(time_rfc3339(-1, out), "1969-12-31T23:59:59.999999Z");
	assert_string_equal(time_rfc3339(1709251199 * SECOND + 123456, out),
			    "2024-02-29T23:59:59.123456Z");
	assert_string_equal(time_clock(1709251199 * SECOND, out), "23:59:59");
	assert_string_equal(time_datetime(1709251199 * SECOND, out), "2024-02-29 23:59:59");
}

static void expect_time(const char *text, int64_t expected)
{
	int64_t us = -7;
	int rc = time_parse_rfc3339(text, &us);

	if (rc != 0 || us != expected)
		fail_msg("%s: %d %lld", text, rc, (long long)us);
}

static void wall_times_are_read_with_any_offset(void **state)
{
	static const char *const bad[] = {
		"",
		"2024-02-30T00:00:00Z",
		"2023-02-29T00:00:00Z",
		"2024-13-01T00:00:00Z",
		"2024-01-01T24:00:00Z",
		"2024-01-01T00:60:00Z",
		"2024-01-01T00:00:00",
		"2024-01-01T00:00:00.Z",
		"2024-01-01T00:00:00Zx",
		"2024-01-01",
		"24-01-01T00:00:00Z",
		"2024-01-01T00:00:00+0100",
		"2024-01-01T00:00:00.1234567890Z",
		" 2024-01-01T00:00:00Z",
	};
	int64_t us;

	(void)state;
	expect_time("1970-01-01T00:00:00Z", 0);
	expect_time("1970-01-01t00:00:01z", SECOND);
	expect_time("1970-01-01T02:00:00+02:00", 0);
	expect_time("1969-12-31T18:30:00-05:30", 0);
	expect_time("2024-02-29T23:59:59.5Z", 1709251199 * SECOND + 500000);
	expect_time("2024-02-29T23:59:59.123456789Z", 1709251199 * SECOND + 123456);
	expect_time("1969-12-31T23:59:59.999999Z", -1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (time_parse_rfc3339(bad[i], &us) == 0)
			fail_msg("%s was accepted", bad[i]);
}

static void written_times_are_read_back(void **state)
{
	char out[TIME_RFC3339_MAX];

	(void)state;
	for (int64_t us = -40 * 365 * DAY; us < 80 * 365 * DAY; us += 37 * DAY + 12345678901)
		expect_time(time_rfc3339(us, out), us);
}

static void expect_duration(const char *text, int64_t expected)
{
	int64_t us = -7;

	if (duration_parse(text, &us) != 0 || us != expected)
		fail_msg("%s: %lld", text, (long long)us);
}

static void durations_are_numbers_with_units(void **state)
{
	static const char *const bad[] = { "",
					   "5",
					   "s",
					   "5 s",
					   "-5s",
					   "1.5h",
					   "5x",
					   "5sx",
					   "2h30",
					   "99999999999999999999s",
					   "9999999999999999w" };
	int64_t us;

	(void)state;
	expect_duration("500ms", 500000);
	expect_duration("90s", 90 * SECOND);
	expect_duration("2h30m", 150 * MINUTE);
	expect_duration("10min", 10 * MINUTE);
	expect_duration("7d", 7 * DAY);
	expect_duration("2w", 14 * DAY);
	expect_duration("0s", 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (duration_parse(bad[i], &us) == 0)
			fail_msg("%s was accepted", bad[i]);
}

static void ranges_have_two_ends(void **state)
{
	int64_t low, high;

	(void)state;
	assert_int_equal(duration_parse_range("2m-5m", &low, &high), 0);
	assert_int_equal(low, 2 * MINUTE);
	assert_int_equal(high, 5 * MINUTE);
	assert_int_equal(duration_parse_range("40s", &low, &high), 0);
	assert_true(low == 40 * SECOND && high == 40 * SECOND);
	assert_int_equal(duration_parse_range("5m-2m", &low, &high), -1);
	assert_int_equal(duration_parse_range("5m-", &low, &high), -1);
	assert_int_equal(duration_parse_range("-5m", &low, &high), -1);
	assert_int_equal(duration_parse_range("1m-2m-3m", &low, &high), -1);
}

static void durations_read_well(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} rows[] = {
		{ 0, "0 s" },
		{ 5, "5 us" },
		{ 1500, "2 ms" },
		{ 999400, "999 ms" },
		{ 999600, "1 s" },
		{ 1240000, "1.2 s" },
		{ 9940000, "9.9 s" },
		{ 9960000, "10 s" },
		{ 41 * SECOND, "41 s" },
		{ 59 * SECOND + 600000, "1 min" },
		{ 4 * MINUTE + 10 * SECOND, "4 min 10 s" },
		{ 2 * HOUR + 5 * MINUTE + 59 * SECOND, "2 h 5 min" },
		{ 3 * DAY + 30 * MINUTE, "3 d" },
		{ 3 * DAY + 4 * HOUR, "3 d 4 h" },
		{ -90 * SECOND, "-1 min 30 s" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(duration_text(rows[i].us, out, sizeof(out)), rows[i].text);
	assert_string_equal(duration_clock(12 * MINUTE + 41 * SECOND, out, sizeof(out)),
			    "00:12:41");
	assert_string_equal(duration_clock(2 * DAY + HOUR, out, sizeof(out)), "2d 01:00:00");
	assert_string_equal(duration_clock(-30 * SECOND, out, sizeof(out)), "-00:00:30");
}

static void times_from_t_never_reach_it_early(void **state)
{
	char out[48];

	(void)state;
	assert_string_equal(duration_t(-2 * HOUR, out, sizeof(out)), "T-02:00:00");
	assert_string_equal(duration_t(-1, out, sizeof(out)), "T-00:00:01");
	assert_string_equal(duration_t(0, out, sizeof(out)), "T+00:00:00");
	assert_string_equal(duration_t(SECOND - 1, out, sizeof(out)), "T+00:00:00");
	assert_string_equal(duration_t(30 * MINUTE + SECOND, out, sizeof(out)), "T+00:30:01");
}

static void a_manual_clock_stands_still(void **state)
{
	struct clock_manual manual;
	int64_t mono;

	(void)state;
	clock_manual_init(&manual, 5 * SECOND);
	mono = clock_mono(&manual.clock);
	assert_int_equal(clock_wall(&manual.clock), 5 * SECOND);
	clock_manual_advance(&manual, 7);
	assert_int_equal(clock_wall(&manual.clock), 5 * SECOND + 7);
	assert_int_equal(clock_mono(&manual.clock), mono + 7);
	assert_true(clock_mono(&clock_system) <= clock_mono(&clock_system));
	assert_true(clock_wall(&clock_system) > 1700000000 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_times_are_written_in_utc),
		cmocka_unit_test(wall_times_are_read_with_any_offset),
		cmocka_unit_test(written_times_are_read_back),
		cmocka_unit_test(durations_are_numbers_with_units),
		cmocka_unit_test(ranges_have_two_ends),
		cmocka_unit_test(durations_read_well),
		cmocka_unit_test(times_from_t_never_reach_it_early),
		cmocka_unit_test(a_manual_clock_stands_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
