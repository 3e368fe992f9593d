/*
 * Actions "message" and "page": a text of the runbook is sent to whom it is for.
 *
 * The text is on record before it leaves (`before`), and is sent as it stands there. Beside it lie
 * two files of the step: "asked" from the moment before it leaves, "answer" once it is known what
 * became of it. So a run that died is told apart: nothing left, it was taken, or nobody knows; what
 * nobody knows is never sent again by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions/types.h"
#include "lib/buf.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/messenger.h"
#include "lib/text.h"

#define ANSWER_MAX 65536

static const struct field message_fields[] = {
	{ "message", FIELD_REF, true, "the message of the runbook", "messages", NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct field page_fields[] = {
	{ "page", FIELD_REF, true, "the contact who is paged", "contacts", NULL },
	{ "says", FIELD_REF, false,
	  "the message that it says; without one severity, title and what goes on", "messages",
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *message_of(const json_t *args)
{
	return json_str(args, "message", json_str(args, "says", NULL));
}

static int outgoing_take(const struct action_env *env, const json_t *args, struct outgoing *out,
			 struct err *err)
{
	*out = (struct outgoing){ 0 };
	if (!env->outgoing)
		return err_set(err, "nobody knows here what the message says");
	return env->outgoing(env->data, message_of(args), json_str(args, "page", NULL), out, err);
}

static const json_t *messenger_of(const struct action_env *env, const char *through,
				  struct err *err)
{
	const json_t *declaration = through ? env->declared(env->data, through) : NULL;

	if (!declaration)
		err_set(err, "messenger %s can't be used: a parameter of it is missing",
			through ? through : "(none)");
	return declaration;
}

/* ---- Plan ---- */

static int message_plan(const struct action_env *env, const json_t *args, struct plan *plan,
			struct err *err)
{
	struct outgoing out;
	const json_t *messenger = NULL;

	if (outgoing_take(env, args, &out, err) < 0)
		return -1;
	if (out.through && !(messenger = messenger_of(env, out.through, err))) {
		outgoing_release(&out);
		return -1;
	}
	if (messenger)
		messenger_plan(messenger, &plan->lines);
	else
		buf_puts(&plan->lines, "by hand: bring it to them\n");
	buf_printf(&plan->lines, "for %s:\n", out.to);
	for (const char *line = out.text; *line;) {
		size_t len = strcspn(line, "\n");

		buf_printf(&plan->lines, "  %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
	outgoing_release(&out);
	return 0;
}

static int message_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	const json_t *messenger;
	struct outgoing out;
	int rc = -1;

	if (outgoing_take(env, args, &out, err) < 0)
		return -1;
	messenger = messenger_of(env, out.through, err);
	if (messenger)
		rc = messenger_check(messenger,
				     &(struct messenger_text){
					 .to = out.to, .title = out.title, .text = out.text },
				     err);
	outgoing_release(&out);
	return rc;
}

static json_t *message_before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct outgoing out;
	json_t *before;

	if (outgoing_take(env, args, &out, err) < 0)
		return NULL;
	before =
	    json_pack("{s:s*, s:s*, s:o, s:o, s:s*, s:o}", "message", message_of(args), "contact",
		      json_str(args, "page", NULL), "to", json_text(out.to, strlen(out.to)),
		      "title", json_text(out.title, strlen(out.title)), "through", out.through,
		      "text", json_text(out.text, strlen(out.text)));
	outgoing_release(&out);
	return before;
}

/* ---- Run ---- */

static int asked_write(const struct action_env *env, struct err *err)
{
	char *path = path_join(env->out, "asked");
	int rc = file_replace(path, "", 0, 0600, err);

	free(path);
	return rc;
}

static json_t *answer_json(const struct messenger_answer *answer)
{
	return json_pack("{s:s, s:o, s:i, s:o}", "end", messenger_end_name(answer->end), "status",
			 answer->status < 0 ? json_null() : json_integer(answer->status), "tries",
			 answer->tries, "said", json_text(answer->said, strlen(answer->said)));
}

