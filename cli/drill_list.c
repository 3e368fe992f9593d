#include "cli/drill_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/history.h"
#include "drill/scenario.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

/* ---- The list ---- */

struct names {
	char **names, **titles; /* owned */
	size_t n, cap, cap_titles;
};

static void names_add(const char *name, const char *title, void *data)
{
	struct names *names = data;

	names->names = xgrow(names->names, &names->cap, names->n + 1, sizeof(*names->names));
	names->titles =
	    xgrow(names->titles, &names->cap_titles, names->n + 1, sizeof(*names->titles));
	names->names[names->n] = xstrdup(name);
	names->titles[names->n++] = xstrdup(title);
}

static void names_release(struct names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		free(names->names[i]);
		free(names->titles[i]);
	}
	free(names->names);
	free(names->titles);
}

/* What is there, and what was proven of it: `kind` is "scenario" or "procedure". */
static void list_json(const char *runbook, const char *kind, const struct names *names,
		      const struct history *proven, struct buf *out)
{
	for (size_t i = 0; i < names->n; i++) {
		json_t *object = json_pack("{s:s, s:s, s:s}", "runbook", runbook, kind,
					   names->names[i], "title", names->titles[i]);
		char at[TIME_RFC3339_MAX], *line;

		json_object_set_new(object, "proven", json_integer((json_int_t)proven[i].n));
		if (proven[i].n) {
			json_object_set_new(object, "last",
					    json_string(time_rfc3339(proven[i].last_at, at)));
			json_object_set_new(object, "last_s",
					    json_real((double)proven[i].last_us / 1e6));
			json_object_set_new(object, "budget_s",
					    json_real((double)proven[i].budget_us / 1e6));
		}
		line = json_ascii(object, 0);
		buf_printf(out, "%s\n", line);
		free(line);
		json_decref(object);
	}
}

static void list_text(const char *runbook, const struct names *names, const struct history *proven,
		      struct buf *out)
{
	char text[160];

	for (size_t i = 0; i < names->n; i++) {
		buf_printf(out, "%-18s %-22s %s\n", runbook, names->names[i], names->titles[i]);
		if (!history_text(&proven[i], clock_wall(&clock_system), text, sizeof(text)))
			snprintf(text, sizeof(text), "not proven in a drill on this machine");
		buf_printf(out, "%-41s %s\n", "", text);
	}
}

static void list_kind(const char *system, const char *kind, const struct names *names, bool json,
		      struct buf *out)
{
	struct history *proven = xcalloc(names->n + 1, sizeof(*proven));

	history_read_names(system, kind, (const char *const *)names->names, names->n, proven);
	if (json)
		list_json(system, kind, names, proven, out);
	else
		list_text(system, names, proven, out);
	free(proven);
}

int drill_list(const char *runbook, bool json, struct buf *out, struct err *err)
{
	struct findings findings = { 0 };
	struct loaded loaded = { 0 };
	struct names scenarios = { 0 }, procedures = { 0 };
	int result = -1;

	if (scenario_each(runbook, names_add, &scenarios, err) < 0 ||
	    load_runbook(&loaded, runbook, NULL, &findings, err))
		goto out;
	result = 0;
	if (!scenarios.n)
		goto out;
	for (size_t i = 0; i < loaded.runbook->nprocedures; i++)
		names_add(loaded.runbook->procedures[i].name, loaded.runbook->procedures[i].title,
			  &procedures);
	if (!json)
		buf_printf(out, "%sScenarios of %s\n", out->len ? "\n" : "", loaded.runbook->title);
	list_kind(loaded.runbook->system, "scenario", &scenarios, json, out);
	if (!json)
		buf_printf(out, "\nProcedures of %s\n", loaded.runbook->title);
	list_kind(loaded.runbook->system, "procedure", &procedures, json, out);
out:
	names_release(&scenarios);
	names_release(&procedures);
	findings_release(&findings);
	loaded_release(&loaded);
	return result;
}

/* ---- The summary ---- */

