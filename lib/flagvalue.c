#include "lib/flagvalue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"

/* ---- Reading ---- */

static json_t *python_string(const char *raw, size_t len)
{
	static const char escapes[] = "\\'\"ntr", means[] = "\\'\"\n\t\r";
	struct buf text = BUF_INIT;
	json_t *value = NULL;

	if (len < 2 || raw[len - 1] != raw[0] || (len >= 6 && raw[1] == raw[0]))
		return NULL;
	for (size_t i = 1; i < len - 1; i++) {
		const char *known;

		if (raw[i] == raw[0])
			goto out; /* two strings, one beside the other */
		if (raw[i] != '\\') {
			buf_putc(&text, raw[i]);
			continue;
		}
		known = i + 2 < len ? strchr(escapes, raw[++i]) : NULL;
		if (!known || !*known)
			goto out;
		buf_putc(&text, means[known - escapes]);
	}
	value = json_text(buf_str(&text), text.len);
out:
	buf_release(&text);
	return value;
}

static json_t *number(const char *text)
{
	char *end;
	long long whole;
	double real;

	errno = 0;
	whole = strtoll(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	if (end != text && !*end && errno == 0)
		return json_integer(whole);
	errno = 0;
	real = strtod(text, &end);
	/* "nan" and "infinity" are names in Python, and no JSON */
	if (end == text || *end || errno != 0 || !strchr("+-.0123456789", text[0]))
		return NULL;
	return json_real(real);
}

static json_t *python_value(const char *raw, size_t len)
{
	char text[64];
	size_t n = 0;

	if (len > 0 && (raw[0] == '"' || raw[0] == '\''))
		return python_string(raw, len);
	if (len == 0 || len >= sizeof(text))
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (raw[i] != '_' || i == 0)
			text[n++] = raw[i];
	text[n] = '\0';
	if (strcmp(text, "True") == 0 || strcmp(text, "False") == 0)
		return json_boolean(text[0] == 'T');
	if (strcmp(text, "None") == 0)
		return json_null();
	return number(text);
}

static json_t *line_value(const char *raw, size_t len, bool escapes)
{
	struct buf text = BUF_INIT;
	bool quoted = len >= 2 && (raw[0] == '"' || raw[0] == '\'') && raw[len - 1] == raw[0];
	json_t *value;

	for (size_t i = quoted; i < len - quoted; i++) {
		if (quoted && escapes && raw[0] == '"' && raw[i] == '\\' && i + 1 < len - 1)
			i++;
		buf_putc(&text, raw[i]);
	}
	value = json_text(buf_str(&text), text.len);
	buf_release(&text);
	return value;
}

json_t *flag_decode(enum flag_format format, const char *raw, size_t len)
{
	json_t *value = NULL;

	switch (format) {
	case FLAG_PYTHON:
		return python_value(raw, len);
	case FLAG_JSON:
		value = json_loadb(raw, len, JSON_DECODE_ANY, NULL);
		if (json_is_object(value) || json_is_array(value)) {
			json_decref(value);
			value = NULL;
		}
		return value;
	case FLAG_ENV:
	case FLAG_INI:
		return line_value(raw, len, format == FLAG_ENV);
	}
	return NULL;
}

/* ---- Writing ---- */

static char *python_quote(const char *text, char quote)
{
	struct buf out = BUF_INIT;

	buf_putc(&out, quote);
	for (; *text; text++) {
		if (*text == quote || *text == '\\')
			buf_printf(&out, "\\%c", *text);
		else if (*text == '\n')
			buf_puts(&out, "\\n");
		else if (*text == '\r')
			buf_puts(&out, "\\r");
		else if (*text == '\t')
			buf_puts(&out, "\\t");
		else
			buf_putc(&out, *text);
	}
	buf_putc(&out, quote);
	return buf_detach(&out);
}

static char *python_write(const json_t *value, const char *old, size_t len)
{
	switch (json_typeof(value)) {
	case JSON_TRUE:
		return xstrdup("True");
	case JSON_FALSE:
		return xstrdup("False");
	case JSON_NULL:
		return xstrdup("None");
	case JSON_STRING:
		return python_quote(json_string_value(value),
				    len > 0 && old[0] == '\'' ? '\'' : '"');
	case JSON_INTEGER:
	case JSON_REAL:
		return json_line(value);
	default:
		return NULL;
	}
}

/* The pair of words that the old value comes from: "on" is answered with "off". */
static const char *bool_word(bool yes, const char *old)
{
	static const char *const pairs[][2] = {
		{ "true", "false" }, { "True", "False" }, { "TRUE", "FALSE" }, { "yes", "no" },
		{ "Yes", "No" },     { "YES", "NO" },	  { "on", "off" },     { "On", "Off" },
		{ "ON", "OFF" },     { "1", "0" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (strcmp(old, pairs[i][0]) == 0 || strcmp(old, pairs[i][1]) == 0)
			return pairs[i][!yes];
	return yes ? "true" : "false";
}

static char *line_quote(const char *text, char quote, bool env)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+,=-";
	struct buf out = BUF_INIT;
	bool simple = strspn(text, plain) == strlen(text);

	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 32)
			return NULL;
	if (!quote && (simple || !env))
		return strpbrk(text, "#;\"'") ? NULL : xstrdup(text);
	if (!quote || (quote == '\'' && strchr(text, '\'')))
		quote = '"';
	if (!env && strchr(text, quote))
		return NULL;
	buf_putc(&out, quote);
	for (; *text; text++) {
		if (env && quote == '"' && strchr("\"\\$`", *text))
			buf_putc(&out, '\\');
		buf_putc(&out, *text);
	}
	buf_putc(&out, quote);
	return buf_detach(&out);
}

static char *line_write(const json_t *value, const char *old, size_t len, bool env)
{
	char quote = len >= 2 && (old[0] == '"' || old[0] == '\'') ? old[0] : '\0';
	char *text = NULL, *raw;

	if (json_is_boolean(value)) {
		char *bare = xstrndup(old + (quote != 0), len - (quote ? 2 : 0));

		text = xstrdup(bool_word(json_is_true(value), bare));
		free(bare);
	} else if (json_is_string(value)) {
		text = xstrdup(json_string_value(value));
	} else if (json_is_number(value)) {
		text = json_line(value);
	} else {
		return NULL;
	}
	raw = line_quote(text, quote, env);
	free(text);
	return raw;
}

char *flag_encode(enum flag_format format, const json_t *value, const char *old, size_t len)
{
	switch (format) {
	case FLAG_PYTHON:
		return python_write(value, old, len);
	case FLAG_JSON:
		return json_is_object(value) || json_is_array(value) ? NULL : json_line(value);
	case FLAG_ENV:
	case FLAG_INI:
		return line_write(value, old, len, format == FLAG_ENV);
	}
	return NULL;
}
