/* Git on real repositories. */
#include "tests/unit/workspace.h"

#include <signal.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/gitrepo.h"

struct fixture {
	struct workspace *ws;
	char *path;
	struct gitrepo *repo;
	char head[GIT_HEX], good[GIT_HEX];
};

static void fixture_open(struct fixture *f, void **state)
{
	struct err err = ERR_INIT;

	f->ws = *state;
	ws_repo(f->ws);
	f->path = ws_path(f->ws, "repo");
	f->repo = gitrepo_open(f->path, &err);
	assert_non_null(f->repo);
	assert_int_equal(gitrepo_resolve(f->repo, "main", f->head, &err), 0);
	assert_int_equal(gitrepo_resolve(f->repo, "good", f->good, &err), 0);
}

static void fixture_close(struct fixture *f)
{
	gitrepo_free(f->repo);
	free(f->path);
}

static struct git_move to_good(struct fixture *f)
{
	return (struct git_move){
		.expected = f->head, .to = f->good, .how = GIT_DETACH, .why = "test"
	};
}

/* Nothing moved: HEAD stands on main, as the git command sees it. */
static void assert_unmoved(struct fixture *f)
{
	char *want = xasprintf("%s\nrefs/heads/main", f->head);

	ws_assert(f->ws, "cd repo; git rev-parse HEAD; git symbolic-ref HEAD", want);
	ws_assert_file(f->ws, "repo/bot/main.py", "worse\n");
	free(want);
}

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

static void test_checkout_and_back(void **state)
{
	struct fixture f;
	struct git_move move, back;
	struct err err = ERR_INIT;
	char *want, *before;

	fixture_open(&f, state);
	ws_sh(f.ws, "cd repo; echo note >untracked.txt");
	move = to_good(&f);
	/* Trying it writes nothing, not even a fresh index. */
	before = ws_get(f.ws, "ls -i repo/.git/index; find repo/.git | wc -l");
	assert_int_equal(gitrepo_can_move(f.repo, &move, &err), 0);
	ws_assert(f.ws, "ls -i repo/.git/index; find repo/.git | wc -l", before);
	free(before);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), 0);
	want = xasprintf("%s\n?? untracked.txt", f.good);
	ws_assert(f.ws,
		  "cd repo; git rev-parse HEAD; ! git symbolic-ref -q HEAD; git status --porcelain",
		  want);
	free(want);
	ws_assert_file(f.ws, "repo/bot/main.py", "good\n");
	ws_assert(f.ws, "cd repo; test -e bot/extra.py || echo gone", "gone");
	ws_assert(f.ws, "cd repo; git reflog -1 --format=%gs", "test");
	back = (struct git_move){
		.expected = f.good, .to = f.head, .how = GIT_SWITCH, .branch = "main", .why = "back"
	};
	assert_int_equal(gitrepo_move(f.repo, &back, &err), 0);
	assert_unmoved(&f);
	fixture_close(&f);
}

static void test_dirty_refused(void **state)
{
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;

	fixture_open(&f, state);
	move = to_good(&f);
	ws_sh(f.ws, "cd repo; echo mine >>bot/config.py");
	assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
	assert_contains(err.msg, "bot/config.py (modified)");
	assert_contains(err.hint, "overwrites");
	assert_unmoved(&f);
	ws_assert_file(f.ws, "repo/bot/config.py", "LIVE = False  # the flag\nmine\n");
	fixture_close(&f);
}

static void test_overwrites_replaced(void **state)
{
	const char *const overwrites[] = { "bot/config.py", NULL };
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;

	fixture_open(&f, state);
	move = to_good(&f);
	move.overwrites = overwrites;
	ws_sh(f.ws, "cd repo; echo mine >bot/config.py; $GIT add bot/config.py; echo more "
		    ">>bot/config.py");
	assert_int_equal(gitrepo_move(f.repo, &move, &err), 0);
	ws_assert(f.ws, "cd repo; git status --porcelain; git describe --tags", "good");
	ws_assert_file(f.ws, "repo/bot/config.py", "LIVE = False  # the flag\n");
	fixture_close(&f);
}

static void test_untracked_in_the_way(void **state)
{
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;

	fixture_open(&f, state);
	ws_sh(f.ws, "cd repo; git rm -q --cached bot/config.py; $GIT commit -qm 'No config'; echo "
		    "own >bot/config.py");
	assert_int_equal(gitrepo_resolve(f.repo, "HEAD", f.head, &err), 0);
	move = to_good(&f);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
	assert_contains(err.msg, "in the way, first bot/config.py");
	assert_unmoved(&f);
	ws_assert_file(f.ws, "repo/bot/config.py", "own\n");
	fixture_close(&f);
}

