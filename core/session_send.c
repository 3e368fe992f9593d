/* Messages and pages that the console sends itself: on record, sent, and on record what became of
 * them. */
#include <stdlib.h>
#include <string.h>

#include "core/outgoing.h"
#include "core/session_parts.h"
#include "lib/mem.h"
#include "lib/messenger.h"

#define GRACE_US (5 * CLOCK_US) /* over the messenger's own time: then its process is given up */

bool session_sends(const struct session *session, const char *through)
{
	return session->loaded->target && target_messenger(session->loaded->target, through);
}

bool session_is_sending(const struct session *session)
{
	return session->send.task != NULL;
}

/* ---- What became of it ---- */

static json_t *fields_new(const struct message_send *send)
{
	return json_pack("{s:s*, s:s*, s:o, s:s}", "message", send->message, "contact",
			 send->contact, "to", session_text(send->out.to), "through",
			 send->out.through);
}

static void forget(struct message_send *send)
{
	outgoing_release(&send->out);
	*send = (struct message_send){ 0 };
}

/* `answer`: as send_body() gives it; NULL: its process gave none. */
static json_t *result_fields(const struct message_send *send, const json_t *answer,
			     const char *otherwise)
{
	json_t *fields = fields_new(send);
	const char *refused = json_str(answer, "error", NULL);

	json_object_set_new(fields, "of", json_integer((json_int_t)send->seq));
	json_object_set_new(fields, "result",
			    json_string(refused ? "refused" : json_str(answer, "end", "unknown")));
	json_object_set_new(fields, "detail",
			    session_text(refused ? refused : json_str(answer, "said", otherwise)));
	for (const char *const *key = (const char *const[]){ "status", "tries", "elapsed", NULL };
	     *key; key++)
		json_object_set(fields, *key, json_object_get(answer, *key));
	return fields;
}

static void sent(const json_t *answer, void *data)
{
	struct session *session = data;
	struct message_send *send = &session->send;
	json_t *fields = result_fields(send, answer, "its process gave no answer");
	const char *result = json_str(fields, "result", "");
	struct err err = ERR_INIT, record = ERR_INIT;

	if (strcmp(result, "taken") != 0) {
		err_set(&err, "%s %s %s: %s", send->contact ? "the page of" : "message",
			send->contact ? send->contact : send->message,
			strcmp(result, "refused") == 0 ? "was not sent" : "may have arrived",
			json_str(fields, "detail", ""));
		if (strcmp(result, "unknown") == 0)
			err_hint(&err, "look there before it is sent again");
	}
	send->task = NULL;
	if (session_append(session, false, EV_SENT, fields, &record) < 0)
		session_trouble(session, &record);
	if (err.set)
		session_trouble(session, &err);
	forget(send);
}

void session_send_forget(struct session *session)
{
	struct message_send *send = &session->send;

	if (!send->task)
		return;
	task_cancel(send->task);
	session_append(session, false, EV_SENT,
		       result_fields(send, NULL, "the console ended while it was on its way"),
		       NULL);
	forget(send);
}

/* ---- Sending ---- */

static struct messenger_text text_of(const struct message_send *send)
{
	return (struct messenger_text){ .to = send->out.to,
					.title = send->out.title,
					.text = send->out.text };
}

/* In a process of its own: it blocks. */
static json_t *send_body(void *data)
{
	struct session *session = data;
	struct messenger_text text = text_of(&session->send);
	struct messenger_answer answer;
	struct err err = ERR_INIT;

	if (messenger_send(session->send.messenger, &text,
			   messenger_timeout(session->send.messenger), -1, &answer, &err) < 0)
		return err_to_json(&err);
	return json_pack("{s:s, s:o, s:i, s:o, s:f}", "end", messenger_end_name(answer.end),
			 "status", answer.status < 0 ? json_null() : json_integer(answer.status),
			 "tries", answer.tries, "said", json_text(answer.said, strlen(answer.said)),
			 "elapsed", (double)answer.elapsed_us / (double)CLOCK_US);
}

/* The number of the line just written. */
static uint64_t seq_of_sending(const struct session *session)
{
	const struct incident_state *state = &session->incident.state;

	for (size_t i = state->ntimeline; i-- > 0;) {
		if (state->timeline[i].event == EV_SENDING)
			return state->timeline[i].seq;
	}
	return 0;
}

static int prepare(struct session *session, const char *message, const char *contact,
		   struct err *err)
{
	const struct runbook *runbook = session->loaded->runbook;
	const struct message *said = message ? runbook_message(runbook, message) : NULL;
	const struct contact *who = contact ? runbook_contact(runbook, contact) : NULL;
	struct message_send *send = &session->send;
	struct messenger_text text;

	if (!session_takes_notes(session)) {
		err_set(err, "no incident is open");
		return err_hint(err, "declare one first: what is sent is on record");
	}
	if (outgoing_make(&send->out, session->sense, &session->incident, message, contact, err) <
	    0)
		return -1;
	if (!session_sends(session, send->out.through)) {
		err_set(err, "no messenger stands ready for %s: a person carries it",
			contact ? contact : message);
		return err_hint(err, "give one in the target's \"sources\"");
	}
	send->message = said ? said->name : NULL;
	send->contact = who ? who->name : NULL;
	send->messenger = sense_declared(session->sense, send->out.through);
	text = text_of(send);
	if (!send->messenger)
		return err_set(err, "messenger %s can't be used: a parameter of it is missing",
			       send->out.through);
	return messenger_check(send->messenger, &text, err);
}

