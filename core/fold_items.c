/* What the ledger says about checklist items: sensed, worked on, or carried out by a procedure. */
#include "core/fold_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/who.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"

/* The item that a line is about; NULL with err. */
static struct checklist_state *item_of(struct incident_state *state, const struct jflat *line,
				       size_t *index, struct err *err)
{
	const char *name = jflat_str(line, "checklist", "");

	for (size_t i = 0; i < state->runbook->nchecklists; i++) {
		struct checklist_state *list = &state->checklists[i];
		int found;

		if (strcmp(list->checklist->name, name) != 0)
			continue;
		found = checklist_index(list, jflat_str(line, "item", ""));
		*index = (size_t)found;
		if (found < 0)
			err_set(err, "the checklist has no such item");
		return found < 0 ? NULL : list;
	}
	err_set(err, "the runbook has no such checklist");
	return NULL;
}

int fold_item_sensed(struct incident_state *state, const struct jflat *line, int64_t at,
		     struct err *err)
{
	enum verdict verdict = VERDICT_UNKNOWN;
	size_t index;
	struct checklist_state *list = item_of(state, line, &index, err);

	verdict_parse(jflat_str(line, "verdict", ""), &verdict);
	return list ? checklist_apply(list, index, ITEM_EV_SENSED, verdict,
				      jflat_str(line, "evidence", ""), at, err)
		    : -1;
}

int fold_item_applies(struct incident_state *state, const struct jflat *line, int64_t at,
		      struct err *err)
{
	bool applies = jflat_true(line, "applies");
	size_t index;
	struct checklist_state *list = item_of(state, line, &index, err);

	return list ? checklist_apply(list, index, ITEM_EV_WHEN,
				      applies ? VERDICT_PASS : VERDICT_FAIL,
				      jflat_str(line, "evidence", ""), at, err)
		    : -1;
}

int fold_item(struct incident_state *state, const struct jflat *line, int64_t at, struct err *err)
{
	static const struct {
		const char *act;
		enum item_event event;
	} acts[] = {
		{ "ticked", ITEM_EV_TICKED },
		{ "reopened", ITEM_EV_REOPENED },
		{ "deferred", ITEM_EV_DEFERRED },
		{ "overridden", ITEM_EV_OVERRIDDEN },
	};
	const char *act = jflat_str(line, "act", ""), *reason;
	size_t index, i;
	struct checklist_state *list = item_of(state, line, &index, err);
	char *who;

	for (i = 0; i < sizeof(acts) / sizeof(acts[0]) && strcmp(acts[i].act, act) != 0;)
		i++;
	if (!list)
		return -1;
	if (i == sizeof(acts) / sizeof(acts[0]))
		return err_set(err, "the act is not known");
	/* Putting it off says nothing new about it; what was seen stays. */
	reason = jflat_str(line, "reason", acts[i].event == ITEM_EV_DEFERRED ? NULL : "");
	if (checklist_apply(list, index, acts[i].event, VERDICT_UNKNOWN, reason, at, err) != 0)
		return -1;
	who = acts[i].event == ITEM_EV_REOPENED ? xstrdup("") : who_wrote(line);
	text_clean_to(list->items[index].by, sizeof(list->items[index].by), who, strlen(who));
	free(who);
	return 0;
}

/* ---- Carried out by a procedure ---- */

struct progress {
	enum item_event event;
	char *text; /* owned; NULL: nothing to say about its items yet */
};

static bool has_step(const struct procedure_state *state, enum step_status status, size_t *step)
{
	for (*step = 0; *step < state->procedure->nsteps; (*step)++)
		if (state->steps[*step].status == status)
			return true;
	return false;
}

static struct progress progress_of(const struct attempt *attempt)
{
	const struct procedure_state *state = &attempt->procedure;
	bool done = strcmp(attempt->result, "done") == 0;
	size_t step;

	/* One that was dropped before it began proves nothing about the items. */
	if (!state->started)
		return (struct progress){ 0 };
	if (has_step(state, STEP_RUNNING, &step) || has_step(state, STEP_RAN, &step))
		return (
		    struct progress){ ITEM_EV_ACTION_OPEN,
				      xasprintf("running: %s", state->procedure->steps[step].say) };
	if (has_step(state, STEP_FAILED, &step))
		return (struct progress){ ITEM_EV_ACTION_FAILED,
					  xasprintf("failed: %s", state->steps[step].failure) };
	if (has_step(state, STEP_NOT_VERIFIED, &step))
		return (
		    struct progress){ ITEM_EV_ACTION_FAILED,
				      xasprintf("not verified: %s", state->steps[step].failure) };
	if (has_step(state, STEP_UNKNOWN, &step))
		return (struct progress){ ITEM_EV_ACTION_FAILED,
					  xstrdup("nobody knows what became of it") };
	if (has_step(state, STEP_UNDONE, &step))
		return (struct progress){ ITEM_EV_ACTION_OPEN, xstrdup("undone") };
	if (attempt->ended_at && !done)
		return (struct progress){ ITEM_EV_ACTION_FAILED, xstrdup(attempt->result) };
	if (attempt->ended_at)
		return (struct progress){ ITEM_EV_ACTION_DONE,
					  xstrdup(procedure_clean(state) ? "done and verified"
									 : "done, not in full") };
	return (struct progress){ 0 };
}

void fold_items_follow(struct incident_state *state, const struct attempt *attempt, int64_t at)
{
	const struct procedure *procedure = attempt->procedure.procedure;
	struct progress progress = progress_of(attempt);

	for (size_t c = 0; progress.text && c < state->runbook->nchecklists; c++) {
		struct checklist_state *list = &state->checklists[c];

		for (size_t i = 0; i < list->nitems; i++) {
			struct item_state *own = &list->items[i];

			if (checklist_item(list, i, NULL)->procedure != procedure)
				continue;
			checklist_apply(list, i, progress.event, VERDICT_UNKNOWN, progress.text, at,
					NULL);
			text_clean_to(own->by, sizeof(own->by), attempt->approved_by,
				      strlen(attempt->approved_by));
		}
	}
	free(progress.text);
}
