/*
 * The files that a log was rotated into: beside it, named as rotation names them: its name, a dot
 * or dash, a digit ("bot.log.1", "bot.log-20261121", "bot.log.2.gz").
 */
#ifndef SOURCES_LOGROTATED_H
#define SOURCES_LOGROTATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct logrotated {
	char *name; /* in the folder; owned */
	struct stat st;
	int64_t turn; /* by its name: the oldest has the smallest */
	bool packed;  /* compressed: it can't be read on */
};

/* New array, in the order in which they were written. Empty and other than ordinary files are left
 * out. */
struct logrotated *logrotated_list(const char *folder, const char *base, size_t *n);
void logrotated_free(struct logrotated *list, size_t n);
/* A descriptor to read it; -1 when that name is another file by now, or none. */
int logrotated_open(const char *folder, const struct logrotated *file);

bool logrotated_same(const struct stat *a, const struct stat *b);
/* Below, at or above 0 as `a` is older, as old, or younger. */
int logrotated_time(const struct timespec *a, const struct timespec *b);

#endif
