#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/logshape.h"
#include "lib/timefmt.h"
#include "sources/scan.h"

static int64_t rfc3339(const char *text)
{
	int64_t at = 0;

	assert_int_equal(time_parse_rfc3339(text, &at), 0);
	return at;
}

/* Scans bytes as one log. */
static void scan_bytes(struct scan *scan, const char *bytes, size_t len)
{
	const char *folder = getenv("TMPDIR");
	char *name = xasprintf("%s/backout-scan.XXXXXX", folder != NULL ? folder : "/tmp");
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name);
	free(name);
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		assert_true(n > 0);
		bytes += n;
		len -= (size_t)n;
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(scan_fd(scan, fd, rfc3339("2026-11-21T23:00:00Z"), NULL), 0);
	close(fd);
}

static struct scan *scan_text(const char *text)
{
	struct scan *scan = scan_new(NULL, 0, 0, true, NULL);

	scan_bytes(scan, text, strlen(text));
	return scan;
}

/* ---- shapes ---- */

static void check_shape(const char *line, size_t body, const char *expected)
{
	char shape[SCAN_SHAPE + 1];
	size_t n = logshape(line, strlen(line), body, shape, SCAN_SHAPE);

	shape[n] = '\0';
	assert_string_equal(shape, expected);
}

static void shapes_leave_out_what_differs(void **state)
{
	(void)state;
	check_shape("relation \"x_12\" does not exist at character 15", 0,
		    "relation \"*\" does not exist at character #");
	check_shape("lost 10.0.0.1:5432 after 1.5 ms, can't 'do it'", 0,
		    "lost # after # ms, can't '*'");
	check_shape("session 6fa459ea-ee8a-3ca4-894e-db77e160355e of 0x7fff12 and 89abcdef12", 0,
		    "session <uuid> of <hex> and <hex>");
	check_shape("worker-3 decade facade deadbeef bad", 0,
		    "worker-# decade facade deadbeef bad");
	check_shape("ERROR - it broke\r", 5, "it broke");
	check_shape("{\"level\":\"error\",\"msg\":\"it broke 3 times\",\"n\":3}", 0,
		    "it broke # times");
	check_shape("time=x level=error msg=\"it broke\" n=3", 0, "it broke");
	check_shape("10.0.0.1 - - [21/Nov/2026:21:31:05 +0000] \"GET /a/7?b=c HTTP/1.1\" 502 12", 0,
		    "GET /a/# 502");
	/* Colours are none of it, as they are and as JSON writes them. */
	check_shape("\033[2m12\033[0m it \033[31;1mbroke\033[0m", 6, "it broke");
	check_shape("\033[", 0, "\033[");
	check_shape("{\"msg\":\"it \\u001b[31mbroke\\u001b[0m\"}", 0, "it broke");
	/* What Docker and CSV carry ends where its string does. */
	check_shape("{\"log\":\"ERROR it \\\"x\\\" broke\\n\",\"stream\":\"stderr\"}", 13,
		    "it \\\"*\" broke");
	check_shape("1,ERROR,42P01,\"relation \"\"x\"\" is 7\",,,\"psql\"", 15,
		    "relation \"*\" is #");
	check_shape("unclosed \"quote 7", 0, "unclosed \"quote #");
	check_shape("", 0, "");
}

/* ---- counts ---- */

