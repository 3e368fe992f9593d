/* Which probes are looked at now: those of the tree, the next step, missing proposals, the
 * checklists, the gate; which checklists that are. */
#include <stdlib.h>

#include "core/session_parts.h"
#include "lib/mem.h"

/* How often the gate's criteria are looked at. */
#define CRITERION_US (4 * CLOCK_US)
/* A screen is drawn once a second. */
#define LOOK_US (5 * CLOCK_US)

struct wanted {
	struct probe **list;
	size_t n, cap;
};

static void want(struct wanted *wanted, struct probe *probe)
{
	if (!probe)
		return;
	wanted->list = xgrow(wanted->list, &wanted->cap, wanted->n + 1, sizeof(struct probe *));
	wanted->list[wanted->n++] = probe;
}

static void want_question(const struct question *question, struct wanted *wanted)
{
	want(wanted, question->probe);
	for (size_t i = 0; i < question->ncontrary; i++)
		want(wanted, question->contrary[i]);
}

/* A proposal must hold for its `for`: with an incident open that time begins for all questions at
 * once, so that nobody waits for it at each one. The open one is looked at first, then those that
 * were answered: a round may end before its last probes. */
static void want_tree(const struct session *session, struct wanted *wanted)
{
	const struct tree *tree = &session->loaded->runbook->tree;
	struct tree_state none;
	const struct tree_state *state = &none;
	const struct question *open;

	if (!tree->nquestions)
		return;
	tree_begin(&none);
	if (session->open)
		state = &session->incident.state.tree;
	open = tree_open(tree, state, NULL);
	if (open)
		want_question(open, wanted);
	for (size_t i = 0; i < state->n; i++)
		want(wanted, tree->questions[state->answers[i].question].probe);
	for (size_t i = 0; session->open && open && i < tree->nquestions; i++)
		want_question(&tree->questions[i], wanted);
}

/* Items may be costly to sense: one that holds is looked at again when half of its life is over,
 * or at once when the record does not say so yet.
 * What was seen before `from` counts for nothing. */
static void want_items(const struct session *session, const struct list_in_effect *list,
		       struct wanted *wanted)
{
	const struct checklist_state *state = session_list_state(session, list->checklist);
	int64_t now = clock_wall(session->clock);

	for (size_t i = 0; i < state->nitems; i++) {
		const struct item *item = checklist_item(state, i, NULL);
		enum item_status status = state->items[i].status;
		const struct reading *reading;
		int64_t again;

		want(wanted, item->when);
		if (item->kind != ITEM_SENSED || checklist_status(state, i) == ITEM_NOT_APPLICABLE)
			continue;
		again = sense_duration(session->sense, item->expires, 60 * CLOCK_US) / 2;
		reading = &sense_probe(session->sense, item->probe)->reading;
		if (reading->verdict != VERDICT_PASS || reading->at <= list->from ||
		    status == ITEM_RED || status == ITEM_UNKNOWN || now - reading->at > again)
			want(wanted, item->probe);
	}
}

static void want_proposals(const struct session *session, struct wanted *wanted)
{
	const struct attempt *attempt = session_attempt(session);

	if (!attempt || attempt->ended_at || attempt->procedure.approved)
		return;
	for (size_t i = 0; i < attempt->procedure.procedure->nasks; i++)
		want(wanted, session_unproposed(session, i));
}

static void want_step(const struct session *session, struct wanted *wanted)
{
	const struct attempt *attempt = session_attempt(session);
	int next =
	    attempt && attempt->procedure.approved ? procedure_next(&attempt->procedure) : -1;
	const struct step *step;

	if (next < 0)
		return;
	step = &attempt->procedure.procedure->steps[next];
	want(wanted, step->probe);
	if (step->kind != STEP_ACTION)
		want(wanted, step->when);
}

struct checklist_state *session_list_state(const struct session *session,
					   const struct checklist *checklist)
{
	return &session->incident.state
		    .checklists[checklist - session->loaded->runbook->checklists];
}

static size_t list_add(struct list_in_effect *out, size_t n, const struct checklist *checklist,
		       int64_t from)
{
	if (!checklist || n == SESSION_LISTS)
		return n;
	for (size_t i = 0; i < n; i++) {
		if (out[i].checklist == checklist)
			return n;
	}
	out[n] = (struct list_in_effect){ checklist, from };
	return n + 1;
}

