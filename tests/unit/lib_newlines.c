#include "tests/unit/scratch.h"

#include "lib/newlines.h"

/* Bytes at random, all lengths up to a piece and any place in memory: what memchr() finds. */
static void newlines_are_those_that_memchr_finds(void **state)
{
	static const unsigned every[] = { 1, 2, 7, 60, 500, 100000 };
	struct newlines newlines;
	char *bytes = xmalloc(NEWLINES_PIECE + 64);
	uint32_t seed = 5;

	(void)state;
	for (int round = 0; round < 600; round++) {
		size_t len = round < 200 ? (size_t)round : NEWLINES_PIECE - (size_t)round % 130,
		       skew = (size_t)round % 64, n = 0;
		unsigned one_of = every[(size_t)round % (sizeof(every) / sizeof(every[0]))];
		char *at = bytes + skew;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			at[i] = (seed >> 8) % one_of == 0 ? '\n' : (char)(seed >> 24 | 0x80);
		}
		newlines_find(&newlines, at, len);
		for (const char *p = at; (p = memchr(p, '\n', (size_t)(at + len - p))) != NULL;
		     p++) {
			assert_true(n < newlines.n);
			assert_int_equal(newlines.at[n], p - at);
			n++;
		}
		assert_int_equal(newlines.n, n);
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newlines_are_those_that_memchr_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
