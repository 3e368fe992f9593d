#include "core/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/skim.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

struct search {
	const char *system;
	const char *key; /* of the score: what it is the history of */
	const char *const *names;
	size_t n;
	struct history *history; /* one for each name */
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

/* Where a name's drills are counted; NULL: nobody asks for it. */
static struct history *history_of(const struct search *search, const char *name)
{
	for (size_t i = 0; i < search->n; i++) {
		if (strcmp(name, search->names[i]) == 0)
			return &search->history[i];
	}
	return NULL;
}

static void score_add(const json_t *line, void *data)
{
	const json_t *score = json_object_get(line, "score");
	const struct search *search = data;
	struct history *history = history_of(search, json_str(score, search->key, ""));
	int64_t took = (int64_t)(json_num(score, "recover_s", -1) * (double)CLOCK_US), at;

	if (!history || !json_is_true(json_object_get(score, "verified")) || took < 0 ||
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

static const struct skim skim = { .wanted = wanted, .may_tell = may_tell, .line = score_add };

void history_read_names(const char *system, const char *key, const char *const *names, size_t n,
			struct history *out)
{
	struct search search = {
		.system = system, .key = key, .names = names, .n = n, .history = out
	};

	memset(out, 0, n * sizeof(*out));
	skim_incidents(&skim, &search);
}

void history_read(const char *system, const char *procedure, struct history *out)
{
	history_read_names(system, "procedure", &procedure, 1, out);
}

void history_read_all(const struct runbook *runbook, struct history *out)
{
	const char **names = xcalloc(runbook->nprocedures + 1, sizeof(*names));

	for (size_t i = 0; i < runbook->nprocedures; i++)
		names[i] = runbook->procedures[i].name;
	history_read_names(runbook->system, "procedure", names, runbook->nprocedures, out);
	free(names);
}

json_t *history_to_json(const struct history *list, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(out, json_pack("[I, I, I, I, I, I]", (json_int_t)list[i].n,
						     (json_int_t)list[i].last_at,
						     (json_int_t)list[i].last_us,
						     (json_int_t)list[i].budget_us,
						     (json_int_t)list[i].shortest_us,
						     (json_int_t)list[i].longest_us));
	return out;
}

static int64_t number_at(const json_t *row, size_t index)
{
	return json_integer_value(json_array_get(row, index));
}

void history_from_json(const json_t *json, struct history *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(json, i);

		list[i] = (struct history){ .n = (size_t)number_at(row, 0),
					    .last_at = number_at(row, 1),
					    .last_us = number_at(row, 2),
					    .budget_us = number_at(row, 3),
					    .shortest_us = number_at(row, 4),
					    .longest_us = number_at(row, 5) };
	}
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
