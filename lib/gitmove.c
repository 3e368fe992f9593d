/* Moving a repository: HEAD and files, all or nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/git_private.h"
#include "lib/mem.h"
#include "lib/text.h"

/* A changed file that is about to be replaced, as it was. */
struct parked {
	char *full;	  /* owned */
	const char *path; /* relative, borrowed */
	bool untracked;
	bool absent;
	struct stat st;
	struct buf bytes;
};

struct parking {
	struct parked *list;
	size_t n;
};

static int parked_fill(struct parked *parked, struct err *err)
{
	if (lstat(parked->full, &parked->st) < 0) {
		if (errno != ENOENT)
			return err_sys(err, "%s", parked->full);
		parked->absent = true;
		return 0;
	}
	if (!S_ISREG(parked->st.st_mode))
		return err_set(err, "%s is no regular file: it is not overwritten", parked->full);
	return file_read(parked->full, &parked->bytes, 0, err);
}

static int park(struct gitrepo *repo, const struct git_changes *changes,
		const char *const *overwrites, struct parking *parking, struct err *err)
{
	parking->list = xcalloc(changes->n + 1, sizeof(*parking->list));
	for (size_t i = 0; overwrites && i < changes->n; i++) {
		const struct git_change *change = &changes->list[i];
		struct parked *parked = &parking->list[parking->n];

		if (!git_path_in(change->path, overwrites))
			continue;
		parking->n++;
		parked->full = path_join(repo->path, change->path);
		parked->path = change->path;
		parked->untracked = change->untracked;
		if (parked_fill(parked, err) < 0)
			return -1;
	}
	return 0;
}

static int parked_put_back(const struct parked *parked, struct err *err)
{
	const struct stat *was = &parked->st;
	struct stat now;

	/* Git may have put a link there, which is not replaced by what it points to. */
	if (lstat(parked->full, &now) == 0 && (parked->absent || S_ISLNK(now.st_mode)) &&
	    unlink(parked->full) < 0)
		return err_sys(err, "%s", parked->full);
	if (parked->absent)
		return 0;
	if (file_replace(parked->full, buf_str(&parked->bytes), parked->bytes.len,
			 was->st_mode & 07777, err) < 0)
		return -1;
	if ((geteuid() == 0 && lchown(parked->full, was->st_uid, was->st_gid) < 0) ||
	    chmod(parked->full, was->st_mode & 07777) < 0)
		return err_sys(err, "%s: mode and owner", parked->full);
	return 0;
}

/* All that can be put back is; `err`, which says why the move failed, says also what can't. */
static void unpark(const struct parking *parking, struct err *err)
{
	for (size_t i = 0; i < parking->n; i++) {
		struct err why = ERR_INIT;

		if (parked_put_back(&parking->list[i], &why) < 0)
			err_wrap(err, "%s is NOT back as it was (%s)", parking->list[i].path,
				 why.msg);
	}
}

static void parking_release(struct parking *parking)
{
	for (size_t i = 0; i < parking->n; i++) {
		free(parking->list[i].full);
		buf_release(&parking->list[i].bytes);
	}
	free(parking->list);
}

/* ---- Trying it ---- */

/* What a checkout would do, as it says while it looks. */
struct outlook {
	struct gitrepo *repo;
	const char *const *overwrites;
	char first[256]; /* of what is in the way */
	size_t in_the_way;
	char **replaced;     /* owned: the files that it will write anew */
	size_t n, cap, next; /* the next one that makes room */
};

static int outlook_note(git_checkout_notify_t why, const char *path, const git_diff_file *baseline,
			const git_diff_file *target, const git_diff_file *workdir, void *data)
{
	struct outlook *outlook = data;

	(void)baseline;
	if (path && why == GIT_CHECKOUT_NOTIFY_UPDATED && target && workdir) {
		outlook->replaced = xgrow(outlook->replaced, &outlook->cap, outlook->n + 1,
					  sizeof(*outlook->replaced));
		outlook->replaced[outlook->n++] = xstrdup(path);
	}
	if (path && why == GIT_CHECKOUT_NOTIFY_CONFLICT &&
	    !git_path_in(path, outlook->overwrites) && outlook->in_the_way++ == 0)
		text_clean_to(outlook->first, sizeof(outlook->first), path, strlen(path));
	return 0;
}

