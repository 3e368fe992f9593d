/* state_fold(): one line of the ledger changes the state. One folder an event, in one table. */
#include "core/fold_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/who.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

/* New: a member's text, NULL when it is missing or empty. */
static char *text_new(const struct jflat *line, const char *key)
{
	const char *text = jflat_str(line, key, "");

	return *text ? xstrdup(text) : NULL;
}

static bool is(const struct jflat *line, const char *key, const char *value)
{
	return strcmp(jflat_str(line, key, ""), value) == 0;
}

static enum verdict verdict_of(const struct jflat *line, const char *key)
{
	enum verdict verdict = VERDICT_UNKNOWN;

	verdict_parse(jflat_str(line, key, ""), &verdict);
	return verdict;
}

static int fold_opened(struct incident_state *state, const struct jflat *line, int64_t at,
		       struct err *err)
{
	if (state->phase != INCIDENT_NONE)
		return err_set(err, "the incident is open already");
	if (kind_parse(jflat_str(line, "kind", ""), &state->kind) ||
	    severity_parse(jflat_str(line, "severity", ""), &state->severity))
		return err_set(err, "its kind or severity is not known");
	state->phase = INCIDENT_OPEN;
	snprintf(state->id, sizeof(state->id), "%s", jflat_str(line, "incident", ""));
	free(state->title);
	state->title = xstrdup(jflat_str(line, "title", ""));
	state->opened_at = at;
	return 0;
}

static int fold_severity(struct incident_state *state, const struct jflat *line, int64_t at,
			 struct err *err)
{
	enum severity was = state->severity;

	if (severity_parse(jflat_str(line, "severity", ""), &state->severity))
		return err_set(err, "the severity is not known");
	if (state->severity > was && !state->declared_at)
		state->declared_at = at;
	fold_authority(state, at);
	return 0;
}

static struct alert_state *alert_of(struct incident_state *state, const struct jflat *line,
				    struct err *err)
{
	const char *name = jflat_str(line, "metric", "");

	for (size_t i = 0; i < state->runbook->nmetrics; i++) {
		if (strcmp(state->runbook->metrics[i].name, name) == 0)
			return &state->alerts[i];
	}
	err_set(err, "the runbook has no such metric");
	return NULL;
}

static int level_of(const char *name, enum level *level)
{
	for (int i = LEVEL_OK; i <= LEVEL_CRITICAL; i++) {
		if (strcmp(level_name((enum level)i), name) == 0) {
			*level = (enum level)i;
			return 0;
		}
	}
	return -1;
}

static int fold_alert(struct incident_state *state, const struct jflat *line, int64_t at,
		      struct err *err)
{
	struct alert_state *alert = alert_of(state, line, err);
	enum level level;

	if (!alert)
		return -1;
	if (level_of(jflat_str(line, "level", ""), &level))
		return err_set(err, "the level is not known");
	if (level > alert->level || level == LEVEL_OK)
		alert->acknowledged = false;
	if (level != alert->level)
		alert->since = at;
	alert->level = level;
	if (jflat_get(line, "no_data"))
		alert->no_data = jflat_true(line, "no_data");
	alert->value = jflat_num(line, "value", NAN);
	if (level > LEVEL_OK && !state->first_alert_at)
		state->first_alert_at = at;
	return 0;
}

static int fold_acknowledged(struct incident_state *state, const struct jflat *line, int64_t at,
			     struct err *err)
{
	struct alert_state *alert = alert_of(state, line, err);
	char *who;

	if (!alert)
		return -1;
	if (alert->level == LEVEL_OK)
		return err_set(err, "there is no alert to acknowledge");
	who = who_wrote(line);
	text_clean_to(alert->acknowledged_by, sizeof(alert->acknowledged_by), who, strlen(who));
	free(who);
	alert->acknowledged = true;
	alert->acknowledged_at = at;
	return 0;
}

