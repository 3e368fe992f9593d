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
	int64_t at;	    /* wall time of the look */
	bool failed;	    /* it can't be said: `why` */
	char why[200];	    /* also when there is none */
	size_t count;	    /* without workers of a matching process */
	pid_t pid;	    /* the oldest one; 0: none */
	int64_t started;    /* its wall time of start */
	int64_t rss;	    /* bytes, of all */
	double cpu_percent; /* NAN: not known yet */
	unsigned starts;    /* begun within the window, as far as they were seen */
};

/* Whether it is of that type. */
bool process_is(const struct source *source);
/* Looks now when the latest sample is older than two seconds. */
void process_look(struct source *source, int64_t window_us, struct process_seen *out);

#endif