/* Called when all has been looked at and nothing was done, then behind each file. The next one that
 * will be written anew makes room: written into, as libgit2 does it, ext4 puts each file on the
 * disk before the next, which takes longer than all the rest. Of a move that goes no further from
 * here, half_back() and gitrepo_unmove() make it again. Another user's file stays that user's. */
static void outlook_make_room(const char *path, size_t done, size_t all, void *data)
{
	struct outlook *outlook = data;
	struct stat st;
	char *full;

	(void)done, (void)all;
	/* Files that are removed come first; then it is the one before whose turn it was. */
	if (outlook->next == outlook->n ||
	    (path && outlook->next > 0 && strcmp(path, outlook->replaced[outlook->next - 1]) != 0))
		return;
	full = path_join(outlook->repo->path, outlook->replaced[outlook->next++]);
	if (lstat(full, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
		unlink(full);
	free(full);
}

static void outlook_release(struct outlook *outlook)
{
	for (size_t i = 0; i < outlook->n; i++)
		free(outlook->replaced[i]);
	free(outlook->replaced);
}

static int outlook_judge(const struct outlook *outlook, int code, const char *what, struct err *err)
{
	if (outlook->in_the_way > 0) {
		err_set(err, "%s: %zu %s in the way, first %s", outlook->repo->path,
			outlook->in_the_way, outlook->in_the_way == 1 ? "file is" : "files are",
			outlook->first);
		return err_hint(err, "move it aside, or name it under \"overwrites\"");
	}
	return code < 0 ? git_fail(outlook->repo, err, code, "%s", what) : 0;
}

/* Whether nothing is in the way; nothing is changed. */
static int move_dry(struct gitrepo *repo, const struct git_move *move, git_tree *tree,
		    bool verbatim, struct err *err)
{
	struct outlook outlook = { .repo = repo, .overwrites = move->overwrites };
	git_checkout_options options;
	int code;

	git_checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION);
	options.checkout_strategy =
	    GIT_CHECKOUT_NONE | GIT_CHECKOUT_DONT_UPDATE_INDEX | GIT_CHECKOUT_DONT_WRITE_INDEX;
	options.disable_filters = verbatim;
	options.notify_flags = GIT_CHECKOUT_NOTIFY_CONFLICT;
	options.notify_cb = outlook_note;
	options.notify_payload = &outlook;
	code = git_checkout_tree(repo->repo, (const git_object *)tree, &options);
	return outlook_judge(&outlook, code == GIT_ECONFLICT ? 0 : code,
			     "the checkout can't be tried", err);
}

static int move_check_head(struct gitrepo *repo, const struct git_move *move, struct git_head *head,
			   struct err *err)
{
	char at[GIT_HEX], text[200];

	if (gitrepo_head(repo, head, err) < 0)
		return -1;
	if (strcmp(head->commit, move->expected) != 0) {
		err_set(err, "%s: HEAD is %s, it was expected at %.*s: somebody moved it",
			repo->path, git_head_text(head, text, sizeof(text)), GIT_SHORT,
			move->expected);
		return err_hint(err, "look at git log, and plan again");
	}
	if (!head->commit[0])
		return err_set(err, "%s has no commit yet", repo->path);
	if (move->how != GIT_SWITCH)
		return 0;
	if (gitrepo_branch(repo, move->branch, at, err) < 0)
		return -1;
	if (strcmp(at, move->to) != 0)
		return err_set(err, "%s: branch %s is at \"%.*s\", not at %.*s", repo->path,
			       move->branch, GIT_SHORT, at, GIT_SHORT, move->to);
	return 0;
}

static int changes_allowed(struct gitrepo *repo, const struct git_move *move,
			   struct git_changes *changes, struct err *err)
{
	struct git_changes foreign = { 0 }; /* borrows its entries */
	struct buf text = BUF_INIT;
	int rc = 0;

	if (gitrepo_changes(repo, NULL, changes, err) < 0)
		return -1;
	foreign.list = xcalloc(changes->n + 1, sizeof(*foreign.list));
	for (size_t i = 0; i < changes->n; i++)
		if (!git_path_in(changes->list[i].path, move->overwrites))
			foreign.list[foreign.n++] = changes->list[i];
	if (git_changes_tracked(&foreign) > 0) {
		git_changes_text(&foreign, true, &text);
		rc = err_set(err, "%s is not clean: %s", repo->path, buf_str(&text));
		err_hint(err, "commit or stash it, or name the files under \"overwrites\" if they "
			      "may be replaced (they are kept for an undo)");
	}
	buf_release(&text);
	free(foreign.list);
	return rc;
}

static bool index_locked(const struct gitrepo *repo)
{
	char *lock = path_join(git_repository_path(repo->repo), "index.lock");
	bool there = file_exists(lock);

	free(lock);
	return there;
}

static int move_allowed(struct gitrepo *repo, const struct git_move *move, git_tree *tree,
			struct git_changes *changes, bool *verbatim, struct err *err)
{
	struct git_head head;

	if (git_supported(repo, tree, verbatim, err) < 0 ||
	    move_check_head(repo, move, &head, err) < 0 ||
	    changes_allowed(repo, move, changes, err) < 0)
		return -1;
	if (index_locked(repo)) {
		err_set(err, "%s: the index is locked", repo->path);
		return git_lock_hint(err);
	}
	return 0;
}

int gitrepo_can_move(struct gitrepo *repo, const struct git_move *move, struct err *err)
{
	struct git_changes changes = { 0 };
	git_tree *tree = NULL;
	bool verbatim;
	int rc = -1;

	if (git_tree_of(repo, move->to, &tree, err) == 0 &&
	    move_allowed(repo, move, tree, &changes, &verbatim, err) == 0)
		rc = move_dry(repo, move, tree, verbatim, err);
	git_changes_release(&changes);
	git_tree_free(tree);
	return rc;
}

/* ---- Taking back half a move ---- */

/* Whether a file is what a checkout of `entry` would have left, the last write cut short included.
 */
static bool file_is_of(struct gitrepo *repo, const char *path, const git_tree_entry *entry)
{
	char *full = path_join(repo->path, path);
	struct buf bytes = BUF_INIT;
	git_blob *blob = NULL;
	git_oid oid;
	bool same;

	same = git_repository_hashfile(&oid, repo->repo, full, GIT_OBJECT_BLOB, path) == 0 &&
	       git_oid_equal(&oid, git_tree_entry_id(entry));
	if (!same && file_read(full, &bytes, 0, NULL) == 0 &&
	    git_blob_lookup(&blob, repo->repo, git_tree_entry_id(entry)) == 0)
		same = bytes.len <= (size_t)git_blob_rawsize(blob) &&
		       memcmp(buf_str(&bytes), git_blob_rawcontent(blob), bytes.len) == 0;
	git_blob_free(blob);
	buf_release(&bytes);
	free(full);
	return same;
}

/* 1: left by the move, 0: nothing to do with it, -1: changed by somebody else. */
static int change_from_move(struct gitrepo *repo, git_tree *tree, const struct git_change *change)
{
	char *full = path_join(repo->path, change->path);
	git_tree_entry *entry = NULL;
	struct stat st;
	bool there = lstat(full, &st) == 0;
	int rc;

	free(full);
	if (git_tree_entry_bypath(&entry, tree, change->path) < 0)
		return change->untracked ? 0 : there ? -1 : 1;
	rc = !there || file_is_of(repo, change->path, entry) ? 1 : -1;
	git_tree_entry_free(entry);
	return rc;
}

static int file_unlink(struct gitrepo *repo, const char *path, struct err *err)
{
	char *full = path_join(repo->path, path);
	int rc = unlink(full) < 0 && errno != ENOENT ? err_sys(err, "%s", full) : 0;

	free(full);
	return rc;
}

/* The named files become HEAD's again, in the index, too. */
static int paths_reset(struct gitrepo *repo, char **paths, size_t n, struct err *err)
{
	git_checkout_options options;
	int code;

	if (n == 0)
		return 0;
	git_checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION);
	options.checkout_strategy = GIT_CHECKOUT_FORCE | GIT_CHECKOUT_DISABLE_PATHSPEC_MATCH;
	options.paths.strings = paths;
	options.paths.count = n;
	code = git_checkout_head(repo->repo, &options);
	return code < 0 ? git_fail(repo, err, code, "files can't be put back") : 0;
}

