/*
 * Whether nothing differs from HEAD, told from what the index remembers of each file, as the git
 * command tells it. libgit2 says the same in twice the time; most looks find nothing. Whatever is
 * not plain is no answer: then libgit2 looks.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/git_private.h"
#include "lib/mem.h"

struct look {
	git_repository *repo;
	git_index *index;
	size_t n;	   /* of its entries */
	int root;	   /* the working tree's folder */
	struct stat stamp; /* of the index' file */
	size_t next;	   /* the entry whose turn it is beside HEAD's tree */
};

static bool is_before(const git_index_time *time, const struct timespec *stamp)
{
	if (time->seconds != (int32_t)stamp->tv_sec)
		return time->seconds < (int32_t)stamp->tv_sec;
	return time->nanoseconds < (uint32_t)stamp->tv_nsec;
}

static bool is_time(const git_index_time *time, const struct timespec *of)
{
	return time->seconds == (int32_t)of->tv_sec && time->nanoseconds == (uint32_t)of->tv_nsec;
}

static uint32_t git_mode(mode_t mode)
{
	if (S_ISLNK(mode))
		return GIT_FILEMODE_LINK;
	if (!S_ISREG(mode))
		return GIT_FILEMODE_UNREADABLE;
	return mode & S_IXUSR ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB;
}

