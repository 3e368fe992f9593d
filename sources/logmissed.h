/*
 * Files that a log was rotated into while nobody looked. Part of sources/logfollow.
 */
#ifndef SOURCES_LOGMISSED_H
#define SOURCES_LOGMISSED_H

#include <stddef.h>
#include <sys/stat.h>

#include "sources/logparts.h"

/* One such file, open for reading; whoever has the list closes it. */
struct logmissed {
	int fd;
	struct stat st;
};

/* New array, in the order in which they were written: unpacked rotated files that were written to
 * at `from` or after it, but neither the one that was read before (`was`; NULL: none) nor the one
 * there now, open as `now_fd`, nor a copy of that. */
struct logmissed *logmissed_find(const struct logparts *parts, const struct timespec *from,
				 const struct stat *was, int now_fd, const struct logpart *part,
				 size_t *n);
/* The copy that was made of a part before its file (`now`) was cut: a descriptor, -1: none. It may
 * hold more than was read of the part, or less. */
int logmissed_copy(const struct logparts *parts, const struct logpart *part, const struct stat *now,
		   struct stat *st);

#endif
