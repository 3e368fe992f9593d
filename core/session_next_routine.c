/* What to do now in a routine, and which one is due. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/session_next_parts.h"
#include "lib/timefmt.h"

/* "21:30Z", or with the date where that is another day. */
static const char *when(int64_t now, int64_t at, char *out, size_t size)
{
	char text[TIME_RFC3339_MAX], today[TIME_RFC3339_MAX];

	time_datetime(at, text);
	time_datetime(now, today);
	snprintf(out, size, "%.*s %.5sZ", 10, text, text + 11);
	return strncmp(text, today, 10) == 0 ? out + 11 : out;
}

bool next_due(const struct session *session, struct line line)
{
	struct routine_due *list;
	size_t n = session_routines(session, &list);
	const struct routine_due *first = list;
	int64_t now = clock_wall(session->clock);
	bool said = false;
	char at[40];

	/* Not what somebody is at already. */
	while (n && *first->record->open_id && !recorded_is_asked(first->record, &first->due))
		first++, n--;
	if (n)
		said = first->due.at != 0;
	if (said && (first->due.state == DUE_NOW || first->due.state == DUE_OVERDUE))
		snprintf(line.out, line.size, "%s is %s since %s. Press %s to begin it.",
			 first->record->routine->title, due_state_name(first->due.state),
			 when(now, first->due.at, at, sizeof(at)), line_key(KEY_ID_ROUTINES));
	else if (said)
		snprintf(line.out, line.size,
			 "All quiet; %s is due at %s. Press %s to declare an incident.",
			 first->record->routine->title, when(now, first->due.at, at, sizeof(at)),
			 line_key(KEY_ID_DECLARE));
	free(list);
	return said;
}

/* What stands in the way of the end: what was sensed and does not hold, or can't be read. */
static void next_red(const struct item *item, const struct item_state *own, struct line line)
{
	snprintf(line.out, line.size,
		 "%s: %.80s (%.80s). Press %s to end the routine with it, %s to declare trouble.",
		 own->status == ITEM_RED ? "It does not hold" : "It can't be read", item->say,
		 own->evidence, line_key(KEY_ID_RESOLVE), line_key(KEY_ID_DECLARE));
}

/* What there is to do comes before what does not hold; -1: neither. */
static int next_of(const struct checklist_state *list)
{
	for (size_t i = 0; i < list->nitems; i++) {
		bool seen =
		    list->items[i].status == ITEM_RED || list->items[i].status == ITEM_UNKNOWN;

		if (checklist_missing(list, i, INT64_MAX) &&
		    list->items[i].status != ITEM_OVERRIDDEN &&
		    list->items[i].status != ITEM_DEFERRED && !checklist_follows(list, i) &&
		    (!seen || checklist_item(list, i, NULL)->kind != ITEM_SENSED))
			return (int)i;
	}
	return checklist_next(list);
}

void next_routine(const struct session *session, struct line line)
{
	const struct routine *routine = session->incident.state.routine.routine;
	const struct checklist_state *list = session_list_state(session, routine->checklist);
	bool here = line.shown == KEY_ID_CHECKLIST;
	int next = next_of(list);
	const struct item *item = next < 0 ? NULL : checklist_item(list, (size_t)next, NULL);
	enum item_status status = item ? list->items[next].status : ITEM_GREEN;
	char what[100];

	if (!item) {
		snprintf(line.out, line.size, "%s: everything holds. Press %s to end it.",
			 routine->title, line_key(KEY_ID_RESOLVE));
	} else if (item->kind == ITEM_SENSED && (status == ITEM_RED || status == ITEM_UNKNOWN)) {
		next_red(item, &list->items[next], line);
	} else {
		next_item_advice(item, status, what, sizeof(what));
		if (here || item->kind == ITEM_SENSED)
			snprintf(line.out, line.size, "%s%.100s.", what, item->say);
		else
			snprintf(line.out, line.size, "Press %s for the checklist. Next: %.100s.",
				 line_key(KEY_ID_CHECKLIST), item->say);
	}
}
