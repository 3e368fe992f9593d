#include "lib/timefmt.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"

/* Seconds and microseconds since the epoch, rounded towards the past. */
static struct tm utc(int64_t wall_us, int64_t *micros)
{
	time_t seconds = (time_t)(wall_us / CLOCK_US);
	struct tm tm = { 0 };

	*micros = wall_us % CLOCK_US;
	if (*micros < 0) {
		*micros += CLOCK_US;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	return tm;
}

char *time_rfc3339(int64_t wall_us, char out[TIME_RFC3339_MAX])
{
	int64_t micros;
	struct tm tm = utc(wall_us, &micros);
	size_t used = strftime(out, TIME_RFC3339_MAX, "%Y-%m-%dT%H:%M:%S", &tm);

	snprintf(out + used, TIME_RFC3339_MAX - used, ".%06dZ", (int)micros);
	return out;
}

char *time_clock(int64_t wall_us, char out[TIME_RFC3339_MAX])
{
	int64_t micros;
	struct tm tm = utc(wall_us, &micros);

	strftime(out, TIME_RFC3339_MAX, "%H:%M:%S", &tm);
	return out;
}

char *time_datetime(int64_t wall_us, char out[TIME_RFC3339_MAX])
{
	int64_t micros;
	struct tm tm = utc(wall_us, &micros);

	strftime(out, TIME_RFC3339_MAX, "%Y-%m-%d %H:%M:%S", &tm);
	return out;
}

char *time_stamp(int64_t wall_us, char out[TIME_RFC3339_MAX])
{
	char at[TIME_RFC3339_MAX];
	size_t n = 0;

	time_datetime(wall_us, at);
	for (const char *p = at; *p; p++)
		if (*p != '-' && *p != ':')
			out[n++] = *p == ' ' ? '_' : *p;
	out[n] = '\0';
	return out;
}

/* Exactly `digits` digits; moves *text behind them. -1 when there are fewer. */
static int take_digits(const char **text, int digits)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*text)++) {
		if (!isdigit((unsigned char)**text))
			return -1;
		value = value * 10 + (**text - '0');
	}
	return value;
}

static bool take_char(const char **text, const char *any_of)
{
	if (!**text || !strchr(any_of, **text))
		return false;
	(*text)++;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static int take_date_time(const char **p, struct tm *tm)
{
	int year = take_digits(p, 4);
	int month, day, hour, minute, second;

	if (year < 0 || !take_char(p, "-") || (month = take_digits(p, 2)) < 1 || month > 12 ||
	    !take_char(p, "-") || (day = take_digits(p, 2)) < 1 ||
	    day > days_in_month(year, month) || !take_char(p, "Tt ") ||
	    (hour = take_digits(p, 2)) < 0 || hour > 23 || !take_char(p, ":") ||
	    (minute = take_digits(p, 2)) < 0 || minute > 59 || !take_char(p, ":") ||
	    (second = take_digits(p, 2)) < 0 || second > 60)
		return -1;
	*tm = (struct tm){ .tm_year = year - 1900,
			   .tm_mon = month - 1,
			   .tm_mday = day,
			   .tm_hour = hour,
			   .tm_min = minute,
			   .tm_sec = second };
	return 0;
}

/* ".123456": microseconds; further digits up to nine are read and dropped. */
static int take_fraction(const char **p, int64_t *micros)
{
	int digits = 0;

	*micros = 0;
	if (!take_char(p, "."))
		return 0;
	for (; isdigit((unsigned char)**p) && digits < 9; digits++, (*p)++)
		if (digits < 6)
			*micros = *micros * 10 + (**p - '0');
	for (int i = digits; i < 6; i++)
		*micros *= 10;
	return digits > 0 ? 0 : -1;
}

static int take_offset(const char **p, int64_t *seconds)
{
	int hours, minutes, sign;

	*seconds = 0;
	if (take_char(p, "Zz"))
		return 0;
	sign = **p == '-' ? -1 : 1;
	if (!take_char(p, "+-") || (hours = take_digits(p, 2)) < 0 || hours > 23 ||
	    !take_char(p, ":") || (minutes = take_digits(p, 2)) < 0 || minutes > 59)
		return -1;
	*seconds = (int64_t)sign * (hours * 3600 + minutes * 60);
	return 0;
}

int time_parse_rfc3339(const char *text, int64_t *wall_us)
{
	struct tm tm;
	int64_t micros, offset;

	if (take_date_time(&text, &tm) < 0 || take_fraction(&text, &micros) < 0 ||
	    take_offset(&text, &offset) < 0 || *text)
		return -1;
	*wall_us = ((int64_t)timegm(&tm) - offset) * CLOCK_US + micros;
	return 0;
}

static const struct unit {
	const char *name;
	int64_t us;
} units[] = {
	{ "us", 1 },
	{ "ms", 1000 },
	{ "s", CLOCK_US },
	{ "min", 60 * CLOCK_US },
	{ "m", 60 * CLOCK_US },
	{ "h", 3600 * CLOCK_US },
	{ "d", 86400 * CLOCK_US },
	{ "w", 7 * 86400 * CLOCK_US },
};

static const struct unit *unit_find(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == len && memcmp(units[i].name, text, len) == 0)
			return &units[i];
	return NULL;
}

