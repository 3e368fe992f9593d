/* The conditions panel: ranked by how many of their symptoms are sensed now. */
#include <stdlib.h>
#include <string.h>

#include "core/keys.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/panel.h"
#include "tui/say.h"

#define NARROW 50
#define OLD_US (30 * CLOCK_US) /* symptoms are looked at every ten seconds at the latest */
#define WIDE   80	       /* columns from which what it suggests stands in the row */

struct conditions_own {
	const struct condition *selected; /* borrowed; NULL: the first */
};

static struct conditions_own *own_of(struct panel_state *state)
{
	if (!state->own)
		state->own = xcalloc(1, sizeof(struct conditions_own));
	return state->own;
}

static void release(struct panel_state *state)
{
	free(state->own);
}

/* New: indices in order of rank. */
static size_t *ranked(struct ui *ui)
{
	const struct runbook *runbook = session_runbook(ui->session);
	size_t *order = xcalloc(runbook->nconditions + 1, sizeof(*order));

	condition_rank(runbook, sense_conditions(session_sense(ui->session)), order);
	return order;
}

static int index_of(const struct runbook *runbook, const size_t *order,
		    const struct conditions_own *own)
{
	for (size_t i = 0; i < runbook->nconditions; i++) {
		if (&runbook->conditions[order[i]] == own->selected)
			return (int)i;
	}
	return 0;
}

static int want(struct ui *ui, const struct panel *panel)
{
	(void)panel;
	return (int)session_runbook(ui->session)->nconditions + 2;
}

/* Its symptoms may be there, and the time is not over for which they have to be. */
static const char *verdict_word(const struct condition_state *now)
{
	return now->verdict == VERDICT_PASS		   ? "HOLDS"
	       : now->verdict != VERDICT_FAIL		   ? "unknown"
	       : now->since && now->within == VERDICT_PASS ? "not yet"
							   : "no";
}

/* More than are needed say no more than those. */
static size_t counted(const struct condition *condition, const struct condition_state *now)
{
	return now->sensed < condition->at_least ? now->sensed : condition->at_least;
}

/* How old the oldest of what it was judged by is, when that is worth saying; 0. */
static int64_t stale_us(struct ui *ui, const struct condition *condition)
{
	int64_t oldest = 0;

	for (size_t i = 0; i < condition->nsymptoms; i++) {
		const struct sensed *sensed =
		    sense_probe(session_sense(ui->session), condition->symptoms[i]);
		int64_t age = ui_now(ui) - sensed->reading.at;

		if (sensed->reading.at && age > OLD_US && age > oldest)
			oldest = age;
	}
	return oldest;
}

static void row_draw(struct ui *ui, const struct condition *condition,
		     const struct condition_state *now, const struct canvas *row)
{
	const struct runbook *runbook = session_runbook(ui->session);
	bool holds = now->verdict == VERDICT_PASS;
	int64_t stale = stale_us(ui, condition);
	char age[48], old[64], *suggests;
	int x;

	snprintf(old, sizeof(old), " %s old",
		 duration_text(stale / CLOCK_US * CLOCK_US, age, sizeof(age)));
	/* Where there is little room, how bad it would be gives way to what it is. */
	x = canvas_printf(row, 0, 0, holds ? style_severity(condition->severity) : STYLE_DIM,
			  row->w < NARROW ? "%s%-7s" : "%-8s %-7s",
			  row->w < NARROW ? "" : severity_name(condition->severity),
			  verdict_word(now));
	x = canvas_printf(row, 0, x + 1, holds ? STYLE_BOLD : STYLE_NORMAL, "%zu/%zu %s",
			  counted(condition, now), condition->at_least, condition->title);
	if (stale)
		canvas_right(row, 0, STYLE_WARNING, old);
	else if (now->since && x + 12 < row->w)
		x = canvas_printf(row, 0, x + 2, STYLE_DIM, "for %s",
				  duration_text((ui_now(ui) - now->since) / CLOCK_US * CLOCK_US,
						age, sizeof(age)));
	if (row->w < WIDE || !holds || stale)
		return;
	suggests = outcome_text(&runbook->tree, &condition->suggest);
	if (strcmp(suggests, "nothing") != 0)
		canvas_printf(row, 0, x + 2, STYLE_KEY, "%s", suggests);
	free(suggests);
}

