#include "tests/unit/scratch.h"

#include "lib/clock.h"
#include "lib/logline.h"
#include "lib/timefmt.h"

/* 2026-11-21T21:31:05Z */
static int64_t at_second;

static int64_t rfc3339(const char *text)
{
	int64_t at = 0;

	assert_int_equal(time_parse_rfc3339(text, &at), 0);
	return at;
}

static struct logline read_line(const char *text)
{
	struct logline_zone zone = { .now = at_second, .utc = true };
	struct logline line;

	logline_read(&zone, text, strlen(text), &line);
	return line;
}

static void layouts_have_level_and_time(void **state)
{
	static const struct {
		const char *text;
		enum loglevel level;
		const char *at; /* NULL: none */
	} lines[] = {
		{ "2026-11-21 21:31:05,123 - bot.core - ERROR - it broke", LOGLEVEL_ERROR,
		  "2026-11-21T21:31:05.123Z" },
		{ "2026-11-21 21:31:05 - bot - WARNING - no ERROR here", LOGLEVEL_WARNING,
		  "2026-11-21T21:31:05Z" },
		{ "[2026-11-21 21:31:05,123] ERROR in app: Exception on / [GET]", LOGLEVEL_ERROR,
		  "2026-11-21T21:31:05.123Z" },
		{ "ERROR:root:it broke", LOGLEVEL_ERROR, NULL },
		{ "CRITICAL:bot:gone", LOGLEVEL_CRITICAL, NULL },
		{ "INFO:     127.0.0.1:53212 - \"GET / HTTP/1.1\" 200 OK", LOGLEVEL_INFO, NULL },
		{ "[2026-11-21 21:31:05 +0000] [12] [ERROR] Worker (pid:13) exited", LOGLEVEL_ERROR,
		  "2026-11-21T21:31:05Z" },
		{ "[2026-11-21 22:31:05 +0100] [12] [INFO] Booting worker", LOGLEVEL_INFO,
		  "2026-11-21T21:31:05Z" },
		{ "{\"time\": \"2026-11-21T21:31:05.5Z\", \"level\": \"error\", \"msg\": \"level: "
		  "info\"}",
		  LOGLEVEL_ERROR, "2026-11-21T21:31:05.5Z" },
		{ "{\"levelname\":\"WARNING\",\"ts\":1795296665}", LOGLEVEL_WARNING,
		  "2026-11-21T21:31:05Z" },
		{ "{\"level\":50,\"time\":1795296665000,\"msg\":\"x\"}", LOGLEVEL_ERROR,
		  "2026-11-21T21:31:05Z" },
		{ "time=2026-11-21T21:31:05Z level=warn msg=\"slow, level=error\"",
		  LOGLEVEL_WARNING, "2026-11-21T21:31:05Z" },
		{ "ts=2026-11-21T21:31:05Z lvl=error msg=x", LOGLEVEL_ERROR,
		  "2026-11-21T21:31:05Z" },
		{ "10.0.0.1 - - [21/Nov/2026:21:31:05 +0000] \"GET /a HTTP/1.1\" 500 12",
		  LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
		{ "10.0.0.1 - - [21/Nov/2026:22:31:05 +0100] \"GET /a HTTP/1.1\" 404 12",
		  LOGLEVEL_WARNING, "2026-11-21T21:31:05Z" },
		{ "10.0.0.1 - bob [21/Nov/2026:21:31:05 +0000] \"GET /ERROR HTTP/1.1\" 200 12",
		  LOGLEVEL_INFO, "2026-11-21T21:31:05Z" },
		{ "Nov 21 21:31:05 host bot[12]: ERROR it broke", LOGLEVEL_ERROR,
		  "2026-11-21T21:31:05Z" },
		{ "<11>Nov 21 21:31:05 host bot[12]: it runs", LOGLEVEL_NONE,
		  "2026-11-21T21:31:05Z" },
		{ "2026-11-21T22:31:05.123456+01:00 host bot[12]: WARNING slow", LOGLEVEL_WARNING,
		  "2026-11-21T21:31:05.123456Z" },
		{ "2026-11-21 21:31:05.123 UTC [77] bot@db ERROR:  relation \"x\" does not exist",
		  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
		{ "2026-11-21 21:31:05.123 UTC [77] LOG:  checkpoint starting: time", LOGLEVEL_INFO,
		  "2026-11-21T21:31:05.123Z" },
		{ "2026-11-21 21:31:05.123 UTC [77] FATAL:  too many connections",
		  LOGLEVEL_CRITICAL, "2026-11-21T21:31:05.123Z" },
		{ "2026/11/21 21:31:05 [error] 12#0: *7 connect() failed", LOGLEVEL_ERROR,
		  "2026-11-21T21:31:05Z" },
		{ "2026/11/21 21:31:05 server listening", LOGLEVEL_NONE, "2026-11-21T21:31:05Z" },
		{ "E1121 21:31:05.123456    1234 file.go:12] it broke", LOGLEVEL_ERROR, NULL },
		{ "there is no ERROR in this line", LOGLEVEL_NONE, NULL },
		{ "2026-11-21 21:31:05,123 - app.ERROR.log - INFO - rotated", LOGLEVEL_INFO,
		  "2026-11-21T21:31:05.123Z" },
		{ "2026-13-41 21:31:05 ERROR no such day", LOGLEVEL_NONE, NULL },
		{ "", LOGLEVEL_NONE, NULL },
		{ "[", LOGLEVEL_NONE, NULL },
		{ "{", LOGLEVEL_NONE, NULL },
		{ "{\"level\"", LOGLEVEL_NONE, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct logline line = read_line(lines[i].text);
		int64_t want = lines[i].at != NULL ? rfc3339(lines[i].at) : 0;

		if (line.level != lines[i].level || line.at != want)
			fail_msg("%s\n  level %s, expected %s; at %lld, expected %lld",
				 lines[i].text, loglevel_name(line.level),
				 loglevel_name(lines[i].level), (long long)line.at,
				 (long long)want);
	}
}

static void local_times_use_the_zone(void **state)
{
	struct logline_zone zone = { .now = at_second };
	const char *text = "2026-11-21 23:31:05 INFO x", *summer = "2026-07-01 12:00:00 INFO x";
	struct logline line;

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	logline_read(&zone, text, strlen(text), &line);
	assert_int_equal(line.at, rfc3339("2026-11-21T22:31:05Z"));
	logline_read(&zone, summer, strlen(summer), &line);
	assert_int_equal(line.at, rfc3339("2026-07-01T10:00:00Z"));
	unsetenv("TZ");
	tzset();
}

static void shifts_are_whole_quarters(void **state)
{
	int64_t hour = 3600 * CLOCK_US;

	(void)state;
	assert_int_equal(logline_shift(at_second, at_second + CLOCK_US), 0);
	assert_int_equal(logline_shift(at_second, at_second + hour + CLOCK_US), hour);
	assert_int_equal(logline_shift(at_second, at_second - 2 * hour - 3 * CLOCK_US), -2 * hour);
	assert_int_equal(logline_shift(at_second, at_second + 20 * 60 * CLOCK_US), 0);
	assert_int_equal(logline_shift(at_second, at_second + 20 * hour), 0);
}

static void tracebacks_join_their_parent(void **state)
{
	static const struct {
		const char *text;
		bool joins;
	} lines[] = {
		{ "2026-11-21 21:31:05,123 - bot - ERROR - it broke", false },
		{ "Traceback (most recent call last):", true },
		{ "  File \"bot.py\", line 3, in main", true },
		{ "    raise ValueError(1)", true },
		{ "ValueError: 1", true },
		{ "", true },
		{ "During handling of the above exception, another exception occurred:", true },
		{ "Traceback (most recent call last):", true },
		{ "KeyError: 'x'", true },
		{ "2026-11-21 21:31:06,123 - bot - INFO - going on", false },
		{ "Traceback (most recent call last):", false }, /* bare: nobody logged it */
		{ "  File \"bot.py\", line 3, in main", true },
		{ "RuntimeError: no", true },
		{ "2026-11-21 21:31:06.1 UTC [7] ERROR:  syntax error", false },
		{ "2026-11-21 21:31:06.1 UTC [7] STATEMENT:  SELEC 1", true },
		{ "plain text", false },
		{ "more plain text", false },
	};
	struct logline_zone zone = { .now = at_second, .utc = true };
	struct logfold fold = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct logline line;
		bool joins;

		logline_read(&zone, lines[i].text, strlen(lines[i].text), &line);
		joins = logfold_joins(&fold, &line);
		if (joins != lines[i].joins)
			fail_msg("line %zu: %s %s", i, lines[i].text,
				 joins ? "joined" : "did not join");
		if (i == 10)
			assert_int_equal(line.level, LOGLEVEL_ERROR);
	}
}

static void any_bytes_are_fine(void **state)
{
	char bytes[64];
	struct logline_zone zone = { .now = at_second };
	struct logline line;
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		static const char alphabet[] = "0123456789-/: TZ.,[]<>{}\"=ERORlevtimg+\0\t\xff";
		size_t len;

		seed = seed * 1664525 + 1013904223;
		len = (seed >> 8) % sizeof(bytes);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = alphabet[(seed >> 8) % (sizeof(alphabet) - 1)];
		}
		/* On the heap, exactly as long: sanitizers see every byte too far. */
		char *copy = xmalloc(len > 0 ? len : 1);

		memcpy(copy, bytes, len);
		logline_read(&zone, copy, len, &line);
		assert_true(line.level <= LOGLEVEL_CRITICAL);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_have_level_and_time),
		cmocka_unit_test(local_times_use_the_zone),
		cmocka_unit_test(shifts_are_whole_quarters),
		cmocka_unit_test(tracebacks_join_their_parent),
		cmocka_unit_test(any_bytes_are_fine),
	};

	at_second = rfc3339("2026-11-21T21:31:05Z");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
