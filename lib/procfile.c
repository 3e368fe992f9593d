#include "lib/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void procfile_init(struct procfile *file, const char *path)
{
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->fd = -1;
}

ssize_t procfile_read(struct procfile *file, char *out, size_t size)
{
	ssize_t n;

	if (file->fd < 0)
		file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return -1;
	do
		n = pread(file->fd, out, size - 1, 0);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

void procfile_close(struct procfile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}
