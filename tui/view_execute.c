/* Execute: the plan before it is approved, then step by step. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "tui/execute.h"
#include "tui/modal.h"
#include "tui/say.h"
#include "tui/send.h"

static const struct attempt *current(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);

	return state ? state_attempt(state) : NULL;
}

static const struct step *next_step(struct ui *ui, enum step_status *status)
{
	int next = execute_next(ui);

	if (next < 0 || execute_phase(ui) != EXECUTE_STEPS)
		return NULL;
	*status = current(ui)->procedure.steps[next].status;
	return &current(ui)->procedure.procedure->steps[next];
}

/* ---- drawing ---- */

static void nothing_draw(struct ui *ui, const struct canvas *canvas)
{
	struct canvas inside = canvas_box(canvas, "Execute", NULL, STYLE_NORMAL, false);
	const struct procedure *suggested = suggested_procedure(ui);

	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	if (!session_state(ui->session))
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL,
			    "No incident is open, so nothing is done to the system. ! declares "
			    "one.");
	else if (suggested)
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL,
			    "No procedure is chosen yet. Decide (2) suggests one: c there chooses "
			    "it. p "
			    "lists all.");
	else
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL,
			    "No procedure is chosen yet. Decide (2) leads to one; p lists all.");
}

static void waiting_draw(struct ui *ui, const struct canvas *canvas, enum execute_phase phase)
{
	const struct procedure *p = current(ui)->procedure.procedure;
	struct canvas inside = canvas_box(canvas, p->title, "chosen", STYLE_INFO, false);
	const char *problem = NULL;

	session_plan(ui->session, &problem);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	if (problem && *problem) {
		int y = canvas_wrap(&inside, 0, 0, 0, STYLE_CRITICAL, "There is no plan:");

		y = canvas_wrap(&inside, y, 2, 2, STYLE_NORMAL, problem);
		canvas_wrap(&inside, y + 1, 0, 0, STYLE_NORMAL,
			    "Enter makes it again once that is mended; p chooses another "
			    "procedure.");
	} else if (phase == EXECUTE_INPUTS && !session_proposed_params(ui->session)) {
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL,
			    "Working out what to propose for the inputs ...");
	} else if (phase == EXECUTE_INPUTS) {
		canvas_wrap(&inside, 0, 0, 0, STYLE_NEXT,
			    "The plan needs inputs. Enter shows what is proposed.");
	} else {
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL,
			    "Making the plan: reading only, nothing is changed ...");
	}
}

static const char *approval_name(struct ui *ui)
{
	struct authority authority;

	if (!session_authority(ui->session, &authority))
		return "not approved";
	switch (authority.verdict) {
	case APPROVAL_REJECTED:
		return "rejected";
	case APPROVAL_EXPIRED:
		return "approval expired";
	default:
		return session_asked(ui->session) ? "waiting for approval" : "not approved";
	}
}

static void plan_draw(struct ui *ui, struct execute *execute, const struct canvas *canvas)
{
	const struct procedure_plan *plan = session_plan(ui->session, NULL);
	char *text = plan_text(ui, plan), *title, status[96];
	struct canvas inside = { .w = canvas->w - 4 };
	int rows = canvas_wrap_rows(&inside, 0, INDENT_HANG, text), room = canvas->h - 2;

	if (execute->top > rows - room)
		execute->top = rows - room;
	if (execute->top < 0)
		execute->top = 0;
	snprintf(status, sizeof(status), "%s%s",
		 execute->top + room < rows ? "more below (j, PgDn)  " : "", approval_name(ui));
	title = xasprintf("Plan: %s", plan->procedure->title);
	inside = canvas_box(canvas, title, status, STYLE_WARNING, false);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	canvas_wrap(&inside, -execute->top, 0, INDENT_HANG, STYLE_NORMAL, text);
	free(title);
	free(text);
}

static void execute_draw(struct ui *ui, void *data, const struct canvas *canvas)
{
	struct execute *execute = data;
	enum execute_phase phase = execute_phase(ui);

	switch (phase) {
	case EXECUTE_NOTHING:
		nothing_draw(ui, canvas);
		break;
	case EXECUTE_PLANNING:
	case EXECUTE_INPUTS:
		waiting_draw(ui, canvas, phase);
		break;
	case EXECUTE_PLAN:
		plan_draw(ui, execute, canvas);
		break;
	case EXECUTE_STEPS:
	case EXECUTE_ENDED:
		steps_draw(ui, execute, canvas);
		break;
	}
}

/* ---- what can be done ---- */

static bool troubled(enum step_status status)
{
	return status == STEP_FAILED || status == STEP_NOT_VERIFIED || status == STEP_UNKNOWN;
}

/* Not run yet, or taken back: it can be run (again). */
static bool due(enum step_status status)
{
	return status == STEP_WAITING || status == STEP_UNDONE;
}

