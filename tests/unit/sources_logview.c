/* What a log panel shows: filters, merging, walking, holding; in bounded work. */
#include "tests/unit/logfixture.h"

#include "lib/mem.h"
#include "sources/logview.h"

enum { ROWS = 20, SECOND = 1000000 };

/* One or two logs and a view of them. */
struct desk {
	struct fixture log[2];
	const struct source *sources[2];
	struct logview *view;
	size_t n;
};

static struct desk *desk;

static void open_logs(void **state, size_t n, int max_lines)
{
	static const char *const names[] = { "bot.log", "api.log" };

	desk = xcalloc(1, sizeof(*desk));
	desk->n = n;
	for (size_t i = 0; i < n; i++) {
		struct fixture *f = &desk->log[i];

		begin(f, state, false, &clock_system);
		free(f->path);
		f->path = path_join(f->folder, names[i]);
		scratch_puts(f->path, "");
		follow(f, max_lines);
		desk->sources[i] = f->source;
	}
	desk->view = logview_new(desk->sources, n);
}

static void close_logs(void)
{
	logview_free(desk->view);
	for (size_t i = 0; i < desk->n; i++)
		end(&desk->log[i]);
	free(desk);
}

/* Lets everything come in and be looked for. */
static void settle(void)
{
	for (size_t i = 0; i < desk->n; i++)
		sample(&desk->log[i]);
	while (logview_work(desk->view, ROWS, SECOND))
		;
}

static void put(size_t log, const char *text)
{
	scratch_puts(desk->log[log].path, text);
}

/* A record at so many seconds past an hour. */
static void put_at(size_t log, int second, const char *level, const char *text)
{
	char line[300];

	snprintf(line, sizeof(line), "2026-01-02 21:%02d:%02d,000 - bot - %s - %s\n", second / 60,
		 second % 60, level, text);
	put(log, line);
}

static const char *text_at(size_t i)
{
	const struct logview_record *record = logview_at(desk->view, i);

	assert_non_null(record);
	return record->text;
}

/* The ends of the page's texts, one after the other. */
static const char *page(void)
{
	static char out[4096];
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < logview_count(desk->view) && used < sizeof(out) - 100; i++) {
		const char *text = text_at(i), *last = strrchr(text, ' ');

		used += (size_t)snprintf(out + used, sizeof(out) - used, "%s%s", i ? " " : "",
					 last ? last + 1 : text);
	}
	return out;
}

/* The last word of the record so far from the cursor. */
static const char *beside(int by)
{
	const char *text = text_at(logview_cursor(desk->view) + (size_t)by),
		   *last = strrchr(text, ' ');

	return last ? last + 1 : text;
}

static const char *selected(void)
{
	return beside(0);
}

static void only(const char *pattern)
{
	assert_int_equal(logview_pattern(desk->view, LOGVIEW_ONLY, pattern, NULL), 0);
	settle();
}

static void seek(enum logview_goal goal, bool newer)
{
	logview_seek(desk->view, goal, newer);
	settle();
}

static void move(long by)
{
	logview_move(desk->view, by);
	settle();
}

/* ---- tests ---- */

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
static void lines_that_are_gone_are_passed_over(void **state)
{
	const struct logview_record *record;

	open_logs(state, 1, 64);
	put_at(0, 1, "INFO", "one");
	settle();
	logview_hold(desk->view);
	for (int i = 0; i < 200; i++)
		put_at(0, 2, "INFO", "gone");
	settle();
	assert_int_equal(truncate(desk->log[0].path, 0), 0);
	put_at(0, 3, "INFO", "three");
	settle();
	assert_string_equal(selected(), "one");
	logview_follow(desk->view);
	settle();
	assert_string_equal(selected(), "three");
	assert_non_null(strstr(text_at(0), "one"));
	record = logview_at(desk->view, 1);
	assert_true(record->gap);
	/* The 63 before it are in memory still. */
	assert_int_equal(logview_count(desk->view), 65);
	close_logs();
}

static void put_numbers(size_t log, int from, int to, int step, int errors)
{
	FILE *file = fopen(desk->log[log].path, "ae");

	assert_non_null(file);
	for (int i = from; i < to; i += step)
		fprintf(file, "2026-01-02 21:%02d:%02d,%03d - bot - %s - n%d\n", i / 60000 % 60,
			i / 1000 % 60, i % 1000, i % errors ? "INFO" : "ERROR", i);
	fclose(file);
}

