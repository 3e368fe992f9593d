#include "core/recorder.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "lib/offspring.h"

#define AGAIN_US (60 * CLOCK_US)
#define TASK_US	 (60 * CLOCK_US)

struct recorder {
	struct recorder_spec spec;
	struct recorded now;
	bool known;
	struct task *reading; /* NULL: not now */
	int64_t look;	      /* monotonic: when it is read again */
};

struct recorder *recorder_new(const struct recorder_spec *spec)
{
	struct recorder *recorder;

	if (!spec->runbook->nroutines && !spec->runbook->nphases)
		return NULL;
	recorder = xcalloc(1, sizeof(*recorder));
	recorder->spec = *spec;
	return recorder;
}

void recorder_free(struct recorder *recorder)
{
	if (!recorder)
		return;
	task_cancel(recorder->reading);
	recorded_release(&recorder->now);
	free(recorder);
}

static void take(struct recorder *recorder, const struct recorded *recorded)
{
	recorded_release(&recorder->now);
	recorder->now = *recorded;
	recorder->known = true;
	recorder->spec.changed(recorder->spec.data);
}

static json_t *body(void *data)
{
	const struct recorder_spec *spec = &((struct recorder *)data)->spec;
	struct recorded recorded;
	json_t *out;

	recorded_read(spec->runbook, spec->target, clock_wall(spec->clock), &recorded);
	out = recorded_to_json(spec->runbook, &recorded);
	recorded_release(&recorded);
	return out;
}

static void done(const json_t *result, void *data)
{
	struct recorder *recorder = data;
	struct recorded recorded;

	recorder->reading = NULL;
	if (!recorded_from_json(result, recorder->spec.runbook, &recorded))
		return; /* what was known goes on to count; it is read again */
	take(recorder, &recorded);
}

void recorder_read(struct recorder *recorder)
{
	struct recorded recorded;

	if (!recorder)
		return;
	/* What is being read is older. */
	task_cancel(recorder->reading);
	recorder->reading = NULL;
	recorder->look = clock_mono(recorder->spec.clock) + AGAIN_US;
	recorded_read(recorder->spec.runbook, recorder->spec.target,
		      clock_wall(recorder->spec.clock), &recorded);
	take(recorder, &recorded);
}

int recorder_tick(struct recorder *recorder, struct err *err)
{
	int64_t now;

	if (!recorder || recorder->reading)
		return 0;
	now = clock_mono(recorder->spec.clock);
	if (recorder->look && now < recorder->look)
		return 0;
	recorder->look = now + AGAIN_US;
	recorder->reading = task_start(recorder->spec.loop, TASK_US, body, done, recorder, err);
	return recorder->reading ? 0 : -1;
}

void recorder_soon(struct recorder *recorder)
{
	if (recorder)
		recorder->look = 0;
}

const struct recorded *recorder_now(const struct recorder *recorder)
{
	return recorder && recorder->known ? &recorder->now : NULL;
}
