/* The one line that says what to do now: always a concrete act, with its key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/session_next_parts.h"
#include "core/standing.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define NAMES_SHOWN 60 /* columns of two lines, which have what is to be done, too */

/* ---- Without an incident ---- */

static const char *metric_title(const struct metric *metric)
{
	return metric->title ? metric->title : metric->name;
}

/* The first metric that nobody can judge; NULL. */
static const struct metric *without_data(const struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;

	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct alert *alert = sense_alert(session->sense, &runbook->metrics[i]);

		if (alert->no_data && alert_is_judged(alert) &&
		    !sense_is_muted(session->sense, alert))
			return &runbook->metrics[i];
	}
	return NULL;
}

/* The first source of a panel that is unwell; then why. A metric of it says more, if there is one.
 */
static const struct source_def *unwell(const struct session *session, char *why, size_t size)
{
	const struct runbook *runbook = session->loaded->runbook;

	for (size_t i = 0; i < runbook->npanels; i++) {
		const struct panel *panel = &runbook->panels[i];
		size_t n = panel->source ? 1 : panel->nsources;

		for (size_t s = 0; s < n; s++) {
			const char *name = panel->source ? panel->source : panel->sources[s];
			const struct source *source = sense_source(session->sense, name);

			if (source && source->type->unwell &&
			    source->type->unwell(source, why, size))
				return runbook_source(runbook, name);
		}
	}
	return NULL;
}

static void next_watching(const struct session *session, struct line line)
{
	const char *why;
	const struct procedure *suggested = session_suggested(session, &why);
	const struct alert *alert = session_worst_alert(session);
	const struct metric *missing = without_data(session);
	const struct source_def *source;
	char text[200];

	if (suggested)
		snprintf(line.out, line.size, "%s: %s. Press %s to declare an incident.", why,
			 suggested->title, line_key(KEY_ID_DECLARE));
	else if (alert)
		snprintf(line.out, line.size, "%s is %s. Press %s to declare an incident.",
			 metric_title(alert->metric), level_name(alert->level),
			 line_key(KEY_ID_DECLARE));
	else if (missing)
		snprintf(line.out, line.size, "No data of %s: %s. Press %s to declare an incident.",
			 metric_title(missing), sense_metric(session->sense, missing)->evidence,
			 line_key(KEY_ID_DECLARE));
	else if ((source = unwell(session, text, sizeof(text))))
		snprintf(line.out, line.size, "%s: %s. Press %s to declare an incident.",
			 source->title ? source->title : source->name, text,
			 line_key(KEY_ID_DECLARE));
	else if (!next_due(session, line))
		snprintf(line.out, line.size, "All quiet. Press %s to declare an incident.",
			 line_key(KEY_ID_DECLARE));
}

/* ---- A question, of the tree or of a procedure ---- */

static void next_question(const char *ask, const struct proposal *proposal, enum key_id view,
			  struct line line)
{
	const char *there = line_go(line, view), *and = line_then(line, view);

	if (proposal->verdict == VERDICT_UNKNOWN)
		snprintf(line.out, line.size, "%s Press %s%s%s yes or %s no.", ask, there, and,
			 line_key(KEY_ID_YES), line_key(KEY_ID_NO));
	else
		snprintf(line.out, line.size, "%s Proposed: %s. Press %s%s%s to ratify.", ask,
			 proposal->verdict == VERDICT_PASS ? "yes" : "no", there, and,
			 line_key(KEY_ID_RATIFY));
}

/* ---- A step ---- */

static void next_waiting(const struct session *session, const struct step *step, struct line line)
{
	const struct procedure *procedure = session_attempt(session)->procedure.procedure;
	const char *there = line_go(line, KEY_ID_EXECUTE), *and = line_then(line, KEY_ID_EXECUTE);
	struct proposal proposal;

	if (step->kind == STEP_QUESTION) {
		session_step_proposal(session, step, &proposal);
		next_question(step->say, &proposal, KEY_ID_EXECUTE, line);
	} else if (step->kind == STEP_CHOICE) {
		snprintf(line.out, line.size, "%s Press %s%s%s to choose.", step->say, there, and,
			 line_key(KEY_ID_RATIFY));
	} else if (step_action(step, procedure, session->loaded->target)) {
		snprintf(line.out, line.size,
			 "Next: %s. Press %s%s%s to run it (%s: straight through).", step->say,
			 there, and, line_key(KEY_ID_RUN), line_key(KEY_ID_THROUGH));
	} else {
		snprintf(line.out, line.size, "By hand: %s. Press %s%s%s when it is done.",
			 step->say, there, and, line_key(KEY_ID_DONE));
	}
}

