/* Asks a repository: clean, on a commit, has a tag, has been pushed. */
#include <stdlib.h>
#include <string.h>

#include "lib/gitrepo.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "sources/probe.h"
#include "sources/types.h"

static const struct field fields[] = {
	{ "git", FIELD_SOURCE, true, "the repository", "git", NULL },
	{ "clean", FIELD_BOOL, false,
	  "nothing differs from HEAD's commit; ignored files don't count", NULL, NULL },
	{ "except", FIELD_STRINGS, false, "with clean: files and folders that may differ", NULL,
	  NULL },
	{ "on", FIELD_STRING, false,
	  "HEAD's commit is the one that this tag, branch or commit means", NULL, NULL },
	{ "not_on", FIELD_STRING, false, "HEAD's commit is any other", NULL, NULL },
	{ "branch", FIELD_STRING, false, "HEAD stands on this branch", NULL, NULL },
	{ "has_tag", FIELD_STRING, false, "there is such a tag", NULL, NULL },
	{ "contains", FIELD_STRING, false, "this commit is HEAD's or one of its ancestors", NULL,
	  NULL },
	{ "commits_since", FIELD_STRING, false,
	  "how many commits HEAD has that this one has not (judged by below)", NULL, NULL },
	{ "below", FIELD_INT, false, "with commits_since: fewer than this (default 1: none)", NULL,
	  NULL },
	{ "pushed", FIELD_STRING, false,
	  "the remote has this branch or tag at the same commit (asks the remote)", NULL, NULL },
	{ 0 },
};

static const char *const one_of[] = { "clean",	       "on",	  "not_on",
				      "branch",	       "has_tag", "contains",
				      "commits_since", "pushed",  NULL };
static const char *const *const groups[] = { one_of, NULL };

struct question {
	const struct probe_env *env;
	const json_t *args;
	struct gitrepo_spec spec;
	struct gitrepo *repo;
	struct git_head head;
	char at[200]; /* HEAD for people */
	int64_t now;
	struct reading *out;
};

static int ask_clean(struct question *q, struct err *err)
{
	const json_t *except = json_object_get(q->args, "except");
	const char **paths = xcalloc(json_array_size(except) + 1, sizeof(*paths));
	bool want = json_bool(q->args, "clean", true) != 0;
	struct git_changes changes = { 0 };
	struct buf text = BUF_INIT;
	int rc;

	for (size_t i = 0; i < json_array_size(except); i++)
		paths[i] = json_string_value(json_array_get(except, i));
	rc = gitrepo_changes(q->repo, paths, &changes, err);
	if (rc == 0 && changes.n == 0)
		reading_judge(q->out, want, q->now, "clean, %s", q->at);
	if (rc == 0 && changes.n > 0) {
		git_changes_text(&changes, false, &text);
		reading_judge(q->out, !want, q->now, "%s", buf_str(&text));
	}
	buf_release(&text);
	git_changes_release(&changes);
	free(paths);
	return rc;
}

static int ask_on(struct question *q, const char *ref, bool want, struct err *err)
{
	char commit[GIT_HEX];
	char *here;

	if (gitrepo_resolve(q->repo, ref, commit, err) < 0)
		return -1;
	here = gitrepo_describe(q->repo, q->head.commit);
	reading_judge(q->out, (strcmp(commit, q->head.commit) == 0) == want, q->now,
		      "HEAD is %s (%s); %s is %.*s", q->at, here, ref, GIT_SHORT, commit);
	free(here);
	return 0;
}

static int ask_branch(struct question *q, const char *branch, struct err *err)
{
	(void)err;
	reading_judge(q->out, strcmp(q->head.branch, branch) == 0, q->now, "HEAD is %s", q->at);
	return 0;
}

static int ask_tag(struct question *q, const char *tag, struct err *err)
{
	char commit[GIT_HEX];
	int there = gitrepo_tag(q->repo, tag, commit, err);

	if (there < 0)
		return -1;
	if (there)
		reading_pass(q->out, q->now, "tag %s is at %.*s", tag, GIT_SHORT, commit);
	else
		reading_fail(q->out, q->now, "there is no tag %s", tag);
	return 0;
}