static int duration_parse_part(const char *text, size_t len, int64_t *us)
{
	const char *end = text + len;
	int64_t total = 0;

	if (len == 0)
		return -1;
	while (text < end) {
		const char *start = text;
		const struct unit *unit;
		int64_t n = 0, part;

		for (; text < end && isdigit((unsigned char)*text); text++)
			if (__builtin_mul_overflow(n, 10, &n) ||
			    __builtin_add_overflow(n, *text - '0', &n))
				return -1;
		if (text == start)
			return -1;
		for (start = text; text < end && isalpha((unsigned char)*text);)
			text++;
		unit = unit_find(start, (size_t)(text - start));
		if (!unit || __builtin_mul_overflow(n, unit->us, &part) ||
		    __builtin_add_overflow(total, part, &total))
			return -1;
	}
	*us = total;
	return 0;
}

int duration_parse(const char *text, int64_t *us)
{
	return duration_parse_part(text, strlen(text), us);
}

int duration_parse_range(const char *text, int64_t *low_us, int64_t *high_us)
{
	const char *dash = strchr(text, '-');
	int64_t low, high;

	if (!dash) {
		if (duration_parse(text, &low) < 0)
			return -1;
		high = low;
	} else if (duration_parse_part(text, (size_t)(dash - text), &low) < 0 ||
		   duration_parse(dash + 1, &high) < 0 || low > high) {
		return -1;
	}
	*low_us = low;
	*high_us = high;
	return 0;
}

static char *duration_text_short(int64_t us, const char *sign, char *out, size_t size)
{
	int64_t tenths = (us + 50000) / 100000;

	if (us == 0)
		snprintf(out, size, "0 s");
	else if (us < 1000)
		snprintf(out, size, "%s%" PRId64 " us", sign, us);
	else if (us < 999500)
		snprintf(out, size, "%s%" PRId64 " ms", sign, (us + 500) / 1000);
	else if (tenths % 10 == 0)
		snprintf(out, size, "%s%" PRId64 " s", sign, tenths / 10);
	else
		snprintf(out, size, "%s%" PRId64 ".%" PRId64 " s", sign, tenths / 10, tenths % 10);
	return out;
}

char *duration_text(int64_t us, char *out, size_t size)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} steps[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	const char *sign = us < 0 ? "-" : "";
	int64_t seconds;
	size_t i = 0;

	if (us < 0)
		us = -us;
	if (us < 9950000)
		return duration_text_short(us, sign, out, size);
	seconds = (us + CLOCK_US / 2) / CLOCK_US;
	while (seconds < steps[i].seconds)
		i++;
	if (i == 3 || seconds % steps[i].seconds / steps[i + 1].seconds == 0)
		snprintf(out, size, "%s%" PRId64 " %s", sign, seconds / steps[i].seconds,
			 steps[i].name);
	else
		snprintf(out, size, "%s%" PRId64 " %s %" PRId64 " %s", sign,
			 seconds / steps[i].seconds, steps[i].name,
			 seconds % steps[i].seconds / steps[i + 1].seconds, steps[i + 1].name);
	return out;
}

char *duration_clock(int64_t us, char *out, size_t size)
{
	const char *sign = us < 0 ? "-" : "";
	int64_t seconds = (us < 0 ? -us : us) / CLOCK_US;
	int hours = (int)(seconds / 3600 % 24), minutes = (int)(seconds / 60 % 60);

	if (seconds >= 86400)
		snprintf(out, size, "%s%" PRId64 "d %02d:%02d:%02d", sign, seconds / 86400, hours,
			 minutes, (int)(seconds % 60));
	else
		snprintf(out, size, "%s%02d:%02d:%02d", sign, hours, minutes, (int)(seconds % 60));
	return out;
}

char *duration_t(int64_t us, char *out, size_t size)
{
	int64_t seconds = us < 0 ? (CLOCK_US - 1 - us) / CLOCK_US : us / CLOCK_US;
	char clock[40];

	duration_clock(seconds * CLOCK_US, clock, sizeof(clock));
	snprintf(out, size, "T%c%s", us < 0 ? '-' : '+', clock);
	return out;
}
