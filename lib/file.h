/*
 * Files, safely.
 */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/err.h"

/* Appends a whole file, at most `max` bytes (0: no limit; a larger file is an error). */
int file_read(const char *path, struct buf *out, size_t max, struct err *err);
/* Writes all bytes to a descriptor, however often it is interrupted. 0, or -1 with errno. */
int file_write(int fd, const void *bytes, size_t len);
/* Appends the last `max` bytes of an ordinary file, and what is added while it is read. */
int file_read_end(const char *path, struct buf *out, size_t max, struct err *err);
/* Replaces a file atomically: temporary file in the same folder, fsync, owner, mode and access
 * list of the old one (or `mode` for a new one), rename, fsync of the folder. A symlink is refused.
 * On failure the old file is untouched and no temporary file stays. */
int file_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct err *err);
/* The same for a file that holds `was`, and only while it does: refused when somebody changed or
 * swapped it since. What an earlier edit that was killed left beside it is removed. */
int file_edit(const char *path, const struct buf *was, const struct buf *now, struct err *err);

/* A copy: synced, and seen under its name only when it is whole. */
struct file_copying {
	const char *from, *to;
	const char *const *roots; /* of which one holds `to`'s folder, links followed; NULL: any */
	const char *const *from_roots; /* the same of `from` */
	const char *sha256;	       /* else it is not put in place; NULL: whatever it is */
	bool keep;	       /* what stands at `to` keeps its owner, mode and access list */
	const struct stat *as; /* owner and mode; NULL: those of `from` */
};
int file_copying(const struct file_copying *copying, struct err *err);
/* Bytes, mode, attributes and (as root) owner. */
int file_copy(const char *from, const char *to, struct err *err);
/* Creates a folder with its parents, synced; fine if it is there. */
int file_mkdirs(const char *path, mode_t mode, struct err *err);
/* fsync of a folder: the names in it are durable. */
int file_sync_folder(const char *path, struct err *err);
/* Removes a tree without following symlinks or leaving its file system. Missing is fine. */
int file_remove_tree(const char *path, struct err *err);
/* Whatever it is; a symlink that leads nowhere is not there. */
bool file_exists(const char *path);
/* Bytes that an unprivileged user may still write below `path`; -1 on failure. */
int64_t file_space(const char *path, struct err *err);
/* New: `a` and `b` joined by exactly one slash. */
char *path_join(const char *a, const char *b);
/* New: the folder of a path, "." when it has none. */
char *path_folder(const char *path);
/* Whether a path lies in `root`, and is not `root` itself; by their names alone: links and ".." are
 * the caller's. */
bool path_below(const char *path, const char *root);

#endif
