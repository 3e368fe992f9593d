/* Deployment day: T, the checklist that counts down to it, and the gate that a person decides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define STALE_US (60 * CLOCK_US)
/* How long the criteria of T wait for what is measured at T. */
#define T_PATIENCE_US (30 * CLOCK_US)

static const struct deployment_state *planned(const struct session *session)
{
	return session->open && session->incident.state.deployment.deployment
		   ? &session->incident.state.deployment
		   : NULL;
}

/* ---- The gate ---- */

static void missing_add(const struct checklist_state *state, char *out, size_t size)
{
	size_t len = strlen(out), n = 0;

	for (size_t i = 0; i < state->nitems && len + 1 < size; i++) {
		if (!checklist_missing(state, i, GATE_DUE_US))
			continue;
		snprintf(out + len, size - len, "%s%s",
			 n++ ? ", " : "; missing: ", checklist_item(state, i, NULL)->say);
		len = strlen(out);
	}
}

void session_criterion(const struct session *session, const struct criterion *criterion,
		       struct proposal *out)
{
	const struct checklist_state *state;
	const struct sensed *sensed;

	*out = (struct proposal){ .verdict = VERDICT_UNKNOWN };
	if (criterion->checklist) {
		state = session_list_state(session, criterion->checklist);
		out->verdict = gate_checklist(state);
		snprintf(out->evidence, sizeof(out->evidence), "%d%% ready",
			 checklist_readiness_until(state, GATE_DUE_US));
		missing_add(state, out->evidence, sizeof(out->evidence));
		return;
	}
	sensed = sense_probe(session->sense, criterion->probe);
	if (!sensed->reading.at) {
		snprintf(out->evidence, sizeof(out->evidence), "not looked at yet");
		return;
	}
	out->age_us = clock_wall(session->clock) - sensed->reading.at;
	snprintf(out->evidence, sizeof(out->evidence), "%s", sensed->reading.evidence);
	if (out->age_us <= STALE_US)
		out->verdict = sensed->reading.verdict;
}

enum decision session_gate(const struct session *session)
{
	const struct deployment_state *now = planned(session);
	const struct gate *gate = now ? now->deployment->gate : NULL;
	enum decision decision;
	enum verdict *verdicts;

	if (!gate)
		return DECISION_UNDECIDED;
	verdicts = xcalloc(gate_size(gate) + 1, sizeof(*verdicts));
	for (size_t i = 0; i < gate_size(gate); i++) {
		struct proposal proposal;

		session_criterion(session, gate_criterion(gate, i, NULL), &proposal);
		verdicts[i] = proposal.verdict;
	}
	decision = gate_compute(gate, verdicts);
	free(verdicts);
	return decision;
}

/* Adds the criteria of that verdict that stand in the way. */
static void blocks_add(const struct session *session, const struct gate *gate, enum verdict verdict,
		       const char *lead, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < gate_size(gate); i++) {
		enum criterion_kind kind;
		const struct criterion *criterion = gate_criterion(gate, i, &kind);
		struct proposal proposal;

		session_criterion(session, criterion, &proposal);
		if (proposal.verdict != verdict || !gate_blocks(kind, verdict))
			continue;
		if (n++)
			buf_printf(out, ", %s", criterion->say);
		else
			buf_printf(out, "%s%s%s", out->len ? "; " : "", lead, criterion->say);
	}
}

char *session_gate_blocks(const struct session *session)
{
	const struct deployment_state *now = planned(session);
	struct buf out = BUF_INIT;

	if (now) {
		blocks_add(session, now->deployment->gate, VERDICT_PASS, "holds: ", &out);
		blocks_add(session, now->deployment->gate, VERDICT_FAIL, "fails: ", &out);
		blocks_add(session, now->deployment->gate, VERDICT_UNKNOWN, "unknown: ", &out);
	}
	buf_puts(&out, "");
	return buf_detach(&out);
}

static json_t *criteria_json(const struct session *session, const struct gate *gate)
{
	json_t *list = json_array();

	for (size_t i = 0; i < gate_size(gate); i++) {
		enum criterion_kind kind;
		const struct criterion *criterion = gate_criterion(gate, i, &kind);
		struct proposal proposal;

		session_criterion(session, criterion, &proposal);
		json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:o}", "kind",
						      criterion_kind_name(kind), "say",
						      session_text(criterion->say), "verdict",
						      verdict_name(proposal.verdict), "evidence",
						      json_text(proposal.evidence,
								strlen(proposal.evidence))));
	}
	return list;
}

/* ---- By itself ---- */

static void gate_record(struct session *session, enum decision computed, bool at_t0)
{
	const struct deployment_state *now = &session->incident.state.deployment;
	const struct gate *gate = now->deployment->gate;
	json_t *fields = json_pack("{s:s, s:s, s:s, s:o}", "gate", gate->name, "computed",
				   decision_name(computed), "was", decision_name(now->computed),
				   "criteria", criteria_json(session, gate));

	if (at_t0)
		json_object_set_new(fields, "at_t0", json_true());
	session_append(session, false, EV_GATE, fields, NULL);
}

/* Whether an item stands as it was measured last: what changes does so when it was seen twice. */
static bool is_settled(enum item_status status, enum verdict verdict)
{
	if (status == ITEM_OVERRIDDEN || status == ITEM_DEFERRED)
		return true;
	return status == (verdict == VERDICT_PASS   ? ITEM_GREEN
			  : verdict == VERDICT_FAIL ? ITEM_RED
						    : ITEM_UNKNOWN);
}

