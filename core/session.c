/* A session's life: it opens, observes, and passes on what changed. */
#include "core/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/session_parts.h"
#include "core/standing.h"
#include "core/steplock.h"
#include "core/who.h"
#include "lib/file.h"
#include "lib/mem.h"

/* ---- Sensing ---- */

static void sensed(enum sense_change what, const void *subject, void *data)
{
	struct session *session = data;

	(void)subject;
	if (what == SENSE_SOURCE) {
		session_say(session, SESSION_SOURCE);
		return;
	}
	/* Not while sense_new() is still at work. */
	if (what != SENSE_READINGS)
		session->standing_at = 0;
	if (session->sense && session->open && what != SENSE_READINGS)
		session_record_sensed(session);
	session_say(session, SESSION_SENSED);
}

/* What the record says holds until it is sensed anew. */
static void sense_recall_record(struct session *session)
{
	const struct incident_state *state = &session->incident.state;

	sense_trouble(session->sense, state_trouble(state));
	for (size_t i = 0; i < state->runbook->nmetrics; i++) {
		if (state->alerts[i].level > LEVEL_OK)
			sense_recall(session->sense, state->alerts[i].metric,
				     state->alerts[i].level, state->alerts[i].since);
		if (state->alerts[i].muted_until)
			sense_mute(session->sense, state->alerts[i].metric,
				   state->alerts[i].muted_until);
	}
	for (size_t i = 0; i < state->runbook->nconditions; i++) {
		if (state->conditions[i].verdict == VERDICT_PASS)
			sense_recall_condition(session->sense, &state->runbook->conditions[i],
					       state->conditions[i].since);
	}
}

static int sense_begin(struct session *session, struct err *err)
{
	struct sense_observer observer = { .changed = sensed, .data = session };
	const struct attempt *attempt = session_attempt(session);

	session->sense =
	    sense_new(session->loop, session->clock, session->loaded->runbook,
		      session->loaded->target, attempt ? attempt->params : NULL, &observer, err);
	if (!session->sense)
		return -1;
	if (session->open)
		sense_recall_record(session);
	session->saved = xcalloc(session->loaded->runbook->nmetrics + 1, sizeof(*session->saved));
	return 0;
}

/* ---- The ledger ---- */

static void ledger_readable(struct watch *watch, uint32_t what, void *data)
{
	struct session *session = data;
	char bytes[4096];

	(void)watch;
	(void)what;
	while (read(ledger_watch_fd(session->incident.ledger), bytes, sizeof(bytes)) > 0)
		;
	session_refresh(session);
}

static int ledger_begin(struct session *session, struct err *err)
{
	int fd;

	if (!session->incident.ledger)
		return 0;
	fd = ledger_watch_fd(session->incident.ledger);
	/* The system has no more of them: every tick looks, too. */
	if (fd < 0)
		return 0;
	session->ledger_watch = loop_fd(session->loop, fd, EPOLLIN, ledger_readable, session, err);
	return session->ledger_watch ? 0 : -1;
}

/* What stands, for `backout status`: at once when it changed. */
static void standing_tick(struct session *session)
{
	int64_t now = clock_wall(session->clock);

	if (session->standing_at && now >= session->standing_at &&
	    now - session->standing_at < STANDING_EVERY_US)
		return;
	standing_put(session->sense, recorder_now(session->recorder), now);
	session->standing_at = now;
}

static void session_tick(struct watch *watch, uint32_t what, void *data)
{
	struct session *session = data;

	(void)watch;
	(void)what;
	session_refresh(session);
	session_approve_tick(session);
	session_clock_tick(session);
	if (session->open && session->sensing_lock < 0 && !session->incident.damage[0] &&
	    session->incident.state.phase == INCIDENT_OPEN) {
		session->sensing_lock = incident_lock(&session->incident, LOCK_SENSING, NULL);
		session_record_sensed(session);
	}
	session_deployed_tick(session);
	session_recorded_tick(session);
	session_plan_tick(session);
	session_watch_probes(session);
	session_record_tick(session);
	standing_tick(session);
	session_items_tick(session);
	session_deploy_tick(session);
	session_routine_tick(session);
	session_execute_tick(session);
}

/* ---- Life ---- */

/* A drill's sandbox has no yesterday, and no tomorrow. */
static void keep_begin(struct session *session)
{
	const struct target *target = session->loaded->target;

	if (!target || target->class == TARGET_DRILL)
		return;
	session->kept = kept_new(session->loaded->runbook->system, target->name, session->clock);
	if (session->kept)
		sense_keep(session->sense, session->kept);
}

struct session *session_new(const struct session_spec *spec, struct err *err)
{
	struct session *session = xcalloc(1, sizeof(*session));

