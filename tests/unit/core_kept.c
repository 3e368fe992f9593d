/* Samples kept by the day: over midnight, on a full disk, behind what a crash cut. */
#include "tests/unit/scratch.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/kept.h"
#include "lib/buf.h"

#define MIDNIGHT 1700006400000000LL /* 2023-11-15T00:00:00Z */

static int setup(void **state)
{
	*state = scratch_new();
	setenv("BACKOUT_STATE_DIR", *state, 1);
	return 0;
}

static bool wants_all(const char *name, bool probe, void *data)
{
	(void)name, (void)probe, (void)data;
	return true;
}

static void add_value(const struct kept_sample *sample, void *data)
{
	buf_printf(data, "%s=%g ", sample->name, sample->value);
}

static void reads(const struct kept *kept, const char *expected)
{
	struct buf out = BUF_INIT;

	kept_read(kept, MIDNIGHT - 3600 * CLOCK_US, wants_all, add_value, &out);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static char *file_of(const struct kept *kept, const char *day)
{
	return xasprintf("%s/metrics_%s.jsonl", kept_folder(kept), day);
}

static void each_day_has_its_file(void **state)
{
	struct clock_manual clock;
	struct kept *kept;
	char *before, *after;

	(void)state;
	clock_manual_init(&clock, MIDNIGHT + CLOCK_US);
	kept = kept_new("shop", "attic", &clock.clock);
	assert_int_equal(kept_metric(kept, "m", MIDNIGHT - 1, 1, NULL), 0);
	assert_int_equal(kept_metric(kept, "m", MIDNIGHT, 2, NULL), 0);
	assert_int_equal(kept_probe(kept, "p", MIDNIGHT + CLOCK_US, VERDICT_FAIL, NULL), 0);
	before = file_of(kept, "20231114");
	after = file_of(kept, "20231115");
	assert_true(file_exists(before) && file_exists(after));
	reads(kept, "m=1 m=2 p=0 ");
	free(before);
	free(after);
	kept_free(kept);
}

/* The rest of the file: as large as it may become. */
static void room_for(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_is_said_and_cuts_no_line(void **state)
{
	struct clock_manual clock;
	struct err err = ERR_INIT;
	struct kept *kept;
	struct stat st;
	char *path;

	(void)state;
	clock_manual_init(&clock, MIDNIGHT + 60 * CLOCK_US);
	kept = kept_new("shop", "attic", &clock.clock);
	assert_int_equal(kept_metric(kept, "m", MIDNIGHT, 1, &err), 0);
	assert_string_equal(kept_trouble(kept), "");
	path = file_of(kept, "20231115");
	assert_int_equal(stat(path, &st), 0);
	room_for((rlim_t)st.st_size + 20);
	assert_int_equal(kept_metric(kept, "m", MIDNIGHT + CLOCK_US, 2, &err), -1);
	assert_non_null(strstr(err.msg, path));
	assert_non_null(strstr(kept_trouble(kept), path));
	room_for(RLIM_INFINITY);
	assert_int_equal(kept_metric(kept, "m", MIDNIGHT + 2 * CLOCK_US, 3, NULL), 0);
	assert_string_equal(kept_trouble(kept), "");
	reads(kept, "m=1 m=3 ");
	free(path);
	kept_free(kept);
}

static void what_a_crash_cut_costs_no_other_line(void **state)
{
	struct clock_manual clock;
	struct kept *kept;
	char *path;

	(void)state;
	clock_manual_init(&clock, MIDNIGHT + 60 * CLOCK_US);
	kept = kept_new("shop", "attic", &clock.clock);
	assert_int_equal(kept_metric(kept, "m", MIDNIGHT, 1, NULL), 0);
	path = file_of(kept, "20231115");
	scratch_puts(path, "{\"at\":\"2023-11-15T00:00:01Z\",\"metr");
	assert_int_equal(kept_metric(kept, "m", MIDNIGHT + 2 * CLOCK_US, 3, NULL), 0);
	assert_int_equal(kept_metric(kept, "m", MIDNIGHT + 3 * CLOCK_US, 4, NULL), 0);
	reads(kept, "m=1 m=3 m=4 ");
	free(path);
	kept_free(kept);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_day_has_its_file),
		TEST(a_full_disk_is_said_and_cuts_no_line),
		TEST(what_a_crash_cut_costs_no_other_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
