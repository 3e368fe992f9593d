#include "lib/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/mem.h"

static const char replacement[] = "[redacted]";

enum { SECRET_MIN = 4 };

struct redactor {
	struct secret {
		char *text; /* owned */
		size_t len;
	} * secrets; /* the longest first: one may be the beginning of another */
	size_t count, cap;
};

struct redactor *redactor_new(void)
{
	return xcalloc(1, sizeof(struct redactor));
}

void redactor_free(struct redactor *redactor)
{
	if (!redactor)
		return;
	for (size_t i = 0; i < redactor->count; i++)
		free(redactor->secrets[i].text);
	free(redactor->secrets);
	free(redactor);
}

static int longest_first(const void *a, const void *b)
{
	size_t x = ((const struct secret *)a)->len, y = ((const struct secret *)b)->len;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void secret_add(struct redactor *redactor, const char *text, size_t len)
{
	if (len < SECRET_MIN)
		return;
	redactor->secrets = xgrow(redactor->secrets, &redactor->cap, redactor->count + 1,
				  sizeof(*redactor->secrets));
	redactor->secrets[redactor->count++] =
	    (struct secret){ .text = xstrndup(text, len), .len = len };
	qsort(redactor->secrets, redactor->count, sizeof(*redactor->secrets), longest_first);
}

void redactor_add(struct redactor *redactor, const char *secret)
{
	struct buf encoded = BUF_INIT;

	if (!redactor || !secret)
		return;
	secret_add(redactor, secret, strlen(secret));
	/* As it stands in a URL (RFC 3986). */
	for (const char *p = secret; *p; p++) {
		if (isalnum((unsigned char)*p) || strchr("-._~", *p))
			buf_putc(&encoded, *p);
		else
			buf_printf(&encoded, "%%%02X", (unsigned char)*p);
	}
	if (encoded.len != strlen(secret))
		secret_add(redactor, buf_str(&encoded), encoded.len);
	buf_release(&encoded);
}

/* What is left to read. */
struct rest {
	const char *start, *p, *end;
};

static size_t known_secret(const struct redactor *redactor, const struct rest *rest)
{
	for (size_t i = 0; redactor && i < redactor->count; i++) {
		const struct secret *secret = &redactor->secrets[i];

		if ((size_t)(rest->end - rest->p) >= secret->len &&
		    memcmp(rest->p, secret->text, secret->len) == 0)
			return secret->len;
	}
	return 0;
}

static const char *const secret_names[] = {
	"password", "passwd",  "passphrase", "token",	   "secret",
	"api_key",  "api-key", "apikey",     "access_key",
};

enum { SECRET_NAMES = sizeof(secret_names) / sizeof(secret_names[0]) };

static bool begins(const char *p, const char *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - p) >= len && strncasecmp(p, word, len) == 0;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* The end of a value: its closing quote, else a blank or what separates parameters. */
static const char *value_end(const char **from, const char *end)
{
	const char *p = *from;
	char quote = p < end && (*p == '"' || *p == '\'') ? *p : '\0';

	if (quote) {
		for (*from = ++p; p < end && *p != quote && *p != '\n'; p++)
			if (*p == '\\' && p + 1 < end && p[1] != '\n')
				p++;
		return p;
	}
	/* What was replaced before stays as it is. */
	if (begins(p, end, replacement))
		return p + strlen(replacement);
	while (p < end && !isspace((unsigned char)*p) && !strchr("&;,\"'<>)}]", *p))
		p++;
	return p;
}

/*
 * Each shape looks at the text from rest->p and, when it is there, gives the borders of the secret.
 */
typedef bool shape_fn(const struct rest *rest, const char **from, const char **to);

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* password=..., "token": "...", PGPASSWORD=..., --token ..., --password=... */
static bool shape_named(const struct rest *rest, const char **from, const char **to)
{
	const char *p = NULL, *option = rest->p, *separator;

	for (size_t i = 0; i < SECRET_NAMES && !p; i++)
		if (begins(rest->p, rest->end, secret_names[i]))
			p = rest->p + strlen(secret_names[i]);
	if (!p)
		return false;
	while (option > rest->start && is_name(option[-1]))
		option--;
	if (p < rest->end && (*p == '"' || *p == '\''))
		p++;
	separator = skip_blanks(p, rest->end);
	if (separator < rest->end && (*separator == '=' || *separator == ':'))
		*from = skip_blanks(separator + 1, rest->end);
	else if (begins(option, rest->end, "--") && separator > p)
		*from = separator;
	else
		return false;
	*to = value_end(from, rest->end);
	return true;
}

/* scheme://user:PASS@host */
static bool shape_url(const struct rest *rest, const char **from, const char **to)
{
	const char *colon = NULL, *at = NULL;

	if (!begins(rest->p, rest->end, "://"))
		return false;
	for (const char *p = rest->p + 3;
	     p < rest->end && !isspace((unsigned char)*p) && !strchr("/?#\"'<>", *p); p++) {
		if (*p == ':' && !colon)
			colon = p;
		if (*p == '@')
			at = p;
	}
	if (!colon || !at || at < colon)
		return false;
	*from = colon + 1;
	*to = at;
	return true;
}

/* Authorization: Bearer ... to the end of the line or of the quoted text. */
static bool shape_header(const struct rest *rest, const char **from, const char **to)
{
	const char *p;

	if (!begins(rest->p, rest->end, "authorization"))
		return false;
	p = rest->p + strlen("authorization");
	if (p < rest->end && (*p == '"' || *p == '\''))
		p++;
	p = skip_blanks(p, rest->end);
	if (p == rest->end || (*p != ':' && *p != '='))
		return false;
	p = skip_blanks(p + 1, rest->end);
	if (p < rest->end && (*p == '"' || *p == '\'')) {
		*from = p;
		*to = value_end(from, rest->end);
		return true;
	}
	for (*from = p; p < rest->end && !strchr("\r\n\"'", *p);)
		p++;
	*to = p;
	return true;
}

static shape_fn *const shapes[] = { shape_header, shape_named, shape_url };

static bool shape_find(const struct rest *rest, const char **from, const char **to)
{
	/* What the shapes begin with; looking closer at every byte would cost ten times as much. */
	if (!strchr(":aApPtTsS", *rest->p) || !*rest->p)
		return false;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i](rest, from, to) && *to > *from)
			return true;
	return false;
}

