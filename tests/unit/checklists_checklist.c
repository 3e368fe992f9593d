/* Walking a checklist. */
#include "checklists/checklist.h"
#include "tests/unit/checklists_sample.h"

#define S 1000000LL

static struct item first[] = {
	{ .id = (char *)"backup", .kind = ITEM_SENSED, .parent = -1 },
	{ .id = (char *)"tell", .kind = ITEM_MANUAL, .parent = -1 },
	{ .id = (char *)"nice", .kind = ITEM_MANUAL, .parent = -1, .optional = true },
};
static struct item second[] = {
	{ .id = (char *)"test", .kind = ITEM_MANUAL, .parent = -1 },
	{ .id = (char *)"test/one", .kind = ITEM_MANUAL, .parent = 0 },
	{ .id = (char *)"test/two", .kind = ITEM_ACTION, .parent = 0 },
	{ .id = (char *)"before",
	  .kind = ITEM_MANUAL,
	  .parent = -1,
	  .done_by = "anna",
	  .done_at = "yesterday" },
};
static struct section sections[] = {
	{ .title = "A", .items = first, .nitems = 3 },
	{ .title = "B", .items = second, .nitems = 4 },
};
static struct checklist checklist = { .name = "c", .sections = sections, .nsections = 2 };

enum { BACKUP, TELL, NICE, TEST, ONE, TWO, BEFORE, COUNT };

static int apply(struct checklist_state *s, size_t i, enum item_event event, const char *text)
{
	return checklist_apply(s, i, event, VERDICT_UNKNOWN, text, 5 * S, NULL);
}

static int sense(struct checklist_state *s, size_t i, enum verdict verdict, int64_t at)
{
	return checklist_apply(s, i, ITEM_EV_SENSED, verdict, "12 MB", at, NULL);
}

static int begin(void **state)
{
	struct checklist_state *s = malloc(sizeof(*s));
	checklist_begin(s, &checklist);
	*state = s;
	return 0;
}

static int end(void **state)
{
	checklist_state_release(*state);
	free(*state);
	return 0;
}

static void test_indices(void **state)
{
	struct checklist_state *s = *state;
	const struct section *section;
	assert_int_equal(s->nitems, COUNT);
	assert_int_equal(checklist_index(s, "test/two"), TWO);
	assert_int_equal(checklist_index(s, "none"), -1);
	assert_string_equal(checklist_item(s, ONE, &section)->id, "test/one");
	assert_string_equal(section->title, "B");
	assert_int_equal(s->items[BEFORE].status, ITEM_GREEN);
	assert_string_equal(s->items[BEFORE].evidence, "done by anna, yesterday");
}

static void test_sensed_ticks_and_expires(void **state)
{
	struct checklist_state *s = *state;
	assert_int_equal(sense(s, BACKUP, VERDICT_PASS, 10 * S), 0);
	assert_int_equal(s->items[BACKUP].status, ITEM_GREEN);
	assert_string_equal(s->items[BACKUP].evidence, "12 MB");
	assert_int_equal(checklist_expire(s, 70 * S), 0);
	assert_int_equal(checklist_expire(s, 70 * S + 1), 1);
	assert_int_equal(s->items[BACKUP].status, ITEM_OPEN);
	sense(s, BACKUP, VERDICT_FAIL, 80 * S);
	assert_int_equal(s->items[BACKUP].status, ITEM_RED);
	sense(s, BACKUP, VERDICT_UNKNOWN, 90 * S);
	assert_int_equal(s->items[BACKUP].status, ITEM_UNKNOWN);
	/* What is measured can't be ticked. */
	assert_int_equal(apply(s, BACKUP, ITEM_EV_TICKED, NULL), -1);
	assert_int_equal(apply(s, TWO, ITEM_EV_TICKED, NULL), -1);
}

