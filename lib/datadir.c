#include "lib/datadir.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/mem.h"

char *self_path(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	return xstrndup(path, len > 0 ? (size_t)len : 0);
}

char *self_program(void)
{
	char *path = self_path();
	struct stat file, self;

	if (stat(path, &file) == 0 && stat("/proc/self/exe", &self) == 0 &&
	    file.st_dev == self.st_dev && file.st_ino == self.st_ino)
		return path;
	free(path);
	return xstrdup("/proc/self/exe");
}

char *data_path(const char *rel)
{
	const char *given = getenv("BACKOUT_DATA_DIR");
	char *self, *folder, *path;

	if (given && *given)
		return path_join(given, rel);
	self = self_path();
	folder = path_folder(self);
	path = path_join(folder, rel);
	if (!file_exists(path)) {
		free(path);
		path = path_join(DATA_DIR, rel);
	}
	free(folder);
	free(self);
	return path;
}
