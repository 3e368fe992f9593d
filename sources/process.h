/*
 * The processes of a source, for panels and probes. The source must be of type "process"
 * (process_is()).
 */
#ifndef SOURCES_PROCESS_H
#define SOURCES_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sources/source.h"

struct process_seen {
	int64_t at;	       /* wall time of the look */
	bool failed;	       /* it can't be said: `why` */
	char why[200];	       /* also when there is none */
	size_t count;	       /* without workers of a matching process */
	size_t all;	       /* with them */
	size_t expected;       /* how many there should be; 0: nobody said */
	pid_t pid;	       /* the oldest one; 0: none */
	int64_t started;       /* its wall time of start */
	int64_t rss;	       /* bytes, of all */
	double cpu_percent;    /* NAN: not known yet */
	unsigned starts;       /* begun within the window, as far as they were seen */
	int threads;	       /* of all */
	int64_t files;	       /* open, of the one that is nearest to its limit; -1: not said */
	int64_t files_limit;   /* of that one */
	int64_t oom_kills;     /* in its control group, as long as that exists; -1: not said */
	int64_t oom_kills_new; /* since the first look */
};

/* One of them. */
struct process_one {
	pid_t pid;
	char state; /* 'R', 'S', 'D', ... */
	bool worker;
	int64_t started, rss; /* wall time; bytes */
	double cpu_percent;   /* NAN: not known yet */
	int threads;
	int64_t files, files_limit; /* -1: not said */
	const char *command;	    /* borrowed until the next look; clean */
};

/* Whether it is of that type. */
bool process_is(const struct source *source);
/* Looks now when the latest sample is older than two seconds. */
void process_look(struct source *source, int64_t window_us, struct process_seen *out);
/* The one at `i` of process_seen.all, oldest first, as of the latest look; false behind the last.
 */
bool process_at(struct source *source, size_t i, struct process_one *out);

#endif
