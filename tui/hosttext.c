#include "tui/hosttext.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/size.h"
#include "lib/timefmt.h"
#include "sources/host.h"
#include "sources/process.h"

#define STARTS_US	(600 * CLOCK_US) /* restarts are counted so far back */
#define OOM_US		(3600 * CLOCK_US)
#define DISK_OLD_US	(30 * CLOCK_US)
#define FULL_HOURS	24.0 /* a disk that is full sooner is a finding */
#define INODES_MANY	90.0
#define FILES_MANY	80.0 /* percent of the limit */
#define PRESSURE_MUCH	10.0
#define STEAL_MUCH	10.0
#define SWAPPING_MUCH	1e6 /* bytes a second */
#define TABLE_PROCESSES 16

/* ---- where a number is going ---- */

static const char *space_before(const char *unit)
{
	return *unit != '\0' && strcmp(unit, "%") != 0 ? " " : "";
}

char *trend_short(const struct trend *trend, const char *unit, char *out, size_t size)
{
	char number[32];

	if (trend->verdict == TREND_SHORT)
		snprintf(out, size, "%s", "");
	else if (trend->verdict == TREND_STEADY)
		snprintf(out, size, "steady");
	else
		snprintf(out, size, "%s%s%s%s/h", trend->per_hour > 0 ? "+" : "-",
			 number_text(fabs(trend->per_hour), number, sizeof(number)),
			 space_before(unit), unit);
	return out;
}

static char *hours_text(double hours, char *out, size_t size)
{
	return duration_text((int64_t)(hours * 60) * 60 * CLOCK_US, out, size);
}

char *trend_long(const struct trend *trend, const char *unit, double limit, char *out, size_t size)
{
	bool rising = trend->verdict == TREND_RISING;
	double hours = isnan(limit) ? INFINITY : trend_hours_to(trend, limit);
	char span[48], number[32], until[48], at[32];

	duration_text(trend->span_us / (60 * CLOCK_US) * 60 * CLOCK_US, span, sizeof(span));
	if (trend->verdict == TREND_SHORT) {
		snprintf(out, size, "known after 10 min of history, there is %s", span);
	} else if (trend->verdict == TREND_STEADY) {
		snprintf(out, size, "steady over %s", span);
	} else {
		int used = snprintf(out, size, "%s by %s%s%s an hour over %s",
				    rising ? "growing" : "shrinking",
				    number_text(fabs(trend->per_hour), number, sizeof(number)),
				    space_before(unit), unit, span);

		if (hours > 0 && hours < 1000 && used > 0 && (size_t)used < size)
			snprintf(out + used, size - (size_t)used, ": at %s%s%s in %s",
				 number_text(limit, at, sizeof(at)), space_before(unit), unit,
				 hours_text(hours, until, sizeof(until)));
	}
	return out;
}

/* ---- processes ---- */

static bool files_many(int64_t files, int64_t limit)
{
	return files >= 0 && limit > 0 && 100.0 * (double)files / (double)limit >= FILES_MANY;
}

void process_findings(struct source *source, int64_t now, struct remarks *out)
{
	struct process_seen seen;
	char span[40];

	(void)now;
	process_look(source, STARTS_US, &seen);
	if (seen.failed || seen.count == 0)
		remarks_add(out, STYLE_WARNING, "%s: %s", source->name, seen.why);
	if (!seen.failed && seen.expected > 0 && seen.count > 0 && seen.count != seen.expected)
		remarks_add(out, STYLE_WARNING, "%s: %zu instances, %zu expected", source->name,
			    seen.count, seen.expected);
	if (seen.starts > seen.count && seen.starts > 1)
		remarks_add(out, STYLE_WARNING, "%s: %u starts in %s", source->name, seen.starts,
			    duration_text(STARTS_US, span, sizeof(span)));
	if (files_many(seen.files, seen.files_limit))
		remarks_add(out, STYLE_WARNING, "%s: %lld of %lld files open", source->name,
			    (long long)seen.files, (long long)seen.files_limit);
	if (seen.oom_kills_new > 0)
		remarks_add(out, STYLE_CRITICAL, "%s: %lld killed for want of memory", source->name,
			    (long long)seen.oom_kills_new);
}

static void cpu_print(double percent, char *out, size_t size)
{
	if (isnan(percent))
		snprintf(out, size, "-");
	else
		snprintf(out, size, "%.0f%%", percent);
}

void process_brief(struct source *source, int64_t now, struct remarks *out)
{
	struct process_seen seen;
	char age[40], cpu[16], more[24] = "";

	process_look(source, STARTS_US, &seen);
	if (seen.failed || seen.count == 0)
		return;
	cpu_print(seen.cpu_percent, cpu, sizeof(cpu));
	if (seen.all > 1)
		snprintf(more, sizeof(more), "+%zu", seen.all - 1);
	remarks_add(out, STYLE_DIM, "%s %d%s cpu %s up %s", source->name, (int)seen.pid, more, cpu,
		    duration_text((now - seen.started) / CLOCK_US * CLOCK_US, age, sizeof(age)));
}

