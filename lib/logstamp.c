#include "lib/logstamp.h"

#include <string.h>
#include <time.h>

#include "lib/clock.h"

#define HOUR_US (3600 * CLOCK_US)

/* Offset of local time to UTC, kept for the hour. */
static void offset_keep(struct logline_zone *zone, int64_t utc_guess)
{
	time_t t = (time_t)(utc_guess / CLOCK_US);
	struct tm tm;

	/* Second look with the first one's offset: the guess is off by it. */
	localtime_r(&t, &tm);
	t -= tm.tm_gmtoff;
	localtime_r(&t, &tm);
	zone->offset = tm.tm_gmtoff * CLOCK_US;
	zone->hour = utc_guess / HOUR_US;
	zone->known = true;
}

void logstamp_zone(struct logline_zone *zone, struct logline *out)
{
	if (out->zoned)
		return;
	if (!zone->utc) {
		if (!zone->known || zone->hour != out->at / HOUR_US)
			offset_keep(zone, out->at);
		out->at -= zone->offset;
	}
	out->at += zone->shift;
}

/* "Z", "+0200", "+02:00", "+02", " +0000", " UTC", " GMT" */
size_t logstamp_offset(const char *b, size_t len, struct logline *out)
{
	size_t blank = len > 0 && b[0] == ' ' ? 1 : 0, n;
	int h, m = 0;

	b += blank;
	len -= blank;
	if (len == 0)
		return 0;
	if (blank == 0 && (*b == 'Z' || *b == 'z')) {
		out->zoned = true;
		return 1;
	}
	if (*b == 'U' || *b == 'G') {
		if (len < 3 || (memcmp(b, "UTC", 3) != 0 && memcmp(b, "GMT", 3) != 0))
			return 0;
		out->zoned = true;
		return blank + 3;
	}
	if (len < 3 || (*b != '+' && *b != '-') || (h = logstamp_digits(b + 1, 2)) < 0 || h > 14)
		return 0;
	n = 3;
	if (len >= 6 && b[3] == ':' && (m = logstamp_digits(b + 4, 2)) >= 0)
		n = 6;
	else if (len >= 5 && (m = logstamp_digits(b + 3, 2)) >= 0)
		n = 5;
	else if (blank)
		return 0; /* " -12 apples" */
	else
		m = 0;
	out->at -= (*b == '-' ? -1 : 1) * (h * 3600 + m * 60) * CLOCK_US;
	out->zoned = true;
	return blank + n;
}

size_t logstamp_fraction(const char *b, size_t len, struct logline *out)
{
	static const int64_t units[] = { CLOCK_US, 100000, 10000, 1000, 100, 10, 1 };
	int64_t value = 0;
	size_t n = 1, most = len < 7 ? len : 7;

	if (len < 2 || (b[0] != '.' && b[0] != ',') || !logstamp_is_digit(b[1]))
		return 0;
	for (; n < most && logstamp_is_digit(b[n]); n++)
		value = value * 10 + b[n] - '0';
	out->precision = units[n - 1];
	out->at += value * out->precision;
	while (n < len && logstamp_is_digit(b[n]))
		n++;
	return n;
}

int64_t logstamp_epoch(double number)
{
	double us = number < 1e11   ? number * 1e6
		    : number < 1e14 ? number * 1e3
		    : number < 1e17 ? number
				    : number / 1e3;

	return us > 1e14 && us < 1e16 ? (int64_t)us : 0;
}
