/* What moves HEAD and the files: checkout, reset, revert, pull. All are one move with another aim.
 */
#include <stdlib.h>
#include <string.h>

#include "actions/git_act.h"
#include "actions/keep.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"

/* Where a move goes. */
struct aim {
	char to[GIT_HEX];   /* "" for a revert: its commits are not made yet */
	char tree[GIT_HEX]; /* revert: the files it ends with */
	size_t count;	    /* revert: how many commits */
	enum git_how how;
	char branch[256]; /* GIT_SWITCH; pull: the remote's */
};

static int aim_checkout(struct git_act *act, struct aim *aim, struct err *err)
{
	int branch = gitrepo_branch(act->repo, act->to, aim->to, NULL);

	aim->how = branch == 1 ? GIT_SWITCH : GIT_DETACH;
	if (branch == 1)
		snprintf(aim->branch, sizeof(aim->branch), "%s", act->to);
	return branch == 1 ? 0 : gitrepo_resolve(act->repo, act->to, aim->to, err);
}

static int aim_reset(struct git_act *act, struct aim *aim, struct err *err)
{
	aim->how = GIT_ADVANCE;
	return gitrepo_resolve(act->repo, act->to, aim->to, err);
}

static int aim_revert(struct git_act *act, struct aim *aim, struct err *err)
{
	aim->how = GIT_ADVANCE;
	return gitrepo_revert(act->repo, act->since, act->to, true, aim->to, aim->tree, &aim->count,
			      err);
}

static int aim_pull(struct git_act *act, struct aim *aim, struct err *err)
{
	const char *branch = act->to		? act->to
			     : act->spec.branch ? act->spec.branch
						: act->head.branch;
	char ref[300];
	int there;

	aim->how = GIT_ADVANCE;
	snprintf(aim->branch, sizeof(aim->branch), "%s", branch);
	snprintf(ref, sizeof(ref), "refs/heads/%s", branch);
	if (!act->head.branch[0]) {
		err_set(err, "%s: HEAD is detached: there is no branch to pull into",
			act->spec.path);
		return err_hint(err, "check out the branch first");
	}
	there = gitrepo_remote_ref(&act->spec, ref, git_act_left(act), aim->to, err);
	if (there == 0)
		return err_set(err, "%s has no branch %s", act->spec.remote, branch);
	return there < 0 ? -1 : 0;
}

static int aim_take(struct git_act *act, struct aim *aim, struct err *err)
{
	memset(aim, 0, sizeof(*aim));
	if (!act->head.commit[0])
		return err_set(err, "%s has no commit yet", act->spec.path);
	if (act->what == &git_do_checkout)
		return aim_checkout(act, aim, err);
	if (act->what == &git_do_reset)
		return aim_reset(act, aim, err);
	if (act->what == &git_do_revert)
		return aim_revert(act, aim, err);
	return aim_pull(act, aim, err);
}

/* ---- Plan ---- */

static void plan_command(struct git_act *act, const struct aim *aim, struct buf *out)
{
	char since[300];
	const char *detach[] = { "checkout", "--detach", act->to, NULL };
	const char *switch_to[] = { "checkout", act->to, NULL };
	const char *reset[] = { "reset", "--keep", act->to, NULL };
	const char *revert[] = { "revert", "--no-edit", since, NULL };
	const char *fetch[] = { "fetch",     "--no-recurse-submodules",
				"--",	     act->spec.remote,
				aim->branch, NULL };
	const char *merge[] = { "merge", "--ff-only", aim->to, NULL };

	snprintf(since, sizeof(since), "%s..%s", act->since ? act->since : "",
		 act->to ? act->to : "HEAD");
	if (act->what == &git_do_checkout)
		git_act_command(act, aim->how == GIT_SWITCH ? switch_to : detach, out);
	else if (act->what == &git_do_reset)
		git_act_command(act, reset, out);
	else if (act->what == &git_do_revert)
		git_act_command(act, revert, out);
	else {
		git_act_command(act, fetch, out);
		git_act_command(act, merge, out);
	}
}

/* What is left behind, what is won: at most ten commits each. */
static int plan_commits(struct git_act *act, const struct aim *aim, struct buf *out,
			struct err *err)
{
	const char *head = act->head.commit;
	char base[GIT_HEX], upto[GIT_HEX];
	size_t behind = 0, ahead = 0;

