#include "checklists/schedule.h"

#include <stdio.h>

#include "lib/clock.h"
#include "lib/timefmt.h"

#define DAY_US (24 * 3600 * CLOCK_US)
/* 1970-01-05, a Monday: full hours, midnights and weeks are whole multiples from here. */
#define MONDAY_US (4 * DAY_US)

/* Rounded towards the past. */
static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* A row of times: the one with number n is origin + n every, for n from `first` to `last`; or the
 * offsets themselves. */
struct row {
	const struct schedule *schedule;
	int64_t origin, first, last;
};

static struct row row_of(const struct schedule *schedule, int64_t start)
{
	struct row row = { .schedule = schedule, .origin = start, .last = INT64_MAX };

	if (!schedule->every_us) {
		row.last = (int64_t)schedule->nat - 1;
	} else if (schedule->start == START_ALWAYS) {
		row.origin = MONDAY_US + schedule->from_us;
		row.first = INT64_MIN / 2;
	} else {
		row.first = 1;
		if (schedule->for_us)
			row.last = schedule->for_us / schedule->every_us;
	}
	return row;
}

static int64_t time_of(const struct row *row, int64_t n)
{
	return row->origin +
	       (row->schedule->every_us ? n * row->schedule->every_us : row->schedule->at_us[n]);
}

/* Number of the latest time that is not after `now`; below row->first: none. */
static int64_t latest_of(const struct row *row, int64_t now)
{
	int64_t n = -1;

	if (row->schedule->every_us)
		n = floor_div(now - row->origin, row->schedule->every_us);
	else
		while (n < row->last && time_of(row, n + 1) <= now)
			n++;
	return n > row->last ? row->last : n;
}

/* Until when the last one of all is asked for: as long again as it took, a day at least. */
static int64_t over_at(const struct row *row)
{
	int64_t last = time_of(row, row->last);
	int64_t took = row->schedule->every_us ? row->schedule->every_us : last - row->origin;

	return last + (took > DAY_US ? took : DAY_US);
}

static bool has_begun(const struct schedule *schedule, int64_t start)
{
	return schedule->start == START_ALWAYS || start != 0;
}

void schedule_due(const struct schedule *schedule, int64_t start, int64_t done, int64_t now,
		  struct due *out)
{
	struct row row = row_of(schedule, start);
	int64_t n, before, waits;

	*out = (struct due){ .state = DUE_NEVER };
	if (!has_begun(schedule, start) || row.last < row.first)
		return;
	n = latest_of(&row, now);
	out->next = n < row.last ? time_of(&row, n < row.first ? row.first : n + 1) : 0;
	/* What was done ahead of its time is not asked for again. */
	while (out->next && out->next <= done)
		out->next = ++n < row.last ? time_of(&row, n + 1) : 0;
	if (n < row.first || (done && time_of(&row, n) <= done)) {
		out->state = done ? DUE_DONE : DUE_LATER;
		out->at = out->next;
		out->next = 0;
		return;
	}
	if (!out->next && now > over_at(&row))
		return;
	out->at = time_of(&row, n);
	/* Without a beginning nobody knows since when it should have been done: on a new machine it
	 * is due, and late for nobody. */
	if (!done && schedule->start == START_ALWAYS) {
		out->state = DUE_NOW;
		return;
	}
	before = done ? latest_of(&row, done) : row.first - 1;
	out->missed = (size_t)(n - 1 - (before < row.first ? row.first - 1 : before));
	/* What recurs is the same work each time: it waits since the first one that was missed. */
	waits = schedule->every_us ? time_of(&row, n - (int64_t)out->missed) : out->at;
	out->state = now - waits > schedule->within_us ? DUE_OVERDUE : DUE_NOW;
}

int64_t schedule_nearest(const struct schedule *schedule, int64_t start, int64_t done, int64_t now)
{
	struct row row = row_of(schedule, start);
	struct due due;
	int64_t n, before, after;

	schedule_due(schedule, start, done, now, &due);
	if (due.state == DUE_NOW || due.state == DUE_OVERDUE)
		return due.at;
	if (!has_begun(schedule, start) || row.last < row.first)
		return 0;
	n = latest_of(&row, now);
	before = n < row.first ? 0 : time_of(&row, n);
	after = n < row.last ? time_of(&row, n < row.first ? row.first : n + 1) : 0;
	if (!before || !after)
		return before ? before : after;
	return after - now < now - before ? after : before;
}

static const char *start_text(const struct schedule *schedule)
{
	switch (schedule->start) {
	case START_DEPLOYMENT:
		return schedule->of ? " after deployment " : " after a deployment";
	case START_INCIDENT:
		return " after an incident";
	case START_PHASE:
		return " after phase ";
	case START_EVENT:
		return " of event ";
	default:
		return "";
	}
}

char *schedule_text(const struct schedule *schedule, char *out, size_t size)
{
	char span[48];
	size_t used = 0;

	if (schedule->every_us) {
		used = (size_t)snprintf(out, size, "every %s",
					duration_text(schedule->every_us, span, sizeof(span)));
		if (schedule->for_us && used < size)
			used +=
			    (size_t)snprintf(out + used, size - used, " for %s",
					     duration_text(schedule->for_us, span, sizeof(span)));
	}
	for (size_t i = 0; i < schedule->nat && used < size; i++) {
		int64_t us = schedule->at_us[i];

		used += (size_t)snprintf(out + used, size - used, "%s%s%s",
					 i ? i + 1 < schedule->nat ? ", " : " and " : "",
					 us < 0 ? "-" : "+",
					 duration_text(us < 0 ? -us : us, span, sizeof(span)));
	}
	if (used < size)
		snprintf(out + used, size - used, "%s%s", start_text(schedule),
			 schedule->of ? schedule->of : "");
	return out;
}

const char *due_state_name(enum due_state state)
{
	static const char *const names[] = {
		[DUE_NEVER] = "over", [DUE_LATER] = "later",	 [DUE_DONE] = "done",
		[DUE_NOW] = "due",    [DUE_OVERDUE] = "overdue",
	};

	return names[state];
}
