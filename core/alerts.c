#include "core/alerts.h"

#include <limits.h>
#include <math.h>

static bool value_past(const struct alert_rule *rule, enum level level, double value)
{
	double limit = rule->limits[level];

	return !isnan(limit) && (rule->below ? value < limit : value > limit);
}

/* Whether a level that was raised goes on. */
static bool value_stays(const struct alert_rule *rule, enum level level, double value)
{
	double recovery = rule->recoveries[level];

	if (isnan(recovery) || isnan(rule->limits[level]))
		return value_past(rule, level, value);
	return rule->below ? value < recovery : value > recovery;
}

/* The highest level whose threshold has been passed for long enough. */
static enum level level_due(const struct alert_rule *rule, const struct alert_track *track,
			    int64_t now)
{
	for (int i = LEVEL_CRITICAL; i > LEVEL_OK; i--) {
		if (track->past[i] && now - track->past[i] >= rule->for_us &&
		    track->count[i] >= rule->samples)
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

/* The level below the current one that has not recovered, or is due. */
static enum level level_below(const struct alert_rule *rule, enum level level, enum level due,
			      double value)
{
	int i = (int)level - 1;

	while (i > (int)due &&
	       !(isfinite(rule->recoveries[i]) && value_stays(rule, (enum level)i, value)))
		i--;
	return (enum level)i;
}

static void track_move(const struct alert_rule *rule, struct alert_track *track, double value,
		       int64_t now)
{
	enum level due;

	for (int i = LEVEL_INFO; i <= LEVEL_CRITICAL; i++) {
		bool past = value_past(rule, (enum level)i, value);

		if (!past || !track->past[i])
			track->past[i] = past ? now : 0;
		track->count[i] = past ? track->count[i] + (track->count[i] < INT_MAX) : 0;
	}
	due = level_due(rule, track, now);
	if (due > track->level) {
		level_set(track, due, now);
		return;
	}
	if (track->level == LEVEL_OK || value_stays(rule, track->level, value)) {
		track->short_of = 0;
		return;
	}
	if (!track->short_of)
		track->short_of = now;
	if (now - track->short_of >= rule->clear_us)
		level_set(track, level_below(rule, track->level, due, value), now);
}

/* No time of the past lies in the future. */
static void clock_back(struct alert_track *track, int64_t now)
{
	int64_t *times[] = { &track->since, &track->short_of, &track->valued_at,
			     &track->no_data_since };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		*times[i] = *times[i] > now ? now : *times[i];
	for (int i = LEVEL_OK; i <= LEVEL_CRITICAL; i++) {
		track->past[i] = track->past[i] > now ? now : track->past[i];
		track->told_at[i] = track->told_at[i] > now ? now : track->told_at[i];
	}
}

/* What was not seen for so long does not count as having gone on. */
static void persistence_begin(struct alert_track *track)
{
	for (int i = LEVEL_OK; i <= LEVEL_CRITICAL; i++) {
		track->past[i] = 0;
		track->count[i] = 0;
	}
	track->short_of = 0;
}

static bool data_judge(const struct alert_rule *rule, struct alert_track *track, bool known,
		       int64_t now)
{
	bool was = track->no_data;

	if (!track->at)
		track->valued_at = now;
	track->no_data = !known && rule->no_data_us && now - track->valued_at >= rule->no_data_us;
	if (track->no_data && !was)
		track->no_data_since = track->valued_at;
	if (known && rule->no_data_us && now - track->valued_at >= rule->no_data_us)
		persistence_begin(track);
	if (known)
		track->valued_at = now;
	return track->no_data != was;
}

static bool level_judge(const struct alert_rule *rule, struct alert_track *track, int64_t now)
{
	if (track->level == track->told)
		return false;
	if (track->level > track->told && track->told_at[track->level] &&
	    now - track->told_at[track->level] < rule->cooldown_us)
		return false;
	track->told = track->level;
	track->told_at[track->level] = now;
	return true;
}

int alert_judge(const struct alert_rule *rule, struct alert_track *track, bool has_value,
		double value, int64_t now)
{
	bool known = has_value && isfinite(value);
	int news = 0;

	if (now < track->at)
		clock_back(track, now);
	if (data_judge(rule, track, known, now))
		news |= ALERT_DATA;
	if (known)
		track_move(rule, track, value, now);
	track->at = now;
	if (level_judge(rule, track, now))
		news |= ALERT_LEVEL;
	return news;
}
