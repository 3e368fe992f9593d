/* backout watch, backout open: the console on a runbook and its target. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/console.h"

#define USAGE_WATCH "[watch] RUNBOOK [--target T] [--plain]"
#define USAGE_OPEN  "open RUNBOOK [--target T] [--severity S] [--title TEXT] [--plain]"

struct wish {
	const char *runbook, *target;
	bool plain, open;
	enum severity severity;
	const char *title;
};

static const struct option options[] = {
	{ "target", required_argument, NULL, 't' },
	{ "plain", no_argument, NULL, 'p' },
	{ "severity", required_argument, NULL, 's' },
	{ "title", required_argument, NULL, 'T' },
	{ 0 },
};

static int wish_read(struct wish *wish, int argc, char **argv, const char *usage)
{
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			wish->target = optarg;
		else if (option == 'p')
			wish->plain = true;
		else if (option == 'T' && wish->open)
			wish->title = optarg;
		else if (option != 's' || !wish->open ||
			 severity_parse(optarg, &wish->severity) < 0)
			return cli_usage(usage);
	}
	if (optind + 1 != argc)
		return cli_usage(usage);
	wish->runbook = argv[optind];
	return EXIT_HOLDS;
}

static int begin(struct session *session, void *data, struct err *err)
{
	const struct wish *wish = data;

	if (!wish->open)
		return 0;
	return session_open_incident(session, INCIDENT_INCIDENT, wish->severity, wish->title, err);
}

static int console(struct wish *wish)
{
	const struct console console = {
		.runbook = wish->runbook,
		.target = wish->target,
		.plain = wish->plain,
		.begin = begin,
		.data = wish,
	};

	return console_run(&console);
}

int cmd_watch(int argc, char **argv)
{
	struct wish wish = { 0 };
	int rc = wish_read(&wish, argc, argv, USAGE_WATCH);

	return rc == EXIT_HOLDS ? console(&wish) : rc;
}

int cmd_open(int argc, char **argv)
{
	struct wish wish = { .open = true,
			     .severity = SEVERITY_HIGH,
			     .title = "opened by the operator" };
	int rc = wish_read(&wish, argc, argv, USAGE_OPEN);

	return rc == EXIT_HOLDS ? console(&wish) : rc;
}