/* Puts back every file that a move left as `tree` has it, and the overwrites, whatever they hold.
 */
static int take_back(struct gitrepo *repo, git_tree *tree, const char *const *overwrites,
		     struct err *err)
{
	struct git_changes changes = { 0 };
	char **paths = NULL;
	size_t n = 0;
	int rc = -1;

	if (gitrepo_changes(repo, NULL, &changes, err) < 0)
		return -1;
	paths = xcalloc(changes.n + 1, sizeof(*paths));
	for (size_t i = 0; i < changes.n; i++) {
		struct git_change *change = &changes.list[i];
		int from = overwrites && git_path_in(change->path, overwrites)
			       ? !change->untracked
			       : change_from_move(repo, tree, change);

		if (from < 0) {
			err_set(err, "%s: %s was changed by somebody else", repo->path,
				change->path);
			err_hint(err, "compare it with git diff, and clean it by hand");
			goto out;
		}
		if (from > 0 && change->untracked && file_unlink(repo, change->path, err) < 0)
			goto out;
		if (from > 0 && !change->untracked)
			paths[n++] = change->path;
	}
	rc = paths_reset(repo, paths, n, err);
out:
	free(paths);
	git_changes_release(&changes);
	return rc;
}

/* ---- Doing it ---- */

/* HEAD and its branch are locked, looked at once more, and only then set. */
static int head_set(struct gitrepo *repo, const struct git_move *move, struct err *err)
{
	git_transaction *tx = NULL;
	struct git_head head;
	char branch[300] = "", target[300];
	git_oid oid;
	int code, rc = -1;

	if (git_oid_fromstr(&oid, move->to) < 0)
		return err_set(err, "\"%s\" is no commit", move->to);
	if ((code = git_transaction_new(&tx, repo->repo)) < 0 ||
	    (code = git_transaction_lock_ref(tx, "HEAD")) < 0) {
		git_fail(repo, err, code, "HEAD can't be locked");
		goto out;
	}
	if (gitrepo_head(repo, &head, err) < 0)
		goto out;
	if (head.branch[0]) {
		snprintf(branch, sizeof(branch), "refs/heads/%s", head.branch);
		if ((code = git_transaction_lock_ref(tx, branch)) < 0) {
			git_fail(repo, err, code, "branch %s can't be locked", head.branch);
			goto out;
		}
	}
	if (move_check_head(repo, move, &head, err) < 0)
		goto out;
	snprintf(target, sizeof(target), "refs/heads/%s", move->branch ? move->branch : "");
	if (move->how == GIT_SWITCH)
		code = git_transaction_set_symbolic_target(tx, "HEAD", target, NULL, move->why);
	else
		code = git_transaction_set_target(tx,
						  move->how == GIT_ADVANCE && branch[0] ? branch
											: "HEAD",
						  &oid, NULL, move->why);
	if (code < 0 || (code = git_transaction_commit(tx)) < 0)
		git_fail(repo, err, code, "HEAD can't be moved");
	else
		rc = 0;
out:
	git_transaction_free(tx);
	return rc;
}