	if (act->what == &git_do_revert) {
		if (gitrepo_resolve(act->repo, act->since, base, err) < 0 ||
		    gitrepo_resolve(act->repo, act->to ? act->to : "HEAD", upto, err) < 0)
			return -1;
		buf_printf(out, "reverts %zu %s, one new commit each:\n", aim->count,
			   aim->count == 1 ? "commit" : "commits");
		return gitrepo_log(act->repo, base, upto, 10, "  ", out, err);
	}
	if (act->what == &git_do_pull) {
		buf_printf(out, "%s/%s is at %.*s\n", act->spec.remote, aim->branch, GIT_SHORT,
			   aim->to);
		return 0;
	}
	if (gitrepo_count(act->repo, aim->to, head, &behind, err) < 0 ||
	    gitrepo_count(act->repo, head, aim->to, &ahead, err) < 0)
		return -1;
	if (behind > 0) {
		buf_printf(out, "leaves %zu %s behind:\n", behind,
			   behind == 1 ? "commit" : "commits");
		if (gitrepo_log(act->repo, aim->to, head, 10, "  ", out, err) < 0)
			return -1;
	}
	if (ahead > 0) {
		buf_printf(out, "adds %zu %s:\n", ahead, ahead == 1 ? "commit" : "commits");
		return gitrepo_log(act->repo, head, aim->to, 10, "  ", out, err);
	}
	return 0;
}

/* A reset takes commits off the branch; nothing but the tag names them then. */
static int plan_loss(struct git_act *act, const struct aim *aim, const char *tag, struct buf *loss,
		     struct err *err)
{
	size_t behind = 0;

	if (gitrepo_count(act->repo, aim->to, act->head.commit, &behind, err) < 0)
		return -1;
	if (behind > 0)
		buf_printf(loss, "%zu %s no longer on the branch; tag %s keeps %s\n", behind,
			   behind == 1 ? "commit is" : "commits are", tag,
			   behind == 1 ? "it" : "them");
	return 0;
}

static int plan_files(struct git_act *act, struct buf *out, struct err *err)
{
	struct git_changes changes;
	size_t untracked = 0;

	if (gitrepo_changes(act->repo, NULL, &changes, err) < 0)
		return -1;
	for (size_t i = 0; i < changes.n; i++) {
		const struct git_change *change = &changes.list[i];

		if (!git_path_in(change->path, act->overwrites)) {
			untracked += change->untracked;
			continue;
		}
		text_clean(out, change->path, strlen(change->path));
		buf_printf(out, " (%s) is kept for the undo, then replaced\n", change->what);
	}
	if (untracked > 0)
		buf_printf(out, "%zu untracked %s where %s\n", untracked,
			   untracked == 1 ? "file stays" : "files stay",
			   untracked == 1 ? "it is" : "they are");
	git_changes_release(&changes);
	return 0;
}

static int move_plan(struct git_act *act, struct plan *plan, struct err *err)
{
	char *tag = git_before_tag(act->env->intent ? act->env->intent : "MARK");
	struct aim aim;
	char from[200];
	int rc = -1;

	if (aim_take(act, &aim, err) < 0)
		goto out;
	plan_command(act, &aim, &plan->lines);
	buf_printf(&plan->lines, "HEAD is %s", git_head_text(&act->head, from, sizeof(from)));
	if (aim.to[0]) {
		char *described = act->what == &git_do_pull ? xstrndup(aim.to, GIT_SHORT)
							    : gitrepo_describe(act->repo, aim.to);

		buf_printf(&plan->lines, "; it goes to %s (%.*s), %s", described, GIT_SHORT, aim.to,
			   aim.how == GIT_DETACH   ? "detached"
			   : aim.how == GIT_SWITCH ? "on that branch"
						   : "its branch moves along");
		free(described);
	}
	buf_puts(&plan->lines, "\n");
	if (act->what == &git_do_reset && plan_loss(act, &aim, tag, &plan->loss, err) < 0)
		goto out;
	if (plan_commits(act, &aim, &plan->lines, err) < 0 ||
	    plan_files(act, &plan->lines, err) < 0)
		goto out;
	buf_printf(&plan->lines, "tag %s marks the state before\n", tag);
	buf_printf(&plan->undo, "HEAD goes back to where it is (%s), replaced files come back",
		   from);
	rc = 0;
out:
	free(tag);
	return rc;
}

