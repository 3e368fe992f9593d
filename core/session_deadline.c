/* What drills say about the procedures, and by when one has to be decided on. */
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/mem.h"
#include "lib/offspring.h"
#include "lib/timefmt.h"

#define TASK_US (30 * CLOCK_US)

/* ---- What drills say ---- */

static json_t *history_body(void *data)
{
	const struct session *session = data;
	const struct runbook *runbook = session->loaded->runbook;
	struct history *all = xcalloc(runbook->nprocedures + 1, sizeof(*all));
	json_t *out;

	history_read_all(runbook, all);
	out = history_to_json(all, runbook->nprocedures);
	free(all);
	return out;
}

static void history_done(const json_t *result, void *data)
{
	struct session *session = data;

	session->reading_history = NULL;
	/* One that chose meanwhile has read it already. */
	if (result && !session->history_known)
		history_from_json(result, session->history, session->loaded->runbook->nprocedures);
	session->history_known = true;
	session_say(session, SESSION_PLAN);
}

/* Beside the console: there may be many records. */
static void history_begin(struct session *session)
{
	struct err err = ERR_INIT;

	session->history =
	    xcalloc(session->loaded->runbook->nprocedures + 1, sizeof(*session->history));
	session->reading_history =
	    task_start(session->loop, TASK_US, history_body, history_done, session, &err);
	if (!session->reading_history)
		session_trouble(session, &err);
}

const struct history *session_history(const struct session *session,
				      const struct procedure *procedure)
{
	static const struct history none;
	const struct runbook *runbook = session->loaded->runbook;

	if (!session->history)
		history_begin((struct session *)session);
	for (size_t i = 0; i < runbook->nprocedures; i++) {
		if (&runbook->procedures[i] == procedure)
			return &session->history[i];
	}
	return &none; /* an item's: it is not drilled by itself */
}

void session_history_forget(struct session *session)
{
	task_cancel(session->reading_history);
	free(session->history);
}

/* ---- The deadline ---- */

/* When the trouble began that a procedure answers; 0: there is none. A deployment's is T's, unless
 * somebody declared it. */
static int64_t trouble_from(const struct session *session)
{
	const struct incident_state *state = &session->incident.state;
	int64_t t0 = state->deployment.t0;

	if (!session->open || state->phase != INCIDENT_OPEN)
		return 0;
	if (state->declared_at || state->kind == INCIDENT_DEPLOYMENT || state->routine.routine ||
	    state->deployment.deployment)
		return state->declared_at ? state->declared_at
		       : state->deployment.deployment && t0 <= clock_wall(session->clock) ? t0
											  : 0;
	return state->opened_at;
}

/* How bad it is: as somebody declared it, or worse, by a condition that holds and asks for the
 * procedure. Nobody may have got round to declaring yet. */
static enum severity severity_for(const struct session *session, const struct procedure *procedure)
{
	const struct runbook *runbook = session->loaded->runbook;
	const struct condition_state *now = sense_conditions(session->sense);
	enum severity worst = session->incident.state.severity;

	for (size_t i = 0; i < runbook->nconditions; i++) {
		const struct condition *condition = &runbook->conditions[i];

		if (now[i].verdict == VERDICT_PASS && condition->suggest.procedure == procedure &&
		    condition->severity > worst)
			worst = condition->severity;
	}
	return worst;
}

bool session_deadline(const struct session *session, const struct procedure *procedure,
		      struct deadline *out)
{
	int64_t from = trouble_from(session);

	return from && !procedure->item &&
	       deadline_of(session->loaded->runbook, severity_for(session, procedure), procedure,
			   from, session_history(session, procedure)->longest_us, out);
}

json_t *session_decide_by(struct session *session, const struct procedure *procedure)
{
	struct deadline deadline;
	char at[TIME_RFC3339_MAX];

	/* What goes on record is not to hang on whether a task has come back yet. */
	session_history(session, procedure);
	if (!session->history_known) {
		history_read_all(session->loaded->runbook, session->history);
		session->history_known = true;
	}
	if (!session_deadline(session, procedure, &deadline))
		return NULL;
	return json_string(time_rfc3339(deadline.decide_by, at));
}
