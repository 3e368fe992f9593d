#include "tests/unit/logfixture.h"

#include <sys/stat.h>

#include "lib/timefmt.h"

/* ---- records and counts ---- */

static int64_t rfc3339(const char *text)
{
	int64_t at = 0;

	assert_int_equal(time_parse_rfc3339(text, &at), 0);
	return at;
}

static void tracebacks_fold_into_their_record(void **state)
{
	struct fixture f;
	struct log_line line;

	begin(&f, state, false, &clock_system);
	scratch_puts(f.path, "2026-11-21 21:31:05,123 - bot - ERROR - it broke\n"
			     "Traceback (most recent call last):\n"
			     "  File \"bot.py\", line 3\n"
			     "ValueError: 1\n"
			     "2026-11-21 21:31:06,000 - bot - INFO - going on\n");
	follow(&f, 100);
	sample(&f);
	assert_true(log_line_before(f.source, 0, true, &line));
	assert_int_equal(line.level, LOGLEVEL_INFO);
	assert_true(log_line_before(f.source, line.seq, true, &line));
	assert_int_equal(line.level, LOGLEVEL_ERROR);
	assert_int_equal(line.folded, 3);
	assert_int_equal(line.at, rfc3339("2026-11-21T21:31:05.123Z"));
	assert_false(log_line_before(f.source, line.seq, true, &line));
	end(&f);
}

static void windows_count_by_the_lines_own_times(void **state)
{
	struct clock_manual clock;
	struct fixture f;
	struct reading r;

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	scratch_puts(f.path, "2026-11-21 21:20:00,000 - bot - ERROR - too old for 10 min\n"
			     "2026-11-21 21:32:00,000 - bot - ERROR - it broke\n"
			     "Traceback (most recent call last):\n"
			     "ValueError: 1\n"
			     "2026-11-21 21:33:00,000 - bot - WARNING - slow\n"
			     "2026-11-21 21:34:00,000 - bot - INFO - queue 17\n"
			     "2026-11-21 21:35:00,000 - bot - INFO - queue 4\n");
	follow(&f, 100);
	sample(&f);
	r = read_metric(&f, "{\"read\": \"error_percent\", \"window\": \"10m\"}", 0);
	assert_int_equal(r.verdict, VERDICT_PASS);
	assert_float_equal(r.value, 25, 0.001);
	assert_string_equal(r.unit, "%");
	r = read_metric(&f, "{\"read\": \"errors\", \"window\": \"30m\"}", 0);
	assert_float_equal(r.value, 2, 0);
	r = read_metric(&f, "{\"read\": \"warnings\", \"window\": \"10m\"}", 0);
	assert_float_equal(r.value, 1, 0);
	r = read_metric(&f, "{\"read\": \"error_rate\", \"window\": \"10m\"}", 0);
	assert_float_equal(r.value, 0.1, 0.001);
	r = read_metric(
	    &f, "{\"read\": \"matching\", \"match\": \"queue \\\\d+\", \"window\": \"10m\"}", 0);
	assert_float_equal(r.value, 2, 0);
	r = read_metric(&f,
			"{\"read\": \"captured\", \"capture\": \"queue (\\\\d+)\", \"window\": "
			"\"10m\"}",
			0);
	assert_float_equal(r.value, 4, 0);
	r = read_metric(&f,
			"{\"read\": \"captured\", \"capture\": \"queue (\\\\d+)\", \"of\": "
			"\"max\", "
			"\"window\": \"10m\"}",
			0);
	assert_float_equal(r.value, 17, 0);
	/* From a step's end on: the error lies before it. */
	r = read_metric(&f, "{\"read\": \"error_percent\", \"window\": \"10m\"}",
			rfc3339("2026-11-21T21:32:30Z"));
	assert_float_equal(r.value, 0, 0);
	r = read_metric(&f, "{\"read\": \"error_percent\", \"window\": \"1m\"}", 0);
	assert_int_equal(r.verdict, VERDICT_UNKNOWN);
	/* A pattern that is known already is counted on as lines come. */
	scratch_puts(f.path, "2026-11-21 21:39:00,000 - bot - INFO - queue 9\n");
	sample(&f);
	r = read_metric(
	    &f, "{\"read\": \"matching\", \"match\": \"queue \\\\d+\", \"window\": \"10m\"}", 0);
	assert_float_equal(r.value, 3, 0);
	/* An hour later it has all slid out. */
	clock_manual_advance(&clock, 3600 * CLOCK_US);
	r = read_metric(&f, "{\"read\": \"errors\", \"window\": \"30m\"}", 0);
	assert_float_equal(r.value, 0, 0);
	end(&f);
}

