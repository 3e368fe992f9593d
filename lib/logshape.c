#include "lib/logshape.h"

#include <stdbool.h>
#include <string.h>

/* How long what stands in quotes may be, and how much of a line is looked at. */
#define QUOTED_MAX 256
#define LOOK_MAX   2048

struct shape {
	char *out;
	size_t len, size;
};

static void put(struct shape *shape, const char *bytes, size_t len)
{
	size_t room = shape->size - shape->len;

	len = len < room ? len : room;
	memcpy(shape->out + shape->len, bytes, len);
	shape->len += len;
}

/* What a byte may begin or belong to. */
enum { WORD_BYTE = 1, NUMBER = 2, HEX = 4, QUOTE = 8, COLOUR = 16 };

static inline unsigned char class_of(char c)
{
	enum {
		W = WORD_BYTE,
		N = WORD_BYTE | NUMBER | HEX,
		H = WORD_BYTE | HEX,
		Q = QUOTE,
		C = COLOUR
	};
	/* clang-format off */
	static const unsigned char classes[256] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, C, 0, 0, 0, 0,
		0, 0, Q, 0, 0, 0, 0, Q, 0, 0, 0, 0, 0, 0, 0, 0,
		N, N, N, N, N, N, N, N, N, N, 0, 0, 0, 0, 0, 0,
		0, H, H, H, H, H, H, W, W, W, W, W, W, W, W, W,
		W, W, W, W, W, W, W, W, W, W, W, 0, C, 0, 0, W,
		Q, H, H, H, H, H, H, W, W, W, W, W, W, W, W, W,
		W, W, W, W, W, W, W, W, W, W, W, 0, 0, 0, 0, 0,
	};
	/* clang-format on */

	return classes[(unsigned char)c];
}

static inline bool is_number(char c)
{
	return (class_of(c) & NUMBER) != 0;
}

static inline bool is_hex(char c)
{
	return (class_of(c) & HEX) != 0;
}

static inline bool is_word(char c)
{
	return (class_of(c) & WORD_BYTE) != 0;
}

/* The length of 8-4-4-4-12 at p, 0 when it is none. */
static size_t uuid_read(const char *p, const char *end)
{
	if (end - p < 36 || p[8] != '-')
		return 0;
	for (int i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? p[i] != '-' : !is_hex(p[i]))
			return 0;
	return 36;
}

/* A word of eight hexadecimal digits and more, letters and numbers among them; 0x before it or not.
 */
static size_t hex_read(const char *p, const char *end)
{
	bool marked = end - p > 2 && p[0] == '0' && (p[1] | 32) == 'x', number = false,
	     letter = false;
	size_t n = marked ? 2 : 0;

	for (; p + n < end && is_hex(p[n]); n++) {
		number = number || is_number(p[n]);
		letter = letter || !is_number(p[n]);
	}
	if (p + n < end && (is_word(p[n])))
		return 0;
	return (marked && n > 2) || (n >= 8 && number && letter) ? n : 0;
}

/* "12", "12.5", "10.0.0.1", "21:31:05,123" */
static size_t number_read(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && is_number(p[n])) {
		while (p + n < end && is_number(p[n]))
			n++;
		if (p + n + 1 < end && (p[n] == '.' || p[n] == ',' || p[n] == ':') &&
		    is_number(p[n + 1]))
			n++;
	}
	return n;
}

/* What stands in quotes at p: its length with them; an apostrophe in a word begins nothing. */
static size_t quoted_read(const char *p, const char *begin, const char *end)
{
	size_t most = (size_t)(end - p) < QUOTED_MAX ? (size_t)(end - p) : QUOTED_MAX;
	const char *close;

	if (*p != '"' && *p != '\'' && *p != '`')
		return 0;
	if (*p == '\'' && p > begin && is_word(p[-1]))
		return 0;
	/* Doubled, as CSV has them. */
	if (most > 3 && p[0] == '"' && p[1] == '"') {
		close = memmem(p + 2, most - 2, "\"\"", 2);
		return close != NULL ? (size_t)(close + 2 - p) : 0;
	}
	close = most > 1 ? memchr(p + 1, *p, most - 1) : NULL;
	return close != NULL ? (size_t)(close + 1 - p) : 0;
}

/* A colour at p, as it is or as JSON writes it: ESC [ ... m. */
static size_t colour_read(const char *p, const char *end)
{
	size_t n = end - p > 3 && p[0] == '\033'		 ? 1
		   : end - p > 8 && memcmp(p, "\\u001b", 6) == 0 ? 6
								 : 0;

	if (n == 0 || p[n++] != '[')
		return 0;
	while (p + n < end && (is_number(p[n]) || p[n] == ';'))
		n++;
	return p + n < end && p[n] == 'm' ? n + 1 : 0;
}

