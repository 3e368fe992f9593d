/* backout plan: exactly what a procedure would do. Reads, and changes nothing. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "core/history.h"
#include "core/plan.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define USAGE "plan RUNBOOK PROCEDURE [--target T] [--json] [--set NAME=VALUE]..."

static void add_clean(struct buf *out, const char *indent, const char *text)
{
	buf_puts(out, indent);
	text_clean(out, text, strlen(text));
	buf_putc(out, '\n');
}

static void add_step(struct buf *out, const struct procedure_plan *plan, size_t i)
{
	const struct plan_step *row = &plan->steps[i];
	char guard[200], line[512];

	snprintf(line, sizeof(line), "%zu. %s [%s]%s%s%s", i + 1, row->step->say, row->step->id,
		 row->manual || row->step->kind != STEP_ACTION ? "" : " ",
		 row->manual || row->step->kind != STEP_ACTION ? "" : risk_class_name(row->risk),
		 row->step->only_alternative ? ", only as an alternative" : "");
	add_clean(out, "\n", line);
	step_guard_text(row->step, plan->procedure, guard, sizeof(guard));
	if (guard[0])
		add_clean(out, "    ", guard);
	if (!row->applicable)
		add_clean(out, "    ", "does not apply now");
	for (size_t k = 0; k < row->nlines; k++)
		add_clean(out, "    ", row->lines[k]);
	if (row->undo[0]) {
		snprintf(line, sizeof(line), "undo: %s", row->undo);
		add_clean(out, "    ", line);
	}
	for (size_t k = 0; k < row->step->nverify; k++) {
		const struct probe *probe = row->step->verify[k];

		snprintf(line, sizeof(line), "verify: %s", probe->title ? probe->title : probe->id);
		add_clean(out, "    ", line);
	}
	if (row->problem) {
		snprintf(line, sizeof(line), "PROBLEM: %s", row->problem);
		add_clean(out, "    ", line);
	}
}

static void plan_text(const struct procedure_plan *plan, const struct loaded *loaded,
		      struct buf *out)
{
	const struct procedure *procedure = plan->procedure;
	char low[32], high[32], line[512];
	struct history history;
	const char *name;
	json_t *value;

	add_clean(out, "", procedure->title);
	snprintf(line, sizeof(line), "target: %s (%s)",
		 loaded->target ? loaded->target->name : "none",
		 loaded->target ? target_class_name(loaded->target->class)
				: "defaults of the runbook");
	add_clean(out, "", line);
	if (procedure->estimate_high_us) {
		snprintf(line, sizeof(line), "estimate: %s to %s",
			 duration_text(procedure->estimate_low_us, low, sizeof(low)),
			 duration_text(procedure->estimate_high_us, high, sizeof(high)));
		add_clean(out, "", line);
	}
	history_read(loaded->runbook->system, procedure->name, &history);
	if (history_text(&history, clock_wall(&clock_system), line, sizeof(line)))
		add_clean(out, "history: ", line);
	snprintf(line, sizeof(line), "risk: %s; the most that a step does: %s",
		 risk_name(procedure->risk), risk_class_name(plan->risk));
	add_clean(out, "", line);
	snprintf(line, sizeof(line), "data loss: %s", procedure->data_loss);
	add_clean(out, "", line);
	for (size_t i = 0; i < plan->nloss; i++)
		add_clean(out, "    ", plan->loss[i]);
	json_object_foreach(plan->params, name, value) {
		char *text = json_dumps(value, JSON_ENCODE_ANY);

		snprintf(line, sizeof(line), "parameter %s: %s", name, text ? text : "");
		add_clean(out, "", line);
		free(text);
	}
	for (size_t i = 0; i < plan->nsteps; i++)
		add_step(out, plan, i);
	buf_printf(out, "\ndigest: %s\n", plan->digest);
}

/* What the operator would be asked is answered by the proposals, unless it is set. */
static json_t *answers(struct sense *sense, const struct procedure *procedure, json_t *set)
{
	json_t *proposed = plan_propose(sense, procedure), *params = json_object();

	for (size_t i = 0; i < procedure->nasks; i++) {
		const char *name = procedure->asks[i];
		json_t *value = json_object_get(set, name);

		json_object_set(params, name, value ? value : json_object_get(proposed, name));
	}
	json_decref(proposed);
	return params;
}

static int plan_print(const struct loaded *loaded, const char *name, json_t *set, bool json)
{
	const struct procedure *procedure = runbook_procedure(loaded->runbook, name);
	struct err err = ERR_INIT;
	struct procedure_plan plan = { 0 };
	struct buf out = BUF_INIT;
	struct sense *sense = NULL;
	json_t *params = NULL;
	int status = EXIT_FAILED;

	if (!procedure) {
		err_set(&err, "the runbook has no procedure %s", name);
		err_hint(&err, "it has %s%s",
			 loaded->runbook->nprocedures ? loaded->runbook->procedures[0].name
						      : "none",
			 loaded->runbook->nprocedures > 1 ? " and others" : "");
		status = EXIT_USAGE;
		goto out;
	}
	sense = sense_new(NULL, &clock_system, loaded->runbook, loaded->target, NULL, NULL, &err);
	if (!sense)
		goto out;
	params = answers(sense, procedure, set);
	if (plan_make(&plan, sense, loaded, procedure, params, &err) != 0)
		goto out;
	status = EXIT_HOLDS;
	for (size_t i = 0; i < plan.nsteps; i++) {
		if (plan.steps[i].problem && plan.steps[i].applicable)
			status = EXIT_FAILED;
	}
	if (json) {
		json_t *whole = plan_to_json(&plan);
		char *text = json_dumps(whole, JSON_INDENT(2));

		buf_printf(&out, "%s\n", text ? text : "{}");
		free(text);
		json_decref(whole);
	} else {
		plan_text(&plan, loaded, &out);
	}
	if (cli_print(&out) != EXIT_HOLDS)
		status = EXIT_FAILED;
out:
	if (err.set)
		cli_error(&err);
	plan_free(&plan);
	json_decref(params);
	sense_free(sense);
	buf_release(&out);
	return status;
}

static int set_add(json_t *set, const char *text)
{
	const char *equals = strchr(text, '=');

	if (!equals)
		return -1;
	return json_object_setn_new(set, text, (size_t)(equals - text),
				    json_text(equals + 1, strlen(equals + 1)));
}

int cmd_plan(int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' },
		{ "set", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	const char *target = NULL;
	json_t *set = json_object();
	struct loaded loaded;
	bool json = false;
	int option, status = EXIT_USAGE;

	optind = 1;
	while ((option = getopt_long(argc, argv, "t:", options, NULL)) != -1) {
		if (option == 't')
			target = optarg;
		else if (option == 'j')
			json = true;
		else if (option != 's' || set_add(set, optarg) != 0)
			goto usage;
	}
	if (argc - optind != 2)
		goto usage;
	status = cli_load(&loaded, argv[optind], target);
	if (status == EXIT_HOLDS) {
		status = plan_print(&loaded, argv[optind + 1], set, json);
		loaded_release(&loaded);
	}
	json_decref(set);
	return status;
usage:
	json_decref(set);
	return cli_usage(USAGE);
}
