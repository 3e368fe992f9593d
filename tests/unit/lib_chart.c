/* Charts as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/chart.h"
#include "lib/text.h"

static void expect_cells(const struct cell *cells, int width, int height, const char *expected)
{
	struct buf out = BUF_INIT;

	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++)
			utf8_put(&out, cells[y * width + x].cp);
		buf_putc(&out, '\n');
	}
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static struct chart_spec spec_of(const struct chart_point *points, size_t n, int64_t to)
{
	return (struct chart_spec){ .width = 6,
				    .height = 3,
				    .glyphs = CHART_ASCII,
				    .from = 0,
				    .to = to,
				    .info = NAN,
				    .warning = NAN,
				    .critical = NAN,
				    .points = points,
				    .npoints = n };
}

static void bars_rise_and_gaps_stay_empty(void **state)
{
	const struct chart_point points[] = {
		{ 0, 10 }, { 10, 30 }, { 20, NAN }, { 40, 20 }, { 50, 30 }
	};
	struct chart_spec spec = spec_of(points, 5, 60);
	struct cell cells[18];
	double low, high;

	(void)state;
	chart_draw(&spec, cells, &low, &high);
	assert_true(low == 0 && high == 30);
	expect_cells(cells, 6, 3,
		     " |   |\n"
		     " |  ||\n"
		     "||  ||\n");
	spec.glyphs = CHART_BLOCK;
	chart_draw(&spec, cells, &low, &high);
	expect_cells(cells, 6, 3,
		     " █   █\n"
		     " █  ██\n"
		     "██  ██\n");
	spec.glyphs = CHART_BRAILLE;
	chart_draw(&spec, cells, &low, &high);
	expect_cells(cells, 6, 3,
		     " ⣿   ⡇\n"
		     " ⣿  ⣿⡇\n"
		     "⣿⣿  ⣿⡇\n");
}

static void a_column_shows_its_worst(void **state)
{
	const struct chart_point points[] = { { 0, 10 }, { 1, 90 }, { 2, 20 }, { 10, 20 } };
	struct chart_spec spec = spec_of(points, 4, 60);
	struct cell cells[18];
	double low, high;

	(void)state;
	spec.warning = 50;
	spec.critical = 80;
	chart_draw(&spec, cells, &low, &high);
	assert_int_equal(cells[12].class, CELL_CRITICAL);
	assert_int_equal(cells[13].class, CELL_OK);
	spec.below = true;
	spec.warning = 15;
	spec.critical = 5;
	chart_draw(&spec, cells, &low, &high);
	assert_int_equal(cells[12].class, CELL_WARNING); /* the minimum, 10, undershoots 15 */
	assert_int_equal(cells[13].class, CELL_OK);
}

static void thresholds_are_dashed_behind_the_bars(void **state)
{
	const struct chart_point points[] = { { 0, 100 }, { 10, 10 }, { 20, NAN } };
	struct chart_spec spec = spec_of(points, 3, 60);
	struct cell cells[18];
	double low, high;

	(void)state;
	spec.high = 100;
	spec.critical = 60;
	chart_draw(&spec, cells, &low, &high);
	expect_cells(cells, 6, 3,
		     "|     \n"
		     "| - - \n"
		     "|.    \n");
	assert_int_equal(cells[8].class, CELL_LINE);
	assert_int_equal(cells[6].class, CELL_CRITICAL);
	assert_int_equal(cells[9].class, CELL_EMPTY);
}

static void few_points_make_no_comb(void **state)
{
	const struct chart_point points[] = { { -10, 30 }, { 20, 10 }, { 50, 30 } };
	struct chart_spec spec = spec_of(points, 3, 60);
	struct cell cells[18];
	double low, high;

	(void)state;
	chart_draw(&spec, cells, &low, &high);
	expect_cells(cells, 6, 3,
		     "||   |\n"
		     "||   |\n"
		     "||||||\n");
}

static void scales_are_round_and_hold_everything(void **state)
{
	const struct chart_point one[] = { { 0, 61 } }, negative[] = { { 0, -3 }, { 1, 4 } };
	struct chart_spec spec = spec_of(one, 1, 60);
	struct cell cells[18];
	double low, high;

	(void)state;
	chart_draw(&spec, cells, &low, &high);
	assert_true(low == 0 && fabs(high - 80) < 1e-9);
	spec.critical = 90;
	chart_draw(&spec, cells, &low, &high);
	assert_true(fabs(high - 100) < 1e-9);
	spec = spec_of(negative, 2, 60);
	chart_draw(&spec, cells, &low, &high);
	assert_true(low <= -3 && high >= 4);
	spec = spec_of(NULL, 0, 60);
	chart_draw(&spec, cells, &low, &high);
	assert_true(low == 0 && high == 1);
	expect_cells(cells, 6, 3, "      \n      \n      \n");
	spec = spec_of(one, 1, 0); /* no time at all */
	chart_draw(&spec, cells, &low, &high);
}

