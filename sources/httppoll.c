#include "sources/httppoll.h"

#include <stdio.h>

#include "lib/jdoc.h"
#include "lib/text.h"
#include "lib/timefmt.h"

void httppoll_init(struct httppoll *poll, const struct source_env *env, const json_t *declaration,
		   int64_t every_us)
{
	*poll = (struct httppoll){ .env = env, .args = json_deep_copy(declaration) };
	http_request_init(&poll->request, poll->args);
	poll->every = json_us(declaration, "every", every_us);
}

void httppoll_release(struct httppoll *poll)
{
	http_cancel(poll->job);
	json_decref(poll->args);
}

static void answer_note(struct httppoll *poll, const struct http_reply *reply)
{
	poll->at = clock_wall(poll->env->clock);
	poll->failed = false;
	poll->status = reply->status;
	poll->elapsed = reply->elapsed_us;
	poll->bytes = reply->body.len;
	poll->cut = reply->lost > 0;
	snprintf(poll->why, sizeof(poll->why), "%s", reply->why);
	snprintf(poll->line, sizeof(poll->line), "%s", reply->line);
	snprintf(poll->kind, sizeof(poll->kind), "%s", reply->kind);
	text_clean_to(poll->begin, sizeof(poll->begin), buf_str(&reply->body),
		      reply->body.len < sizeof(poll->begin) ? reply->body.len
							    : sizeof(poll->begin));
	if (reply->expires != 0)
		poll->expires = reply->expires;
	if (poll->answered != NULL)
		poll->answered(reply, poll->data);
}

static void failure_note(struct httppoll *poll, const struct err *err)
{
	struct http_reply none = { 0 };

	snprintf(none.why, sizeof(none.why), "%.199s", err->msg);
	answer_note(poll, &none);
	poll->failed = true;
}

static void on_answer(const struct http_reply *reply, void *data)
{
	struct httppoll *poll = data;

	poll->job = NULL;
	answer_note(poll, reply);
	if (poll->env->changed != NULL)
		poll->env->changed(poll->env->data);
}

void httppoll_sample(struct httppoll *poll)
{
	int64_t mono = clock_mono(poll->env->clock);
	struct err err = ERR_INIT;
	struct http_reply reply;

	if (poll->job != NULL || (poll->at != 0 && mono < poll->next))
		return;
	poll->next = mono + poll->every;
	if (poll->env->loop != NULL) {
		poll->job = http_start(poll->env->loop, &poll->request, on_answer, poll, &err);
		if (poll->job == NULL)
			failure_note(poll, &err);
		return;
	}
	if (http_get(&poll->request, &reply, &err) < 0)
		failure_note(poll, &err);
	else
		answer_note(poll, &reply);
	http_reply_release(&reply);
}

void httppoll_tell(const struct httppoll *poll, struct buf *out)
{
	int64_t now = clock_wall(poll->env->clock);
	char text[200], span[48];

	buf_printf(out, "Asked: %s\n", http_url_text(poll->request.url, text, sizeof(text)));
	if (poll->at == 0)
		return;
	if (poll->status == 0) {
		buf_printf(out, "Answer: none, %s\n", poll->why);
	} else {
		buf_printf(out, "Answer: %s in %.0f ms\n", poll->line,
			   (double)poll->elapsed / 1000);
		buf_printf(out, "Body: %zu bytes%s%s%s\n", poll->bytes,
			   poll->cut ? ", and more that is not read" : "",
			   poll->kind[0] != '\0' ? ", " : "", poll->kind);
		if (poll->bytes > 0)
			buf_printf(out, "Begins: %s\n", poll->begin);
	}
	if (poll->expires == 0)
		return;
	buf_printf(out, "Certificate: %s %s (%s)\n",
		   poll->expires > now ? "valid until" : "EXPIRED since",
		   time_datetime(poll->expires, text),
		   duration_text(poll->expires > now ? poll->expires - now : now - poll->expires,
				 span, sizeof(span)));
}

void httppoll_certificate(const struct httppoll *poll, struct reading *out)
{
	int64_t now = clock_wall(poll->env->clock);

	if (poll->expires == 0)
		reading_unknown(out, poll->at,
				"its certificate is not known (https, and curl 7.88 or later)");
	else
		reading_value(out, poll->at, (double)(poll->expires - now) / CLOCK_US / 86400, "d");
}

bool httppoll_asked(const struct httppoll *poll, int64_t since)
{
	return poll->at != 0 && poll->at >= since && !poll->failed;
}

bool httppoll_missing(const struct httppoll *poll, int64_t since, struct reading *out)
{
	if (poll->at == 0 || poll->at < since)
		reading_unknown(out, clock_wall(poll->env->clock), "no answer yet");
	else if (poll->status == 0)
		reading_unknown(out, poll->at, "%s", poll->why);
	else
		return false;
	return true;
}
