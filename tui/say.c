#include "tui/say.h"

#include "lib/mem.h"
#include "lib/timefmt.h"

const struct procedure *suggested_procedure(const struct ui *ui)
{
	const char *why;

	return session_suggested(ui->session, &why);
}

const char *probe_name(const struct probe *probe)
{
	if (probe->title)
		return probe->title;
	return probe->kind == PROBE_MANUAL && probe->text ? probe->text : probe->id;
}

const char *answer_word(enum verdict verdict)
{
	return verdict == VERDICT_PASS ? "yes" : verdict == VERDICT_FAIL ? "no" : "unknown";
}

char *outcome_text(const struct tree *tree, const struct outcome *outcome)
{
	if (outcome->procedure)
		return xasprintf("procedure %s: %s", outcome->procedure->name,
				 outcome->procedure->title);
	if (outcome->tree)
		return xstrdup("go through the tree");
	if (outcome->advice)
		return xstrdup(outcome->advice);
	for (size_t i = 0; outcome->question && i < tree->nquestions; i++) {
		if (tree->questions[i].name == outcome->question)
			return xasprintf("asks: %s", tree->questions[i].ask);
	}
	return xstrdup(outcome->question ? outcome->question : "nothing");
}

void probe_print(struct ui *ui, struct buf *text, const struct probe *probe)
{
	const struct sensed *sensed = sense_probe(session_sense(ui->session), probe);
	char age[64];

	buf_printf(text, "  %-7s %s: %s (%s)\n", verdict_name(sensed->reading.verdict),
		   probe_name(probe),
		   sensed->reading.at ? sensed->reading.evidence : "not evaluated yet",
		   age_text(sensed->reading.at, ui_now(ui), age, sizeof(age)));
}

void probe_draw(struct ui *ui, const struct canvas *canvas, int y, int x, const char *lead,
		const struct probe *probe)
{
	const struct sensed *sensed = sense_probe(session_sense(ui->session), probe);
	const struct reading *reading = &sensed->reading;
	struct canvas row;
	char age[64];
	int end;

	x = canvas_text(canvas, y, x, STYLE_DIM, lead);
	x = canvas_printf(canvas, y, x, style_verdict(reading->verdict), "%-7s",
			  verdict_name(reading->verdict));
	end =
	    canvas_right(canvas, y, STYLE_DIM, age_text(reading->at, ui_now(ui), age, sizeof(age)));
	row = canvas_part(canvas, y, 0, 1, end - 1);
	x = canvas_printf(&row, 0, x + 1, STYLE_NORMAL, "%s", probe_name(probe));
	if (reading->at)
		canvas_printf(&row, 0, x, STYLE_DIM, ": %s", reading->evidence);
}
