/* What a log panel shows: filters, merging, records, holding. */
#include "tests/unit/logviewfixture.h"

static void the_newest_lines_are_followed(void **state)
{
	open_logs(state, 1, 100);
	settle();
	assert_int_equal(logview_count(desk->view), 0);
	put_at(0, 1, "INFO", "one");
	put_at(0, 2, "INFO", "two");
	settle();
	assert_string_equal(page(), "one two");
	assert_string_equal(selected(), "two");
	put_at(0, 3, "INFO", "three");
	settle();
	assert_string_equal(page(), "one two three");
	assert_true(logview_at_newest(desk->view) && logview_at_oldest(desk->view));
	close_logs();
}

static void logs_are_merged_by_time_and_stay_so(void **state)
{
	struct logview *again;

	open_logs(state, 2, 100);
	put_at(0, 1, "INFO", "a1");
	put_at(1, 1, "INFO", "b1");
	put_at(0, 2, "INFO", "a2");
	put_at(1, 3, "INFO", "b3");
	put_at(1, 3, "INFO", "b3'");
	put_at(0, 3, "INFO", "a3");
	settle();
	assert_string_equal(page(), "a1 b1 a2 a3 b3 b3'");
	/* A line that comes late stands where it belongs. */
	put_at(0, 4, "INFO", "a4");
	settle();
	put_at(1, 3, "INFO", "late");
	put_at(1, 5, "INFO", "b5");
	settle();
	assert_string_equal(page(), "a1 b1 a2 a3 b3 b3' late a4 b5");
	/* As if it had been looked at only now. */
	again = desk->view;
	desk->view = logview_new(desk->sources, 2);
	settle();
	assert_string_equal(page(), "a1 b1 a2 a3 b3 b3' late a4 b5");
	logview_free(again);
	close_logs();
}

static void levels_hide_what_is_below(void **state)
{
	open_logs(state, 1, 100);
	put_at(0, 1, "DEBUG", "debug");
	put_at(0, 2, "WARNING", "warning");
	put_at(0, 3, "ERROR", "error");
	put_at(0, 4, "INFO", "info");
	put_at(0, 5, "CRITICAL", "critical");
	settle();
	logview_least(desk->view, LOGLEVEL_WARNING);
	settle();
	assert_string_equal(page(), "warning error critical");
	logview_least(desk->view, LOGLEVEL_ERROR);
	settle();
	assert_string_equal(page(), "error critical");
	put_at(0, 6, "INFO", "info");
	put_at(0, 7, "ERROR", "again");
	settle();
	assert_string_equal(page(), "error critical again");
	logview_least(desk->view, LOGLEVEL_NONE);
	settle();
	assert_string_equal(page(), "debug warning error info critical info again");
	close_logs();
}

static void put_traceback(int second, const char *what)
{
	char text[200];

	put_at(0, second, "ERROR", "failed");
	snprintf(text, sizeof(text),
		 "Traceback (most recent call last):\n  File \"a.py\", line 1\n    x[1]\n"
		 "KeyError: '%s'\n",
		 what);
	put(0, text);
}

static void a_traceback_is_one_record(void **state)
{
	const struct logview_record *record;

	open_logs(state, 1, 100);
	put_at(0, 1, "INFO", "before");
	put_traceback(2, "word");
	put_at(0, 3, "INFO", "behind");
	settle();
	assert_string_equal(page(), "before failed behind");
	record = logview_at(desk->view, 1);
	assert_int_equal(record->folded, 4);
	/* Folded, the line that says most is there. */
	assert_string_equal(record->tells, "KeyError: 'word'");
	assert_null(record->rest);
	move(-1);
	logview_open(desk->view);
	assert_non_null(strstr(logview_at(desk->view, 1)->rest, "x[1]\nKeyError"));
	logview_open(desk->view);
	assert_null(logview_at(desk->view, 1)->rest);
	close_logs();
}

static void patterns_see_all_lines_of_a_record(void **state)
{
	open_logs(state, 1, 100);
	put_at(0, 1, "INFO", "before");
	put_traceback(2, "word");
	put_at(0, 3, "INFO", "behind");
	only("keyerror");
	assert_string_equal(page(), "failed");
	assert_string_equal(logview_at(desk->view, 0)->tells, "KeyError: 'word'");
	/* A capital letter makes it exact. */
	only("Keyerror");
	assert_string_equal(page(), "");
	only("a\\.py");
	assert_string_equal(logview_at(desk->view, 0)->tells, "  File \"a.py\", line 1");
	only(NULL);
	assert_int_equal(logview_pattern(desk->view, LOGVIEW_WITHOUT, "x\\[1", NULL), 0);
	settle();
	assert_string_equal(page(), "before behind");
	close_logs();
}

