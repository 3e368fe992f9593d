/* The bands panel: each metric of a table between target, acceptable and alert. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/panel.h"

#define WIDE 64 /* columns from which the bands stand beside the value */

static bool shows(const struct panel *panel, const struct band_table *table)
{
	return !panel->bands || strcmp(panel->bands, table->name) == 0;
}

static int want(struct ui *ui, const struct panel *panel)
{
	const struct runbook *runbook = session_runbook(ui->session);
	int rows = 3, tables = 0;

	for (size_t i = 0; i < runbook->nbands; i++) {
		if (shows(panel, &runbook->bands[i])) {
			rows += (int)runbook->bands[i].nrows;
			tables++;
		}
	}
	return rows + (tables > 1 ? tables : 0);
}

/* NAN when the table gives none, or it can't be filled in. */
static double target_of(struct ui *ui, const struct band *band)
{
	json_t *filled =
	    band->target ? sense_fill(session_sense(ui->session), band->target, NULL) : NULL;
	double target = json_is_number(filled) ? json_number_value(filled) : NAN;

	json_decref(filled);
	return target;
}

struct verdict_text {
	enum style style;
	char words[48];
};

/* In which band a value lies, in words; or why nobody knows. */
static struct verdict_text verdict(struct ui *ui, const struct band *band)
{
	const struct metric *metric = band->metric;
	const struct alert *alert = sense_alert(session_sense(ui->session), metric);
	const struct reading *reading = sense_metric(session_sense(ui->session), metric);
	double sign = metric->below ? -1 : 1, value = sign * reading->value;
	double target = sign * target_of(ui, band);
	int64_t stale = metric_stale_us(ui, metric);
	struct verdict_text out = { .style = STYLE_WARNING };
	const char *words;
	char age[40];

	if (stale) {
		snprintf(out.words, sizeof(out.words), "%s old",
			 duration_text(stale / CLOCK_US * CLOCK_US, age, sizeof(age)));
		return out;
	}
	if (reading->verdict == VERDICT_UNKNOWN || !reading->has_value) {
		words = alert->no_data ? "no data" : reading->at ? "unknown" : "not read yet";
	} else if (value > sign * alert->limits[LEVEL_CRITICAL]) {
		out.style = STYLE_CRITICAL;
		words = "ALERT";
	} else if (value > sign * alert->limits[LEVEL_WARNING]) {
		words = "WARNING";
	} else {
		out.style = STYLE_OK;
		words = isfinite(target) && value <= target ? "on target" : "acceptable";
	}
	snprintf(out.words, sizeof(out.words), "%s", words);
	return out;
}

static void number_put(const struct canvas *canvas, int y, int x, double value)
{
	char number[32];

	canvas_printf(canvas, y, x, STYLE_DIM, "%10s",
		      isfinite(value) ? number_text(value, number, sizeof(number)) : "-");
}

static void head_draw(const struct canvas *canvas, bool wide, int name)
{
	canvas_printf(canvas, 0, name, STYLE_DIM, "%10s", "now");
	if (wide)
		canvas_printf(canvas, 0, name + 10, STYLE_DIM, "%10s%11s%10s", "target",
			      "acceptable", "alert");
}

static void row_draw(struct ui *ui, const struct band *band, const struct canvas *canvas, int y,
		     bool wide, int name)
{
	const struct alert *alert = sense_alert(session_sense(ui->session), band->metric);
	const struct reading *reading = sense_metric(session_sense(ui->session), band->metric);
	struct verdict_text word = verdict(ui, band);
	struct canvas first = canvas_part(canvas, y, 0, 1, name);
	char value[64];

	canvas_text(&first, 0, 0, STYLE_NORMAL, metric_title(band->metric));
	if (reading->has_value && reading->verdict != VERDICT_UNKNOWN)
		canvas_printf(canvas, y, name, STYLE_NORMAL, "%10s",
			      reading_short(reading, band->metric->unit, value, sizeof(value)));
	else
		canvas_printf(canvas, y, name, STYLE_DIM, "%10s", "-");
	if (wide) {
		number_put(canvas, y, name + 10, target_of(ui, band));
		number_put(canvas, y, name + 21, alert->limits[LEVEL_WARNING]);
		number_put(canvas, y, name + 31, alert->limits[LEVEL_CRITICAL]);
	}
	canvas_text(canvas, y, name + (wide ? 43 : 12), word.style, word.words);
}

/* The worst of all rows is the panel's status. */
static struct verdict_text worst(struct ui *ui, const struct panel *panel)
{
	const struct runbook *runbook = session_runbook(ui->session);
	struct verdict_text out = { .style = STYLE_OK, .words = "ok" };

	for (size_t i = 0; i < runbook->nbands; i++) {
		const struct band_table *table = &runbook->bands[i];

		for (size_t k = 0; shows(panel, table) && k < table->nrows; k++) {
			struct verdict_text one = verdict(ui, &table->rows[k]);

			/* Styles are in order of how bad things look. */
			if (one.style > out.style)
				out = one;
		}
	}
	return out;
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	const struct runbook *runbook = session_runbook(ui->session);
	struct verdict_text status = worst(ui, panel);
	struct canvas inside = canvas_box(canvas, panel->title, status.words, status.style, focus);
	bool wide = inside.w >= WIDE;
	int name = wide ? inside.w - 56 : inside.w - 24, y = 0;

	name = name > 30 ? 30 : name < 8 ? 8 : name;
	head_draw(&inside, wide, name);
	for (size_t i = 0; i < runbook->nbands; i++) {
		const struct band_table *table = &runbook->bands[i];

		if (!shows(panel, table))
			continue;
		/* Several tables: each has its name. */
		if (want(ui, panel) > (int)table->nrows + 3 && ++y - state->top > 0)
			canvas_text(&inside, y - state->top, 0, STYLE_BOLD, table->title);
		for (size_t k = 0; k < table->nrows; k++) {
			if (++y - state->top > 0)
				row_draw(ui, &table->rows[k], &inside, y - state->top, wide, name);
		}
	}
}

static void panel_move(struct ui *ui, const struct panel *panel, struct panel_state *state,
		       enum act act)
{
	int most = want(ui, panel) - 4;

	state->top += act_rows(act, 10);
	state->top = state->top > most ? most : state->top;
	state->top = state->top < 0 ? 0 : state->top;
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	const struct runbook *runbook = session_runbook(ui->session);
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < runbook->nbands; i++) {
		const struct band_table *table = &runbook->bands[i];

		for (size_t k = 0; shows(panel, table) && k < table->nrows; k++) {
			struct verdict_text words = verdict(ui, &table->rows[k]);
			char *one = metric_details(ui, table->rows[k].metric);

			buf_printf(&text, "Band: %s\n%s\n", words.words, one);
			free(one);
		}
	}
	return buf_detach(&text);
}

const struct panel_kind panel_bands = {
	.name = "bands",
	.want = want,
	.draw = draw,
	.move = panel_move,
	.details = details,
};
