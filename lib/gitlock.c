/* Lock files that a killed move of our own left behind. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/git_private.h"
#include "lib/mem.h"

/* What a file's time may lag behind the clock: a tick of a slow kernel. */
#define LAG_US (20 * CLOCK_US / 1000)

/* A process, its number in *pid, that is called git-something and works in `folder`. */
static bool git_at_work(const char *folder, pid_t *pid)
{
	DIR *proc = opendir("/proc");
	char *root = realpath(folder, NULL);
	size_t len = root ? strlen(root) : 0;
	struct dirent *entry;

	*pid = 0;
	while (proc && root && !*pid && (entry = readdir(proc))) {
		char path[64], name[4] = "", cwd[4096];
		struct buf comm = BUF_INIT;
		ssize_t n;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		if (file_read(path, &comm, sizeof(cwd), NULL) == 0)
			snprintf(name, sizeof(name), "%.3s", buf_str(&comm));
		buf_release(&comm);
		snprintf(path, sizeof(path), "/proc/%.20s/cwd", entry->d_name);
		n = strcmp(name, "git") == 0 ? readlink(path, cwd, sizeof(cwd) - 1) : -1;
		if (n > 0 && (size_t)n >= len && memcmp(cwd, root, len) == 0 &&
		    ((size_t)n == len || cwd[len] == '/'))
			*pid = (pid_t)atoi(entry->d_name);
	}
	if (proc)
		closedir(proc);
	free(root);
	return *pid != 0;
}

static int lock_remove(const char *path, int64_t since, struct err *err)
{
	struct stat st;

	/* One that is older is somebody else's: whoever needs it free will say that it is not. */
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_ctim.tv_sec * CLOCK_US + st.st_ctim.tv_nsec / 1000 < since - LAG_US)
		return 0;
	return unlink(path) < 0 && errno != ENOENT ? err_sys(err, "%s", path) : 0;
}

static bool is_lock(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".lock") == 0;
}

/* All below `folder`; `deep` also in its folders. */
static int locks_remove(const char *folder, bool deep, int64_t since, struct err *err)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int rc = 0;

	while (dir && rc == 0 && (entry = readdir(dir))) {
		char *path;

		if (entry->d_name[0] == '.')
			continue;
		path = path_join(folder, entry->d_name);
		if (is_lock(entry->d_name))
			rc = lock_remove(path, since, err);
		else if (deep && entry->d_type == DT_DIR)
			rc = locks_remove(path, deep, since, err);
		free(path);
	}
	if (dir)
		closedir(dir);
	return rc;
}

int gitrepo_unlock(struct gitrepo *repo, int64_t since, struct err *err)
{
	const char *own = git_repository_path(repo->repo);
	const char *common = git_repository_commondir(repo->repo);
	char *refs = path_join(common, "refs");
	pid_t pid;
	int rc = 0;

	if (git_at_work(repo->path, &pid)) {
		err_set(err, "%s: another git command (process %d) is at work", repo->path,
			(int)pid);
		rc = err_hint(err, "wait for it, or end it; then try again");
	} else if (locks_remove(own, false, since, err) < 0 ||
		   locks_remove(common, false, since, err) < 0 ||
		   locks_remove(refs, true, since, err) < 0) {
		rc = -1;
	}
	free(refs);
	return rc;
}
