/* Metrics over windows: gaps, clocks that are set, restarts, and what is not known. */
#include <math.h>

#include "core/derive.h"
#include "core/kept.h"
#include "core/load.h"
#include "core/lookback.h"
#include "core/sense.h"
#include "core/vocabulary.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"
#include "tests/unit/scratch.h"

#define S    CLOCK_US
#define MIN  (60 * S)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)
#define T0   (1700000000 * S)

/* ---- windows ---- */

static struct reading over(const struct lookback *look, enum lookback_of of, double percent,
			   int64_t max_gap, int64_t now)
{
	struct reading out = { 0 };

	lookback_read(look, of, percent, max_gap, now, &out);
	return out;
}

static void figures_over_a_window(void **state)
{
	struct lookback look;

	(void)state;
	lookback_init(&look, 10 * MIN);
	assert_int_equal(over(&look, LOOKBACK_MEAN, 0, 0, T0).verdict, VERDICT_UNKNOWN);
	for (int i = 1; i <= 100; i++)
		lookback_add(&look, T0 + i * S, i);
	lookback_add(&look, T0 + 100 * S, NAN);
	lookback_add(&look, T0 + 100 * S, INFINITY);
	assert_float_equal(over(&look, LOOKBACK_MEAN, 0, 0, T0 + 100 * S).value, 50.5, 1e-9);
	assert_float_equal(over(&look, LOOKBACK_MIN, 0, 0, T0 + 100 * S).value, 1, 0);
	assert_float_equal(over(&look, LOOKBACK_MAX, 0, 0, T0 + 100 * S).value, 100, 0);
	assert_float_equal(over(&look, LOOKBACK_PERCENTILE, 95, 0, T0 + 100 * S).value, 95, 0);
	assert_float_equal(over(&look, LOOKBACK_PERCENTILE, 0, 0, T0 + 100 * S).value, 1, 0);
	assert_float_equal(over(&look, LOOKBACK_PERCENTILE, 100, 0, T0 + 100 * S).value, 100, 0);
	assert_float_equal(over(&look, LOOKBACK_GROWTH, 0, 0, T0 + 100 * S).value, 1, 1e-9);
	/* The window moves on: half of it is out, then all. */
	assert_float_equal(over(&look, LOOKBACK_MIN, 0, 0, T0 + 650 * S).value, 50, 0);
	assert_int_equal(over(&look, LOOKBACK_MIN, 0, 0, T0 + 800 * S).verdict, VERDICT_UNKNOWN);
	lookback_release(&look);
}

static void gaps_are_known(void **state)
{
	struct lookback look;

	(void)state;
	lookback_init(&look, HOUR);
	for (int64_t at = T0; at <= T0 + HOUR; at += 10 * S)
		if (at < T0 + 20 * MIN || at > T0 + 30 * MIN)
			lookback_add(&look, at, 1);
	assert_true(lookback_gap(&look, T0 + HOUR) == 10 * MIN + 20 * S);
	assert_int_equal(over(&look, LOOKBACK_MEAN, 0, 11 * MIN, T0 + HOUR).verdict, VERDICT_PASS);
	assert_int_equal(over(&look, LOOKBACK_MEAN, 0, 10 * MIN, T0 + HOUR).verdict,
			 VERDICT_UNKNOWN);
	/* So is what was not seen at its beginning and since its end. */
	lookback_release(&look);
	lookback_init(&look, HOUR);
	lookback_add(&look, T0, 1);
	assert_true(lookback_gap(&look, T0) == HOUR);
	assert_true(lookback_gap(&look, T0 + 50 * MIN) == 50 * MIN);
	lookback_release(&look);
}

static void a_clock_that_is_set_back_takes_its_future_along(void **state)
{
	struct lookback look;

	(void)state;
	lookback_init(&look, HOUR);
	for (int i = 0; i < 60; i++)
		lookback_add(&look, T0 + i * MIN, 100);
	lookback_add(&look, T0 + 10 * MIN, 1);
	assert_int_equal(look.n, 11);
	assert_true(look.points[look.n - 1].at == T0 + 10 * MIN);
	lookback_release(&look);
}

