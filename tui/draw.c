#include "tui/draw.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "lib/timefmt.h"

struct canvas canvas_whole(const struct screen *screen)
{
	return (struct canvas){ .screen = screen, .y = 0, .x = 0, .h = LINES, .w = COLS };
}

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

struct canvas canvas_part(const struct canvas *canvas, int y, int x, int h, int w)
{
	struct canvas part = { .screen = canvas->screen };

	y = clamp(y, 0, canvas->h);
	x = clamp(x, 0, canvas->w);
	part.y = canvas->y + y;
	part.x = canvas->x + x;
	part.h = h < 0 ? canvas->h - y : clamp(h, 0, canvas->h - y);
	part.w = w < 0 ? canvas->w - x : clamp(w, 0, canvas->w - x);
	return part;
}

static void style_on(const struct canvas *canvas, enum style style)
{
	attr_set(canvas->screen->attrs[style], canvas->screen->pairs[style], NULL);
}

static void style_off(void)
{
	attr_set(A_NORMAL, 0, NULL);
}

void canvas_clear(const struct canvas *canvas)
{
	style_off();
	for (int y = 0; y < canvas->h; y++)
		mvhline(canvas->y + y, canvas->x, ' ', canvas->w);
}

/* Characters that plain terminals show by another one. */
static char ascii_for(int32_t cp)
{
	switch (cp) {
	case 0x2026:
		return '~';
	case 0x2013:
	case 0x2014:
	case 0x2212:
	case 0x2500:
		return '-';
	case 0x2018:
	case 0x2019:
		return '\'';
	case 0x201c:
	case 0x201d:
		return '"';
	case 0x00d7:
		return 'x';
	case 0x2192:
		return '>';
	case 0x00b7:
	case 0x2022:
		return '*';
	default:
		return '?';
	}
}

/* Printable ASCII alone: a byte is a column, and needs no cleaning. */
static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	}
	return true;
}

/* Curses decodes and measures what it is given as text, which costs more than all else of a frame:
 * most of it needs neither. */
static void put_plain(int y, int x, const char *text, size_t len)
{
	chtype cells[128], look;
	attr_t attrs = A_NORMAL;
	short pair = 0;

	attr_get(&attrs, &pair, NULL);
	look = (attrs & ~A_COLOR) | (chtype)COLOR_PAIR(pair);
	while (len > 0) {
		int n = 0;

		while (len > 0 && n < (int)(sizeof(cells) / sizeof(cells[0]))) {
			cells[n++] = (chtype)*text++ | look;
			len--;
		}
		mvaddchnstr(y, x, cells, n);
		x += n;
	}
}

/* Writes cleaned text at the terminal's place; the caller has seen to the width. */
static void put_bytes(const struct canvas *canvas, int y, int x, const char *text, size_t len)
{
	if (is_plain(text, len)) {
		put_plain(canvas->y + y, canvas->x + x, text, len);
		return;
	}
	move(canvas->y + y, canvas->x + x);
	if (canvas->screen->utf8) {
		addnstr(text, (int)len);
		return;
	}
	while (len > 0) {
		int32_t cp;
		size_t n = utf8_decode(text, len, &cp);

		addch((chtype)(cp >= 0x20 && cp < 0x7f ? (char)cp : ascii_for(cp)));
		text += n;
		len -= n;
	}
}

static int put_clean(const struct canvas *canvas, int y, int x, const char *text, size_t len)
{
	struct buf clean = BUF_INIT;
	int room = canvas->w - x, width;

	if (y < 0 || y >= canvas->h || x < 0 || room <= 0)
		return x;
	if (len <= (size_t)room && is_plain(text, len)) {
		put_bytes(canvas, y, x, text, len);
		return x + (int)len;
	}
	text_clean(&clean, text, len);
	width = text_width(buf_str(&clean));
	if (width <= room) {
		put_bytes(canvas, y, x, buf_str(&clean), clean.len);
		x += width;
	} else {
		size_t fit = text_fit(buf_str(&clean), room - 1);
		int used;

		buf_cut(&clean, fit);
		used = text_width(buf_str(&clean));
		put_bytes(canvas, y, x, buf_str(&clean), clean.len);
		put_bytes(canvas, y, x + used, canvas->screen->glyphs->ellipsis,
			  strlen(canvas->screen->glyphs->ellipsis));
		x += used + 1;
	}
	buf_release(&clean);
	return x;
}

