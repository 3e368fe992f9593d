#include "core/period.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/events.h"
#include "core/skim.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define INCIDENTS_MAX 2000

/* ---- Metrics ---- */

struct sums {
	const struct metric *metric;
	size_t n;
	double min, max, sum, last;
};

struct gathering {
	struct sums *list;
	size_t n;
	int64_t until;
};

static struct sums *sums_of(struct gathering *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->list[i].metric->name, name) == 0)
			return &all->list[i];
	}
	return NULL;
}

static bool wants(const char *name, bool probe, void *data)
{
	return !probe && sums_of(data, name);
}

static void sample(const struct kept_sample *sample, void *data)
{
	struct gathering *all = data;
	struct sums *sums = sums_of(all, sample->name);

	if (!sums || !isfinite(sample->value) || sample->at > all->until)
		return;
	sums->min = !sums->n || sample->value < sums->min ? sample->value : sums->min;
	sums->max = !sums->n || sample->value > sums->max ? sample->value : sums->max;
	sums->sum += sample->value;
	sums->last = sample->value;
	sums->n++;
}

static json_t *sums_json(const struct sums *sums)
{
	const struct metric *metric = sums->metric;
	json_t *out = json_pack("{s:s, s:s, s:s, s:I}", "metric", metric->name, "title",
				metric->title ? metric->title : metric->name, "unit",
				metric->unit ? metric->unit : "", "n", (json_int_t)sums->n);

	if (!sums->n)
		return out;
	json_object_set_new(out, "min", json_real(sums->min));
	json_object_set_new(out, "mean", json_real(sums->sum / (double)sums->n));
	json_object_set_new(out, "max", json_real(sums->max));
	json_object_set_new(out, "last", json_real(sums->last));
	return out;
}

json_t *period_metrics(const struct runbook *runbook, const struct routine *routine,
		       const struct kept *kept, int64_t from, int64_t until)
{
	struct gathering all = { .n = routine->nmetrics ? routine->nmetrics : runbook->nmetrics,
				 .until = until };
	json_t *out = json_array();

	all.list = xcalloc(all.n + 1, sizeof(*all.list));
	for (size_t i = 0; i < all.n; i++)
		all.list[i].metric = routine->nmetrics ? routine->metrics[i] : &runbook->metrics[i];
	if (kept)
		kept_read(kept, from, wants, sample, &all);
	for (size_t i = 0; i < all.n; i++)
		json_array_append_new(out, sums_json(&all.list[i]));
	free(all.list);
	return out;
}

/* ---- Affairs ---- */

struct search {
	const struct runbook *runbook;
	const char *target, *except;
	int64_t from;
	json_t *list, *now; /* owned; `now` is the one that is read */
	int64_t over;	    /* when that one was resolved or closed; 0: it was not */
};

static bool wanted(const json_t *opened, void *data)
{
	struct search *search = data;

	if (strcmp(json_str(opened, "system", ""), search->runbook->system) != 0 ||
	    strcmp(json_str(opened, "target", ""), search->target) != 0 ||
	    strcmp(json_str(opened, "incident", ""), search->except) == 0)
		return false;
	search->over = 0;
	search->now =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "incident",
		      json_str(opened, "incident", ""), "kind", json_str(opened, "kind", ""),
		      "title", json_str(opened, "title", ""), "severity",
		      json_str(opened, "severity", ""), "at", json_str(opened, "at", ""), "result",
		      "open");
	return true;
}

static bool is(const json_t *line, enum event_id id)
{
	return strcmp(json_str(line, "event", ""), event_defs[id].name) == 0;
}

static bool may_tell(const char *text)
{
	return strstr(text, "incident.") || strstr(text, "procedure.ended") ||
	       strstr(text, "routine.ended") || strstr(text, "gate.decided");
}

/* The latest word is the result: what was decided, how a procedure or a routine ended, "resolved".
 */
static void line_take(const json_t *line, void *data)
{
	struct search *search = data;
	char text[120] = "";

	if (is(line, EV_RESOLVED) || is(line, EV_CLOSED))
		time_parse_rfc3339(json_str(line, "at", ""), &search->over);
	if (is(line, EV_SEVERITY))
		json_object_set(search->now, "severity", json_object_get(line, "severity"));
	else if (is(line, EV_PROCEDURE_ENDED))
		snprintf(text, sizeof(text), "%.60s: %s", json_str(line, "procedure", ""),
			 json_str(line, "result", ""));
	else if (is(line, EV_ROUTINE_ENDED))
		snprintf(text, sizeof(text), "%s", json_str(line, "result", ""));
	else if (is(line, EV_GATE_DECIDED))
		snprintf(text, sizeof(text), "decided %s", json_str(line, "decision", ""));
	else if (is(line, EV_RESOLVED) && strcmp(json_str(search->now, "result", ""), "open") == 0)
		snprintf(text, sizeof(text), "resolved");
	if (*text)
		json_object_set_new(search->now, "result", json_text(text, strlen(text)));
}

static void affair_end(void *data)
{
	struct search *search = data;

	/* What began earlier and was over by then is no affair of that time. They come newest
	 * first.
	 */
	if (search->over && search->over < search->from)
		json_decref(search->now);
	else
		json_array_insert_new(search->list, 0, search->now);
	search->now = NULL;
}

json_t *period_affairs(const struct runbook *runbook, const char *target, int64_t from,
		       const char *except)
{
	static const struct skim skim = { .wanted = wanted,
					  .may_tell = may_tell,
					  .line = line_take,
					  .end = affair_end,
					  .most = INCIDENTS_MAX };
	struct search search = { .runbook = runbook,
				 .target = target,
				 .from = from,
				 .except = except,
				 .list = json_array() };

	skim_incidents(&skim, &search);
	return search.list;
}
