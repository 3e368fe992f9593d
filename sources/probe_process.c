/* Probe type "process": whether it runs, how many, how often it was started, its memory. */
#include <math.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"
#include "sources/process.h"
#include "sources/types.h"

#define WITHIN_US (300 * CLOCK_US)
#define MB	  (1024.0 * 1024.0)

static const struct field fields[] = {
	{ "process", FIELD_SOURCE, true, "a declared process", "process", NULL },
	{ "running", FIELD_BOOL, false, "it runs, or does not", NULL, NULL },
	{ "equals", FIELD_INT, false, "exactly so many run", NULL, NULL },
	{ "below", FIELD_INT, false, "fewer than so many run", NULL, NULL },
	{ "restarts_below", FIELD_INT, false, "it was started fewer times than this", NULL, NULL },
	{ "memory_below", FIELD_NUMBER, false, "its resident memory is below so many MB", NULL,
	  NULL },
	{ "within", FIELD_DURATION, false, "of restarts_below: how far back it counts (5m)", NULL,
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const questions[] = { "running",	   "equals",	   "below",
					 "restarts_below", "memory_below", NULL };
static const char *const *const one_of[] = { questions, NULL };

static void memory_judge(const struct process_seen *seen, double limit, struct reading *out)
{
	double mb = (double)seen->rss / MB;

	if (seen->count == 0) {
		reading_unknown(out, seen->at, "%s", seen->why);
		return;
	}
	reading_judge(out, mb < limit, seen->at, "%.0f MB (below %.0f MB)", mb, limit);
	out->has_value = true;
	out->value = mb;
}

static void running_judge(const struct process_seen *seen, bool wanted, struct reading *out)
{
	char age[40];

	if (seen->count == 0)
		reading_judge(out, !wanted, seen->at, "%s", seen->why);
	else
		reading_judge(out, wanted, seen->at, "pid %d, up %s%s", (int)seen->pid,
			      duration_text(seen->at - seen->started, age, sizeof(age)),
			      seen->count > 1 ? ", and others" : "");
}

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	struct source *source = env->source(env->data, json_str(args, "process", ""));
	int64_t now = clock_wall(env->clock), within = json_us(args, "within", WITHIN_US);
	struct process_seen seen;
	char span[40];

	if (!process_is(source)) {
		reading_unknown(out, now, "the process is not being watched");
		return;
	}
	if (env->since != 0 && env->since > now - within)
		within = now - env->since;
	process_look(source, within, &seen);
	if (seen.failed)
		reading_unknown(out, seen.at, "%s", seen.why);
	else if (json_object_get(args, "running") != NULL)
		running_judge(&seen, json_bool(args, "running", 1), out);
	else if (json_object_get(args, "memory_below") != NULL)
		memory_judge(&seen, json_num(args, "memory_below", NAN), out);
	else if (json_object_get(args, "restarts_below") != NULL)
		reading_judge(out, seen.starts < json_num(args, "restarts_below", 0), seen.at,
			      "started %u times in %s (below %.0f)", seen.starts,
			      duration_text(within, span, sizeof(span)),
			      json_num(args, "restarts_below", 0));
	else if (json_object_get(args, "equals") != NULL)
		reading_judge(out, (double)seen.count == json_num(args, "equals", -1), seen.at,
			      "%zu running (wanted %.0f)", seen.count,
			      json_num(args, "equals", -1));
	else
		reading_judge(out, (double)seen.count < json_num(args, "below", 0), seen.at,
			      "%zu running (below %.0f)", seen.count, json_num(args, "below", 0));
}

const struct probe_type probe_process = {
	.type = { .name = "process",
		  .help = "a process runs, how many, how often it was started",
		  .fields = fields,
		  .one_of = one_of },
	.eval = eval,
};
