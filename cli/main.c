/*
 * backout: finds the subcommand. A first word that is none of them is a runbook to watch.
 */
#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "core/runner.h"
#include "drill/drill.h"
#include "drill/supervise.h"
#include "lib/clock.h"
#include "lib/mem.h"

struct subcommand {
	const char *word;
	int (*run)(int argc, char **argv);
	const char *args; /* NULL: internal, not shown */
	const char *help;
};

static const struct subcommand subcommands[] = {
	{ "watch", cmd_watch, "[watch] RUNBOOK [--target T] [--plain]", "the console" },
	{ "open", cmd_open, "open RUNBOOK [--target T] [--severity S] [--title TEXT]",
	  "the console, with an incident opened" },
	{ "preflight", cmd_preflight,
	  "preflight RUNBOOK [DEPLOYMENT] --at TIME [--target T] [--plain]",
	  "the console, with a deployment that counts down to TIME" },
	{ "drill", cmd_drill,
	  "drill [RUNBOOK [SCENARIO]] [--list] [--all] [--auto] [--procedure P] [--json] [--keep] "
	  "[--clean]",
	  "a guided drill on a sandbox" },
	{ "attach", cmd_attach, "attach [INCIDENT] [--auto]", "go on with an incident" },
	{ "incidents", cmd_incidents, "incidents [--json]", "list the incidents" },
	{ "log", cmd_log, "log INCIDENT [--json]", "print an incident's log" },
	{ "verify", cmd_verify, "verify INCIDENT [--head HASH] [--json]",
	  "check that an incident's ledger is whole" },
	{ "approve", cmd_approve,
	  "approve INCIDENT [--reject REASON] [--confirm T --digest HASH] [--json]",
	  "read the plan that waits for approval, and approve or reject it" },
	{ "report", cmd_report, "report INCIDENT [--format text|json] [-o FILE]",
	  "print the incident report" },
	{ "check", cmd_check, "check RUNBOOK... [--target T] [--json]",
	  "check runbooks; every error with file:line:column" },
	{ "plan", cmd_plan, "plan RUNBOOK PROCEDURE [--target T] [--json]",
	  "exactly what would be done; touches nothing" },
	{ "run", cmd_run, "run RUNBOOK PROCEDURE|ROUTINE --target T --confirm T [--due] [--json]",
	  "a procedure or a routine without a screen" },
	{ "probe", cmd_probe, "probe RUNBOOK [PROBE...] [--target T] [--json]",
	  "evaluate probes now, once" },
	{ "scan", cmd_scan, "scan [--runbook R [--target T]] [--utc] [--json] LOG...",
	  "levels, records a minute, known messages and repeated errors of logs" },
	{ "monitor", cmd_monitor,
	  "monitor RUNBOOK [--target T] [--every DURATION] [--alert-command PROGRAM] "
	  "[--webhook URL|@FILE]",
	  "sampling and alerts without a screen, JSON lines" },
	{ "status", cmd_status, "status", "one line for a status bar: the worst of all targets" },
	{ "__runner", runner_main, NULL, NULL },
	{ "__supervise", supervise_main, NULL, NULL },
	{ "__inject", inject_main, NULL, NULL },
};

#define COUNT (sizeof(subcommands) / sizeof(subcommands[0]))

static void print_help(FILE *to)
{
	fputs("backout: terminal incident console\n\n", to);
	for (size_t i = 0; i < COUNT; i++) {
		if (subcommands[i].args)
			fprintf(to, "    backout %s\n            %s\n", subcommands[i].args,
				subcommands[i].help);
	}
	fputs("\nRUNBOOK is a path, or a name looked for in ./runbooks, the configuration folders "
	      "and the\ninstalled data folder. See backout(1).\n",
	      to);
}

/* A drill's clock is for its own workers: who calls a command by name has the system's. */
static int run(const struct subcommand *subcommand, int argc, char **argv)
{
	struct err err = ERR_INIT;

	if (!subcommand->args && clock_follow(getenv(CLOCK_ENV), &err) < 0) {
		cli_error(&err);
		return EXIT_FAILED;
	}
	return subcommand->run(argc, argv);
}

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C"); /* numbers are read and written with a point */
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	/* Else what it has no memory for is left out of an object, and so out of the record. */
	json_set_alloc_funcs(xmalloc, free);

	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return EXIT_HOLDS;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("backout " VERSION);
		return EXIT_HOLDS;
	}
	for (size_t i = 0; i < COUNT; i++) {
		if (!strcmp(argv[1], subcommands[i].word))
			return run(&subcommands[i], argc - 1, argv + 1);
	}
	if (argv[1][0] == '-') {
		print_help(stderr);
		return EXIT_USAGE;
	}
	return cmd_watch(argc, argv);
}
