/*
 * Lines of named values: JSON and logfmt. Part of lib/logline.
 */
#ifndef LIB_LOGPAIRS_H
#define LIB_LOGPAIRS_H

#include <stddef.h>

#include "lib/logline.h"

/* A line that another program wrapped (Docker): borrowed from the line, as it stands there. */
struct logpairs_wrapped {
	const char *bytes; /* NULL: there is none */
	size_t len;
};

/* A line that is one JSON object: level, time (as people's loggers, pino and bunyan, GELF,
 * journald, MongoDB, PostgreSQL, ECS, loguru and Docker call them), or an HTTP status. */
void logjson_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out,
		  struct logpairs_wrapped *wrapped);
/* What a JSON string says, without newlines at its end: how many bytes were put into `out`. */
size_t logjson_text(const char *bytes, size_t len, char *out, size_t size);
/* key=value key="value ..." */
void logfmt_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out);
/* Of an HTTP status: 5xx error, 4xx warning, others info; none when it is no status. */
enum loglevel logpairs_status(const char *bytes, size_t len);

#endif
