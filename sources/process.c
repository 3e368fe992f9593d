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
#include "sources/types.h"

#define MB	   (1024.0 * 1024.0)
#define STARTS_MAX 256
#define WINDOW_US  (300 * CLOCK_US)

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
	{ "starts", "", "how often it was started in the window" },
	{ NULL, NULL, NULL },
};

struct process_source {
	struct source source; /* first */
	json_t *args;
	struct proc_decl decl;
	struct proc_list now;
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

/* Processor time since the sample before, of those that were there then. */
static void cpu_count(struct process_source *process, const struct proc_list *then, int64_t mono)
{
	uint64_t ticks = 0;
	int64_t span = mono - process->mono;
	double hz = (double)sysconf(_SC_CLK_TCK);

	for (size_t i = 0; i < process->now.n; i++) {
		const struct proc_stat *before = same_in(then, process->now.list[i].id);

		if (before != NULL)
			ticks += process->now.list[i].cpu_ticks - before->cpu_ticks;
	}
	process->cpu = process->sampled && span > CLOCK_US / 5
			   ? 100.0 * (double)ticks / hz / ((double)span / CLOCK_US)
			   : NAN;
}

static void process_sample(struct source *source)
{
	struct process_source *process = (struct process_source *)source;
	struct proc_list then = process->now;
	struct err err = ERR_INIT;
	int64_t mono = clock_mono(source->env->clock);

	process->now = (struct proc_list){ 0 };
	process->failed = proc_find(&process->decl, &process->now, &err) < 0;
	snprintf(process->why, sizeof(process->why), "%.199s", err.msg);
	cpu_count(process, &then, mono);
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

	proc_decl_release(&process->decl);
	json_decref(process->args);
	proc_list_release(&process->now);
	free(process);
}

static struct source *process_open(const struct source_env *env, const char *name,
				   const json_t *args, struct err *err)
{
	struct process_source *process = xcalloc(1, sizeof(*process));

	source_init(&process->source, &source_process, env, name);
	process->cpu = NAN;
	process->args = json_deep_copy(args); /* the declaration borrows from it */
	if (proc_decl_init(&process->decl, process->args, err) < 0) {
		source_close(&process->source);
		return NULL;
	}
	return &process->source;
}

void process_look(struct source *source, int64_t window_us, struct process_seen *out)
{
	struct process_source *process = (struct process_source *)source;
	int64_t now = clock_wall(source->env->clock);
	size_t n;

	if (!process->sampled || clock_mono(source->env->clock) - process->mono > 2 * CLOCK_US)
		process_sample(source);
	*out = (struct process_seen){ .at = process->at,
				      .failed = process->failed,
				      .cpu_percent = process->cpu };
	if (process->failed || process->now.n == 0) {
		snprintf(out->why, sizeof(out->why), "%s",
			 process->failed ? process->why : process->now.why);
	} else {
		out->pid = process->now.list[0].id.pid;
		out->started = process->started;
	}
	out->count = process->now.roots;
	for (size_t i = 0; i < process->now.n; i++)
		out->rss += process->now.list[i].rss;
	n = process->nstarts < STARTS_MAX ? process->nstarts : STARTS_MAX;
	for (size_t i = 0; i < n; i++)
		out->starts += process->starts[i].at >= now - window_us ? 1 : 0;
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
	else if (strcmp(read, "rss_mb") == 0)
		reading_value(out, seen.at, (double)seen.rss / MB, "MB");
	else if (strcmp(read, "uptime") == 0)
		reading_value(out, seen.at, (double)(seen.at - seen.started) / CLOCK_US, "s");
	else if (strcmp(read, "cpu_percent") == 0 && !isnan(seen.cpu_percent))
		reading_value(out, seen.at, seen.cpu_percent, "%");
	else
		reading_unknown(out, seen.at, "processor time takes two samples");
}

const struct source_type source_process = {
	.type = { .name = "process",
		  .help = "the processes of a service",
		  .fields = proc_fields,
		  .reads = reads,
		  .metric_fields = metric_fields,
		  .one_of = proc_one_of },
	.open = process_open,
	.close = process_close,
	.sample = process_sample,
	.read = process_read,
};