int canvas_text(const struct canvas *canvas, int y, int x, enum style style, const char *text)
{
	style_on(canvas, style);
	x = put_clean(canvas, y, x, text, strlen(text));
	style_off();
	return x;
}

int canvas_printf(const struct canvas *canvas, int y, int x, enum style style, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	x = canvas_text(canvas, y, x, style, buf_str(&text));
	buf_release(&text);
	return x;
}

int canvas_right(const struct canvas *canvas, int y, enum style style, const char *text)
{
	struct buf clean = BUF_INIT;
	int x;

	text_clean(&clean, text, strlen(text));
	x = canvas->w - text_width(buf_str(&clean));
	if (x < 0)
		x = 0;
	canvas_text(canvas, y, x, style, text);
	buf_release(&clean);
	return x;
}

/* "Name:   value" hangs below the value, other lines two columns deeper than they begin. */
static int hang(const char *line, int width)
{
	int blanks = (int)strspn(line, " ");
	const char *colon = strstr(line, ":  ");
	int column = blanks + 2;

	if (colon && !memchr(line + blanks, ' ', (size_t)(colon - line - blanks)))
		column = (int)(colon - line + 1 + (long)strspn(colon + 1, " "));
	return column < width / 2 ? column : 0;
}

/* Draws, or only counts when `draw` is false. */
static int wrap(const struct canvas *canvas, int y, int x, int indent, enum style style,
		const char *text, bool draw)
{
	const char *line = text;
	int start = x, below;

	while (line) {
		const char *end = strchr(line, '\n');
		struct buf clean = BUF_INIT;
		const char *rest;
		size_t len = 0;

		text_clean(&clean, line, end ? (size_t)(end - line) : strlen(line));
		rest = buf_str(&clean);
		below = indent == INDENT_HANG ? hang(rest, canvas->w) : indent;
		do {
			int room = canvas->w - x > 1 ? canvas->w - x : 1;
			const char *from = rest;

			rest = text_wrap(from, room, &len);
			if (draw && y < canvas->h) {
				style_on(canvas, style);
				put_clean(canvas, y, x, from, len);
				style_off();
			}
			y++;
			x = below;
		} while (rest && *rest);
		buf_release(&clean);
		line = end ? end + 1 : NULL;
		x = indent == INDENT_HANG ? start : indent;
	}
	return y;
}

int canvas_wrap(const struct canvas *canvas, int y, int x, int indent, enum style style,
		const char *text)
{
	return wrap(canvas, y, x, indent, style, text, true);
}

int canvas_wrap_rows(const struct canvas *canvas, int x, int indent, const char *text)
{
	return wrap(canvas, 0, x, indent, STYLE_NORMAL, text, false);
}

static void put_glyph(const struct canvas *canvas, int y, int x, const char *glyph)
{
	if (y >= 0 && y < canvas->h && x >= 0 && x < canvas->w)
		put_bytes(canvas, y, x, glyph, strlen(glyph));
}

/* One character as a cell in the present style. */
static void cell_make(cchar_t *cell, int32_t cp)
{
	wchar_t text[2] = { (wchar_t)cp, L'\0' };
	attr_t attrs = A_NORMAL;
	short pair = 0;

	attr_get(&attrs, &pair, NULL);
	setcchar(cell, text, attrs, pair, NULL);
}

static void cell_glyph(cchar_t *cell, const char *glyph)
{
	int32_t cp = ' ';

	utf8_decode(glyph, strlen(glyph), &cp);
	cell_make(cell, cp);
}

static void put_horizontal(const struct canvas *canvas, int y, const char *left, const char *right)
{
	cchar_t cell;

	put_glyph(canvas, y, 0, left);
	if (canvas->w > 2 && y >= 0 && y < canvas->h) {
		cell_glyph(&cell, canvas->screen->glyphs->horizontal);
		mvhline_set(canvas->y + y, canvas->x + 1, &cell, canvas->w - 2);
	}
	if (canvas->w > 1)
		put_glyph(canvas, y, canvas->w - 1, right);
}

