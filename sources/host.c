/* The host: processor, memory, swap, load, pressure, disks. */
#include "sources/host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "sources/hostdisk.h"
#include "sources/types.h"

#define MB (1024.0 * 1024.0)
/* Two looks that are closer together tell nothing: the counters move in ticks of 10 ms. */
#define CPU_MIN_US (CLOCK_US / 5)
/* A disk's answer that is older is no answer any more. */
#define DISK_OLD_US (60 * CLOCK_US)
#define YEAR_HOURS  8760.0

static const struct field fields[] = {
	{ "disk", FIELD_PATH, false, "a path on the file system that is watched (/)", NULL, NULL },
	{ "disks", FIELD_STRINGS, false, "paths on further file systems that are watched", NULL,
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct field metric_fields[] = {
	{ "path", FIELD_PATH, false,
	  "of disk_..., inodes_percent: which disk, as the source has it (its first)", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def reads[] = {
	{ "cpu_percent", "%", "processor time in use, of all processors" },
	{ "iowait_percent", "%", "processor time spent waiting for disks" },
	{ "steal_percent", "%", "processor time that other guests of the machine below took" },
	{ "memory_percent", "%", "memory that programs can't get any more" },
	{ "memory_free_mb", "MB", "memory that programs can still get" },
	{ "swap_percent", "%", "swap in use" },
	{ "swapping", "MB/s", "what goes to swap and comes back" },
	{ "load", "", "load average of the latest minute" },
	{ "load_percent", "%", "that load against the processors: 100% is one each" },
	{ "cpu_pressure", "%",
	  "share of the latest 10 s in which somebody waited for a processor" },
	{ "memory_pressure", "%", "... for memory" },
	{ "io_pressure", "%", "... for disks" },
	{ "oom_kills", "", "processes killed for want of memory since the host was started" },
	{ "uptime", "s", "time since the host was started" },
	{ "disk_percent", "%", "file system in use" },
	{ "disk_free_mb", "MB", "room left on the file system" },
	{ "disk_full_hours", "h",
	  "hours until it is full, as it grew in the latest two; 8760 when it doesn't grow" },
	{ "inodes_percent", "%", "inodes in use" },
	{ NULL, NULL, NULL },
};

struct host_source {
	struct source source; /* first */
	struct proc_host_files files;
	struct proc_host now;
	double cpu, iowait, steal, swapping; /* NAN: not known yet */
	int64_t at, mono;		     /* of the sample; mono 0: none yet */
	int64_t oom_at;
	struct err err;
	struct hostdisk *disks; /* owned */
	size_t ndisks;
};

bool host_is(const struct source *source)
{
	return source != NULL && source->type == &source_host;
}

static void rates_note(struct host_source *host, const struct proc_host *now, int64_t mono)
{
	double span = (double)(mono - host->mono) / CLOCK_US;

	host->cpu = proc_host_cpu(&host->now, now);
	host->iowait = proc_host_iowait(&host->now, now);
	host->steal = proc_host_steal(&host->now, now);
	host->swapping = (double)(now->swapped - host->now.swapped) / span;
	if (now->oom_kills > host->now.oom_kills)
		host->oom_at = clock_wall(host->source.env->clock);
}

static void figures_sample(struct host_source *host)
{
	int64_t mono = clock_mono(host->source.env->clock);
	struct proc_host now;

	err_clear(&host->err);
	if (proc_host(&host->files, &now, &host->err) < 0)
		return;
	if (host->mono != 0 && mono - host->mono < CPU_MIN_US)
		return;
	if (host->mono != 0)
		rates_note(host, &now, mono);
	host->now = now;
	host->mono = mono;
	host->at = clock_wall(host->source.env->clock);
}

static void host_sample(struct source *source)
{
	struct host_source *host = (struct host_source *)source;

	figures_sample(host);
	for (size_t i = 0; i < host->ndisks; i++)
		hostdisk_sample(&host->disks[i]);
}

static void disks_open(struct host_source *host, const json_t *args)
{
	const json_t *list = json_object_get(args, "disks"), *one;
	size_t i;

	host->disks = xcalloc(json_array_size(list) + 1, sizeof(*host->disks));
	if (json_object_get(args, "disk") != NULL || json_array_size(list) == 0)
		hostdisk_init(&host->disks[host->ndisks++], host->source.env,
			      json_str(args, "disk", "/"));
	json_array_foreach((json_t *)list, i, one)
		hostdisk_init(&host->disks[host->ndisks++], host->source.env,
			      json_is_string(one) ? json_string_value(one) : "");
}

static struct source *host_open(const struct source_env *env, const char *name, const json_t *args,
				struct err *err)
{
	struct host_source *host = xcalloc(1, sizeof(*host));

	(void)err;
	source_init(&host->source, &source_host, env, name);
	host->cpu = host->iowait = host->steal = host->swapping = NAN;
	proc_host_open(&host->files);
	disks_open(host, args);
	figures_sample(host);
	return &host->source;
}

static void host_close(struct source *source)
{
	struct host_source *host = (struct host_source *)source;

	for (size_t i = 0; i < host->ndisks; i++)
		hostdisk_release(&host->disks[i]);
	free(host->disks);
	proc_host_close(&host->files);
	free(host);
}

/* Without a loop nobody samples again: wait for the second look that rates need. */
static void second_look(struct host_source *host)
{
	struct timespec pause = { .tv_nsec = CPU_MIN_US * 1000 };

	if (host->source.env->loop == NULL && isnan(host->cpu)) {
		nanosleep(&pause, NULL);
		figures_sample(host);
	}
}

int host_look(struct source *source, struct host_seen *out, struct err *err)
{
	struct host_source *host = (struct host_source *)source;
	const struct proc_host *now = &host->now;

	if (host->mono == 0 || clock_mono(source->env->clock) - host->mono > 2 * CLOCK_US)
		figures_sample(host);
	if (host->err.set)
		return err_set(err, "%s", host->err.msg);
	*out = (struct host_seen){
		.at = host->at,
		.cpu_percent = host->cpu,
		.iowait_percent = host->iowait,
		.steal_percent = host->steal,
		.swapping = host->swapping,
		.memory_percent =
		    100.0 * (double)(now->memory - now->memory_free) / (double)now->memory,
		.swap_percent =
		    now->swap > 0 ? 100.0 * (double)(now->swap - now->swap_free) / (double)now->swap
				  : 0,
		.load = now->load[0],
		.uptime_s = now->uptime_s,
		.memory = now->memory,
		.memory_free = now->memory_free,
		.swap = now->swap,
		.swap_free = now->swap_free,
		.oom_kills = now->oom_kills,
		.oom_at = host->oom_at,
		.processors = now->processors,
	};
	memcpy(out->pressure, now->pressure, sizeof(out->pressure));
	return 0;
}

static void disk_fill(const struct hostdisk *disk, struct host_disk *out)
{
	*out = (struct host_disk){
		.path = disk->path,
		.at = disk->at,
		.why = disk->why,
		.percent = disk->look.percent,
		.inodes_percent = disk->look.inodes_percent,
		.size = disk->look.size,
		.free = disk->look.free,
	};
	hostdisk_trend(disk, &out->trend);
	out->full_hours = out->trend.verdict == TREND_RISING
			      ? trend_hours_to(&out->trend, (double)disk->look.size)
			      : INFINITY;
}

/* Without a loop nobody asks: here and now. */
static void disk_ask(struct hostdisk *disk)
{
	if (disk->at == 0 && disk->env->loop == NULL)
		hostdisk_sample(disk);
}

bool host_disk(struct source *source, size_t i, struct host_disk *out)
{
	struct host_source *host = (struct host_source *)source;

	if (i >= host->ndisks)
		return false;
	disk_ask(&host->disks[i]);
	disk_fill(&host->disks[i], out);
	return true;
}

/* The disk that a metric asks for; NULL. */
static struct hostdisk *disk_named(struct host_source *host, const char *path)
{
	for (size_t i = 0; i < host->ndisks; i++)
		if (path == NULL || strcmp(host->disks[i].path, path) == 0)
			return &host->disks[i];
	return NULL;
}

static void disk_read(struct host_source *host, const json_t *metric, const char *read,
		      struct reading *out)
{
	const char *path = json_str(metric, "path", NULL);
	struct hostdisk *disk = disk_named(host, path);
	int64_t wall = clock_wall(host->source.env->clock);
	struct host_disk seen;

	if (disk == NULL) {
		reading_unknown(out, wall, "this host has no disk %s", path);
		return;
	}
	disk_ask(disk);
	disk_fill(disk, &seen);
	if (seen.at == 0 || (*seen.why != '\0' && wall - seen.at > DISK_OLD_US))
		reading_unknown(out, wall, "%s", seen.why);
	else if (strcmp(read, "disk_percent") == 0)
		reading_value(out, seen.at, seen.percent, "%");
	else if (strcmp(read, "disk_free_mb") == 0)
		reading_value(out, seen.at, (double)seen.free / MB, "MB");
	else if (strcmp(read, "inodes_percent") == 0 && !isnan(seen.inodes_percent))
		reading_value(out, seen.at, seen.inodes_percent, "%");
	else if (strcmp(read, "inodes_percent") == 0)
		reading_unknown(out, seen.at, "%s: this file system counts no inodes", seen.path);
	else if (seen.trend.verdict == TREND_SHORT)
		reading_unknown(out, seen.at, "its growth takes ten minutes to be known");
	else
		reading_value(out, seen.at, fmin(seen.full_hours, YEAR_HOURS), "h");
}

static void figure_read(struct host_source *host, const char *read, struct reading *out)
{
	int64_t wall = clock_wall(host->source.env->clock);
	struct host_seen seen;
	struct err err = ERR_INIT;

	if (host_look(&host->source, &seen, &err) < 0) {
		reading_unknown(out, wall, "%s", err.msg);
		return;
	}
	const struct {
		const char *name;
		double value;
		const char *unit, *missing;
	} table[] = {
		{ "cpu_percent", seen.cpu_percent, "%", "takes two samples" },
		{ "iowait_percent", seen.iowait_percent, "%", "takes two samples" },
		{ "steal_percent", seen.steal_percent, "%", "takes two samples" },
		{ "memory_percent", seen.memory_percent, "%", "" },
		{ "memory_free_mb", (double)seen.memory_free / MB, "MB", "" },
		{ "swap_percent", seen.swap_percent, "%", "" },
		{ "swapping", seen.swapping / MB, "MB/s", "takes two samples" },
		{ "load", seen.load, "", "" },
		{ "load_percent", 100 * seen.load / fmax(1, seen.processors), "%", "" },
		{ "cpu_pressure", seen.pressure[PRESSURE_CPU], "%", "not measured on this host" },
		{ "memory_pressure", seen.pressure[PRESSURE_MEMORY], "%",
		  "not measured on this host" },
		{ "io_pressure", seen.pressure[PRESSURE_IO], "%", "not measured on this host" },
		{ "oom_kills", seen.oom_kills >= 0 ? (double)seen.oom_kills : NAN, "",
		  "not counted on this host" },
		{ "uptime", seen.uptime_s, "s", "" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, read) != 0)
			continue;
		if (isnan(table[i].value))
			reading_unknown(out, seen.at, "%s: %s", read, table[i].missing);
		else
			reading_value(out, seen.at, table[i].value, table[i].unit);
		return;
	}
	reading_unknown(out, wall, "a host can't read \"%s\"", read);
}

static void host_read(struct source *source, const json_t *metric, int64_t since,
		      struct reading *out)
{
	struct host_source *host = (struct host_source *)source;
	const char *read = json_str(metric, "read", "");

	(void)since;
	if (strncmp(read, "disk_", 5) == 0 || strcmp(read, "inodes_percent") == 0) {
		disk_read(host, metric, read, out);
		return;
	}
	second_look(host);
	figure_read(host, read, out);
}

const struct source_type source_host = {
	.type = { .name = "host",
		  .help = "the host itself",
		  .fields = fields,
		  .reads = reads,
		  .metric_fields = metric_fields },
	.open = host_open,
	.close = host_close,
	.sample = host_sample,
	.read = host_read,
};
