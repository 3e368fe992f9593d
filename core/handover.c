#include "core/handover.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/child.h"
#include "lib/http.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

#define TIMEOUT_US    (30 * CLOCK_US)
#define AGAIN_US      (5 * CLOCK_US) /* after the first failure; then longer */
#define LATER_LEAST_S 1.0
#define LATER_S	      600.0 /* the longest that one who asks for patience is given at once */
#define LATER_ALL_US  (3600 * CLOCK_US) /* ... and for one alert in all */

struct handover {
	struct loop *loop;
	char *program, *url; /* owned; one of them */
	json_t *headers;     /* owned */
	handover_fn *given_up;
	void *data;
	char *queue[HANDOVER_QUEUE]; /* owned: what is to be handed over, as text */
	size_t n;
	int tries;	/* of the first one */
	int64_t waited; /* because it was asked to, microseconds */
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
	handover->waited = 0;
}

static void try_again(struct watch *watch, uint32_t what, void *data)
{
	struct handover *handover = data;

	(void)what;
	watch_free(watch);
	handover->again = NULL;
	next_start(handover);
}

static void again_in(struct handover *handover, int64_t us)
{
	handover->again = loop_timer(handover->loop, us, 0, try_again, handover);
}

/* The one on its way ended: `why` NULL means that it was taken. */
static void first_ended(struct handover *handover, const char *why)
{
	if (why && ++handover->tries < HANDOVER_TRIES) {
		again_in(handover, AGAIN_US * handover->tries);
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
	((struct handover *)data)->job = NULL;
	first_ended(data, taken ? NULL : child_end_text(end, how, sizeof(how)));
}

/* How long a webhook that has too much to do wants to be left alone (chats say so in the answer),
 * microseconds; 0: it doesn't say. */
static int64_t asked_to_wait(const struct http_reply *reply)
{
	json_t *answer = reply->status == 429 ? http_reply_json(reply) : NULL;
	double seconds = json_num(answer, "retry_after", 0);

	json_decref(answer);
	if (!(seconds > 0))
		return 0;
	return (int64_t)(fmin(fmax(seconds, LATER_LEAST_S), LATER_S) * CLOCK_US);
}

static void webhook_answered(const struct http_reply *reply, void *data)
{
	struct handover *handover = data;
	int64_t wait = asked_to_wait(reply);
	char status[40];

	handover->http = NULL;
	if (wait && handover->waited + wait <= LATER_ALL_US) {
		handover->waited += wait;
		again_in(handover, wait);
		return;
	}
	snprintf(status, sizeof(status), "status %d", reply->status);
	first_ended(handover, reply->status == 0    ? reply->why
			      : reply->status < 300 ? NULL
						    : status);
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
