/* Facts of the way out: the procedure that counts, steps, checklists. */
#include <stdlib.h>
#include <string.h>

#include "core/attempts.h"
#include "core/facts_parts.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define DONE_MARK "X" /* as in "[X] services restarted" */
#define OPEN_MARK " "

static const struct attempt *counts(const struct incident *incident)
{
	return attempt_decisive(&incident->state);
}

char *fact_procedure_name(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);

	(void)subject;
	return attempt ? fact_copy(attempt->procedure.procedure->name) : NULL;
}

char *fact_procedure_title(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);

	(void)subject;
	return attempt ? fact_copy(attempt->procedure.procedure->title) : NULL;
}

char *fact_procedure_approved(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);

	(void)subject;
	return attempt ? fact_moment(attempt->approved_at) : NULL;
}

char *fact_procedure_approved_by(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);

	(void)subject;
	return attempt ? fact_copy(attempt->approved_by) : NULL;
}

char *fact_procedure_estimate(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);

	(void)subject;
	return attempt ? estimate_text(attempt->procedure.procedure) : NULL;
}

/* By when it should be over: the end of its estimate, from the first step, else the approval. */
char *fact_procedure_expected(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);
	int64_t from;

	(void)subject;
	if (!attempt || !attempt->procedure.procedure->estimate_high_us)
		return NULL;
	from = attempt->procedure.started ? attempt->procedure.started : attempt->approved_at;
	return from ? fact_moment(from + attempt->procedure.procedure->estimate_high_us) : NULL;
}

char *fact_procedure_started(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);

	(void)subject;
	return attempt ? fact_moment(attempt->procedure.started) : NULL;
}

char *fact_procedure_ended(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);

	(void)subject;
	return attempt ? fact_moment(attempt->ended_at) : NULL;
}

char *fact_procedure_took(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);
	char text[48];

	(void)subject;
	return attempt && attempt->ended_at && attempt_took_us(attempt)
		   ? xstrdup(duration_text(attempt_took_us(attempt), text, sizeof(text)))
		   : NULL;
}

char *fact_procedure_result(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);

	(void)subject;
	return attempt ? fact_copy(attempt->result) : NULL;
}

char *fact_procedure_data_loss(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);

	(void)subject;
	return attempt ? fact_copy(attempt->procedure.procedure->data_loss) : NULL;
}

/* What was measured when it was approved; what the runbook says where nothing could be. */
char *fact_procedure_loss(const struct incident *incident, const char *subject)
{
	const struct attempt *attempt = counts(incident);
	struct buf out = BUF_INIT;

	for (size_t i = 0; attempt && i < json_array_size(attempt->loss); i++) {
		const char *line = json_string_value(json_array_get(attempt->loss, i));

		if (line && loss_is_measured(line))
			buf_printf(&out, "%s%s", out.len ? "; " : "", line);
	}
	return out.len ? buf_detach(&out) : fact_procedure_data_loss(incident, subject);
}

/* ---- Steps ---- */

/* A step where it ran last: in its own procedure, or in one that it is a part of. */
struct found_step {
	const struct attempt *attempt; /* NULL: nobody chose a procedure that has it */
	size_t index;
};

static bool is_step(const struct procedure *procedure, const struct step *step, const char *place)
{
	size_t len = strlen(procedure->name);

	if (step->origin && strcmp(step->origin, place) == 0)
		return true;
	return strncmp(place, procedure->name, len) == 0 && place[len] == '/' &&
	       strcmp(place + len + 1, step->id) == 0;
}

static struct found_step step_find(const struct incident *incident, const char *place)
{
	const struct incident_state *state = &incident->state;
	struct found_step found = { .attempt = NULL };

	for (size_t i = 0; i < state->nattempts; i++) {
		const struct procedure *procedure = state->attempts[i].procedure.procedure;

		for (size_t s = 0; s < procedure->nsteps; s++) {
			if (state->attempts[i].approved_at &&
			    is_step(procedure, &procedure->steps[s], place))
				found = (struct found_step){ &state->attempts[i], s };
		}
	}
	return found;
}

static enum step_status status_of(const struct found_step *found)
{
	return procedure_status(&found->attempt->procedure, found->index);
}

/* "waiting" until somebody chose it: so that a message can be written from the beginning on. */
char *fact_step_state(const struct incident *incident, const char *subject)
{
	struct found_step found = step_find(incident, subject);

	if (!found.attempt)
		return xstrdup(attempt_decisive(&incident->state)
				   ? step_status_name(STEP_NOT_APPLICABLE)
				   : step_status_name(STEP_WAITING));
	return xstrdup(step_status_name(status_of(&found)));
}

