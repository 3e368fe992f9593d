/*
 * What the parts of the action "git" share: one table row for each "do".
 */
#ifndef ACTIONS_GIT_ACT_H
#define ACTIONS_GIT_ACT_H

#include "actions/action.h"
#include "lib/gitrepo.h"

/* One act on one repository, while a function of the action runs. */
struct git_act {
	const struct action_env *env; /* borrowed, as all below but `repo` and `overwrites` */
	const json_t *args;
	const struct git_do *what;
	struct gitrepo_spec spec;
	struct gitrepo *repo;
	struct git_head head;	       /* now */
	const char *to, *since, *name; /* or NULL */
	const char **overwrites;       /* NULL-terminated */
};

/* One value of "do". The functions as in struct action_type. */
struct git_do {
	const char *name;
	enum risk_class risk;
	const char *needs; /* the argument that must be there */
	int (*plan)(struct git_act *act, struct plan *plan, struct err *err);
	int (*ready)(struct git_act *act, struct err *err);
	json_t *(*before)(struct git_act *act, struct err *err);
	int (*run)(struct git_act *act, const json_t *before, json_t **facts, struct err *err);
	enum settled (*settled)(struct git_act *act, const json_t *before, struct buf *why);
	int (*undo)(struct git_act *act, const json_t *before,
		    struct err *err); /* NULL: it can't be */
	enum settled (*undone)(struct git_act *act, const json_t *before, struct buf *why);
	int (*clean)(struct git_act *act, const json_t *before, struct err *err); /* or NULL */
};

extern const struct git_do git_do_checkout, git_do_reset, git_do_revert,
    git_do_pull;						   /* git_move.c */
extern const struct git_do git_do_tag, git_do_branch, git_do_push; /* git_ref.c */

/* Time that is left for a command, at least a second. */
int64_t git_act_left(const struct git_act *act);
/* The system's wall time, as files bear it: what a pre-state has as "at". */
int64_t git_act_now(const struct git_act *act);
/* Removes the lock files that a dead run left; `before` has an "at". */
int git_act_unlock(struct git_act *act, const json_t *before, struct err *err);
/* Appends "$ git ..." as it will be run. */
void git_act_command(const struct git_act *act, const char *const *words, struct buf *out);

#endif
