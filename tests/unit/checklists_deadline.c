/* By when something has to be decided: arithmetic and words. */
#include "checklists/deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S_US   1000000LL
#define MIN_US (60 * S_US)
/* 2026-11-21T21:30:00Z */
#define BEGAN 1795296600000000LL

static const struct procedure level = { .name = "level-3",
					.estimate_low_us = 2 * MIN_US,
					.estimate_high_us = 10 * MIN_US,
					.budget_us = 15 * MIN_US };
static const struct runbook rules = { .deadlines = { [SEVERITY_CRITICAL] = 20 * MIN_US } };

static void says(const struct deadline *deadline, int64_t now, const char *text)
{
	char out[160];

	assert_string_equal(deadline_text(deadline, now, out, sizeof(out)), text);
}

static void starts(const struct deadline *deadline, int64_t now, const char *text)
{
	char out[64];

	assert_string_equal(deadline_short(deadline, now, out, sizeof(out)), text);
}

static void drills_say_how_long_it_takes(void **state)
{
	struct deadline deadline;

	(void)state;
	assert_true(deadline_of(&rules, SEVERITY_CRITICAL, &level, BEGAN, 6 * MIN_US, &deadline));
	assert_int_equal(deadline.decide_by, BEGAN + 14 * MIN_US);
	says(&deadline, BEGAN + 5 * MIN_US,
	     "decide by 21:44Z (9 min): it took at most 6 min in drills");
	/* Minutes are cut, so that nobody is promised more than there is, and it stands still. */
	says(&deadline, BEGAN + 5 * MIN_US + 1,
	     "decide by 21:44Z (8 min): it took at most 6 min in drills");
	says(&deadline, BEGAN + 6 * MIN_US,
	     "decide by 21:44Z (8 min): it took at most 6 min in drills");
	says(&deadline, BEGAN + 13 * MIN_US + S_US / 2,
	     "decide by 21:44Z (59 s): it took at most 6 min in drills");
	says(&deadline, BEGAN + 17 * MIN_US + 40 * S_US,
	     "too late for its budget since 3 min: decide now");
	starts(&deadline, BEGAN + 13 * MIN_US + 2 * S_US, "Decide by 21:44Z (58 s). ");
	starts(&deadline, BEGAN + 14 * MIN_US + 40 * S_US, "Late by 40 s. ");
}

static void without_drills_the_estimate_counts(void **state)
{
	struct deadline deadline;

	(void)state;
	assert_true(deadline_of(&rules, SEVERITY_CRITICAL, &level, BEGAN, 0, &deadline));
	assert_int_equal(deadline.decide_by, BEGAN + 10 * MIN_US);
	says(&deadline, BEGAN, "decide by 21:40Z (10 min): it may take 10 min");
}

static void without_a_deadline_the_budget_counts(void **state)
{
	struct procedure tight = level;
	struct deadline deadline;

	(void)state;
	assert_true(deadline_of(&rules, SEVERITY_HIGH, &level, BEGAN, 6 * MIN_US, &deadline));
	assert_int_equal(deadline.decide_by, BEGAN + 9 * MIN_US);
	/* A budget that is no more than the estimate leaves no time to decide in: it is none. */
	tight.budget_us = tight.estimate_high_us;
	assert_false(deadline_of(&rules, SEVERITY_HIGH, &tight, BEGAN, 0, &deadline));
	assert_true(deadline_of(&rules, SEVERITY_HIGH, &tight, BEGAN, 9 * MIN_US, &deadline));
	/* Nothing is amiss; nobody knows how long it takes. */
	assert_false(deadline_of(&rules, SEVERITY_CRITICAL, &level, 0, 6 * MIN_US, &deadline));
	tight.estimate_high_us = tight.budget_us = 0;
	assert_false(deadline_of(&rules, SEVERITY_CRITICAL, &tight, BEGAN, 0, &deadline));
}

static void what_never_fits_says_so(void **state)
{
	struct deadline deadline;

	(void)state;
	assert_true(deadline_of(&rules, SEVERITY_CRITICAL, &level, BEGAN, 25 * MIN_US, &deadline));
	says(&deadline, BEGAN + S_US,
	     "it took up to 25 min, of the 20 min that there are: decide now");
	starts(&deadline, BEGAN + S_US, "No time is left. ");
	assert_true(deadline_presses(&deadline, BEGAN));
}

static void it_presses_in_the_last_fifth(void **state)
{
	struct deadline deadline;

	(void)state;
	assert_true(deadline_of(&rules, SEVERITY_CRITICAL, &level, BEGAN, 0, &deadline));
	assert_false(deadline_presses(&deadline, BEGAN));
	assert_false(deadline_presses(&deadline, BEGAN + 8 * MIN_US));
	assert_true(deadline_presses(&deadline, BEGAN + 8 * MIN_US + 1));
	assert_true(deadline_presses(&deadline, BEGAN + 10 * MIN_US));
	assert_true(deadline_presses(&deadline, BEGAN + 60 * MIN_US));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drills_say_how_long_it_takes),
		cmocka_unit_test(without_drills_the_estimate_counts),
		cmocka_unit_test(without_a_deadline_the_budget_counts),
		cmocka_unit_test(what_never_fits_says_so),
		cmocka_unit_test(it_presses_in_the_last_fifth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
