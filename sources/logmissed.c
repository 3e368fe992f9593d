#include "sources/logmissed.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/mem.h"

static int time_order(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

static int by_time(const void *a, const void *b)
{
	const struct logmissed *x = a, *y = b;

	return time_order(&x->st.st_mtim, &y->st.st_mtim);
}

static bool is_compressed(const char *name)
{
	static const char *const ends[] = { ".gz", ".xz", ".bz2", ".zst", ".lz4" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && strcmp(name + len - n, ends[i]) == 0)
			return true;
	}
	return false;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

struct logmissed *logmissed_find(const char *folder, const char *base, const struct stat *was,
				 const struct stat *now, size_t *n)
{
	struct logmissed *list = NULL;
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	size_t cap = 0, len = strlen(base);
	struct stat st;

	*n = 0;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, base, len) != 0 || entry->d_name[len] == '\0' ||
		    is_compressed(entry->d_name))
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode) || st.st_size == 0 || same_file(&st, was) ||
		    same_file(&st, now) || time_order(&st.st_mtim, &was->st_mtim) < 0)
			continue;
		list = xgrow(list, &cap, *n + 1, sizeof(*list));
		list[(*n)++] =
		    (struct logmissed){ .path = path_join(folder, entry->d_name), .st = st };
	}
	if (dir != NULL)
		closedir(dir);
	if (*n > 1)
		qsort(list, *n, sizeof(*list), by_time);
	return list;
}

void logmissed_free(struct logmissed *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].path);
	free(list);
}
