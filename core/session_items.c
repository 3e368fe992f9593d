/* Checklist items in a session: what is measured goes on record, greens expire, operators work. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

/* How long a green may be open for want of a reading before that goes on record: a console that has
 * just begun has not looked yet. */
#define LAPSE_US (30 * CLOCK_US)

/* ---- By itself ---- */

static void sensed_record(struct session *session, const char *list, const struct item *item,
			  enum verdict verdict, const char *evidence)
{
	session_append(session, false, EV_ITEM_SENSED,
		       json_pack("{s:s, s:s, s:s, s:s}", "checklist", list, "item", item->id,
				 "verdict", verdict_name(verdict), "evidence", evidence),
		       NULL);
}

/* Nobody could measure a green for too long. */
static void lapse_record(struct session *session, const char *list, const struct item *item,
			 const struct item_state *own)
{
	int64_t now = clock_wall(session->clock);
	char age[48], text[120];

	if (!own->expired || now - own->at <= LAPSE_US)
		return;
	snprintf(text, sizeof(text), "it was not measured for %s",
		 duration_text((now - own->measured) / CLOCK_US * CLOCK_US, age, sizeof(age)));
	sensed_record(session, list, item, VERDICT_UNKNOWN, text);
}

static enum verdict status_verdict(enum item_status status)
{
	return status == ITEM_GREEN ? VERDICT_PASS
	       : status == ITEM_RED ? VERDICT_FAIL
				    : VERDICT_UNKNOWN;
}

/* Whether a reading is news for the record. */
static bool is_news(const struct item_state *own, const struct sensed *sensed)
{
	if (own->status == ITEM_OPEN)
		return true;
	/* A deferred one is news again when it holds. */
	if (own->status == ITEM_DEFERRED && sensed->reading.verdict != VERDICT_PASS)
		return false;
	/* Seen twice: a value that flickers fills no ledger. */
	return sensed->reading.verdict != status_verdict(own->status) &&
	       sensed->reading.at != sensed->since;
}

/* Whether an item applies is on record, so that every console and the report say the same. Unknown
 * applies. */
static void when_record(struct session *session, const char *list, const struct item *item,
			const struct item_state *own)
{
	const struct sensed *sensed = sense_probe(session->sense, item->when);
	bool was = own->status != ITEM_NOT_APPLICABLE;
	bool applies = sensed->reading.verdict != VERDICT_FAIL;

	if (!sensed->reading.at || applies == was ||
	    (own->status != ITEM_OPEN && sensed->reading.at == sensed->since))
		return;
	session_append(session, false, EV_ITEM_APPLIES,
		       json_pack("{s:s, s:s, s:b, s:s}", "checklist", list, "item", item->id,
				 "applies", applies, "evidence", sensed->reading.evidence),
		       NULL);
}

static void item_tick(struct session *session, const struct list_in_effect *list,
		      struct checklist_state *state, size_t i)
{
	const struct item *item = checklist_item(state, i, NULL);
	const struct item_state *own = &state->items[i];
	const char *name = list->checklist->name;
	const struct sensed *sensed;
	bool recorder = session->sensing_lock >= 0;

	if (recorder && item->when)
		when_record(session, name, item, own);
	if (item->kind != ITEM_SENSED || own->status == ITEM_OVERRIDDEN ||
	    checklist_status(state, i) == ITEM_NOT_APPLICABLE)
		return;
	sensed = sense_probe(session->sense, item->probe);
	if (sensed->reading.at > list->from) {
		checklist_confirm(state, i, sensed->reading.verdict, sensed->reading.at);
		/* What was measured before it was opened again, or ran out, is no news. */
		if (recorder && is_news(own, sensed) && sensed->reading.at > own->measured) {
			sensed_record(session, name, item, sensed->reading.verdict,
				      sensed->reading.evidence);
			return;
		}
	}
	if (recorder)
		lapse_record(session, name, item, own);
}

void session_items_tick(struct session *session)
{
	struct list_in_effect lists[SESSION_LISTS];
	size_t n = session_lists(session, lists);

	for (size_t l = 0; l < n; l++) {
		struct checklist_state *state = session_list_state(session, lists[l].checklist);

		for (size_t i = 0; i < state->nitems; i++)
			item_tick(session, &lists[l], state, i);
		checklist_expire(state, clock_wall(session->clock));
	}
}

/* ---- Acts ---- */

/* With err when there is none. */
static const struct item *item_find(const struct session *session, const char *checklist,
				    const char *id, struct err *err)
{
	const struct checklist *list = runbook_checklist(session->loaded->runbook, checklist);

	for (size_t s = 0; list && s < list->nsections; s++) {
		for (size_t i = 0; i < list->sections[s].nitems; i++) {
			if (strcmp(list->sections[s].items[i].id, id) == 0)
				return &list->sections[s].items[i];
		}
	}
	err_set(err, "there is no checklist item %s/%s", checklist, id);
	return NULL;
}

int session_item(struct session *session, const char *checklist, const char *item, const char *act,
		 const char *reason, struct err *err)
{
	const struct item *found = item_find(session, checklist, item, err);
	bool ticked = strcmp(act, "ticked") == 0;

	if (!found)
		return -1;
	if (ticked && found->kind == ITEM_SENSED) {
		err_set(err, "\"%s\" ticks itself when it is sensed to hold", found->say);
		return err_hint(err, "override it with a reason, or defer it");
	}
	if (ticked && found->procedure) {
		err_set(err, "\"%s\" is done by %s", found->say, found->procedure->name);
		return err_hint(err, "have it run; it ticks itself when that is verified");
	}
	if (strcmp(act, "overridden") == 0 && (!reason || !*reason))
		return err_set(err, "an override needs a reason");
	return session_append(session, false, EV_ITEM,
			      json_pack("{s:s, s:s, s:s, s:o}", "checklist", checklist, "item",
					item, "act", act, "reason", session_text(reason)),
			      err);
}

int session_item_run(struct session *session, const char *checklist, const char *item,
		     struct err *err)
{
	const struct item *found = item_find(session, checklist, item, err);
	const struct checklist_state *state;
	char *name;
	int status;

	if (!found || session_need_open(session, err) != 0)
		return -1;
	if (!found->procedure)
		return err_set(err, "item %s/%s has no action to run", checklist, item);
	state = session_list_state(session, runbook_checklist(session->loaded->runbook, checklist));
	if (checklist_status(state, (size_t)checklist_index(state, item)) == ITEM_NOT_APPLICABLE)
		return err_set(err, "item %s/%s does not apply now", checklist, item);
	name = xasprintf("%s/%s", checklist, item);
	status = session_chosen(session, found->procedure, "checklist", name, NULL, err);
	free(name);
	return status;
}
