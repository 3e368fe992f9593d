#include "lib/logline.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/logtime.h"

/* How far behind the time a level is looked for: logger names may stand before it. */
#define HEAD_MAX   160
#define QUARTER_US (900 * CLOCK_US)

static const char *const level_names[] = {
	"none", "debug", "info", "warning", "error", "critical"
};

const char *loglevel_name(enum loglevel level)
{
	return level_names[level];
}

int loglevel_parse(const char *name, enum loglevel *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum loglevel)i;
			return 0;
		}
	}
	return -1;
}

/* ---- level words ---- */

static const struct {
	char name[12]; /* in upper case, filled up with NULs */
	enum loglevel level;
} words[] = {
	{ "INFO", LOGLEVEL_INFO },	  { "ERROR", LOGLEVEL_ERROR },
	{ "WARNING", LOGLEVEL_WARNING },  { "DEBUG", LOGLEVEL_DEBUG },
	{ "WARN", LOGLEVEL_WARNING },	  { "CRITICAL", LOGLEVEL_CRITICAL },
	{ "FATAL", LOGLEVEL_CRITICAL },	  { "PANIC", LOGLEVEL_CRITICAL },
	{ "LOG", LOGLEVEL_INFO },	  { "NOTICE", LOGLEVEL_INFO },
	{ "TRACE", LOGLEVEL_DEBUG },	  { "EXCEPTION", LOGLEVEL_ERROR },
	{ "ERR", LOGLEVEL_ERROR },	  { "CRIT", LOGLEVEL_CRITICAL },
	{ "ALERT", LOGLEVEL_CRITICAL },	  { "EMERG", LOGLEVEL_CRITICAL },
	{ "SEVERE", LOGLEVEL_ERROR },	  { "EMERGENCY", LOGLEVEL_CRITICAL },
	{ "INFORMATION", LOGLEVEL_INFO }, { "VERBOSE", LOGLEVEL_DEBUG },
};

static enum loglevel word_level(const char *word, size_t len)
{
	if (len < 3 || len > 11)
		return LOGLEVEL_NONE;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].name[len] == '\0' && strncasecmp(words[i].name, word, len) == 0)
			return words[i].level;
	/* PostgreSQL's DEBUG1 to DEBUG5. */
	if (len == 6 && strncmp(word, "DEBUG", 5) == 0)
		return LOGLEVEL_DEBUG;
	return LOGLEVEL_NONE;
}

/* The first level word in a line's head. Upper case words count anywhere; others only in brackets
 * or before a colon at the beginning of the text ("[error]", "error: ..."). */
static enum loglevel head_level(const char *bytes, size_t len, size_t *end)
{
	size_t limit = len < HEAD_MAX ? len : HEAD_MAX;
	bool first = true;

	for (size_t i = 0; i < limit;) {
		size_t from = i;
		bool upper, bracketed, colon;
		enum loglevel level;

		if (!isalpha((unsigned char)bytes[i])) {
			i++;
			continue;
		}
		while (i < len && (isalnum((unsigned char)bytes[i]) || bytes[i] == '_'))
			i++;
		upper =
		    isupper((unsigned char)bytes[from]) && !islower((unsigned char)bytes[i - 1]);
		bracketed = from > 0 && strchr("[<(|", bytes[from - 1]) != NULL &&
			    bytes[from - 1] != '\0' && i < len &&
			    strchr("]>)|", bytes[i]) != NULL && bytes[i] != '\0';
		colon = first && i < len && bytes[i] == ':';
		first = first && i < len && bytes[i] != ' ';
		/* Part of a path or a dotted name: "app.ERROR.log" is no level. */
		if (i < len &&
		    (bytes[i] == '.' || bytes[i] == '/' || bytes[i] == '-' || bytes[i] == '='))
			continue;
		if (from > 0 && (bytes[from - 1] == '.' || bytes[from - 1] == '/'))
			continue;
		level = upper || bracketed || colon ? word_level(bytes + from, i - from)
						    : LOGLEVEL_NONE;
		if (level != LOGLEVEL_NONE) {
			*end = i;
			return level;
		}
	}
	return LOGLEVEL_NONE;
}

/* ---- structured lines ---- */

/* The value behind a JSON key on this line: its first byte, its length in *len; NULL. */
static const char *json_value(const char *bytes, size_t total, const char *key, size_t *len)
{
	size_t keylen = strlen(key);
	const char *at = bytes, *end = bytes + total;

	while ((at = memmem(at, (size_t)(end - at), key, keylen)) != NULL) {
		const char *value = at + keylen;
		const char *stop;

		if (at == bytes || at[-1] != '"' || value >= end || *value != '"') {
			at += keylen;
			continue;
		}
		value++;
		while (value < end && (*value == ' ' || *value == ':'))
			value++;
		if (value < end && *value == '"') {
			value++;
			stop = memchr(value, '"', (size_t)(end - value));
		} else {
			for (stop = value; stop < end && strchr(",} ", *stop) == NULL;)
				stop++;
		}
		*len = (size_t)((stop != NULL ? stop : end) - value);
		return value;
	}
	return NULL;
}

