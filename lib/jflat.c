#include "lib/jflat.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What is deeper, or has more names in the objects that are open at once, or a number that may be
 * too large, is shown to jansson, which says whether it may be trusted. */
enum { DEPTH_MAX = 32, NAMES_MAX = 256 };

struct span {
	const char *text;
	size_t len;
};

struct scan {
	char *p, *end;
	int depth;
	bool trusted;
	struct span names[NAMES_MAX]; /* of the objects that are open, the outermost first */
	size_t n;
};

/* jansson stops at the same bytes (RFC 8259, section 7): '"', '\\', controls; and those that begin
 * or continue a character of several bytes are looked at one by one. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Whether eight bytes at once are plain; now and then false though they are. */
static bool are_plain(const char *p)
{
	const uint64_t ones = 0x0101010101010101u, highs = ones << 7;
	uint64_t v, quote, slash;

	memcpy(&v, p, sizeof(v));
	quote = v ^ (ones * '"');
	slash = v ^ (ones * '\\');
	return ((v | (v - ones * 0x20) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) &
		highs) == 0;
}

static void blanks(struct scan *scan)
{
	while (scan->p < scan->end &&
	       (*scan->p == ' ' || *scan->p == '\t' || *scan->p == '\n' || *scan->p == '\r'))
		scan->p++;
}

static bool take(struct scan *scan, char c)
{
	if (scan->p == scan->end || *scan->p != c)
		return false;
	scan->p++;
	return true;
}

