#include "tui/gate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/modal.h"
#include "tui/say.h"

const struct deployment_state *gate_deployment(const struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);

	return state && state->deployment.deployment ? &state->deployment : NULL;
}

static enum style style_decision(enum decision decision)
{
	return decision == DECISION_GO	    ? STYLE_OK
	       : decision == DECISION_NO_GO ? STYLE_CRITICAL
					    : STYLE_WARNING;
}

static char *decided_text(const struct deployment_state *now)
{
	char at[TIME_RFC3339_MAX];

	if (now->decided == DECISION_UNDECIDED)
		return xstrdup("Not decided yet.");
	return xasprintf("Decided: %s%s%s, by %s at %sZ", decision_name(now->decided),
			 now->decided != now->against ? " against " : "",
			 now->decided != now->against ? decision_name(now->against) : "",
			 now->decided_by, time_clock(now->decided_at, at));
}

int gate_rows(const struct ui *ui)
{
	return gate_deployment(ui)->reason ? 4 : 3;
}

void gate_draw(struct ui *ui, const struct canvas *canvas)
{
	const struct deployment_state *now = gate_deployment(ui);
	enum decision computed = session_gate(ui->session);
	char *blocks = session_gate_blocks(ui->session), *decided = decided_text(now);
	int y = canvas->h - gate_rows(ui), x;

	x = canvas_printf(canvas, y, 0, STYLE_BOLD, "Gate %s: ", now->deployment->gate->title);
	x = canvas_text(canvas, y, x, style_decision(computed), decision_name(computed));
	if (!*blocks)
		canvas_text(canvas, y, x, STYLE_DIM, ", nothing stands in the way");
	canvas_text(canvas, y + 1, 0, STYLE_NORMAL, blocks);
	canvas_text(canvas, y + 2, 0,
		    now->decided == DECISION_UNDECIDED ? STYLE_DIM : style_decision(now->decided),
		    decided);
	if (now->reason)
		canvas_printf(canvas, y + 3, 0, STYLE_NORMAL, "because %s", now->reason);
	free(decided);
	free(blocks);
}

/* New: all criteria with their evidence. */
static char *criteria_text(struct ui *ui)
{
	const struct gate *gate = gate_deployment(ui)->deployment->gate;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < gate_size(gate); i++) {
		enum criterion_kind kind;
		const struct criterion *criterion = gate_criterion(gate, i, &kind);
		struct proposal now;

		session_criterion(ui->session, criterion, &now);
		buf_printf(&text, "%s%s%s%s: %s (%s)", i ? "; " : "",
			   kind == CRITERION_GO ? "" : criterion_kind_name(kind),
			   kind == CRITERION_GO ? "" : " if ", criterion->say,
			   answer_word(now.verdict), now.evidence);
	}
	buf_puts(&text, "");
	return buf_detach(&text);
}

static int decided(struct ui *ui, const char *const *values, const char *subject, struct err *err)
{
	enum decision decision;

	(void)subject;
	if (decision_parse(values[0], &decision) != 0)
		return err_set(err, "\"%s\" is no decision", values[0]);
	if (session_decide_gate(ui->session, decision, values[1], err) != 0)
		return -1;
	return ui_acted(ui, 0, err, "The decision is on record.");
}

void gate_open(struct ui *ui)
{
	/* Nothing is preselected to yes. */
	static const char *const choices[] = { "no-go", "adjust", "go", NULL };
	const struct form_entry entries[] = {
		{ .label = "Decision", .value = "no-go", .choices = choices },
		{ .label = "Reason", .hint = "needed for what the criteria do not say" },
	};
	char *criteria = criteria_text(ui);
	char *say = xasprintf("The criteria say %s. %s.", decision_name(session_gate(ui->session)),
			      criteria);

	form_open(ui, gate_deployment(ui)->deployment->gate->title, say, entries, 2, true, NULL,
		  decided);
	free(say);
	free(criteria);
}