static double number_of(const char *bytes, size_t len)
{
	char text[40];

	if (len == 0 || len >= sizeof(text))
		return 0;
	memcpy(text, bytes, len);
	text[len] = '\0';
	return strtod(text, NULL);
}

/* bunyan and pino: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal. */
static enum loglevel number_level(double n)
{
	return n >= 60	 ? LOGLEVEL_CRITICAL
	       : n >= 50 ? LOGLEVEL_ERROR
	       : n >= 40 ? LOGLEVEL_WARNING
	       : n >= 30 ? LOGLEVEL_INFO
	       : n >= 10 ? LOGLEVEL_DEBUG
			 : LOGLEVEL_NONE;
}

static void value_time(struct logline_zone *zone, const char *value, size_t len,
		       struct logline *out)
{
	double number;

	if (logtime_read(zone, value, len, out) > 0)
		return;
	number = number_of(value, len);
	out->at = logtime_epoch(number);
	out->precision = number < 1e11 && memchr(value, '.', len) == NULL ? CLOCK_US : 1000;
	out->zoned = out->at != 0;
}

static void json_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	static const char *const levels[] = { "level", "levelname", "severity", "lvl",
					      "log.level" };
	static const char *const times[] = { "time",	   "timestamp", "ts",
					     "@timestamp", "asctime",	"datetime" };
	const char *value;
	size_t n;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]) && out->level == LOGLEVEL_NONE;
	     i++) {
		value = json_value(bytes, len, levels[i], &n);
		if (value == NULL)
			continue;
		out->level = word_level(value, n);
		if (out->level == LOGLEVEL_NONE)
			out->level = number_level(number_of(value, n));
	}
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]) && out->at == 0; i++) {
		value = json_value(bytes, len, times[i], &n);
		if (value != NULL)
			value_time(zone, value, n, out);
	}
}

/* The value of "KEY=" in a logfmt line. */
static const char *pair_value(const char *bytes, size_t total, const char *key, size_t *len)
{
	size_t keylen = strlen(key);
	const char *at = bytes, *end = bytes + total;

	while ((at = memmem(at, (size_t)(end - at), key, keylen)) != NULL) {
		const char *value = at + keylen;
		bool quoted;

		if (at != bytes && at[-1] != ' ') {
			at = value;
			continue;
		}
		quoted = value < end && *value == '"';
		value += quoted ? 1 : 0;
		*len = 0;
		while (value + *len < end && value[*len] != (quoted ? '"' : ' '))
			++*len;
		return value;
	}
	return NULL;
}

static void logfmt_read(struct logline_zone *zone, const char *bytes, size_t len,
			struct logline *out)
{
	static const char *const levels[] = { "level=", "lvl=", "severity=" };
	static const char *const times[] = { "time=", "ts=", "t=", "timestamp=" };
	const char *value;
	size_t n;

	for (size_t i = 0; i < 3 && out->level == LOGLEVEL_NONE; i++) {
		value = pair_value(bytes, len, levels[i], &n);
		if (value != NULL)
			out->level = word_level(value, n);
	}
	if (out->level == LOGLEVEL_NONE)
		return;
	for (size_t i = 0; i < 4 && out->at == 0; i++) {
		value = pair_value(bytes, len, times[i], &n);
		if (value != NULL)
			value_time(zone, value, n, out);
	}
}

/* Access log: HOST - USER [21/Nov/2026:21:31:05 +0000] "GET / HTTP/1.1" 200 ... */
static bool access_log(struct logline_zone *zone, const char *bytes, size_t len,
		       struct logline *out)
{
	const char *open = memchr(bytes, '[', len < HEAD_MAX ? len : HEAD_MAX);
	const char *end = bytes + len, *quote, *behind;
	size_t n;

	if (open == NULL || end - open < 28 || open[3] != '/' || open[7] != '/')
		return false;
	n = logtime_read(zone, open + 1, (size_t)(end - open - 1), out);
	if (n == 0)
		return false;
	behind = open + 1 + n;
	quote = memchr(behind, '"', (size_t)(end - behind));
	if (quote != NULL)
		quote = memchr(quote + 1, '"', (size_t)(end - quote - 1));
	if (quote != NULL && end - quote >= 5 && quote[1] == ' ') {
		char class = quote[2];

		out->level = class == '5'		     ? LOGLEVEL_ERROR
			     : class == '4'		     ? LOGLEVEL_WARNING
			     : isdigit((unsigned char)class) ? LOGLEVEL_INFO
							     : LOGLEVEL_NONE;
	}
	return true;
}

/* ---- lines in general ---- */

static bool begins(const char *bytes, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(bytes, with, n) == 0;
}

static void kin_read(const char *bytes, size_t len, struct logline *out)
{
	static const char *const details[] = {
		"Caused by:",
		"During handling of the above",
		"The above exception was",
		"Suppressed:",
		"... ",
		"goroutine ",
	};

	out->indented = len > 0 && (bytes[0] == ' ' || bytes[0] == '\t');
	out->traceback = begins(bytes, len, "Traceback (most recent call last)") ||
			 begins(bytes, len, "panic: ") ||
			 begins(bytes, len, "Exception in thread ") ||
			 begins(bytes, len, "thread '");
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		out->detail = out->detail || begins(bytes, len, details[i]);
}