static int fold_muted(struct incident_state *state, const struct jflat *line, int64_t at,
		      struct err *err)
{
	struct alert_state *alert = alert_of(state, line, err);
	const char *until = jflat_str(line, "until", NULL);

	(void)at;
	if (!alert)
		return -1;
	alert->muted_until = 0;
	if (until && time_parse_rfc3339(until, &alert->muted_until) != 0)
		return err_set(err, "until when it is muted is no time");
	return 0;
}

static int fold_condition(struct incident_state *state, const struct jflat *line, int64_t at,
			  struct err *err)
{
	const char *name = jflat_str(line, "condition", "");

	for (size_t i = 0; i < state->runbook->nconditions; i++) {
		if (strcmp(state->runbook->conditions[i].name, name) != 0)
			continue;
		state->conditions[i].verdict = verdict_of(line, "verdict");
		state->conditions[i].since = state->conditions[i].verdict == VERDICT_PASS ? at : 0;
		return 0;
	}
	return err_set(err, "the runbook has no such condition");
}

static int fold_answered(struct incident_state *state, const struct jflat *line, int64_t at,
			 struct err *err)
{
	(void)at;
	return tree_answer(&state->runbook->tree, &state->tree, jflat_str(line, "question", ""),
			   is(line, "answer", "yes"), verdict_of(line, "proposed"), err);
}

static int fold_back(struct incident_state *state, const struct jflat *line, int64_t at,
		     struct err *err)
{
	(void)at;
	return tree_back(&state->runbook->tree, &state->tree, jflat_str(line, "question", ""), err);
}

static int fold_chosen(struct incident_state *state, const struct jflat *line, int64_t at,
		       struct err *err)
{
	const struct procedure *procedure =
	    runbook_procedure(state->runbook, jflat_str(line, "procedure", ""));
	const char *by = jflat_str(line, "decide_by", NULL);
	struct attempt *attempt;

	if (!procedure)
		return err_set(err, "the runbook has no such procedure");
	state->attempts = xgrow(state->attempts, &state->cap_attempts, state->nattempts + 1,
				sizeof(*state->attempts));
	attempt = &state->attempts[state->nattempts++];
	*attempt = (struct attempt){ .chosen_at = at };
	procedure_begin(&attempt->procedure, procedure);
	fold_carry(state);
	if (by && time_parse_rfc3339(by, &attempt->decide_by) != 0)
		return err_set(err, "by when it has to be decided is no time");
	return 0;
}

/* The latest attempt at the line's procedure: an outcome may come after another one was chosen. */
static struct attempt *attempt_of(struct incident_state *state, const struct jflat *line,
				  struct err *err)
{
	for (size_t i = state->nattempts; i-- > 0;) {
		struct attempt *attempt = &state->attempts[i];

		if (is(line, "procedure", attempt->procedure.procedure->name))
			return attempt;
	}
	err_set(err, "this procedure was not chosen");
	return NULL;
}

static struct attempt *step_of(struct incident_state *state, const struct jflat *line,
			       size_t *index, struct err *err)
{
	struct attempt *attempt = attempt_of(state, line, err);
	const struct procedure *procedure;

	if (!attempt)
		return NULL;
	procedure = attempt->procedure.procedure;
	for (size_t i = 0; i < procedure->nsteps; i++) {
		if (is(line, "step", procedure->steps[i].id)) {
			*index = i;
			return attempt;
		}
	}
	err_set(err, "the procedure has no such step");
	return NULL;
}

static int step_apply(struct incident_state *state, const struct jflat *line, enum step_event event,
		      const char *text, int64_t at, struct err *err)
{
	size_t index;
	struct attempt *attempt = step_of(state, line, &index, err);

	return attempt ? procedure_apply(&attempt->procedure, index, event, text, at, err) : -1;
}

static int fold_step_answered(struct incident_state *state, const struct jflat *line, int64_t at,
			      struct err *err)
{
	return step_apply(state, line, STEP_EV_ANSWERED, jflat_str(line, "answer", ""), at, err);
}

