/* Which probes are looked at now: those of the tree, the next step, the checklists, the gate. */
#include <stdlib.h>

#include "core/session_parts.h"
#include "lib/mem.h"

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

/* Items may be costly to sense: one that holds is looked at again when half of its life is over.
 * What was seen before `from` counts for nothing. */
static void want_items(const struct session *session, const struct checklist *checklist,
		       int64_t from, struct wanted *wanted)
{
	int64_t now = clock_wall(session->clock);

	for (size_t s = 0; checklist && s < checklist->nsections; s++) {
		for (size_t i = 0; i < checklist->sections[s].nitems; i++) {
			const struct item *item = &checklist->sections[s].items[i];
			const struct reading *reading;
			int64_t again;

			if (item->kind != ITEM_SENSED)
				continue;
			again = sense_duration(session->sense, item->expires, 60 * CLOCK_US) / 2;
			reading = &sense_probe(session->sense, item->probe)->reading;
			if (reading->verdict != VERDICT_PASS || reading->at <= from ||
			    now - reading->at > again)
				want(wanted, item->probe);
			want(wanted, item->when);
		}
	}
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

size_t session_deploy_lists(const struct session *session, const struct checklist **out, size_t max)
{
	const struct deployment *planned =
	    session->open ? session->incident.state.deployment.deployment : NULL;
	const struct gate *gate;
	size_t n = 0;

	if (!planned || session->incident.state.phase != INCIDENT_OPEN || !max)
		return 0;
	out[n++] = planned->checklist;
	gate = planned->gate;
	for (size_t i = 0; i < gate_size(gate) && n < max; i++) {
		const struct checklist *list = gate_criterion(gate, i, NULL)->checklist;
		bool there = !list;

		for (size_t k = 0; k < n; k++)
			there = there || out[k] == list;
		if (!there)
			out[n++] = list;
	}
	return n;
}

static void want_deployment(const struct session *session, struct wanted *wanted)
{
	const struct checklist *lists[SESSION_LISTS];
	size_t n = session_deploy_lists(session, lists, SESSION_LISTS);
	const struct gate *gate;

	for (size_t i = 0; i < n; i++)
		want_items(session, lists[i], 0, wanted);
	if (!n)
		return;
	gate = session->incident.state.deployment.deployment->gate;
	for (size_t i = 0; i < gate_size(gate); i++)
		want(wanted, gate_criterion(gate, i, NULL)->probe);
}

void session_watch_probes(struct session *session)
{
	const struct attempt *attempt = session_attempt(session);
	struct wanted wanted = { 0 };

	want_tree(session, &wanted);
	want_step(session, &wanted);
	if (attempt && !attempt->procedure.started)
		want_items(session, attempt->procedure.procedure->before, 0, &wanted);
	if (attempt && attempt->ended_at)
		want_items(session, attempt->procedure.procedure->after, attempt->ended_at,
			   &wanted);
	want_deployment(session, &wanted);
	sense_watch(session->sense, wanted.list, wanted.n);
	free(wanted.list);
}
