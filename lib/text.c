#include "lib/text.h"

#include <langinfo.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

size_t utf8_decode(const char *bytes, size_t len, int32_t *cp)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)bytes;
	size_t need = p[0] < 0x80   ? 1
		      : p[0] < 0xc2 ? 0
		      : p[0] < 0xe0 ? 2
		      : p[0] < 0xf0 ? 3
		      : p[0] < 0xf5 ? 4
				    : 0;
	int32_t value;

	*cp = -1;
	if (need == 0 || need > len)
		return 1;
	value = need == 1 ? p[0] : p[0] & (0x7f >> need);
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | (p[i] & 0x3f);
	}
	if (value < least[need] || (value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff)
		return 1;
	*cp = value;
	return need;
}

void utf8_put(struct buf *out, int32_t cp)
{
	if (cp < 0 || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		cp = 0xfffd;
	if (cp < 0x80) {
		buf_putc(out, (char)cp);
	} else if (cp < 0x800) {
		buf_putc(out, (char)(0xc0 | cp >> 6));
		buf_putc(out, (char)(0x80 | (cp & 0x3f)));
	} else if (cp < 0x10000) {
		buf_putc(out, (char)(0xe0 | cp >> 12));
		buf_putc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (cp & 0x3f)));
	} else {
		buf_putc(out, (char)(0xf0 | cp >> 18));
		buf_putc(out, (char)(0x80 | (cp >> 12 & 0x3f)));
		buf_putc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (cp & 0x3f)));
	}
}

