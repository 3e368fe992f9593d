#include "lib/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
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

bool path_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	while (len > 1 && root[len - 1] == '/')
		len--;
	return strncmp(path, root, len) == 0 && (len == 1 || path[len] == '/') && path[len] != '\0';
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