static void the_cursor_walks_beyond_the_page(void **state)
{
	open_logs(state, 1, 20000);
	put_numbers(0, 0, 10000, 1, 1000);
	settle();
	assert_string_equal(selected(), "n9999");
	move(-1);
	assert_string_equal(selected(), "n9998");
	move(-5000);
	assert_string_equal(selected(), "n4998");
	move(+1500);
	assert_string_equal(selected(), "n6498");
	move(-6498);
	assert_string_equal(selected(), "n0");
	assert_int_equal(logview_outcome(desk->view), LOGVIEW_THERE);
	move(-1);
	assert_string_equal(selected(), "n0");
	assert_int_equal(logview_outcome(desk->view), LOGVIEW_NONE);
	assert_true(logview_at_oldest(desk->view));
	/* Beyond the newest one it follows. */
	move(+9999);
	assert_string_equal(selected(), "n9999");
	assert_true(logview_held(desk->view));
	move(+1);
	assert_false(logview_held(desk->view));
	logview_oldest(desk->view);
	settle();
	assert_string_equal(selected(), "n0");
	logview_follow(desk->view);
	settle();
	assert_string_equal(selected(), "n9999");
	close_logs();
}

static void errors_and_matches_are_gone_to(void **state)
{
	open_logs(state, 2, 20000);
	put_numbers(0, 0, 10000, 2, 2000);
	put_numbers(1, 1, 10000, 2, 9001);
	settle();
	seek(LOGVIEW_ERROR, true);
	assert_false(logview_held(desk->view));
	assert_int_equal(logview_outcome(desk->view), LOGVIEW_NONE);
	seek(LOGVIEW_ERROR, false);
	assert_string_equal(selected(), "n9001");
	assert_true(logview_held(desk->view));
	seek(LOGVIEW_ERROR, false);
	assert_string_equal(selected(), "n8000");
	/* The page is whole around it. */
	assert_string_equal(beside(-1), "n7999");
	assert_string_equal(beside(+1), "n8001");
	seek(LOGVIEW_ERROR, true);
	assert_string_equal(selected(), "n9001");
	assert_int_equal(logview_pattern(desk->view, LOGVIEW_SEARCH, "n30[12]7$", NULL), 0);
	settle();
	assert_string_equal(selected(), "n9001");
	seek(LOGVIEW_MATCH, false);
	assert_string_equal(selected(), "n3027");
	seek(LOGVIEW_MATCH, false);
	assert_string_equal(selected(), "n3017");
	seek(LOGVIEW_MATCH, false);
	assert_string_equal(selected(), "n3017");
	assert_int_equal(logview_outcome(desk->view), LOGVIEW_NONE);
	seek(LOGVIEW_MATCH, true);
	assert_string_equal(selected(), "n3027");
	close_logs();
}

static void a_filter_keeps_the_place(void **state)
{
	open_logs(state, 2, 20000);
	put_numbers(0, 0, 6000, 2, 1000);
	put_numbers(1, 1, 6000, 2, 1001);
	settle();
	move(-3000);
	assert_string_equal(selected(), "n2999");
	only("[05]$");
	assert_string_equal(selected(), "n2995");
	assert_string_equal(beside(-1), "n2990");
	assert_string_equal(beside(+1), "n3000");
	only(NULL);
	assert_string_equal(selected(), "n2995");
	assert_string_equal(beside(+1), "n2996");
	close_logs();
}

static void work_is_bounded_and_goes_on(void **state)
{
	int64_t longest = 0;
	uint64_t looked = 0;
	int turns = 0;
	bool more;

	open_logs(state, 1, 200000);
	put_numbers(0, 0, 100000, 1, 100001);
	settle();
	logview_seek(desk->view, LOGVIEW_ERROR, false);
	do {
		int64_t began = clock_mono(&clock_system);

		more = logview_work(desk->view, ROWS, 500);
		if (clock_mono(&clock_system) - began > longest)
			longest = clock_mono(&clock_system) - began;
		turns++;
		looked = more ? logview_looked(desk->view) : looked;
		/* It can be ended at any time; here it goes on. */
		assert_int_equal(logview_outcome(desk->view),
				 more ? LOGVIEW_LOOKING : LOGVIEW_THERE);
	} while (more && turns < 100000);
	assert_true(turns > 3);
	assert_true(looked > 90000);
	/* Far from its budget only when the machine was busy with others. */
	assert_true(longest < 200000);
	assert_string_equal(selected(), "n0");
	logview_seek(desk->view, LOGVIEW_ERROR, true);
	assert_true(logview_work(desk->view, ROWS, 0));
	logview_stop(desk->view);
	assert_false(logview_work(desk->view, ROWS, SECOND));
	assert_string_equal(selected(), "n0");
	close_logs();
}

