/*
 * The room on a file system. Looking may block for good where a file server is gone: consoles look
 * in a child.
 */
#ifndef LIB_DISK_H
#define LIB_DISK_H

#include <stdint.h>

#include "lib/err.h"

struct disk_look {
	double percent;	       /* in use, as df(1) has it: used / (used + available) */
	double inodes_percent; /* in use; NAN: this file system doesn't count them */
	int64_t size, free;    /* bytes; free: what users other than root can get */
};

/* Of the file system that `path` is on. */
int disk_look(const char *path, struct disk_look *out, struct err *err);

#endif
