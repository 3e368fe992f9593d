/*
 * The room on one file system, asked now and then in a copy of this process: a file server that is
 * gone holds up nobody else. How fast it fills up is kept for some hours.
 */
#ifndef SOURCES_HOSTDISK_H
#define SOURCES_HOSTDISK_H

#include "lib/disk.h"
#include "lib/trend.h"
#include "sources/source.h"

#define HOSTDISK_POINTS	     720 /* two hours, at one each HOSTDISK_EVERY_US */
#define HOSTDISK_EVERY_US    (10 * CLOCK_US)
#define HOSTDISK_PATIENCE_US (5 * CLOCK_US)

struct hostdisk {
	const struct source_env *env; /* borrowed */
	char *path;		      /* owned */
	struct task *task;	      /* under way, or NULL */
	int64_t next;		      /* monotonic */
	unsigned silent;	      /* how often in a row there was no answer in time */
	int64_t at;		      /* wall time of the latest answer; 0: none yet */
	struct disk_look look;
	char why[200];		  /* why there was none the latest time; "": there was */
	struct chart_point *used; /* owned: bytes in use over time */
	size_t nused, cap;
};

/* Must not move afterwards. */
void hostdisk_init(struct hostdisk *disk, const struct source_env *env, const char *path);
void hostdisk_release(struct hostdisk *disk);
/* Asks when it is time to; without a loop here and now. */
void hostdisk_sample(struct hostdisk *disk);
/* Where it is going: bytes in use. */
void hostdisk_trend(const struct hostdisk *disk, struct trend *out);

#endif
