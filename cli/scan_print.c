/* What a scan found, for people and for programs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/scan.h"
#include "lib/chart.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/size.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define TOP	      10
#define COLUMNS	      72
#define MARGIN	      8 /* left of the chart */
#define CHART_WIDTH   (COLUMNS - MARGIN)
#define CHART_ROWS    5
#define EXAMPLE_LINES 3
#define MINUTE_US     (60 * CLOCK_US)

static uint64_t span_sum(const struct scan_span *span, enum loglevel least)
{
	uint64_t sum = 0;

	for (size_t level = least; level < SCAN_LEVELS; level++)
		sum += span->levels[level];
	return sum;
}

/* Records a minute between the first and the last one; 0 when they have no times. */
static double rate_of(const struct scan_totals *totals)
{
	double minutes = (double)(totals->last - totals->first) / MINUTE_US;

	if (totals->first == 0)
		return 0;
	return (double)(totals->records - totals->untimed) / (minutes < 1 ? 1 : minutes);
}

/* ---- text ---- */

/* 1234567 as "1,234,567". Returns `out`. */
static char *count_text(uint64_t count, char out[32])
{
	char digits[24];
	size_t n = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count),
	       at = 0;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

/* Without the colours that it had (ESC [ ... m): what is left is made visible. New. */
static char *uncoloured(const char *bytes, size_t len, size_t *left)
{
	char *out = xmalloc(len + 1);

	*left = 0;
	for (size_t i = 0; i < len; i++) {
		size_t n = i + 2;

		if (bytes[i] == '\033' && n < len && bytes[i + 1] == '[') {
			while (n < len && strchr("0123456789;", bytes[n]) && bytes[n])
				n++;
			if (n < len && bytes[n] == 'm') {
				i = n;
				continue;
			}
		}
		out[(*left)++] = bytes[i];
	}
	return out;
}

/* Cleaned text in the columns that are left behind `used`, over so many lines at most. */
static void clean_lines(struct buf *out, int used, int lines, const char *bytes, size_t len)
{
	struct buf clean = BUF_INIT;
	char *plain = uncoloured(bytes, len, &len);
	const char *p;
	size_t fit, left;

	text_clean(&clean, plain, len);
	p = buf_str(&clean);
	left = clean.len;
	for (; lines > 1 && (fit = text_fit(p, COLUMNS - used)) < left; lines--) {
		const char *blank = memrchr(p, ' ', fit);

		/* Between words, unless they are long. */
		if (blank && blank > p + fit / 2)
			fit = (size_t)(blank + 1 - p);
		buf_printf(out, "%.*s\n%*s", (int)fit, p, used, "");
		p += fit;
		left -= fit;
	}
	fit = text_fit(p, COLUMNS - used);
	if (fit < left)
		fit = text_fit(p, COLUMNS - used - 3);
	buf_add(out, p, fit);
	buf_puts(out, fit < left ? "...\n" : "\n");
	buf_release(&clean);
	free(plain);
}

static void clean_line(struct buf *out, int used, const char *bytes, size_t len)
{
	clean_lines(out, used, 1, bytes, len);
}

static void totals_text(const struct scan_report *report, struct buf *out)
{
	const struct scan_totals *totals = scan_totals(report->scan);
	char size[32], count[32], records[32], from[TIME_RFC3339_MAX], to[TIME_RFC3339_MAX];
	char span[40];

	buf_printf(out, "%zu log%s, %s, %s lines, %s records\n", report->nlogs,
		   report->nlogs == 1 ? "" : "s",
		   size_text((int64_t)totals->bytes, size, sizeof(size)),
		   count_text(totals->lines, count), count_text(totals->records, records));
	if (totals->first)
		buf_printf(out, "%sZ to %sZ, %s\n", time_datetime(totals->first, from),
			   time_datetime(totals->last, to),
			   duration_text(totals->last - totals->first, span, sizeof(span)));
	/* Of less than a minute nobody can say what it comes to in one. */
	if (totals->last - totals->first >= MINUTE_US && rate_of(totals) < 10)
		buf_printf(out, "%.1f records a minute\n", rate_of(totals));
	else if (totals->last - totals->first >= MINUTE_US)
		buf_printf(out, "%s records a minute\n",
			   count_text((uint64_t)llround(rate_of(totals)), count));
	if (totals->untimed)
		buf_printf(out, "%s record%s no time\n", count_text(totals->untimed, count),
			   totals->untimed == 1 ? " has" : "s have");
	buf_putc(out, '\n');
}