static void known_messages_are_no_errors(void **state)
{
	struct clock_manual clock;
	struct fixture f;
	json_t *args;
	struct log_line line;
	struct log_hits hits;

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	scratch_puts(f.path, "2026-11-21 21:39:00,000 - bot - ERROR - heartbeat blocked\n"
			     "2026-11-21 21:39:01,000 - bot - ERROR - it broke\n");
	args =
	    json_pack("{s:s, s:b, s:[s]}", "path", f.path, "utc", 1, "known", "heartbeat blocked");
	f.source = source_type("log")->open(&f.env, "bot-log", args, NULL);
	json_decref(args);
	sample(&f);
	assert_float_equal(read_metric(&f, "{\"read\": \"errors\"}", 0).value, 1, 0);
	assert_true(log_line_at(f.source, LOG_FIRST, &line));
	assert_true(line.known);
	/* Nor does a probe for lines of that level see it; one for any line does. */
	assert_int_equal(log_hits(f.source, ".", LOGLEVEL_ERROR, 1, &hits, NULL), 0);
	assert_int_equal(hits.count, 1);
	assert_int_equal(log_hits(f.source, ".", LOGLEVEL_NONE, 1, &hits, NULL), 0);
	assert_int_equal(hits.count, 2);
	end(&f);
}

static void another_time_zone_is_noticed(void **state)
{
	struct timespec written[2] = { { .tv_sec = rfc3339("2026-11-21T21:31:06Z") / CLOCK_US } };
	struct fixture f;
	json_t *args;
	struct log_line line;

	written[1] = written[0];
	begin(&f, state, false, &clock_system);
	scratch_puts(f.path, "2026-11-21 23:31:05,000 - bot - INFO - written two hours east\n");
	assert_int_equal(utimensat(AT_FDCWD, f.path, written, 0), 0);
	setenv("TZ", "UTC0", 1);
	tzset();
	args = json_pack("{s:s}", "path", f.path);
	f.source = source_type("log")->open(&f.env, "bot-log", args, NULL);
	json_decref(args);
	sample(&f);
	assert_true(log_line_at(f.source, LOG_FIRST, &line));
	assert_int_equal(line.at, rfc3339("2026-11-21T21:31:05Z"));
	unsetenv("TZ");
	tzset();
	end(&f);
}

static void old_lines_from_the_future_are_not_counted(void **state)
{
	struct clock_manual clock;
	struct fixture f;

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	scratch_puts(f.path,
		     "2026-11-21 21:39:00,000 - bot - INFO - fine\n"
		     "2026-11-21 22:10:00,000 - bot - ERROR - another zone's, or a wrong clock\n");
	follow(&f, 100);
	sample(&f);
	assert_float_equal(read_metric(&f, "{\"read\": \"errors\"}", 0).value, 0, 0);
	/* What comes while we watch has just been written, whatever it says. */
	scratch_puts(f.path, "2026-11-21 22:10:00,000 - bot - ERROR - now\n");
	sample(&f);
	assert_float_equal(read_metric(&f, "{\"read\": \"errors\"}", 0).value, 1, 0);
	end(&f);
}

/* ---- the probe ---- */

static struct source *env_source(void *data, const char *name)
{
	struct fixture *f = data;

	return strcmp(name, "bot-log") == 0 ? f->source : NULL;
}

static struct reading ask(struct fixture *f, int64_t since, const char *json)
{
	struct probe_env env = {
		.clock = f->env.clock, .since = since, .source = env_source, .data = f
	};
	json_t *args = json_loads(json, 0, NULL);
	struct reading reading = { 0 };

