/* The alerts panel: what is raised, without data, or muted; the worst first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/alerts.h"
#include "tui/panel.h"

#define WIDE   90 /* columns from which each thing has a column of its own */
#define MIDDLE 56

struct alerts_own {
	const struct metric *selected; /* borrowed; NULL: the first */
	int top;
};

static struct alerts_own *own_of(struct panel_state *state)
{
	if (!state->own)
		state->own = xcalloc(1, sizeof(struct alerts_own));
	return state->own;
}

static void release(struct panel_state *state)
{
	free(state->own);
}

static int index_of(const struct alert **list, size_t n, const struct alerts_own *own)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i]->metric == own->selected)
			return (int)i;
	}
	return 0;
}

static int want(struct ui *ui, const struct panel *panel)
{
	size_t n;

	(void)panel;
	free(alerts_list(ui, &n));
	return (n < 2 ? 2 : (int)n) + 2;
}

/* "above 50%": the threshold that was passed. */
static void limit_print(const struct alert *alert, struct buf *out)
{
	const char *unit = alert->metric->unit;
	char number[32];

	if (alert->level > LEVEL_OK && isfinite(alert->threshold))
		buf_printf(out, "%s %s%s%s", alert->metric->below ? "below" : "above",
			   number_text(alert->threshold, number, sizeof(number)),
			   *unit && strcmp(unit, "%") != 0 ? " " : "", unit);
}

/* Who has seen it, and whether it is muted. */
static void seen_print(struct ui *ui, const struct alert *alert, bool brief, struct buf *out)
{
	const struct alert_state *recorded = alert_recorded(ui, alert);
	char left[48];

	if (recorded && recorded->acknowledged && brief)
		buf_puts(out, "ack");
	else if (recorded && recorded->acknowledged)
		buf_printf(out, "acknowledged by %s", recorded->acknowledged_by);
	if (sense_is_muted(session_sense(ui->session), alert))
		buf_printf(out, "%smuted %s%s", out->len ? ", " : "", brief ? "" : "another ",
			   duration_text((alert->muted_until - ui_now(ui)) / CLOCK_US * CLOCK_US,
					 left, sizeof(left)));
}

static void row_draw(struct ui *ui, const struct alert *alert, const struct canvas *row)
{
	const struct metric *metric = alert->metric;
	const struct reading *reading = sense_metric(session_sense(ui->session), metric);
	int64_t since = alert_since(alert), stale = metric_stale_us(ui, metric);
	struct buf limit = BUF_INIT, seen = BUF_INIT, suggest = BUF_INIT;
	char word[16], value[64] = "", age[48] = "", old[48];
	bool wide = row->w >= WIDE, middle = row->w >= MIDDLE;
	enum style style;
	int x;

	limit_print(alert, &limit);
	seen_print(ui, alert, !wide, &seen);
	metric_suggest_print(ui, metric, &suggest);
	if (!alert->no_data)
		reading_short(reading, metric->unit, value, sizeof(value));
	if (since)
		duration_text((ui_now(ui) - since) / CLOCK_US * CLOCK_US, age, sizeof(age));
	alert_word(alert, word, &style);
	canvas_printf(row, 0, 0, style, "%-8s", word);
	if (stale)
		snprintf(value + strlen(value), sizeof(value) - strlen(value), ", %s old",
			 duration_text(stale / CLOCK_US * CLOCK_US, old, sizeof(old)));
	if (wide) {
		canvas_printf(row, 0, 9, STYLE_BOLD, "%-24.24s", metric_title(metric));
		canvas_printf(row, 0, 34, stale ? STYLE_WARNING : STYLE_NORMAL, "%-12s", value);
		canvas_printf(row, 0, 47, STYLE_DIM, "%-15s", buf_str(&limit));
		canvas_printf(row, 0, 63, STYLE_NORMAL, "%s%s", age[0] ? "for " : "", age);
		x = canvas_text(row, 0, 79, STYLE_DIM, buf_str(&seen));
		if (suggest.len)
			canvas_printf(row, 0, x + (seen.len > 0 ? 2 : 0), STYLE_KEY, "%s",
				      buf_str(&suggest));
	} else {
		x = canvas_printf(row, 0, 9, STYLE_BOLD, middle ? "%-18.18s" : "%.14s",
				  metric_title(metric));
		x = canvas_printf(row, 0, x + 1, stale ? STYLE_WARNING : STYLE_NORMAL, "%s%s%s",
				  value,
				  !*value || !*age ? ""
				  : middle	   ? " for "
						   : " ",
				  age);
		if (middle && limit.len)
			x = canvas_printf(row, 0, x + 1, STYLE_DIM, "(%s)", buf_str(&limit));
		if (seen.len)
			canvas_printf(row, 0, x + 1, STYLE_DIM, "%s", buf_str(&seen));
	}
	buf_release(&limit);
	buf_release(&seen);
	buf_release(&suggest);
}

