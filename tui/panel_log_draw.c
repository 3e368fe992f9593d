/* The lines of the log panel: columns, tracebacks, meanings, marked matches. */
#include <stdlib.h>
#include <string.h>

#include "lib/loglevel.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "tui/panel_log.h"

enum { TIME_WIDTH = 8, DATE_WIDTH = 6, NAME_WIDTH = 16, MARK_NARROW = 5, NARROW = 60 };

/* Where the columns of one drawing begin. */
struct columns {
	const struct log_panel *log;
	const struct canvas *canvas;
	bool wide;	   /* dates and names, and the selected line whole */
	int mark;	   /* width of the log's name; 0: there is one log */
	int level, levels; /* where, and how wide */
	int name;	   /* of the logger, where it is wide */
	int text;
};

static enum style style_log(const struct logview_record *record)
{
	if (record->known)
		return STYLE_DIM;
	switch (record->level) {
	case LOGLEVEL_CRITICAL:
	case LOGLEVEL_ERROR:
		return STYLE_CRITICAL;
	case LOGLEVEL_WARNING:
		return STYLE_WARNING;
	case LOGLEVEL_DEBUG:
		return STYLE_DIM;
	case LOGLEVEL_NONE:
	case LOGLEVEL_INFO:
		break;
	}
	return STYLE_NORMAL;
}

/* In as many columns as there are for it; "" for none. */
static const char *level_word(enum loglevel level, int width)
{
	static const char *const words[][2] = {
		[LOGLEVEL_NONE] = { "", "" },
		[LOGLEVEL_DEBUG] = { "DEBUG", "DEBUG" },
		[LOGLEVEL_INFO] = { "INFO", "INFO" },
		[LOGLEVEL_WARNING] = { "WARNING", "WARN" },
		[LOGLEVEL_ERROR] = { "ERROR", "ERROR" },
		[LOGLEVEL_CRITICAL] = { "CRIT", "CRIT" },
	};

	return words[level][width < 7];
}

/* The name of the logger: the last word before the message that is neither time nor level. */
static void logger_name(const struct logview_record *record, char *out, size_t size)
{
	const char *at = record->text, *end = record->text + record->body;

	*out = '\0';
	while (at < end) {
		size_t len = strcspn(at, " []|()"), from = 0;
		bool letters = false;

		if (at + len > end)
			len = (size_t)(end - at);
		/* "ERROR:name:" holds the level, too. */
		while (from < len && at[from] != ':')
			from++;
		from = from < len && loglevel_word(at, from) != LOGLEVEL_NONE ? from + 1 : 0;
		while (len > from && strchr(":,-", at[len - 1]))
			len--;
		for (size_t i = from; i < len; i++)
			letters = letters || (at[i] >= 'a' && at[i] <= 'z');
		if (letters && loglevel_word(at + from, len - from) == LOGLEVEL_NONE)
			snprintf(out, size, "%.*s", (int)(len - from), at + from);
		at += len > 0 ? len : 1;
	}
}

/* Widths don't depend on what is shown: nothing moves when other lines come. */
static struct columns columns_of(const struct log_panel *log, const struct canvas *canvas)
{
	struct columns at = { .log = log, .canvas = canvas, .wide = canvas->w >= LOG_WIDE };

	for (size_t i = 0; log->n > 1 && i < log->n; i++) {
		int width = text_width(log->names[i]);

		at.mark = width > at.mark ? width : at.mark;
	}
	if (at.mark > MARK_NARROW && !at.wide)
		at.mark = MARK_NARROW;
	at.level = (at.wide ? DATE_WIDTH : 0) + TIME_WIDTH + 1 + (at.mark ? at.mark + 1 : 0);
	at.levels = canvas->w < NARROW && at.mark ? 5 : 7;
	at.name = at.level + at.levels + 1;
	at.text = at.name + (at.wide ? NAME_WIDTH + 1 : 0);
	return at;
}

/* ---- one text ---- */

/* Marks the matches in a part of `text` that stands at (y, x). */
static void marks_draw(const struct columns *at, int y, int x, const char *text, size_t part,
		       size_t len, bool here)
{
	size_t from, to, start = part;
	char before[LOG_TEXT + 8];

	while (start < part + len && logview_match(at->log->view, text, start, &from, &to) &&
	       from < part + len) {
		if (to > part + len)
			to = part + len;
		if (from >= part && to > from && to - part < sizeof(before)) {
			int left, width;

			snprintf(before, sizeof(before), "%.*s", (int)(from - part), text + part);
			left = text_width(before);
			snprintf(before, sizeof(before), "%.*s", (int)(to - from), text + from);
			width = text_width(before);
			canvas_mark(at->canvas, y, x + left, width, here);
		}
		start = to > start ? to : start + 1;
	}
}

