/* Who may approve, and what suffices: rules, persons, times. */
#include "checklists/approval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/timefmt.h"

#define MIN_US (60LL * 1000000)

static const char *ada[] = { "ada" }, *both[] = { "ada", "dan" }, *dora[] = { "dora" };
static struct contact lead = { .name = "lead", .role = "Lead", .logins = ada, .nlogins = 1 };
static struct contact owner = { .name = "owner", .role = "Owner", .logins = both, .nlogins = 2 };
static struct contact dba = { .name = "dba", .role = "DBA", .logins = dora, .nlogins = 1 };
static const struct contact *lead_owner[] = { &lead, &owner }, *owner_lead[] = { &owner, &lead };
static const struct contact *lead_dba[] = { &lead, &dba };
static const struct approval_rule any_of = { .roles = lead_dba, .nroles = 2 };
static const struct approval_rule all_of = { .roles = lead_owner, .nroles = 2, .all = true };

static struct approval said(const char *who, const char *digest, int64_t at, bool rejects)
{
	struct approval word = { .at = at, .rejects = rejects };

	snprintf(word.who, sizeof(word.who), "%s", who);
	snprintf(word.digest, sizeof(word.digest), "%s", digest);
	return word;
}

static struct approval_answer judge(const struct approval_rule *rule, const struct approval *list,
				    size_t n, int64_t now)
{
	struct approval_case about = { .list = list, .n = n, .digest = "d", .now = now };
	struct approval_answer answer;

	approval_judge(rule, &about, &answer);
	return answer;
}

static void test_any_needs_one_who_holds_a_role(void **state)
{
	struct approval words[] = { said("eve", "d", 0, false), said("dora", "d", 0, false) };
	struct approval_answer answer;

	(void)state;
	answer = judge(&any_of, words, 1, 1);
	assert_int_equal(answer.verdict, APPROVAL_NEEDED);
	assert_int_equal(answer.nmissing, 2);
	answer = judge(&any_of, words, 2, 1);
	assert_int_equal(answer.verdict, APPROVAL_GIVEN);
	assert_int_equal(answer.nmissing, 0);
}

static void test_one_person_fills_one_role(void **state)
{
	/* ada is both; with dan, who is owner alone, she is the lead, whoever came first. */
	struct approval twice[] = { said("ada", "d", 0, false), said("ada", "d", 5, false) };
	struct approval words[] = { said("ada", "d", 0, false), said("dan", "d", 1, false) };
	const struct approval_rule other = { .roles = owner_lead, .nroles = 2, .all = true };
	struct approval_answer answer;

	(void)state;
	answer = judge(&all_of, twice, 2, 6);
	assert_int_equal(answer.verdict, APPROVAL_NEEDED);
	assert_int_equal(answer.nmissing, 1);
	assert_ptr_equal(answer.missing[0], &owner);
	assert_int_equal(judge(&all_of, words, 2, 6).verdict, APPROVAL_GIVEN);
	assert_int_equal(judge(&other, words, 2, 6).verdict, APPROVAL_GIVEN);
	assert_int_equal(judge(&other, twice, 2, 6).verdict, APPROVAL_NEEDED);
}

static void test_an_approval_covers_its_plan_alone(void **state)
{
	struct approval words[] = { said("dora", "e", 0, false), said("dora", "", 0, false) };

	(void)state;
	assert_int_equal(judge(&any_of, words, 2, 1).verdict, APPROVAL_NEEDED);
}

static void test_it_lasts_for_a_time(void **state)
{
	struct approval words[] = { said("ada", "d", 0, false),
				    said("dan", "d", 9 * MIN_US, false) };
	struct approval_rule rule = all_of;

	(void)state;
	rule.valid_us = 10 * MIN_US;
	assert_int_equal(judge(&rule, words, 2, 10 * MIN_US - 1).verdict, APPROVAL_GIVEN);
	assert_int_equal(judge(&rule, words, 2, 10 * MIN_US - 1).until, 10 * MIN_US);
	assert_int_equal(judge(&rule, words, 2, 10 * MIN_US).verdict, APPROVAL_EXPIRED);
	assert_int_equal(judge(&rule, words, 2, 10 * MIN_US).nmissing, 1);
	/* Of `any` the one that lasts longest counts. */
	assert_int_equal(judge(&any_of, words, 1, APPROVAL_VALID_US - 1).verdict, APPROVAL_GIVEN);
	assert_int_equal(judge(&any_of, words, 1, APPROVAL_VALID_US).verdict, APPROVAL_EXPIRED);
}

