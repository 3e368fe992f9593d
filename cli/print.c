/* What subcommands print. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/text.h"

void cli_error(const struct err *err)
{
	struct buf line = BUF_INIT;

	text_clean(&line, err->msg, strlen(err->msg));
	fprintf(stderr, "backout: %s\n", buf_str(&line));
	if (err->hint[0]) {
		buf_cut(&line, 0);
		text_clean(&line, err->hint, strlen(err->hint));
		fprintf(stderr, "         %s\n", buf_str(&line));
	}
	buf_release(&line);
}

int cli_usage(const char *usage)
{
	fprintf(stderr, "usage: backout %s\n", usage);
	return EXIT_USAGE;
}

int cli_print(const struct buf *text)
{
	struct err err = ERR_INIT;

	errno = 0;
	if ((!text->len || fwrite(text->data, text->len, 1, stdout) == 1) && fflush(stdout) == 0)
		return EXIT_HOLDS;
	if (errno == EPIPE)
		return EXIT_HOLDS;
	err_sys(&err, "standard output can't be written");
	cli_error(&err);
	return EXIT_FAILED;
}
