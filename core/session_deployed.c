/* When the system was deployed last, for conditions that ask. */
#include "core/deployed.h"
#include "core/session_parts.h"

#define AGAIN_US (60 * CLOCK_US) /* other consoles may decide meanwhile */

static bool is_asked(const struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;

	for (size_t i = 0; i < runbook->nconditions; i++) {
		if (runbook->conditions[i].within)
			return true;
	}
	return false;
}

void session_deployed_tick(struct session *session)
{
	int64_t mono = clock_mono(session->clock), now = clock_wall(session->clock);
	int64_t own = session->open ? deployed_state(&session->incident.state, now) : 0;

	if (!session->loaded->target || !is_asked(session))
		return;
	if (!session->deployed_look || mono >= session->deployed_look) {
		session->deployed_look = mono + AGAIN_US;
		session->deployed_read = deployed_read(session->loaded->runbook->system,
						       session->loaded->target->name, now);
	}
	session->deployed = own > session->deployed_read ? own : session->deployed_read;
	sense_deployed(session->sense, session->deployed);
}

int64_t session_deployed(const struct session *session)
{
	return session->deployed;
}