static void process_row(const struct process_one *one, int64_t now, struct remarks *out)
{
	char age[40], cpu[16], files[40] = "-", rss[40], number[32];
	bool stuck = one->state == 'D' || one->state == 'T';

	cpu_print(one->cpu_percent, cpu, sizeof(cpu));
	/* As the metric has it. */
	snprintf(rss, sizeof(rss), "%s MB",
		 number_text((double)one->rss / 1048576, number, sizeof(number)));
	if (one->files >= 0)
		snprintf(files, sizeof(files), "%lld/%lld", (long long)one->files,
			 (long long)one->files_limit);
	remarks_add(out,
		    stuck || files_many(one->files, one->files_limit) ? STYLE_WARNING
								      : STYLE_NORMAL,
		    "%8d %c %9s %6s %7d %13s %13s  %s%s", (int)one->pid, one->state, rss, cpu,
		    one->threads, files,
		    duration_text((now - one->started) / CLOCK_US * CLOCK_US, age, sizeof(age)),
		    one->worker ? "+ " : "", one->command);
}

void process_table(struct source *source, int64_t now, struct remarks *out)
{
	struct process_seen seen;
	struct process_one one;
	char kills[64] = "";

	process_look(source, STARTS_US, &seen);
	process_findings(source, now, out);
	if (seen.failed || seen.count == 0)
		return;
	if (seen.oom_kills > 0)
		snprintf(kills, sizeof(kills), ", %lld killed for want of memory",
			 (long long)seen.oom_kills);
	remarks_add(out, STYLE_BOLD, "%s: %zu instance%s, %zu process%s, %u start%s in 10 min%s",
		    source->name, seen.count, seen.count == 1 ? "" : "s", seen.all,
		    seen.all == 1 ? "" : "es", seen.starts, seen.starts == 1 ? "" : "s", kills);
	remarks_add(out, STYLE_DIM, "%8s %c %9s %6s %7s %13s %13s  %s", "PID", 'S', "RSS", "CPU",
		    "THREADS", "FILES", "UP", "COMMAND");
	for (size_t i = 0; i < TABLE_PROCESSES && process_at(source, i, &one); i++)
		process_row(&one, now, out);
	if (seen.all > TABLE_PROCESSES)
		remarks_add(out, STYLE_DIM, "%8s and %zu more", "", seen.all - TABLE_PROCESSES);
}

/* ---- the host ---- */

static void disk_findings(const struct host_disk *disk, int64_t now, struct remarks *out)
{
	char age[40], until[40];

	if (*disk->why != '\0' && disk->at != 0)
		remarks_add(out, STYLE_WARNING, "%s (figures are of %s)", disk->why,
			    age_text(disk->at, now, age, sizeof(age)));
	else if (*disk->why != '\0')
		remarks_add(out, STYLE_WARNING, "%s", disk->why);
	if (disk->at == 0)
		return;
	if (disk->full_hours < FULL_HOURS)
		remarks_add(out, STYLE_WARNING, "%s is full in %s", disk->path,
			    hours_text(disk->full_hours, until, sizeof(until)));
	if (disk->inodes_percent >= INODES_MANY)
		remarks_add(out, STYLE_WARNING, "%s: %.0f%% of the inodes in use", disk->path,
			    disk->inodes_percent);
}

void host_findings(struct source *source, int64_t now, struct remarks *out)
{
	struct host_seen seen;
	struct host_disk disk;
	struct err err = ERR_INIT;
	char text[40];

	if (host_look(source, &seen, &err) < 0) {
		remarks_add(out, STYLE_WARNING, "%s: %s", source->name, err.msg);
		return;
	}
	if (seen.oom_at != 0 && now - seen.oom_at < OOM_US)
		remarks_add(out, STYLE_CRITICAL, "killed for want of memory: a process, %s",
			    age_text(seen.oom_at, now, text, sizeof(text)));
	if (seen.pressure[PRESSURE_MEMORY] >= PRESSURE_MUCH)
		remarks_add(out, STYLE_WARNING, "memory is short: pressure %.0f%%",
			    seen.pressure[PRESSURE_MEMORY]);
	if (seen.swapping >= SWAPPING_MUCH)
		remarks_add(out, STYLE_WARNING, "swapping %s/s",
			    size_text((int64_t)seen.swapping, text, sizeof(text)));
	if (seen.steal_percent >= STEAL_MUCH)
		remarks_add(out, STYLE_WARNING, "other guests take %.0f%% of the processors",
			    seen.steal_percent);
	for (size_t i = 0; host_disk(source, i, &disk); i++)
		disk_findings(&disk, now, out);
}

/* Whole percents; a disk or two behind the figures. */
static void disks_brief(struct source *source, char *out, size_t size)
{
	struct host_disk disk;
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; host_disk(source, i, &disk) && used + 32 < size; i++) {
		int n = disk.at == 0
			    ? snprintf(out + used, size - used, "  %.20s unknown", disk.path)
			    : snprintf(out + used, size - used, "  %.20s %.0f%% free", disk.path,
				       100 - disk.percent);

		used += n > 0 ? (size_t)n : 0;
	}
}

