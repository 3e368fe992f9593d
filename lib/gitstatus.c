/* What differs from HEAD. */
#include <stdlib.h>
#include <string.h>

#include "lib/git_private.h"
#include "lib/mem.h"
#include "lib/text.h"

bool git_path_in(const char *path, const char *const *paths)
{
	for (; paths && *paths; paths++) {
		size_t len = strlen(*paths);

		while (len > 0 && (*paths)[len - 1] == '/')
			len--;
		if (strncmp(path, *paths, len) == 0 && (path[len] == '\0' || path[len] == '/'))
			return true;
	}
	return false;
}

static const char *change_name(unsigned status)
{
	static const struct {
		unsigned bits;
		const char *name;
	} names[] = {
		{ GIT_STATUS_CONFLICTED, "conflicted" },
		{ GIT_STATUS_WT_UNREADABLE, "unreadable" },
		{ GIT_STATUS_WT_NEW, "untracked" },
		{ GIT_STATUS_WT_DELETED | GIT_STATUS_INDEX_DELETED, "deleted" },
		{ GIT_STATUS_WT_TYPECHANGE | GIT_STATUS_INDEX_TYPECHANGE, "type changed" },
		{ GIT_STATUS_WT_RENAMED | GIT_STATUS_INDEX_RENAMED, "renamed" },
		{ GIT_STATUS_WT_MODIFIED, "modified" },
		{ GIT_STATUS_INDEX_NEW, "added" },
		{ GIT_STATUS_INDEX_MODIFIED, "staged" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (status & names[i].bits)
			return names[i].name;
	return "changed";
}

static void changes_add(struct git_changes *changes, const git_status_entry *entry,
			const char *const *except)
{
	const git_diff_delta *delta =
	    entry->index_to_workdir ? entry->index_to_workdir : entry->head_to_index;
	struct git_change *change;
	const char *path;

	if (!delta || entry->status == GIT_STATUS_CURRENT || entry->status & GIT_STATUS_IGNORED)
		return;
	path = delta->new_file.path ? delta->new_file.path : delta->old_file.path;
	if (git_path_in(path, except))
		return;
	changes->list = xgrow(changes->list, &changes->cap, changes->n + 1, sizeof(*changes->list));
	change = &changes->list[changes->n++];
	change->path = xstrdup(path);
	change->what = change_name(entry->status);
	change->untracked = entry->status == GIT_STATUS_WT_NEW;
}

/* A file that a sparse checkout leaves out is not deleted, though libgit2 1.5 takes it for that. */
static bool left_out(git_index *index, const git_status_entry *entry)
{
	const git_index_entry *known = NULL;

	if (index != NULL && entry->status == GIT_STATUS_WT_DELETED && entry->index_to_workdir)
		known = git_index_get_bypath(index, entry->index_to_workdir->old_file.path, 0);
	return known != NULL && (known->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;
}

int gitrepo_changes(struct gitrepo *repo, const char *const *except, struct git_changes *out,
		    struct err *err)
{
	git_status_options options;
	git_status_list *list = NULL;
	git_index *index = NULL;
	int code;

	memset(out, 0, sizeof(*out));
	if (git_repository_is_bare(repo->repo))
		return err_set(err, "%s is a bare repository: it has no files", repo->path);
	if (git_is_clean(repo))
		return 0;
	git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
	options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
	options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS;
	code = git_status_list_new(&list, repo->repo, &options);
	if (code < 0)
		return git_fail(repo, err, code, "the state of its files can't be read");
	(void)git_repository_index(&index, repo->repo);
	for (size_t i = 0, n = git_status_list_entrycount(list); i < n; i++)
		if (!left_out(index, git_status_byindex(list, i)))
			changes_add(out, git_status_byindex(list, i), except);
	git_index_free(index);
	git_status_list_free(list);
	return 0;
}

void git_changes_release(struct git_changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		free(changes->list[i].path);
	free(changes->list);
	memset(changes, 0, sizeof(*changes));
}

size_t git_changes_tracked(const struct git_changes *changes)
{
	size_t n = 0;

	for (size_t i = 0; i < changes->n; i++)
		n += !changes->list[i].untracked;
	return n;
}

void git_changes_text(const struct git_changes *changes, bool tracked_only, struct buf *out)
{
	size_t n = tracked_only ? git_changes_tracked(changes) : changes->n, named = 0;

	buf_printf(out, "%zu %s", n, n == 1 ? "file differs:" : "files differ:");
	for (size_t i = 0; i < changes->n && named < 4; i++) {
		const struct git_change *change = &changes->list[i];

		if (tracked_only && change->untracked)
			continue;
		buf_puts(out, named++ ? ", " : " ");
		text_clean(out, change->path, strlen(change->path));
		buf_printf(out, " (%s)", change->what);
	}
	if (n > named)
		buf_puts(out, ", ...");
}
