#include "lib/disk.h"

#include <math.h>
#include <sys/statvfs.h>

static double percent_of(double used, double left)
{
	return used + left > 0 ? 100.0 * used / (used + left) : 0;
}

int disk_look(const char *path, struct disk_look *out, struct err *err)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return err_sys(err, "%s", path);
	*out = (struct disk_look){
		.percent = percent_of((double)(fs.f_blocks - fs.f_bfree), (double)fs.f_bavail),
		.inodes_percent = fs.f_files > 0 ? percent_of((double)(fs.f_files - fs.f_ffree),
							      (double)fs.f_favail)
						 : NAN,
		.size = (int64_t)(fs.f_blocks * fs.f_frsize),
		.free = (int64_t)(fs.f_bavail * fs.f_frsize),
	};
	return 0;
}
