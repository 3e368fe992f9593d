#include "core/steplock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/statefolder.h"
#include "lib/file.h"

static struct flock whole_file(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

int incident_lock(const struct incident *incident, const char *name, struct err *err)
{
	char *path = path_join(incident->folder, name);
	struct flock lock = whole_file();
	int fd = incident_file_open(incident->folder, path, O_RDWR);

	if (fd < 0) {
		err_sys(err, "%s can't be opened", path);
	} else if (fcntl(fd, F_SETLK, &lock) != 0) {
		if (errno == EAGAIN || errno == EACCES)
			err_set(err, "process %d holds %s",
				(int)incident_lock_holder(incident, name), path);
		else
			err_sys(err, "%s can't be locked", path);
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

pid_t incident_lock_holder(const struct incident *incident, const char *name)
{
	char *path = path_join(incident->folder, name);
	struct flock lock = whole_file();
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	pid_t holder = 0;

	if (fd >= 0) {
		if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
			holder = lock.l_pid;
		close(fd);
	}
	free(path);
	return holder;
}