static void long_windows_take_little_memory(void **state)
{
	struct lookback look;
	struct reading mean;

	(void)state;
	lookback_init(&look, 30 * DAY);
	for (int i = 0; i < 400000; i++)
		lookback_add(&look, T0 + i * 10 * S, i % 2);
	assert_true(look.cap < 4 * LOOKBACK_POINTS);
	mean = over(&look, LOOKBACK_MEAN, 0, 0, T0 + 400000LL * 10 * S);
	assert_float_equal(mean.value, 0.5, 1e-3);
	assert_float_equal(over(&look, LOOKBACK_MAX, 0, 0, T0 + 400000LL * 10 * S).value, 1, 0);
	lookback_release(&look);
}

static void growth_needs_time(void **state)
{
	struct lookback look;

	(void)state;
	lookback_init(&look, DAY);
	lookback_add(&look, T0, 1);
	lookback_add(&look, T0 + MIN, 2);
	lookback_add(&look, T0 + 2 * MIN, 3);
	assert_int_equal(over(&look, LOOKBACK_GROWTH, 0, 0, T0 + 2 * MIN).verdict, VERDICT_UNKNOWN);
	for (int i = 2; i < 200; i++)
		lookback_add(&look, T0 + i * MIN, 1 + i);
	assert_float_equal(over(&look, LOOKBACK_GROWTH, 0, 0, T0 + 199 * MIN).value * 60, 1, 1e-3);
	lookback_release(&look);
	/* A moment is no time. */
	lookback_init(&look, 0);
	for (int i = 0; i < 5; i++)
		lookback_add(&look, T0, i);
	assert_int_equal(over(&look, LOOKBACK_GROWTH, 0, 0, T0).verdict, VERDICT_UNKNOWN);
	lookback_release(&look);
}

/* ---- derived metrics ---- */

struct fixture {
	struct clock_manual clock;
	struct jdoc doc;
	struct runbook *runbook;
	struct derive *derive;
	struct reading latest[16];
	char *folder;
};

static const char runbook_text[] =
    "{\"format\": 1, \"system\": \"shop\", \"title\": \"A shop\","
    " \"sources\": {\"host\": {\"host\": {}}},"
    " \"probes\": {\"up\": {\"tcp\": \"localhost:1\"}},"
    " \"metrics\": {"
    "  \"memory\": {\"host\": \"host\", \"read\": \"memory_percent\"},"
    "  \"load\": {\"host\": \"host\", \"read\": \"load\"},"
    "  \"leak\": {\"metric\": \"memory\", \"read\": \"growth_per_hour\", \"window\": \"1h\"},"
    "  \"share\": {\"metric\": \"memory\", \"read\": \"share\", \"to\": \"load\"},"
    "  \"change\": {\"metric\": \"memory\", \"read\": \"change\", \"window\": \"1m\"},"
    "  \"change-of-given\": {\"metric\": \"memory\", \"read\": \"change\", \"window\": \"1m\", "
    "\"base\": 25},"
    "  \"down\": {\"probe\": \"up\", \"read\": \"down_for\"},"
    "  \"uptime\": {\"probe\": \"up\", \"read\": \"uptime\", \"window\": \"1h\"},"
    "  \"strict\": {\"probe\": \"up\", \"read\": \"uptime\", \"window\": \"1h\", \"max_gap\": "
    "\"5m\"}},"
    " \"bands\": {\"all\": {\"title\": \"All\", \"rows\": ["
    "  {\"metric\": \"uptime\", \"target\": 99.9, \"acceptable\": 99, \"alert\": 98},"
    "  {\"metric\": \"load\", \"acceptable\": 2, \"alert\": 4}]}}}";