	assert_non_null(args);
	probe_type("log")->eval(&env, args, &reading);
	json_decref(args);
	return reading;
}

static void the_probe_sees_lines_and_silence(void **state)
{
	struct clock_manual clock;
	struct fixture f;
	int64_t since = rfc3339("2026-11-21T21:39:30Z");
	const char *shows =
	    "{\"log\": \"bot-log\", \"shows\": \"bot is ready\", \"within\": \"5m\"}";
	const char *silent = "{\"log\": \"bot-log\", \"silent\": \"ERROR\", \"for\": \"60s\"}";

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	follow(&f, 100);
	assert_int_equal(ask(&f, 0, shows).verdict, VERDICT_UNKNOWN); /* there is no file */
	assert_int_equal(ask(&f, 0, silent).verdict, VERDICT_UNKNOWN);
	assert_int_equal(ask(&f, 0, "{\"log\": \"other\", \"shows\": \"x\"}").verdict,
			 VERDICT_UNKNOWN);
	scratch_puts(f.path, "2026-11-21 21:39:00,000 - bot - INFO - bot is ready\n"
			     "2026-11-21 21:39:10,000 - bot - ERROR - it broke\n");
	sample(&f);
	assert_int_equal(ask(&f, 0, shows).verdict, VERDICT_PASS);
	assert_int_equal(ask(&f, since, shows).verdict,
			 VERDICT_FAIL); /* it was before the step's end */
	assert_int_equal(ask(&f, 0, silent).verdict, VERDICT_FAIL);
	assert_int_equal(ask(&f, since, silent).verdict, VERDICT_UNKNOWN); /* 30 of 60 s so far */
	clock_manual_advance(&clock, 30 * CLOCK_US);
	assert_int_equal(ask(&f, since, silent).verdict, VERDICT_PASS);
	scratch_puts(f.path, "2026-11-21 21:40:29,000 - bot - INFO - bot is ready\n");
	sample(&f);
	assert_int_equal(ask(&f, since, shows).verdict, VERDICT_PASS);
	assert_int_equal(ask(&f, 0,
			     "{\"log\": \"bot-log\", \"shows\": \"bot is ready\", \"at_least\": 3, "
			     "\"within\": \"5m\"}")
			     .verdict,
			 VERDICT_FAIL);
	assert_int_equal(ask(&f, 0,
			     "{\"log\": \"bot-log\", \"shows\": \"bot is ready\", \"at_least\": 2, "
			     "\"within\": \"5m\"}")
			     .verdict,
			 VERDICT_PASS);
	assert_int_equal(ask(&f, 0,
			     "{\"log\": \"bot-log\", \"silent\": \".\", \"level\": \"critical\"}")
			     .verdict,
			 VERDICT_PASS);
	assert_int_equal(ask(&f, 0, "{\"log\": \"bot-log\", \"shows\": \"(\"}").verdict,
			 VERDICT_UNKNOWN);
	end(&f);
}

/* A pattern that takes for ever on a line has not shown that it doesn't match. */
static void what_was_given_up_is_unknown(void **state)
{
	struct clock_manual clock;
	struct fixture f;
	char line[200] = "2026-11-21 21:39:10,000 - bot - INFO - ";

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	follow(&f, 100);
	memset(line + strlen(line), 'a', 60);
	strcat(line, "c b\n"); /* with the last letter, or it is refused at a glance */
	scratch_puts(f.path, line);
	sample(&f);
	assert_int_equal(ask(&f, 0, "{\"log\": \"bot-log\", \"silent\": \"(a|aa)+b$\"}").verdict,
			 VERDICT_UNKNOWN);
	assert_int_equal(ask(&f, 0, "{\"log\": \"bot-log\", \"shows\": \"(a|aa)+b$\"}").verdict,
			 VERDICT_UNKNOWN);
	assert_int_equal(ask(&f, rfc3339("2026-11-21T21:39:30Z"),
			     "{\"log\": \"bot-log\", \"silent\": \"(a|aa)+b$\"}")
			     .verdict,
			 VERDICT_PASS);
	end(&f);
}

