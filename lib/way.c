#include "lib/way.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mem.h"

#define LINKS_MAX 40 /* as many as the kernel follows */

/* What is still to be walked. */
struct walk {
	struct way *way;
	int dir;    /* where it is now, O_PATH */
	char *rest; /* owned */
	int links;
};

static int walk_to(struct walk *walk, int fd)
{
	if (fd < 0)
		return -1;
	close(walk->dir);
	walk->dir = fd;
	return 0;
}

/* `link` is open; its target takes its place before what is left. -1 with errno. */
static int walk_link(struct walk *walk, int link, const struct stat *st)
{
	char target[PATH_MAX], *rest;
	ssize_t len = readlinkat(link, "", target, sizeof(target) - 1);

	if (len < 0)
		return -1;
	if (++walk->links > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	target[len] = '\0';
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		walk->way->linkers |= walk->way->linked && walk->way->linker != st->st_uid;
		walk->way->linker = st->st_uid;
		walk->way->linked = true;
	}
	rest = xasprintf("%s/%s", target, walk->rest);
	free(walk->rest);
	walk->rest = rest;
	return target[0] == '/' ? walk_to(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) : 0;
}

/* Takes the first part off what is left; true when it was the last one. */
static bool walk_part(struct walk *walk, char part[NAME_MAX + 1])
{
	char *from = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(from, "/"), slashes = strspn(from + len, "/");

	snprintf(part, NAME_MAX + 1, "%.*s", len > NAME_MAX ? 0 : (int)len, from);
	memmove(walk->rest, from + len + slashes, strlen(from + len + slashes) + 1);
	return walk->rest[0] == '\0';
}

/* One part further: 1 when the end is reached, 0, or -1 with errno. */
static int walk_step(struct walk *walk, bool follow)
{
	char part[NAME_MAX + 1];
	bool last = walk_part(walk, part);
	struct stat st;
	int fd, rc;

	if (last && (!follow || part[0] == '\0')) {
		memcpy(walk->way->name, part, sizeof(part));
		return 1;
	}
	if (part[0] == '\0') {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = openat(walk->dir, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode)) {
		rc = walk_link(walk, fd, &st);
		close(fd);
		return rc;
	}
	if (last) {
		if (fd >= 0)
			close(fd);
		memcpy(walk->way->name, part, sizeof(part));
		return fd >= 0 || errno == ENOENT ? 1 : -1;
	}
	return walk_to(walk, fd);
}

/* Where a descriptor's folder is now, by the kernel's word. */
static bool place_of(int dir, char *out, size_t size)
{
	char proc[40];
	ssize_t len;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", dir);
	len = readlink(proc, out, size - 1);
	if (len <= 0 || len >= (ssize_t)size - 1)
		return false;
	out[len] = '\0';
	return true;
}

static int within(const struct way *way, const char *const *roots, struct err *err)
{
	char place[PATH_MAX], root[PATH_MAX];

	if (roots == NULL)
		return 0;
	if (!place_of(way->dir, place, sizeof(place)))
		return err_sys(err, "%s: where its folder lies can't be told", way->path);
	for (; *roots != NULL; roots++) {
		size_t len = realpath(*roots, root) != NULL ? strlen(root) : 0;

		if (len > 0 && strncmp(place, root, len) == 0 &&
		    (len == 1 || place[len] == '/' || place[len] == '\0'))
			return 0;
	}
	err_set(err, "%s lies outside the declared roots", way->path);
	return err_hint(err, "add its folder to \"roots\" if it is meant");
}

int way_walk(struct way *way, const char *path, bool follow, const char *const *roots,
	     struct err *err)
{
	struct walk walk = { .way = way, .rest = xstrdup(path) };
	int step = 0;

	*way = (struct way){ .path = path, .dir = -1 };
	walk.dir = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	while (walk.dir >= 0 && step == 0)
		step = walk_step(&walk, follow);
	if (walk.dir >= 0 && step > 0)
		way->dir = openat(walk.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (way->dir < 0)
		err_sys(err, "%s: its folder can't be opened", path);
	if (walk.dir >= 0)
		close(walk.dir);
	free(walk.rest);
	return way->dir < 0 ? -1 : within(way, roots, err);
}

void way_release(struct way *way)
{
	if (way->dir >= 0)
		close(way->dir);
	way->dir = -1;
}

static int owner_check(const struct way *way, uid_t owner, struct err *err)
{
	if (!way->linked || (!way->linkers && way->linker == owner))
		return 0;
	err_set(err, "%s: a symbolic link of user %u leads there, and it is user %u's", way->path,
		(unsigned)way->linker, (unsigned)owner);
	return err_hint(err, "look at who made the link; name the real path if it is meant");
}

int way_stat(const struct way *way, struct stat *st, struct err *err)
{
	struct stat folder;

	if (fstatat(way->dir, way->name, st, AT_SYMLINK_NOFOLLOW) == 0)
		return owner_check(way, st->st_uid, err) < 0 ? -1 : 1;
	if (errno != ENOENT || fstat(way->dir, &folder) < 0)
		return err_sys(err, "%s: can't be looked at", way->path);
	return owner_check(way, folder.st_uid, err);
}

int way_open(const struct way *way, struct stat *st, struct err *err)
{
	/* Without waiting for the other end of a pipe that bears the name. */
	int fd = openat(way->dir, way->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ELOOP)
		return err_set(err, "%s: is a symbolic link", way->path);
	if (fd < 0 || fstat(fd, st) < 0)
		err_sys(err, "%s: can't be opened", way->path);
	else if (!S_ISREG(st->st_mode))
		err_set(err, "%s: is no ordinary file", way->path);
	else if (owner_check(way, st->st_uid, err) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int way_unlink(const struct way *way, struct err *err)
{
	struct stat st;
	int there = way_stat(way, &st, err);

	if (there <= 0)
		return there;
	if (unlinkat(way->dir, way->name, 0) < 0 && errno != ENOENT)
		return err_sys(err, "%s: can't be removed", way->path);
	return fsync(way->dir) < 0 ? err_sys(err, "%s: its folder can't be synced", way->path) : 0;
}
