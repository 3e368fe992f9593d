/* A line taken apart without a tree says what jansson says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/jflat.h"

static const enum jflat_kind kinds[] = {
	[JSON_OBJECT] = JFLAT_OBJECT, [JSON_ARRAY] = JFLAT_ARRAY,     [JSON_STRING] = JFLAT_STRING,
	[JSON_REAL] = JFLAT_REAL,     [JSON_INTEGER] = JFLAT_INTEGER, [JSON_TRUE] = JFLAT_TRUE,
	[JSON_FALSE] = JFLAT_FALSE,   [JSON_NULL] = JFLAT_NULL,
};

static void assert_same_member(const struct jflat *flat, const char *name, json_t *value,
			       const char *text)
{
	const struct jflat_member *member = jflat_get(flat, name);
	json_t *back = jflat_json(flat, name);

	if (!member || member->kind != kinds[json_typeof(value)] || !json_equal(back, value))
		fail_msg("member %s differs in %s", name, text);
	if (member->kind == JFLAT_STRING)
		assert_memory_equal(jflat_str(flat, name, "?"), json_string_value(value),
				    json_string_length(value) + 1);
	if (json_is_number(value))
		assert_true(jflat_num(flat, name, -1) == json_number_value(value));
	json_decref(back);
}

/* True when both take it. */
static bool assert_same(struct jflat *flat, const char *text, size_t len)
{
	json_t *tree = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL), *value;
	const char *name;

	if (!json_is_object(tree)) {
		json_decref(tree);
		tree = NULL;
	}
	if ((jflat_read(flat, text, len) == 0) != (tree != NULL))
		fail_msg("jansson %s: %.*s", tree ? "takes" : "refuses", (int)len, text);
	if (tree)
		assert_int_equal(flat->n, json_object_size(tree));
	json_object_foreach(tree, name, value)
		assert_same_member(flat, name, value, text);
	json_decref(tree);
	return tree != NULL;
}

static const char *const good[] = {
	"{}",
	" { } ",
	"{\"a\":1,\"b\":-2.5,\"c\":true,\"d\":false,\"e\":null,\"f\":\"x\"}",
	"{\"seq\":12,\"by\":{\"user\":\"anna\",\"host\":\"db1\"},\"plan\":[\"a\",[1,{}],\"b\"]}",
	"{\"t\":\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"}",
	"{\"t\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 plain\"}",
	"{\"n\\u0061me\":1}",
	"{\"nul\":\"a\\u0000b\"}",
	"{\"e\":1e5,\"f\":-1.25E-3,\"g\":0,\"h\":-0,\"i\":9223372036854775807}",
	("{\"deep\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
	 "]"
	 "}"),
	"{\"o\":{\"\\u0061\":1,\"b\":{\"a\":1}},\"p\":{\"a\":1}}",
};

static const char *const bad[] = {
	"",
	"[]",
	"{",
	"{}x",
	"{\"a\":1,}",
	"{\"a\" 1}",
	"{\"a\":}",
	"{a:1}",
	"{\"a\":1,\"a\":2}",
	"{\"a\":1,\"\\u0061\":2}",
	"{\"o\":{\"a\":1,\"a\":2}}",
	"{\"o\":{\"a\":1,\"\\u0061\":2}}",
	"{\"a\":01}",
	"{\"a\":1.}",
	"{\"a\":.5}",
	"{\"a\":-}",
	"{\"a\":1e}",
	"{\"a\":1e999}",
	"{\"a\":99999999999999999999}",
	"{\"a\":tru}",
	"{\"a\":\"x}",
	"{\"a\":\"\x01\"}",
	"{\"a\":\"\\x\"}",
	"{\"a\":\"\\u12g4\"}",
	"{\"a\":\"\\ud800\"}",
	"{\"a\":\"\\udc00\"}",
	"{\"a\":\"\\ud800\\u0041\"}",
	"{\"a\":\"\xc3\"}",
	"{\"a\":\"\xc0\x80\"}",
	"{\"a\":\"\xed\xa0\x80\"}",
	"{\"a\":\"\xf4\x90\x80\x80\"}",
	"{\"a\\u0000b\":1}",
	"{\"a\":[1,2}",
};

static void test_texts(void **state)
{
	struct jflat flat = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(assert_same(&flat, good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(assert_same(&flat, bad[i], strlen(bad[i])));
	jflat_release(&flat);
}

/* Whatever is changed in a good text, both agree. */
static void test_changed_texts(void **state)
{
	static const char pieces[] =
	    "\"\\{}[],:0123456789eE+-.tfnu \t\x01\x7f\x80\xbf\xc2\xe0\xed\xf4";
	struct jflat flat = { .n = 0 };
	uint32_t random = 1;
	size_t taken = 0;
	char text[200];

	(void)state;
	for (int round = 0; round < 300000; round++) {
		const char *from = good[(size_t)round % (sizeof(good) / sizeof(good[0]))];
		size_t len = strlen(from);

		memcpy(text, from, len);
		for (int change = round % 3; change >= 0; change--) {
			random = random * 1664525 + 1013904223;
			text[(random >> 8) % len] = pieces[(random >> 24) % (sizeof(pieces) - 1)];
		}
		taken += assert_same(&flat, text, len);
	}
	assert_true(taken > 1000);
	jflat_release(&flat);
}

/* More names than are remembered, more members than there may be. */
static void test_many(void **state)
{
	struct jflat flat = { .n = 0 };
	struct buf text = BUF_INIT;

	(void)state;
	buf_puts(&text, "{\"seal\":{");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%s\"out/%d.log\":\"x\"", i ? "," : "", i);
	buf_puts(&text, "}}");
	assert_true(assert_same(&flat, text.data, text.len));
	buf_cut(&text, text.len - 2);
	buf_puts(&text, ",\"out/7.log\":1}}");
	assert_false(assert_same(&flat, text.data, text.len));
	buf_cut(&text, 0);
	for (int i = 0; i < JFLAT_MAX; i++)
		buf_printf(&text, "%c\"%d\":1", i ? ',' : '{', i);
	buf_puts(&text, "}");
	assert_true(assert_same(&flat, text.data, text.len));
	buf_cut(&text, text.len - 1);
	buf_puts(&text, ",\"one more\":1}");
	assert_int_equal(jflat_read(&flat, text.data, text.len), -1);
	buf_release(&text);
	jflat_release(&flat);
}

static void test_missing(void **state)
{
	static const char text[] = "{\"a\":\"x\",\"b\":1,\"c\":true}";
	struct jflat flat = { .n = 0 };

	(void)state;
	assert_int_equal(jflat_read(&flat, text, strlen(text)), 0);
	assert_string_equal(jflat_str(&flat, "b", "none"), "none");
	assert_string_equal(jflat_str(&flat, "d", "none"), "none");
	assert_true(jflat_num(&flat, "a", 7) == 7);
	assert_true(jflat_true(&flat, "c"));
	assert_false(jflat_true(&flat, "a"));
	assert_null(jflat_json(&flat, "d"));
	assert_int_equal(jflat_read(&flat, "{", 1), -1);
	assert_null(jflat_get(&flat, "a"));
	jflat_release(&flat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_changed_texts),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
