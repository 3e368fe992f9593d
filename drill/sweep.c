/*
 * Removing what drills left: processes, clusters with their shared memory, folders.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/steplock.h"
#include "drill/sandbox.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

/* One that is being made has the second name until its lock is held. */
#define PREFIX	   "backout-drill-"
#define NEW_PREFIX "backout-new-"
#define NEW_AGE_S  10

/* How long a cluster may take to end on its own (immediate shutdown writes nothing). */
#define CLUSTER_WAIT_MS 5000

static void sleep_ms(long ms)
{
	struct timespec wait = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&wait, NULL);
}

/* Whether one of the NUL-separated strings of a file below /proc/PID is the mark. */
static bool lists_mark(pid_t pid, const char *file, const char *mark)
{
	char path[64];
	struct buf list = BUF_INIT;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if (file_read(path, &list, 0, NULL) == 0) {
		size_t len = strlen(mark);

		for (size_t at = 0; at < list.len && !found;) {
			size_t n = strnlen(list.data + at, list.len - at);

			found = n == len && !memcmp(list.data + at, mark, len);
			at += n + 1;
		}
	}
	buf_release(&list);
	return found;
}

/* A supervisor that a step started was not born with the mark: it was given it as an argument. */
static bool has_mark(pid_t pid, const char *mark)
{
	return lists_mark(pid, "environ", mark) || lists_mark(pid, "cmdline", mark);
}

/* Kills every process with the mark but this one; a pidfd taken before the look keeps a reused pid
 * safe. Returns how many there were. */
static int kill_marked(const char *mark)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int killed = 0;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)atoi(entry->d_name);
		int fd;

		if (pid <= 0 || pid == getpid())
			continue;
		fd = pidfd_open(pid, 0);
		if (fd < 0)
			continue;
		if (has_mark(pid, mark) && pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0)
			killed++;
		close(fd);
	}
	if (proc)
		closedir(proc);
	return killed;
}

/* The postmaster of a data folder: it works in that folder, and its pid file says so. 0: none. */
static pid_t postmaster_pid(const char *data, unsigned long *key, int *id)
{
	char *path = path_join(data, "postmaster.pid");
	struct buf text = BUF_INIT;
	char link[64], cwd[4096];
	ssize_t len;
	long pid = 0;
	char *line;

	*key = 0;
	*id = -1;
	if (file_read(path, &text, 4096, NULL) == 0 && text.len > 0) {
		pid = strtol(text.data, NULL, 10);
		line = text.data;
		for (int i = 1; line && i < 7; i++)
			line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
		if (line && sscanf(line, "%lu %d", key, id) != 2)
			*id = -1;
	}
	free(path);
	buf_release(&text);
	if (pid <= 0)
		return 0;
	snprintf(link, sizeof(link), "/proc/%ld/cwd", pid);
	len = readlink(link, cwd, sizeof(cwd) - 1);
	if (len < 0)
		return 0;
	cwd[len] = 0;
	return strcmp(cwd, data) ? 0 : (pid_t)pid;
}

/* The last backends of a killed server let go of it a moment later. */
static void remove_segment(int id)
{
	struct shmid_ds segment;

	for (long waited = 0; waited < CLUSTER_WAIT_MS; waited += 20) {
		if (shmctl(id, IPC_STAT, &segment) < 0)
			return; /* gone */
		if (segment.shm_nattch == 0) {
			shmctl(id, IPC_RMID, NULL);
			return;
		}
		sleep_ms(20);
	}
}

/* An immediate shutdown frees what the cluster holds; only when it has to be killed, its shared
 * memory segment is removed by hand, if nobody is attached to it any more. */
static void end_cluster(const char *data)
{
	unsigned long key;
	int id;
	pid_t pid = postmaster_pid(data, &key, &id);

	if (pid > 0) {
		kill(pid, SIGQUIT);
		for (long waited = 0; waited < CLUSTER_WAIT_MS; waited += 20) {
			unsigned long k;
			int i;

			if (postmaster_pid(data, &k, &i) != pid)
				break;
			sleep_ms(20);
		}
		if (kill(pid, 0) == 0 && postmaster_pid(data, &key, &id) == pid)
			kill(pid, SIGKILL);
	}
	if (id >= 0)
		remove_segment(id);
}

static void end_clusters(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *data;

		if (entry->d_name[0] == '.')
			continue;
		data = xasprintf("%s/%s/data", folder, entry->d_name);
		end_cluster(data);
		free(data);
	}
	if (dir)
		closedir(dir);
}

void sandbox_remove(const char *folder)
{
	char *mark = xasprintf("BACKOUT_SANDBOX=%s", folder);

	end_clusters(folder);
	/* A supervisor that is being killed may just start its program again: until nothing is
	 * left. */
	for (int round = 0; round < 100 && kill_marked(mark) > 0; round++)
		sleep_ms(20);
	end_clusters(folder);
	file_remove_tree(folder, NULL);
	free(mark);
}

/* Whether a file exists and someone holds a lock on it. */
static bool locked(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool held;

	if (fd < 0)
		return false;
	held = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

/* Whether a process holds a record lock on it, as runners do on their incident's step lock. */
static bool record_locked(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool held;

	if (fd < 0)
		return false;
	held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return held;
}

/* Held by a console or robot through its lock, or by a runner through its incident's step lock. */
static bool held(const char *folder, const char *incident)
{
	char *lock = path_join(folder, "lock");
	char *step = path_join(incident, LOCK_STEP);
	bool result = locked(lock) || (*incident && record_locked(step));

	free(lock);
	free(step);
	return result;
}

static bool kept(const char *folder)
{
	char *path = path_join(folder, "keep");
	bool result = file_exists(path);

	free(path);
	return result;
}

static bool begins_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* Whether a folder is a sandbox of this user that may go. */
static bool abandoned(const char *folder, const char *name, const char *incident, bool kept_too)
{
	struct stat st;

	if (lstat(folder, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return false;
	if (begins_with(name, NEW_PREFIX) && time(NULL) - st.st_mtime < NEW_AGE_S)
		return false;
	return (kept_too || !kept(folder)) && !held(folder, incident);
}

int sandbox_sweep(bool kept_too, sandbox_progress_fn *progress, void *data,
		  void (*removed)(const char *incident, void *data), void *removed_data)
{
	const char *tmp = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	DIR *dir = opendir(tmp);
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir))) {
		struct buf incident = BUF_INIT;
		char *folder, *file;

		if (!begins_with(entry->d_name, PREFIX) && !begins_with(entry->d_name, NEW_PREFIX))
			continue;
		folder = path_join(tmp, entry->d_name);
		file = path_join(folder, "incident");
		file_read(file, &incident, 4096, NULL);
		if (abandoned(folder, entry->d_name, buf_str(&incident), kept_too)) {
			char *line = xasprintf("removing what an earlier drill left: %s", folder);

			if (progress)
				progress(line, data);
			sandbox_remove(folder);
			if (incident.len > 0)
				removed(buf_str(&incident), removed_data);
			free(line);
			count++;
		}
		buf_release(&incident);
		free(file);
		free(folder);
	}
	if (dir)
		closedir(dir);
	return count;
}