/* A step that does not hold: what can be done, then what happened. */
static void next_trouble(const struct session *session, const struct step *step,
			 const struct step_state *now, struct line line)
{
	bool failed = now->status == STEP_FAILED, other = step->alternative != NULL;
	bool undo = session_can_undo(session, step);
	const struct contact *pages = session_escalation_pages(session, now);
	char call[120];

	if (pages) {
		snprintf(line.out, line.size,
			 "Press %s%s%s to page %s, %s skip, %s stop: %s %s %d times in the same "
			 "way.",
			 line_go(line, KEY_ID_EXECUTE), line_then(line, KEY_ID_EXECUTE),
			 line_key(KEY_ID_PAGE), pages->role, line_key(KEY_ID_SKIP),
			 line_key(KEY_ID_STOP), step->id, failed ? "failed" : "was not verified",
			 now->same_failures);
		return;
	}
	if (session_escalation(session, now, call, sizeof(call))) {
		snprintf(line.out, line.size,
			 "Call %s: %s %s %d times in the same way. Press %s%s%s skip, %s stop.",
			 call, step->id, failed ? "failed" : "was not verified", now->same_failures,
			 line_go(line, KEY_ID_EXECUTE), line_then(line, KEY_ID_EXECUTE),
			 line_key(KEY_ID_SKIP), line_key(KEY_ID_STOP));
		return;
	}
	snprintf(line.out, line.size,
		 "Press %s%s%s %s%s%s%s, %s skip, %s stop%s%s%s: %s %s (%.80s)",
		 line_go(line, KEY_ID_EXECUTE), line_then(line, KEY_ID_EXECUTE),
		 line_key(failed ? KEY_ID_AGAIN : KEY_ID_CHECK),
		 failed ? "run again" : "check again", undo ? ", " : "",
		 undo ? line_key(KEY_ID_UNDO) : "", undo ? " undo" : "", line_key(KEY_ID_SKIP),
		 line_key(KEY_ID_STOP), other ? ", " : "",
		 other ? line_key(KEY_ID_ALTERNATIVE) : "", other ? " alternative" : "", step->id,
		 failed ? "failed" : "not verified", now->failure);
}

static void next_step(const struct session *session, const struct step *step,
		      const struct step_state *now, struct line line)
{
	switch (now->status) {
	case STEP_FAILED:
	case STEP_NOT_VERIFIED:
		next_trouble(session, step, now, line);
		break;
	case STEP_UNKNOWN:
		snprintf(line.out, line.size,
			 "Press %s%s%s to check again, it runs nothing: nobody knows what became "
			 "of "
			 "%s.",
			 line_go(line, KEY_ID_EXECUTE), line_then(line, KEY_ID_EXECUTE),
			 line_key(KEY_ID_CHECK), step->id);
		break;
	default:
		next_waiting(session, step, line);
	}
}

/* ---- The procedure ---- */

/* Others are asked: who they are, and what they type. The plan names them all: where they are many,
 * what can be done must not fall off the line. */
static void next_waiting_for(const struct session *session, const struct authority *authority,
			     struct line line)
{
	char *missing = authority_missing(authority);
	size_t fits = text_fit(missing, NAMES_SHOWN);
	const char *waits = authority->verdict == APPROVAL_EXPIRED ? "Expired: waiting again"
			    : authority->overdue		   ? "OVERDUE, still waiting"
								   : "Waiting";

	snprintf(line.out, line.size,
		 "%s for %.*s%s: they type \"backout approve %s\". %s%s%s breaks the glass.", waits,
		 (int)fits, missing, missing[fits] ? "..." : "", session->incident.state.id,
		 line_go(line, KEY_ID_EXECUTE), line_then(line, KEY_ID_EXECUTE),
		 line_key(KEY_ID_BREAK_GLASS));
	free(missing);
}

/* There is a plan, which is not approved yet. */
static void next_approval(const struct session *session, const struct procedure *procedure,
			  struct line line)
{
	const char *there = line_go(line, KEY_ID_EXECUTE), *and = line_then(line, KEY_ID_EXECUTE);
	enum own_approval own;
	struct authority authority;
	bool asked;

