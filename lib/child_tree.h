/*
 * Private to the child_*.c files: a child with all that it started, also what got away from it by
 * setsid() and double forks.
 */
#ifndef LIB_CHILD_TREE_H
#define LIB_CHILD_TREE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Ends a keeper (child_spec.kept), or a process inside child_run() that leaves this signal to the
 * system, together with all that it has started. */
#define CHILD_END_SIGNAL SIGUSR1

struct child_tree {
	pid_t root;    /* 0: every descendant of this process that did not come by `before` */
	bool adopts;   /* this process is a subreaper: orphans of the tree become its children */
	pid_t *before; /* owned: children it had already, which are none of the tree's */
	size_t nbefore, cap;
};

/* Notes the children that are there before the tree's root is started. */
void child_tree_init(struct child_tree *tree, bool adopts);
/* Sends a signal (0: none) to every living member; returns how many those are. The root itself,
 * when it is a zombie, is not among them: its reaper wants its status. */
size_t child_tree_signal(const struct child_tree *tree, int signal);
/* Reaps dead orphans that were adopted from the tree (never its root). */
void child_tree_reap(const struct child_tree *tree);
/* Kills a process and all its descendants; each is stopped before its children are looked for, so
 * that it can't start another one meanwhile. Whoever got away from a parent is found where orphans
 * stay: below a subreaper; but one that forks and ends may stay ahead there, since nobody reaps its
 * dead. Does not reap. */
void child_tree_end(pid_t pid);
/* child_tree_end() for the tree's root and what was adopted from it, again and again until nothing
 * lives, or `give_up` (monotonic) is reached. Reaps orphans. How many still live. */
size_t child_tree_kill(const struct child_tree *tree, int64_t give_up);
/* The same for one of this program's own processes that waits for its children: it is asked to end
 * itself and its tree, since it reaps them meanwhile, and is waited for a second at most. False
 * when it is still at it, or the kernel holds one of the tree: it ends by itself then. */
bool child_tree_ask(pid_t pid);
/* Ends a tree from outside, its keeper being the root or not. One that its keeper is still at, or
 * that the kernel holds, ends by itself. */
void child_tree_finish(const struct child_tree *tree, bool kept);
void child_tree_release(struct child_tree *tree);

#endif
