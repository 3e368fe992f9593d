/*
 * Files that a log was rotated into while nobody looked. Part of sources/logfollow.
 */
#ifndef SOURCES_LOGMISSED_H
#define SOURCES_LOGMISSED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* One such file, open for reading; whoever has the list closes it. */
struct logmissed {
	int fd;
	struct stat st;
	int64_t turn; /* by its name: the oldest has the smallest */
};

/* New array, in the order in which they were written: uncompressed files beside the log that are
 * named as rotation names them (its name, a dot or dash, a digit), that are neither the one read
 * before (`was`) nor the one there now, and were written to after it. Names may change while it
 * looks. */
struct logmissed *logmissed_find(const char *folder, const char *base, const struct stat *was,
				 const struct stat *now, size_t *n);

#endif
