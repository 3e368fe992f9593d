/*
 * Judging a metric's readings against its thresholds. Pure: (rule, track, reading, now) -> track.
 *
 * A level is raised when the value has been past its threshold for `for_us` and for `samples`
 * readings in a row, and falls when the value has been on the good side of its recovery (the
 * threshold, where none is given) for `clear_us`: to the next lower level that has not recovered.
 * A reading
 * without a value changes no level: no data is not OK. It is a state of its own, after `no_data_us`
 * without a value; what was past a threshold before a gap of that length begins anew behind it. The
 * cooldown is per level and silences repetitions only. A clock that is set back neither raises nor
 * delays anything.
 */
#ifndef CORE_ALERTS_H
#define CORE_ALERTS_H

#include <stdbool.h>
#include <stdint.h>

#include "checklists/runbook.h"

struct alert_rule {
	double limits[4];     /* by enum level; NAN: not given */
	double recoveries[4]; /* likewise; NAN: the threshold. Never on its bad side */
	bool below;	      /* past a threshold means under it */
	int64_t for_us, clear_us, cooldown_us;
	int samples;	    /* in a row; 0 is 1 */
	int64_t no_data_us; /* 0: never */
};

struct alert_track {
	enum level level;   /* judged now */
	int64_t since;	    /* wall time since which the level holds */
	int64_t past[4];    /* wall time since which the value is past the level's threshold; 0: it
			       isn't */
	int count[4];	    /* how many readings in a row */
	int64_t short_of;   /* wall time since which the current level would have recovered; 0 */
	enum level told;    /* what was last said */
	int64_t told_at[4]; /* wall time when each level was last said; 0: never */
	int64_t at;	    /* wall time of the latest judgement; 0: none yet */
	int64_t valued_at;  /* wall time of the latest value (at first: of the first judgement) */
	bool no_data;
	int64_t no_data_since; /* wall time of the last value before, when there is no data */
};

enum alert_news {
	ALERT_LEVEL = 1, /* track->told is another level than was said before */
	ALERT_DATA = 2,	 /* data stopped, or came again: track->no_data */
};

/* What is to be said now: a sum of alert_news, 0 for nothing. */
int alert_judge(const struct alert_rule *rule, struct alert_track *track, bool has_value,
		double value, int64_t now);

#endif
