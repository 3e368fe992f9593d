/* Walking a procedure. */
#include "checklists/procedure.h"
#include "tests/unit/checklists_sample.h"

static struct choice options[] = { { "tag", "t" }, { "revert", "r" } };

/* 0 stop; 1 choice: 2 tag / 3 revert; 4 question: 5 when yes; 6 start, whose alternative is 8; 7
 * tell. */
static struct step steps[] = {
	{ .id = (char *)"stop", .kind = STEP_ACTION, .guard = -1 },
	{ .id = (char *)"how",
	  .kind = STEP_CHOICE,
	  .guard = -1,
	  .options = options,
	  .noptions = 2 },
	{ .id = (char *)"how/tag/a", .kind = STEP_ACTION, .guard = 1, .guard_answer = "tag" },
	{ .id = (char *)"how/revert/a", .kind = STEP_ACTION, .guard = 1, .guard_answer = "revert" },
	{ .id = (char *)"ask", .kind = STEP_QUESTION, .guard = 1, .guard_answer = "revert" },
	{ .id = (char *)"ask/b", .kind = STEP_ACTION, .guard = 4, .guard_answer = "yes" },
	{ .id = (char *)"start", .kind = STEP_ACTION, .guard = -1, .alternative = "plan-b" },
	{ .id = (char *)"tell", .kind = STEP_ACTION, .guard = -1 },
	{ .id = (char *)"plan-b", .kind = STEP_ACTION, .guard = -1, .only_alternative = true },
};
#define N (sizeof(steps) / sizeof(*steps))
static struct procedure procedure = { .name = "p", .steps = steps, .nsteps = N };

static int apply(struct procedure_state *s, size_t step, enum step_event event, const char *text)
{
	return procedure_apply(s, step, event, text, 1000, NULL);
}

static void run(struct procedure_state *s, size_t step)
{
	assert_int_equal(apply(s, step, STEP_EV_INTENT, NULL), 0);
	assert_int_equal(apply(s, step, STEP_EV_OUTCOME_DONE, NULL), 0);
	assert_int_equal(apply(s, step, STEP_EV_VERIFIED, NULL), 0);
}

static int begin(void **state)
{
	struct procedure_state *s = malloc(sizeof(*s));
	procedure_begin(s, &procedure);
	s->approved = true;
	*state = s;
	return 0;
}

static int end(void **state)
{
	procedure_state_release(*state);
	free(*state);
	return 0;
}

static void test_straight(void **state)
{
	struct procedure_state *s = *state;
	assert_int_equal(procedure_next(s), 0);
	run(s, 0);
	assert_int_equal(procedure_next(s), 1);
	assert_int_equal(procedure_status(s, 5), STEP_WAITING);
	assert_int_equal(apply(s, 1, STEP_EV_ANSWERED, "tag"), 0);
	assert_int_equal(procedure_status(s, 2), STEP_WAITING);
	assert_int_equal(procedure_status(s, 3), STEP_NOT_APPLICABLE);
	assert_int_equal(procedure_status(s, 5), STEP_NOT_APPLICABLE);
	assert_int_equal(procedure_next(s), 2);
	run(s, 2);
	assert_int_equal(procedure_next(s), 6); /* 3, 4 and 5 belong to the other option */
	assert_false(procedure_finished(s));
	run(s, 6);
	run(s, 7);
	assert_int_equal(procedure_next(s), -1); /* the alternative was not needed */
	assert_true(procedure_finished(s));
	assert_true(procedure_clean(s));
}

static void test_nothing_runs_unapproved_or_out_of_turn(void **state)
{
	struct procedure_state *s = *state;
	struct err err = ERR_INIT;
	s->approved = false;
	assert_int_equal(procedure_apply(s, 0, STEP_EV_INTENT, NULL, 1, &err), -1);
	assert_string_equal(err.msg, "the plan of p is not approved");
	s->approved = true;
	assert_int_equal(apply(s, 2, STEP_EV_INTENT, NULL), -1);
	assert_int_equal(apply(s, 6, STEP_EV_INTENT, NULL), -1);
	assert_int_equal(apply(s, 8, STEP_EV_INTENT, NULL), -1);
	assert_int_equal(apply(s, 1, STEP_EV_INTENT, NULL), -1);    /* a choice is answered */
	assert_int_equal(apply(s, 0, STEP_EV_ANSWERED, "yes"), -1); /* an action is run */
	assert_int_equal(apply(s, 1, STEP_EV_ANSWERED, "other"), -1);
	assert_int_equal(apply(s, 0, STEP_EV_OUTCOME_DONE, NULL), -1);
	assert_int_equal(apply(s, 0, STEP_EV_UNDO_INTENT, NULL), -1);
	assert_int_equal(apply(s, N, STEP_EV_INTENT, NULL), -1);
	assert_int_equal(s->steps[0].status, STEP_WAITING);
}

