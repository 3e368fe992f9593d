/* The quick look never calls clean what the git command does not; and does find what is clean. */
#include <fcntl.h>
#include <time.h>

#include "lib/git_private.h"
#include "tests/unit/gitfixture.h"

/* As after a while: no file is as young as the index. Git looks at seconds: each time another hour.
 */
static void settle(struct fixture *f, int hours)
{
	assert_int_equal(ws_sh(f->ws,
			       "cd repo; git ls-files -z | xargs -0 touch -h -d '%d hours ago'; "
			       "git update-index -q --refresh",
			       hours),
			 0);
}

static bool quick(const struct fixture *f)
{
	struct err err = ERR_INIT;
	struct gitrepo *repo = gitrepo_open(f->path, &err);
	bool clean;

	assert_non_null(repo);
	clean = git_is_clean(repo);
	gitrepo_free(repo);
	return clean;
}

/* What is done to a clean repository, and whether the quick look still has to know. */
static const struct {
	const char *what;
	bool clean;
} changes[] = {
	{ "true", true },
	{ "mkdir cache; echo x >cache/a.log; echo y >bot/b.log", true }, /* ignored */
	{ "echo changed >bot/main.py", false },
	{ "printf 'worse\\n' >bot/main.py; touch -d '1 hour ago' bot/main.py", true },
	{ "chmod +x bot/main.py", false },
	{ "rm bot/extra.py", false },
	{ "rm bot/main.py; ln -s extra.py bot/main.py", false },
	{ "rm bot/main.py; mkdir bot/main.py", false },
	{ "mv bot/main.py bot/main2.py", false },
	{ "mv bot ../elsewhere; ln -s ../elsewhere bot", false },
	{ "echo x >new.py", false },
	{ "mkdir more; echo x >more/new.py", false },
	{ "mkdir bot/more; echo x >bot/more/new.py", false },
	{ "echo changed >bot/main.py; git add bot/main.py", false },
	{ "echo changed >bot/main.py; git add bot/main.py; git checkout -q HEAD -- . ", true },
	{ "git rm -q --cached bot/main.py", false },
	{ "echo x >late.py; git add -N late.py", false },
	{ "$GIT commit -q --allow-empty -m E", true },
	{ "git reset -q --soft HEAD~1", false },
	{ "git update-index --assume-unchanged bot/main.py; echo x >bot/main.py", true },
	{ "echo '*.py' >.git/info/exclude; echo x >new.py", true },
	{ "echo '!b.log' >bot/.gitignore; echo x >bot/b.log", false },
	{ "$GIT init -q inner; cd inner; $GIT commit -q --allow-empty -m I", false },
	{ ": >bot/empty.py; git add -A; $GIT commit -qm Empty", true },
	{ ": >bot/main.py", false },
	{ "git checkout -q good", true },
};

static void never_calls_clean_what_git_does_not(void **state)
{
	struct fixture f;
	size_t sure = 0;

	fixture_open(&f, state);
	assert_int_equal(ws_sh(f.ws, "cp -a repo kept"), 0);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		bool clean, says;
		char *status;

		for (int settled = 0; settled < 2; settled++) {
			assert_int_equal(ws_sh(f.ws, "rm -rf repo; cp -a kept repo"), 0);
			settle(&f, 1);
			if (ws_sh(f.ws, "cd repo; %s", changes[i].what) != 0)
				fail_msg("%s", changes[i].what);
			if (settled && changes[i].clean)
				settle(&f, 2);
			says = quick(&f);
			status = ws_get(f.ws, "cd repo; git status --porcelain");
			clean = *status == '\0';
			free(status);
			if (clean != changes[i].clean)
				fail_msg("git is of another opinion: %s", changes[i].what);
			if (says && !clean)
				fail_msg("called clean: %s", changes[i].what);
			sure += says;
		}
	}
	/* Not by never saying anything. */
	assert_true(sure >= 8);
	fixture_close(&f);
}

/* A file that changed within the index' own moment leaves no trace in what is noted of it. */
static void what_is_as_young_as_the_index_is_looked_at(void **state)
{
	struct fixture f;
	struct timespec times[2];
	struct stat st;
	char *index, *file;

	fixture_open(&f, state);
	settle(&f, 1);
	assert_true(quick(&f));
	/* Nor is it fooled by a time that was set back, as git is within a second. */
	assert_int_equal(ws_sh(f.ws,
			       "cd repo; cp -p bot/main.py ../x; printf 'WORSE\\n' >bot/main.py; "
			       "touch -r ../x bot/main.py"),
			 0);
	assert_false(quick(&f));
	assert_int_equal(ws_sh(f.ws, "cd repo; cp ../x bot/main.py"), 0);
	settle(&f, 2);
	assert_true(quick(&f));
	index = path_join(f.path, ".git/index");
	file = path_join(f.path, "bot/main.py");
	assert_int_equal(stat(file, &st), 0);
	times[0] = times[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, index, times, 0), 0);
	assert_false(quick(&f));
	free(file);
	free(index);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(never_calls_clean_what_git_does_not),
		TEST(what_is_as_young_as_the_index_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
