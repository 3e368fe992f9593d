#include "core/alerts.h"

#include <math.h>

static bool value_past(const struct alert_rule *rule, enum level level, double value)
{
	double limit = rule->limits[level];

	return !isnan(limit) && (rule->below ? value < limit : value > limit);
}

/* The highest level whose threshold has been passed for long enough. */
static enum level level_due(const struct alert_rule *rule, const struct alert_track *track,
			    int64_t now)
{
	for (int i = LEVEL_CRITICAL; i > LEVEL_OK; i--) {
		if (track->past[i] && now - track->past[i] >= rule->for_us)
			return (enum level)i;
	}
	return LEVEL_OK;
}

static void level_set(struct alert_track *track, enum level level, int64_t now)
{
	track->level = level;
	track->since = now;
	track->short_of = 0;
}

static void track_move(const struct alert_rule *rule, struct alert_track *track, double value,
		       int64_t now)
{
	enum level due;

	for (int i = LEVEL_INFO; i <= LEVEL_CRITICAL; i++) {
		if (!value_past(rule, (enum level)i, value))
			track->past[i] = 0;
		else if (!track->past[i])
			track->past[i] = now;
	}
	due = level_due(rule, track, now);
	if (due > track->level) {
		level_set(track, due, now);
		return;
	}
	if (track->level == LEVEL_OK || value_past(rule, track->level, value)) {
		track->short_of = 0;
		return;
	}
	if (!track->short_of)
		track->short_of = now;
	if (now - track->short_of >= rule->clear_us)
		level_set(track, due, now);
}

bool alert_judge(const struct alert_rule *rule, struct alert_track *track, bool has_value,
		 double value, int64_t now)
{
	if (has_value && !isnan(value))
		track_move(rule, track, value, now);
	if (track->level == track->told)
		return false;
	if (track->level > track->told && track->told_at[track->level] &&
	    now - track->told_at[track->level] < rule->cooldown_us)
		return false;
	track->told = track->level;
	track->told_at[track->level] = now;
	return true;
}
