/* Tags and branches. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/git_private.h"
#include "lib/mem.h"

/* The commit that a full reference name stands for. 1, 0 (there is none) or -1. */
static int ref_commit(struct gitrepo *repo, const char *prefix, const char *name,
		      char commit[GIT_HEX], struct err *err)
{
	char *full = xasprintf("%s%s", prefix, name);
	git_reference *ref = NULL;
	git_object *object = NULL;
	int code, valid = 0, rc = -1;

	commit[0] = '\0';
	if (git_reference_name_is_valid(&valid, full) < 0 || !valid) {
		err_set(err, "%s: \"%s\" can't be the name of a tag or branch", repo->path, name);
		goto out;
	}
	code = git_reference_lookup(&ref, repo->repo, full);
	if (code == GIT_ENOTFOUND) {
		rc = 0;
		goto out;
	}
	if (code < 0 || (code = git_reference_peel(&object, ref, GIT_OBJECT_COMMIT)) < 0) {
		git_fail(repo, err, code, "%s can't be read", full);
		goto out;
	}
	git_oid_tostr(commit, GIT_HEX, git_object_id(object));
	rc = 1;
out:
	git_object_free(object);
	git_reference_free(ref);
	free(full);
	return rc;
}

int gitrepo_branch(struct gitrepo *repo, const char *name, char commit[GIT_HEX], struct err *err)
{
	return ref_commit(repo, "refs/heads/", name, commit, err);
}

int gitrepo_tag(struct gitrepo *repo, const char *name, char commit[GIT_HEX], struct err *err)
{
	return ref_commit(repo, "refs/tags/", name, commit, err);
}

int gitrepo_ref(struct gitrepo *repo, const char *name, char *ref, size_t size, char id[GIT_HEX],
		struct err *err)
{
	static const char *const prefixes[] = { "refs/tags/", "refs/heads/" };

	id[0] = '\0';
	for (size_t i = 0; i < 2; i++) {
		git_oid oid;
		int is = ref_commit(repo, prefixes[i], name, id, err);

		if (is < 0)
			return -1;
		if (is == 0)
			continue;
		snprintf(ref, size, "%s%s", prefixes[i], name);
		if ((is = git_reference_name_to_id(&oid, repo->repo, ref)) < 0)
			return git_fail(repo, err, is, "%s can't be read", ref);
		git_oid_tostr(id, GIT_HEX, &oid);
		return 1;
	}
	return 0;
}

static int ref_make(struct gitrepo *repo, const char *prefix, const char *name, const char *commit,
		    struct err *err)
{
	char *full = xasprintf("%s%s", prefix, name);
	git_reference *ref = NULL;
	char there[GIT_HEX];
	mode_t mask = git_umask(repo->path);
	git_oid oid;
	int code, rc;

	rc = ref_commit(repo, prefix, name, there, err);
	if (rc == 1 && strcmp(there, commit) != 0) {
		rc = err_set(err, "%s: %s is there already, at %.*s, not at %.*s", repo->path, full,
			     GIT_SHORT, there, GIT_SHORT, commit);
		err_hint(err, "use another name, or look at what that one is for");
	} else if (rc == 1) {
		rc = 0;
	} else if (rc == 0) {
		if (git_oid_fromstr(&oid, commit) < 0)
			rc = err_set(err, "\"%s\" is no commit", commit);
		else if ((code = git_reference_create(&ref, repo->repo, full, &oid, 0, "backout")) <
			 0)
			rc = git_fail(repo, err, code, "%s can't be created", full);
	}
	umask(mask);
	git_reference_free(ref);
	free(full);
	return rc;
}

int gitrepo_make_tag(struct gitrepo *repo, const char *name, const char *commit, struct err *err)
{
	return ref_make(repo, "refs/tags/", name, commit, err);
}

int gitrepo_make_branch(struct gitrepo *repo, const char *name, const char *commit, struct err *err)
{
	return ref_make(repo, "refs/heads/", name, commit, err);
}

static int ref_drop(struct gitrepo *repo, const char *prefix, const char *name, const char *commit,
		    struct err *err)
{
	char *full = xasprintf("%s%s", prefix, name);
	git_reference *ref = NULL;
	char there[GIT_HEX];
	int code = 0, rc;

	rc = ref_commit(repo, prefix, name, there, err);
	if (rc == 1 && strcmp(there, commit) != 0)
		rc = err_set(err, "%s: %s is at %.*s now, not at %.*s: it is left there",
			     repo->path, full, GIT_SHORT, there, GIT_SHORT, commit);
	else if (rc == 1 && ((code = git_reference_lookup(&ref, repo->repo, full)) < 0 ||
			     (code = git_reference_delete(ref)) < 0))
		rc = git_fail(repo, err, code, "%s can't be removed", full);
	git_reference_free(ref);
	free(full);
	return rc < 0 ? -1 : 0;
}

int gitrepo_drop_tag(struct gitrepo *repo, const char *name, const char *commit, struct err *err)
{
	return ref_drop(repo, "refs/tags/", name, commit, err);
}

int gitrepo_drop_branch(struct gitrepo *repo, const char *name, const char *commit, struct err *err)
{
	struct git_head head;

	if (gitrepo_head(repo, &head, err) < 0)
		return -1;
	if (strcmp(head.branch, name) == 0)
		return err_set(err, "%s: HEAD stands on branch %s: it can't be removed", repo->path,
			       name);
	return ref_drop(repo, "refs/heads/", name, commit, err);
}

char *git_before_tag(const char *mark)
{
	char *tag = xasprintf("backout/before/%s", mark);

	for (char *c = tag + strlen("backout/before/"); *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_' &&
		    !(*c == '.' && isalnum((unsigned char)c[-1]) && isalnum((unsigned char)c[1])))
			*c = '-';
	/* "x.lock" is no reference's name */
	if (strlen(tag) > 5 && strcmp(tag + strlen(tag) - 5, ".lock") == 0)
		tag[strlen(tag) - 5] = '-';
	return tag;
}
