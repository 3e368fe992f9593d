#include "lib/logpairs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/loglevel.h"
#include "lib/logstamp.h"
#include "lib/logtime.h"

/* How deep objects are looked into, and how many values of a line are looked at. */
#define DEPTH_MAX  4
#define VALUES_MAX 400

/* What a key says about its value. */
enum meaning {
	MEANS_NOTHING,
	MEANS_LEVEL,
	MEANS_LEVELNO, /* Python's: 40 is an error */
	MEANS_SYSLOG,
	MEANS_LETTER, /* MongoDB's I, W, E, F, D1 */
	MEANS_TIME,
	MEANS_STATUS,
	MEANS_TEXT, /* a line that was wrapped (Docker) */
	MEANS_INTO, /* an object that is looked into */
};

struct key {
	const char *name;
	enum meaning text, number, object; /* by what its value is */
};

static const struct key keys[] = {
	{ "level", MEANS_LEVEL, MEANS_LEVEL, MEANS_INTO },
	{ "levelname", MEANS_LEVEL, MEANS_NOTHING, MEANS_NOTHING },
	{ "severity", MEANS_LEVEL, MEANS_LEVEL, MEANS_NOTHING },
	{ "severity_text", MEANS_LEVEL, MEANS_NOTHING, MEANS_NOTHING },
	{ "severitytext", MEANS_LEVEL, MEANS_NOTHING, MEANS_NOTHING },
	{ "time", MEANS_TIME, MEANS_TIME, MEANS_INTO },
	{ "timestamp", MEANS_TIME, MEANS_TIME, MEANS_NOTHING },
	{ "ts", MEANS_TIME, MEANS_TIME, MEANS_NOTHING },
	{ "@timestamp", MEANS_TIME, MEANS_TIME, MEANS_NOTHING },
	{ "lvl", MEANS_LEVEL, MEANS_LEVEL, MEANS_NOTHING },
	{ "log.level", MEANS_LEVEL, MEANS_LEVEL, MEANS_NOTHING },
	{ "log_level", MEANS_LEVEL, MEANS_LEVEL, MEANS_NOTHING },
	{ "loglevel", MEANS_LEVEL, MEANS_LEVEL, MEANS_NOTHING },
	{ "@level", MEANS_LEVEL, MEANS_LEVEL, MEANS_NOTHING },
	{ "@l", MEANS_LEVEL, MEANS_NOTHING, MEANS_NOTHING },
	{ "@t", MEANS_TIME, MEANS_NOTHING, MEANS_NOTHING },
	{ "t", MEANS_TIME, MEANS_TIME, MEANS_INTO },
	{ "$date", MEANS_TIME, MEANS_TIME, MEANS_NOTHING },
	{ "s", MEANS_LETTER, MEANS_NOTHING, MEANS_NOTHING },
	{ "asctime", MEANS_TIME, MEANS_NOTHING, MEANS_NOTHING },
	{ "datetime", MEANS_TIME, MEANS_NOTHING, MEANS_NOTHING },
	{ "date", MEANS_TIME, MEANS_TIME, MEANS_NOTHING },
	{ "created", MEANS_NOTHING, MEANS_TIME, MEANS_NOTHING },
	{ "levelno", MEANS_NOTHING, MEANS_LEVELNO, MEANS_NOTHING },
	{ "error_severity", MEANS_LEVEL, MEANS_NOTHING, MEANS_NOTHING },
	{ "PRIORITY", MEANS_SYSLOG, MEANS_SYSLOG, MEANS_NOTHING },
	{ "__REALTIME_TIMESTAMP", MEANS_TIME, MEANS_TIME, MEANS_NOTHING },
	{ "status", MEANS_STATUS, MEANS_STATUS, MEANS_NOTHING },
	{ "status_code", MEANS_STATUS, MEANS_STATUS, MEANS_NOTHING },
	{ "log", MEANS_TEXT, MEANS_NOTHING, MEANS_INTO },
	{ "record", MEANS_NOTHING, MEANS_NOTHING, MEANS_INTO },
	{ "name", MEANS_NOTHING, MEANS_NOTHING, MEANS_NOTHING },
	{ "at", MEANS_LEVEL, MEANS_NOTHING, MEANS_NOTHING },
};

/* What was found besides level and time. */
struct found {
	struct logline_zone *zone;
	struct logline *out;
	enum loglevel status;
	struct logpairs_wrapped wrapped;
};

static const struct key *key_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if ((keys[i].name[0] | 32) == (*name | 32) && strlen(keys[i].name) == len &&
		    strncasecmp(keys[i].name, name, len) == 0)
			return &keys[i];
	return NULL;
}