/* A size of 0 is also what git notes of a file that it has to look at again. */
static bool is_empty_blob(const git_oid *oid)
{
	git_oid empty;

	return git_oid_fromstr(&empty, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391") == 0 &&
	       git_oid_equal(oid, &empty);
}

/* Whether the file is the very one that was compared when the index was written. One that is as
 * young as the index may have been changed since without a trace (git's "racy" entries). */
static bool file_is_as_noted(const struct look *look, const git_index_entry *entry)
{
	const uint16_t odd = GIT_INDEX_ENTRY_INTENT_TO_ADD | GIT_INDEX_ENTRY_SKIP_WORKTREE;
	struct stat st;

	if (GIT_INDEX_ENTRY_STAGE(entry) != 0 || (entry->flags & GIT_INDEX_ENTRY_VALID) ||
	    (entry->flags_extended & odd) ||
	    fstatat(look->root, entry->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return git_mode(st.st_mode) == entry->mode && (uint32_t)st.st_size == entry->file_size &&
	       is_time(&entry->mtime, &st.st_mtim) && is_time(&entry->ctime, &st.st_ctim) &&
	       (uint32_t)st.st_ino == entry->ino && st.st_uid == entry->uid &&
	       st.st_gid == entry->gid && is_before(&entry->mtime, &look->stamp.st_mtim) &&
	       (entry->file_size > 0 || is_empty_blob(&entry->id));
}

static bool files_are_as_noted(const struct look *look)
{
	for (size_t i = 0; i < look->n; i++)
		if (!file_is_as_noted(look, git_index_get_byindex(look->index, i)))
			return false;
	return true;
}

/* The index has the order of a walk along the tree. */
static int beside_tree(const char *root, const git_tree_entry *entry, void *data)
{
	struct look *look = data;
	size_t len = strlen(root);
	const git_index_entry *noted;

	if (git_tree_entry_filemode(entry) == GIT_FILEMODE_TREE)
		return 0;
	if (look->next == look->n)
		return -1;
	noted = git_index_get_byindex(look->index, look->next++);
	return strncmp(noted->path, root, len) == 0 &&
		       strcmp(noted->path + len, git_tree_entry_name(entry)) == 0 &&
		       noted->mode == git_tree_entry_filemode(entry) &&
		       git_oid_equal(&noted->id, git_tree_entry_id(entry))
		   ? 0
		   : -1;
}

/* The index mostly remembers which tree it was read from or written as. libgit2 gives that tree
 * without writing anything; where it would have to, there is no place to write to. */
static bool remembered_tree(const struct look *look, git_oid *tree)
{
	git_odb *nothing = NULL;
	git_repository *nowhere = NULL;
	bool remembered = git_odb_new(&nothing) == 0 &&
			  git_repository_wrap_odb(&nowhere, nothing) == 0 &&
			  git_index_write_tree_to(tree, look->index, nowhere) == 0;

	git_repository_free(nowhere);
	git_odb_free(nothing);
	return remembered;
}

static bool index_is_head(struct gitrepo *repo, struct look *look)
{
	struct err ignored = ERR_INIT;
	git_tree *tree = NULL;
	git_oid remembered;
	bool same = false;

	if (git_tree_of(repo, "HEAD", &tree, &ignored) == 0)
		same = remembered_tree(look, &remembered)
			   ? git_oid_equal(&remembered, git_tree_id(tree))
			   : git_tree_walk(tree, GIT_TREEWALK_PRE, beside_tree, look) == 0 &&
				 look->next == look->n;
	git_tree_free(tree);
	return same;
}

/* Whether a name in a folder is tracked, holds what is, or is ignored. */
static bool name_is_known(const struct look *look, const char *folder, size_t len, const char *name)
{
	char *path = xasprintf("%.*s%s", (int)len, folder, name), *below = xasprintf("%s/", path);
	int ignored = 0;
	bool known = git_index_find(NULL, look->index, path) == 0 ||
		     git_index_find_prefix(NULL, look->index, below) == 0 ||
		     (git_ignore_path_is_ignored(&ignored, look->repo, path) == 0 && ignored);

	free(below);
	free(path);
	return known;
}

/* All names of a folder; as many as are tracked in it, which are there, are just those. */
static bool names_are_known(const struct look *look, const char *folder, size_t len, size_t tracked)
{
	/* Without the slash behind it, which would lead through a link in its place. */
	char *path = len ? xstrndup(folder, len - 1) : xstrdup(".");
	int fd = openat(look->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	size_t n = 0;
	bool known = dir != NULL;

	while (known && (entry = readdir(dir)))
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		     (len || strcmp(entry->d_name, ".git") != 0);
	if (known && n != tracked) {
		rewinddir(dir);
		while (known && (entry = readdir(dir)))
			known = strcmp(entry->d_name, ".") == 0 ||
				strcmp(entry->d_name, "..") == 0 ||
				(!len && strcmp(entry->d_name, ".git") == 0) ||
				name_is_known(look, folder, len, entry->d_name);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	free(path);
	return known;
}

/* The folder whose name is the first `len` bytes of the entries from *at on, with all below it;
 * moves *at behind them. */
static bool folder_is_known(const struct look *look, size_t *at, size_t len)
{
	const char *folder = git_index_get_byindex(look->index, *at)->path;
	size_t tracked = 0;

	for (; *at < look->n; tracked++) {
		const char *path = git_index_get_byindex(look->index, *at)->path, *slash;

		if (strncmp(path, folder, len) != 0)
			break;
		slash = strchr(path + len, '/');
		if (!slash)
			(*at)++;
		else if (!folder_is_known(look, at, (size_t)(slash - path) + 1))
			return false;
	}
	return names_are_known(look, folder, len, tracked);
}

bool git_is_clean(struct gitrepo *repo)
{
	struct look look = { .repo = repo->repo, .root = -1 };
	size_t at = 0;
	bool clean = false;

	if (git_repository_index(&look.index, repo->repo) < 0 ||
	    git_index_read(look.index, false) < 0)
		goto out;
	look.n = git_index_entrycount(look.index);
	look.root = open(repo->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (look.n == 0 || look.root < 0 || stat(git_index_path(look.index), &look.stamp) < 0)
		goto out;
	clean = files_are_as_noted(&look) && index_is_head(repo, &look) &&
		folder_is_known(&look, &at, 0);
out:
	if (look.root >= 0)
		close(look.root);
	git_index_free(look.index);
	return clean;
}