/* ---- Run ---- */

static struct git_move move_of(struct git_act *act, const char *expected, const struct aim *aim)
{
	return (struct git_move){ .expected = expected,
				  .to =
				      aim->to[0] && act->what != &git_do_pull ? aim->to : expected,
				  .how = aim->how,
				  .branch = aim->branch,
				  .overwrites = act->overwrites,
				  .why = "backout" };
}

static int move_ready(struct git_act *act, struct err *err)
{
	struct git_move move;
	struct aim aim;

	if (aim_take(act, &aim, err) < 0)
		return -1;
	move = move_of(act, act->head.commit, &aim);
	return gitrepo_can_move(act->repo, &move, err);
}

/* New: what was changed among the overwrites, kept. */
static json_t *keep_overwrites(struct git_act *act, struct err *err)
{
	json_t *all = json_array();
	struct git_changes changes;

	if (gitrepo_changes(act->repo, NULL, &changes, err) < 0) {
		json_decref(all);
		return NULL;
	}
	for (size_t i = 0; all && i < changes.n; i++) {
		char *path;
		json_t *kept;

		if (!git_path_in(changes.list[i].path, act->overwrites))
			continue;
		path = path_join(act->spec.path, changes.list[i].path);
		kept = keep_file(act->env, path, NULL, err);
		free(path);
		if (!kept) {
			json_decref(all);
			all = NULL;
			break;
		}
		json_array_append_new(all, kept);
	}
	git_changes_release(&changes);
	return all;
}

static json_t *move_before(struct git_act *act, struct err *err)
{
	struct aim aim;
	char *tag;
	json_t *kept, *before;

	if (aim_take(act, &aim, err) < 0 || !(kept = keep_overwrites(act, err)))
		return NULL;
	tag = git_before_tag(act->env->intent);
	before = json_pack("{s:s, s:I, s:s, s:s, s:s, s:i, s:s, s:s, s:o}", "head",
			   act->head.commit, "at", (json_int_t)git_act_now(act), "branch",
			   act->head.branch, "to", aim.to, "tree", aim.tree, "how", (int)aim.how,
			   "to_branch", aim.branch, "tag", tag, "kept", kept);
	free(tag);
	if (!before)
		err_set(err, "%s: a branch's name is no UTF-8", act->spec.path);
	return before;
}

static void aim_recorded(const json_t *before, struct aim *aim)
{
	memset(aim, 0, sizeof(*aim));
	snprintf(aim->to, sizeof(aim->to), "%s", json_str(before, "to", ""));
	snprintf(aim->tree, sizeof(aim->tree), "%s", json_str(before, "tree", ""));
	snprintf(aim->branch, sizeof(aim->branch), "%s", json_str(before, "to_branch", ""));
	aim->how = (enum git_how)json_num(before, "how", GIT_DETACH);
}

static int fetch(struct git_act *act, const struct aim *aim, const char *head, struct err *err)
{
	const char *const words[] = { "fetch",	   "--no-recurse-submodules",
				      "--",	   act->spec.remote,
				      aim->branch, NULL };
	int newer;

	if (gitrepo_command(&act->spec, words, git_act_left(act), act->env->log, NULL, err) < 0)
		return -1;
	newer = gitrepo_contains(act->repo, aim->to, head, err);
	if (newer == 0) {
		err_set(err, "%s/%s has diverged from HEAD: it can't be fast-forwarded",
			act->spec.remote, aim->branch);
		return err_hint(err, "look at git log --graph, and merge or reset by hand");
	}
	return newer < 0 ? -1 : 0;
}

