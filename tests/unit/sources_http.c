#include "tests/unit/httpserver.h"

#include "lib/clock.h"
#include "lib/http.h"
#include "lib/loop.h"
#include "sources/probe.h"

/* ---- the driver ---- */

static void an_answer_is_read(void **state)
{
	struct http_request request = request_for(*state, "http://localhost/health");
	struct http_reply reply;
	struct err err = ERR_INIT;

	assert_int_equal(http_get(&request, &reply, &err), 0);
	assert_int_equal(reply.status, 200);
	assert_true(reply.elapsed_us > 0);
	assert_string_equal(buf_str(&reply.body),
			    "{\"status\": \"ok\", \"db\": {\"up\": true, \"pool\": [1, 2]}}\n");
	http_reply_release(&reply);
	request.url = "http://localhost/error";
	assert_int_equal(http_get(&request, &reply, &err), 0);
	assert_int_equal(reply.status, 503);
	assert_string_equal(buf_str(&reply.body), "down");
	http_reply_release(&reply);
}

static void a_large_body_is_cut(void **state)
{
	struct http_request request = request_for(*state, "http://localhost/big");
	struct http_reply reply;

	for (int round = 0; round < 2; round++) {
		request.max = round == 0 ? 1000 : BIG + 1;
		assert_int_equal(http_get(&request, &reply, NULL), 0);
		assert_int_equal(reply.status, 200);
		assert_int_equal(reply.body.len, round == 0 ? 1000 : BIG);
		assert_true((reply.lost > 0) == (round == 0));
		assert_int_equal(buf_str(&reply.body)[0], 'x');
		http_reply_release(&reply);
	}
}

/* Nobody waits for what isn't wanted: neither this process nor the network carry it. */
static void a_body_without_end_is_cut(void **state)
{
	struct http_request request = request_for(*state, "http://localhost/endless");
	int64_t start = clock_mono(&clock_system);
	struct http_reply reply;

	assert_int_equal(http_get(&request, &reply, NULL), 0);
	assert_true(clock_mono(&clock_system) - start < PATIENCE_US / 2);
	assert_int_equal(reply.status, 200);
	assert_int_equal(reply.body.len, 1 << 20);
	assert_true(reply.lost > 0 && reply.lost < (4 << 20));
	http_reply_release(&reply);
}

static void odd_servers_are_read_as_they_are(void **state)
{
	struct http_request request = request_for(*state, "http://localhost/moved");
	struct http_reply reply;

	assert_int_equal(http_get(&request, &reply, NULL), 0);
	assert_int_equal(reply.status, 302);
	assert_string_equal(reply.line, "HTTP/1.1 302 Found");
	http_reply_release(&reply);
	request.url = "http://localhost/packed";
	assert_int_equal(http_get(&request, &reply, NULL), 0);
	assert_string_equal(buf_str(&reply.body), "{\"packed\": true}");
	assert_string_equal(reply.kind, "application/json");
	assert_int_equal(reply.expires, 0);
	http_reply_release(&reply);
	request.url = "http://localhost/stall";
	request.timeout_us = CLOCK_US / 2;
	assert_int_equal(http_get(&request, &reply, NULL), 0);
	assert_int_equal(reply.status, 0);
	assert_non_null(strstr(reply.why, "no answer in time: "));
	http_reply_release(&reply);
}

static void headers_go_as_they_are_and_not_into_argv(void **state)
{
	struct http_request request = request_for(*state, "http://localhost/header");
	json_t *headers = json_pack("{s:s}", "X-Token", "se\"cret\\");
	struct http_reply reply;
	struct err err = ERR_INIT;

	request.headers = headers;
	assert_int_equal(http_get(&request, &reply, &err), 0);
	assert_int_equal(reply.status, 200);
	http_reply_release(&reply);
	json_object_set_new(headers, "X-Evil", json_string("a\nurl = \"file:///etc/passwd\""));
	assert_int_equal(http_get(&request, &reply, &err), -1);
	assert_true(err.set);
	http_reply_release(&reply);
	json_decref(headers);
}

