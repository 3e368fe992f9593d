/*
 * Keeps what the ledgers say of routines and phases (core/recorded.h) up to date, read beside a
 * loop by a copy of this process: there may be many ledgers, and other consoles and cron write
 * some.
 */
#ifndef CORE_RECORDER_H
#define CORE_RECORDER_H

#include "core/recorded.h"
#include "lib/loop.h"

struct recorder;

struct recorder_spec {
	struct loop *loop;	       /* borrowed */
	const struct clock *clock;     /* borrowed */
	const struct runbook *runbook; /* borrowed */
	const char *target;	       /* borrowed */
	void (*changed)(void *data);   /* it was read anew */
	void *data;
};

/* New; NULL when the runbook has neither routines nor phases. Nothing is known yet. */
struct recorder *recorder_new(const struct recorder_spec *spec);
/* Both of these, and all below, take NULL. */
void recorder_free(struct recorder *recorder);
/* Begins to read where that is due: once a minute, and soon after recorder_soon(). -1 with err when
 * it can't be begun. */
int recorder_tick(struct recorder *recorder, struct err *err);
void recorder_soon(struct recorder *recorder);
/* Reads it at once, for who has just put something on record and looks at it next. Blocking. */
void recorder_read(struct recorder *recorder);
/* NULL while nothing is known; borrowed until the next turn of the loop. */
const struct recorded *recorder_now(const struct recorder *recorder);

#endif
