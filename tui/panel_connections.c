/* The connections panel: sessions of one PostgreSQL server by what they do, who holds up whom, and
 * what is wrong with the server. With the screen for itself it has the table of sessions. */
#include "tui/panel_connections.h"

#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"

#define BAR_MAX	  40
#define OLD_US	  (5 * CLOCK_US) /* figures of an age that has to be said */
#define TREE_ROWS 5		 /* above the table */

static int want(struct ui *ui, const struct panel *panel)
{
	(void)ui, (void)panel;
	return 7;
}

static struct source *source_of(struct ui *ui, const struct panel *panel)
{
	struct source *source = panel_source(ui, panel);

	return source && postgres_info(source) ? source : NULL;
}

/* ---- rows ---- */

/* On a small panel what to do stands for the worst alone, and what was said not at all, unless
 * there is nothing else to show. */
static int troubles_draw(const struct postgres_info *info, int64_t now, const struct canvas *canvas)
{
	struct trouble troubles[TROUBLES];
	int n = connections_troubles(info, now, troubles), y = 0;
	bool roomy = canvas->h >= 10 || !info->at;

	for (int i = 0; i < n && y < canvas->h; i++) {
		y = canvas_wrap(canvas, y, 0, 2, troubles[i].style, troubles[i].what);
		if (troubles[i].said[0] && roomy && y < canvas->h)
			y = canvas_wrap(canvas, y, 2, 2, STYLE_NORMAL, troubles[i].said);
		if (troubles[i].todo[0] && (roomy || i == 0) && y < canvas->h)
			y = canvas_wrap(canvas, y, 2, 2, STYLE_BOLD, troubles[i].todo);
	}
	return y;
}

static void count_row(const struct canvas *canvas, int y, const char *name, int count, int full,
		      enum style style)
{
	int x = canvas_printf(canvas, y, 0, count && style != STYLE_OK ? style : STYLE_NORMAL,
			      "%-8s %3d ", name, count);
	int room = canvas->w - x - 1;

	canvas_bar(canvas, y, x, room > BAR_MAX ? BAR_MAX : room, style, count, full);
}

static void line_draw(const struct canvas *canvas, int y, enum style style, const char *title,
		      struct buf *text)
{
	int x = canvas_text(canvas, y, 0, STYLE_DIM, title);

	canvas_text(canvas, y, x, style, buf_str(text));
	buf_cut(text, 0);
}

/* The counts in one row: for panels that have no room for bars, and above the table. */
static void counts_line(const struct postgres_info *info, struct buf *out)
{
	buf_printf(out, "active %d  idle %d  idle in tx %d  waiting %d", info->active, info->idle,
		   info->idle_in_transaction, info->waiting);
	if (info->other)
		buf_printf(out, "  %s %d", info->monitor_missing ? "hidden" : "other", info->other);
}

static int bars_draw(const struct postgres_info *info, const struct canvas *canvas, int y)
{
	int full = info->limit > 0 ? info->limit : info->sessions;

	count_row(canvas, y++, "active", info->active, full, STYLE_OK);
	count_row(canvas, y++, "idle", info->idle, full, STYLE_OK);
	if (info->idle_in_transaction || canvas->h > y + 3)
		count_row(canvas, y++, "idle tx", info->idle_in_transaction, full, STYLE_WARNING);
	if (info->waiting || canvas->h > y + 2)
		count_row(canvas, y++, "waiting", info->waiting, full, STYLE_CRITICAL);
	if (info->other)
		count_row(canvas, y++, info->monitor_missing ? "hidden" : "other", info->other,
			  full, STYLE_WARNING);
	return y;
}

/* The tree of waits, at most `rows` of it, whole or with what is left out. */
static int tree_draw(const struct postgres_info *info, const struct canvas *canvas, int y, int rows)
{
	struct buf text = BUF_INIT;
	/* A single row is the root's, which says how many wait for it. */
	int fit = info->nwaits <= rows || rows == 1 ? rows : rows - 1;

	fit = fit > info->nwaits ? info->nwaits : fit;

	for (int i = 0; i < fit; i++) {
		connections_wait(info, i, &text);
		line_draw(canvas, y++, info->waits[i].depth ? STYLE_WARNING : STYLE_CRITICAL, "",
			  &text);
	}
	if (fit < info->nwaits && rows > 1)
		canvas_printf(canvas, y++, 0, STYLE_DIM, "%d more (Enter)", info->nwaits - fit);
	buf_release(&text);
	return y;
}

/* One line each, what matters most first, as many as there is room for. */
static void lines_draw(const struct postgres_info *info, int64_t now, const struct canvas *canvas,
		       int y)
{
	struct buf text = BUF_INIT;
	/* The other lines keep their place when there is room for all. */
	int rest = canvas->h - y - 4;

	if (info->nwaits)
		y = tree_draw(info, canvas, y, rest > 1 ? rest : canvas->h - y > 0);
	connections_longest(info, &text);
	if (text.len && y < canvas->h)
		line_draw(canvas, y++,
			  info->longest_transaction_s >= 60 ? STYLE_WARNING : STYLE_NORMAL,
			  "longest ", &text);
	buf_cut(&text, 0);
	connections_shares(info->apps, info->napps, "(no name)", &text);
	if (y < canvas->h)
		line_draw(canvas, y++, STYLE_NORMAL, "apps ", &text);
	connections_shares(info->users, info->nusers, "(none)", &text);
	if (y < canvas->h)
		line_draw(canvas, y++, STYLE_NORMAL, "users ", &text);
	connections_server(info, now, &text);
	if (y < canvas->h)
		line_draw(canvas, y, STYLE_DIM, "", &text);
	buf_release(&text);
}

