/* Where the procedure stands: its steps, the shown one's details, the output. */
#include <stdlib.h>
#include <string.h>

#include "actions/action.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/execute.h"
#include "tui/say.h"

enum execute_phase execute_phase(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);
	const struct attempt *attempt = state ? state_attempt(state) : NULL;
	const struct procedure_plan *plan;

	if (!attempt || !attempt->procedure.procedure)
		return EXECUTE_NOTHING;
	if (attempt->result[0])
		return EXECUTE_ENDED;
	if (attempt->procedure.approved)
		return EXECUTE_STEPS;
	plan = session_plan(ui->session, NULL);
	if (plan && plan->procedure == attempt->procedure.procedure)
		return EXECUTE_PLAN;
	if (attempt->procedure.procedure->nasks > 0)
		return EXECUTE_INPUTS;
	return EXECUTE_PLANNING;
}

int execute_next(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);
	const struct attempt *attempt = state ? state_attempt(state) : NULL;

	return attempt && attempt->procedure.procedure ? procedure_next(&attempt->procedure) : -1;
}

int execute_shown(struct ui *ui, const struct execute *execute)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	int next = execute_next(ui), n = (int)attempt->procedure.procedure->nsteps;

	if (execute->selected >= 0 && execute->selected < n && execute->next_seen == next)
		return execute->selected;
	return next >= 0 ? next : n - 1;
}

bool execute_manual(struct ui *ui, size_t index)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	const struct procedure *p = attempt->procedure.procedure;

	return p->steps[index].kind == STEP_ACTION &&
	       !step_action(&p->steps[index], p, session_target(ui->session));
}

bool execute_undoable(struct ui *ui, size_t index)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));

	return session_can_undo(ui->session, &attempt->procedure.procedure->steps[index]);
}

bool execute_destructive(struct ui *ui, size_t index)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	const struct step *step = &attempt->procedure.procedure->steps[index];
	const struct typed *action =
	    step_action(step, attempt->procedure.procedure, session_target(ui->session));
	const struct action_type *type = action ? action_type(action->type->name) : NULL;
	json_t *args = action ? sense_fill(session_sense(ui->session), action->args, NULL) : NULL;
	/* What can't be judged counts as the worst. */
	bool destructive =
	    type && (!args || (type->risk && type->risk(args) == ACTION_DESTRUCTIVE));

	json_decref(args);
	return destructive;
}

static enum style style_status(enum step_status status)
{
	switch (status) {
	case STEP_DONE:
		return STYLE_OK;
	case STEP_RUNNING:
	case STEP_RAN:
		return STYLE_INFO;
	case STEP_FAILED:
	case STEP_NOT_VERIFIED:
		return STYLE_CRITICAL;
	case STEP_UNKNOWN:
	case STEP_SKIPPED:
	case STEP_UNDONE:
		return STYLE_WARNING;
	case STEP_NOT_APPLICABLE:
	case STEP_WAITING:
		break;
	}
	return STYLE_DIM;
}

static void step_row(struct ui *ui, const struct procedure_state *procedure, int i, bool shown,
		     const struct canvas *canvas, int y)
{
	const struct step_state *state = &procedure->steps[i];
	const struct step *step = &procedure->procedure->steps[i];
	enum step_status status = procedure_status(procedure, (size_t)i);
	int64_t until = state->ended > state->started ? state->ended : ui_now(ui);
	struct canvas row;
	char text[96], time[48];
	int end;

	if (state->answer && status == STEP_DONE)
		snprintf(text, sizeof(text), "answered %s", state->answer);
	else if (status == STEP_SKIPPED && state->replaced)
		snprintf(text, sizeof(text), "alternative taken");
	else if (state->started && status != STEP_WAITING && status != STEP_NOT_APPLICABLE &&
		 status != STEP_SKIPPED)
		snprintf(text, sizeof(text), "%s%s %s", state->undoing ? "undo, " : "",
			 step_status_name(status),
			 duration_text(until - state->started, time, sizeof(time)));
	else
		snprintf(text, sizeof(text), "%s", step_status_name(status));
	end = canvas_right(canvas, y, style_status(status), text);
	row = canvas_part(canvas, y, 0, 1, end - 1);
	canvas_printf(&row, 0, 0, shown ? STYLE_FOCUS : STYLE_NORMAL, "%s%2d. %s%s",
		      shown ? ui->screen.glyphs->arrow : " ", i + 1, step->guard >= 0 ? "  " : "",
		      step->say);
}

