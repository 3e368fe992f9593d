/* What libgit2 can't do faithfully is refused here, with the reason, before anything moves. */
#include <string.h>

#include "lib/git_private.h"
#include "lib/text.h"

static int refuse(struct err *err, const struct gitrepo *repo, const char *path, const char *why,
		  const char *hint)
{
	char clean[256];

	text_clean_to(clean, sizeof(clean), path, strlen(path));
	err_set(err, "%s: %s %s", repo->path, clean, why);
	return err_hint(err, "%s", hint);
}

static const char hint_filter[] =
    "move this repository with the git command (a \"command\" step): only git runs filters";
static const char hint_submodule[] =
    "move this repository with the git command (a \"command\" step), submodules included";

static int index_supported(struct gitrepo *repo, struct err *err)
{
	static const char *const names[] = { "filter", "working-tree-encoding" };
	git_index *index = NULL;
	int code, rc = 0;

	if ((code = git_repository_index(&index, repo->repo)) < 0 ||
	    (code = git_index_read(index, false)) < 0) {
		git_index_free(index);
		return git_fail(repo, err, code, "its index can't be read");
	}
	for (size_t i = 0, n = git_index_entrycount(index); i < n && rc == 0; i++) {
		const git_index_entry *entry = git_index_get_byindex(index, i);

		if (entry->mode == GIT_FILEMODE_COMMIT) {
			rc = refuse(err, repo, entry->path, "is a submodule", hint_submodule);
			break;
		}
		for (size_t a = 0; a < 2 && rc == 0; a++) {
			const char *value = NULL;

			if (git_attr_get(&value, repo->repo, GIT_ATTR_CHECK_FILE_THEN_INDEX,
					 entry->path, names[a]) == 0 &&
			    git_attr_value(value) == GIT_ATTR_VALUE_STRING)
				rc = refuse(err, repo, entry->path,
					    "needs an external filter (filter= or "
					    "working-tree-encoding= in the attributes)",
					    hint_filter);
		}
	}
	git_index_free(index);
	return rc;
}

static bool attributes_filter(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((eol ? eol : end) - text);

		if (*text != '#' &&
		    (memmem(text, line, " filter=", 8) || memmem(text, line, "\tfilter=", 8) ||
		     memmem(text, line, "working-tree-encoding=", 22)))
			return true;
		text += line + 1;
	}
	return false;
}

struct tree_look {
	struct gitrepo *repo;
	struct err *err;
};

static int tree_entry(const char *root, const git_tree_entry *entry, void *data)
{
	struct tree_look *look = data;
	const char *name = git_tree_entry_name(entry);
	git_blob *blob = NULL;
	int rc = 0;

	if (git_tree_entry_filemode(entry) == GIT_FILEMODE_COMMIT)
		return refuse(look->err, look->repo, name, "is a submodule in the commit to go to",
			      hint_submodule);
	if (strcmp(name, ".gitattributes") != 0 ||
	    git_blob_lookup(&blob, look->repo->repo, git_tree_entry_id(entry)) < 0)
		return 0;
	if (attributes_filter(git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob)))
		rc = refuse(look->err, look->repo, *root ? root : name,
			    "names an external filter in the commit to go to", hint_filter);
	git_blob_free(blob);
	return rc;
}

static const char *state_name(int state)
{
	switch (state) {
	case GIT_REPOSITORY_STATE_MERGE:
		return "a merge";
	case GIT_REPOSITORY_STATE_REVERT:
	case GIT_REPOSITORY_STATE_REVERT_SEQUENCE:
		return "a revert";
	case GIT_REPOSITORY_STATE_CHERRYPICK:
	case GIT_REPOSITORY_STATE_CHERRYPICK_SEQUENCE:
		return "a cherry-pick";
	case GIT_REPOSITORY_STATE_BISECT:
		return "a bisect";
	default:
		return "a rebase";
	}
}

static bool config_true(struct gitrepo *repo, const char *name)
{
	git_config *config = NULL;
	int value = 0;

	if (git_repository_config_snapshot(&config, repo->repo) == 0)
		(void)git_config_get_bool(&value, config, name);
	git_config_free(config);
	return value != 0;
}

int git_supported(struct gitrepo *repo, git_tree *tree, struct err *err)
{
	struct tree_look look = { repo, err };
	int state = git_repository_state(repo->repo);

	if (git_repository_is_bare(repo->repo))
		return err_set(err, "%s is a bare repository: it has no files", repo->path);
	if (state != GIT_REPOSITORY_STATE_NONE) {
		err_set(err, "%s: %s is in progress", repo->path, state_name(state));
		return err_hint(err, "finish or abort it first: git -C %s status", repo->path);
	}
	if (config_true(repo, "core.sparseCheckout"))
		return refuse(err, repo, "core.sparseCheckout", "is on: only git honours it",
			      hint_filter);
	if (index_supported(repo, err) < 0)
		return -1;
	state = git_tree_walk(tree, GIT_TREEWALK_PRE, tree_entry, &look);
	return state < 0 ? git_fail(repo, err, state, "the commit to go to can't be read") : 0;
}
