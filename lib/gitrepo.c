#include "lib/gitrepo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/git_private.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"

const struct field git_fields[] = {
	{ "path", FIELD_PATH, true, "the repository's working tree", NULL, NULL },
	{ "remote", FIELD_STRING, false, "the remote to fetch from and push to (origin)", NULL,
	  NULL },
	{ "branch", FIELD_STRING, false, "the branch that production follows", NULL, NULL },
	{ "allow_hooks", FIELD_BOOL, false,
	  "let the git command run the repository's hooks, fsmonitor and what its own "
	  "configuration "
	  "names (false)",
	  NULL, NULL },
	{ "identity", FIELD_STRING, false, "a commit that it must have, such as its first", NULL,
	  NULL },
	{ 0 },
};

int gitrepo_spec_of(const json_t *declared, struct gitrepo_spec *spec, struct err *err)
{
	spec->path = json_str(declared, "path", NULL);
	spec->remote = json_str(declared, "remote", "origin");
	spec->branch = json_str(declared, "branch", NULL);
	spec->allow_hooks = json_bool(declared, "allow_hooks", false) != 0;
	if (!spec->path) {
		err_set(err, "the git source is not declared, or has no path");
		return err_hint(err, "declare it under \"sources\": {\"git\": {\"path\": ...}}");
	}
	return 0;
}

int git_lock_hint(struct err *err)
{
	return err_hint(err,
			"another git command is at work, or one died and left a *.lock file in "
			".git: look before you remove it");
}

int git_fail(const struct gitrepo *repo, struct err *err, int code, const char *fmt, ...)
{
	const git_error *last = git_error_last();
	struct buf what = BUF_INIT, why = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_vprintf(&what, fmt, args);
	va_end(args);
	if (last && last->message)
		text_clean(&why, last->message, strlen(last->message));
	else
		buf_printf(&why, "libgit2 gave %d", code);
	err_set(err, "%s: %s: %s", repo->path, buf_str(&what), buf_str(&why));
	if (code == GIT_ELOCKED)
		git_lock_hint(err);
	if (code == GIT_ENOTFOUND && git_repository_is_shallow(repo->repo) == 1)
		err_hint(err,
			 "it is a shallow clone, whose history ends early: git -C %s fetch "
			 "--unshallow",
			 repo->path);
	buf_release(&what);
	buf_release(&why);
	return -1;
}

/* libgit2 1.5 says "not found" for a repository that belongs to somebody else, in some paths. */
static int open_fail(const char *path, int code, struct err *err)
{
	const git_error *last = git_error_last();
	struct stat st, git;
	char inner[4096];

	snprintf(inner, sizeof(inner), "%s/.git", path);
	if (stat(path, &st) < 0)
		return err_sys(err, "%s", path);
	if (stat(inner, &git) == 0 && (st.st_uid != geteuid() || git.st_uid != geteuid())) {
		uid_t owner = st.st_uid != geteuid() ? st.st_uid : git.st_uid;

		err_set(err,
			"%s belongs to user %u, not to user %u who runs this: git refuses such "
			"repositories",
			path, (unsigned)owner, (unsigned)geteuid());
		return err_hint(err,
				"run as the owner, or trust it: git config --global --add "
				"safe.directory %s",
				path);
	}
	if (code == GIT_ENOTFOUND) {
		err_set(err, "%s is no git repository", path);
		return err_hint(err, "the path must be the top of a working tree, where .git lies");
	}
	return err_set(err, "%s: can't be opened as a git repository: %s", path,
		       last && last->message ? last->message : "no reason given");
}

void gitrepo_begin(void)
{
	static bool begun;

	if (!begun)
		git_libgit2_init();
	begun = true;
}

struct gitrepo *gitrepo_open(const char *path, struct err *err)
{
	struct gitrepo *repo;
	int code;

