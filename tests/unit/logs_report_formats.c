/*
 * The report's formats, given a report in which every string is hostile: what is printed is the
 * text, and no format acts upon it. The Markdown and the HTML are held against
 * tests/reports/hostile.*; run with UPDATE=1 to write them anew.
 */
#include "tests/unit/golden.h"
#include "tests/unit/scratch.h"

#include <math.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "logs/report_groff.h"
#include "logs/report_layout.h"
#include "logs/report_plot.h"

#define START (1795000000 * CLOCK_US)

/* One string a danger; each is there whole in every format, escaped or not. */
static const char *const dangers[] = {
	".sy touch /tmp/groff-was-here",
	"'br",
	"T}",
	"\\*[x] \\n(.g \\X'ps: exec' \\fB",
	".PE",
	".TE",
	"a|b",
	"```",
	"**bold** _em_ `code` ~~gone~~",
	"<script>alert(1)</script> &amp; \"quoted\" ]]>",
	"[link](http://example.org) www.example.org",
	"# heading",
	"1. item",
	"-- \"; sh rm -rf X; \"",
	"caf\303\251 \342\202\254",
	"\344\270\255\346\226\207 \360\237\222\245",
	"   indented",
	"analytics-v1.0/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
};
#define DANGERS (sizeof(dangers) / sizeof(dangers[0]))

static void chart_fill(struct report_chart *chart)
{
	chart->npoints = 120;
	chart->points = xcalloc(chart->npoints, sizeof(*chart->points));
	for (size_t i = 0; i < chart->npoints; i++)
		chart->points[i] = (struct chart_point){
			.at = START + (int64_t)i * CLOCK_US,
			.value = i >= 60 && i < 65 ? NAN : (double)(i % 30),
		};
	chart->warning = 20;
	chart->critical = 21;
	chart_mark(chart, START + 30 * CLOCK_US, "Alert \" T}");
	chart_mark(chart, START + 32 * CLOCK_US, "Decision");
	chart_mark(chart, START + 118 * CLOCK_US, "\344\270\255");
}

static void hostile(struct report *report)
{
	static const char *const columns[] = { "T}", "a|b", ".TS" };
	struct report_section *section;
	struct report_table *table;

	*report = (struct report){ .facts = json_pack("{s:s, s:{s:s}}", "incident", "2026-11-21-01",
						      "record", "head", "0123abcd") };
	report->title = xstrdup("Incident report\n.sy \\*[x] <b> | `");
	section = report_section(report, "'tis a \"heading\" # <i> \\fB");
	for (size_t i = 0; i < DANGERS; i++)
		section_field(section, dangers[i], "%s", dangers[i]);
	section = report_section(report, "Prose");
	for (size_t i = 0; i < DANGERS; i++)
		section_prose(section, dangers[i]);
	section_prose(section, "red \x1b[31m bell \a override \342\200\256 broken \xff end");
	section = report_section(report, "Quoted");
	for (size_t i = 0; i < DANGERS; i++)
		section_quote(section, dangers[i]);
	section = report_section(report, "Table");
	table = section_table(section, columns, 3);
	for (size_t i = 0; i < DANGERS; i++)
		table_row(table, (const char *[]){ dangers[i], dangers[i], ".\n'\nT}" });
	section = report_section(report, "Chart");
	chart_fill(section_chart(section, "Errors \" .PE", "%|<"));
	section_chart(section, "Alone", NULL);
	report_section(report, "NOTHING HERE");
	section = report_section(report, "Lines");
	section->blank_lines = 2;
}

static char *written(const struct report_format *format, const struct report *report)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (format->write(report, &out, &err))
		fail_msg("%s: %s", format->name, err.msg);
	return buf_detach(&out);
}

/* ---- Markdown and HTML ---- */