static void put_vertical(const struct canvas *canvas, int x)
{
	cchar_t cell;

	if (canvas->h <= 2 || x < 0 || x >= canvas->w)
		return;
	cell_glyph(&cell, canvas->screen->glyphs->vertical);
	mvvline_set(canvas->y + 1, canvas->x + x, &cell, canvas->h - 2);
}

struct canvas canvas_box(const struct canvas *canvas, const char *title, const char *status,
			 enum style status_style, bool focus)
{
	const struct glyphs *glyphs = canvas->screen->glyphs;
	struct canvas top = canvas_part(canvas, 0, 2, 1, canvas->w - 4);
	int behind = 0;

	style_on(canvas, focus ? STYLE_FOCUS : STYLE_BORDER);
	put_horizontal(canvas, 0, glyphs->top_left, glyphs->top_right);
	put_horizontal(canvas, canvas->h - 1, glyphs->bottom_left, glyphs->bottom_right);
	put_vertical(canvas, 0);
	put_vertical(canvas, canvas->w - 1);
	style_off();
	if (title && *title)
		behind = canvas_printf(&top, 0, 0, focus ? STYLE_FOCUS : STYLE_BOLD, " %s ", title);
	if (status && *status && top.w - behind > 4) {
		struct canvas rest = canvas_part(&top, 0, behind + 1, 1, -1);
		char text[160];

		snprintf(text, sizeof(text), " %s ", status);
		canvas_right(&rest, 0, status_style, text);
	}
	return canvas_part(canvas, 1, 1, canvas->h - 2, canvas->w - 2);
}

void canvas_rule(const struct canvas *canvas, int y, const char *title)
{
	const struct glyphs *glyphs = canvas->screen->glyphs;

	style_on(canvas, STYLE_BORDER);
	put_horizontal(canvas, y, glyphs->horizontal, glyphs->horizontal);
	style_off();
	if (title && *title && canvas->w > 6) {
		struct canvas part = canvas_part(canvas, y, 2, 1, canvas->w - 4);

		canvas_printf(&part, 0, 0, STYLE_BOLD, " %s ", title);
	}
}

void canvas_select(const struct canvas *canvas, int y)
{
	if (y >= 0 && y < canvas->h && canvas->w > 0)
		mvchgat(canvas->y + y, canvas->x, canvas->w, A_REVERSE, 0, NULL);
}

void canvas_mark(const struct canvas *canvas, int y, int x, int w, bool selected)
{
	if (y < 0 || y >= canvas->h || x < 0 || x >= canvas->w || w < 1)
		return;
	if (w > canvas->w - x)
		w = canvas->w - x;
	mvchgat(canvas->y + y, canvas->x + x, w,
		selected ? A_BOLD | A_UNDERLINE : A_REVERSE | A_BOLD, 0, NULL);
}

int canvas_bar(const struct canvas *canvas, int y, int x, int width, enum style style, double value,
	       double full)
{
	int cells = 0;

	if (full > 0 && value > 0)
		cells = clamp((int)ceil(value / full * width), 0, width);
	style_on(canvas, style);
	for (int i = 0; i < cells; i++)
		put_glyph(canvas, y, x + i, canvas->screen->glyphs->bar);
	style_off();
	return x + cells;
}

static enum style style_cell(enum cell_class class)
{
	switch (class) {
	case CELL_OK:
		return STYLE_OK;
	case CELL_INFO:
		return STYLE_INFO;
	case CELL_WARNING:
		return STYLE_WARNING;
	case CELL_CRITICAL:
		return STYLE_CRITICAL;
	case CELL_LINE:
		return STYLE_DIM;
	case CELL_MARK:
		return STYLE_BOLD;
	case CELL_EMPTY:
		break;
	}
	return STYLE_NORMAL;
}

