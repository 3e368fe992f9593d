#include "tests/unit/logfixture.h"

#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
	scratch_puts(f.path, "");
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

/* As when all of it happens within one tick of the file system's clock. */
static void same_times(const char *path, int files)
{
	const struct timespec now[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) + 1 } };

	for (int i = 1; i <= files; i++) {
		char name[512];

		snprintf(name, sizeof(name), "%s.%d", path, i);
		assert_int_equal(utimensat(AT_FDCWD, name, now, 0), 0);
	}
}

static void lines_are_walked_forwards_and_counted(void **state)
{
	struct fixture f;
	struct log_status status;
	struct log_line line;

	begin(&f, state, false, &clock_system);
	follow(&f, 100);
	assert_false(log_line_after(f.source, 0, false, &line));
	scratch_puts(f.path, "2026-11-21 21:31:05,123 - bot - INFO - first\n"
			     "2026-11-21 21:31:06,123 - bot - ERROR - second\n"
			     "  its traceback\n"
			     "2026-11-21 21:31:07,123 - bot - CRITICAL - third\n");
	sample(&f);
	assert_true(log_line_after(f.source, 0, true, &line));
	assert_non_null(strstr(line.text, "first"));
	assert_true(log_line_after(f.source, line.seq, true, &line));
	assert_non_null(strstr(line.text, "second"));
	assert_int_equal(line.folded, 1);
	assert_true(log_line_after(f.source, line.seq, false, &line));
	assert_string_equal(line.text, "  its traceback");
	assert_true(log_line_after(f.source, line.seq, true, &line));
	assert_non_null(strstr(line.text, "third"));
	assert_false(log_line_after(f.source, line.seq, false, &line));
	log_status(f.source, &status);
	assert_int_equal(status.lines, 4);
	assert_int_equal(status.errors, 2);
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
	same_times(f.path, 4);
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

/* Seconds after the beginning, as when the file system's clock said so. */
static void written_at(const char *path, int seconds)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
					   { .tv_sec = 9000 + seconds } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static char *copy_name(const struct fixture *f, int n)
{
	static char name[512];

	snprintf(name, sizeof(name), "%s.%d", f->path, n);
	return name;
}

static void cut_and_put(const struct fixture *f, const char *text)
{
	assert_int_equal(truncate(f->path, 0), 0);
	scratch_puts(f->path, text);
}

/* The copy is made, lines come, the log is looked at, and only then it is cut: what is rotated
 * after that, before the next look, is not lost. */
static void a_look_between_copy_and_cut_loses_nothing(void **state)
{
	struct fixture f;

	begin(&f, state, false, &clock_system);
	scratch_puts(f.path, "line 1\n");
	written_at(f.path, 0);
	follow(&f, 100);
	sample(&f);
	scratch_puts(copy_name(&f, 3), "line 1\n");
	written_at(copy_name(&f, 3), 1);
	cut_and_put(&f, "line 2\nline 3\n");
	scratch_puts(copy_name(&f, 2), "line 2\n");
	written_at(copy_name(&f, 2), 2);
	written_at(f.path, 3);
	sample(&f);
	assert_int_equal(newest(&f), 3);
	scratch_puts(copy_name(&f, 1), "line 4 that is longer\n");
	written_at(copy_name(&f, 1), 4);
	cut_and_put(&f, "line 5 that is longer than both\n");
	written_at(f.path, 5);
	sample(&f);
	assert_int_equal(newest(&f), 5);
	assert_string_equal(line_text(&f, 4), "line 4 that is longer");
	end(&f);
}

/* `cp bot.log bot.log.1; : > bot.log` writes each copy over the one before. */
static void copies_over_copies_lose_nothing(void **state)
{
	struct fixture f;

	begin(&f, state, false, &clock_system);
	scratch_puts(f.path, "line 1 that is longer\n");
	written_at(f.path, 0);
	follow(&f, 100);
	sample(&f);
	scratch_puts(copy_name(&f, 1), "line 1 that is longer\n");
	written_at(f.path, 1);
	cut_and_put(&f, "");
	sample(&f);
	assert_int_equal(truncate(copy_name(&f, 1), 0), 0);
	scratch_puts(copy_name(&f, 1), "line 2\n");
	cut_and_put(&f, "line 3\n");
	sample(&f);
	assert_int_equal(newest(&f), 3);
	assert_string_equal(line_text(&f, 2), "line 2");
	end(&f);
}

/* ---- hostile content ---- */

static void hostile_bytes_are_made_visible(void **state)
{
	static const char bytes[] = "\033[2Jred\033[0m \x9b"
				    "31m \xe2\x80\xae nul:\0: \xff\xfe\r\n";
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

/* Whatever bytes a line has, it is one line of its length, and those around it keep their levels;
 * in memory and read again. */
static void hostile_lines_are_counted(void **state)
{
	static const char *const parts[] = { "\033]0;x\007",
					     "\xe2\x80\xae",
					     ("\xc2\x9b"
					      "1m"),
					     "\xed\xa0\x80",
					     "\xf4\x90",
					     "\xff\xfe",
					     "\r",
					     "\033[2J" };
	enum { N = 256 + sizeof(parts) / sizeof(parts[0]) };
	struct fixture f;
	struct log_line line;
	struct log_status status;
	size_t lens[N], n = 0;

	begin(&f, state, false, &clock_system);
	follow(&f, 64);
	for (int i = 0; i < N; i++) {
		char bytes[80];
		size_t len;

		if (i == '\n')
			continue;
		len = (size_t)snprintf(bytes, sizeof(bytes),
				       "2026-11-21 21:31:05,123 - bot - ERROR - ");
		if (i < 256)
			bytes[len++] = (char)i;
		else
			len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "%s",
						parts[i - 256]);
		lens[n++] = len;
		bytes[len++] = '\n';
		scratch_write(f.path, bytes, len);
	}
	scratch_puts(f.path, "2026-11-21 21:31:05,123 - bot - INFO - without an end\033");
	sample(&f);
	sample(&f);
	sample(&f);
	log_status(f.source, &status);
	assert_int_equal(status.lines, n + 1);
	assert_int_equal(status.errors, n);
	for (size_t i = 0; i < n; i++) {
		assert_true(log_line_at(f.source, LOG_FIRST + i, &line));
		assert_int_equal(line.true_len, lens[i]);
		assert_int_equal(line.level, LOGLEVEL_ERROR);
		for (const char *at = line.text; *at != '\0'; at++)
			assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
	}
	assert_int_equal(line.seq, LOG_FIRST + n - 1);
	end(&f);
}

/* A writer that does not append goes on where it was when the file is cut: what it leaves before
 * that is a hole, not a line. */
static void a_hole_is_no_line(void **state)
{
	struct fixture f;
	int fd;

	begin(&f, state, false, &clock_system);
	fd = open(f.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(dprintf(fd, "one\n%100000s\n", "two"), 100005);
	follow(&f, 100);
	sample(&f);
	assert_int_equal(truncate(f.path, 0), 0);
	assert_int_equal(dprintf(fd, "three\nfour\n"), 11);
	close(fd);
	sample(&f);
	assert_int_equal(newest(&f), 4);
	assert_string_equal(line_text(&f, 3), "three");
	assert_string_equal(line_text(&f, 4), "four");
	end(&f);
}

/* Half a line is there when the file is renamed; the rest follows. */
static void a_half_written_line_survives_rotation(void **state)
{
	struct fixture f;
	char *old;

	begin(&f, state, false, &clock_system);
	scratch_puts(f.path, "one\nhalf a");
	follow(&f, 100);
	sample(&f);
	old = xasprintf("%s.1", f.path);
	assert_int_equal(rename(f.path, old), 0);
	scratch_puts(f.path, "three\n");
	sample(&f);
	scratch_puts(old, " line\n");
	sample(&f);
	assert_int_equal(newest(&f), 3);
	assert_string_equal(line_text(&f, 2), "three");
	assert_string_equal(line_text(&f, 3), "half a line");
	free(old);
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
	assert_true(log_line_at(f.source, LOG_FIRST + 1, &line));
	assert_int_equal(line.true_len, HUGE_LEN);
	assert_true(strlen(line.text) < sizeof(line.text));
	assert_string_equal(line_text(&f, 3), "after");
	free(bytes);
	end(&f);
}

static void a_last_line_without_newline_counts_once(void **state)
{
	struct timespec old[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
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
	int n = LINES;

	begin(&f, state, true, &clock_system);
	follow(&f, KEPT);
	before = mallinfo2();
	file = fopen(f.path, "ae");
	for (int i = 0; i < LINES; i++)
		fprintf(file, "2026-11-21 21:31:05,123 - bot - INFO - line %d of a flood\n", i);
	fclose(file);
	turn_until(&f, LINES);
	after = mallinfo2();
	assert_true(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + (1u << 20));
	/* All the same every line can be had, and that takes no more memory either. */
	for (uint64_t seq = 0; log_line_before(f.source, seq, false, &line); seq = line.seq)
		assert_int_equal(atoi(strstr(line.text, "line ") + 5), --n);
	assert_int_equal(n, 0);
	after = mallinfo2();
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(appended_lines_arrive),
		TEST(a_late_file_in_a_late_folder_is_found),
		TEST(deletion_and_creation_anew),
		TEST(a_folder_in_its_place_is_an_error),
		TEST(rename_rotation_loses_nothing),
		TEST(lines_are_walked_forwards_and_counted),
		TEST(several_rotations_between_two_looks),
		TEST(copytruncate_is_noticed),
		TEST(a_look_between_copy_and_cut_loses_nothing),
		TEST(copies_over_copies_lose_nothing),
		TEST(hostile_bytes_are_made_visible),
		TEST(hostile_lines_are_counted),
		TEST(a_hole_is_no_line),
		TEST(a_half_written_line_survives_rotation),
		TEST(a_huge_line_is_cut_and_its_length_kept),
		TEST(a_last_line_without_newline_counts_once),
		TEST(a_flood_stays_in_bounds),
		TEST(only_the_tail_of_a_large_file_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
