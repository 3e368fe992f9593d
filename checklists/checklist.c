#include "checklists/checklist.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define EXPIRES_DEFAULT_US 60000000LL /* 60 s */

static const char *const status_names[] = {
	[ITEM_OPEN] = "open",
	[ITEM_GREEN] = "green",
	[ITEM_RED] = "red",
	[ITEM_UNKNOWN] = "unknown",
	[ITEM_DEFERRED] = "deferred",
	[ITEM_OVERRIDDEN] = "overridden",
	[ITEM_NOT_APPLICABLE] = "not applicable",
};

const char *item_status_name(enum item_status status)
{
	return status_names[status];
}

/* ---- where an item stands ---- */

/* The item of an index; *first is the index of its section's first item. */
static const struct item *item_at(const struct checklist_state *state, size_t index, size_t *first,
				  const struct section **section)
{
	size_t begin = 0;
	for (size_t s = 0; s < state->checklist->nsections; s++) {
		const struct section *in = &state->checklist->sections[s];
		if (index < begin + in->nitems) {
			if (first)
				*first = begin;
			if (section)
				*section = in;
			return &in->items[index - begin];
		}
		begin += in->nitems;
	}
	return NULL;
}

const struct item *checklist_item(const struct checklist_state *state, size_t index,
				  const struct section **section)
{
	return item_at(state, index, NULL, section);
}

int checklist_index(const struct checklist_state *state, const char *id)
{
	for (size_t i = 0; i < state->nitems; i++)
		if (strcmp(item_at(state, i, NULL, NULL)->id, id) == 0)
			return (int)i;
	return -1;
}

/* The index of the item above, or -1. */
static int parent_of(const struct checklist_state *state, size_t index)
{
	size_t first;
	const struct item *item = item_at(state, index, &first, NULL);
	return item->parent < 0 ? -1 : (int)first + item->parent;
}

static bool has_children(const struct checklist_state *state, size_t index)
{
	for (size_t i = index + 1; i < state->nitems; i++)
		if (parent_of(state, i) == (int)index)
			return true;
	return false;
}

/* A manual item with sub-items is as green as they are. */
static bool is_derived(const struct checklist_state *state, size_t index)
{
	return item_at(state, index, NULL, NULL)->kind == ITEM_MANUAL && has_children(state, index);
}

bool checklist_follows(const struct checklist_state *state, size_t index)
{
	return is_derived(state, index);
}

static bool applies(const struct checklist_state *state, size_t index)
{
	for (int i = (int)index; i >= 0; i = parent_of(state, (size_t)i))
		if (state->items[i].status == ITEM_NOT_APPLICABLE)
			return false;
	return true;
}

/* Counts for the readiness: applicable, not optional (nor below an optional one), and of its own.
 */
static bool counts(const struct checklist_state *state, size_t index)
{
	for (int i = (int)index; i >= 0; i = parent_of(state, (size_t)i))
		if (item_at(state, (size_t)i, NULL, NULL)->optional)
			return false;
	return applies(state, index) && !is_derived(state, index);
}

/* ---- what an event does: the new status by the old one; STAY refuses nothing and changes nothing
 * ---- */

enum { STAY = -1, NO = -2 };

/* Rows: events that don't depend on a verdict. Columns: enum item_status. */
static const int moves[][ITEM_NOT_APPLICABLE + 1] = {
	/*                        open, green, red, unknown, deferred, overridden, not applicable */
	[ITEM_EV_TICKED] = { ITEM_GREEN, STAY, ITEM_GREEN, ITEM_GREEN, ITEM_GREEN, NO, NO },
	[ITEM_EV_REOPENED] = { STAY, ITEM_OPEN, ITEM_OPEN, ITEM_OPEN, ITEM_OPEN, ITEM_OPEN, NO },
	[ITEM_EV_DEFERRED] = { ITEM_DEFERRED, NO, ITEM_DEFERRED, ITEM_DEFERRED, STAY, NO, NO },
	[ITEM_EV_OVERRIDDEN] = { ITEM_OVERRIDDEN, NO, ITEM_OVERRIDDEN, ITEM_OVERRIDDEN,
				 ITEM_OVERRIDDEN, STAY, NO },
	[ITEM_EV_ACTION_DONE] = { ITEM_GREEN, ITEM_GREEN, ITEM_GREEN, ITEM_GREEN, ITEM_GREEN,
				  ITEM_GREEN, NO },
	[ITEM_EV_ACTION_FAILED] = { ITEM_RED, ITEM_RED, ITEM_RED, ITEM_RED, ITEM_RED, STAY, NO },
	[ITEM_EV_ACTION_OPEN] = { ITEM_OPEN, ITEM_OPEN, ITEM_OPEN, ITEM_OPEN, ITEM_OPEN, STAY, NO },
};