static void test_overridden_is_never_green(void **state)
{
	struct checklist_state *s = *state;
	assert_int_equal(apply(s, BACKUP, ITEM_EV_OVERRIDDEN, NULL), -1);
	assert_int_equal(apply(s, BACKUP, ITEM_EV_OVERRIDDEN, ""), -1);
	assert_int_equal(apply(s, BACKUP, ITEM_EV_OVERRIDDEN, "the disk is new"), 0);
	int ready = checklist_readiness(s);
	sense(s, BACKUP, VERDICT_PASS, S);
	assert_int_equal(s->items[BACKUP].status, ITEM_OVERRIDDEN);
	assert_int_equal(checklist_readiness(s), ready);
	assert_int_equal(apply(s, TELL, ITEM_EV_OVERRIDDEN, "x"), 0);
	assert_int_equal(apply(s, TELL, ITEM_EV_TICKED, NULL), -1);
	assert_int_equal(apply(s, TELL, ITEM_EV_REOPENED, NULL), 0);
	assert_int_equal(apply(s, TELL, ITEM_EV_TICKED, NULL), 0);
}

static void test_deferred_come_last(void **state)
{
	struct checklist_state *s = *state;
	assert_int_equal(checklist_next(s), BACKUP);
	assert_int_equal(apply(s, BACKUP, ITEM_EV_DEFERRED, NULL), 0);
	assert_int_equal(checklist_next(s), TELL);
	sense(s, BACKUP, VERDICT_FAIL, S);
	assert_int_equal(s->items[BACKUP].status, ITEM_DEFERRED);
	apply(s, TELL, ITEM_EV_TICKED, NULL);
	apply(s, NICE, ITEM_EV_TICKED, NULL);
	apply(s, ONE, ITEM_EV_TICKED, NULL);
	apply(s, TWO, ITEM_EV_ACTION_DONE, NULL);
	assert_int_equal(checklist_next(s), BACKUP);
	assert_int_equal(checklist_readiness(s), 80);
	sense(s, BACKUP, VERDICT_PASS, S);
	assert_int_equal(checklist_next(s), -1);
	assert_int_equal(checklist_readiness(s), 100);
}

static void test_sub_items(void **state)
{
	struct checklist_state *s = *state;
	assert_int_equal(apply(s, TEST, ITEM_EV_TICKED, NULL), -1); /* it follows its sub-items */
	apply(s, ONE, ITEM_EV_TICKED, NULL);
	assert_int_equal(s->items[TEST].status, ITEM_OPEN);
	apply(s, TWO, ITEM_EV_ACTION_DONE, NULL);
	assert_int_equal(s->items[TEST].status, ITEM_GREEN);
	apply(s, TWO, ITEM_EV_ACTION_FAILED, "no");
	assert_int_equal(s->items[TEST].status, ITEM_OPEN);
	/* What does not apply takes what is below it along. */
	checklist_apply(s, TEST, ITEM_EV_WHEN, VERDICT_FAIL, "not here", S, NULL);
	sense(s, BACKUP, VERDICT_PASS, S);
	apply(s, TELL, ITEM_EV_TICKED, NULL);
	assert_int_equal(checklist_readiness(s), 100);
	assert_int_equal(checklist_next(s), NICE); /* optional, but there */
	checklist_apply(s, TEST, ITEM_EV_WHEN, VERDICT_UNKNOWN, "", S, NULL);
	assert_int_equal(checklist_readiness(s), 80);
}

/* A reading that confirms an expired green makes it green again; nothing else is on record. */
static void test_an_expired_green_comes_back(void **state)
{
	struct checklist_state *s = *state;
	sense(s, BACKUP, VERDICT_PASS, 10 * S);
	checklist_confirm(s, BACKUP, VERDICT_PASS, 60 * S);
	assert_int_equal(checklist_expire(s, 110 * S), 0);
	assert_int_equal(checklist_expire(s, 121 * S), 1);
	assert_true(s->items[BACKUP].expired);
	checklist_confirm(s, BACKUP, VERDICT_PASS, 60 * S);
	assert_int_equal(s->items[BACKUP].status, ITEM_OPEN);
	checklist_confirm(s, BACKUP, VERDICT_PASS, 122 * S);
	assert_int_equal(s->items[BACKUP].status, ITEM_GREEN);
	assert_string_equal(s->items[BACKUP].evidence, "12 MB");
	/* One that is open for another reason is not made green by it. */
	sense(s, BACKUP, VERDICT_FAIL, 130 * S);
	checklist_confirm(s, BACKUP, VERDICT_FAIL, 139 * S);
	assert_int_equal(s->items[BACKUP].measured, 139 * S);
	checklist_confirm(s, BACKUP, VERDICT_PASS, 140 * S);
	assert_int_equal(s->items[BACKUP].measured, 139 * S);
	assert_int_equal(s->items[BACKUP].status, ITEM_RED);
	checklist_expire(s, 1000 * S);
	apply(s, BACKUP, ITEM_EV_REOPENED, NULL);
	checklist_confirm(s, BACKUP, VERDICT_PASS, 1001 * S);
	assert_int_equal(s->items[BACKUP].status, ITEM_OPEN);
}

