/* Prints what a report's PDF is set from:  groff_source INCIDENT */
#include <stdio.h>

#include "core/report.h"
#include "logs/report_groff.h"

int main(int argc, char **argv)
{
	struct report report = { .title = NULL };
	struct incident incident;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (argc != 2)
		return 2;
	if (incident_open(&incident, argv[1], &clock_system, &err) ||
	    report_fold(&report, &incident, &err)) {
		fprintf(stderr, "bench: %s\n", err.msg);
		return 1;
	}
	groff_source(&report, &out);
	fwrite(buf_str(&out), 1, out.len, stdout);
	buf_release(&out);
	report_release(&report);
	incident_close(&incident);
	return 0;
}
