/* Gates: what is computed, what stands in the way, what a checklist counts for. */
#include "checklists/gate.h"
#include "tests/unit/checklists_sample.h"

#define P VERDICT_PASS
#define X VERDICT_FAIL
#define U VERDICT_UNKNOWN

static struct criterion any[2];

/* Two go criteria, one no-go, one adjust. */
static const struct gate sample = {
	.name = "launch",
	.title = "Launch",
	.criteria = { any, any, any },
	.n = { 2, 1, 1 },
};

static enum decision of(enum verdict a, enum verdict b, enum verdict no_go, enum verdict adjust)
{
	const enum verdict verdicts[] = { a, b, no_go, adjust };

	return gate_compute(&sample, verdicts);
}

static void test_decisions(void **state)
{
	(void)state;
	assert_int_equal(of(P, P, X, X), DECISION_GO);
	assert_int_equal(of(P, X, X, X), DECISION_UNDECIDED);
	assert_int_equal(of(P, U, X, X), DECISION_UNDECIDED);
	/* Unknown is never taken for "does not hold". */
	assert_int_equal(of(P, P, U, X), DECISION_UNDECIDED);
	assert_int_equal(of(P, P, X, U), DECISION_UNDECIDED);
	/* No-go goes before adjust, adjust before everything that is unknown. */
	assert_int_equal(of(P, P, P, P), DECISION_NO_GO);
	assert_int_equal(of(U, X, P, U), DECISION_NO_GO);
	assert_int_equal(of(P, P, X, P), DECISION_ADJUST);
	assert_int_equal(of(U, X, U, P), DECISION_ADJUST);
}

/* All 81 verdicts: go exactly when nothing stands in the way. */
static void test_go_is_what_nothing_blocks(void **state)
{
	(void)state;
	for (int code = 0; code < 81; code++) {
		const enum verdict v[] = { (enum verdict)(code % 3), (enum verdict)(code / 3 % 3),
					   (enum verdict)(code / 9 % 3),
					   (enum verdict)(code / 27) };
		bool blocked = false;

		for (size_t i = 0; i < gate_size(&sample); i++) {
			enum criterion_kind kind;
			gate_criterion(&sample, i, &kind);
			blocked = blocked || gate_blocks(kind, v[i]);
		}
		assert_int_equal(gate_compute(&sample, v) == DECISION_GO, !blocked);
	}
}

static void test_names(void **state)
{
	enum decision decision = DECISION_UNDECIDED;
	enum criterion_kind kind;

	(void)state;
	assert_int_equal(decision_parse("no-go", &decision), 0);
	assert_int_equal(decision, DECISION_NO_GO);
	assert_int_equal(decision_parse("nogo", &decision), -1);
	assert_non_null(gate_criterion(&sample, 2, &kind));
	assert_int_equal(kind, CRITERION_NO_GO);
	assert_null(gate_criterion(&sample, 4, NULL));
}

/* A sensed, a manual and an optional item until T, one after it. */
static void test_a_checklist_counts_until_t(void **state)
{
	static char ids[][8] = { "backup", "person", "extra", "later" };
	struct item before[] = {
		{ .id = ids[0], .kind = ITEM_SENSED, .parent = -1 },
		{ .id = ids[1], .kind = ITEM_MANUAL, .parent = -1 },
		{ .id = ids[2], .kind = ITEM_MANUAL, .parent = -1, .optional = true }
	};
	struct item after[] = { { .id = ids[3], .kind = ITEM_MANUAL, .parent = -1 } };
	struct section sections[] = {
		{ .timed = true, .offset_us = -60, .items = before, .nitems = 3 },
		{ .timed = true, .offset_us = 0, .items = after, .nitems = 1 },
	};
	const struct checklist list = {
		.name = "l", .title = "L", .sections = sections, .nsections = 2
	};
	struct checklist_state s;

	(void)state;
	checklist_begin(&s, &list);
	assert_int_equal(gate_checklist(&s), X); /* the person did nothing yet */
	assert_int_equal(checklist_apply(&s, 1, ITEM_EV_TICKED, U, NULL, 1, NULL), 0);
	assert_int_equal(gate_checklist(&s), U); /* the backup was not looked at yet */
	checklist_apply(&s, 0, ITEM_EV_SENSED, U, "no answer", 2, NULL);
	assert_int_equal(gate_checklist(&s), U);
	checklist_apply(&s, 0, ITEM_EV_SENSED, P, "sound", 3, NULL);
	assert_int_equal(gate_checklist(&s), P);
	assert_int_equal(checklist_readiness_until(&s, GATE_DUE_US), 100);
	assert_int_equal(checklist_readiness(&s), 66);
	assert_true(checklist_missing(&s, 3, INT64_MAX));
	assert_false(checklist_missing(&s, 3, GATE_DUE_US));
	/* An override is never green: the gate does not go by itself. */
	checklist_apply(&s, 0, ITEM_EV_SENSED, X, "damaged", 4, NULL);
	assert_int_equal(gate_checklist(&s), X);
	checklist_apply(&s, 0, ITEM_EV_OVERRIDDEN, U, "we have another", 5, NULL);
	assert_int_equal(gate_checklist(&s), X);
	checklist_state_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_go_is_what_nothing_blocks),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_a_checklist_counts_until_t),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