static void points_outside_write_nowhere(void **state)
{
	const struct chart_point points[] = {
		{ -500, 1 }, { -400, 2 }, { 60, 3 }, { 61, 9 }, { 9000, 5 }
	};
	struct chart_spec spec = spec_of(points, 5, 60);
	struct cell cells[20];
	double low, high;

	(void)state;
	cells[18].cp = cells[19].cp = 'x';
	chart_draw(&spec, cells, &low, &high);
	assert_int_equal(cells[18].cp, 'x');
	assert_int_equal(cells[17].cp, '|'); /* the right border is the last column */
}

static void a_spark_shows_time_and_its_gaps(void **state)
{
	/* Nothing is known from 20 to 40; 0 is known, and seen. */
	const struct chart_point points[] = { { -5, 99 },  { 0, 4 },  { 10, 0 },
					      { 20, NAN }, { 40, 8 }, { 50, 4 } };
	struct chart_spec spec = spec_of(points, 6, 60);
	struct cell cells[6];

	(void)state;
	spec.glyphs = CHART_BLOCK;
	chart_spark(&spec, cells); /* 99 lies before its time */
	expect_cells(cells, 6, 1, "▄▁  █▄\n");
	spec.glyphs = CHART_ASCII;
	chart_spark(&spec, cells);
	expect_cells(cells, 6, 1, ":_  #:\n");
	spec.glyphs = CHART_BRAILLE;
	chart_spark(&spec, cells);
	expect_cells(cells, 6, 1, "⣤⣀  ⣿⡄\n");
	spec.width = 0;
	chart_spark(&spec, NULL);
}

static void only_gaps_are_empty_above_a_floor(void **state)
{
	const struct chart_point points[] = { { 0, 0 }, { 20, NAN }, { 40, 0 }, { 50, 9 } };
	struct chart_spec spec = spec_of(points, 4, 60);
	struct cell cells[18];
	double low, high;

	(void)state;
	spec.floor = true;
	chart_draw(&spec, cells, &low, &high);
	expect_cells(cells, 6, 3,
		     "     :\n"
		     "     |\n"
		     "..  .|\n");
}

static void marks_stand_behind_the_values(void **state)
{
	const struct chart_point points[] = { { 0, 30 }, { 10, 10 }, { 20, NAN } };
	const struct chart_mark marks[] = { { 10, 'A' }, { 35, 'S' }, { 60, 'I' }, { 61, 'X' } };
	struct chart_spec spec = spec_of(points, 3, 60);
	struct cell cells[18];
	double low, high;

	(void)state;
	spec.marks = marks;
	spec.nmarks = 4;
	chart_draw(&spec, cells, &low, &high);
	expect_cells(cells, 6, 3,
		     "|A S I\n"
		     "|! ! !\n"
		     "|| ! !\n");
	assert_int_equal(cells[1].class, CELL_MARK);
	assert_int_equal(cells[13].class, CELL_OK);
}

static void a_held_scale_grows_at_once_and_shrinks_late(void **state)
{
	struct chart_point point = { 0, 45 };
	struct chart_spec spec = spec_of(&point, 1, 60);
	struct chart_scale held = { 0 };
	struct cell cells[18];
	double low, high;

	(void)state;
	spec.held = &held;
	chart_draw(&spec, cells, &low, &high);
	assert_true(fabs(high - 50) < 1e-9);
	point.value = 55;
	chart_draw(&spec, cells, &low, &high);
	assert_true(fabs(high - 60) < 1e-9);
	point.value = 21;
	chart_draw(&spec, cells, &low, &high);
	assert_true(fabs(high - 60) < 1e-9);
	point.value = 9;
	chart_draw(&spec, cells, &low, &high);
	assert_true(fabs(high - 10) < 1e-9);
	assert_true(held.low == 0 && fabs(held.high - 10) < 1e-9);
}

static void extremes_are_those_of_the_span(void **state)
{
	const struct chart_point points[] = { { -1, 99 }, { 0, 3 }, { 20, NAN }, { 40, -2 } };
	struct chart_spec spec = spec_of(points, 4, 60);
	double least = 7, greatest = 7;

	(void)state;
	assert_true(chart_extremes(&spec, &least, &greatest));
	assert_true(least == -2 && greatest == 3);
	spec.npoints = 1;
	assert_false(chart_extremes(&spec, &least, &greatest));
	assert_true(least == -2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bars_rise_and_gaps_stay_empty),
		cmocka_unit_test(a_column_shows_its_worst),
		cmocka_unit_test(thresholds_are_dashed_behind_the_bars),
		cmocka_unit_test(few_points_make_no_comb),
		cmocka_unit_test(scales_are_round_and_hold_everything),
		cmocka_unit_test(points_outside_write_nowhere),
		cmocka_unit_test(a_spark_shows_time_and_its_gaps),
		cmocka_unit_test(only_gaps_are_empty_above_a_floor),
		cmocka_unit_test(marks_stand_behind_the_values),
		cmocka_unit_test(a_held_scale_grows_at_once_and_shrinks_late),
		cmocka_unit_test(extremes_are_those_of_the_span),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
