#include "tests/unit/logfixture.h"

#include <sys/stat.h>

#include "sources/logindex.h"

static void write_lines(const char *path, int from, int to)
{
	FILE *file = fopen(path, "ae");

	assert_non_null(file);
	for (int i = from; i <= to; i++)
		fprintf(file, "2026-11-21 21:%02d:%02d,%03d - bot - INFO - line %d\n",
			i / 60000 % 60, i / 1000 % 60, i % 1000, i);
	fclose(file);
}

static int number(const struct log_line *line)
{
	const char *at = strstr(line->text, "line ");

	return at != NULL ? atoi(at + 5) : -1;
}

static char *beside(const struct fixture *f, const char *end)
{
	return xasprintf("%s%s", f->path, end);
}

static void move(const struct fixture *f, const char *from, const char *to)
{
	char *a = beside(f, from), *b = beside(f, to);

	assert_int_equal(rename(a, b), 0);
	free(a);
	free(b);
}

/* Goes back from the newest line, `records` or all, with the numbers falling by one, down to the
 * line that must be `last`. */
static enum log_found walk_back(struct fixture *f, int newest, int last)
{
	struct log_line line = { .seq = 0 };
	enum log_found found;
	int want = newest;

	for (;;) {
		found = log_find_before(f->source, line.seq, false, &line);
		if (found == LOG_UNREAD)
			continue;
		if (found != LOG_LINE)
			break;
		assert_int_equal(number(&line), want--);
	}
	assert_int_equal(want, last - 1);
	return found;
}

/* How many lines there are, back from the newest one. */
static int walk_back_all(struct fixture *f)
{
	struct log_line line = { .seq = 0 };
	enum log_found found;
	int lines = 0;

	while ((found = log_find_before(f->source, line.seq, false, &line)) == LOG_LINE ||
	       found == LOG_UNREAD)
		lines += found == LOG_LINE;
	return lines;
}

static void every_line_of_a_large_file_can_be_had(void **state)
{
	enum { LINES = 120000 };
	struct fixture f;
	struct log_line line = { .seq = 0 };
	uint64_t first, newest_seq;
	int want = 1;

	begin(&f, state, false, &clock_system);
	write_lines(f.path, 1, LINES);
	follow(&f, 100);
	sample(&f);
	assert_true(newest(&f) < LINES); /* only its tail was read */
	assert_int_equal(walk_back(&f, LINES, 1), LOG_BEGIN);
	newest_seq = LOG_FIRST + newest(&f) - 1;
	first = newest_seq - LINES + 1;
	/* And forwards, over memory's border. */
	for (enum log_found found;
	     (found = log_find_after(f.source, line.seq, false, &line)) != LOG_END;)
		if (found == LOG_LINE)
			assert_int_equal(number(&line), want++);
	assert_int_equal(want, LINES + 1);
	/* And anywhere. */
	for (uint64_t i = 0, at = 7; i < 300; i++, at = (at * 7919 + 13) % LINES) {
		assert_int_equal(log_find_at(f.source, first + at, &line), LOG_LINE);
		assert_int_equal(line.seq, first + at);
		assert_int_equal(number(&line), at + 1);
	}
	assert_int_equal(log_find_at(f.source, newest_seq + 1, &line), LOG_END);
	assert_int_equal(log_find_at(f.source, first - 2, &line), LOG_GONE);
	end(&f);
}

static void rotated_files_are_gone_on_with(void **state)
{
	struct fixture f;
	char *packed, said[120];

	begin(&f, state, false, &clock_system);
	packed = beside(&f, ".4.gz");
	scratch_puts(packed, "not looked into");
	free(packed);
	write_lines(f.path, 1, 3000);
	move(&f, "", ".3");
	write_lines(f.path, 3001, 3001);
	move(&f, "", ".2");
	write_lines(f.path, 3002, 9000);
	move(&f, "", ".1");
	/* The log itself is empty yet. */
	scratch_puts(f.path, "");
	follow(&f, 100);
	sample(&f);
	assert_int_equal(newest(&f), 0);
	assert_int_equal(walk_back(&f, 9000, 1), LOG_PACKED);
	log_found_text(f.source, LOG_PACKED, said, sizeof(said));
	assert_non_null(strstr(said, "bot.log.4.gz"));
	/* What comes then goes on, also through a rotation. */
	write_lines(f.path, 9001, 9500);
	sample(&f);
	move(&f, ".1", "-20261121");
	move(&f, "", ".1");
	write_lines(f.path, 9501, 9501);
	sample(&f);
	assert_int_equal(newest(&f), 501);
	assert_int_equal(walk_back(&f, 9501, 1), LOG_PACKED);
	end(&f);
}

