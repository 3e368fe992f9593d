/* What all parts of a session stand on: its observer, its incident's ledger. Calls none of them. */
#include <stdio.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/timefmt.h"

void session_say(struct session *session, enum session_change what)
{
	if (session->changed)
		session->changed(what, session->data);
}

void session_trouble(struct session *session, const struct err *err)
{
	snprintf(session->error, sizeof(session->error), "%s%s%s", err->msg,
		 err->hint[0] ? ": " : "", err->hint);
	session_say(session, SESSION_ERROR);
}

json_t *session_text(const char *bytes)
{
	return bytes && *bytes ? json_text(bytes, strlen(bytes)) : json_null();
}

json_t *session_time(int64_t at)
{
	char text[TIME_RFC3339_MAX];

	return at ? json_string(time_rfc3339(at, text)) : json_null();
}

/* ---- The ledger ---- */

struct attempt *session_attempt(const struct session *session)
{
	return session->open ? state_attempt(&session->incident.state) : NULL;
}

/* Whoever appended goes on first; what follows from the new state comes with the loop's next turn.
 */
static void ledger_moved(struct session *session)
{
	if (session->sense)
		sense_trouble(session->sense, state_trouble(&session->incident.state));
	if (session->tick)
		watch_arm(session->tick, 0, SESSION_TICK_US);
	session_say(session, SESSION_LEDGER);
}

void session_refresh(struct session *session)
{
	struct err err = ERR_INIT;
	size_t seen = session->incident.state.ntimeline;
	bool unread = session->incident.unread;

	if (!session->open || session->incident.damage[0])
		return;
	/* Said once, not with every tick. */
	if (incident_refresh(&session->incident, &err) != 0 && !unread)
		session_trouble(session, &err);
	if (session->incident.state.ntimeline != seen)
		ledger_moved(session);
}

int session_need_open(const struct session *session, struct err *err)
{
	if (!session->open) {
		err_set(err, "no incident is open");
		return err_hint(err, "declare one first");
	}
	if (session->incident.state.phase != INCIDENT_OPEN)
		return err_set(err, "the incident is %s",
			       session->incident.state.phase == INCIDENT_CLOSED ? "closed"
										: "resolved");
	return 0;
}

int session_append(struct session *session, bool act, enum event_id event, json_t *fields,
		   struct err *err)
{
	const struct incident_state *state = &session->incident.state;
	bool moved = false;
	int status;

	if (!session->open) {
		json_decref(fields);
		err_set(err, "no incident is open");
		return err_hint(err, "declare one first");
	}
	status = act ? incident_act(&session->incident, event, fields, &moved, err)
		     : incident_append(&session->incident, event, fields, err);
	if (status != 0 && moved) {
		err_hint(err,
			 "somebody else did something meanwhile: look at it, then decide again");
		session_refresh(session);
	}
	if (status == 0 && state->ntimeline && state->timeline[state->ntimeline - 1].misfit)
		status = err_set(err, "%s", entry_text(&state->timeline[state->ntimeline - 1]));
	ledger_moved(session);
	return status;
}
