/*
 * backout drill: builds a sandbox, and lets a person (the console) or the robot (--auto, or no
 * terminal) find the way out.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/drill_console.h"
#include "cli/drill_list.h"
#include "core/find.h"
#include "drill/drill.h"
#include "drill/stop.h"
#include "lib/mem.h"

#define USAGE                                                                                      \
	"drill [RUNBOOK [SCENARIO]] [--list] [--all] [--auto] [--plain] [--procedure P] [--json] " \
	"[--keep] [--clean]"

struct options {
	bool list, all, automatic, plain, json, keep, clean;
	const char *procedure;
	const char *runbook, *scenario;
};

static int parse(struct options *options, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "all", no_argument, NULL, 'a' },
		{ "auto", no_argument, NULL, 'A' },
		{ "procedure", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "keep", no_argument, NULL, 'k' },
		{ "clean", no_argument, NULL, 'c' },
		{ "plain", no_argument, NULL, 'P' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*options = (struct options){ 0 };
	optind = 1;
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (option) {
		case 'l':
			options->list = true;
			break;
		case 'a':
			options->all = true;
			break;
		case 'A':
			options->automatic = true;
			break;
		case 'p':
			options->procedure = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'k':
			options->keep = true;
			break;
		case 'c':
			options->clean = true;
			break;
		case 'P':
			options->plain = true;
			break;
		default:
			return -1;
		}
	}
	if (argc - optind > 2)
		return -1;
	options->runbook = optind < argc ? argv[optind] : NULL;
	options->scenario = optind + 1 < argc ? argv[optind + 1] : NULL;
	/* JSON, a given procedure and a missing terminal all mean: without a person. Plain lines
	 * come from a person, or from a script in their place. */
	if (options->json || options->procedure || options->all ||
	    (!options->plain && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))))
		options->automatic = true;
	return options->plain && options->automatic ? -1 : 0;
}

/* Progress goes to stdout for a person, to stderr when stdout is for a program. */
static void print_line(const char *line, void *data)
{
	FILE *to = data;

	fprintf(to, "%s\n", line);
	fflush(to);
}

/* What --list and --all do with each runbook and scenario. */
struct all {
	struct options options;
	struct drill_rows rows;
	int status;
};

static int print_result(const struct options *options, struct drill *drill,
			const struct score *score)
{
	struct incident incident = { 0 };
	struct err err = ERR_INIT;
	int result = score->recovered && score->verified ? EXIT_HOLDS : EXIT_FAILED;

	if (incident_open(&incident, drill->incident, drill->clock, &err) < 0) {
		cli_error(&err);
		return EXIT_LEDGER;
	}
	if (options->json) {
		json_t *object = score_json(score, &incident, &drill->scenario);
		char *line;

		if (options->keep)
			json_object_set_new(object, "sandbox",
					    sandbox_handles(&drill->sandbox, &drill->scenario));
		line = json_ascii(object, 0);
		puts(line);
		free(line);
		json_decref(object);
	} else {
		char *text = score_text(score, &drill->scenario);

		printf("\n%sincident %s: backout report %s\n", text, incident.id, incident.id);
		if (options->keep)
			printf("the sandbox stays in %s until: backout drill --clean\n",
			       drill->sandbox.folder);
		puts(score_result(score));
		free(text);
	}
	fflush(stdout);
	incident_close(&incident);
	return result;
}

/* What would fail later fails before anything is built, each with its own exit code. */
static int check_ground(const char *runbook)
{
	struct findings findings = { 0 };
	struct loaded loaded = { 0 };
	struct err err = ERR_INIT;
	char *state = state_folder(&err);
	int status = state ? EXIT_HOLDS : EXIT_LEDGER;

	if (state) {
		int result = load_runbook(&loaded, runbook, NULL, &findings, &err);

		status = result == 0 ? EXIT_HOLDS : result == -2 ? EXIT_INVALID : EXIT_USAGE;
	}
	if (status == EXIT_INVALID)
		err_hint(&err, "backout check %s lists every mistake", runbook);
	if (status != EXIT_HOLDS)
		cli_error(&err);
	findings_release(&findings);
	loaded_release(&loaded);
	free(state);
	return status;
}

