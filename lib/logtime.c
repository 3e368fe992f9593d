#include "lib/logtime.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/logrecall.h"
#include "lib/logstamp.h"

#define MINUTE_US (60 * CLOCK_US)
#define HOUR_US	  (3600 * CLOCK_US)
#define DAY_US	  (86400 * CLOCK_US)

/* A time as it stands there, before it is joined. */
struct stamp {
	int year, month, day; /* year 0: not told */
	int64_t of_day;	      /* microseconds */
	int64_t precision;
	int64_t rest;	/* of it, past the full minute */
	size_t seconds; /* where the digits of the seconds stand; 0: nowhere */
	size_t last;	/* where the last part that counts begins */
};

/* Days since 1970-01-01 of a Gregorian date (H. Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"). */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = y / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* ---- layouts ---- */

/*
 * Y year, y its last two digits, m month, b its name, d day, a name of the weekday, T time of day,
 * K the same in six digits, S what stands between date and time (a blank, T or _), z a zone's name,
 * a blank one or more; the rest stands for itself.
 */
static const char *const layouts_year[] = { "Y-m-dST", "Y/m/dST", "Y.m.dST", NULL };
static const char *const layouts_compact[] = { "YmdST", "Ymd-T", "YmdSK", NULL }; /* eight digits */
static const char *const layouts_short[] = { "ymd T", "ymd K", NULL };		  /* six */
/* Those that begin with one or two digits, by what stands behind them. */
static const char *const layouts_slash[] = { "d/b/Y:T",	 "d/b/Y T",  "m/d/YST", "d/m/YST",
					     "m/d/Y, T", "d/m/Y, T", "m/d/yST", "y/m/dST",
					     "d/m/yST",	 NULL };
static const char *const layouts_dash[] = { "d-b-Y T", "d-b-Y::T", "d-m-Y T", "m-d T", NULL };
static const char *const layouts_dot[] = { "d.m.Y T", NULL };
static const char *const layouts_blank[] = { "d b Y T", NULL };
/* Those that begin with the name of a month or weekday. */
static const char *const layouts_name[] = { "b d T",	  "b d Y T",   "b d, Y T",
					    "b d, Y, T",  "a b d T Y", "a b d T z Y",
					    "a, d b Y T", "a b d T",   NULL };

/* Up to `most` digits; how many there are. */
static size_t number_read(const char *b, size_t len, size_t most, int *value)
{
	size_t n = 0;

	*value = 0;
	while (n < len && n < most && logstamp_is_digit(b[n]))
		*value = *value * 10 + b[n++] - '0';
	return n;
}

static size_t month_read(const char *b, size_t len, int *month)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; len >= 3 && i < 12; i++) {
		if (memcmp(b, names + 3 * i, 3) == 0) {
			*month = i + 1;
			return 3;
		}
	}
	return 0;
}

static size_t weekday_read(const char *b, size_t len)
{
	static const char names[] = "MonTueWedThuFriSatSun";

	for (int i = 0; len >= 3 && i < 7; i++)
		if (memcmp(b, names + 3 * i, 3) == 0)
			return 3;
	return 0;
}

/* "21:31:05", "9:31:05 PM", "21:31": its length up to the fraction, which is read with it. */
static size_t clock_read(const char *b, size_t len, size_t at, struct stamp *s)
{
	struct logline part = { .precision = CLOCK_US };
	int h, m, sec = 0;
	size_t n = number_read(b, len, 2, &h);

	if (n == 0 || len < n + 3 || b[n] != ':' || (m = logstamp_digits(b + n + 1, 2)) < 0)
		return 0;
	n += 3;
	part.precision = MINUTE_US;
	if (len >= n + 3 && b[n] == ':' && (sec = logstamp_digits(b + n + 1, 2)) >= 0) {
		s->seconds = at + n + 1;
		part.precision = CLOCK_US;
		n += 3;
		n += logstamp_fraction(b + n, len - n, &part);
	}
	if (len >= n + 3 && b[n] == ' ' && (b[n + 1] == 'A' || b[n + 1] == 'P') &&
	    b[n + 2] == 'M' && h >= 1 && h <= 12) {
		h = h % 12 + (b[n + 1] == 'P' ? 12 : 0);
		s->last = at + n;
		n += 3;
	}
	if (h > 23 || m > 59 || sec < 0 || sec > 60)
		return 0;
	s->rest = sec * CLOCK_US + part.at;
	s->of_day = (h * 60 + m) * MINUTE_US + s->rest;
	s->precision = part.precision;
	return n;
}

