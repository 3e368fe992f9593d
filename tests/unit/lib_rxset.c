#include "tests/unit/scratch.h"

#include "lib/rxset.h"
#include "lib/rxtexts.h"

/* ---- texts ---- */

static void check_texts(const char *pattern, const char *expected)
{
	char *texts[RXTEXTS_MAX], all[400] = "";
	size_t n = rxtexts_of(pattern, texts);

	for (size_t i = 0; i < n; i++) {
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i > 0 ? "|" : "",
			 texts[i]);
		free(texts[i]);
	}
	if (strcmp(all, expected) != 0)
		fail_msg("%s: texts \"%s\", expected \"%s\"", pattern, all, expected);
}

static void texts_are_in_every_match(void **state)
{
	(void)state;
	check_texts("bot is ready", "bot is ready");
	check_texts("^bot is (very )?ready$", "bot is ");
	check_texts("heartbeat ok|bot is ready", "heartbeat ok|bot is ready");
	check_texts("[Rr]ate.?limit|429 Too Many", "limit|429 Too Many");
	check_texts("!teams? failed", " failed");
	check_texts("!teams \\d{4}-\\d\\d answered", " answered");
	check_texts("(asyncpg|psycopg2?|sqlite3)\\.|Error", "asyncpg|psycopg|sqlite3|Error");
	check_texts("a+bcd", "bcd");
	check_texts("abc*", "");
	check_texts("abcd*e", "abc");
	check_texts("abc{2}de", "abc");
	check_texts("a\\.b\\[c", "a.b[c");
	check_texts("x(?:abc|def)y", "abc|def");
	check_texts("x(abc|d)y", "");
	check_texts("(abc)?defg", "defg");
	check_texts("(abc)*", "");
	check_texts("(abc)+", "abc");
	check_texts("[]abc]defg", "defg");
	/* Not understood: then it runs on every line. */
	check_texts("(?i)abcdef", "");
	check_texts("abc\\x41", "");
	check_texts("\\Qa.b.c\\E", "");
	check_texts("(?=abc)def", "");
	check_texts("[[:alpha:]]abcdef", "");
	check_texts("ab", "");
	check_texts("", "");
	check_texts("abcd|", "");
	check_texts("\303\244+xyz", "");
}

/* Patterns at random: whatever matches has one of the texts. */
static void no_match_lacks_them(void **state)
{
	static const char *const parts[] = { "abc",	  "d",	 "a?",		"b*",	   "c+",
					     "[abc]",	  ".",	 "|",		"(ab|cd)", "(bc)?",
					     "(?:a|bcd)", "\\.", "d{2}",	"a{0,2}",  "\\w",
					     "^",	  "$",	 "(b|(ca|ad)+)" };
	uint32_t seed = 7;
	int matched = 0;

	(void)state;
	for (int round = 0; round < 60000; round++) {
		char pattern[120] = "", line[80], *texts[RXTEXTS_MAX];
		size_t n, len = 0;
		struct rx *rx;
		bool has = false;

		for (int i = 0; i < 5; i++) {
			seed = seed * 1664525 + 1013904223;
			strcat(pattern, parts[(seed >> 12) % (sizeof(parts) / sizeof(parts[0]))]);
		}
		for (; len < sizeof(line) - 1; len++) {
			seed = seed * 1664525 + 1013904223;
			line[len] = "abcd."[(seed >> 12) % 5];
		}
		line[len] = '\0';
		rx = rx_new(pattern, false, NULL);
		if (rx == NULL)
			continue;
		n = rxtexts_of(pattern, texts);
		for (size_t i = 0; i < n; i++) {
			has = has || strstr(line, texts[i]) != NULL;
			free(texts[i]);
		}
		if (n > 0 && rx_match(rx, line, len)) {
			matched++;
			if (!has)
				fail_msg("%s matches %s without its texts", pattern, line);
		}
		rx_free(rx);
	}
	assert_in_range(matched, 200, 20000);
}

/* ---- sets ---- */

/* Each line of a block, once by the set and once by each pattern alone. */
static void sets_find_what_each_finds(void **state)
{
	static const char *const patterns[] = { "heartbeat blocked",
						"heartbeat",
						"beat b",
						"relation \"[^\"]+\" does not exist",
						"\\d{5}",
						"(cat|dog)s?",
						"ready$" };
	enum { N = sizeof(patterns) / sizeof(patterns[0]), BYTES = 20000 };
	static const char *const words[] = {
		"heartbeat ",	   "blocked",	     "cat",   "dogs ", "ready", "\n",
		"relation \"x\" ", "does not exist", "12345", " ",     "be"
	};
	struct rxset *set = rxset_new(patterns, N, NULL);
	struct rx *rx[N];
	char *block = xmalloc(BYTES + 40);
	const char *end, *nl;
	size_t len = 0, matched = 0;
	int hits;
	uint32_t seed = 3;

	(void)state;
	assert_non_null(set);
	for (size_t i = 0; i < N; i++)
		rx[i] = rx_new(patterns[i], false, NULL);
	while (len < BYTES) {
		const char *word;

		seed = seed * 1664525 + 1013904223;
		word = words[(seed >> 12) % (sizeof(words) / sizeof(words[0]))];
		memcpy(block + len, word, strlen(word));
		len += strlen(word);
	}
	end = block + len;
	/* Whatever was sampled: nothing, the block itself, something else. */
	for (int round = 0; round < 3; round++) {
		if (round == 1)
			rxset_sample(set, block, len);
		if (round == 2)
			rxset_sample(set, "cat cat dog dog heartbeat ready", 31);
		hits = 0;
		for (const char *p = block; p < end; p = nl + 1) {
			bool found[N] = { false };

			nl = memchr(p, '\n', (size_t)(end - p));
			if (nl == NULL)
				break;
			/* In the whole block, and in the line alone, begun anew at each place. */
			for (const char *at = p; (at = rxset_next(set, block, at, end)) < nl;
			     at++) {
				hits++;
				rxset_mark(set, block, at, end, found);
			}
			for (const char *at = p; (at = rxset_next(set, p, at, nl)) < nl; at++)
				hits--;
			for (size_t i = 0; i < N; i++) {
				bool alone = rx_match(rx[i], p, (size_t)(nl - p));
				bool both = (found[i] || rxset_always(set, i)) &&
					    rxset_match(set, i, p, (size_t)(nl - p));

				matched += alone;
				assert_int_equal(alone, both);
			}
		}
		assert_int_equal(hits, 0);
	}
	assert_in_range(matched, 300, 60000);
	for (size_t i = 0; i < N; i++)
		rx_free(rx[i]);
	rxset_free(set);
	free(block);
}

static void bad_patterns_are_told(void **state)
{
	static const char *const patterns[] = { "good", "bad(" };
	struct err err = ERR_INIT;

	(void)state;
	assert_null(rxset_new(patterns, 2, &err));
	assert_non_null(strstr(err.msg, "bad("));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_in_every_match),
		cmocka_unit_test(no_match_lacks_them),
		cmocka_unit_test(sets_find_what_each_finds),
		cmocka_unit_test(bad_patterns_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
