/*
 * Files that a log was rotated into while nobody looked. Part of sources/logfollow.
 */
#ifndef SOURCES_LOGMISSED_H
#define SOURCES_LOGMISSED_H

#include <stddef.h>
#include <sys/stat.h>

struct logmissed {
	char *path; /* owned */
	struct stat st;
};

/* New array, in the order in which they were written: uncompressed files beside the log whose names
 * begin with its name, that are neither the one read before (`was`) nor the one there now, and were
 * written to after it. */
struct logmissed *logmissed_find(const char *folder, const char *base, const struct stat *was,
				 const struct stat *now, size_t *n);
void logmissed_free(struct logmissed *list, size_t n);

#endif
