/* Probes over the record: answers from the ledgers, with what they say as evidence. */
#include <stdio.h>
#include <string.h>

#include "core/history.h"
#include "core/recorded.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"

struct asked {
	const struct runbook *runbook;
	const char *target;
	const json_t *args;
	int64_t now;
};

/* "9 d": how long ago, in whole seconds. */
static const char *ago(int64_t now, int64_t at, char *out, size_t size)
{
	int64_t us = now > at ? now - at : 0;

	return duration_text(us / CLOCK_US * CLOCK_US, out, size);
}

static void phase_stable(const struct asked *q, const struct phase *phase,
			 const struct recorded_phase *now, struct reading *out)
{
	int64_t needed = json_us(q->args, "stable_for", 0);
	bool shaken = now->shaken_at > now->ended_at;
	int64_t since = shaken ? now->shaken_at : now->ended_at;
	char span[32], want[32], by[160] = "";

	if (shaken)
		snprintf(by, sizeof(by), "; \"%.120s\" was on record then",
			 now->shaken_by ? now->shaken_by->title : "");
	reading_judge(out, q->now - since >= needed, q->now, "%s is stable for %s of %s%s",
		      phase->title, ago(q->now, since, span, sizeof(span)),
		      duration_text(needed, want, sizeof(want)), by);
	out->has_value = true;
	out->value = (double)(q->now - since) / (double)CLOCK_US;
	snprintf(out->unit, sizeof(out->unit), "s");
}

static void phase_ask(const struct asked *q, struct reading *out)
{
	const struct phase *phase = runbook_phase(q->runbook, json_str(q->args, "phase", ""));
	const char *is = json_str(q->args, "is", "");
	struct recorded recorded;
	const struct recorded_phase *now;
	char span[32];

	if (!phase) {
		reading_unknown(out, q->now, "the runbook has no such phase");
		return;
	}
	recorded_read(q->runbook, q->target, q->now, &recorded);
	now = &recorded.phases[phase - q->runbook->phases];
	if (!now->begun_at && !now->ended_at)
		reading_fail(out, q->now, "%s has not begun, by the record", phase->title);
	else if (now->ended_at && !now->finished)
		reading_fail(out, q->now, "%s was given up %s ago", phase->title,
			     ago(q->now, now->ended_at, span, sizeof(span)));
	else if (!now->finished)
		reading_judge(out, strcmp(is, "begun") == 0, q->now, "%s is under way for %s",
			      phase->title, ago(q->now, now->begun_at, span, sizeof(span)));
	else if (*is)
		reading_pass(out, q->now, "%s finished %s ago", phase->title,
			     ago(q->now, now->ended_at, span, sizeof(span)));
	else
		phase_stable(q, phase, now, out);
	recorded_release(&recorded);
}

static void proven_ask(const struct asked *q, struct reading *out)
{
	const char *name = json_str(q->args, "proven", "");
	int64_t within = json_us(q->args, "within", 0);
	struct history history;
	char text[200];

	history_read(q->runbook->system, name, &history);
	if (!history_text(&history, q->now, text, sizeof(text)))
		reading_fail(out, q->now, "no drill on this machine has proven %s", name);
	else
		reading_judge(out, q->now - history.last_at <= within, q->now, "%s: %s", name,
			      text);
}

static void routine_ask(const struct asked *q, struct reading *out)
{
	const char *name = json_str(q->args, "routine", "");
	int64_t within = json_us(q->args, "within", 0);
	const struct recorded_routine *latest = NULL;
	struct recorded recorded;
	char span[32];

	recorded_read(q->runbook, q->target, q->now, &recorded);
	for (size_t i = 0; i < recorded.n; i++) {
		const struct recorded_routine *one = &recorded.routines[i];

		if (strcmp(one->routine->name, name) == 0 && one->done_at &&
		    (!latest || one->done_at > latest->done_at))
			latest = one;
	}
	if (!latest)
		reading_fail(out, q->now, "%s was never done, by the record", name);
	else
		reading_judge(out,
			      q->now - latest->done_at <= within &&
				  strcmp(latest->result, "fails") != 0,
			      q->now, "%s: done %s ago (%s), %s", latest->routine->title,
			      ago(q->now, latest->done_at, span, sizeof(span)), latest->done_id,
			      latest->result);
	recorded_release(&recorded);
}

void recorded_ask(const struct runbook *runbook, const char *target, const char *type,
		  const json_t *args, int64_t now, struct reading *out)
{
	const struct asked question = {
		.runbook = runbook, .target = target, .args = args, .now = now
	};

	if (strcmp(type, "phase") == 0)
		phase_ask(&question, out);
	else if (strcmp(type, "proven") == 0)
		proven_ask(&question, out);
	else if (strcmp(type, "routine") == 0)
		routine_ask(&question, out);
	else
		reading_unknown(out, now, "the record can't tell about \"%s\"", type);
}
