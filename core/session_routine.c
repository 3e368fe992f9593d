/* A routine that is gone through: what its report sums up, how it stands, its end. */
#include <stdlib.h>
#include <string.h>

#include "core/period.h"
#include "core/session_parts.h"

/* A week of samples is read in seconds; a disk that hangs must not keep a routine open. */
#define SUM_US (120 * CLOCK_US)

static const struct routine_state *current(const struct session *session)
{
	const struct routine_state *now = &session->incident.state.routine;

	return session->open && now->routine ? now : NULL;
}

/* ---- What its report sums up ---- */

static json_t *sum_body(void *data)
{
	const struct session *session = data;
	const struct routine *routine = current(session)->routine;
	int64_t until = session->incident.state.opened_at, from = until - routine->period_us;
	json_t *metrics =
	    period_metrics(session->loaded->runbook, routine, session->kept, from, until);

	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "routine", routine->name, "from",
			 session_time(from), "until", session_time(until), "metrics", metrics,
			 "affairs",
			 period_affairs(session->loaded->runbook, session->loaded->target->name,
					from, session->incident.id));
}

static void sum_done(const json_t *result, void *data)
{
	struct session *session = data;

	session->summing = NULL;
	session->summed = true;
	if (result)
		session_append(session, false, EV_PERIOD, json_deep_copy(result), NULL);
	else
		session_append(session, false, EV_NOTE,
			       json_pack("{s:s}", "text",
					 "What the period was like could not be read."),
			       NULL);
}

void session_routine_tick(struct session *session)
{
	const struct routine_state *now = current(session);
	struct err err = ERR_INIT;

	if (!now || !now->routine->period_us || now->ended_at || session->summed ||
	    session->summing || session->sensing_lock < 0 ||
	    session->incident.state.phase != INCIDENT_OPEN)
		return;
	/* Another console may have done it before this one came. */
	for (size_t i = 0; i < session->incident.state.ntimeline; i++) {
		if (session->incident.state.timeline[i].event == EV_PERIOD) {
			session->summed = true;
			return;
		}
	}
	session->summing = task_start(session->loop, SUM_US, sum_body, sum_done, session, &err);
	if (!session->summing) {
		session->summed = true;
		session_trouble(session, &err);
	}
}

bool session_is_summing(const struct session *session)
{
	const struct routine_state *now = current(session);

	return now && now->routine->period_us && !session->summed && session->sensing_lock >= 0;
}

/* ---- Ending ---- */

/* What is not green, and whether a machine could tell: the rest is a person's. */
static json_t *left_of(const struct session *session, const struct routine *routine, bool *fails)
{
	const struct checklist_state *list = session_list_state(session, routine->checklist);
	json_t *left = json_array();

	*fails = false;
	for (size_t i = 0; i < list->nitems; i++) {
		const struct item *item = checklist_item(list, i, NULL);
		const char *evidence = list->items[i].evidence;

		if (!checklist_missing(list, i, INT64_MAX))
			continue;
		*fails = *fails || item->kind != ITEM_MANUAL;
		json_array_append_new(left,
				      json_pack("{s:s, s:s, s:s, s:o}", "item", item->id, "say",
						item->say, "status",
						item_status_name(checklist_status(list, i)),
						"evidence", json_text(evidence, strlen(evidence))));
	}
	return left;
}

const char *session_routine_result(const struct session *session)
{
	const struct routine_state *now = current(session);
	const char *result = "";
	json_t *left;
	bool fails;

	if (!now)
		return "";
	if (now->ended_at)
		return now->result;
	left = left_of(session, now->routine, &fails);
	result = fails ? "fails" : json_array_size(left) ? "partly" : "holds";
	json_decref(left);
	return result;
}

int session_routine_end(struct session *session, struct err *err)
{
	const struct routine_state *now = current(session);
	const char *result;
	json_t *left;
	bool fails;

	if (!now || now->ended_at)
		return 0;
	if (session_is_summing(session)) {
		err_set(err, "what its report sums up is still being read");
		return err_hint(err, "wait a moment, then end it");
	}
	result = session_routine_result(session);
	left = left_of(session, now->routine, &fails);
	return session_append(session, true, EV_ROUTINE_ENDED,
			      json_pack("{s:s, s:s, s:o}", "routine", now->routine->name, "result",
					result, "left", left),
			      err);
}
