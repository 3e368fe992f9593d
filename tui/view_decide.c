/* Decide: the tree's open question, the conditions, and what is suggested. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "tui/modal.h"
#include "tui/say.h"

struct decide {
	bool conditions; /* the list has the keys, not the question */
	int selected, top;
};

static const struct question *open_question(struct ui *ui, const struct outcome **outcome)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct incident_state *state = session_state(ui->session);
	struct tree_state none;

	*outcome = NULL;
	if (runbook->tree.nquestions == 0)
		return NULL;
	if (state)
		return tree_open(&runbook->tree, &state->tree, outcome);
	tree_begin(&none);
	return tree_open(&runbook->tree, &none, outcome);
}

/* ---- drawing ---- */

static int path_draw(struct ui *ui, const struct canvas *canvas, int y, int rows)
{
	const struct tree *tree = &session_runbook(ui->session)->tree;
	const struct incident_state *state = session_state(ui->session);
	const struct question *shaken = session_shaken(ui->session);
	size_t from = 0;

	if (!state || tree->nquestions == 0)
		return y;
	if (state->tree.n > (size_t)rows)
		from = state->tree.n - (size_t)rows;
	for (size_t i = from; i < state->tree.n; i++) {
		const struct tree_answer *answer = &state->tree.answers[i];
		const struct question *question = &tree->questions[answer->question];
		int x;

		x = canvas_printf(canvas, y, 0, STYLE_DIM, "%zu. %s ", i + 1, question->ask);
		x = canvas_text(canvas, y, x, STYLE_BOLD, answer->yes ? "YES" : "NO");
		if (answer->overridden)
			x = canvas_text(canvas, y, x + 1, STYLE_WARNING, "(overridden)");
		if (question == shaken)
			canvas_text(canvas, y, x + 1, STYLE_CRITICAL,
				    "no longer holds: b goes back");
		y++;
	}
	return y;
}

static int proposal_draw(struct ui *ui, const struct canvas *canvas, int y,
			 const struct question *question)
{
	struct proposal proposal;
	char age[48], word[16];
	int x;

	session_proposal(ui->session, question, &proposal);
	snprintf(word, sizeof(word), "%s",
		 proposal.verdict == VERDICT_PASS   ? "YES"
		 : proposal.verdict == VERDICT_FAIL ? "NO"
						    : "unknown");
	x = canvas_text(canvas, y, 0, STYLE_NORMAL, "Proposed: ");
	x = canvas_text(canvas, y, x,
			proposal.verdict == VERDICT_UNKNOWN ? STYLE_WARNING : STYLE_NEXT, word);
	if (proposal.verdict != VERDICT_UNKNOWN)
		canvas_printf(canvas, y, x + 1, STYLE_DIM, "(measured %s ago)",
			      duration_text(proposal.age_us / CLOCK_US * CLOCK_US, age,
					    sizeof(age)));
	y++;
	if (proposal.evidence[0])
		y = canvas_wrap(canvas, y, 2, 2, STYLE_NORMAL, proposal.evidence);
	for (size_t i = 0; i < question->ncontrary; i++)
		probe_draw(ui, canvas, y++, 2, "beside it: ", question->contrary[i]);
	return y;
}

static int outcome_draw(struct ui *ui, const struct canvas *canvas, int y,
			const struct outcome *outcome)
{
	char *text = outcome_text(&session_runbook(ui->session)->tree, outcome);

	y = canvas_wrap(canvas, y, 0, 2, STYLE_BOLD, "The tree ends here:");
	y = canvas_wrap(canvas, y, 2, 2, STYLE_NEXT, text);
	free(text);
	return y;
}

static int suggestion_draw(struct ui *ui, const struct canvas *canvas, int y)
{
	const char *why = NULL;
	const struct procedure *suggested = session_suggested(ui->session, &why);
	struct deadline deadline;
	char line[160];
	int x;

	if (!suggested)
		return y;
	x = canvas_text(canvas, y, 0, STYLE_NORMAL, "Suggested: ");
	x = canvas_printf(canvas, y, x, STYLE_NEXT, "%s: %s", suggested->name, suggested->title);
	y++;
	if (why && *why)
		y = canvas_wrap(canvas, y, 2, 2, STYLE_DIM, why);
	if (session_deadline(ui->session, suggested, &deadline))
		y = canvas_wrap(canvas, y, 2, 2,
				deadline_presses(&deadline, ui_now(ui)) ? STYLE_WARNING
									: STYLE_NORMAL,
				deadline_text(&deadline, ui_now(ui), line, sizeof(line)));
	return y;
}