static int fold_intent(struct incident_state *state, const struct jflat *line, int64_t at,
		       struct err *err)
{
	fold_begins(attempt_of(state, line, NULL), state);
	return step_apply(state, line,
			  is(line, "act", "undo") ? STEP_EV_UNDO_INTENT : STEP_EV_INTENT, "", at,
			  err);
}

static int fold_outcome(struct incident_state *state, const struct jflat *line, int64_t at,
			struct err *err)
{
	bool undo = is(line, "act", "undo");
	const char *detail = jflat_str(line, "detail", "");
	size_t index;
	struct attempt *attempt = step_of(state, line, &index, err);

	if (!attempt)
		return -1;
	if (is(line, "result", "done"))
		return procedure_apply(&attempt->procedure, index,
				       undo ? STEP_EV_UNDONE : STEP_EV_OUTCOME_DONE, "", at, err);
	/* What is refused before its intent could be written counts as begun and failed. */
	if (is(line, "result", "refused") &&
	    attempt->procedure.steps[index].status != STEP_RUNNING &&
	    procedure_apply(&attempt->procedure, index, undo ? STEP_EV_UNDO_INTENT : STEP_EV_INTENT,
			    "", at, err))
		return -1;
	return procedure_apply(&attempt->procedure, index, STEP_EV_OUTCOME_FAILED,
			       *detail ? detail : jflat_str(line, "result", ""), at, err);
}

/* New: name of the first probe that does not pass; "". */
static char *probe_missed(const struct jflat *line)
{
	json_t *probes = jflat_json(line, "probes");
	const char *missed = "";
	char *name;

	for (size_t i = json_array_size(probes); i-- > 0;) {
		const json_t *probe = json_array_get(probes, i);

		if (strcmp(json_str(probe, "verdict", ""), "pass") != 0)
			missed = json_str(probe, "probe", "");
	}
	name = xstrdup(missed);
	json_decref(probes);
	return name;
}

static int fold_verify(struct incident_state *state, const struct jflat *line, int64_t at,
		       struct err *err)
{
	char *missed;
	int result;

	if (verdict_of(line, "verdict") == VERDICT_PASS)
		return step_apply(state, line, STEP_EV_VERIFIED, "", at, err);
	missed = probe_missed(line);
	result = step_apply(state, line, STEP_EV_NOT_VERIFIED, missed, at, err);
	free(missed);
	return result;
}

static int fold_died(struct incident_state *state, const struct jflat *line, int64_t at,
		     struct err *err)
{
	return step_apply(state, line, STEP_EV_DIED, "", at, err);
}

static int fold_settled(struct incident_state *state, const struct jflat *line, int64_t at,
			struct err *err)
{
	const char *evidence = jflat_str(line, "evidence", "");

	if (is(line, "settled", "yes"))
		return step_apply(state, line, STEP_EV_SETTLED, evidence, at, err);
	if (is(line, "settled", "no"))
		return step_apply(state, line, STEP_EV_NOT_SETTLED, evidence, at, err);
	return 0;
}

static int fold_skipped(struct incident_state *state, const struct jflat *line, int64_t at,
			struct err *err)
{
	return step_apply(state, line, STEP_EV_SKIPPED, jflat_str(line, "reason", ""), at, err);
}

static int fold_alternative(struct incident_state *state, const struct jflat *line, int64_t at,
			    struct err *err)
{
	return step_apply(state, line, STEP_EV_ALTERNATIVE, jflat_str(line, "reason", ""), at, err);
}

static int fold_not_applicable(struct incident_state *state, const struct jflat *line, int64_t at,
			       struct err *err)
{
	return step_apply(state, line, STEP_EV_NOT_APPLICABLE, jflat_str(line, "evidence", ""), at,
			  err);
}

static int fold_stopped(struct incident_state *state, const struct jflat *line, int64_t at,
			struct err *err)
{
	struct attempt *attempt = attempt_of(state, line, err);

