#include "tests/unit/scratch.h"

#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/loop.h"
#include "lib/timefmt.h"
#include "sources/log.h"
#include "sources/probe.h"

/* No test waits so long for what must happen; only a failing one does. */
#define PATIENCE_US (20 * CLOCK_US)

struct fixture {
	char *folder, *path;
	struct loop *loop; /* NULL: blocking */
	struct source_env env;
	struct source *source;
};

static void begin(struct fixture *f, void **state, bool live, const struct clock *clock)
{
	*f = (struct fixture){.folder = *state};
	f->path = path_join(f->folder, "bot.log");
	f->env.clock = clock;
	if (live) {
		f->loop = loop_new(clock, NULL);
		assert_non_null(f->loop);
		f->env.loop = f->loop;
	}
}

static void follow(struct fixture *f, int max_lines)
{
	json_t *args = json_pack("{s:s, s:i, s:b}", "path", f->path, "max_lines", max_lines, "utc", 1);

	f->source = source_type("log")->open(&f->env, "bot-log", args, NULL);
	assert_non_null(f->source);
	json_decref(args);
}

static void end(struct fixture *f)
{
	source_close(f->source);
	loop_free(f->loop);
	free(f->path);
}

static void sample(struct fixture *f)
{
	f->source->type->sample(f->source);
}

static uint64_t newest(struct fixture *f)
{
	struct log_status status;

	log_status(f->source, &status);
	return status.newest;
}

/* Turns the loop until so many lines have come. */
static void turn_until(struct fixture *f, uint64_t lines)
{
	int64_t give_up = clock_mono(&clock_system) + PATIENCE_US;

	while (newest(f) < lines && clock_mono(&clock_system) < give_up)
		loop_turn(f->loop, 100, NULL);
	assert_int_equal(newest(f), lines);
}

static enum log_state turn_until_state(struct fixture *f, enum log_state wanted)
{
	int64_t give_up = clock_mono(&clock_system) + PATIENCE_US;
	struct log_status status;

	do {
		loop_turn(f->loop, 100, NULL);
		log_status(f->source, &status);
	} while (status.state != wanted && clock_mono(&clock_system) < give_up);
	return status.state;
}

static const char *line_text(struct fixture *f, uint64_t seq)
{
	static struct log_line line; /* of one process, one test */

	assert_true(log_line_at(f->source, seq, &line));
	return line.text;
}

static struct reading read_metric(struct fixture *f, const char *json, int64_t since)
{
	json_t *metric = json_loads(json, 0, NULL);
	struct reading reading = {0};

	assert_non_null(metric);
	f->source->type->read(f->source, metric, since, &reading);
	json_decref(metric);
	return reading;
}

/* ---- following ---- */

static void appended_lines_arrive(void **state)
{
	struct fixture f;

	begin(&f, state, true, &clock_system);
	scratch_puts(f.path, "one\ntwo\n");
	follow(&f, 100);
	turn_until(&f, 2);
	scratch_puts(f.path, "thr");
	scratch_puts(f.path, "ee\nfour\n");
	turn_until(&f, 4);
	assert_string_equal(line_text(&f, 3), "three");
	end(&f);
}

static void a_late_file_in_a_late_folder_is_found(void **state)
{
	struct fixture f;
	char *folder;

	begin(&f, state, true, &clock_system);
	folder = path_join(f.folder, "later");
	free(f.path);
	f.path = path_join(folder, "bot.log");
	follow(&f, 100);
	assert_int_equal(turn_until_state(&f, LOG_MISSING), LOG_MISSING);
	assert_int_equal(read_metric(&f, "{\"read\": \"errors\"}", 0).verdict, VERDICT_UNKNOWN);
	assert_int_equal(file_mkdirs(folder, 0755, NULL), 0);
	scratch_puts(f.path, "first\n");
	turn_until(&f, 1);
	free(folder);
	end(&f);
}

static void deletion_and_creation_anew(void **state)
{
	struct fixture f;

	begin(&f, state, true, &clock_system);
	scratch_puts(f.path, "old\n");
	follow(&f, 100);
	turn_until(&f, 1);
	assert_int_equal(unlink(f.path), 0);
	assert_int_equal(turn_until_state(&f, LOG_MISSING), LOG_MISSING);
	scratch_puts(f.path, "new\n");
	turn_until(&f, 2);
	assert_string_equal(line_text(&f, 2), "new");
	assert_int_equal(turn_until_state(&f, LOG_FOLLOWING), LOG_FOLLOWING);
	end(&f);
}

