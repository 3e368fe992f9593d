/* Remotes, through the git command. */
#include <string.h>
#include <sys/stat.h>

#include "lib/argv.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/git_private.h"
#include "lib/mem.h"
#include "lib/text.h"

#define CONFIG_US (10 * CLOCK_US)

char **gitrepo_argv(const struct gitrepo_spec *spec, const char *const *words)
{
	static const char *const quiet[] = { "-c", "core.hooksPath=/dev/null", "-c",
					     "core.fsmonitor=false" };
	size_t n = 0, nwords = 0;
	char **argv;

	while (words[nwords])
		nwords++;
	argv = xcalloc(nwords + 8, sizeof(*argv));
	argv[n++] = xstrdup("git");
	for (size_t i = 0; !spec->allow_hooks && i < 4; i++)
		argv[n++] = xstrdup(quiet[i]);
	argv[n++] = xstrdup("-C");
	argv[n++] = xstrdup(spec->path);
	for (size_t i = 0; i < nwords; i++)
		argv[n++] = xstrdup(words[i]);
	return argv;
}

/* ---- commands that a repository's own configuration names ---- */

/* "*" stands for any text: what lies between the section and the last word. Names are lower-case,
 * as git lists them. Only what a fetch, a push or a look at a remote would run; what can't be named
 * in a repository's own configuration is not here (uploadpack.packObjectsHook). */
static const char *const command_keys[] = {
	"core.sshcommand",
	"core.gitproxy",
	"core.askpass",
	"core.alternaterefscommand",
	"credential.helper",
	"credential.*.helper",
	"gpg.program",
	"gpg.*.program",
	"remote.*.uploadpack",
	"remote.*.receivepack",
	"remote.*.vcs",
	"protocol.allow",
	"protocol.*.allow",
	"submodule.recurse",
	"push.recursesubmodules",
};

static bool key_matches(const char *pattern, const char *key, size_t len)
{
	const char *star = strchr(pattern, '*');
	size_t head = star != NULL ? (size_t)(star - pattern) : strlen(pattern);
	size_t tail = star != NULL ? strlen(star + 1) : 0;

	if (star == NULL)
		return len == head && memcmp(key, pattern, len) == 0;
	return len >= head + tail && memcmp(key, pattern, head) == 0 &&
	       memcmp(key + len - tail, star + 1, tail) == 0;
}

static bool names_command(const char *key)
{
	size_t len = strcspn(key, "\n");

	for (size_t i = 0; i < sizeof(command_keys) / sizeof(command_keys[0]); i++)
		if (key_matches(command_keys[i], key, len))
			return true;
	return false;
}

/* `list`: "SCOPE NUL KEY \n VALUE NUL" of each variable. */
static int scopes_check(const struct gitrepo_spec *spec, const struct buf *list, struct err *err)
{
	const char *at = buf_str(list), *end = at + list->len;

	while (at < end) {
		const char *key = at + strlen(at) + 1;
		bool own = strcmp(at, "local") == 0 || strcmp(at, "worktree") == 0;
		char said[200];

		if (key >= end)
			break;
		if (own && names_command(key)) {
			text_clean_to(said, sizeof(said), key, strcspn(key, "\n"));
			err_set(err, "%s: the repository's own configuration names a command: %s",
				spec->path, said);
			return err_hint(err,
					"move it to the user's own (git config --global), or say "
					"\"allow_hooks\": true in the source if it may run");
		}
		at = key + strlen(key) + 1;
	}
	return 0;
}

/* Who may write to the repository, but isn't the one who runs this, must not choose what is run.
 * git itself says what counts, with all that is included. */
static int own_commands_refused(const struct gitrepo_spec *spec, struct err *err)
{
	static const char *const words[] = { "config", "--list", "--show-scope", "-z", NULL };
	char **argv = gitrepo_argv(spec, words);
	struct child_spec child = {
		.argv = (const char *const *)argv, .in = -1, .out = -1, .err = -1
	};
	struct buf list = BUF_INIT;
	int rc = child_ok(&child, NULL, CONFIG_US, &list, err);

	if (rc < 0)
		err_wrap(err, "git config");
	else
		rc = scopes_check(spec, &list, err);
	buf_release(&list);
	argv_free(argv);
	return rc;
}

int gitrepo_command(const struct gitrepo_spec *spec, const char *const *words, int64_t timeout_us,
		    int log, struct buf *out, struct err *err)
{
	static const char *const env[] = { "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", NULL };
	char **argv;
	struct child_spec child = {
		.env = env, .in = -1, .out = log, .err = log, .keep_umask = true
	};
	mode_t mask;
	int rc;

	if (!spec->allow_hooks && own_commands_refused(spec, err) < 0)
		return -1;
	argv = gitrepo_argv(spec, words);
	child.argv = (const char *const *)argv;
	mask = git_umask(spec->path);
	rc = out ? child_ok(&child, NULL, timeout_us, out, err)
		 : argv_run(&child, timeout_us, log, 0, err);
	umask(mask);
	if (rc < 0)
		err_wrap(err, "git %s", words[0]);
	argv_free(argv);
	return rc;
}

int gitrepo_remote_ref(const struct gitrepo_spec *spec, const char *ref, int64_t timeout_us,
		       char id[GIT_HEX], struct err *err)
{
	const char *const words[] = { "ls-remote", "--", spec->remote, ref, NULL };
	struct buf out = BUF_INIT;
	const char *line;
	size_t len;
	int rc = 0;

	id[0] = '\0';
	if (gitrepo_command(spec, words, timeout_us, -1, &out, err) < 0) {
		buf_release(&out);
		return -1;
	}
	for (line = buf_str(&out); *line && rc == 0; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		if (len > GIT_HEX && line[GIT_HEX - 1] == '\t' && len - GIT_HEX == strlen(ref) &&
		    memcmp(line + GIT_HEX, ref, len - GIT_HEX) == 0) {
			memcpy(id, line, GIT_HEX - 1);
			id[GIT_HEX - 1] = '\0';
			rc = 1;
		}
	}
	buf_release(&out);
	return rc;
}