/* What there was in each, and what could not be read: it is easily missed among the messages. */
static void logs_text(const struct scan_report *report, struct buf *out)
{
	char lines[32], errors[32];

	if (report->nlogs > 1)
		buf_printf(out, "\n%14s %14s  log\n", "lines", "errors");
	for (size_t i = 0; i < report->nlogs && report->nlogs > 1; i++) {
		const struct scan_log *log = &report->logs[i];

		buf_printf(out, "%14s %14s  ", count_text(log->lines, lines),
			   log->err.set && !log->lines
			       ? "not read"
			       : count_text(log->levels[LOGLEVEL_ERROR] +
						log->levels[LOGLEVEL_CRITICAL],
					    errors));
		clean_line(out, 31, log->path, strlen(log->path));
	}
	for (size_t i = 0; i < report->nlogs; i++) {
		if (!report->logs[i].binary)
			continue;
		buf_puts(out, "\nIt does not look like text: ");
		clean_line(out, 28, report->logs[i].path, strlen(report->logs[i].path));
	}
}

static void levels_text(const struct scan_totals *totals, struct buf *out)
{
	char count[32], first[TIME_RFC3339_MAX], last[TIME_RFC3339_MAX];

	for (size_t level = SCAN_LEVELS; level-- > 0;) {
		double percent = totals->records ? 100.0 * (double)totals->levels[level] /
						       (double)totals->records
						 : 0;

		if (level == LOGLEVEL_NONE && !totals->levels[level])
			continue;
		buf_printf(out, "%-10s %14s %7.2f %%\n",
			   level == LOGLEVEL_NONE ? "no level"
						  : loglevel_name((enum loglevel)level),
			   count_text(totals->levels[level], count), percent);
	}
	if (totals->first_error)
		buf_printf(out, "\nFirst error %sZ, last %sZ\n",
			   time_datetime(totals->first_error, first),
			   time_datetime(totals->last_error, last));
}

/* The spans as points of columns, each the busiest of its minutes; new. */
static struct chart_point *points_of(const struct scan_span *spans, size_t n, int64_t step,
				     enum loglevel least)
{
	struct chart_point *points = xcalloc(n, sizeof(*points));

	for (size_t i = 0; i < n; i++)
		points[i] = (struct chart_point){
			.at = spans[i].at + step / 2,
			.value = (double)span_sum(&spans[i], least),
		};
	return points;
}

static void cells_text(const struct cell *cells, size_t n, struct buf *out)
{
	while (n > 0 && (cells[n - 1].cp == ' ' || cells[n - 1].cp == 0))
		n--;
	for (size_t i = 0; i < n; i++)
		utf8_put(out, cells[i].cp ? cells[i].cp : ' ');
	buf_putc(out, '\n');
}

/* One chart, its highest value at its left; nothing when there is nothing to draw. */
static void chart_text(const struct scan_span *spans, size_t n, int64_t step, enum loglevel least,
		       int rows, struct buf *out)
{
	struct cell *cells = xcalloc((size_t)(rows * CHART_WIDTH), sizeof(*cells));
	struct chart_point *points = points_of(spans, n, step, least);
	struct chart_spec spec = { .width = CHART_WIDTH,
				   .height = rows,
				   .glyphs = text_utf8() ? CHART_BLOCK : CHART_ASCII,
				   .from = spans[0].at,
				   .to = spans[n - 1].at + step,
				   .info = NAN,
				   .warning = NAN,
				   .critical = NAN,
				   .points = points,
				   .npoints = n };
	double low, high;

	chart_draw(&spec, cells, &low, &high);
	for (int y = 0; y < rows; y++) {
		char scale[MARGIN + 8] = "";

		if (y == 0)
			snprintf(scale, sizeof(scale), "%.0f", high);
		else if (y == rows - 1)
			snprintf(scale, sizeof(scale), "0");
		buf_printf(out, "%*s|", MARGIN - 1, scale);
		cells_text(cells + y * CHART_WIDTH, CHART_WIDTH, out);
	}
	free(points);
	free(cells);
}