const struct attempt *session_attempt_proper(const struct session *session)
{
	const struct incident_state *state = &session->incident.state;

	for (size_t i = state->nattempts; i-- > 0;) {
		if (!state->attempts[i].procedure.procedure->item)
			return &state->attempts[i];
	}
	return NULL;
}

int64_t session_t_asks(const struct session *session)
{
	const struct deployment_state *now = &session->incident.state.deployment;
	bool due = session->open && now->deployment && !now->at_t0 &&
		   clock_wall(session->clock) >= now->t0;

	return due ? now->t0 : 0;
}

/* The phase that is under way here, or that the planned deployment would begin; NULL. */
static const struct phase *phase_of(const struct session *session)
{
	const struct incident_state *state = &session->incident.state;

	if (!session->open || state->phase_begun)
		return session->open ? state->phase_begun : NULL;
	return state->deployment.deployment ? state->deployment.deployment->phase : NULL;
}

void session_look_at(struct session *session, size_t checklist)
{
	session->looked_at = checklist;
	session->looked_until = clock_mono(session->clock) + LOOK_US;
}

size_t session_lists(const struct session *session, struct list_in_effect out[SESSION_LISTS])
{
	const struct attempt *attempt = session->open ? session_attempt_proper(session) : NULL;
	const struct deployment *planned =
	    session->open ? session->incident.state.deployment.deployment : NULL;
	const struct gate *gate = planned ? planned->gate : NULL;
	const struct routine_state *routine = &session->incident.state.routine;
	const struct phase *phase = phase_of(session);
	int64_t from = session_t_asks(session);
	size_t n = 0;

	if (!session->open || session->incident.state.phase != INCIDENT_OPEN)
		return 0;
	/* First: the same list may be asked for twice. */
	if (attempt && attempt->procedure.started && attempt->ended_at)
		n = list_add(out, n, attempt->procedure.procedure->after, attempt->ended_at);
	else if (attempt && !attempt->procedure.started)
		n = list_add(out, n, attempt->procedure.procedure->before, 0);
	if (planned)
		n = list_add(out, n, planned->checklist, from);
	if (routine->routine && !routine->ended_at)
		n = list_add(out, n, routine->routine->checklist,
			     session->incident.state.opened_at);
	for (size_t i = 0; gate && i < gate_size(gate); i++)
		n = list_add(out, n, gate_criterion(gate, i, NULL)->checklist, from);
	for (size_t i = 0; phase && i < phase->nchecklists; i++)
		n = list_add(out, n, phase->checklists[i], from);
	if (session->looked_at < session->loaded->runbook->nchecklists &&
	    clock_mono(session->clock) < session->looked_until)
		n = list_add(out, n, &session->loaded->runbook->checklists[session->looked_at], 0);
	return n;
}

/* A criterion may be costly, too: whether a dump is sound. At T what is fresh does not count. */
static void want_criterion(const struct session *session, struct probe *probe,
			   struct wanted *wanted)
{
	const struct reading *reading = probe ? &sense_probe(session->sense, probe)->reading : NULL;

	if (reading && (reading->at <= session_t_asks(session) ||
			clock_wall(session->clock) - reading->at > CRITERION_US))
		want(wanted, probe);
}

static void want_lists(const struct session *session, struct wanted *wanted)
{
	struct list_in_effect lists[SESSION_LISTS];
	size_t n = session_lists(session, lists);
	const struct deployment *planned =
	    session->open ? session->incident.state.deployment.deployment : NULL;

	for (size_t i = 0; i < n; i++)
		want_items(session, &lists[i], wanted);
	for (size_t i = 0; n && planned && i < gate_size(planned->gate); i++)
		want_criterion(session, gate_criterion(planned->gate, i, NULL)->probe, wanted);
}

void session_watch_probes(struct session *session)
{
	struct wanted wanted = { 0 };

	sense_attend(session->sense, session->open);
	want_tree(session, &wanted);
	want_step(session, &wanted);
	want_proposals(session, &wanted);
	want_lists(session, &wanted);
	sense_watch(session->sense, wanted.list, wanted.n);
	free(wanted.list);
}