	session->loop = spec->loop;
	session->clock = spec->clock;
	session->changed = spec->changed;
	session->data = spec->data;
	session->sensing_lock = session->runner_err = -1;
	session->login = who_login();
	if (spec->loaded) {
		session->own = *spec->loaded;
		*spec->loaded = (struct loaded){ 0 };
		session->loaded = &session->own;
	} else {
		if (incident_open(&session->incident, spec->incident, session->clock, err) != 0)
			goto fail;
		session->open = true;
		session->loaded = &session->incident.loaded;
	}
	if (sense_begin(session, err) != 0)
		goto fail;
	keep_begin(session);
	session_recorded_begin(session);
	if (session->open && ledger_begin(session, err) != 0)
		goto fail;
	session->tick = loop_timer(session->loop, session->open ? 0 : SESSION_TICK_US,
				   SESSION_TICK_US, session_tick, session);
	session_deployed_tick(session);
	session_plan_tick(session);
	session_watch_probes(session);
	return session;
fail:
	session_free(session);
	return NULL;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	/* Whoever listened may be gone already. What was on its way is put on record, while all
	 * that an append needs is still there. */
	session->changed = NULL;
	session_send_forget(session);
	watch_free(session->tick);
	watch_free(session->ledger_watch);
	/* A running step goes on: only the watch for its end goes. */
	watch_free(session->runner_watch);
	if (session->runner_err >= 0)
		close(session->runner_err);
	if (session->sensing_lock >= 0)
		close(session->sensing_lock);
	session_plan_forget(session);
	session_history_forget(session);
	session_recorded_forget(session);
	session_message_forget(session);
	if (session->standing_at)
		standing_end(session->sense, clock_wall(session->clock));
	sense_free(session->sense);
	kept_free(session->kept);
	if (session->open)
		incident_close(&session->incident);
	loaded_release(&session->own);
	free(session->saved);
	free(session->output);
	free(session->login);
	free(session);
}

int session_open_incident(struct session *session, enum incident_kind kind, enum severity severity,
			  const char *title, struct err *err)
{
	if (session->open)
		return err_set(err, "incident %s is open already", session->incident.id);
	if (incident_create(&session->incident, &session->own, kind, severity, title,
			    session->clock, err) != 0)
		return -1;
	/* What is sensed refers to the runbook in memory: the incident goes on with that one. */
	if (incident_adopt(&session->incident, &session->own, err) != 0) {
		err_hint(err, "it is open all the same: backout attach %s", session->incident.id);
		incident_close(&session->incident);
		return -1;
	}
	session->open = true;
	session->loaded = &session->incident.loaded;
	if (ledger_begin(session, err) != 0)
		return -1;
	session->sensing_lock = incident_lock(&session->incident, LOCK_SENSING, NULL);
	sense_trouble(session->sense, state_trouble(&session->incident.state));
	session_record_opened(session);
	session_watch_probes(session);
	sense_now(session->sense);
	session_say(session, SESSION_LEDGER);
	return 0;
}

int session_leave(struct session *session, struct err *err)
{
	if (!session->open || session->incident.state.phase != INCIDENT_CLOSED)
		return err_set(err, "no incident that is closed is shown here");
	session_plan_forget(session);
	session_send_forget(session);
	/* Another console may have ended the routine meanwhile: it is nothing for the next one. */
	task_cancel(session->summing);
	session->summing = NULL;
	watch_free(session->ledger_watch);
	session->ledger_watch = NULL;
	if (session->sensing_lock >= 0)
		close(session->sensing_lock);
	session->sensing_lock = -1;
	/* What is sensed refers to the runbook in memory: that one stays. */
	session->own = session->incident.loaded;
	session->incident.loaded = (struct loaded){ 0 };
	incident_close(&session->incident);
	session->loaded = &session->own;
	session->open = false;
	session->attempt = 0;
	session->judged = 0;
	session->gate_seen = DECISION_UNDECIDED;
	free(session->output);
	session->output = NULL;
	session->through = session->summed = false;
	memset(session->saved, 0, session->loaded->runbook->nmetrics * sizeof(*session->saved));
	sense_trouble(session->sense, 0);
	recorder_read(session->recorder);
	session_watch_probes(session);
	session_say(session, SESSION_LEDGER);
	return 0;
}

/* ---- What there is ---- */

const struct runbook *session_runbook(const struct session *session)
{
	return session->loaded->runbook;
}

const struct target *session_target(const struct session *session)
{
	return session->loaded->target;
}

struct sense *session_sense(const struct session *session)
{
	return session->sense;
}

const struct incident *session_incident(const struct session *session)
{
	return session->open ? &session->incident : NULL;
}

const struct incident_state *session_state(const struct session *session)
{
	return session->open ? &session->incident.state : NULL;
}

const char *session_error(const struct session *session)
{
	return session->error;
}
