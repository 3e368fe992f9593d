/*
 * The way to a file, walked once: for what must not be led astray.
 *
 * Whoever may write to a folder on the way can put a symbolic link there, also between two looks.
 * So the way is walked with descriptors, and what is done is done relative to the folder that was
 * reached. A link of root's or of our own is followed; another user's link leads only to what that
 * user owns (as Apache's SymLinksIfOwnerMatch has it): so a deployer's "current" works, and nobody
 * turns an edit that root makes to a file that isn't theirs.
 */
#ifndef LIB_WAY_H
#define LIB_WAY_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "lib/err.h"

struct way {
	const char *path; /* borrowed: as it was given, for messages */
	int dir;	  /* the folder that the file lies in, readable; owned */
	char name[NAME_MAX + 1];
	/* Other users' links were passed, all of `linker`'s, or of several users (`linkers`). */
	bool linked, linkers;
	uid_t linker;
};

/* Walks to the folder of `path`; with `follow` the last part is followed, too, when it is a link.
 * The last part need not be there. `roots` (NULL-terminated absolute paths, or NULL): the folder
 * that was reached lies in one of them. */
int way_walk(struct way *way, const char *path, bool follow, const char *const *roots,
	     struct err *err);
/* Fine for a way that was never walked, if its `dir` is -1. */
void way_release(struct way *way);
/* What stands at its end, no link followed. 1, 0 (nothing), or -1: can't be looked at, or a link
 * led to what isn't its owner's. */
int way_stat(const struct way *way, struct stat *st, struct err *err);
/* Opens what stands at its end for reading, an ordinary file; -1 on failure, a link included. */
int way_open(const struct way *way, struct stat *st, struct err *err);
/* Removes what stands at its end, no folder, and syncs the folder; missing is fine. */
int way_unlink(const struct way *way, struct err *err);

#endif