static bool number_of(const char *bytes, size_t len, double *number)
{
	char text[40], *end;

	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, bytes, len);
	text[len] = '\0';
	*number = strtod(text, &end);
	return *end == '\0';
}

enum loglevel logpairs_status(const char *bytes, size_t len)
{
	if (len < 3 || bytes[0] < '1' || bytes[0] > '5')
		return LOGLEVEL_NONE;
	for (size_t i = 0; i < len; i++)
		if (i < 3 ? bytes[i] < '0' || bytes[i] > '9' : bytes[i] >= '0' && bytes[i] <= '9')
			return LOGLEVEL_NONE;
		else if (i >= 3)
			break;
	return bytes[0] == '5'	 ? LOGLEVEL_ERROR
	       : bytes[0] == '4' ? LOGLEVEL_WARNING
				 : LOGLEVEL_INFO;
}

static void time_value(struct found *found, const char *value, size_t len)
{
	struct logline *out = found->out;
	double number;

	if (out->at != 0 || logtime_read(found->zone, value, len, out) > 0)
		return;
	if (!number_of(value, len, &number))
		return;
	out->at = logstamp_epoch(number);
	out->precision = number < 1e11 && memchr(value, '.', len) == NULL ? CLOCK_US : 1000;
	out->zoned = out->at != 0;
}

/* "error", "WARN+1" (slog), "\\u001b[31merror\\u001b[39m" (with its colour). */
static enum loglevel word_level(const char *value, size_t len)
{
	static const char colour[] = "\\u001b[";
	const char *end;

	if (len > sizeof(colour) && memcmp(value, colour, sizeof(colour) - 1) == 0) {
		end = memchr(value, 'm', len);
		len -= end != NULL ? (size_t)(end + 1 - value) : 0;
		value += end != NULL ? end + 1 - value : 0;
		end = memchr(value, '\\', len);
		len = end != NULL ? (size_t)(end - value) : len;
	}
	if (len > 2 && len < 9 && (value[len - 2] == '+' || value[len - 2] == '-'))
		len -= 2;
	return loglevel_word(value, len);
}

static enum loglevel level_value(enum meaning meaning, const char *value, size_t len)
{
	enum loglevel level = meaning == MEANS_LEVEL ? word_level(value, len) : LOGLEVEL_NONE;
	double number;

	if (meaning == MEANS_LETTER)
		return len == 1 || len == 2 ? loglevel_letter(*value) : LOGLEVEL_NONE;
	if (level != LOGLEVEL_NONE)
		return level;
	if (!number_of(value, len, &number) || number < 0)
		return LOGLEVEL_NONE;
	/* More than any syslog has: none, and no int either. */
	if (meaning == MEANS_SYSLOG && number > 7)
		return LOGLEVEL_NONE;
	return meaning == MEANS_SYSLOG	  ? loglevel_syslog((int)number)
	       : meaning == MEANS_LEVELNO ? loglevel_number(number + 10)
					  : loglevel_number(number);
}

static void value_use(struct found *found, enum meaning meaning, const char *value, size_t len)
{
	switch (meaning) {
	case MEANS_LEVEL:
	case MEANS_LEVELNO:
	case MEANS_SYSLOG:
	case MEANS_LETTER:
		if (found->out->level == LOGLEVEL_NONE)
			found->out->level = level_value(meaning, value, len);
		break;
	case MEANS_TIME:
		time_value(found, value, len);
		break;
	case MEANS_STATUS:
		found->status = logpairs_status(value, len);
		break;
	case MEANS_TEXT:
		found->wrapped = (struct logpairs_wrapped){ .bytes = value, .len = len };
		break;
	case MEANS_NOTHING:
	case MEANS_INTO:
		break;
	}
}

/* Nothing more that a later value could tell. */
static bool is_enough(const struct found *found)
{
	return found->out->level != LOGLEVEL_NONE && found->out->at != 0;
}

/* ---- JSON ---- */

/* The quote that ends a string whose first byte p is; `end` when it doesn't. */
static const char *string_end(const char *p, const char *end)
{
	while (p < end) {
		const char *quote = memchr(p, '"', (size_t)(end - p)), *back;

		if (quote == NULL)
			return end;
		for (back = quote; back > p && back[-1] == '\\';)
			back--;
		if ((quote - back) % 2 == 0)
			return quote;
		p = quote + 1;
	}
	return end;
}

static const char *space_skip(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == ',' || *p == ':'))
		p++;
	return p;
}

/* Passes over an object or array. */
static const char *nested_skip(const char *p, const char *end)
{
	int depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = string_end(p + 1, end);
			if (p == end)
				return end;
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if ((*p == '}' || *p == ']') && --depth == 0) {
			return p + 1;
		}
		p++;
	}
	return end;
}

