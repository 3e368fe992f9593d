/* The action "git" on real repositories, in the runner's order of calls. */
#include "tests/unit/act.h"

static const char sources[] = "{'code': {'path': '@/repo'}}";
static const char checkout[] =
    "{'git': 'code', 'do': 'checkout', 'to': 'good', 'overwrites': ['bot/config.py']}";

static void test_checkout(void **state)
{
	struct act act;
	char *plan;

	ws_repo(*state);
	act_begin(&act, *state, "git", sources, checkout);
	ws_sh(act.ws, "cd repo; echo LIVE = True >bot/config.py; echo n >note.txt");
	plan = act_plan(&act);
	assert_contains(plan, "checkout --detach good\n");
	assert_contains(plan, "leaves 2 commits behind:\n  ");
	assert_contains(plan, " Tune live scoring\n  ");
	assert_contains(plan, "bot/config.py (modified) is kept for the undo, then replaced\n");
	assert_contains(plan, "1 untracked file stays where it is\n");
	assert_contains(plan, "tag backout/before/2026-11-21-03.code-step.1 marks");
	free(plan);

	act_run(&act);
	ws_assert_file(act.ws, "repo/bot/main.py", "good\n");
	ws_assert_file(act.ws, "repo/bot/config.py", "LIVE = False  # the flag\n");
	ws_assert(act.ws, "cd repo; git describe --tags; git tag -l 'backout/*'",
		  "good\nbackout/before/2026-11-21-03.code-step.1");

	/* The flags are set anew meanwhile: that is no obstacle. */
	ws_sh(act.ws, "cd repo; echo LIVE = None >bot/config.py");
	assert_int_equal(act_settled(&act), SETTLED_YES);
	act_undo(&act);
	ws_assert_file(act.ws, "repo/bot/main.py", "worse\n");
	ws_assert_file(act.ws, "repo/bot/config.py", "LIVE = True\n");
	ws_assert(act.ws,
		  "cd repo; git symbolic-ref HEAD; git tag -l 'backout/*'; git status --porcelain",
		  "refs/heads/main\n M bot/config.py\n?? note.txt");
	act_end(&act);
}

static void test_checkout_of_a_branch(void **state)
{
	struct act act;

	ws_repo(*state);
	ws_sh(*state, "cd repo; git branch stable good");
	act_begin(&act, *state, "git", sources,
		  "{'git': 'code', 'do': 'checkout', 'to': 'stable'}");
	act_run(&act);
	ws_assert(act.ws, "cd repo; git symbolic-ref HEAD", "refs/heads/stable");
	act_undo(&act);
	ws_assert(act.ws, "cd repo; git symbolic-ref HEAD", "refs/heads/main");
	act_end(&act);
}

static void test_refusals(void **state)
{
	struct act act;

	ws_repo(*state);
	act_begin(&act, *state, "git", sources, checkout);
	ws_sh(act.ws, "cd repo; echo x >>bot/main.py");
	act_refused(&act, "not clean: 1 file differs: bot/main.py (modified)");
	ws_sh(act.ws, "cd repo; git checkout -q bot/main.py; git tag -d good");
	act_refused(&act, "there is no commit, tag or branch \"good\"");
	json_object_del(act.args, "to");
	act_refused(&act, "\"to\" is missing");
	act_end(&act);
}

/* HEAD moved between the record and the run. */
static void test_moved_before_run(void **state)
{
	struct act act;

	ws_repo(*state);
	act_begin(&act, *state, "git", sources, checkout);
	act_before(&act);
	ws_sh(act.ws, "cd repo; echo t >t; $GIT add t; $GIT commit -qm Theirs");
	assert_int_equal(act.type->run(&act.env, act.args, act.before, &act.facts, &act.err), -1);
	assert_contains(act.err.msg, "HEAD moved since");
	assert_int_equal(act_settled(&act), SETTLED_UNKNOWN);
	ws_assert(act.ws, "cd repo; git log -1 --format=%s; git tag -l 'backout/*'", "Theirs");
	act_end(&act);
}

