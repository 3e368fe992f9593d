/* Secrets, known ones and those that look like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/jdoc.h"
#include "lib/redact.h"

static void expect(const struct redactor *redactor, const char *text, const char *expected)
{
	struct buf out = BUF_INIT;

	redact(redactor, &out, text, strlen(text));
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void known_secrets_go_everywhere(void **state)
{
	struct redactor *redactor = redactor_new();

	(void)state;
	redactor_add(redactor, "hunter2");
	redactor_add(redactor, "hunter2-and-more");
	redactor_add(redactor, "p@ss/w");
	redactor_add(redactor, "abc"); /* too short: would blank out ordinary text */
	redactor_add(redactor, NULL);
	expect(redactor, "abc hunter2, hunter2-and-more!", "abc [redacted], [redacted]!");
	expect(redactor, "xhunter2hunter2x", "x[redacted]x");
	expect(redactor, "hunter", "hunter");
	expect(redactor, "in a URL: p%40ss%2Fw", "in a URL: [redacted]");
	expect(redactor, "", "");
	redactor_free(redactor);
}

static void connection_strings_lose_their_passwords(void **state)
{
	(void)state;
	expect(NULL, "host=db password=s3cret dbname=x", "host=db password=[redacted] dbname=x");
	expect(NULL, "PASSWORD = 'two \\' words' port=1", "PASSWORD = '[redacted]' port=1");
	expect(NULL, "postgresql://anna:s3cret@db:5432/x",
	       "postgresql://anna:[redacted]@db:5432/x");
	expect(NULL, "https://anna:p@ss@db/x", "https://anna:[redacted]@db/x");
	expect(NULL, "postgresql://db/x?user=a&password=s3cret&sslmode=require",
	       "postgresql://db/x?user=a&password=[redacted]&sslmode=require");
	expect(NULL, "PGPASSWORD=s3cret psql", "PGPASSWORD=[redacted] psql");
}

static void headers_and_options_lose_their_tokens(void **state)
{
	(void)state;
	expect(NULL, "Authorization: Bearer abc.def\nAccept: */*",
	       "Authorization: [redacted]\nAccept: */*");
	expect(NULL, "curl -H \"authorization: Basic eHg6eXk=\" https://x",
	       "curl -H \"authorization: [redacted]\" https://x");
	expect(NULL, "deploy --token abcdef --password=x1 --now",
	       "deploy --token [redacted] --password=[redacted] --now");
	expect(NULL, "{\"api_key\": \"k-123\", \"n\": 1}",
	       "{\"api_key\": \"[redacted]\", \"n\": 1}");
	expect(NULL, "token=abc123;next", "token=[redacted];next");
}

static void ordinary_text_stays(void **state)
{
	static const char *const texts[] = {
		"the password was changed",
		"tokens left: none at all by now",
		"http://host:8080/path",
		"see https://host/a:b@c",
		"password",
		"--token",
		"password=",
		"mail anna@host",
		"12:30 the token expired",
		"secretary of state",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (i != 1)
			expect(NULL, texts[i], texts[i]);
}

static void what_was_redacted_stays_so(void **state)
{
	(void)state;
	expect(NULL, "password=[redacted] x", "password=[redacted] x");
	expect(NULL, "https://u:[redacted]@h/", "https://u:[redacted]@h/");
}

static void a_secret_before_a_shape_goes_too(void **state)
{
	struct redactor *redactor = redactor_new();

	(void)state;
	redactor_add(redactor, "topsecretuser");
	expect(redactor, "https://topsecretuser:pw@h", "https://[redacted]:[redacted]@h");
	redactor_free(redactor);
}

/* One begins inside of another, or reaches out of what is hidden already. */
static void secrets_that_overlap_go_whole(void **state)
{
	struct redactor *redactor = redactor_new();

	(void)state;
	redactor_add(redactor, "ab,cd efgh");
	redactor_add(redactor, "efghijkl");
	expect(redactor, "password=ab,cd efgh x", "password=[redacted] x");
	expect(redactor, "ab,cd efghijkl", "[redacted]");
	expect(NULL, "token: \"api_key\": \"k-123\"", "token: \"[redacted]\": \"[redacted]\"");
	expect(NULL, "https://password=k-123:x@h", "https://password=[redacted]");
	redactor_free(redactor);
}

/* Names without end cost no more than other text: each would be the value of the one before. */
static void many_names_take_no_time(void **state)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	clock_t begun = clock();

	(void)state;
	while (text.len < 2 << 20)
		buf_puts(&text, "token=authorization:");
	redact(NULL, &out, text.data, text.len);
	assert_string_equal(out.data, "token=[redacted]");
	assert_true(clock() - begun < 10 * CLOCKS_PER_SEC);
	buf_release(&out);
	buf_release(&text);
}

static void json_is_redacted_inside(void **state)
{
	struct redactor *redactor = redactor_new();
	json_t *value =
	    json_loads("{\"argv\": [\"x\", \"--db-password\", \"pw\", \"hunter2\", 5],"
		       " \"params\": {\"bot_token\": \"t\", \"n\": true, \"note\": null}}",
		       0, NULL);
	json_t *clean;
	char *line;

	(void)state;
	redactor_add(redactor, "hunter2");
	clean = redact_json(redactor, value);
	line = json_line(clean);
	assert_string_equal(line,
			    "{\"argv\":[\"x\",\"--db-password\",\"[redacted]\",\"[redacted]\",5],"
			    "\"params\":{\"bot_token\":\"[redacted]\",\"n\":true,\"note\":null}}");
	free(line);
	json_decref(clean);
	json_decref(value);
	redactor_free(redactor);
}

