#include "lib/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/mem.h"

static const char replacement[] = "[redacted]";

enum { SECRET_MIN = 4, BASE64_MIN = 6, PENDING_MAX = 4096 };

struct redactor {
	struct secret {
		char *text; /* owned */
		size_t len;
	} * secrets; /* the longest first: one may be the beginning of another */
	size_t count, cap;
	bool first[256]; /* bytes that a secret begins with */
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
	redactor->first[(unsigned char)*text] = true;
	redactor->secrets[redactor->count++] =
	    (struct secret){ .text = xstrndup(text, len), .len = len };
	qsort(redactor->secrets, redactor->count, sizeof(*redactor->secrets), longest_first);
}

/* As it stands in a URL (RFC 3986; the digits of either case). */
static void add_url(struct redactor *redactor, const char *secret, const char *format)
{
	struct buf encoded = BUF_INIT;

	for (const char *p = secret; *p; p++) {
		if (isalnum((unsigned char)*p) || strchr("-._~", *p))
			buf_putc(&encoded, *p);
		else
			buf_printf(&encoded, format[0] == 'x' ? "%%%02x" : "%%%02X",
				   (unsigned char)*p);
	}
	if (encoded.len != strlen(secret))
		secret_add(redactor, buf_str(&encoded), encoded.len);
	buf_release(&encoded);
}

/* As it stands in JSON: all that is beyond ASCII in either way. */
static void add_json(struct redactor *redactor, const char *secret, size_t flags)
{
	json_t *text = json_string(secret);
	char *line = text ? json_dumps(text, JSON_ENCODE_ANY | flags) : NULL;

	if (line && strlen(line) - 2 != strlen(secret))
		secret_add(redactor, line + 1, strlen(line) - 2);
	free(line);
	json_decref(text);
}

/* In base64 what stands before a text decides how its bytes are cut; what is the same whatever
 * stands around it is known. Short ones leave too little for that. */
static void add_base64(struct redactor *redactor, const char *secret)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	size_t len = strlen(secret);

	for (size_t before = 0; before < 3 && len >= BASE64_MIN; before++) {
		/* Digits that hold nothing but bits of the secret. */
		size_t first = (before * 8 + 5) / 6, end = (before + len) * 8 / 6;
		struct buf encoded = BUF_INIT;

		for (size_t digit = first; digit < end; digit++) {
			unsigned value = 0;

			for (size_t bit = digit * 6; bit < digit * 6 + 6; bit++) {
				unsigned char byte = (unsigned char)secret[bit / 8 - before];

				value = value << 1 | (byte >> (7 - bit % 8) & 1U);
			}
			buf_putc(&encoded, digits[value]);
		}
		secret_add(redactor, buf_str(&encoded), encoded.len);
		buf_release(&encoded);
	}
}

static void add_forms(struct redactor *redactor, const char *secret)
{
	secret_add(redactor, secret, strlen(secret));
	add_url(redactor, secret, "X");
	add_url(redactor, secret, "x");
	add_json(redactor, secret, 0);
	add_json(redactor, secret, JSON_ENSURE_ASCII);
	add_json(redactor, secret, JSON_ESCAPE_SLASH);
	add_base64(redactor, secret);
}

void redactor_add(struct redactor *redactor, const char *secret)
{
	if (!redactor || !secret)
		return;
	add_forms(redactor, secret);
	/* Output is written line by line. */
	for (const char *line = secret; strchr(secret, '\n') && *line;) {
		size_t len = strcspn(line, "\r\n");
		char *one = xstrndup(line, len);

		add_forms(redactor, one);
		free(one);
		line += len;
		line += strspn(line, "\r\n");
	}
}

/* A text, and which of its bytes are secret. */
struct text {
	const char *start, *end;
	int *edges; /* owned, one for each byte and the end: secrets that begin there, less those
		       that end */
	/* Where values that were looked at end: those that begin before end there, too, so that a
	 * text of names alone costs no more than any other. */
	const char *plain_end, *header_end;
};