void redact(const struct redactor *redactor, struct buf *out, const char *bytes, size_t len)
{
	struct rest rest = { .start = bytes, .p = bytes, .end = bytes + len };

	while (rest.p < rest.end) {
		const char *from, *to;
		size_t known = known_secret(redactor, &rest);

		if (known > 0) {
			buf_puts(out, replacement);
			rest.p += known;
		} else if (shape_find(&rest, &from, &to)) {
			/* What stands before the value may hold a known secret, too. */
			struct rest before = { .start = rest.p, .p = rest.p, .end = from };

			for (; before.p < from; before.p += known ? known : 1) {
				known = known_secret(redactor, &before);
				buf_add(out, known ? replacement : before.p,
					known ? strlen(replacement) : 1);
			}
			buf_puts(out, replacement);
			rest.p = to;
		} else {
			buf_putc(out, *rest.p++);
		}
	}
}

/* "db_password", "--token": a name that ends in one that is known for secrets. */
static bool names_secret(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < SECRET_NAMES; i++) {
		size_t tail = strlen(secret_names[i]);

		if (len >= tail && strcasecmp(name + len - tail, secret_names[i]) == 0)
			return true;
	}
	return false;
}

static json_t *redact_string(const struct redactor *redactor, const json_t *string)
{
	struct buf out = BUF_INIT;
	json_t *result;

	redact(redactor, &out, json_string_value(string), json_string_length(string));
	result = json_stringn(buf_str(&out), out.len);
	buf_release(&out);
	return result ? result : json_string(replacement);
}

static json_t *redact_list(const struct redactor *redactor, const json_t *list)
{
	json_t *result = json_array();
	bool secret = false;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *text = json_string_value(item);

		json_array_append_new(result, secret && text ? json_string(replacement)
							     : redact_json(redactor, item));
		secret = text && strncmp(text, "--", 2) == 0 && names_secret(text);
	}
	return result;
}

json_t *redact_json(const struct redactor *redactor, const json_t *value)
{
	json_t *result;
	void *iter;

	if (json_is_string(value))
		return redact_string(redactor, value);
	if (json_is_array(value))
		return redact_list(redactor, value);
	if (!json_is_object(value))
		return json_deep_copy(value);
	result = json_object();
	for (iter = json_object_iter((json_t *)(uintptr_t)value); iter;
	     iter = json_object_iter_next((json_t *)(uintptr_t)value, iter)) {
		const char *key = json_object_iter_key(iter);
		const json_t *member = json_object_iter_value(iter);

		json_object_set_new(result, key,
				    names_secret(key) && json_is_string(member)
					? json_string(replacement)
					: redact_json(redactor, member));
	}
	return result;
}
