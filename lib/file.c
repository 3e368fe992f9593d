#include "lib/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/mem.h"

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

char *path_join(const char *a, const char *b)
{
	size_t len = strlen(a);

	while (len > 0 && a[len - 1] == '/')
		len--;
	while (*b == '/')
		b++;
	return xasprintf("%.*s/%s", (int)len, a, b);
}

char *path_folder(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	if (len == 0)
		return xstrdup(".");
	while (len > 1 && path[len - 1] == '/')
		len--;
	return xstrndup(path, len);
}

/* Borrowed: what stands behind the last slash. */
static const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Appends what stands behind the descriptor's position. */
static int read_rest(int fd, const char *path, struct buf *out, size_t max, struct err *err)
{
	enum { CHUNK = 1 << 16 };
	size_t before = out->len;
	char *chunk = xmalloc(CHUNK);
	int result = -1;
	ssize_t got;

	while ((got = read(fd, chunk, CHUNK)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_sys(err, "%s: can't be read", path);
			goto out;
		}
		if (max && out->len - before + (size_t)got > max) {
			err_set(err, "%s: larger than %zu bytes", path, max);
			goto out;
		}
		buf_add(out, chunk, (size_t)got);
	}
	result = 0;
out:
	free(chunk);
	return result;
}

int file_read(const char *path, struct buf *out, size_t max, struct err *err)
{
	/* Without waiting for the other end of a pipe that bears the name. */
	int result, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_sys(err, "%s: can't be opened", path);
	result = read_rest(fd, path, out, max, err);
	close(fd);
	return result;
}

int file_read_end(const char *path, struct buf *out, size_t max, struct err *err)
{
	int result = -1, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_sys(err, "%s: can't be opened", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		err_set(err, "%s: is no ordinary file", path);
	else if (st.st_size > (off_t)max && lseek(fd, st.st_size - (off_t)max, SEEK_SET) < 0)
		err_sys(err, "%s: can't be read", path);
	else
		result = read_rest(fd, path, out, 0, err);
	close(fd);
	return result;
}

int file_write(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len > 0) {
		ssize_t wrote = write(fd, p, len);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return -1;
		p += wrote;
		len -= (size_t)wrote;
	}
	return 0;
}

/* A file that is to appear under its name only when it is whole. */
struct fresh {
	const char *path;
	char *folder; /* owned */
	int dir, fd;
	char temp[NAME_MAX + 1];
	bool had_old;
	struct stat old;
};