void drill_rows_add(struct drill_rows *rows, const char *runbook, const char *scenario,
		    const struct score *score)
{
	struct drill_row *row;

	rows->list = xgrow(rows->list, &rows->cap, rows->n + 1, sizeof(*rows->list));
	row = &rows->list[rows->n++];
	*row = (struct drill_row){ .runbook = xstrdup(runbook),
				   .scenario = xstrdup(scenario),
				   .result = score ? score_result(score) : "not scored",
				   .verified = score && score->recovered && score->verified,
				   .detect_s = score ? score->detect_s : -1,
				   .decide_s = score ? score->decide_s : -1,
				   .recover_s = score ? score->recover_s : -1,
				   .budget_s = score ? score->budget_s : -1 };
}

void drill_rows_release(struct drill_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		free(rows->list[i].runbook);
		free(rows->list[i].scenario);
	}
	free(rows->list);
}

static const char *span(double seconds, char *out, size_t size)
{
	if (seconds < 0)
		snprintf(out, size, "-");
	else
		duration_text((int64_t)(seconds * 1e6), out, size);
	return out;
}

/* What the machine took of the plan's budget; "-" where nothing ran, or there is none. */
static const char *share(double took, double budget, char *out, size_t size)
{
	if (took < 0 || budget <= 0)
		snprintf(out, size, "-");
	else
		snprintf(out, size, "%.1f%%", 100 * took / budget);
	return out;
}

static void row_print(const struct drill_row *row, int runbook, int scenario, struct buf *out)
{
	char detect[48], decide[48], recover[48], budget[48], part[24];

	buf_printf(out, "%-*s  %-*s  %-13s  %-8s  %9s  %9s  %12s  %9s  %6s\n", runbook,
		   row->runbook, scenario, row->scenario, row->result, row->verified ? "yes" : "NO",
		   span(row->detect_s, detect, sizeof(detect)),
		   span(row->decide_s, decide, sizeof(decide)),
		   span(row->recover_s, recover, sizeof(recover)),
		   span(row->budget_s > 0 ? row->budget_s : -1, budget, sizeof(budget)),
		   share(row->recover_s, row->budget_s, part, sizeof(part)));
}

static int widest(const struct drill_rows *rows, bool scenario, const char *heading)
{
	size_t width = strlen(heading);

	for (size_t i = 0; i < rows->n; i++) {
		const char *name = scenario ? rows->list[i].scenario : rows->list[i].runbook;

		width = strlen(name) > width ? strlen(name) : width;
	}
	return (int)width;
}

static void totals_print(const struct drill_rows *rows, struct buf *out)
{
	size_t recovered = 0, verified = 0;
	double took = 0, budget = 0;
	char all[48], of[48], part[24];

	for (size_t i = 0; i < rows->n; i++) {
		const struct drill_row *row = &rows->list[i];

		recovered += strcmp(row->result, "recovered") == 0;
		verified += row->verified;
		if (row->recover_s >= 0 && row->budget_s > 0) {
			took += row->recover_s;
			budget += row->budget_s;
		}
	}
	buf_printf(out, "%zu of %zu recovered, %zu verified", recovered, rows->n, verified);
	if (budget > 0)
		buf_printf(out, "; procedures took %s of the %s that their plans give: %s",
			   span(took, all, sizeof(all)), span(budget, of, sizeof(of)),
			   share(took, budget, part, sizeof(part)));
	buf_putc(out, '\n');
}

void drill_rows_print(const struct drill_rows *rows, struct buf *out)
{
	int runbook = widest(rows, false, "Runbook"), scenario = widest(rows, true, "Scenario");

	buf_printf(out, "\n%-*s  %-*s  %-13s  %-8s  %9s  %9s  %12s  %9s  %6s\n", runbook, "Runbook",
		   scenario, "Scenario", "Result", "Verified", "Detected", "Decided",
		   "Recovered in", "Budget", "Share");
	for (size_t i = 0; i < rows->n; i++)
		row_print(&rows->list[i], runbook, scenario, out);
	totals_print(rows, out);
}
