/* The one line that says what to do now: always a concrete act, with its key. */
#include <stdio.h>
#include <string.h>

#include "core/keys.h"
#include "core/session_parts.h"

struct line {
	char *out;
	size_t size;
};

static const char *key(enum key_id id)
{
	return key_defs[id].name;
}

/* ---- Without an incident ---- */

static const struct alert *worst_alert(const struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;
	const struct alert *worst = NULL;

	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct alert *alert = sense_alert(session->sense, &runbook->metrics[i]);

		if (alert->level > LEVEL_OK && (!worst || alert->level > worst->level))
			worst = alert;
	}
	return worst;
}

static const char *metric_title(const struct metric *metric)
{
	return metric->title ? metric->title : metric->name;
}

static void next_watching(const struct session *session, struct line line)
{
	const char *why;
	const struct procedure *suggested = session_suggested(session, &why);
	const struct alert *alert = worst_alert(session);

	if (suggested)
		snprintf(line.out, line.size, "%s: %s. Press %s to declare an incident.", why,
			 suggested->title, key(KEY_ID_DECLARE));
	else if (alert)
		snprintf(line.out, line.size, "%s is %s. Press %s to declare an incident.",
			 metric_title(alert->metric), level_name(alert->level),
			 key(KEY_ID_DECLARE));
	else
		snprintf(line.out, line.size, "All quiet. Press %s to declare an incident.",
			 key(KEY_ID_DECLARE));
}

/* ---- A step ---- */

static void next_waiting(const struct session *session, const struct step *step, struct line line)
{
	const struct procedure *procedure = session_attempt(session)->procedure.procedure;

	if (step->kind != STEP_ACTION)
		snprintf(line.out, line.size, "%s Press %s and answer.", step->say,
			 key(KEY_ID_EXECUTE));
	else if (step_action(step, procedure, session->loaded->target))
		snprintf(line.out, line.size,
			 "Next: %s. Press %s to run it (%s: straight through).", step->say,
			 key(KEY_ID_RUN), key(KEY_ID_THROUGH));
	else
		snprintf(line.out, line.size, "By hand: %s. Press %s when it is done.", step->say,
			 key(KEY_ID_DONE));
}

static void next_step(const struct session *session, const struct step *step,
		      const struct step_state *now, struct line line)
{
	bool other = step->alternative != NULL;

	switch (now->status) {
	case STEP_FAILED:
		snprintf(line.out, line.size,
			 "Press %s run again, %s undo, %s skip, %s stop%s%s%s: "
			 "%s failed (%.80s)",
			 key(KEY_ID_AGAIN), key(KEY_ID_UNDO), key(KEY_ID_SKIP), key(KEY_ID_STOP),
			 other ? ", " : "", other ? key(KEY_ID_ALTERNATIVE) : "",
			 other ? " alternative" : "", step->id, now->failure);
		break;
	case STEP_NOT_VERIFIED:
		snprintf(line.out, line.size,
			 "Press %s check again, %s undo, %s skip, %s stop%s%s%s: "
			 "%s not verified (%.80s)",
			 key(KEY_ID_CHECK), key(KEY_ID_UNDO), key(KEY_ID_SKIP), key(KEY_ID_STOP),
			 other ? ", " : "", other ? key(KEY_ID_ALTERNATIVE) : "",
			 other ? " alternative" : "", step->id, now->failure);
		break;
	case STEP_UNKNOWN:
		snprintf(line.out, line.size,
			 "Press %s to check again, it runs nothing: nobody knows what became of "
			 "%s.",
			 key(KEY_ID_CHECK), step->id);
		break;
	default:
		next_waiting(session, step, line);
	}
}

/* ---- The procedure ---- */

static void next_planning(const struct session *session, const struct procedure *procedure,
			  struct line line)
{
	const char *problem;
	const struct procedure_plan *plan = session_plan(session, &problem);

	if (plan)
		snprintf(line.out, line.size, "Read the plan of \"%s\". Press %s to approve it.",
			 procedure->title, key(KEY_ID_APPROVE));
	else if (problem)
		snprintf(line.out, line.size, "No plan: %.120s. Press %s to choose again.", problem,
			 key(KEY_ID_DECIDE));
	else if (procedure->nasks && session_proposed_params(session) && !session->planning)
		snprintf(line.out, line.size, "\"%s\" has questions. Press %s and answer them.",
			 procedure->title, key(KEY_ID_EXECUTE));
	else
		snprintf(line.out, line.size,
			 "The plan of \"%s\" is being made. Press %s to watch.", procedure->title,
			 key(KEY_ID_EXECUTE));
}