static void the_oldest_line_is_gone_to_by_counting(void **state)
{
	enum { LINES = 150000, LONG = 200000 };
	struct fixture f;
	struct log_line line;
	char *wide = xmalloc(LONG + 1);
	uint64_t oldest = 0, turns = 0;
	int want = 1;

	begin(&f, state, false, &clock_system);
	write_lines(f.path, 1, 1000);
	move(&f, "", ".1");
	write_lines(f.path, 1001, 2000);
	memset(wide, 'x', LONG);
	wide[LONG] = '\n';
	scratch_write(f.path, wide, LONG + 1);
	free(wide);
	write_lines(f.path, 2001, LINES);
	follow(&f, 100);
	sample(&f);
	assert_true(newest(&f) < LINES);
	while (log_find_oldest(f.source, &oldest) == LOG_UNREAD)
		turns++;
	assert_true(turns > 2);
	/* One line more: the long one. */
	assert_int_equal(LOG_FIRST + newest(&f) - oldest, LINES + 1);
	line.seq = oldest - 1;
	for (enum log_found found;
	     (found = log_find_after(f.source, line.seq, false, &line)) != LOG_END;) {
		if (found == LOG_LINE && want == 2001 && *line.text == 'x')
			assert_int_equal(line.true_len, LONG);
		else if (found == LOG_LINE)
			assert_int_equal(number(&line), want++);
	}
	assert_int_equal(want, LINES + 1);
	assert_int_equal(walk_back_all(&f), LINES + 1);
	end(&f);
}

static void copy(const struct fixture *f, const char *to)
{
	char *path = beside(f, to);
	struct buf bytes = BUF_INIT;

	assert_int_equal(file_read(f->path, &bytes, 0, NULL), 0);
	(void)unlink(path);
	scratch_write(path, bytes.data, bytes.len);
	buf_release(&bytes);
	free(path);
}

static void a_cut_file_is_found_in_its_copy(void **state)
{
	struct fixture f;

	begin(&f, state, false, &clock_system);
	write_lines(f.path, 1, 2000);
	follow(&f, 100);
	sample(&f);
	write_lines(f.path, 2001, 2100);
	copy(&f, ".1");
	assert_int_equal(truncate(f.path, 0), 0);
	write_lines(f.path, 2101, 6000);
	sample(&f);
	/* What had not been read when it was cut, too. */
	assert_int_equal(newest(&f), 6000);
	assert_int_equal(walk_back(&f, 6000, 1), LOG_BEGIN);
	end(&f);
}

static void what_was_cut_or_removed_is_gone(void **state)
{
	struct fixture f;
	struct log_line line;
	char *old;

	begin(&f, state, false, &clock_system);
	write_lines(f.path, 1, 2000);
	follow(&f, 100);
	sample(&f);
	assert_int_equal(log_find_at(f.source, LOG_FIRST + 10, &line), LOG_LINE);
	/* Cut, with as many other lines in it: not even before that was noticed is one of them
	 * taken for an old one. */
	assert_int_equal(truncate(f.path, 0), 0);
	write_lines(f.path, 5001, 7000);
	assert_int_equal(log_find_at(f.source, LOG_FIRST + 1000, &line), LOG_GONE);
	sample(&f);
	assert_int_equal(newest(&f), 4000);
	assert_int_equal(log_find_at(f.source, LOG_FIRST + 1000, &line), LOG_GONE);
	assert_int_equal(log_find_at(f.source, LOG_FIRST + 2000, &line), LOG_LINE);
	assert_int_equal(number(&line), 5001);
	assert_int_equal(walk_back(&f, 7000, 5001), LOG_GONE);
	/* Removed after it was rotated. */
	move(&f, "", ".1");
	write_lines(f.path, 7001, 7200);
	sample(&f);
	assert_int_equal(log_find_at(f.source, LOG_FIRST + 2500, &line), LOG_LINE);
	old = beside(&f, ".1");
	assert_int_equal(unlink(old), 0);
	assert_int_equal(walk_back(&f, 7200, 7001), LOG_GONE);
	free(old);
	end(&f);
}

