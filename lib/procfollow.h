/*
 * The processes that a declaration means, looked at again and again: those that are known through
 * descriptors that stay open, new ones among the pids that were given out since, and all of /proc
 * only now and then (a process may change its name long after it was started).
 */
#ifndef LIB_PROCFOLLOW_H
#define LIB_PROCFOLLOW_H

#include "lib/proc.h"

struct proc_follow;

/* `decl` is borrowed and outlives it. */
struct proc_follow *proc_follow_new(const struct proc_decl *decl);
void proc_follow_free(struct proc_follow *follow);
/* As proc_find(), at the monotonic time `mono`. */
int proc_follow_look(struct proc_follow *follow, int64_t mono, struct proc_list *out,
		     struct err *err);

#endif
