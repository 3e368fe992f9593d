/*
 * The parts of backout scan.
 */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include "core/load.h"
#include "lib/buf.h"
#include "sources/scan.h"

/* A log that was asked for. */
struct scan_log {
	const char *path; /* borrowed */
	uint64_t bytes, lines;
	uint64_t levels[SCAN_LEVELS]; /* records */
	bool binary;		      /* it does not look like text */
	struct err err;		      /* why not all of it could be read */
};

/* A message that the runbook knows. */
struct pattern {
	char *text;    /* owned */
	char *meaning; /* owned */
	bool harmless;
};

struct patterns {
	struct pattern *list; /* owned; the harmless ones first */
	size_t n, cap, nharmless;
};

/* What the logs, probes and metrics of a runbook say about lines, each pattern once. -1 when a
 * parameter is missing. */
int patterns_collect(struct patterns *patterns, const struct loaded *loaded, struct err *err);
void patterns_release(struct patterns *patterns);

/* Reads one log, "-" for standard input, through the program that unpacks it where it is packed;
 * fills in what it had. */
void scan_log(struct scan *scan, struct scan_log *log);

struct scan_report {
	const struct scan *scan;
	const struct scan_log *logs;
	size_t nlogs;
	const struct patterns *patterns;
	const char *runbook; /* or NULL */
};

void scan_text(const struct scan_report *report, struct buf *out);
void scan_json(const struct scan_report *report, struct buf *out);

#endif
