/* Text from outside, readings, errors, and patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/reading.h"
#include "lib/rx.h"
#include "lib/text.h"

static void expect_clean(const char *bytes, size_t len, const char *expected)
{
	struct buf out = BUF_INIT;

	text_clean(&out, bytes, len);
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

#define CLEAN(literal, expected) expect_clean(literal, sizeof(literal) - 1, expected)

static void what_a_terminal_would_obey_becomes_visible(void **state)
{
	(void)state;
	CLEAN("", "");
	CLEAN("plain text", "plain text");
	CLEAN("a\033[31mred\a\b\r\n", "a^[[31mred^G^H^M^J");
	CLEAN("nul\0del\x7f", "nul^@del^?");
	CLEAN("\xc2\x9b"
	      "31m",
	      "\\x9B31m"); /* C1 CSI */
	CLEAN("\xe2\x80\xae"
	      "evil",
	      "<U+202E>evil"); /* right-to-left override */
	CLEAN("a\xe2\x81\xa6"
	      "b",
	      "a<U+2066>b"); /* isolate */
	CLEAN("a\xe2\x80\x8b"
	      "b",
	      "a<U+200B>b"); /* zero-width space */
	CLEAN("\xef\xbb\xbf"
	      "x",
	      "<U+FEFF>x");
	CLEAN("x\xef\xb8\x8f", "x<U+FE0F>");	/* variation selector */
	CLEAN("\xf3\xa0\x81\x81", "<U+E0041>"); /* tag */
	CLEAN("\xe2\x80\xa8", "<U+2028>");	/* line separator */
	CLEAN("gr\xc3\xbc\xc3\x9f \xe6\x97\xa5", "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5");
}

static void broken_utf8_becomes_visible(void **state)
{
	(void)state;
	CLEAN("\xff\xfe", "\\xFF\\xFE");
	CLEAN("a\xc3", "a\\xC3"); /* cut off */
	CLEAN("\xc3(", "\\xC3(");
	CLEAN("\xc0\xaf", "\\xC0\\xAF"); /* overlong */
	CLEAN("\xe0\x80\xaf", "\\xE0\\x80\\xAF");
	CLEAN("\xed\xa0\x80", "\\xED\\xA0\\x80");	   /* surrogate */
	CLEAN("\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"); /* past U+10FFFF */
	CLEAN("\x80", "\\x80");
}

static void a_tab_reaches_the_next_stop(void **state)
{
	(void)state;
	CLEAN("\tx", "        x");
	CLEAN("abc\tx", "abc     x");
	CLEAN("12345678\tx", "12345678        x");
	CLEAN("\xe6\x97\xa5\tx", "\xe6\x97\xa5      x");
}

static void cutting_keeps_characters_whole(void **state)
{
	char out[10];

	(void)state;
	assert_string_equal(text_clean_to(out, sizeof(out), "123456789", 9), "123456789");
	assert_string_equal(text_clean_to(out, sizeof(out), "1234567890", 10), "123456…");
	assert_string_equal(text_clean_to(out, sizeof(out), "12345\xc3\xbc\xc3\xbc\xc3\xbc", 11),
			    "12345…"); /* the sixth place would be half of a letter */
	assert_string_equal(text_clean_to(out, 2, "abc", 3), "");
	for (size_t size = 1; size < 10; size++) {
		text_clean_to(out, size, "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 10);
		assert_true(strlen(out) < size);
		for (size_t i = 0; out[i];) {
			int32_t cp;

			i += utf8_decode(out + i, strlen(out) - i, &cp);
			assert_true(cp >= 0);
		}
	}
}

static void decoding_and_encoding_are_inverse(void **state)
{
	(void)state;
	for (int32_t cp = 1; cp <= 0x10ffff; cp += cp < 0x900 ? 1 : 251) {
		struct buf out = BUF_INIT;
		int32_t back;

		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		utf8_put(&out, cp);
		assert_int_equal(utf8_decode(out.data, out.len, &back), out.len);
		assert_int_equal(back, cp);
		for (size_t cut = 1; cut < out.len; cut++) {
			assert_int_equal(utf8_decode(out.data, cut, &back), 1);
			assert_int_equal(back, -1);
		}
		buf_release(&out);
	}
}

static void widths_do_not_depend_on_the_locale(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("gr\xc3\xbc\xc3\x9f"), 4);
	assert_int_equal(text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4); /* two ideographs */
	assert_int_equal(text_width("e\xcc\x81"), 1);		     /* combining accent */
	assert_int_equal(text_width("\xf0\x9f\x94\xa5"), 2);	     /* fire */
	assert_int_equal(text_fit("abcdef", 4), 4);
	assert_int_equal(text_fit("ab", 4), 2);
	assert_int_equal(text_fit("\xe6\x97\xa5\xe6\x9c\xac", 3), 3);
	assert_int_equal(text_fit("e\xcc\x81x", 1), 3);
	assert_int_equal(text_fit("abc", 0), 0);
}