static const char *scalar_end(const char *p, const char *end)
{
	while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ' ')
		p++;
	return p;
}

/* loguru's {"level": {"name": ...}, "time": {"timestamp": ...}}, MongoDB's {"t": {"$date": ...}}.
 */
static enum meaning inner_meaning(const struct key *outer, const struct key *key,
				  enum meaning by_key)
{
	if (outer != NULL && strcmp(outer->name, "level") == 0)
		return strcmp(key->name, "name") == 0 ? MEANS_LEVEL : MEANS_NOTHING;
	return by_key;
}

/* One value at p: its end, or where the object begins that is to be looked into. */
static const char *value_read(struct found *found, const struct key *key, const struct key *outer,
			      const char *p, const char *end, bool *into)
{
	const char *to;

	*into = false;
	if (*p == '"') {
		to = string_end(p + 1, end);
		if (key != NULL)
			value_use(found, inner_meaning(outer, key, key->text), p + 1,
				  (size_t)(to - p - 1));
		return to < end ? to + 1 : end;
	}
	if (*p == '{' && key != NULL && key->object == MEANS_INTO) {
		*into = true;
		return p + 1;
	}
	if (*p == '{' || *p == '[')
		return nested_skip(p, end);
	to = scalar_end(p, end);
	if (key != NULL)
		value_use(found, inner_meaning(outer, key, key->number), p, (size_t)(to - p));
	return to;
}

void logjson_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out,
		  struct logpairs_wrapped *wrapped)
{
	struct found found = { .zone = zone, .out = out };
	const struct key *outer[DEPTH_MAX + 1] = { NULL }, *key;
	const char *p = bytes + 1, *end = bytes + len, *name;
	size_t depth = 0;

	for (int n = 0; n < VALUES_MAX && !is_enough(&found); n++) {
		bool into;

		p = space_skip(p, end);
		while (p < end && *p == '}' && depth > 0) {
			depth--;
			p = space_skip(p + 1, end);
		}
		if (p >= end || *p != '"')
			break;
		name = p + 1;
		p = string_end(name, end);
		key = p < end ? key_find(name, (size_t)(p - name)) : NULL;
		p = space_skip(p < end ? p + 1 : end, end);
		if (p >= end)
			break;
		p = value_read(&found, key, outer[depth], p, end, &into);
		if (into && depth == DEPTH_MAX)
			break;
		if (into)
			outer[++depth] = key;
	}
	if (out->level == LOGLEVEL_NONE)
		out->level = found.status;
	*wrapped = found.wrapped;
}

size_t logjson_text(const char *bytes, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < size; i++) {
		if (bytes[i] != '\\' || i + 1 == len) {
			out[n++] = bytes[i];
			continue;
		}
		i++;
		if (bytes[i] == 'u' && len - i > 4) {
			/* Of what stands in a line's head only the escape is written like that. */
			out[n++] = memcmp(bytes + i + 1, "001b", 4) == 0 ? '\033' : '?';
			i += 4;
		} else {
			out[n++] = (char)(bytes[i] == 'n'   ? '\n'
					  : bytes[i] == 'r' ? '\r'
					  : bytes[i] == 't' ? '\t'
							    : bytes[i]);
		}
	}
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r'))
		n--;
	return n;
}

/* ---- logfmt ---- */

/* The end of a value at p; *from and *to are what is between its quotes. */
static const char *pair_value(const char *p, const char *end, const char **from, const char **to)
{
	*from = p;
	if (p < end && *p == '"') {
		*from = p + 1;
		*to = string_end(p + 1, end);
		return *to < end ? *to + 1 : end;
	}
	*to = memchr(p, ' ', (size_t)(end - p));
	if (*to == NULL)
		*to = end;
	return *to;
}

void logfmt_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	struct found found = { .zone = zone, .out = out };
	const char *p = bytes, *end = bytes + len, *from, *to;

	for (int n = 0; n < VALUES_MAX && p < end && !is_enough(&found); n++) {
		const char *name = p;
		const struct key *key;

		while (p < end && *p != '=' && *p != ' ' && *p != '"')
			p++;
		if (p >= end || *p != '=' || p == name) {
			p++;
			continue;
		}
		key = key_find(name, (size_t)(p - name));
		p = pair_value(p + 1, end, &from, &to);
		/* "battery level=3" is none: nobody's logfmt has numbers for levels. */
		if (key != NULL && key->text != MEANS_TEXT && key->text != MEANS_LETTER &&
		    !(key->text == MEANS_LEVEL && from < to && logstamp_is_digit(*from)))
			value_use(&found, key->text, from, (size_t)(to - from));
	}
	if (out->level == LOGLEVEL_NONE)
		out->level = found.status;
}