static void no_answer_has_a_reason(void **state)
{
	struct fixture *f = *state;
	struct http_request request = request_for(f, "http://localhost/silent");
	struct http_reply reply;
	struct err err = ERR_INIT;

	request.timeout_us = CLOCK_US / 4;
	assert_int_equal(http_get(&request, &reply, &err), 0);
	assert_int_equal(reply.status, 0);
	assert_non_null(strstr(reply.why, "timed out"));
	http_reply_release(&reply);
	request = request_for(f, "http://localhost/broken");
	assert_int_equal(http_get(&request, &reply, &err), 0);
	assert_int_equal(reply.status, 0);
	assert_string_not_equal(reply.why, "");
	http_reply_release(&reply);
	request = request_for(f, "http://localhost/");
	request.socket = "/no/such/socket";
	assert_int_equal(http_get(&request, &reply, &err), 0);
	assert_int_equal(reply.status, 0);
	assert_string_not_equal(reply.why, "");
	http_reply_release(&reply);
	assert_false(err.set);
	request.url = "file:///etc/passwd";
	assert_int_equal(http_get(&request, &reply, &err), -1);
	http_reply_release(&reply);
}

static void urls_are_shown_without_secrets(void **state)
{
	char text[100];

	(void)state;
	assert_string_equal(http_url_text("https://bob:pass@host:8080/a/b?token=1#x", text,
					  sizeof(text)),
			    "https://host:8080/a/b");
	assert_string_equal(http_url_text("http://host/a@b", text, sizeof(text)),
			    "http://host/a@b");
}

/* ---- the source ---- */

static struct reading read_metric(struct source *source, const char *read)
{
	json_t *metric = json_pack("{s:s}", "read", read);
	struct reading reading = { 0 };

	source->type->read(source, metric, 0, &reading);
	json_decref(metric);
	return reading;
}

static void the_source_reads_beside_the_loop(void **state)
{
	struct fixture *f = *state;
	struct loop *loop = loop_new(&clock_system, NULL);
	struct source_env env = { .loop = loop, .clock = &clock_system };
	json_t *args =
	    json_pack("{s:s, s:s}", "url", "http://localhost/health", "socket", f->socket);
	struct source *source = source_type("http")->open(&env, "health", args, NULL);
	int64_t give_up = clock_mono(&clock_system) + PATIENCE_US;

	assert_non_null(source);
	assert_int_equal(read_metric(source, "ms").verdict, VERDICT_UNKNOWN);
	source->type->sample(source);
	while (read_metric(source, "ms").verdict == VERDICT_UNKNOWN &&
	       clock_mono(&clock_system) < give_up)
		loop_turn(loop, 100, NULL);
	assert_float_equal(read_metric(source, "status").value, 200, 0);
	assert_float_equal(read_metric(source, "up").value, 1, 0);
	assert_string_equal(read_metric(source, "ms").unit, "ms");
	source_close(source);
	/* Closed with a request under way. */
	json_object_set_new(args, "url", json_string("http://localhost/silent"));
	source = source_type("http")->open(&env, "health", args, NULL);
	source->type->sample(source);
	source_close(source);
	loop_free(loop);
	json_decref(args);
}

/* Without curl nobody knows whether the URL answers. */
static void a_url_that_cannot_be_asked_is_not_down(void **state)
{
	struct fixture *f = *state;
	struct loop *loop = loop_new(&clock_system, NULL);
	char *path = xstrdup(getenv("PATH"));
	json_t *args =
	    json_pack("{s:s, s:s}", "url", "http://localhost/health", "socket", f->socket);

	assert_int_equal(setenv("PATH", "/no/such/folder", 1), 0);
	for (int i = 0; i < 2; i++) {
		struct source_env env = { .loop = i == 0 ? loop : NULL, .clock = &clock_system };
		struct source *source = source_type("http")->open(&env, "health", args, NULL);
		struct reading up;

		source->type->sample(source);
		up = read_metric(source, "up");
		assert_int_equal(up.verdict, VERDICT_UNKNOWN);
		assert_non_null(strstr(up.evidence, "curl: no such program"));
		source_close(source);
	}
	assert_int_equal(setenv("PATH", path, 1), 0);
	free(path);
	json_decref(args);
	loop_free(loop);
}

