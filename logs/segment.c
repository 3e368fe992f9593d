#include "logs/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/mem.h"

/* Some hundred events: enough to record the end of an incident on a full disk. Where there is less
 * room, half of it, and so on. */
enum { RESERVE = 256 << 10, RESERVE_LEAST = 16 << 10 };

/* An append holds the lock for one sync; after so long a wait its holder must have been stopped. */
enum { LOCK_WAIT_MS = 5000, LOCK_STEP_MS = 2 };

char *segment_name(unsigned number, char out[SEGMENT_NAME])
{
	if (number <= 1)
		snprintf(out, SEGMENT_NAME, "ledger.jsonl");
	else
		snprintf(out, SEGMENT_NAME, "ledger-%u.jsonl", number);
	return out;
}

static char *segment_path(const char *folder, unsigned number)
{
	char name[SEGMENT_NAME];

	return path_join(folder, segment_name(number, name));
}

unsigned segment_newest(const char *folder, unsigned known)
{
	for (unsigned number = known + 1;; number++) {
		char *path = segment_path(folder, number);
		bool there = file_exists(path);

		free(path);
		if (!there)
			return number - 1;
	}
}

static int refuse_odd(const char *path, struct err *err)
{
	err_set(err, "%s: is no ordinary file, as a ledger's must be", path);
	return err_hint(err, "see who put it there; keep a copy of the folder");
}

struct segment_file segment_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return (struct segment_file){ .inode = 0 };
	return (struct segment_file){ .device = st.st_dev, .inode = st.st_ino };
}

bool segment_file_is(struct segment_file a, struct segment_file b)
{
	return a.device == b.device && a.inode == b.inode;
}

off_t segment_look(const char *folder, unsigned number, struct segment_file *file, struct err *err)
{
	char *path = segment_path(folder, number);
	off_t size = -1;
	struct stat st;

	if (lstat(path, &st) < 0) {
		err_sys(err, "%s: can't be looked at", path);
	} else if (!S_ISREG(st.st_mode)) {
		refuse_odd(path, err);
	} else {
		size = st.st_size;
		if (file)
			*file = (struct segment_file){ .device = st.st_dev, .inode = st.st_ino };
	}
	free(path);
	return size;
}

int segment_read(const char *folder, unsigned number, off_t offset, size_t most, struct buf *out,
		 struct err *err)
{
	enum { CHUNK = 1 << 16 };
	char *path = segment_path(folder, number), *chunk = xmalloc(CHUNK);
	/* Without waiting for the other end of a pipe that bears the name. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), result = -1;
	off_t end = most ? offset + (off_t)most : INT64_MAX;
	ssize_t got;

	if (fd < 0) {
		err_sys(err, "%s: can't be opened", path);
		goto out;
	}
	while (offset < end && (got = pread(fd, chunk, CHUNK, offset)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_sys(err, "%s: can't be read", path);
			goto out;
		}
		buf_add(out, chunk, (size_t)got);
		offset += got;
	}
	result = 0;
out:
	if (fd >= 0)
		close(fd);
	free(chunk);
	free(path);
	return result;
}

/* A shared folder's files are its group's, whatever umask the writer has. */
static void segment_share(const char *folder, int fd)
{
	struct stat st;

	if (stat(folder, &st) == 0 && (st.st_mode & S_IWGRP))
		fchmod(fd, 0660);
}

static void reserve(int fd, off_t end)
{
	for (off_t size = RESERVE; size >= RESERVE_LEAST; size /= 2) {
		if (fallocate(fd, FALLOC_FL_KEEP_SIZE, end, size) == 0 ||
		    (errno != ENOSPC && errno != EDQUOT))
			return;
	}
}

int segment_open(const char *folder, unsigned number, bool make, struct err *err)
{
	char *path = segment_path(folder, number);
	int how = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (make ? O_CREAT | O_EXCL : 0);
	int fd = open(path, how, 0600);
	struct stat st;

	if (fd < 0) {
		err_sys(err, "%s: can't be %s", path, make ? "made" : "opened for writing");
	} else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		refuse_odd(path, err);
		close(fd);
		fd = -1;
	} else if (make) {
		segment_share(folder, fd);
		reserve(fd, 0);
		if (file_sync_folder(folder, err) < 0) {
			close(fd);
			fd = -1;
		}
	}
	free(path);
	return fd;
}

/* Renewed when half of it is used; a disk that is full already lives on what is left. */
static void segment_reserve(int fd, off_t end)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && (off_t)st.st_blocks * 512 < end + RESERVE / 2)
		reserve(fd, end);
}

int segment_write(int fd, off_t offset, const void *bytes, size_t len, struct err *err)
{
	const char *p = bytes;
	off_t at = offset;

	segment_reserve(fd, offset + (off_t)len);
	while (len > 0) {
		ssize_t wrote = pwrite(fd, p, len, at);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			err_sys(err, "the ledger can't be written");
			err_hint(err, "free some space, then repeat; the event is not recorded");
			/* What can't be cut off is set aside as torn before the next append. */
			if (at > offset && ftruncate(fd, offset) < 0)
				return -1;
			return -1;
		}
		p += wrote;
		at += wrote;
		len -= (size_t)wrote;
	}
	return 0;
}

/* The first NAME.torn-N that is free, its path new in *torn. */
static int torn_open(const char *path, char **torn, struct err *err)
{
	int fd = -1;

	for (int n = 1; n < 10000; n++) {
		*torn = xasprintf("%s.torn-%d", path, n);
		fd = open(*torn, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
		free(*torn);
		*torn = NULL;
	}
	if (fd < 0)
		err_sys(err, "%s: its torn end can't be set aside", path);
	return fd;
}

int segment_cut(const char *folder, unsigned number, off_t offset, struct err *err)
{
	int fd = segment_open(folder, number, false, err), result = 0;

	if (fd < 0)
		return -1;
	if (ftruncate(fd, offset) < 0 || fsync(fd) < 0)
		result = err_sys(err, "%s: the torn end of its ledger can't be cut off", folder);
	close(fd);
	return result;
}

int segment_set_aside(const char *folder, unsigned number, off_t offset, struct err *err)
{
	char *path = segment_path(folder, number), *torn = NULL;
	struct buf tail = BUF_INIT;
	int fd = -1, result = -1;

	if (segment_read(folder, number, offset, 0, &tail, err) < 0)
		goto out;
	if (tail.len == 0) {
		result = 0;
		goto out;
	}
	fd = torn_open(path, &torn, err);
	if (fd < 0)
		goto out;
	segment_share(folder, fd);
	if (segment_write(fd, 0, tail.data, tail.len, err) < 0)
		goto out;
	if (fsync(fd) < 0 || file_sync_folder(folder, NULL) < 0) {
		err_sys(err, "%s: its torn end can't be set aside", path);
		goto out;
	}
	result = segment_cut(folder, number, offset, err);
out:
	if (fd >= 0)
		close(fd);
	if (result < 0 && torn)
		unlink(torn);
	free(torn);
	buf_release(&tail);
	free(path);
	return result;
}

int segment_lock(const char *folder, int how, struct err *err)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "%s: can't be opened", folder);
	for (int waited_ms = 0; waited_ms < LOCK_WAIT_MS; waited_ms += LOCK_STEP_MS) {
		if (flock(fd, how | LOCK_NB) == 0)
			return fd;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		poll(NULL, 0, LOCK_STEP_MS);
	}
	err_sys(err, "%s: its lock can't be taken", folder);
	if (errno == EWOULDBLOCK)
		err_hint(err, "another process holds it: see fuser -v %s", folder);
	close(fd);
	return -1;
}