/* "213105": likewise. */
static size_t compact_read(const char *b, size_t len, size_t at, struct stamp *s)
{
	int h, m, sec;

	if (len < 6 || (h = logstamp_digits(b, 2)) < 0 || (m = logstamp_digits(b + 2, 2)) < 0 ||
	    (sec = logstamp_digits(b + 4, 2)) < 0 || h > 23 || m > 59 || sec > 60 ||
	    (len > 6 && logstamp_is_digit(b[6])))
		return 0;
	s->seconds = at + 4;
	s->last = at + 6;
	s->rest = sec * CLOCK_US;
	s->of_day = (h * 60 + m) * MINUTE_US + s->rest;
	s->precision = CLOCK_US;
	return 6;
}

/* One part of a layout: its length, 0 when it is not there. */
static size_t part_read(char part, const char *b, size_t len, size_t at, struct stamp *s)
{
	size_t n = 0;

	switch (part) {
	case 'Y':
		s->last = at;
		return number_read(b, len, 4, &s->year) == 4 && s->year >= 1970 ? 4 : 0;
	case 'y':
		n = number_read(b, len, 2, &s->year);
		s->year += 2000;
		return n == 2 ? n : 0;
	case 'm':
		return number_read(b, len, 2, &s->month);
	case 'd':
		return number_read(b, len, 2, &s->day);
	case 'b':
		return month_read(b, len, &s->month);
	case 'a':
		return weekday_read(b, len);
	case 'z':
		while (n < len && n < 5 && isupper((unsigned char)b[n]))
			n++;
		return n;
	case 'T':
		return clock_read(b, len, at, s);
	case 'K':
		return compact_read(b, len, at, s);
	case 'S':
		return len > 0 && (*b == ' ' || *b == 'T' || *b == '_');
	case ' ':
		while (n < len && b[n] == ' ')
			n++;
		return n;
	default:
		return len > 0 && *b == part;
	}
}

static size_t layout_read(const char *layout, const char *b, size_t len, struct stamp *s)
{
	size_t at = 0;

	*s = (struct stamp){ .year = 0 };
	for (; *layout != '\0'; layout++) {
		size_t n = part_read(*layout, b + at, len - at, at, s);

		if (n == 0)
			return 0;
		at += n;
	}
	return s->month >= 1 && s->month <= 12 && s->day >= 1 && s->day <= 31 ? at : 0;
}

/* ---- the whole ---- */

static int year_of(int64_t wall_us)
{
	time_t t = (time_t)(wall_us / CLOCK_US);
	struct tm tm;

	gmtime_r(&t, &tm);
	return tm.tm_year + 1900;
}

/* Without a year it is this year's, or last year's when that would be more than a day ahead. */
static int64_t stamp_time(const struct logline_zone *zone, const struct stamp *s)
{
	int year = s->year != 0 ? s->year : year_of(zone->now);
	int64_t at = days_of(year, s->month, s->day) * DAY_US + s->of_day;

	if (s->year == 0 && at > zone->now + DAY_US)
		at = days_of(year - 1, s->month, s->day) * DAY_US + s->of_day;
	return at;
}

