/* The report for machines: its facts. ASCII only, so that nothing in it acts upon a terminal. */
#include <stdlib.h>

#include "lib/jdoc.h"
#include "logs/report.h"

static int write_json(const struct report *report, struct buf *out, struct err *err)
{
	char *text = json_ascii(report->facts, 2);

	(void)err;
	buf_puts(out, text);
	buf_putc(out, '\n');
	free(text);
	return 0;
}

const struct report_format report_json = {
	.name = "json",
	.help = "the facts, for machines",
	.write = write_json,
};
