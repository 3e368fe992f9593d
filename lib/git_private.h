/*
 * What the files of the git driver share, and nobody else includes.
 */
#ifndef LIB_GIT_PRIVATE_H
#define LIB_GIT_PRIVATE_H

#include <git2.h>
#include <sys/types.h>

#include "lib/gitrepo.h"

struct gitrepo {
	git_repository *repo;
	char *path; /* owned */
};

/* Sets `err` from libgit2's last error: "git PATH: what: its reason". Returns -1. */
int git_fail(const struct gitrepo *repo, struct err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The hint for a lock that is held. Returns -1. */
int git_lock_hint(struct err *err);
/* New objects, to be freed with the git_..._free() of their kind. */
int git_commit_of(struct gitrepo *repo, const char *ref, git_commit **commit, struct err *err);
int git_tree_of(struct gitrepo *repo, const char *ref, git_tree **tree, struct err *err);
/* The operator's signature from the configuration, else one of the program's own. */
int git_sign(struct gitrepo *repo, git_signature **signature, struct err *err);
/* Sets the umask so that new files become as visible as the working tree's folder: the caller's may
 * be 077, and a service of another user has to read them. Returns the old one. */
mode_t git_umask(const char *folder);
/* 0 when libgit2 can move this repository to `tree` faithfully; else why not. *verbatim: no
 * attribute and no setting changes a byte between the repository and its files. */
int git_supported(struct gitrepo *repo, git_tree *tree, bool *verbatim, struct err *err);
/* True: nothing differs from HEAD, ignored files aside. False: something may. */
bool git_is_clean(struct gitrepo *repo);

#endif
