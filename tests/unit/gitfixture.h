/*
 * For tests on one git repository: opened, with the two commits (of workspace.h) they move between.
 */
#ifndef TESTS_UNIT_GITFIXTURE_H
#define TESTS_UNIT_GITFIXTURE_H

#include "tests/unit/workspace.h"

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

/* Detached, to the tag good. */
__attribute__((unused)) static struct git_move to_good(struct fixture *f)
{
	return (struct git_move){
		.expected = f->head, .to = f->good, .how = GIT_DETACH, .why = "test"
	};
}

/* Nothing moved: HEAD stands on main, as the git command sees it. */
__attribute__((unused)) static void assert_unmoved(struct fixture *f)
{
	char *want = xasprintf("%s\nrefs/heads/main", f->head);

	ws_assert(f->ws, "cd repo; git rev-parse HEAD; git symbolic-ref HEAD", want);
	ws_assert_file(f->ws, "repo/bot/main.py", "worse\n");
	free(want);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, workspace_make, workspace_remove)

#endif
