/* Messages of the runbook: prepared, and handed to somebody who sends them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/outgoing.h"
#include "core/session_parts.h"
#include "core/statefolder.h"
#include "lib/child.h"
#include "lib/file.h"
#include "lib/mem.h"

#define TMUX_US	   (10 * CLOCK_US)
#define OUTPUT_MAX 1024
#define FOLDER	   "messages"

const struct message *session_find_message(const struct session *session, const char *name,
					   struct err *err)
{
	const struct message *message = runbook_message(session->loaded->runbook, name);

	if (message)
		return message;
	err_set(err, "the runbook has no message \"%s\"", name);
	return NULL;
}

char *session_message(const struct session *session, const struct message *message, struct err *err)
{
	char *text;

	if (!session->open) {
		err_set(err, "no incident is open");
		err_hint(err, "declare one first: a message carries its id and head");
		return NULL;
	}
	text = outgoing_text(&session->incident, sense_values(session->sense), message->text, err);
	if (!text)
		err_wrap(err, "message %s", message->name);
	return text;
}

static int message_record(struct session *session, const struct message *message, const char *to,
			  const char *file, const char *text, struct err *err)
{
	return session_append(session, false, EV_MESSAGE,
			      json_pack("{s:s, s:o, s:s, s:o, s:o}", "message", message->name,
					"channel", session_text(message->channel), "to", to, "file",
					session_text(file), "text", session_text(text)),
			      err);
}

/* ---- To a file ---- */

/* How many were handed over so far: their number is in the file's name. */
static int messages_so_far(const struct incident_state *state)
{
	int n = 0;

	for (size_t i = 0; i < state->ntimeline; i++)
		n += state->timeline[i].event == EV_MESSAGE;
	return n;
}

int session_message_write(struct session *session, const char *name, char **path, struct err *err)
{
	const struct message *message = session_find_message(session, name, err);
	char *text = NULL, *folder = NULL, *file = NULL, *whole = NULL;
	mode_t mode;
	int result = -1;

	if (!message || !(text = session_message(session, message, err)))
		goto out;
	if (session->incident.state.phase == INCIDENT_CLOSED) {
		err_set(err, "the incident is closed");
		goto out;
	}
	mode = incident_file_mode(session->incident.folder);
	folder = path_join(session->incident.folder, FOLDER);
	file = xasprintf(FOLDER "/%02d-%s.txt", messages_so_far(&session->incident.state) + 1,
			 message->name);
	whole = path_join(session->incident.folder, file);
	if (incident_subfolder(session->incident.folder, folder, err) != 0 ||
	    file_replace(whole, text, strlen(text), mode, err) != 0 ||
	    message_record(session, message, "file", file, text, err) != 0)
		goto out;
	if (path) {
		*path = whole;
		whole = NULL;
	}
	result = 0;
out:
	free(whole);
	free(file);
	free(folder);
	free(text);
	return result;
}

/* ---- To tmux ---- */

bool session_has_tmux(void)
{
	const char *tmux = getenv("TMUX");

	return tmux && *tmux;
}

static void copied(const struct child_end *end, const struct buf *out, void *data)
{
	struct session *session = data;
	struct message_copy *copy = &session->copy;
	struct err err = ERR_INIT;
	char how[64];

	copy->job = NULL;
	if (end->timed_out || end->status != 0)
		err_set(&err, "%s%s is not in the buffer of tmux: %s%s%s",
			copy->message ? "message " : "the text",
			copy->message ? copy->message->name : "",
			child_end_text(end, how, sizeof(how)), out->len ? ": " : "", buf_str(out));
	else if (copy->message)
		message_record(session, copy->message, "tmux", NULL, copy->text, &err);
	if (err.set)
		session_trouble(session, &err);
	free(copy->text);
	copy->text = NULL;
}

/* tmux finds its server by these. */
static int tmux_start(struct session *session, struct err *err)
{
	static const char *const argv[] = { "tmux", "load-buffer", "-w", "-", NULL };
	const char *folder = getenv("TMUX_TMPDIR"), *env[3] = { NULL };
	char *where = xasprintf("TMUX=%s", getenv("TMUX"));
	char *below = folder ? xasprintf("TMUX_TMPDIR=%s", folder) : NULL;
	struct child_spec spec = { .argv = argv, .env = env };

	env[0] = where;
	env[1] = below;
	session->copy.job = job_start(session->loop, &spec, session->copy.text, TMUX_US, OUTPUT_MAX,
				      copied, session, err);
	free(below);
	free(where);
	return session->copy.job ? 0 : -1;
}

/* Whether something can be handed over now. */
static int copy_ready(const struct session *session, struct err *err)
{
	if (!session_has_tmux()) {
		err_set(err, "this console does not run inside tmux");
		return err_hint(err, "write a message to a file instead");
	}
	if (session->copy.job)
		return err_set(err, "the text before is still on its way to tmux");
	return 0;
}

/* `text` is stolen. `message` NULL: it is none, and not on record. */
static int copy_begin(struct session *session, const struct message *message, char *text,
		      struct err *err)
{
	session->copy.message = message;
	session->copy.text = text;
	if (tmux_start(session, err) == 0)
		return 0;
	free(text);
	session->copy.text = NULL;
	return -1;
}

int session_message_copy(struct session *session, const char *name, struct err *err)
{
	const struct message *message = session_find_message(session, name, err);
	char *text;

	if (!message || copy_ready(session, err) < 0)
		return -1;
	text = session_message(session, message, err);
	if (!text)
		return -1;
	if (session->incident.state.phase == INCIDENT_CLOSED) {
		free(text);
		return err_set(err, "the incident is closed");
	}
	return copy_begin(session, message, text, err);
}

int session_copy(struct session *session, const char *text, struct err *err)
{
	return copy_ready(session, err) < 0 ? -1 : copy_begin(session, NULL, xstrdup(text), err);
}

void session_message_forget(struct session *session)
{
	job_cancel(session->copy.job);
	free(session->copy.text);
	session->copy = (struct message_copy){ .job = NULL };
}