/* Alone on the screen each condition stands with its symptoms. */
static int symptoms_draw(struct ui *ui, const struct condition *condition,
			 const struct canvas *canvas, int y)
{
	for (size_t i = 0; i < condition->nsymptoms; i++)
		probe_draw(ui, canvas, y++, 2, "", condition->symptoms[i]);
	return y;
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct condition_state *states = sense_conditions(session_sense(ui->session));
	int n = (int)runbook->nconditions, selected, holding = 0, y = 0;
	size_t *order = ranked(ui);
	struct canvas inside;
	char status[48];

	for (int i = 0; i < n; i++)
		holding += states[i].verdict == VERDICT_PASS;
	snprintf(status, sizeof(status), "%d of %d hold", holding, n);
	inside =
	    canvas_box(canvas, panel->title, status, holding ? STYLE_WARNING : STYLE_DIM, focus);
	selected = index_of(runbook, order, own_of(state));
	state->top = scroll_to(state->top, selected, state->zoomed ? 1 : inside.h, n);
	for (int i = state->top; i < n && y < inside.h; i++) {
		const struct condition *condition = &runbook->conditions[order[i]];
		struct canvas row = canvas_part(&inside, y, 0, 1, -1);

		row_draw(ui, condition, &states[order[i]], &row);
		if (focus && i == selected)
			canvas_select(&inside, y);
		y++;
		if (state->zoomed)
			y = symptoms_draw(ui, condition, &inside, y);
	}
	free(order);
}

static void panel_move(struct ui *ui, const struct panel *panel, struct panel_state *state,
		       enum act act)
{
	const struct runbook *runbook = session_runbook(ui->session);
	size_t *order = ranked(ui);
	int selected = index_of(runbook, order, own_of(state)) + act_rows(act, 10);
	int last = (int)runbook->nconditions - 1;

	(void)panel;
	selected = selected > last ? last : selected;
	selected = selected < 0 ? 0 : selected;
	own_of(state)->selected = last < 0 ? NULL : &runbook->conditions[order[selected]];
	free(order);
}

static const struct condition *selected_of(struct ui *ui, struct panel_state *state)
{
	const struct runbook *runbook = session_runbook(ui->session);
	size_t *order = ranked(ui);
	const struct condition *condition = NULL;

	if (runbook->nconditions)
		condition = &runbook->conditions[order[index_of(runbook, order, own_of(state))]];
	free(order);
	return condition;
}

static void needs_print(struct ui *ui, const struct condition *condition, struct buf *text)
{
	if (!condition->needs)
		return;
	buf_puts(text, "Judged only while this passes:\n");
	probe_print(ui, text, condition->needs);
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct condition *condition = selected_of(ui, state);
	const struct condition_state *now;
	struct buf text = BUF_INIT;
	char age[64], *suggests;

	(void)panel;
	if (!condition)
		return xstrdup("This runbook has no conditions.");
	now = &sense_conditions(session_sense(ui->session))[condition - runbook->conditions];
	buf_printf(&text, "%s: %s (%s)\n", condition->title, verdict_word(now),
		   severity_name(condition->severity));
	if (condition->impact)
		buf_printf(&text, "Impact: %s\n", condition->impact);
	buf_printf(&text, "Symptoms: %zu of %zu are sensed, %zu must be\n", now->sensed,
		   condition->nsymptoms, condition->at_least);
	if (now->since)
		buf_printf(&text, "They have held for %s\n",
			   duration_text((ui_now(ui) - now->since) / CLOCK_US * CLOCK_US, age,
					 sizeof(age)));
	for (size_t i = 0; i < condition->nsymptoms; i++)
		probe_print(ui, &text, condition->symptoms[i]);
	needs_print(ui, condition, &text);
	if (condition->within)
		buf_printf(&text, "Within its time of the deployment: %s\n",
			   answer_word(now->within));
	suggests = outcome_text(&runbook->tree, &condition->suggest);
	buf_printf(&text, "Suggests: %s\n", suggests);
	free(suggests);
	return buf_detach(&text);
}

static enum tui_view leads(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct condition *condition = selected_of(ui, state);

	(void)panel;
	return condition && (condition->suggest.procedure || condition->suggest.tree) ? TUI_DECIDE
										      : TUI_WATCH;
}

const struct panel_kind panel_conditions = {
	.name = "conditions",
	.want = want,
	.draw = draw,
	.move = panel_move,
	.details = details,
	.leads = leads,
	.release = release,
};