/* Steps that could never come are left out: other branches, and alternatives that nobody took. */
bool step_visible(const struct procedure_state *procedure, size_t i)
{
	const struct step *step = &procedure->procedure->steps[i];
	const struct step_state *state = &procedure->steps[i];

	if (step->only_alternative && !state->alternative && state->status == STEP_WAITING)
		return false;
	if (step->guard >= 0) {
		const char *answer = procedure->steps[step->guard].answer;

		if (answer && strcmp(answer, step->guard_answer) != 0)
			return false;
		return state->status != STEP_NOT_APPLICABLE &&
		       step_visible(procedure, (size_t)step->guard);
	}
	return true;
}

static void list_draw(struct ui *ui, struct execute *execute, const struct canvas *canvas)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	const struct procedure_state *procedure = &attempt->procedure;
	const struct procedure *p = procedure->procedure;
	int shown = execute_shown(ui, execute), rows = 0, at = 0, y = 0;
	char status[96], spent[32], budget[48];
	int64_t limit = p->budget_us ? p->budget_us : p->estimate_high_us;
	int64_t end = attempt->ended_at ? attempt->ended_at : ui_now(ui);
	int64_t used = attempt->approved_at ? end - attempt->approved_at : 0;
	struct canvas inside;

	snprintf(status, sizeof(status), "%s%s%s%s",
		 duration_clock(used / CLOCK_US * CLOCK_US, spent, sizeof(spent)),
		 limit ? " of " : "", limit ? duration_clock(limit, budget, sizeof(budget)) : "",
		 attempt->result[0] ? (strcmp(attempt->result, "done") ? "" : " done")
		 : session_is_straight_through(ui->session) ? " STRAIGHT THROUGH"
							    : "");
	inside = canvas_box(canvas, p->title, status,
			    limit && used > limit ? STYLE_CRITICAL : STYLE_DIM, false);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	for (size_t i = 0; i < p->nsteps; i++) {
		if ((int)i == shown)
			at = rows;
		rows += step_visible(procedure, i);
	}
	execute->top = scroll_to(execute->top, at, inside.h, rows);
	for (size_t i = 0; i < p->nsteps; i++) {
		if (!step_visible(procedure, i))
			continue;
		if (y >= execute->top)
			step_row(ui, procedure, (int)i, (int)i == shown, &inside, y - execute->top);
		y++;
	}
}

/* The latest recorded event of this kind about the step; NULL. */
static const json_t *latest(struct ui *ui, enum event_id event, const char *step)
{
	const struct incident_state *state = session_state(ui->session);

	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event == EV_CHOSEN)
			return NULL;
		if (entry->event == event && !strcmp(json_str(entry_json(entry), "step", ""), step))
			return entry_json(entry);
	}
	return NULL;
}

static int verify_draw(struct ui *ui, const struct step *step, const struct canvas *canvas, int y)
{
	const json_t *probes = json_object_get(latest(ui, EV_VERIFY, step->id), "probes");
	enum verdict verdict = VERDICT_UNKNOWN;
	json_t *probe;
	size_t i;

	if (!probes) {
		for (i = 0; i < step->nverify && y < canvas->h; i++)
			canvas_printf(canvas, y++, 0, STYLE_DIM, "then: %s",
				      probe_name(step->verify[i]));
		return y;
	}
	json_array_foreach(probes, i, probe) {
		const char *word = json_str(probe, "verdict", "unknown");
		const char *id = json_str(probe, "probe", "");
		const struct probe *known = runbook_probe(session_runbook(ui->session), id);
		int x;

		verdict_parse(word, &verdict);
		x = canvas_printf(canvas, y, 0, style_verdict(verdict), "%-7s", word);
		x = canvas_printf(canvas, y, x + 1, STYLE_NORMAL, "%s",
				  known ? probe_name(known) : id);
		canvas_printf(canvas, y++, x, STYLE_DIM, ": %s", json_str(probe, "evidence", ""));
	}
	return y;
}