static int ask_contains(struct question *q, const char *ref, struct err *err)
{
	char commit[GIT_HEX];
	int has;

	if (gitrepo_resolve(q->repo, ref, commit, err) < 0 ||
	    (has = gitrepo_contains(q->repo, q->head.commit, commit, err)) < 0)
		return -1;
	reading_judge(q->out, has, q->now, "%s (%.*s) is %s HEAD's history (%s)", ref, GIT_SHORT,
		      commit, has ? "in" : "not in", q->at);
	return 0;
}

static int ask_since(struct question *q, const char *ref, struct err *err)
{
	double below = json_num(q->args, "below", 1);
	char commit[GIT_HEX];
	size_t n;

	if (gitrepo_resolve(q->repo, ref, commit, err) < 0 ||
	    gitrepo_count(q->repo, commit, q->head.commit, &n, err) < 0)
		return -1;
	reading_judge(q->out, (double)n < below, q->now,
		      "%zu %s since %s (%.*s), below %.0f is asked", n,
		      n == 1 ? "commit" : "commits", ref, GIT_SHORT, commit, below);
	q->out->has_value = true;
	q->out->value = (double)n;
	return 0;
}

static int ask_pushed(struct question *q, const char *name, struct err *err)
{
	int64_t left = q->env->deadline - clock_mono(q->env->clock);
	char here[GIT_HEX], there[GIT_HEX], ref[300];
	int local, remote;

	local = gitrepo_ref(q->repo, name, ref, sizeof(ref), here, err);
	if (local < 0)
		return -1;
	if (local == 0)
		return err_set(err, "there is neither a tag nor a branch %s here", name);
	remote = gitrepo_remote_ref(&q->spec, ref, left > CLOCK_US ? left : CLOCK_US, there, err);
	if (remote < 0)
		return -1;
	if (remote == 0)
		reading_fail(q->out, q->now, "%s has no %s", q->spec.remote, ref);
	else
		reading_judge(q->out, strcmp(here, there) == 0, q->now,
			      "%s is at %.*s here, at %.*s on %s", name, GIT_SHORT, here, GIT_SHORT,
			      there, q->spec.remote);
	return 0;
}

static int ask(struct question *q, struct err *err)
{
	const char *ref;

	if (json_object_get(q->args, "clean"))
		return ask_clean(q, err);
	if ((ref = json_str(q->args, "on", NULL)))
		return ask_on(q, ref, true, err);
	if ((ref = json_str(q->args, "not_on", NULL)))
		return ask_on(q, ref, false, err);
	if ((ref = json_str(q->args, "branch", NULL)))
		return ask_branch(q, ref, err);
	if ((ref = json_str(q->args, "has_tag", NULL)))
		return ask_tag(q, ref, err);
	if ((ref = json_str(q->args, "contains", NULL)))
		return ask_contains(q, ref, err);
	if ((ref = json_str(q->args, "commits_since", NULL)))
		return ask_since(q, ref, err);
	if ((ref = json_str(q->args, "pushed", NULL)))
		return ask_pushed(q, ref, err);
	return err_set(err, "the probe does not say what to ask");
}

static void git_eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	struct question q = { .env = env, .args = args, .out = out, .now = clock_wall(env->clock) };
	struct err err = ERR_INIT;
	int rc = -1;

	if (gitrepo_spec_of(env->declared(env->data, json_str(args, "git", "")), &q.spec, &err) ==
		0 &&
	    (q.repo = gitrepo_open(q.spec.path, &err)) != NULL &&
	    gitrepo_head(q.repo, &q.head, &err) == 0) {
		git_head_text(&q.head, q.at, sizeof(q.at));
		rc = q.head.commit[0] ? ask(&q, &err)
				      : err_set(&err, "%s has no commit yet", q.spec.path);
	}
	if (rc < 0)
		reading_unknown(out, q.now, "%s", err.msg);
	else
		snprintf(out->text, sizeof(out->text), "%s", q.head.commit);
	gitrepo_free(q.repo);
}

const struct probe_type probe_git = {
	.type = { .name = "git",
		  .help = "the state of a repository",
		  .fields = fields,
		  .one_of = groups },
	.blocks = true,
	.eval = git_eval,
};