static void test_failures_are_counted(void **state)
{
	struct procedure_state *s = *state;
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(apply(s, 0, STEP_EV_INTENT, NULL), 0);
		assert_int_equal(apply(s, 0, STEP_EV_OUTCOME_FAILED, "no route"), 0);
		assert_int_equal(s->steps[0].same_failures, i);
		assert_int_equal(s->steps[0].attempt, i);
		assert_int_equal(procedure_next(s), 0);
	}
	assert_int_equal(apply(s, 0, STEP_EV_INTENT, NULL), 0);
	assert_int_equal(apply(s, 0, STEP_EV_OUTCOME_FAILED, "refused"), 0);
	assert_int_equal(s->steps[0].same_failures, 1);
	assert_false(procedure_clean(s));
}

static void test_check_again_never_reruns(void **state)
{
	struct procedure_state *s = *state;
	apply(s, 0, STEP_EV_INTENT, NULL);
	apply(s, 0, STEP_EV_OUTCOME_DONE, NULL);
	assert_int_equal(apply(s, 0, STEP_EV_NOT_VERIFIED, "bot-running"), 0);
	assert_int_equal(s->steps[0].status, STEP_NOT_VERIFIED);
	assert_int_equal(apply(s, 0, STEP_EV_VERIFIED, NULL), 0);
	assert_int_equal(s->steps[0].status, STEP_DONE);
	assert_int_equal(s->steps[0].attempt, 1);
}

static void test_death_in_the_middle(void **state)
{
	struct procedure_state *s = *state;
	apply(s, 0, STEP_EV_INTENT, NULL);
	assert_int_equal(apply(s, 0, STEP_EV_DIED, NULL), 0);
	assert_int_equal(s->steps[0].status, STEP_UNKNOWN);
	/* That it looks well is not enough: it must be settled, too. */
	assert_int_equal(apply(s, 0, STEP_EV_VERIFIED, NULL), 0);
	assert_int_equal(s->steps[0].status, STEP_UNKNOWN);
	assert_int_equal(apply(s, 0, STEP_EV_SETTLED, NULL), 0);
	assert_int_equal(s->steps[0].status, STEP_RAN);
	assert_int_equal(apply(s, 0, STEP_EV_VERIFIED, NULL), 0);
	assert_int_equal(s->steps[0].status, STEP_DONE);
}

static void test_death_without_effect(void **state)
{
	struct procedure_state *s = *state;
	apply(s, 0, STEP_EV_INTENT, NULL);
	apply(s, 0, STEP_EV_DIED, NULL);
	assert_int_equal(apply(s, 0, STEP_EV_NOT_SETTLED, NULL), 0);
	assert_int_equal(s->steps[0].status, STEP_WAITING);
	run(s, 0);
	assert_int_equal(s->steps[0].attempt, 2);
}

static void to_start(struct procedure_state *s)
{
	run(s, 0);
	apply(s, 1, STEP_EV_ANSWERED, "tag");
	run(s, 2);
}

static void test_alternative(void **state)
{
	struct procedure_state *s = *state;
	to_start(s);
	assert_int_equal(apply(s, 6, STEP_EV_ALTERNATIVE, NULL), -1); /* nothing failed yet */
	apply(s, 6, STEP_EV_INTENT, NULL);
	apply(s, 6, STEP_EV_OUTCOME_DONE, NULL);
	apply(s, 6, STEP_EV_NOT_VERIFIED, "x");
	assert_int_equal(apply(s, 6, STEP_EV_ALTERNATIVE, NULL), 0);
	assert_int_equal(procedure_next(s), 8); /* before the step that follows */
	run(s, 8);
	assert_int_equal(procedure_next(s), 7);
	run(s, 7);
	assert_true(procedure_finished(s));
	assert_true(procedure_clean(s)); /* the runbook's other way was done and holds */
	assert_int_equal(apply(s, 0, STEP_EV_ALTERNATIVE, NULL), -1); /* it has none */
	/* What is skipped without anything in its place is not clean. */
	apply(s, 6, STEP_EV_UNDO_INTENT, NULL);
	apply(s, 6, STEP_EV_UNDONE, NULL);
	apply(s, 6, STEP_EV_SKIPPED, "no need");
	assert_true(procedure_finished(s));
	assert_false(procedure_clean(s));
}

/* The alternative counts in the step's place: one that was left undone is none. */
static void test_alternative_undone(void **state)
{
	struct procedure_state *s = *state;
	to_start(s);
	apply(s, 6, STEP_EV_INTENT, NULL);
	apply(s, 6, STEP_EV_OUTCOME_FAILED, "x");
	apply(s, 6, STEP_EV_ALTERNATIVE, NULL);
	apply(s, 8, STEP_EV_SKIPPED, "no time");
	run(s, 7);
	assert_true(procedure_finished(s));
	assert_false(procedure_clean(s));
}