static void question_draw(struct ui *ui, const struct decide *decide, const struct canvas *canvas)
{
	const struct outcome *outcome;
	const struct question *question = open_question(ui, &outcome);
	const struct incident_state *state = session_state(ui->session);
	bool tree = session_runbook(ui->session)->tree.nquestions > 0;
	struct canvas inside = canvas_box(canvas, tree ? "The tree" : "What to do", NULL,
					  STYLE_NORMAL, !decide->conditions);
	int y;

	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	y = path_draw(ui, &inside, 0, inside.h > 12 ? inside.h - 9 : 3);
	if (question) {
		y = canvas_wrap(&inside, y, 0, 2, STYLE_NEXT, question->ask);
		y = proposal_draw(ui, &inside, y, question);
	} else if (outcome) {
		y = outcome_draw(ui, &inside, y, outcome);
	} else {
		y = canvas_wrap(&inside, y, 0, 0, STYLE_NORMAL,
				"This runbook has no decision tree: choose by the conditions, or a "
				"procedure with p.");
	}
	y = suggestion_draw(ui, &inside, y);
	if (!state)
		y = canvas_wrap(&inside, y, 0, 0, STYLE_WARNING,
				"No incident is open: ! declares one, then answers are on record.");
	if (question && question->help && y + 1 < inside.h)
		canvas_wrap(&inside, y + (inside.h - y > 4 ? 1 : 0), 0, 0, STYLE_DIM,
			    question->help);
}

static void condition_row(struct ui *ui, const struct condition *condition,
			  const struct condition_state *state, const struct canvas *canvas, int y,
			  bool here)
{
	char since[48], text[96];
	struct canvas row;
	int x, end;

	if (state->verdict == VERDICT_PASS)
		snprintf(text, sizeof(text), "HOLDS %s",
			 duration_text((ui_now(ui) - state->since) / CLOCK_US * CLOCK_US, since,
				       sizeof(since)));
	else if (condition->within && state->within != VERDICT_PASS)
		snprintf(text, sizeof(text), "%s",
			 state->within == VERDICT_FAIL ? "no, deployed too long ago"
						       : "unknown, no deployment known");
	else if (state->verdict == VERDICT_FAIL && state->since)
		snprintf(text, sizeof(text), "not yet, its symptoms for %s",
			 duration_text((ui_now(ui) - state->since) / CLOCK_US * CLOCK_US, since,
				       sizeof(since)));
	else
		snprintf(text, sizeof(text), "%s, %zu of %zu symptoms",
			 state->verdict == VERDICT_FAIL ? "no" : "unknown", state->sensed,
			 condition->at_least);
	end = canvas_right(canvas, y,
			   state->verdict == VERDICT_PASS ? style_severity(condition->severity)
							  : STYLE_DIM,
			   text);
	row = canvas_part(canvas, y, 0, 1, end - 1);
	x = canvas_text(&row, 0, 0, here ? STYLE_FOCUS : STYLE_NORMAL,
			here ? ui->screen.glyphs->arrow : " ");
	x = canvas_printf(&row, 0, x + 1,
			  state->verdict == VERDICT_PASS ? style_severity(condition->severity)
							 : STYLE_DIM,
			  "%-8s", severity_name(condition->severity));
	canvas_text(&row, 0, x + 1, STYLE_NORMAL, condition->title);
}

static void conditions_draw(struct ui *ui, struct decide *decide, const struct canvas *canvas)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct condition_state *states = sense_conditions(session_sense(ui->session));
	size_t *order = xcalloc(runbook->nconditions + 1, sizeof(*order));
	struct canvas inside = canvas_box(canvas, "Conditions, most symptoms first", NULL,
					  STYLE_NORMAL, decide->conditions);

	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	condition_rank(runbook, states, order);
	if (decide->selected >= (int)runbook->nconditions)
		decide->selected = (int)runbook->nconditions - 1;
	decide->top = scroll_to(decide->top, decide->selected, inside.h, (int)runbook->nconditions);
	for (int y = 0; y < inside.h && decide->top + y < (int)runbook->nconditions; y++) {
		size_t at = order[decide->top + y];

		condition_row(ui, &runbook->conditions[at], &states[at], &inside, y,
			      decide->conditions && decide->top + y == decide->selected);
	}
	if (runbook->nconditions == 0)
		canvas_text(&inside, 0, 0, STYLE_DIM, "This runbook names none.");
	free(order);
}