static void expect_wrap(const char *text, int columns, const char *expected)
{
	char joined[256] = "";

	for (const char *next = text; next;) {
		const char *line = next;
		size_t len;

		next = text_wrap(line, columns, &len);
		strncat(joined, line, len);
		strcat(joined, "|");
		assert_true(strlen(joined) < 200);
	}
	assert_string_equal(joined, expected);
}

static void wrapping_breaks_at_blanks(void **state)
{
	(void)state;
	expect_wrap("", 10, "|");
	expect_wrap("one two three", 20, "one two three|");
	expect_wrap("one two three", 7, "one two|three|");
	expect_wrap("one two three", 8, "one two|three|");
	expect_wrap("one two three", 6, "one|two|three|");
	expect_wrap("abcdefghij", 4, "abcd|efgh|ij|");
	expect_wrap("ab cdefghij", 4, "ab|cdef|ghij|");
	expect_wrap("a\nb\n\nc\n", 10, "a|b||c|");
	expect_wrap("  indented text", 12, "  indented|text|");
	expect_wrap("\xe6\x97\xa5\xe6\x9c\xac", 1, "\xe6\x97\xa5|\xe6\x9c\xac|");
	expect_wrap("end   ", 3, "end|");
	/* A path goes on behind a slash, when that wastes no more than half a line. */
	expect_wrap("/var/lib/shop/dumps", 11, "/var/lib/|shop/dumps|");
	expect_wrap("/a/bcdefghijkl", 8, "/a/bcdef|ghijkl|");
}

static void distance_counts_edits(void **state)
{
	(void)state;
	assert_int_equal(text_distance("", ""), 0);
	assert_int_equal(text_distance("abc", ""), 3);
	assert_int_equal(text_distance("procedure", "procedure"), 0);
	assert_int_equal(text_distance("procedure", "procedrue"), 1);
	assert_int_equal(text_distance("procedure", "procedur"), 1);
	assert_int_equal(text_distance("verify", "verfiy"), 1);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
}

static void readings_hold_one_clean_line(void **state)
{
	struct reading r;
	enum verdict verdict;
	char large[1000];

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	reading_value(&r, 5, 62.5, "%");
	assert_true(r.has_value && r.verdict == VERDICT_PASS && r.at == 5);
	assert_string_equal(r.unit, "%");
	reading_unknown(&r, 7, "no %s\n", "answer\033");
	assert_string_equal(r.evidence, "no answer^[^J");
	assert_false(r.has_value);
	assert_int_equal(r.verdict, VERDICT_UNKNOWN);
	reading_judge(&r, false, 7, "%s", large);
	assert_int_equal(r.verdict, VERDICT_FAIL);
	assert_true(strlen(r.evidence) < READING_TEXT && strlen(r.evidence) > READING_TEXT - 8);
	for (int v = VERDICT_UNKNOWN; v <= VERDICT_FAIL; v++) {
		assert_int_equal(verdict_parse(verdict_name((enum verdict)v), &verdict), 0);
		assert_int_equal(verdict, v);
	}
	assert_int_equal(verdict_parse("maybe", &verdict), -1);
}

static void the_first_error_wins(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_hint(&err, "no error yet"), -1);
	assert_string_equal(err.hint, "");
	errno = ENOENT;
	assert_int_equal(err_sys(&err, "%s", "file"), -1);
	assert_int_equal(errno, ENOENT);
	err_set(&err, "second");
	assert_string_equal(err.msg, "file: No such file or directory");
	err_hint(&err, "make it");
	err_hint(&err, "or not");
	assert_string_equal(err.hint, "make it");
	err_wrap(&err, "while %s", "reading");
	assert_string_equal(err.msg, "while reading: file: No such file or directory");
	for (int i = 0; i < 200; i++)
		err_wrap(&err, "again and again");
	assert_true(strlen(err.msg) < sizeof(err.msg));
	err_clear(&err);
	assert_false(err.set);
	assert_int_equal(err_set(NULL, "x") + err_sys(NULL, "x") + err_wrap(NULL, "x"), -3);
}

static void matches_follow_one_another(void **state)
{
	static const char text[] = "one two one";
	struct rx *rx = rx_new("^one|one$|\\bone", false, NULL);
	size_t from, to;

	(void)state;
	assert_true(rx_next(rx, text, strlen(text), 0, &from, &to));
	assert_int_equal(from, 0);
	assert_int_equal(to, 3);
	/* What stands before counts: this is no begin, and no word. */
	assert_true(rx_next(rx, text, strlen(text), 1, &from, &to));
	assert_int_equal(from, 8);
	assert_false(rx_next(rx, text, strlen(text), 9, &from, &to));
	assert_false(rx_next(rx, text, strlen(text), 99, &from, &to));
	rx_free(rx);
}

