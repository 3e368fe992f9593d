/* The last rows: the notice or the alerts, the keys, the views. */
#include <stdlib.h>
#include <string.h>

#include "core/keys.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "tui/acts.h"
#include "tui/alerts.h"
#include "tui/bars.h"
#include "tui/metric.h"

#define NOTICE_US (5 * CLOCK_US)
/* What all keys of Watch need; narrower screens give them a second row. */
#define KEYS_WIDTH 180

/* One thing that is wrong: its word in a style of its own. */
struct wrong {
	enum level level; /* as bad as an alert of this level */
	enum style style;
	char word[16], text[160];
};

static const char *age_since(struct ui *ui, int64_t since, char *out, size_t size)
{
	char span[48];

	out[0] = '\0';
	if (since)
		snprintf(out, size, " %s",
			 duration_text((ui_now(ui) - since) / CLOCK_US * CLOCK_US, span,
				       sizeof(span)));
	return out;
}

/* "CRITICAL Errors 40 s (acknowledged)" */
static void alert_put(struct ui *ui, const struct alert *alert, struct wrong *out)
{
	const struct alert_state *recorded = alert_recorded(ui, alert);
	char age[64];

	out->level = alert->no_data && alert->level < LEVEL_WARNING ? LEVEL_WARNING : alert->level;
	alert_word(alert, out->word, &out->style);
	snprintf(out->text, sizeof(out->text), " %s%s%s%s", metric_title(alert->metric),
		 age_since(ui, alert_since(alert), age, sizeof(age)),
		 recorded && recorded->acknowledged ? " (acknowledged)" : "",
		 sense_is_muted(session_sense(ui->session), alert) ? " (muted)" : "");
}

static void condition_put(struct ui *ui, const struct condition *condition,
			  const struct condition_state *now, struct wrong *out)
{
	char age[64];

	out->level = LEVEL_OK + (enum level)condition->severity;
	out->style = style_severity(condition->severity);
	snprintf(out->word, sizeof(out->word), "%s", severity_name(condition->severity));
	for (char *at = out->word; *at && condition->severity >= SEVERITY_HIGH; at++)
		*at = (char)(*at - 'a' + 'A');
	snprintf(out->text, sizeof(out->text), " %s%s", condition->title,
		 age_since(ui, now->since, age, sizeof(age)));
}

/* Conditions that hold, the worst first, but for the one that the line of what to do names. */
static size_t conditions_put(struct ui *ui, struct wrong *out)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct condition_state *states = sense_conditions(session_sense(ui->session));
	const char *why = NULL;
	size_t n = 0;

	session_suggested(ui->session, &why);
	for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_LOW; severity--) {
		for (size_t i = 0; i < runbook->nconditions; i++) {
			const struct condition *condition = &runbook->conditions[i];

			if ((int)condition->severity == severity &&
			    states[i].verdict == VERDICT_PASS &&
			    !(why && strstr(why, condition->title)))
				condition_put(ui, condition, &states[i], &out[n++]);
		}
	}
	return n;
}

/* New: all that is wrong, the worst first; among equals what it means before what was measured. */
static struct wrong *wrong_list(struct ui *ui, size_t *n)
{
	size_t nalerts, nconditions, next = 0;
	const struct alert **alerts = alerts_list(ui, &nalerts);
	size_t most = session_runbook(ui->session)->nconditions + nalerts + 1;
	struct wrong *conditions = xcalloc(most, sizeof(*conditions));
	struct wrong *list = xcalloc(most, sizeof(*list));

	nconditions = conditions_put(ui, conditions);
	*n = 0;
	for (size_t i = 0; i < nalerts; i++) {
		struct wrong alert;

		alert_put(ui, alerts[i], &alert);
		while (next < nconditions && conditions[next].level >= alert.level)
			list[(*n)++] = conditions[next++];
		list[(*n)++] = alert;
	}
	while (next < nconditions)
		list[(*n)++] = conditions[next++];
	free(conditions);
	free(alerts);
	return list;
}

/* The worst first, as many as there is room for, and how many more there are. */
static void alerts_draw(struct ui *ui, const struct canvas *canvas)
{
	int x = canvas_text(canvas, 0, 1, STYLE_DIM, "Alerts:");
	size_t n;
	struct wrong *list = wrong_list(ui, &n);

	if (!n)
		canvas_text(canvas, 0, x + 1, STYLE_OK, "none");
	for (size_t i = 0; i < n; i++) {
		char more[40] = "";
		struct canvas room;
		int width = (i > 0) + 1 + text_width(list[i].word) + text_width(list[i].text);

		if (i + 1 < n)
			snprintf(more, sizeof(more), ", +%zu more", n - i - 1);
		if (i > 0 && x + width + text_width(more) > canvas->w) {
			canvas_printf(canvas, 0, x, STYLE_KEY, ", +%zu more", n - i);
			break;
		}
		room = canvas_part(canvas, 0, 0, 1, canvas->w - text_width(more));
		if (i > 0)
			x = canvas_text(&room, 0, x, STYLE_DIM, ",");
		x = canvas_text(&room, 0, x + 1, list[i].style, list[i].word);
		x = canvas_text(&room, 0, x, STYLE_NORMAL, list[i].text);
	}
	free(list);
}