static void test_undo(void **state)
{
	struct procedure_state *s = *state;
	run(s, 0);
	assert_int_equal(apply(s, 0, STEP_EV_UNDO_INTENT, NULL), 0);
	assert_true(s->steps[0].undoing);
	assert_int_equal(apply(s, 0, STEP_EV_OUTCOME_DONE, NULL), -1);
	assert_int_equal(apply(s, 0, STEP_EV_DIED, NULL), 0);
	assert_int_equal(apply(s, 0, STEP_EV_INTENT, NULL),
			 -1); /* first: what became of the undo? */
	assert_int_equal(apply(s, 0, STEP_EV_SETTLED, NULL), 0);
	assert_int_equal(s->steps[0].status, STEP_UNDONE);
	assert_false(s->steps[0].undoing);
	assert_false(procedure_clean(s));
	assert_int_equal(procedure_next(s), 0);
	run(s, 0);
	assert_true(procedure_clean(s));
}

static void test_questions_decide(void **state)
{
	struct procedure_state *s = *state;
	run(s, 0);
	apply(s, 1, STEP_EV_ANSWERED, "tag");
	/* As long as nothing of the branch has begun, the answer can be changed. */
	assert_int_equal(apply(s, 1, STEP_EV_ANSWERED, "revert"), 0);
	assert_int_equal(procedure_next(s), 3);
	run(s, 3);
	assert_int_equal(apply(s, 1, STEP_EV_ANSWERED, "tag"), -1);
	assert_int_equal(procedure_next(s), 4);
	assert_int_equal(apply(s, 4, STEP_EV_ANSWERED, "no"), 0);
	assert_int_equal(procedure_next(s), 6);
	assert_int_equal(apply(s, 5, STEP_EV_INTENT, NULL), -1);
}

static void test_not_applicable_and_skipped(void **state)
{
	struct procedure_state *s = *state;
	assert_int_equal(apply(s, 0, STEP_EV_NOT_APPLICABLE, NULL), 0);
	assert_int_equal(apply(s, 1, STEP_EV_SKIPPED, NULL), 0); /* and with it all its options */
	assert_int_equal(procedure_next(s), 6);
	apply(s, 6, STEP_EV_SKIPPED, NULL);
	apply(s, 7, STEP_EV_SKIPPED, NULL);
	assert_int_equal(procedure_next(s), -1);
	assert_false(procedure_finished(s)); /* nothing was done at all */
	assert_false(procedure_clean(s));
}

static void test_random_events_keep_the_invariants(void **state)
{
	struct procedure_state *s = *state;
	const char *const texts[] = { "yes", "no", "tag", "revert", "x", NULL };
	int finished = 0, refused = 0;

	srand(11);
	for (int i = 0; i < 200000; i++) {
		size_t step = (size_t)rand() % N;
		int next = procedure_next(s);
		if (rand() % 2 && next >= 0)
			step = (size_t)next;
		enum step_event event = (enum step_event)(rand() % (STEP_EV_NOT_APPLICABLE + 1));
		struct step_state before = s->steps[step];
		struct err err = ERR_INIT;
		int result = procedure_apply(s, step, event, texts[rand() % 6], i + 1, &err);

		assert_true((result < 0) == err.set);
		if (result < 0) {
			assert_memory_equal(&before, &s->steps[step], sizeof(before));
			refused++;
		}
		if (result == 0 && event == STEP_EV_INTENT)
			assert_int_equal((int)step, next);
		int running = 0;
		for (size_t k = 0; k < N; k++) {
			const struct step_state *own = &s->steps[k];
			running += own->status == STEP_RUNNING;
			assert_true(own->attempt > 0 || steps[k].kind != STEP_ACTION ||
				    own->status == STEP_WAITING || own->status == STEP_SKIPPED ||
				    own->status == STEP_NOT_APPLICABLE);
			if (steps[k].kind != STEP_ACTION)
				assert_int_equal(own->attempt, 0);
			if (own->status == STEP_DONE && steps[k].kind != STEP_ACTION)
				assert_non_null(own->answer);
			if (steps[k].only_alternative && own->attempt)
				assert_true(own->alternative);
			if (own->undoing)
				assert_true(own->status == STEP_RUNNING ||
					    own->status == STEP_UNKNOWN);
		}
		assert_true(running <= 1);
		/* Both options of the choice never run. */
		assert_false(s->steps[2].attempt && s->steps[3].attempt);
		assert_false(procedure_finished(s) && procedure_next(s) >= 0);
		if (procedure_next(s) < 0) {
			finished += procedure_finished(s);
			procedure_state_release(s);
			procedure_begin(s, &procedure);
			s->approved = true;
		}
	}
	assert_true(finished > 100 && refused > 1000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(test_straight),
		T(test_nothing_runs_unapproved_or_out_of_turn),
		T(test_failures_are_counted),
		T(test_check_again_never_reruns),
		T(test_death_in_the_middle),
		T(test_death_without_effect),
		T(test_alternative),
		T(test_alternative_undone),
		T(test_undo),
		T(test_questions_decide),
		T(test_not_applicable_and_skipped),
		T(test_random_events_keep_the_invariants),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
