/* The host's processor time, memory, load and disks. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/proc.h"

#define FILE_MAX 65536

/* Kilobytes behind "NAME:" of /proc/meminfo, in bytes; -1 when it is not there. */
static int64_t meminfo(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line != NULL && *line != '\0';) {
		int64_t kb;

		if (strncmp(line, name, len) == 0 && line[len] == ':' &&
		    sscanf(line + len + 1, " %" SCNd64, &kb) == 1)
			return kb * 1024;
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return -1;
}

/* Idle and waiting for disks is not busy; guest time is counted in user time already. */
static int cpu_read(const char *text, struct proc_host *out, struct err *err)
{
	uint64_t t[8] = { 0 };

	if (sscanf(text,
		   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64,
		   &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) < 4)
		return err_set(err, "/proc/stat: no line for all processors");
	out->total = 0;
	for (int i = 0; i < 8; i++)
		out->total += t[i];
	out->busy = out->total - t[3] - t[4];
	return 0;
}

int proc_host(struct proc_host *out, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = -1;

	*out = (struct proc_host){ 0 };
	if (file_read("/proc/stat", &text, FILE_MAX * 16, err) < 0 ||
	    cpu_read(buf_str(&text), out, err) < 0)
		goto out;
	buf_cut(&text, 0);
	if (file_read("/proc/meminfo", &text, FILE_MAX, err) < 0)
		goto out;
	out->memory = meminfo(buf_str(&text), "MemTotal");
	out->memory_free = meminfo(buf_str(&text), "MemAvailable");
	out->swap = meminfo(buf_str(&text), "SwapTotal");
	out->swap_free = meminfo(buf_str(&text), "SwapFree");
	if (out->memory <= 0 || out->memory_free < 0) {
		err_set(err, "/proc/meminfo: MemTotal or MemAvailable is missing");
		goto out;
	}
	buf_cut(&text, 0);
	if (file_read("/proc/loadavg", &text, FILE_MAX, err) < 0)
		goto out;
	if (sscanf(buf_str(&text), "%lf %lf %lf", &out->load[0], &out->load[1], &out->load[2]) !=
	    3) {
		err_set(err, "/proc/loadavg: not three numbers");
		goto out;
	}
	buf_cut(&text, 0);
	if (file_read("/proc/uptime", &text, FILE_MAX, err) < 0)
		goto out;
	if (sscanf(buf_str(&text), "%lf", &out->uptime_s) != 1) {
		err_set(err, "/proc/uptime: no number");
		goto out;
	}
	out->processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
	rc = 0;
out:
	buf_release(&text);
	return rc;
}

double proc_host_cpu(const struct proc_host *then, const struct proc_host *now)
{
	if (now->total <= then->total || now->busy < then->busy)
		return NAN;
	return 100.0 * (double)(now->busy - then->busy) / (double)(now->total - then->total);
}

int proc_disk(const char *path, double *percent, int64_t *available, struct err *err)
{
	struct statvfs vfs;
	double used, room;

	if (statvfs(path, &vfs) < 0)
		return err_sys(err, "%s", path);
	used = (double)(vfs.f_blocks - vfs.f_bfree);
	room = (double)vfs.f_bavail;
	*available = (int64_t)(vfs.f_bavail * vfs.f_frsize);
	*percent = used + room > 0 ? 100.0 * used / (used + room) : 0;
	return 0;
}