/* The length of the longest known secret at `p`; 0: none stands there. */
static size_t known_secret(const struct redactor *redactor, const char *p, const char *end)
{
	if (!redactor || !redactor->first[(unsigned char)*p])
		return 0;
	for (size_t i = 0; i < redactor->count; i++) {
		const struct secret *secret = &redactor->secrets[i];

		if ((size_t)(end - p) >= secret->len && memcmp(p, secret->text, secret->len) == 0)
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
static const char *value_end(struct text *text, const char **from)
{
	const char *p = *from, *end = text->end;
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
	if (p < text->plain_end)
		return text->plain_end;
	while (p < end && !isspace((unsigned char)*p) && !strchr("&;,\"'<>)}]", *p))
		p++;
	text->plain_end = p;
	return p;
}

/*
 * Each shape looks at the text from `p` and, when it is there, gives the borders of the secret.
 */
typedef bool shape_fn(struct text *text, const char *p, const char **from, const char **to);

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Whether the name at `p` begins with "--". */
static bool is_option(const struct text *text, const char *p)
{
	while (p > text->start && is_name(p[-1]))
		p--;
	return begins(p, text->end, "--");
}

/* password=..., "token": "...", PGPASSWORD=..., --token ..., --password=... */
static bool shape_named(struct text *text, const char *p, const char **from, const char **to)
{
	const char *behind = NULL, *separator;

	for (size_t i = 0; i < SECRET_NAMES && !behind; i++)
		if (begins(p, text->end, secret_names[i]))
			behind = p + strlen(secret_names[i]);
	if (!behind)
		return false;
	if (behind < text->end && (*behind == '"' || *behind == '\''))
		behind++;
	separator = skip_blanks(behind, text->end);
	if (separator < text->end && (*separator == '=' || *separator == ':'))
		*from = skip_blanks(separator + 1, text->end);
	else if (separator > behind && is_option(text, p))
		*from = separator;
	else
		return false;
	*to = value_end(text, from);
	return true;
}

/* scheme://user:PASS@host */
static bool shape_url(struct text *text, const char *p, const char **from, const char **to)
{
	const char *colon = NULL, *at = NULL;

	if (!begins(p, text->end, "://"))
		return false;
	for (p += 3; p < text->end && !isspace((unsigned char)*p) && !strchr("/?#\"'<>", *p); p++) {
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
static bool shape_header(struct text *text, const char *p, const char **from, const char **to)
{
	if (!begins(p, text->end, "authorization"))
		return false;
	p += strlen("authorization");
	if (p < text->end && (*p == '"' || *p == '\''))
		p++;
	p = skip_blanks(p, text->end);
	if (p == text->end || (*p != ':' && *p != '='))
		return false;
	*from = p = skip_blanks(p + 1, text->end);
	if (p < text->end && (*p == '"' || *p == '\'')) {
		*to = value_end(text, from);
		return true;
	}
	if (p >= text->header_end) {
		while (p < text->end && !strchr("\r\n\"'", *p))
			p++;
		text->header_end = p;
	}
	*to = text->header_end;
	return true;
}

static shape_fn *const shapes[] = { shape_header, shape_named, shape_url };

static void hide(struct text *text, const char *from, const char *to)
{
	text->edges[from - text->start]++;
	text->edges[to - text->start]--;
}

/* Looked for at every byte, also inside of what is secret already: one secret may begin in another,
 * a name may stand where a value is expected. */
static void find_secrets(const struct redactor *redactor, struct text *text)
{
	for (const char *p = text->start; p < text->end; p++) {
		const char *from, *to;
		size_t known = known_secret(redactor, p, text->end);

		if (known > 0)
			hide(text, p, p + known);
		/* What the shapes begin with; looking closer at every byte would cost ten times as
		 * much. */
		if (!*p || !strchr(":aApPtTsS", *p))
			continue;
		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
			if (shapes[i](text, p, &from, &to))
				hide(text, from, to);
	}
}

void redact(const struct redactor *redactor, struct buf *out, const char *bytes, size_t len)
{
	struct text text = { .start = bytes,
			     .end = bytes + len,
			     .edges = xcalloc(len + 1, sizeof(int)),
			     .plain_end = bytes,
			     .header_end = bytes };
	int depth = 0;

	find_secrets(redactor, &text);
	for (size_t i = 0; i < len; i++) {
		bool before = depth > 0;

		depth += text.edges[i];
		if (depth == 0)
			buf_putc(out, bytes[i]);
		else if (!before)
			buf_puts(out, replacement);
	}
	free(text.edges);
}

/* The longest end of `bytes` that is the beginning of a known secret (but not all of it). */
static size_t begun(const struct redactor *redactor, const char *bytes, size_t len)
{
	size_t longest = 0;

	for (size_t i = 0; redactor && i < redactor->count; i++) {
		const struct secret *secret = &redactor->secrets[i];

		for (size_t n = secret->len - 1; n > longest; n--) {
			if (n <= len && memcmp(bytes + len - n, secret->text, n) == 0)
				longest = n;
		}
	}
	return longest;
}

void redact_cut(const struct redactor *redactor, struct buf *out, const char *bytes, size_t len)
{
	size_t end = begun(redactor, bytes, len);

	if (end < SECRET_MIN)
		end = 0;
	redact(redactor, out, bytes, len - end);
	if (end)
		buf_puts(out, replacement);
}

/* Where to cut at `cut` or before it, so that no known secret is cut in two. */
static size_t whole(const struct redactor *redactor, const char *bytes, size_t len, size_t cut)
{
	/* The list begins with the longest. */
	size_t reach = redactor && redactor->count ? redactor->secrets[0].len : 0;

	for (size_t at = cut > reach ? cut - reach : 0; at < cut; at++)
		if (at + known_secret(redactor, bytes + at, bytes + len) > cut)
			return at;
	return cut;
}

size_t redact_pending(const struct redactor *redactor, const char *bytes, size_t len)
{
	size_t end = begun(redactor, bytes, len), word = 0;

	/* A shape (a name, its value) is not cut in two; one without end has no value that could be
	 * known. */
	while (word < len && word < PENDING_MAX && !isspace((unsigned char)bytes[len - word - 1]))
		word++;
	if (word == PENDING_MAX)
		word = 0;
	return len - whole(redactor, bytes, len, len - (word > end ? word : end));
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
