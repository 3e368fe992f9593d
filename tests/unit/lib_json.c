/* JSON with positions, and parameters in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/params.h"

/* ---- errors ---- */

static void expect_error(const char *text, const char *expected)
{
	struct jdoc doc;
	struct err err = ERR_INIT;

	assert_int_equal(jdoc_parse(&doc, "f", text, strlen(text), &err), -1);
	assert_string_equal(err.msg, expected);
	jdoc_release(&doc);
}

static void errors_name_themselves_and_their_place(void **state)
{
	(void)state;
	expect_error("\xef\xbb\xbf{}", "f:1:1: the file begins with a byte-order mark");
	expect_error("", "f:1:1: the file is empty");
	expect_error(" \n ", "f:2:2: the file is empty");
	expect_error("{\n  // why\n}", "f:2:3: a comment: JSON has none");
	expect_error("[1, /* one */ 2]", "f:1:5: a comment: JSON has none");
	expect_error("# x\n{}", "f:1:1: a comment: JSON has none");
	expect_error("{\"a\": \"x\ty\"}", "f:1:9: a tab in a string");
	expect_error("{\"a\": \"x\033\"}", "f:1:9: a control character in a string");
	expect_error("{\"a\": \"x\n\"}", "f:1:9: a string does not end on its line");
	expect_error("{\"a\": \"x", "f:1:7: a string is not closed");
	expect_error("{\"\xc3\xbc\": \"\xc3\"}", "f:1:8: invalid UTF-8");
	expect_error("{\"a\": 1,\n \"b\": {\"c\": 1},\n \"a\": 2}",
		     "f:3:2: duplicate key \"a\", first at 1:2");
	expect_error("{\"a\": 1, \"\\u0061\": 2}", "f:1:10: duplicate key \"a\", first at 1:2");
	expect_error("[1, 2, ]", "f:1:6: a comma before the closing bracket");
	expect_error("{\"a\": 1,\n}", "f:1:8: a comma before the closing bracket");
	expect_error("{\"a\" 1}", "f:1:6: \":\" behind the key is expected, not \"1\"");
	expect_error("{a: 1}", "f:1:2: a key in double quotes is expected, not \"a\"");
	expect_error("['a']", "f:1:2: a value is expected, not \"'\"");
	expect_error("{\"a\": 1 \"b\": 2}", "f:1:9: \",\" or \"}\" is expected, not \"\"\"");
	expect_error("[1", "f:1:3: the file ends where \",\" or \"]\" is expected");
	expect_error("{\"a\": ", "f:1:7: the file ends where a value is expected");
	expect_error("[01]", "f:1:2: a number with a leading zero");
	expect_error("[1.]", "f:1:4: a digit is expected, not \"]\"");
	expect_error("[tru]", "f:1:2: a value is expected, not \"t\"");
	expect_error("{} x", "f:1:4: more text behind the end of the document");
	expect_error("[\"\\x\"]", "f:1:3: an unknown escape in a string");
	expect_error("[\"\\u00\"]", "f:1:7: a hexadecimal digit is expected, not \"\"\"");
	expect_error("[\"\\ud800\"]", "f:1:3: half of a surrogate pair");
	expect_error("[\"\\u0000\"]", "f:1:3: \\u0000 in a string");
	expect_error("[\033]", "f:1:2: a value is expected, not \"^[\"");
}

static void deep_nesting_is_refused(void **state)
{
	char text[2001];
	struct jdoc doc;
	struct err err = ERR_INIT;

	(void)state;
	memset(text, '[', 2000);
	text[2000] = '\0';
	assert_int_equal(jdoc_parse(&doc, "f", text, 2000, &err), -1);
	assert_non_null(strstr(err.msg, "nested too deeply"));
	jdoc_release(&doc);
}

