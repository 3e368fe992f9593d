/* The report for machines: its facts. ASCII only, so that nothing in it acts upon a terminal. */
#include <stdlib.h>

#include "logs/report.h"

static int write_json(const struct report *report, struct buf *out, struct err *err)
{
	char *text =
	    json_dumps(report->facts, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));

	if (!text)
		return err_set(err, "the report's facts can't be written as JSON");
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
