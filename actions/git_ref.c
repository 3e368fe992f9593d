/* Tags and branches: made here, pushed there. */
#include <stdlib.h>
#include <string.h>

#include "actions/git_act.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

static bool is_tag(const struct git_act *act)
{
	return act->what == &git_do_tag;
}

static int ref_target(struct git_act *act, char commit[GIT_HEX], struct err *err)
{
	return gitrepo_resolve(act->repo, act->to ? act->to : "HEAD", commit, err);
}

static int ref_at(struct git_act *act, char commit[GIT_HEX], struct err *err)
{
	return is_tag(act) ? gitrepo_tag(act->repo, act->name, commit, err)
			   : gitrepo_branch(act->repo, act->name, commit, err);
}

static int ref_plan(struct git_act *act, struct plan *plan, struct err *err)
{
	const char *words[] = { act->what->name, act->name, act->to, NULL };
	char commit[GIT_HEX], there[GIT_HEX];
	int is;

	if (ref_target(act, commit, err) < 0 || (is = ref_at(act, there, err)) < 0)
		return -1;
	git_act_command(act, words, &plan->lines);
	if (is && strcmp(there, commit) == 0)
		buf_printf(&plan->lines, "%s %s is there already, at %.*s: nothing to do\n",
			   act->what->name, act->name, GIT_SHORT, commit);
	else
		buf_printf(&plan->lines, "%s %s is made at %.*s\n", act->what->name, act->name,
			   GIT_SHORT, commit);
	buf_printf(&plan->undo, "%s %s is removed again", act->what->name, act->name);
	return 0;
}

static int ref_ready(struct git_act *act, struct err *err)
{
	char commit[GIT_HEX], there[GIT_HEX];
	int is;

	if (ref_target(act, commit, err) < 0 || (is = ref_at(act, there, err)) < 0)
		return -1;
	if (is && strcmp(there, commit) != 0) {
		err_set(err, "%s: %s %s is there already, at %.*s, not at %.*s", act->spec.path,
			act->what->name, act->name, GIT_SHORT, there, GIT_SHORT, commit);
		return err_hint(err, "use another name, or look at what that one is for");
	}
	return 0;
}

static json_t *ref_before(struct git_act *act, struct err *err)
{
	char commit[GIT_HEX], there[GIT_HEX];
	int is;

	if (ref_target(act, commit, err) < 0 || (is = ref_at(act, there, err)) < 0)
		return NULL;
	return json_pack("{s:s, s:b, s:I}", "commit", commit, "was_there", is, "at",
			 (json_int_t)git_act_now(act));
}

static int ref_run(struct git_act *act, const json_t *before, json_t **facts, struct err *err)
{
	const char *commit = json_str(before, "commit", "");
	int rc = is_tag(act) ? gitrepo_make_tag(act->repo, act->name, commit, err)
			     : gitrepo_make_branch(act->repo, act->name, commit, err);

	if (rc == 0)
		*facts = json_pack("{s:s, s:s}", act->what->name, act->name, "commit", commit);
	return rc;
}

static enum settled ref_settled(struct git_act *act, const json_t *before, struct buf *why)
{
	const char *commit = json_str(before, "commit", "");
	struct err err = ERR_INIT;
	char there[GIT_HEX];
	int is = ref_at(act, there, &err);

	if (is < 0)
		buf_puts(why, err.msg);
	else if (is == 0)
		buf_printf(why, "there is no %s %s", act->what->name, act->name);
	else
		buf_printf(why, "%s %s is at %.*s", act->what->name, act->name, GIT_SHORT, there);
	return is < 0 ? SETTLED_UNKNOWN : is && !strcmp(there, commit) ? SETTLED_YES : SETTLED_NO;
}

static int ref_undo(struct git_act *act, const json_t *before, struct err *err)
{
	const char *commit = json_str(before, "commit", "");

	if (json_bool(before, "was_there", false))
		return 0;
	return is_tag(act) ? gitrepo_drop_tag(act->repo, act->name, commit, err)
			   : gitrepo_drop_branch(act->repo, act->name, commit, err);
}

