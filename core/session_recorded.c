/* What the ledgers say of routines and phases, read beside the console. */
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/mem.h"

static void changed(void *data)
{
	struct session *session = data;

	session->standing_at = 0;
	session_say(session, SESSION_SENSED);
}

void session_recorded_tick(struct session *session)
{
	struct err err = ERR_INIT;

	if (recorder_tick(session->recorder, &err) != 0)
		session_trouble(session, &err);
}

void session_recorded_begin(struct session *session)
{
	if (session->loaded->target)
		session->recorder =
		    recorder_new(&(struct recorder_spec){ .loop = session->loop,
							  .clock = session->clock,
							  .runbook = session->loaded->runbook,
							  .target = session->loaded->target->name,
							  .changed = changed,
							  .data = session });
}

void session_recorded_soon(struct session *session)
{
	recorder_soon(session->recorder);
}

void session_recorded_forget(struct session *session)
{
	task_cancel(session->summing);
	recorder_free(session->recorder);
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
	const struct recorded *recorded = recorder_now(session->recorder);
	size_t n = recorded ? recorded->n : 0;
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
	const struct recorded *recorded = recorder_now(session->recorder);

	return recorded ? &recorded->phases[phase - session->loaded->runbook->phases] : NULL;
}