static int move_run(struct git_act *act, const json_t *before, json_t **facts, struct err *err)
{
	const char *head = json_str(before, "head", "");
	char tree[GIT_HEX], *described;
	struct git_move move;
	struct aim aim;
	size_t count;

	aim_recorded(before, &aim);
	if (strcmp(act->head.commit, head) != 0)
		return err_set(err, "%s: HEAD moved since the step was recorded", act->spec.path);
	if (act->what == &git_do_pull && fetch(act, &aim, head, err) < 0)
		return -1;
	if (act->what == &git_do_revert &&
	    gitrepo_revert(act->repo, act->since, act->to, false, aim.to, tree, &count, err) < 0)
		return -1;
	move = move_of(act, head, &aim);
	move.to = aim.to;
	if (gitrepo_make_tag(act->repo, json_str(before, "tag", ""), head, err) < 0 ||
	    gitrepo_move(act->repo, &move, err) < 0)
		return -1;
	described = gitrepo_describe(act->repo, aim.to);
	*facts = json_pack("{s:s, s:s, s:s, s:s}", "from", head, "to", aim.to, "describe",
			   described, "tag", json_str(before, "tag", ""));
	free(described);
	return 0;
}

/* ---- Judging ---- */

static bool head_is(const struct git_act *act, const char *commit, const char *branch)
{
	return strcmp(act->head.commit, commit) == 0 && strcmp(act->head.branch, branch) == 0;
}

/* Whether HEAD is where the move ends. A revert's commits are known by the files they end with. */
static bool head_arrived(struct git_act *act, const json_t *before)
{
	const char *head = json_str(before, "head", "");
	char tree[GIT_HEX];
	struct aim aim;

	aim_recorded(before, &aim);
	if (act->what == &git_do_revert)
		return strcmp(act->head.branch, json_str(before, "branch", "")) == 0 &&
		       strcmp(act->head.commit, head) != 0 &&
		       gitrepo_contains(act->repo, act->head.commit, head, NULL) == 1 &&
		       gitrepo_tree(act->repo, act->head.commit, tree, NULL) == 0 &&
		       strcmp(tree, aim.tree) == 0;
	return head_is(act, aim.to,
		       aim.how == GIT_SWITCH   ? aim.branch
		       : aim.how == GIT_DETACH ? ""
					       : json_str(before, "branch", ""));
}

/* Tracked files outside the overwrites that differ; said in `why`. -1: can't be read. */
static int tree_differs(struct git_act *act, struct buf *why)
{
	struct git_changes changes;
	struct err err = ERR_INIT;
	int n;

	if (gitrepo_changes(act->repo, act->overwrites, &changes, &err) < 0) {
		buf_puts(why, err.msg);
		return -1;
	}
	n = git_changes_tracked(&changes) > 0;
	if (n)
		git_changes_text(&changes, true, why);
	git_changes_release(&changes);
	return n;
}

/* How many kept files are as they were. */
static size_t kept_back(const json_t *before, struct buf *why)
{
	const json_t *kept = json_object_get(before, "kept");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(kept); i++)
		n += keep_is_back(json_array_get(kept, i), why, NULL) == 1;
	return n;
}

static enum settled move_settled(struct git_act *act, const json_t *before, struct buf *why)
{
	size_t kept = json_array_size(json_object_get(before, "kept"));
	char at[200];
	int differs;

	git_head_text(&act->head, at, sizeof(at));
	if (head_arrived(act, before)) {
		differs = tree_differs(act, why);
		if (differs)
			return SETTLED_UNKNOWN;
		if (kept > 0 &&
		    head_is(act, json_str(before, "head", ""), json_str(before, "branch", "")) &&
		    kept_back(before, NULL) == kept) {
			buf_printf(why, "HEAD is %s, as before, and no file was replaced yet", at);
			return SETTLED_NO;
		}
		buf_printf(why, "HEAD is %s, files are clean", at);
		return SETTLED_YES;
	}
	if (head_is(act, json_str(before, "head", ""), json_str(before, "branch", ""))) {
		buf_printf(why, "HEAD is still %s", at);
		return SETTLED_NO;
	}
	buf_printf(why, "HEAD is %s, which is neither where it was nor where it should go", at);
	return SETTLED_UNKNOWN;
}

/* ---- Undo ---- */

static int put_back_all(const json_t *before, struct err *err)
{
	const json_t *kept = json_object_get(before, "kept");

	for (size_t i = 0; i < json_array_size(kept); i++)
		if (keep_put_back(json_array_get(kept, i), NULL, err) < 0)
			return -1;
	return 0;
}