static void peak_text(const struct scan_span *spans, size_t n, enum loglevel least,
		      const char *what, const char *each, struct buf *out)
{
	char count[32], at[TIME_RFC3339_MAX];
	size_t peak = 0;

	for (size_t i = 1; i < n; i++)
		if (span_sum(&spans[i], least) > span_sum(&spans[peak], least))
			peak = i;
	buf_printf(out, "\n%s a %s, at most %s at %.16sZ\n", what, each,
		   count_text(span_sum(&spans[peak], least), count),
		   time_datetime(spans[peak].at, at));
}

static void spans_text(const struct scan *scan, struct buf *out)
{
	int64_t step = scan_totals(scan)->step;
	const char *each = step == MINUTE_US ? "minute" : step == 60 * MINUTE_US ? "hour" : "day";
	char from[TIME_RFC3339_MAX], to[TIME_RFC3339_MAX];
	uint64_t errors = 0;
	size_t n;
	struct scan_span *spans = scan_spans(scan, &n);

	for (size_t i = 0; i < n; i++)
		errors += span_sum(&spans[i], LOGLEVEL_ERROR);
	if (n > 1) {
		peak_text(spans, n, LOGLEVEL_NONE, "Records", each, out);
		chart_text(spans, n, step, LOGLEVEL_NONE, CHART_ROWS, out);
		if (errors) {
			peak_text(spans, n, LOGLEVEL_ERROR, "Errors", each, out);
			chart_text(spans, n, step, LOGLEVEL_ERROR, CHART_ROWS - 2, out);
		}
		time_datetime(spans[0].at, from);
		time_datetime(spans[n - 1].at + step, to);
		buf_printf(out, "%*s%.16s%*.16sZ\n", MARGIN, "", from, CHART_WIDTH - 17, to);
	}
	free(spans);
}

static void when_text(int64_t first, int64_t last, struct buf *out)
{
	char from[TIME_RFC3339_MAX], to[TIME_RFC3339_MAX];

	if (first == 0)
		buf_puts(out, "at no known time");
	else if (first / CLOCK_US == last / CLOCK_US)
		buf_printf(out, "%sZ", time_datetime(first, from));
	else
		buf_printf(out, "%sZ to %sZ", time_datetime(first, from), time_datetime(last, to));
}

static void patterns_text(const struct scan_report *report, struct buf *out)
{
	const struct scan_known *known = scan_known(report->scan);
	size_t unseen = 0;
	char count[32];

	if (!report->runbook)
		return;
	buf_puts(out, "\nMessages that the runbook knows\n");
	for (size_t i = 0; i < report->patterns->n; i++) {
		const struct pattern *known_pattern = &report->patterns->list[i];

		if (!known[i].count) {
			unseen++;
			continue;
		}
		buf_printf(out, "%9s  ", count_text(known[i].count, count));
		clean_line(out, 11, known_pattern->meaning, strlen(known_pattern->meaning));
		buf_printf(out, "%11s", "");
		clean_line(out, 11, known_pattern->text, strlen(known_pattern->text));
		buf_printf(out, "%11s", "");
		when_text(known[i].first, known[i].last, out);
		buf_putc(out, '\n');
	}
	buf_printf(out, "%9s  of %zu patterns met no line\n", count_text(unseen, count),
		   report->patterns->n);
}

static void errors_text(const struct scan *scan, struct buf *out)
{
	char count[32];
	size_t n;
	struct scan_error *errors = scan_errors(scan, TOP, &n);

	if (n > 0)
		buf_puts(out, "\nErrors that come most often\n");
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%9s  ", count_text(errors[i].count, count));
		clean_line(out, 11, errors[i].shape, errors[i].nshape);
		buf_printf(out, "%11s", "");
		when_text(errors[i].first, errors[i].last, out);
		buf_printf(out, "\n%11s", "");
		clean_lines(out, 11, EXAMPLE_LINES, errors[i].example, errors[i].nexample);
	}
	if (scan_totals(scan)->errors_lost)
		buf_puts(out, "There are so many different errors that rare ones were not counted "
			      "to the end.\n");
	free(errors);
}