/* After somebody worked on, an undo would lose it: it refuses and names the tag. */
static void test_undo_refused(void **state)
{
	struct act act;

	ws_repo(*state);
	act_begin(&act, *state, "git", sources, checkout);
	act_run(&act);
	ws_sh(act.ws, "cd repo; echo t >t; $GIT add t; $GIT commit -qm Fix");
	assert_int_equal(act.type->undo(&act.env, act.args, act.before, &act.err), -1);
	assert_contains(act.err.hint, "backout/before/2026-11-21-03.code-step.1");
	ws_assert(act.ws, "cd repo; git log -1 --format=%s", "Fix");
	act_end(&act);
}

static void test_died_in_the_middle(void **state)
{
	struct act act;

	ws_repo(*state);
	act_begin(&act, *state, "git", sources, checkout);
	ws_sh(act.ws, "cd repo; echo LIVE = True >bot/config.py");
	act_before(&act);
	ws_sh(act.ws,
	      "cd repo; git checkout -q bot/config.py; echo good >bot/main.py; rm bot/extra.py");
	assert_int_equal(act_settled(&act), SETTLED_NO);
	act_refused(&act, "not clean");
	assert_int_equal(act.type->clean(&act.env, act.args, act.before, &act.err), 0);
	ws_assert_file(act.ws, "repo/bot/config.py", "LIVE = True\n");
	ws_assert_file(act.ws, "repo/bot/main.py", "worse\n");
	act_run(&act);
	act_undo(&act);
	ws_assert_file(act.ws, "repo/bot/config.py", "LIVE = True\n");
	act_end(&act);
}

/* The commit stays, only a changed file is put right: done only when that happened. */
static void test_checkout_of_where_it_is(void **state)
{
	struct act act;

	ws_repo(*state);
	ws_sh(*state, "cd repo; git checkout -q good; echo LIVE = True >bot/config.py");
	act_begin(&act, *state, "git", sources, checkout);
	act_run(&act);
	ws_assert_file(act.ws, "repo/bot/config.py", "LIVE = False  # the flag\n");
	act_undo(&act);
	ws_assert_file(act.ws, "repo/bot/config.py", "LIVE = True\n");
	act_end(&act);
}

static void test_revert(void **state)
{
	struct act act;
	char *plan;

	ws_repo(*state);
	act_begin(&act, *state, "git", sources,
		  "{'git': 'code', 'do': 'revert', 'since': 'good', 'overwrites': "
		  "['bot/config.py']}");
	ws_sh(act.ws, "cd repo; echo LIVE = True >bot/config.py");
	plan = act_plan(&act);
	assert_contains(plan, "revert --no-edit good..HEAD\n");
	assert_contains(plan, "reverts 2 commits, one new commit each:\n");
	free(plan);
	act_run(&act);
	ws_assert(act.ws,
		  "cd repo; git diff --stat good; git log --format=%s good.. | wc -l; git "
		  "symbolic-ref HEAD",
		  "4\nrefs/heads/main");
	act_undo(&act);
	ws_assert_file(act.ws, "repo/bot/config.py", "LIVE = True\n");
	ws_assert(act.ws, "cd repo; git log --format=%s good..",
		  "Tune live scoring\nAdd live scoring");
	json_object_set_new(act.args, "to", json_string("main~1"));
	act_refused(&act, "conflicts in bot/main.py");
	act_end(&act);
}

static void test_reset(void **state)
{
	struct act act;
	char *plan;

	ws_repo(*state);
	act_begin(&act, *state, "git", sources, "{'git': 'code', 'do': 'reset', 'to': 'good'}");
	plan = act_plan(&act);
	assert_contains(plan, " no longer on the branch; tag ");
	free(plan);
	act_run(&act);
	ws_assert(act.ws, "cd repo; git log -1 --format=%s main; git symbolic-ref HEAD",
		  "First release\nrefs/heads/main");
	act_undo(&act);
	ws_assert(act.ws, "cd repo; git log -1 --format=%s main", "Tune live scoring");
	act_end(&act);
}

static void test_tag_and_branch(void **state)
{
	struct act act;

	ws_repo(*state);
	act_begin(&act, *state, "git", sources, "{'git': 'code', 'do': 'tag', 'name': 'pre-v1'}");
	act_run(&act);
	ws_assert(act.ws, "cd repo; git tag --points-at HEAD", "pre-v1");
	act_undo(&act);
	ws_assert(act.ws, "cd repo; git tag --points-at HEAD", "");
	act_end(&act);
	act_begin(&act, *state, "git", sources, "{'git': 'code', 'do': 'tag', 'name': 'good'}");
	act_refused(&act, "tag good is there already");
	act_end(&act);
	act_begin(&act, *state, "git", sources,
		  "{'git': 'code', 'do': 'branch', 'name': 'feature/x', 'to': 'good'}");
	act_run(&act);
	ws_assert(act.ws, "cd repo; git rev-parse feature/x good | uniq | wc -l", "1");
	act_undo(&act);
	act_end(&act);
}

