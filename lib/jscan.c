#include "lib/jscan.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

/* Deeper than any sane document, far below what the stack holds. */
enum { DEPTH_MAX = 200 };

struct scan {
	const char *name, *p, *end;
	/* The place of `mark`; places are asked for in the order of the text. */
	const char *mark;
	struct jwhere where;
	struct buf pointer; /* of the value being scanned */
	struct jpos *pos;
	size_t npos, cap;
	int depth;
	struct err *err;
};

static struct jwhere place(struct scan *s, const char *at)
{
	for (; s->mark < at; s->mark++) {
		if (*s->mark == '\n') {
			s->where.line++;
			s->where.column = 1;
		} else if (((unsigned char)*s->mark & 0xc0) != 0x80) {
			s->where.column++;
		}
	}
	return s->where;
}

static int fail(struct scan *s, const char *at, const char *what, const char *hint)
{
	struct jwhere where = place(s, at);

	err_set(s->err, "%s:%d:%d: %s", s->name, where.line, where.column, what);
	if (hint)
		err_hint(s->err, "%s", hint);
	return -1;
}

static int unexpected(struct scan *s, const char *expected)
{
	char text[160], shown[32];
	int32_t cp;

	if (s->p == s->end) {
		snprintf(text, sizeof(text), "the file ends where %s is expected", expected);
		return fail(s, s->p, text, NULL);
	}
	text_clean_to(shown, sizeof(shown), s->p, utf8_decode(s->p, (size_t)(s->end - s->p), &cp));
	snprintf(text, sizeof(text), "%s is expected, not \"%s\"", expected, shown);
	return fail(s, s->p, text, *s->p == '\'' ? "JSON strings stand in double quotes" : NULL);
}

static int skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
	if (s->p < s->end && (*s->p == '#' || (*s->p == '/' && s->p + 1 < s->end &&
					       (s->p[1] == '/' || s->p[1] == '*'))))
		return fail(s, s->p, "a comment: JSON has none",
			    "put the remark into an \"about\" or \"note\" member, or remove it");
	return 0;
}

static int hex4(struct scan *s, int32_t *value)
{
	*value = 0;
	for (int i = 0; i < 4; i++, s->p++) {
		if (s->p == s->end || !isxdigit((unsigned char)*s->p))
			return unexpected(s, "a hexadecimal digit");
		*value = *value * 16 + (isdigit((unsigned char)*s->p)
					    ? *s->p - '0'
					    : tolower((unsigned char)*s->p) - 'a' + 10);
	}
	return 0;
}

static int scan_escape(struct scan *s, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *start = s->p++, *known;
	int32_t cp, low;

	if (s->p == s->end)
		return unexpected(s, "an escape");
	known = strchr(from, *s->p);
	if (known && *s->p) {
		s->p++;
		buf_putc(out, to[known - from]);
		return 0;
	}
	if (*s->p != 'u')
		return fail(s, start, "an unknown escape in a string",
			    "a backslash itself is written \\\\");
	s->p++;
	if (hex4(s, &cp) < 0)
		return -1;
	if (cp >= 0xd800 && cp < 0xdc00 && s->end - s->p >= 6 && s->p[0] == '\\' &&
	    s->p[1] == 'u') {
		s->p += 2;
		if (hex4(s, &low) < 0)
			return -1;
		cp = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((cp - 0xd800) << 10) + low - 0xdc00
						   : -1;
	}
	if (cp < 0 || (cp >= 0xd800 && cp < 0xe000))
		return fail(s, start, "half of a surrogate pair", NULL);
	if (cp == 0)
		return fail(s, start, "\\u0000 in a string", "no name or value may hold a NUL");
	utf8_put(out, cp);
	return 0;
}