static int move_back(struct git_act *act, const json_t *before, struct err *err)
{
	const char *branch = json_str(before, "branch", "");
	struct git_move move = { .expected = act->head.commit,
				 .to = json_str(before, "head", ""),
				 .how = GIT_ADVANCE,
				 .branch = branch,
				 .overwrites = act->overwrites,
				 .why = "backout: undo" };
	char at[200];

	if (!head_arrived(act, before)) {
		err_set(err, "%s: HEAD is %s, not where this step left it", act->spec.path,
			git_head_text(&act->head, at, sizeof(at)));
		return err_hint(err, "the state before is tagged %s: go back by hand",
				json_str(before, "tag", "?"));
	}
	if (act->what == &git_do_checkout)
		move.how = branch[0] ? GIT_SWITCH : GIT_DETACH;
	/* An earlier undo may have been killed with its files half moved. */
	if (gitrepo_unmove(act->repo, &move, err) < 0)
		return -1;
	return gitrepo_move(act->repo, &move, err);
}

static int move_undo(struct git_act *act, const json_t *before, struct err *err)
{
	const char *head = json_str(before, "head", "");
	json_t *now;

	/* What stands in the overwritten files now is kept, too: an undo loses nothing either. */
	now = keep_overwrites(act, err);
	if (!now)
		return -1;
	json_decref(now);
	if (!head_is(act, head, json_str(before, "branch", "")) && move_back(act, before, err) < 0)
		return -1;
	if (put_back_all(before, err) < 0)
		return -1;
	return gitrepo_drop_tag(act->repo, json_str(before, "tag", ""), head, err);
}

static enum settled move_undone(struct git_act *act, const json_t *before, struct buf *why)
{
	size_t kept = json_array_size(json_object_get(before, "kept"));
	char at[200];
	int differs;

	if (!head_is(act, json_str(before, "head", ""), json_str(before, "branch", ""))) {
		buf_printf(why, "HEAD is %s", git_head_text(&act->head, at, sizeof(at)));
		return SETTLED_NO;
	}
	differs = tree_differs(act, why);
	if (differs)
		return differs < 0 ? SETTLED_UNKNOWN : SETTLED_NO;
	if (kept_back(before, why) != kept)
		return SETTLED_NO;
	buf_printf(why, "HEAD is %s again, as it was", git_head_text(&act->head, at, sizeof(at)));
	return SETTLED_YES;
}

/* Files that a killed checkout left half moved go back; so do the replaced ones. */
static int move_clean(struct git_act *act, const json_t *before, struct err *err)
{
	struct git_move move;
	struct aim aim;

	aim_recorded(before, &aim);
	if (git_act_unlock(act, before, err) < 0)
		return -1;
	if (!head_is(act, json_str(before, "head", ""), json_str(before, "branch", "")))
		return 0;
	if (act->what == &git_do_pull && gitrepo_resolve(act->repo, aim.to, aim.to, NULL) < 0)
		return 0; /* it was not even fetched */
	if (act->what == &git_do_revert) {
		char tree[GIT_HEX];
		size_t count;

		/* The same revert again ends with the same files, in commits of its own. */
		if (gitrepo_revert(act->repo, act->since, act->to, false, aim.to, tree, &count,
				   err) < 0)
			return -1;
	}
	move = move_of(act, act->head.commit, &aim);
	move.to = aim.to;
	if (move.how == GIT_SWITCH)
		move.how = GIT_DETACH; /* only files go back: the branch does not matter */
	return gitrepo_unmove(act->repo, &move, err) < 0 ? -1 : put_back_all(before, err);
}

#define MOVES                                                                           \
	.plan = move_plan, .ready = move_ready, .before = move_before, .run = move_run, \
	.settled = move_settled, .undo = move_undo, .undone = move_undone, .clean = move_clean

const struct git_do git_do_checkout = {
	.name = "checkout", .risk = ACTION_CAUTION, .needs = "to", MOVES
};
const struct git_do git_do_reset = {
	.name = "reset", .risk = ACTION_CAUTION, .needs = "to", MOVES
};
const struct git_do git_do_revert = {
	.name = "revert", .risk = ACTION_CAUTION, .needs = "since", MOVES
};
const struct git_do git_do_pull = { .name = "pull", .risk = ACTION_CAUTION, MOVES };