/* The index is the tree's now; that it remembers so spares every later look a walk along the tree.
 */
static int index_write(struct gitrepo *repo, git_tree *tree, struct err *err)
{
	git_index *index = NULL;
	int code;

	if ((code = git_repository_index(&index, repo->repo)) == 0 &&
	    (code = git_index_read_tree(index, tree)) == 0)
		code = git_index_write(index);
	git_index_free(index);
	return code < 0 ? git_fail(repo, err, code, "files can't be moved: the index") : 0;
}

static int checkout(struct gitrepo *repo, git_tree *tree, git_tree *baseline, bool verbatim,
		    struct err *err)
{
	struct outlook outlook = { .repo = repo };
	git_checkout_options options;
	int rc;

	git_checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION);
	options.checkout_strategy = GIT_CHECKOUT_SAFE | GIT_CHECKOUT_DONT_WRITE_INDEX;
	options.baseline = baseline;
	options.disable_filters = verbatim;
	options.notify_flags = GIT_CHECKOUT_NOTIFY_CONFLICT | GIT_CHECKOUT_NOTIFY_UPDATED;
	options.notify_cb = outlook_note;
	options.notify_payload = options.progress_payload = &outlook;
	options.progress_cb = outlook_make_room;
	rc = git_checkout_tree(repo->repo, (const git_object *)tree, &options);
	rc = outlook_judge(&outlook, rc, "files can't be moved", err);
	outlook_release(&outlook);
	return rc < 0 ? rc : index_write(repo, tree, err);
}

