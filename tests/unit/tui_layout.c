/* Where panels stand at the sizes that people have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/watch_layout.h"

static const struct layout_item log_item = { .want = 12, .least = 4, .tall = true, .wide = true };
static const struct layout_item chart = { .want = 8, .least = 4, .tall = true };
static const struct layout_item list = { .want = 6, .least = 4 };
static const struct layout_item extra = { .want = 10, .least = 4, .extra = true };

/* No two shown panels share a cell, none leaves the window. Returns the cells that have one. */
static int cells_of(const struct layout_place *places, size_t n, int h, int w)
{
	int cells = 0;

	for (size_t i = 0; i < n; i++) {
		const struct layout_place *a = &places[i];

		assert_true(a->y >= 0 && a->x >= 0 && a->y + a->h <= h && a->x + a->w <= w);
		cells += a->h * a->w;
		for (size_t k = 0; k < i; k++) {
			const struct layout_place *b = &places[k];

			assert_true(!a->h || !b->h || a->x >= b->x + b->w || b->x >= a->x + a->w ||
				    a->y >= b->y + b->h || b->y >= a->y + a->h);
		}
	}
	return cells;
}

/* Every cell has one, too. */
static void expect_tiling(const struct layout_place *places, size_t n, int h, int w)
{
	assert_int_equal(cells_of(places, n, h, w), h * w);
}

static void a_log_at_the_left(void **state)
{
	const struct layout_item items[] = { log_item, chart, list, list };
	struct layout_place places[4];

	(void)state;
	assert_int_equal(layout_panels(items, 4, 0, 19, 80, places), 0);
	expect_tiling(places, 4, 19, 80);
	assert_int_equal(places[0].w, 44);
	assert_int_equal(places[0].h, 19);
	assert_true(places[1].x == 44 && places[1].y == 0 && places[2].y == places[1].h);
	layout_panels(items, 4, 0, 45, 160, places);
	assert_int_equal(places[0].w, 80);
	layout_panels(items, 4, 0, 45, 200, places);
	expect_tiling(places, 4, 45, 200);
	assert_int_equal(places[0].w, 80);
	/* Three columns, in order. */
	assert_true(places[1].x == 80 && places[3].x == 140);
}

static void what_does_not_fit_is_counted(void **state)
{
	const struct layout_item items[] = { log_item, chart, list, list, list, list, extra };
	struct layout_place places[7];

	(void)state;
	assert_int_equal(layout_panels(items, 7, 0, 19, 80, places), 2);
	expect_tiling(places, 7, 19, 80);
	assert_true(places[5].h == 0 && places[6].h == 0);
	for (size_t i = 0; i < 5; i++)
		assert_true(places[i].h >= 4);
	/* More columns rather than none of the last ones. */
	assert_int_equal(layout_panels(items, 7, 0, 25, 120, places), 0);
	expect_tiling(places, 7, 25, 120);
}

static void the_focused_one_is_shown(void **state)
{
	const struct layout_item items[] = { log_item, chart, list, list, list, list, extra };
	struct layout_place before[7], places[7];

	(void)state;
	layout_panels(items, 7, 0, 19, 80, before);
	for (size_t focus = 5; focus < 7; focus++) {
		assert_int_equal(layout_panels(items, 7, focus, 19, 80, places), 2);
		expect_tiling(places, 7, 19, 80);
		assert_true(places[focus].h >= 4);
		/* The others keep their places. */
		assert_true(places[0].w == before[0].w && places[1].y == before[1].y);
	}
}

static void extra_ones_take_nothing_away(void **state)
{
	const struct layout_item items[] = { log_item, chart, list, extra, extra };
	struct layout_place with[5], without[5];

	(void)state;
	layout_panels(items, 3, 0, 16, 80, without);
	assert_int_equal(layout_panels(items, 5, 0, 16, 80, with), 2);
	assert_true(with[1].h == without[1].h && with[2].h == without[2].h);
	/* 8 + 6 are wanted: five rows are left for the first extra one. */
	assert_int_equal(layout_panels(items, 5, 0, 19, 80, with), 1);
	assert_true(with[1].h == 8 && with[2].h == 6 && with[3].h == 5);
}

static void any_size_will_do(void **state)
{
	const struct layout_item items[] = { log_item, log_item, chart, list,  chart,
					     list,     list,	 extra, extra, extra };
	const size_t n = sizeof(items) / sizeof(items[0]);
	struct layout_place places[10];

	(void)state;
	for (int h = 1; h <= 70; h++) {
		for (int w = 1; w <= 260; w++) {
			for (size_t from = 0; from < n; from += 2) {
				size_t hidden =
				    layout_panels(items + from, n - from,
						  (size_t)(h + w) % (n - from), h, w, places);

				assert_true(hidden < n - from);
				if (h >= 4)
					expect_tiling(places, n - from, h, w);
				cells_of(places, n - from, h, w);
				assert_true(places[(size_t)(h + w) % (n - from)].h > 0);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_at_the_left),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(the_focused_one_is_shown),
		cmocka_unit_test(extra_ones_take_nothing_away),
		cmocka_unit_test(any_size_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
