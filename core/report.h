/*
 * The report: one more fold, from the incident's folder alone.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include "core/incident.h"
#include "logs/report.h"

/* New: what a field of the runbook's own report says: its answer, else its facts; NULL: neither is
 * known. */
char *report_value(const struct incident *incident, const struct report_field_def *field);
/* Fills a report with the sections that the record has something for. */
int report_fold(struct report *report, const struct incident *incident, struct err *err);

#endif
