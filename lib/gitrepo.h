/*
 * Git repositories: local work through libgit2, remote work through the `git` command.
 *
 * What is read is read without taking a lock and without writing anything, the index included. What
 * changes follows one order: new commits are made in memory first, the checkout is tried without
 * touching a file, then files move while HEAD is still where it was, and HEAD moves last, only if
 * nobody moved it meanwhile. When that last step is refused, the files go back. libgit2 runs no
 * hook and no external filter: a repository that needs a filter, or holds submodules, is refused
 * with the reason before anything moves.
 *
 * Commits are 40 lower-case hexadecimal characters. Paths are relative to the repository's root; a
 * path that names a folder stands for all below it. Functions block. libgit2 is initialised with
 * the first repository that is opened, and stays so: it reads all the certificates of the host.
 */
#ifndef LIB_GITREPO_H
#define LIB_GITREPO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/field.h"

#define GIT_HEX	  41 /* a commit with its final NUL */
#define GIT_SHORT 10 /* how many of them people are shown */

/* The "git" source declaration. */
extern const struct field git_fields[];

struct gitrepo_spec {
	const char *path;   /* borrowed from the declaration */
	const char *remote; /* "origin" unless declared */
	const char *branch; /* or NULL */
	bool allow_hooks;
};

/* Reads a declaration; -1 when it names no path. */
int gitrepo_spec_of(const json_t *declared, struct gitrepo_spec *spec, struct err *err);

struct gitrepo;

/* Initialises libgit2, which takes some milliseconds: for a process whose copies will open
 * repositories again and again. */
void gitrepo_begin(void);
/* New, or NULL: not there, no repository, belongs to somebody else, needs an extension. */
struct gitrepo *gitrepo_open(const char *path, struct err *err);
void gitrepo_free(struct gitrepo *repo);

/* ---- Reading ---- */

struct git_head {
	char commit[GIT_HEX]; /* "" when there is no commit yet */
	char branch[256];     /* short name, "" when detached */
};

int gitrepo_head(struct gitrepo *repo, struct git_head *head, struct err *err);
/* "main at 1a2b3c4d5e" or "detached at 1a2b3c4d5e". Returns `out`. */
char *git_head_text(const struct git_head *head, char *out, size_t size);

/* A commit, tag, branch or expression ("v1.0", "HEAD~2") as the commit it stands for. */
int gitrepo_resolve(struct gitrepo *repo, const char *ref, char commit[GIT_HEX], struct err *err);
/* Whether `name` is a local branch, and where it is. 1, 0 or -1. */
int gitrepo_branch(struct gitrepo *repo, const char *name, char commit[GIT_HEX], struct err *err);
/* Whether there is a tag of that name, and its commit. 1, 0 or -1. */
int gitrepo_tag(struct gitrepo *repo, const char *name, char commit[GIT_HEX], struct err *err);
/* The tag, else the branch `name`: its full reference name, and the id that stands in it (an
 * annotated tag's own one), which is what a remote lists. 1, 0 (there is neither) or -1. */
int gitrepo_ref(struct gitrepo *repo, const char *name, char *ref, size_t size, char id[GIT_HEX],
		struct err *err);
/* New: the nearest tag ("v1.0", "v1.0-3-g1a2b3c4"), else the short commit. */
char *gitrepo_describe(struct gitrepo *repo, const char *commit);
/* Whether `commit` is `tip` or one of its ancestors. 1, 0 or -1. */
int gitrepo_contains(struct gitrepo *repo, const char *tip, const char *commit, struct err *err);
/* How many commits `tip` has that `base` has not. */
int gitrepo_count(struct gitrepo *repo, const char *base, const char *tip, size_t *count,
		  struct err *err);
/* The same commits, newest first, at most `max`, one a line: "1a2b3c4d5e subject", cleaned, with
 * `indent` before it; then a line that says how many more there are. */
int gitrepo_log(struct gitrepo *repo, const char *base, const char *tip, size_t max,
		const char *indent, struct buf *out, struct err *err);

struct git_change {
	char *path; /* owned */
	bool untracked;
	const char *what; /* static: "modified", "deleted", "untracked", ... */
};

struct git_changes {
	struct git_change *list; /* owned */
	size_t n, cap;
};

/* All that differs from HEAD's commit, ignored files aside, and aside from `except`
 * (NULL-terminated, or NULL). */
int gitrepo_changes(struct gitrepo *repo, const char *const *except, struct git_changes *out,
		    struct err *err);