	if (!session_authority(session, &authority))
		return;
	own = session_own_approval(session, &authority);
	asked = session_asked(session);
	if (authority.verdict == APPROVAL_REJECTED)
		snprintf(line.out, line.size,
			 "Rejected by %s, who can take that back. Press %s%s%s to drop the plan. "
			 "Why: %s",
			 authority.rejection->by, there, and, line_key(KEY_ID_STOP),
			 authority.rejection->reason);
	else if (own == OWN_GIVEN || (own == OWN_NONE && asked))
		next_waiting_for(session, &authority, line);
	else if (own == OWN_NONE)
		snprintf(line.out, line.size,
			 "Read the plan of \"%s\". Others approve it: press %s%s%s to ask them.",
			 procedure->title, there, and, line_key(KEY_ID_APPROVE));
	else if (authority.verdict == APPROVAL_EXPIRED)
		snprintf(line.out, line.size,
			 "The approval of \"%s\" has expired. Read the plan, press %s%s%s again.",
			 procedure->title, there, and, line_key(KEY_ID_APPROVE));
	else
		snprintf(line.out, line.size, "Read the plan of \"%s\". Press %s%s%s to %s it.",
			 procedure->title, there, and, line_key(KEY_ID_APPROVE),
			 procedure->item ? "run" : "approve");
}

static void next_planning(const struct session *session, const struct procedure *procedure,
			  struct line line)
{
	const char *problem;
	const struct procedure_plan *plan = session_plan(session, &problem);

	bool here = line.shown == KEY_ID_EXECUTE;

	if (plan)
		next_approval(session, procedure, line);
	else if (problem)
		snprintf(line.out, line.size, "No plan: %.120s. Press %s to choose again.", problem,
			 line_key(KEY_ID_DECIDE));
	else if (procedure->nasks && session_proposed_params(session) && !session->planning)
		snprintf(line.out, line.size, "\"%s\" has questions. Press %s%s%s to answer them.",
			 procedure->title, line_go(line, KEY_ID_EXECUTE),
			 line_then(line, KEY_ID_EXECUTE), line_key(KEY_ID_RATIFY));
	else
		snprintf(line.out, line.size, "The plan of \"%s\" is being made%s%s%s.",
			 procedure->title, here ? ": it is shown here" : ". Press ",
			 line_go(line, KEY_ID_EXECUTE), here ? "" : " to watch");
}

static void next_procedure(const struct session *session, struct line line)
{
	const struct attempt *attempt = session_attempt(session);
	const struct step *running = session_running(session);
	int next = procedure_next(&attempt->procedure);

	if (running)
		snprintf(line.out, line.size, "Running: %s. Press %s%s%s to stop it.", running->say,
			 line.shown == KEY_ID_EXECUTE ? "" : line_key(KEY_ID_EXECUTE),
			 line.shown == KEY_ID_EXECUTE ? "" : " for its output, then ",
			 line_key(KEY_ID_STOP));
	else if (!attempt->procedure.approved)
		next_planning(session, attempt->procedure.procedure, line);
	else if (next >= 0 && !attempt->procedure.stopped)
		next_step(session, &attempt->procedure.procedure->steps[next],
			  &attempt->procedure.steps[next], line);
	else
		snprintf(line.out, line.size, "\"%s\" is ending. Press %s to watch.",
			 attempt->procedure.procedure->title, line_key(KEY_ID_WATCH));
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
		next_question(open->ask, &proposal, KEY_ID_DECIDE, line);
	} else if (end && end->advice) {
		snprintf(line.out, line.size, "The tree says: %.120s%s%s%s", end->advice,
			 line.shown == KEY_ID_DECIDE ? "" : " Press ", line_go(line, KEY_ID_DECIDE),
			 line.shown == KEY_ID_DECIDE ? "" : " for the whole.");
	} else {
		snprintf(line.out, line.size,
			 "Nothing is suggested. Press %s%s%s to choose a procedure, "
			 "%s to resolve.",
			 line_go(line, KEY_ID_DECIDE), line_then(line, KEY_ID_DECIDE),
			 line_key(KEY_ID_PROCEDURES), line_key(KEY_ID_RESOLVE));
	}
}