static char *matrix_text(const struct runbook *runbook)
{
	const struct matrix *matrix = &runbook->matrix;
	struct buf text = BUF_INIT;

	for (size_t row = 0; row < matrix->nrows; row++) {
		for (size_t c = 0; c < matrix->ncolumns; c++)
			buf_printf(&text, "%s%s: %s\n", c ? "    " : "", matrix->columns[c],
				   matrix->cells[row * matrix->ncolumns + c]);
		buf_putc(&text, '\n');
	}
	return buf_detach(&text);
}

static void matrix_draw(struct ui *ui, const struct canvas *canvas)
{
	char *text = matrix_text(session_runbook(ui->session));
	struct canvas inside =
	    canvas_box(canvas, "Who may decide what (m)", NULL, STYLE_NORMAL, false);

	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	canvas_wrap(&inside, 0, 0, 4, STYLE_NORMAL, text);
	free(text);
}

static void decide_draw(struct ui *ui, void *data, const struct canvas *canvas)
{
	struct decide *decide = data;
	bool matrix = session_runbook(ui->session)->matrix.nrows > 0;
	struct canvas question, conditions;

	if (canvas->w >= 130) {
		int left = canvas->w / 2;

		question = canvas_part(canvas, 0, 0, -1, left);
		conditions = canvas_part(canvas, 0, left, matrix ? canvas->h / 2 : -1, -1);
		if (matrix) {
			struct canvas rest = canvas_part(canvas, canvas->h / 2, left, -1, -1);

			matrix_draw(ui, &rest);
		}
	} else {
		const struct runbook *runbook = session_runbook(ui->session);
		int rows = (int)runbook->nconditions + 2;
		int room = canvas->h * (runbook->tree.nquestions ? 2 : 3) / 5;
		int height = rows < room ? rows : room;

		height = height < 4 ? 4 : height;
		question = canvas_part(canvas, 0, 0, canvas->h - height, -1);
		conditions = canvas_part(canvas, canvas->h - height, 0, height, -1);
	}
	question_draw(ui, decide, &question);
	conditions_draw(ui, decide, &conditions);
}

/* ---- acting ---- */

static int answer_done(struct ui *ui, const char *const *values, const char *subject,
		       struct err *err)
{
	bool yes;
	const char *question = answer_parse(subject, &yes);

	if (session_answer(ui->session, question, yes, values[0], err) < 0)
		return -1;
	return ui_acted(ui, 0, err, NULL);
}

static void answer(struct ui *ui, const struct question *question, bool yes)
{
	struct proposal proposal;
	struct err err = ERR_INIT;

	session_proposal(ui->session, question, &proposal);
	if (proposal.verdict == (yes ? VERDICT_PASS : VERDICT_FAIL) ||
	    (proposal.verdict == VERDICT_UNKNOWN &&
	     session_answer(ui->session, question->name, yes, NULL, &err) == 0)) {
		int rc = proposal.verdict == VERDICT_UNKNOWN
			     ? 0
			     : session_answer(ui->session, question->name, yes, NULL, &err);

		ui_acted(ui, rc, &err, NULL);
		return;
	}
	answer_open(ui, question->ask, question->name, &proposal, yes, answer_done);
}

/* The time since the deployment that a condition is limited to. */
static void within_print(struct ui *ui, struct buf *text, const struct condition *condition)
{
	int64_t within = sense_duration(session_sense(ui->session), condition->within, 0);
	int64_t deployed = session_deployed(ui->session), ago = ui_now(ui) - deployed;
	char limit[48], since[48], at[TIME_RFC3339_MAX];

	if (!within)
		return;
	buf_printf(text, "\nOnly within %s of a deployment: ",
		   duration_text(within, limit, sizeof(limit)));
	if (!deployed || ago < 0)
		buf_puts(text, "none is on record, so whether it holds can't be told.\n");
	else
		buf_printf(text, "the latest was %s ago (%s UTC)%s.\n",
			   duration_text(ago / CLOCK_US * CLOCK_US, since, sizeof(since)),
			   time_datetime(deployed, at), ago > within ? ", too long" : "");
}

static void condition_page(struct ui *ui, int selected)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct condition_state *states = sense_conditions(session_sense(ui->session));
	size_t *order = xcalloc(runbook->nconditions + 1, sizeof(*order));
	struct buf text = BUF_INIT;
	const struct condition *condition;
	char *outcome;

	condition_rank(runbook, states, order);
	condition = &runbook->conditions[order[selected]];
	buf_printf(&text, "%s\nSeverity: %s\n", condition->title,
		   severity_name(condition->severity));
	if (condition->impact)
		buf_printf(&text, "Impact: %s\n", condition->impact);
	buf_printf(&text, "\nSymptoms (at least %zu of %zu):\n", condition->at_least,
		   condition->nsymptoms);
	for (size_t i = 0; i < condition->nsymptoms; i++)
		probe_print(ui, &text, condition->symptoms[i]);
	if (condition->needs) {
		buf_puts(&text, "\nCan be judged when:\n");
		probe_print(ui, &text, condition->needs);
	}
	within_print(ui, &text, condition);
	outcome = outcome_text(&runbook->tree, &condition->suggest);
	buf_printf(&text, "\nSuggests: %s\n", outcome);
	free(outcome);
	page_open(ui, condition->name, buf_detach(&text));
	free(order);
}