static int old_draw(const struct postgres_info *info, int64_t now, const struct canvas *canvas,
		    int y)
{
	char age[48];

	if (info->at && (now - info->at > OLD_US || info->state != POSTGRES_CONNECTED))
		canvas_printf(canvas, y++, 0, STYLE_WARNING,
			      "OLD figures, of %s:", age_text(info->at, now, age, sizeof(age)));
	return y;
}

static void small_draw(const struct postgres_info *info, int64_t now, const struct canvas *canvas)
{
	struct buf text = BUF_INIT;
	int y = old_draw(info, now, canvas, troubles_draw(info, now, canvas));

	if (!info->at) {
		canvas_printf(canvas, y, 0, STYLE_DIM, "%s%s",
			      y ? "" : "no figures yet: ", info->where);
		return;
	}
	if (canvas->h - y >= 4) {
		y = bars_draw(info, canvas, y);
	} else if (y < canvas->h) {
		counts_line(info, &text);
		line_draw(canvas, y++, STYLE_NORMAL, "", &text);
	}
	buf_release(&text);
	lines_draw(info, now, canvas, y);
}

static void zoomed_draw(struct ui *ui, struct source *source, struct panel_state *state,
			const struct canvas *canvas, bool focus)
{
	const struct postgres_info *info = postgres_info(source);
	int64_t now = ui_now(ui);
	struct buf text = BUF_INIT;
	int y = old_draw(info, now, canvas, troubles_draw(info, now, canvas));

	if (info->at) {
		counts_line(info, &text);
		line_draw(canvas, y++, info->waiting ? STYLE_WARNING : STYLE_NORMAL, "", &text);
	}
	connections_server(info, now, &text);
	line_draw(canvas, y++, STYLE_DIM, "", &text);
	if (info->at && canvas->h > y + 12) {
		connections_shares(info->apps, info->napps, "(no name)", &text);
		line_draw(canvas, y++, STYLE_NORMAL, "apps  ", &text);
		connections_shares(info->users, info->nusers, "(none)", &text);
		line_draw(canvas, y++, STYLE_NORMAL, "users ", &text);
	}
	if (info->nwaits)
		y = tree_draw(info, canvas, y, canvas->h > y + 12 ? TREE_ROWS * 2 : TREE_ROWS);
	buf_release(&text);
	sessions_draw(ui, source, state, canvas, y, focus);
}

/* ---- the panel ---- */

/* The alert's level, unless the server itself is in trouble. */
static const char *status_text(struct ui *ui, const struct panel *panel,
			       const struct postgres_info *info, enum style *style)
{
	const struct metric *metric = panel_metric(ui, panel, 0);
	const struct alert *alert = metric ? sense_alert(session_sense(ui->session), metric) : NULL;
	const char *word = connections_word(info, style);

	if (!alert || *style == STYLE_CRITICAL || info->state != POSTGRES_CONNECTED)
		return word;
	*style = style_level(alert->level);
	return alert->level == LEVEL_CRITICAL  ? "CRITICAL"
	       : alert->level == LEVEL_WARNING ? "WARNING"
					       : level_name(alert->level);
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	struct source *source = source_of(ui, panel);
	const struct postgres_info *info = postgres_info(source);
	char title[96], status[160];
	struct canvas inside;
	enum style style;

	if (!info) {
		inside = canvas_box(canvas, panel->title, "not open", STYLE_CRITICAL, focus);
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL, "This server's source is not open.");
		return;
	}
	snprintf(title, sizeof(title), "%s", panel->title);
	if (info->at)
		snprintf(title, sizeof(title), "%s %d of %d", panel->title, info->used,
			 info->limit);
	snprintf(status, sizeof(status), "%s", status_text(ui, panel, info, &style));
	if (state->zoomed)
		sessions_status(ui, state, status + strlen(status),
				sizeof(status) - strlen(status));
	inside = canvas_box(canvas, title, status, style, focus);
	if (state->zoomed)
		zoomed_draw(ui, source, state, &inside, focus);
	else
		small_draw(info, ui_now(ui), &inside);
}

static bool can(struct ui *ui, const struct panel *panel, struct panel_state *state, enum act act)
{
	return state->zoomed && source_of(ui, panel) && sessions_can(state, act);
}

static void act(struct ui *ui, const struct panel *panel, struct panel_state *state, enum act act)
{
	(void)panel;
	sessions_act(ui, state, act);
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	struct source *source = source_of(ui, panel);
	struct buf text = BUF_INIT;
	char *session;

	if (!source)
		return xstrdup("This server's source is not open.");
	session = state->zoomed ? sessions_details(source, state) : NULL;
	if (session)
		return session;
	connections_details(postgres_info(source), ui_now(ui), &text);
	return buf_detach(&text);
}

static int mark(struct ui *ui, const struct panel *panel, struct panel_state *state,
		struct err *err)
{
	return panel_mark(ui, panel, details(ui, panel, state), err);
}

const struct panel_kind panel_connections = {
	.name = "connections",
	.want = want,
	.draw = draw,
	.details = details,
	.mark = mark,
	.can = can,
	.act = act,
	.release = sessions_release,
};