/* The clock may be set back, and those of two hosts differ a little. */
static void test_a_clock_set_back_brings_nothing_back(void **state)
{
	struct approval word = said("dora", "d", 10 * MIN_US, false);

	(void)state;
	word.seen = word.at + APPROVAL_VALID_US;
	assert_int_equal(judge(&any_of, &word, 1, word.at).verdict, APPROVAL_EXPIRED);
	word.seen--;
	assert_int_equal(judge(&any_of, &word, 1, word.at).verdict, APPROVAL_GIVEN);
	assert_int_equal(judge(&any_of, &word, 1, word.at - APPROVAL_SKEW_US).verdict,
			 APPROVAL_GIVEN);
	assert_int_equal(judge(&any_of, &word, 1, word.at - APPROVAL_SKEW_US - 1).verdict,
			 APPROVAL_EXPIRED);
}

static void test_a_rejection_stands_until_that_person_approves(void **state)
{
	struct approval words[] = { said("ada", "d", 0, false), said("dora", "d", 1, true),
				    said("eve", "d", 2, true), said("dora", "d", 3, false) };
	struct approval_answer answer = judge(&any_of, words, 3, 4);

	(void)state;
	assert_int_equal(answer.verdict, APPROVAL_REJECTED);
	assert_string_equal(answer.rejection->who, "dora");
	/* eve holds no role: what she says counts neither way. */
	assert_int_equal(judge(&any_of, words, 4, 4).verdict, APPROVAL_GIVEN);
}

static void test_without_a_rule_anybody_is_enough(void **state)
{
	const struct approval_rule none = { .nroles = 0 };
	struct approval words[] = { said("eve", "d", 0, false) };

	(void)state;
	assert_int_equal(judge(&none, words, 0, 1).verdict, APPROVAL_NEEDED);
	assert_int_equal(judge(&none, words, 1, 1).verdict, APPROVAL_GIVEN);
	assert_int_equal(judge(&none, words, 1, APPROVAL_VALID_US).verdict, APPROVAL_EXPIRED);
}

static void test_every_role_in_a_drill(void **state)
{
	struct approval words[] = { said("eve", "d", 0, false) };
	struct approval_case about = {
		.list = words, .n = 1, .digest = "d", .now = 1, .every_role = true
	};
	struct approval_answer answer;

	(void)state;
	approval_judge(&all_of, &about, &answer);
	assert_int_equal(answer.verdict, APPROVAL_GIVEN);
	about.n = 0;
	approval_judge(&all_of, &about, &answer);
	assert_int_equal(answer.verdict, APPROVAL_NEEDED);
}

static int64_t at(const char *text)
{
	int64_t us;

	assert_int_equal(time_parse_rfc3339(text, &us), 0);
	return us;
}

static void test_business_days(void **state)
{
	const struct approval_rule rule = { .next_business_day = true };
	static const char *const days[][2] = {
		{ "2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z" }, /* a Monday */
		{ "2026-11-26T23:59:59Z", "2026-11-28T00:00:00Z" }, /* Thursday: by Friday's end */
		{ "2026-11-27T08:00:00Z", "2026-12-01T00:00:00Z" }, /* Friday: by Monday's end */
		{ "2026-11-28T08:00:00Z", "2026-12-01T00:00:00Z" },
		{ "2026-11-29T23:59:59Z", "2026-12-01T00:00:00Z" },
	};
	struct approval_case about = { .digest = "d", .asked = at(days[2][0]) };
	struct approval_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
		assert_int_equal(approval_due(&rule, at(days[i][0])), at(days[i][1]));
	about.now = at(days[2][1]);
	approval_judge(&rule, &about, &answer);
	assert_false(answer.overdue);
	about.now++;
	approval_judge(&rule, &about, &answer);
	assert_true(answer.overdue);
	assert_int_equal(approval_due(&any_of, 5), 0);
}

static void test_rules_that_nobody_can_meet(void **state)
{
	const struct contact *roles[] = { &lead, &owner };
	struct contact nobody = { .name = "nobody" }, same = lead;
	struct approval_rule rule = { .roles = roles, .nroles = 2, .all = true };

	(void)state;
	assert_true(approval_possible(&rule));
	roles[1] = &same; /* the same one person in both */
	assert_false(approval_possible(&rule));
	roles[1] = &nobody;
	assert_false(approval_possible(&rule));
	rule.all = false;
	assert_true(approval_possible(&rule));
	roles[0] = &nobody;
	assert_false(approval_possible(&rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_needs_one_who_holds_a_role),
		cmocka_unit_test(test_one_person_fills_one_role),
		cmocka_unit_test(test_an_approval_covers_its_plan_alone),
		cmocka_unit_test(test_it_lasts_for_a_time),
		cmocka_unit_test(test_a_clock_set_back_brings_nothing_back),
		cmocka_unit_test(test_a_rejection_stands_until_that_person_approves),
		cmocka_unit_test(test_without_a_rule_anybody_is_enough),
		cmocka_unit_test(test_every_role_in_a_drill),
		cmocka_unit_test(test_business_days),
		cmocka_unit_test(test_rules_that_nobody_can_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
