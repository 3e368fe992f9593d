/* Moves of a real repository: all of it or nothing, and nothing of anybody else's is lost. */
#include "tests/unit/gitfixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "lib/clock.h"

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
	ws_sh(f.ws, "cd repo; rm .git/index.lock; touch .git/HEAD.lock; chmod 640 bot/config.py; "
		    "[ $(id -u) != 0 ] || chown nobody bot/config.py; "
		    "stat -c '%%a %%U' bot/config.py >../owner");
	err_clear(&err);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
	assert_contains(err.hint, "lock");
	assert_unmoved(&f);
	ws_assert_file(f.ws, "repo/bot/config.py", "mine\n");
	ws_assert(f.ws, "stat -c '%a %U' repo/bot/config.py | diff - owner", "");
	ws_assert(f.ws, "cd repo; rm .git/HEAD.lock; git status --porcelain", " M bot/config.py");

	/* Also where it is the branch that is locked, by a commit in progress. */
	ws_sh(f.ws, "cd repo; touch .git/refs/heads/main.lock");
	err_clear(&err);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
	assert_unmoved(&f);
	fixture_close(&f);
}

/* What was replaced comes back also where git had put a link in its place. */
static void test_overwritten_link(void **state)
{
	const char *const overwrites[] = { "bot/config.py", NULL };
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;

	fixture_open(&f, state);
	ws_sh(f.ws, "cd repo; ln -sf main.py bot/config.py; $GIT commit -qam Link; "
		    "rm bot/config.py; echo mine >bot/config.py; touch .git/HEAD.lock");
	assert_int_equal(gitrepo_resolve(f.repo, "main", f.head, NULL), 0);
	move = to_good(&f);
	move.overwrites = overwrites;
	assert_int_equal(gitrepo_move(f.repo, &move, &err), -1);
	ws_assert(f.ws, "cd repo; rm .git/HEAD.lock; stat -c %F bot/config.py", "regular file");
	ws_assert_file(f.ws, "repo/bot/config.py", "mine\n");
	assert_null(strstr(err.msg, "NOT back"));
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

/* Wherever attributes may stand, a filter that one of them names is found. */
static void test_filters_are_found_everywhere(void **state)
{
	static const struct {
		const char *make, *undo;
	} places[] = {
		{ "echo '*.py filter=lfs' >bot/.gitattributes", "rm bot/.gitattributes" },
		{ "echo '*.py working-tree-encoding=UTF-16' >.gitattributes", "rm .gitattributes" },
		{ "echo '[attr]big filter=lfs' >.gitattributes; echo '*.py big' "
		  ">bot/.gitattributes",
		  "rm .gitattributes bot/.gitattributes" },
		{ "echo '*.py filter=lfs' >../named; git config core.attributesFile $PWD/../named",
		  "git config --unset core.attributesFile" },
		/* In the index alone: it is that one which counts. */
		{ "echo '*.py filter=lfs' >bot/.gitattributes; git add bot/.gitattributes; "
		  "rm bot/.gitattributes",
		  "git rm -q --cached bot/.gitattributes" },
	};
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;

	fixture_open(&f, state);
	move = to_good(&f);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		assert_int_equal(ws_sh(f.ws, "cd repo; %s", places[i].make), 0);
		/* What a handle knows of the configuration is from when it was opened. */
		gitrepo_free(f.repo);
		f.repo = gitrepo_open(f.path, &err);
		if (gitrepo_move(f.repo, &move, &err) == 0)
			fail_msg("a filter was not found: %s", places[i].make);
		assert_contains(err.msg, "external filter");
		err_clear(&err);
		assert_int_equal(ws_sh(f.ws, "cd repo; %s", places[i].undo), 0);
	}
	assert_unmoved(&f);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), 0);
	fixture_close(&f);
}

/* Attributes and settings that change line ends still do. */
static void test_line_ends(void **state)
{
	static const char *const makes[] = {
		"echo '*.py text eol=crlf' >.git/info/attributes",
		"rm .git/info/attributes; git config core.autocrlf true",
	};
	struct fixture f;
	struct err err = ERR_INIT;

	fixture_open(&f, state);
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		struct git_move move = to_good(&f);

		assert_int_equal(ws_sh(f.ws,
				       "cd repo; %s; git checkout -qf main; "
				       "rm bot/*.py; git checkout -q -- .",
				       makes[i]),
				 0);
		gitrepo_free(f.repo);
		f.repo = gitrepo_open(f.path, &err);
		if (gitrepo_move(f.repo, &move, &err) < 0)
			fail_msg("%zu: %s", i, err.msg);
		ws_assert(f.ws,
			  "cd repo; git status --porcelain; "
			  "grep -c $'\\r$' bot/main.py; wc -l <bot/main.py",
			  "1\n1");
	}
	fixture_close(&f);
}

/* As it was when libgit2 wrote into the file. */
static void test_a_users_file_stays_that_users(void **state)
{
	struct fixture f;
	struct git_move move;
	struct err err = ERR_INIT;

	if (geteuid() != 0)
		skip();
	fixture_open(&f, state);
	move = to_good(&f);
	assert_int_equal(ws_sh(f.ws, "cd repo; chown 65534 bot/main.py; chmod 640 bot/main.py; "
				     "git update-index -q --refresh"),
			 0);
	assert_int_equal(gitrepo_move(f.repo, &move, &err), 0);
	ws_assert(f.ws, "cd repo; stat -c '%u %a' bot/main.py; git status --porcelain",
		  "65534 640");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_checkout_and_back),
		TEST(test_dirty_refused),
		TEST(test_overwrites_replaced),
		TEST(test_overwritten_link),
		TEST(test_untracked_in_the_way),
		TEST(test_locks),
		TEST(test_checkout_fails_halfway),
		TEST(test_concurrent_commit),
		TEST(test_unsupported),
		TEST(test_filters_are_found_everywhere),
		TEST(test_line_ends),
		TEST(test_a_users_file_stays_that_users),
		TEST(test_half_a_move),
		TEST(test_killed_move),
		TEST(test_new_files_as_visible_as_the_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
