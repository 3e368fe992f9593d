#include "sources/logmissed.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mem.h"

#define PASSES 8

static int time_order(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

static int by_time(const void *a, const void *b)
{
	const struct logmissed *x = a, *y = b;
	int order = time_order(&x->st.st_mtim, &y->st.st_mtim);

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

/* "bot.log.1", "bot.log-20261121", "bot.log.2026-11-21"; other logs may begin with the same name.
 */
static bool is_rotated(const char *name, const char *base)
{
	size_t len = strlen(base);

	return strncmp(name, base, len) == 0 && (name[len] == '.' || name[len] == '-') &&
	       isdigit((unsigned char)name[len + 1]);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* What is being looked for, and what was found so far. */
struct search {
	const char *base;
	const struct stat *was, *now;
	struct logmissed *list;
	size_t n, cap;
};

static bool is_wanted(const struct search *search, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || st->st_size == 0 || same_file(st, search->was) ||
	    same_file(st, search->now) || time_order(&st->st_mtim, &search->was->st_mtim) < 0)
		return false;
	for (size_t i = 0; i < search->n; i++)
		if (same_file(st, &search->list[i].st))
			return false;
	return true;
}

static bool entry_look(struct search *search, int folder, const char *name)
{
	struct stat st;
	int fd;

	if (!is_rotated(name, search->base) || is_compressed(name))
		return false;
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || !is_wanted(search, &st)) {
		close(fd);
		return false;
	}
	search->list = xgrow(search->list, &search->cap, search->n + 1, sizeof(*search->list));
	search->list[search->n++] = (struct logmissed){
		.fd = fd, .st = st, .turn = name_turn(name + strlen(search->base))
	};
	return true;
}

/* Whether this look at the folder found anything new. */
static bool folder_look(struct search *search, const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	bool more = false;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		more = entry_look(search, dirfd(dir), entry->d_name) || more;
	if (dir != NULL)
		closedir(dir);
	return more;
}

struct logmissed *logmissed_find(const char *folder, const char *base, const struct stat *was,
				 const struct stat *now, size_t *n)
{
	struct search search = { .base = base, .was = was, .now = now };

	/* A file that is renamed meanwhile may be passed over: look until nothing new turns up. */
	for (int i = 0; i < PASSES && folder_look(&search, folder); i++)
		;
	if (search.n > 1)
		qsort(search.list, search.n, sizeof(*search.list), by_time);
	*n = search.n;
	return search.list;
}