/* Taking what is proposed: inputs, a plan that failed, an answer, one of the options. */
static bool can_take(struct ui *ui, const struct step *step, enum step_status status)
{
	enum execute_phase phase = execute_phase(ui);
	const char *problem = NULL;
	struct proposal proposal;

	if (!ui_open(ui))
		return false;
	if (phase == EXECUTE_INPUTS)
		return session_proposed_params(ui->session) != NULL;
	if (phase == EXECUTE_PLANNING) {
		session_plan(ui->session, &problem);
		return problem && *problem;
	}
	if (!step || status != STEP_WAITING || step->kind == STEP_ACTION)
		return false;
	session_step_proposal(ui->session, step, &proposal);
	return step->kind == STEP_CHOICE || proposal.verdict != VERDICT_UNKNOWN;
}

/* Acts on the step that is next, while none is running. */
static bool can_step(struct ui *ui, const struct step *step, enum step_status status, enum act act)
{
	bool manual = execute_next(ui) >= 0 && execute_manual(ui, (size_t)execute_next(ui));

	if (!ui_open(ui) || session_running(ui->session))
		return false;
	switch (act) {
	case ACT_RUN:
		return step->kind == STEP_ACTION && !manual && due(status);
	case ACT_DONE:
		return manual && (due(status) || troubled(status));
	case ACT_YES:
	case ACT_NO:
		return step->kind == STEP_QUESTION && status == STEP_WAITING;
	case ACT_CHECK:
		return troubled(status) || status == STEP_RAN;
	case ACT_AGAIN:
		return troubled(status) && !manual;
	case ACT_SKIP:
		return due(status) || troubled(status);
	case ACT_ALTERNATIVE:
		return step->alternative && (status == STEP_FAILED || status == STEP_NOT_VERIFIED);
	case ACT_THROUGH:
		return !troubled(status);
	default:
		return false;
	}
}

/* There is something to say: an approval that counts and was not given, or to ask for one. */
static bool can_approve(struct ui *ui)
{
	struct authority authority;
	enum own_approval own;

	if (!session_authority(ui->session, &authority))
		return false;
	own = session_own_approval(ui->session, &authority);
	return own == OWN_NONE ? !session_asked(ui->session) : own != OWN_GIVEN;
}

/* Somebody else is needed. */
static bool can_break_glass(struct ui *ui)
{
	struct authority authority;

	return session_authority(ui->session, &authority) && authority.ruled &&
	       !authority.every_role &&
	       (authority.verdict == APPROVAL_REJECTED ||
		session_own_approval(ui->session, &authority) != OWN_COMPLETES);
}

/* Who is paged about the step that is next; NULL: it is in no such trouble. */
static const struct contact *pages(struct ui *ui)
{
	return session_escalation_pages(ui->session,
					&current(ui)->procedure.steps[execute_next(ui)]);
}

/* The message that a person carries as the step that is next; NULL. */
static const char *carried(const struct step *step)
{
	return step && step->by_person ? json_str(step->action.args, "message", NULL) : NULL;
}

static bool execute_can(struct ui *ui, void *data, enum act act)
{
	struct execute *execute = data;
	enum execute_phase phase = execute_phase(ui);
	enum step_status status = STEP_WAITING;
	const struct step *step = next_step(ui, &status);
	int shown;

	if (act == ACT_ENTER || act_rows(act, 1))
		return phase >= EXECUTE_PLAN;
	switch (act) {
	case ACT_PROCEDURES:
		return ui_open(ui) && phase != EXECUTE_STEPS &&
		       session_runbook(ui->session)->nprocedures > 0;
	case ACT_APPROVE:
		return ui_open(ui) && phase == EXECUTE_PLAN && can_approve(ui);
	case ACT_BREAK_GLASS:
		return ui_open(ui) && phase == EXECUTE_PLAN && can_break_glass(ui);
	case ACT_PARAMETERS:
		return ui_open(ui) && (phase == EXECUTE_INPUTS || phase == EXECUTE_PLAN) &&
		       current(ui)->procedure.procedure->nasks > 0 &&
		       session_proposed_params(ui->session);
	case ACT_TAKE:
		return can_take(ui, step, status);
	case ACT_STOP:
		return ui_open(ui) && phase != EXECUTE_NOTHING && phase != EXECUTE_ENDED;
	case ACT_PLAN:
		return phase >= EXECUTE_STEPS && session_plan(ui->session, NULL);
	case ACT_OUTPUT:
		return phase >= EXECUTE_STEPS && session_output(ui->session)[0];
	case ACT_UNDO:
		shown = phase >= EXECUTE_STEPS ? execute_shown(ui, execute) : -1;
		return ui_open(ui) && shown >= 0 && execute_undoable(ui, (size_t)shown);
	case ACT_PAGE:
		return step && pages(ui) && send_can(ui, NULL, pages(ui));
	case ACT_COPY:
		return session_has_tmux() && session_takes_notes(ui->session) &&
		       carried(step) != NULL;
	case ACT_THROUGH:
		if (session_is_straight_through(ui->session))
			return true;
		return step && can_step(ui, step, status, act);
	default:
		return step && can_step(ui, step, status, act);
	}
}

