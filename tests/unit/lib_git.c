/* Git on real repositories: reading, reverting, tags and branches. */
#include "tests/unit/gitfixture.h"

static void test_reading(void **state)
{
	struct fixture f;
	struct git_head head;
	struct err err = ERR_INIT;
	struct buf log = BUF_INIT;
	char commit[GIT_HEX], text[100], *described;
	size_t n;

	fixture_open(&f, state);
	assert_int_equal(gitrepo_head(f.repo, &head, &err), 0);
	assert_string_equal(head.branch, "main");
	assert_string_equal(head.commit, f.head);
	assert_contains(git_head_text(&head, text, sizeof(text)), "main at ");
	assert_int_equal(gitrepo_tag(f.repo, "good", commit, &err), 1);
	assert_string_equal(commit, f.good);
	assert_int_equal(gitrepo_tag(f.repo, "none", commit, &err), 0);
	assert_int_equal(gitrepo_branch(f.repo, "main", commit, &err), 1);
	assert_int_equal(gitrepo_count(f.repo, f.good, f.head, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(gitrepo_contains(f.repo, f.head, f.good, &err), 1);
	assert_int_equal(gitrepo_contains(f.repo, f.good, f.head, &err), 0);
	described = gitrepo_describe(f.repo, f.head);
	assert_int_equal(strncmp(described, "good-2-g", 8), 0);
	free(described);
	assert_int_equal(gitrepo_log(f.repo, f.good, f.head, 1, "  ", &log, &err), 0);
	assert_contains(buf_str(&log), " Tune live scoring\n  ... and 1 more\n");
	assert_int_equal(gitrepo_resolve(f.repo, "nowhere", commit, &err), -1);
	assert_contains(err.msg, "no commit, tag or branch \"nowhere\"");
	buf_release(&log);
	fixture_close(&f);
}

static void test_changes(void **state)
{
	const char *const except[] = { "bot/config.py", "tmp/", NULL };
	struct fixture f;
	struct git_changes changes;
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;

	fixture_open(&f, state);
	assert_int_equal(gitrepo_changes(f.repo, NULL, &changes, &err), 0);
	assert_int_equal(changes.n, 0);
	ws_sh(f.ws, "cd repo; echo x >>bot/config.py; echo y >bot.log; mkdir tmp; echo z >tmp/a; "
		    "rm bot/extra.py");
	assert_int_equal(gitrepo_changes(f.repo, NULL, &changes, &err), 0);
	assert_int_equal(changes.n, 3);
	assert_int_equal(git_changes_tracked(&changes), 2);
	git_changes_text(&changes, false, &text);
	assert_string_equal(buf_str(&text),
			    "3 files differ: bot/config.py (modified), bot/extra.py (deleted), "
			    "tmp/a (untracked)");
	git_changes_release(&changes);
	assert_int_equal(gitrepo_changes(f.repo, except, &changes, &err), 0);
	assert_int_equal(changes.n, 1);
	assert_string_equal(changes.list[0].path, "bot/extra.py");
	git_changes_release(&changes);
	buf_release(&text);
	assert_true(git_path_in("bot/config.py", except));
	assert_false(git_path_in("bot/config.pyc", except));
	fixture_close(&f);
}

static void test_revert(void **state)
{
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;
	char commit[GIT_HEX], tree[GIT_HEX], dry[GIT_HEX], *objects, *want;
	size_t count;

	fixture_open(&f, state);
	objects = ws_get(f.ws, "cd repo; git count-objects");
	assert_int_equal(gitrepo_revert(f.repo, "good", NULL, true, commit, dry, &count, &err), 0);
	assert_int_equal(count, 2);
	ws_assert(f.ws, "cd repo; git count-objects", objects);
	free(objects);
	assert_int_equal(gitrepo_revert(f.repo, "good", NULL, false, commit, tree, &count, &err),
			 0);
	assert_string_equal(tree, dry);
	assert_unmoved(&f);
	move = (struct git_move){
		.expected = f.head, .to = commit, .how = GIT_ADVANCE, .why = "revert"
	};
	assert_int_equal(gitrepo_move(f.repo, &move, &err), 0);
	ws_assert(f.ws,
		  "cd repo; git diff good HEAD; git status --porcelain; git symbolic-ref HEAD; "
		  "git log --format=%s good..",
		  "refs/heads/main\nRevert \"Add live scoring\"\nRevert \"Tune live scoring\"\n"
		  "Tune live scoring\nAdd live scoring");
	want = xasprintf("This reverts commit %s.", f.head);
	ws_assert(f.ws, "cd repo; git log -1 --skip=1 --format=%b", want);
	free(want);
	fixture_close(&f);
}

static void test_revert_merge(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	char commit[GIT_HEX], tree[GIT_HEX], want[GIT_HEX];
	size_t count;

	fixture_open(&f, state);
	assert_int_equal(
	    ws_sh(f.ws,
		  "cd repo; $GIT checkout -q -b side good; echo s >side.py; $GIT add -A; "
		  "$GIT commit -qm Side; $GIT checkout -q main; $GIT merge -q --no-ff -m M side"),
	    0);
	assert_int_equal(gitrepo_revert(f.repo, "good", NULL, false, commit, tree, &count, &err),
			 0);
	assert_int_equal(count, 3);
	assert_int_equal(gitrepo_tree(f.repo, f.good, want, &err), 0);
	assert_string_equal(tree, want);
	fixture_close(&f);
}

static void test_revert_conflict(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	char commit[GIT_HEX], tree[GIT_HEX], *objects;
	size_t count;

	fixture_open(&f, state);
	/* Both commits changed the same line: the first of them alone can't be taken back. */
	objects = ws_get(f.ws, "cd repo; git count-objects");
	assert_int_equal(gitrepo_revert(f.repo, "good", "main~1", true, commit, tree, &count, &err),
			 -1);
	assert_contains(err.msg, "conflicts in bot/main.py: nothing was moved");
	assert_contains(err.msg, "Add live scoring");
	ws_assert(f.ws, "cd repo; git count-objects", objects);
	err_clear(&err);
	assert_int_equal(gitrepo_revert(f.repo, "good", "main~1", false, commit, tree, &count,
					&err),
			 -1);
	assert_unmoved(&f);
	ws_assert(f.ws, "cd repo; git status --porcelain; test -e .git/REVERT_HEAD || echo none",
		  "none");

	/* A commit of another file goes, what came after it stays. */
	err_clear(&err);
	assert_int_equal(ws_sh(f.ws, "cd repo; echo 1 >a; $GIT add a; $GIT commit -qm A; "
				     "echo 2 >b; $GIT add b; $GIT commit -qm B"),
			 0);
	assert_int_equal(gitrepo_revert(f.repo, "main~2", "main~1", false, commit, tree, &count,
					&err),
			 0);
	assert_int_equal(count, 1);
	ws_sh(f.ws, "cd repo; git ls-tree --name-only %s", commit);
	ws_assert_file(f.ws, "out.txt", ".gitignore\nb\nbot\n");

	assert_int_equal(gitrepo_revert(f.repo, "main", NULL, true, commit, tree, &count, &err),
			 -1);
	assert_contains(err.msg, "there is no commit between");
	err_clear(&err);
	ws_sh(f.ws, "cd repo; $GIT checkout -q -b side good; $GIT commit -q --allow-empty -m S; "
		    "git checkout -q main");
	assert_int_equal(gitrepo_revert(f.repo, "side", NULL, true, commit, tree, &count, &err),
			 -1);
	assert_contains(err.msg, "side is no ancestor of HEAD");
	free(objects);
	fixture_close(&f);
}

static void test_hooks_never_run(void **state)
{
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;
	char commit[GIT_HEX], tree[GIT_HEX];
	size_t count;

	fixture_open(&f, state);
	assert_int_equal(ws_sh(f.ws,
			       "cd repo/.git/hooks; for h in post-checkout pre-commit post-commit "
			       "reference-transaction post-index-change; do "
			       "printf '#!/bin/sh\\ntouch %s/ran\\n' >$h; chmod +x $h; done; "
			       "cd ../..; git config core.fsmonitor 'touch %s/ran; false'",
			       f.ws->path, f.ws->path),
			 0);
	move = to_good(&f);
	assert_int_equal(gitrepo_revert(f.repo, "good", NULL, false, commit, tree, &count, &err),
			 0);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), 0);
	assert_int_equal(gitrepo_make_tag(f.repo, "t1", f.good, &err), 0);
	ws_assert(f.ws, "test -e ran || echo never", "never");
	/* The trap is a real one. */
	ws_sh(f.ws, "cd repo; git status; git checkout -q main");
	ws_assert(f.ws, "test -e ran && echo ran", "ran");
	fixture_close(&f);
}