static int fresh_create(struct fresh *fresh, struct err *err)
{
	const char *name = path_name(fresh->path);

	for (int tries = 0; tries < 100; tries++) {
		unsigned long random = 0;

		if (getrandom(&random, sizeof(random), 0) < 0)
			break;
		snprintf(fresh->temp, sizeof(fresh->temp), ".%.200s.%012lx", name,
			 random & 0xffffffffffffUL);
		fresh->fd = openat(fresh->dir, fresh->temp,
				   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fresh->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	fresh->temp[0] = '\0';
	return err_sys(err, "%s: no temporary file can be made beside it", fresh->path);
}

/* Refuses what must not be replaced: symlinks, folders, devices. */
static int fresh_open(struct fresh *fresh, const char *path, struct err *err)
{
	const char *name = path_name(path);

	*fresh = (struct fresh){ .path = path, .folder = path_folder(path), .dir = -1, .fd = -1 };
	if (!*name)
		return err_set(err, "%s: names a folder", path);
	fresh->dir = open(fresh->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fresh->dir < 0)
		return err_sys(err, "%s: its folder can't be opened", path);
	if (fstatat(fresh->dir, name, &fresh->old, AT_SYMLINK_NOFOLLOW) == 0) {
		fresh->had_old = true;
		if (S_ISLNK(fresh->old.st_mode)) {
			err_set(err, "%s: is a symbolic link and is not replaced", path);
			return err_hint(err, "name the file that it points to");
		}
		if (!S_ISREG(fresh->old.st_mode))
			return err_set(err, "%s: is no ordinary file", path);
	} else if (errno != ENOENT) {
		return err_sys(err, "%s: can't be looked at", path);
	}
	return fresh_create(fresh, err);
}

/* Owner first: chown clears the set-id bits that chmod may bring. */
static int fresh_own(struct fresh *fresh, uid_t uid, gid_t gid, mode_t mode, struct err *err)
{
	struct stat now;

	if (fstat(fresh->fd, &now) < 0)
		return err_sys(err, "%s: can't be looked at", fresh->path);
	if ((now.st_uid != uid || now.st_gid != gid) && fchown(fresh->fd, uid, gid) < 0) {
		err_sys(err, "%s: its owner can't be kept", fresh->path);
		return err_hint(err, "run as its owner, or as root");
	}
	if (fchmod(fresh->fd, mode & 07777) < 0)
		return err_sys(err, "%s: its mode can't be set", fresh->path);
	return 0;
}

static const char access_list[] = "system.posix_acl_access";

/* The access list must be kept: what it lets read the file would not start again without. The rest
 * is kept where it can be. */
static int fresh_attribute(struct fresh *fresh, int old, const char *name, struct err *err)
{
	enum { VALUE_MAX = 1 << 16 };
	bool acl = strcmp(name, access_list) == 0;
	char *value;
	ssize_t len;
	int result = 0;

	if (!acl && strncmp(name, "user.", 5) != 0 && strcmp(name, "security.selinux") != 0)
		return 0;
	value = xmalloc(VALUE_MAX);
	len = fgetxattr(old, name, value, VALUE_MAX);
	if ((len < 0 || fsetxattr(fresh->fd, name, value, (size_t)len, 0) < 0) && acl)
		result = err_sys(err, "%s: its access list can't be kept", fresh->path);
	free(value);
	return result;
}

/* Owner, mode and access list of the file that is replaced. */
static int fresh_own_as_old(struct fresh *fresh, struct err *err)
{
	int old = -1, result = -1;
	char *names = NULL;
	ssize_t len;

	/* The folder's default list is for files that are new. */
	(void)fremovexattr(fresh->fd, access_list);
	if (fresh_own(fresh, fresh->old.st_uid, fresh->old.st_gid, fresh->old.st_mode, err) < 0)
		goto out;
	/* Who can't read it sees no attributes either. */
	old = openat(fresh->dir, path_name(fresh->path),
		     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	len = old < 0 ? 0 : flistxattr(old, NULL, 0);
	names = xmalloc(len > 0 ? (size_t)len : 1);
	len = len > 0 ? flistxattr(old, names, (size_t)len) : 0;
	result = 0;
	for (ssize_t at = 0; at < len && result == 0; at += (ssize_t)strlen(names + at) + 1)
		result = fresh_attribute(fresh, old, names + at, err);
out:
	free(names);
	if (old >= 0)
		close(old);
	return result;
}

static int fresh_finish(struct fresh *fresh, struct err *err)
{
	if (fsync(fresh->fd) < 0)
		return err_sys(err, "%s: can't be synced", fresh->path);
	if (renameat(fresh->dir, fresh->temp, fresh->dir, path_name(fresh->path)) < 0)
		return err_sys(err, "%s: can't be put in place", fresh->path);
	fresh->temp[0] = '\0';
	if (fsync(fresh->dir) < 0)
		return err_sys(err, "%s: its folder can't be synced", fresh->path);
	return 0;
}

static void fresh_release(struct fresh *fresh)
{
	if (fresh->fd >= 0)
		close(fresh->fd);
	if (fresh->temp[0])
		unlinkat(fresh->dir, fresh->temp, 0);
	if (fresh->dir >= 0)
		close(fresh->dir);
	free(fresh->folder);
}

int file_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct err *err)
{
	struct fresh fresh;
	int result = -1;

	if (fresh_open(&fresh, path, err) < 0)
		goto out;
	if (file_write(fresh.fd, bytes, len) < 0) {
		err_sys(err, "%s: can't be written", path);
		goto out;
	}
	if (fresh.had_old ? fresh_own_as_old(&fresh, err) < 0
			  : fresh_own(&fresh, geteuid(), getegid(), mode, err) < 0)
		goto out;
	result = fresh_finish(&fresh, err);
out:
	fresh_release(&fresh);
	return result;
}

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

/* `keep`: mode and owner of the old file, where there is one. */
static int copy(const char *from, const char *to, bool keep, struct err *err)
{
	struct fresh fresh = { .dir = -1, .fd = -1 };
	struct stat st;
	int result = -1, fd = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		err_sys(err, "%s: can't be opened", from);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(err, "%s: is no ordinary file", from);
		goto out;
	}
	if (fresh_open(&fresh, to, err) < 0)
		goto out;
	if (copy_bytes(fd, fresh.fd) < 0) {
		err_sys(err, "%s: can't be copied to %s", from, to);
		goto out;
	}
	if (geteuid() != 0) {
		st.st_uid = geteuid();
		st.st_gid = getegid();
	}
	if (keep && fresh.had_old ? fresh_own_as_old(&fresh, err) < 0
				  : fresh_own(&fresh, st.st_uid, st.st_gid, st.st_mode, err) < 0)
		goto out;
	result = fresh_finish(&fresh, err);
out:
	fresh_release(&fresh);
	if (fd >= 0)
		close(fd);
	return result;
}

int file_copy(const char *from, const char *to, struct err *err)
{
	return copy(from, to, false, err);
}

int file_copy_over(const char *from, const char *to, struct err *err)
{
	return copy(from, to, true, err);
}

int file_sync_folder(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;

	if (fd < 0 || fsync(fd) < 0)
		result = err_sys(err, "%s: can't be synced", path);
	if (fd >= 0)
		close(fd);
	return result;
}

int file_mkdirs(const char *path, mode_t mode, struct err *err)
{
	struct stat st;
	char *folder;
	int result = -1;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : err_set(err, "%s: is no folder", path);
	folder = path_folder(path);
	if (strcmp(folder, path) != 0 && file_mkdirs(folder, mode, err) < 0)
		goto out;
	if (mkdir(path, mode) == 0) {
		result = file_sync_folder(folder, err);
	} else if (errno == EEXIST) {
		result = stat(path, &st) == 0 && S_ISDIR(st.st_mode)
			     ? 0
			     : err_set(err, "%s: is no folder", path);
	} else {
		err_sys(err, "%s: can't be made", path);
		err_hint(err, "check the rights of %s", folder);
	}
out:
	free(folder);
	return result;
}

static int remove_at(int dir, const char *name, dev_t device, const char *path, struct err *err);

/* Empties an open folder; `fd` is closed. */
static int remove_content(int fd, dev_t device, const char *path, struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!dir) {
		err_sys(err, "%s: can't be read", path);
		close(fd);
		return -1;
	}
	while (result == 0 && (entry = readdir(dir))) {
		char *inner;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		inner = path_join(path, entry->d_name);
		result = remove_at(dirfd(dir), entry->d_name, device, inner, err);
		free(inner);
	}
	closedir(dir);
	return result;
}

static int remove_at(int dir, const char *name, dev_t device, const char *path, struct err *err)
{
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "%s: can't be looked at", path);
	if (!S_ISDIR(st.st_mode)) {
		if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
			return err_sys(err, "%s: can't be removed", path);
		return 0;
	}
	if (st.st_dev != device)
		return err_set(err, "%s: lies on another file system and is not removed", path);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "%s: can't be opened", path);
	if (remove_content(fd, device, path, err) < 0)
		return -1;
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, "%s: can't be removed", path);
	return 0;
}

int file_remove_tree(const char *path, struct err *err)
{
	size_t len = strlen(path);
	struct stat st;
	char *plain;
	int result;

	/* With a slash behind its name a link would be followed after all. */
	while (len > 1 && path[len - 1] == '/')
		len--;
	plain = xstrndup(path, len);
	if (lstat(plain, &st) < 0)
		result = errno == ENOENT ? 0 : err_sys(err, "%s: can't be looked at", plain);
	else
		result = remove_at(AT_FDCWD, plain, st.st_dev, plain, err);
	free(plain);
	return result;
}

int64_t file_space(const char *path, struct err *err)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return err_sys(err, "%s: its free space can't be read", path);
	return (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}