static void test_markdown(void **state)
{
	struct report report;
	char *text;

	(void)state;
	hostile(&report);
	text = written(&report_md, &report);
	assert_null(strstr(text, "NOTHING HERE"));
	assert_non_null(strstr(text, "\n````text\n"));
	assert_non_null(strstr(text, "| a\\|b | a\\|b | .<br>'<br>T} |"));
	assert_non_null(strstr(text, "\n\\# heading"));
	assert_null(strstr(text, "| <script"));
	golden_hold("tests/reports/hostile.md", text);
	free(text);
	report_release(&report);
}

static void test_html(void **state)
{
	struct report report;
	char *text;

	(void)state;
	hostile(&report);
	text = written(&report_html, &report);
	assert_null(strstr(text, "NOTHING HERE"));
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "src="));
	assert_null(strstr(text, "href"));
	assert_non_null(strstr(text, "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; "
				     "&quot;quoted&quot; ]]&gt;"));
	assert_non_null(strstr(text, "caf\303\251 \342\202\254"));
	golden_hold("tests/reports/hostile.html", text);
	free(text);
	report_release(&report);
}

/* ---- groff ---- */

/* A line that groff takes for a request is one of ours. */
static bool is_request(const char *line)
{
	static const char *const ours[] = {
		"nr", "fam", "ss", "ds", "defcolor", "de", "SEC", "END", "WRT", "LP",
		"na", "sp",  "ne", "ps", "ft",	     "vs", "br",  "in",	 "ti",	"TS",
		"TH", "TE",  "PS", "PE", "KS",	     "KE", "if",  ".",
	};
	size_t len = strcspn(line + 1, " \n");

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strlen(ours[i]) == len && strncmp(line + 1, ours[i], len) == 0)
			return true;
	}
	return false;
}

