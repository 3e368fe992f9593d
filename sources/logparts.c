#include "sources/logparts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/mem.h"
#include "sources/logrotated.h"

/* A copy's last line may be torn; the newline before it is looked for so far back. */
#define TORN_MAX (64 << 10)

void logparts_init(struct logparts *parts, const char *path)
{
	const char *slash = strrchr(path, '/');

	*parts = (struct logparts){ .folder = path_folder(path),
				    .base = xstrdup(slash != NULL ? slash + 1 : path) };
}

void logparts_release(struct logparts *parts)
{
	free(parts->folder);
	free(parts->base);
	free(parts->list);
	*parts = (struct logparts){ 0 };
}

static struct logpart *insert(struct logparts *parts, size_t at, int32_t id, const struct stat *st)
{
	parts->list = xgrow(parts->list, &parts->cap, parts->n + 1, sizeof(*parts->list));
	memmove(parts->list + at + 1, parts->list + at, (parts->n - at) * sizeof(*parts->list));
	parts->n++;
	parts->list[at] = (struct logpart){
		.id = id, .device = st->st_dev, .inode = st->st_ino, .since = st->st_mtim
	};
	return &parts->list[at];
}

struct logpart *logparts_add(struct logparts *parts, const struct stat *st)
{
	if (parts->n >= LOGPARTS_MAX)
		memmove(parts->list, parts->list + 1, --parts->n * sizeof(*parts->list));
	return insert(parts, parts->n, parts->next++, st);
}

struct logpart *logparts_add_older(struct logparts *parts, const struct stat *st)
{
	return insert(parts, 0, parts->n > 0 ? parts->list[0].id - 1 : parts->next - 1, st);
}

struct logpart *logparts_get(const struct logparts *parts, int32_t id)
{
	int64_t at = parts->n > 0 ? (int64_t)id - parts->list[0].id : -1;

	return at >= 0 && at < (int64_t)parts->n ? &parts->list[at] : NULL;
}

/* ---- what tells a part ---- */

void logpart_grow(struct logpart *part, const char *bytes, size_t len)
{
	size_t keep = LOGPART_MARK - part->nhead < len ? LOGPART_MARK - part->nhead : len;

	/* Of what was read, not of what stands there by now. */
	if (part->end == (off_t)part->nhead) {
		memcpy(part->head + part->nhead, bytes, keep);
		part->nhead += keep;
	}
	part->end += (off_t)len;
	if (len >= LOGPART_MARK) {
		memcpy(part->mark, bytes + len - LOGPART_MARK, LOGPART_MARK);
		part->nmark = LOGPART_MARK;
		return;
	}
	keep = part->nmark < LOGPART_MARK - len ? part->nmark : LOGPART_MARK - len;
	memmove(part->mark, part->mark + part->nmark - keep, keep);
	memcpy(part->mark + keep, bytes, len);
	part->nmark = keep + len;
}

static bool stands(int fd, off_t at, const char *bytes, size_t len)
{
	char there[LOGPART_MARK];

	return pread(fd, there, len, at) == (ssize_t)len && memcmp(there, bytes, len) == 0;
}

bool logpart_mark_holds(const struct logpart *part, int fd)
{
	return stands(fd, part->end - (off_t)part->nmark, part->mark, part->nmark);
}

bool logpart_goes_on(const struct logpart *part, int fd, const char *bytes, size_t len)
{
	if (part->nmark > 0)
		return logpart_mark_holds(part, fd);
	return stands(fd, part->end, bytes, len < LOGPART_MARK ? len : LOGPART_MARK);
}

void logpart_head_read(struct logpart *part, int fd)
{
	ssize_t n;

	if (part->nhead >= LOGPART_MARK || part->end <= (off_t)part->nhead)
		return;
	n = pread(fd, part->head, LOGPART_MARK, 0);
	if (n > 0)
		part->nhead = (off_t)n < part->end ? (size_t)n : (size_t)part->end;
}

bool logpart_head_holds(const struct logpart *part, int fd, off_t size)
{
	size_t len = size < (off_t)part->nhead ? (size_t)size : part->nhead;

	return len > 0 && stands(fd, 0, part->head, len);
}

bool logpart_holds(const struct logpart *part, int fd, const struct stat *st)
{
	/* Of one that is empty yet nothing but the file itself tells. */
	if (part->end == 0)
		return st->st_dev == part->device && st->st_ino == part->inode;
	return part->nmark > 0 && st->st_size >= part->end &&
	       logpart_head_holds(part, fd, st->st_size) && logpart_mark_holds(part, fd);
}

bool logpart_alike(int fd, int other, off_t size)
{
	char bytes[LOGPART_MARK];
	size_t len = size < LOGPART_MARK ? (size_t)size : LOGPART_MARK;

	return pread(other, bytes, len, size - (off_t)len) == (ssize_t)len &&
	       stands(fd, size - (off_t)len, bytes, len);
}

void logpart_shorten(struct logpart *part, int copy, off_t size)
{
	char bytes[TORN_MAX];
	size_t len = size < TORN_MAX ? (size_t)size : TORN_MAX;
	const char *nl = NULL;

	if (pread(copy, bytes, len, size - (off_t)len) == (ssize_t)len)
		nl = memrchr(bytes, '\n', len);
	if (nl == NULL)
		return;
	part->end = size - (off_t)len;
	part->nmark = 0;
	logpart_grow(part, bytes, (size_t)(nl + 1 - bytes));
	if ((off_t)part->nhead > part->end)
		part->nhead = (size_t)part->end;
}

/* ---- where it is now ---- */

static int try_base(const struct logparts *parts, const struct logpart *part, struct stat *st)
{
	char *path = path_join(parts->folder, parts->base);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	free(path);
	if (fd >= 0 &&
	    (fstat(fd, st) < 0 || !S_ISREG(st->st_mode) || !logpart_holds(part, fd, st))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int try_rotated(const struct logparts *parts, const struct logpart *part, bool same,
		       struct stat *st)
{
	size_t n;
	struct logrotated *list = logrotated_list(parts->folder, parts->base, &n);
	int fd = -1;

	for (size_t i = n; fd < 0 && i-- > 0;) {
		bool is = list[i].st.st_dev == part->device && list[i].st.st_ino == part->inode;

		if (list[i].packed || is != same || list[i].st.st_size < part->end)
			continue;
		fd = logrotated_open(parts->folder, &list[i]);
		if (fd >= 0 && (fstat(fd, st) < 0 || !logpart_holds(part, fd, st))) {
			close(fd);
			fd = -1;
		}
	}
	logrotated_free(list, n);
	return fd;
}

int logpart_open(const struct logparts *parts, const struct logpart *part, struct stat *st)
{
	int fd = try_base(parts, part, st);

	/* The file itself before one that only begins alike. */
	if (fd < 0)
		fd = try_rotated(parts, part, true, st);
	return fd >= 0 ? fd : try_rotated(parts, part, false, st);
}
