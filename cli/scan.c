/* backout scan: what logs say as a whole. */
#include "cli/scan.h"

#include <getopt.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "lib/mem.h"

#define USAGE "scan [--runbook R [--target T]] [--utc] [--json] LOG..."

struct asked {
	const char *runbook, *target; /* or NULL */
	bool utc, json;
};

/* EXIT_FAILED when a log can't be read; the others are scanned nevertheless. */
static int logs_scan(struct scan *scan, struct scan_log *logs, size_t n)
{
	int status = EXIT_HOLDS;

	for (size_t i = 0; i < n; i++) {
		scan_log(scan, &logs[i]);
		if (!logs[i].err.set)
			continue;
		cli_error(&logs[i].err);
		status = EXIT_FAILED;
	}
	return status;
}

static int scan_all(const struct asked *asked, const struct patterns *patterns, char **paths,
		    size_t n)
{
	const char **texts = xcalloc(patterns->n + 1, sizeof(*texts));
	struct scan_log *logs = xcalloc(n, sizeof(*logs));
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	int status = EXIT_INVALID, printed;
	struct scan_report report = {
		.logs = logs, .nlogs = n, .patterns = patterns, .runbook = asked->runbook
	};
	struct scan *scan;

	for (size_t i = 0; i < patterns->n; i++)
		texts[i] = patterns->list[i].text;
	for (size_t i = 0; i < n; i++)
		logs[i].path = paths[i];
	scan = scan_new(texts, patterns->n, patterns->nharmless, asked->utc, &err);
	if (!scan) {
		cli_error(&err);
		goto out;
	}
	status = logs_scan(scan, logs, n);
	report.scan = scan;
	if (asked->json)
		scan_json(&report, &out);
	else
		scan_text(&report, &out);
	printed = cli_print(&out);
	status = status == EXIT_HOLDS ? printed : status;
out:
	buf_release(&out);
	scan_free(scan);
	free(logs);
	free(texts);
	return status;
}

static int scan_with(const struct asked *asked, char **paths, size_t n)
{
	struct patterns patterns = { .n = 0 };
	struct loaded loaded = { 0 };
	struct err err = ERR_INIT;
	int status = EXIT_HOLDS;

	if (asked->runbook)
		status = cli_load(&loaded, asked->runbook, asked->target);
	if (status != EXIT_HOLDS)
		return status;
	if (asked->runbook && patterns_collect(&patterns, &loaded, &err) < 0) {
		cli_error(&err);
		status = EXIT_INVALID;
	}
	if (status == EXIT_HOLDS)
		status = scan_all(asked, &patterns, paths, n);
	patterns_release(&patterns);
	loaded_release(&loaded);
	return status;
}

int cmd_scan(int argc, char **argv)
{
	static const struct option options[] = {
		{ "runbook", required_argument, NULL, 'r' },
		{ "target", required_argument, NULL, 't' },
		{ "utc", no_argument, NULL, 'u' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct asked asked = { .runbook = NULL };
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "r:t:", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			asked.runbook = optarg;
			break;
		case 't':
			asked.target = optarg;
			break;
		case 'u':
			asked.utc = true;
			break;
		case 'j':
			asked.json = true;
			break;
		default:
			return cli_usage(USAGE);
		}
	}
	if (optind == argc || (asked.target && !asked.runbook))
		return cli_usage(USAGE);
	return scan_with(&asked, argv + optind, (size_t)(argc - optind));
}