static int64_t env_duration(void *data, const json_t *value, int64_t fallback)
{
	int64_t us;

	(void)data;
	return json_is_string(value) && duration_parse(json_string_value(value), &us) == 0
		   ? us
		   : fallback;
}

static double env_number(void *data, const json_t *value)
{
	(void)data;
	return json_is_number(value) ? json_number_value(value) : NAN;
}

static const struct reading *env_latest(void *data, const struct metric *metric)
{
	struct fixture *f = data;

	return &f->latest[metric - f->runbook->metrics];
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct findings findings = { 0 };
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct derive_env env = { .clock = &f->clock.clock,
				  .duration = env_duration,
				  .number = env_number,
				  .latest = env_latest,
				  .data = f };

	clock_manual_init(&f->clock, T0);
	assert_int_equal(jdoc_parse(&f->doc, "shop.json", runbook_text, strlen(runbook_text), &err),
			 0);
	f->runbook = runbook_build(&f->doc, 1, vocabulary_all(), &findings);
	findings_print(&findings, &text);
	if (!f->runbook)
		fail_msg("%s", buf_str(&text));
	findings_release(&findings);
	buf_release(&text);
	env.runbook = f->runbook;
	f->derive = derive_new(&env);
	f->folder = scratch_new();
	setenv("BACKOUT_STATE_DIR", f->folder, 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	derive_free(f->derive);
	runbook_free(f->runbook);
	jdoc_release(&f->doc);
	scratch_free(f->folder);
	free(f);
	return 0;
}

static const struct metric *metric_of(const struct fixture *f, const char *name)
{
	const struct metric *metric = runbook_metric(f->runbook, name);

	assert_non_null(metric);
	return metric;
}

static struct reading derived(const struct fixture *f, const char *name)
{
	struct reading out = { 0 };

	derive_read(f->derive, metric_of(f, name), &out);
	return out;
}

static void look(struct fixture *f, int64_t at, enum verdict verdict)
{
	derive_probe(f->derive, runbook_probe(f->runbook, "up"), at, verdict);
	f->clock.wall_us = at;
}

static void a_leak_shows_as_a_slope(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i <= 60; i++)
		derive_metric(f->derive, metric_of(f, "memory"), T0 + i * MIN, 10 + i / 6.0);
	f->clock.wall_us = T0 + HOUR;
	assert_float_equal(derived(f, "leak").value, 10, 1e-6);
	assert_string_equal(derived(f, "leak").unit, "/h");
}

static void down_for_counts_from_the_last_pass(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(derived(f, "down").verdict, VERDICT_UNKNOWN);
	look(f, T0, VERDICT_PASS);
	f->clock.wall_us += MIN;
	assert_true(derived(f, "down").verdict == VERDICT_PASS && derived(f, "down").value == 0);
	look(f, T0 + 2 * MIN, VERDICT_FAIL);
	assert_float_equal(derived(f, "down").value, 120, 0);
	look(f, T0 + 3 * MIN, VERDICT_FAIL);
	assert_float_equal(derived(f, "down").value, 180, 0);
	/* Unknown is not down, and no passing. */
	look(f, T0 + 4 * MIN, VERDICT_UNKNOWN);
	assert_int_equal(derived(f, "down").verdict, VERDICT_UNKNOWN);
	look(f, T0 + 5 * MIN, VERDICT_FAIL);
	assert_float_equal(derived(f, "down").value, 300, 0);
	look(f, T0 + 6 * MIN, VERDICT_PASS);
	assert_float_equal(derived(f, "down").value, 0, 0);
	/* A passing long before says nothing: it counts from the first failure. */
	look(f, T0 + 6 * HOUR, VERDICT_FAIL);
	f->clock.wall_us += MIN;
	assert_float_equal(derived(f, "down").value, 60, 0);
	/* The clock is set back by a day: never a negative time, nor a whole day. */
	look(f, T0 - DAY, VERDICT_FAIL);
	assert_float_equal(derived(f, "down").value, 0, 0);
}

