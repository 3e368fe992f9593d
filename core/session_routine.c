/* Routines, events and phases: beginning and ending them, on record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/period.h"
#include "core/session_parts.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

/* A week of samples is read in seconds; a disk that hangs must not keep a routine open. */
#define SUM_US (120 * CLOCK_US)

static const struct routine_state *current(const struct session *session)
{
	const struct routine_state *now = &session->incident.state.routine;

	return session->open && now->routine ? now : NULL;
}

/* ---- Beginning ---- */

/* What is due of it, the longest first, else what is nearest; NULL. */
static const struct recorded_routine *entry_of(const struct recorded *recorded,
					       const struct routine *routine, const char *of,
					       int64_t now, int64_t *time)
{
	const struct recorded_routine *best = NULL;
	bool best_due = false;

	*time = 0;
	for (size_t i = 0; i < recorded->n; i++) {
		const struct recorded_routine *one = &recorded->routines[i];
		struct due due;
		int64_t at;
		bool is_due;

		if (one->routine != routine || (of && strncmp(one->start_id, of, strlen(of)) != 0))
			continue;
		schedule_due(&routine->schedule, one->start, one->done, now, &due);
		at = schedule_nearest(&routine->schedule, one->start, one->done, now);
		is_due = due.state == DUE_NOW || due.state == DUE_OVERDUE;
		if (best && (best_due > is_due || (best_due == is_due && *time <= at)))
			continue;
		best = one;
		best_due = is_due;
		*time = at;
	}
	return best;
}

static json_t *time_json(int64_t at)
{
	char text[TIME_RFC3339_MAX];

	return at ? json_string(time_rfc3339(at, text)) : json_null();
}

static int begin(struct session *session, const struct routine *routine,
		 const struct recorded_routine *entry, int64_t time, struct err *err)
{
	bool counts = entry && (entry->start || routine->schedule.start == START_ALWAYS);
	int64_t start = counts ? entry->start : 0;

	if (session_open_incident(session, INCIDENT_ROUTINE, SEVERITY_LOW, routine->title, err) !=
		0 ||
	    session_append(session, true, EV_ROUTINE,
			   json_pack("{s:s, s:o, s:o}", "routine", routine->name, "due",
				     time_json(time), "start", time_json(start)),
			   err) != 0)
		return -1;
	session->summed = false;
	session_recorded_soon(session);
	session_watch_probes(session);
	sense_now(session->sense);
	return 0;
}

int session_routine(struct session *session, const char *name, const char *of, struct err *err)
{
	const struct routine *routine = runbook_routine(session->loaded->runbook, name);
	const struct recorded_routine *entry;
	struct recorded recorded;
	int64_t time;
	int status;

	if (!routine)
		return err_set(err, "the runbook has no routine %s", name);
	if (session->open) {
		err_set(err, "incident %s is shown here already", session->incident.id);
		return err_hint(err, "begin the routine in another console, or resolve that one "
				     "first");
	}
	if (!session->loaded->target)
		return err_set(err, "a routine needs a target");
	/* Anew: another console may have done it just now. */
	recorded_read(session->loaded->runbook, session->loaded->target->name,
		      clock_wall(session->clock), &recorded);
	entry = entry_of(&recorded, routine, of, clock_wall(session->clock), &time);
	if (of && !entry)
		status = err_set(err, "nothing of %s follows up incident %s", name, of);
	else
		status = begin(session, routine, entry, time, err);
	recorded_release(&recorded);
	return status;
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
			 time_json(from), "until", time_json(until), "metrics", metrics, "affairs",
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
		session_note(session, "What the period was like could not be read.", NULL);
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

/* ---- Events and phases ---- */

/* Puts something on record that belongs to no incident: in the open one, else in one of its own. */
static int on_record(struct session *session, const char *title, enum event_id event,
		     json_t *fields, struct err *err)
{
	bool own = !session->open;

	if (own &&
	    session_open_incident(session, INCIDENT_ROUTINE, SEVERITY_LOW, title, err) != 0) {
		json_decref(fields);
		return -1;
	}
	if (session_append(session, true, event, fields, err) != 0)
		return -1;
	session_recorded_soon(session);
	if (!own)
		return 0;
	if (session_resolve(session, "on record", err) != 0 ||
	    session_close(session, NULL, NULL, NULL, err) != 0)
		return -1;
	return session_leave(session, err);
}

int session_occasion(struct session *session, const char *name, int64_t at, struct err *err)
{
	const struct runbook *runbook = session->loaded->runbook;
	const struct routine *found = NULL;
	char text[TIME_RFC3339_MAX], title[160];

	for (size_t i = 0; i < runbook->nroutines && !found; i++) {
		if (runbook->routines[i].schedule.start == START_EVENT &&
		    strcmp(runbook->routines[i].schedule.of, name) == 0)
			found = &runbook->routines[i];
	}
	if (!found)
		return err_set(err, "no routine lies around an event \"%s\"", name);
	if (at)
		snprintf(title, sizeof(title), "%.80s is at %sZ", name, time_datetime(at, text));
	else
		snprintf(title, sizeof(title), "%.80s does not take place", name);
	return on_record(session, title, EV_OCCASION,
			 json_pack("{s:s, s:o}", "name", name, "time", time_json(at)), err);
}

static const struct phase *phase_find(const struct session *session, const char *name,
				      struct err *err)
{
	const struct phase *phase = runbook_phase(session->loaded->runbook, name);

	if (!phase)
		err_set(err, "the runbook has no phase %s", name);
	return phase;
}

int session_phase_begin(struct session *session, const char *name, const char *reason,
			struct err *err)
{
	const struct phase *phase = phase_find(session, name, err);
	const struct deployment *deployment = session->loaded->runbook->deployments;
	char title[200];

	if (!phase)
		return -1;
	if (phase->gate) {
		while (deployment->phase != phase)
			deployment++; /* the checker saw to it that there is one */
		err_set(err, "phase %s begins with a go at gate %s", name, phase->gate->name);
		return err_hint(err, "plan it with backout preflight: deployment %s",
				deployment->name);
	}
	snprintf(title, sizeof(title), "Phase begins: %.150s", phase->title);
	return on_record(session, title, EV_PHASE,
			 json_pack("{s:s, s:o}", "phase", name, "reason", session_text(reason)),
			 err);
}

int session_phase_end(struct session *session, const char *name, bool finished, const char *reason,
		      struct err *err)
{
	const struct phase *phase = phase_find(session, name, err);
	struct recorded recorded;
	const struct recorded_phase *now;
	bool under_way;
	char title[200];

	if (!phase || !session->loaded->target)
		return -1;
	if (!finished && (!reason || !*reason))
		return err_set(err, "giving a phase up needs a reason");
	recorded_read(session->loaded->runbook, session->loaded->target->name,
		      clock_wall(session->clock), &recorded);
	now = &recorded.phases[phase - session->loaded->runbook->phases];
	/* What finished may still be given up: it was rolled back later. */
	under_way = now->begun_at && (!now->ended_at || (now->finished && !finished));
	recorded_release(&recorded);
	if (!under_way)
		return err_set(err, "phase %s is not under way", name);
	snprintf(title, sizeof(title), "Phase %s: %.150s", finished ? "finished" : "given up",
		 phase->title);
	return on_record(session, title, EV_PHASE_ENDED,
			 json_pack("{s:s, s:s, s:o}", "phase", name, "result",
				   finished ? "finished" : "given up", "reason",
				   session_text(reason)),
			 err);
}
