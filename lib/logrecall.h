/*
 * Lines that begin as lines before them: their time and level are told by their bytes. Part of
 * lib/logline; inline, since nearly every line goes this way.
 *
 * A time is kept up to its seconds, a head (lib/loglevel.h) up to the last byte that its reading
 * looked at. So what is recalled is what reading would have found.
 */
#ifndef LIB_LOGRECALL_H
#define LIB_LOGRECALL_H

#include <stddef.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/loglevel.h"
#include "lib/logline.h"
#include "lib/logstamp.h"

/* Heads are looked up by their first sixteen bytes, or six when they are shorter. */
enum { RECALL_LONG = 16, RECALL_SHORT = 6, RECALL_WAYS = 4 };

static inline uint64_t recall_load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* ---- times ---- */

/* Milliseconds, as they stand in most logs; other fractions in general. */
static inline size_t recall_fraction(const char *b, size_t len, struct logline *out)
{
	unsigned x = (unsigned char)(b[1] - '0'), y = (unsigned char)(b[2] - '0'),
		 z = (unsigned char)(b[3] - '0');

	if ((b[0] != ',' && b[0] != '.') || x > 9)
		return 0;
	if (y > 9 || z > 9 || (len > 4 && logstamp_is_digit(b[4])))
		return logstamp_fraction(b, len, out);
	out->at += (int64_t)(x * 100 + y * 10 + z) * 1000;
	out->precision = 1000;
	return 4;
}

/* Most times have none: what can't begin one is not read. */
static inline size_t recall_offset(const char *b, size_t len, struct logline *out)
{
	const char *p = b + (len > 1 && b[0] == ' ');
	bool may =
	    len < 3 || (*p == '+' || *p == '-' ? logstamp_is_digit(p[1]) : *p >= 'A' && *p != '[');

	return may ? logstamp_offset(b, len, out) : 0;
}

/* As logtime_read(), of a time that begins as the one before it; else 0. */
static inline size_t recall_time(struct logline_zone *zone, const char *bytes, size_t len,
				 struct logline *out)
{
	size_t n = zone->nhead;
	unsigned tens, ones;

	if (n < 8 || len < n + 6 || recall_load(bytes) != recall_load(zone->head) ||
	    recall_load(bytes + n - 8) != recall_load(zone->head + n - 8) ||
	    (n > 16 && recall_load(bytes + 8) != recall_load(zone->head + 8)))
		return 0;
	tens = (unsigned char)(bytes[n] - '0');
	ones = (unsigned char)(bytes[n + 1] - '0');
	if (tens > 5 || ones > 9)
		return 0;
	out->at = zone->minute + (int64_t)(tens * 10 + ones) * CLOCK_US;
	n += 2;
	n += recall_fraction(bytes + n, len - n, out);
	n += recall_offset(bytes + n, len - n, out);
	if (zone->utc && !out->zoned)
		out->at += zone->shift;
	else
		logstamp_zone(zone, out);
	return n;
}

/* Keeps the bytes before the seconds' digits, and the time that they mean, without zone. */
static inline void recall_keep_time(struct logline_zone *zone, const char *bytes, size_t len,
				    int64_t minute)
{
	if (len < 8 || len > sizeof(zone->head))
		return;
	memcpy(zone->head, bytes, len);
	zone->nhead = len;
	zone->minute = minute;
}

/* ---- heads ---- */

static inline unsigned recall_how(bool timed, bool open)
{
	return 1u + timed + 2u * open;
}

static inline struct logline_head *recall_set(struct logline_zone *zone, const char *bytes,
					      bool longer, unsigned how)
{
	uint64_t key = longer ? recall_load(bytes) ^ recall_load(bytes + 8) * 0x9e3779b97f4a7c15u
			      : recall_load(bytes) & 0xffffffffffffu;

	key = (key ^ how) * 0xff51afd7ed558ccdu;
	return &zone->heads[(key >> 32) % (LOGLINE_HEADS / RECALL_WAYS) * RECALL_WAYS];
}

/* All bytes at once, without a branch for each; `bytes` has LOGLINE_HEAD of them. */
static inline bool recall_is(const struct logline_head *head, const char *bytes, unsigned how)
{
	uint64_t differ = head->how ^ how;

	for (size_t i = 0; i < LOGLINE_HEAD / 8; i++)
		differ |= (recall_load(bytes + 8 * i) & head->mask[i]) ^ head->bytes[i];
	return differ == 0;
}

/* Whether it is worth a closer look. */
static inline bool recall_begins(const struct logline_head *head, const char *bytes, unsigned how)
{
	return head->how == how && (recall_load(bytes) & head->mask[0]) == head->bytes[0];
}

/* The latest one comes first: it is met again most often. */
static inline __attribute__((always_inline)) const struct logline_head *
recall_search(struct logline_head *set, const char *bytes, unsigned how)
{
	if (recall_is(&set[0], bytes, how))
		return &set[0];
	for (int i = 1; i < RECALL_WAYS; i++) {
		struct logline_head found;

		if (!recall_begins(&set[i], bytes, how) || !recall_is(&set[i], bytes, how))
			continue;
		found = set[i];
		set[i] = set[0];
		set[0] = found;
		return &set[0];
	}
	return NULL;
}

/* The head that was kept, as loghead_read() would find it; NULL when it is none of them. */
static inline __attribute__((always_inline)) const struct logline_head *
recall_head(struct logline_zone *zone, const char *bytes, size_t len, unsigned how)
{
	const struct logline_head *found;

	if (len < LOGLINE_HEAD)
		return NULL;
	found = recall_search(recall_set(zone, bytes, true, how), bytes, how);
	return found != NULL ? found
			     : recall_search(recall_set(zone, bytes, false, how), bytes, how);
}

static inline void recall_keep_head(struct logline_zone *zone, const char *bytes, size_t len,
				    const struct loghead *head)
{
	struct logline_head *keep;

	if (head->pairs || head->looked < RECALL_SHORT || head->looked > LOGLINE_HEAD ||
	    len < LOGLINE_HEAD)
		return;
	keep = recall_set(zone, bytes, head->looked >= RECALL_LONG,
			  recall_how(head->timed, head->open));
	memmove(keep + 1, keep, (RECALL_WAYS - 1) * sizeof(*keep));
	memset(keep, 0, sizeof(*keep));
	memcpy(keep->bytes, bytes, head->looked);
	memset(keep->mask, 0xff, head->looked);
	keep->how = recall_how(head->timed, head->open);
	keep->level = (uint16_t)head->level;
	keep->end = (uint16_t)head->end;
}

#endif