static void a_capital_letter_makes_a_pattern_exact(void **state)
{
	(void)state;
	assert_true(rx_ignores_case("key\\S+ error"));
	assert_true(rx_ignores_case("\xc3\xa4rger"));
	assert_false(rx_ignores_case("Key"));
	/* Letters beyond ASCII are those of the locale. */
	if (setlocale(LC_CTYPE, "C.UTF-8"))
		assert_false(rx_ignores_case("\xc3\x84rger"));
	setlocale(LC_CTYPE, "C");
}

static void patterns_find_and_fail_politely(void **state)
{
	struct err err = ERR_INIT;
	struct rx *rx = rx_new("took ([0-9]+) ms(!)?", false, &err);
	size_t from, to;

	(void)state;
	assert_true(rx_match(rx, "it took 12 ms", 13));
	assert_false(rx_match(rx, "it TOOK 12 ms", 13));
	assert_true(rx_find(rx, "it took 12 ms", 13, 1, &from, &to));
	assert_int_equal(from, 8);
	assert_int_equal(to, 10);
	assert_false(rx_find(rx, "it took 12 ms", 13, 2, &from, &to)); /* did not take part */
	assert_false(rx_find(rx, "it took 12 ms", 13, 3, &from, &to)); /* there is none */
	rx_free(rx);
	rx = rx_new("TOOK", true, &err);
	assert_true(rx_match(rx, "took", 4));
	assert_true(rx_match(rx, "\xff\xfe took \xff", 9)); /* broken bytes around it */
	rx_free(rx);
	rx = rx_new("^.$", false, &err);
	assert_true(rx_match(rx, "\xc3\xbc", 2)); /* one character */
	assert_false(rx_match(rx, "\xff", 1));	  /* none at all */
	rx_free(rx);
	assert_null(rx_new("a(b", false, &err));
	assert_non_null(strstr(err.msg, "offset 3"));
}

static void a_catastrophic_pattern_gives_up(void **state)
{
	struct rx *rx = rx_new("^(a+)+$", false, NULL);
	char text[64];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[63] = '!';
	assert_false(rx_match(rx, text, sizeof(text))); /* would take 2^63 steps */
	rx_free(rx);
}

static void buffers_grow_and_shrink(void **state)
{
	struct buf buf = BUF_INIT;
	char *text;

	(void)state;
	assert_string_equal(buf_str(&buf), "");
	for (int i = 0; i < 100; i++)
		buf_printf(&buf, "%d,", i);
	assert_int_equal(buf.len, 290);
	buf_drop(&buf, 2);
	assert_int_equal(strncmp(buf.data, "1,2,", 4), 0);
	buf_cut(&buf, 3);
	buf_putc(&buf, '\0');
	buf_puts(&buf, "x");
	assert_int_equal(buf.len, 5);
	text = buf_detach(&buf);
	assert_string_equal(text, "1,2");
	assert_null(buf.data);
	free(text);
	text = buf_detach(&buf);
	assert_string_equal(text, "");
	free(text);
}

static void numbers_keep_what_stands_before_the_point(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 0.12345, "0.1235" },
		{ 15.0432, "15.04" },
		{ 9999, "9999" },
		{ 15039, "15039" },
		{ 15039.6, "15040" },
		{ -123456, "-123456" },
		{ 1e12, "1000000000000" },
		{ 1e15, "1e+15" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(text_number(cases[i].value, text, sizeof(text)), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_keep_what_stands_before_the_point),
		cmocka_unit_test(what_a_terminal_would_obey_becomes_visible),
		cmocka_unit_test(broken_utf8_becomes_visible),
		cmocka_unit_test(a_tab_reaches_the_next_stop),
		cmocka_unit_test(cutting_keeps_characters_whole),
		cmocka_unit_test(decoding_and_encoding_are_inverse),
		cmocka_unit_test(widths_do_not_depend_on_the_locale),
		cmocka_unit_test(wrapping_breaks_at_blanks),
		cmocka_unit_test(distance_counts_edits),
		cmocka_unit_test(readings_hold_one_clean_line),
		cmocka_unit_test(the_first_error_wins),
		cmocka_unit_test(patterns_find_and_fail_politely),
		cmocka_unit_test(matches_follow_one_another),
		cmocka_unit_test(a_capital_letter_makes_a_pattern_exact),
		cmocka_unit_test(a_catastrophic_pattern_gives_up),
		cmocka_unit_test(buffers_grow_and_shrink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
