#include "core/past.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/offspring.h"

#define OVERSTAY_US (20 * CLOCK_US)

struct past {
	struct past_spec spec;
	struct past_wish wish;
	struct task *task; /* or NULL */
	int64_t from;	   /* of the reading that is under way */
	int64_t asked_at;  /* wall time of it, or of the one before */
	int64_t until;	   /* 0: nothing was read yet */
	struct chart_point points[2 * PAST_POINTS];
	size_t n;
};

struct past *past_new(const struct past_spec *spec)
{
	struct past *past = xcalloc(1, sizeof(*past));

	past->spec = *spec;
	return past;
}

void past_free(struct past *past)
{
	if (!past)
		return;
	task_cancel(past->task);
	free(past);
}

/* ---- In the copy ---- */

struct gather {
	const struct past *past;
	int64_t last; /* wall time of the latest sample; 0: none */
};

static int64_t width_of(const struct past *past)
{
	return past->wish.span_us / PAST_POINTS;
}

static bool wanted(const char *name, bool probe, void *data)
{
	const struct gather *gather = data;

	return !probe && strcmp(name, gather->past->wish.metric) == 0;
}

static void point_put(struct past *past, int64_t at, double value)
{
	if (past->n < sizeof(past->points) / sizeof(past->points[0]))
		past->points[past->n++] = (struct chart_point){ .at = at, .value = value };
}

/* Samples of one slot become one point, at its begin. */
static void sample_take(const struct kept_sample *sample, void *data)
{
	struct gather *gather = data;
	struct past *past = (struct past *)gather->past;
	int64_t slot = sample->at - (sample->at - past->from) % width_of(past);
	struct chart_point *point = past->n ? &past->points[past->n - 1] : NULL;

	/* The clock was set back: what is there already stays. */
	if (sample->at < gather->last || sample->at < past->from)
		return;
	if (gather->last && sample->at - gather->last > past->wish.max_gap)
		point_put(past, gather->last + 1, NAN);
	if (point && point->at == slot && !isnan(past->points[past->n - 1].value))
		point->value = past->wish.below ? fmin(point->value, sample->value)
						: fmax(point->value, sample->value);
	else
		point_put(past, slot > gather->last ? slot : sample->at, sample->value);
	gather->last = sample->at;
}

static json_t *gather_all(void *data)
{
	struct past *past = data;
	struct gather gather = { .past = past };
	json_t *points = json_array();

	past->n = 0;
	kept_read(past->spec.kept, past->from, wanted, sample_take, &gather);
	for (size_t i = 0; i < past->n; i++) {
		json_array_append_new(points, json_integer(past->points[i].at));
		json_array_append_new(points, isfinite(past->points[i].value)
						  ? json_real(past->points[i].value)
						  : json_null());
	}
	return points;
}

/* ---- In the console ---- */

static void gathered(const json_t *points, void *data)
{
	struct past *past = data;
	size_t n = json_array_size(points) / 2;

	past->task = NULL;
	/* A copy that died or hung: what was there stays until the next one. */
	if (!json_is_array(points))
		return;
	past->n = 0;
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(points, 2 * i + 1);

		point_put(past, json_integer_value(json_array_get(points, 2 * i)),
			  json_is_null(value) ? NAN : json_number_value(value));
	}
	past->until = past->asked_at;
	if (past->spec.changed)
		past->spec.changed(past->spec.data);
}

static bool is_wished(const struct past_wish *a, const struct past_wish *b)
{
	return a->metric && strcmp(a->metric, b->metric) == 0 && a->below == b->below &&
	       a->span_us == b->span_us && a->max_gap == b->max_gap;
}

static void gather_begin(struct past *past, int64_t now)
{
	past->asked_at = now;
	past->from = now - past->wish.span_us;
	if (past->spec.kept)
		past->task =
		    task_start(past->spec.loop, OVERSTAY_US, gather_all, gathered, past, NULL);
	else
		past->until = now;
}

const struct chart_point *past_points(struct past *past, const struct past_wish *wish, size_t *n,
				      int64_t *until)
{
	int64_t now = clock_wall(past->spec.clock);

	if (!is_wished(&past->wish, wish)) {
		task_cancel(past->task);
		past->task = NULL;
		past->wish = *wish;
		past->n = 0;
		past->until = past->asked_at = 0;
	}
	if (!past->task &&
	    (!past->asked_at || now < past->asked_at || now - past->asked_at >= width_of(past)))
		gather_begin(past, now);
	*n = past->n;
	*until = past->until;
	return past->points;
}