/* Whether a list's items were measured at T. */
static bool list_is_measured(const struct session *session, const struct checklist *list,
			     int64_t from)
{
	const struct checklist_state *state = session_list_state(session, list);

	for (size_t i = 0; i < state->nitems; i++) {
		const struct section *section;
		const struct item *item = checklist_item(state, i, &section);
		const struct sensed *sensed;

		if (item->kind != ITEM_SENSED ||
		    (section->timed && section->offset_us > GATE_DUE_US) ||
		    checklist_status(state, i) == ITEM_NOT_APPLICABLE)
			continue;
		sensed = sense_probe(session->sense, item->probe);
		if (sensed->reading.at <= from ||
		    !is_settled(state->items[i].status, sensed->reading.verdict))
			return false;
	}
	return true;
}

/* Whether everything that the gate asks was looked at since T, or that took too long. */
static bool is_measured(const struct session *session)
{
	const struct deployment_state *now = planned(session);
	const struct gate *gate = now->deployment->gate;

	if (clock_wall(session->clock) - now->t0 > T_PATIENCE_US)
		return true;
	for (size_t i = 0; i < gate_size(gate); i++) {
		const struct criterion *criterion = gate_criterion(gate, i, NULL);

		if (criterion->checklist
			? !list_is_measured(session, criterion->checklist, now->t0)
			: sense_probe(session->sense, criterion->probe)->reading.at <= now->t0)
			return false;
	}
	return true;
}

void session_deploy_tick(struct session *session)
{
	const struct deployment_state *now = planned(session);
	enum decision computed;
	bool at_t0;

	if (!now || session->incident.state.phase != INCIDENT_OPEN || session->sensing_lock < 0)
		return;
	computed = session_gate(session);
	at_t0 = session_t_asks(session) && is_measured(session);
	/* Seen twice: a result that flickers fills no ledger. */
	if (at_t0 || (computed != now->computed && computed == session->gate_seen))
		gate_record(session, computed, at_t0);
	session->gate_seen = computed;
}

/* ---- Acts ---- */

int session_deployment(struct session *session, const char *name, int64_t t0, struct err *err)
{
	char text[TIME_RFC3339_MAX];

	if (session_need_open(session, err) != 0)
		return -1;
	if (session->incident.state.kind != INCIDENT_DEPLOYMENT &&
	    session->incident.state.kind != INCIDENT_DRILL)
		return err_set(err, "this is no deployment but an incident of kind %s",
			       kind_name(session->incident.state.kind));
	if (!runbook_deployment(session->loaded->runbook, name))
		return err_set(err, "the runbook has no deployment %s", name);
	if (session_append(session, true, EV_PLANNED,
			   json_pack("{s:s, s:s}", "deployment", name, "t0",
				     time_rfc3339(t0, text)),
			   err) != 0)
		return -1;
	session_watch_probes(session);
	sense_now(session->sense);
	return 0;
}

/* A go begins the phase; one that is taken back gives it up. */
static int phase_follow(struct session *session, const struct phase *phase, enum decision decision,
			const char *reason, struct err *err)
{
	bool begun = session->incident.state.phase_begun == phase, go = decision == DECISION_GO;

	if (begun == go)
		return 0;
	session_recorded_soon(session);
	if (go)
		return session_append(session, true, EV_PHASE,
				      json_pack("{s:s}", "phase", phase->name), err);
	return session_append(session, true, EV_PHASE_ENDED,
			      json_pack("{s:s, s:s, s:o}", "phase", phase->name, "result",
					"given up", "reason", session_text(reason)),
			      err);
}

int session_decide_gate(struct session *session, enum decision decision, const char *reason,
			struct err *err)
{
	const struct deployment_state *now = planned(session);
	const struct gate *gate;
	const struct phase *phase;
	enum decision computed;

	if (session_need_open(session, err) != 0)
		return -1;
	if (!now) {
		err_set(err, "no deployment is planned, so there is no gate to decide");
		return err_hint(err, "begin one with backout preflight");
	}
	gate = now->deployment->gate;
	phase = now->deployment->phase;
	computed = session_gate(session);
	if (decision == DECISION_UNDECIDED)
		return err_set(err, "decide go, no-go or adjust");
	if (decision != computed && (!reason || !*reason)) {
		char *blocks = session_gate_blocks(session);

		err_set(err, "the criteria say %s%s%s%s: another decision needs a reason",
			decision_name(computed), *blocks ? " (" : "", blocks, *blocks ? ")" : "");
		free(blocks);
		return -1;
	}
	if (session_append(session, true, EV_GATE_DECIDED,
			   json_pack("{s:s, s:s, s:s, s:o, s:o}", "gate", gate->name, "decision",
				     decision_name(decision), "computed", decision_name(computed),
				     "reason", session_text(reason), "criteria",
				     criteria_json(session, gate)),
			   err) != 0)
		return -1;
	return phase ? phase_follow(session, phase, decision, reason, err) : 0;
}

/* ---- The clock ---- */

char *session_t(const struct session *session, char *out, size_t size)
{
	const struct deployment_state *now = planned(session);
	int64_t wall = clock_wall(session->clock), from;

	out[0] = '\0';
	if (!session->open)
		return out;
	if (session->incident.state.closed_at || session->incident.state.resolved_at)
		wall = session->incident.state.closed_at ? session->incident.state.closed_at
							 : session->incident.state.resolved_at;
	from = now ? now->t0 : session->incident.state.opened_at;
	/* A clock that was set back after the opening counts no T. */
	if (!now && wall < from)
		wall = from;
	return duration_t(wall - from, out, size);
}
