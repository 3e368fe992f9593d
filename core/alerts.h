/*
 * Judging a metric's readings against its thresholds. Pure: (rule, track, reading, now) -> track.
 *
 * A level is raised when the value has been past its threshold for `for_us`, and falls when the
 * value has been on this side of it for `clear_us`. A reading without a value changes nothing: no
 * data is not OK. The cooldown is per level and silences repetitions only.
 */
#ifndef CORE_ALERTS_H
#define CORE_ALERTS_H

#include <stdbool.h>
#include <stdint.h>

#include "checklists/runbook.h"

struct alert_rule {
	double limits[4]; /* by enum level; NAN: not given */
	bool below;	  /* past a threshold means under it */
	int64_t for_us, clear_us, cooldown_us;
};

struct alert_track {
	enum level level; /* judged now */
	int64_t since;	  /* wall time since which the level holds */
	int64_t past[4];  /* wall time since which the value is past the level's threshold; 0: it
			     isn't */
	int64_t short_of; /* wall time since which it isn't past the current level's any more; 0 */
	enum level told;  /* what was last said */
	int64_t told_at[4]; /* wall time when each level was last said; 0: never */
};

/* True when the level that was last said is no longer the one that holds, and it is time to say so;
 * `track->told` then is the level. */
bool alert_judge(const struct alert_rule *rule, struct alert_track *track, bool has_value,
		 double value, int64_t now);

#endif
