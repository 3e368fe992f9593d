/* Verdicts, conditions and the tree. */
#include "checklists/condition.h"
#include "checklists/tree.h"
#include "checklists/verdict.h"
#include "tests/unit/checklists_sample.h"

#define P VERDICT_PASS
#define X VERDICT_FAIL
#define U VERDICT_UNKNOWN

static void test_verdicts(void **state)
{
	(void)state;
	assert_int_equal(verdict_not(P), X);
	assert_int_equal(verdict_not(X), P);
	assert_int_equal(verdict_not(U), U);

	/* Every three verdicts, against the definition. */
	for (int code = 0; code < 27; code++) {
		enum verdict v[] = { (enum verdict)(code % 3), (enum verdict)(code / 3 % 3),
				     (enum verdict)(code / 9) };
		size_t pass = 0, fail = 0;
		for (int i = 0; i < 3; i++) {
			pass += v[i] == P;
			fail += v[i] == X;
		}
		assert_int_equal(verdict_all(v, 3), fail ? X : pass == 3 ? P : U);
		assert_int_equal(verdict_any(v, 3), pass ? P : fail == 3 ? X : U);
		assert_int_equal(verdict_at_least(v, 3, 2), pass >= 2 ? P : fail >= 2 ? X : U);
	}
	assert_int_equal(verdict_all(NULL, 0), P);
	assert_int_equal(verdict_any(NULL, 0), X);
}

static void judge(const struct condition *condition, struct condition_state *state,
		  enum verdict needs, const enum verdict *symptoms, int64_t for_us, int64_t now)
{
	struct condition_facts facts = {
		.needs = needs, .symptoms = symptoms, .for_us = for_us, .now = now
	};

	condition_judge(condition, state, &facts);
}

static void test_condition_holds_only_after_its_time(void **state)
{
	(void)state;
	const struct condition c = { .nsymptoms = 3, .at_least = 2 };
	struct condition_state s = { 0 };

	judge(&c, &s, P, (enum verdict[]){ P, P, X }, 10, 100);
	assert_int_equal(s.verdict, X);
	assert_int_equal(s.sensed, 2);
	assert_int_equal(s.since, 100);
	judge(&c, &s, P, (enum verdict[]){ P, X, P }, 10, 109);
	assert_int_equal(s.verdict, X);
	judge(&c, &s, P, (enum verdict[]){ P, U, P }, 10, 110);
	assert_int_equal(s.verdict, P);
	/* A moment of not knowing starts the time anew. */
	judge(&c, &s, P, (enum verdict[]){ P, U, U }, 10, 111);
	assert_int_equal(s.verdict, U);
	assert_int_equal(s.since, 0);
	judge(&c, &s, P, (enum verdict[]){ P, P, P }, 10, 112);
	assert_int_equal(s.verdict, X);
	judge(&c, &s, P, (enum verdict[]){ X, X, P }, 0, 113);
	assert_int_equal(s.verdict, X);
	/* Without its needs it can't be judged, whatever the symptoms. */
	judge(&c, &s, X, (enum verdict[]){ P, P, P }, 0, 114);
	assert_int_equal(s.verdict, U);
	judge(&c, &s, U, (enum verdict[]){ X, X, X }, 0, 115);
	assert_int_equal(s.verdict, U);
}

static void test_condition_holds_only_within_its_time(void **state)
{
	(void)state;
	const struct condition c = { .nsymptoms = 1, .at_least = 1 };
	struct condition_state s = { 0 };
	struct condition_facts facts = { .needs = P,
					 .symptoms = (enum verdict[]){ P },
					 .within_us = 30,
					 .deployed = 100,
					 .now = 130 };

	condition_judge(&c, &s, &facts);
	assert_int_equal(s.verdict, P);
	facts.now = 131;
	condition_judge(&c, &s, &facts);
	assert_int_equal(s.verdict, X);
	assert_int_equal(s.within, X);
	assert_int_equal(s.sensed, 1);
	/* Nobody knows of a deployment, or it is still to come. */
	facts.deployed = 0;
	condition_judge(&c, &s, &facts);
	assert_int_equal(s.verdict, U);
	assert_int_equal(s.within, U);
	facts.deployed = 200;
	condition_judge(&c, &s, &facts);
	assert_int_equal(s.verdict, U);
	/* What does not hold anyway needs no deployment to be known. */
	facts.symptoms = (enum verdict[]){ X };
	condition_judge(&c, &s, &facts);
	assert_int_equal(s.verdict, X);
	facts.symptoms = (enum verdict[]){ P };
	facts.within_us = 0;
	condition_judge(&c, &s, &facts);
	assert_int_equal(s.verdict, P);
}

