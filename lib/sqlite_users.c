#include "lib/sqlite_users.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/proc.h"

/* PENDING, RESERVED and the readers' bytes (https://www.sqlite.org/fileformat2.html), and those of
 * the shared-memory file, of which each connection in WAL mode holds one
 * (https://www.sqlite.org/walformat.html). */
#define LOCKS_AT      0x40000000
#define LOCKS_LEN     512
#define WAL_LOCKS_AT  120
#define WAL_LOCKS_LEN 9

/* 1: somebody holds a lock of any kind there. */
static int is_locked(const char *path, off_t from, off_t len, pid_t *holder, struct err *err)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from, .l_len = len
	};
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK), rc = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "%s", path);
	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		rc = err_sys(err, "%s: its locks can't be read", path);
	else if (lock.l_type != F_UNLCK)
		rc = 1;
	close(fd);
	*holder = rc == 1 && lock.l_pid > 0 ? lock.l_pid : 0;
	return rc;
}

/* Whether a process has the file open, by what its descriptors lead to. */
static bool has_open(pid_t pid, const struct stat *file)
{
	char path[64];
	struct dirent *entry;
	struct stat st;
	bool has = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && !has && (entry = readdir(dir)))
		has = fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		      st.st_dev == file->st_dev && st.st_ino == file->st_ino;
	if (dir)
		closedir(dir);
	return has;
}

static pid_t find_open(const struct stat *file)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (dir && !found && (entry = readdir(dir))) {
		pid_t pid =
		    isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;

		if (pid > 0 && pid != getpid() && has_open(pid, file))
			found = pid;
	}
	if (dir)
		closedir(dir);
	return found;
}

static void say(struct buf *who, pid_t pid, const char *does, const char *path)
{
	char *command = pid > 0 ? proc_command(pid) : NULL;

	if (pid <= 0)
		buf_printf(who, "a process %s %s", does, path);
	else
		buf_printf(who, "process %d (%s) %s %s", (int)pid, command ? command : "?", does,
			   path);
	free(command);
}

int sqlite_used(const char *path, struct buf *who, struct err *err)
{
	char *shm = xasprintf("%s-shm", path);
	struct stat st;
	pid_t holder = 0;
	int used;

	if (stat(path, &st) < 0) {
		used = errno == ENOENT ? 0 : err_sys(err, "%s", path);
		goto out;
	}
	holder = find_open(&st);
	if (holder > 0) {
		say(who, holder, "has open", path);
		used = 1;
		goto out;
	}
	used = is_locked(path, LOCKS_AT, LOCKS_LEN, &holder, err);
	if (used == 0)
		used = is_locked(shm, WAL_LOCKS_AT, WAL_LOCKS_LEN, &holder, err);
	if (used == 1)
		say(who, holder, "holds a lock on", path);
out:
	free(shm);
	return used;
}
