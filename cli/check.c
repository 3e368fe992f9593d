/* backout check: what is wrong with a runbook or a target, before it is needed. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checklists/schema.h"
#include "checklists/shapes.h"
#include "cli/cli.h"
#include "core/facts.h"
#include "core/load.h"
#include "core/vocabulary.h"
#include "drill/well.h"
#include "tui/keys.h"

#define USAGE "check RUNBOOK... [--target T] [--json]"

/* ---- the tables themselves ---- */

static void print_fields(struct buf *out, const struct field *fields)
{
	for (const struct field *f = fields; f && f->name; f++) {
		buf_printf(out, "\t%s\t%s%s", f->name, field_type_name(f->type),
			   f->required ? ", required" : "");
		if (f->of)
			buf_printf(out, field_may_hold_secret(f) ? ", may hold a %s" : " of %s",
				   f->of);
		for (size_t i = 0; f->choices && f->choices[i]; i++)
			buf_printf(out, "%s%s", i ? "|" : ": ", f->choices[i]);
		buf_printf(out, "\t%s\n", f->help ? f->help : "");
	}
}

/* "\t\texample\t{...}", a line each. */
static void print_examples(struct buf *out, const char *examples)
{
	for (const char *line = examples; line && *line; line += strcspn(line, "\n")) {
		line += *line == '\n';
		buf_printf(out, "\t\texample\t%.*s\n", (int)strcspn(line, "\n"), line);
	}
}

static void print_type(struct buf *out, const char *kind, const struct type *type)
{
	buf_printf(out, "%s %s\t%s\n", kind, type->name, type->help);
	print_fields(out, type->fields);
	print_fields(out, type->metric_fields);
	for (const struct read_def *read = type->reads; read && read->name; read++)
		buf_printf(out, "\t%s\tread%s%s\t%s\n", read->name,
			   read->unit && *read->unit ? " in " : "", read->unit ? read->unit : "",
			   read->help);
	print_examples(out, type->examples);
}

static int print_types(void)
{
	const struct vocabulary *all = vocabulary_all();
	struct buf out = BUF_INIT;

	for (const struct shape *s = shapes; s->type.name; s++)
		print_type(&out, "object", &s->type);
	buf_puts(&out, "object fact\tWhat a message's text and a report's field may name besides "
		       "parameters, as ${incident.id}; capitals stand for names of the runbook\n");
	for (const struct fact_def *fact = fact_defs; fact->name; fact++)
		buf_printf(&out, "\t%s\ttext\t%s\n", fact->name, fact->help);
	for (size_t i = 0; all->sources[i]; i++)
		print_type(&out, "source", all->sources[i]);
	for (size_t i = 0; all->derived[i]; i++)
		print_type(&out, "metric", all->derived[i]);
	for (const struct type *join = probe_joins; join->name; join++)
		print_type(&out, "probe", join);
	for (size_t i = 0; all->probes[i]; i++)
		print_type(&out, "probe", all->probes[i]);
	for (size_t i = 0; all->actions[i]; i++)
		print_type(&out, "action", all->actions[i]);
	int status = cli_print(&out);
	buf_release(&out);
	return status;
}

static int print_keys(void)
{
	struct buf out = BUF_INIT;
	int status;

	keys_print(&out);
	status = cli_print(&out);
	buf_release(&out);
	return status;
}

static int print_schema(void)
{
	json_t *schema = schema_make(vocabulary_all());
	char *text = json_dumps(schema, JSON_INDENT(1));
	struct buf out = BUF_INIT;

	buf_printf(&out, "%s\n", text);
	int status = cli_print(&out);
	buf_release(&out);
	free(text);
	json_decref(schema);
	return status;
}

/* ---- findings ---- */

static void print_json(const struct findings *findings, struct buf *out)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->list[i];
		json_t *line = json_pack("{s:s, s:i, s:i, s:s, s:s, s:s?}", "file", f->file, "line",
					 f->line, "column", f->column, "path", f->path, "message",
					 f->message, "suggestion", f->suggestion);
		char *text = json_ascii(line, 0);
		buf_printf(out, "%s\n", text);
		free(text);
		json_decref(line);
	}
}

