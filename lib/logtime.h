/*
 * Times as log lines write them. Part of lib/logline.
 */
#ifndef LIB_LOGTIME_H
#define LIB_LOGTIME_H

#include <stddef.h>
#include <stdint.h>

#include "lib/logline.h"

/* Reads a time that begins at `bytes`: "2026-11-21 21:31:05,123", with T, slashes, fraction,
 * offset, Z or UTC; "21/Nov/2026:21:31:05 +0000"; "Nov 21 21:31:05"; "Sat Nov 21 21:31:05 2026";
 * the layouts of lib/logtime.c; seconds since 1970. Returns its length and fills at, precision and
 * zoned; 0 when there is none. A slash date is taken as month/day/year unless that can't be. */
size_t logtime_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out);
/* klog's "1121 21:31:05.123456": likewise. */
size_t logtime_klog(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out);
/* The length of a time of day without a date ("21:31:05.123"), 0 when there is none. */
size_t logtime_clock(const char *bytes, size_t len);
#endif
