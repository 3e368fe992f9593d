#include "core/history.h"

#include <stdio.h>
#include <string.h>

#include "core/skim.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"

struct search {
	const char *system, *procedure;
	struct history *history;
};

static bool wanted(const json_t *opened, void *data)
{
	const struct search *search = data;

	return strcmp(json_str(opened, "kind", ""), "drill") == 0 &&
	       strcmp(json_str(opened, "system", ""), search->system) == 0;
}

static bool may_tell(const char *text)
{
	return strstr(text, "\"event\":\"drill.scored\"");
}

static void score_add(const json_t *line, void *data)
{
	const struct search *search = data;
	struct history *history = search->history;
	const json_t *score = json_object_get(line, "score");
	int64_t took = (int64_t)(json_num(score, "recover_s", -1) * (double)CLOCK_US), at;

	if (strcmp(json_str(score, "procedure", ""), search->procedure) != 0 ||
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

void history_read(const char *system, const char *procedure, struct history *out)
{
	static const struct skim skim = { .wanted = wanted,
					  .may_tell = may_tell,
					  .line = score_add };
	struct search search = { .system = system, .procedure = procedure, .history = out };

	*out = (struct history){ 0 };
	skim_incidents(&skim, &search);
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
