/*
 * What single programs write in a way of their own. Part of lib/logline: each is asked when the
 * general reading says nothing, or of lines that begin as only these do.
 */
#ifndef LIB_LOGFORMS_H
#define LIB_LOGFORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/logline.h"

static inline bool logform_begins(const char *bytes, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(bytes, with, n) == 0;
}

/* How far a bracket, a quote or a second time is looked for. */
static inline size_t logform_near(size_t len)
{
	return len < 240 ? len : 240;
}

/* What stands before a line: how long it is, 0 when there is none. */
size_t logform_priority(const char *bytes, size_t len, enum loglevel *level); /* syslog's */
size_t logform_letter(const char *bytes, size_t len);			      /* Ruby, Jupyter */
size_t logform_column(const char *bytes, size_t len); /* Compose, pm2, kubectl, stern */

/* Whole lines; false (klog: 0, else where the text begins) when they are no such lines. */
size_t logform_klog(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out);
bool logform_redis(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out);
bool logform_erlang(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out);
bool logform_access(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out);
/* The request and status behind the time of an access log's line. */
void logform_request(const char *bytes, size_t len, struct logline *out);
/* What stands behind the time, or at the begin: PHP, GitHub's runners, npm, apt, MongoDB,
 * Android, Ceph and others.
 */
enum loglevel logform_level(const char *bytes, size_t len);

#endif
