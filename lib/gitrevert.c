/* Reverting commits without touching files. */
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/git_private.h"
#include "lib/text.h"

int git_sign(struct gitrepo *repo, git_signature **signature, struct err *err)
{
	int code = git_signature_default(signature, repo->repo);
	char host[128] = "localhost", mail[160];

	if (code < 0) {
		gethostname(host, sizeof(host) - 1);
		snprintf(mail, sizeof(mail), "backout@%s", host);
		code = git_signature_now(signature, "backout", mail);
	}
	return code < 0 ? git_fail(repo, err, code, "no signature can be made") : 0;
}

static int conflict_fail(struct gitrepo *repo, git_index *index, git_commit *commit,
			 struct err *err)
{
	git_index_conflict_iterator *it = NULL;
	const git_index_entry *base = NULL, *ours = NULL, *theirs = NULL, *any;
	char hex[GIT_HEX], subject[120], file[200] = "?";
	const char *summary = git_commit_summary(commit);

	if (git_index_conflict_iterator_new(&it, index) == 0 &&
	    git_index_conflict_next(&base, &ours, &theirs, it) == 0) {
		any = ours ? ours : theirs ? theirs : base;
		if (any)
			text_clean_to(file, sizeof(file), any->path, strlen(any->path));
	}
	git_index_conflict_iterator_free(it);
	git_oid_tostr(hex, sizeof(hex), git_commit_id(commit));
	text_clean_to(subject, sizeof(subject), summary ? summary : "",
		      summary ? strlen(summary) : 0);
	err_set(err, "%s: reverting %.*s (%s) conflicts in %s: nothing was moved", repo->path,
		GIT_SHORT, hex, subject, file);
	return err_hint(err, "check out the good commit instead, or revert by hand");
}

static int revert_commit(struct gitrepo *repo, git_commit *commit, git_commit **tip,
			 const git_signature *who, struct err *err)
{
	git_merge_options options;
	git_index *index = NULL;
	git_tree *tree = NULL;
	git_commit *made = NULL;
	const git_commit *parents[1] = { *tip };
	const char *summary = git_commit_summary(commit);
	struct buf message = BUF_INIT;
	char hex[GIT_HEX];
	git_oid oid;
	int code, rc = -1;

	git_merge_options_init(&options, GIT_MERGE_OPTIONS_VERSION);
	git_oid_tostr(hex, sizeof(hex), git_commit_id(commit));
	code = git_revert_commit(&index, repo->repo, commit, *tip,
				 git_commit_parentcount(commit) > 1 ? 1 : 0, &options);
	if (code < 0) {
		git_fail(repo, err, code, "%.*s can't be reverted", GIT_SHORT, hex);
		goto out;
	}
	if (git_index_has_conflicts(index)) {
		conflict_fail(repo, index, commit, err);
		goto out;
	}
	buf_printf(&message, "Revert \"%s\"\n\nThis reverts commit %s.\n", summary ? summary : "",
		   hex);
	if ((code = git_index_write_tree_to(&oid, index, repo->repo)) < 0 ||
	    (code = git_tree_lookup(&tree, repo->repo, &oid)) < 0 ||
	    (code = git_commit_create(&oid, repo->repo, NULL, who, who, NULL, buf_str(&message),
				      tree, 1, parents)) < 0 ||
	    (code = git_commit_lookup(&made, repo->repo, &oid)) < 0) {
		git_fail(repo, err, code, "the revert of %.*s can't be stored", GIT_SHORT, hex);
		goto out;
	}
	git_commit_free(*tip);
	*tip = made;
	rc = 0;
out:
	buf_release(&message);
	git_tree_free(tree);
	git_index_free(index);
	return rc;
}

/* Objects that are made while trying stay in memory: they are lost with the repository's handle,
 * which the caller opened for this alone. */
static int odb_in_memory(struct gitrepo *repo, struct err *err)
{
	git_odb_backend *backend = NULL;
	git_odb *odb = NULL;
	int code;

	if ((code = git_repository_odb(&odb, repo->repo)) < 0 ||
	    (code = git_mempack_new(&backend)) < 0 ||
	    (code = git_odb_add_backend(odb, backend, 999)) < 0) {
		if (backend)
			backend->free(backend);
		git_fail(repo, err, code, "objects can't be kept in memory");
	}
	git_odb_free(odb);
	return code < 0 ? -1 : 0;
}