/* Whatever the scanner accepts jansson accepts, and the other way round. */
static void every_cut_and_changed_byte_is_judged_as_jansson_does(void **state)
{
	static const char text[] = "{\"a\":[1,-2.5e3,true,null,\"\\u00e9\\n\xc3\xbc\"],\"b\":{}}";
	size_t len = sizeof(text) - 1;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		for (int c = 1; c < 256; c++) {
			char copy[sizeof(text)];
			struct jdoc doc;
			json_t *json;
			int rc;

			memcpy(copy, text, sizeof(text));
			copy[i] = (char)c;
			json =
			    json_loadb(copy, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
			rc = jdoc_parse(&doc, "f", copy, len, NULL);
			if ((rc == 0) != (json != NULL))
				fail_msg("byte %zu as %d: %d against jansson", i, c, rc);
			jdoc_release(&doc);
			json_decref(json);
		}
	}
}

/* ---- positions ---- */

static void expect_at(struct jwhere where, int line, int column)
{
	assert_int_equal(where.line, line);
	assert_int_equal(where.column, column);
}

static void every_value_knows_its_place(void **state)
{
	static const char text[] = "{\n"
				   "  \"gr\xc3\xbc\xc3\x9f\": {\"x\": [10, {\"y\": true}]},\n"
				   "\t\"a/b\": \"~\",   \"c~d\": null\n"
				   "}\n";
	struct jdoc doc;

	(void)state;
	assert_int_equal(jdoc_parse(&doc, "f", text, strlen(text), NULL), 0);
	expect_at(jdoc_value(&doc, ""), 1, 1);
	expect_at(jdoc_key(&doc, "/gr\xc3\xbc\xc3\x9f"), 2, 3);
	expect_at(jdoc_value(&doc, "/gr\xc3\xbc\xc3\x9f"), 2, 11);   /* columns are characters */
	expect_at(jdoc_key(&doc, "/gr\xc3\xbc\xc3\x9f/x/1"), 2, 22); /* no key: the value */
	expect_at(jdoc_key(&doc, "/gr\xc3\xbc\xc3\x9f/x/1/y"), 2, 23);
	expect_at(jdoc_value(&doc, "/gr\xc3\xbc\xc3\x9f/x/1/y"), 2, 28);
	expect_at(jdoc_key(&doc, "/a~1b"), 3, 2);
	expect_at(jdoc_value(&doc, "/c~0d"), 3, 23);
	expect_at(jdoc_value(&doc, "/gr\xc3\xbc\xc3\x9f/missing/more"), 2, 11); /* the parent's */
	expect_at(jdoc_key(&doc, "/nothing"), 1, 1);
	jdoc_release(&doc);
}

static void files_are_named_in_errors(void **state)
{
	char path[] = "/tmp/backout-json.XXXXXX", expected[128];
	int fd = mkstemp(path);
	struct jdoc doc;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(write(fd, "[1,]", 4), 4);
	close(fd);
	assert_int_equal(jdoc_load(&doc, path, &err), -1);
	snprintf(expected, sizeof(expected), "%s:1:3: a comma before the closing bracket", path);
	assert_string_equal(err.msg, expected);
	jdoc_release(&doc);
	unlink(path);
	err_clear(&err);
	assert_int_equal(jdoc_load(&doc, path, &err), -1);
	assert_non_null(strstr(err.msg, path));
	jdoc_release(&doc);
}

/* ---- small helpers ---- */

static void lines_are_compact_and_ordered(void **state)
{
	json_t *value = json_loads("{\"b\": 62.3, \"a\": [1, \"\xc3\xbc\"]}", 0, NULL);
	char *line = json_line(value);

	(void)state;
	assert_string_equal(line, "{\"b\":62.3,\"a\":[1,\"\xc3\xbc\"]}");
	free(line);
	json_decref(value);
	value = json_text("a\xff\0b", 4);
	assert_string_equal(json_string_value(value), "a\\xFF\\x00b");
	json_decref(value);
}