/* ---- acting ---- */

static void take(struct ui *ui, const struct step *step)
{
	enum execute_phase phase = execute_phase(ui);
	struct err err = ERR_INIT;
	struct proposal proposal;
	json_t *none;

	if (phase == EXECUTE_INPUTS) {
		inputs_open(ui);
	} else if (phase == EXECUTE_PLANNING) {
		none = json_object();
		ui_acted(ui, session_make_plan(ui->session, none, &err), &err, NULL);
		json_decref(none);
	} else if (step->kind == STEP_CHOICE) {
		execute_options(ui, step);
	} else {
		session_step_proposal(ui->session, step, &proposal);
		execute_answer(ui, step, proposal.verdict == VERDICT_PASS);
	}
}

static void details(struct ui *ui, const struct execute *execute)
{
	int shown;

	if (execute_phase(ui) == EXECUTE_PLAN) {
		page_open(ui, "The plan", plan_text(ui, session_plan(ui->session, NULL)));
		return;
	}
	shown = execute_shown(ui, execute);
	if (shown >= 0)
		page_open(ui, current(ui)->procedure.procedure->steps[shown].id,
			  step_text(ui, (size_t)shown));
}

/* The next visible step from `from` in this direction; `from` itself when there is none. */
static int step_beside(const struct procedure_state *procedure, int from, int by)
{
	for (int i = from + by; i >= 0 && i < (int)procedure->procedure->nsteps; i += by) {
		if (step_visible(procedure, (size_t)i))
			return i;
	}
	return from;
}

static void move_in_steps(struct ui *ui, struct execute *execute, int rows)
{
	const struct procedure_state *procedure = &current(ui)->procedure;
	int shown = execute_shown(ui, execute), by = rows < 0 ? -1 : 1, next;

	for (; rows; rows -= by) {
		next = step_beside(procedure, shown, by);
		if (next == shown)
			break;
		shown = next;
	}
	execute->selected = shown;
	execute->next_seen = execute_next(ui);
}

static void move_by(struct ui *ui, struct execute *execute, int rows)
{
	if (execute_phase(ui) != EXECUTE_PLAN) {
		move_in_steps(ui, execute, rows);
		return;
	}
	execute->top += rows;
	if (execute->top < 0)
		execute->top = 0;
}

static void execute_act(struct ui *ui, void *data, enum act act)
{
	struct execute *execute = data;
	enum step_status status = STEP_WAITING;
	const struct step *step = next_step(ui, &status);
	struct err err = ERR_INIT;
	int shown, rows = act_rows(act, 12);

	if (rows) {
		move_by(ui, execute, rows);
		return;
	}
	switch (act) {
	case ACT_PROCEDURES:
		procedures_open(ui);
		break;
	case ACT_APPROVE:
		execute_approve(ui);
		break;
	case ACT_BREAK_GLASS:
		execute_break_glass(ui);
		break;
	case ACT_PARAMETERS:
		inputs_open(ui);
		break;
	case ACT_TAKE:
		take(ui, step);
		break;
	case ACT_ENTER:
		details(ui, execute);
		break;
	case ACT_RUN:
		execute_run(ui);
		break;
	case ACT_THROUGH:
		execute_through(ui);
		break;
	case ACT_YES:
	case ACT_NO:
		execute_answer(ui, step, act == ACT_YES);
		break;
	case ACT_CHECK:
		ui_acted(ui, session_check_again(ui->session, step->id, &err), &err, NULL);
		break;
	case ACT_PAGE:
		send_open(ui, NULL, pages(ui));
		break;
	case ACT_COPY:
		ui_acted(ui, session_message_copy(ui->session, carried(step), &err), &err,
			 "On its way to the paste buffer of tmux.");
		break;
	case ACT_UNDO:
		shown = execute_shown(ui, execute);
		execute_ask(ui, act, current(ui)->procedure.procedure->steps[shown].id);
		break;
	case ACT_PLAN:
		page_open(ui, "The plan", plan_text(ui, session_plan(ui->session, NULL)));
		break;
	case ACT_OUTPUT:
		page_open(ui, "Output of the latest step", xstrdup(session_output(ui->session)));
		break;
	default:
		execute_ask(ui, act, step ? step->id : "");
		break;
	}
}

const struct view_ops view_execute = {
	.title = "Execute",
	.state_size = sizeof(struct execute),
	.draw = execute_draw,
	.can = execute_can,
	.act = execute_act,
};
