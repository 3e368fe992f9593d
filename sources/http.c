/* A URL, asked again and again: how long the answer takes, and which it is. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/http.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "sources/types.h"

#define EVERY_US (2 * CLOCK_US)

static const struct read_def reads[] = {
	{ "ms", "ms", "time until the whole answer was there" },
	{ "status", "", "the answer's status" },
	{ "up", "", "1 when there was an answer below status 500, else 0" },
	{ NULL, NULL, NULL },
};

struct http_source {
	struct source source; /* first */
	json_t *args;	      /* the request borrows from it */
	struct http_request request;
	struct http_job *job; /* under way, or NULL */
	int64_t every, next;  /* monotonic */
	int64_t at;	      /* wall time of the latest answer; 0: none yet */
	bool failed;	      /* it could not even be asked: that says nothing about it */
	int status;
	int64_t elapsed;
	char why[200];
};

static void answer_note(struct http_source *http, const struct http_reply *reply)
{
	http->at = clock_wall(http->source.env->clock);
	http->failed = false;
	http->status = reply->status;
	http->elapsed = reply->elapsed_us;
	snprintf(http->why, sizeof(http->why), "%s", reply->why);
}

static void failure_note(struct http_source *http, const struct err *err)
{
	http->at = clock_wall(http->source.env->clock);
	http->failed = true;
	http->status = 0;
	snprintf(http->why, sizeof(http->why), "%.199s", err->msg);
}

static void on_answer(const struct http_reply *reply, void *data)
{
	struct http_source *http = data;

	http->job = NULL;
	answer_note(http, reply);
	if (http->source.env->changed != NULL)
		http->source.env->changed(http->source.env->data);
}

static void http_sample(struct source *source)
{
	struct http_source *http = (struct http_source *)source;
	int64_t mono = clock_mono(source->env->clock);
	struct err err = ERR_INIT;
	struct http_reply reply;

	if (http->job != NULL || (http->at != 0 && mono < http->next))
		return;
	http->next = mono + http->every;
	if (source->env->loop != NULL) {
		http->job = http_start(source->env->loop, &http->request, on_answer, http, &err);
		if (http->job == NULL)
			failure_note(http, &err);
		return;
	}
	if (http_get(&http->request, &reply, &err) < 0)
		failure_note(http, &err);
	else
		answer_note(http, &reply);
	http_reply_release(&reply);
}

static void http_close(struct source *source)
{
	struct http_source *http = (struct http_source *)source;

	http_cancel(http->job);
	json_decref(http->args);
	free(http);
}

static struct source *http_open(const struct source_env *env, const char *name, const json_t *args,
				struct err *err)
{
	struct http_source *http = xcalloc(1, sizeof(*http));

	(void)err;
	source_init(&http->source, &source_http, env, name);
	http->args = json_deep_copy(args);
	http_request_init(&http->request, http->args);
	http->every = json_us(args, "every", EVERY_US);
	return &http->source;
}

static void http_read(struct source *source, const json_t *metric, int64_t since,
		      struct reading *out)
{
	struct http_source *http = (struct http_source *)source;
	const char *read = json_str(metric, "read", "");
	int64_t now = clock_wall(source->env->clock);

	if (http->at == 0 || http->at < since)
		reading_unknown(out, now, "no answer yet");
	else if (http->failed)
		reading_unknown(out, http->at, "%s", http->why);
	else if (strcmp(read, "up") == 0)
		reading_value(out, http->at, http->status > 0 && http->status < 500 ? 1 : 0, "");
	else if (http->status == 0)
		reading_unknown(out, http->at, "%s", http->why);
	else if (strcmp(read, "ms") == 0)
		reading_value(out, http->at, (double)http->elapsed / 1000, "ms");
	else if (strcmp(read, "status") == 0)
		reading_value(out, http->at, http->status, "");
	else
		reading_unknown(out, now, "a URL can't read \"%s\"", read);
}

const struct source_type source_http = {
	.type = { .name = "http", .help = "a URL", .fields = http_fields, .reads = reads },
	.open = http_open,
	.close = http_close,
	.sample = http_sample,
	.read = http_read,
};