static void only_our_requests(const char *source)
{
	for (const char *line = source; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		assert_int_not_equal(*line, '\'');
		if (*line == '.' && !is_request(line))
			fail_msg("a request from outside: %.60s", line);
		if (strncmp(line, ".if", 3) == 0)
			assert_true(strncmp(line, ".if !c\\[u", 9) == 0 ||
				    strncmp(line, ".if '\\*[.T]'pdf' .pdf", 20) == 0);
	}
	for (const char *at = source; *at; at++)
		assert_true(*at == '\n' || *at == '\t' || (*at >= 0x20 && *at < 0x7f));
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

static void test_groff_source(void **state)
{
	struct report report;
	struct buf source = BUF_INIT;

	(void)state;
	hostile(&report);
	groff_source(&report, &source);
	only_our_requests(buf_str(&source));
	assert_null(strstr(buf_str(&source), "NOTHING HERE"));
	assert_int_equal(count_of(buf_str(&source), "\nT{\n"),
			 count_of(buf_str(&source), "\nT}") -
			     count_of(buf_str(&source), "T}\tT{\n"));
	assert_int_equal(count_of(buf_str(&source), "\n.PS\n"),
			 count_of(buf_str(&source), "\n.PE\n"));
	buf_release(&source);
	report_release(&report);
}

/* groff itself has nothing to complain about: no character without a glyph, no word that doesn't
 * fit, nothing it does not understand. */
static void test_groff_accepts(void **state)
{
	static const char *const devices[] = { "-Tps", "-Tpdf" };
	struct report report;
	struct buf source = BUF_INIT;

	(void)state;
	hostile(&report);
	groff_source(&report, &source);
	for (size_t i = 0; i < 2; i++) {
		const char *const argv[] = { "groff",	 "-ms",	       "-t",	 "-p", "-wbreak",
					     devices[i], "-dpaper=a4", "-P-pa4", NULL };
		struct child_spec spec = { .argv = argv, .in = -1, .out = -1, .err = -1 };
		struct buf out = BUF_INIT, complaint = BUF_INIT;
		struct child_end end;
		struct err err = ERR_INIT;

		if (child_run(&spec, buf_str(&source), 60 * CLOCK_US, 0, &out, &complaint, &end,
			      &err))
			fail_msg("%s", err.msg);
		assert_string_equal(buf_str(&complaint), "");
		assert_int_equal(end.status, 0);
		buf_release(&out);
		buf_release(&complaint);
	}
	buf_release(&source);
	report_release(&report);
}

static void test_pages(void **state)
{
	struct report report;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	hostile(&report);
	if (report_pdf.write(&report, &out, &err))
		fail_msg("%s", err.msg);
	assert_memory_equal(out.data, "%PDF-", 5);
	assert_true(report_pdf.binary);
	buf_cut(&out, 0);
	if (report_ps.write(&report, &out, &err))
		fail_msg("%s", err.msg);
	assert_memory_equal(out.data, "%!PS-", 5);
	buf_release(&out);
	report_release(&report);
}

/* tbl can't break a cell across pages: one that is higher than a page is cut, and all of it is
 * there. */
static void test_high_cell(void **state)
{
	static const char *const columns[] = { "Name", "Text" };
	struct report report = { .facts = json_object() };
	struct report_section *section = report_section(&report, "High");
	struct report_table *table = section_table(section, columns, 2);
	struct buf text = BUF_INIT, source = BUF_INIT;

	(void)state;
	for (int i = 0; i < 4000; i++)
		buf_printf(&text, "w%d%s", i, i % 10 == 0 ? "\n" : " \314\201\344\270\255 ");
	table_row(table, (const char *[]){ "a name", buf_str(&text) });
	groff_source(&report, &source);
	assert_non_null(strstr(buf_str(&source), "w3999"));
	assert_int_equal(count_of(buf_str(&source), "\\[u4E2D]\\:"), 3600);
	assert_true(count_of(buf_str(&source), "\nT}\tT{\n") > 10);
	for (const char *at = strstr(buf_str(&source), "T{\n"); at; at = strstr(at + 1, "T{\n")) {
		const char *end = strstr(at, "\nT}");

		assert_true(end && end - at < 12000);
	}
	buf_release(&text);
	buf_release(&source);
	report_release(&report);
}

/* A folder that is all of PATH, or stands before it, until the test ends. */
struct path {
	char *folder, *before;
};

static int path_setup(void **state)
{
	struct path *path = xcalloc(1, sizeof(*path));

	path->folder = scratch_new();
	path->before = xstrdup(getenv("PATH"));
	*state = path;
	return setenv("PATH", path->folder, 1);
}

static int path_teardown(void **state)
{
	struct path *path = *state;

	setenv("PATH", path->before, 1);
	scratch_free(path->folder);
	free(path->before);
	free(path);
	return 0;
}

/* Where groff is missing the error names the package; where its macros are, too. */
static void test_groff_missing(void **state)
{
	static const char *const lacking =
	    "#!/bin/sh\ncat >/dev/null\n"
	    "echo \"troff: fatal error: can't find macro file s\" >&2\nexit 1\n";
	const struct path *path = *state;
	char *groff = path_join(path->folder, "groff");
	char *both = xasprintf("%s:%s", path->folder, path->before);
	struct report report;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	hostile(&report);
	assert_int_equal(report_pdf.write(&report, &out, &err), -1);
	assert_non_null(strstr(err.hint, "install the package groff"));
	err_clear(&err);
	assert_int_equal(file_replace(groff, lacking, strlen(lacking), 0755, &err), 0);
	setenv("PATH", both, 1);
	assert_int_equal(report_pdf.write(&report, &out, &err), -1);
	assert_non_null(strstr(err.msg, "can't find macro file s"));
	assert_non_null(strstr(err.hint, "groff-base is not enough"));
	assert_int_equal(out.len, 0);
	free(groff);
	free(both);
	report_release(&report);
}

/* ---- The plot ---- */

static bool labels_apart(const struct plot *plot, double char_width)
{
	for (size_t i = 0; i < plot->nmarks; i++) {
		const struct plot_mark *a = &plot->marks[i];

		for (size_t k = 0; k < i; k++) {
			const struct plot_mark *b = &plot->marks[k];

			if (a->row == b->row && a->leftwards == b->leftwards &&
			    fabs(a->at - b->at) < char_width * 14)
				return false;
		}
	}
	return true;
}

static void test_plot(void **state)
{
	struct report report;
	struct plot plot;
	size_t begins = 0;

	(void)state;
	hostile(&report);
	assert_true(plot_init(&plot, &report.sections[4].charts[0], 0.011, 0.1));
	for (size_t i = 0; i < plot.npoints; i++) {
		assert_true(plot.points[i].x >= 0 && plot.points[i].x <= 1);
		assert_true(plot.points[i].y >= 0 && plot.points[i].y <= 1);
		begins += plot.points[i].begins;
	}
	assert_int_equal(plot.npoints, 115);
	assert_int_equal(begins, 2);
	assert_int_equal(plot.nmarks, 3);
	assert_true(labels_apart(&plot, 0.011));
	assert_true(plot.marks[2].leftwards);
	assert_int_equal(plot.nlines, 2);
	assert_true(fabs(plot.lines[0].label_at - plot.lines[1].label_at) > 0.099);
	assert_true(plot.nx >= 3 && plot.ny >= 3);
	plot_release(&plot);
	assert_false(plot_init(&plot, &report.sections[4].charts[1], 0.011, 0.1));
	plot_release(&plot);
	report_release(&report);
}

/* Of a day's samples a single peak still shows. */
static void test_plot_keeps_peaks(void **state)
{
	struct report_chart chart = {
		.npoints = 86400, .info = NAN, .warning = NAN, .critical = NAN
	};
	struct plot plot;
	double highest = 0;

	(void)state;
	chart.points = xcalloc(chart.npoints, sizeof(*chart.points));
	for (size_t i = 0; i < chart.npoints; i++)
		chart.points[i] =
		    (struct chart_point){ START + (int64_t)i * CLOCK_US, i == 43210 ? 100 : 1 };
	assert_true(plot_init(&plot, &chart, 0.01, 0.1));
	for (size_t i = 0; i < plot.npoints; i++)
		highest = fmax(highest, plot.points[i].y);
	assert_true(plot.npoints < 700);
	assert_true(highest > 0.99);
	plot_release(&plot);
	free(chart.points);
}

/* Two marks at almost the same time, given the wrong way round; a night when nobody measured. */
static void test_plot_marks_and_gaps(void **state)
{
	struct report_chart chart = {
		.npoints = 120, .info = NAN, .warning = NAN, .critical = NAN
	};
	struct plot plot;
	size_t begins = 0;

	(void)state;
	chart.points = xcalloc(chart.npoints, sizeof(*chart.points));
	for (size_t i = 0; i < chart.npoints; i++)
		chart.points[i] =
		    (struct chart_point){ START + ((int64_t)i + (i >= 60 ? 3600 : 0)) * CLOCK_US,
					  (double)(i % 7) };
	chart_mark(&chart, START + 1802 * CLOCK_US, "Decision");
	chart_mark(&chart, START + 1800 * CLOCK_US, "T");
	chart_mark(&chart, START + 1790 * CLOCK_US, "Alert");
	assert_true(plot_init(&plot, &chart, 0.011, 0.1));
	assert_int_equal(plot.nmarks, 3);
	assert_true(plot.rows <= 3);
	assert_true(labels_apart(&plot, 0.011));
	for (size_t i = 0; i < plot.npoints; i++)
		begins += plot.points[i].begins;
	assert_int_equal(begins, 2);
	plot_release(&plot);
	for (size_t i = 0; i < chart.nmarks; i++)
		free(chart.marks[i].label);
	free(chart.marks);
	free(chart.points);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_groff_source),
		cmocka_unit_test(test_groff_accepts),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_high_cell),
		cmocka_unit_test_setup_teardown(test_groff_missing, path_setup, path_teardown),
		cmocka_unit_test(test_plot),
		cmocka_unit_test(test_plot_keeps_peaks),
		cmocka_unit_test(test_plot_marks_and_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
