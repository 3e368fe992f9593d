/* What libgit2 can't do faithfully is refused here, with the reason, before anything moves. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/git_private.h"
#include "lib/mem.h"
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

/* ---- Attributes: where they are, and whether any of them can name a filter ---- */

/* Asking libgit2 for each file's attributes looks for .gitattributes in each folder above it, again
 * for each file: most of the time of a whole move. So the places where attributes may stand are
 * looked at once, and files are asked about only where a filter is named somewhere. */
struct attributes {
	bool any;	   /* some file may have attributes */
	bool names_filter; /* one of them may be an external filter */
};

static void attributes_file(struct attributes *found, const char *folder, const char *name)
{
	char *path = path_join(folder, name);
	struct buf text = BUF_INIT;
	struct stat st;

	if (lstat(path, &st) == 0) {
		found->any = true;
		if (file_read(path, &text, 0, NULL) < 0 ||
		    memmem(buf_str(&text), text.len, "filter=", 7) ||
		    memmem(buf_str(&text), text.len, "working-tree-encoding=", 22))
			found->names_filter = true;
	}
	buf_release(&text);
	free(path);
}

/* Below each folder of a search path of libgit2. */
static void attributes_searched(struct attributes *found, git_config_level_t level,
				const char *name)
{
	git_buf list = { 0 };
	char *folder, *rest;

	if (git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, level, &list) < 0) {
		found->any = found->names_filter = true;
		return;
	}
	for (rest = list.ptr; (folder = strsep(&rest, ":"));)
		if (*folder)
			attributes_file(found, folder, name);
	git_buf_dispose(&list);
}

static void attributes_outside(struct attributes *found, struct gitrepo *repo)
{
	git_config *config = NULL;
	git_buf path = { 0 };

	attributes_file(found, git_repository_commondir(repo->repo), "info/attributes");
	attributes_searched(found, GIT_CONFIG_LEVEL_SYSTEM, "gitattributes");
	if (git_repository_config_snapshot(&config, repo->repo) == 0 &&
	    git_config_get_path(&path, config, "core.attributesfile") == 0)
		attributes_file(found, "/", path.ptr);
	else
		attributes_searched(found, GIT_CONFIG_LEVEL_XDG, "attributes");
	git_buf_dispose(&path);
	git_config_free(config);
}

/* The folders of `path` that the path before it, in the order of the index, was not in. */
static void attributes_folders(struct attributes *found, struct gitrepo *repo, const char *before,
			       const char *path)
{
	size_t same = 0;

	for (size_t i = 0; before[i] && before[i] == path[i]; i++)
		if (path[i] == '/')
			same = i + 1;
	for (const char *slash = path + same; (slash = strchr(slash, '/')); slash++) {
		char *name = xasprintf("%.*s/.gitattributes", (int)(slash - path), path);

		attributes_file(found, repo->path, name);
		free(name);
	}
}

static struct attributes attributes_find(struct gitrepo *repo, git_index *index)
{
	struct attributes found = { 0 };
	const char *before = "";

	attributes_outside(&found, repo);
	attributes_file(&found, repo->path, ".gitattributes");
	for (size_t i = 0, n = git_index_entrycount(index); i < n; i++) {
		const char *path = git_index_get_byindex(index, i)->path;
		const char *slash = strrchr(path, '/');

		/* Where the file is gone, the one in the index counts. */
		if (strcmp(slash ? slash + 1 : path, ".gitattributes") == 0) {
			char *full = path_join(repo->path, path);

			found.any = true;
			found.names_filter |= !file_exists(full);
			free(full);
		}
		attributes_folders(&found, repo, before, path);
		before = path;
	}
	return found;
}

static int entry_supported(struct gitrepo *repo, const char *path, struct err *err)
{
	static const char *const names[] = { "filter", "working-tree-encoding" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = NULL;

		if (git_attr_get(&value, repo->repo, GIT_ATTR_CHECK_FILE_THEN_INDEX, path,
				 names[i]) == 0 &&
		    git_attr_value(value) == GIT_ATTR_VALUE_STRING)
			return refuse(err, repo, path,
				      "needs an external filter (filter= or "
				      "working-tree-encoding= in the attributes)",
				      hint_filter);
	}
	return 0;
}

static int index_supported(struct gitrepo *repo, struct attributes *found, struct err *err)
{
	git_index *index = NULL;
	int code, rc = 0;

	if ((code = git_repository_index(&index, repo->repo)) < 0 ||
	    (code = git_index_read(index, false)) < 0) {
		git_index_free(index);
		return git_fail(repo, err, code, "its index can't be read");
	}
	*found = attributes_find(repo, index);
	for (size_t i = 0, n = git_index_entrycount(index); i < n && rc == 0; i++) {
		const git_index_entry *entry = git_index_get_byindex(index, i);

		if (entry->mode == GIT_FILEMODE_COMMIT)
			rc = refuse(err, repo, entry->path, "is a submodule", hint_submodule);
		/* Its setting may stand where libgit2 doesn't look (config.worktree). */
		else if (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE)
			rc = refuse(err, repo, entry->path,
				    "is left out by a sparse checkout: only git honours it",
				    hint_filter);
		else if (found->names_filter)
			rc = entry_supported(repo, entry->path, err);
	}
	git_index_free(index);
	return rc;
}

/* ---- The commit to go to ---- */

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
	bool attributes; /* it has a .gitattributes */
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
	if (strcmp(name, ".gitattributes") != 0)
		return 0;
	look->attributes = true;
	if (git_blob_lookup(&blob, look->repo->repo, git_tree_entry_id(entry)) < 0)
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

/* Whether line ends may be changed on their way to files though no attribute says so. */
static bool changes_line_ends(struct gitrepo *repo)
{
	git_config *config = NULL;
	const char *value = NULL;
	bool changes = git_repository_config_snapshot(&config, repo->repo) < 0 ||
		       (git_config_get_string(&value, config, "core.autocrlf") == 0 &&
			strcasecmp(value, "false") != 0);

	git_config_free(config);
	return changes;
}

int git_supported(struct gitrepo *repo, git_tree *tree, bool *verbatim, struct err *err)
{
	struct tree_look look = { .repo = repo, .err = err };
	struct attributes found = { 0 };
	int state = git_repository_state(repo->repo);

	*verbatim = false;
	if (git_repository_is_bare(repo->repo))
		return err_set(err, "%s is a bare repository: it has no files", repo->path);
	if (state != GIT_REPOSITORY_STATE_NONE) {
		err_set(err, "%s: %s is in progress", repo->path, state_name(state));
		return err_hint(err, "finish or abort it first: git -C %s status", repo->path);
	}
	if (config_true(repo, "core.sparseCheckout"))
		return refuse(err, repo, "core.sparseCheckout", "is on: only git honours it",
			      hint_filter);
	if (index_supported(repo, &found, err) < 0)
		return -1;
	state = git_tree_walk(tree, GIT_TREEWALK_PRE, tree_entry, &look);
	if (state < 0)
		return git_fail(repo, err, state, "the commit to go to can't be read");
	*verbatim = !found.any && !look.attributes && !changes_line_ends(repo);
	return 0;
}