/* What does not apply now keeps its tick, and what happens meanwhile. */
static void test_what_applies_again_is_what_it_was(void **state)
{
	struct checklist_state *s = *state;
	apply(s, TELL, ITEM_EV_TICKED, "all of them");
	sense(s, BACKUP, VERDICT_PASS, S);
	const size_t out[] = { BACKUP, TELL, TWO, BEFORE };
	for (size_t i = 0; i < 4; i++)
		checklist_apply(s, out[i], ITEM_EV_WHEN, VERDICT_FAIL, "not here", S, NULL);
	assert_string_equal(s->items[TELL].when, "not here");
	assert_string_equal(s->items[TELL].evidence, "all of them");
	assert_int_equal(apply(s, TELL, ITEM_EV_REOPENED, NULL), -1);
	sense(s, BACKUP, VERDICT_FAIL, 2 * S);
	apply(s, TWO, ITEM_EV_ACTION_DONE, NULL);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(s->items[out[i]].status, ITEM_NOT_APPLICABLE);
	assert_int_equal(checklist_readiness(s), 0); /* of test/one */
	for (size_t i = 0; i < 4; i++)
		checklist_apply(s, out[i], ITEM_EV_WHEN, VERDICT_UNKNOWN, "?", 3 * S, NULL);
	assert_int_equal(s->items[BACKUP].status, ITEM_RED);
	assert_int_equal(s->items[TELL].status, ITEM_GREEN);
	assert_int_equal(s->items[TWO].status, ITEM_GREEN);
	assert_int_equal(s->items[BEFORE].status, ITEM_GREEN);
	assert_string_equal(s->items[BEFORE].evidence, "done by anna, yesterday");
}

/* Who puts off or overrides an item does so with what is below it. */
static void test_an_item_speaks_for_what_is_below(void **state)
{
	struct checklist_state *s = *state;
	apply(s, TEST, ITEM_EV_DEFERRED, NULL);
	sense(s, BACKUP, VERDICT_PASS, S);
	assert_int_equal(checklist_status(s, ONE), ITEM_DEFERRED);
	assert_int_equal(checklist_next(s), TELL);
	apply(s, TELL, ITEM_EV_TICKED, NULL);
	apply(s, NICE, ITEM_EV_TICKED, NULL);
	assert_int_equal(checklist_next(s), ONE);
	apply(s, ONE, ITEM_EV_TICKED, NULL);
	assert_int_equal(checklist_status(s, ONE), ITEM_GREEN);
	apply(s, TEST, ITEM_EV_OVERRIDDEN, "the other one is not needed");
	assert_int_equal(checklist_next(s), -1);
	assert_int_equal(checklist_readiness(s), 80);
	assert_true(checklist_missing(s, TWO, 0));
	/* A deferred one is green when all below is. */
	apply(s, TEST, ITEM_EV_REOPENED, NULL);
	apply(s, TEST, ITEM_EV_DEFERRED, NULL);
	apply(s, TWO, ITEM_EV_ACTION_DONE, NULL);
	assert_int_equal(s->items[TEST].status, ITEM_GREEN);
	/* It was undone. */
	apply(s, TWO, ITEM_EV_ACTION_OPEN, NULL);
	assert_int_equal(s->items[TWO].status, ITEM_OPEN);
	assert_int_equal(s->items[TEST].status, ITEM_OPEN);
}