/* Builds, with everything that could tell it to stop held back; an exit code. */
static int begin(struct drill *drill, const struct options *options, const char *scenario, FILE *to)
{
	struct err err = ERR_INIT;
	int status = check_ground(options->runbook);

	if (status != EXIT_HOLDS)
		return status;
	stop_hold();
	if (drill_begin(drill, options->runbook, scenario, &clock_system, print_line, to, &err) <
	    0) {
		cli_error(&err);
		return stop_asked() ? EXIT_STOPPED : EXIT_FAILED;
	}
	return EXIT_HOLDS;
}

/* `rows` gets what came of it; NULL: nobody asks. */
static int run_automatic(const struct options *options, const char *scenario,
			 struct drill_rows *rows)
{
	FILE *to = options->json ? stderr : stdout;
	struct drill drill;
	struct score score = { 0 };
	struct err err = ERR_INIT;
	int status = begin(&drill, options, scenario, to), walked;

	if (status != EXIT_HOLDS) {
		if (rows && status != EXIT_STOPPED)
			drill_rows_add(rows, options->runbook, scenario, NULL);
		return status;
	}
	walked = drill_walk(&drill, options->procedure, &score, print_line, to, &err);
	status = walked == DRILL_STOPPED ? EXIT_STOPPED : EXIT_FAILED;
	if (walked < 0)
		cli_error(&err);
	else if (walked == DRILL_STOPPED)
		fputs("backout: the drill was stopped, and is not scored\n", stderr);
	else
		status = print_result(options, &drill, &score);
	if (rows && walked != DRILL_STOPPED)
		drill_rows_add(rows, drill.sandbox.loaded.runbook->system, drill.scenario.name,
			       walked < 0 ? NULL : &score);
	if (options->keep && sandbox_keep(&drill.sandbox, &err) < 0)
		cli_error(&err);
	score_release(&score);
	drill_release(&drill, options->keep);
	return status;
}

static void run_one(const char *name, const char *title, void *data)
{
	struct all *all = data;
	int status;

	(void)title;
	if (all->status == EXIT_STOPPED)
		return;
	status = run_automatic(&all->options, name, &all->rows);
	if (status != EXIT_HOLDS)
		all->status = status;
}

static void run_runbook(const char *name, void *data)
{
	struct all *all = data;
	struct err err = ERR_INIT;

	all->options.runbook = name;
	if (all->status != EXIT_STOPPED && scenario_each(name, run_one, all, &err) < 0) {
		cli_error(&err);
		all->status = EXIT_FAILED;
	}
}

static void list_runbook(const char *name, void *data)
{
	struct all *all = data;
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;

	if (drill_list(name, all->options.json, &out, &err) < 0) {
		cli_error(&err);
		all->status = EXIT_FAILED;
	}
	fputs(buf_str(&out), stdout);
	buf_release(&out);
}

/* Every runbook, or the one that is named; the summary comes when all is over. */
static int run_all(struct all *all)
{
	void (*each)(const char *name, void *data) = all->options.list ? list_runbook : run_runbook;
	const char *named = all->options.runbook;
	struct buf out = BUF_INIT;

	if (named)
		each(named, all);
	else
		find_each(each, all);
	if (!all->options.list && !all->options.json) {
		drill_rows_print(&all->rows, &out);
		fputs(buf_str(&out), stdout);
	}
	buf_release(&out);
	drill_rows_release(&all->rows);
	return all->status;
}

static int run_console(const struct options *options)
{
	struct drill drill;
	int status = begin(&drill, options, options->scenario, stdout);

	return status == EXIT_HOLDS ? drill_console(&drill, true, options->keep, options->plain)
				    : status;
}

int cmd_drill(int argc, char **argv)
{
	struct all all = { .status = EXIT_HOLDS };
	struct options *options = &all.options;

	if (parse(options, argc, argv) < 0)
		return cli_usage(USAGE);
	if (options->clean) {
		int n = drill_sweep(true, &clock_system, print_line, stdout);

		printf("%d sandbox%s removed\n", n, n == 1 ? "" : "es");
		return EXIT_HOLDS;
	}
	if (options->list || options->all)
		return run_all(&all);
	if (!options->runbook)
		return cli_usage(USAGE
				 "\n       backout drill --list names the runbooks and scenarios");
	return options->automatic ? run_automatic(options, options->scenario, NULL)
				  : run_console(options);
}