static void print_summary(const struct loaded *loaded, struct buf *out)
{
	const struct runbook *rb = loaded->runbook;
	buf_printf(out,
		   "%s: no mistakes (%zu sources, %zu metrics, %zu conditions, %zu questions, "
		   "%zu procedures, %zu checklists)\n",
		   loaded->path, rb->nsources, rb->nmetrics, rb->nconditions, rb->tree.nquestions,
		   rb->nprocedures, rb->nchecklists);
}

/* The scenarios of a runbook's drills, once it holds itself. */
struct drills {
	const char *runbook;
	int status;
	bool json;
	struct buf *out;
};

static void check_scenario(const char *name, const char *title, void *data)
{
	struct drills *drills = data;
	struct scenario scenario;
	struct err err = ERR_INIT;

	(void)title;
	if (scenario_load(&scenario, drills->runbook, name, &err) < 0) {
		drills->status = EXIT_INVALID;
	} else {
		if (scenario_check(&scenario, &err) < 0)
			drills->status = EXIT_INVALID;
		scenario_release(&scenario);
	}
	if (!err.set)
		return;
	if (drills->json) {
		json_t *line = json_pack("{s:s, s:o}", "scenario", name, "message",
					 json_text(err.msg, strlen(err.msg)));
		char *text = json_ascii(line, 0);

		buf_printf(drills->out, "%s\n", text);
		free(text);
		json_decref(line);
	} else {
		cli_error(&err);
	}
}

static int check_drills(const struct loaded *loaded, bool json, struct buf *out)
{
	struct drills drills = { .runbook = loaded->path, .json = json, .out = out };
	char *folder = loaded_folder(loaded);
	struct err err = ERR_INIT;

	drills.status = EXIT_HOLDS;
	if (folder && scenario_each(loaded->path, check_scenario, &drills, &err) < 0) {
		cli_error(&err);
		drills.status = EXIT_INVALID;
	}
	free(folder);
	return drills.status;
}

static int check_one(const char *name, const char *target, bool json)
{
	struct loaded loaded = { 0 };
	struct findings findings = { 0 };
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	int result = load_runbook(&loaded, name, target, &findings, &err);

	if (json)
		print_json(&findings, &out);
	else
		findings_print(&findings, &out);
	int drills = result == 0 ? check_drills(&loaded, json, &out) : EXIT_HOLDS;
	if (result == 0 && drills == EXIT_HOLDS && !json)
		print_summary(&loaded, &out);
	int status = cli_print(&out);
	/* The mistakes stand above: there are no others to be seen. */
	if (result == -2)
		err.hint[0] = '\0';
	if (result == -1 || (result == -2 && !json))
		cli_error(&err);
	buf_release(&out);
	findings_release(&findings);
	loaded_release(&loaded);
	if (result == -1)
		return EXIT_USAGE;
	return result == -2 ? EXIT_INVALID : drills == EXIT_HOLDS ? status : drills;
}

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' }, { "json", no_argument, NULL, 'j' },
		{ "schema", no_argument, NULL, 's' },	    { "types", no_argument, NULL, 'y' },
		{ "keys", no_argument, NULL, 'k' },	    { NULL, 0, NULL, 0 },
	};
	const char *target = NULL;
	bool json = false;
	int option, worst = EXIT_HOLDS;

	optind = 1;
	while ((option = getopt_long(argc, argv, "t:", options, NULL)) != -1) {
		switch (option) {
		case 't':
			target = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 's':
			return print_schema();
		case 'y':
			return print_types();
		case 'k':
			return print_keys();
		default:
			return cli_usage(USAGE);
		}
	}
	if (optind == argc)
		return cli_usage(USAGE);
	for (int i = optind; i < argc; i++) {
		int status = check_one(argv[i], target, json);
		/* What could not be read at all outweighs what is merely wrong. */
		if (worst != EXIT_USAGE && (status == EXIT_USAGE || status > worst))
			worst = status;
	}
	return worst;
}
