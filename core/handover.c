#include "core/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/child.h"
#include "lib/http.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

#define TIMEOUT_US (30 * CLOCK_US)
#define AGAIN_US   (5 * CLOCK_US) /* after the first failure; then longer */

struct handover {
	struct loop *loop;
	char *program, *url; /* owned; one of them */
	json_t *headers;     /* owned */
	handover_fn *given_up;
	void *data;
	char *queue[HANDOVER_QUEUE]; /* owned: what is to be handed over, as text */
	size_t n;
	int tries; /* of the first one */
	struct job *job;
	struct http_job *http;
	struct watch *again;
};

static void next_start(struct handover *handover);

static struct handover *handover_new(struct loop *loop, handover_fn *given_up, void *data)
{
	struct handover *handover = xcalloc(1, sizeof(*handover));

	handover->loop = loop;
	handover->given_up = given_up;
	handover->data = data;
	return handover;
}

struct handover *handover_command(struct loop *loop, const char *program, handover_fn *given_up,
				  void *data)
{
	struct handover *handover = handover_new(loop, given_up, data);

	handover->program = xstrdup(program);
	return handover;
}

struct handover *handover_webhook(struct loop *loop, const char *url, handover_fn *given_up,
				  void *data)
{
	struct handover *handover = handover_new(loop, given_up, data);

	handover->url = xstrdup(url);
	handover->headers = json_pack("{s:s}", "Content-Type", "application/json");
	return handover;
}

void handover_free(struct handover *handover)
{
	if (!handover)
		return;
	if (handover->job)
		job_cancel(handover->job);
	http_cancel(handover->http);
	watch_free(handover->again);
	for (size_t i = 0; i < handover->n; i++)
		free(handover->queue[i]);
	json_decref(handover->headers);
	free(handover->program);
	free(handover->url);
	free(handover);
}

size_t handover_waiting(const struct handover *handover)
{
	return handover ? handover->n : 0;
}

static void first_drop(struct handover *handover)
{
	free(handover->queue[0]);
	handover->n--;
	memmove(handover->queue, handover->queue + 1, handover->n * sizeof(handover->queue[0]));
	handover->tries = 0;
}

static void try_again(struct watch *watch, uint32_t what, void *data)
{
	struct handover *handover = data;

	(void)what;
	watch_free(watch);
	handover->again = NULL;
	next_start(handover);
}

/* The one on its way ended: `why` NULL means that it was taken. */
static void first_ended(struct handover *handover, const char *why)
{
	handover->job = NULL;
	handover->http = NULL;
	if (why && ++handover->tries < HANDOVER_TRIES) {
		handover->again =
		    loop_timer(handover->loop, AGAIN_US * handover->tries, 0, try_again, handover);
		return;
	}
	if (why)
		handover->given_up(handover->program ? "command" : "webhook", why, handover->data);
	first_drop(handover);
	next_start(handover);
}

static void command_ended(const struct child_end *end, const struct buf *out, void *data)
{
	char how[96];
	bool taken = !end->timed_out && WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0;

	(void)out;
	first_ended(data, taken ? NULL : child_end_text(end, how, sizeof(how)));
}

static void webhook_answered(const struct http_reply *reply, void *data)
{
	char status[40];

	snprintf(status, sizeof(status), "status %d", reply->status);
	first_ended(data, reply->status == 0 ? reply->why : reply->status < 300 ? NULL : status);
}

static void next_start(struct handover *handover)
{
	const char *argv[] = { handover->program, NULL };
	struct child_spec spec = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct err err = ERR_INIT;

	while (handover->n && !handover->job && !handover->http && !handover->again) {
		struct http_request request = { .url = handover->url,
						.headers = handover->headers,
						.body = handover->queue[0],
						.timeout_us = TIMEOUT_US };

		err_clear(&err);
		if (handover->program)
			handover->job = job_start(handover->loop, &spec, handover->queue[0],
						  TIMEOUT_US, 1, command_ended, handover, &err);
		else
			handover->http =
			    http_start(handover->loop, &request, webhook_answered, handover, &err);
		if (handover->job || handover->http)
			return;
		handover->given_up(handover->program ? "command" : "webhook", err.msg,
				   handover->data);
		first_drop(handover);
	}
}

void handover_add(struct handover *handover, const json_t *alert)
{
	/* The first one is on its way: the one behind it makes room. */
	if (handover->n == HANDOVER_QUEUE) {
		handover->given_up(handover->program ? "command" : "webhook",
				   "too many are waiting", handover->data);
		free(handover->queue[1]);
		handover->n--;
		memmove(handover->queue + 1, handover->queue + 2,
			(handover->n - 1) * sizeof(handover->queue[0]));
	}
	handover->queue[handover->n++] = json_line(alert);
	next_start(handover);
}
