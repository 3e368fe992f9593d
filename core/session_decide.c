/* Deciding: the tree with its proposals, what is suggested, the choice of a procedure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define STALE_US (30 * CLOCK_US)

/* ---- Proposals ---- */

static void propose(const struct session *session, const struct probe *probe, const json_t *for_,
		    struct proposal *out)
{
	int64_t now = clock_wall(session->clock), for_us, span;
	const struct sensed *sensed;
	char sofar[32], needed[32];

	*out = (struct proposal){ .verdict = VERDICT_UNKNOWN };
	if (!probe) {
		snprintf(out->evidence, sizeof(out->evidence),
			 "nothing is sensed for this: look yourself");
		return;
	}
	sensed = sense_probe(session->sense, probe);
	snprintf(out->evidence, sizeof(out->evidence), "%s", sensed->reading.evidence);
	if (!sensed->reading.at)
		return;
	out->age_us = now - sensed->reading.at;
	for_us = sense_duration(session->sense, for_, 0);
	span = sensed->reading.at - sensed->since;
	if (out->age_us > STALE_US) {
		snprintf(out->evidence, sizeof(out->evidence), "last looked at %s ago: %.180s",
			 duration_text(out->age_us, sofar, sizeof(sofar)),
			 sensed->reading.evidence);
	} else if (sensed->reading.verdict != VERDICT_UNKNOWN && span < for_us) {
		snprintf(out->evidence, sizeof(out->evidence), "%s for %s of %s: %.180s",
			 sensed->reading.verdict == VERDICT_PASS ? "yes" : "no",
			 duration_text(span, sofar, sizeof(sofar)),
			 duration_text(for_us, needed, sizeof(needed)), sensed->reading.evidence);
	} else {
		out->verdict = sensed->reading.verdict;
	}
}

void session_proposal(const struct session *session, const struct question *question,
		      struct proposal *out)
{
	propose(session, question->probe, question->for_, out);
}

void session_step_proposal(const struct session *session, const struct step *step,
			   struct proposal *out)
{
	const struct attempt *attempt = session_attempt(session);
	int64_t moved = attempt ? attempt->procedure.ended : 0, seen;

	propose(session, step->probe, NULL, out);
	seen = clock_wall(session->clock) - out->age_us;
	/* What was measured before the last step ended says nothing about what it left. */
	if (out->verdict != VERDICT_UNKNOWN && moved && seen <= moved) {
		out->verdict = VERDICT_UNKNOWN;
		snprintf(out->evidence, sizeof(out->evidence),
			 "measured before the last step ended: looking again");
	}
}

const struct question *session_shaken(const struct session *session)
{
	const struct tree *tree = &session->loaded->runbook->tree;
	enum verdict *now;
	int shaken;

	if (!session->open || !tree->nquestions)
		return NULL;
	now = xcalloc(tree->nquestions, sizeof(*now));
	for (size_t i = 0; i < tree->nquestions; i++) {
		struct proposal proposal;

		session_proposal(session, &tree->questions[i], &proposal);
		now[i] = proposal.verdict;
	}
	shaken = tree_shaken(tree, &session->incident.state.tree, now);
	free(now);
	return shaken < 0 ? NULL
			  : &tree->questions[session->incident.state.tree.answers[shaken].question];
}

/* ---- What is suggested ---- */

static bool tried(const struct session *session, const struct procedure *procedure)
{
	for (size_t i = 0; session->open && i < session->incident.state.nattempts; i++) {
		const struct attempt *attempt = &session->incident.state.attempts[i];

		/* One that was dropped before it began was not tried. */
		if (attempt->ended_at && attempt->procedure.started &&
		    attempt->procedure.procedure == procedure)
			return true;
	}
	return false;
}

/* The condition that goes before the tree, leaving out those whose procedure was tried already. */
static const struct condition *condition_suggesting(const struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;
	const struct condition_state *now = sense_conditions(session->sense);
	struct condition_state *states = xcalloc(runbook->nconditions + 1, sizeof(*states));
	const struct condition *first;

	for (size_t i = 0; i < runbook->nconditions; i++) {
		const struct procedure *procedure = runbook->conditions[i].suggest.procedure;

		states[i] = now[i];
		if (procedure && tried(session, procedure))
			states[i].verdict = VERDICT_FAIL;
	}
	first = condition_first(runbook, states);
	free(states);
	return first;
}

struct suggestion {
	const struct procedure *procedure;
	const char *source; /* "condition" or "tree" */
	const char *name;
};

/* The rollback of a deployment that is not to go, or not any more. */
static struct suggestion suggest_deployment(const struct session *session)
{
	const struct deployment_state *now = &session->incident.state.deployment;

	if (!session->open || !now->deployment || !now->deployment->procedure ||
	    tried(session, now->deployment->procedure) ||
	    (now->decided != DECISION_NO_GO &&
	     (now->decided != DECISION_GO || now->computed != DECISION_NO_GO)))
		return (struct suggestion){ 0 };
	return (struct suggestion){ now->deployment->procedure, "gate",
				    now->deployment->gate->name };
}

static struct suggestion suggest(const struct session *session)
{
	const struct tree *tree = &session->loaded->runbook->tree;
	const struct condition *condition = condition_suggesting(session);
	const struct outcome *end = NULL;