static void levels_times_and_errors(void **state)
{
	struct scan *scan = scan_text("2026-11-21 21:31:05,123 - bot - INFO - one\n"
				      "2026-11-21 21:31:59,999 - bot - ERROR - round 1 broke\n"
				      "Traceback (most recent call last):\n"
				      "  File \"bot.py\", line 3, in main\n"
				      "ValueError: 1\n"
				      "2026-11-21 21:32:00,000 - bot - ERROR - round 22 broke\n"
				      "2026-11-21 21:40:00,000 - bot - CRITICAL - gone\n"
				      "a line with neither ERROR nor time\n"
				      "Traceback (most recent call last):\n"
				      "  File \"bot.py\", line 3, in main\n"
				      "KeyError: 'x'");
	const struct scan_totals *totals = scan_totals(scan);
	size_t nspans, nerrors;
	struct scan_span *spans = scan_spans(scan, &nspans);
	struct scan_error *errors = scan_errors(scan, 10, &nerrors);

	(void)state;
	assert_int_equal(totals->lines, 11);
	assert_int_equal(totals->records, 6);
	assert_int_equal(totals->levels[LOGLEVEL_INFO], 1);
	assert_int_equal(totals->levels[LOGLEVEL_ERROR], 3);
	assert_int_equal(totals->levels[LOGLEVEL_CRITICAL], 1);
	assert_int_equal(totals->levels[LOGLEVEL_NONE], 1);
	assert_int_equal(totals->untimed, 2);
	assert_int_equal(totals->first, rfc3339("2026-11-21T21:31:05.123Z"));
	assert_int_equal(totals->last, rfc3339("2026-11-21T21:40:00Z"));
	assert_int_equal(nspans, 3);
	assert_int_equal(spans[0].at, rfc3339("2026-11-21T21:31:00Z"));
	assert_int_equal(spans[0].levels[LOGLEVEL_INFO], 1);
	assert_int_equal(spans[0].levels[LOGLEVEL_ERROR], 1);
	assert_int_equal(spans[1].levels[LOGLEVEL_ERROR], 1);
	assert_int_equal(nerrors, 3);
	assert_int_equal(errors[0].count, 2);
	assert_memory_equal(errors[0].shape, "round # broke", 13);
	assert_int_equal(errors[0].first, rfc3339("2026-11-21T21:31:59.999Z"));
	assert_int_equal(errors[0].last, rfc3339("2026-11-21T21:32:00Z"));
	/* A bare traceback goes by its exception. */
	assert_memory_equal(errors[1].shape, "KeyError: '*'", 13);
	free(spans);
	free(errors);
	scan_free(scan);
}

static void patterns_count_and_harmless_ones_hide(void **state)
{
	static const char *const patterns[] = { "heartbeat blocked", "round \\d+ broke", "^Value" };
	struct scan *scan = scan_new(patterns, 3, 1, true, NULL);
	const char *text = "2026-11-21 21:31:05 ERROR heartbeat blocked\n"
			   "2026-11-21 21:31:06 ERROR round 7 broke\n"
			   "Traceback (most recent call last):\n"
			   "ValueError: round 8 broke\n"
			   "2026-11-21 21:31:07 ERROR heartbeat blocked, round 9 broke\n";
	const struct scan_known *known;
	struct scan_error *errors;
	size_t n;

	(void)state;
	scan_bytes(scan, text, strlen(text));
	known = scan_known(scan);
	assert_int_equal(known[0].count, 2);
	assert_int_equal(known[1].count, 3);
	assert_int_equal(known[2].count, 1);
	assert_int_equal(known[2].first, rfc3339("2026-11-21T21:31:06Z"));
	assert_int_equal(known[1].last, rfc3339("2026-11-21T21:31:07Z"));
	assert_int_equal(scan_totals(scan)->levels[LOGLEVEL_ERROR], 3);
	errors = scan_errors(scan, 10, &n);
	assert_int_equal(n, 1);
	free(errors);
	scan_free(scan);
}

/* ---- any bytes, any size ---- */

/* Lines of every length around the size of a block; patterns at each place of them. */
static void no_line_is_lost_where_blocks_meet(void **state)
{
	static const char *const patterns[] = { "needle in", "n.edle" };
	struct scan *scan = scan_new(patterns, 2, 0, true, NULL);
	size_t size = (size_t)4 << 20, len = 0;
	char *text = xmalloc(size + 400);
	uint64_t lines = 0;

	(void)state;
	while (len < size) {
		size_t pad = lines * 7 % 211;

		len += (size_t)sprintf(text + len, "2026-11-21 21:31:%02u INFO %*sneedle in\n",
				       (unsigned)(lines % 60), (int)pad, "");
		lines++;
	}
	scan_bytes(scan, text, len);
	assert_int_equal(scan_totals(scan)->lines, lines);
	assert_int_equal(scan_totals(scan)->bytes, len);
	assert_int_equal(scan_totals(scan)->levels[LOGLEVEL_INFO], lines);
	assert_int_equal(scan_known(scan)[0].count, lines);
	assert_int_equal(scan_known(scan)[1].count, lines);
	free(text);
	scan_free(scan);
}

