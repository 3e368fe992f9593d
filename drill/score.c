#include "drill/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drill/well.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

static int ask_parts(struct score *score, const struct sandbox *sandbox,
		     const struct scenario *scenario, struct err *err)
{
	struct well well = { 0 };
	int asked = -1;

	if (well_build(&well, &sandbox->loaded, scenario, sandbox->facts, err) == 0 &&
	    well_bind(&well, &sandbox->loaded, err) == 0)
		asked = well_ask(&well, sandbox->env.clock, score->wells, err);
	score->recovered = asked == 0;
	well_release(&well);
	return asked < 0 ? -1 : 0;
}

static double seconds(int64_t from, int64_t to)
{
	return from && to && to >= from ? (double)(to - from) / (double)CLOCK_US : -1;
}

/* What a checklist had done is no way out of trouble, nor a detour. */
static bool is_way(const struct attempt *attempt)
{
	return attempt->approved_at && !attempt->procedure.procedure->item;
}

/* The times of the way: each is the first of its kind after the one before. */
static void read_times(struct score *score, const struct incident_state *state)
{
	int64_t injected = 0, detected = 0;
	const struct attempt *last = NULL;

	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event == EV_INJECTED || (entry->event == EV_INJECTING && !injected))
			injected = injected ? injected : entry->at;
		if (injected && !detected &&
		    (entry->event == EV_ALERT || entry->event == EV_CONDITION ||
		     entry->event == EV_SEVERITY))
			detected = entry->at;
	}
	for (size_t i = 0; i < state->nattempts; i++) {
		if (is_way(&state->attempts[i]))
			last = &state->attempts[i];
	}
	score->detect_s = seconds(injected, detected);
	score->decide_s = last ? seconds(detected, last->approved_at) : -1;
	score->recover_s = last ? seconds(last->approved_at, last->ended_at) : -1;
}

/* A step whose alternative was taken is no skipped one: the runbook has two ways there. */
static void count_steps(struct score *score, const struct procedure_state *state)
{
	for (size_t i = 0; i < state->procedure->nsteps; i++) {
		bool skipped = state->steps[i].status == STEP_SKIPPED;

		score->skipped += skipped && !state->steps[i].replaced;
		score->alternatives += skipped && state->steps[i].replaced;
	}
}

/* Why a step was skipped, in the operator's words; "". */
static const char *skip_reason(const struct incident_state *state, const char *procedure,
			       const char *step)
{
	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event == EV_SKIPPED &&
		    !strcmp(json_str(entry_json(entry), "procedure", ""), procedure) &&
		    !strcmp(json_str(entry_json(entry), "step", ""), step))
			return json_str(entry_json(entry), "reason", "");
	}
	return "";
}

/* New: what keeps a step from being verified; NULL: nothing does. */
static char *step_lack(const struct incident_state *state, const struct procedure_state *way,
		       size_t i)
{
	const struct step_state *step = &way->steps[i];
	const char *reason;

	switch (procedure_status(way, i)) {
	case STEP_SKIPPED:
		if (step->replaced)
			return NULL;
		reason = skip_reason(state, way->procedure->name, way->procedure->steps[i].id);
		return step->attempt ? xasprintf("ran, its verify was skipped: %s", reason)
				     : xasprintf("skipped: %s", reason);
	case STEP_FAILED:
	case STEP_NOT_VERIFIED:
		return xasprintf("%s: %s", step_status_name(step->status), step->failure);
	case STEP_UNKNOWN:
	case STEP_UNDONE:
		return xstrdup(step_status_name(step->status));
	default:
		return NULL;
	}
}

/* What keeps an attempt from being verified, step by step; none of it when it is. */
static void lacks_tell(struct score *score, const struct incident_state *state,
		       const struct attempt *attempt)
{
	const struct procedure_state *way = &attempt->procedure;

	for (size_t i = 0; i < way->procedure->nsteps; i++) {
		char *lack = step_lack(state, way, i);
		char *place = xasprintf("%s/%s", way->procedure->name, way->procedure->steps[i].id);

		if (lack)
			json_object_set_new(score->lacks, place, json_text(lack, strlen(lack)));
		free(place);
		free(lack);
	}
	if (strcmp(attempt->result, "done"))
		json_object_set_new(score->lacks, way->procedure->name,
				    json_string(*attempt->result ? attempt->result : "not ended"));
}

static void read_way(struct score *score, const struct incident_state *state)
{
	for (size_t i = 0; i < state->nattempts; i++) {
		const struct attempt *attempt = &state->attempts[i];

		if (!is_way(attempt))
			continue;
		if (score->procedure[0])
			score->wrong_paths++;
		snprintf(score->procedure, sizeof(score->procedure), "%s",
			 attempt->procedure.procedure->name);
		score->budget_s =
		    (double)attempt->procedure.procedure->budget_us / (double)CLOCK_US;
		score->verified =
		    !strcmp(attempt->result, "done") && procedure_clean(&attempt->procedure);
		count_steps(score, &attempt->procedure);
		/* The last one counts: another one before it is a detour, whatever it came to. */
		json_object_clear(score->lacks);
		lacks_tell(score, state, attempt);
	}
	for (size_t i = 0; i < state->tree.n; i++)
		score->overrides += state->tree.answers[i].overridden;
}