	gitrepo_begin();
	repo = xcalloc(1, sizeof(*repo));
	repo->path = xstrdup(path);
	git_error_clear();
	code = git_repository_open_ext(&repo->repo, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (code < 0) {
		open_fail(path, code, err);
		gitrepo_free(repo);
		return NULL;
	}
	return repo;
}

void gitrepo_free(struct gitrepo *repo)
{
	if (!repo)
		return;
	git_repository_free(repo->repo);
	free(repo->path);
	free(repo);
}

mode_t git_umask(const char *folder)
{
	struct stat st;

	return umask(stat(folder, &st) == 0 ? ~st.st_mode & 077 : 022);
}

int gitrepo_head(struct gitrepo *repo, struct git_head *head, struct err *err)
{
	git_reference *symbolic = NULL, *resolved = NULL;
	const char *name;
	int code;

	memset(head, 0, sizeof(*head));
	code = git_reference_lookup(&symbolic, repo->repo, "HEAD");
	if (code < 0)
		return git_fail(repo, err, code, "HEAD can't be read");
	name = git_reference_symbolic_target(symbolic);
	if (name)
		snprintf(head->branch, sizeof(head->branch), "%s",
			 strncmp(name, "refs/heads/", 11) == 0 ? name + 11 : name);
	code = git_reference_resolve(&resolved, symbolic);
	if (code == 0)
		git_oid_tostr(head->commit, sizeof(head->commit), git_reference_target(resolved));
	git_reference_free(resolved);
	git_reference_free(symbolic);
	if (code < 0 && code != GIT_ENOTFOUND)
		return git_fail(repo, err, code, "HEAD can't be resolved");
	return 0;
}

char *git_head_text(const struct git_head *head, char *out, size_t size)
{
	char branch[128];

	text_clean_to(branch, sizeof(branch), head->branch, strlen(head->branch));
	if (!head->commit[0])
		snprintf(out, size, "%s without a commit", branch);
	else
		snprintf(out, size, "%s at %.*s", head->branch[0] ? branch : "detached", GIT_SHORT,
			 head->commit);
	return out;
}

int git_commit_of(struct gitrepo *repo, const char *ref, git_commit **commit, struct err *err)
{
	git_object *object = NULL, *peeled = NULL;
	int code = git_revparse_single(&object, repo->repo, ref);

	if (code == GIT_ENOTFOUND) {
		err_set(err, "%s: there is no commit, tag or branch \"%s\"", repo->path, ref);
		return err_hint(err, "see: git -C %s tag --list; git -C %s branch --all",
				repo->path, repo->path);
	}
	if (code < 0)
		return git_fail(repo, err, code, "\"%s\" can't be resolved", ref);
	code = git_object_peel(&peeled, object, GIT_OBJECT_COMMIT);
	git_object_free(object);
	if (code < 0)
		return git_fail(repo, err, code, "\"%s\" is no commit", ref);
	*commit = (git_commit *)peeled;
	return 0;
}

int git_tree_of(struct gitrepo *repo, const char *ref, git_tree **tree, struct err *err)
{
	git_commit *commit = NULL;
	int code;

	if (git_commit_of(repo, ref, &commit, err) < 0)
		return -1;
	code = git_commit_tree(tree, commit);
	git_commit_free(commit);
	return code < 0 ? git_fail(repo, err, code, "the files of \"%s\" can't be read", ref) : 0;
}

int gitrepo_tree(struct gitrepo *repo, const char *commit, char tree[GIT_HEX], struct err *err)
{
	git_tree *object = NULL;

	if (git_tree_of(repo, commit, &object, err) < 0)
		return -1;
	git_oid_tostr(tree, GIT_HEX, git_tree_id(object));
	git_tree_free(object);
	return 0;
}

int gitrepo_resolve(struct gitrepo *repo, const char *ref, char commit[GIT_HEX], struct err *err)
{
	git_commit *object = NULL;

	if (git_commit_of(repo, ref, &object, err) < 0)
		return -1;
	git_oid_tostr(commit, GIT_HEX, git_commit_id(object));
	git_commit_free(object);
	return 0;
}

int gitrepo_contains(struct gitrepo *repo, const char *tip, const char *commit, struct err *err)
{
	git_oid a, b;
	int code;

	if (git_oid_fromstr(&a, tip) < 0 || git_oid_fromstr(&b, commit) < 0)
		return err_set(err, "%s: \"%s\" or \"%s\" is no commit", repo->path, tip, commit);
	if (git_oid_equal(&a, &b))
		return 1;
	code = git_graph_descendant_of(repo->repo, &a, &b);
	return code < 0 ? git_fail(repo, err, code, "history can't be walked") : code;
}

static int walk_new(struct gitrepo *repo, const char *base, const char *tip, git_revwalk **walk,
		    struct err *err)
{
	git_oid from, to;
	int code;

