/*
 * A small file of /proc or /sys that is read again and again: its descriptor stays open, so that
 * one look is one pread(2). That of a process means this very process, also when its pid is reused.
 */
#ifndef LIB_PROCFILE_H
#define LIB_PROCFILE_H

#include <stddef.h>
#include <sys/types.h>

struct procfile {
	char path[64];
	int fd; /* -1: not open */
};

void procfile_init(struct procfile *file, const char *path);
/* Its first `size` - 1 bytes, NUL-terminated; opened when it is not yet. Their number, or -1 with
 * errno (ESRCH: the process is gone). */
ssize_t procfile_read(struct procfile *file, char *out, size_t size);
void procfile_close(struct procfile *file);

#endif
