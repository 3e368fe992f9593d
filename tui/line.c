#include "tui/line.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"

#define LINE_BYTES 2000 /* bytes: a note, not a novel */
#define CTRL(c)	   ((c)&0x1f)

void line_set(struct line *line, const char *text)
{
	buf_cut(&line->text, 0);
	buf_puts(&line->text, text);
	line->cursor = line->text.len;
}

void line_release(struct line *line)
{
	buf_release(&line->text);
	line->cursor = 0;
}

static size_t back(const struct line *line, size_t at)
{
	const char *text = buf_str(&line->text);

	if (at > 0)
		at--;
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static size_t forth(const struct line *line, size_t at)
{
	const char *text = buf_str(&line->text);

	if (at < line->text.len)
		at++;
	while (at < line->text.len && ((unsigned char)text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void cut(struct line *line, size_t from, size_t to)
{
	if (to <= from)
		return;
	memmove(line->text.data + from, line->text.data + to, line->text.len - to);
	buf_cut(&line->text, line->text.len - (to - from));
	line->cursor = from;
}

static void insert(struct line *line, int cp)
{
	struct buf bytes = BUF_INIT;
	char *rest;

	utf8_put(&bytes, cp);
	if (line->text.len + bytes.len <= LINE_BYTES) {
		rest = xstrdup(buf_str(&line->text) + line->cursor);
		buf_cut(&line->text, line->cursor);
		buf_add(&line->text, bytes.data, bytes.len);
		line->cursor += bytes.len;
		buf_puts(&line->text, rest);
		free(rest);
	}
	buf_release(&bytes);
}

static size_t word_back(const struct line *line)
{
	const char *text = buf_str(&line->text);
	size_t at = line->cursor;

	while (at > 0 && text[at - 1] == ' ')
		at--;
	while (at > 0 && text[at - 1] != ' ')
		at--;
	return at;
}

static bool control_key(struct line *line, int key)
{
	switch (key) {
	case CTRL('a'):
		line->cursor = 0;
		return true;
	case CTRL('e'):
		line->cursor = line->text.len;
		return true;
	case CTRL('b'):
		line->cursor = back(line, line->cursor);
		return true;
	case CTRL('f'):
		line->cursor = forth(line, line->cursor);
		return true;
	case CTRL('d'):
		cut(line, line->cursor, forth(line, line->cursor));
		return true;
	case CTRL('h'):
	case 0x7f:
		cut(line, back(line, line->cursor), line->cursor);
		return true;
	case CTRL('u'):
		cut(line, 0, line->cursor);
		return true;
	case CTRL('k'):
		if (line->text.data)
			buf_cut(&line->text, line->cursor);
		return true;
	case CTRL('w'):
		cut(line, word_back(line), line->cursor);
		return true;
	default:
		return false;
	}
}

static bool special_key(struct line *line, int key)
{
	switch (key) {
	case KEY_LEFT:
		line->cursor = back(line, line->cursor);
		return true;
	case KEY_RIGHT:
		line->cursor = forth(line, line->cursor);
		return true;
	case KEY_HOME:
		line->cursor = 0;
		return true;
	case KEY_END:
		line->cursor = line->text.len;
		return true;
	case KEY_BACKSPACE:
		cut(line, back(line, line->cursor), line->cursor);
		return true;
	case KEY_DC:
		cut(line, line->cursor, forth(line, line->cursor));
		return true;
	default:
		return false;
	}
}

bool line_key(struct line *line, int key, bool special)
{
	if (special)
		return special_key(line, key);
	if (control_key(line, key))
		return true;
	if (key < 0x20 || (key >= 0x7f && key < 0xa0) || key > 0x10ffff)
		return false;
	insert(line, key);
	return true;
}

void line_draw(const struct line *line, const struct canvas *canvas, int y, int x, bool focus)
{
	struct canvas part = canvas_part(canvas, y, x, 1, -1);
	const char *text = buf_str(&line->text), *from = text;
	char before[LINE_BYTES + 1];
	size_t len = line->cursor;
	int column;

	if (part.h < 1 || part.w < 2)
		return;
	memcpy(before, text, len);
	before[len] = '\0';
	while (text_width(before + (from - text)) > part.w - 2 && (size_t)(from - text) < len)
		from = text + forth(line, (size_t)(from - text));
	canvas_text(&part, 0, 0, STYLE_BOLD, from);
	if (!focus)
		return;
	column = text_width(before + (from - text));
	if (column < part.w)
		mvchgat(part.y, part.x + column, 1, A_REVERSE, 0, NULL);
}