void scan_text(const struct scan_report *report, struct buf *out)
{
	totals_text(report, out);
	levels_text(scan_totals(report->scan), out);
	logs_text(report, out);
	spans_text(report->scan, out);
	patterns_text(report, out);
	errors_text(report->scan, out);
}

/* ---- JSON ---- */

static json_t *time_json(int64_t at)
{
	char text[TIME_RFC3339_MAX];

	return at ? json_string(time_rfc3339(at, text)) : json_null();
}

static json_t *number_json(uint64_t number)
{
	return json_integer((json_int_t)number);
}

static json_t *levels_json(const uint64_t levels[SCAN_LEVELS])
{
	json_t *object = json_object();

	for (size_t level = LOGLEVEL_DEBUG; level < SCAN_LEVELS; level++)
		json_object_set_new(object, loglevel_name((enum loglevel)level),
				    number_json(levels[level]));
	return object;
}

static json_t *logs_json(const struct scan_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->nlogs; i++) {
		const struct scan_log *log = &report->logs[i];
		json_t *object =
		    json_pack("{s:o, s:o, s:o}", "path", json_text(log->path, strlen(log->path)),
			      "bytes", number_json(log->bytes), "lines", number_json(log->lines));

		json_object_set_new(object, "levels", levels_json(log->levels));
		if (log->binary)
			json_object_set_new(object, "binary", json_true());
		if (log->err.set)
			json_object_set_new(object, "error",
					    json_text(log->err.msg, strlen(log->err.msg)));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *spans_json(const struct scan *scan)
{
	json_t *list = json_array();
	size_t n;
	struct scan_span *spans = scan_spans(scan, &n);

	for (size_t i = 0; i < n; i++) {
		json_t *object = levels_json(spans[i].levels);

		json_object_set_new(object, "at", time_json(spans[i].at));
		json_object_set_new(object, "records",
				    number_json(span_sum(&spans[i], LOGLEVEL_NONE)));
		json_array_append_new(list, object);
	}
	free(spans);
	return list;
}

static json_t *patterns_json(const struct scan_report *report)
{
	const struct scan_known *known = scan_known(report->scan);
	json_t *list = json_array();

	for (size_t i = 0; i < report->patterns->n; i++) {
		const struct pattern *known_pattern = &report->patterns->list[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "pattern",
						      known_pattern->text, "meaning",
						      known_pattern->meaning, "harmless",
						      known_pattern->harmless, "count",
						      number_json(known[i].count), "first",
						      time_json(known[i].first), "last",
						      time_json(known[i].last)));
	}
	return list;
}

static json_t *errors_json(const struct scan *scan)
{
	json_t *list = json_array();
	size_t n;
	struct scan_error *errors = scan_errors(scan, TOP, &n);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:o, s:o, s:o}", "count",
						number_json(errors[i].count), "first",
						time_json(errors[i].first), "last",
						time_json(errors[i].last), "shape",
						json_text(errors[i].shape, errors[i].nshape),
						"example",
						json_text(errors[i].example, errors[i].nexample)));
	free(errors);
	return list;
}

void scan_json(const struct scan_report *report, struct buf *out)
{
	const struct scan_totals *totals = scan_totals(report->scan);
	json_t *object =
	    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:o}", "logs",
		      logs_json(report), "bytes", number_json(totals->bytes), "lines",
		      number_json(totals->lines), "records", number_json(totals->records), "levels",
		      levels_json(totals->levels), "without_level",
		      number_json(totals->levels[LOGLEVEL_NONE]), "without_time",
		      number_json(totals->untimed), "first", time_json(totals->first), "last",
		      time_json(totals->last), "per_minute", rate_of(totals), "step_s",
		      json_integer(totals->step / CLOCK_US), "minutes", spans_json(report->scan));
	char *text;

	if (report->runbook)
		json_object_set_new(object, "known", patterns_json(report));
	json_object_set_new(object, "errors", errors_json(report->scan));
	json_object_set_new(object, "first_error", time_json(totals->first_error));
	json_object_set_new(object, "last_error", time_json(totals->last_error));
	json_object_set_new(object, "errors_lost", json_boolean(totals->errors_lost));
	text = json_ascii(object, 0);
	buf_printf(out, "%s\n", text);
	free(text);
	json_decref(object);
}