static int scan_string(struct scan *s, struct buf *out)
{
	const char *start = s->p;

	for (s->p++; s->p < s->end && *s->p != '"';) {
		unsigned char c = (unsigned char)*s->p;
		int32_t cp;
		size_t step;

		if (c == '\\') {
			if (scan_escape(s, out) < 0)
				return -1;
			continue;
		}
		if (c == '\t')
			return fail(s, s->p, "a tab in a string", "write \\t");
		if (c == '\n')
			return fail(s, s->p, "a string does not end on its line",
				    "close it with a double quote, or write \\n for a line break");
		if (c < 0x20)
			return fail(s, s->p, "a control character in a string",
				    "write it as \\u00XX");
		step = utf8_decode(s->p, (size_t)(s->end - s->p), &cp);
		if (cp < 0)
			return fail(s, s->p, "invalid UTF-8", "save the file as UTF-8");
		buf_add(out, s->p, step);
		s->p += step;
	}
	if (s->p == s->end)
		return fail(s, start, "a string is not closed", NULL);
	s->p++;
	return 0;
}

static bool take_digits(struct scan *s)
{
	const char *start = s->p;

	while (s->p < s->end && isdigit((unsigned char)*s->p))
		s->p++;
	return s->p > start;
}

static int scan_number(struct scan *s)
{
	const char *start = s->p;

	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0' && s->p + 1 < s->end && isdigit((unsigned char)s->p[1]))
		return fail(s, start, "a number with a leading zero", NULL);
	if (!take_digits(s))
		return unexpected(s, "a digit");
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!take_digits(s))
			return unexpected(s, "a digit");
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!take_digits(s))
			return unexpected(s, "a digit");
	}
	return 0;
}

static int scan_word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(s->end - s->p) >= len && memcmp(s->p, words[i], len) == 0 &&
		    (s->p + len == s->end || !isalnum((unsigned char)s->p[len]))) {
			s->p += len;
			return 0;
		}
	}
	return unexpected(s, "a value");
}

static void pointer_add(struct buf *pointer, const char *key)
{
	buf_putc(pointer, '/');
	for (; *key; key++) {
		if (*key == '~')
			buf_puts(pointer, "~0");
		else if (*key == '/')
			buf_puts(pointer, "~1");
		else
			buf_putc(pointer, *key);
	}
}

static int scan_value(struct scan *s, struct jwhere key);

/* The members' keys of one object, for finding duplicates. */
struct members {
	struct member {
		char *key;
		struct jwhere where;
	} * list;
	size_t count, cap;
};

static int by_key(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	if (order)
		return order;
	if (x->where.line != y->where.line)
		return x->where.line < y->where.line ? -1 : 1;
	return x->where.column < y->where.column ? -1 : 1;
}

static int members_check(struct scan *s, struct members *members)
{
	if (members->count > 0)
		qsort(members->list, members->count, sizeof(*members->list), by_key);
	for (size_t i = 1; i < members->count; i++) {
		const struct member *first = &members->list[i - 1], *again = &members->list[i];
		char shown[80];

		if (strcmp(first->key, again->key) != 0)
			continue;
		text_clean_to(shown, sizeof(shown), again->key, strlen(again->key));
		err_set(s->err, "%s:%d:%d: duplicate key \"%s\", first at %d:%d", s->name,
			again->where.line, again->where.column, shown, first->where.line,
			first->where.column);
		return err_hint(s->err, "rename or remove one of them");
	}
	return 0;
}

static int scan_member(struct scan *s, struct members *members)
{
	struct buf key = BUF_INIT;
	size_t above = s->pointer.len;
	struct jwhere where = place(s, s->p);
	struct member *member;

	if (scan_string(s, &key) < 0) {
		buf_release(&key);
		return -1;
	}
	members->list =
	    xgrow(members->list, &members->cap, members->count + 1, sizeof(*members->list));
	member = &members->list[members->count++];
	*member = (struct member){ .key = buf_detach(&key), .where = where };
	if (skip_blanks(s) < 0)
		return -1;
	if (s->p == s->end || *s->p != ':')
		return unexpected(s, "\":\" behind the key");
	s->p++;
	pointer_add(&s->pointer, member->key);
	if (skip_blanks(s) < 0 || scan_value(s, where) < 0)
		return -1;
	buf_cut(&s->pointer, above);
	return 0;
}