/* A reading never lifts an override, and a deferred item stays deferred until it holds. */
static int move_sensed(enum item_status from, enum verdict verdict)
{
	if (from == ITEM_OVERRIDDEN)
		return STAY;
	if (verdict == VERDICT_PASS)
		return ITEM_GREEN;
	if (from == ITEM_DEFERRED)
		return STAY;
	return verdict == VERDICT_FAIL ? ITEM_RED : ITEM_UNKNOWN;
}

static int move(enum item_status from, enum item_event event, enum verdict verdict)
{
	return event == ITEM_EV_SENSED ? move_sensed(from, verdict) : moves[event][from];
}

/* What happens to the world goes on behind an item that does not apply. */
static bool is_of_world(enum item_event event)
{
	return event == ITEM_EV_SENSED || event == ITEM_EV_ACTION_DONE ||
	       event == ITEM_EV_ACTION_FAILED || event == ITEM_EV_ACTION_OPEN;
}

static int check_event(const struct checklist_state *state, size_t index, enum item_event event,
		       const char *text, struct err *err)
{
	const struct item *item = item_at(state, index, NULL, NULL);
	enum item_status now = state->items[index].status;
	bool own =
	    event != ITEM_EV_WHEN && event != ITEM_EV_DEFERRED && event != ITEM_EV_OVERRIDDEN;
	bool lifted = event == ITEM_EV_REOPENED && (now == ITEM_DEFERRED || now == ITEM_OVERRIDDEN);

	if (own && !lifted && is_derived(state, index))
		return err_set(err, "item %s follows its sub-items", item->id);
	if (event == ITEM_EV_TICKED && item->kind == ITEM_SENSED)
		return err_set(err, "item %s is sensed and can't be ticked by hand", item->id);
	if (event == ITEM_EV_TICKED && item->kind == ITEM_ACTION)
		return err_set(err, "item %s is an action and can't be ticked by hand", item->id);
	if (event == ITEM_EV_OVERRIDDEN && (!text || !*text))
		return err_set(err, "overriding item %s needs a reason", item->id);
	return 0;
}

/* ---- the walk ---- */

static void item_set(struct item_state *own, enum item_status status, const char *text, int64_t at)
{
	if (own->status != status)
		own->at = at;
	own->status = status;
	if (text)
		text_clean_to(own->evidence, sizeof(own->evidence), text, strlen(text));
}

/* Fail: it does not apply; else it is again what it was. */
static void apply_when(struct item_state *own, enum verdict verdict, const char *text, int64_t at)
{
	bool out = own->status == ITEM_NOT_APPLICABLE;

	if (verdict == VERDICT_FAIL) {
		own->behind = out ? own->behind : own->status;
		text = text ? text : "";
		text_clean_to(own->when, sizeof(own->when), text, strlen(text));
		item_set(own, ITEM_NOT_APPLICABLE, NULL, at);
	} else if (out) {
		item_set(own, own->behind, NULL, at);
	}
}

/* Items above follow what is below them; children stand behind their parents. */
static void derive(struct checklist_state *state, int64_t at)
{
	for (size_t i = state->nitems; i-- > 0;) {
		struct item_state *own = &state->items[i];
		bool green = true, any = false;
		if (!is_derived(state, i) ||
		    (own->status != ITEM_OPEN && own->status != ITEM_GREEN &&
		     own->status != ITEM_DEFERRED))
			continue;
		for (size_t k = i + 1; k < state->nitems; k++) {
			if (parent_of(state, k) != (int)i ||
			    item_at(state, k, NULL, NULL)->optional ||
			    state->items[k].status == ITEM_NOT_APPLICABLE)
				continue;
			any = true;
			green = green && state->items[k].status == ITEM_GREEN;
		}
		if (any && green)
			item_set(own, ITEM_GREEN, NULL, at);
		else if (own->status == ITEM_GREEN)
			item_set(own, ITEM_OPEN, NULL, at);
	}
}

/* Who did it before: what is below an item that was done was done with it. NULL: nobody. */
static const struct item *done_before(const struct checklist_state *state, size_t index)
{
	for (int i = (int)index; i >= 0; i = parent_of(state, (size_t)i))
		if (item_at(state, (size_t)i, NULL, NULL)->done_by)
			return item_at(state, (size_t)i, NULL, NULL);
	return NULL;
}

void checklist_begin(struct checklist_state *state, const struct checklist *checklist)
{
	*state = (struct checklist_state){ .checklist = checklist };
	for (size_t s = 0; s < checklist->nsections; s++)
		state->nitems += checklist->sections[s].nitems;
	state->items = xcalloc(state->nitems + 1, sizeof(*state->items));
	for (size_t i = 0; i < state->nitems; i++) {
		const struct item *item = done_before(state, i);
		if (!item || item_at(state, i, NULL, NULL)->kind == ITEM_SENSED)
			continue;
		char *text = xasprintf("done by %s, %s", item->done_by,
				       item->done_at ? item->done_at : "no time given");
		item_set(&state->items[i], ITEM_GREEN, text, 0);
		free(text);
	}
	derive(state, 0);
}