/* What was done before was done with all below; an optional item never counts, nor do its own. */
static void test_done_before_and_optional_take_sub_items_along(void **state)
{
	(void)state;
	struct item items[] = {
		{ .id = (char *)"a", .parent = -1, .kind = ITEM_MANUAL, .done_by = "eva" },
		{ .id = (char *)"a/b", .parent = 0, .kind = ITEM_MANUAL },
		{ .id = (char *)"a/c", .parent = 0, .kind = ITEM_SENSED },
		{ .id = (char *)"o", .parent = -1, .kind = ITEM_MANUAL, .optional = true },
		{ .id = (char *)"o/p", .parent = 3, .kind = ITEM_MANUAL },
	};
	struct section section = {
		.title = "S", .items = items, .nitems = 5, .timed = true, .offset_us = -7200 * S
	};
	const struct checklist list = { .name = "l", .sections = &section, .nsections = 1 };
	struct checklist_state s;

	checklist_begin(&s, &list);
	assert_int_equal(s.items[1].status, ITEM_GREEN);
	assert_string_equal(s.items[1].evidence, "done by eva, no time given");
	/* What is sensed is measured all the same. */
	assert_int_equal(s.items[2].status, ITEM_OPEN);
	assert_int_equal(s.items[0].status, ITEM_OPEN);
	assert_int_equal(checklist_readiness(&s), 50);
	assert_int_equal(checklist_next(&s), 2);
	assert_int_equal(checklist_next_until(&s, -7201 * S), -1);
	checklist_apply(&s, 2, ITEM_EV_SENSED, VERDICT_PASS, "", S, NULL);
	assert_int_equal(s.items[0].status, ITEM_GREEN);
	assert_int_equal(checklist_readiness(&s), 100);
	assert_false(checklist_missing(&s, 4, 0));
	assert_int_equal(checklist_next(&s), 4);
	assert_int_equal(checklist_next_until(&s, 0), -1);
	checklist_state_release(&s);
}

static void test_empty_is_ready(void **state)
{
	(void)state;
	const struct checklist none = { .name = "none" };
	struct checklist_state s;
	checklist_begin(&s, &none);
	assert_int_equal(checklist_readiness(&s), 100);
	assert_int_equal(checklist_next(&s), -1);
	checklist_state_release(&s);
}

static void test_random_events_keep_the_invariants(void **state)
{
	struct checklist_state *s = *state;
	srand(5);
	for (int i = 0; i < 100000; i++) {
		size_t k = (size_t)rand() % COUNT;
		enum item_event event = (enum item_event)(rand() % (ITEM_EV_ACTION_OPEN + 1));
		enum item_status before = s->items[k].status;
		struct err err = ERR_INIT;
		int result = checklist_apply(s, k, event, (enum verdict)(rand() % 3),
					     rand() % 2 ? "why" : NULL, i * S, &err);
		assert_true((result < 0) == err.set);
		if (result < 0)
			assert_int_equal(s->items[k].status, before);
		if (rand() % 4 == 0)
			checklist_expire(s, i * S + 61 * S);
		/* Green only by a reading, a hand, an action or its sub-items. */
		if (before == ITEM_OVERRIDDEN && s->items[k].status == ITEM_GREEN)
			assert_true(event == ITEM_EV_ACTION_DONE ||
				    (event == ITEM_EV_REOPENED && k == TEST));
		if (s->items[TEST].status == ITEM_GREEN)
			assert_true((s->items[ONE].status == ITEM_GREEN ||
				     s->items[ONE].status == ITEM_NOT_APPLICABLE) &&
				    (s->items[TWO].status == ITEM_GREEN ||
				     s->items[TWO].status == ITEM_NOT_APPLICABLE));
		int ready = checklist_readiness(s), next = checklist_next(s);
		assert_in_range(ready, 0, 100);
		assert_true(next >= -1 && next < COUNT);
		if (next == -1)
			for (size_t n = 0; n < COUNT; n++)
				assert_true(checklist_status(s, n) != ITEM_RED ||
					    s->items[TEST].status == ITEM_NOT_APPLICABLE ||
					    n == TEST);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(test_indices),
		T(test_sensed_ticks_and_expires),
		T(test_overridden_is_never_green),
		T(test_deferred_come_last),
		T(test_sub_items),
		T(test_an_expired_green_comes_back),
		T(test_what_applies_again_is_what_it_was),
		T(test_an_item_speaks_for_what_is_below),
		cmocka_unit_test(test_done_before_and_optional_take_sub_items_along),
		cmocka_unit_test(test_empty_is_ready),
		T(test_random_events_keep_the_invariants),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