/* Behind a member or an element: 1 when another one follows, 0 at the end. */
static int scan_next(struct scan *s, char closing)
{
	const char *comma;

	if (skip_blanks(s) < 0)
		return -1;
	if (s->p < s->end && *s->p == closing) {
		s->p++;
		return 0;
	}
	if (s->p == s->end || *s->p != ',')
		return unexpected(s, closing == '}' ? "\",\" or \"}\"" : "\",\" or \"]\"");
	comma = s->p++;
	place(s, comma);
	if (s->p < s->end && *s->p == closing)
		return fail(s, comma, "a comma before the closing bracket", "remove the comma");
	for (const char *p = s->p; p < s->end && isspace((unsigned char)*p); p++)
		if (p + 1 < s->end && p[1] == closing)
			return fail(s, comma, "a comma before the closing bracket",
				    "remove the comma");
	return skip_blanks(s) < 0 ? -1 : 1;
}

static int scan_object(struct scan *s)
{
	struct members members = { .list = NULL };
	int more, result = -1;

	s->p++;
	if (skip_blanks(s) < 0)
		goto out;
	more = s->p == s->end || *s->p != '}';
	if (!more)
		s->p++;
	while (more == 1) {
		if (s->p == s->end || *s->p != '"') {
			unexpected(s, "a key in double quotes");
			goto out;
		}
		if (scan_member(s, &members) < 0)
			goto out;
		more = scan_next(s, '}');
	}
	if (more == 0)
		result = members_check(s, &members);
out:
	for (size_t i = 0; i < members.count; i++)
		free(members.list[i].key);
	free(members.list);
	return result;
}

static int scan_array(struct scan *s)
{
	size_t above = s->pointer.len, index = 0;
	int more;

	s->p++;
	if (skip_blanks(s) < 0)
		return -1;
	if (s->p < s->end && *s->p == ']') {
		s->p++;
		return 0;
	}
	do {
		buf_printf(&s->pointer, "/%zu", index++);
		if (scan_value(s, (struct jwhere){ 0, 0 }) < 0)
			return -1;
		buf_cut(&s->pointer, above);
		more = scan_next(s, ']');
	} while (more == 1);
	return more;
}

static int scan_value(struct scan *s, struct jwhere key)
{
	struct buf ignored = BUF_INIT;
	int result;

	if (s->p == s->end)
		return unexpected(s, "a value");
	if (++s->depth > DEPTH_MAX)
		return fail(s, s->p, "nested too deeply", NULL);
	s->pos = xgrow(s->pos, &s->cap, s->npos + 1, sizeof(*s->pos));
	s->pos[s->npos++] = (struct jpos){ .pointer = xstrdup(buf_str(&s->pointer)),
					   .key = key,
					   .value = place(s, s->p) };
	switch (*s->p) {
	case '{':
		result = scan_object(s);
		break;
	case '[':
		result = scan_array(s);
		break;
	case '"':
		result = scan_string(s, &ignored);
		break;
	default:
		result =
		    *s->p == '-' || isdigit((unsigned char)*s->p) ? scan_number(s) : scan_word(s);
	}
	buf_release(&ignored);
	s->depth--;
	return result;
}

int jscan(const char *name, const char *text, size_t len, struct jpos **pos, size_t *npos,
	  struct err *err)
{
	struct scan s = { .name = name,
			  .p = text,
			  .end = text + len,
			  .mark = text,
			  .where = { 1, 1 },
			  .pointer = BUF_INIT,
			  .err = err };
	int result = -1;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		fail(&s, text, "the file begins with a byte-order mark",
		     "save it as UTF-8 without one");
		goto out;
	}
	if (skip_blanks(&s) < 0)
		goto out;
	if (s.p == s.end) {
		fail(&s, s.p, "the file is empty", NULL);
		goto out;
	}
	if (scan_value(&s, (struct jwhere){ 0, 0 }) < 0 || skip_blanks(&s) < 0)
		goto out;
	if (s.p < s.end) {
		fail(&s, s.p, "more text behind the end of the document", NULL);
		goto out;
	}
	result = 0;
out:
	buf_release(&s.pointer);
	*pos = s.pos;
	*npos = s.npos;
	return result;
}
