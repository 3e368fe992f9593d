/* When a routine is due: by the clock, after a beginning, at offsets, around an event. */
#include "checklists/schedule.h"
#include "tests/unit/checklists_sample.h"

#include "lib/clock.h"
#include "lib/timefmt.h"

#define HOUR (3600 * CLOCK_US)
#define DAY  (24 * HOUR)

static int64_t at(const char *text)
{
	int64_t us;

	assert_int_equal(time_parse_rfc3339(text, &us), 0);
	return us;
}

static struct due due_of(const struct schedule *schedule, int64_t start, int64_t done, int64_t now)
{
	struct due due;

	schedule_due(schedule, start, done, now, &due);
	return due;
}

static void test_by_the_clock(void **state)
{
	const struct schedule hourly = { .every_us = HOUR, .within_us = HOUR };
	const struct schedule daily = { .every_us = DAY, .from_us = 8 * HOUR, .within_us = DAY };
	const struct schedule weekly = { .every_us = 7 * DAY, .within_us = DAY };
	struct due due;

	(void)state;
	due = due_of(&hourly, 0, 0, at("2026-11-30T10:20:00Z"));
	assert_int_equal(due.state, DUE_NOW);
	assert_int_equal(due.at, at("2026-11-30T10:00:00Z"));
	assert_int_equal(due.next, at("2026-11-30T11:00:00Z"));
	/* Nobody knows since when it should have been done: nothing was missed. */
	assert_int_equal(due.missed, 0);

	due = due_of(&hourly, 0, at("2026-11-30T10:00:00Z"), at("2026-11-30T10:59:59Z"));
	assert_int_equal(due.state, DUE_DONE);
	assert_int_equal(due.at, at("2026-11-30T11:00:00Z"));
	due = due_of(&hourly, 0, at("2026-11-30T10:00:00Z"), at("2026-11-30T11:00:00Z"));
	assert_int_equal(due.state, DUE_NOW);
	due = due_of(&hourly, 0, at("2026-11-30T06:00:00Z"), at("2026-11-30T10:00:00Z"));
	assert_int_equal(due.missed, 3);
	/* The one of seven o'clock is waited for since then. */
	assert_int_equal(due.state, DUE_OVERDUE);
	due = due_of(&hourly, 0, at("2026-11-30T06:00:00Z"), at("2026-11-30T08:00:00Z"));
	assert_int_equal(due.state, DUE_NOW);
	due = due_of(&hourly, 0, at("2026-11-30T06:00:00Z"), at("2026-11-30T08:00:01Z"));
	assert_int_equal(due.state, DUE_OVERDUE);

	/* UTC alone: the night in which clocks are set back has as many hours as any. */
	due = due_of(&daily, 0, at("2026-10-24T08:00:00Z"), at("2026-10-25T07:59:59Z"));
	assert_int_equal(due.state, DUE_DONE);
	due = due_of(&daily, 0, at("2026-10-24T08:00:00Z"), at("2026-10-25T08:00:00Z"));
	assert_int_equal(due.state, DUE_NOW);
	assert_int_equal(due.at, at("2026-10-25T08:00:00Z"));

	/* Weeks begin on Monday; overdue is what waited longer than `within`. */
	due = due_of(&weekly, 0, at("2026-11-23T00:00:00Z"), at("2026-12-01T00:00:01Z"));
	assert_int_equal(due.at, at("2026-11-30T00:00:00Z"));
	assert_int_equal(due.state, DUE_OVERDUE);
	due = due_of(&weekly, 0, at("2026-11-23T00:00:00Z"), at("2026-12-01T00:00:00Z"));
	assert_int_equal(due.state, DUE_NOW);
	/* What was never done is due, and late for nobody. */
	assert_int_equal(due_of(&weekly, 0, 0, at("2026-12-06T00:00:00Z")).state, DUE_NOW);
}

static void test_after_a_beginning(void **state)
{
	const struct schedule first_day = { .start = START_DEPLOYMENT,
					    .every_us = 2 * HOUR,
					    .for_us = DAY,
					    .within_us = 2 * HOUR };
	int64_t t0 = at("2026-11-30T20:00:00Z");
	struct due due;

	(void)state;
	/* No deployment, nothing due. */
	assert_int_equal(due_of(&first_day, 0, 0, t0).state, DUE_NEVER);
	assert_int_equal(schedule_nearest(&first_day, 0, 0, t0), 0);
	due = due_of(&first_day, t0, 0, t0 + HOUR);
	assert_int_equal(due.state, DUE_LATER);
	assert_int_equal(due.at, t0 + 2 * HOUR);
	assert_int_equal(due_of(&first_day, t0, 0, t0 + 3 * HOUR).state, DUE_NOW);
	due = due_of(&first_day, t0, 0, t0 + 7 * HOUR);
	assert_int_equal(due.state, DUE_OVERDUE);
	assert_int_equal(due.at, t0 + 6 * HOUR);
	assert_int_equal(due.missed, 2);
	/* The twelfth is the last one; it is asked for until the next day. */
	due = due_of(&first_day, t0, t0 + 22 * HOUR, t0 + DAY);
	assert_int_equal(due.state, DUE_NOW);
	assert_int_equal(due.next, 0);
	assert_int_equal(due_of(&first_day, t0, t0 + 22 * HOUR, t0 + 2 * DAY).state, DUE_OVERDUE);
	assert_int_equal(due_of(&first_day, t0, t0 + 22 * HOUR, t0 + 2 * DAY + 1).state, DUE_NEVER);
	due = due_of(&first_day, t0, t0 + DAY, t0 + 2 * DAY);
	assert_int_equal(due.state, DUE_DONE);
	assert_int_equal(due.at, 0);
	/* What was done for an earlier deployment counts for nothing. */
	assert_int_equal(due_of(&first_day, t0, t0 - 3 * HOUR, t0 + 2 * HOUR).state, DUE_NOW);
}

