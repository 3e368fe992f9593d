/* What to do now on deployment day: what is due, and what the gate says. */
#include <stdio.h>
#include <stdlib.h>

#include "core/session_next_parts.h"
#include "lib/timefmt.h"

/* The list that counts down. */
static const struct checklist_state *list_planned(const struct session *session)
{
	return session_list_state(session,
				  session->incident.state.deployment.deployment->checklist);
}

/* What is done about an item, keys first: the item's own words may be long. */
void next_item_advice(const struct item *item, enum item_status status, char *out, size_t size)
{
	const char *go = line_key(KEY_ID_ITEM), *tick = line_key(KEY_ID_TICK);

	if (item->kind == ITEM_MANUAL)
		snprintf(out, size, "Do it, then press %s and %s: ", go, tick);
	else if (item->kind == ITEM_ACTION)
		snprintf(out, size, "Press %s, then %s to run it%s: ", go, tick,
			 status == ITEM_RED ? " again (it failed)" : "");
	else if (status == ITEM_RED)
		snprintf(out, size, "Mend it (%s and %s defer it): ", go, line_key(KEY_ID_DEFER));
	else if (status == ITEM_UNKNOWN)
		snprintf(out, size, "It can't be read (%s and %s say why): ", go,
			 line_key(KEY_ID_RATIFY));
	else if (status == ITEM_DEFERRED)
		snprintf(out, size, "It was put off, and does not hold: ");
	else
		snprintf(out, size, "Wait, it is being measured: ");
}

static void next_item(const struct session *session, int index, const char *lead, struct line line)
{
	const struct deployment_state *now = &session->incident.state.deployment;
	const struct checklist_state *list = list_planned(session);
	const struct section *section;
	const struct item *item = checklist_item(list, (size_t)index, &section);
	enum item_status status = list->items[index].status;
	bool here = line.shown == KEY_ID_CHECKLIST;
	int64_t left = now->t0 + section->offset_us - clock_wall(session->clock);
	char what[100] = "", clock[48];

	if (section->timed && left > 0 && now->decided == DECISION_GO)
		snprintf(what, sizeof(what), "Next, in %s%s: ",
			 duration_clock((left + CLOCK_US - 1) / CLOCK_US * CLOCK_US, clock,
					sizeof(clock)),
			 clock_followed() ? " (\":forward\" goes there)" : "");
	else if (!here)
		snprintf(what, sizeof(what),
			 "Press %s for the checklist. Next: ", line_go(line, KEY_ID_CHECKLIST));
	else
		next_item_advice(item, status, what, sizeof(what));
	snprintf(line.out, line.size, "%s%s%.100s.", lead, what, item->say);
}

int session_next_item(const struct session *session)
{
	const struct deployment_state *now = &session->incident.state.deployment;

	if (!session->open || !now->deployment)
		return -1;
	return checklist_next_until(list_planned(session),
				    now->decided == DECISION_GO ? INT64_MAX : GATE_DUE_US);
}

static void next_undecided(const struct session *session, struct line line)
{
	enum decision computed = session_gate(session);
	int item = session_next_item(session);
	char *blocks = session_gate_blocks(session);
	/* A person's time is short in a drill, and T's criteria are those that count. */
	bool early =
	    clock_followed() && clock_wall(session->clock) < session->incident.state.deployment.t0;

	if (computed == DECISION_GO)
		snprintf(line.out, line.size,
			 "Nothing stands in the way of go. Press %s%s%s to decide%s.",
			 line_go(line, KEY_ID_CHECKLIST), line_then(line, KEY_ID_CHECKLIST),
			 line_key(KEY_ID_GATE), early ? ", or go on to T first: \":forward\"" : "");
	else if (computed == DECISION_UNDECIDED && item >= 0)
		next_item(session, item, "", line);
	else
		snprintf(line.out, line.size,
			 "The criteria say %s: %.120s. Press %s%s%s to decide.",
			 decision_name(computed), blocks, line_go(line, KEY_ID_CHECKLIST),
			 line_then(line, KEY_ID_CHECKLIST), line_key(KEY_ID_GATE));
	free(blocks);
}

void next_deployment(const struct session *session, struct line line)
{
	const struct deployment_state *now = &session->incident.state.deployment;
	enum decision computed = session_gate(session);
	int item = -1;
	char *blocks;

	if (now->decided == DECISION_UNDECIDED) {
		next_undecided(session, line);
		return;
	}
	if (now->decided == DECISION_GO)
		item = session_next_item(session);
	/* After T its own work may well change the criteria: only before it, or for worse. */
	if (computed != now->against &&
	    (computed == DECISION_NO_GO || clock_wall(session->clock) < now->t0)) {
		blocks = session_gate_blocks(session);
		snprintf(line.out, line.size,
			 "Decided %s, but the criteria say %s now (%.100s). Press %s%s%s.",
			 decision_name(now->decided), decision_name(computed),
			 *blocks ? blocks : "nothing stands in the way",
			 line_go(line, KEY_ID_CHECKLIST), line_then(line, KEY_ID_CHECKLIST),
			 line_key(KEY_ID_GATE));
		free(blocks);
	} else if (item >= 0) {
		next_item(session, item, "Go. ", line);
	} else {
		snprintf(line.out, line.size,
			 "Decided: %s.%s Press %s to resolve, %s%s%s to decide anew.",
			 decision_name(now->decided),
			 now->decided == DECISION_GO ? " Everything is done." : "",
			 line_key(KEY_ID_RESOLVE), line_go(line, KEY_ID_CHECKLIST),
			 line_then(line, KEY_ID_CHECKLIST), line_key(KEY_ID_GATE));
	}
}
