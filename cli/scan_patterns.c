/* The messages that a runbook knows: of its logs' declarations, and those that its probes and
 * metrics look for. */
#include <stdlib.h>
#include <string.h>

#include "cli/scan.h"
#include "core/wiring.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

#define HARMLESS "known, harmless"

static void pattern_add(struct patterns *patterns, const char *pattern, const char *meaning,
			bool harmless)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (!strcmp(patterns->list[i].text, pattern))
			return;
	patterns->list =
	    xgrow(patterns->list, &patterns->cap, patterns->n + 1, sizeof(*patterns->list));
	patterns->list[patterns->n++] = (struct pattern){ .text = xstrdup(pattern),
							  .meaning = xstrdup(meaning),
							  .harmless = harmless };
	patterns->nharmless += harmless;
}

static bool is_log(const struct typed *what)
{
	return what->type && !strcmp(what->type->name, "log");
}

/* "known": patterns; "meanings": pattern -> meaning. */
static int declared_collect(struct patterns *patterns, const struct wiring *wiring,
			    const struct source_def *def, bool harmless, struct err *err)
{
	const char *key = harmless ? "known" : "meanings", *pattern;
	json_t *list = json_object_get(def->what.args, key), *filled, *value;
	size_t i;

	if (!list)
		return 0;
	filled = wiring_fill(wiring, list, err);
	if (!filled)
		return err_wrap(err, "known messages of log %s", def->name);
	if (harmless)
		json_array_foreach(filled, i, value)
			pattern_add(patterns, json_string_value(value), HARMLESS, true);
	else
		json_object_foreach(filled, pattern, value)
			pattern_add(patterns, pattern,
				    json_is_string(value) ? json_string_value(value) : "", false);
	json_decref(filled);
	return 0;
}

static void probe_collect(struct patterns *patterns, const struct probe *probe)
{
	const char *pattern = is_log(&probe->ask) ? json_str(probe->ask.args, "shows", NULL) : NULL;

	if (pattern)
		pattern_add(patterns, pattern, probe->title ? probe->title : probe->id, false);
}

static int sources_collect(struct patterns *patterns, const struct loaded *loaded, struct err *err)
{
	const struct runbook *runbook = loaded->runbook;
	struct wiring wiring;
	int result = 0;

	wiring_init(&wiring, NULL, &clock_system, runbook, loaded->target, NULL);
	for (int harmless = 1; harmless >= 0; harmless--)
		for (size_t i = 0; i < wiring.nsources && result == 0; i++)
			if (is_log(&wiring.sources[i].def->what))
				result = declared_collect(patterns, &wiring, wiring.sources[i].def,
							  harmless, err);
	wiring_release(&wiring);
	return result;
}

int patterns_collect(struct patterns *patterns, const struct loaded *loaded, struct err *err)
{
	const struct runbook *runbook = loaded->runbook;

	if (sources_collect(patterns, loaded, err) < 0)
		return -1;
	for (size_t i = 0; i < runbook->nprobes; i++)
		probe_collect(patterns, runbook->probes[i]);
	for (size_t i = 0; i < runbook->ninline_probes; i++)
		probe_collect(patterns, runbook->inline_probes[i]);
	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct metric *metric = &runbook->metrics[i];
		const char *pattern =
		    is_log(&metric->read) ? json_str(metric->read.args, "match", NULL) : NULL;

		if (pattern)
			pattern_add(patterns, pattern, metric->title ? metric->title : metric->name,
				    false);
	}
	return 0;
}

void patterns_release(struct patterns *patterns)
{
	for (size_t i = 0; i < patterns->n; i++) {
		free(patterns->list[i].text);
		free(patterns->list[i].meaning);
	}
	free(patterns->list);
}