static void lines_without_times_count_when_they_come(void **state)
{
	struct clock_manual clock;
	struct fixture f;
	const char *shows = "{\"log\": \"bot-log\", \"shows\": \"ready\", \"within\": \"5m\"}";
	int64_t since;

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	scratch_puts(f.path, "ready\n");
	follow(&f, 100);
	sample(&f);
	since = clock.wall_us;
	assert_int_equal(ask(&f, since, shows).verdict, VERDICT_FAIL);
	clock_manual_advance(&clock, CLOCK_US);
	scratch_puts(f.path, "ready\n");
	sample(&f);
	assert_int_equal(ask(&f, since, shows).verdict, VERDICT_PASS);
	end(&f);
}

static void write_filler(const char *path, int lines)
{
	FILE *file = fopen(path, "ae");

	for (int i = 0; i < lines; i++)
		fprintf(file, "2026-11-21 21:39:%02d,000 - bot - INFO - filler\n",
			10 + i * 40 / lines);
	fclose(file);
}

/* A time in whole seconds may lie before or after a moment within that second; when the line came
 * tells. */
static void a_rounded_time_is_not_younger_than_its_arrival(void **state)
{
	struct clock_manual clock;
	struct fixture f;
	const char *shows = "{\"log\": \"bot-log\", \"shows\": \"ready\", \"within\": \"5m\"}";
	int64_t half = rfc3339("2026-11-21T21:40:00.5Z");

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00.2Z"));
	begin(&f, state, false, &clock.clock);
	follow(&f, 100);
	sample(&f);
	scratch_puts(f.path, "2026-11-21 21:40:00 INFO ready\n");
	sample(&f);
	clock_manual_advance(&clock, CLOCK_US / 2);
	assert_int_equal(ask(&f, half, shows).verdict, VERDICT_FAIL);
	scratch_puts(f.path, "2026-11-21 21:40:00 INFO ready\n");
	sample(&f);
	assert_int_equal(ask(&f, half, shows).verdict, VERDICT_PASS);
	end(&f);
}

static void what_left_the_ring_is_still_counted(void **state)
{
	const char *known = "{\"log\": \"bot-log\", \"shows\": \"it broke\", \"within\": \"5m\"}";
	const char *twice = "{\"log\": \"bot-log\", \"shows\": \"it broke\", \"within\": \"5m\","
			    " \"at_least\": 2}";
	const char *late = "{\"log\": \"bot-log\", \"shows\": \"bro\", \"within\": \"5m\"}";
	const char *quiet = "{\"log\": \"bot-log\", \"silent\": \"brok\", \"within\": \"5m\"}";
	struct clock_manual clock;
	struct fixture f;

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	follow(&f, 100);
	assert_int_equal(log_watch(f.source, "it broke", LOGLEVEL_NONE, NULL), 0);
	scratch_puts(f.path, "2026-11-21 21:39:00,000 - bot - ERROR - it broke\n");
	write_filler(f.path, 1000);
	sample(&f);
	assert_int_equal(ask(&f, 0, known).verdict, VERDICT_PASS);
	assert_non_null(strstr(ask(&f, 0, known).evidence, "it broke"));
	assert_int_equal(ask(&f, 0, twice).verdict, VERDICT_FAIL);
	/* Asked for the first time when the line has gone: nobody can say. */
	assert_int_equal(ask(&f, 0, late).verdict, VERDICT_UNKNOWN);
	assert_int_equal(ask(&f, 0, quiet).verdict, VERDICT_UNKNOWN);
	/* As time goes on they have seen all of it. */
	clock_manual_advance(&clock, 300 * CLOCK_US);
	assert_int_equal(ask(&f, 0, late).verdict, VERDICT_FAIL);
	assert_int_equal(ask(&f, 0, quiet).verdict, VERDICT_PASS);
	end(&f);
}

/* ---- patterns and numbers, beyond what is in memory ---- */

static void watch_metric(struct fixture *f, const char *json)
{
	json_t *metric = json_loads(json, 0, NULL);

	assert_non_null(metric);
	f->source->type->watch(f->source, metric);
	json_decref(metric);
}