	(void)at;
	if (!attempt)
		return -1;
	attempt->procedure.stopped = true;
	return 0;
}

static int fold_procedure_ended(struct incident_state *state, const struct jflat *line, int64_t at,
				struct err *err)
{
	struct attempt *attempt = attempt_of(state, line, err);

	if (!attempt)
		return -1;
	if (attempt->ended_at)
		return err_set(err, "it ended already");
	attempt->ended_at = at;
	snprintf(attempt->result, sizeof(attempt->result), "%s", jflat_str(line, "result", ""));
	fold_items_follow(state, attempt, at);
	return 0;
}

static int fold_resolved(struct incident_state *state, const struct jflat *line, int64_t at,
			 struct err *err)
{
	(void)line;
	if (state->phase != INCIDENT_OPEN)
		return err_set(err, "it is resolved already");
	state->phase = INCIDENT_RESOLVED;
	state->resolved_at = at;
	return 0;
}

static int fold_closed(struct incident_state *state, const struct jflat *line, int64_t at,
		       struct err *err)
{
	(void)err;
	state->phase = INCIDENT_CLOSED;
	state->closed_at = at;
	state->root_cause = text_new(line, "root_cause");
	state->remediation = text_new(line, "remediation");
	state->lessons = text_new(line, "lessons");
	return 0;
}

static int fold_filled(struct incident_state *state, const struct jflat *line, int64_t at,
		       struct err *err)
{
	const char *field = jflat_str(line, "field", "");

	(void)at;
	if (!runbook_report_field(state->runbook, field))
		return err_set(err, "the runbook's report has no field \"%s\"", field);
	if (!state->filled)
		state->filled = json_object();
	if (*jflat_str(line, "text", ""))
		json_object_set_new(state->filled, field, jflat_json(line, "text"));
	else
		json_object_del(state->filled, field);
	return 0;
}

static int fold_scored(struct incident_state *state, const struct jflat *line, int64_t at,
		       struct err *err)
{
	(void)at;
	(void)err;
	json_decref(state->scored);
	state->scored = jflat_json(line, "score");
	return 0;
}

static int fold_planned(struct incident_state *state, const struct jflat *line, int64_t at,
			struct err *err)
{
	const struct deployment *deployment =
	    runbook_deployment(state->runbook, jflat_str(line, "deployment", ""));
	int64_t t0;

	(void)at;
	if (!deployment)
		return err_set(err, "the runbook has no such deployment");
	if (time_parse_rfc3339(jflat_str(line, "t0", ""), &t0))
		return err_set(err, "T is no time");
	if (state->deployment.deployment != deployment) {
		free(state->deployment.reason);
		state->deployment = (struct deployment_state){ .deployment = deployment };
	}
	state->deployment.t0 = t0;
	state->deployment.at_t0 = false;
	return 0;
}

static int gate_result(const struct incident_state *state, const struct jflat *line,
		       const char *key, enum decision *out, struct err *err)
{
	const struct deployment *deployment = state->deployment.deployment;

	if (!deployment || !is(line, "gate", deployment->gate->name))
		return err_set(err, "no planned deployment has this gate");
	if (decision_parse(jflat_str(line, key, ""), out))
		return err_set(err, "the result is not known");
	return 0;
}

static int fold_gate(struct incident_state *state, const struct jflat *line, int64_t at,
		     struct err *err)
{
	(void)at;
	if (gate_result(state, line, "computed", &state->deployment.computed, err))
		return -1;
	if (jflat_true(line, "at_t0"))
		state->deployment.at_t0 = true;
	return 0;
}

static int fold_gate_decided(struct incident_state *state, const struct jflat *line, int64_t at,
			     struct err *err)
{
	struct deployment_state *now = &state->deployment;
	enum decision decided, against;
	char *who;

