/*
 * A report as plain data, and its formats. Knows nothing of events: core/ fills it.
 */
#ifndef LOGS_REPORT_H
#define LOGS_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/chart.h"
#include "lib/err.h"

/* "Severity: critical". Both new, owned by the report. */
struct report_field {
	char *name, *value;
};

struct report_table {
	char **columns;
	size_t ncolumns; /* owned */
	char **cells;
	size_t nrows; /* owned: nrows * ncolumns */
};

struct report_mark {
	int64_t at;
	char *label;
};

struct report_chart {
	char *title, *unit; /* owned */
	struct chart_point *points;
	size_t npoints;			/* owned */
	double info, warning, critical; /* NAN: none */
	bool below;
	struct report_mark *marks;
	size_t nmarks; /* owned: alert, decision, recovery */
};

/* One section; whatever is empty is left out, an empty section is not printed at all. */
struct report_section {
	char *title;
	struct report_field *fields;
	size_t nfields;
	size_t nown;  /* so many of them are set apart from those that follow; 0: none */
	char *prose;  /* or NULL */
	char *quoted; /* verbatim lines (log, output), cleaned; or NULL */
	struct report_table *tables;
	size_t ntables;
	struct report_chart *charts;
	size_t ncharts;
	size_t blank_lines; /* lines to write on */
};

struct report {
	char *title;
	struct report_section *sections;
	size_t nsections;
	json_t *facts; /* the same facts for machines: what --format json prints */
};

/*
 * Building. Text is cleaned (lib/text.h) as it comes in, so that formats need not; lines of prose
 * and quotes stay lines. Pointers are borrowed until the next call that adds to the same array.
 */
struct report_section *report_section(struct report *report, const char *title);
/* Whether anything would be printed below its heading. */
bool section_is_empty(const struct report_section *section);
/* Appends a paragraph, or verbatim lines. */
void section_prose(struct report_section *section, const char *text);
void section_quote(struct report_section *section, const char *text);
/* "Name: value". */
void section_field(struct report_section *section, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Fields from index `from` on go when one before says the same. */
void section_fields_once(struct report_section *section, size_t from);
/* Adds a table; its rows are given with table_row(), one string a column. */
struct report_table *section_table(struct report_section *section, const char *const *columns,
				   size_t ncolumns);
/* As many cells as it has columns; copied. */
void table_row(struct report_table *table, const char *const *cells);
/* Adds a chart: no points, no limits yet; points, once there, are owned by it. */
struct report_chart *section_chart(struct report_section *section, const char *title,
				   const char *unit);
/* A vertical mark at a wall time. */
void chart_mark(struct report_chart *chart, int64_t at, const char *label);
/* Frees all that was built, not the struct. */
void report_release(struct report *report);

/* A format: one file and one row in report_formats. */
struct report_format {
	const char *name; /* "text", "json" */
	const char *help;
	bool binary; /* nothing that a terminal could show */
	/* Appends the whole report; -1 when a program that it needs is missing or fails. */
	int (*write)(const struct report *report, struct buf *out, struct err *err);
};

extern const struct report_format report_text, report_md, report_html, report_ps, report_pdf,
    report_json;
extern const struct report_format *const report_formats[]; /* NULL-terminated */
/* NULL when there is none of that name. */
const struct report_format *report_format(const char *name);

#endif