/* `text` from byte `from` on in one row, or in as many as it takes. */
static int text_draw(const struct columns *at, int y, int x, enum style style, const char *text,
		     size_t from, bool here, bool wrapped)
{
	struct canvas part = canvas_part(at->canvas, 0, x, -1, -1);
	size_t len = strlen(text + from);

	if (!wrapped) {
		canvas_text(&part, y, 0, style, text + from);
		if (here)
			canvas_select(at->canvas, y);
		marks_draw(at, y, x, text, from, len, here);
		return y + 1;
	}
	for (const char *rest = text + from; rest;) {
		const char *row = rest;
		char one[LOG_TEXT + 8];

		rest = text_wrap(row, part.w > 1 ? part.w : 1, &len);
		snprintf(one, sizeof(one), "%.*s", (int)len, row);
		canvas_text(&part, y, 0, style, one);
		if (here)
			canvas_select(at->canvas, y);
		marks_draw(at, y, x, text, (size_t)(row - text), len, here);
		y++;
		if (rest && !*rest)
			break;
	}
	return y;
}

static int text_rows(const struct columns *at, const char *text)
{
	struct canvas part = canvas_part(at->canvas, 0, at->text, -1, -1);
	int rows = 0;
	size_t len;

	do
		rows++;
	while ((text = text_wrap(text, part.w > 1 ? part.w : 1, &len)) && *text);
	return rows;
}

/* ---- one record ---- */

static int rest_rows(const struct logview_record *record)
{
	int rows = 1;

	for (const char *at = record->rest; at && (at = strchr(at, '\n')); at++)
		rows++;
	return record->rest ? rows : record->folded ? 1 : 0;
}

/* Of several in a row that mean the same the last one says it, and how often: a flood has the rows
 * for what it says. */
static bool says_meaning(const struct columns *at, size_t i)
{
	const struct logview *view = at->log->view;
	const char *meaning = logview_at(view, i)->meaning;
	const char *next = i + 1 < logview_count(view) ? logview_at(view, i + 1)->meaning : NULL;

	return meaning && (!next || strcmp(meaning, next) != 0);
}

static int record_rows(const struct columns *at, size_t i, bool chosen)
{
	const struct logview_record *record = logview_at(at->log->view, i);
	int rows = chosen && at->wide ? text_rows(at, record->text + record->body) : 1;

	return record->gap + rows + says_meaning(at, i) + rest_rows(record);
}

static void head_draw(const struct columns *at, const struct logview_record *record, int y)
{
	char clock[TIME_RFC3339_MAX] = "", name[NAME_WIDTH + 1];
	struct canvas part;
	int x = 0;

	if (record->at && at->wide)
		/* "2026-01-02 21:30:05" without its year */
		canvas_text(at->canvas, y, 0, STYLE_DIM, time_datetime(record->at, clock) + 5);
	else if (record->at)
		canvas_text(at->canvas, y, 0, STYLE_DIM, time_clock(record->at, clock));
	if (at->mark) {
		x = at->level - at->mark - 1;
		part = canvas_part(at->canvas, 0, x, -1, at->mark);
		canvas_text(&part, y, 0, STYLE_INFO, at->log->names[record->log]);
	}
	canvas_text(at->canvas, y, at->level, style_log(record),
		    level_word(record->level, at->levels));
	if (at->wide) {
		logger_name(record, name, sizeof(name));
		part = canvas_part(at->canvas, 0, at->name, -1, NAME_WIDTH);
		canvas_text(&part, y, 0, STYLE_DIM, name);
	}
}

static void meaning_draw(const struct columns *at, size_t i, int y)
{
	const struct logview_record *record = logview_at(at->log->view, i);
	char span[48], again[96] = "";
	int64_t first;
	unsigned times = logview_times(at->log->view, i, &first);
	const char *th = times % 100 / 10 == 1 ? "th"
			 : times % 10 == 1     ? "st"
			 : times % 10 == 2     ? "nd"
			 : times % 10 == 3     ? "rd"
					       : "th";

	if (times > 1)
		snprintf(again, sizeof(again), " (%u%s time in %s)", times, th,
			 duration_text(first > CLOCK_US ? first / CLOCK_US * CLOCK_US : CLOCK_US,
				       span, sizeof(span)));
	canvas_printf(at->canvas, y, at->level, record->known ? STYLE_DIM : STYLE_BOLD, "= %s%s",
		      record->meaning, again);
}

