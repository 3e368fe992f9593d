/* Proposals and the plan of the chosen procedure, worked out beside the console. */
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

#define TASK_US (90 * CLOCK_US)

static const struct procedure *chosen(const struct session *session)
{
	return session_attempt(session)->procedure.procedure;
}

static void plan_drop(struct session *session)
{
	task_cancel(session->planning);
	session->planning = NULL;
	if (session->has_plan)
		plan_free(&session->plan);
	session->has_plan = false;
	free(session->plan_problem);
	session->plan_problem = NULL;
}

void session_plan_forget(struct session *session)
{
	plan_drop(session);
	task_cancel(session->proposing);
	session->proposing = NULL;
	json_decref(session->proposed);
	json_decref(session->params);
	session->proposed = session->params = NULL;
}

/* ---- Proposals ---- */

static json_t *propose_body(void *data)
{
	struct session *session = data;

	return plan_propose(session->sense, chosen(session));
}

static void propose_done(const json_t *result, void *data)
{
	struct session *session = data;

	session->proposing = NULL;
	json_decref(session->proposed);
	session->proposed = result ? json_deep_copy(result) : json_object();
	session_say(session, SESSION_PROPOSAL);
}

static void propose_begin(struct session *session)
{
	struct err err = ERR_INIT;

	session->proposing =
	    task_start(session->loop, TASK_US, propose_body, propose_done, session, &err);
	if (!session->proposing)
		session_trouble(session, &err);
}

/* Whether what was worked out is about the current attempt. */
static bool is_current(const struct session *session)
{
	return session->open && session->attempt == session->incident.state.nattempts;
}

const json_t *session_proposed_params(const struct session *session)
{
	return is_current(session) ? session->proposed : NULL;
}

struct probe *session_unproposed(const struct session *session, size_t ask)
{
	const struct procedure *procedure = chosen(session);
	const struct param *param;

	if (!session_proposed_params(session) || session->params || ask >= procedure->nasks)
		return NULL;
	param = runbook_param(session->loaded->runbook, procedure->asks[ask]);
	if (!param || !json_is_null(json_object_get(session->proposed, param->name)))
		return NULL;
	return param->propose;
}

/* What was unknown when it was asked for (a dump that was still being checked) is known now. */
static bool proposal_came(const struct session *session)
{
	for (size_t i = 0; !session->proposing && i < chosen(session)->nasks; i++) {
		struct probe *probe = session_unproposed(session, i);
		const struct reading *now =
		    probe ? &sense_probe(session->sense, probe)->reading : NULL;

		if (now && now->verdict == VERDICT_PASS && (now->text[0] || now->has_value))
			return true;
	}
	return false;
}

/* ---- The plan ---- */

static json_t *plan_body(void *data)
{
	struct session *session = data;
	struct err err = ERR_INIT;
	struct procedure_plan plan;

	if (plan_make(&plan, session->sense, session->loaded, chosen(session), session->params,
		      &session->incident, &err) != 0)
		return err_to_json(&err);
	return plan_to_json(&plan);
}

/* The runner would refuse it; better to know before. */
static void plan_compare(struct session *session)
{
	const struct attempt *attempt = session_attempt(session);
	struct err err = ERR_INIT;

	if (!session->has_plan || !is_current(session) || !attempt->procedure.approved ||
	    strcmp(attempt->digest, session->plan.digest) == 0)
		return;
	err_set(&err, "the plan of %s is not what was approved any more", chosen(session)->name);
	err_hint(&err, "stop it, choose it again, and approve what is shown then");
	session_trouble(session, &err);
}

static void plan_done(const json_t *result, void *data)
{
	struct session *session = data;
	struct err err = ERR_INIT;

	session->planning = NULL;
	if (!result)
		err_set(&err, "making the plan took too long, or died");
	else if (!err_from_json(result, &err))
		session->has_plan =
		    plan_from_json(&session->plan, session->loaded->runbook, result, &err) == 0;
	if (err.set)
		session->plan_problem =
		    err.hint[0] ? xasprintf("%s: %s", err.msg, err.hint) : xstrdup(err.msg);
	plan_compare(session);
	session_say(session, SESSION_PLAN);
}