static size_t answered_count(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);

	return state ? state->tree.n : 0;
}

static bool decide_can(struct ui *ui, void *data, enum act act)
{
	struct decide *decide = data;
	const struct runbook *runbook = session_runbook(ui->session);
	const struct outcome *outcome;
	const struct question *question = open_question(ui, &outcome);
	struct proposal proposal;

	switch (act) {
	case ACT_TAB:
	case ACT_BACKTAB:
	case ACT_LEFT:
	case ACT_RIGHT:
		return runbook->nconditions > 0;
	case ACT_UP:
	case ACT_DOWN:
		return runbook->nconditions > 0;
	case ACT_YES:
	case ACT_NO:
		return ui_open(ui) && question && !decide->conditions;
	case ACT_ENTER:
		return decide->conditions && runbook->nconditions > 0;
	case ACT_TAKE:
		if (decide->conditions || !ui_open(ui))
			return false;
		if (!question)
			return suggested_procedure(ui) != NULL;
		session_proposal(ui->session, question, &proposal);
		return proposal.verdict != VERDICT_UNKNOWN;
	case ACT_CHOOSE:
		return ui_open(ui) && suggested_procedure(ui);
	case ACT_PROCEDURES:
		return ui_open(ui) && runbook->nprocedures > 0;
	case ACT_BACK_TO:
		return ui_open(ui) && answered_count(ui) > 0;
	case ACT_MATRIX:
		return runbook->matrix.nrows > 0;
	case ACT_BACK:
		return decide->conditions;
	default:
		return false;
	}
}

static void go_back(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);
	const struct tree *tree = &session_runbook(ui->session)->tree;
	const struct question *question = session_shaken(ui->session);
	struct err err = ERR_INIT;

	if (!question)
		question = &tree->questions[state->tree.answers[state->tree.n - 1].question];
	ui_acted(ui, session_back(ui->session, question->name, &err), &err, NULL);
}

static void take(struct ui *ui)
{
	const struct outcome *outcome;
	const struct question *question = open_question(ui, &outcome);
	struct proposal proposal;

	if (!question) {
		choose_procedure(ui, suggested_procedure(ui)->name);
		return;
	}
	session_proposal(ui->session, question, &proposal);
	if (proposal.verdict != VERDICT_UNKNOWN)
		answer(ui, question, proposal.verdict == VERDICT_PASS);
}

static void decide_act(struct ui *ui, void *data, enum act act)
{
	struct decide *decide = data;
	const struct outcome *outcome;
	const struct question *question = open_question(ui, &outcome);
	int last = (int)session_runbook(ui->session)->nconditions - 1;

	switch (act) {
	case ACT_TAB:
	case ACT_BACKTAB:
	case ACT_LEFT:
	case ACT_RIGHT:
		decide->conditions = !decide->conditions;
		break;
	case ACT_UP:
		decide->conditions = true;
		decide->selected -= decide->selected > 0;
		break;
	case ACT_DOWN:
		decide->selected += decide->conditions && decide->selected < last;
		decide->conditions = true;
		break;
	case ACT_YES:
	case ACT_NO:
		answer(ui, question, act == ACT_YES);
		break;
	case ACT_TAKE:
		take(ui);
		break;
	case ACT_ENTER:
		condition_page(ui, decide->selected);
		break;
	case ACT_CHOOSE:
		choose_procedure(ui, suggested_procedure(ui)->name);
		break;
	case ACT_PROCEDURES:
		procedures_open(ui);
		break;
	case ACT_BACK_TO:
		go_back(ui);
		break;
	case ACT_MATRIX:
		page_open(ui, "The decision matrix", matrix_text(session_runbook(ui->session)));
		break;
	case ACT_BACK:
		decide->conditions = false;
		break;
	default:
		break;
	}
}

const struct view_ops view_decide = {
	.title = "Decide",
	.state_size = sizeof(struct decide),
	.draw = decide_draw,
	.can = decide_can,
	.act = decide_act,
};