char *session_send_preview(struct session *session, const char *message, const char *contact,
			   struct err *err)
{
	struct message_send *send = &session->send;
	struct buf text = BUF_INIT;

	if (send->task) {
		err_set(err, "the one before is still on its way");
		return NULL;
	}
	if (prepare(session, message, contact, err) == 0) {
		buf_printf(&text, "For %s, through %s: ", send->out.to, send->out.through);
		messenger_plan(send->messenger, &text);
		buf_printf(&text, "\n%s", send->out.text);
	}
	forget(send);
	return text.len ? buf_detach(&text) : NULL;
}

int session_send(struct session *session, const char *message, const char *contact, struct err *err)
{
	struct message_send *send = &session->send;
	json_t *fields;

	if (send->task)
		return err_set(err, "the one before is still on its way");
	if (prepare(session, message, contact, err) < 0) {
		forget(send);
		return -1;
	}
	fields = fields_new(send);
	json_object_set_new(fields, "title", session_text(send->out.title));
	json_object_set_new(fields, "text", session_text(send->out.text));
	/* What can't be put on record is not sent. */
	if (session_append(session, false, EV_SENDING, fields, err) < 0) {
		forget(send);
		return -1;
	}
	send->seq = seq_of_sending(session);
	send->task = task_start(session->loop, messenger_timeout(send->messenger) + GRACE_US,
				send_body, sent, session, err);
	if (send->task)
		return 0;
	fields = json_pack("{s:s}", "error", err->msg);
	session_append(session, false, EV_SENT, result_fields(send, fields, ""), NULL);
	json_decref(fields);
	forget(send);
	return -1;
}

/* ---- What the record says ---- */

static bool names(const json_t *line, const char *message, const char *contact)
{
	const char *paged = json_str(line, "contact", NULL);

	if (contact)
		return paged && strcmp(paged, contact) == 0;
	return !paged && strcmp(json_str(line, "message", ""), message) == 0;
}

static enum sent_state ended(const char *how)
{
	return strcmp(how, "taken") == 0     ? SENT_TAKEN
	       : strcmp(how, "refused") == 0 ? SENT_REFUSED
					     : SENT_UNKNOWN;
}

static enum sent_state entry_tells(const struct session *session,
				   const struct timeline_entry *entry, const char *message,
				   const char *contact)
{
	const json_t *line, *facts;

	if (entry->misfit || (entry->event != EV_MESSAGE && entry->event != EV_SENDING &&
			      entry->event != EV_SENT && entry->event != EV_OUTCOME))
		return SENT_NOTHING;
	line = entry_json(entry);
	facts = entry->event == EV_OUTCOME ? json_object_get(line, "facts") : line;
	if (!facts || !names(facts, message, contact))
		return SENT_NOTHING;
	switch (entry->event) {
	case EV_MESSAGE:
		return strcmp(json_str(line, "to", ""), "tmux") == 0 ? SENT_COPIED : SENT_WRITTEN;
	case EV_SENDING:
		/* Without an answer, and not ours: a console that died. */
		return session->send.task && session->send.seq == entry->seq ? SENT_ON_ITS_WAY
									     : SENT_UNKNOWN;
	case EV_SENT:
		return ended(json_str(line, "result", ""));
	default:
		return json_object_get(facts, "end") ? ended(json_str(facts, "end", ""))
						     : SENT_NOTHING;
	}
}

enum sent_state session_sent(const struct session *session, const char *message,
			     const char *contact, int64_t *when)
{
	const struct incident_state *state = &session->incident.state;

	for (size_t i = session->open ? state->ntimeline : 0; i-- > 0;) {
		enum sent_state told = entry_tells(session, &state->timeline[i], message, contact);

		if (told == SENT_NOTHING)
			continue;
		if (when)
			*when = state->timeline[i].at;
		return told;
	}
	return SENT_NOTHING;
}

/* When a message went out last, as far as is known; 0: never. One that was refused after that takes
 * nothing back: what was promised is still waited for. */
static int64_t went_out(const struct session *session, const char *message)
{
	const struct incident_state *state = &session->incident.state;
	uint64_t refused = 0; /* the line that such a one began with */

	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];
		enum sent_state told = entry_tells(session, entry, message, NULL);

		if (told == SENT_REFUSED)
			refused = (uint64_t)json_num(entry_json(entry), "of", 0);
		else if (told != SENT_NOTHING && entry->seq != refused)
			return entry->at;
	}
	return 0;
}

const struct message *session_update(const struct session *session, int64_t *at)
{
	const struct runbook *runbook = session->loaded->runbook;
	const struct message *first = NULL;

	if (!session->open || session->incident.state.phase != INCIDENT_OPEN)
		return NULL;
	for (size_t i = 0; i < runbook->nmessages; i++) {
		const struct message *message = &runbook->messages[i];
		int64_t after = sense_duration(session->sense, message->next_update, 0);
		int64_t when = after > 0 ? went_out(session, message->name) : 0;

		if (!when || (first && when + after >= *at))
			continue;
		first = message;
		*at = when + after;
	}
	return first;
}
