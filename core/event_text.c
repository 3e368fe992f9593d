/* The readable line of each event. One writer an event, in one table. */
#include "core/event_text_parts.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define PLAN_MAX 120 /* bytes of a plan's first line; the whole plan stands in the record */

/* Any scalar, cleaned. */
static void put_value(struct buf *out, const json_t *value)
{
	char number[32];

	if (json_is_string(value))
		text_clean(out, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		buf_puts(out, text_number(json_real_value(value), number, sizeof(number)));
	else if (json_is_boolean(value))
		buf_puts(out, json_is_true(value) ? "yes" : "no");
}

static void put(struct buf *out, const json_t *line, const char *key)
{
	put_value(out, json_object_get(line, key));
}

static bool has(const json_t *line, const char *key)
{
	const json_t *value = json_object_get(line, key);

	if (json_is_string(value))
		return json_string_length(value) > 0;
	return value && !json_is_null(value);
}

/* `before`, the member's text, `after`; nothing when the member is missing or empty. */
static void put_if(struct buf *out, const json_t *line, const char *before, const char *key,
		   const char *after)
{
	if (!has(line, key))
		return;
	buf_puts(out, before);
	put(out, line, key);
	buf_puts(out, after);
}

static bool is(const json_t *line, const char *key, const char *value)
{
	return strcmp(json_str(line, key, ""), value) == 0;
}

static void put_elapsed(struct buf *out, const json_t *line)
{
	double seconds = json_num(line, "elapsed", NAN);
	char text[48];

	if (isnan(seconds))
		return;
	if (seconds >= 1 && seconds < 10)
		buf_printf(out, " in %.1f s", seconds);
	else
		buf_printf(out, " in %s",
			   duration_text((int64_t)(seconds * (double)CLOCK_US), text,
					 sizeof(text)));
}

static void text_opened(struct buf *out, const json_t *line)
{
	put(out, line, "kind");
	put_if(out, line, " ", "incident", "");
	buf_puts(out, " opened");
	put_if(out, line, " on ", "system", "");
	put_if(out, line, " > ", "target", "");
	put_if(out, line, ", severity ", "severity", "");
	put_if(out, line, ": ", "title", "");
}

static void text_severity(struct buf *out, const json_t *line)
{
	buf_puts(out, "severity is now ");
	put(out, line, "severity");
	put_if(out, line, ", because ", "reason", "");
}

static void text_note(struct buf *out, const json_t *line)
{
	buf_puts(out, "note: ");
	put(out, line, "text");
}

/* Its first line; the rest stands in the record. */
static void text_evidence(struct buf *out, const json_t *line)
{
	const char *text = json_str(line, "text", "");

	buf_puts(out, "evidence: ");
	put(out, line, "source");
	buf_puts(out, ": ");
	text_clean(out, text, strcspn(text, "\n"));
	if (json_num(line, "lines", 1) > 1)
		buf_printf(out, " (and %.0f more lines)", json_num(line, "lines", 1) - 1);
}

static void text_message(struct buf *out, const json_t *line)
{
	buf_puts(out, "message ");
	put(out, line, "message");
	put_if(out, line, " for ", "channel", "");
	if (is(line, "to", "tmux"))
		buf_puts(out, " copied to tmux");
	else
		put_if(out, line, " written to ", "file", "");
}

/* "message down", "page of dba". */
static void put_sent(struct buf *out, const json_t *line)
{
	if (has(line, "contact"))
		put_if(out, line, "page of ", "contact", "");
	else
		put_if(out, line, "message ", "message", "");
}

static void text_sending(struct buf *out, const json_t *line)
{
	put_sent(out, line);
	buf_puts(out, ": on its way");
	put_if(out, line, " to ", "to", "");
	put_if(out, line, " through ", "through", "");
}

static void text_sent(struct buf *out, const json_t *line)
{
	put_sent(out, line);
	if (is(line, "result", "taken"))
		buf_puts(out, ": sent");
	else if (is(line, "result", "refused"))
		buf_puts(out, ": NOT sent");
	else
		buf_puts(out, ": nobody knows whether it arrived");
	put_elapsed(out, line);
	put_if(out, line, " (", "through", ")");
	put_if(out, line, ": ", "detail", "");
}

static void text_alert(struct buf *out, const json_t *line)
{
	const json_t *no_data = json_object_get(line, "no_data");

	if (no_data && is(line, "level", json_str(line, "was", ""))) {
		buf_puts(out, json_is_true(no_data) ? "no data any more: " : "data again: ");
		put(out, line, "metric");
		return;
	}
	buf_puts(out, is(line, "level", "ok") ? "alert cleared: " : "alert ");
	if (!is(line, "level", "ok")) {
		put(out, line, "level");
		buf_puts(out, ": ");
	}
	put(out, line, "metric");
	put_if(out, line, " is ", "value", "");
	if (has(line, "value"))
		put_if(out, line, " ", "unit", "");
	if (!is(line, "level", "ok") && has(line, "threshold")) {
		put_if(out, line, " (threshold ", "threshold", "");
		put_if(out, line, " ", "unit", "");
		buf_puts(out, ")");
	}
	put_if(out, line, ", was ", "was", "");
}

static void text_acknowledged(struct buf *out, const json_t *line)
{
	buf_puts(out, "alert acknowledged: ");
	put(out, line, "metric");
}

static void text_muted(struct buf *out, const json_t *line)
{
	buf_puts(out, has(line, "until") ? "alert muted: " : "alert no longer muted: ");
	put(out, line, "metric");
	put_if(out, line, " until ", "until", "");
	put_if(out, line, ": ", "reason", "");
}

static void put_verdict(struct buf *out, const json_t *line, const char *pass, const char *fail)
{
	if (is(line, "verdict", "pass"))
		buf_puts(out, pass);
	else if (is(line, "verdict", "fail"))
		buf_puts(out, fail);
	else
		buf_puts(out, "can't be judged");
	put_if(out, line, ": ", "evidence", "");
}

static void text_condition(struct buf *out, const json_t *line)
{
	buf_puts(out, "condition ");
	put(out, line, "condition");
	buf_puts(out, " ");
	put_verdict(out, line, "holds", "does not hold any more");
}

static void put_item(struct buf *out, const json_t *line)
{
	buf_puts(out, "item ");
	put(out, line, "checklist");
	buf_puts(out, "/");
	put(out, line, "item");
	buf_puts(out, " ");
}

static void text_item_sensed(struct buf *out, const json_t *line)
{
	put_item(out, line);
	put_verdict(out, line, "holds", "does not hold");
}

static void text_item_applies(struct buf *out, const json_t *line)
{
	put_item(out, line);
	buf_puts(out, json_is_true(json_object_get(line, "applies")) ? "applies (again)"
								     : "does not apply");
	put_if(out, line, ": ", "evidence", "");
}

static void text_item(struct buf *out, const json_t *line)
{
	put_item(out, line);
	put(out, line, "act");
	put_if(out, line, ": ", "reason", "");
}

/* The operator's answer beside what was proposed; `yes` is what a passing probe proposes. */
static void put_answer(struct buf *out, const json_t *line)
{
	const char *proposed = json_str(line, "proposed", "");

	buf_puts(out, ": ");
	put(out, line, "answer");
	if (strcmp(proposed, "pass") == 0)
		proposed = "yes";
	else if (strcmp(proposed, "fail") == 0)
		proposed = "no";
	if (strcmp(proposed, "unknown") == 0 || !*proposed)
		buf_puts(out, " (nothing was proposed");
	else if (is(line, "answer", proposed))
		buf_puts(out, " (as proposed");
	else {
		buf_puts(out, " (overrides the proposed ");
		text_clean(out, proposed, strlen(proposed));
	}
	put_if(out, line, ": ", "evidence", "");
	buf_puts(out, ")");
	put_if(out, line, ", because ", "reason", "");
}

static void text_answered(struct buf *out, const json_t *line)
{
	buf_puts(out, "question ");
	put(out, line, "question");
	put_answer(out, line);
}

static void text_back(struct buf *out, const json_t *line)
{
	buf_puts(out, "back to question ");
	put(out, line, "question");
}

static void text_chosen(struct buf *out, const json_t *line)
{
	buf_puts(out, "procedure ");
	put(out, line, "procedure");
	buf_puts(out, " chosen");
	if (is(line, "source", "operator"))
		buf_puts(out, " by the operator");
	else if (is(line, "source", "checklist") &&
		 is(line, "name", json_str(line, "procedure", "")))
		buf_puts(out, " from the checklist");
	else if (is(line, "source", "checklist"))
		put_if(out, line, " for item ", "name", "");
	else if (has(line, "source")) {
		put_if(out, line, ", suggested by the ", "source", "");
		put_if(out, line, " (", "name", ")");
	}
	put_if(out, line, ", because ", "reason", "");
}

static void put_step(struct buf *out, const json_t *line)
{
	buf_puts(out, "step ");
	put(out, line, "step");
}

static void text_step_answered(struct buf *out, const json_t *line)
{
	put_step(out, line);
	put_answer(out, line);
}

static void put_again(struct buf *out, const json_t *line)
{
	double attempt = json_num(line, "attempt", 1);

	if (attempt > 1)
		buf_printf(out, " (attempt %.0f)", attempt);
}

static void text_intent(struct buf *out, const json_t *line)
{
	const json_t *plan = json_object_get(line, "plan");

	put_step(out, line);
	buf_puts(out, is(line, "act", "undo") ? ": undo begins" : ": begins");
	put_again(out, line);
	if (json_array_size(plan)) {
		const char *first = json_string_value(json_array_get(plan, 0));
		char cut[PLAN_MAX];

		first = first ? first : "";
		buf_printf(out, ": %s", text_clean_to(cut, sizeof(cut), first, strlen(first)));
		if (json_array_size(plan) > 1)
			buf_printf(out, " (and %zu more)", json_array_size(plan) - 1);
	}
}

static void text_outcome(struct buf *out, const json_t *line)
{
	bool undo = is(line, "act", "undo");

	put_step(out, line);
	if (is(line, "result", "timeout")) {
		buf_puts(out, undo ? ": the undo took too long" : ": took too long");
	} else {
		buf_puts(out, undo ? ": undo " : ": ");
		put(out, line, "result");
	}
	put_elapsed(out, line);
	put_again(out, line);
	put_if(out, line, ": ", "detail", "");
}

static void text_verify(struct buf *out, const json_t *line)
{
	const json_t *probes = json_object_get(line, "probes"), *probe;
	bool pass = is(line, "verdict", "pass");
	size_t shown = 0;

	put_step(out, line);
	if (pass)
		buf_puts(out, ": verified");
	else if (is(line, "verdict", "fail"))
		buf_puts(out, ": NOT verified");
	else
		buf_puts(out, ": verification unknown");
	for (size_t i = 0; i < json_array_size(probes); i++) {
		probe = json_array_get(probes, i);
		if (!pass && is(probe, "verdict", "pass"))
			continue;
		buf_puts(out, shown++ ? "; " : ": ");
		put(out, probe, has(probe, "evidence") ? "evidence" : "probe");
	}
}

static void text_died(struct buf *out, const json_t *line)
{
	put_step(out, line);
	buf_puts(out, ": its runner is gone, nobody knows yet how far it came");
	put_again(out, line);
}

static void text_settled(struct buf *out, const json_t *line)
{
	put_step(out, line);
	if (is(line, "settled", "yes"))
		buf_puts(out, ": its effect is there");
	else if (is(line, "settled", "no"))
		buf_puts(out, ": its effect is not there");
	else
		buf_puts(out, ": whether its effect is there can't be told");
	put_if(out, line, ": ", "evidence", "");
}

static void text_skipped(struct buf *out, const json_t *line)
{
	put_step(out, line);
	buf_puts(out, ": skipped");
	put_if(out, line, ", because ", "reason", "");
}

static void text_alternative(struct buf *out, const json_t *line)
{
	put_step(out, line);
	buf_puts(out, ": its alternative is taken");
	put_if(out, line, ", because ", "reason", "");
}

static void text_not_applicable(struct buf *out, const json_t *line)
{
	put_step(out, line);
	buf_puts(out, ": not applicable");
	put_if(out, line, ": ", "evidence", "");
}

static void text_stopped(struct buf *out, const json_t *line)
{
	buf_puts(out, "procedure ");
	put(out, line, "procedure");
	buf_puts(out, " stopped");
	put_if(out, line, ", because ", "reason", "");
}

static void text_procedure_ended(struct buf *out, const json_t *line)
{
	buf_puts(out, "procedure ");
	put(out, line, "procedure");
	buf_puts(out, " ended: ");
	put(out, line, "result");
	put_elapsed(out, line);
}

static void text_filled(struct buf *out, const json_t *line)
{
	buf_puts(out, "report: ");
	put(out, line, "field");
	put_if(out, line, ": ", "text", "");
}

static void text_resolved(struct buf *out, const json_t *line)
{
	buf_puts(out, "resolved");
	put_if(out, line, ": ", "how", "");
}

static void text_closed(struct buf *out, const json_t *line)
{
	size_t files = json_object_size(json_object_get(line, "seal"));

	buf_puts(out, "closed");
	if (files)
		buf_printf(out, ", %zu files sealed", files);
	put_if(out, line, "; root cause: ", "root_cause", "");
}

static void text_injecting(struct buf *out, const json_t *line)
{
	buf_puts(out, "drill: injecting the fault of scenario ");
	put(out, line, "scenario");
	put_if(out, line, " (", "fault", ")");
}

static void text_injected(struct buf *out, const json_t *line)
{
	buf_puts(out, "drill: the fault of scenario ");
	put(out, line, "scenario");
	buf_puts(out, " is in place");
}

static void text_scored(struct buf *out, const json_t *line)
{
	const json_t *score = json_object_get(line, "score");

	buf_puts(out, "drill scored");
	put_if(out, score, ": ", "result", "");
	put_if(out, score, ", detected after ", "detect_s", " s");
	put_if(out, score, ", decided after ", "decide_s", " s");
	put_if(out, score, ", recovered after ", "recover_s", " s");
	put_if(out, score, " of ", "budget_s", " s");
}

static void text_planned(struct buf *out, const json_t *line)
{
	buf_puts(out, "deployment ");
	put(out, line, "deployment");
	buf_puts(out, " is planned: T is ");
	put(out, line, "t0");
}

/* What made the result, or stands in the way of go. */
static void put_criteria(struct buf *out, const json_t *line, const char *result)
{
	const json_t *list = json_object_get(line, "criteria");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		bool go = is(one, "kind", "go");

		if (strcmp(result, "undecided") != 0
			? !is(one, "kind", result) || !is(one, "verdict", "pass")
			: is(one, "verdict", go ? "pass" : "fail"))
			continue;
		if (strcmp(result, "go") == 0)
			continue;
		buf_puts(out, n++ ? "; " : ": ");
		put(out, one, "say");
		put_if(out, one, " (", "evidence", ")");
	}
}