void host_brief(struct source *source, struct remarks *out)
{
	struct host_seen seen;
	struct err err = ERR_INIT;
	char cpu[16], wait[24] = "", disks[160];

	if (host_look(source, &seen, &err) < 0)
		return;
	cpu_print(seen.cpu_percent, cpu, sizeof(cpu));
	if (seen.iowait_percent >= 1)
		snprintf(wait, sizeof(wait), " wait %.0f%%", seen.iowait_percent);
	disks_brief(source, disks, sizeof(disks));
	remarks_add(out, STYLE_DIM, "cpu %s%s  load %.1f of %d", cpu, wait, seen.load,
		    seen.processors);
	if (seen.swap > 0)
		remarks_add(out, STYLE_DIM, "mem %.0f%%  swap %.0f%%%s", seen.memory_percent,
			    seen.swap_percent, disks);
	else
		remarks_add(out, STYLE_DIM, "mem %.0f%%%s", seen.memory_percent, disks);
}

static void pressure_print(const struct host_seen *seen, char *out, size_t size)
{
	out[0] = '\0';
	if (!isnan(seen->pressure[PRESSURE_CPU]))
		snprintf(out, size, "  pressure: cpu %.0f%%, memory %.0f%%, disks %.0f%%",
			 seen->pressure[PRESSURE_CPU], seen->pressure[PRESSURE_MEMORY],
			 seen->pressure[PRESSURE_IO]);
}

static void figures_table(const struct source *source, const struct host_seen *seen,
			  struct remarks *out)
{
	char text[96], all[32], free[32], age[40];

	remarks_add(out, STYLE_BOLD, "%s: up %s", source->name,
		    duration_text((int64_t)seen->uptime_s * CLOCK_US, age, sizeof(age)));
	if (isnan(seen->cpu_percent))
		remarks_add(out, STYLE_NORMAL,
			    "cpu      not measured yet, load %.2f on %d processor%s", seen->load,
			    seen->processors, seen->processors == 1 ? "" : "s");
	else
		remarks_add(out, STYLE_NORMAL,
			    "cpu      %.0f%%, waiting for disks %.0f%%, taken by other guests "
			    "%.0f%%, "
			    "load %.2f on %d processor%s",
			    seen->cpu_percent, seen->iowait_percent, seen->steal_percent,
			    seen->load, seen->processors, seen->processors == 1 ? "" : "s");
	pressure_print(seen, text, sizeof(text));
	remarks_add(out, STYLE_NORMAL, "memory   %.0f%% of %s, %s free%s", seen->memory_percent,
		    size_text(seen->memory, all, sizeof(all)),
		    size_text(seen->memory_free, free, sizeof(free)), text);
	if (seen->swap <= 0) {
		remarks_add(out, STYLE_NORMAL, "swap     none");
		return;
	}
	remarks_add(out, STYLE_NORMAL, "swap     %.0f%% of %s, %s/s in and out", seen->swap_percent,
		    size_text(seen->swap, all, sizeof(all)),
		    isnan(seen->swapping) ? "-" : size_text((int64_t)seen->swapping, text, 32));
}

static void disk_row(const struct host_disk *disk, int64_t now, struct remarks *out)
{
	char free[32], inodes[16] = "-", growth[160], age[48] = "", mb[160];
	struct trend trend = disk->trend;

	if (disk->at == 0) {
		remarks_add(out, STYLE_WARNING, "%-24s %s", disk->path, disk->why);
		return;
	}
	if (!isnan(disk->inodes_percent))
		snprintf(inodes, sizeof(inodes), "%.0f%%", disk->inodes_percent);
	trend.per_hour /= 1e6;
	trend_short(&trend, "MB", growth, sizeof(growth));
	if (disk->full_hours < 1000)
		snprintf(growth + strlen(growth), sizeof(growth) - strlen(growth), ", full in %s",
			 hours_text(disk->full_hours, mb, sizeof(mb)));
	if (now - disk->at > DISK_OLD_US)
		age_text(disk->at, now, age, sizeof(age));
	remarks_add(out, *age || disk->full_hours < FULL_HOURS ? STYLE_WARNING : STYLE_NORMAL,
		    "%-24s %6.0f%% %9s %7s  %s  %s", disk->path, disk->percent,
		    size_text(disk->free, free, sizeof(free)), inodes,
		    *growth ? growth : "not known yet", age);
}

void host_table(struct source *source, int64_t now, struct remarks *out)
{
	struct host_seen seen;
	struct host_disk disk;
	struct err err = ERR_INIT;

	host_findings(source, now, out);
	if (host_look(source, &seen, &err) < 0)
		return;
	figures_table(source, &seen, out);
	remarks_add(out, STYLE_DIM, "%-24s %7s %9s %7s  %s", "DISK", "IN USE", "FREE", "INODES",
		    "GROWTH");
	for (size_t i = 0; host_disk(source, i, &disk); i++)
		disk_row(&disk, now, out);
}