static void uptime_is_of_what_was_seen(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 40; i++)
		look(f, T0 + i * MIN,
		     i % 4 == 0	  ? VERDICT_FAIL
		     : i % 4 == 1 ? VERDICT_UNKNOWN
				  : VERDICT_PASS);
	assert_float_equal(derived(f, "uptime").value, 66.6667f, 1e-3);
	assert_int_equal(derived(f, "strict").verdict, VERDICT_UNKNOWN);
	for (int i = 40; i <= 60; i++)
		look(f, T0 + i * MIN, VERDICT_PASS);
	assert_int_equal(derived(f, "strict").verdict, VERDICT_PASS);
	f->clock.wall_us += 6 * MIN;
	assert_int_equal(derived(f, "strict").verdict, VERDICT_UNKNOWN);
}

static void quotients_and_changes(void **state)
{
	struct fixture *f = *state;
	json_t *baselines = json_loads("{\"memory\": {\"value\": 40}}", 0, NULL);
	size_t memory = (size_t)(metric_of(f, "memory") - f->runbook->metrics);
	size_t load = (size_t)(metric_of(f, "load") - f->runbook->metrics);

	assert_int_equal(derived(f, "share").verdict, VERDICT_UNKNOWN);
	reading_value(&f->latest[memory], T0, 50, "%");
	reading_value(&f->latest[load], T0, 0, "");
	assert_int_equal(derived(f, "share").verdict, VERDICT_UNKNOWN);
	reading_value(&f->latest[load], T0, 200, "");
	assert_float_equal(derived(f, "share").value, 25, 0);
	derive_metric(f->derive, metric_of(f, "memory"), T0, 50);
	assert_int_equal(derived(f, "change").verdict, VERDICT_UNKNOWN);
	derive_metric(f->derive, metric_of(f, "memory"), T0, 50);
	assert_float_equal(derived(f, "change-of-given").value, 100, 0);
	derive_baselines(f->derive, baselines);
	assert_float_equal(derived(f, "change").value, 25, 0);
	/* What was recorded here is truer than what the runbook gives, as long as it is there. */
	assert_float_equal(derived(f, "change-of-given").value, 25, 0);
	json_object_clear(baselines);
	derive_baselines(f->derive, baselines);
	assert_float_equal(derived(f, "change-of-given").value, 100, 0);
	json_decref(baselines);
}

static void bands_give_thresholds(void **state)
{
	struct fixture *f = *state;
	const struct metric *uptime = metric_of(f, "uptime"), *load = metric_of(f, "load");

	assert_true(uptime->below && !load->below);
	assert_float_equal(json_number_value(uptime->limit[LEVEL_WARNING]), 99, 0);
	assert_float_equal(json_number_value(load->limit[LEVEL_CRITICAL]), 4, 0);
	assert_ptr_equal(runbook_band(f->runbook, load)->metric, load);
	assert_null(runbook_band(f->runbook, metric_of(f, "memory")));
}

/* ---- what is kept ---- */

struct recalled {
	size_t n, probes;
	double sum;
	int64_t last;
};

static bool all(const char *name, bool probe, void *data)
{
	(void)data;
	return probe || strcmp(name, "other") != 0;
}

static void recall(const struct kept_sample *sample, void *data)
{
	struct recalled *recalled = data;

	recalled->n++;
	recalled->probes += sample->probe;
	recalled->sum += isnan(sample->value) ? 0 : sample->value;
	recalled->last = sample->at;
}