void canvas_cells(const struct canvas *canvas, int y, int x, int h, int w, const struct cell *cells)
{
	for (int row = 0; row < h && y + row < canvas->h; row++) {
		for (int column = 0; column < w && x + column < canvas->w; column++) {
			const struct cell *cell = &cells[row * w + column];
			cchar_t drawn;

			if (cell->class == CELL_EMPTY && (cell->cp == 0 || cell->cp == ' '))
				continue;
			/* Reverse would fill the chart's cells: without colours bold must do. */
			style_on(canvas, style_cell(cell->class));
			if (!canvas->screen->pairs[STYLE_CRITICAL])
				attr_set(cell->class >= CELL_WARNING && cell->class != CELL_LINE
					     ? A_BOLD
					     : A_NORMAL,
					 0, NULL);
			cell_make(&drawn, (int32_t)cell->cp);
			mvadd_wchnstr(canvas->y + y + row, canvas->x + x + column, &drawn, 1);
		}
	}
	style_off();
}

int scroll_to(int top, int selected, int rows, int count)
{
	if (rows < 1)
		rows = 1;
	if (selected < top)
		top = selected;
	if (selected >= top + rows)
		top = selected - rows + 1;
	if (top > count - rows)
		top = count - rows;
	return top < 0 ? 0 : top;
}

enum style style_level(enum level level)
{
	switch (level) {
	case LEVEL_OK:
		return STYLE_OK;
	case LEVEL_INFO:
		return STYLE_INFO;
	case LEVEL_WARNING:
		return STYLE_WARNING;
	case LEVEL_CRITICAL:
		return STYLE_CRITICAL;
	}
	return STYLE_NORMAL;
}

enum style style_severity(enum severity severity)
{
	switch (severity) {
	case SEVERITY_LOW:
		return STYLE_INFO;
	case SEVERITY_MEDIUM:
		return STYLE_BOLD;
	case SEVERITY_HIGH:
		return STYLE_WARNING;
	case SEVERITY_CRITICAL:
		return STYLE_CRITICAL;
	}
	return STYLE_NORMAL;
}

enum style style_verdict(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PASS:
		return STYLE_OK;
	case VERDICT_FAIL:
		return STYLE_CRITICAL;
	case VERDICT_UNKNOWN:
		break;
	}
	return STYLE_WARNING;
}

char *level_text(enum level level, char *out)
{
	snprintf(out, 16, "%s", level_name(level));
	for (char *c = out; level > LEVEL_INFO && *c; c++)
		*c = (char)(*c - 'a' + 'A');
	return out;
}

char *number_text(double value, char *out, size_t size)
{
	char plain[64];
	size_t len, used = 0;

	if (!isfinite(value)) {
		snprintf(out, size, "-");
		return out;
	}
	if (fabs(value) < 100 && fabs(value - round(value)) > 0.05) {
		snprintf(out, size, "%.1f", value);
		return out;
	}
	snprintf(plain, sizeof(plain), "%.0f", fabs(value) < 0.5 ? 0.0 : value);
	len = strlen(plain);
	for (size_t i = 0; i < len && used + 2 < size; i++) {
		out[used++] = plain[i];
		if (plain[i] != '-' && i + 1 < len && (len - 1 - i) % 3 == 0)
			out[used++] = ',';
	}
	if (size)
		out[used] = '\0';
	return out;
}

char *reading_short(const struct reading *reading, const char *unit, char *out, size_t size)
{
	char number[64];

	if (reading->verdict == VERDICT_UNKNOWN || !reading->has_value) {
		snprintf(out, size, "%s", reading->at ? "unknown" : "not read yet");
		return out;
	}
	if (!unit || !*unit)
		unit = reading->unit;
	snprintf(out, size, "%s%s%s", number_text(reading->value, number, sizeof(number)),
		 *unit && strcmp(unit, "%") != 0 ? " " : "", unit);
	return out;
}

char *age_text(int64_t at, int64_t now, char *out, size_t size)
{
	char text[48];

	if (!at)
		snprintf(out, size, "never");
	else if (now - at < CLOCK_US)
		snprintf(out, size, "now");
	else
		snprintf(out, size, "%s ago",
			 duration_text((now - at) / CLOCK_US * CLOCK_US, text, sizeof(text)));
	return out;
}
