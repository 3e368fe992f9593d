/* The log panel: records with their tracebacks folded, newest at the bottom. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "sources/log.h"
#include "tui/panel.h"

#define SEARCH_LIMIT 20000 /* lines looked at for one page of a search */

static int want(struct ui *ui, const struct panel *panel)
{
	(void)ui, (void)panel;
	return 12;
}

static bool fits(const struct panel_state *state, const struct log_line *line)
{
	return !state->search || strcasestr(line->text, state->search);
}

/* The record before `seq` that is shown. */
static bool before(const struct source *source, const struct panel_state *state, uint64_t seq,
		   struct log_line *out)
{
	/* In a search every line counts, so that a traceback's line is found, too. */
	for (int i = 0; i < SEARCH_LIMIT; i++) {
		if (!log_line_before(source, seq, !state->search, out))
			return false;
		if (fits(state, out))
			return true;
		seq = out->seq;
	}
	return false;
}

/* The next record behind `seq` that is shown; false when it is the newest. */
static bool after(const struct source *source, const struct panel_state *state, uint64_t seq,
		  struct log_line *out)
{
	for (int i = 0; i < SEARCH_LIMIT; i++) {
		if (!log_line_at(source, ++seq, out))
			return false;
		if ((state->search || !out->joined) && fits(state, out))
			return true;
	}
	return false;
}

