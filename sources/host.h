/*
 * The host, for panels and probes. The source must be of type "host" (host_is()).
 */
#ifndef SOURCES_HOST_H
#define SOURCES_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "sources/source.h"

struct host_seen {
	int64_t at;	       /* wall time of the look */
	double cpu_percent;    /* since the look before; NAN: not known yet */
	double memory_percent; /* that programs can't get any more */
	double swap_percent;   /* 0 when there is none */
	double disk_percent;   /* NAN: `disk` can't be read */
	double load;	       /* of the latest minute */
	double uptime_s;
	int64_t memory, memory_free, swap, swap_free, disk_free; /* bytes */
	int processors;
	const char *disk; /* the path that disk_percent is of; borrowed */
};

/* Whether it is of that type. */
bool host_is(const struct source *source);
/* Looks now when the latest sample is older than two seconds. -1 (with err) when /proc can't be
 * read. */
int host_look(struct source *source, struct host_seen *out, struct err *err);

#endif