/* Even if it begins and ends as it did. */
static void what_was_overwritten_is_gone(void **state)
{
	struct fixture f;
	struct log_line line;
	struct buf bytes = BUF_INIT;
	const char *at;
	int fd;

	begin(&f, state, false, &clock_system);
	write_lines(f.path, 1, 3000);
	follow(&f, 100);
	sample(&f);
	assert_int_equal(file_read(f.path, &bytes, 0, NULL), 0);
	at = strstr(bytes.data, "line 513\n");
	assert_non_null(at);
	while (at[-1] != '\n')
		at--;
	fd = open(f.path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\n\n\n", 3, at - bytes.data), 3);
	close(fd);
	buf_release(&bytes);
	assert_int_equal(log_find_at(f.source, LOG_FIRST + 600, &line), LOG_GONE);
	assert_int_equal(log_find_at(f.source, LOG_FIRST + 1100, &line), LOG_LINE);
	assert_int_equal(number(&line), 1101);
	end(&f);
}

/* The copy ends before the lines that were read last, in the middle of one: those are gone, and no
 * others. */
static void a_copy_that_is_too_short_has_the_rest(void **state)
{
	struct fixture f;
	struct log_line line;
	struct stat st;
	char *path;

	begin(&f, state, false, &clock_system);
	path = beside(&f, ".1");
	write_lines(path, 1, 100);
	free(path);
	move(&f, ".1", ".2");
	write_lines(f.path, 101, 2000);
	follow(&f, 100);
	sample(&f);
	usleep(20000); /* file times must tell the copy from what was there before */
	write_lines(f.path, 2001, 2001);
	copy(&f, ".1");
	path = beside(&f, ".1");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 75), 0);
	free(path);
	sample(&f);
	assert_int_equal(truncate(f.path, 0), 0);
	write_lines(f.path, 2002, 2500);
	sample(&f);
	assert_int_equal(newest(&f), 2400);
	line.seq = LOG_FIRST + 1901; /* of line 2002 */
	assert_int_equal(log_find_before(f.source, line.seq, false, &line), LOG_GONE);
	assert_int_equal(line.seq, LOG_FIRST + 1899); /* of line 2000, which is cut */
	assert_int_equal(log_find_before(f.source, line.seq, false, &line), LOG_LINE);
	assert_int_equal(number(&line), 1999);
	for (int want = 1998; want > 0; want--) {
		assert_int_equal(log_find_before(f.source, line.seq, false, &line), LOG_LINE);
		assert_int_equal(number(&line), want);
	}
	assert_int_equal(log_find_before(f.source, line.seq, false, &line), LOG_BEGIN);
	end(&f);
}

static void write_mixed(const char *path, int lines)
{
	FILE *file = fopen(path, "ae");

	assert_non_null(file);
	for (int i = 0; i < lines; i++) {
		if (i % 50 == 0)
			fprintf(file,
				"2026-11-21 21:31:%02d,%03d - bot - ERROR - it broke\n"
				"Traceback (most recent call last):\n"
				"  File \"bot.py\", line %d\n"
				"ValueError: %d\n",
				i / 1000 % 60, i % 1000, i, i);
		else if (i % 17 == 0)
			fprintf(file, "plain %d\n  and more of it\n\n", i);
		else if (i % 31 == 0)
			fprintf(file, "2026-11-21T21:31:%02dZ WARNING known trouble %d\n",
				i / 1000 % 60, i);
		else
			fprintf(file, "2026-11-21 21:31:%02d,%03d - bot - INFO - fine %d\n",
				i / 1000 % 60, i % 1000, i);
	}
	fclose(file);
}

static void lines_mean_what_they_meant_in_memory(void **state)
{
	enum { LINES = 20000 };
	struct fixture f;
	struct source *all;
	struct log_line a, b = { .seq = 0 };
	json_t *args;
	enum log_found found;
	unsigned n = 0;

	begin(&f, state, false, &clock_system);
	write_mixed(f.path, LINES);
	args = json_pack("{s:s, s:i, s:b, s:[s]}", "path", f.path, "max_lines", 100000, "utc", 1,
			 "known", "known trouble");
	all = source_type("log")->open(&f.env, "all", args, NULL);
	json_object_set_new(args, "max_lines", json_integer(64));
	f.source = source_type("log")->open(&f.env, "bot-log", args, NULL);
	json_decref(args);
	all->type->sample(all);
	sample(&f);
	while ((found = log_find_before(f.source, b.seq, false, &b)) == LOG_LINE) {
		assert_int_equal(log_find_at(all, b.seq, &a), LOG_LINE);
		assert_string_equal(a.text, b.text);
		assert_int_equal(a.at, b.at);
		assert_int_equal(a.level, b.level);
		assert_int_equal(a.joined, b.joined);
		assert_int_equal(a.known, b.known);
		assert_int_equal(a.folded, b.folded);
		assert_int_equal(a.true_len, b.true_len);
		n++;
	}
	assert_int_equal(found, LOG_BEGIN);
	assert_int_equal(n, newest(&f));
	/* Records alone, too. */
	for (b.seq = 0, a.seq = 0; log_line_before(f.source, b.seq, true, &b);) {
		assert_true(log_line_before(all, a.seq, true, &a));
		assert_int_equal(a.seq, b.seq);
	}
	source_close(all);
	end(&f);
}

