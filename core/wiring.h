/*
 * A runbook's sources on one target: parameters filled in, declarations, open sources, and the
 * numbers that metrics read from them. Sensing, evaluating, planning and running all stand on it.
 *
 * With a loop (live) all sources are opened at once and read as they are. Without one, sources are
 * opened when they are first asked for, on a loop of the wiring's own, which is turned until they
 * have something to say.
 */
#ifndef CORE_WIRING_H
#define CORE_WIRING_H

#include "checklists/runbook.h"
#include "checklists/target.h"
#include "lib/loop.h"
#include "lib/redact.h"
#include "sources/source.h"

struct wired {
	const struct source_def *def; /* borrowed */
	json_t *args;		      /* owned: filled in; NULL: a parameter is missing */
	struct source *source;	      /* owned; NULL: not open */
	char *problem;		      /* owned: why it is not open, or NULL */
};

struct wiring {
	const struct runbook *runbook; /* borrowed */
	const struct target *target;   /* borrowed; NULL: the runbook alone */
	const struct clock *clock;     /* borrowed */
	struct loop *loop;	       /* borrowed when live, else owned; made when needed */
	bool live;
	struct source_env env;
	struct redactor *redactor; /* owned: knows the secrets */
	json_t *values;		   /* owned: parameter -> value, secrets and answers included */
	struct wired *sources;	   /* owned */
	size_t nsources;
	/* Reads a metric that is made of others (core/derive.h); NULL: nobody does. */
	void (*derived)(const struct metric *metric, struct reading *out, void *data);
	void *derived_data;
	struct reading *latest; /* owned: one for each metric of the runbook */
	int64_t warm_until; /* monotonic: a source was opened so recently that it may be silent */
	int64_t sampled;    /* monotonic: last wiring_sample() */
};

/* The parts are borrowed. `loop` NULL: blocking. `env` gives `changed` and `data` for live sources,
 * or NULL. Wiring must not move afterwards. */
void wiring_init(struct wiring *wiring, struct loop *loop, const struct clock *clock,
		 const struct runbook *runbook, const struct target *target,
		 const struct source_env *env);
void wiring_release(struct wiring *wiring);
/* Answers to `ask` parameters. Declarations that named one are filled in anew. */
void wiring_params(struct wiring *wiring, const json_t *params);
/* New; NULL with err when a parameter is missing. */
json_t *wiring_fill(const struct wiring *wiring, const json_t *args, struct err *err);
/* A source's declaration, filled in; borrowed. NULL when there is none, or a parameter is missing.
 */
const json_t *wiring_declared(struct wiring *wiring, const char *source);
/* The open source; opened now when not live. NULL when it is none that can be sampled, or can't be.
 */
struct source *wiring_source(struct wiring *wiring, const char *source);
/* Those that can be; the others say why in `problem`. */
void wiring_open_all(struct wiring *wiring);
/* Begins a sample of every open source. */
void wiring_sample(struct wiring *wiring);
/* Not live: turns the own loop for `us`, sampling once a second. */
void wiring_pump(struct wiring *wiring, int64_t us);
/* Not live: whether a source that was opened just now may still find its voice; waits a little
 * then. */
bool wiring_warming(struct wiring *wiring, int64_t deadline);
/* Reads a metric from its source; `since` as in source_type.read. */
void wiring_read(struct wiring *wiring, const struct metric *metric, int64_t since,
		 struct reading *out);
/* Filled-in duration (a string) in microseconds; `fallback` for NULL or what can't be filled in. */
int64_t wiring_duration(const struct wiring *wiring, const json_t *value, int64_t fallback);
/* Filled-in number; NAN for NULL or what can't be filled in. */
double wiring_number(const struct wiring *wiring, const json_t *value);
#endif
