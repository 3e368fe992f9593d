#include "checklists/deadline.h"

#include <stdio.h>

#include "lib/clock.h"
#include "lib/timefmt.h"

#define MINUTE_US (60 * CLOCK_US)

bool deadline_of(const struct runbook *runbook, enum severity severity,
		 const struct procedure *procedure, int64_t from, int64_t drilled_us,
		 struct deadline *out)
{
	int64_t within = runbook->deadlines[severity];
	int64_t takes = drilled_us ? drilled_us : procedure->estimate_high_us;

	/* A budget is often no more than the estimate: then it says nothing about deciding. */
	if (!within && procedure->budget_us > takes)
		within = procedure->budget_us;
	if (!from || !within || !takes)
		return false;
	*out = (struct deadline){ .from = from,
				  .within_us = within,
				  .takes_us = takes,
				  .drilled = drilled_us != 0,
				  .decide_by = from + within - takes };
	return true;
}

bool deadline_presses(const struct deadline *deadline, int64_t now)
{
	return (deadline->decide_by - now) * 5 < deadline->decide_by - deadline->from ||
	       now >= deadline->decide_by;
}

/* Cut, never rounded up: nobody is promised more time than there is. */
static char *coarse(int64_t us, char *out, size_t size)
{
	int64_t unit = us < MINUTE_US ? CLOCK_US : MINUTE_US;

	return duration_text(us / unit * unit, out, size);
}

char *deadline_text(const struct deadline *deadline, int64_t now, char *out, size_t size)
{
	int64_t left = deadline->decide_by - now;
	char at[TIME_RFC3339_MAX], much[48], takes[48], within[48];

	duration_text(deadline->takes_us, takes, sizeof(takes));
	if (deadline->within_us <= deadline->takes_us)
		snprintf(out, size, "it %s %s, of the %s that there are: decide now",
			 deadline->drilled ? "took up to" : "may take", takes,
			 duration_text(deadline->within_us, within, sizeof(within)));
	else if (left <= 0)
		snprintf(out, size, "too late for its budget since %s: decide now",
			 coarse(-left, much, sizeof(much)));
	else
		snprintf(out, size, "decide by %.5sZ (%s): it %s %s%s",
			 time_clock(deadline->decide_by, at), coarse(left, much, sizeof(much)),
			 deadline->drilled ? "took at most" : "may take", takes,
			 deadline->drilled ? " in drills" : "");
	return out;
}

char *deadline_short(const struct deadline *deadline, int64_t now, char *out, size_t size)
{
	int64_t left = deadline->decide_by - now;
	char at[TIME_RFC3339_MAX], much[48];

	if (deadline->within_us <= deadline->takes_us)
		snprintf(out, size, "No time is left. ");
	else if (left <= 0)
		snprintf(out, size, "Late by %s. ", coarse(-left, much, sizeof(much)));
	else
		snprintf(out, size, "Decide by %.5sZ (%s). ", time_clock(deadline->decide_by, at),
			 coarse(left, much, sizeof(much)));
	return out;
}
