/* What a log panel shows: walking beyond the page, gaps, floods; in bounded work. */
#include "tests/unit/logviewfixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_that_are_gone_are_passed_over), TEST(the_cursor_walks_beyond_the_page),
		TEST(errors_and_matches_are_gone_to),	   TEST(a_filter_keeps_the_place),
		TEST(work_is_bounded_and_goes_on),	   TEST(random_walks_leave_no_gap),
		TEST(a_flood_is_followed_in_order),	   TEST(the_usual_pause_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
