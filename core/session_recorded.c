/* What the ledgers say of routines and phases, read beside the console. */
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/mem.h"

#define AGAIN_US (60 * CLOCK_US) /* other consoles and cron do their part meanwhile */
#define TASK_US	 (60 * CLOCK_US)

static bool is_asked(const struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;

	return session->loaded->target && (runbook->nroutines || runbook->nphases);
}

static json_t *body(void *data)
{
	const struct session *session = data;
	const struct runbook *runbook = session->loaded->runbook;
	struct recorded recorded;
	json_t *out;

	recorded_read(runbook, session->loaded->target->name, clock_wall(session->clock),
		      &recorded);
	out = recorded_to_json(runbook, &recorded);
	recorded_release(&recorded);
	return out;
}

static void done(const json_t *result, void *data)
{
	struct session *session = data;
	struct recorded recorded;

	session->reading_recorded = NULL;
	if (!recorded_from_json(result, session->loaded->runbook, &recorded))
		return; /* what was known goes on to be shown; it is read again */
	recorded_release(&session->recorded);
	session->recorded = recorded;
	session->recorded_known = true;
	session_say(session, SESSION_SENSED);
}

void session_recorded_tick(struct session *session)
{
	int64_t now = clock_mono(session->clock);
	struct err err = ERR_INIT;

	if (!is_asked(session) || session->reading_recorded ||
	    (session->recorded_look && now < session->recorded_look))
		return;
	session->recorded_look = now + AGAIN_US;
	session->reading_recorded = task_start(session->loop, TASK_US, body, done, session, &err);
	if (!session->reading_recorded)
		session_trouble(session, &err);
}

void session_recorded_soon(struct session *session)
{
	session->recorded_look = 0;
}

void session_recorded_forget(struct session *session)
{
	task_cancel(session->reading_recorded);
	task_cancel(session->summing);
	recorded_release(&session->recorded);
}

/* ---- What is due ---- */

static int rank(const struct routine_due *one)
{
	static const int ranks[] = {
		[DUE_OVERDUE] = 0, [DUE_NOW] = 1, [DUE_LATER] = 2, [DUE_DONE] = 2, [DUE_NEVER] = 4
	};

	return one->due.at ? ranks[one->due.state] : one->due.state == DUE_DONE ? 3 : 4;
}

static int compare(const void *a, const void *b)
{
	const struct routine_due *one = a, *other = b;
	int by_rank = rank(one) - rank(other);

	if (by_rank)
		return by_rank;
	if (one->due.at != other->due.at)
		return one->due.at < other->due.at ? -1 : 1;
	/* The runbook's order. */
	return one->record < other->record ? -1 : one->record > other->record;
}

size_t session_routines(const struct session *session, struct routine_due **out)
{
	const struct recorded *recorded = &session->recorded;
	size_t n = session->recorded_known ? recorded->n : 0;
	int64_t now = clock_wall(session->clock);

	*out = xcalloc(n + 1, sizeof(**out));
	for (size_t i = 0; i < n; i++) {
		const struct recorded_routine *one = &recorded->routines[i];

		(*out)[i].record = one;
		schedule_due(&one->routine->schedule, one->start, one->done, now, &(*out)[i].due);
	}
	qsort(*out, n, sizeof(**out), compare);
	return n;
}

const struct recorded_phase *session_phase(const struct session *session, const struct phase *phase)
{
	return session->recorded_known
		   ? &session->recorded.phases[phase - session->loaded->runbook->phases]
		   : NULL;
}