static void test_offsets(void **state)
{
	int64_t hours[] = { HOUR, DAY, 7 * DAY };
	const struct schedule follow_up = {
		.start = START_INCIDENT, .at_us = hours, .nat = 3, .within_us = HOUR
	};
	int64_t end = at("2026-11-30T03:12:41Z");
	struct due due;

	(void)state;
	assert_int_equal(due_of(&follow_up, end, 0, end).state, DUE_LATER);
	assert_int_equal(due_of(&follow_up, end, 0, end + HOUR).state, DUE_NOW);
	assert_int_equal(due_of(&follow_up, end, 0, end + 2 * HOUR + 1).state, DUE_OVERDUE);
	/* The second takes the place of the first, which was missed. */
	due = due_of(&follow_up, end, 0, end + DAY);
	assert_int_equal(due.state, DUE_NOW);
	assert_int_equal(due.at, end + DAY);
	assert_int_equal(due.missed, 1);
	due = due_of(&follow_up, end, end + DAY, end + 2 * DAY);
	assert_int_equal(due.state, DUE_DONE);
	assert_int_equal(due.at, end + 7 * DAY);
	/* The last one is asked for as long again as it took to come. */
	assert_int_equal(due_of(&follow_up, end, end + DAY, end + 14 * DAY).state, DUE_OVERDUE);
	assert_int_equal(due_of(&follow_up, end, end + DAY, end + 14 * DAY + 1).state, DUE_NEVER);
}

static void test_around_an_event(void **state)
{
	int64_t hours[] = { -2 * HOUR, 3 * HOUR };
	const struct schedule around = {
		.start = START_EVENT, .of = "cup", .at_us = hours, .nat = 2, .within_us = HOUR
	};
	int64_t cup = at("2026-12-05T18:00:00Z");
	struct due due;

	(void)state;
	assert_int_equal(due_of(&around, cup, 0, cup - 3 * HOUR).state, DUE_LATER);
	due = due_of(&around, cup, 0, cup - 2 * HOUR);
	assert_int_equal(due.state, DUE_NOW);
	assert_int_equal(due.next, cup + 3 * HOUR);
	assert_int_equal(due_of(&around, cup, cup - 2 * HOUR, cup).at, cup + 3 * HOUR);
}

static void test_what_something_done_is_for(void **state)
{
	const struct schedule hourly = { .every_us = HOUR, .within_us = HOUR };
	int64_t hours[] = { HOUR, DAY };
	const struct schedule follow_up = {
		.start = START_INCIDENT, .at_us = hours, .nat = 2, .within_us = HOUR
	};
	int64_t ten = at("2026-11-30T10:00:00Z");

	(void)state;
	/* What is due comes first, however near the next one is. */
	assert_int_equal(schedule_nearest(&hourly, 0, 0, ten + HOUR - 1), ten);
	/* Done already: once more for the same time, or ahead for the next one. */
	assert_int_equal(schedule_nearest(&hourly, 0, ten, ten + HOUR / 2), ten);
	assert_int_equal(schedule_nearest(&hourly, 0, ten, ten + HOUR / 2 + 1), ten + HOUR);
	/* Ahead of everything. */
	assert_int_equal(schedule_nearest(&follow_up, ten, 0, ten + 1), ten + HOUR);
	/* What was done ahead is not asked for when its time comes. */
	assert_int_equal(due_of(&hourly, 0, ten + HOUR, ten + HOUR / 2).at, ten + 2 * HOUR);
	assert_int_equal(due_of(&hourly, 0, ten + HOUR, ten + HOUR).state, DUE_DONE);
}

static void test_words(void **state)
{
	int64_t hours[] = { -2 * HOUR, HOUR, DAY };
	struct schedule first_day = { .start = START_DEPLOYMENT,
				      .every_us = 2 * HOUR,
				      .for_us = DAY };
	const struct schedule around = {
		.start = START_EVENT, .of = "cup", .at_us = hours, .nat = 3
	};
	char text[100];

	(void)state;
	assert_string_equal(schedule_text(&first_day, text, sizeof(text)),
			    "every 2 h for 1 d after a deployment");
	first_day.of = "public";
	assert_string_equal(schedule_text(&first_day, text, sizeof(text)),
			    "every 2 h for 1 d after deployment public");
	assert_string_equal(schedule_text(&around, text, sizeof(text)),
			    "-2 h, +1 h and +1 d of event cup");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_the_clock),
		cmocka_unit_test(test_after_a_beginning),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_around_an_event),
		cmocka_unit_test(test_what_something_done_is_for),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
