/* What Prometheus scrapes: the text, growth over restarts and gaps, percentiles from histograms. */
#include "tests/unit/scratch.h"

#include <math.h>

#include "lib/clock.h"
#include "lib/promtext.h"
#include "sources/promseries.h"

#define S CLOCK_US

struct seen {
	size_t n;
	double last;
	char label[40];
};

static void on_sample(const struct prom_sample *sample, void *data)
{
	struct seen *seen = data;

	seen->n++;
	seen->last = sample->value;
	if (!prom_label(sample, "path", seen->label, sizeof(seen->label)))
		seen->label[0] = '\0';
}

static size_t read_text(const char *text, struct seen *seen)
{
	*seen = (struct seen){ 0 };
	return prom_read(text, strlen(text), on_sample, seen);
}

static void samples_are_read(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(read_text("# HELP up whether\n# TYPE up gauge\nup 1\n", &seen), 0);
	assert_true(seen.n == 1 && seen.last == 1);
	assert_int_equal(
	    read_text("a{path=\"C:\\\\x\\n\\\"y\\\"\",b=\"}\",} 2.5e3 1700000000000\r\n", &seen),
	    0);
	assert_true(seen.n == 1 && seen.last == 2500);
	assert_string_equal(seen.label, "C:\\x\n\"y\"");
	assert_int_equal(read_text("  a { path = \"/\" }  -Inf # {id=\"1\"} 3", &seen), 0);
	assert_true(seen.n == 1 && seen.last == -INFINITY);
	assert_int_equal(read_text("a NaN\nb +Inf", &seen), 0);
	assert_true(seen.n == 2 && seen.last == INFINITY);
}

static void nonsense_is_counted(void **state)
{
	static const char *const lines[] = {
		"a",	       "a ",	 "{} 1", "a{ 1",  "a{b} 1", "a{b=} 1",	      "a{b=\"} 1",
		"a{b=\"c\" 1", "a 0x10", "a 1e", "a one", "<html>", "a{b=\"c\\\"} 1", "\xff 1",
	};
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (read_text(lines[i], &seen) != 1 || seen.n != 0)
			fail_msg("\"%s\" was read", lines[i]);
	}
	assert_int_equal(prom_read("a{b=\"\0\"} 1\n", 11, on_sample, &seen), 0);
}

static void feed(struct prom_selector *selector, const char *text, int64_t at)
{
	struct buf bytes = BUF_INIT;

	buf_puts(&bytes, text);
	prom_selector_feed(selector, &bytes, at);
	buf_release(&bytes);
}

static void labels_choose(void **state)
{
	json_t *labels = json_pack("{s:i}", "code", 500);
	struct prom_selector *all = prom_selector_new("r", NULL);
	struct prom_selector *some = prom_selector_new("r", labels);
	const char *text =
	    "r{code=\"200\"} 10\nr{code=\"500\",x=\"1\"} 3\nr{code=\"500\"} 4\nrr 9\n";

	(void)state;
	feed(all, text, S);
	feed(some, text, S);
	assert_int_equal(prom_selector_matched(all), 3);
	assert_true(prom_selector_value(all, "sum") == 17);
	assert_true(prom_selector_value(all, "max") == 10);
	assert_true(prom_selector_value(some, "sum") == 7);
	assert_true(prom_selector_value(some, "min") == 3);
	assert_true(prom_selector_value(some, "count") == 2);
	feed(some, "r{code=\"200\"} 10\n", 2 * S);
	assert_int_equal(prom_selector_matched(some), 0);
	prom_selector_free(all);
	prom_selector_free(some);
	json_decref(labels);
}

static void a_restart_is_no_loss(void **state)
{
	struct prom_selector *selector = prom_selector_new("c", NULL);
	int64_t first, last;

	(void)state;
	feed(selector, "c{a=\"1\"} 1000\nc{a=\"2\"} 5\n", 10 * S);
	prom_selector_growth(selector, 0, 0, &first, &last);
	assert_true(first == last);
	feed(selector, "c{a=\"1\"} 1010\nc{a=\"2\"} 5\n", 20 * S);
	/* Restarted: 3 since then. One series is new: it came from nothing. */
	feed(selector, "c{a=\"2\"} 3\nc{a=\"3\"} 2\n", 30 * S);
	assert_true(prom_selector_growth(selector, 0, 0, &first, &last) == 15);
	assert_true(first == 10 * S && last == 30 * S);
	assert_true(prom_selector_growth(selector, 20 * S, 0, &first, &last) == 5);
	assert_true(first == 20 * S);
	/* A span that begins after the last scrape but one still has two. */
	assert_true(prom_selector_growth(selector, 29 * S, 0, &first, &last) == 5);
	prom_selector_free(selector);
}

/* What grew before a step's end is none of its verify's business; and growth over an hour without
 * a scrape is no rate of the last minute. */
