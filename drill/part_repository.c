/*
 * A git repository that grows release by release: each release's files are laid over the former
 * ones and committed, and the branch is set to the release that is deployed when the drill begins.
 * A release may stand on a branch of its own, which only the origin has: what is deployed is
 * pulled.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "drill/parts.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

static const struct field fields[] = {
	{ "repository", FIELD_PATH, true, "folder of the repository", NULL, NULL },
	{ "releases", FIELD_MAP, true,
	  "list of {\"files\": folder in the drill's folder, \"message\": text, \"tags\": [names], "
	  "\"branch\": name, \"from\": the commit it begins at}",
	  NULL, NULL },
	{ "origin", FIELD_PATH, false, "folder of its remote, made bare, with all branches", NULL,
	  NULL },
	{ "clones", FIELD_MAP, false,
	  "list of {\"to\": folder, \"branch\": name}: further checkouts of the origin", NULL,
	  NULL },
	{ "at", FIELD_STRING, true, "tag that is deployed at the beginning", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const identity[] = {
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_AUTHOR_NAME=Release",
	"GIT_AUTHOR_EMAIL=release@example.org",
	"GIT_COMMITTER_NAME=Release",
	"GIT_COMMITTER_EMAIL=release@example.org",
	NULL,
};

static int git(const struct drill_env *env, const char *repository, const char *const *words,
	       struct err *err)
{
	const char *argv[16] = { "git", "-C", repository, "-c", "core.hooksPath=/dev/null" };

	for (size_t i = 0; words[i] && i < 10; i++)
		argv[i + 5] = words[i];
	return drill_run(env, false, NULL, identity, argv, err);
}

static int commit_release(const struct drill_env *env, const char *repository,
			  const json_t *release, struct err *err)
{
	const json_t *tag;
	size_t i;

	if (json_str(release, "branch", NULL) &&
	    git(env, repository,
		(const char *[]){ "checkout", "-q", "-B", json_str(release, "branch", ""),
				  json_str(release, "from", "HEAD"), NULL },
		err) < 0)
		return -1;
	if (drill_lay(env, json_str(release, "files", ""), repository, err) < 0 ||
	    git(env, repository, (const char *[]){ "add", "-A", NULL }, err) < 0 ||
	    git(env, repository,
		(const char *[]){ "commit", "-q", "-m", json_str(release, "message", ""), NULL },
		err) < 0)
		return -1;
	json_array_foreach(json_object_get(release, "tags"), i, tag) {
		if (git(env, repository, (const char *[]){ "tag", json_string_value(tag), NULL },
			err) < 0)
			return -1;
	}
	return 0;
}

/* The branches live in the origin alone from now on. */
static int make_origin(const struct drill_env *env, const char *repository, const json_t *args,
		       struct err *err)
{
	const char *origin = json_str(args, "origin", NULL);
	const json_t *release;
	size_t i;

	if (!origin)
		return 0;
	if (git(env, repository, (const char *[]){ "clone", "-q", "--bare", ".", origin, NULL },
		err) < 0 ||
	    git(env, repository, (const char *[]){ "remote", "add", "origin", origin, NULL }, err) <
		0)
		return -1;
	json_array_foreach(json_object_get(args, "releases"), i, release) {
		const char *branch = json_str(release, "branch", NULL);

		if (branch && git(env, repository,
				  (const char *[]){ "branch", "-q", "-D", branch, NULL }, err) < 0)
			return -1;
	}
	return 0;
}

static int make_clones(const struct drill_env *env, const char *repository, const json_t *args,
		       struct err *err)
{
	const json_t *clone;
	size_t i;

	json_array_foreach(json_object_get(args, "clones"), i, clone) {
		if (git(env, repository,
			(const char *[]){ "clone", "-q", "--branch", json_str(clone, "branch", ""),
					  json_str(args, "origin", "."), json_str(clone, "to", ""),
					  NULL },
			err) < 0)
			return -1;
	}
	return 0;
}

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	const char *repository = json_str(args, "repository", "");
	const json_t *release;
	mode_t old = umask(022);
	size_t i;
	int result = -1;

	if (file_mkdirs(repository, 0755, err) < 0 ||
	    git(env, repository, (const char *[]){ "init", "-q", "-b", "main", NULL }, err) < 0)
		goto out;
	json_array_foreach(json_object_get(args, "releases"), i, release) {
		if (commit_release(env, repository, release, err) < 0)
			goto out;
	}
	if (git(env, repository, (const char *[]){ "checkout", "-q", "main", NULL }, err) < 0 ||
	    make_origin(env, repository, args, err) < 0 ||
	    git(env, repository,
		(const char *[]){ "reset", "-q", "--hard", json_str(args, "at", ""), NULL },
		err) < 0)
		goto out;
	result = make_clones(env, repository, args, err);
out:
	umask(old);
	return result;
}

const struct drill_type part_repository = {
	.type = { .name = "repository",
		  .help = "a git repository, release by release",
		  .fields = fields },
	.make = make,
};
