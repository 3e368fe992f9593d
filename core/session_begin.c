/* Routines, events and phases: what the operator begins and ends, on record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/timefmt.h"

/* ---- Routines ---- */

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

static int begin(struct session *session, const struct routine *routine,
		 const struct recorded_routine *entry, int64_t time, struct err *err)
{
	bool counts = entry && (entry->start || routine->schedule.start == START_ALWAYS);
	int64_t start = counts ? entry->start : 0;

	if (session_open_incident(session, INCIDENT_ROUTINE, SEVERITY_LOW, routine->title, err) !=
		0 ||
	    session_append(session, true, EV_ROUTINE,
			   json_pack("{s:s, s:o, s:o}", "routine", routine->name, "due",
				     session_time(time), "start", session_time(start)),
			   err) != 0)
		return -1;
	session->summed = false;
	recorder_read(session->recorder);
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
		return err_hint(err, session->incident.state.phase == INCIDENT_CLOSED
					 ? "it is closed: \":leave\" goes back to watching"
					 : "begin the routine in another console, or resolve that "
					   "one first");
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
	recorder_read(session->recorder);
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
			 json_pack("{s:s, s:o}", "name", name, "time", session_time(at)), err);
}

static const struct phase *phase_find(const struct session *session, const char *name,
				      struct err *err)
{
	const struct phase *phase = runbook_phase(session->loaded->runbook, name);

	if (!phase)
		err_set(err, "the runbook has no phase %s", name);
	else if (!session->loaded->target)
		err_set(err, "a phase needs a target");
	return session->loaded->target ? phase : NULL;
}

/* By the ledgers as they are at this moment: another console may have put something there. */
static struct recorded_phase phase_now(const struct session *session, const struct phase *phase)
{
	const struct runbook *runbook = session->loaded->runbook;
	struct recorded recorded;
	struct recorded_phase now;

	recorded_read(runbook, session->loaded->target->name, clock_wall(session->clock),
		      &recorded);
	now = recorded.phases[phase - runbook->phases];
	recorded_release(&recorded);
	return now;
}

static bool is_under_way(struct recorded_phase now)
{
	return now.begun_at && !now.ended_at;
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
	if (is_under_way(phase_now(session, phase))) {
		err_set(err, "phase %s is under way already", name);
		return err_hint(err, "\":phases\" says since when; finish it, or give it up");
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
	struct recorded_phase now;
	char title[200];

	if (!phase)
		return -1;
	if (!finished && (!reason || !*reason))
		return err_set(err, "giving a phase up needs a reason");
	now = phase_now(session, phase);
	/* What finished may still be given up: it was rolled back later. */
	if (!is_under_way(now) && !(now.finished && !finished))
		return err_set(err, "phase %s is not under way", name);
	snprintf(title, sizeof(title), "Phase %s: %.150s", finished ? "finished" : "given up",
		 phase->title);
	return on_record(session, title, EV_PHASE_ENDED,
			 json_pack("{s:s, s:s, s:o}", "phase", name, "result",
				   finished ? "finished" : "given up", "reason",
				   session_text(reason)),
			 err);
}