static void a_folder_in_its_place_is_an_error(void **state)
{
	struct fixture f;
	struct log_status status;

	begin(&f, state, false, &clock_system);
	assert_int_equal(file_mkdirs(f.path, 0755, NULL), 0);
	follow(&f, 100);
	sample(&f);
	log_status(f.source, &status);
	assert_int_equal(status.state, LOG_FAILED);
	assert_string_not_equal(status.why, "");
	end(&f);
}

/* Writes numbered lines; every `each` lines `rotate` is called and the file is opened anew. */
static void write_numbered(const char *path, int lines, int each, void (*rotate)(const char *path))
{
	FILE *file = fopen(path, "ae");

	for (int i = 1; file != NULL && i <= lines; i++) {
		fprintf(file, "line %d\n", i);
		if (i % each == 0) {
			fflush(file);
			rotate(path);
			/* One line still goes to the file under its old name, as daemons do. */
			fprintf(file, "line %d\n", ++i);
			fclose(file);
			file = fopen(path, "ae");
		}
		if (i % 20 == 0) {
			fflush(file);
			usleep(300);
		}
	}
	if (file != NULL)
		fclose(file);
}

static void rotate_by_rename(const char *path)
{
	char to[512];

	for (int n = 8; n >= 1; n--) {
		char from[512];

		snprintf(from, sizeof(from), "%s.%d", path, n);
		snprintf(to, sizeof(to), "%s.%d", path, n + 1);
		rename(from, to);
	}
	snprintf(to, sizeof(to), "%s.1", path);
	rename(path, to);
}

static void rename_rotation_loses_nothing(void **state)
{
	enum { LINES = 11999 };
	char *seen = xcalloc(LINES + 1, 1);
	struct fixture f;
	struct log_line line;
	pid_t writer;

	begin(&f, state, true, &clock_system);
	follow(&f, 20000);
	writer = fork();
	if (writer == 0) {
		write_numbered(f.path, LINES, 1500, rotate_by_rename);
		_exit(0);
	}
	turn_until(&f, LINES);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	for (uint64_t seq = 0; log_line_before(f.source, seq, false, &line); seq = line.seq) {
		int n = atoi(line.text + 5);

		assert_in_range(n, 1, LINES);
		assert_int_equal(seen[n]++, 0);
	}
	free(seen);
	end(&f);
}

static void several_rotations_between_two_looks(void **state)
{
	struct fixture f;

	begin(&f, state, false, &clock_system);
	scratch_puts(f.path, "line 1\n");
	follow(&f, 100);
	sample(&f);
	assert_int_equal(newest(&f), 1);
	for (int i = 2; i < 6; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %d\n", i);
		scratch_puts(f.path, text);
		rotate_by_rename(f.path);
	}
	scratch_puts(f.path, "line 6\n");
	sample(&f);
	assert_int_equal(newest(&f), 6);
	for (uint64_t seq = 1; seq <= 6; seq++)
		assert_int_equal(atoi(line_text(&f, seq) + 5), seq);
	/* What was read once is not read again by the next rotation. */
	rotate_by_rename(f.path);
	scratch_puts(f.path, "line 7\n");
	sample(&f);
	assert_int_equal(newest(&f), 7);
	end(&f);
}

static void copytruncate_is_noticed(void **state)
{
	struct fixture f;

	begin(&f, state, false, &clock_system);
	scratch_puts(f.path, "a long first line\nsecond\n");
	follow(&f, 100);
	sample(&f);
	assert_int_equal(newest(&f), 2);
	assert_int_equal(truncate(f.path, 0), 0);
	scratch_puts(f.path, "third\n");
	sample(&f);
	assert_int_equal(newest(&f), 3);
	/* Cut, and grown beyond where it was, all between two looks. */
	assert_int_equal(truncate(f.path, 0), 0);
	scratch_puts(f.path, "fourth line\nfifth line\n");
	sample(&f);
	assert_int_equal(newest(&f), 5);
	assert_string_equal(line_text(&f, 4), "fourth line");
	end(&f);
}

/* ---- hostile content ---- */

static void hostile_bytes_are_made_visible(void **state)
{
	static const char bytes[] = "\033[2Jred\033[0m \x9b" "31m \xe2\x80\xae nul:\0: \xff\xfe\r\n";
	struct fixture f;
	const char *text;

	begin(&f, state, false, &clock_system);
	scratch_write(f.path, bytes, sizeof(bytes) - 1);
	follow(&f, 100);
	sample(&f);
	text = line_text(&f, 1);
	for (const char *at = text; *at != '\0'; at++)
		assert_true((unsigned char)*at >= 0x20 && (unsigned char)*at != 0x7f);
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_non_null(strstr(text, "red"));
	assert_non_null(strstr(text, "nul:"));
	end(&f);
}

