/* The host: processor, memory, swap, load, a disk. */
#include "sources/host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/proc.h"
#include "sources/types.h"

#define MB (1024.0 * 1024.0)
/* Two looks that are closer together tell nothing: the counters move in ticks of 10 ms. */
#define CPU_MIN_US (CLOCK_US / 5)

static const struct field fields[] = {
	{ "disk", FIELD_PATH, false, "a path on the file system that is watched (/)", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def reads[] = {
	{ "cpu_percent", "%", "processor time in use, of all processors" },
	{ "memory_percent", "%", "memory that programs can't get any more" },
	{ "memory_free_mb", "MB", "memory that programs can still get" },
	{ "swap_percent", "%", "swap in use" },
	{ "disk_percent", "%", "file system in use" },
	{ "disk_free_mb", "MB", "room left on the file system" },
	{ "load", "", "load average of the latest minute" },
	{ "uptime", "s", "time since the host was started" },
	{ NULL, NULL, NULL },
};

struct host_source {
	struct source source; /* first */
	char *disk;
	struct proc_host now;
	double cpu;	  /* NAN: not known yet */
	int64_t at, mono; /* of the sample; mono 0: none yet */
	struct err err;
};

bool host_is(const struct source *source)
{
	return source != NULL && source->type == &source_host;
}

static void host_sample(struct source *source)
{
	struct host_source *host = (struct host_source *)source;
	int64_t mono = clock_mono(source->env->clock);
	struct proc_host now;

	err_clear(&host->err);
	if (proc_host(&now, &host->err) < 0)
		return;
	if (host->mono != 0 && mono - host->mono >= CPU_MIN_US)
		host->cpu = proc_host_cpu(&host->now, &now);
	if (host->mono == 0 || mono - host->mono >= CPU_MIN_US) {
		host->now = now;
		host->mono = mono;
		host->at = clock_wall(source->env->clock);
	}
}

static struct source *host_open(const struct source_env *env, const char *name, const json_t *args,
				struct err *err)
{
	struct host_source *host = xcalloc(1, sizeof(*host));

	(void)err;
	source_init(&host->source, &source_host, env, name);
	host->disk = xstrdup(json_str(args, "disk", "/"));
	host->cpu = NAN;
	host_sample(&host->source);
	return &host->source;
}

static void host_close(struct source *source)
{
	free(((struct host_source *)source)->disk);
	free(source);
}

/* Without a loop nobody samples again: wait for the second look that processor time needs. */
static void second_look(struct host_source *host)
{
	struct timespec pause = { .tv_nsec = CPU_MIN_US * 1000 };

	if (host->source.env->loop == NULL && isnan(host->cpu)) {
		nanosleep(&pause, NULL);
		host_sample(&host->source);
	}
}

int host_look(struct source *source, struct host_seen *out, struct err *err)
{
	struct host_source *host = (struct host_source *)source;
	const struct proc_host *now = &host->now;

	if (host->mono == 0 || clock_mono(source->env->clock) - host->mono > 2 * CLOCK_US)
		host_sample(source);
	if (host->err.set)
		return err_set(err, "%s", host->err.msg);
	*out = (struct host_seen){
		.at = host->at,
		.cpu_percent = host->cpu,
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
		.processors = now->processors,
		.disk = host->disk,
	};
	if (proc_disk(host->disk, &out->disk_percent, &out->disk_free, NULL) < 0)
		out->disk_percent = NAN;
	return 0;
}

static void host_read(struct source *source, const json_t *metric, int64_t since,
		      struct reading *out)
{
	const char *read = json_str(metric, "read", "");
	int64_t wall = clock_wall(source->env->clock);
	struct host_seen seen;
	struct err err = ERR_INIT;

	(void)since;
	if (strcmp(read, "cpu_percent") == 0)
		second_look((struct host_source *)source);
	if (host_look(source, &seen, &err) < 0) {
		reading_unknown(out, wall, "%s", err.msg);
		return;
	}
	const struct {
		const char *name;
		double value;
		const char *unit;
	} table[] = {
		{ "cpu_percent", seen.cpu_percent, "%" },
		{ "memory_percent", seen.memory_percent, "%" },
		{ "memory_free_mb", (double)seen.memory_free / MB, "MB" },
		{ "swap_percent", seen.swap_percent, "%" },
		{ "disk_percent", seen.disk_percent, "%" },
		{ "disk_free_mb", isnan(seen.disk_percent) ? NAN : (double)seen.disk_free / MB,
		  "MB" },
		{ "load", seen.load, "" },
		{ "uptime", seen.uptime_s, "s" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, read) != 0)
			continue;
		if (isnan(table[i].value))
			reading_unknown(out, seen.at, "%s: %s", read,
					strncmp(read, "disk", 4) == 0
					    ? "the file system can't be read"
					    : "takes two samples");
		else
			reading_value(out, seen.at, table[i].value, table[i].unit);
		return;
	}
	reading_unknown(out, wall, "a host can't read \"%s\"", read);
}

const struct source_type source_host = {
	.type = { .name = "host", .help = "the host itself", .fields = fields, .reads = reads },
	.open = host_open,
	.close = host_close,
	.sample = host_sample,
	.read = host_read,
};