/* Requests, each taking a number of ms from 1 to `n`, every tenth of them failed. */
static void write_requests(const char *path, int n)
{
	FILE *file = fopen(path, "ae");

	for (int i = 1; i <= n; i++)
		fprintf(file,
			"2026-11-21 21:%02d:%02d,%03d - web - INFO - request done%s took %d ms\n",
			35 + i / 10000 % 5, i / 1000 % 10, i % 1000, i % 10 == 0 ? " FAILED" : "",
			i);
	fclose(file);
}

static void a_share_of_operations(void **state)
{
	const char *share = "{\"read\": \"matching_percent\", \"match\": \"request done FAILED\","
			    " \"of_match\": \"request done\", \"window\": \"10m\"}";
	const char *of_all = "{\"read\": \"matching_percent\", \"match\": \"FAILED\"}";
	struct clock_manual clock;
	struct fixture f;
	struct reading r;

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	follow(&f, 100);
	watch_metric(&f, share);
	watch_metric(&f, of_all);
	assert_int_equal(read_metric(&f, share, 0).verdict, VERDICT_UNKNOWN);
	write_requests(f.path, 20000);
	scratch_puts(f.path, "2026-11-21 21:39:50,000 - web - ERROR - other\n  detail\n");
	sample(&f);
	r = read_metric(&f, share, 0);
	assert_float_equal(r.value, 10, 1e-9);
	assert_string_equal(r.unit, "%");
	assert_string_equal(r.evidence, "2000 of 20000 lines in 10 min");
	r = read_metric(&f, of_all, 0);
	assert_float_equal(r.value, 100.0 * 2000 / 20002, 1e-9);
	/* Without a line that could be one nothing is known. */
	assert_int_equal(read_metric(&f,
				     "{\"read\": \"matching_percent\", \"match\": \"a\", "
				     "\"of_match\": \"never\"}",
				     0)
			     .verdict,
			 VERDICT_UNKNOWN);
	end(&f);
}

/* What a pattern did not see is said. */
static void a_late_pattern_says_what_it_saw(void **state)
{
	const char *early = "{\"read\": \"matching\", \"match\": \"FAILED\"}";
	const char *late = "{\"read\": \"matching\", \"match\": \"done FAILED\"}";
	struct clock_manual clock;
	struct fixture f;
	struct reading r;

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	follow(&f, 1000);
	watch_metric(&f, early);
	write_requests(f.path, 20000);
	sample(&f);
	r = read_metric(&f, early, 0);
	assert_float_equal(r.value, 2000, 0);
	assert_string_equal(r.evidence, "2000 of 20000 lines in 5 min");
	r = read_metric(&f, late, 0);
	assert_float_equal(r.value, 100, 1);
	assert_non_null(strstr(r.evidence, "all that was read of 5 min"));
	end(&f);
}

/* Nobody is told that a week was quiet of which a day is remembered. */
static void a_window_is_a_day_at_most(void **state)
{
	const char *week = "{\"read\": \"matching\", \"match\": \"FAILED\", \"window\": \"7d\"}";
	struct clock_manual clock;
	struct fixture f;
	struct reading r;

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	follow(&f, 1000);
	watch_metric(&f, week);
	write_requests(f.path, 20000);
	sample(&f);
	r = read_metric(&f, week, 0);
	assert_float_equal(r.value, 2000, 0);
	assert_string_equal(r.evidence, "2000 of 20000 lines in 1 d, all that was read of 7 d");
	end(&f);
}