static void test_locks(void **state)
{
	const char *const overwrites[] = { "bot/config.py", NULL };
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;

	fixture_open(&f, state);
	move = to_good(&f);
	move.overwrites = overwrites;
	ws_sh(f.ws, "cd repo; echo mine >bot/config.py; touch .git/index.lock");
	assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
	assert_unmoved(&f);
	ws_assert_file(f.ws, "repo/bot/config.py", "mine\n");

	ws_sh(f.ws,
	      "cd repo; rm .git/index.lock; git checkout -q bot/config.py; touch .git/index.lock");
	err_clear(&err);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
	assert_unmoved(&f);
	ws_assert(f.ws, "cd repo; git --no-optional-locks status --porcelain", "");
	ws_sh(f.ws, "cd repo; echo mine >bot/config.py");

	/* The last step fails after the files moved: they come back. */
	ws_sh(f.ws, "cd repo; rm .git/index.lock; touch .git/HEAD.lock");
	err_clear(&err);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
	assert_contains(err.hint, "lock");
	assert_unmoved(&f);
	ws_assert_file(f.ws, "repo/bot/config.py", "mine\n");
	ws_assert(f.ws, "cd repo; rm .git/HEAD.lock; git status --porcelain", " M bot/config.py");

	/* Also where it is the branch that is locked, by a commit in progress. */
	ws_sh(f.ws, "cd repo; touch .git/refs/heads/main.lock");
	err_clear(&err);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
	assert_unmoved(&f);
	fixture_close(&f);
}

/* A folder that can't be written to stops the checkout in the middle: what moved goes back. */
static void test_checkout_fails_halfway(void **state)
{
	static const char *const stuck[] = { "z/file", ".git/index" };
	struct fixture f;
	struct git_move move;

	fixture_open(&f, state);
	assert_int_equal(ws_sh(f.ws,
			       "cd repo; mkdir z; echo 1 >z/file; echo other >bot/main.py; "
			       "$GIT add -A; $GIT commit -qm Z; echo 2 >z/file; "
			       "echo worse >bot/main.py; echo n >new; git rm -q bot/extra.py; "
			       "$GIT add -A; $GIT commit -qm Z2"),
			 0);
	assert_int_equal(gitrepo_resolve(f.repo, "main", f.head, NULL), 0);
	assert_int_equal(gitrepo_resolve(f.repo, "main~1", f.good, NULL), 0);
	if (ws_sh(f.ws, "touch x; chattr +i x; chattr -i x") != 0) {
		fixture_close(&f);
		return; /* no immutable files here: cmocka's skip() reads as a failure in TAP */
	}
	move = to_good(&f);
	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;

		ws_sh(f.ws, "chattr +i repo/%s", stuck[i]);
		assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
		ws_sh(f.ws, "chattr -i repo/%s", stuck[i]);
		assert_null(strstr(err.msg, "NOT back"));
		assert_unmoved(&f);
		ws_assert(f.ws, "cd repo; git status --porcelain; ls", "bot\nnew\nz");
	}
	fixture_close(&f);
}

