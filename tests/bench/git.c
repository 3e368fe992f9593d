/*
 * What a rollback asks of git, through lib/gitrepo and with the git command, in turns:
 *   git TURNS OURS THEIRS
 *
 * OURS and THEIRS are clones of one repository, clean, on a branch of 200 commits or more. Each act
 * runs in a process of its own, as in the console: one that is forked there, with libgit2 at hand
 * already, and one that executes git.
 * Prints a line an act: its name, and the medians of CPU and wall seconds, ours and theirs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/gitrepo.h"
#include "lib/mem.h"
#include "tests/bench/median.h"

struct use {
	double cpu, wall; /* seconds */
};

struct act {
	const char *name;
	int (*ours)(struct gitrepo *repo, size_t turn, struct err *err);
	const char *theirs[2][4]; /* git's words, in even and in odd turns; TURN is its number */
};

static int status(struct gitrepo *repo, size_t turn, struct err *err)
{
	struct git_changes changes;
	int result = gitrepo_changes(repo, NULL, &changes, err);

	(void)turn;
	if (result == 0 && changes.n > 0)
		result = err_set(err, "the clone is not clean");
	git_changes_release(&changes);
	return result;
}

static void tag_name(size_t turn, char out[40])
{
	snprintf(out, 40, "bench-%zu", turn);
}

static int tag(struct gitrepo *repo, size_t turn, struct err *err)
{
	struct git_head head;
	char name[40];

	tag_name(turn, name);
	return gitrepo_head(repo, &head, err) ? -1 : gitrepo_make_tag(repo, name, head.commit, err);
}

/* There and back in turns, so that each turn finds what it needs. */
static int checkout(struct gitrepo *repo, size_t turn, struct err *err)
{
	struct git_head head;
	char to[GIT_HEX];
	struct git_move move = {
		.expected = head.commit, .to = to, .how = GIT_DETACH, .why = "bench"
	};

	if (turn % 2 == 1) {
		move.how = GIT_SWITCH;
		move.branch = "main";
	}
	if (gitrepo_head(repo, &head, err) ||
	    gitrepo_resolve(repo, turn % 2 ? "main" : "main~200", to, err))
		return -1;
	return gitrepo_move(repo, &move, err);
}

/* Reverting five, then the five reverts, and so on: always five commits that are there. */
static int revert(struct gitrepo *repo, size_t turn, struct err *err)
{
	struct git_head head;
	char to[GIT_HEX], tree[GIT_HEX];
	struct git_move move = {
		.expected = head.commit, .to = to, .how = GIT_ADVANCE, .why = "bench"
	};
	size_t count;

	(void)turn;
	if (gitrepo_head(repo, &head, err) ||
	    gitrepo_revert(repo, "HEAD~5", NULL, false, to, tree, &count, err))
		return -1;
	return count == 5 ? gitrepo_move(repo, &move, err) : err_set(err, "%zu commits", count);
}

/* clang-format off */
static const struct act acts[] = {
	{ "status", status, { { "status", "--porcelain" }, { "status", "--porcelain" } } },
	{ "tag", tag, { { "tag", "TURN" }, { "tag", "TURN" } } },
	{ "checkout", checkout, { { "checkout", "-q", "main~200" }, { "checkout", "-q", "main" } } },
	{ "revert", revert, { { "revert", "--no-edit", "HEAD~5..HEAD" },
			      { "revert", "--no-edit", "HEAD~5..HEAD" } } },
};
/* clang-format on */

static void act_ours(const struct act *act, const char *path, size_t turn)
{
	struct err err = ERR_INIT;
	struct gitrepo *repo = gitrepo_open(path, &err);

	if (repo && act->ours(repo, turn, &err) == 0)
		_exit(0);
	fprintf(stderr, "bench: %s: %s\n", act->name, err.msg);
	_exit(1);
}

static void act_theirs(const struct act *act, const char *path, size_t turn)
{
	const char *argv[8] = { "git", "-C", path };
	int null = open("/dev/null", O_WRONLY);
	char name[40];

	tag_name(turn, name);
	for (size_t i = 0; i < 4 && act->theirs[turn % 2][i]; i++) {
		const char *word = act->theirs[turn % 2][i];

		argv[3 + i] = strcmp(word, "TURN") == 0 ? name : word;
	}
	dup2(null, 1);
	execvp("git", (char *const *)(uintptr_t)argv);
	_exit(127);
}

static struct use act_use(const struct act *act, const char *path, size_t turn,
			  void (*doing)(const struct act *act, const char *path, size_t turn))
{
	int64_t began = clock_mono(&clock_system);
	struct rusage used;
	int how = -1;
	pid_t pid = fork();

	if (pid == 0)
		doing(act, path, turn);
	if (pid < 0 || wait4(pid, &how, 0, &used) != pid || how != 0) {
		fprintf(stderr, "bench: git %s failed in %s\n", act->name, path);
		exit(1);
	}
	return (struct use){ (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
				 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
			     (double)(clock_mono(&clock_system) - began) / 1e6 };
}

int main(int argc, char **argv)
{
	size_t turns = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;

	if (turns == 0)
		return 2;
	gitrepo_begin();
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		double *seen[4];

		for (size_t k = 0; k < 4; k++)
			seen[k] = xcalloc(turns, sizeof(double));
		for (size_t turn = 0; turn < turns; turn++) {
			struct use ours = act_use(&acts[i], argv[2], turn, act_ours);
			struct use theirs = act_use(&acts[i], argv[3], turn, act_theirs);

			seen[0][turn] = ours.cpu, seen[1][turn] = ours.wall;
			seen[2][turn] = theirs.cpu, seen[3][turn] = theirs.wall;
		}
		printf("%s %.6f %.6f %.6f %.6f\n", acts[i].name, median(seen[0], turns),
		       median(seen[1], turns), median(seen[2], turns), median(seen[3], turns));
		for (size_t k = 0; k < 4; k++)
			free(seen[k]);
	}
	return 0;
}