static int answer_write(const struct action_env *env, const json_t *answer, struct err *err)
{
	char *path = path_join(env->out, "answer"), *line = json_line(answer);
	int rc = file_replace(path, line, strlen(line), 0600, err);

	free(line);
	free(path);
	return rc;
}

/* New: what became of it; NULL: nothing is known. */
static json_t *answer_read(const struct action_env *env)
{
	char *path = path_join(env->out, "answer");
	struct buf text = BUF_INIT;
	json_t *answer = NULL;

	if (file_exists(path) && file_read(path, &text, ANSWER_MAX, NULL) == 0)
		answer = json_loadb(buf_str(&text), text.len, 0, NULL);
	buf_release(&text);
	free(path);
	return answer;
}

static int judge(const struct messenger_answer *answer, struct err *err)
{
	if (answer->end == MESSENGER_TAKEN)
		return 0;
	err_set(err, "%s: %s",
		answer->end == MESSENGER_REFUSED ? "it was not taken" : "it may have been taken",
		answer->said);
	return answer->end == MESSENGER_REFUSED
		   ? -1
		   : err_hint(err, "look whether it is there before it is sent again");
}

static int message_run(const struct action_env *env, const json_t *args, const json_t *before,
		       json_t **facts, struct err *err)
{
	const char *through = json_str(before, "through", NULL);
	const json_t *messenger = messenger_of(env, through, err);
	struct messenger_text text = {
		.to = json_str(before, "to", ""),
		.title = json_str(before, "title", ""),
		.text = json_str(before, "text", ""),
	};
	struct messenger_answer answer;
	json_t *kept;
	int rc;

	(void)args;
	if (!messenger || messenger_check(messenger, &text, err) < 0 || asked_write(env, err) < 0)
		return -1;
	if (messenger_send(messenger, &text, env->deadline - clock_mono(env->clock), env->log,
			   &answer, err) < 0)
		return -1;
	kept = answer_json(&answer);
	rc = answer_write(env, kept, err);
	json_object_update(kept, (json_t *)before);
	*facts = kept;
	return rc < 0 ? rc : judge(&answer, err);
}

static enum settled message_settled(const struct action_env *env, const json_t *args,
				    const json_t *before, struct buf *why)
{
	char *asked = path_join(env->out, "asked");
	json_t *answer = answer_read(env);
	const char *end = json_str(answer, "end", file_exists(asked) ? "unknown" : "refused");
	enum settled settled = strcmp(end, "taken") == 0     ? SETTLED_YES
			       : strcmp(end, "refused") == 0 ? SETTLED_NO
							     : SETTLED_UNKNOWN;

	(void)args;
	if (answer)
		buf_printf(why, "%s: %s", json_str(before, "through", "?"),
			   json_str(answer, "said", ""));
	else if (settled == SETTLED_NO)
		buf_puts(why, "nothing had left yet");
	else
		buf_printf(why, "it was on its way: look whether %s has it",
			   json_str(before, "to", "the receiver"));
	json_decref(answer);
	free(asked);
	return settled;
}

/* Whom it reaches can't be made to forget it. */
#define SENDS                                                               \
	.risk = risk_caution, .plan = message_plan, .ready = message_ready, \
	.before = message_before, .run = message_run, .settled = message_settled

const struct action_type action_message = {
	.type = { .name = "message",
		  .help =
		      "sends a message of the runbook through its messenger; where it has none, "
		      "a person does",
		  .fields = message_fields,
		  .examples = "{\"message\": \"maintenance\"}" },
	SENDS,
};

const struct action_type action_page = {
	.type = { .name = "page",
		  .help = "pages a contact through their messenger; where they have none, a person "
			  "calls",
		  .fields = page_fields,
		  .examples = "{\"page\": \"database-admin\"}\n"
			      "{\"page\": \"database-admin\", \"says\": \"maintenance\"}" },
	SENDS,
};
