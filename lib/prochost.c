#include "lib/prochost.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STAT_MAX   512 /* its first line is all that is wanted */
#define MEM_MAX	   4096
#define VMSTAT_MAX 16384
#define SMALL_MAX  256

static const char *const pressure_paths[PRESSURES] = {
	[PRESSURE_CPU] = "/proc/pressure/cpu",
	[PRESSURE_MEMORY] = "/proc/pressure/memory",
	[PRESSURE_IO] = "/proc/pressure/io",
};

void proc_host_open(struct proc_host_files *files)
{
	procfile_init(&files->stat, "/proc/stat");
	procfile_init(&files->meminfo, "/proc/meminfo");
	procfile_init(&files->loadavg, "/proc/loadavg");
	procfile_init(&files->vmstat, "/proc/vmstat");
	for (int i = 0; i < PRESSURES; i++)
		procfile_init(&files->pressure[i], pressure_paths[i]);
	files->processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
}

void proc_host_close(struct proc_host_files *files)
{
	procfile_close(&files->stat);
	procfile_close(&files->meminfo);
	procfile_close(&files->loadavg);
	procfile_close(&files->vmstat);
	for (int i = 0; i < PRESSURES; i++)
		procfile_close(&files->pressure[i]);
}

/* The number behind "NAME" at a line's beginning (and a colon and blanks); -1 when it is not there.
 */
static int64_t line_number(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line != NULL && *line != '\0';) {
		int64_t number;

		if (strncmp(line, name, len) == 0 && (line[len] == ':' || line[len] == ' ') &&
		    sscanf(line + len + 1, " %" SCNd64, &number) == 1)
			return number;
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return -1;
}

static int64_t kilobytes(const char *text, const char *name)
{
	int64_t kb = line_number(text, name);

	return kb < 0 ? -1 : kb * 1024;
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
	out->iowait = t[4];
	out->steal = t[7];
	return 0;
}

static int memory_read(const char *text, struct proc_host *out, struct err *err)
{
	out->memory = kilobytes(text, "MemTotal");
	out->memory_free = kilobytes(text, "MemAvailable");
	out->swap = kilobytes(text, "SwapTotal");
	out->swap_free = kilobytes(text, "SwapFree");
	if (out->memory <= 0 || out->memory_free < 0)
		return err_set(err, "/proc/meminfo: MemTotal or MemAvailable is missing");
	return 0;
}

/* What not every kernel has. */
static void extras_read(struct proc_host_files *files, struct proc_host *out)
{
	char text[VMSTAT_MAX];

	out->oom_kills = -1;
	if (procfile_read(&files->vmstat, text, sizeof(text)) > 0) {
		int64_t in = line_number(text, "pswpin"), gone = line_number(text, "pswpout");

		out->oom_kills = line_number(text, "oom_kill");
		out->swapped = in < 0 || gone < 0 ? 0 : (in + gone) * sysconf(_SC_PAGESIZE);
	}
	for (int i = 0; i < PRESSURES; i++) {
		out->pressure[i] = NAN;
		if (procfile_read(&files->pressure[i], text, SMALL_MAX) > 0 &&
		    sscanf(text, "some avg10=%lf", &out->pressure[i]) != 1)
			out->pressure[i] = NAN;
	}
}

int proc_host(struct proc_host_files *files, struct proc_host *out, struct err *err)
{
	char text[MEM_MAX];
	struct timespec boot;

	*out = (struct proc_host){ .processors = files->processors };
	if (procfile_read(&files->stat, text, STAT_MAX) < 0)
		return err_sys(err, "/proc/stat");
	if (cpu_read(text, out, err) < 0)
		return -1;
	if (procfile_read(&files->meminfo, text, sizeof(text)) < 0)
		return err_sys(err, "/proc/meminfo");
	if (memory_read(text, out, err) < 0)
		return -1;
	if (procfile_read(&files->loadavg, text, SMALL_MAX) < 0)
		return err_sys(err, "/proc/loadavg");
	if (sscanf(text, "%lf %lf %lf", &out->load[0], &out->load[1], &out->load[2]) != 3)
		return err_set(err, "/proc/loadavg: not three numbers");
	clock_gettime(CLOCK_BOOTTIME, &boot);
	out->uptime_s = (double)boot.tv_sec + (double)boot.tv_nsec / 1e9;
	extras_read(files, out);
	return 0;
}

static double share(uint64_t then, uint64_t now, const struct proc_host *a,
		    const struct proc_host *b)
{
	if (b->total <= a->total || now < then)
		return NAN;
	return 100.0 * (double)(now - then) / (double)(b->total - a->total);
}

double proc_host_cpu(const struct proc_host *then, const struct proc_host *now)
{
	return share(then->busy, now->busy, then, now);
}

double proc_host_iowait(const struct proc_host *then, const struct proc_host *now)
{
	return share(then->iowait, now->iowait, then, now);
}

double proc_host_steal(const struct proc_host *then, const struct proc_host *now)
{
	return share(then->steal, now->steal, then, now);
}
