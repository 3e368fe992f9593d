/* Files that appear under their name only when they are whole: replaced, edited, copied. */
#include "lib/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/sha256.h"
#include "lib/way.h"

/* A temporary file is ".NAME.1234567890ab", with NAME cut to this. */
enum { NAME_KEPT = 200, RANDOM_DIGITS = 12 };

/* A file that is to appear under its name only when it is whole. Whoever makes a temporary file
 * holds a lock on it while they live, so that what a dead one left can be told (sweep()). */
struct fresh {
	struct way way;
	int fd;
	int old_fd; /* what is replaced; -1: there is nothing, or it can't be read */
	bool had_old;
	struct stat old;
	char temp[NAME_MAX + 1]; /* "" when there is none */
};

#define FRESH_INIT                                    \
	{                                             \
		.way.dir = -1, .fd = -1, .old_fd = -1 \
	}

static int fresh_create(struct fresh *fresh, struct err *err)
{
	for (int tries = 0; tries < 100; tries++) {
		unsigned long random = 0;

		if (getrandom(&random, sizeof(random), 0) < 0)
			break;
		snprintf(fresh->temp, sizeof(fresh->temp), ".%.*s.%0*lx", NAME_KEPT,
			 fresh->way.name, RANDOM_DIGITS, random & 0xffffffffffffUL);
		fresh->fd = openat(fresh->way.dir, fresh->temp,
				   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fresh->fd >= 0) {
			(void)flock(fresh->fd, LOCK_EX | LOCK_NB);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	fresh->temp[0] = '\0';
	return err_sys(err, "%s: no temporary file can be made beside it", fresh->way.path);
}

static int old_look(struct fresh *fresh, struct err *err)
{
	struct stat *old = &fresh->old;
	int there = way_stat(&fresh->way, old, err);

	if (there <= 0)
		return there;
	fresh->had_old = true;
	if (S_ISLNK(old->st_mode)) {
		err_set(err, "%s: is a symbolic link and is not replaced", fresh->way.path);
		return err_hint(err, "name the file that it points to");
	}
	/* Who can't read it can still replace it, but sees none of its attributes. */
	fresh->old_fd =
	    openat(fresh->way.dir, fresh->way.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if ((fresh->old_fd < 0 && errno != EACCES && errno != EPERM) ||
	    (fresh->old_fd >= 0 && fstat(fresh->old_fd, old) < 0))
		return err_sys(err, "%s: can't be looked at", fresh->way.path);
	return S_ISREG(old->st_mode) ? 0 : err_set(err, "%s: is no ordinary file", fresh->way.path);
}

/* Refuses what must not be replaced: symlinks, folders, devices. */
static int fresh_open(struct fresh *fresh, const char *path, const char *const *roots,
		      struct err *err)
{
	if (way_walk(&fresh->way, path, false, roots, err) < 0)
		return -1;
	if (!fresh->way.name[0])
		return err_set(err, "%s: names a folder", path);
	if (old_look(fresh, err) < 0)
		return -1;
	return fresh_create(fresh, err);
}

/* Whether it is named as temporary files of `name` are. */
static bool temp_name(const char *entry, const char *name)
{
	size_t len = strnlen(name, NAME_KEPT), digits;

	if (entry[0] != '.' || strncmp(entry + 1, name, len) != 0 || entry[len + 1] != '.')
		return false;
	digits = strspn(entry + len + 2, "0123456789abcdef");
	return digits == RANDOM_DIGITS && entry[len + 2 + digits] == '\0';
}

/* Removes the temporary files of those who died: nobody holds their locks. */
static void sweep(const struct way *way)
{
	DIR *dir = fdopendir(openat(way->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct stat st;
		int fd;

		if (!temp_name(entry->d_name, way->name))
			continue;
		fd =
		    openat(way->dir, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)unlinkat(way->dir, entry->d_name, 0);
		close(fd);
	}
	if (dir)
		closedir(dir);
}

/* Owner first: chown clears the set-id bits that chmod may bring. */
static int fresh_own(struct fresh *fresh, const struct stat *as, struct err *err)
{
	struct stat now;

	if (fstat(fresh->fd, &now) < 0)
		return err_sys(err, "%s: can't be looked at", fresh->way.path);
	if ((now.st_uid != as->st_uid || now.st_gid != as->st_gid) &&
	    fchown(fresh->fd, as->st_uid, as->st_gid) < 0) {
		err_sys(err, "%s: its owner can't be kept", fresh->way.path);
		return err_hint(err, "run as its owner, or as root");
	}
	if (fchmod(fresh->fd, as->st_mode & 07777) < 0)
		return err_sys(err, "%s: its mode can't be set", fresh->way.path);
	return 0;
}

static const char access_list[] = "system.posix_acl_access";

/* Access list, SELinux label, users' own: kept, or the file is not put in place. What this file
 * system or this user can't have is let go, but not the access list of a file that is replaced:
 * what it lets read the file would not start again without. */
static int fresh_attribute(struct fresh *fresh, int from, const char *name, struct err *err)
{
	enum { VALUE_MAX = 1 << 16 };
	bool acl = strcmp(name, access_list) == 0, must = acl && from == fresh->old_fd;
	char *value;
	ssize_t len;
	int result = 0;

	if (!acl && strncmp(name, "user.", 5) != 0 && strcmp(name, "security.selinux") != 0)
		return 0;
	value = xmalloc(VALUE_MAX);
	len = fgetxattr(from, name, value, VALUE_MAX);
	if ((len < 0 || fsetxattr(fresh->fd, name, value, (size_t)len, 0) < 0) &&
	    (must || (errno != ENOTSUP && errno != EPERM && errno != ENODATA)))
		result = err_sys(err, "%s: its %s can't be kept", fresh->way.path,
				 acl ? "access list" : "attributes");
	free(value);
	return result;
}

/* New: the names of a file's attributes, one behind the other; NULL on failure. */
static char *attribute_names(int fd, ssize_t *len)
{
	char *names;

	*len = fd < 0 ? 0 : flistxattr(fd, NULL, 0);
	if (*len < 0 && (errno == ENOTSUP || errno == ENOSYS))
		*len = 0;
	names = xmalloc(*len > 0 ? (size_t)*len : 1);
	if (*len > 0)
		*len = flistxattr(fd, names, (size_t)*len);
	if (*len >= 0)
		return names;
	free(names);
	return NULL;
}

/* Owner and mode of `as`, attributes of the file `from` (-1: none can be read). */
static int fresh_own_as(struct fresh *fresh, const struct stat *as, int from, struct err *err)
{
	char *names;
	ssize_t len;
	int result = 0;

	/* The folder's default list is for files that are new. */
	(void)fremovexattr(fresh->fd, access_list);
	if (fresh_own(fresh, as, err) < 0)
		return -1;
	names = attribute_names(from, &len);
	if (names == NULL)
		return err_sys(err, "%s: its attributes can't be read", fresh->way.path);
	for (ssize_t at = 0; at < len && result == 0; at += (ssize_t)strlen(names + at) + 1)
		result = fresh_attribute(fresh, from, names + at, err);
	free(names);
	return result;
}

static int fresh_own_as_old(struct fresh *fresh, struct err *err)
{
	return fresh_own_as(fresh, &fresh->old, fresh->old_fd, err);
}

static int fresh_sync(struct fresh *fresh, struct err *err)
{
	return fsync(fresh->fd) < 0 ? err_sys(err, "%s: can't be synced", fresh->way.path) : 0;
}

static int folder_sync(const struct fresh *fresh, struct err *err)
{
	return fsync(fresh->way.dir) < 0
		   ? err_sys(err, "%s: its folder can't be synced", fresh->way.path)
		   : 0;
}

static int fresh_finish(struct fresh *fresh, struct err *err)
{
	if (fresh_sync(fresh, err) < 0)
		return -1;
	if (renameat(fresh->way.dir, fresh->temp, fresh->way.dir, fresh->way.name) < 0)
		return err_sys(err, "%s: can't be put in place", fresh->way.path);
	fresh->temp[0] = '\0';
	return folder_sync(fresh, err);
}

static void fresh_release(struct fresh *fresh)
{
	if (fresh->temp[0])
		unlinkat(fresh->way.dir, fresh->temp, 0);
	if (fresh->fd >= 0)
		close(fresh->fd);
	if (fresh->old_fd >= 0)
		close(fresh->old_fd);
	way_release(&fresh->way);
}

int file_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct err *err)
{
	struct fresh fresh = FRESH_INIT;
	struct stat as = { .st_uid = geteuid(), .st_gid = getegid(), .st_mode = mode };
	int result = -1;

	if (fresh_open(&fresh, path, NULL, err) < 0)
		goto out;
	if (file_write(fresh.fd, bytes, len) < 0) {
		err_sys(err, "%s: can't be written", path);
		goto out;
	}
	if (fresh.had_old ? fresh_own_as_old(&fresh, err) < 0 : fresh_own(&fresh, &as, err) < 0)
		goto out;
	result = fresh_finish(&fresh, err);
out:
	fresh_release(&fresh);
	return result;
}

/* ---- editing ---- */

static int changed_since(const struct fresh *fresh, struct err *err)
{
	err_set(err, "%s was changed by somebody else just now: it is left alone", fresh->way.path);
	return err_hint(err, "look at the file, and try again");
}

/* Whether the old file holds these bytes, still. */
static bool old_is(const struct fresh *fresh, const struct buf *was)
{
	enum { CHUNK = 1 << 16 };
	char *chunk = xmalloc(CHUNK);
	size_t at = 0;
	ssize_t got;

	while ((got = pread(fresh->old_fd, chunk, CHUNK, (off_t)at)) > 0) {
		if ((size_t)got > was->len - at ||
		    memcmp(chunk, buf_str(was) + at, (size_t)got) != 0)
			break;
		at += (size_t)got;
	}
	free(chunk);
	return got == 0 && at == was->len;
}

static int swap(const struct fresh *fresh)
{
	return renameat2(fresh->way.dir, fresh->temp, fresh->way.dir, fresh->way.name,
			 RENAME_EXCHANGE);
}

/* What bears the temporary name: its inode, 0 when it can't be told. */
static ino_t temp_inode(const struct fresh *fresh)
{
	struct stat st;

	return fstatat(fresh->way.dir, fresh->temp, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_ino : 0;
}

/* Somebody put another file there in between: it goes back, and so does whatever comes while it is
 * put back, so that the last one of theirs stands. */
static void swap_back(struct fresh *fresh)
{
	struct stat ours;
	ino_t placed = fstat(fresh->fd, &ours) == 0 ? ours.st_ino : 0;

	for (int i = 0; i < 100; i++) {
		ino_t taken = temp_inode(fresh), now;

		if (swap(fresh) < 0)
			break;
		now = temp_inode(fresh);
		if (now == placed || now == 0)
			return;
		placed = taken;
	}
	fresh->temp[0] = '\0'; /* theirs may be under that name: it stays */
}

/* The old file is not overwritten but swapped out, so that it can be seen whether it is still the
 * one that was read. File systems that can't swap get a look right before the rename. */
static int edit_finish(struct fresh *fresh, const struct buf *was, struct err *err)
{
	struct stat now;

	(void)flock(fresh->old_fd,
		    LOCK_EX | LOCK_NB); /* it bears the temporary name for a moment */
	if (fresh_sync(fresh, err) < 0)
		return -1;
	if (swap(fresh) == 0) {
		if (temp_inode(fresh) != fresh->old.st_ino || !old_is(fresh, was)) {
			swap_back(fresh);
			(void)folder_sync(fresh, NULL);
			return changed_since(fresh, err);
		}
		if (unlinkat(fresh->way.dir, fresh->temp, 0) == 0)
			fresh->temp[0] = '\0';
		return folder_sync(fresh, err);
	}
	if (errno == ENOENT)
		return changed_since(fresh, err);
	if (errno != EINVAL && errno != ENOSYS)
		return err_sys(err, "%s: can't be put in place", fresh->way.path);
	if (fstatat(fresh->way.dir, fresh->way.name, &now, AT_SYMLINK_NOFOLLOW) < 0 ||
	    now.st_ino != fresh->old.st_ino || !old_is(fresh, was))
		return changed_since(fresh, err);
	return fresh_finish(fresh, err);
}

int file_edit(const char *path, const struct buf *was, const struct buf *now, struct err *err)
{
	struct fresh fresh = FRESH_INIT;
	int result = -1;

	if (fresh_open(&fresh, path, NULL, err) < 0)
		goto out;
	sweep(&fresh.way);
	/* Of a file that was read by another way nothing is written here, not even for a moment. */
	if (fresh.old_fd < 0 || !old_is(&fresh, was)) {
		changed_since(&fresh, err);
		goto out;
	}
	if (file_write(fresh.fd, buf_str(now), now->len) < 0) {
		err_sys(err, "%s: can't be written", path);
		goto out;
	}
	if (fresh_own_as_old(&fresh, err) == 0)
		result = edit_finish(&fresh, was, err);
out:
	fresh_release(&fresh);
	return result;
}

/* ---- copying ---- */

static int copy_bytes(int from, int to)
{
	enum { CHUNK = 1 << 17 };
	char *chunk;
	ssize_t got;

	while ((got = copy_file_range(from, NULL, to, NULL, 1 << 30, 0)) > 0)
		;
	if (got == 0 && lseek(from, 0, SEEK_CUR) > 0)
		return 0;
	/* Across file systems, or of a file without a size (/proc), by hand from where it is. */
	chunk = xmalloc(CHUNK);
	while ((got = read(from, chunk, CHUNK)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || file_write(to, chunk, (size_t)got) < 0) {
			got = -1;
			break;
		}
	}
	free(chunk);
	return got < 0 ? -1 : 0;
}

/* Whether the copy is what it must be, before anybody sees it. */
static int copy_check(const struct fresh *fresh, const struct file_copying *copying,
		      struct err *err)
{
	char name[40], hex[SHA256_HEX];

	if (copying->sha256 == NULL)
		return 0;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fresh->fd);
	if (sha256_file(name, hex, err) < 0)
		return -1;
	return strcmp(hex, copying->sha256) == 0
		   ? 0
		   : err_set(err, "%s changed since it was looked at: it is not copied",
			     copying->from);
}

/* `from`: the source, and what it is. Only root gives files away. */
static int copy_own(struct fresh *fresh, const struct file_copying *copying, int from,
		    const struct stat *st, struct err *err)
{
	struct stat as = copying->as != NULL ? *copying->as : *st;

	if (geteuid() != 0) {
		as.st_uid = geteuid();
		as.st_gid = getegid();
	}
	if (!copying->keep || !fresh->had_old)
		return fresh_own_as(fresh, &as, from, err);
	if (fresh_own_as_old(fresh, err) < 0)
		return -1;
	return copying->as != NULL ? fresh_own(fresh, &as, err) : 0;
}

int file_copying(const struct file_copying *copying, struct err *err)
{
	struct way source = { .dir = -1 };
	struct fresh fresh = FRESH_INIT;
	struct stat st;
	int result = -1, fd = -1;

	if (way_walk(&source, copying->from, true, copying->from_roots, err) < 0)
		goto out;
	fd = way_open(&source, &st, err);
	if (fd < 0 || fresh_open(&fresh, copying->to, copying->roots, err) < 0)
		goto out;
	sweep(&fresh.way);
	if (copy_bytes(fd, fresh.fd) < 0) {
		err_sys(err, "%s: can't be copied to %s", copying->from, copying->to);
		goto out;
	}
	if (copy_check(&fresh, copying, err) == 0 && copy_own(&fresh, copying, fd, &st, err) == 0)
		result = fresh_finish(&fresh, err);
out:
	fresh_release(&fresh);
	if (fd >= 0)
		close(fd);
	way_release(&source);
	return result;
}

int file_copy(const char *from, const char *to, struct err *err)
{
	return file_copying(&(struct file_copying){ .from = from, .to = to }, err);
}
