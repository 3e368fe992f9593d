/* A drill's clock: what is due next, and moving it on. */
#include <stdio.h>

#include "core/session_parts.h"
#include "lib/timefmt.h"

/* A move to something that is due ends so much before it: it is seen coming. */
#define LEAD_US (2 * CLOCK_US)

int64_t session_next_due(const struct session *session)
{
	const struct deployment_state *now =
	    session->open ? &session->incident.state.deployment : NULL;
	int64_t wall = clock_wall(session->clock) + LEAD_US, due = 0;

	if (!now || !now->deployment)
		return 0;
	if (now->t0 > wall)
		due = now->t0;
	for (size_t i = 0; i < now->deployment->checklist->nsections; i++) {
		const struct section *section = &now->deployment->checklist->sections[i];
		int64_t at = now->t0 + section->offset_us;

		if (section->timed && at > wall && (!due || at < due))
			due = at;
	}
	return due ? due - LEAD_US : 0;
}

/* "T-00:10:00" of a wall time, or the wall time itself when nothing is planned. */
static void t_text(const struct session *session, int64_t wall, char *out, size_t size)
{
	const struct deployment_state *now = &session->incident.state.deployment;
	char clock[TIME_RFC3339_MAX];

	if (!now->deployment) {
		snprintf(out, size, "%sZ", time_clock(wall, clock));
		return;
	}
	duration_t(wall - now->t0, out, size);
}

int session_forward(struct session *session, int64_t wall, struct err *err)
{
	int64_t now = clock_wall(session->clock);
	char from[48], to[48], note[160];

	if (session_need_open(session, err) != 0)
		return -1;
	if (!clock_followed()) {
		err_set(err, "the clock is the system's: it can't be moved");
		return err_hint(err, "only the drill of a deployment has a clock of its own");
	}
	if (session_running(session))
		return err_set(err, "a step is running: it needs its time");
	if (wall <= now)
		return err_set(err, "that is not ahead: the clock is never moved back");
	t_text(session, now, from, sizeof(from));
	t_text(session, wall, to, sizeof(to));
	snprintf(note, sizeof(note), "The drill's clock is moved on from %s to %s.", from, to);
	if (session_note(session, note, err) != 0)
		return -1;
	session->forward = wall;
	session_clock_tick(session);
	return 0;
}

/* "T-10m", "T", "T+30m", or "10m" from now. */
static int wall_parse(const struct session *session, const char *text, int64_t *wall,
		      struct err *err)
{
	const struct deployment_state *now = &session->incident.state.deployment;
	const char *span = text + (*text == 'T');
	int sign = *span == '-' ? -1 : 1;
	int64_t us = 0;

	if (*text == 'T' && (*span == '-' || *span == '+'))
		span++;
	if ((*text != 'T' || *span) && duration_parse(span, &us) < 0) {
		err_set(err, "\"%s\" is no time to move on to", text);
		return err_hint(err, "write T-10m, T+30m, or 10m for as much from now");
	}
	if (*text == 'T' && !now->deployment)
		return err_set(err, "no deployment is planned, so there is no T");
	*wall = (*text == 'T' ? now->t0 : clock_wall(session->clock)) + sign * us;
	return 0;
}

int session_forward_text(struct session *session, const char *text, struct err *err)
{
	int64_t wall = session_next_due(session);

	if (text && session->open && wall_parse(session, text, &wall, err) != 0)
		return -1;
	if (!text && !wall && clock_followed())
		return err_set(err, "nothing more is due: say how far to move on, as in 10m");
	return session_forward(session, wall, err);
}

void session_clock_tick(struct session *session)
{
	struct err err = ERR_INIT;
	int moved;

	if (!session->forward)
		return;
	moved = clock_move(session->forward, &err);
	if (moved < 0)
		session_trouble(session, &err);
	if (moved != 1)
		session->forward = 0;
	session_watch_probes(session);
	sense_now(session->sense);
	session_say(session, SESSION_SENSED);
}

bool session_is_forwarding(const struct session *session)
{
	return session->forward != 0;
}