static void members_have_fallbacks(void **state)
{
	json_t *value =
	    json_loads("{\"s\": \"x\", \"n\": 2, \"b\": true, \"d\": \"30s\"}", 0, NULL);

	(void)state;
	assert_string_equal(json_str(value, "s", "y"), "x");
	assert_string_equal(json_str(value, "n", "y"), "y");
	assert_true(json_num(value, "n", 0) > 1.9);
	assert_true(json_num(value, "s", 7) > 6.9);
	assert_int_equal(json_bool(value, "b", 0), 1);
	assert_int_equal(json_bool(value, "none", 1), 1);
	assert_int_equal(json_us(value, "d", 0), 30000000);
	assert_int_equal(json_us(value, "s", 5), 5);
	assert_null(json_str(NULL, "s", NULL));
	json_decref(value);
}

/* ---- parameters ---- */

static void expect_filled(const char *text, const char *expected)
{
	json_t *values = json_loads("{\"n\": 5, \"s\": \"a b\", \"yes\": true, \"r\": 2.5,"
				    " \"list\": [1], \"none\": null, \"loop\": \"${n}\"}",
				    0, NULL);
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	struct err err = ERR_INIT;
	json_t *filled = params_fill(value, values, &err);
	char *line = filled ? json_line(filled) : NULL;

	assert_string_equal(line ? line : err.msg, expected);
	free(line);
	json_decref(filled);
	json_decref(value);
	json_decref(values);
}

static void parameters_fill_strings(void **state)
{
	(void)state;
	expect_filled("\"plain\"", "\"plain\"");
	expect_filled("\"${n}\"", "5");
	expect_filled("\"${yes}\"", "true");
	expect_filled("\"${s}\"", "\"a b\"");
	expect_filled("\"x${n}\"", "\"x5\"");
	expect_filled("\"${n}${n}\"", "\"55\"");
	expect_filled("\"${r} ${yes} $\"", "\"2.5 true $\"");
	expect_filled("\"$${n} $$${n}\"", "\"${n} $${n}\"");
	expect_filled("\"$${\"", "\"${\"");
	expect_filled("\"${loop}\"", "\"${n}\""); /* values are not filled again */
	expect_filled("{\"${n}\": [\"-p${n}\", 1, {\"k\": \"${s}\"}]}",
		      "{\"${n}\":[\"-p5\",1,{\"k\":\"a b\"}]}");
	expect_filled("[1, true, null]", "[1,true,null]");
	expect_filled("[\"x\", \"${gone}\"]", "parameter \"gone\" has no value");
	expect_filled("\"${none}\"", "parameter \"none\" has no value");
	expect_filled("\"${list}\"",
		      "parameter \"list\" is neither text, nor a number, nor a boolean");
	expect_filled("\"a ${open\"", "\"${open\" is not closed with \"}\"");
}

static void collect(const char *name, size_t len, void *data)
{
	buf_add(data, name, len);
	buf_putc(data, ';');
}

static void parameters_are_listed(void **state)
{
	struct buf names = BUF_INIT;

	(void)state;
	params_each("${a} x $${b} ${c-d}${e", collect, &names);
	assert_string_equal(names.data, "a;c-d;e;");
	buf_release(&names);
}

static void parameters_reach_a_shell_as_variables(void **state)
{
	json_t *values = json_loads("{\"base-dir\": \"/a b\", \"n\": 5, \"on\": false}", 0, NULL);
	char **env = params_env(values);

	(void)state;
	assert_string_equal(env[0], "BACKOUT_BASE_DIR=/a b");
	assert_string_equal(env[1], "BACKOUT_N=5");
	assert_string_equal(env[2], "BACKOUT_ON=false");
	assert_null(env[3]);
	argv_free(env);
	json_decref(values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_name_themselves_and_their_place),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(every_cut_and_changed_byte_is_judged_as_jansson_does),
		cmocka_unit_test(every_value_knows_its_place),
		cmocka_unit_test(files_are_named_in_errors),
		cmocka_unit_test(lines_are_compact_and_ordered),
		cmocka_unit_test(members_have_fallbacks),
		cmocka_unit_test(parameters_fill_strings),
		cmocka_unit_test(parameters_are_listed),
		cmocka_unit_test(parameters_reach_a_shell_as_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