static enum style style_log(const struct log_line *line)
{
	if (line->known)
		return STYLE_DIM;
	switch (line->level) {
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

/* Its text without the time and level that stand in columns of their own. */
static const char *body(const struct log_line *line)
{
	struct logline_zone zone = { .utc = true };
	struct logline parts;
	size_t len = strlen(line->text);

	if (line->joined || line->level == LOGLEVEL_NONE)
		return line->text;
	logline_read(&zone, line->text, len, &parts);
	while (parts.body < len && strchr(" -:|", line->text[parts.body]))
		parts.body++;
	return parts.body < len ? line->text + parts.body : line->text;
}

static void line_print(const struct log_line *line, bool here, const struct canvas *canvas, int y)
{
	char clock[TIME_RFC3339_MAX] = "        ", level[12] = "";
	int x;

	if (line->at)
		time_clock(line->at, clock);
	if (line->level != LOGLEVEL_NONE)
		snprintf(level, sizeof(level), "%s", loglevel_name(line->level));
	for (char *c = level; *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	if (!strcmp(level, "CRITICAL"))
		strcpy(level, "CRIT");
	x = canvas_text(canvas, y, 0, STYLE_DIM, clock);
	x = canvas_printf(canvas, y, x + 1, style_log(line), "%-7s", level);
	canvas_text(canvas, y, x + 1, line->known ? STYLE_DIM : STYLE_NORMAL, body(line));
	if (here)
		canvas_select(canvas, y);
}

static int record_print(const struct log_line *line, bool here, const struct canvas *canvas, int y,
			bool search)
{
	if (line->folded && !search) {
		if (y >= 0)
			canvas_printf(canvas, y, 9, STYLE_DIM, "+ %u more lines%s", line->folded,
				      here ? " (Enter)" : "");
		y--;
	}
	if (y >= 0)
		line_print(line, here, canvas, y);
	return y - 1;
}

static void status_text(const struct log_status *status, const struct panel_state *state, char *out,
			size_t size, enum style *style)
{
	*style = STYLE_DIM;
	switch (status->state) {
	case LOG_MISSING:
	case LOG_FAILED:
		*style = STYLE_CRITICAL;
		snprintf(out, size, "%s", status->state == LOG_MISSING ? "MISSING" : "FAILED");
		break;
	case LOG_READING:
		snprintf(out, size, "reading");
		break;
	case LOG_FOLLOWING:
		snprintf(out, size, "%.0f/min  %s", status->lines_per_minute,
			 state->line ? "HELD (End follows)" : "following");
		break;
	}
	if (state->search) {
		size_t used = strlen(out);

		*style = STYLE_WARNING;
		snprintf(out + used, size - used, "  only \"%.24s\"", state->search);
	}
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	const struct source *source = panel_source(ui, panel);
	struct log_status status;
	struct log_line *line;
	struct canvas inside;
	uint64_t seq = state->line ? state->line + 1 : 0;
	char text[128];
	enum style style;
	int y;

	if (!source || !log_is(source)) {
		inside = canvas_box(canvas, panel->title, "not open", STYLE_CRITICAL, focus);
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL, "This log's source is not open.");
		return;
	}
	log_status(source, &status);
	status_text(&status, state, text, sizeof(text), &style);
	inside = canvas_box(canvas, panel->title, text, style, focus);
	line = xmalloc(sizeof(*line));
	state->drawn = 0;
	y = inside.h - 1;
	if (status.why[0] && (status.state == LOG_MISSING || status.state == LOG_FAILED)) {
		int rows = canvas_wrap_rows(&inside, 0, 0, status.why);

		canvas_wrap(&inside, y - rows + 1, 0, 0, STYLE_CRITICAL, status.why);
		y -= rows;
	}
	while (y >= 0 && before(source, state, seq, line)) {
		bool here = focus && (state->line ? line->seq == state->line : y == inside.h - 1);

		if (here)
			state->drawn = line->seq;
		y = record_print(line, here, &inside, y, state->search != NULL);
		seq = line->seq;
	}
	if (y == inside.h - 1)
		canvas_text(&inside, 0, 0, STYLE_DIM,
			    state->search ? "No line has this text." : "No lines yet.");
	free(line);
}

static void move_by(const struct source *source, struct panel_state *state, int by)
{
	struct log_line *line = xmalloc(sizeof(*line));
	uint64_t seq = state->line;

	if (!seq && by < 0 && before(source, state, 0, line))
		seq = line->seq;
	for (; by < 0 && before(source, state, seq, line); by++)
		state->line = seq = line->seq;
	for (; by > 0 && state->line; by--) {
		if (after(source, state, state->line, line))
			state->line = line->seq;
		else
			state->line = 0;
	}
	free(line);
}

static void panel_move(struct ui *ui, const struct panel *panel, struct panel_state *state,
		       enum act act)
{
	const struct source *source = panel_source(ui, panel);

	if (!source || !log_is(source))
		return;
	if (act == ACT_BOTTOM)
		state->line = 0;
	else
		move_by(source, state, act_rows(act, 15));
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct source *source = panel_source(ui, panel);
	struct log_line *line;
	struct buf text = BUF_INIT;
	char time[TIME_RFC3339_MAX];

	if (!source || !log_is(source))
		return xstrdup("This log's source is not open.");
	line = xmalloc(sizeof(*line));
	if (state->line ? log_line_at(source, state->line, line) : before(source, state, 0, line)) {
		/* A line inside a traceback: its record comes first. */
		while (line->joined && log_line_before(source, line->seq, false, line))
			;
		if (line->at)
			buf_printf(&text, "%s\n", time_rfc3339(line->at, time));
		buf_printf(&text, "%s\n", line->text);
		for (uint64_t seq = line->seq + 1; log_line_at(source, seq, line) && line->joined;
		     seq++)
			buf_printf(&text, "%s\n", line->text);
	} else {
		buf_puts(&text, "No line is there.");
	}
	free(line);
	return buf_detach(&text);
}

/* The line that the operator saw, not one that came while the key was on its way. */
static int mark(struct ui *ui, const struct panel *panel, struct panel_state *state,
		struct err *err)
{
	if (!state->drawn)
		return err_set(err, "no line is selected");
	return session_evidence(ui->session, panel->source, state->drawn, err);
}

const struct panel_kind panel_log = {
	.name = "log",
	.tall = true,
	.wide = true,
	.want = want,
	.draw = draw,
	.move = panel_move,
	.mark = mark,
	.details = details,
};