static int parked_reset(struct gitrepo *repo, const struct parking *parking, struct err *err)
{
	char **paths = xcalloc(parking->n + 1, sizeof(*paths));
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < parking->n; i++) {
		struct parked *parked = &parking->list[i];

		if (!parked->untracked)
			paths[n++] = (char *)(uintptr_t)parked->path;
		else if (unlink(parked->full) < 0 && errno != ENOENT)
			rc = err_sys(err, "%s", parked->full);
	}
	if (rc == 0)
		rc = paths_reset(repo, paths, n, err);
	free(paths);
	return rc;
}

static void index_reread(struct gitrepo *repo)
{
	git_index *index = NULL;

	if (git_repository_index(&index, repo->repo) == 0)
		(void)git_index_read(index, true);
	git_index_free(index);
}

/* A checkout that failed may have moved files already: they go back. The index may be what can't be
 * written; as it was not, it is right again once the files are, and only that counts. */
static void half_back(struct gitrepo *repo, git_tree *tree, struct err *err)
{
	struct git_changes left = { 0 };
	struct err why = ERR_INIT;

	index_reread(repo);
	(void)take_back(repo, tree, NULL, &why);
	index_reread(repo);
	if (gitrepo_changes(repo, NULL, &left, &why) < 0 || git_changes_tracked(&left) > 0)
		err_wrap(err, "files are NOT back where they were (%s)", why.msg);
	git_changes_release(&left);
}

/* HEAD could not be set: files go back to wherever HEAD is now. */
static void checkout_back(struct gitrepo *repo, git_tree *from, bool verbatim, struct err *err)
{
	git_tree *now = NULL;
	struct err why = ERR_INIT;

	if (git_tree_of(repo, "HEAD", &now, &why) < 0 ||
	    checkout(repo, now, from, verbatim, &why) < 0)
		err_wrap(err, "files are NOT back where they were (%s)", why.msg);
	git_tree_free(now);
}

int gitrepo_move(struct gitrepo *repo, const struct git_move *move, struct err *err)
{
	struct git_changes changes = { 0 };
	struct parking parking = { 0 };
	git_tree *tree = NULL;
	mode_t mask = git_umask(repo->path);
	bool parked = false, verbatim;
	int rc = -1;

	if (git_tree_of(repo, move->to, &tree, err) < 0 ||
	    move_allowed(repo, move, tree, &changes, &verbatim, err) < 0 ||
	    park(repo, &changes, move->overwrites, &parking, err) < 0)
		goto out;
	/* With nothing to replace first, the checkout itself looks before it touches anything. */
	if (parking.n > 0 && move_dry(repo, move, tree, verbatim, err) < 0)
		goto out;
	parked = true;
	if (parked_reset(repo, &parking, err) < 0)
		goto out;
	if (checkout(repo, tree, NULL, verbatim, err) < 0) {
		half_back(repo, tree, err);
		goto out;
	}
	if (head_set(repo, move, err) < 0) {
		checkout_back(repo, tree, verbatim, err);
		goto out;
	}
	rc = 0;
out:
	if (rc < 0 && parked)
		unpark(&parking, err);
	umask(mask);
	parking_release(&parking);
	git_changes_release(&changes);
	git_tree_free(tree);
	return rc;
}

int gitrepo_unmove(struct gitrepo *repo, const struct git_move *move, struct err *err)
{
	struct git_head head;
	git_tree *tree = NULL;
	mode_t mask = git_umask(repo->path);
	int rc = -1;

	if (git_tree_of(repo, move->to, &tree, err) == 0 &&
	    move_check_head(repo, move, &head, err) == 0)
		rc = take_back(repo, tree, move->overwrites, err);
	umask(mask);
	git_tree_free(tree);
	return rc;
}
