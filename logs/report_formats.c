/* The list of report formats: one row each. */
#include <string.h>

#include "logs/report.h"

const struct report_format *const report_formats[] = {
	&report_text, &report_md, &report_html, &report_ps, &report_pdf, &report_json, NULL,
};

const struct report_format *report_format(const char *name)
{
	for (size_t i = 0; report_formats[i]; i++) {
		if (strcmp(report_formats[i]->name, name) == 0)
			return report_formats[i];
	}
	return NULL;
}