static void next_procedure(const struct session *session, struct line line)
{
	const struct attempt *attempt = session_attempt(session);
	const struct step *running = session_running(session);
	int next = procedure_next(&attempt->procedure);

	if (running)
		snprintf(line.out, line.size, "Running: %s. Press %s for its output, %s to stop.",
			 running->say, key(KEY_ID_EXECUTE), key(KEY_ID_STOP));
	else if (!attempt->procedure.approved)
		next_planning(session, attempt->procedure.procedure, line);
	else if (next >= 0 && !attempt->procedure.stopped)
		next_step(session, &attempt->procedure.procedure->steps[next],
			  &attempt->procedure.steps[next], line);
	else
		snprintf(line.out, line.size, "\"%s\" is ending. Press %s to watch.",
			 attempt->procedure.procedure->title, key(KEY_ID_WATCH));
}

/* ---- Deciding ---- */

static const struct item *item_missing(const struct session *session,
				       const struct checklist *checklist)
{
	for (size_t s = 0; checklist && s < checklist->nsections; s++) {
		for (size_t i = 0; i < checklist->sections[s].nitems; i++) {
			const struct item *item = &checklist->sections[s].items[i];

			if (item->kind == ITEM_SENSED && !item->optional &&
			    sense_probe(session->sense, item->probe)->reading.verdict ==
				VERDICT_FAIL)
				return item;
		}
	}
	return NULL;
}

static void next_tree(const struct session *session, struct line line)
{
	const struct tree *tree = &session->loaded->runbook->tree;
	const struct outcome *end = NULL;
	const struct question *open = NULL;
	struct proposal proposal;

	if (tree->nquestions)
		open = tree_open(tree, &session->incident.state.tree, &end);
	if (open) {
		session_proposal(session, open, &proposal);
		if (proposal.verdict == VERDICT_UNKNOWN)
			snprintf(line.out, line.size, "%s Press %s and answer (%s yes, %s no).",
				 open->ask, key(KEY_ID_DECIDE), key(KEY_ID_YES), key(KEY_ID_NO));
		else
			snprintf(line.out, line.size,
				 "%s Proposed: %s. Press %s, then %s to ratify.", open->ask,
				 proposal.verdict == VERDICT_PASS ? "yes" : "no",
				 key(KEY_ID_DECIDE), key(KEY_ID_RATIFY));
	} else if (end && end->advice) {
		snprintf(line.out, line.size, "The tree says: %.120s Press %s for the whole.",
			 end->advice, key(KEY_ID_DECIDE));
	} else {
		snprintf(line.out, line.size,
			 "Nothing is suggested. Press %s to choose a procedure, "
			 "%s to resolve.",
			 key(KEY_ID_DECIDE), key(KEY_ID_RESOLVE));
	}
}

static void next_decision(const struct session *session, struct line line)
{
	const struct attempt *attempt = session_attempt(session);
	const struct question *shaken = session_shaken(session);
	const char *why;
	const struct procedure *suggested = session_suggested(session, &why);
	const struct item *missing = NULL;

	if (attempt && strcmp(attempt->result, "done") == 0) {
		missing = item_missing(session, attempt->procedure.procedure->after);
		if (!missing && !suggested) {
			snprintf(line.out, line.size,
				 "\"%s\" is done and holds. Press %s to look at what is left, %s "
				 "to resolve.",
				 attempt->procedure.procedure->title, key(KEY_ID_CHECKLIST),
				 key(KEY_ID_RESOLVE));
			return;
		}
	}
	if (suggested)
		snprintf(line.out, line.size, "Suggested: %s (%s). Press %s, then %s to choose it.",
			 suggested->title, why, key(KEY_ID_DECIDE), key(KEY_ID_CHOOSE));
	else if (missing)
		snprintf(line.out, line.size,
			 "It does not hold: %.100s. Press %s and decide again.", missing->say,
			 key(KEY_ID_DECIDE));
	else if (shaken)
		snprintf(line.out, line.size,
			 "\"%.80s\" is answered otherwise now. Press %s, then %s.", shaken->ask,
			 key(KEY_ID_DECIDE), key(KEY_ID_BACK_TO));
	else
		next_tree(session, line);
}

void session_next(const struct session *session, char *out, size_t size)
{
	const struct attempt *attempt = session_attempt(session);
	struct line line = { out, size };

	if (!session->open)
		next_watching(session, line);
	else if (session->incident.damage[0])
		snprintf(out, size,
			 "The ledger is damaged: nothing can be recorded. Press %s to see where.",
			 key(KEY_ID_LOG));
	else if (session->incident.state.phase == INCIDENT_CLOSED)
		snprintf(out, size, "Closed and sealed. Press %s to read the log.",
			 key(KEY_ID_LOG));
	else if (session->incident.state.phase == INCIDENT_RESOLVED)
		snprintf(out, size,
			 "Resolved. Press %s to close it with cause and lessons, %s for a note.",
			 key(KEY_ID_CLOSE), key(KEY_ID_NOTE));
	else if (attempt && !attempt->ended_at)
		next_procedure(session, line);
	else
		next_decision(session, line);
}