	if (condition)
		return (struct suggestion){ condition->suggest.procedure, "condition",
					    condition->name };
	if (session->open && tree->nquestions &&
	    !tree_open(tree, &session->incident.state.tree, &end) && end && end->procedure &&
	    !tried(session, end->procedure)) {
		const struct tree_state *state = &session->incident.state.tree;

		return (struct suggestion){
			end->procedure, "tree",
			tree->questions[state->answers[state->n - 1].question].name
		};
	}
	return suggest_deployment(session);
}

const struct procedure *session_suggested(const struct session *session, const char **why)
{
	struct suggestion found = suggest(session);
	char *text = ((struct session *)session)->why;
	const struct condition *condition;

	text[0] = '\0';
	if (found.procedure && strcmp(found.source, "condition") == 0) {
		condition = runbook_condition(session->loaded->runbook, found.name);
		snprintf(text, sizeof(session->why), "condition holds: %.220s", condition->title);
	} else if (found.procedure && strcmp(found.source, "gate") == 0) {
		snprintf(text, sizeof(session->why), "the gate says no-go");
	} else if (found.procedure) {
		snprintf(text, sizeof(session->why), "the decision tree ends there");
	}
	if (why)
		*why = text;
	return found.procedure;
}

bool session_deadline_now(const struct session *session, struct deadline *out)
{
	const struct attempt *attempt = session_attempt(session);
	const struct procedure *procedure;

	if (attempt && !attempt->ended_at)
		procedure = attempt->procedure.approved || !attempt->decide_by
				? NULL
				: attempt->procedure.procedure;
	else
		procedure = session_suggested(session, NULL);
	return procedure && session_deadline(session, procedure, out);
}

/* ---- Acts ---- */

int session_answer(struct session *session, const char *question, bool yes, const char *reason,
		   struct err *err)
{
	const struct tree *tree = &session->loaded->runbook->tree;
	const struct question *open;
	struct proposal proposal;

	if (session_need_open(session, err) != 0)
		return -1;
	open = tree->nquestions ? tree_open(tree, &session->incident.state.tree, NULL) : NULL;
	if (!open || strcmp(open->name, question) != 0)
		return err_set(err, "question %s is not the open one", question);
	session_proposal(session, open, &proposal);
	if (proposal.verdict != VERDICT_UNKNOWN && yes != (proposal.verdict == VERDICT_PASS) &&
	    (!reason || !*reason))
		return err_set(err, "the proposed answer is %s: another one needs a reason",
			       proposal.verdict == VERDICT_PASS ? "yes" : "no");
	return session_append(session, true, EV_ANSWERED,
			      json_pack("{s:s, s:s, s:s, s:o, s:o}", "question", question, "answer",
					yes ? "yes" : "no", "proposed",
					verdict_name(proposal.verdict), "evidence",
					session_text(proposal.evidence), "reason",
					session_text(reason)),
			      err);
}

int session_back(struct session *session, const char *question, struct err *err)
{
	const struct tree *tree = &session->loaded->runbook->tree;
	const struct tree_state *state = &session->incident.state.tree;

	if (session_need_open(session, err) != 0)
		return -1;
	for (size_t i = 0; i < state->n; i++) {
		if (strcmp(tree->questions[state->answers[i].question].name, question) == 0)
			return session_append(session, true, EV_BACK,
					      json_pack("{s:s}", "question", question), err);
	}
	return err_set(err, "question %s was not answered", question);
}

/* Another one was chosen before and never approved: it ends here, on record. */
static int drop_unapproved(struct session *session, struct err *err)
{
	const struct attempt *attempt = session_attempt(session);
	const char *name;

	if (!attempt || attempt->ended_at)
		return 0;
	name = attempt->procedure.procedure->name;
	if (attempt->procedure.approved) {
		err_set(err, "%s is under way", name);
		return err_hint(err, "stop it first");
	}
	if (!attempt->procedure.stopped && session_append(session, true, EV_STOPPED,
							  json_pack("{s:s, s:s}", "procedure", name,
								    "reason", "another was chosen"),
							  err) != 0)
		return -1;
	return session_append(session, true, EV_PROCEDURE_ENDED,
			      json_pack("{s:s, s:s}", "procedure", name, "result", "stopped"), err);
}

int session_chosen(struct session *session, const struct procedure *procedure, const char *source,
		   const char *name, const char *reason, struct err *err)
{
	json_t *decide_by;
	int status;

	if (drop_unapproved(session, err) != 0)
		return -1;
	/* A checklist's own is no answer to trouble. */
	decide_by = strcmp(source, "checklist") == 0 ? NULL : session_decide_by(session, procedure);
	status = session_append(session, true, EV_CHOSEN,
				json_pack("{s:s, s:s, s:s*, s:o, s:o*}", "procedure",
					  procedure->name, "source", source, "name", name, "reason",
					  session_text(reason), "decide_by", decide_by),
				err);
	if (status == 0)
		sense_now(session->sense);
	return status;
}

int session_choose(struct session *session, const char *procedure, const char *reason,
		   struct err *err)
{
	const struct procedure *chosen = runbook_procedure(session->loaded->runbook, procedure);
	struct suggestion found;
	bool same;

	if (session_need_open(session, err) != 0)
		return -1;
	if (!chosen)
		return err_set(err, "the runbook has no procedure %s", procedure);
	found = suggest(session);
	same = found.procedure == chosen;
	if (!same && (!reason || !*reason)) {
		err_set(err, "%s is not what is suggested (%s): it needs a reason", procedure,
			found.procedure ? found.procedure->name : "nothing is");
		return -1;
	}
	return session_chosen(session, chosen, same ? found.source : "operator",
			      same ? found.name : NULL, reason, err);
}
