/* The database panel: a SQLite file, its journal, who holds it, whether it is sound. */
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "sources/sqlite.h"
#include "tui/panel.h"

#define OLD_US	    (10 * CLOCK_US)
#define HELD_US	    (2 * CLOCK_US)  /* a lock that is held so long is worth a warning, ... */
#define TOO_LONG_US (10 * CLOCK_US) /* ... and now whoever waits for it gives up */
#define WAL_BYTES   (64 << 20)

static int want(struct ui *ui, const struct panel *panel)
{
	(void)ui, (void)panel;
	return 6;
}

static const struct sqlite_info *info_of(struct ui *ui, const struct panel *panel)
{
	return sqlite_info(panel_source(ui, panel));
}

static char *bytes_text(int64_t bytes, char *out, size_t size)
{
	char number[32];
	double mb = (double)bytes / (1 << 20);

	if (bytes < 1 << 20)
		snprintf(out, size, "%s KiB",
			 number_text((double)(bytes / 1024), number, sizeof(number)));
	else
		snprintf(out, size, "%s MiB", number_text(mb, number, sizeof(number)));
	return out;
}

static int64_t held_us(const struct sqlite_info *info, int64_t now)
{
	return info->locked ? now - info->locked_since : 0;
}

static bool is_old(const struct sqlite_info *info, int64_t now)
{
	return info->at && now - info->at > OLD_US;
}

/* The worst of it in a word. */
static const char *word(const struct sqlite_info *info, int64_t now, enum style *style)
{
	*style = STYLE_CRITICAL;
	if (info->missing)
		return "MISSING";
	if (info->checked == 0)
		return "DAMAGED";
	if (info->why[0])
		return "UNKNOWN";
	if (held_us(info, now) >= TOO_LONG_US)
		return "LOCKED";
	*style = STYLE_WARNING;
	if (info->hot)
		return "HOT JOURNAL";
	if (held_us(info, now) >= HELD_US)
		return "LOCKED";
	if (is_old(info, now))
		return "OLD";
	*style = STYLE_DIM;
	return info->at ? "free" : "not looked at yet";
}

static void lock_print(const struct sqlite_info *info, int64_t now, struct buf *out)
{
	char held[48];

	if (!info->locked) {
		buf_puts(out, "no writer holds it");
		return;
	}
	buf_printf(out, "locked for %s by ",
		   duration_text(held_us(info, now) / CLOCK_US * CLOCK_US, held, sizeof(held)));
	if (info->holder)
		buf_printf(out, "process %d%s%s", (int)info->holder, info->command[0] ? ": " : "",
			   info->command);
	else
		buf_puts(out, "a process that is not known");
}

static void size_print(const struct sqlite_info *info, struct buf *out)
{
	char size[48];

	buf_printf(out, "size %s", bytes_text(info->bytes, size, sizeof(size)));
	if (info->journal == SQLITE_JOURNAL_WAL)
		buf_printf(out, ", write-ahead log %s", bytes_text(info->wal, size, sizeof(size)));
	else if (info->journal == SQLITE_JOURNAL_ROLLBACK)
		buf_puts(out, ", rollback journal");
	else
		buf_puts(out, info->bytes ? ", no header of SQLite" : ", empty");
}

static void check_print(const struct sqlite_info *info, int64_t now, struct buf *out)
{
	char age[48], took[48];

	if (!info->checked_at) {
		buf_puts(out, info->checks
				  ? "integrity: being checked"
				  : "integrity: not checked (\"check_every\" has it done)");
		return;
	}
	age_text(info->checked_at, now, age, sizeof(age));
	if (info->checked < 0)
		buf_printf(out, "integrity not known, %s: %s", age, info->said);
	else
		buf_printf(out, "integrity: %s, %s, in %s", info->checked ? "sound" : info->said,
			   age, duration_text(info->check_took_us, took, sizeof(took)));
}

static enum style check_style(const struct sqlite_info *info)
{
	return info->checked == 0		       ? STYLE_CRITICAL
	       : info->checked < 0 && info->checked_at ? STYLE_WARNING
						       : STYLE_NORMAL;
}

static int row(const struct canvas *canvas, int y, enum style style, struct buf *text)
{
	y = canvas_wrap(canvas, y, 0, 2, style, buf_str(text));
	buf_cut(text, 0);
	return y;
}

static void rows_draw(const struct sqlite_info *info, int64_t now, const struct canvas *canvas)
{
	struct buf text = BUF_INIT;
	enum style style = held_us(info, now) >= TOO_LONG_US ? STYLE_CRITICAL
			   : held_us(info, now) >= HELD_US   ? STYLE_WARNING
							     : STYLE_NORMAL;
	char age[48];
	int y = 0;

	if (info->why[0])
		y = canvas_wrap(canvas, y, 0, 2, STYLE_CRITICAL, info->why);
	if (info->at && (info->why[0] || is_old(info, now)))
		canvas_printf(canvas, y++, 0, STYLE_WARNING,
			      "OLD, of %s:", age_text(info->at, now, age, sizeof(age)));
	if (info->at) {
		lock_print(info, now, &text);
		y = row(canvas, y, style, &text);
		if (info->hot) {
			buf_puts(&text, "a journal lies there that nobody writes: whoever opens it "
					"next takes the last change back");
			y = row(canvas, y, STYLE_WARNING, &text);
		}
		size_print(info, &text);
		if (info->wal > WAL_BYTES && info->wal > info->bytes)
			buf_puts(&text, ": somebody keeps it from being written back");
		y = row(canvas, y,
			info->wal > WAL_BYTES && info->wal > info->bytes ? STYLE_WARNING
									 : STYLE_NORMAL,
			&text);
		/* What a check of a file says that is not there is no news. */
		if (!info->why[0])
			check_print(info, now, &text);
		y = text.len ? row(canvas, y, check_style(info), &text) : y;
	}
	canvas_text(canvas, y, 0, STYLE_DIM, info->path ? info->path : "");
	buf_release(&text);
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	const struct sqlite_info *info = info_of(ui, panel);
	struct canvas inside;
	enum style style;
	const char *status;

	(void)state;
	if (!info) {
		inside = canvas_box(canvas, panel->title, "not open", STYLE_CRITICAL, focus);
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL,
			    "No SQLite source of this name is open.");
		return;
	}
	status = word(info, ui_now(ui), &style);
	inside = canvas_box(canvas, panel->title, status, style, focus);
	rows_draw(info, ui_now(ui), &inside);
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct sqlite_info *info = info_of(ui, panel);
	struct buf text = BUF_INIT;
	int64_t now = ui_now(ui);
	enum style style;
	char age[48];

	(void)state;
	if (!info)
		return xstrdup("No SQLite source of this name is open.");
	buf_printf(&text, "%s: %s\nlooked at %s\n\n", info->path ? info->path : "",
		   word(info, now, &style), age_text(info->at, now, age, sizeof(age)));
	if (info->why[0])
		buf_printf(&text, "%s\n", info->why);
	if (info->at) {
		lock_print(info, now, &text);
		buf_putc(&text, '\n');
		size_print(info, &text);
		buf_putc(&text, '\n');
		check_print(info, now, &text);
		buf_putc(&text, '\n');
	}
	return buf_detach(&text);
}

static int mark(struct ui *ui, const struct panel *panel, struct panel_state *state,
		struct err *err)
{
	return panel_mark(ui, panel, details(ui, panel, state), err);
}

const struct panel_kind panel_database = {
	.name = "database",
	.want = want,
	.draw = draw,
	.details = details,
	.mark = mark,
};