/* PostgreSQL's further lines have the same prefix as the message that they explain. */
static bool postgres_detail(const char *bytes, size_t len)
{
	static const char *const names[] = { "DETAIL:  ",  "HINT:  ",  "STATEMENT:  ",
					     "CONTEXT:  ", "QUERY:  ", "LOCATION:  " };
	size_t limit = len < HEAD_MAX ? len : HEAD_MAX;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (memmem(bytes, limit, names[i], strlen(names[i])) != NULL)
			return true;
	return false;
}

/* klog: "E1121 21:31:05.123456   1234 file.go:12] text" */
static bool klog_read(const char *bytes, size_t len, struct logline *out)
{
	if (len < 20 || strchr("IWEFD", bytes[0]) == NULL || bytes[5] != ' ' || bytes[8] != ':' ||
	    bytes[11] != ':')
		return false;
	for (int i = 1; i < 5; i++)
		if (!isdigit((unsigned char)bytes[i]))
			return false;
	switch (bytes[0]) {
	case 'I':
		out->level = LOGLEVEL_INFO;
		break;
	case 'W':
		out->level = LOGLEVEL_WARNING;
		break;
	case 'E':
		out->level = LOGLEVEL_ERROR;
		break;
	case 'F':
		out->level = LOGLEVEL_CRITICAL;
		break;
	default:
		out->level = LOGLEVEL_DEBUG;
		break;
	}
	return true;
}

/* A line with no time: only a level as its very first word counts ("ERROR:name:text", "[WARN]
 * text"). */
static void bare_read(const char *bytes, size_t len, struct logline *out)
{
	size_t from = len > 0 && (bytes[0] == '[' || bytes[0] == '<') ? 1 : 0, n = from, end;

	while (n < len && isalpha((unsigned char)bytes[n]))
		n++;
	if (n == from || n >= len || strchr(": ]>|\t", bytes[n]) == NULL)
		return;
	if (head_level(bytes, n + 1, &end) != LOGLEVEL_NONE && end <= n + 1) {
		out->level = head_level(bytes, n + 1, &end);
		out->body = n + 1;
	}
}

void logline_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	size_t start = 0, n, end = 0;

	*out = (struct logline){ .precision = CLOCK_US };
	while (len > 0 && (bytes[len - 1] == '\r' || bytes[len - 1] == '\n'))
		len--;
	kin_read(bytes, len, out);
	if (len == 0 || out->indented || out->traceback || out->detail)
		return;
	if (bytes[0] == '{') {
		json_read(zone, bytes, len, out);
		return;
	}
	/* syslog's <13>, and brackets around the time. */
	if (bytes[0] == '<' && len > 3) {
		const char *close = memchr(bytes, '>', len < 6 ? len : 6);

		start = close != NULL && isdigit((unsigned char)bytes[1])
			    ? (size_t)(close + 1 - bytes)
			    : 0;
	} else if (bytes[0] == '[') {
		start = 1;
	}
	n = logtime_read(zone, bytes + start, len - start, out);
	if (n > 0) {
		start += n;
		out->level = head_level(bytes + start, len - start, &end);
		out->body = start + end;
		out->detail =
		    out->level == LOGLEVEL_NONE && postgres_detail(bytes + start, len - start);
		if (out->level == LOGLEVEL_NONE)
			logfmt_read(zone, bytes, len, out);
		return;
	}
	if (klog_read(bytes, len, out) || access_log(zone, bytes, len, out))
		return;
	bare_read(bytes, len, out);
	if (out->level == LOGLEVEL_NONE &&
	    memchr(bytes, '=', len < HEAD_MAX ? len : HEAD_MAX) != NULL)
		logfmt_read(zone, bytes, len, out);
}

int64_t logline_shift(int64_t at, int64_t written)
{
	int64_t shift = written - at, quarters;

	if (shift > 14 * 4 * QUARTER_US || shift < -14 * 4 * QUARTER_US)
		return 0;
	quarters = (shift + (shift < 0 ? -1 : 1) * QUARTER_US / 2) / QUARTER_US;
	if (llabs(shift - quarters * QUARTER_US) > 60 * CLOCK_US)
		return 0;
	return quarters * QUARTER_US;
}

bool logfold_joins(struct logfold *fold, struct logline *line)
{
	bool header = line->at != 0 || line->level != LOGLEVEL_NONE;
	bool joins = false;

	if (line->detail)
		joins = fold->any;
	else if (line->traceback)
		joins = fold->any && fold->last >= LOGLEVEL_WARNING;
	else if (!header)
		joins = fold->any && (fold->traceback || line->indented);
	if (line->traceback)
		fold->traceback = true;
	else if (header && !line->detail)
		fold->traceback = false;
	if (joins)
		return true;
	if (line->traceback)
		line->level = LOGLEVEL_ERROR;
	fold->last = line->level;
	fold->any = true;
	return false;
}