/* Characters that change how others are shown, or that nobody can see. */
static bool is_invisible(int32_t cp)
{
	static const struct {
		int32_t first, last;
	} ranges[] = {
		{ 0x00ad, 0x00ad },   /* soft hyphen */
		{ 0x034f, 0x034f },   /* combining grapheme joiner */
		{ 0x061c, 0x061c },   /* Arabic letter mark */
		{ 0x115f, 0x1160 },   /* Hangul fillers */
		{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
		{ 0x180b, 0x180f },   /* Mongolian selectors and separator */
		{ 0x200b, 0x200f },   /* zero-width characters, directional marks */
		{ 0x2028, 0x202e },   /* line separators, embeddings and overrides */
		{ 0x2060, 0x206f },   /* word joiner, isolates, deprecated formats */
		{ 0x3164, 0x3164 },   /* Hangul filler */
		{ 0xfdd0, 0xfdef },   /* noncharacters */
		{ 0xfe00, 0xfe0f },   /* variation selectors */
		{ 0xfeff, 0xfeff },   /* byte-order mark */
		{ 0xffa0, 0xffa0 },   /* half-width Hangul filler */
		{ 0xfff0, 0xfffb },   /* interlinear annotation */
		{ 0x1bca0, 0x1bca3 }, /* shorthand formats */
		{ 0x1d173, 0x1d17a }, /* musical formats */
		{ 0xe0000, 0xe0fff }, /* tags, variation selectors */
	};

	if (cp < 0xad)
		return false;
	if ((cp & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return false;
}

/* Appends the visible form of one character of `len` bytes that begins at `bytes`. */
static void clean_one(struct buf *out, const char *bytes, size_t len, int32_t cp, size_t column)
{
	if (cp == '\t') {
		buf_add(out, "        ", 8 - column % 8);
	} else if (cp >= 0 && (cp < 0x20 || cp == 0x7f)) {
		buf_putc(out, '^');
		buf_putc(out, (char)(cp ^ 0x40));
	} else if (cp >= 0x80 && cp < 0xa0) {
		buf_printf(out, "\\x%02X", (unsigned)cp);
	} else if (cp < 0) {
		buf_printf(out, "\\x%02X", (unsigned char)bytes[0]);
	} else if (is_invisible(cp)) {
		buf_printf(out, "<U+%04X>", (unsigned)cp);
	} else {
		buf_add(out, bytes, len);
	}
}

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f;
}

void text_clean(struct buf *out, const char *bytes, size_t len)
{
	size_t column = 0;

	for (size_t i = 0; i < len;) {
		size_t run = i, before;
		int32_t cp;

		while (run < len && is_plain(bytes[run]))
			run++;
		buf_add(out, bytes + i, run - i);
		column += run - i;
		i = run;
		if (i == len)
			break;
		run = utf8_decode(bytes + i, len - i, &cp);
		before = out->len;
		clean_one(out, bytes + i, run, cp, column);
		column += (size_t)text_width(buf_str(out) + before);
		i += run;
	}
	if (!out->data)
		buf_add(out, "", 0);
}

char *text_clean_to(char *out, size_t size, const char *bytes, size_t len)
{
	static const char ellipsis[] = "…";
	/* Each byte gives at most 8 (a tab): more input than this can't be seen anyway. */
	bool more = len > size * 4;
	struct buf clean = BUF_INIT;
	size_t keep;

	if (size == 0)
		return out;
	text_clean(&clean, bytes, more ? size * 4 : len);
	if (clean.len < size && !more) {
		memcpy(out, clean.data, clean.len + 1);
	} else if (size <= sizeof(ellipsis)) {
		out[0] = '\0';
	} else {
		keep = size - sizeof(ellipsis) < clean.len ? size - sizeof(ellipsis) : clean.len;
		while (keep > 0 && ((unsigned char)clean.data[keep] & 0xc0) == 0x80)
			keep--;
		memcpy(out, clean.data, keep);
		memcpy(out + keep, ellipsis, sizeof(ellipsis));
	}
	buf_release(&clean);
	return out;
}

int text_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int text_width(const char *text)
{
	size_t len = strlen(text);
	int columns = 0;

	for (size_t i = 0; i < len;) {
		int32_t cp;

		i += utf8_decode(text + i, len - i, &cp);
		columns += cp < 0 ? 1 : utf8_width(cp);
	}
	return columns;
}

size_t text_fit(const char *text, int columns)
{
	size_t len = strlen(text), i = 0;
	int used = 0;

	while (i < len) {
		int32_t cp;
		size_t step = utf8_decode(text + i, len - i, &cp);

		used += cp < 0 ? 1 : utf8_width(cp);
		if (used > columns)
			break;
		i += step;
	}
	return i;
}

/* Where one long word is cut: behind the last slash of a path when that is not far from the end,
 * else where it is full; by a character at least, or the caller never ends. */
static size_t text_cut(const char *text, size_t fits)
{
	int32_t cp;

	for (size_t end = fits; end > fits / 2; end--) {
		if (text[end - 1] == '/')
			return end;
	}
	return fits > 0 ? fits : utf8_decode(text, strlen(text), &cp);
}

const char *text_wrap(const char *text, int columns, size_t *line)
{
	size_t fits = text_fit(text, columns), breaks = strcspn(text, "\n"), end;
	const char *rest;

	if (breaks <= fits) {
		*line = breaks;
		return text[breaks] && text[breaks + 1] ? text + breaks + 1 : NULL;
	}
	if (!text[fits]) {
		*line = fits;
		return NULL;
	}
	/* A blank just behind the last column ends the line, too. */
	for (end = fits; end > 0 && text[end] != ' ';)
		end--;
	if (end == 0 || strspn(text, " ") >= end) {
		*line = text_cut(text, fits);
		return text[*line] ? text + *line : NULL;
	}
	for (rest = text + end; *rest == ' ';)
		rest++;
	while (end > 0 && text[end - 1] == ' ')
		end--;
	*line = end;
	return *rest ? rest : NULL;
}

static int least_of(int a, int b)
{
	return a < b ? a : b;
}

char *text_number(double value, char *out, size_t size)
{
	snprintf(out, size, fabs(value) >= 10000 && fabs(value) < 1e15 ? "%.0f" : "%.4g", value);
	return out;
}

/* Optimal string alignment (Damerau 1964, without overlapping edits), over bytes. */
int text_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), width = nb + 1;
	int *table = xcalloc((na + 1) * width, sizeof(*table));
	int result;

	for (size_t j = 0; j <= nb; j++)
		table[j] = (int)j;
	for (size_t i = 1; i <= na; i++) {
		int *row = table + i * width, *above = row - width;

		row[0] = (int)i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = least_of(least_of(above[j], row[j - 1]) + 1,
					  above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least_of(row[j], table[(i - 2) * width + j - 2] + 1);
		}
	}
	result = table[na * width + nb];
	free(table);
	return result;
}
