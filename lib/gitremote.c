/* Remotes, through the git command. */
#include <string.h>
#include <sys/stat.h>

#include "lib/argv.h"
#include "lib/child.h"
#include "lib/git_private.h"
#include "lib/mem.h"

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

int gitrepo_command(const struct gitrepo_spec *spec, const char *const *words, int64_t timeout_us,
		    int log, struct buf *out, struct err *err)
{
	static const char *const env[] = { "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", NULL };
	char **argv = gitrepo_argv(spec, words);
	struct child_spec child = { .argv = (const char *const *)argv,
				    .env = env,
				    .in = -1,
				    .out = log,
				    .err = log,
				    .keep_umask = true };
	mode_t mask = git_umask(spec->path);
	int rc;

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