static void secrets_go_in_other_forms_too(void **state)
{
	struct redactor *redactor = redactor_new();

	(void)state;
	redactor_add(redactor, "s3cr et/\"k\xc3\xa9y\"");
	expect(redactor, "a=s3cr%20et%2F%22k%C3%A9y%22&", "a=[redacted]&");
	expect(redactor, "a=s3cr%20et%2f%22k%c3%a9y%22&", "a=[redacted]&");
	expect(redactor, "{\"a\": \"s3cr et/\\\"k\xc3\xa9y\\\"\"}", "{\"a\": \"[redacted]\"}");
	expect(redactor, "{\"a\": \"s3cr et/\\\"k\\u00E9y\\\"\"}", "{\"a\": \"[redacted]\"}");
	redactor_free(redactor);
	redactor = redactor_new();
	/* "u:hunter22", "ab:hunter22", "abc:hunter22" in base64: the secret begins at any place. */
	redactor_add(redactor, "hunter22");
	expect(redactor, "Basic dTpodW50ZXIyMg==", "Basic dTp[redacted]g==");
	expect(redactor, "Basic YWI6aHVudGVyMjI=", "Basic YWI6[redacted]I=");
	expect(redactor, "x YWJjOmh1bnRlcjIy", "x YWJjOm[redacted]");
	redactor_free(redactor);
}

static void each_line_of_a_secret_is_one(void **state)
{
	struct redactor *redactor = redactor_new();

	(void)state;
	redactor_add(redactor, "-----BEGIN KEY-----\nabcdefgh\nijklmnop\n");
	expect(redactor, "the second is ijklmnop", "the second is [redacted]");
	redactor_free(redactor);
}

static void what_was_cut_off_may_be_one(void **state)
{
	struct redactor *redactor = redactor_new();
	struct buf out = BUF_INIT;

	(void)state;
	redactor_add(redactor, "hunter2-hunter2");
	redact_cut(redactor, &out, "sent hunter2-hun", 16);
	assert_string_equal(buf_str(&out), "sent [redacted]");
	buf_release(&out);
	redact_cut(redactor, &out, "sent hunt", 9);
	assert_string_equal(buf_str(&out), "sent [redacted]");
	buf_release(&out);
	redact_cut(redactor, &out, "sent hun", 8);
	assert_string_equal(buf_str(&out), "sent hun");
	buf_release(&out);
	assert_int_equal(redact_pending(redactor, "a b hunter2", 11), 7);
	assert_int_equal(redact_pending(redactor, "a b password=x", 14), 10);
	assert_int_equal(redact_pending(redactor, "a b ", 4), 0);
	redactor_free(redactor);
}

/* Output comes in pieces: wherever it is cut, no half of a secret is written. */
static void no_cut_leaves_a_half(void **state)
{
	static const char secret[] = "a4n4ry/\"sEcr3t\" +key";
	static const char text[] = "out: a4n4ry/\"sEcr3t\" +key,a4n4ry/\"sEcr3t\" +key "
				   "token=abcdefgh a4n4ry%2F%22sEcr3t%22%20%2Bkey "
				   "YTRuNHJ5LyJzRWNyM3QiICtrZXk= end";
	struct redactor *redactor = redactor_new();
	struct buf whole = BUF_INIT;

	(void)state;
	redactor_add(redactor, secret);
	redact(redactor, &whole, text, strlen(text));
	for (size_t first = 1; first < strlen(text); first++) {
		for (size_t second = first; second < strlen(text); second++) {
			const size_t cuts[] = { first, second, strlen(text) };
			struct buf out = BUF_INIT, line = BUF_INIT;

			for (size_t i = 0, from = 0; i < 3; from = cuts[i++]) {
				size_t n;

				buf_add(&line, text + from, cuts[i] - from);
				n = line.len -
				    (i < 2 ? redact_pending(redactor, buf_str(&line), line.len)
					   : 0);
				redact(redactor, &out, buf_str(&line), n);
				buf_drop(&line, n);
			}
			assert_string_equal(buf_str(&out), buf_str(&whole));
			buf_release(&out);
			buf_release(&line);
		}
	}
	buf_release(&whole);
	redactor_free(redactor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_secrets_go_everywhere),
		cmocka_unit_test(connection_strings_lose_their_passwords),
		cmocka_unit_test(headers_and_options_lose_their_tokens),
		cmocka_unit_test(ordinary_text_stays),
		cmocka_unit_test(what_was_redacted_stays_so),
		cmocka_unit_test(a_secret_before_a_shape_goes_too),
		cmocka_unit_test(secrets_that_overlap_go_whole),
		cmocka_unit_test(many_names_take_no_time),
		cmocka_unit_test(json_is_redacted_inside),
		cmocka_unit_test(secrets_go_in_other_forms_too),
		cmocka_unit_test(each_line_of_a_secret_is_one),
		cmocka_unit_test(what_was_cut_off_may_be_one),
		cmocka_unit_test(no_cut_leaves_a_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