/* A line that was handed out in two pieces stays two lines. */
static void a_line_in_pieces_keeps_its_names(void **state)
{
	struct timespec old[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
	struct fixture f;
	struct log_line line;

	begin(&f, state, false, &clock_system);
	write_lines(f.path, 1, 10);
	scratch_puts(f.path, "the first piece,");
	assert_int_equal(utimensat(AT_FDCWD, f.path, old, 0), 0);
	follow(&f, 64);
	sample(&f);
	assert_int_equal(newest(&f), 11);
	scratch_puts(f.path, " the second\n");
	write_lines(f.path, 11, 300);
	sample(&f);
	assert_int_equal(newest(&f), 302);
	assert_int_equal(log_find_at(f.source, LOG_FIRST + 10, &line), LOG_LINE);
	assert_string_equal(line.text, "the first piece,");
	assert_int_equal(log_find_at(f.source, LOG_FIRST + 11, &line), LOG_LINE);
	assert_string_equal(line.text, " the second");
	assert_int_equal(log_find_at(f.source, LOG_FIRST + 12, &line), LOG_LINE);
	assert_int_equal(number(&line), 11);
	end(&f);
}

/* A look reads no more than its budget, and says where to go on. */
static void a_huge_line_is_found_in_steps(void **state)
{
	enum { HUGE_LEN = 10 << 20 };
	char *bytes = xmalloc(HUGE_LEN);
	struct fixture f;
	struct log_line line = { .seq = 0 };
	enum log_found found;
	int unread = 0;

	begin(&f, state, false, &clock_system);
	write_lines(f.path, 1, 1);
	memset(bytes, 'x', HUGE_LEN);
	bytes[HUGE_LEN - 1] = '\n';
	scratch_write(f.path, bytes, HUGE_LEN);
	free(bytes);
	write_lines(f.path, 2, 100000);
	follow(&f, 64);
	sample(&f);
	while ((found = log_find_before(f.source, line.seq, false, &line)) != LOG_BEGIN) {
		if (found == LOG_UNREAD) {
			unread++;
			continue;
		}
		assert_int_equal(found, LOG_LINE);
		if (line.text[0] == 'x')
			assert_int_equal(line.true_len, HUGE_LEN - 1);
	}
	assert_int_equal(number(&line), 1);
	assert_in_range(unread, 5, 20);
	end(&f);
}

static void a_full_index_finds_every_line(void **state)
{
	struct logindex index = { .n = 0 };
	struct logplace last = { .seq = 0 };
	const struct logplace *below;

	(void)state;
	for (uint64_t seq = 1; seq < (uint64_t)40 * LOGINDEX_MAX * LOGINDEX_LINES; seq += 100) {
		struct logplace place = { .seq = seq, .at = (off_t)seq * 10 };

		place.fixed = seq == 100 * 1000 * 1000 + 1;
		if (last.seq != 0 && !place.fixed &&
		    !logindex_wants(&index, &last, seq, 0, place.at))
			continue;
		logindex_add(&index, &place);
		last = place;
	}
	assert_true(index.n <= LOGINDEX_MAX);
	assert_int_equal(logindex_below(&index, 1)->seq, 1);
	assert_int_equal(logindex_below(&index, 100 * 1000 * 1000 + 1)->seq, 100 * 1000 * 1000 + 1);
	assert_null(logindex_below(&index, 0));
	for (uint64_t seq = 1; seq < last.seq; seq += 99991) {
		below = logindex_below(&index, seq);
		assert_non_null(below);
		assert_true(below->seq <= seq && below[1].seq > seq);
		assert_true(below[1].seq - below->seq <= (uint64_t)LOGINDEX_LINES * 128);
	}
	logindex_release(&index);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_line_of_a_large_file_can_be_had),
		TEST(the_oldest_line_is_gone_to_by_counting),
		TEST(rotated_files_are_gone_on_with),
		TEST(a_cut_file_is_found_in_its_copy),
		TEST(what_was_cut_or_removed_is_gone),
		TEST(what_was_overwritten_is_gone),
		TEST(a_copy_that_is_too_short_has_the_rest),
		TEST(lines_mean_what_they_meant_in_memory),
		TEST(a_line_in_pieces_keeps_its_names),
		TEST(a_huge_line_is_found_in_steps),
		cmocka_unit_test(a_full_index_finds_every_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
