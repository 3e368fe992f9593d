/* Processes: how many, their memory and processor time, how often they were started. */
#include "sources/process.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/proc.h"
#include "lib/procfollow.h"
#include "sources/types.h"

#define MB	   (1024.0 * 1024.0)
#define STARTS_MAX 256
#define WINDOW_US  (300 * CLOCK_US)
#define USE_US	   (10 * CLOCK_US) /* between looks at what costs more: open files, OOM kills */
#define USE_MAX	   32		   /* processes that are looked at for that */
#define PSS_MAX	   8		   /* ... and for their share of memory */

static const struct field fields[] = {
	PROC_FIELDS,
	{ "instances", FIELD_INT, false,
	  "how many there should be, workers not counted; more or fewer is a finding", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct field metric_fields[] = {
	{ "window", FIELD_DURATION, false, "of \"starts\": how far back it counts (5m)", NULL,
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def reads[] = {
	{ "count", "", "processes; workers of a matching process are not counted" },
	{ "rss_mb", "MB", "resident memory of all of them, 1 MB being 1,048,576 bytes" },
	{ "cpu_percent", "%", "processor time of all of them, 100% being one processor" },
	{ "uptime", "s", "time since the oldest of them was started" },
	{ "threads", "", "threads of all of them" },
	{ "files_percent", "%",
	  "open files against their limit, of the one that is nearest to it" },
	{ "pss_mb", "MB",
	  "memory with what is shared counted by its share; costs time, of 8 processes at most" },
	{ "oom_kills", "",
	  "processes of its control group that the kernel killed for want of memory" },
	{ "starts", "", "how often it was started in the window" },
	{ NULL, NULL, NULL },
};

/* What is known of one process besides its proc_stat. */
struct detail {
	struct proc_id id;
	double cpu;		    /* percent; NAN: not known yet */
	int64_t files, files_limit; /* -1: not said */
	char *command;		    /* owned */
};

struct process_source {
	struct source source; /* first */
	json_t *args;
	struct proc_decl decl;
	struct proc_follow *follow;
	struct proc_list now;
	struct detail *details; /* owned: one for each of `now` */
	size_t ndetails;
	size_t expected;	      /* instances; 0: nobody said */
	int64_t used_at;	      /* monotonic time of the latest look at what costs more */
	int64_t oom_kills, oom_first; /* -1: not said */
	bool sampled, failed;
	char why[200];
	int64_t at;	 /* wall time of the sample */
	int64_t started; /* wall time at which the first of them was started, as of the sample */
	int64_t mono;
	double cpu; /* percent; NAN: not known yet */
	/* When processes were started: a ring of wall times, each with its id. */
	struct {
		struct proc_id id;
		int64_t at;
	} starts[STARTS_MAX];
	size_t nstarts;
};

bool process_is(const struct source *source)
{
	return source != NULL && source->type == &source_process;
}

static bool start_known(const struct process_source *process, struct proc_id id)
{
	size_t n = process->nstarts < STARTS_MAX ? process->nstarts : STARTS_MAX;

	for (size_t i = 0; i < n; i++)
		if (process->starts[i].id.pid == id.pid && process->starts[i].id.start == id.start)
			return true;
	return false;
}

static bool is_root(const struct proc_list *list, size_t i)
{
	for (size_t j = 0; j < list->n; j++)
		if (list->list[j].id.pid == list->list[i].parent)
			return false;
	return true;
}

static void starts_note(struct process_source *process)
{
	for (size_t i = 0; i < process->now.n; i++) {
		struct proc_id id = process->now.list[i].id;
		size_t slot = process->nstarts % STARTS_MAX;

		if (!is_root(&process->now, i) || start_known(process, id))
			continue;
		process->starts[slot].id = id;
		process->starts[slot].at = proc_started(id);
		process->nstarts++;
	}
}

static const struct proc_stat *same_in(const struct proc_list *list, struct proc_id id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->list[i].id.pid == id.pid && list->list[i].id.start == id.start)
			return &list->list[i];
	return NULL;
}

/* The details of those that are there now: what is known of them from before goes over. */
static void details_carry(struct process_source *process)
{
	struct detail *now = xcalloc(process->now.n + 1, sizeof(*now));

	for (size_t i = 0; i < process->now.n; i++) {
		struct proc_id id = process->now.list[i].id;

		now[i] = (struct detail){ .id = id, .cpu = NAN, .files = -1, .files_limit = -1 };
		for (size_t j = 0; j < process->ndetails; j++) {
			struct detail *old = &process->details[j];

			if (old->id.pid != id.pid || old->id.start != id.start)
				continue;
			now[i] = *old;
			old->command = NULL;
		}
	}
	for (size_t j = 0; j < process->ndetails; j++)
		free(process->details[j].command);
	free(process->details);
	process->details = now;
	process->ndetails = process->now.n;
}

/* Processor time since the sample before, of those that were there then. */
static void cpu_count(struct process_source *process, const struct proc_list *then, int64_t mono)
{
	double span = (double)(mono - process->mono) / CLOCK_US, hz = (double)sysconf(_SC_CLK_TCK);

	/* So close together the ticks tell nothing: what was known stays. */
	if (process->sampled && span <= 0.2)
		return;
	process->cpu = process->sampled ? 0 : NAN;
	for (size_t i = 0; i < process->now.n; i++) {
		const struct proc_stat *now = &process->now.list[i];
		const struct proc_stat *before = same_in(then, now->id);

		process->details[i].cpu =
		    before != NULL && process->sampled
			? 100.0 * (double)(now->cpu_ticks - before->cpu_ticks) / hz / span
			: NAN;
		if (!isnan(process->details[i].cpu))
			process->cpu += process->details[i].cpu;
	}
}

/* What costs more than a look at the figures. */
static void use_look(struct process_source *process, int64_t mono)
{
	bool known = true;

	for (size_t i = 0; i < process->ndetails && i < USE_MAX; i++)
		known = known && process->details[i].command != NULL;
	if (known && process->used_at != 0 && mono - process->used_at < USE_US)
		return;
	process->used_at = mono;
	for (size_t i = 0; i < process->ndetails && i < USE_MAX; i++) {
		struct detail *detail = &process->details[i];

		detail->files = proc_files(detail->id.pid);
		detail->files_limit = proc_files_limit(detail->id.pid);
		free(detail->command);
		detail->command = proc_command(detail->id.pid);
	}
	if (process->ndetails > 0)
		process->oom_kills = proc_oom_kills(process->details[0].id.pid);
	if (process->oom_first < 0 || process->oom_kills < process->oom_first)
		process->oom_first = process->oom_kills;
}

static void process_sample(struct source *source)
{
	struct process_source *process = (struct process_source *)source;
	struct proc_list then = process->now;
	struct err err = ERR_INIT;
	int64_t mono = clock_mono(source->env->clock);

	process->now = (struct proc_list){ 0 };
	process->failed = proc_follow_look(process->follow, mono, &process->now, &err) < 0;
	snprintf(process->why, sizeof(process->why), "%.199s", err.msg);
	details_carry(process);
	cpu_count(process, &then, mono);
	use_look(process, mono);
	starts_note(process);
	process->at = clock_wall(source->env->clock);
	process->started = process->now.n ? proc_started(process->now.list[0].id) : 0;
	process->mono = mono;
	process->sampled = true;
	proc_list_release(&then);
}

static void process_close(struct source *source)
{
	struct process_source *process = (struct process_source *)source;

	proc_follow_free(process->follow);
	proc_decl_release(&process->decl);
	json_decref(process->args);
	proc_list_release(&process->now);
	for (size_t i = 0; i < process->ndetails; i++)
		free(process->details[i].command);
	free(process->details);
	free(process);
}

static struct source *process_open(const struct source_env *env, const char *name,
				   const json_t *args, struct err *err)
{
	struct process_source *process = xcalloc(1, sizeof(*process));

	source_init(&process->source, &source_process, env, name);
	process->cpu = NAN;
	process->oom_kills = process->oom_first = -1;
	process->expected = (size_t)fmax(0, json_num(args, "instances", 0));
	process->args = json_deep_copy(args); /* the declaration borrows from it */
	if (proc_decl_init(&process->decl, process->args, err) < 0) {
		source_close(&process->source);
		return NULL;
	}
	process->follow = proc_follow_new(&process->decl);
	return &process->source;
}

static double files_share(int64_t files, int64_t limit)
{
	return files < 0 || limit <= 0 ? -1 : (double)files / (double)limit;
}

/* Sums over all of them, and the one that is nearest to its limit of open files. */
static void all_sum(const struct process_source *process, struct process_seen *out)
{
	for (size_t i = 0; i < process->now.n; i++) {
		const struct detail *detail = &process->details[i];

		out->rss += process->now.list[i].rss;
		out->threads += process->now.list[i].threads;
		if (files_share(detail->files, detail->files_limit) <=
		    files_share(out->files, out->files_limit))
			continue;
		out->files = detail->files;
		out->files_limit = detail->files_limit;
	}
}

void process_look(struct source *source, int64_t window_us, struct process_seen *out)
{
	struct process_source *process = (struct process_source *)source;
	int64_t now = clock_wall(source->env->clock);
	size_t n;

	if (!process->sampled || clock_mono(source->env->clock) - process->mono > 2 * CLOCK_US)
		process_sample(source);
	*out = (struct process_seen){
		.at = process->at,
		.failed = process->failed,
		.cpu_percent = process->cpu,
		.count = process->now.roots,
		.all = process->now.n,
		.expected = process->expected,
		.files = -1,
		.files_limit = -1,
		.oom_kills = process->oom_kills,
		.oom_kills_new =
		    process->oom_kills > 0 ? process->oom_kills - process->oom_first : 0,
	};
	if (process->failed || process->now.n == 0) {
		snprintf(out->why, sizeof(out->why), "%s",
			 process->failed ? process->why : process->now.why);
	} else {
		out->pid = process->now.list[0].id.pid;
		out->started = process->started;
	}
	all_sum(process, out);
	n = process->nstarts < STARTS_MAX ? process->nstarts : STARTS_MAX;
	for (size_t i = 0; i < n; i++)
		out->starts += process->starts[i].at >= now - window_us ? 1 : 0;
}

bool process_at(struct source *source, size_t i, struct process_one *out)
{
	const struct process_source *process = (struct process_source *)source;
	const struct proc_stat *stat;

	if (i >= process->now.n)
		return false;
	stat = &process->now.list[i];
	*out = (struct process_one){
		.pid = stat->id.pid,
		.state = stat->state,
		.worker = !is_root(&process->now, i),
		.started = proc_started(stat->id),
		.rss = stat->rss,
		.cpu_percent = process->details[i].cpu,
		.threads = stat->threads,
		.files = process->details[i].files,
		.files_limit = process->details[i].files_limit,
		.command = process->details[i].command ? process->details[i].command : "",
	};
	return true;
}

/* In a copy of the console: the kernel walks all their pages for it. */
static void pss_read(const struct process_source *process, const struct process_seen *seen,
		     struct reading *out)
{
	int64_t sum = 0;

	for (size_t i = 0; i < process->now.n && i < PSS_MAX; i++) {
		int64_t pss = proc_pss(process->now.list[i].id.pid);

		if (pss < 0) {
			reading_unknown(out, seen->at,
					"pid %d doesn't show its memory to this user",
					(int)process->now.list[i].id.pid);
			return;
		}
		sum += pss;
	}
	if (process->now.n > PSS_MAX)
		reading_unknown(out, seen->at, "%zu processes are too many for pss_mb",
				process->now.n);
	else
		reading_value(out, seen->at, (double)sum / MB, "MB");
}

/* Of processes that are there. */
static void use_read(const struct process_source *process, const char *read,
		     const struct process_seen *seen, struct reading *out)
{
	if (strcmp(read, "rss_mb") == 0)
		reading_value(out, seen->at, (double)seen->rss / MB, "MB");
	else if (strcmp(read, "pss_mb") == 0)
		pss_read(process, seen, out);
	else if (strcmp(read, "uptime") == 0)
		reading_value(out, seen->at, (double)(seen->at - seen->started) / CLOCK_US, "s");
	else if (strcmp(read, "threads") == 0)
		reading_value(out, seen->at, seen->threads, "");
	else if (strcmp(read, "files_percent") == 0 && seen->files >= 0 && seen->files_limit > 0)
		reading_value(out, seen->at, 100 * files_share(seen->files, seen->files_limit),
			      "%");
	else if (strcmp(read, "oom_kills") == 0 && seen->oom_kills >= 0)
		reading_value(out, seen->at, (double)seen->oom_kills, "");
	else if (strcmp(read, "files_percent") == 0)
		reading_unknown(out, seen->at, "its open files can't be seen by this user");
	else if (strcmp(read, "oom_kills") == 0)
		reading_unknown(out, seen->at, "it has no control group of its own");
	else if (!isnan(seen->cpu_percent))
		reading_value(out, seen->at, seen->cpu_percent, "%");
	else
		reading_unknown(out, seen->at, "processor time takes two samples");
}

static void process_read(struct source *source, const json_t *metric, int64_t since,
			 struct reading *out)
{
	const char *read = json_str(metric, "read", "");
	int64_t window = json_us(metric, "window", WINDOW_US), now = clock_wall(source->env->clock);
	struct process_seen seen;

	if (since != 0 && since > now - window)
		window = now - since;
	process_look(source, window, &seen);
	if (seen.failed)
		reading_unknown(out, seen.at, "%s", seen.why);
	else if (strcmp(read, "count") == 0)
		reading_value(out, seen.at, (double)seen.count, "");
	else if (strcmp(read, "starts") == 0)
		reading_value(out, seen.at, (double)seen.starts, "");
	else if (seen.count == 0)
		reading_unknown(out, seen.at, "%s", seen.why);
	else
		use_read((const struct process_source *)source, read, &seen, out);
}

static bool is_slow(const char *read)
{
	return strcmp(read, "pss_mb") == 0;
}

const struct source_type source_process = {
	.type = { .name = "process",
		  .help = "the processes of a service",
		  .fields = fields,
		  .reads = reads,
		  .metric_fields = metric_fields,
		  .one_of = proc_one_of },
	.open = process_open,
	.close = process_close,
	.sample = process_sample,
	.read = process_read,
	.slow = is_slow,
};
