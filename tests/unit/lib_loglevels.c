/*
 * Lines of other programs' logs, with the levels that a person gives them: tests/logs/levels.txt.
 *
 * Each line begins with a letter (Critical, Error, Warning, Info, Debug, None; + goes on with the
 * record before it) and a tab. A line that begins with # names the programs. U+241B is an escape.
 */
#include "tests/unit/scratch.h"

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/logline.h"
#include "lib/timefmt.h"

#define SAMPLES "tests/logs/levels.txt"

static const char letters[] = "NDIWEC";

/* A line as the program wrote it; new. */
static char *line_new(const char *from, size_t len)
{
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < len; i++) {
		if (len - i >= 3 && memcmp(from + i, "\xe2\x90\x9b", 3) == 0) {
			buf_putc(&line, '\033');
			i += 2;
		} else {
			buf_putc(&line, from[i]);
		}
	}
	return buf_detach(&line);
}

/* Calls `each` for all lines; returns how many there are. */
static size_t samples_walk(void (*each)(char expected, const char *line, void *arg), void *arg)
{
	struct buf all = BUF_INIT;
	size_t n = 0;

	assert_int_equal(file_read(SAMPLES, &all, 1 << 20, NULL), 0);
	for (const char *p = buf_str(&all), *nl; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		char *line;

		if (*p == '#') {
			each('#', "", arg);
			continue;
		}
		assert_int_equal(p[1], '\t');
		line = line_new(p + 2, (size_t)(nl - p - 2));
		each(*p, line, arg);
		free(line);
		n++;
	}
	buf_release(&all);
	return n;
}

/* ---- as they are ---- */

struct reading {
	struct logline_zone zone;
	struct logfold fold;
	size_t bad;
};

static void sample_check(char expected, const char *text, void *arg)
{
	struct reading *reading = arg;
	struct logline line;
	char got;

	if (expected == '#') {
		reading->fold = (struct logfold){ .any = false };
		return;
	}
	logline_read(&reading->zone, text, strlen(text), &line);
	got = logfold_joins(&reading->fold, &line) ? '+' : letters[line.level];
	if (got == expected)
		return;
	print_message("# %c, expected %c: %s\n", got, expected, text);
	reading->bad++;
}

static void levels_are_those_that_a_person_gives(void **state)
{
	struct reading reading = { .zone = { .now = 1795296665 * CLOCK_US, .utc = true } };

	(void)state;
	assert_in_range(samples_walk(sample_check, &reading), 300, 2000);
	assert_int_equal(reading.bad, 0);
}

/* ---- moved to the right ---- */

/* What other programs put before each line, or around it. */
static const struct {
	const char *before, *behind;
	bool escaped;
} wraps[] = {
	{ "web-1  | ", "", false },
	{ "shop_web_1          | ", "", false },
	{ "[pod/web-7d9c8b6f5-x2x4q/app] ", "", false },
	{ "2026-11-21T21:31:05.123456789Z stderr F ", "", false },
	{ "2026-11-21T21:31:05.123456789Z ", "", false },
	{ "Nov 21 21:31:05 host app[12]: ", "", false },
	{ "2026-11-21T21:31:05.123456+01:00 host app[12]: ", "", false },
	{ "{\"log\":\"", "\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-21T21:31:05.123456789Z\"}",
	  true },
};

static void escaped_add(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_putc(out, '\\');
		if (*text == '\t')
			buf_puts(out, "\\t");
		else if (*text == '\033')
			buf_puts(out, "\\u001b");
		else
			buf_putc(out, *text);
	}
}

static void sample_wrap(char expected, const char *text, void *arg)
{
	size_t *bad = arg;
	bool syslog = *text == '<' || strncmp(text, "Nov 21 ", 7) == 0 ||
		      strstr(text, "+01:00 host") != NULL || strstr(text, "+00:00 ") != NULL;

	if (strchr("#+", expected) != NULL || strstr(text, " | ") != NULL ||
	    strstr(text, "-x2x4q") != NULL || strncmp(text, "nova-", 5) == 0 ||
	    strstr(text, "456789Z") != NULL)
		return;
	for (size_t i = 0; i < (syslog ? 3 : sizeof(wraps) / sizeof(wraps[0])); i++) {
		struct logline_zone zone = { .now = 1795296665 * CLOCK_US, .utc = true };
		struct logfold fold = { .any = false };
		struct buf wrapped = BUF_INIT;
		struct logline line;

		buf_puts(&wrapped, wraps[i].before);
		if (wraps[i].escaped)
			escaped_add(&wrapped, text);
		else
			buf_puts(&wrapped, text);
		buf_puts(&wrapped, wraps[i].behind);
		logline_read(&zone, buf_str(&wrapped), wrapped.len, &line);
		logfold_joins(&fold, &line);
		if (letters[line.level] != expected) {
			print_message("# %c, expected %c: %s\n", letters[line.level], expected,
				      buf_str(&wrapped));
			++*bad;
		}
		buf_release(&wrapped);
	}
}