static size_t layouts_read(struct logline_zone *zone, const char *const *layouts, const char *b,
			   size_t len, struct logline *out)
{
	struct stamp s;
	size_t n = 0;

	for (; *layouts != NULL; layouts++) {
		n = layout_read(*layouts, b, len, &s);
		if (n > 0)
			break;
	}
	if (n == 0)
		return 0;
	out->at = stamp_time(zone, &s);
	out->precision = s.precision;
	/* The next lines most often begin with the same minute. Behind a weekday the year may come
	 * later. */
	if (s.last <= s.seconds && (s.year != 0 || (*layouts)[0] != 'a'))
		recall_keep_time(zone, b, s.seconds, out->at - s.rest);
	return n + logstamp_offset(b + n, len - n, out);
}

/* Ten digits with a fraction (squid) or in brackets, or thirteen: seconds and milliseconds since
 * 1970. */
static size_t epoch_read(const char *b, size_t len, size_t ndigits, struct logline *out)
{
	char text[32] = "";
	size_t n = ndigits;

	if (ndigits == 10 && n < len && b[n] == '.')
		for (n++; n < len && n < 20 && logstamp_is_digit(b[n]);)
			n++;
	if ((ndigits == 10 && n < 12 && (n == len || b[n] != ']')) ||
	    (n < len && b[n] != ' ' && b[n] != ']' && b[n] != '\t'))
		return 0;
	memcpy(text, b, n);
	out->at = logstamp_epoch(strtod(text, NULL));
	out->precision = 1000;
	out->zoned = true;
	return out->at != 0 ? n : 0;
}

static size_t any_read(struct logline_zone *zone, const char *b, size_t len, struct logline *out)
{
	size_t n = 0;

	if (isupper((unsigned char)b[0]))
		return b[3] == ' ' || b[3] == ',' ? layouts_read(zone, layouts_name, b, len, out)
						  : 0;
	while (n < len && n < 14 && logstamp_is_digit(b[n]))
		n++;
	if (n == 4)
		return layouts_read(zone, layouts_year, b, len, out);
	if (n == 1 || n == 2)
		return b[n] == '/'   ? layouts_read(zone, layouts_slash, b, len, out)
		       : b[n] == '-' ? layouts_read(zone, layouts_dash, b, len, out)
		       : b[n] == '.' ? layouts_read(zone, layouts_dot, b, len, out)
		       : b[n] == ' ' ? layouts_read(zone, layouts_blank, b, len, out)
				     : 0;
	if (n == 8)
		return layouts_read(zone, layouts_compact, b, len, out);
	if (n == 6)
		return layouts_read(zone, layouts_short, b, len, out);
	if (n == 10 || n == 13)
		return epoch_read(b, len, n, out);
	return 0;
}

size_t logtime_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	size_t n;

	if (len < 14)
		return 0;
	n = recall_time(zone, bytes, len, out);
	if (n > 0)
		return n;
	n = any_read(zone, bytes, len, out);
	if (n > 0)
		logstamp_zone(zone, out);
	return n;
}

size_t logtime_klog(struct logline_zone *zone, const char *b, size_t len, struct logline *out)
{
	struct stamp s = { .year = 0 };
	size_t n;

	if (len < 13 || (s.month = logstamp_digits(b, 2)) < 1 || s.month > 12 ||
	    (s.day = logstamp_digits(b + 2, 2)) < 1 || s.day > 31 || b[4] != ' ' ||
	    (n = clock_read(b + 5, len - 5, 5, &s)) < 8)
		return 0;
	out->at = stamp_time(zone, &s);
	out->precision = s.precision;
	logstamp_zone(zone, out);
	return 5 + n;
}

size_t logtime_clock(const char *bytes, size_t len)
{
	struct stamp s;
	size_t n = len > 0 && logstamp_is_digit(bytes[0]) ? clock_read(bytes, len, 0, &s) : 0;

	/* "9:31PM" */
	if (n >= 4 && n + 2 <= len && (bytes[n] == 'A' || bytes[n] == 'P') && bytes[n + 1] == 'M')
		return n + 2;
	return n >= 7 ? n : 0;
}