/* "1 CRITICAL, 2 WARNING, 1 muted". */
static void status_print(struct ui *ui, const struct alert **list, size_t n, struct buf *out,
			 enum style *style)
{
	size_t levels[4] = { 0 }, missing = 0, muted = 0;
	char word[16];

	*style = STYLE_OK;
	for (size_t i = 0; i < n; i++) {
		if (sense_is_muted(session_sense(ui->session), list[i]))
			muted++;
		else if (list[i]->no_data)
			missing++;
		else
			levels[list[i]->level]++;
	}
	for (int level = LEVEL_CRITICAL; level > LEVEL_OK; level--) {
		if (!levels[level])
			continue;
		if (!out->len)
			*style = style_level((enum level)level);
		buf_printf(out, "%s%zu %s", out->len ? ", " : "", levels[level],
			   level_text((enum level)level, word));
	}
	if (missing) {
		if (!out->len)
			*style = STYLE_WARNING;
		buf_printf(out, "%s%zu NO DATA", out->len ? ", " : "", missing);
	}
	if (muted)
		buf_printf(out, "%s%zu muted", out->len ? ", " : "", muted);
	if (!out->len)
		buf_puts(out, "none");
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	struct alerts_own *own = own_of(state);
	size_t n;
	const struct alert **list = alerts_list(ui, &n);
	int selected = index_of(list, n, own);
	struct buf status = BUF_INIT;
	struct canvas inside;
	enum style style;

	status_print(ui, list, n, &status, &style);
	inside = canvas_box(canvas, panel->title, buf_str(&status), style, focus);
	buf_release(&status);
	own->top = scroll_to(own->top, selected, inside.h, (int)n);
	for (int i = 0; i < inside.h && own->top + i < (int)n; i++) {
		struct canvas row = canvas_part(&inside, i, 0, 1, -1);

		row_draw(ui, list[own->top + i], &row);
		if (focus && own->top + i == selected)
			canvas_select(&inside, i);
	}
	if (!n)
		canvas_text(&inside, 0, 0, STYLE_DIM, "Nothing is raised or muted.");
	free(list);
}

static void panel_move(struct ui *ui, const struct panel *panel, struct panel_state *state,
		       enum act act)
{
	struct alerts_own *own = own_of(state);
	size_t n;
	const struct alert **list = alerts_list(ui, &n);
	int selected = index_of(list, n, own) + act_rows(act, 10);

	(void)panel;
	selected = selected < 0 ? 0 : selected >= (int)n ? (int)n - 1 : selected;
	own->selected = n ? list[selected]->metric : NULL;
	free(list);
}

/* What is selected; NULL when nothing is up. */
static const struct metric *selected_of(struct ui *ui, struct panel_state *state)
{
	size_t n;
	const struct alert **list = alerts_list(ui, &n);
	const struct metric *metric = n ? list[index_of(list, n, own_of(state))]->metric : NULL;

	free(list);
	return metric;
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct metric *metric = selected_of(ui, state);

	(void)panel;
	return metric ? metric_details(ui, metric) : xstrdup("Nothing is raised or muted.");
}

static enum tui_view leads(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct metric *metric = selected_of(ui, state);

	(void)panel;
	return metric && metric->suggest ? TUI_DECIDE : TUI_WATCH;
}

const struct panel_kind panel_alerts = {
	.name = "alerts",
	.want = want,
	.draw = draw,
	.move = panel_move,
	.details = details,
	.leads = leads,
	.release = release,
};