void checklist_state_release(struct checklist_state *state)
{
	free(state->items);
	*state = (struct checklist_state){ 0 };
}

int checklist_apply(struct checklist_state *state, size_t index, enum item_event event,
		    enum verdict verdict, const char *text, int64_t at, struct err *err)
{
	if (index >= state->nitems)
		return err_set(err, "there is no such item");
	struct item_state *own = &state->items[index];
	const struct item *item = item_at(state, index, NULL, NULL);

	if (check_event(state, index, event, text, err) < 0)
		return -1;
	bool out = own->status == ITEM_NOT_APPLICABLE && is_of_world(event);
	if (event == ITEM_EV_WHEN) {
		apply_when(own, verdict, text, at);
		derive(state, at);
		return 0;
	}
	int to = move(out ? own->behind : own->status, event, verdict);
	if (to == NO)
		return err_set(err, "item %s is %s: that is not possible now", item->id,
			       status_names[own->status]);
	if (event == ITEM_EV_SENSED)
		own->measured = at;
	own->expired = false;
	if (to != STAY)
		item_set(own, (enum item_status)to, text, at);
	if (to != STAY && out) {
		own->behind = (enum item_status)to;
		own->status = ITEM_NOT_APPLICABLE;
	}
	derive(state, at);
	return 0;
}

void checklist_confirm(struct checklist_state *state, size_t index, enum verdict verdict,
		       int64_t at)
{
	struct item_state *own = &state->items[index];
	bool again = own->expired && verdict == VERDICT_PASS;
	bool same = (own->status == ITEM_GREEN && verdict == VERDICT_PASS) ||
		    (own->status == ITEM_RED && verdict == VERDICT_FAIL) ||
		    (own->status == ITEM_UNKNOWN && verdict == VERDICT_UNKNOWN);

	if (at <= own->measured || (!again && !same))
		return;
	own->measured = at;
	if (!again)
		return;
	own->expired = false;
	item_set(own, ITEM_GREEN, NULL, at);
	derive(state, at);
}

int checklist_expire(struct checklist_state *state, int64_t now)
{
	int expired = 0;
	for (size_t i = 0; i < state->nitems; i++) {
		const struct item *item = item_at(state, i, NULL, NULL);
		struct item_state *own = &state->items[i];
		const char *text = json_string_value(item->expires);
		int64_t us = EXPIRES_DEFAULT_US;
		if (item->kind != ITEM_SENSED || own->status != ITEM_GREEN)
			continue;
		if (text)
			(void)duration_parse(text, &us);
		if (now - own->measured <= us)
			continue;
		item_set(own, ITEM_OPEN, NULL, now);
		own->expired = true;
		expired++;
	}
	if (expired)
		derive(state, now);
	return expired;
}

static bool due(const struct checklist_state *state, size_t index, int64_t offset_us)
{
	const struct section *section = NULL;

	checklist_item(state, index, &section);
	return !section || !section->timed || section->offset_us <= offset_us;
}

bool checklist_missing(const struct checklist_state *state, size_t index, int64_t offset_us)
{
	return counts(state, index) && due(state, index, offset_us) &&
	       state->items[index].status != ITEM_GREEN;
}

int checklist_readiness_until(const struct checklist_state *state, int64_t offset_us)
{
	size_t all = 0, green = 0;
	for (size_t i = 0; i < state->nitems; i++) {
		if (!counts(state, i) || !due(state, i, offset_us))
			continue;
		all++;
		green += state->items[i].status == ITEM_GREEN;
	}
	return all ? (int)(green * 100 / all) : 100;
}

int checklist_readiness(const struct checklist_state *state)
{
	return checklist_readiness_until(state, INT64_MAX);
}

enum item_status checklist_status(const struct checklist_state *state, size_t index)
{
	enum item_status own = state->items[index].status;

	if (!applies(state, index))
		return ITEM_NOT_APPLICABLE;
	for (int i = parent_of(state, index); i >= 0 && own != ITEM_GREEN;
	     i = parent_of(state, (size_t)i))
		if (state->items[i].status == ITEM_OVERRIDDEN ||
		    state->items[i].status == ITEM_DEFERRED)
			return state->items[i].status;
	return own;
}

static int next_of(const struct checklist_state *state, bool missing, int64_t offset_us)
{
	int deferred = -1;
	for (size_t i = 0; i < state->nitems; i++) {
		enum item_status status = checklist_status(state, i);
		if (!applies(state, i) || is_derived(state, i) ||
		    (missing && !checklist_missing(state, i, offset_us)))
			continue;
		if (status == ITEM_OPEN || status == ITEM_RED || status == ITEM_UNKNOWN)
			return (int)i;
		if (status == ITEM_DEFERRED && deferred < 0)
			deferred = (int)i;
	}
	return deferred;
}

int checklist_next(const struct checklist_state *state)
{
	return next_of(state, false, 0);
}

int checklist_next_until(const struct checklist_state *state, int64_t offset_us)
{
	return next_of(state, true, offset_us);
}
