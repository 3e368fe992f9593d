#include "lib/logtime.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"

#define HOUR_US (3600 * CLOCK_US)
#define DAY_S	86400

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

/* `n` digits as a number, -1 when one is none. */
static int digits(const char *bytes, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (bytes[i] < '0' || bytes[i] > '9')
			return -1;
		value = value * 10 + bytes[i] - '0';
	}
	return value;
}

/* Offset of local time to UTC, kept for the hour. */
static int64_t local_offset(struct logline_zone *zone, int64_t utc_guess)
{
	int64_t hour = utc_guess / HOUR_US;

	if (!zone->known || zone->hour != hour) {
		time_t t = (time_t)(utc_guess / CLOCK_US);
		struct tm tm;

		/* Second look with the first one's offset: the guess is off by it. */
		localtime_r(&t, &tm);
		t -= tm.tm_gmtoff;
		localtime_r(&t, &tm);
		zone->offset = tm.tm_gmtoff * CLOCK_US;
		zone->hour = hour;
		zone->known = true;
	}
	return zone->offset;
}

static void zone_apply(struct logline_zone *zone, struct logline *out)
{
	if (out->zoned)
		return;
	if (!zone->utc)
		out->at -= local_offset(zone, out->at);
	out->at += zone->shift;
}

/* "21:31:05" at `b`; microseconds of the day, -1. */
static int64_t clock_of(const char *b)
{
	int h = digits(b, 2), m = digits(b + 3, 2), s = digits(b + 6, 2);

	if (h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60 || b[2] != ':' || b[5] != ':')
		return -1;
	return (h * 3600 + m * 60 + s) * CLOCK_US;
}

/* ".123456" or ",123": its length. */
static size_t fraction(const char *b, size_t len, struct logline *out)
{
	int64_t unit = CLOCK_US, value = 0;
	size_t n = 1;

	if (len < 2 || (b[0] != '.' && b[0] != ',') || !isdigit((unsigned char)b[1]))
		return 0;
	for (; n < len && isdigit((unsigned char)b[n]); n++) {
		if (unit > 1) {
			unit /= 10;
			value += (b[n] - '0') * unit;
		}
	}
	out->at += value;
	out->precision = unit;
	return n;
}

/* "Z", "+0200", "+02:00", "+02", " +0000", " UTC", " GMT": its length. */
static size_t offset(const char *b, size_t len, struct logline *out)
{
	size_t blank = len > 0 && b[0] == ' ' ? 1 : 0, n;
	int h, m = 0;

	b += blank;
	len -= blank;
	if (blank == 0 && len > 0 && (*b == 'Z' || *b == 'z')) {
		out->zoned = true;
		return 1;
	}
	if (len >= 3 && (memcmp(b, "UTC", 3) == 0 || memcmp(b, "GMT", 3) == 0)) {
		out->zoned = true;
		return blank + 3;
	}
	if (len < 3 || (*b != '+' && *b != '-') || (h = digits(b + 1, 2)) < 0 || h > 14)
		return 0;
	n = 3;
	if (len >= 6 && b[3] == ':' && (m = digits(b + 4, 2)) >= 0)
		n = 6;
	else if (len >= 5 && (m = digits(b + 3, 2)) >= 0)
		n = 5;
	else if (blank)
		return 0; /* " -12 apples" */
	else
		m = 0;
	out->at -= (*b == '-' ? -1 : 1) * (h * 3600 + m * 60) * CLOCK_US;
	out->zoned = true;
	return blank + n;
}

/* "2026-11-21 21:31:05..." */
static size_t iso_read(const char *b, size_t len, struct logline *out)
{
	int year, month, day;
	int64_t of_day;
	size_t n = 19;

	if (len < 19 || (b[4] != '-' && b[4] != '/') || b[7] != b[4] ||
	    (b[10] != ' ' && b[10] != 'T'))
		return 0;
	year = digits(b, 4);
	month = digits(b + 5, 2);
	day = digits(b + 8, 2);
	of_day = clock_of(b + 11);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || of_day < 0)
		return 0;
	out->at = days_of(year, month, day) * DAY_S * CLOCK_US + of_day;
	out->precision = CLOCK_US;
	n += fraction(b + n, len - n, out);
	n += offset(b + n, len - n, out);
	return n;
}

static int month_of(const char *b)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (memcmp(b, names + 3 * i, 3) == 0)
			return i + 1;
	return 0;
}

/* "21/Nov/2026:21:31:05 +0000" */
static size_t access_read(const char *b, size_t len, struct logline *out)
{
	int day, month, year;
	int64_t of_day;

	if (len < 20 || b[2] != '/' || b[6] != '/' || b[11] != ':')
		return 0;
	day = digits(b, 2);
	month = month_of(b + 3);
	year = digits(b + 7, 4);
	of_day = clock_of(b + 12);
	if (day < 1 || day > 31 || month == 0 || year < 1970 || of_day < 0)
		return 0;
	out->at = days_of(year, month, day) * DAY_S * CLOCK_US + of_day;
	out->precision = CLOCK_US;
	return 20 + offset(b + 20, len - 20, out);
}

static int year_of(int64_t wall_us)
{
	time_t t = (time_t)(wall_us / CLOCK_US);
	struct tm tm;

	gmtime_r(&t, &tm);
	return tm.tm_year + 1900;
}

/* "Nov 21 21:31:05" or "Nov  1 ...": this year's, or last year's when that would be a day ahead. */
static size_t syslog_read(const struct logline_zone *zone, const char *b, size_t len,
			  struct logline *out)
{
	int month, day, year;
	int64_t of_day;

	if (len < 15 || b[3] != ' ' || b[6] != ' ' || (month = month_of(b)) == 0)
		return 0;
	day = b[4] == ' ' ? digits(b + 5, 1) : digits(b + 4, 2);
	of_day = clock_of(b + 7);
	if (day < 1 || day > 31 || of_day < 0)
		return 0;
	year = year_of(zone->now);
	out->at = days_of(year, month, day) * DAY_S * CLOCK_US + of_day;
	if (out->at > zone->now + DAY_S * CLOCK_US)
		out->at = days_of(year - 1, month, day) * DAY_S * CLOCK_US + of_day;
	out->precision = CLOCK_US;
	return 15 + fraction(b + 15, len - 15, out);
}

size_t logtime_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	size_t n = 0;

	if (len < 15)
		return 0;
	if (isdigit((unsigned char)bytes[0])) {
		n = iso_read(bytes, len, out);
		if (n == 0)
			n = access_read(bytes, len, out);
	} else if (isupper((unsigned char)bytes[0])) {
		n = syslog_read(zone, bytes, len, out);
	}
	if (n > 0)
		zone_apply(zone, out);
	return n;
}

int64_t logtime_epoch(double number)
{
	double us = number < 1e11   ? number * 1e6
		    : number < 1e14 ? number * 1e3
		    : number < 1e17 ? number
				    : number / 1e3;

	return us > 1e14 && us < 1e16 ? (int64_t)us : 0;
}
