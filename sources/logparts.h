/*
 * The parts of a log, oldest first: a part is what one file held from its beginning until it was
 * cut, or the log went on in another file.
 *
 * A part is told by its bytes, not by its name, so that it is found again wherever rotation moved
 * or copied it, and nothing else is taken for it. No file is kept open.
 */
#ifndef SOURCES_LOGPARTS_H
#define SOURCES_LOGPARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* So many bytes at its beginning, and as many before the end of what was read, tell a part. */
#define LOGPART_MARK 64
/* So many are remembered; the oldest ones are forgotten. */
#define LOGPARTS_MAX 1024

struct logpart {
	int32_t id; /* grows by one from part to part */
	dev_t device;
	ino_t inode;
	struct timespec since; /* copies of it, and what was missed before it, were written then or
				* later: wall time */
	off_t end;	       /* so far it was read */
	char head[LOGPART_MARK], mark[LOGPART_MARK];
	size_t nhead, nmark;
};

struct logparts {
	char *folder, *base;  /* owned: where the log is */
	struct logpart *list; /* owned */
	size_t n, cap;
	int32_t next; /* id of the next younger part */
};

void logparts_init(struct logparts *parts, const char *path);
void logparts_release(struct logparts *parts);
/* A part that is younger than all others, or older. Borrowed until the next call. */
struct logpart *logparts_add(struct logparts *parts, const struct stat *st);
struct logpart *logparts_add_older(struct logparts *parts, const struct stat *st);
/* Borrowed; NULL when it is none, or forgotten. */
struct logpart *logparts_get(const struct logparts *parts, int32_t id);

/* Takes `len` bytes that were read at the part's end for the bytes that tell it. */
void logpart_grow(struct logpart *part, const char *bytes, size_t len);
/* The last bytes that were read stand where they were. */
bool logpart_mark_holds(const struct logpart *part, int fd);
/* These bytes were read at the part's end, and the file has not been cut since: what was read
 * before them still stands there, or they themselves when they are the first. */
bool logpart_goes_on(const struct logpart *part, int fd, const char *bytes, size_t len);
/* Fills in the first bytes of a part that was not read from its beginning. */
void logpart_head_read(struct logpart *part, int fd);
/* A file of that size begins as the part does, as far as it reaches. */
bool logpart_head_holds(const struct logpart *part, int fd, off_t size);
/* A file that holds all that was read of the part. */
bool logpart_holds(const struct logpart *part, int fd, const struct stat *st);
/* The file `other` of that size ends as `fd` has it at that place: one may be a copy of the other.
 */
bool logpart_alike(int fd, int other, off_t size);
/* Only a copy is left of it, that ends before what was read: as many whole lines as it has. */
void logpart_shorten(struct logpart *part, int copy, off_t size);
/* A descriptor of such a file, wherever it is now; -1: there is none any more. */
int logpart_open(const struct logparts *parts, const struct logpart *part, struct stat *st);

#endif