static void next_decision(const struct session *session, struct line line)
{
	const struct attempt *attempt = session_attempt_proper(session);
	const struct question *shaken = session_shaken(session);
	const char *why;
	const struct procedure *suggested = session_suggested(session, &why);
	const struct item *missing = NULL;

	if (attempt && strcmp(attempt->result, "done") == 0) {
		missing = item_missing(session, attempt->procedure.procedure->after);
		if (!missing && !suggested) {
			snprintf(line.out, line.size, "\"%s\" is done%s. Press %s%s%s to resolve.",
				 attempt->procedure.procedure->title,
				 procedure_clean(&attempt->procedure)
				     ? " and holds"
				     : ", with steps skipped or not verified",
				 line_go(line, KEY_ID_CHECKLIST),
				 line.shown == KEY_ID_CHECKLIST ? "" : " to look at what is left, ",
				 line_key(KEY_ID_RESOLVE));
			return;
		}
	}
	if (suggested)
		snprintf(line.out, line.size, "Suggested: %s (%s). Press %s%s%s to choose it.",
			 suggested->title, why, line_go(line, KEY_ID_DECIDE),
			 line_then(line, KEY_ID_DECIDE), line_key(KEY_ID_CHOOSE));
	else if (missing)
		snprintf(line.out, line.size,
			 "It does not hold: %.100s. Press %s%s%s to choose another procedure.",
			 missing->say, line_go(line, KEY_ID_DECIDE), line_then(line, KEY_ID_DECIDE),
			 line_key(KEY_ID_PROCEDURES));
	else if (shaken)
		snprintf(line.out, line.size,
			 "\"%.80s\" is answered otherwise now. Press %s%s%s to go back to it.",
			 shaken->ask, line_go(line, KEY_ID_DECIDE), line_then(line, KEY_ID_DECIDE),
			 line_key(KEY_ID_BACK_TO));
	else
		next_tree(session, line);
}

/* ---- All of it ---- */

/* A suggested rollback, or one that ended, goes before the gate. */
static bool deployment_leads(const struct session *session)
{
	const struct deployment *deployment = session->incident.state.deployment.deployment;
	const struct attempt *attempt = session_attempt(session);

	return deployment && !session_suggested(session, NULL) &&
	       (!attempt || attempt->procedure.procedure != deployment->procedure);
}

/* The same of a routine: trouble that somebody declared, or that suggests something, goes first. */
static bool routine_leads(const struct session *session)
{
	const struct incident_state *state = &session->incident.state;

	return state->routine.routine && !state->declared_at && !session_suggested(session, NULL);
}

void session_next(const struct session *session, char *out, size_t size)
{
	session_next_in(session, KEY_ID_COUNT, out, size);
}

/* When time runs out for the decision, this stands first: how much of it there is. */
static struct line next_deadline(const struct session *session, struct line line)
{
	int64_t now = clock_wall(session->clock);
	struct deadline deadline;
	size_t used;

	line.out[0] = '\0';
	if (!session_deadline_now(session, &deadline) || !deadline_presses(&deadline, now))
		return line;
	used = strlen(deadline_short(&deadline, now, line.out, line.size));
	return (struct line){ line.out + used, line.size - used, line.shown };
}

/* Whoever was promised an update waits for it: that stands before what is to be done. */
static struct line next_update(const struct session *session, struct line line)
{
	int64_t at = 0;
	const struct message *message = session_update(session, &at);
	size_t used = 0;

	if (message && at <= clock_wall(session->clock))
		used = (size_t)snprintf(line.out, line.size, "%s: tell how it goes%s%s%s. ",
					message->title, line.shown == KEY_ID_MESSAGES ? "" : " (",
					line_go(line, KEY_ID_MESSAGES),
					line.shown == KEY_ID_MESSAGES ? "" : ")");
	if (used >= line.size)
		used = line.size - 1;
	return (struct line){ line.out + used, line.size - used, line.shown };
}

void session_next_in(const struct session *session, enum key_id shown, char *out, size_t size)
{
	const struct attempt *attempt = session_attempt(session);
	struct line line =
	    next_update(session, next_deadline(session, (struct line){ out, size, shown }));

	if (!session->open)
		next_watching(session, line);
	else if (session->incident.damage[0])
		snprintf(out, size, "The ledger is damaged: nothing can be recorded%s%s%s.",
			 shown == KEY_ID_LOG ? "" : ". Press ", line_go(line, KEY_ID_LOG),
			 shown == KEY_ID_LOG ? "" : " to see where");
	else if (session->incident.state.phase == INCIDENT_CLOSED &&
		 session->incident.state.routine.routine)
		snprintf(out, size,
			 "The routine is done and closed. \":leave\" goes back to watching.");
	else if (session->incident.state.phase == INCIDENT_CLOSED)
		snprintf(out, size, "Closed and sealed%s%s%s.",
			 shown == KEY_ID_LOG ? "" : ". Press ", line_go(line, KEY_ID_LOG),
			 shown == KEY_ID_LOG ? "" : " to read the log");
	else if (session->incident.state.phase == INCIDENT_RESOLVED)
		snprintf(out, size,
			 "Resolved. Press %s to close it with cause and lessons, %s for a note.",
			 line_key(KEY_ID_CLOSE), line_key(KEY_ID_NOTE));
	else if (attempt && !attempt->ended_at)
		next_procedure(session, line);
	else if (deployment_leads(session))
		next_deployment(session, line);
	else if (routine_leads(session))
		next_routine(session, line);
	else
		next_decision(session, line);
}