static void numbers_do_not_end_with_memory(void **state)
{
	static const struct {
		const char *of;
		double value;
		const char *evidence;
	} cases[] = {
		{ "max", 20000, "of 20000 numbers in 10 min" },
		{ "min", 1, "of 20000 numbers in 10 min" },
		{ "mean", 10000.5, "of 20000 numbers in 10 min" },
		{ "p99", 20000 - 82 + 1, "of the latest 8192 of 20000 numbers in 10 min" },
		{ "median", 20000 - 4096, "of the latest 8192 of 20000 numbers in 10 min" },
		{ "latest", 20000, "" },
	};
	struct clock_manual clock;
	struct fixture f;
	struct reading r;
	char json[200];

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	follow(&f, 100);
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			snprintf(json, sizeof(json),
				 "{\"read\": \"captured\", \"capture\": \"took (\\\\d+) ms\", "
				 "\"of\": \"%s\", \"window\": \"10m\"}",
				 cases[i].of);
			if (turn == 0) {
				watch_metric(&f, json);
				continue;
			}
			r = read_metric(&f, json, 0);
			assert_float_equal(r.value, cases[i].value, 1e-9);
			assert_string_equal(r.evidence, cases[i].evidence);
		}
		if (turn == 0)
			write_requests(f.path, 20000);
		sample(&f);
	}
	/* In a later window there are none. */
	clock_manual_advance(&clock, 3600 * CLOCK_US);
	assert_int_equal(read_metric(&f, json, 0).verdict, VERDICT_UNKNOWN);
	end(&f);
}

/* A program may print "nan" where a number should be: that holds no threshold, and spoils no mean.
 */
static void what_is_no_number_is_not_captured(void **state)
{
	static const char json[] = "{\"read\": \"captured\", \"capture\": \"took (\\\\S+) ms\", "
				   "\"of\": \"mean\", \"window\": \"10m\"}";
	struct clock_manual clock;
	struct fixture f;
	struct reading r;

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	follow(&f, 100);
	watch_metric(&f, json);
	scratch_puts(f.path, "2026-11-21 21:39:00,000 - bot - INFO - took nan ms\n"
			     "2026-11-21 21:39:00,000 - bot - INFO - took inf ms\n");
	sample(&f);
	assert_int_equal(read_metric(&f, json, 0).verdict, VERDICT_UNKNOWN);
	scratch_puts(f.path, "2026-11-21 21:39:01,000 - bot - INFO - took 7 ms\n");
	sample(&f);
	r = read_metric(&f, json, 0);
	assert_float_equal(r.value, 7, 0);
	end(&f);
}

static void known_messages_have_a_meaning(void **state)
{
	struct fixture f;
	json_t *args;
	struct log_line line;
	struct err err = ERR_INIT;

	begin(&f, state, false, &clock_system);
	scratch_puts(f.path, "pool exhausted: 30 of 30\nfine\n");
	args = json_pack("{s:s, s:i, s:{s:s, s:s}}", "path", f.path, "max_lines", 64, "meanings",
			 "pool exhausted", "a query holds its connection", "pool",
			 "not the first that matches");
	f.source = source_type("log")->open(&f.env, "bot-log", args, NULL);
	sample(&f);
	assert_true(log_line_at(f.source, LOG_FIRST, &line));
	assert_string_equal(line.meaning, "a query holds its connection");
	assert_true(log_line_at(f.source, LOG_FIRST + 1, &line));
	assert_null(line.meaning);
	/* Also of a line that is read again. */
	for (int i = 0; i < 100; i++)
		scratch_puts(f.path, "fine\n");
	sample(&f);
	assert_true(log_line_at(f.source, LOG_FIRST, &line));
	assert_string_equal(line.meaning, "a query holds its connection");
	json_object_set_new(args, "meanings", json_pack("{s:s}", "(", "no pattern"));
	assert_null(source_type("log")->open(&f.env, "bot-log", args, &err));
	assert_non_null(strstr(err.msg, "meanings of log bot-log"));
	json_decref(args);
	end(&f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tracebacks_fold_into_their_record),
		TEST(windows_count_by_the_lines_own_times),
		TEST(known_messages_are_no_errors),
		TEST(another_time_zone_is_noticed),
		TEST(old_lines_from_the_future_are_not_counted),
		TEST(the_probe_sees_lines_and_silence),
		TEST(what_was_given_up_is_unknown),
		TEST(lines_without_times_count_when_they_come),
		TEST(a_rounded_time_is_not_younger_than_its_arrival),
		TEST(what_left_the_ring_is_still_counted),
		TEST(a_share_of_operations),
		TEST(a_late_pattern_says_what_it_saw),
		TEST(a_window_is_a_day_at_most),
		TEST(numbers_do_not_end_with_memory),
		TEST(what_is_no_number_is_not_captured),
		TEST(known_messages_have_a_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
