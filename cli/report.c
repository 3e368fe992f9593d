/* backout report: the incident report, in one of the formats. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "core/report.h"
#include "lib/file.h"

#define USAGE	  "report INCIDENT [--format text|md|html|ps|pdf|json] [-o FILE]"
#define FILE_MODE 0600 /* a report quotes logs: whoever made it decides who may read it */

struct report_call {
	const char *id, *format, *file;
};

static int parse(struct report_call *call, int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "output", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "f:o:", options, NULL)) != -1) {
		if (option == 'f')
			call->format = optarg;
		else if (option == 'o')
			call->file = optarg;
		else if (option == 'j')
			call->format = "json";
		else
			return -1;
	}
	if (optind + 1 != argc)
		return -1;
	call->id = argv[optind];
	return 0;
}

static bool goes_to_stdout(const struct report_call *call)
{
	return !call->file || strcmp(call->file, "-") == 0;
}

static int not_for_terminals(const struct report_call *call)
{
	struct err err = ERR_INIT;

	err_set(&err, "a report as %s is nothing for a terminal", call->format);
	err_hint(&err, "write it to a file: backout report %s --format %s -o %s.%s", call->id,
		 call->format, call->id, call->format);
	cli_error(&err);
	return EXIT_USAGE;
}

static int write_report(const struct report_call *call, const struct report_format *format,
			const struct incident *incident, struct err *err)
{
	struct report report = { .title = NULL };
	struct buf out = BUF_INIT;
	int code = EXIT_FAILED;

	if (report_fold(&report, incident, err) || format->write(&report, &out, err))
		goto out;
	if (goes_to_stdout(call))
		code = cli_print(&out);
	else if (file_replace(call->file, buf_str(&out), out.len, FILE_MODE, err) == 0)
		code = EXIT_HOLDS;
out:
	buf_release(&out);
	report_release(&report);
	return code;
}

static int unknown_format(const char *name)
{
	struct err err = ERR_INIT;
	struct buf known = BUF_INIT;

	for (size_t i = 0; report_formats[i]; i++)
		buf_printf(&known, "%s%s (%s)", i ? ", " : "", report_formats[i]->name,
			   report_formats[i]->help);
	err_set(&err, "there is no report format \"%s\"", name);
	err_hint(&err, "there are: %s", buf_str(&known));
	cli_error(&err);
	buf_release(&known);
	return EXIT_USAGE;
}

int cmd_report(int argc, char **argv)
{
	struct report_call call = { .format = "text" };
	const struct report_format *format;
	struct incident incident;
	struct err err = ERR_INIT;
	int code;

	if (parse(&call, argc, argv))
		return cli_usage(USAGE);
	format = report_format(call.format);
	if (!format)
		return unknown_format(call.format);
	if (format->binary && goes_to_stdout(&call) && isatty(STDOUT_FILENO))
		return not_for_terminals(&call);
	code = cli_incident(&incident, call.id);
	if (code != EXIT_HOLDS)
		return code;
	code = write_report(&call, format, &incident, &err);
	if (!err.set && *incident.damage) {
		err_set(&err, "incident %s: %s: the report ends before the damage", incident.id,
			incident.damage);
		err_hint(&err, "see backout verify %s", incident.id);
		code = EXIT_LEDGER;
	}
	if (err.set)
		cli_error(&err);
	incident_close(&incident);
	return code;
}