/* Another console made the plan: the filled-in declaration says what will be done. */
static int declaration_draw(struct ui *ui, const struct step *step, const struct canvas *canvas,
			    int y)
{
	json_t *args = step->action.type
			   ? sense_fill(session_sense(ui->session), step->action.args, NULL)
			   : NULL;
	char *line = args ? json_line(args) : NULL;

	if (line)
		y = canvas_wrap(canvas, y, 0, 2, STYLE_NORMAL, line);
	free(line);
	json_decref(args);
	return y;
}

static int plan_lines_draw(struct ui *ui, size_t index, const struct canvas *canvas, int y)
{
	const struct procedure_plan *plan = session_plan(ui->session, NULL);
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	/* Room is kept for what is verified, and for the line that says that there is more. */
	size_t shown = canvas->h - y > 6 ? (size_t)(canvas->h - y - 4) : 2;

	if (!plan || plan->procedure != attempt->procedure.procedure || index >= plan->nsteps)
		return declaration_draw(ui, &attempt->procedure.procedure->steps[index], canvas, y);
	for (size_t i = 0; i < plan->steps[index].nlines && i < shown; i++)
		y = canvas_wrap(canvas, y, 0, 2, STYLE_NORMAL, plan->steps[index].lines[i]);
	if (plan->steps[index].nlines > shown)
		canvas_printf(canvas, y++, 0, STYLE_DIM, "... %zu more lines (Enter)",
			      plan->steps[index].nlines - shown);
	return y;
}

static int question_draw(struct ui *ui, const struct step *step, const struct canvas *canvas, int y)
{
	struct proposal proposal;

	if (step->kind == STEP_CHOICE) {
		for (size_t i = 0; i < step->noptions; i++)
			canvas_printf(canvas, y++, 0, STYLE_NORMAL, "%s: %s", step->options[i].id,
				      step->options[i].say);
		return canvas_wrap(canvas, y, 0, 0, STYLE_KEY, "Enter chooses one of them.");
	}
	session_step_proposal(ui->session, step, &proposal);
	y = canvas_wrap(canvas, y, 0, 0, STYLE_NEXT,
			proposal.verdict == VERDICT_PASS
			    ? "Proposed: YES. Enter takes it, N answers no."
			: proposal.verdict == VERDICT_FAIL
			    ? "Proposed: NO. Enter takes it, y answers yes."
			    : "Nothing is proposed: answer with y or N.");
	return proposal.evidence[0] ? canvas_wrap(canvas, y, 0, 0, STYLE_DIM, proposal.evidence)
				    : y;
}

static void output_draw(struct ui *ui, const struct canvas *canvas)
{
	const char *output = session_output(ui->session), *from;
	int rows = canvas->h;

	if (!output || !*output || rows < 1)
		return;
	from = output + strlen(output);
	if (from > output && from[-1] == '\n')
		from--;
	while (from > output) {
		if (from[-1] == '\n' && --rows == 0)
			break;
		from--;
	}
	for (int y = 0; y < canvas->h && *from; y++) {
		size_t len = strcspn(from, "\n");
		char *line = xstrndup(from, len);

		canvas_text(canvas, y, 0, STYLE_NORMAL, line);
		free(line);
		from += len + (from[len] == '\n');
	}
}

/* The third failure of the same kind will hardly be the last: somebody else is asked. */
static int escalation_draw(struct ui *ui, const struct step_state *state,
			   const struct canvas *canvas, int y)
{
	char call[200], line[300];

	if (!session_escalation(ui->session, state, call, sizeof(call)))
		return y;
	snprintf(line, sizeof(line), "%d times in the same way. Call %s; %s6 shows all contacts.",
		 state->same_failures, call,
		 session_escalation_pages(ui->session, state) ? "p pages them, " : "");
	return canvas_wrap(canvas, y, 0, 0, STYLE_WARNING, line);
}