static enum settled ref_undone(struct git_act *act, const json_t *before, struct buf *why)
{
	enum settled there = ref_settled(act, before, why);

	if (json_bool(before, "was_there", false))
		return there;
	return there == SETTLED_YES  ? SETTLED_NO
	       : there == SETTLED_NO ? SETTLED_YES
				     : SETTLED_UNKNOWN;
}

/* ---- Push ---- */

/* The full name of what is pushed, and its id here. */
static int push_ref(struct git_act *act, char *ref, size_t size, char id[GIT_HEX], struct err *err)
{
	int is = gitrepo_ref(act->repo, act->name, ref, size, id, err);

	if (is == 0) {
		err_set(err, "%s: there is neither a tag nor a branch %s to push", act->spec.path,
			act->name);
		return err_hint(err, "make it first, or correct the name");
	}
	return is < 0 ? -1 : 0;
}

static int push_plan(struct git_act *act, struct plan *plan, struct err *err)
{
	/* An earlier step of the same procedure may make it: it need not be there yet. */
	const char *words[] = { "push", act->spec.remote, act->name, NULL };

	(void)err;
	git_act_command(act, words, &plan->lines);
	return 0;
}

static int push_ready(struct git_act *act, struct err *err)
{
	char ref[300], id[GIT_HEX], there[GIT_HEX];

	if (push_ref(act, ref, sizeof(ref), id, err) < 0)
		return -1;
	return gitrepo_remote_ref(&act->spec, ref, git_act_left(act), there, err) < 0 ? -1 : 0;
}

static json_t *push_before(struct git_act *act, struct err *err)
{
	char ref[300], id[GIT_HEX], there[GIT_HEX];

	if (push_ref(act, ref, sizeof(ref), id, err) < 0 ||
	    gitrepo_remote_ref(&act->spec, ref, git_act_left(act), there, err) < 0)
		return NULL;
	return json_pack("{s:s, s:s, s:s}", "ref", ref, "id", id, "remote_was", there);
}

static int push_run(struct git_act *act, const json_t *before, json_t **facts, struct err *err)
{
	const char *ref = json_str(before, "ref", ""), *id = json_str(before, "id", "");
	char *spec = xasprintf("%s:%s", id, ref);
	const char *words[] = { "push", act->spec.remote, spec, NULL };
	int rc = gitrepo_command(&act->spec, words, git_act_left(act), act->env->log, NULL, err);

	if (rc == 0)
		*facts = json_pack("{s:s, s:s}", "ref", ref, "id", id);
	free(spec);
	return rc;
}

static enum settled push_settled(struct git_act *act, const json_t *before, struct buf *why)
{
	const char *ref = json_str(before, "ref", ""), *id = json_str(before, "id", "");
	struct err err = ERR_INIT;
	char there[GIT_HEX];
	int is = gitrepo_remote_ref(&act->spec, ref, git_act_left(act), there, &err);

	if (is < 0) {
		buf_puts(why, err.msg);
		return SETTLED_UNKNOWN;
	}
	buf_printf(why, "%s has %s at %.*s", act->spec.remote, ref, GIT_SHORT,
		   is ? there : "nothing");
	return is && strcmp(there, id) == 0 ? SETTLED_YES : SETTLED_NO;
}

static int ref_clean(struct git_act *act, const json_t *before, struct err *err)
{
	return git_act_unlock(act, before, err);
}

#define REFS                                                                        \
	.plan = ref_plan, .ready = ref_ready, .before = ref_before, .run = ref_run, \
	.settled = ref_settled, .undo = ref_undo, .undone = ref_undone, .clean = ref_clean

const struct git_do git_do_tag = { .name = "tag", .risk = ACTION_SAFE, .needs = "name", REFS };
const struct git_do git_do_branch = {
	.name = "branch", .risk = ACTION_SAFE, .needs = "name", REFS
};
const struct git_do git_do_push = { .name = "push",
				    .risk = ACTION_CAUTION,
				    .needs = "name",
				    .plan = push_plan,
				    .ready = push_ready,
				    .before = push_before,
				    .run = push_run,
				    .settled = push_settled };