char *fact_step_mark(const struct incident *incident, const char *subject)
{
	struct found_step found = step_find(incident, subject);

	return xstrdup(found.attempt && status_of(&found) == STEP_DONE ? DONE_MARK : OPEN_MARK);
}

char *fact_step_started(const struct incident *incident, const char *subject)
{
	struct found_step found = step_find(incident, subject);

	return found.attempt ? fact_moment(found.attempt->procedure.steps[found.index].started)
			     : NULL;
}

char *fact_step_ended(const struct incident *incident, const char *subject)
{
	struct found_step found = step_find(incident, subject);

	return found.attempt ? fact_moment(found.attempt->procedure.steps[found.index].ended)
			     : NULL;
}

/* "done, 2026-11-21 21:33:10 UTC, in 12 s". */
char *fact_step_outcome(const struct incident *incident, const char *subject)
{
	struct found_step found = step_find(incident, subject);
	char at[TIME_RFC3339_MAX], took[48];
	const struct step_state *step;

	if (!found.attempt)
		return attempt_decisive(&incident->state) ? xstrdup("no part of this procedure")
							  : NULL;
	step = &found.attempt->procedure.steps[found.index];
	if (!step->ended)
		return xstrdup(step_status_name(status_of(&found)));
	if (!step->started || step->ended < step->started)
		return xasprintf("%s, %s UTC", step_status_name(status_of(&found)),
				 time_datetime(step->ended, at));
	return xasprintf("%s, %s UTC, in %s", step_status_name(status_of(&found)),
			 time_datetime(step->ended, at),
			 duration_text(step->ended - step->started, took, sizeof(took)));
}

/* ---- Checklists ---- */

static const struct checklist_state *list_find(const struct incident *incident, const char *name,
					       size_t len)
{
	const struct incident_state *state = &incident->state;

	for (size_t i = 0; i < state->runbook->nchecklists; i++) {
		const char *have = state->runbook->checklists[i].name;

		if (strlen(have) == len && strncmp(have, name, len) == 0)
			return &state->checklists[i];
	}
	return NULL;
}

/* The list of "CHECKLIST/ITEM", and the item's index; NULL. */
static const struct checklist_state *item_find(const struct incident *incident, const char *place,
					       size_t *index)
{
	size_t len = strcspn(place, "/");
	const struct checklist_state *list = list_find(incident, place, len);
	int found = list && place[len] ? checklist_index(list, place + len + 1) : -1;

	*index = found < 0 ? 0 : (size_t)found;
	return found < 0 ? NULL : list;
}

char *fact_item_state(const struct incident *incident, const char *subject)
{
	size_t i;
	const struct checklist_state *list = item_find(incident, subject, &i);

	return list ? xstrdup(item_status_name(checklist_status(list, i))) : NULL;
}

char *fact_item_mark(const struct incident *incident, const char *subject)
{
	size_t i;
	const struct checklist_state *list = item_find(incident, subject, &i);

	return xstrdup(list && checklist_status(list, i) == ITEM_GREEN ? DONE_MARK : OPEN_MARK);
}

/* "green, 2026-11-21 21:40:02 UTC: 0 rows without a price"; NULL: nobody came to it. */
char *fact_item_outcome(const struct incident *incident, const char *subject)
{
	size_t i;
	const struct checklist_state *list = item_find(incident, subject, &i);
	char at[TIME_RFC3339_MAX];

	if (!list || !list->items[i].at)
		return NULL;
	return xasprintf("%s, %s UTC%s%s", item_status_name(checklist_status(list, i)),
			 time_datetime(list->items[i].at, at), *list->items[i].evidence ? ": " : "",
			 list->items[i].evidence);
}

/* "complete", or what is missing; NULL: nobody began it. */
char *fact_checklist_outcome(const struct incident *incident, const char *subject)
{
	const struct checklist_state *list = list_find(incident, subject, strlen(subject));
	struct buf out = BUF_INIT;
	bool begun = false;
	size_t missing = 0;

	for (size_t i = 0; list && i < list->nitems; i++) {
		begun = begun || list->items[i].at;
		if (checklist_missing(list, i, INT64_MAX))
			buf_printf(&out, "%s%s", missing++ ? "; " : "",
				   checklist_item(list, i, NULL)->say);
	}
	if (begun && !missing)
		buf_puts(&out, "complete");
	if (begun && missing) {
		char *text =
		    xasprintf("%d%%; missing: %s", checklist_readiness(list), buf_str(&out));

		buf_release(&out);
		return text;
	}
	if (!begun)
		buf_release(&out);
	return begun ? buf_detach(&out) : NULL;
}