static void rest_draw(const struct columns *at, const struct logview_record *record, int y,
		      bool chosen)
{
	const char *line = record->rest;

	if (!line && record->folded) {
		int x = canvas_printf(at->canvas, y, at->level, STYLE_DIM, "+ %u line%s%s",
				      record->folded, record->folded == 1 ? "" : "s",
				      record->tells ? ": "
				      : chosen	    ? " (o opens)"
						    : "");

		if (record->tells)
			text_draw(at, y, x, STYLE_DIM, record->tells, 0, false, false);
	}
	while (line) {
		const char *end = strchr(line, '\n');
		char *one = end ? xstrndup(line, (size_t)(end - line)) : xstrdup(line);

		text_draw(at, y++, at->level, STYLE_NORMAL, one, 0, false, false);
		free(one);
		line = end ? end + 1 : NULL;
	}
}

static void record_draw(const struct columns *at, size_t i, int y, bool chosen, bool here)
{
	const struct logview_record *record = logview_at(at->log->view, i);

	if (record->gap)
		canvas_text(at->canvas, y++, at->level, STYLE_WARNING,
			    "lines are gone here: their file was cut or removed");
	head_draw(at, record, y);
	y = text_draw(at, y, at->text, record->known ? STYLE_DIM : STYLE_NORMAL, record->text,
		      record->body, here, chosen && at->wide);
	if (says_meaning(at, i))
		meaning_draw(at, i, y++);
	rest_draw(at, record, y, chosen);
}

/* ---- all of them ---- */

/* The first record that is wholly in sight above `bottom`. */
static size_t top_of(const struct columns *at, size_t bottom, size_t chosen)
{
	size_t top = bottom + 1;
	int rows = 0;

	while (top > 0 && rows < at->canvas->h) {
		top--;
		rows += record_rows(at, top, top == chosen);
	}
	return rows > at->canvas->h && top < bottom ? top + 1 : top;
}

/* The last record that is wholly in sight when `first` begins so many rows above the lower end. */
static size_t bottom_below(const struct columns *at, size_t first, size_t chosen, int height)
{
	size_t i = first, count = logview_count(at->log->view);
	int rows = 0;

	for (; i < count; i++) {
		rows += record_rows(at, i, i == chosen);
		if (rows > height)
			break;
	}
	return i > first ? i - 1 : first;
}

/* Index of the record at the bottom, so that the cursor stays in sight and nothing moves that need
 * not. `chosen`: the record that is shown whole. */
static size_t bottom_of(struct log_panel *log, const struct columns *at, size_t chosen)
{
	size_t cursor = logview_cursor(log->view), count = logview_count(log->view), bottom, first;

	if (!logview_held(log->view))
		return count - 1;
	bottom = log->anchored ? logview_find(log->view, log->anchor_log, log->anchor_seq) : count;
	if (bottom < count && log->shift < 0)
		bottom = bottom > (size_t)-log->shift ? bottom - (size_t)-log->shift : 0;
	else if (bottom < count && log->shift > 0)
		bottom =
		    bottom + (size_t)log->shift < count ? bottom + (size_t)log->shift : count - 1;
	if (bottom == count)
		bottom = bottom_below(at, cursor, chosen, at->canvas->h / 2);
	else if (cursor > bottom)
		bottom = cursor;
	else if (cursor < top_of(at, bottom, chosen))
		bottom = bottom_below(at, cursor, chosen, at->canvas->h);
	/* No empty rows above what is there. */
	first = bottom_below(at, 0, chosen, at->canvas->h);
	return bottom > first ? bottom : first;
}

void log_records_draw(struct log_panel *log, const struct canvas *inside, bool focus)
{
	const struct columns at = columns_of(log, inside);
	size_t count = logview_count(log->view), cursor = logview_cursor(log->view), bottom;
	size_t chosen = focus && logview_held(log->view) ? cursor : count;
	char end[400];
	int y = inside->h;

	log->drawn = false;
	if (count == 0 || inside->h < 1)
		return;
	bottom = bottom_of(log, &at, chosen);
	log->shift = 0;
	log->anchored = true;
	log->anchor_log = logview_at(log->view, bottom)->log;
	log->anchor_seq = logview_at(log->view, bottom)->seq;
	for (size_t i = bottom + 1; i-- > 0 && y > 0;) {
		bool here = focus && i == cursor;

		y -= record_rows(&at, i, i == chosen);
		record_draw(&at, i, y, i == chosen, here);
		if (!here)
			continue;
		log->drawn = true;
		log->drawn_log = logview_at(log->view, i)->log;
		log->drawn_seq = logview_at(log->view, i)->seq;
	}
	log_end_text(log, end, sizeof(end));
	if (y > 0)
		canvas_text(inside, y - 1, 0, STYLE_DIM, end);
}
