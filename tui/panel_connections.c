/* The connections panel: sessions of one PostgreSQL server by what they do. */
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "sources/postgres.h"
#include "tui/panel.h"

static int want(struct ui *ui, const struct panel *panel)
{
	(void)ui, (void)panel;
	return 6;
}

static const struct postgres_info *info_of(struct ui *ui, const struct panel *panel)
{
	const struct source *source = panel_source(ui, panel);

	return source ? postgres_info(source) : NULL;
}

static int count_row(const struct canvas *canvas, int y, const char *name, int count, int full,
		     enum style style)
{
	int x = canvas_printf(canvas, y, 0, count && style != STYLE_OK ? style : STYLE_NORMAL,
			      "%-8s %3d ", name, count);
	int room = canvas->w - x - 1;

	room = room > 40 ? 40 : room;
	return canvas_bar(canvas, y, x, room, style, count, full);
}

static void blockers_text(const struct postgres_info *info, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < info->nblockers && i < POSTGRES_BLOCKERS && used + 24 < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%d", i ? ", " : "blocked by ",
					 (int)info->blockers[i]);
}

static void waiting_row(const struct postgres_info *info, const struct canvas *canvas, int y,
			int full)
{
	char text[96];
	int x = count_row(canvas, y, "waiting", info->waiting, full, STYLE_CRITICAL);

	blockers_text(info, text, sizeof(text));
	canvas_text(canvas, y, x + 1, STYLE_WARNING, text);
}

/* Everything that does not fit on a small panel. */
static void extras_print(const struct postgres_info *info, struct buf *text)
{
	char spent[48];

	if (info->longest_transaction_s > 0)
		buf_printf(text, "longest transaction %s\n",
			   duration_text((int64_t)info->longest_transaction_s * CLOCK_US, spent,
					 sizeof(spent)));
	if (info->longest_query_s > 0)
		buf_printf(text, "longest query %s\n",
			   duration_text((int64_t)info->longest_query_s * CLOCK_US, spent,
					 sizeof(spent)));
	for (int i = 0; i < info->ntop && i < POSTGRES_TOP; i++)
		buf_printf(text, "%s: %d\n", info->top[i].name[0] ? info->top[i].name : "(no name)",
			   info->top[i].sessions);
	if (info->version)
		buf_printf(text, "PostgreSQL %d.%d, answered in %.1f ms%s\n", info->version / 10000,
			   info->version % 10000, (double)info->latency_us / 1000.0,
			   info->in_recovery ? ", in recovery" : "");
	if (info->size_bytes >= 0)
		buf_printf(text, "database %.0f MB, %d sessions on all databases\n",
			   (double)info->size_bytes / 1e6, info->total);
}

static int notes_draw(const struct postgres_info *info, const struct canvas *canvas, int y)
{
	if (info->identity_wrong)
		y = canvas_wrap(canvas, y, 0, 0, STYLE_CRITICAL,
				"This is NOT the server that the target names (system "
				"identifier).");
	if (info->why[0])
		y = canvas_wrap(canvas, y, 0, 0,
				info->state == POSTGRES_CONNECTED ? STYLE_WARNING : STYLE_CRITICAL,
				info->why);
	if (info->monitor_missing)
		y = canvas_wrap(canvas, y, 0, 0, STYLE_WARNING,
				"counts may be low: the role is not in pg_monitor");
	return y;
}

static void figures_draw(const struct postgres_info *info, const struct canvas *canvas, int y)
{
	int full = info->limit > 0 ? info->limit : info->sessions;
	struct buf text = BUF_INIT;

	count_row(canvas, y++, "active", info->active, full, STYLE_OK);
	count_row(canvas, y++, "idle", info->idle, full, STYLE_OK);
	if (info->idle_in_transaction || canvas->h > y + 2)
		count_row(canvas, y++, "idle in", info->idle_in_transaction, full, STYLE_WARNING);
	waiting_row(info, canvas, y++, full);
	extras_print(info, &text);
	if (text.len && y < canvas->h)
		canvas_wrap(canvas, y, 0, 2, STYLE_DIM, buf_str(&text));
	buf_release(&text);
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	const struct postgres_info *info = info_of(ui, panel);
	const struct metric *metric = panel_metric(ui, panel, 0);
	struct canvas inside;
	char title[96], status[96], age[48];
	enum style style = STYLE_DIM;
	int y;

	(void)state;
	if (!info) {
		inside = canvas_box(canvas, panel->title, "not open", STYLE_CRITICAL, focus);
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL, "This server's source is not open.");
		return;
	}
	snprintf(title, sizeof(title), "%s", panel->title);
	if (info->at)
		snprintf(title, sizeof(title), "%s %d of %d", panel->title, info->sessions,
			 info->limit);
	if (info->state != POSTGRES_CONNECTED) {
		style = STYLE_CRITICAL;
		snprintf(status, sizeof(status), "%s", postgres_state_text(info));
	} else if (metric) {
		const struct alert *alert = sense_alert(session_sense(ui->session), metric);

		metric_status(ui, metric, status, sizeof(status), &style);
		snprintf(status, sizeof(status), "%s", level_name(alert ? alert->level : LEVEL_OK));
		for (char *c = status; alert && alert->level > LEVEL_INFO && *c; c++)
			*c = (char)(*c - 'a' + 'A');
	} else {
		snprintf(status, sizeof(status), "connected");
	}
	inside = canvas_box(canvas, title, status, style, focus);
	y = notes_draw(info, &inside, 0);
	if (info->at && ui_now(ui) - info->at > 5 * CLOCK_US)
		canvas_printf(&inside, y++, 0, STYLE_WARNING, "figures are old: %s",
			      age_text(info->at, ui_now(ui), age, sizeof(age)));
	if (info->at)
		figures_draw(info, &inside, y);
	else if (y == 0)
		canvas_text(&inside, 0, 0, STYLE_DIM, "no figures yet");
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct postgres_info *info = info_of(ui, panel);
	struct buf text = BUF_INIT;
	char blockers[96], age[48];

	(void)state;
	if (!info)
		return xstrdup("This server's source is not open.");
	buf_printf(&text, "%s%s%s\n", postgres_state_text(info), info->why[0] ? ": " : "",
		   info->why);
	if (info->at) {
		blockers_text(info, blockers, sizeof(blockers));
		buf_printf(
		    &text,
		    "\n%d of %d connections (%.0f%%), %s\n\nactive               %d\nidle        "
		    "         %d\nidle in transaction  %d\nother                %d\nwaiting for a "
		    "lock   %d  %s\n\n",
		    info->sessions, info->limit, info->percent,
		    age_text(info->at, ui_now(ui), age, sizeof(age)), info->active, info->idle,
		    info->idle_in_transaction, info->other, info->waiting, blockers);
		extras_print(info, &text);
	}
	if (info->identity[0])
		buf_printf(&text, "system identifier %s%s\n", info->identity,
			   info->identity_wrong ? " (WRONG)" : "");
	if (info->monitor_missing)
		buf_puts(&text,
			 "\nThe role is no member of pg_monitor: states of others' sessions are "
			 "hidden, counts are too low. GRANT pg_monitor TO the role.\n");
	return buf_detach(&text);
}

const struct panel_kind panel_connections = {
	.name = "connections",
	.want = want,
	.draw = draw,
	.details = details,
};