static void a_huge_line_is_cut_and_its_length_kept(void **state)
{
	enum { HUGE_LEN = 10 << 20 };
	char *bytes = xmalloc(HUGE_LEN + 1);
	struct fixture f;
	struct log_line line;

	begin(&f, state, false, &clock_system);
	scratch_puts(f.path, "before\n");
	follow(&f, 100);
	sample(&f);
	memset(bytes, 'x', HUGE_LEN);
	bytes[HUGE_LEN] = '\n';
	scratch_write(f.path, bytes, HUGE_LEN + 1);
	scratch_puts(f.path, "after\n");
	sample(&f);
	assert_int_equal(newest(&f), 3);
	assert_true(log_line_at(f.source, 2, &line));
	assert_int_equal(line.true_len, HUGE_LEN);
	assert_true(strlen(line.text) < sizeof(line.text));
	assert_string_equal(line_text(&f, 3), "after");
	free(bytes);
	end(&f);
}

static void a_last_line_without_newline_counts_once(void **state)
{
	struct timespec old[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
	struct fixture f;

	begin(&f, state, false, &clock_system);
	scratch_puts(f.path, "one\nlast words");
	assert_int_equal(utimensat(AT_FDCWD, f.path, old, 0), 0);
	follow(&f, 100);
	sample(&f);
	sample(&f);
	assert_int_equal(newest(&f), 2);
	assert_string_equal(line_text(&f, 2), "last words");
	scratch_puts(f.path, "\nnext\n");
	sample(&f);
	assert_int_equal(newest(&f), 3);
	assert_string_equal(line_text(&f, 3), "next");
	end(&f);
}

static void a_flood_stays_in_bounds(void **state)
{
	enum { LINES = 300000, KEPT = 500 };
	struct fixture f;
	struct log_line line;
	struct mallinfo2 before, after;
	FILE *file;
	int n = 0;

	begin(&f, state, true, &clock_system);
	follow(&f, KEPT);
	before = mallinfo2();
	file = fopen(f.path, "ae");
	for (int i = 0; i < LINES; i++)
		fprintf(file, "2026-11-21 21:31:05,123 - bot - INFO - line %d of a flood\n", i);
	fclose(file);
	turn_until(&f, LINES);
	after = mallinfo2();
	for (uint64_t seq = 0; log_line_before(f.source, seq, false, &line); seq = line.seq)
		n++;
	assert_int_equal(n, KEPT);
	assert_true(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + (4u << 20));
	end(&f);
}

static void only_the_tail_of_a_large_file_is_read(void **state)
{
	enum { LINES = 200000 };
	struct fixture f;
	struct log_hits hits;
	FILE *file;

	begin(&f, state, false, &clock_system);
	file = fopen(f.path, "ae");
	for (int i = 0; i < LINES; i++)
		fprintf(file, "2026-11-21 21:31:05,123 - bot - INFO - line %08d\n", i);
	fclose(file);
	follow(&f, 1000);
	sample(&f);
	assert_in_range(newest(&f), 50000, LINES - 1);
	assert_non_null(strstr(line_text(&f, newest(&f)), "00199999"));
	assert_int_equal(log_hits(f.source, "nothing", LOGLEVEL_NONE, 1, &hits, NULL), 0);
	assert_false(hits.reaches);
	end(&f);
}

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
	r = read_metric(&f, "{\"read\": \"matching\", \"match\": \"queue \\\\d+\", \"window\": \"10m\"}", 0);
	assert_float_equal(r.value, 2, 0);
	r = read_metric(&f, "{\"read\": \"captured\", \"capture\": \"queue (\\\\d+)\", \"window\": \"10m\"}", 0);
	assert_float_equal(r.value, 4, 0);
	r = read_metric(&f,
			"{\"read\": \"captured\", \"capture\": \"queue (\\\\d+)\", \"of\": \"max\", "
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
	r = read_metric(&f, "{\"read\": \"matching\", \"match\": \"queue \\\\d+\", \"window\": \"10m\"}", 0);
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

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	scratch_puts(f.path, "2026-11-21 21:39:00,000 - bot - ERROR - heartbeat blocked\n"
			     "2026-11-21 21:39:01,000 - bot - ERROR - it broke\n");
	args = json_pack("{s:s, s:b, s:[s]}", "path", f.path, "utc", 1, "known", "heartbeat blocked");
	f.source = source_type("log")->open(&f.env, "bot-log", args, NULL);
	json_decref(args);
	sample(&f);
	assert_float_equal(read_metric(&f, "{\"read\": \"errors\"}", 0).value, 1, 0);
	assert_true(log_line_at(f.source, 1, &line));
	assert_true(line.known);
	end(&f);
}

static void another_time_zone_is_noticed(void **state)
{
	struct timespec written[2] = {{.tv_sec = rfc3339("2026-11-21T21:31:06Z") / CLOCK_US}};
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
	assert_true(log_line_at(f.source, 1, &line));
	assert_int_equal(line.at, rfc3339("2026-11-21T21:31:05Z"));
	unsetenv("TZ");
	tzset();
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
	struct probe_env env = {.clock = f->env.clock, .since = since, .source = env_source, .data = f};
	json_t *args = json_loads(json, 0, NULL);
	struct reading reading = {0};

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
	const char *shows = "{\"log\": \"bot-log\", \"shows\": \"bot is ready\", \"within\": \"5m\"}";
	const char *silent = "{\"log\": \"bot-log\", \"silent\": \"ERROR\", \"for\": \"60s\"}";

	clock_manual_init(&clock, rfc3339("2026-11-21T21:40:00Z"));
	begin(&f, state, false, &clock.clock);
	follow(&f, 100);
	assert_int_equal(ask(&f, 0, shows).verdict, VERDICT_UNKNOWN); /* there is no file */
	assert_int_equal(ask(&f, 0, silent).verdict, VERDICT_UNKNOWN);
	assert_int_equal(ask(&f, 0, "{\"log\": \"other\", \"shows\": \"x\"}").verdict, VERDICT_UNKNOWN);
	scratch_puts(f.path, "2026-11-21 21:39:00,000 - bot - INFO - bot is ready\n"
			     "2026-11-21 21:39:10,000 - bot - ERROR - it broke\n");
	sample(&f);
	assert_int_equal(ask(&f, 0, shows).verdict, VERDICT_PASS);
	assert_int_equal(ask(&f, since, shows).verdict, VERDICT_FAIL); /* it was before the step's end */
	assert_int_equal(ask(&f, 0, silent).verdict, VERDICT_FAIL);
	assert_int_equal(ask(&f, since, silent).verdict, VERDICT_UNKNOWN); /* 30 of 60 s so far */
	clock_manual_advance(&clock, 30 * CLOCK_US);
	assert_int_equal(ask(&f, since, silent).verdict, VERDICT_PASS);
	scratch_puts(f.path, "2026-11-21 21:40:29,000 - bot - INFO - bot is ready\n");
	sample(&f);
	assert_int_equal(ask(&f, since, shows).verdict, VERDICT_PASS);
	assert_int_equal(
		ask(&f, 0,
		    "{\"log\": \"bot-log\", \"shows\": \"bot is ready\", \"at_least\": 3, \"within\": \"5m\"}")
			.verdict,
		VERDICT_FAIL);
	assert_int_equal(
		ask(&f, 0,
		    "{\"log\": \"bot-log\", \"shows\": \"bot is ready\", \"at_least\": 2, \"within\": \"5m\"}")
			.verdict,
		VERDICT_PASS);
	assert_int_equal(
		ask(&f, 0, "{\"log\": \"bot-log\", \"silent\": \".\", \"level\": \"critical\"}").verdict,
		VERDICT_PASS);
	assert_int_equal(ask(&f, 0, "{\"log\": \"bot-log\", \"shows\": \"(\"}").verdict, VERDICT_UNKNOWN);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(appended_lines_arrive),
		TEST(a_late_file_in_a_late_folder_is_found),
		TEST(deletion_and_creation_anew),
		TEST(a_folder_in_its_place_is_an_error),
		TEST(rename_rotation_loses_nothing),
		TEST(several_rotations_between_two_looks),
		TEST(copytruncate_is_noticed),
		TEST(hostile_bytes_are_made_visible),
		TEST(a_huge_line_is_cut_and_its_length_kept),
		TEST(a_last_line_without_newline_counts_once),
		TEST(a_flood_stays_in_bounds),
		TEST(only_the_tail_of_a_large_file_is_read),
		TEST(tracebacks_fold_into_their_record),
		TEST(windows_count_by_the_lines_own_times),
		TEST(known_messages_are_no_errors),
		TEST(another_time_zone_is_noticed),
		TEST(the_probe_sees_lines_and_silence),
		TEST(lines_without_times_count_when_they_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