static void text_shape(struct shape *shape, const char *begin, const char *end)
{
	bool word = false; /* the byte before belongs to a word */

	for (const char *p = begin; p < end && shape->len < shape->size;) {
		char *to = shape->out + shape->len, *most = shape->out + shape->size;
		unsigned char class = class_of(*p);
		size_t n;

		/* A word may be hexadecimal when its second byte may, too. */
		while (!(class & (NUMBER | QUOTE | COLOUR)) &&
		       (word || !(class & HEX) || p + 1 == end || !is_hex(p[1]))) {
			word = class & WORD_BYTE;
			*to++ = *p++;
			if (p == end || to == most)
				break;
			class = class_of(*p);
		}
		shape->len = (size_t)(to - shape->out);
		if (p == end || to == most)
			break;
		if (class & COLOUR && (n = colour_read(p, end)) > 0) {
			p += n;
			word = false;
			continue;
		}
		if (class & QUOTE && (n = quoted_read(p, begin, end)) > 0) {
			put(shape, p, 1);
			put(shape, "*", 1);
			put(shape, p, 1);
		} else if (!word && (n = uuid_read(p, end)) > 0) {
			put(shape, "<uuid>", 6);
		} else if (!word && (n = hex_read(p, end)) > 0) {
			put(shape, "<hex>", 5);
		} else if (class & NUMBER) {
			n = number_read(p, end);
			put(shape, "#", 1);
		} else {
			*to = *p;
			shape->len++;
			n = 1;
		}
		p += n;
		word = is_word(p[-1]);
	}
}

/* The quoted value behind a key, without its quotes. */
static bool value_find(const char *line, const char *end, const char *key, const char **from,
		       const char **to)
{
	size_t len = strlen(key);
	const char *p = memmem(line, (size_t)(end - line), key, len);

	if (p == NULL || (p > line && p[-1] != ' ' && p[-1] != '{' && p[-1] != ','))
		return false;
	p += len;
	while (p < end && (*p == ' ' || *p == ':'))
		p++;
	if (p >= end || *p != '"')
		return false;
	*from = ++p;
	while (p < end && *p != '"')
		p += *p == '\\' ? 2 : 1;
	*to = p < end ? p : end;
	return true;
}

/* The message of JSON or logfmt. */
static bool message_find(const char *line, const char *end, const char **from, const char **to)
{
	static const char *const keys[] = { "\"msg\"",		 "\"message\"", "\"event\"",
					    "\"short_message\"", "\"MESSAGE\"", "\"error\"",
					    "\"text\"",		 "\"log\"",	"msg=",
					    "message=" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (value_find(line, end, keys[i], from, to))
			return true;
	return false;
}

/* ... "GET /a?b=c HTTP/1.1" 500 ... */
static bool access_shape(struct shape *shape, const char *line, const char *end)
{
	const char *quote = memmem(line, (size_t)(end - line), "] \"", 3), *close, *path, *to;

	if (quote == NULL)
		return false;
	quote += 3;
	close = memchr(quote, '"', (size_t)(end - quote));
	if (close == NULL || end - close < 5 || close[1] != ' ' || !is_number(close[2]))
		return false;
	path = memchr(quote, ' ', (size_t)(close - quote));
	for (to = path != NULL ? path + 1 : close; to < close && *to != ' ' && *to != '?';)
		to++;
	text_shape(shape, quote, to);
	put(shape, " ", 1);
	put(shape, close + 2, 3);
	return true;
}

/* Where a string of JSON or CSV ends, without the newline that it may end with. */
static const char *string_end(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && (*p != '"' || (p + 1 < end && p[1] == '"')))
		p += *p == '\\' || *p == '"' ? 2 : 1;
	p = p < end ? p : end;
	return p - from > 2 && p[-2] == '\\' && p[-1] == 'n' ? p - 2 : p;
}

size_t logshape(const char *line, size_t len, size_t body, char *out, size_t size)
{
	struct shape shape = { .out = out, .size = size };
	const char *end = line + (len < LOOK_MAX ? len : LOOK_MAX), *from = line, *to = end;
	size_t n = 0;

	while (body < len && body < LOOK_MAX &&
	       ((strchr(" \t-:|]>),;", line[body]) != NULL && line[body] != '\0') ||
		(n = colour_read(line + body, line + len)) > 0)) {
		body += n > 0 ? n : 1;
		n = 0;
	}
	from = line + (body < (size_t)(end - line) ? body : 0);
	if (from > line && (*line == '{' || from[-1] == '"'))
		text_shape(&shape, from, string_end(from, end));
	else if ((*line == '{' || memchr(line, '=', (size_t)(end - line)) != NULL) &&
		 message_find(line, end, &from, &to))
		text_shape(&shape, from, to);
	else if (body > 0 || !access_shape(&shape, line, end))
		text_shape(&shape, from, end);
	while (shape.len > 0 && (out[shape.len - 1] == '\r' || out[shape.len - 1] == ' '))
		shape.len--;
	return shape.len;
}
