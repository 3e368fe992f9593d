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
		enum item_event event = (enum item_event)(rand() % (ITEM_EV_ACTION_FAILED + 1));
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
			assert_true(event == ITEM_EV_ACTION_DONE);
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
				assert_true(s->items[n].status != ITEM_RED ||
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
		cmocka_unit_test(test_empty_is_ready),
		T(test_random_events_keep_the_invariants),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
