/*
 * Times and durations as people and files write them.
 */
#ifndef LIB_TIMEFMT_H
#define LIB_TIMEFMT_H

#include <stddef.h>
#include <stdint.h>

#define TIME_RFC3339_MAX 32

/* "2026-11-21T21:31:07.123456Z" (27 characters). Returns `out`. */
char *time_rfc3339(int64_t wall_us, char out[TIME_RFC3339_MAX]);
/* "21:31:07" in UTC. Returns `out`. */
char *time_clock(int64_t wall_us, char out[TIME_RFC3339_MAX]);
/* "2026-11-21 21:31:07" in UTC. Returns `out`. */
char *time_datetime(int64_t wall_us, char out[TIME_RFC3339_MAX]);
/* "20261130_213107", for names of files. Returns `out`. */
char *time_stamp(int64_t wall_us, char out[TIME_RFC3339_MAX]);
/* Reads RFC 3339 with any offset and up to 9 fraction digits. 0, or -1 when it isn't one. */
int time_parse_rfc3339(const char *text, int64_t *wall_us);

/* Durations: a whole number and a unit, several may follow each other: "500ms", "90s", "2h30m",
 * "7d", "2w". 0, or -1 when it isn't one. Microseconds. */
int duration_parse(const char *text, int64_t *us);
/* A range "2m-5m", or one duration for both ends. Low must not be above high. */
int duration_parse_range(const char *text, int64_t *low_us, int64_t *high_us);
/* Short and readable, two units at most: "41 s", "4 min 10 s", "2 h 5 min", "3 d". Returns `out`.
 */
char *duration_text(int64_t us, char *out, size_t size);
/* "00:12:41", with days before it from 24 h on ("2d 01:00:00"); a minus sign for negative ones. */
char *duration_clock(int64_t us, char *out, size_t size);
/* "T-00:10:00", "T+00:12:41": a time from T. Rounded up before T, so that T-00:00:00 is never shown
 * before it, and down after it. */
char *duration_t(int64_t us, char *out, size_t size);

#endif
