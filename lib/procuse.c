/* What a process uses besides time and memory. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/proc.h"

#define TEXT_MAX 65536

/* The number behind `name`, also after blanks, in a file of lines; -1 when there is none. */
static int64_t number_in(const char *path, const char *name)
{
	struct buf text = BUF_INIT;
	const char *line;
	int64_t number = -1;

	if (file_read(path, &text, TEXT_MAX, NULL) == 0) {
		line = strstr(buf_str(&text), name);
		if (line == NULL || sscanf(line + strlen(name), " %" SCNd64, &number) != 1)
			number = -1;
	}
	buf_release(&text);
	return number;
}

int64_t proc_files(pid_t pid)
{
	char path[64];
	struct stat st;
	DIR *folder;
	int64_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	if (folder == NULL)
		return -1;
	/* Since Linux 6.2 the folder's size is their number. */
	if (fstat(dirfd(folder), &st) == 0 && st.st_size > 0) {
		closedir(folder);
		return st.st_size;
	}
	while (readdir(folder) != NULL)
		n++;
	closedir(folder);
	return n > 2 ? n - 2 : 0; /* without "." and ".." */
}

int64_t proc_files_limit(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)pid);
	return number_in(path, "Max open files");
}

int64_t proc_pss(pid_t pid)
{
	char path[64];
	int64_t kb;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	kb = number_in(path, "\nPss:");
	return kb < 0 ? -1 : kb * 1024;
}

int64_t proc_oom_kills(pid_t pid)
{
	/* Version 2 has "0::PATH", version 1 "N:memory:PATH". */
	static const struct {
		const char *mark, *mount, *file, *name;
	} kinds[] = {
		{ ":memory:", "/sys/fs/cgroup/memory", "memory.oom_control", "oom_kill " },
		{ "0::", "/sys/fs/cgroup", "memory.events", "oom_kill " },
	};
	char path[64], file[4096];
	struct buf text = BUF_INIT;
	int64_t kills = -1;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (file_read(path, &text, TEXT_MAX, NULL) < 0)
		return -1;
	for (size_t i = 0; i < 2 && kills < 0; i++) {
		const char *at = strstr(buf_str(&text), kinds[i].mark);
		size_t len;

		if (at == NULL)
			continue;
		at += strlen(kinds[i].mark);
		len = strcspn(at, "\n");
		if (len < 2) /* the root: everybody's */
			continue;
		if ((size_t)snprintf(file, sizeof(file), "%s%.*s/%s", kinds[i].mount, (int)len, at,
				     kinds[i].file) < sizeof(file))
			kills = number_in(file, kinds[i].name);
	}
	buf_release(&text);
	return kills;
}