/* Length of the character that begins at `p`, 0: it is no UTF-8 (RFC 3629). */
static size_t utf8_len(const char *p, const char *end)
{
	const unsigned char *c = (const unsigned char *)p;
	size_t len = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
	unsigned char low = 0x80, high = 0xbf;

	if (c[0] < 0xc2 || c[0] > 0xf4 || (size_t)(end - p) < len)
		return 0;
	if (c[0] == 0xe0)
		low = 0xa0;
	if (c[0] == 0xed)
		high = 0x9f;
	if (c[0] == 0xf0)
		low = 0x90;
	if (c[0] == 0xf4)
		high = 0x8f;
	if (c[1] < low || c[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (c[i] < 0x80 || c[i] > 0xbf)
			return 0;
	return len;
}

static int hex4(const char *p, const char *end)
{
	int value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int c = p[i], digit = c >= '0' && c <= '9'   ? c - '0'
				      : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : c >= 'A' && c <= 'F' ? c - 'A' + 10
							     : -1;
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static char *utf8_put(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* \uXXXX, two of them for what is beyond 16 bits; `scan->p` behind the u. Never longer decoded. */
static char *take_unicode(struct scan *scan, char *to)
{
	int c = hex4(scan->p, scan->end), low;

	if (c < 0 || (c >= 0xdc00 && c <= 0xdfff))
		return NULL;
	scan->p += 4;
	if (c < 0xd800 || c > 0xdbff)
		return utf8_put(to, (unsigned)c);
	if (!take(scan, '\\') || !take(scan, 'u'))
		return NULL;
	low = hex4(scan->p, scan->end);
	if (low < 0xdc00 || low > 0xdfff)
		return NULL;
	scan->p += 4;
	return utf8_put(to, 0x10000u + ((unsigned)(c - 0xd800) << 10) + (unsigned)(low - 0xdc00));
}

static char *take_escape(struct scan *scan, char *to)
{
	static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *which;
	char c;

	if (scan->p == scan->end)
		return NULL;
	c = *scan->p++;
	if (c == 'u')
		return take_unicode(scan, to);
	which = c ? strchr(names, c) : NULL;
	if (!which)
		return NULL;
	*to++ = means[which - names];
	return to;
}

/* A string, whose first quote is next. With `decode` it is decoded where it stands; else it is only
 * looked over, and the span is what stands between the quotes. */
static int take_string(struct scan *scan, bool decode, struct span *out)
{
	char *from, *to, spare[4];

	if (!take(scan, '"'))
		return -1;
	from = to = scan->p;
	for (;;) {
		char *run = scan->p;
		size_t len;

		while (scan->end - scan->p >= 8 && are_plain(scan->p))
			scan->p += 8;
		while (scan->p < scan->end && is_plain((unsigned char)*scan->p))
			scan->p++;
		if (scan->p == scan->end)
			return -1;
		len = 0;
		if ((unsigned char)*scan->p >= 0x80 && (len = utf8_len(scan->p, scan->end)) == 0)
			return -1;
		scan->p += len;
		if (decode && to != run)
			memmove(to, run, (size_t)(scan->p - run));
		to += scan->p - run;
		if (len > 0)
			continue;
		if (*scan->p != '\\')
			break;
		scan->p++;
		if (decode)
			to = take_escape(scan, to);
		else
			to = take_escape(scan, spare) ? scan->p : NULL;
		if (!to)
			return -1;
	}
	*out = (struct span){ from, (size_t)(to - from) };
	if (!take(scan, '"'))
		return -1;
	if (decode)
		*to = '\0';
	return 0;
}

static size_t take_digits(struct scan *scan)
{
	const char *from = scan->p;

	while (scan->p < scan->end && *scan->p >= '0' && *scan->p <= '9')
		scan->p++;
	return (size_t)(scan->p - from);
}

/* -2 here and below: jansson has to look at it. */
static int take_number(struct scan *scan, enum jflat_kind *kind)
{
	bool zero;
	size_t digits;

	*kind = JFLAT_INTEGER;
	take(scan, '-');
	zero = scan->p < scan->end && *scan->p == '0';
	digits = take_digits(scan);
	if (digits == 0 || (zero && digits > 1))
		return -1;
	if (take(scan, '.')) {
		*kind = JFLAT_REAL;
		if (take_digits(scan) == 0)
			return -1;
	}
	if (scan->p < scan->end && (*scan->p == 'e' || *scan->p == 'E')) {
		scan->p++;
		*kind = JFLAT_REAL;
		if (!take(scan, '-'))
			take(scan, '+');
		return take_digits(scan) == 0 ? -1 : scan->trusted ? 0 : -2;
	}
	return digits > 18 && !scan->trusted ? -2 : 0;
}

static int take_word(struct scan *scan, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(scan->end - scan->p) < len || memcmp(scan->p, word, len) != 0)
		return -1;
	scan->p += len;
	return 0;
}

static int name_new(struct scan *scan, size_t from, struct span name)
{
	if (scan->trusted)
		return 0;
	for (size_t i = from; i < scan->n; i++)
		if (scan->names[i].len == name.len &&
		    memcmp(scan->names[i].text, name.text, name.len) == 0)
			return -1;
	if (scan->n == NAMES_MAX)
		return -2;
	scan->names[scan->n++] = name;
	return 0;
}

/* One with an escape may be another one's in disguise. */
static bool name_is_clear(const struct scan *scan, struct span name)
{
	return scan->trusted || !memchr(name.text, '\\', name.len);
}

static int take_value(struct scan *scan, enum jflat_kind *kind);

/* Between { and }, or [ and ]; the first of them is taken. */
static int take_nested(struct scan *scan, char close)
{
	size_t from = scan->n;
	enum jflat_kind kind;
	int rc = 0;

	if (scan->depth == DEPTH_MAX && !scan->trusted)
		return -2;
	scan->depth++;
	blanks(scan);
	if (take(scan, close))
		goto out;
	do {
		struct span name;

		blanks(scan);
		if (close == '}' && ((rc = take_string(scan, false, &name)) < 0 ||
				     (rc = name_is_clear(scan, name) ? 0 : -2) < 0 ||
				     (rc = name_new(scan, from, name)) < 0))
			return rc;
		blanks(scan);
		if (close == '}' && !take(scan, ':'))
			return -1;
		blanks(scan);
		if ((rc = take_value(scan, &kind)) < 0)
			return rc;
		blanks(scan);
	} while (take(scan, ','));
	rc = take(scan, close) ? 0 : -1;
out:
	scan->depth--;
	scan->n = from;
	return rc;
}

/* A value is looked over; a string is not decoded. */
static int take_value(struct scan *scan, enum jflat_kind *kind)
{
	struct span text;

	if (scan->p == scan->end)
		return -1;
	switch (*scan->p) {
	case '"':
		*kind = JFLAT_STRING;
		return take_string(scan, false, &text);
	case '{':
		*kind = JFLAT_OBJECT;
		scan->p++;
		return take_nested(scan, '}');
	case '[':
		*kind = JFLAT_ARRAY;
		scan->p++;
		return take_nested(scan, ']');
	case 't':
		*kind = JFLAT_TRUE;
		return take_word(scan, "true");
	case 'f':
		*kind = JFLAT_FALSE;
		return take_word(scan, "false");
	case 'n':
		*kind = JFLAT_NULL;
		return take_word(scan, "null");
	default:
		return take_number(scan, kind);
	}
}

static int take_member(struct scan *scan, struct jflat *flat)
{
	struct jflat_member *member = &flat->members[flat->n];
	struct span name, text;
	int rc;

	if (flat->n == JFLAT_MAX)
		return -1;
	blanks(scan);
	if ((rc = take_string(scan, true, &name)) < 0 || (rc = name_new(scan, 0, name)) < 0)
		return rc;
	/* Not even jansson can compare what comes behind a NUL. */
	if (strlen(name.text) != name.len)
		return -1;
	blanks(scan);
	if (!take(scan, ':'))
		return -1;
	blanks(scan);
	text.text = scan->p;
	if (scan->p < scan->end && *scan->p == '"') {
		member->kind = JFLAT_STRING;
		rc = take_string(scan, true, &text);
	} else {
		rc = take_value(scan, &member->kind);
		text.len = (size_t)(scan->p - text.text);
	}
	member->name = name.text;
	member->text = text.text;
	member->len = text.len;
	flat->n++;
	blanks(scan);
	return rc;
}

static int take_object(struct scan *scan, struct jflat *flat)
{
	int rc = 0;

	flat->n = 0;
	blanks(scan);
	if (!take(scan, '{'))
		return -1;
	blanks(scan);
	if (!take(scan, '}')) {
		do
			rc = take_member(scan, flat);
		while (rc == 0 && take(scan, ','));
		if (rc == 0 && !take(scan, '}'))
			rc = -1;
	}
	blanks(scan);
	return rc == 0 && scan->p != scan->end ? -1 : rc;
}

static int read_copy(struct jflat *flat, const char *text, size_t len, bool trusted)
{
	struct scan scan;

	buf_cut(&flat->text, 0);
	buf_add(&flat->text, text, len);
	scan.p = flat->text.data;
	scan.end = scan.p + len;
	scan.depth = 0;
	scan.trusted = trusted;
	scan.n = 0;
	return take_object(&scan, flat);
}

int jflat_read(struct jflat *flat, const char *text, size_t len)
{
	int rc = read_copy(flat, text, len, false);
	json_t *tree;

	if (rc == -2) {
		tree = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
		rc = tree ? read_copy(flat, text, len, true) : -1;
		json_decref(tree);
	}
	if (rc < 0)
		flat->n = 0;
	return rc;
}

void jflat_release(struct jflat *flat)
{
	buf_release(&flat->text);
	flat->n = 0;
}

const struct jflat_member *jflat_get(const struct jflat *flat, const char *name)
{
	for (size_t i = 0; i < flat->n; i++)
		if (flat->members[i].name[0] == name[0] && strcmp(flat->members[i].name, name) == 0)
			return &flat->members[i];
	return NULL;
}

const char *jflat_str(const struct jflat *flat, const char *name, const char *fallback)
{
	const struct jflat_member *member = jflat_get(flat, name);

	return member && member->kind == JFLAT_STRING ? member->text : fallback;
}

double jflat_num(const struct jflat *flat, const char *name, double fallback)
{
	const struct jflat_member *member = jflat_get(flat, name);
	json_t *value;
	double number;

	if (!member || (member->kind != JFLAT_INTEGER && member->kind != JFLAT_REAL))
		return fallback;
	/* Whatever the locale. */
	value = jflat_json(flat, name);
	number = json_number_value(value);
	json_decref(value);
	return number;
}

bool jflat_true(const struct jflat *flat, const char *name)
{
	const struct jflat_member *member = jflat_get(flat, name);

	return member && member->kind == JFLAT_TRUE;
}

json_t *jflat_json(const struct jflat *flat, const char *name)
{
	const struct jflat_member *member = jflat_get(flat, name);

	if (!member)
		return NULL;
	if (member->kind == JFLAT_STRING)
		return json_stringn(member->text, member->len);
	return json_loadb(member->text, member->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}
