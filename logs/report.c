#include "logs/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"

/* New: cleaned, with its lines kept apart. */
static char *clean(const char *text)
{
	struct buf out = BUF_INIT;

	for (const char *end;; text = end + 1) {
		end = strchrnul(text, '\n');
		text_clean(&out, text, (size_t)(end - text));
		if (!*end)
			break;
		buf_putc(&out, '\n');
	}
	buf_puts(&out, "");
	return buf_detach(&out);
}

/* Makes room for one more element. */
static void *more(void *array, size_t *n, size_t size)
{
	char *grown = xrealloc(array, (*n + 1) * size);

	memset(grown + *n * size, 0, size);
	++*n;
	return grown;
}

struct report_section *report_section(struct report *report, const char *title)
{
	report->sections = more(report->sections, &report->nsections, sizeof(*report->sections));
	report->sections[report->nsections - 1].title = clean(title);
	return &report->sections[report->nsections - 1];
}

bool section_is_empty(const struct report_section *section)
{
	bool rows = false;

	for (size_t i = 0; i < section->ntables; i++)
		rows = rows || section->tables[i].nrows;
	return !section->nfields && !section->prose && !section->quoted && !rows &&
	       !section->ncharts && !section->blank_lines;
}

void section_field(struct report_section *section, const char *name, const char *fmt, ...)
{
	struct report_field *field;
	va_list args;
	char *value;

	va_start(args, fmt);
	value = xvasprintf(fmt, args);
	va_end(args);
	section->fields = more(section->fields, &section->nfields, sizeof(*section->fields));
	field = &section->fields[section->nfields - 1];
	field->name = clean(name);
	field->value = clean(value);
	free(value);
}

static bool is_said(const struct report_section *section, size_t n, const char *value)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(section->fields[i].value, value) == 0)
			return true;
	}
	return false;
}

void section_fields_once(struct report_section *section, size_t from)
{
	size_t kept = from;

	for (size_t i = from; i < section->nfields; i++) {
		if (is_said(section, from, section->fields[i].value)) {
			free(section->fields[i].name);
			free(section->fields[i].value);
		} else {
			section->fields[kept++] = section->fields[i];
		}
	}
	section->nfields = kept;
}

static void text_append(char **to, const char *text)
{
	char *cleaned = clean(text), *old = *to;

	*to = old ? xasprintf("%s\n%s", old, cleaned) : xstrdup(cleaned);
	free(old);
	free(cleaned);
}

void section_prose(struct report_section *section, const char *text)
{
	text_append(&section->prose, text);
}

void section_quote(struct report_section *section, const char *text)
{
	text_append(&section->quoted, text);
}

struct report_table *section_table(struct report_section *section, const char *const *columns,
				   size_t ncolumns)
{
	struct report_table *table;

	section->tables = more(section->tables, &section->ntables, sizeof(*section->tables));
	table = &section->tables[section->ntables - 1];
	table->columns = xcalloc(ncolumns, sizeof(*table->columns));
	table->ncolumns = ncolumns;
	for (size_t i = 0; i < ncolumns; i++)
		table->columns[i] = clean(columns[i]);
	return table;
}

void table_row(struct report_table *table, const char *const *cells)
{
	size_t have = table->nrows * table->ncolumns;

	table->cells = xrealloc(table->cells, (have + table->ncolumns) * sizeof(*table->cells));
	for (size_t i = 0; i < table->ncolumns; i++)
		table->cells[have + i] = clean(cells[i] ? cells[i] : "");
	table->nrows++;
}

struct report_chart *section_chart(struct report_section *section, const char *title,
				   const char *unit)
{
	struct report_chart *chart;

	section->charts = more(section->charts, &section->ncharts, sizeof(*section->charts));
	chart = &section->charts[section->ncharts - 1];
	chart->title = clean(title);
	chart->unit = clean(unit ? unit : "");
	chart->info = chart->warning = chart->critical = NAN;
	return chart;
}

void chart_mark(struct report_chart *chart, int64_t at, const char *label)
{
	chart->marks = more(chart->marks, &chart->nmarks, sizeof(*chart->marks));
	chart->marks[chart->nmarks - 1] = (struct report_mark){ .at = at, .label = clean(label) };
}

static void table_release(struct report_table *table)
{
	for (size_t i = 0; i < table->ncolumns; i++)
		free(table->columns[i]);
	for (size_t i = 0; i < table->ncolumns * table->nrows; i++)
		free(table->cells[i]);
	free(table->columns);
	free(table->cells);
}

static void chart_release(struct report_chart *chart)
{
	for (size_t i = 0; i < chart->nmarks; i++)
		free(chart->marks[i].label);
	free(chart->title);
	free(chart->unit);
	free(chart->points);
	free(chart->marks);
}

static void section_release(struct report_section *section)
{
	for (size_t i = 0; i < section->nfields; i++) {
		free(section->fields[i].name);
		free(section->fields[i].value);
	}
	for (size_t i = 0; i < section->ntables; i++)
		table_release(&section->tables[i]);
	for (size_t i = 0; i < section->ncharts; i++)
		chart_release(&section->charts[i]);
	free(section->title);
	free(section->fields);
	free(section->prose);
	free(section->quoted);
	free(section->tables);
	free(section->charts);
}

void report_release(struct report *report)
{
	for (size_t i = 0; i < report->nsections; i++)
		section_release(&report->sections[i]);
	free(report->title);
	free(report->sections);
	json_decref(report->facts);
	*report = (struct report){ .title = NULL };
}