	if (git_oid_fromstr(&from, base) < 0 || git_oid_fromstr(&to, tip) < 0)
		return err_set(err, "%s: \"%s\" or \"%s\" is no commit", repo->path, base, tip);
	if ((code = git_revwalk_new(walk, repo->repo)) < 0 ||
	    (code = git_revwalk_sorting(*walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME)) < 0 ||
	    (code = git_revwalk_push(*walk, &to)) < 0 ||
	    (code = git_revwalk_hide(*walk, &from)) < 0)
		return git_fail(repo, err, code, "history can't be walked");
	return 0;
}

int gitrepo_count(struct gitrepo *repo, const char *base, const char *tip, size_t *count,
		  struct err *err)
{
	git_revwalk *walk = NULL;
	git_oid oid;
	int rc;

	*count = 0;
	rc = walk_new(repo, base, tip, &walk, err);
	while (rc == 0 && git_revwalk_next(&oid, walk) == 0)
		(*count)++;
	git_revwalk_free(walk);
	return rc;
}

int gitrepo_log(struct gitrepo *repo, const char *base, const char *tip, size_t max,
		const char *indent, struct buf *out, struct err *err)
{
	git_revwalk *walk = NULL;
	git_oid oid;
	size_t seen = 0;
	int rc;

	rc = walk_new(repo, base, tip, &walk, err);
	while (rc == 0 && git_revwalk_next(&oid, walk) == 0) {
		git_commit *commit = NULL;
		char hex[GIT_HEX], line[160];
		const char *summary;

		if (seen++ >= max)
			continue;
		git_oid_tostr(hex, sizeof(hex), &oid);
		if (git_commit_lookup(&commit, repo->repo, &oid) < 0)
			continue;
		summary = git_commit_summary(commit);
		summary = summary ? summary : "";
		text_clean_to(line, sizeof(line), summary, strlen(summary));
		buf_printf(out, "%s%.*s %s\n", indent, GIT_SHORT, hex, line);
		git_commit_free(commit);
	}
	if (seen > max)
		buf_printf(out, "%s... and %zu more\n", indent, seen - max);
	git_revwalk_free(walk);
	return rc;
}

char *gitrepo_describe(struct gitrepo *repo, const char *commit)
{
	git_describe_options options;
	git_describe_format_options format;
	git_describe_result *result = NULL;
	git_commit *object = NULL;
	git_buf text = { 0 };
	struct buf clean = BUF_INIT;

	git_describe_options_init(&options, GIT_DESCRIBE_OPTIONS_VERSION);
	git_describe_format_options_init(&format, GIT_DESCRIBE_FORMAT_OPTIONS_VERSION);
	options.describe_strategy = GIT_DESCRIBE_TAGS;
	if (git_commit_of(repo, commit, &object, NULL) == 0 &&
	    git_describe_commit(&result, (git_object *)object, &options) == 0 &&
	    git_describe_format(&text, result, &format) == 0)
		text_clean(&clean, text.ptr, text.size);
	else
		buf_add(&clean, commit, strnlen(commit, GIT_SHORT));
	git_buf_dispose(&text);
	git_describe_result_free(result);
	git_commit_free(object);
	return buf_detach(&clean);
}
