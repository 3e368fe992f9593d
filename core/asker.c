#include "core/asker.h"

#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/offspring.h"
#include "lib/timefmt.h"

/* One source whose metrics block. */
struct asked {
	struct asker *asker;
	const char *source; /* borrowed: its name */
	struct task *task;  /* under way, or NULL */
};

struct asker {
	struct loop *loop;
	struct wiring *wiring;
	asker_fn *answered;
	void *data;
	struct asked *sources; /* owned: one for each source of the wiring */
	bool *wanted, *taking; /* owned: one for each metric */
};

struct asker *asker_new(struct loop *loop, struct wiring *wiring, asker_fn *answered, void *data)
{
	struct asker *asker = xcalloc(1, sizeof(*asker));

	*asker =
	    (struct asker){ .loop = loop, .wiring = wiring, .answered = answered, .data = data };
	asker->sources = xcalloc(wiring->nsources + 1, sizeof(*asker->sources));
	asker->wanted = xcalloc(wiring->runbook->nmetrics + 1, sizeof(*asker->wanted));
	asker->taking = xcalloc(wiring->runbook->nmetrics + 1, sizeof(*asker->taking));
	for (size_t i = 0; i < wiring->nsources; i++) {
		asker->sources[i].asker = asker;
		asker->sources[i].source = wiring->sources[i].def->name;
	}
	return asker;
}

void asker_free(struct asker *asker)
{
	if (!asker)
		return;
	for (size_t i = 0; i < asker->wiring->nsources; i++)
		task_cancel(asker->sources[i].task);
	free(asker->sources);
	free(asker->wanted);
	free(asker->taking);
	free(asker);
}

bool asker_takes(const struct metric *metric)
{
	const struct source_type *type =
	    metric->read.type ? source_type(metric->read.type->name) : NULL;

	return type && type->slow && type->slow(json_str(metric->read.args, "read", ""));
}

void asker_want(struct asker *asker, size_t metric)
{
	asker->wanted[metric] = true;
}

static bool is_of(const struct asked *asked, size_t metric)
{
	const char *source = asked->asker->wiring->runbook->metrics[metric].source;

	return source && strcmp(source, asked->source) == 0;
}

/* In the copy. */
static json_t *readings_take(void *data)
{
	const struct asked *asked = data;
	const struct asker *asker = asked->asker;
	json_t *readings = json_array();

	for (size_t i = 0; i < asker->wiring->runbook->nmetrics; i++) {
		struct reading reading;

		if (!asker->taking[i] || !is_of(asked, i))
			continue;
		wiring_read(asker->wiring, &asker->wiring->runbook->metrics[i], 0, &reading);
		json_array_append_new(readings, json_pack("{s:I, s:o}", "metric", (json_int_t)i,
							  "reading", reading_to_json(&reading)));
	}
	return readings;
}

static void reading_give(const struct asked *asked, size_t metric, const json_t *readings)
{
	const struct asker *asker = asked->asker;
	struct reading reading = { 0 };
	char over[40];
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)readings, i, one) {
		if ((size_t)json_num(one, "metric", -1) != metric)
			continue;
		reading_from_json(json_object_get(one, "reading"), &reading);
		asker->answered(metric, &reading, asker->data);
		return;
	}
	reading_unknown(&reading, clock_wall(asker->wiring->clock), "%s: no answer within %s",
			asked->source, duration_text(ASKER_OVERSTAY_US, over, sizeof(over)));
	asker->answered(metric, &reading, asker->data);
}

static void source_answered(const json_t *readings, void *data)
{
	struct asked *asked = data;
	struct asker *asker = asked->asker;

	asked->task = NULL;
	for (size_t i = 0; i < asker->wiring->runbook->nmetrics; i++) {
		if (!asker->taking[i] || !is_of(asked, i))
			continue;
		asker->taking[i] = false;
		reading_give(asked, i, readings);
	}
}

static void source_ask(struct asked *asked)
{
	struct asker *asker = asked->asker;
	size_t n = 0;

	for (size_t i = 0; i < asker->wiring->runbook->nmetrics; i++) {
		if (!asker->wanted[i] || !is_of(asked, i))
			continue;
		asker->wanted[i] = false;
		asker->taking[i] = true;
		n++;
	}
	if (n)
		asked->task = task_start(asker->loop, ASKER_OVERSTAY_US, readings_take,
					 source_answered, asked, NULL);
	if (n && !asked->task)
		source_answered(NULL, asked);
}

void asker_go(struct asker *asker)
{
	for (size_t i = 0; i < asker->wiring->nsources; i++) {
		if (!asker->sources[i].task)
			source_ask(&asker->sources[i]);
	}
}
