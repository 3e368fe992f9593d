/*
 * Lines that begin as lines before them: their time and level are told by their bytes. Part of
 * lib/logline; inline, since nearly every line goes this way.
 *
 * A time is kept up to its seconds, a head (lib/loglevel.h) up to the last byte that its reading
 * looked at. So what is recalled is what reading would have found. A whole line is the two: the
 * bytes up to its seconds, so many digits, and what stood behind them.
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
enum { RECALL_LONG = 16, RECALL_SHORT = 6 };

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

/* Whether two bytes, behind a blank or not, may begin an offset. */
static inline bool recall_may_offset(const char *p)
{
	return *p == '+' || *p == '-' ? logstamp_is_digit(p[1]) : *p >= 'A' && *p != '[';
}

/* Most times have none: what can't begin one is not read. */
static inline size_t recall_offset(const char *b, size_t len, struct logline *out)
{
	const char *p = b + (len > 1 && b[0] == ' ');

	return len < 3 || recall_may_offset(p) ? logstamp_offset(b, len, out) : 0;
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
	if (len - n > 2 && bytes[n] == ' ' && bytes[n + 2] == 'M')
		return 0; /* " PM" */
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

/* What was read before it; 0 is no head at all. */
static inline unsigned recall_how(bool timed, bool open)
{
	return 1u + timed + 2u * open;
}

/* Behind the digits of a line's time; `bracket`: one stood before it. */
static inline unsigned recall_how_line(bool bracket, bool zoned)
{
	return 5u + bracket + 2u * zoned;
}

/* Where the chain of heads begins that may be this one: an index, 0 at its end. */
static inline uint8_t *recall_chain(struct logline_zone *zone, const char *bytes, bool longer,
				    unsigned how)
{
	uint64_t key = longer ? recall_load(bytes) ^ recall_load(bytes + 8) * 0x9e3779b97f4a7c15u
			      : recall_load(bytes) & 0xffffffffffffu;

	key = (key ^ how) * 0xff51afd7ed558ccdu;
	return &zone->chains[(key >> 32) % LOGLINE_CHAINS];
}

typedef uint64_t recall_two __attribute__((vector_size(16)));

static inline recall_two recall_load_two(const void *p)
{
	recall_two words;

	memcpy(&words, p, sizeof(words));
	return words;
}

/* All bytes at once, without a branch for each; `bytes` has LOGLINE_HEAD of them. */
static inline bool recall_is(const struct logline_head *head, const char *bytes, unsigned how)
{
	recall_two differ = ((recall_load_two(bytes) & recall_load_two(head->mask)) ^
			     recall_load_two(head->bytes)) |
			    ((recall_load_two(bytes + 16) & recall_load_two(head->mask + 2)) ^
			     recall_load_two(head->bytes + 2)) |
			    ((recall_load_two(bytes + 32) & recall_load_two(head->mask + 4)) ^
			     recall_load_two(head->bytes + 4));

	return (differ[0] | differ[1] | (head->how ^ how)) == 0;
}

/* Behind the first of a chain. Those that are met more often come first. They are not moved each
 * time: what differs from the line before is most often what all but that one were. */
static struct logline_head *recall_search_rest(struct logline_zone *zone, uint8_t *link,
					       const char *bytes, unsigned how)
{
	for (; zone->heads[*link].next != 0; link = &zone->heads[*link].next) {
		uint8_t first = *link, second = zone->heads[first].next;
		struct logline_head *found = &zone->heads[second];

		if (!recall_is(found, bytes, how))
			continue;
		if (++found->met > zone->heads[first].met) {
			zone->heads[first].next = found->next;
			found->next = first;
			*link = second;
		}
		return found;
	}
	return NULL;
}

static inline __attribute__((always_inline)) const struct logline_head *
recall_search(struct logline_zone *zone, const char *bytes, bool longer, unsigned how)
{
	uint8_t *chain = recall_chain(zone, bytes, longer, how);
	struct logline_head *first = &zone->heads[*chain];

	if (!recall_is(first, bytes, how))
		return recall_search_rest(zone, chain, bytes, how);
	first->met++;
	return first;
}

/* The head that was kept, as loghead_read() would find it; NULL when it is none of them. */
static inline __attribute__((always_inline)) const struct logline_head *
recall_head(struct logline_zone *zone, const char *bytes, size_t len, unsigned how)
{
	const struct logline_head *found;

	if (len < LOGLINE_HEAD)
		return NULL;
	found = recall_search(zone, bytes, true, how);
	return found != NULL ? found : recall_search(zone, bytes, false, how);
}

/* Room for a head of so many bytes, which are kept. When there is none, all are forgotten: what is
 * met again is soon there again. */
static inline struct logline_head *recall_keep(struct logline_zone *zone, const char *bytes,
					       size_t len, unsigned how)
{
	uint8_t *chain = recall_chain(zone, bytes, len >= RECALL_LONG, how);
	struct logline_head *keep;

	if (zone->nheads == LOGLINE_HEADS) {
		memset(zone->chains, 0, sizeof(zone->chains));
		zone->nheads = 0;
	}
	keep = &zone->heads[++zone->nheads];
	*keep = (struct logline_head){ .how = how, .next = *chain };
	*chain = zone->nheads;
	memcpy(keep->bytes, bytes, len);
	memset(keep->mask, 0xff, len);
	return keep;
}

static inline void recall_keep_head(struct logline_zone *zone, const char *bytes, size_t len,
				    const struct loghead *head)
{
	struct logline_head *keep;

	if (head->pairs || head->looked < RECALL_SHORT || head->looked > LOGLINE_HEAD ||
	    len < LOGLINE_HEAD)
		return;
	keep = recall_keep(zone, bytes, head->looked, recall_how(head->timed, head->open));
	keep->level = (uint16_t)head->level;
	keep->end = (uint16_t)head->end;
	keep->looked = (uint16_t)head->looked;
}

/* ---- lines ---- */

/* A line that was recalled: its level and time; the text begins `end` bytes behind `behind`. */
struct recalled {
	const struct logline_head *head;
	const char *behind;
	int64_t at;
};

static inline bool recall_is_digits(uint64_t digits)
{
	return (((digits + 0x7676767676767676u) | digits) & 0x8080808080808080u) == 0;
}

/* Six digits more: the second three of microseconds. */
static inline bool recall_micros(const char *b, int64_t *at)
{
	uint64_t digits = (recall_load(b) ^ 0x303030u) & 0xffffffu;

	*at += (int64_t)((digits & 0xff) * 100 + (digits >> 8 & 0xff) * 10 + (digits >> 16));
	return recall_is_digits(digits);
}

/* A line that begins as one before it, as logline_read() would read it; else false. Eight bytes at
 * once hold its seconds and milliseconds: "05,123". */
static inline __attribute__((always_inline)) bool
recall_line(struct logline_zone *zone, const char *bytes, size_t len, struct recalled *out)
{
	const struct logline_line *as = &zone->line;
	const char *b = bytes + as->n;
	uint64_t digits, pairs, seconds;

	if (as->least - 1 >= len || as->shift != zone->shift ||
	    ((recall_load(bytes) ^ as->begin) | (recall_load(b - 8) ^ as->end) |
	     ((recall_load(bytes + 8) ^ as->middle) & as->has_middle)) != 0)
		return false;
	digits = (recall_load(b) ^ as->digits) & as->mask;
	pairs = digits * 10 + (digits >> 8);
	seconds = pairs & 0xff;
	if (!recall_is_digits(digits) || (digits & 0xff0000u) != 0 || seconds > 59)
		return false;
	out->at =
	    as->minute +
	    (int64_t)(seconds * 1000 + (digits >> 24 & 0xff) * 100 + (pairs >> 32 & 0xff)) * 1000;
	if (as->micros && !recall_micros(b + 6, &out->at))
		return false;
	out->behind = b + as->behind;
	out->head = recall_head(zone, out->behind, LOGLINE_HEAD, as->how);
	return out->head != NULL && out->head->ahead == as->ahead;
}

/* What logline_read() says of it. */
static inline void recalled_fill(const struct logline_zone *zone, const struct recalled *as,
				 const char *bytes, struct logline *out)
{
	*out = (struct logline){
		.level = (enum loglevel)as->head->level,
		.zoned = as->head->how >= recall_how_line(false, true),
		.at = as->at,
		.precision = zone->line.unit,
		.body = (size_t)(as->behind - bytes) + as->head->end,
	};
}

/* As logline_read(), of a line that recall_line() does not know. */
void logline_read_new(struct logline_zone *zone, const char *bytes, size_t len,
		      struct logline *out);

/* Keeps a line whose time was recalled: it begins behind a bracket or not, ends at `n`, and then
 * the head was found. */
static inline void recall_keep_line(struct logline_zone *zone, const char *bytes, bool bracket,
				    size_t n, const struct logline_head *head,
				    const struct logline *read)
{
	struct logline_line *as = &zone->line;
	size_t seconds = bracket + zone->nhead, from = seconds + 2, ndigits = 0, len;
	struct logline_head found = *head, *keep;
	struct logline rest = { .at = 0 };
	struct recalled again;

	if (bytes[from] == '.' || bytes[from] == ',')
		while (logstamp_is_digit(bytes[from + 1 + ndigits]))
			ndigits++;
	if (ndigits > 0)
		from += 1 + ndigits;
	len = n - from + found.looked;
	/* What told that there is no offset, or where it ends, is among the bytes that are kept. */
	if ((ndigits != 0 && ndigits != 3 && ndigits != 6) || len > LOGLINE_HEAD ||
	    (n == from ? recall_may_offset(bytes + from + (bytes[from] == ' ')) : len < 8))
		return;
	if (n > from)
		logstamp_offset(bytes + from, n - from, &rest);
	*as = (struct logline_line){
		.n = seconds,
		.least = from + LOGLINE_HEAD,
		.shift = zone->shift,
		.begin = recall_load(bytes),
		.end = recall_load(bytes + seconds - 8),
		.middle = recall_load(bytes + 8),
		.has_middle = seconds > 16 ? UINT64_MAX : 0,
		.digits = 0x3030,
		.mask = 0xffff,
		.behind = (uint8_t)(from - seconds),
		.micros = ndigits == 6,
		.ahead = rest.at,
		.how = recall_how_line(bracket, read->zoned),
		.unit = read->precision,
	};
	if (ndigits > 0) {
		as->digits |= (uint64_t)(unsigned char)bytes[seconds + 2] << 16 | 0x303030000000u;
		as->mask = 0xffffffffffffu;
	}
	if (recall_head(zone, bytes + from, LOGLINE_HEAD, as->how) == NULL) {
		keep = recall_keep(zone, bytes + from, len, as->how);
		keep->level = found.level;
		keep->end = (uint16_t)(n - from + found.end);
		keep->ahead = rest.at;
	}
	/* What this very line gives is what it was read as. */
	if (recall_line(zone, bytes, as->least, &again))
		as->minute = read->at - again.at;
	else
		as->least = 0;
}

#endif