static void test_open_errors(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	char *path;

	fixture_open(&f, state);
	assert_null(gitrepo_open(f.ws->path, &err));
	assert_contains(err.msg, "is no git repository");
	err_clear(&err);
	path = ws_path(f.ws, "nowhere");
	assert_null(gitrepo_open(path, &err));
	assert_contains(err.msg, "No such file");
	free(path);
	if (geteuid() == 0) {
		err_clear(&err);
		ws_sh(f.ws, "chown -R 65534:65534 repo");
		assert_null(gitrepo_open(f.path, &err));
		assert_contains(err.msg, "belongs to user 65534, not to user 0");
		assert_contains(err.hint, "safe.directory");
	}
	fixture_close(&f);
}

static void test_tags_and_branches(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	char commit[GIT_HEX], *tag;

	fixture_open(&f, state);
	assert_int_equal(gitrepo_make_tag(f.repo, "good", f.good, &err), 0);
	assert_int_equal(gitrepo_make_tag(f.repo, "good", f.head, &err), -1);
	assert_contains(err.msg, "is there already");
	err_clear(&err);
	assert_int_equal(gitrepo_make_branch(f.repo, "feature/x", f.head, &err), 0);
	assert_int_equal(gitrepo_drop_branch(f.repo, "feature/x", f.good, &err), -1);
	err_clear(&err);
	assert_int_equal(gitrepo_drop_branch(f.repo, "feature/x", f.head, &err), 0);
	assert_int_equal(gitrepo_drop_branch(f.repo, "main", f.head, &err), -1);
	err_clear(&err);
	assert_int_equal(gitrepo_make_tag(f.repo, "a b", f.head, &err), -1);
	err_clear(&err);
	tag = git_before_tag("2026-11-21-03.code/tag..x~1.lock");
	assert_string_equal(tag, "backout/before/2026-11-21-03.code-tag--x-1-lock");
	assert_int_equal(gitrepo_make_tag(f.repo, tag, f.head, &err), 0);
	assert_int_equal(gitrepo_tag(f.repo, tag, commit, &err), 1);
	assert_int_equal(gitrepo_drop_tag(f.repo, tag, f.head, &err), 0);
	assert_int_equal(gitrepo_tag(f.repo, tag, commit, &err), 0);
	free(tag);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reading),	 TEST(test_changes),	       TEST(test_revert),
		TEST(test_revert_merge), TEST(test_revert_conflict),   TEST(test_hooks_never_run),
		TEST(test_open_errors),	 TEST(test_tags_and_branches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