/* A remote in a folder; planted hooks and fsmonitor would leave a file "ran". */
static void remote(struct workspace *ws)
{
	ws_repo(ws);
	assert_int_equal(ws_sh(ws,
			       "$GIT clone -q --bare repo remote.git; cd repo; git remote add "
			       "origin %s/remote.git\n"
			       "git fetch -q; cd ..; $GIT clone -q remote.git other\n"
			       "for h in pre-push post-merge post-checkout reference-transaction; "
			       "do\n"
			       "printf '#!/bin/sh\\ntouch %s/ran\\n' >repo/.git/hooks/$h\n"
			       "chmod +x repo/.git/hooks/$h; done\n"
			       "git -C repo config core.fsmonitor 'touch %s/ran; false'\n",
			       ws->path, ws->path, ws->path),
			 0);
}

static void test_pull(void **state)
{
	struct act act;

	remote(*state);
	ws_sh(*state, "cd other; echo next >bot/main.py; $GIT commit -qam Next; $GIT push -q "
		      "origin HEAD:main");
	act_begin(&act, *state, "git", sources, "{'git': 'code', 'do': 'pull'}");
	act_run(&act);
	ws_assert_file(act.ws, "repo/bot/main.py", "next\n");
	act_undo(&act);
	ws_assert_file(act.ws, "repo/bot/main.py", "worse\n");
	ws_assert(act.ws, "test -e ran || echo never", "never");

	/* Diverged: nothing moves. */
	ws_sh(act.ws, "cd repo; git config --unset core.fsmonitor; rm .git/hooks/*; echo own >own; "
		      "$GIT add own; "
		      "$GIT commit -qm Own");
	act_before(&act);
	assert_int_equal(act.type->run(&act.env, act.args, act.before, &act.facts, &act.err), -1);
	assert_contains(act.err.msg, "has diverged");
	ws_assert(act.ws, "cd repo; git log -1 --format=%s; git status --porcelain", "Own");
	act_end(&act);
}

static void test_push(void **state)
{
	struct act act;
	char *plan;

	remote(*state);
	ws_sh(*state, "cd repo; $GIT -c core.hooksPath=/dev/null tag -a -m Note noted; "
		      "rm -f ../ran");
	act_begin(&act, *state, "git", sources, "{'git': 'code', 'do': 'push', 'name': 'noted'}");
	plan = act_plan(&act);
	assert_contains(plan, "-c core.hooksPath=/dev/null -c core.fsmonitor=false");
	assert_contains(plan, "push origin noted\n");
	free(plan);
	act_run(&act);
	ws_assert(act.ws, "git -C remote.git cat-file -t noted", "tag");
	ws_assert(act.ws, "test -e ran || echo never", "never");
	assert_int_equal(act.type->undo(&act.env, act.args, act.before, &act.err), -1);
	json_object_set_new(act.args, "name", json_string("nothing"));
	act_refused(&act, "neither a tag nor a branch nothing");
	act_end(&act);

	/* Allowed hooks do run. */
	act_begin(&act, *state, "git", "{'code': {'path': '@/repo', 'allow_hooks': true}}",
		  "{'git': 'code', 'do': 'push', 'name': 'good'}");
	ws_sh(act.ws, "git -C remote.git tag -d good; git -C repo config --unset core.fsmonitor; "
		      "rm -f ran");
	act_run(&act);
	ws_assert(act.ws, "test -e ran && echo ran", "ran");
	act_end(&act);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, workspace_make, workspace_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_checkout),
		TEST(test_checkout_of_a_branch),
		TEST(test_refusals),
		TEST(test_moved_before_run),
		TEST(test_undo_refused),
		TEST(test_died_in_the_middle),
		TEST(test_checkout_of_where_it_is),
		TEST(test_revert),
		TEST(test_reset),
		TEST(test_tag_and_branch),
		TEST(test_pull),
		TEST(test_push),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
