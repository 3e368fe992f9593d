/*
 * Private to the ledger: its files. Segments are ledger.jsonl, ledger-2.jsonl, ledger-3.jsonl ...;
 * only the newest is ever written.
 */
#ifndef LOGS_SEGMENT_H
#define LOGS_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/err.h"

#define SEGMENT_NAME 40

/* "ledger.jsonl" for 1. Returns `out`. */
char *segment_name(unsigned number, char out[SEGMENT_NAME]);
/* The number of the newest one, 0: there is none. `known` is one that is there, or 0. */
unsigned segment_newest(const char *folder, unsigned known);
/* Which file a segment is, whatever its name. */
struct segment_file {
	dev_t device;
	ino_t inode;
};

struct segment_file segment_file(int fd);
bool segment_file_is(struct segment_file a, struct segment_file b);
/* Its length in bytes, and in *file (or NULL) which file it is. -1: it can't be told, or is no
 * ordinary file. */
off_t segment_look(const char *folder, unsigned number, struct segment_file *file, struct err *err);
/* Appends what stands from `offset` on, at most `most` bytes of it (0: all). */
int segment_read(const char *folder, unsigned number, off_t offset, size_t most, struct buf *out,
		 struct err *err);
/* A descriptor for writing; with `make` the segment must not exist. The folder is synced. -1:
 * error. */
int segment_open(const char *folder, unsigned number, bool make, struct err *err);
/* Writes at `offset`, where the file ends, and keeps a reserve behind it. On failure nothing of it
 * is left. Not synced. */
int segment_write(int fd, off_t offset, const void *bytes, size_t len, struct err *err);
/* Moves what stands from `offset` on into NAME.torn-N. On failure nothing has changed. */
int segment_set_aside(const char *folder, unsigned number, off_t offset, struct err *err);
/* Cuts it off at `offset`. */
int segment_cut(const char *folder, unsigned number, off_t offset, struct err *err);
/* Takes the folder's lock (LOCK_EX or LOCK_SH); closing the result gives it back. Waits for others
 * up to five seconds: a holder that was stopped must not stop a console for good. */
int segment_lock(const char *folder, int how, struct err *err);

#endif
