#include "lib/uptime.h"

#include <math.h>

static bool is_up(const struct chart_point *point, bool zero_is_down)
{
	return !isnan(point->value) && !(zero_is_down && point->value == 0);
}

void uptime_of(const struct chart_point *points, size_t n, int64_t now, int64_t max_gap,
	       bool zero_is_down, struct uptime *out)
{
	int64_t up_us = 0;
	bool before = false, seen = false;

	*out = (struct uptime){ .percent = NAN };
	for (size_t i = 0; i < n; i++) {
		int64_t held = (i + 1 < n ? points[i + 1].at : now) - points[i].at;
		bool up = is_up(&points[i], zero_is_down);

		if (!before || up != out->up) {
			out->since = points[i].at;
			out->longer = i == 0 || !before;
		}
		before = held <= max_gap;
		out->up = up;
		/* No answer is said again and again; once, and nothing then, is where nobody asked.
		 */
		if (!before)
			held = isnan(points[i].value) ? 0 : max_gap;
		seen = seen || !isnan(points[i].value);
		out->seen_us += seen && held > 0 ? held : 0;
		up_us += up && held > 0 ? held : 0;
	}
	out->known = n > 0 && before;
	if (out->seen_us > 0)
		out->percent = 100.0 * (double)up_us / (double)out->seen_us;
}