static int plan_begin(struct session *session, struct err *err)
{
	plan_drop(session);
	/* The approval is checked against the same values. */
	sense_params(session->sense, session->params);
	session->planning = task_start(session->loop, TASK_US, plan_body, plan_done, session, err);
	return session->planning ? 0 : -1;
}

const struct procedure_plan *session_plan(const struct session *session, const char **problem)
{
	bool current = is_current(session);

	if (problem)
		*problem = current ? session->plan_problem : NULL;
	return current && session->has_plan ? &session->plan : NULL;
}

/* A procedure that is under way, approved here before or by another console: its plan is made once
 * more, for reading. The approval stays what it is. */
static void plan_again(struct session *session, const struct attempt *attempt)
{
	struct err err = ERR_INIT;

	if (attempt->ended_at || session->has_plan || session->planning || session->plan_problem)
		return;
	json_decref(session->params);
	session->params = attempt->params ? json_deep_copy(attempt->params) : json_object();
	if (plan_begin(session, &err) != 0)
		session->plan_problem = xstrdup(err.msg);
}

/* Another plan than the one that is shown here was put before those who may approve it: it is what
 * everybody has to see. */
static bool asked_elsewhere(struct session *session, const struct attempt *attempt)
{
	if (!attempt->asked_at || attempt->asked_at == session->asked_seen)
		return false;
	session->asked_seen = attempt->asked_at;
	return !session->has_plan || strcmp(attempt->digest, session->plan.digest) != 0;
}

void session_plan_tick(struct session *session)
{
	const struct attempt *attempt = session_attempt(session);
	struct err err = ERR_INIT;
	bool known = attempt && session->attempt == session->incident.state.nattempts;

	if (!attempt || session->incident.state.phase != INCIDENT_OPEN)
		return;
	if (!known) {
		session_plan_forget(session);
		session->attempt = session->incident.state.nattempts;
	}
	if (attempt->procedure.approved) {
		if (!known)
			sense_params(session->sense, attempt->params);
		plan_again(session, attempt);
		return;
	}
	if (asked_elsewhere(session, attempt)) {
		plan_drop(session);
		plan_again(session, attempt);
		return;
	}
	if (attempt->ended_at || (known && !proposal_came(session)))
		return;
	if (chosen(session)->nasks) {
		propose_begin(session);
		return;
	}
	session->params = json_object();
	if (plan_begin(session, &err) != 0)
		session_trouble(session, &err);
}

static int need_unapproved(const struct session *session, struct err *err)
{
	const struct attempt *attempt = session_attempt(session);

	if (session_need_open(session, err) != 0)
		return -1;
	if (!attempt || attempt->ended_at)
		return err_set(err, "no procedure is chosen");
	if (attempt->procedure.approved)
		return err_set(err, "%s is approved already", attempt->procedure.procedure->name);
	return 0;
}

int session_make_plan(struct session *session, const json_t *params, struct err *err)
{
	json_t *answers;

	if (need_unapproved(session, err) != 0)
		return -1;
	session_plan_tick(session);
	answers = json_object();
	for (size_t i = 0; i < chosen(session)->nasks; i++) {
		const char *name = chosen(session)->asks[i];
		json_t *value = json_object_get(params, name);

		if (value && !json_is_null(value)) {
			json_object_set(answers, name, value);
			continue;
		}
		json_decref(answers);
		return err_set(err, "%s: parameter %s needs an answer", chosen(session)->name,
			       name);
	}
	json_decref(session->params);
	session->params = answers;
	return plan_begin(session, err);
}

/* ---- Approval ---- */

int session_need_plan(struct session *session, struct err *err)
{
	const struct procedure_plan *plan = &session->plan;
	char digest[SHA256_HEX];

	if (need_unapproved(session, err) != 0)
		return -1;
	if (!session_plan(session, NULL) || plan->procedure != chosen(session)) {
		err_set(err, "there is no plan to approve yet");
		return err_hint(err, "%s",
				session->plan_problem ? session->plan_problem
						      : "wait until it is shown");
	}
	if (plan_digest(session->sense, session->loaded, plan->procedure, session->params, digest,
			err))
		return -1;
	if (strcmp(digest, plan->digest) != 0)
		return err_set(err, "the plan is not what was shown any more: make it again");
	return 0;
}