/* Whether record `n` of a log passes, as the random test filters. */
static bool passes(int n, int filter)
{
	return filter == 0 || (filter == 1 && n % 7 == 0) || (filter == 2 && n % 10 == 3);
}

/* The page holds, of each log, all that passes between its first and its last record; in order. */
static void check_page(int filter)
{
	int last[2] = { -1, -1 }, before = -1;

	for (size_t i = 0; i < logview_count(desk->view); i++) {
		const struct logview_record *record = logview_at(desk->view, i);
		int n = atoi(strrchr(record->text, 'n') + 1);

		/* Two of one second: the log that was named first. */
		assert_true(n / 2 * 2 + (int)record->log >= before);
		before = n / 2 * 2 + (int)record->log;
		assert_true(passes(n, filter));
		assert_int_equal(n % 3 == 0, record->log == 1);
		assert_true(n > last[record->log]);
		for (int k = last[record->log] + 1; last[record->log] >= 0 && k < n; k++)
			assert_false(passes(k, filter) && (k % 3 == 0) == (record->log == 1));
		last[record->log] = n;
	}
}

static void random_walks_leave_no_gap(void **state)
{
	static const char *const patterns[] = { NULL, "ERROR", "3$" };
	int filter = 0;

	open_logs(state, 2, 20000);
	srand(7);
	for (int n = 0; n < 6000; n++) {
		char text[20];

		snprintf(text, sizeof(text), "n%d", n);
		put_at(n % 3 == 0, n / 2, n % 7 ? "INFO" : "ERROR", text);
	}
	for (int i = 0; i < 300; i++) {
		switch (rand() % 6) {
		case 0:
			filter = rand() % 3;
			only(patterns[filter]);
			break;
		case 1:
			seek(LOGVIEW_ERROR, rand() % 2);
			break;
		case 2:
			if (rand() % 4 == 0)
				logview_oldest(desk->view);
			else if (rand() % 3 == 0)
				logview_follow(desk->view);
			settle();
			break;
		default:
			move(rand() % 1200 - 600);
		}
		check_page(filter);
	}
	close_logs();
}

/* The page holds, oldest first, lines with rising numbers, of which none that passes is left out
 * but where it began anew. */
static void check_flood(int each)
{
	int before = -1;

	for (size_t i = 0; i < logview_count(desk->view); i++) {
		int n = atoi(strrchr(text_at(i), 'n') + 1);

		assert_int_equal(n % each, 0);
		assert_true(before < 0 || n == before + each);
		before = n;
	}
}

/* Lines come faster than the log keeps them in memory. */
static void a_flood_is_followed_in_order(void **state)
{
	open_logs(state, 1, 64);
	only("00$");
	for (int round = 0; round < 60; round++) {
		put_numbers(0, round * 5000, round * 5000 + 5000, 1, 7);
		sample(&desk->log[0]);
		logview_work(desk->view, ROWS, 300);
		check_flood(100);
	}
	settle();
	check_flood(100);
	assert_string_equal(selected(), "n299900");
	/* Errors alone: a flood without one is passed over, one with one is not. */
	only(NULL);
	logview_least(desk->view, LOGLEVEL_ERROR);
	settle();
	put_numbers(0, 1, 5000, 1, 5000);
	settle();
	put_numbers(0, 300001, 300007, 1, 7);
	put_numbers(0, 300007, 300014, 1, 7);
	put_numbers(0, 1, 5000, 1, 5000);
	settle();
	assert_string_equal(selected(), "n300013");
	logview_least(desk->view, LOGLEVEL_NONE);
	for (int round = 60; round < 80; round++) {
		put_numbers(0, round * 5000, round * 5000 + 5000, 1, 7);
		sample(&desk->log[0]);
		logview_work(desk->view, ROWS, 300);
		check_flood(1);
	}
	assert_string_equal(selected(), "n399999");
	close_logs();
}

static void the_usual_pause_is_known(void **state)
{
	open_logs(state, 1, 100);
	put_at(0, 1, "INFO", "one");
	put_at(0, 31, "INFO", "two");
	put_at(0, 41, "INFO", "three");
	settle();
	assert_int_equal(logview_pause(desk->view), 30 * CLOCK_US);
	close_logs();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

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
		TEST(lines_that_are_gone_are_passed_over),
		TEST(the_cursor_walks_beyond_the_page),
		TEST(errors_and_matches_are_gone_to),
		TEST(a_filter_keeps_the_place),
		TEST(work_is_bounded_and_goes_on),
		TEST(random_walks_leave_no_gap),
		TEST(a_flood_is_followed_in_order),
		TEST(the_usual_pause_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