void git_changes_release(struct git_changes *changes);
/* How many are tracked files. */
size_t git_changes_tracked(const struct git_changes *changes);
/* "3 files differ: bot/config.py (modified), ...", at most four of them named, cleaned. */
void git_changes_text(const struct git_changes *changes, bool tracked_only, struct buf *out);
/* Whether `path` is one of `paths` or lies below one of them. */
bool git_path_in(const char *path, const char *const *paths);

/* ---- Changing ---- */

enum git_how {
	GIT_DETACH,  /* HEAD stands on the commit itself */
	GIT_SWITCH,  /* HEAD stands on branch `branch`, which must be at `to` */
	GIT_ADVANCE, /* HEAD's own branch moves (or HEAD, when it is detached) */
};

struct git_move {
	const char *expected; /* the commit that HEAD must be at, still, at the end */
	const char *to;	      /* the commit to go to */
	enum git_how how;
	const char *branch;
	/* Changed files that may be replaced; NULL-terminated, or NULL. */
	const char *const *overwrites;
	const char *why; /* for the reflog */
};

/* Whether the move would go through: nothing in progress, no filter, no submodule, no changed file
 * outside `overwrites`, nothing in the way. Changes nothing. */
int gitrepo_can_move(struct gitrepo *repo, const struct git_move *move, struct err *err);
/* Moves files and HEAD. On failure both are as before. */
int gitrepo_move(struct gitrepo *repo, const struct git_move *move, struct err *err);
/* After a death in the middle of a move: when each changed file outside `overwrites` is as `to` has
 * it and HEAD is still at `expected`, the files go back. `overwrites` become HEAD's: the caller has
 * kept them, and puts them back. Nothing changed: fine, too. */
int gitrepo_unmove(struct gitrepo *repo, const struct git_move *move, struct err *err);

/* Removes the lock files that a move of this user, killed since the wall time `since` (by the
 * system's clock, as files bear it), left behind; those that are older stay. -1 while another git
 * command is at work there. */
int gitrepo_unlock(struct gitrepo *repo, int64_t since, struct err *err);

/* Reverts the commits of `upto`'s first-parent line (NULL: HEAD's) since `since` (not itself),
 * newest first, one commit each on top of HEAD; merges against their first parent. Nothing but
 * objects is written, and with `dry` not even those. Gives the last new commit (`dry`: "") and its
 * tree. A conflict names the commit and file. */
int gitrepo_revert(struct gitrepo *repo, const char *since, const char *upto, bool dry,
		   char commit[GIT_HEX], char tree[GIT_HEX], size_t *count, struct err *err);
/* The tree of a commit. */
int gitrepo_tree(struct gitrepo *repo, const char *commit, char tree[GIT_HEX], struct err *err);

/* Creates a lightweight tag or a branch; one that is there already at `commit` is fine, elsewhere
 * an error. */
int gitrepo_make_tag(struct gitrepo *repo, const char *name, const char *commit, struct err *err);
int gitrepo_make_branch(struct gitrepo *repo, const char *name, const char *commit,
			struct err *err);
/* Removes it when it is at `commit`; missing is fine. */
int gitrepo_drop_tag(struct gitrepo *repo, const char *name, const char *commit, struct err *err);
int gitrepo_drop_branch(struct gitrepo *repo, const char *name, const char *commit,
			struct err *err);
/* New: "backout/before/MARK", with what a tag's name can't hold replaced by "-". */
char *git_before_tag(const char *mark);

/* ---- Remote: the `git` command ----
 *
 * The repository's hooks and fsmonitor are off, and a repository whose own configuration names
 * commands (core.sshCommand, a credential helper, ...) is refused, unless the declaration allows
 * them. The user's own configuration counts.
 */

/* New, for argv_free() of lib/argv.h: the whole command line. `words` is NULL-terminated. */
char **gitrepo_argv(const struct gitrepo_spec *spec, const char *const *words);
/* Runs it; standard output into `out` (may be NULL). Never asks for a password. `log` is a
 * descriptor for its messages, or -1. */
int gitrepo_command(const struct gitrepo_spec *spec, const char *const *words, int64_t timeout_us,
		    int log, struct buf *out, struct err *err);
/* The id that the remote has under a full reference name. 1, 0 (it has none) or -1. */
int gitrepo_remote_ref(const struct gitrepo_spec *spec, const char *ref, int64_t timeout_us,
		       char id[GIT_HEX], struct err *err);

#endif