/* "2 routines due (D)" at the right; the column where it begins. Whatever else asks for attention,
 * it is in sight. */
static int routines_draw(struct ui *ui, const struct canvas *canvas)
{
	struct routine_due *list;
	size_t n = session_routines(ui->session, &list), due = 0, overdue = 0;
	char text[64];

	for (size_t i = 0; i < n; i++) {
		if (!recorded_is_asked(list[i].record, &list[i].due))
			continue;
		overdue += list[i].due.state == DUE_OVERDUE;
		due++;
	}
	free(list);
	/* A drill is about something else. */
	if (!due || session_target(ui->session)->class == TARGET_DRILL)
		return canvas->w;
	snprintf(text, sizeof(text), " %zu routine%s %s (%s) ", overdue ? overdue : due,
		 (overdue ? overdue : due) == 1 ? "" : "s", overdue ? "overdue" : "due",
		 key_defs[KEY_ID_ROUTINES].name);
	return canvas_right(canvas, 0, overdue ? STYLE_WARNING : STYLE_KEY, text);
}

static void status_draw(struct ui *ui, const struct canvas *canvas)
{
	const char *error = session_error(ui->session);

	if (ui->notice[0] && ui->notice_style == STYLE_OK &&
	    clock_mono(ui->clock) - ui->notice_at > NOTICE_US)
		ui->notice[0] = '\0';
	if (ui->notice[0]) {
		canvas_text(canvas, 0, 1, ui->notice_style, ui->notice);
	} else if (error && *error) {
		canvas_printf(canvas, 0, 1, STYLE_CRITICAL, "Trouble: %s", error);
	} else {
		struct canvas left = canvas_part(canvas, 0, 0, 1, routines_draw(ui, canvas));

		alerts_draw(ui, &left);
	}
}

/* Keys that stand in the last row at its right, always. */
static bool is_fixed(enum act act)
{
	return act == ACT_NOTE || act == ACT_HELP;
}

/* Whether the footer names the key now, and how many columns that takes. */
static bool key_shown(struct ui *ui, const struct key_binding *row, int *width)
{
	if (!row->label || !(row->where & 1u << ui->view) || is_fixed(row->act) ||
	    !ui_can(ui, row->act))
		return false;
	*width = (int)(strlen(row->name) + strlen(row->label)) + 1;
	return true;
}

/* Row by row until the canvas is full: the first ones matter most. */
static void keys_draw(struct ui *ui, const struct canvas *canvas)
{
	const struct view_ops *ops = ui_view(ui, ui->view);
	struct key_binding row;
	char marker[80];
	int x = 1, y = 0, width;

	if (ops->marker && ops->marker(ui, ui->states[ui->view], marker, sizeof(marker)))
		x = canvas_printf(canvas, 0, x, STYLE_DRILL, " %s ", marker) + 2;
	for (size_t i = 0; key_row(i, &row); i++) {
		struct canvas part;

		if (!key_shown(ui, &row, &width))
			continue;
		if (x + width > canvas->w) {
			x = 1;
			y++;
		}
		if (y == canvas->h)
			break;
		part = canvas_part(canvas, y, x, 1, width);
		canvas_text(&part, 0, 0, STYLE_KEY, row.name);
		canvas_text(&part, 0, (int)strlen(row.name) + 1, STYLE_NORMAL, row.label);
		x += width + 2;
	}
}

static void views_draw(struct ui *ui, const struct canvas *canvas)
{
	int x = 1;
	struct canvas right = canvas_part(canvas, 0, canvas->w - 15, 1, -1);

	for (int i = 0; i < TUI_VIEWS; i++) {
		enum tui_view view = (enum tui_view)i;
		bool here = view == ui->view;

		x = canvas_printf(canvas, 0, x, here ? STYLE_SELECTED : STYLE_KEY, "%d", i + 1);
		x = canvas_printf(canvas, 0, x, here ? STYLE_SELECTED : STYLE_NORMAL, " %s",
				  ui_view(ui, view)->title);
		x++;
	}
	x = canvas_text(&right, 0, 0, STYLE_KEY, "n");
	x = canvas_text(&right, 0, x + 1, STYLE_NORMAL, "note");
	x = canvas_text(&right, 0, x + 2, STYLE_KEY, "?");
	canvas_text(&right, 0, x + 1, STYLE_NORMAL, "help");
}

int footer_rows(const struct ui *ui, int width)
{
	return ui->view == TUI_WATCH && width < KEYS_WIDTH ? 4 : 3;
}

void footer_draw(struct ui *ui, const struct canvas *canvas)
{
	int rows = footer_rows(ui, canvas->w);
	struct canvas row = canvas_part(canvas, canvas->h - rows, 0, 1, -1);

	status_draw(ui, &row);
	row = canvas_part(canvas, canvas->h - rows + 1, 0, rows - 2, -1);
	keys_draw(ui, &row);
	row = canvas_part(canvas, canvas->h - 1, 0, 1, -1);
	views_draw(ui, &row);
}
