/* The plan before those who may approve it: asking, approving, rejecting, breaking the glass. */
#include <string.h>

#include "core/approve.h"
#include "core/session_parts.h"

static struct approve about_of(const struct session *session)
{
	return (struct approve){ .state = &session->incident.state,
				 .plan = &session->plan,
				 .login = session->login,
				 .now = clock_wall(session->clock) };
}

const char *session_login(const struct session *session)
{
	return session->login;
}

bool session_authority(const struct session *session, struct authority *out)
{
	struct approve about = about_of(session);

	if (!session_plan(session, NULL))
		return false;
	approve_authority(&about, out);
	return true;
}

bool session_asked(const struct session *session)
{
	const struct attempt *attempt = session_attempt(session);

	return attempt && attempt->asked_at && strcmp(attempt->digest, session->plan.digest) == 0;
}

enum own_approval session_own_approval(const struct session *session,
				       const struct authority *authority)
{
	if (!authority_may(authority, session->login))
		return OWN_NONE;
	if (authority_gave(session_attempt(session), session->plan.digest, session->login,
			   authority, clock_wall(session->clock)))
		return OWN_GIVEN;
	return authority_completed_by(&session->incident.state, session_attempt(session),
				      session->plan.digest, session->login,
				      clock_wall(session->clock))
		   ? OWN_COMPLETES
		   : OWN_COUNTS;
}

/* `fields` is stolen; NULL: it was refused. */
static int word_append(struct session *session, enum event_id event, json_t *fields,
		       struct err *err)
{
	return fields ? session_append(session, true, event, fields, err) : -1;
}

int session_approve(struct session *session, const char *confirm, struct err *err)
{
	struct approve about = about_of(session);

	if (session_need_plan(session, err) != 0)
		return -1;
	return word_append(session, EV_APPROVED, approve_given(&about, confirm, err), err);
}

int session_ask_approval(struct session *session, struct err *err)
{
	struct approve about = about_of(session);

	if (session_need_plan(session, err) != 0)
		return -1;
	return word_append(session, EV_ASKED, approve_asked(&about, err), err);
}

int session_reject(struct session *session, const char *reason, struct err *err)
{
	struct approve about = about_of(session);

	if (session_need_plan(session, err) != 0)
		return -1;
	return word_append(session, EV_REJECTED, approve_rejected(&about, reason, err), err);
}

int session_break_glass(struct session *session, const char *confirm, const char *reason,
			struct err *err)
{
	struct approve about = about_of(session);

	if (session_need_plan(session, err) != 0)
		return -1;
	return word_append(session, EV_BROKEN, approve_broken(&about, confirm, reason, err), err);
}

char *session_break_glass_sentence(const struct session *session)
{
	return approve_sentence(&session->incident.state);
}

void session_approve_tick(struct session *session)
{
	if (session->open && authority_expire(&session->incident.state, clock_wall(session->clock)))
		session_say(session, SESSION_LEDGER);
}
