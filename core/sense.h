/*
 * Sensing: opens a target's sources, samples metrics, judges alerts, evaluates probes and
 * conditions.
 *
 * Live mode (with a loop) samples about once a second without blocking; probes that block are
 * evaluated in rounds in a child process, which streams their readings back and is ended when it
 * overstays. Blocking mode (sense_eval) evaluates here and now: for the runner and the command
 * line.
 */
#ifndef CORE_SENSE_H
#define CORE_SENSE_H

#include "checklists/condition.h"
#include "checklists/runbook.h"
#include "checklists/target.h"
#include "core/kept.h"
#include "lib/chart.h"
#include "lib/loop.h"
#include "sources/source.h"

struct sense;

/* A metric's alert, judged now. */
struct alert {
	const struct metric *metric; /* borrowed */
	enum level level;	     /* judged now; LEVEL_OK: none */
	enum level
	    told; /* what was said last: another one while the cooldown keeps `level` silent */
	double value;
	double threshold;      /* of `level` */
	int64_t since;	       /* wall time since which the level holds */
	double limits[4];      /* filled-in thresholds by enum level, NAN when not given */
	double recoveries[4];  /* likewise: the values past which levels go */
	bool no_data;	       /* a state of its own: the level is what was judged last */
	int64_t no_data_since; /* wall time of the last value, when there is no data */
	int64_t muted_until;   /* wall time until which nobody is to be disturbed by it; 0 */
};

/* A probe's latest reading, and since when its verdict has not changed (wall time). */
struct sensed {
	struct reading reading; /* .at 0: never evaluated yet */
	int64_t since;
};

enum sense_change { SENSE_ALERT, SENSE_CONDITION, SENSE_READINGS, SENSE_SOURCE };

struct sense_observer {
	/* An alert's level, whether it has data, or a condition's verdict changed (damped); or new
	 * readings or source data came. */
	void (*changed)(enum sense_change what, const void *subject, void *data);
	void *data;
};

/* The parts are borrowed and must outlive it. `params` (an object: answers to `ask` parameters) is
 * copied; NULL: none. `loop` NULL: blocking mode. */
struct sense *sense_new(struct loop *loop, const struct clock *clock, const struct runbook *runbook,
			const struct target *target, const json_t *params,
			const struct sense_observer *observer, struct err *err);
void sense_free(struct sense *sense);

/* Answers to `ask` parameters became known: later fills use them. */
void sense_params(struct sense *sense, const json_t *params);
/* Filled-in copy of any args. New; NULL when a parameter is missing. */
json_t *sense_fill(const struct sense *sense, const json_t *args, struct err *err);
/* Filled-in declaration of a source; borrowed. NULL when there is none, or a parameter is missing.
 */
const json_t *sense_declared(struct sense *sense, const char *source);
/* The parts it was made of; borrowed. */
const struct runbook *sense_runbook(const struct sense *sense);
/* All values that fills use, secrets and answers included; borrowed. */
const json_t *sense_values(const struct sense *sense);
/* A filled-in duration in microseconds; `fallback` for NULL or what can't be filled in. */
int64_t sense_duration(const struct sense *sense, const json_t *value, int64_t fallback);
/* When the trouble began (wall time): bounds "from before" probes. */
void sense_trouble(struct sense *sense, int64_t at);

/* When the system was deployed last (wall time; 0: nobody knows): for conditions with a `within`.
 */
void sense_deployed(struct sense *sense, int64_t at);

/* What is sensed is kept there from now on (borrowed, outlives it), and what was kept before is
 * remembered: windows, charts, how long probes have held, mutes. Once, before the loop turns.
 * Without a loop nothing is written. */
void sense_keep(struct sense *sense, struct kept *kept);
struct kept *sense_kept(const struct sense *sense); /* or NULL */
/* Another baseline was kept: what is set against it takes it over. */
void sense_baselines(struct sense *sense);

/* Until a wall time; 0: no more. Levels are judged all the same. */
void sense_mute(struct sense *sense, const struct metric *metric, int64_t until);
bool sense_is_muted(const struct sense *sense, const struct alert *alert);

/* An alert that is on record from before: it holds until the metric says otherwise. */
void sense_recall(struct sense *sense, const struct metric *metric, enum level level,
		  int64_t since);
/* A condition that holds by the record, since when: its `for` does not begin anew. Whether it holds
 * now is unknown until it was looked at. */
void sense_recall_condition(struct sense *sense, const struct condition *condition, int64_t since);

/* Live mode: which probes the next rounds evaluate besides the conditions' own. The array is
 * copied. */
void sense_watch(struct sense *sense, struct probe *const *probes, size_t n);
/* Live mode: whether somebody waits for what probes say (an incident is open): all are looked at
 * every two seconds. Else those that may block are, only every ten, while no alert is raised and no
 * condition's symptoms hold. */
void sense_attend(struct sense *sense, bool attended);
/* Live mode: a round begins at once, not at its time. */
void sense_now(struct sense *sense);
/* The latest known; never NULL. */
const struct sensed *sense_probe(const struct sense *sense, const struct probe *probe);
/* The latest value of a metric (verdict unknown: none yet, or it can't be read) and its alert. */
const struct reading *sense_metric(const struct sense *sense, const struct metric *metric);
const struct alert *sense_alert(const struct sense *sense, const struct metric *metric);
/* Time between two of its values, as far as it is known: what is much older than that is no news.
 */
int64_t sense_interval(const struct sense *sense, const struct metric *metric);
/* One for each condition of the runbook, in its order. */
const struct condition_state *sense_conditions(const struct sense *sense);
/* Points of a metric since `from`, oldest first; borrowed until the next turn of the loop. */
const struct chart_point *sense_series(const struct sense *sense, const struct metric *metric,
				       int64_t from, size_t *n);
/* An open source, for a panel that shows more than numbers; NULL. */
struct source *sense_source(const struct sense *sense, const char *name);

/* Blocking: evaluates a probe with its parts until `timeout_us` is over at most. `since`: as in
 * sources/probe.h. Sources are opened and sampled as needed. */
void sense_eval(struct sense *sense, const struct probe *probe, int64_t since, int64_t timeout_us,
		struct reading *out);
/* How far back probes may look, in wall times as in sources/probe.h. */
struct sense_window {
	int64_t since, shown_since;
};

/* Blocking: evaluates until all pass or `within_us` is over. Gives the verdict over all; `readings`
 * has n elements. */
enum verdict sense_verify(struct sense *sense, struct probe *const *probes, size_t n,
			  struct sense_window window, int64_t within_us, struct reading *readings);
/* Blocking: evaluates a probe object out of an action (filled in) until it passes; -1 when it
 * doesn't within `timeout_us`. */
int sense_await(struct sense *sense, const json_t *probe, int64_t timeout_us, struct err *err);

#endif