static int revert_line(struct gitrepo *repo, const git_oid *since, const char *upto,
		       git_commit **tip, const git_signature *who, size_t *count, struct err *err)
{
	git_commit *commit = NULL, *parent = NULL;
	int code, rc = -1;

	if (git_commit_of(repo, upto, &commit, err) < 0)
		return -1;
	while (!git_oid_equal(git_commit_id(commit), since)) {
		if (git_commit_parentcount(commit) == 0) {
			err_set(err,
				"%s: the commit to revert back to is not on the first-parent line "
				"of %s",
				repo->path, upto);
			err_hint(err,
				 "check it out instead: git log --first-parent shows the line");
			goto out;
		}
		if (revert_commit(repo, commit, tip, who, err) < 0)
			goto out;
		(*count)++;
		if ((code = git_commit_parent(&parent, commit, 0)) < 0) {
			git_fail(repo, err, code, "history can't be walked");
			goto out;
		}
		git_commit_free(commit);
		commit = parent;
		parent = NULL;
	}
	rc = 0;
out:
	git_commit_free(commit);
	return rc;
}

/* `ref` must be `tip` or one of its ancestors: else there is nothing of it to revert. */
static int must_contain(struct gitrepo *repo, const char *tip, const char *ref, struct err *err)
{
	char a[GIT_HEX], b[GIT_HEX];
	int has;

	if (gitrepo_resolve(repo, tip, a, err) < 0 || gitrepo_resolve(repo, ref, b, err) < 0 ||
	    (has = gitrepo_contains(repo, a, b, err)) < 0)
		return -1;
	if (has)
		return 0;
	err_set(err, "%s: %s is no ancestor of %s: there is nothing to revert back to", repo->path,
		ref, tip);
	return err_hint(err, "check it out instead");
}

static int revert_in(struct gitrepo *repo, const char *since, const char *upto,
		     char commit[GIT_HEX], char tree[GIT_HEX], size_t *count, struct err *err)
{
	git_commit *tip = NULL, *base = NULL;
	git_signature *who = NULL;
	int rc = -1;

	upto = upto ? upto : "HEAD";
	if (must_contain(repo, "HEAD", upto, err) < 0 || must_contain(repo, upto, since, err) < 0)
		return -1;
	if (git_commit_of(repo, since, &base, err) < 0 ||
	    git_commit_of(repo, "HEAD", &tip, err) < 0 || git_sign(repo, &who, err) < 0)
		goto out;
	if (revert_line(repo, git_commit_id(base), upto, &tip, who, count, err) < 0)
		goto out;
	if (*count == 0) {
		err_set(err, "%s: there is no commit between %s and %s", repo->path, since, upto);
		goto out;
	}
	git_oid_tostr(commit, GIT_HEX, git_commit_id(tip));
	git_oid_tostr(tree, GIT_HEX, git_commit_tree_id(tip));
	rc = 0;
out:
	git_signature_free(who);
	git_commit_free(base);
	git_commit_free(tip);
	return rc;
}

int gitrepo_revert(struct gitrepo *repo, const char *since, const char *upto, bool dry,
		   char commit[GIT_HEX], char tree[GIT_HEX], size_t *count, struct err *err)
{
	struct gitrepo *trial;
	mode_t mask;
	int rc;

	*count = 0;
	commit[0] = tree[0] = '\0';
	if (!dry) {
		mask = git_umask(repo->path);
		rc = revert_in(repo, since, upto, commit, tree, count, err);
		umask(mask);
		return rc;
	}
	trial = gitrepo_open(repo->path, err);
	if (!trial)
		return -1;
	rc = odb_in_memory(trial, err);
	if (rc == 0)
		rc = revert_in(trial, since, upto, commit, tree, count, err);
	commit[0] = '\0';
	gitrepo_free(trial);
	return rc;
}