static struct reading call(const struct fixture *f, const char *url, const char *method,
			   const char *metric)
{
	struct source_env env = { .clock = &clock_system };
	json_t *args = json_pack("{s:s, s:s, s:s, s:{s:s}}", "url", url, "socket", f->socket, "rpc",
				 method, "params", "cursor", "a\nb");
	json_t *wanted = json_loads(metric, 0, NULL);
	struct source *source = source_type("http")->open(&env, "mcp", args, NULL);
	struct reading out = { 0 };

	source->type->sample(source);
	source->type->read(source, wanted, 0, &out);
	source_close(source);
	json_decref(wanted);
	json_decref(args);
	return out;
}

static void calls_are_posted_and_their_results_read(void **state)
{
	static const char up[] = "{\"read\": \"up\"}";
	static const char tools[] = "{\"read\": \"value\", \"at\": \"/result/tools\"}";
	static const char second[] = "{\"read\": \"value\", \"at\": \"/result/tools/1\"}";
	static const char wrong[] = "{\"read\": \"value\", \"at\": \"/result/tools/x\"}";
	const struct fixture *f = *state;
	const char *url = "http://localhost/rpc";

	assert_float_equal(call(f, url, "tools/list", up).value, 1, 0);
	assert_float_equal(call(f, url, "tools/list", tools).value, 3, 0);
	assert_float_equal(call(f, url, "tools/list", second).value, 2, 0);
	assert_int_equal(call(f, url, "tools/list", wrong).verdict, VERDICT_UNKNOWN);
	assert_float_equal(call(f, "http://localhost/rpc-stream", "tools/list", tools).value, 3, 0);
	/* Status 200, and yet nothing was done. */
	assert_float_equal(call(f, url, "tools/none", up).value, 0, 0);
	assert_float_equal(call(f, "http://localhost/health", "tools/list", up).value, 0, 0);
}

/* What is more than is read gives no numbers: those of a part would be wrong. */
static void a_scrape_that_is_cut_gives_no_numbers(void **state)
{
	static const char *const urls[] = { "http://localhost/samples/500000",
					    "http://localhost/samples/4000000" };
	struct fixture *f = *state;
	struct source_env env = { .clock = &clock_system };
	json_t *metric = json_pack("{s:s, s:s}", "read", "sample", "sample", "up");
	struct reading out;

	for (int i = 0; i < 2; i++) {
		json_t *args = json_pack("{s:s, s:s}", "url", urls[i], "socket", f->socket);
		struct source *source = source_type("prometheus")->open(&env, "p", args, NULL);

		source->type->sample(source);
		source->type->read(source, metric, 0, &out);
		assert_int_equal(out.verdict, i == 0 ? VERDICT_PASS : VERDICT_UNKNOWN);
		assert_true(i == 1 || out.value == 500000);
		source_close(source);
		json_decref(args);
	}
	json_decref(metric);
}

static void a_dead_server_is_down_but_takes_no_time(void **state)
{
	struct source_env env = { .clock = &clock_system };
	json_t *args =
	    json_pack("{s:s, s:s}", "url", "http://localhost/health", "socket", "/no/such/socket");
	struct source *source = source_type("http")->open(&env, "health", args, NULL);

	(void)state;
	source->type->sample(source);
	assert_float_equal(read_metric(source, "up").value, 0, 0);
	assert_int_equal(read_metric(source, "ms").verdict, VERDICT_UNKNOWN);
	source_close(source);
	json_decref(args);
}

static void what_was_said_is_told_clean(void **state)
{
	struct fixture *f = *state;
	struct source_env env = { .clock = &clock_system };
	json_t *args = json_pack("{s:s, s:s}", "url", "http://me:pw@localhost/evil?token=1",
				 "socket", f->socket);
	struct source *source = source_type("http")->open(&env, "evil", args, NULL);
	struct buf told = BUF_INIT;

	source->type->sample(source);
	source->type->tell(source, &told);
	assert_non_null(strstr(buf_str(&told), "Asked: http://localhost/evil\n"));
	assert_non_null(strstr(buf_str(&told), "Answer: HTTP/1.1 200 ^[[31mred in "));
	assert_non_null(strstr(buf_str(&told), "Body: 6 bytes, ^[]0;x^G\n"));
	assert_non_null(strstr(buf_str(&told), "Begins: ^[[2J\\xFF"));
	assert_null(strchr(buf_str(&told), '\033'));
	assert_null(strstr(buf_str(&told), "token"));
	assert_null(strstr(buf_str(&told), "pw"));
	buf_release(&told);
	source_close(source);
	json_decref(args);
}

