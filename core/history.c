#include "core/history.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/statefolder.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"

/* More are older than what is worth knowing; this is read while somebody waits for a plan. */
#define DRILLS_MAX 200

#define SCORED "\"event\":\"drill.scored\""

static void score_add(struct history *history, const json_t *line, const char *procedure)
{
	const json_t *score = json_object_get(line, "score");
	int64_t took = (int64_t)(json_num(score, "recover_s", -1) * (double)CLOCK_US), at;

	if (strcmp(json_str(score, "procedure", ""), procedure) != 0 ||
	    !json_is_true(json_object_get(score, "verified")) || took < 0 ||
	    time_parse_rfc3339(json_str(line, "at", ""), &at) != 0)
		return;
	if (at > history->last_at) {
		history->last_at = at;
		history->last_us = took;
		history->budget_us = (int64_t)(json_num(score, "budget_s", 0) * (double)CLOCK_US);
	}
	if (!history->n || took < history->shortest_us)
		history->shortest_us = took;
	if (took > history->longest_us)
		history->longest_us = took;
	history->n++;
}

static bool is_drill_of(const json_t *opened, const char *system)
{
	return strcmp(json_str(opened, "kind", ""), "drill") == 0 &&
	       strcmp(json_str(opened, "system", ""), system) == 0;
}

static void ledger_look(struct history *history, const char *path, const char *system,
			const char *procedure)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	for (size_t i = 0; file && (n = getline(&text, &cap, file)) > 0; i++) {
		json_t *line;
		bool drill = true;

		if (i > 0 && !strstr(text, SCORED))
			continue;
		line = json_loadb(text, (size_t)n, 0, NULL);
		if (i == 0)
			drill = is_drill_of(line, system);
		else
			score_add(history, line, procedure);
		json_decref(line);
		if (!drill)
			break;
	}
	free(text);
	if (file)
		fclose(file);
}

void history_read(const char *system, const char *procedure, struct history *out)
{
	char *above = incidents_path(); /* a plan makes no folders */
	char **ids = above ? incident_ids(above, NULL) : NULL;

	*out = (struct history){ 0 };
	for (size_t i = 0; ids && ids[i] && i < DRILLS_MAX; i++) {
		char *folder = path_join(above, ids[i]);
		char *path = path_join(folder, "ledger.jsonl");

		ledger_look(out, path, system, procedure);
		free(path);
		free(folder);
	}
	incident_ids_free(ids);
	free(above);
}

bool history_text(const struct history *history, int64_t now, char *out, size_t size)
{
	char ago[32], took[32], budget[32], low[32], high[32];
	int64_t since = now > history->last_at ? now - history->last_at : 0;
	int used;

	if (size)
		out[0] = '\0';
	if (!history->n)
		return false;
	used =
	    snprintf(out, size, "proven %zu %s in drills, last %s ago: %s%s%s", history->n,
		     history->n == 1 ? "time" : "times",
		     duration_text(since / CLOCK_US * CLOCK_US, ago, sizeof(ago)),
		     duration_text(history->last_us, took, sizeof(took)),
		     history->budget_us ? " of " : "",
		     history->budget_us ? duration_text(history->budget_us, budget, sizeof(budget))
					: "");
	if (history->n > 1 && used > 0 && (size_t)used < size)
		snprintf(out + used, size - (size_t)used, " (%s to %s)",
			 duration_text(history->shortest_us, low, sizeof(low)),
			 duration_text(history->longest_us, high, sizeof(high)));
	return true;
}