static void hostile_bytes_are_counted(void **state)
{
	size_t big = (size_t)10 << 20;
	char *text = xmalloc(big + 200);
	struct scan *scan = scan_new(NULL, 0, 0, true, NULL);
	size_t len = 0;
	static const char nul[] = "2026-11-21 21:31:05 ERROR a\0b\n\0\n";
	static const char broken[] = "2026-11-21 21:31:06 WARNING \xff\xfe\xc0\x80 \033]0;x\a\n";

	(void)state;
	scan_bytes(scan, nul, sizeof(nul) - 1);
	scan_bytes(scan, broken, sizeof(broken) - 1);
	len = (size_t)sprintf(text, "2026-11-21 21:31:07 ERROR ");
	memset(text + len, 'x', big);
	len += big;
	len += (size_t)sprintf(text + len, "\n2026-11-21 21:31:08 INFO behind it, no newline");
	scan_bytes(scan, text, len);
	assert_int_equal(scan_totals(scan)->lines, 5);
	assert_int_equal(scan_totals(scan)->levels[LOGLEVEL_ERROR], 2);
	assert_int_equal(scan_totals(scan)->levels[LOGLEVEL_WARNING], 1);
	assert_int_equal(scan_totals(scan)->levels[LOGLEVEL_INFO], 1);
	assert_int_equal(scan_totals(scan)->levels[LOGLEVEL_NONE], 1);
	assert_int_equal(scan_totals(scan)->bytes, sizeof(nul) - 1 + sizeof(broken) - 1 + len);
	free(text);
	scan_free(scan);
}

/* A year of minutes and thousands of different errors take no more memory than some. */
static void what_is_kept_is_bounded(void **state)
{
	size_t size = (size_t)16 << 20, len = 0;
	char *text = xmalloc(size + 200);
	struct scan *scan = scan_new(NULL, 0, 0, true, NULL);
	int64_t at = rfc3339("2026-01-01T00:00:00Z");
	uint64_t lines = 0, counted = 0;
	struct scan_span *spans;
	struct scan_error *errors;
	size_t n;

	(void)state;
	for (; len < size; lines++) {
		char when[TIME_RFC3339_MAX];
		/* The shapes differ by their letters. */
		char word[16] = "";

		for (uint64_t rest = lines, i = 0; i < 6; i++, rest /= 20)
			word[i] = (char)('g' + rest % 20);
		len += (size_t)sprintf(text + len, "%s ERROR %s\n", time_datetime(at, when),
				       lines % 4 == 0 ? "the same" : word);
		at += 3 * 60 * CLOCK_US;
	}
	scan_bytes(scan, text, len);
	assert_true(scan_totals(scan)->errors_lost);
	assert_int_equal(scan_totals(scan)->step, 3600 * CLOCK_US);
	spans = scan_spans(scan, &n);
	assert_in_range(n, 1000, 65536);
	for (size_t i = 0; i < n; i++) {
		counted += spans[i].levels[LOGLEVEL_ERROR];
		assert_true(i == 0 || spans[i].at > spans[i - 1].at);
	}
	assert_int_equal(counted, lines);
	errors = scan_errors(scan, 1, &n);
	assert_int_equal(errors[0].count, (lines + 3) / 4);
	free(spans);
	free(errors);
	free(text);
	scan_free(scan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_leave_out_what_differs),
		cmocka_unit_test(levels_times_and_errors),
		cmocka_unit_test(patterns_count_and_harmless_ones_hide),
		cmocka_unit_test(no_line_is_lost_where_blocks_meet),
		cmocka_unit_test(hostile_bytes_are_counted),
		cmocka_unit_test(what_is_kept_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
