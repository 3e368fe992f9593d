/* A repository: a mere declaration that probes and actions refer to by name. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/gitrepo.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "sources/declaration.h"
#include "sources/types.h"

static struct source *git_open(const struct source_env *env, const char *name, const json_t *args,
			       struct err *err)
{
	(void)args, (void)err;
	/* Each round asks in a new copy of this process. */
	gitrepo_begin();
	return declaration_new(&source_git, env, name);
}

/* New: the folder behind a path and when it was made, so that a copy, or another one that was moved
 * there, is told from it: its number alone may be given out again. */
static char *folder_mark(const char *path, struct err *err)
{
	char *git = path_join(path, ".git"), *mark = NULL;
	struct statx at;

	if (statx(AT_FDCWD, git, 0, STATX_INO | STATX_BTIME, &at) != 0)
		err_sys(err, "%s can't be looked at", git);
	else
		mark = xasprintf("%u:%u inode %llu, made %lld.%09u", at.stx_dev_major,
				 at.stx_dev_minor, (unsigned long long)at.stx_ino,
				 (long long)(at.stx_mask & STATX_BTIME ? at.stx_btime.tv_sec : 0),
				 at.stx_mask & STATX_BTIME ? at.stx_btime.tv_nsec : 0);
	free(git);
	return mark;
}

static bool has_commit(const char *path, const char *commit, struct err *err)
{
	struct gitrepo *repo = gitrepo_open(path, err);
	char found[GIT_HEX];
	struct err why = ERR_INIT;
	bool has = repo && gitrepo_resolve(repo, commit, found, &why) == 0;

	if (repo && !has) {
		err_set(err, "wrong repository: %s has no commit %s, which the target names", path,
			commit);
		err_hint(err, "this is another repository than the one the target names");
	}
	gitrepo_free(repo);
	return has;
}

static json_t *git_identity(const json_t *args, int64_t deadline, bool *wrong, struct err *err)
{
	const char *path = json_str(args, "path", ""), *commit = json_str(args, "identity", NULL);
	char *real = realpath(path, NULL), *folder = NULL;
	json_t *who = NULL;

	(void)deadline;
	*wrong = false;
	if (!real) {
		err_sys(err, "%s can't be looked at", path);
		return NULL;
	}
	folder = folder_mark(real, err);
	*wrong = folder && commit && !has_commit(real, commit, err);
	if (folder && !*wrong)
		who = json_pack("{s:s, s:s}", "path", real, "folder", folder);
	free(folder);
	free(real);
	return who;
}

static bool git_within(const json_t *args, const char *folder)
{
	char *real = realpath(json_str(args, "path", ""), NULL), *place = realpath(folder, NULL);
	bool within = real && place && (strcmp(real, place) == 0 || path_below(real, place));

	free(place);
	free(real);
	return within;
}

const struct source_type source_git = {
	.type = { .name = "git", .help = "a git repository's working tree", .fields = git_fields },
	.open = git_open,
	.identity = git_identity,
	.within = git_within,
};