/* ---- A deployment ---- */

/* When something that is asked for was first seen not to hold, from `since` on; 0: never. */
static int64_t first_against(const struct incident_state *state, int64_t since)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->at < since)
			continue;
		if (entry->event == EV_ALERT || entry->event == EV_CONDITION ||
		    (entry->event == EV_ITEM_SENSED &&
		     !strcmp(json_str(entry_json(entry), "verdict", ""), "fail")))
			return entry->at;
	}
	return 0;
}

/* When the criteria of T were known; 0: never. */
static int64_t computed_at_t(const struct incident_state *state)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event == EV_GATE && json_bool(entry_json(entry), "at_t0", 0))
			return entry->at;
	}
	return 0;
}

static int64_t injected_at(const struct incident_state *state)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		if (state->timeline[i].event == EV_INJECTED)
			return state->timeline[i].at;
	}
	return 0;
}

static void deployment_times(struct score *score, const struct incident_state *state)
{
	const struct deployment_state *now = &state->deployment;
	int64_t injected = injected_at(state);
	int64_t detected = injected ? first_against(state, injected) : computed_at_t(state);

	score->detect_s = injected ? seconds(injected, detected) : -1;
	score->decide_s =
	    now->decided == DECISION_UNDECIDED ? -1 : seconds(detected, now->decided_at);
}

/* What ran: all of it must have ended well; what ran from T on is what it came to. */
static void deployment_way(struct score *score, const struct incident_state *state)
{
	score->verified = true;
	for (size_t i = 0; i < state->nattempts; i++) {
		const struct attempt *attempt = &state->attempts[i];
		const struct procedure *procedure = attempt->procedure.procedure;

		if (!attempt->approved_at)
			continue;
		score->verified = score->verified && !strcmp(attempt->result, "done") &&
				  procedure_clean(&attempt->procedure);
		count_steps(score, &attempt->procedure);
		lacks_tell(score, state, attempt);
		if (procedure->item || attempt->approved_at < state->deployment.t0)
			continue;
		score->wrong_paths += score->procedure[0] != '\0';
		snprintf(score->procedure, sizeof(score->procedure), "%s", procedure->name);
		score->budget_s = (double)procedure->budget_us / (double)CLOCK_US;
		score->recover_s = seconds(attempt->approved_at, attempt->ended_at);
	}
}

static void deployment_items(struct score *score, const struct incident_state *state)
{
	const struct deployment_state *now = &state->deployment;
	const struct checklist_state *list =
	    &state->checklists[now->deployment->checklist - state->runbook->checklists];
	int64_t until = now->decided == DECISION_GO ? INT64_MAX : GATE_DUE_US;

	for (size_t i = 0; i < list->nitems; i++) {
		bool overridden = list->items[i].status == ITEM_OVERRIDDEN;

		score->overrides += overridden;
		score->undone += !overridden && checklist_missing(list, i, until) &&
				 checklist_item(list, i, NULL)->kind == ITEM_MANUAL;
	}
	score->overrides += now->decided != DECISION_UNDECIDED && now->decided != now->against;
}

static void read_deployment(struct score *score, const struct incident_state *state,
			    const struct scenario *scenario)
{
	snprintf(score->demanded, sizeof(score->demanded), "%s", scenario->decision);
	snprintf(score->decision, sizeof(score->decision), "%s",
		 decision_name(state->deployment.decided));
	deployment_way(score, state);
	if (!state->deployment.deployment)
		return;
	deployment_times(score, state);
	deployment_items(score, state);
}

int score_make(struct score *score, const struct incident *incident, const struct sandbox *sandbox,
	       const struct scenario *scenario, struct err *err)
{
	*score = (struct score){
		.wells = json_object(),
		.lacks = json_object(),
		.detect_s = -1,
		.decide_s = -1,
		.recover_s = -1,
		.budget_s = -1,
	};
	snprintf(score->expected, sizeof(score->expected), "%s",
		 json_str(scenario->doc.root, "procedure", ""));
	if (scenario->deployment) {
		read_deployment(score, &incident->state, scenario);
	} else {
		read_times(score, &incident->state);
		read_way(score, &incident->state);
	}
	if (ask_parts(score, sandbox, scenario, err) < 0)
		return -1;
	if (strcmp(score->decision, score->demanded))
		score->recovered = false;
	return 0;
}

void score_release(struct score *score)
{
	json_decref(score->wells);
	json_decref(score->lacks);
	score->wells = score->lacks = NULL;
}

const char *score_result(const struct score *score)
{
	return score->recovered ? "recovered" : "not recovered";
}

/* A time that was never reached is null, never a number that could be taken for one. */
static json_t *json_seconds(double value)
{
	return value < 0 ? json_null() : json_real((double)(long long)(value * 1000) / 1000);
}

