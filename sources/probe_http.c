/* Probe type "http": what a URL answers now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/argv.h"
#include "lib/clock.h"
#include "lib/http.h"
#include "lib/jdoc.h"
#include "lib/rx.h"
#include "sources/types.h"

static const struct field fields[] = {
	{ "http", FIELD_SOURCE, true, "a declared URL", "http", NULL },
	{ "status", FIELD_INT, false, "the answer's status (any below 400)", NULL, NULL },
	{ "within", FIELD_DURATION, false, "the whole answer is there within this time", NULL,
	  NULL },
	{ "body", FIELD_REGEX, false, "its body matches", NULL, NULL },
	{ "json", FIELD_MAP, false,
	  "values in its JSON body, by dotted paths or pointers (\"db.ok\": true)", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static bool json_same(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	return json_equal(a, b);
}

/* False with the reason in `why` when the body is not as wanted. */
static bool json_holds(const json_t *wanted, const struct http_reply *reply, char *why, size_t size)
{
	json_t *got = http_reply_json(reply);
	bool holds = got != NULL;
	const char *path;
	json_t *value;

	if (got == NULL)
		snprintf(why, size, "the body is no JSON");
	json_object_foreach((json_t *)wanted, path, value) {
		const json_t *there = json_at(got, path);
		char *text = argv_scalar(there);

		if (holds && !json_same(there, value)) {
			holds = false;
			snprintf(why, size, "%s is %s", path,
				 text != NULL	 ? text
				 : there != NULL ? "no scalar"
						 : "not there");
		}
		free(text);
	}
	json_decref(got);
	return holds;
}

static bool body_holds(const char *pattern, const struct buf *body, char *why, size_t size)
{
	struct err err = ERR_INIT;
	struct rx *rx = rx_new(pattern, false, &err);
	bool holds = rx != NULL && rx_match(rx, buf_str(body), body->len);

	if (!holds)
		snprintf(why, size, "%.199s", rx == NULL ? err.msg : "the body does not match");
	rx_free(rx);
	return holds;
}

static void judge(const json_t *args, bool rpc, const struct http_reply *reply, int64_t now,
		  struct reading *out)
{
	const char *pattern = json_str(args, "body", NULL);
	const json_t *json = json_object_get(args, "json");
	double wanted = json_num(args, "status", 0);
	int64_t within = json_us(args, "within", 0);
	char why[200] = "";
	double ms = (double)reply->elapsed_us / 1000;
	bool holds = wanted > 0 ? (double)reply->status == wanted : reply->status < 400, answered;

	if (!holds)
		snprintf(why, sizeof(why), "%s",
			 wanted > 0 ? "another status was expected" : "an error");
	if (holds && within > 0 && reply->elapsed_us > within) {
		holds = false;
		snprintf(why, sizeof(why), "too slow");
	}
	answered = holds;
	if (holds && rpc)
		holds = http_rpc_holds(reply, why, sizeof(why));
	if (holds && pattern != NULL)
		holds = body_holds(pattern, &reply->body, why, sizeof(why));
	if (holds && json != NULL)
		holds = json_holds(json, reply, why, sizeof(why));
	/* What was not found may stand in what was not read. */
	if (answered && !holds && reply->lost > 0) {
		reading_unknown(out, now, "its body has more than the %zu bytes that are read",
				reply->body.len);
		return;
	}
	reading_judge(out, holds, now, "status %d in %.0f ms%s%s", reply->status, ms,
		      why[0] != '\0' ? ": " : "", why);
	out->has_value = true;
	out->value = ms;
	snprintf(out->unit, sizeof(out->unit), "ms");
}

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	const char *name = json_str(args, "http", "");
	const json_t *declaration = env->declared(env->data, name);
	int64_t now = clock_wall(env->clock), left = env->deadline - clock_mono(env->clock);
	int64_t within = json_us(args, "within", 0);
	struct http_request request;
	struct http_reply reply = { 0 };
	struct err err = ERR_INIT;
	char url[200];
	bool cut;

	if (declaration == NULL || left <= 0) {
		reading_unknown(out, now,
				declaration == NULL ? "%s is not declared" : "%s: no time left",
				name);
		return;
	}
	http_request_init(&request, declaration);
	/* An answer that is too late needn't be waited for; one that the deadline cut off is not
	 * known. */
	if (within > 0 && within < request.timeout_us)
		request.timeout_us = within;
	cut = left < request.timeout_us;
	if (cut)
		request.timeout_us = left;
	if (http_get(&request, &reply, &err) < 0)
		reading_unknown(out, now, "%s", err.msg);
	else if (reply.status > 0)
		judge(args, request.rpc != NULL, &reply, clock_wall(env->clock), out);
	else if (cut && reply.elapsed_us >= left)
		reading_unknown(out, now, "%s: no answer while there was time to wait",
				http_url_text(request.url, url, sizeof(url)));
	else
		reading_fail(out, clock_wall(env->clock), "%s: %s",
			     http_url_text(request.url, url, sizeof(url)), reply.why);
	http_reply_release(&reply);
}

const struct probe_type probe_http = {
	.type = { .name = "http", .help = "what a URL answers", .fields = fields },
	.blocks = true,
	.eval = eval,
};
