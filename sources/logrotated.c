#include "sources/logrotated.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/mem.h"

#define PASSES 8

int logrotated_time(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

bool logrotated_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int by_age(const void *a, const void *b)
{
	const struct logrotated *x = a, *y = b;
	int order = logrotated_time(&x->st.st_mtim, &y->st.st_mtim);

	/* File times move in ticks of some milliseconds: within one, the names tell. */
	return order != 0 ? order : (x->turn > y->turn) - (x->turn < y->turn);
}

/* Its place in the order of age by name, the oldest smallest: numbers grow with each rotation
 * (".1" is the newest), dates grow with time. */
static int64_t name_turn(const char *suffix)
{
	int64_t value = 0;
	int digits = 0;

	for (; *suffix != '\0' && digits < 18; suffix++) {
		if (isdigit((unsigned char)*suffix)) {
			value = value * 10 + (*suffix - '0');
			digits++;
		}
	}
	return digits < 6 ? -value : value;
}

/* The length of the name without what packing adds to it. */
static size_t plain_len(const char *name)
{
	static const char *const ends[] = { ".gz", ".xz", ".bz2", ".zst", ".lz4" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && strcmp(name + len - n, ends[i]) == 0)
			return len - n;
	}
	return len;
}

static bool is_rotated(const char *name, const char *base)
{
	size_t len = strlen(base);

	return strncmp(name, base, len) == 0 && (name[len] == '.' || name[len] == '-') &&
	       isdigit((unsigned char)name[len + 1]);
}

/* The plain form of a packed file is there, too: it is being packed. */
static bool has_twin(const struct logrotated *list, size_t n, const struct logrotated *packed)
{
	size_t len = plain_len(packed->name);

	for (size_t i = 0; i < n; i++)
		if (strlen(list[i].name) == len && strncmp(list[i].name, packed->name, len) == 0)
			return true;
	return false;
}

static struct logrotated *list_once(const char *folder, const char *base, size_t *n)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	struct logrotated *list = NULL;
	size_t cap = 0;

	*n = 0;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct logrotated file = { .name = NULL };

		if (!is_rotated(entry->d_name, base) ||
		    fstatat(dirfd(dir), entry->d_name, &file.st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(file.st.st_mode) || file.st.st_size == 0)
			continue;
		file.name = xstrdup(entry->d_name);
		file.turn = name_turn(file.name + strlen(base));
		file.packed = plain_len(file.name) < strlen(file.name);
		list = xgrow(list, &cap, *n + 1, sizeof(*list));
		list[(*n)++] = file;
	}
	if (dir != NULL)
		closedir(dir);
	for (size_t i = *n; i-- > 0;) {
		if (!list[i].packed || !has_twin(list, *n, &list[i]))
			continue;
		free(list[i].name);
		list[i] = list[--*n];
	}
	if (*n > 1)
		qsort(list, *n, sizeof(*list), by_age);
	return list;
}

static bool is_same(const struct logrotated *a, size_t na, const struct logrotated *b, size_t nb)
{
	for (size_t i = 0; i < na && na == nb; i++)
		if (!logrotated_same(&a[i].st, &b[i].st) || strcmp(a[i].name, b[i].name) != 0)
			return false;
	return na == nb;
}

/* A file that is renamed meanwhile may be passed over, or seen twice: what two looks in a row agree
 * on is true. */
struct logrotated *logrotated_list(const char *folder, const char *base, size_t *n)
{
	struct logrotated *list = list_once(folder, base, n);

	for (int i = 0; i < PASSES; i++) {
		size_t nagain;
		struct logrotated *again = list_once(folder, base, &nagain);
		bool same = is_same(list, *n, again, nagain);

		logrotated_free(list, *n);
		list = again;
		*n = nagain;
		if (same)
			break;
	}
	return list;
}

void logrotated_free(struct logrotated *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].name);
	free(list);
}

int logrotated_open(const char *folder, const struct logrotated *file)
{
	char *path = path_join(folder, file->name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	free(path);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !logrotated_same(&st, &file->st))) {
		close(fd);
		fd = -1;
	}
	return fd;
}