static void text_gate(struct buf *out, const json_t *line)
{
	buf_puts(out, "gate ");
	put(out, line, "gate");
	buf_puts(out, json_is_true(json_object_get(line, "at_t0")) ? " at T-0: " : " is now: ");
	put(out, line, "computed");
	put_criteria(out, line, json_str(line, "computed", ""));
	if (!is(line, "was", json_str(line, "computed", "")))
		put_if(out, line, ", was ", "was", "");
}

static void text_gate_decided(struct buf *out, const json_t *line)
{
	buf_puts(out, "gate ");
	put(out, line, "gate");
	buf_puts(out, " decided: ");
	put(out, line, "decision");
	if (!is(line, "decision", json_str(line, "computed", "")))
		put_if(out, line, " (the criteria say: ", "computed", ")");
	put_if(out, line, ", because ", "reason", "");
}

static text_fn *const writers[EV_COUNT] = {
	[EV_OPENED] = text_opened,
	[EV_SEVERITY] = text_severity,
	[EV_NOTE] = text_note,
	[EV_FILLED] = text_filled,
	[EV_EVIDENCE] = text_evidence,
	[EV_MESSAGE] = text_message,
	[EV_SENDING] = text_sending,
	[EV_SENT] = text_sent,
	[EV_ALERT] = text_alert,
	[EV_ACKNOWLEDGED] = text_acknowledged,
	[EV_MUTED] = text_muted,
	[EV_CONDITION] = text_condition,
	[EV_ITEM_SENSED] = text_item_sensed,
	[EV_ITEM_APPLIES] = text_item_applies,
	[EV_ITEM] = text_item,
	[EV_ANSWERED] = text_answered,
	[EV_BACK] = text_back,
	[EV_CHOSEN] = text_chosen,
	[EV_ASKED] = text_asked,
	[EV_APPROVED] = text_approved,
	[EV_REJECTED] = text_rejected,
	[EV_BROKEN] = text_broken,
	[EV_STEP_ANSWERED] = text_step_answered,
	[EV_INTENT] = text_intent,
	[EV_OUTCOME] = text_outcome,
	[EV_VERIFY] = text_verify,
	[EV_DIED] = text_died,
	[EV_SETTLED] = text_settled,
	[EV_SKIPPED] = text_skipped,
	[EV_ALTERNATIVE] = text_alternative,
	[EV_NOT_APPLICABLE] = text_not_applicable,
	[EV_STOPPED] = text_stopped,
	[EV_PROCEDURE_ENDED] = text_procedure_ended,
	[EV_RESOLVED] = text_resolved,
	[EV_CLOSED] = text_closed,
	[EV_INJECTING] = text_injecting,
	[EV_INJECTED] = text_injected,
	[EV_SCORED] = text_scored,
	[EV_PLANNED] = text_planned,
	[EV_GATE] = text_gate,
	[EV_GATE_DECIDED] = text_gate_decided,
	[EV_ROUTINE] = text_routine,
	[EV_PERIOD] = text_period,
	[EV_ROUTINE_ENDED] = text_routine_ended,
	[EV_OCCASION] = text_occasion,
	[EV_PHASE] = text_phase,
	[EV_PHASE_ENDED] = text_phase_ended,
};

char *event_text(const json_t *line)
{
	struct buf out = BUF_INIT;
	const char *name = json_str(line, "event", "");
	enum event_id id = event_find(name);

	if (id == EV_COUNT) {
		text_clean(&out, name, strlen(name));
		buf_puts(&out, " (this version does not know this event)");
	} else {
		writers[id](&out, line);
	}
	buf_puts(&out, "");
	return buf_detach(&out);
}
