/*
 * The host, read from /proc: processors, memory, swap, load, pressure. Formats: proc(5), and
 * Documentation/accounting/psi.rst of Linux.
 */
#ifndef LIB_PROCHOST_H
#define LIB_PROCHOST_H

#include <stdint.h>

#include "lib/err.h"
#include "lib/procfile.h"

enum { PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO, PRESSURES };

struct proc_host {
	uint64_t busy, iowait, steal, total; /* clock ticks since boot */
	int64_t memory, memory_free; /* bytes; free: what programs can still get (MemAvailable) */
	int64_t swap, swap_free;     /* bytes */
	int64_t swapped;	     /* bytes that went to swap or came back, since boot */
	int64_t oom_kills; /* processes killed for want of memory since boot; -1: not said */
	double load[3];
	double uptime_s;
	/* Percent of the latest 10 s in which somebody waited for it; NAN: not measured here. */
	double pressure[PRESSURES];
	int processors;
};

/* The files, kept open. */
struct proc_host_files {
	struct procfile stat, meminfo, loadavg, vmstat, pressure[PRESSURES];
	int processors; /* as counted at first */
};

void proc_host_open(struct proc_host_files *files);
void proc_host_close(struct proc_host_files *files);
/* -1 when /proc can't be read. */
int proc_host(struct proc_host_files *files, struct proc_host *out, struct err *err);
/* Percent of the processors' time between two looks; NAN when they are the same. */
double proc_host_cpu(const struct proc_host *then, const struct proc_host *now);
double proc_host_iowait(const struct proc_host *then, const struct proc_host *now);
double proc_host_steal(const struct proc_host *then, const struct proc_host *now);

#endif
