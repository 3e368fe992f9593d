/* backout plan: exactly what a procedure would do. Reads, and changes nothing. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "cli/plan_text.h"

#define USAGE "plan RUNBOOK PROCEDURE [--target T] [--json] [--set NAME=VALUE]..."

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
	if (plan_make(&plan, sense, loaded, procedure, params, NULL, &err) != 0)
		goto out;
	status = EXIT_HOLDS;
	for (size_t i = 0; i < plan.nsteps; i++) {
		if (plan.steps[i].problem && plan.steps[i].applicable)
			status = EXIT_FAILED;
	}
	if (json) {
		json_t *whole = plan_to_json(&plan);
		char *text = json_ascii(whole, 2);

		buf_printf(&out, "%s\n", text ? text : "{}");
		free(text);
		json_decref(whole);
	} else {
		cli_plan_text(&plan, loaded, &out);
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