static void test_conditions_order(void **state)
{
	(void)state;
	const struct procedure p = { .name = "p" };
	struct condition c[] = {
		{ .name = "mild",
		  .severity = SEVERITY_LOW,
		  .at_least = 1,
		  .suggest.procedure = &p },
		{ .name = "first",
		  .severity = SEVERITY_HIGH,
		  .at_least = 4,
		  .suggest.procedure = &p },
		{ .name = "second",
		  .severity = SEVERITY_HIGH,
		  .at_least = 1,
		  .suggest.procedure = &p },
		{ .name = "worst",
		  .severity = SEVERITY_CRITICAL,
		  .at_least = 2,
		  .suggest.tree = true },
	};
	const struct runbook rb = { .conditions = c, .nconditions = 4 };
	struct condition_state s[] = {
		{ P, 1, 1, P }, { P, 4, 1, P }, { P, 1, 1, P }, { P, 1, 1, P }
	};
	size_t order[4];

	/* The worst one suggests no procedure; among equals the runbook's order decides. */
	assert_string_equal(condition_first(&rb, s)->name, "first");
	s[1].verdict = U;
	assert_string_equal(condition_first(&rb, s)->name, "second");
	s[0].verdict = s[2].verdict = X;
	assert_null(condition_first(&rb, s));

	s[1].sensed = 3; /* three quarters, behind the whole ones, before the half */
	condition_rank(&rb, s, order);
	const size_t expected[] = { 2, 0, 1, 3 };
	assert_memory_equal(order, expected, sizeof(order));
}

static struct question questions[] = {
	{ .name = "alive", .ask = "?", .yes.question = "corrupt", .no.advice = "restart" },
	{ .name = "corrupt", .ask = "?", .yes.advice = "restore", .no.question = "code" },
	{ .name = "code", .ask = "?", .yes.advice = "revert", .no.advice = "flags" },
};
static const struct tree tree = { .questions = questions, .nquestions = 3, .start = 0 };

static void test_tree_walk(void **state)
{
	(void)state;
	struct tree_state s;
	struct err err = ERR_INIT;
	const struct outcome *end = NULL;

	tree_begin(&s);
	assert_string_equal(tree_open(&tree, &s, &end)->name, "alive");
	assert_null(end);
	assert_int_equal(tree_answer(&tree, &s, "code", true, U, &err), -1);
	assert_true(err.set);
	assert_int_equal(tree_answer(&tree, &s, "alive", true, P, NULL), 0);
	assert_int_equal(tree_answer(&tree, &s, "corrupt", false, P, NULL), 0);
	assert_false(s.answers[0].overridden);
	assert_true(s.answers[1].overridden);
	assert_int_equal(tree_answer(&tree, &s, "code", false, U, NULL), 0);
	assert_false(s.answers[2].overridden); /* nothing was proposed */
	assert_null(tree_open(&tree, &s, &end));
	assert_string_equal(end->advice, "flags");
	assert_int_equal(tree_answer(&tree, &s, "code", true, U, NULL), -1);

	assert_int_equal(tree_back(&tree, &s, "corrupt", NULL), 0);
	assert_string_equal(tree_open(&tree, &s, NULL)->name, "corrupt");
	assert_int_equal(s.n, 1);
	assert_int_equal(tree_back(&tree, &s, "code", NULL), -1);
	assert_int_equal(tree_answer(&tree, &s, "corrupt", true, P, NULL), 0);
	assert_null(tree_open(&tree, &s, &end));
	assert_string_equal(end->advice, "restore");
}

static void test_tree_shaken(void **state)
{
	(void)state;
	struct tree_state s;
	tree_begin(&s);
	tree_answer(&tree, &s, "alive", true, P, NULL);
	tree_answer(&tree, &s, "corrupt", false, P, NULL); /* against the proposal */

	assert_int_equal(tree_shaken(&tree, &s, (enum verdict[]){ P, P, X }), -1);
	assert_int_equal(tree_shaken(&tree, &s, (enum verdict[]){ U, U, U }), -1);
	assert_int_equal(tree_shaken(&tree, &s, (enum verdict[]){ X, P, U }), 0);
	assert_int_equal(tree_shaken(&tree, &s, (enum verdict[]){ P, X, U }), -1);
}

static void test_tree_never_strays(void **state)
{
	(void)state;
	struct tree_state s;
	srand(7);
	tree_begin(&s);
	for (int i = 0; i < 20000; i++) {
		const char *name = questions[rand() % 3].name;
		if (rand() % 3)
			tree_answer(&tree, &s, name, rand() % 2, (enum verdict)(rand() % 3), NULL);
		else
			tree_back(&tree, &s, name, NULL);
		const struct outcome *end = NULL;
		const struct question *open = tree_open(&tree, &s, &end);
		assert_true(s.n <= 3);
		assert_true((open != NULL) != (end != NULL));
		for (size_t k = 0; k < s.n; k++)
			assert_int_equal(s.answers[k].question, k); /* this tree is a chain */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_condition_holds_only_after_its_time),
		cmocka_unit_test(test_condition_holds_only_within_its_time),
		cmocka_unit_test(test_conditions_order),
		cmocka_unit_test(test_tree_walk),
		cmocka_unit_test(test_tree_shaken),
		cmocka_unit_test(test_tree_never_strays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