static void test_concurrent_commit(void **state)
{
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;
	char now[GIT_HEX];

	fixture_open(&f, state);
	move = to_good(&f);
	ws_sh(f.ws, "cd repo; echo theirs >bot/their.py; $GIT add -A; $GIT commit -qm 'Theirs'");
	assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
	assert_contains(err.msg, "somebody moved it");
	assert_int_equal(gitrepo_resolve(f.repo, "main", now, &err), 0);
	assert_string_not_equal(now, f.head);
	ws_assert_file(f.ws, "repo/bot/their.py", "theirs\n");
	ws_assert(f.ws, "cd repo; git status --porcelain; git symbolic-ref HEAD",
		  "refs/heads/main");
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

static void test_unsupported(void **state)
{
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;

	fixture_open(&f, state);
	move = to_good(&f);
	ws_sh(f.ws, "cd repo; mkdir -p .git/info; echo '*.py filter=lfs' >.git/info/attributes");
	assert_int_equal(gitrepo_can_move(f.repo, &move, &err), -1);
	assert_contains(err.msg, "external filter");
	err_clear(&err);

	/* In the commit to go to, not in this one. */
	assert_int_equal(ws_sh(f.ws,
			       "cd repo; rm .git/info/attributes; $GIT checkout -q -b lfs good; "
			       "echo '*.bin filter=lfs diff=lfs' >.gitattributes; $GIT add -A; "
			       "$GIT commit -qm LFS; git tag with-lfs; git checkout -q main"),
			 0);
	assert_int_equal(gitrepo_resolve(f.repo, "with-lfs", f.good, &err), 0);
	assert_int_equal(gitrepo_can_move(f.repo, &move, &err), -1);
	assert_contains(err.msg, "filter in the commit to go to");
	err_clear(&err);

	assert_int_equal(
	    ws_sh(f.ws,
		  "$GIT init -q other; cd other; $GIT commit -q --allow-empty -m O; cd ../repo; "
		  "$GIT checkout -q -b sub good; $GIT submodule -q add ../other other; "
		  "$GIT commit -qm Sub"),
	    0);
	assert_int_equal(gitrepo_resolve(f.repo, "HEAD", f.head, &err), 0);
	assert_int_equal(gitrepo_resolve(f.repo, "good", f.good, &err), 0);
	assert_int_equal(gitrepo_can_move(f.repo, &move, &err), -1);
	assert_contains(err.msg, "is a submodule");
	err_clear(&err);

	assert_int_equal(ws_sh(f.ws, "cd repo; git checkout -qf main; rm -rf other; ! $GIT "
				     "cherry-pick good; "
				     "touch .git/MERGE_HEAD; git rev-parse HEAD >.git/MERGE_HEAD"),
			 0);
	assert_int_equal(gitrepo_resolve(f.repo, "HEAD", f.head, &err), 0);
	assert_int_equal(gitrepo_can_move(f.repo, &move, &err), -1);
	assert_contains(err.msg, "in progress");
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

static void test_half_a_move(void **state)
{
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;

	fixture_open(&f, state);
	move = to_good(&f);
	/* As a kill in the middle leaves it: one file moved, one cut short, one gone, one not yet
	 * there. */
	ws_sh(f.ws, "cd repo; printf go >bot/main.py; rm bot/extra.py; echo x >untracked.txt");
	assert_int_equal(gitrepo_unmove(f.repo, &move, &err), 0);
	assert_unmoved(&f);
	ws_assert(f.ws, "cd repo; git status --porcelain", "?? untracked.txt");

	ws_sh(f.ws, "cd repo; echo mine >bot/main.py");
	assert_int_equal(gitrepo_unmove(f.repo, &move, &err), -1);
	assert_contains(err.msg, "bot/main.py was changed by somebody else");
	ws_assert_file(f.ws, "repo/bot/main.py", "mine\n");
	fixture_close(&f);
}

/* In another process; killed after kill_us, unless that is negative. Returns how long it lived. */
static int64_t move_killed(const char *path, const struct git_move *move, int64_t kill_us)
{
	int64_t begin = clock_mono(&clock_system);
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct gitrepo *repo = gitrepo_open(path, NULL);

		_exit(repo && gitrepo_move(repo, move, NULL) == 0 ? 0 : 1);
	}
	if (kill_us >= 0) {
		usleep((useconds_t)kill_us);
		kill(pid, SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	return clock_mono(&clock_system) - begin;
}

/* Killed at any moment of a move: all of it happened, or what happened of it can be taken back. */
static void test_killed_move(void **state)
{
	enum { MOMENTS = 15 };
	struct fixture f;
	struct git_move move;
	struct git_head head;
	int64_t whole_us = 0;
	int kept = 0;

	fixture_open(&f, state);
	assert_int_equal(ws_sh(f.ws, "cd repo; for i in $(seq 300); do echo $i >f$i; done; "
				     "$GIT add -A; $GIT commit -qm Many; git tag from; "
				     "for i in $(seq 300); do echo x$i >f$i; done; rm f7; "
				     "$GIT add -A; $GIT commit -qm More; git tag to; "
				     "git reset -q --hard from"),
			 0);
	assert_int_equal(gitrepo_resolve(f.repo, "from", f.head, NULL), 0);
	assert_int_equal(gitrepo_resolve(f.repo, "to", f.good, NULL), 0);
	move = to_good(&f);
	/* The first one lives; it says how long the others have. */
	for (int i = -1; i < MOMENTS; i++) {
		struct err err = ERR_INIT;
		int64_t lived_us = move_killed(f.path, &move, i < 0 ? -1 : whole_us * i / MOMENTS);

		if (i < 0)
			whole_us = lived_us;
		ws_sh(f.ws, "cd repo; rm -f .git/*.lock .git/refs/heads/*.lock");
		assert_int_equal(gitrepo_head(f.repo, &head, &err), 0);
		if (strcmp(head.commit, f.head) == 0) {
			assert_true(i >= 0);
			if (gitrepo_unmove(f.repo, &move, &err) < 0)
				fail_msg("%s", err.msg);
			kept++;
		} else {
			assert_string_equal(head.commit, f.good);
		}
		ws_assert(f.ws, "cd repo; git status --porcelain", "");
		ws_sh(f.ws, "cd repo; git checkout -q main");
	}
	assert_true(kept > 0);
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

static void test_new_files_as_visible_as_the_folder(void **state)
{
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;
	mode_t mask;

	fixture_open(&f, state);
	move = to_good(&f);
	mask = umask(077);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), 0);
	umask(mask);
	ws_assert(f.ws, "stat -c %a repo/bot/main.py", "644");
	fixture_close(&f);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, workspace_make, workspace_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reading),
		TEST(test_changes),
		TEST(test_checkout_and_back),
		TEST(test_dirty_refused),
		TEST(test_overwrites_replaced),
		TEST(test_untracked_in_the_way),
		TEST(test_locks),
		TEST(test_checkout_fails_halfway),
		TEST(test_concurrent_commit),
		TEST(test_revert),
		TEST(test_revert_merge),
		TEST(test_revert_conflict),
		TEST(test_hooks_never_run),
		TEST(test_unsupported),
		TEST(test_open_errors),
		TEST(test_half_a_move),
		TEST(test_killed_move),
		TEST(test_tags_and_branches),
		TEST(test_new_files_as_visible_as_the_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
