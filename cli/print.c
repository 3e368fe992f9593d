#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>

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
