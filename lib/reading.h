/*
 * A reading: what one look at the world gave.
 *
 * A probe's reading has a verdict; a metric's has a value. What could not be read is
 * VERDICT_UNKNOWN with the reason as its evidence: never yes, never zero.
 */
#ifndef LIB_READING_H
#define LIB_READING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum verdict { VERDICT_UNKNOWN, VERDICT_PASS, VERDICT_FAIL };

#define READING_TEXT 256

struct reading {
	enum verdict verdict; /* of a probe; a metric that was read has VERDICT_PASS */
	bool has_value;
	double value;
	char unit[12];		     /* "%", "MB", "ms", "" */
	int64_t at;		     /* wall time of the measurement */
	char evidence[READING_TEXT]; /* one clean line: what was seen, or why nothing was */
	char text[READING_TEXT];     /* a value that is not a number (a path, a commit); else "" */
};

/* Fill a reading; the evidence is cleaned (lib/text.h) and cut to fit. `at` is a wall time. */
void reading_pass(struct reading *r, int64_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void reading_fail(struct reading *r, int64_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void reading_unknown(struct reading *r, int64_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Pass or fail by `holds`. */
void reading_judge(struct reading *r, bool holds, int64_t at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A number; verdict PASS. What is none (NaN, infinite) is unknown: no threshold would ever see it.
 * `unit` is copied. */
void reading_value(struct reading *r, int64_t at, double value, const char *unit);

/* New; and back. What is no reading becomes an unknown one without a time. */
json_t *reading_to_json(const struct reading *r);
void reading_from_json(const json_t *json, struct reading *r);

/* "pass", "fail", "unknown". */
const char *verdict_name(enum verdict verdict);
/* 0, or -1 when `name` is none of the three. */
int verdict_parse(const char *name, enum verdict *verdict);

#endif