	if (gate_result(state, line, "decision", &decided, err) ||
	    gate_result(state, line, "computed", &against, err))
		return -1;
	if (decided != against && !*jflat_str(line, "reason", ""))
		return err_set(err, "deciding otherwise than the criteria needs a reason");
	who = who_wrote(line);
	now->decided = decided;
	now->against = against;
	now->decided_at = at;
	text_clean_to(now->decided_by, sizeof(now->decided_by), who, strlen(who));
	free(now->reason);
	now->reason = text_new(line, "reason");
	free(who);
	return 0;
}

/* NULL: it stands in the timeline and changes nothing else. */
static fold_fn *const folders[EV_COUNT] = {
	[EV_OPENED] = fold_opened,
	[EV_SEVERITY] = fold_severity,
	[EV_ALERT] = fold_alert,
	[EV_ACKNOWLEDGED] = fold_acknowledged,
	[EV_MUTED] = fold_muted,
	[EV_CONDITION] = fold_condition,
	[EV_ITEM_SENSED] = fold_item_sensed,
	[EV_ITEM_APPLIES] = fold_item_applies,
	[EV_ITEM] = fold_item,
	[EV_ANSWERED] = fold_answered,
	[EV_BACK] = fold_back,
	[EV_CHOSEN] = fold_chosen,
	[EV_ASKED] = fold_asked,
	[EV_APPROVED] = fold_approved,
	[EV_REJECTED] = fold_rejected,
	[EV_BROKEN] = fold_broken,
	[EV_STEP_ANSWERED] = fold_step_answered,
	[EV_INTENT] = fold_intent,
	[EV_OUTCOME] = fold_outcome,
	[EV_VERIFY] = fold_verify,
	[EV_DIED] = fold_died,
	[EV_SETTLED] = fold_settled,
	[EV_SKIPPED] = fold_skipped,
	[EV_ALTERNATIVE] = fold_alternative,
	[EV_NOT_APPLICABLE] = fold_not_applicable,
	[EV_STOPPED] = fold_stopped,
	[EV_PROCEDURE_ENDED] = fold_procedure_ended,
	[EV_RESOLVED] = fold_resolved,
	[EV_CLOSED] = fold_closed,
	[EV_FILLED] = fold_filled,
	[EV_SCORED] = fold_scored,
	[EV_PLANNED] = fold_planned,
	[EV_GATE] = fold_gate,
	[EV_GATE_DECIDED] = fold_gate_decided,
	[EV_ROUTINE] = fold_routine,
	[EV_ROUTINE_ENDED] = fold_routine_ended,
	[EV_PHASE] = fold_phase,
	[EV_PHASE_ENDED] = fold_phase_ended,
};

static int fold_line(struct incident_state *state, enum event_id id, const struct ledger_line *line,
		     struct err *err)
{
	const struct attempt *attempt = NULL;

	if (id == EV_COUNT)
		return 0;
	if (state->phase == INCIDENT_NONE && id != EV_OPENED)
		return err_set(err, "no incident is open yet");
	if (state->phase == INCIDENT_CLOSED)
		return err_set(err, "the incident is closed");
	if (folders[id] && folders[id](state, line->fields, line->at, err))
		return -1;
	if (event_defs[id].class == EVENT_RUNNER && jflat_get(line->fields, "step"))
		attempt = attempt_of(state, line->fields, NULL);
	if (attempt)
		fold_items_follow(state, attempt, line->at);
	return 0;
}

void state_fold(struct incident_state *state, const struct ledger_line *line)
{
	struct err err = ERR_INIT;
	enum event_id id = event_find(line->event);
	bool fits = fold_line(state, id, line, &err) == 0;

	fold_time(state, line->at);
	state->timeline = xgrow(state->timeline, &state->cap_timeline, state->ntimeline + 1,
				sizeof(*state->timeline));
	state->timeline[state->ntimeline++] = timeline_entry(line, id, fits ? NULL : err.msg);
	if (!event_is_quiet(id))
		state->last_act = line->seq;
}
