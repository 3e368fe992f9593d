/*
 * Parts of times in log lines. Part of lib/logline.
 */
#ifndef LIB_LOGSTAMP_H
#define LIB_LOGSTAMP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/logline.h"

/* ".123456", ",123": its length, 0 when there is none. Adds to out->at, sets its precision. */
size_t logstamp_fraction(const char *bytes, size_t len, struct logline *out);
/* "Z", "+0200", "+02:00", "+02", " +0000", " UTC", " GMT": likewise; out->zoned is set. */
size_t logstamp_offset(const char *bytes, size_t len, struct logline *out);
/* Applies the zone to a time that named none. */
void logstamp_zone(struct logline_zone *zone, struct logline *out);
/* Seconds (or milli-, micro-, nanoseconds, told by their size) since 1970. Microseconds, 0 when
 * absurd. */
int64_t logstamp_epoch(double number);

static inline bool logstamp_is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

/* `n` digits as a number, -1 when one is none. */
static inline int logstamp_digits(const char *bytes, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (!logstamp_is_digit(bytes[i]))
			return -1;
		value = value * 10 + bytes[i] - '0';
	}
	return value;
}

#endif
