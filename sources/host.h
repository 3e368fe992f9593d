/*
 * The host, for panels and probes. The source must be of type "host" (host_is()).
 */
#ifndef SOURCES_HOST_H
#define SOURCES_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/prochost.h"
#include "lib/trend.h"
#include "sources/source.h"

struct host_seen {
	int64_t at;	       /* wall time of the look */
	double cpu_percent;    /* since the look before; NAN: not known yet, as the next three */
	double iowait_percent; /* waiting for disks, not counted in cpu_percent */
	double steal_percent;  /* taken by other guests of the machine below, counted in it */
	double swapping;       /* bytes a second, to swap and back */
	double memory_percent; /* that programs can't get any more */
	double swap_percent;   /* 0 when there is none */
	double load;	       /* of the latest minute */
	double uptime_s;
	double pressure[PRESSURES];		      /* percent; NAN: not measured on this host */
	int64_t memory, memory_free, swap, swap_free; /* bytes */
	int64_t
	    oom_kills;	/* processes killed for want of memory since the host was started, or -1 */
	int64_t oom_at; /* wall time when the latest one was seen; 0: none since the first look */
	int processors;
};

struct host_disk {
	const char *path;      /* borrowed */
	int64_t at;	       /* wall time of the latest answer; 0: none yet */
	const char *why;       /* why there was none the latest time; "": there was; borrowed */
	double percent;	       /* of that answer, as all below */
	double inodes_percent; /* NAN: this file system doesn't count them */
	int64_t size, free;    /* bytes */
	struct trend trend;    /* of the bytes in use */
	double full_hours;     /* until it is full; INFINITY: it is not filling up, or too early to
				  say (see trend) */
};

/* Whether it is of that type. */
bool host_is(const struct source *source);
/* Looks now when the latest sample is older than two seconds. -1 (with err) when /proc can't be
 * read. */
int host_look(struct source *source, struct host_seen *out, struct err *err);
/* The disk at `i`, in the declaration's order; false behind the last. */
bool host_disk(struct source *source, size_t i, struct host_disk *out);

#endif