static void detail_draw(struct ui *ui, const struct execute *execute, const struct canvas *canvas)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	int shown = execute_shown(ui, execute);
	const struct step *step;
	const struct step_state *state;
	enum step_status status;
	struct canvas inside, rest;
	int y = 0;

	if (shown < 0)
		return;
	step = &attempt->procedure.procedure->steps[shown];
	state = &attempt->procedure.steps[shown];
	status = procedure_status(&attempt->procedure, (size_t)shown);
	inside =
	    canvas_box(canvas, step->id, step_status_name(status), style_status(status), false);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	y = canvas_wrap(&inside, y, 0, 0, STYLE_BOLD, step->say);
	if (step->note)
		y = canvas_wrap(&inside, y, 0, 0, STYLE_NORMAL, step->note);
	if (step->kind != STEP_ACTION && status == STEP_WAITING)
		y = question_draw(ui, step, &inside, y);
	else if (step->kind == STEP_ACTION && status == STEP_WAITING)
		y = plan_lines_draw(ui, (size_t)shown, &inside, y);
	if (execute_manual(ui, (size_t)shown) && status == STEP_WAITING)
		y = canvas_wrap(&inside, y, 0, 0, STYLE_KEY,
				step->by_person && session_has_tmux()
				    ? "y copies it for tmux, d says that it is done."
				    : "d says that it is done.");
	if (state->failure[0] && state->status != STEP_DONE)
		y = canvas_wrap(&inside, y, 0, 0, STYLE_CRITICAL, state->failure);
	y = escalation_draw(ui, state, &inside, y);
	y = verify_draw(ui, step, &inside, y);
	if (y + 2 < inside.h && session_output(ui->session)[0]) {
		canvas_rule(&inside, y, "output");
		rest = canvas_part(&inside, y + 1, 0, -1, -1);
		output_draw(ui, &rest);
	}
}

char *step_text(struct ui *ui, size_t index)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	const struct step *step = &attempt->procedure.procedure->steps[index];
	const struct procedure_plan *plan = session_plan(ui->session, NULL);
	const struct incident_state *state = session_state(ui->session);
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s\n", step->say);
	if (step->note)
		buf_printf(&text, "%s\n", step->note);
	if (plan && plan->procedure == attempt->procedure.procedure && index < plan->nsteps) {
		buf_puts(&text, "\nPlan:\n");
		for (size_t i = 0; i < plan->steps[index].nlines; i++)
			buf_printf(&text, "  %s\n", plan->steps[index].lines[i]);
		if (plan->steps[index].undo && *plan->steps[index].undo)
			buf_printf(&text, "  undo: %s\n", plan->steps[index].undo);
	}
	buf_puts(&text, "\nOn record:\n");
	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];
		char clock[TIME_RFC3339_MAX];

		if (!entry->hidden && !strcmp(json_str(entry_json(entry), "step", ""), step->id))
			buf_printf(&text, "  %s %s\n", time_clock(entry->at, clock),
				   entry_text(entry));
	}
	return buf_detach(&text);
}

void steps_draw(struct ui *ui, struct execute *execute, const struct canvas *canvas)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	int rows = (int)attempt->procedure.procedure->nsteps + 2;
	struct canvas list, detail;

	if (canvas->w >= 130) {
		list = canvas_part(canvas, 0, 0, -1, canvas->w / 2);
		detail = canvas_part(canvas, 0, canvas->w / 2, -1, -1);
	} else {
		rows = rows < canvas->h / 2 ? rows : canvas->h / 2;
		list = canvas_part(canvas, 0, 0, rows, -1);
		detail = canvas_part(canvas, rows, 0, -1, -1);
	}
	list_draw(ui, execute, &list);
	detail_draw(ui, execute, &detail);
}
