/* backout status: one line for a status bar; asks nobody but files. */
#include <getopt.h>
#include <stddef.h>

#include "cli/cli.h"
#include "core/standing.h"

#define USAGE "status"

int cmd_status(int argc, char **argv)
{
	static const struct option options[] = { { 0 } };
	struct buf out = BUF_INIT;
	bool well;
	int status;

	optind = 1;
	if (getopt_long(argc, argv, "", options, NULL) != -1 || optind != argc)
		return cli_usage(USAGE);
	well = standing_line(clock_wall(&clock_system), &out);
	buf_putc(&out, '\n');
	status = cli_print(&out);
	buf_release(&out);
	return status == EXIT_HOLDS && !well ? EXIT_FAILED : status;
}