static void nothing_older_counts(void **state)
{
	struct prom_selector *selector = prom_selector_new("c", NULL);
	int64_t first, last;

	(void)state;
	feed(selector, "c 100\n", 10 * S);
	feed(selector, "c 200\n", 20 * S);
	feed(selector, "c 201\n", 30 * S);
	assert_true(prom_selector_growth(selector, 15 * S, 15 * S, &first, &last) == 1);
	assert_true(first == 20 * S && last == 30 * S);
	assert_true(prom_selector_growth(selector, 25 * S, 25 * S, &first, &last) == 0);
	assert_true(first == last);
	feed(selector, "c 5000\n", 3630 * S);
	prom_selector_growth(selector, 3570 * S, 3510 * S, &first, &last);
	assert_true(first == last);
	feed(selector, "c 5010\n", 3640 * S);
	assert_true(prom_selector_growth(selector, 3580 * S, 3520 * S, &first, &last) == 10);
	prom_selector_free(selector);
}

static void too_many_series_are_said(void **state)
{
	struct prom_selector *selector = prom_selector_new("c", NULL);
	struct buf text = BUF_INIT;

	(void)state;
	for (int i = 0; i < PROM_SERIES; i++)
		buf_printf(&text, "c{id=\"%d\"} 1\n", i);
	prom_selector_feed(selector, &text, S);
	assert_false(prom_selector_is_full(selector));
	buf_puts(&text, "c{id=\"one more\"} 1\n");
	prom_selector_feed(selector, &text, 2 * S);
	assert_true(prom_selector_is_full(selector));
	assert_true(prom_selector_value(selector, "sum") == PROM_SERIES + 1);
	buf_release(&text);
	prom_selector_free(selector);
}

static void labels_may_hold_any_byte(void **state)
{
	struct prom_selector *selector = prom_selector_new("c", NULL);
	static const char text[] = "c{a=\"x\"} 1\nc{a=\"\0\0 longer\"} 2\nc{a=\"\0y\"} 3\n";
	struct buf bytes = BUF_INIT;
	int64_t first, last;

	(void)state;
	buf_add(&bytes, text, sizeof(text) - 1);
	prom_selector_feed(selector, &bytes, S);
	prom_selector_feed(selector, &bytes, 2 * S);
	assert_int_equal(prom_selector_matched(selector), 3);
	assert_true(prom_selector_growth(selector, 0, 0, &first, &last) == 0);
	buf_release(&bytes);
	prom_selector_free(selector);
}

static void more_scrapes_than_are_kept(void **state)
{
	struct prom_selector *selector = prom_selector_new("c", NULL);
	int64_t first, last;
	char text[40];

	(void)state;
	for (int i = 1; i <= 3 * PROM_SCRAPES; i++) {
		snprintf(text, sizeof(text), "c %d\n", 2 * i);
		feed(selector, text, i * S);
	}
	assert_true(prom_selector_growth(selector, 0, 0, &first, &last) == 2 * (PROM_SCRAPES - 1));
	assert_true(last - first == (PROM_SCRAPES - 1) * S);
	prom_selector_free(selector);
}

static void percentiles_come_from_buckets(void **state)
{
	struct prom_selector *selector = prom_selector_new("h_bucket", NULL);

	(void)state;
	assert_true(isnan(prom_selector_quantile(selector, 0, 0, 0.95)));
	feed(selector,
	     "h_bucket{le=\"0.1\"} 100\nh_bucket{le=\"1\"} 100\nh_bucket{le=\"+Inf\"} 100\n",
	     10 * S);
	assert_true(isnan(prom_selector_quantile(selector, 0, 0, 0.95)));
	/* 100 came since: 50 up to 0.1, 90 up to 1. What was before does not count. */
	feed(selector,
	     "h_bucket{le=\"0.1\"} 150\nh_bucket{le=\"1\"} 190\nh_bucket{le=\"+Inf\"} 200\n",
	     20 * S);
	assert_true(fabs(prom_selector_quantile(selector, 0, 0, 0.5) - 0.1) < 1e-9);
	assert_true(fabs(prom_selector_quantile(selector, 0, 0, 0.7) - 0.55) < 1e-9);
	/* Past the last real bound. */
	assert_true(prom_selector_quantile(selector, 0, 0, 0.95) == 1);
	feed(selector,
	     "h_bucket{le=\"0.1\"} 150\nh_bucket{le=\"1\"} 190\nh_bucket{le=\"+Inf\"} 200\n",
	     30 * S);
	assert_true(isnan(prom_selector_quantile(selector, 20 * S, 0, 0.95)));
	prom_selector_free(selector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_read),
		cmocka_unit_test(nonsense_is_counted),
		cmocka_unit_test(labels_choose),
		cmocka_unit_test(a_restart_is_no_loss),
		cmocka_unit_test(nothing_older_counts),
		cmocka_unit_test(too_many_series_are_said),
		cmocka_unit_test(labels_may_hold_any_byte),
		cmocka_unit_test(more_scrapes_than_are_kept),
		cmocka_unit_test(percentiles_come_from_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
