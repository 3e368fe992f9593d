/* A metric's hours out of the files of what was kept: read beside the loop, reduced, gaps kept. */
#include <math.h>

#include "core/past.h"
#include "tests/unit/scratch.h"

#define S    CLOCK_US
#define HOUR (3600 * S)
#define NOW  (1800000000 * S)

struct fixture {
	char *folder;
	struct clock_manual clock;
	struct loop *loop;
	struct kept *kept;
	struct past *past;
	int came;
};

static void came(void *data)
{
	((struct fixture *)data)->came++;
}

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->folder = scratch_new();
	setenv("BACKOUT_STATE_DIR", f->folder, 1);
	clock_manual_init(&f->clock, NOW);
	f->loop = loop_new(&clock_system, NULL);
	f->kept = kept_new("shop", "attic", &f->clock.clock);
	f->past = past_new(&(struct past_spec){ .loop = f->loop,
						.clock = &f->clock.clock,
						.kept = f->kept,
						.changed = came,
						.data = f });
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	past_free(f->past);
	kept_free(f->kept);
	loop_free(f->loop);
	scratch_free(f->folder);
	free(f);
	return 0;
}

static void keep(struct fixture *f, int64_t at, double value)
{
	assert_int_equal(kept_metric(f->kept, "errors", at, value, NULL), 0);
	assert_int_equal(kept_metric(f->kept, "others", at, 1000, NULL), 0);
}

static struct past_wish wish_of(int64_t span)
{
	return (struct past_wish){ .metric = "errors", .span_us = span, .max_gap = 60 * S };
}

/* The points when they have come. */
static const struct chart_point *points_of(struct fixture *f, const struct past_wish *wish,
					   size_t *n)
{
	const struct chart_point *points;
	int64_t until;

	for (int i = 0; i < 1000; i++) {
		points = past_points(f->past, wish, n, &until);
		if (until)
			return points;
		assert_int_equal(loop_turn(f->loop, 20, NULL), 0);
	}
	fail_msg("nothing came");
	return NULL;
}

static void hours_become_points(void **state)
{
	struct fixture *f = *state;
	struct past_wish wish = wish_of(24 * HOUR);
	const struct chart_point *points;
	double greatest = 0, least = 1e9;
	size_t n;

	/* Every ten seconds for three hours, over midnight or not; one value stands out. */
	for (int64_t at = NOW - 5 * HOUR; at < NOW - 2 * HOUR; at += 10 * S)
		keep(f, at, at == NOW - 4 * HOUR ? 99 : 5);
	keep(f, NOW - 30 * HOUR, 500); /* before the span */
	points = points_of(f, &wish, &n);
	assert_int_equal(f->came, 1);
	/* A slot is three minutes; no point for what nobody measured. */
	assert_in_range(n, 60, 62);
	for (size_t i = 0; i < n; i++) {
		assert_true(i == 0 || points[i].at > points[i - 1].at);
		greatest = fmax(greatest, points[i].value);
		least = fmin(least, points[i].value);
	}
	/* The worst stands for all of its slot, and nothing of another metric. */
	assert_true(greatest == 99 && least == 5);
	wish.below = true;
	points = points_of(f, &wish, &n);
	for (size_t i = 0; i < n; i++)
		assert_true(points[i].value == 5);
}

static void gaps_stay_gaps(void **state)
{
	struct fixture *f = *state;
	struct past_wish wish = wish_of(6 * HOUR);
	const struct chart_point *points;
	size_t n;

	keep(f, NOW - 3 * HOUR, 1);
	keep(f, NOW - 3 * HOUR + 50 * S, 2); /* within the longest gap: joined */
	keep(f, NOW - 2 * HOUR, 3);
	points = points_of(f, &wish, &n);
	assert_int_equal(n, 4);
	assert_true(points[0].value == 1 && points[1].value == 2 && isnan(points[2].value) &&
		    points[3].value == 3);
	assert_true(points[2].at > points[1].at && points[2].at < points[1].at + 60 * S);
}

static void is_read_again_when_it_is_old(void **state)
{
	struct fixture *f = *state;
	struct past_wish wish = wish_of(6 * HOUR);
	int64_t until;
	size_t n;

	keep(f, NOW - HOUR, 1);
	points_of(f, &wish, &n);
	assert_int_equal(n, 1);
	keep(f, NOW - 1 * S, 7);
	past_points(f->past, &wish, &n, &until);
	for (int i = 0; i < 3; i++)
		loop_turn(f->loop, 10, NULL);
	assert_int_equal(f->came, 1);
	clock_manual_advance(&f->clock, 60 * S);
	past_points(f->past, &wish, &n, &until);
	assert_int_equal(n, 1); /* what was there stays meanwhile */
	for (int i = 0; i < 500 && f->came < 2; i++)
		loop_turn(f->loop, 20, NULL);
	past_points(f->past, &wish, &n, &until);
	assert_int_equal(n, 3);
	assert_true(until == NOW + 60 * S);
}

static void nothing_is_kept_nothing_comes(void **state)
{
	struct fixture *f = *state;
	struct past *none = past_new(
	    &(struct past_spec){ .loop = f->loop, .clock = &f->clock.clock, .kept = NULL });
	struct past_wish wish = wish_of(6 * HOUR);
	int64_t until;
	size_t n;

	past_points(none, &wish, &n, &until);
	assert_true(n == 0 && until == NOW);
	past_free(none);
	past_free(NULL);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, begin, end)
	const struct CMUnitTest tests[] = {
		T(hours_become_points),
		T(gaps_stay_gaps),
		T(is_read_again_when_it_is_old),
		T(nothing_is_kept_nothing_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
