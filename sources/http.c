/* A URL, asked again and again: how long the answer takes, which it is, a number in it. */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/number.h"
#include "sources/httppoll.h"
#include "sources/types.h"

#define EVERY_US (2 * CLOCK_US)

static const struct read_def reads[] = {
	{ "ms", "ms", "time until the whole answer was there" },
	{ "status", "", "the answer's status" },
	{ "up", "", "1 when there was an answer below status 500, and a call's result; else 0" },
	{ "bytes", "B", "the answer's length, 1 MiB at most" },
	{ "certificate_days", "d", "days until the server's certificate expires" },
	{ "value", "", "a number in the answer's JSON (at); true is 1, a list its length" },
	{ NULL, NULL, NULL },
};

static const struct field metric_fields[] = {
	{ "at", FIELD_STRING, false,
	  "of \"value\": where, as a JSON pointer (\"/pool/free\") or a dotted path", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

struct http_source {
	struct source source; /* first */
	struct httppoll poll;
	json_t *answer; /* owned: the latest one's JSON, or NULL */
	bool rpc_holds; /* the latest call gave a result */
	char rpc_why[200];
};

static void on_answer(const struct http_reply *reply, void *data)
{
	struct http_source *http = data;

	json_decref(http->answer);
	http->answer = http_reply_json(reply);
	http->rpc_holds = http_rpc_holds(reply, http->rpc_why, sizeof(http->rpc_why));
}

static void http_sample(struct source *source)
{
	httppoll_sample(&((struct http_source *)source)->poll);
}

static void http_close(struct source *source)
{
	struct http_source *http = (struct http_source *)source;

	httppoll_release(&http->poll);
	json_decref(http->answer);
	free(http);
}

static struct source *http_open(const struct source_env *env, const char *name, const json_t *args,
				struct err *err)
{
	struct http_source *http = xcalloc(1, sizeof(*http));

	(void)err;
	source_init(&http->source, &source_http, env, name);
	httppoll_init(&http->poll, env, args, EVERY_US);
	http->poll.answered = on_answer;
	http->poll.data = http;
	return &http->source;
}

static bool is_up(const struct http_source *http)
{
	return http->poll.status > 0 && http->poll.status < 500 &&
	       (http->poll.request.rpc == NULL || http->rpc_holds);
}

/* With the reason when it is not. */
static void up_read(const struct http_source *http, struct reading *out)
{
	const struct httppoll *poll = &http->poll;

	reading_value(out, poll->at, is_up(http) ? 1 : 0, "");
	if (is_up(http))
		return;
	snprintf(out->evidence, sizeof(out->evidence), "%s",
		 poll->status == 0     ? poll->why
		 : poll->status >= 500 ? poll->line
				       : http->rpc_why);
}

static void http_tell(struct source *source, struct buf *out)
{
	const struct http_source *http = (struct http_source *)source;

	httppoll_tell(&http->poll, out);
	if (http->poll.request.rpc != NULL && http->poll.status > 0)
		buf_printf(out, "Call: %s: %s\n", http->poll.request.rpc,
			   http->rpc_holds ? "gave a result" : http->rpc_why);
}

static void value_read(const struct http_source *http, const char *at, struct reading *out)
{
	const json_t *value = json_at(http->answer, at);
	double number;

	if (http->answer == NULL)
		reading_unknown(out, http->poll.at, "the answer is no JSON");
	else if (json_is_number(value))
		reading_value(out, http->poll.at, json_number_value(value), "");
	else if (json_is_boolean(value))
		reading_value(out, http->poll.at, json_is_true(value), "");
	else if (json_is_array(value))
		reading_value(out, http->poll.at, (double)json_array_size(value), "");
	else if (json_is_string(value) &&
		 number_parse(json_string_value(value), json_string_length(value), &number))
		reading_value(out, http->poll.at, number, "");
	else
		reading_unknown(out, http->poll.at, "there is %s at \"%s\" of the answer",
				value != NULL ? "no number" : "nothing", at);
}

static void http_read(struct source *source, const json_t *metric, int64_t since,
		      struct reading *out)
{
	struct http_source *http = (struct http_source *)source;
	const struct httppoll *poll = &http->poll;
	const char *read = json_str(metric, "read", "");

	if (strcmp(read, "up") == 0 && httppoll_asked(poll, since)) {
		up_read(http, out);
		return;
	}
	if (httppoll_missing(poll, since, out))
		return;
	if (strcmp(read, "ms") == 0)
		reading_value(out, poll->at, (double)poll->elapsed / 1000, "ms");
	else if (strcmp(read, "status") == 0)
		reading_value(out, poll->at, poll->status, "");
	else if (strcmp(read, "bytes") == 0)
		reading_value(out, poll->at, (double)poll->bytes, "B");
	else if (strcmp(read, "certificate_days") == 0)
		httppoll_certificate(poll, out);
	else
		value_read(http, json_str(metric, "at", ""), out);
}

const struct source_type source_http = {
	.type = { .name = "http",
		  .help = "a URL",
		  .fields = http_fields,
		  .reads = reads,
		  .metric_fields = metric_fields },
	.open = http_open,
	.close = http_close,
	.sample = http_sample,
	.read = http_read,
	.tell = http_tell,
};