static void samples_outlive_the_process(void **state)
{
	struct fixture *f = *state;
	struct kept *kept = kept_new("shop", "attic", &f->clock.clock), *other;
	struct recalled recalled = { 0 };
	char *path;

	/* Over midnight: two files. */
	f->clock.wall_us = 1700092800 * S;
	for (int i = -5; i < 5; i++) {
		assert_int_equal(kept_metric(kept, "me\"m", f->clock.wall_us + i * MIN, 1, NULL),
				 0);
		assert_int_equal(kept_metric(kept, "other", f->clock.wall_us + i * MIN, 100, NULL),
				 0);
	}
	kept_metric(kept, "me\"m", f->clock.wall_us, NAN, NULL);
	kept_probe(kept, "up", f->clock.wall_us, VERDICT_PASS, NULL);
	kept_probe(kept, "up", f->clock.wall_us, VERDICT_UNKNOWN, NULL);
	f->clock.wall_us += HOUR;
	/* Another process does not write while this one does. */
	other = kept_new("shop", "attic", &f->clock.clock);
	kept_metric(other, "me\"m", f->clock.wall_us, 1000, NULL);
	/* A line that a crash cut, and one that is no sample. */
	path = xasprintf("%s/metrics_20231116.jsonl", kept_folder(kept));
	scratch_puts(path,
		     "{\"at\":\"2023-11-16T00:30:00.000000Z\",\"metric\":\"x\",\"value\":\"y\"}\n");
	scratch_puts(path, "{\"at\":\"2023-11-16T00:30:00.000000Z\",\"metric\":\"me");
	kept_read(kept, f->clock.wall_us - DAY, all, recall, &recalled);
	assert_int_equal(recalled.n, 12);
	assert_int_equal(recalled.probes, 2);
	assert_float_equal(recalled.sum, 11, 0);
	recalled = (struct recalled){ 0 };
	kept_read(kept, f->clock.wall_us - HOUR, all, recall, &recalled);
	assert_int_equal(recalled.n, 7);
	free(path);
	/* When the writer is gone, the next one takes over. */
	kept_free(kept);
	kept_metric(other, "late", f->clock.wall_us, 7, NULL);
	recalled = (struct recalled){ 0 };
	kept_read(other, f->clock.wall_us - 1, all, recall, &recalled);
	assert_int_equal(recalled.n, 1); /* behind the line that was cut */
	kept_free(other);
}

static void names_do_not_lead_out_of_the_folder(void **state)
{
	struct fixture *f = *state;

	assert_null(kept_new("..", "x", &f->clock.clock));
	assert_null(kept_new("shop", "a/b", &f->clock.clock));
	assert_null(kept_new("shop", NULL, &f->clock.clock));
}

static void mutes_and_baselines_are_kept(void **state)
{
	struct fixture *f = *state;
	struct kept *kept = kept_new("shop", "attic", &f->clock.clock);
	json_t *mutes = kept_mutes(kept);

	assert_int_equal(json_object_size(mutes), 0);
	json_decref(mutes);
	assert_int_equal(kept_mute_set(kept, "load", json_pack("{s:s}", "until", "x"), NULL), 0);
	assert_int_equal(kept_baseline_set(kept, "load", json_pack("{s:i}", "value", 3), NULL), 0);
	mutes = kept_mutes(kept);
	assert_int_equal(json_object_size(mutes), 1);
	json_decref(mutes);
	assert_int_equal(kept_mute_set(kept, "load", NULL, NULL), 0);
	mutes = kept_mutes(kept);
	assert_int_equal(json_object_size(mutes), 0);
	json_decref(mutes);
	mutes = kept_baselines(kept);
	assert_float_equal(json_num(json_object_get(mutes, "load"), "value", 0), 3, 0);
	json_decref(mutes);
	kept_free(kept);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_over_a_window),
		cmocka_unit_test(gaps_are_known),
		cmocka_unit_test(a_clock_that_is_set_back_takes_its_future_along),
		cmocka_unit_test(long_windows_take_little_memory),
		cmocka_unit_test(growth_needs_time),
		TEST(a_leak_shows_as_a_slope),
		TEST(down_for_counts_from_the_last_pass),
		TEST(uptime_is_of_what_was_seen),
		TEST(quotients_and_changes),
		TEST(bands_give_thresholds),
		TEST(samples_outlive_the_process),
		TEST(names_do_not_lead_out_of_the_folder),
		TEST(mutes_and_baselines_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
