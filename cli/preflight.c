/* backout preflight: the console, with a deployment that counts down to its T. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/console.h"
#include "lib/buf.h"
#include "lib/timefmt.h"

#define USAGE "preflight RUNBOOK [DEPLOYMENT] --at TIME [--target T] [--plain]"

struct wish {
	struct console console;
	const char *name; /* NULL: the only one */
	const char *at;
	int64_t t0;
	const struct deployment *deployment;
};

static const struct option options[] = {
	{ "at", required_argument, NULL, 'a' },
	{ "target", required_argument, NULL, 't' },
	{ "plain", no_argument, NULL, 'p' },
	{ 0 },
};

/* "HH:MM" in local time: the next one from `now` on. */
static int parse_clock(const char *text, int64_t now, int64_t *out)
{
	time_t today = (time_t)(now / CLOCK_US), at;
	struct tm parts;
	int hour, minute, end = 0;

	if (sscanf(text, "%2d:%2d%n", &hour, &minute, &end) != 2 || text[end] || hour < 0 ||
	    hour > 23 || minute < 0 || minute > 59 || !localtime_r(&today, &parts))
		return -1;
	for (int day = 0; day < 2; day++) {
		struct tm wanted = parts;

		wanted.tm_mday += day;
		wanted.tm_hour = hour;
		wanted.tm_min = minute;
		wanted.tm_sec = 0;
		wanted.tm_isdst = -1;
		at = mktime(&wanted);
		if (at == (time_t)-1)
			return -1;
		*out = (int64_t)at * CLOCK_US;
		if (*out >= now)
			break;
	}
	return 0;
}

static int wish_read(struct wish *wish, int argc, char **argv)
{
	int64_t now = clock_wall(&clock_system);
	struct err err = ERR_INIT;
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'a')
			wish->at = optarg;
		else if (option == 't')
			wish->console.target = optarg;
		else if (option == 'p')
			wish->console.plain = true;
		else
			return cli_usage(USAGE);
	}
	if (!wish->at || optind >= argc || optind + 2 < argc)
		return cli_usage(USAGE);
	wish->console.runbook = argv[optind];
	wish->name = argv[optind + 1]; /* argv ends with NULL */
	if (parse_clock(wish->at, now, &wish->t0) == 0 ||
	    time_parse_rfc3339(wish->at, &wish->t0) == 0)
		return EXIT_HOLDS;
	err_set(&err, "\"%s\" is no time", wish->at);
	err_hint(&err, "write HH:MM (local time, the next one) or 2026-11-21T21:00:00Z");
	cli_error(&err);
	return EXIT_USAGE;
}

static void names_add(const struct runbook *runbook, struct buf *out)
{
	for (size_t i = 0; i < runbook->ndeployments; i++)
		buf_printf(out, "%s%s", i ? ", " : "", runbook->deployments[i].name);
}

static int deployment_find(const struct loaded *loaded, void *data)
{
	const struct runbook *runbook = loaded->runbook;
	struct wish *wish = data;
	struct err err = ERR_INIT;
	struct buf names = BUF_INIT;

	if (wish->name)
		wish->deployment = runbook_deployment(runbook, wish->name);
	else if (runbook->ndeployments == 1)
		wish->deployment = &runbook->deployments[0];
	if (wish->deployment)
		return EXIT_HOLDS;
	names_add(runbook, &names);
	if (runbook->ndeployments == 0)
		err_set(&err, "runbook %s has no deployments", runbook->system);
	else if (wish->name)
		err_set(&err, "runbook %s has no deployment \"%s\"", runbook->system, wish->name);
	else
		err_set(&err, "runbook %s has several deployments", runbook->system);
	if (names.len)
		err_hint(&err, "it has: %s", buf_str(&names));
	cli_error(&err);
	buf_release(&names);
	return EXIT_USAGE;
}

static int begin(struct session *session, void *data, struct err *err)
{
	const struct wish *wish = data;

	if (session_open_incident(session, INCIDENT_DEPLOYMENT, SEVERITY_LOW,
				  wish->deployment->title, err) != 0)
		return -1;
	/* By name: what was found belonged to the runbook as it was loaded. */
	return session_deployment(session, wish->deployment->name, wish->t0, err);
}

int cmd_preflight(int argc, char **argv)
{
	struct wish wish = { .console = { .view = TUI_CHECKLIST } };
	int rc = wish_read(&wish, argc, argv);

	if (rc != EXIT_HOLDS)
		return rc;
	wish.console.loaded = deployment_find;
	wish.console.begin = begin;
	wish.console.data = &wish;
	return console_run(&wish.console);
}