static void lines_that_come_later_join_their_record(void **state)
{
	open_logs(state, 1, 100);
	put_at(0, 1, "ERROR", "failed");
	settle();
	assert_int_equal(logview_at(desk->view, 0)->folded, 0);
	put(0, "Traceback (most recent call last):\n  File \"a.py\", line 1\n");
	settle();
	assert_int_equal(logview_at(desk->view, 0)->folded, 2);
	assert_null(logview_at(desk->view, 0)->tells);
	put(0, "KeyError: 1\n");
	settle();
	assert_string_equal(logview_at(desk->view, 0)->tells, "KeyError: 1");
	assert_int_equal(logview_count(desk->view), 1);
	/* One that was hidden is shown once the line is there that is looked for. */
	only("needle");
	assert_int_equal(logview_count(desk->view), 0);
	put(0, "needle: found\n");
	settle();
	assert_string_equal(page(), "failed");
	/* Where only errors are shown, too. */
	only(NULL);
	logview_least(desk->view, LOGLEVEL_ERROR);
	settle();
	put(0, "ValueError: 2\n");
	settle();
	assert_string_equal(logview_at(desk->view, 0)->tells, "ValueError: 2");
	logview_least(desk->view, LOGLEVEL_NONE);
	/* And the other way round. */
	only(NULL);
	assert_int_equal(logview_pattern(desk->view, LOGVIEW_WITHOUT, "hay", NULL), 0);
	settle();
	assert_string_equal(page(), "failed");
	put(0, "hay: found\n");
	settle();
	assert_string_equal(page(), "");
	close_logs();
}

static void a_bad_pattern_keeps_the_one_before(void **state)
{
	struct err err = ERR_INIT;

	open_logs(state, 1, 100);
	put_at(0, 1, "INFO", "one");
	put_at(0, 2, "INFO", "two");
	only("one");
	assert_int_equal(logview_pattern(desk->view, LOGVIEW_ONLY, "tw(o", &err), -1);
	assert_non_null(strstr(err.msg, "offset 4"));
	settle();
	assert_string_equal(page(), "one");
	assert_string_equal(logview_pattern_text(desk->view, LOGVIEW_ONLY), "one");
	close_logs();
}

static void what_a_pattern_cannot_tell_is_shown(void **state)
{
	char text[400];

	open_logs(state, 1, 100);
	memset(text, 'a', sizeof(text));
	memcpy(text + sizeof(text) - 4, "! b", 4);
	put_at(0, 1, "INFO", "other");
	put(0, "2026-01-02 21:00:02,000 - bot - INFO - ");
	put(0, text);
	put(0, "\n");
	only("^.*(a+)+(a+)+$");
	assert_string_equal(page(), "b");
	assert_true(logview_unsure(desk->view) > 0);
	close_logs();
}

static void what_is_held_stays(void **state)
{
	char *before, *texts[3];
	uint64_t errors;

	open_logs(state, 1, 100);
	put_at(0, 1, "INFO", "one");
	put_at(0, 2, "ERROR", "two");
	put_at(0, 3, "INFO", "three");
	settle();
	logview_hold(desk->view);
	before = xstrdup(page());
	for (size_t i = 0; i < 3; i++)
		texts[i] = xstrdup(text_at(i));
	/* More than the log keeps in memory. */
	for (int i = 0; i < 300; i++)
		put_at(0, 4, i % 100 ? "INFO" : "ERROR", "flood");
	put(0, "  goes on\n");
	settle();
	assert_string_equal(page(), before);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(text_at(i), texts[i]);
		free(texts[i]);
	}
	assert_int_equal(logview_missed(desk->view, &errors), 301);
	assert_int_equal(errors, 3);
	logview_follow(desk->view);
	settle();
	assert_false(logview_held(desk->view));
	assert_int_equal(logview_missed(desk->view, &errors), 0);
	assert_string_equal(selected(), "flood");
	assert_int_equal(logview_at(desk->view, logview_cursor(desk->view))->folded, 1);
	free(before);
	close_logs();
}

/* The file is cut while its lines are walked: what is gone is passed over, and said. */

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_newest_lines_are_followed),
		TEST(logs_are_merged_by_time_and_stay_so),
		TEST(levels_hide_what_is_below),
		TEST(a_traceback_is_one_record),
		TEST(patterns_see_all_lines_of_a_record),
		TEST(lines_that_come_later_join_their_record),
		TEST(a_bad_pattern_keeps_the_one_before),
		TEST(what_a_pattern_cannot_tell_is_shown),
		TEST(what_is_held_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