/* ---- the probe ---- */

static const json_t *env_declared(void *data, const char *name)
{
	return strcmp(name, "health") == 0 ? data : NULL;
}

static enum verdict ask(const struct fixture *f, const char *url, const char *json)
{
	json_t *declaration = json_pack("{s:s, s:s}", "url", url, "socket", f->socket);
	json_t *args = json_loads(json, 0, NULL);
	struct probe_env env = { .clock = &clock_system,
				 .deadline = clock_mono(&clock_system) + PATIENCE_US,
				 .declared = env_declared,
				 .data = declaration };
	struct reading reading = { 0 };

	assert_non_null(args);
	probe_type("http")->eval(&env, args, &reading);
	assert_string_not_equal(reading.evidence, "");
	json_decref(args);
	json_decref(declaration);
	return reading.verdict;
}

static void the_probe_judges(void **state)
{
	const struct fixture *f = *state;
	static const char good[] = "http://localhost/health", bad[] = "http://localhost/error",
			  many[] = "http://localhost/samples/500000";

	assert_int_equal(ask(f, good, "{\"http\": \"health\"}"), VERDICT_PASS);
	assert_int_equal(ask(f, bad, "{\"http\": \"health\"}"), VERDICT_FAIL);
	assert_int_equal(ask(f, good,
			     "{\"http\": \"health\", \"status\": 200, \"within\": \"20s\"}"),
			 VERDICT_PASS);
	assert_int_equal(ask(f, bad, "{\"http\": \"health\", \"status\": 503}"), VERDICT_PASS);
	assert_int_equal(ask(f, good,
			     "{\"http\": \"health\", \"body\": \"\\\"status\\\": \\\"ok\\\"\"}"),
			 VERDICT_PASS);
	assert_int_equal(ask(f, good, "{\"http\": \"health\", \"body\": \"nope\"}"), VERDICT_FAIL);
	assert_int_equal(
	    ask(f, good, "{\"http\": \"health\", \"json\": {\"db.up\": true, \"db.pool.1\": 2}}"),
	    VERDICT_PASS);
	assert_int_equal(ask(f, good, "{\"http\": \"health\", \"json\": {\"db.up\": false}}"),
			 VERDICT_FAIL);
	assert_int_equal(ask(f, good, "{\"http\": \"health\", \"json\": {\"db.none\": 1}}"),
			 VERDICT_FAIL);
	assert_int_equal(ask(f, "http://localhost/silent",
			     "{\"http\": \"health\", \"within\": \"200ms\"}"),
			 VERDICT_FAIL);
	/* More than is read. */
	assert_int_equal(ask(f, many, "{\"http\": \"health\", \"body\": \"^up 1\"}"), VERDICT_PASS);
	assert_int_equal(ask(f, many, "{\"http\": \"health\", \"body\": \"down\"}"),
			 VERDICT_UNKNOWN);
	assert_int_equal(ask(f, many, "{\"http\": \"health\", \"status\": 404}"), VERDICT_FAIL);
	assert_int_equal(ask(f, good, "{\"http\": \"other\"}"), VERDICT_UNKNOWN);
	assert_int_equal(ask(f, "gopher://x", "{\"http\": \"health\"}"), VERDICT_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_is_read),
		TEST(a_large_body_is_cut),
		TEST(a_body_without_end_is_cut),
		TEST(odd_servers_are_read_as_they_are),
		TEST(what_was_said_is_told_clean),
		TEST(headers_go_as_they_are_and_not_into_argv),
		TEST(no_answer_has_a_reason),
		TEST(urls_are_shown_without_secrets),
		TEST(the_source_reads_beside_the_loop),
		TEST(calls_are_posted_and_their_results_read),
		TEST(a_dead_server_is_down_but_takes_no_time),
		TEST(a_scrape_that_is_cut_gives_no_numbers),
		TEST(a_url_that_cannot_be_asked_is_not_down),
		TEST(the_probe_judges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
