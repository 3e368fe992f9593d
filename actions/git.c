/* Moves a repository, or its tags and branches. */
#include <stdlib.h>
#include <string.h>

#include "actions/git_act.h"
#include "actions/types.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

static const struct git_do *const dos[] = { &git_do_checkout, &git_do_revert,
					    &git_do_reset,    &git_do_pull,
					    &git_do_tag,      &git_do_branch,
					    &git_do_push,     NULL };

static const char *const do_names[] = { "checkout", "revert", "reset", "pull",
					"tag",	    "branch", "push",  NULL };

static const struct field fields[] = {
	{ "git", FIELD_SOURCE, true, "the repository", "git", NULL },
	{ "do", FIELD_CHOICE, true, "what to do", NULL, do_names },
	{ "to", FIELD_STRING, false,
	  "checkout, reset: the tag, branch or commit to go to (a local branch is switched to, "
	  "anything else is checked out detached; reset moves HEAD's branch there); tag, branch: "
	  "where to make it (HEAD); revert: the last commit to revert (HEAD); pull: the remote's "
	  "branch",
	  NULL, NULL },
	{ "since", FIELD_STRING, false,
	  "revert: all commits since this one are reverted, newest first", NULL, NULL },
	{ "name", FIELD_STRING, false, "tag, branch, push: its name", NULL, NULL },
	{ "overwrites", FIELD_STRINGS, false,
	  "changed files (or folders), relative to the repository, that may be replaced; they are "
	  "kept for the undo",
	  NULL, NULL },
	{ 0 },
};

static const struct git_do *do_of(const json_t *args)
{
	const char *name = json_str(args, "do", "");

	for (const struct git_do *const *row = dos; *row; row++)
		if (strcmp((*row)->name, name) == 0)
			return *row;
	return NULL;
}

static void act_close(struct git_act *act)
{
	gitrepo_free(act->repo);
	free(act->overwrites);
	memset(act, 0, sizeof(*act));
}

static int act_open(struct git_act *act, const struct action_env *env, const json_t *args,
		    struct err *err)
{
	const json_t *paths = json_object_get(args, "overwrites");
	const char *source = json_str(args, "git", "");

	memset(act, 0, sizeof(*act));
	act->env = env;
	act->args = args;
	act->what = do_of(args);
	act->to = json_str(args, "to", NULL);
	act->since = json_str(args, "since", NULL);
	act->name = json_str(args, "name", NULL);
	if (!act->what)
		return err_set(err, "git: \"do\" names nothing that is known");
	if (act->what->needs && !json_str(args, act->what->needs, NULL))
		return err_set(err, "git %s: \"%s\" is missing", act->what->name, act->what->needs);
	if (gitrepo_spec_of(env->declared(env->data, source), &act->spec, err) < 0)
		return -1;
	act->overwrites = xcalloc(json_array_size(paths) + 1, sizeof(*act->overwrites));
	for (size_t i = 0; i < json_array_size(paths); i++)
		act->overwrites[i] = json_string_value(json_array_get(paths, i));
	act->repo = gitrepo_open(act->spec.path, err);
	if (!act->repo || gitrepo_head(act->repo, &act->head, err) < 0) {
		act_close(act);
		return -1;
	}
	return 0;
}

static enum risk_class git_risk(const json_t *args)
{
	const struct git_do *what = do_of(args);

	return what ? what->risk : ACTION_DESTRUCTIVE;
}

static int git_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		    struct err *err)
{
	struct git_act act;
	int rc;

	if (act_open(&act, env, args, err) < 0)
		return -1;
	rc = act.what->plan(&act, plan, err);
	act_close(&act);
	return rc;
}

static int git_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct git_act act;
	int rc;

	if (act_open(&act, env, args, err) < 0)
		return -1;
	rc = act.what->ready(&act, err);
	act_close(&act);
	return rc;
}

static json_t *git_before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct git_act act;
	json_t *before;

	if (act_open(&act, env, args, err) < 0)
		return NULL;
	before = act.what->before(&act, err);
	act_close(&act);
	return before;
}

static int git_run(const struct action_env *env, const json_t *args, const json_t *before,
		   json_t **facts, struct err *err)
{
	struct git_act act;
	int rc;

	if (act_open(&act, env, args, err) < 0)
		return -1;
	rc = act.what->run(&act, before, facts, err);
	act_close(&act);
	return rc;
}

static enum settled git_settled(const struct action_env *env, const json_t *args,
				const json_t *before, struct buf *why)
{
	struct git_act act;
	struct err err = ERR_INIT;
	enum settled settled;

	if (act_open(&act, env, args, &err) < 0) {
		buf_puts(why, err.msg);
		return SETTLED_UNKNOWN;
	}
	settled = act.what->settled(&act, before, why);
	act_close(&act);
	return settled;
}

static int git_undo(const struct action_env *env, const json_t *args, const json_t *before,
		    struct err *err)
{
	struct git_act act;
	int rc;

	if (act_open(&act, env, args, err) < 0)
		return -1;
	rc = act.what->undo ? act.what->undo(&act, before, err)
			    : err_set(err, "git %s can't be undone", act.what->name);
	act_close(&act);
	return rc;
}

static enum settled git_undone(const struct action_env *env, const json_t *args,
			       const json_t *before, struct buf *why)
{
	struct git_act act;
	struct err err = ERR_INIT;
	enum settled settled = SETTLED_NO;

	if (act_open(&act, env, args, &err) < 0) {
		buf_puts(why, err.msg);
		return SETTLED_UNKNOWN;
	}
	if (act.what->undone)
		settled = act.what->undone(&act, before, why);
	act_close(&act);
	return settled;
}

static int git_clean(const struct action_env *env, const json_t *args, const json_t *before,
		     struct err *err)
{
	struct git_act act;
	int rc = 0;

	if (act_open(&act, env, args, err) < 0)
		return -1;
	if (act.what->clean)
		rc = act.what->clean(&act, before, err);
	act_close(&act);
	return rc;
}

const struct action_type action_git = {
	.type = { .name = "git",
		  .help = "moves a git repository, or its tags and branches",
		  .fields = fields,
		  .examples =
		      "{\"git\": \"code\", \"do\": \"checkout\", \"to\": \"${good}\"}\n"
		      "{\"git\": \"code\", \"do\": \"revert\", \"since\": \"${good}\", "
		      "\"overwrites\": [\"config.py\"]}\n"
		      "{\"git\": \"code\", \"do\": \"reset\", \"to\": \"${good}\"}\n"
		      "{\"git\": \"code\", \"do\": \"tag\", \"name\": \"before-rollback\"}\n"
		      "{\"git\": \"code\", \"do\": \"branch\", \"name\": \"rescue\", \"to\": "
		      "\"HEAD\"}\n"
		      "{\"git\": \"code\", \"do\": \"pull\"}\n"
		      "{\"git\": \"code\", \"do\": \"push\", \"name\": \"before-rollback\"}" },
	.risk = git_risk,
	.plan = git_plan,
	.ready = git_ready,
	.before = git_before,
	.run = git_run,
	.settled = git_settled,
	.undo = git_undo,
	.undone = git_undone,
	.clean = git_clean,
};