static void levels_stay_where_others_wrap_the_line(void **state)
{
	size_t bad = 0;

	(void)state;
	samples_walk(sample_wrap, &bad);
	assert_int_equal(bad, 0);
}

/* ---- any column ---- */

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *const times[] = { "2026-11-21 21:31:05,123",
				     "2026-11-21T21:31:05.123456Z",
				     "[2026-11-21 21:31:05 +0000]",
				     "2026/11/21 21:31:05",
				     "21.11.2026 21:31:05",
				     "Nov 21 21:31:05",
				     "Sat Nov 21 21:31:05 2026",
				     "21:31:05.123",
				     "" };
static const char *const names[] = { "app",
				     "bot.core.sessions",
				     "[main]",
				     "worker-12",
				     "[http-nio-8080-exec-10]",
				     "(12)",
				     "a_rather_long_name_of_a_module_below_another_one",
				     "error.handler",
				     "12345" };
static const char *const levels[][5] = {
	/* debug, info, warning, error, critical */
	{ "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL" },
	{ "[DEBUG]", "[INFO]", "[WARN]", "[ERROR]", "[FATAL]" },
	{ "DBG", "INF", "WRN", "ERR", "FTL" },
	{ "[debug   ]", "[info    ]", "[warning ]", "[error   ]", "[critical]" },
	{ "<Debug>", "<Info>", "<Warning>", "<Error>", "<Fatal>" },
	{ "\033[34mDEBUG\033[0m", "\033[32mINFO \033[0m", "\033[33mWARN \033[0m",
	  "\033[31mERROR\033[0m", "\033[35mFATAL\033[0m" },
};
static const char *const between[] = { " ", "    ", "\t", " - ", " | " };
static const char *const texts[] = { "it runs", "ERROR: FATAL: no", "0 errors, 1 warning",
				     "[FATAL] [ERROR]", "level=error status=500" };

static size_t line_check(const char *line, size_t level)
{
	struct logline_zone zone = { .now = 1795296665 * CLOCK_US, .utc = true };
	struct logline read;

	logline_read(&zone, line, strlen(line), &read);
	if (read.level == LOGLEVEL_DEBUG + level)
		return 0;
	print_message("# %c, expected %c: %s\n", letters[read.level],
		      letters[LOGLEVEL_DEBUG + level], line);
	return 1;
}

/* Each time, name, way to write a level, what stands between them, and text, in both orders: the
 * level is where it is. */
static void levels_are_found_in_any_column(void **state)
{
	size_t bad = 0;
	char line[400];

	(void)state;
	for (size_t i = 0; i < COUNT(times) * COUNT(names) * COUNT(levels) * 5 * COUNT(between);
	     i++) {
		size_t rest = i / COUNT(times), level;
		const char *time = times[i % COUNT(times)], *name = names[rest % COUNT(names)],
			   *word, *sep, *text = texts[i % COUNT(texts)];

		rest /= COUNT(names);
		level = rest % 5;
		rest /= 5;
		word = levels[rest % COUNT(levels)][level];
		sep = between[rest / COUNT(levels)];
		snprintf(line, sizeof(line), "%s%s%s%s%s%s%s", time, *time ? sep : "", word, sep,
			 name, sep, text);
		bad += line_check(line, level);
		/* A name and a word are only a sentence, unless something tells them apart. */
		if (*time == '\0' && *sep != '\t' && strcmp(sep, " - ") != 0 &&
		    strcmp(sep, " | ") != 0)
			continue;
		snprintf(line, sizeof(line), "%s%s%s%s%s%s%s", time, *time ? sep : "", name, sep,
			 word, sep, text);
		bad += line_check(line, level);
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_are_those_that_a_person_gives),
		cmocka_unit_test(levels_stay_where_others_wrap_the_line),
		cmocka_unit_test(levels_are_found_in_any_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