json_t *score_json(const struct score *score, const struct incident *incident,
		   const struct scenario *scenario)
{
	json_t *object =
	    json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:s, s:O, s:I, s:I, s:I, s:I}",
		      "runbook", incident->state.runbook->system, "scenario", scenario->name,
		      "procedure", score->procedure, "result", score_result(score), "verified",
		      score->verified && score->recovered, "detect_s",
		      json_seconds(score->detect_s), "decide_s", json_seconds(score->decide_s),
		      "recover_s", json_seconds(score->recover_s), "budget_s",
		      json_seconds(score->budget_s), "incident", incident->id, "not_well",
		      score->wells, "wrong_paths", (json_int_t)score->wrong_paths, "skipped",
		      (json_int_t)score->skipped, "alternatives", (json_int_t)score->alternatives,
		      "overrides", (json_int_t)score->overrides);
	json_object_set(object, "not_verified", score->lacks);
	if (score->demanded[0]) {
		json_object_set_new(object, "decision", json_string(score->decision));
		json_object_set_new(object, "undone", json_integer((json_int_t)score->undone));
	}
	return object;
}

static void add_time(struct buf *out, const char *what, double value, const char *since)
{
	char text[48];

	if (value < 0)
		buf_printf(out, "  %-10s never\n", what);
	else
		buf_printf(out, "  %-10s %s %s\n", what,
			   duration_text((int64_t)(value * 1e6), text, sizeof(text)), since);
}

static void add_procedure(struct buf *out, const struct score *score)
{
	char took[48], budget[48];

	if (!score->procedure[0]) {
		buf_puts(out, "  procedure  none was approved\n");
		return;
	}
	buf_printf(out, "  procedure  %s", score->procedure);
	if (score->recover_s < 0)
		buf_puts(out, ", not ended");
	else
		buf_printf(out, ", %s",
			   duration_text((int64_t)(score->recover_s * 1e6), took, sizeof(took)));
	if (score->budget_s > 0)
		buf_printf(out, " (budget %s)",
			   duration_text((int64_t)(score->budget_s * 1e6), budget, sizeof(budget)));
	buf_puts(out, "\n");
}

static const char *verdict_text(const struct score *score)
{
	bool deployment = score->demanded[0] != '\0';

	if (deployment && strcmp(score->decision, score->demanded))
		return "not as it should have been decided";
	if (deployment && score->recovered && score->verified)
		return "as it should be";
	if (!score->recovered)
		return deployment ? "not well" : "not recovered";
	return score->verified
		   ? "recovered, verified"
		   : "recovered, but not every step of the procedure was done and verified";
}

static void add_times(struct buf *out, const struct score *score)
{
	add_time(out, "detected", score->detect_s, "after the fault");
	add_time(out, "decided", score->decide_s, "later");
	add_procedure(out, score);
}

static void add_decision(struct buf *out, const struct score *score)
{
	buf_printf(out, "  decision   %s", score->decision);
	if (strcmp(score->decision, score->demanded))
		buf_printf(out, "; it should have been %s", score->demanded);
	buf_puts(out, "\n");
	if (score->detect_s >= 0)
		add_time(out, "detected", score->detect_s, "after the fault, by the drill's clock");
	if (score->procedure[0])
		add_procedure(out, score);
}

char *score_text(const struct score *score, const struct scenario *scenario)
{
	struct buf out = BUF_INIT;
	const char *name;
	json_t *evidence;

	buf_printf(&out, "%s: %s\n", scenario->name, verdict_text(score));
	if (score->demanded[0])
		add_decision(&out, score);
	else
		add_times(&out, score);
	if (score->expected[0] && strcmp(score->expected, score->procedure))
		buf_printf(&out, "  the shortest way here was %s\n", score->expected);
	if (score->wrong_paths)
		buf_printf(&out, "  %zu other procedure%s tried first\n", score->wrong_paths,
			   score->wrong_paths == 1 ? " was" : "s were");
	if (score->skipped)
		buf_printf(&out, "  %zu step%s skipped\n", score->skipped,
			   score->skipped == 1 ? " was" : "s were");
	if (score->alternatives)
		buf_printf(&out, "  %zu step%s replaced by the runbook's alternative\n",
			   score->alternatives, score->alternatives == 1 ? " was" : "s were");
	if (score->undone)
		buf_printf(&out, "  %zu item%s left undone that only a person can do\n",
			   score->undone, score->undone == 1 ? " was" : "s were");
	if (score->overrides)
		buf_printf(&out, "  %zu answer%s given against what was sensed\n", score->overrides,
			   score->overrides == 1 ? " was" : "s were");
	json_object_foreach(score->lacks, name, evidence)
		buf_printf(&out, "  not verified: %s: %s\n", name, json_string_value(evidence));
	json_object_foreach(score->wells, name, evidence)
		buf_printf(&out, "  not well: %s: %s\n", name, json_string_value(evidence));
	return buf_detach(&out);
}
