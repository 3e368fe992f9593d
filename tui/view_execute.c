/* Execute: the plan before it is approved, then step by step. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "tui/execute.h"
#include "tui/modal.h"
#include "tui/say.h"

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
			    "No incident is open, so nothing is done to the system. ! declares one.");
	else if (suggested)
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL,
			    "No procedure is chosen yet. Decide (2) suggests one: c there chooses it. p "
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
			    "Enter makes it again once that is mended; p chooses another procedure.");
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

static void plan_draw(struct ui *ui, struct execute *execute, const struct canvas *canvas)
{
	const struct procedure_plan *plan = session_plan(ui->session, NULL);
	char *text = plan_text(ui, plan), *title, status[96];
	struct canvas inside = { .w = canvas->w - 4 };
	int rows = canvas_wrap_rows(&inside, 0, 0, text), room = canvas->h - 2;

	if (execute->top > rows - room)
		execute->top = rows - room;
	if (execute->top < 0)
		execute->top = 0;
	snprintf(status, sizeof(status), "%s%s",
		 execute->top + room < rows ? "more below (j, PgDn)  " : "", "not approved");
	title = xasprintf("Plan: %s", plan->procedure->title);
	inside = canvas_box(canvas, title, status, STYLE_WARNING, false);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	canvas_wrap(&inside, -execute->top, 0, 0, STYLE_NORMAL, text);
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

static bool can_enter(struct ui *ui, const struct step *step, enum step_status status)
{
	struct proposal proposal;

	switch (execute_phase(ui)) {
	case EXECUTE_NOTHING:
		return false;
	case EXECUTE_INPUTS:
		return ui_open(ui) && session_proposed_params(ui->session);
	case EXECUTE_PLANNING:
		return ui_open(ui);
	case EXECUTE_PLAN:
		return true;
	case EXECUTE_STEPS:
	case EXECUTE_ENDED:
		break;
	}
	if (step && status == STEP_WAITING && step->kind == STEP_QUESTION) {
		session_step_proposal(ui->session, step, &proposal);
		return proposal.verdict != VERDICT_UNKNOWN;
	}
	return true;
}

/* Acts on the step that is next, while none is running. */
static bool can_step(struct ui *ui, const struct step *step, enum step_status status, enum act act)
{
	bool manual = execute_next(ui) >= 0 && execute_manual(ui, (size_t)execute_next(ui));

	if (!ui_open(ui) || session_running(ui->session))
		return false;
	switch (act) {
	case ACT_RUN:
		return step->kind == STEP_ACTION && !manual && status == STEP_WAITING;
	case ACT_DONE:
		return manual && (status == STEP_WAITING || troubled(status));
	case ACT_YES:
	case ACT_NO:
		return step->kind == STEP_QUESTION && status == STEP_WAITING;
	case ACT_CHECK:
		return troubled(status) || status == STEP_RAN;
	case ACT_AGAIN:
		return troubled(status) && !manual;
	case ACT_SKIP:
		return status == STEP_WAITING || troubled(status);
	case ACT_ALTERNATIVE:
		return step->alternative && (status == STEP_FAILED || status == STEP_NOT_VERIFIED);
	case ACT_THROUGH:
		return !troubled(status);
	default:
		return false;
	}
}

static bool execute_can(struct ui *ui, void *data, enum act act)
{
	struct execute *execute = data;
	enum execute_phase phase = execute_phase(ui);
	enum step_status status = STEP_WAITING;
	const struct step *step = next_step(ui, &status);
	int shown;

	switch (act) {
	case ACT_PROCEDURES:
		return ui_open(ui) && phase != EXECUTE_STEPS &&
		       session_runbook(ui->session)->nprocedures > 0;
	case ACT_APPROVE:
		return ui_open(ui) && phase == EXECUTE_PLAN;
	case ACT_PARAMETERS:
		return ui_open(ui) && (phase == EXECUTE_INPUTS || phase == EXECUTE_PLAN) &&
		       current(ui)->procedure.procedure->nasks > 0 &&
		       session_proposed_params(ui->session);
	case ACT_UP:
	case ACT_DOWN:
	case ACT_PAGE_UP:
	case ACT_PAGE_DOWN:
	case ACT_TOP:
	case ACT_BOTTOM:
		return phase >= EXECUTE_PLAN;
	case ACT_ENTER:
		return can_enter(ui, step, status);
	case ACT_STOP:
		return ui_open(ui) && phase == EXECUTE_STEPS;
	case ACT_PLAN:
		return phase >= EXECUTE_STEPS && session_plan(ui->session, NULL);
	case ACT_OUTPUT:
		return phase >= EXECUTE_STEPS && session_output(ui->session)[0];
	case ACT_UNDO:
		shown = phase >= EXECUTE_STEPS ? execute_shown(ui, execute) : -1;
		return ui_open(ui) && shown >= 0 && execute_undoable(ui, (size_t)shown);
	case ACT_THROUGH:
		if (session_is_straight_through(ui->session))
			return true;
		return step && can_step(ui, step, status, act);
	default:
		return step && can_step(ui, step, status, act);
	}
}

/* ---- doing it ---- */

static int approve_done(struct ui *ui, const char *const *values, const char *subject,
			struct err *err)
{
	if (strcmp(values[0], subject) != 0)
		return err_set(err, "that is not the target's name");
	if (session_approve(ui->session, values[0], err) < 0)
		return -1;
	return ui_acted(ui, 0, err, "Approved. r runs the next step, Space runs straight through.");
}

static void approve_yes(struct ui *ui, const char *subject)
{
	struct err err = ERR_INIT;

	(void)subject;
	ui_acted(ui, session_approve(ui->session, "", &err), &err,
		 "Approved. r runs the next step, Space runs straight through.");
}

static void approve(struct ui *ui)
{
	const struct procedure_plan *plan = session_plan(ui->session, NULL);
	const struct target *target = session_target(ui->session);
	size_t problems = 0;
	struct buf say = BUF_INIT;

	for (size_t i = 0; i < plan->nsteps; i++)
		problems += plan->steps[i].problem && plan->steps[i].applicable;
	buf_printf(&say, "%s on %s, %zu steps, risk %s.\nData loss: %s\n", plan->procedure->title,
		   target ? target->name : "?", plan->nsteps, risk_name(plan->procedure->risk),
		   plan->nloss ? plan->loss[0] :
		   plan->procedure->data_loss ? plan->procedure->data_loss : "not said");
	for (size_t i = 1; i < plan->nloss; i++)
		buf_printf(&say, "           %s\n", plan->loss[i]);
	if (problems)
		buf_printf(&say, "%zu steps have a problem; the plan names it.\n", problems);
	buf_puts(&say, "Approving runs nothing yet.");
	if (plan->risk == ACTION_DESTRUCTIVE && target)
		confirm_name_open(ui, "Approve a destructive plan", buf_str(&say), target->name,
				  approve_done);
	else
		confirm_open(ui, "Approve the plan", buf_str(&say), 'y', "approves", NULL, approve_yes);
	buf_release(&say);
}

static void run_yes(struct ui *ui, const char *subject)
{
	struct err err = ERR_INIT;

	(void)subject;
	ui_acted(ui, session_run_step(ui->session, &err), &err, NULL);
}

/* What destroys asks once more; everything else was approved with the plan. */
static void run(struct ui *ui)
{
	size_t next = (size_t)execute_next(ui);

	if (execute_destructive(ui, next)) {
		const struct step *step = &current(ui)->procedure.procedure->steps[next];

		confirm_open(ui, "Run a destructive step", step->say, 'y', "runs it", NULL, run_yes);
		return;
	}
	run_yes(ui, NULL);
}

static void through_yes(struct ui *ui, const char *subject)
{
	(void)subject;
	session_straight_through(ui->session, true);
	ui_dirty(ui);
}

static void through(struct ui *ui)
{
	if (session_is_straight_through(ui->session)) {
		session_straight_through(ui->session, false);
		ui_notice(ui, STYLE_OK, "Step by step again; the running step goes on.");
		return;
	}
	confirm_open(ui, "Run straight through",
		     "Step after step runs until something does not hold, or an answer is needed.\n"
		     "Space again goes back to step by step.",
		     'y', "begins", NULL, through_yes);
}

static void again_yes(struct ui *ui, const char *step)
{
	struct err err = ERR_INIT;

	ui_acted(ui, session_run_again(ui->session, step, &err), &err, NULL);
}

static void undo_yes(struct ui *ui, const char *step)
{
	struct err err = ERR_INIT;

	ui_acted(ui, session_undo(ui->session, step, &err), &err, NULL);
}

static void alternative_yes(struct ui *ui, const char *step)
{
	struct err err = ERR_INIT;

	ui_acted(ui, session_alternative(ui->session, step, &err), &err, NULL);
}

static int skip_done(struct ui *ui, const char *const *values, const char *step, struct err *err)
{
	if (!*values[0])
		return err_set(err, "a reason is needed: it goes into the report");
	if (session_skip(ui->session, step, values[0], err) < 0)
		return -1;
	return ui_acted(ui, 0, err, NULL);
}

static int stop_done(struct ui *ui, const char *const *values, const char *subject, struct err *err)
{
	(void)subject;
	if (session_stop(ui->session, *values[0] ? values[0] : "stopped by the operator", err) < 0)
		return -1;
	return ui_acted(ui, 0, err, "Stopped. What ran stays as it is; u undoes a step.");
}

static int done_done(struct ui *ui, const char *const *values, const char *step, struct err *err)
{
	if (session_step_done(ui->session, step, *values[0] ? values[0] : NULL, err) < 0)
		return -1;
	return ui_acted(ui, 0, err, NULL);
}

static int answer_done(struct ui *ui, const char *const *values, const char *subject,
		       struct err *err)
{
	/* "yes STEP" or "no STEP" */
	const char *step = strchr(subject, ' ') + 1;
	char *answer = xstrndup(subject, strcspn(subject, " "));
	int rc = -1;

	if (!*values[0])
		err_set(err, "a reason is needed: it goes into the report");
	else
		rc = session_answer_step(ui->session, step, answer, values[0], err);
	free(answer);
	return rc < 0 ? -1 : ui_acted(ui, 0, err, NULL);
}

static void answer(struct ui *ui, const struct step *step, bool yes)
{
	struct form_entry entry = { .label = "Reason" };
	struct proposal proposal;
	struct err err = ERR_INIT;
	char *say;

	session_step_proposal(ui->session, step, &proposal);
	if (proposal.verdict == VERDICT_UNKNOWN ||
	    proposal.verdict == (yes ? VERDICT_PASS : VERDICT_FAIL)) {
		if (session_answer_step(ui->session, step->id, yes ? "yes" : "no", NULL, &err) == 0 ||
		    proposal.verdict != VERDICT_UNKNOWN) {
			ui_acted(ui, err.set ? -1 : 0, &err, NULL);
			return;
		}
	}
	say = xasprintf("%s\nProposed is %s: %s\nYou answer %s: why?", step->say,
			answer_word(proposal.verdict), proposal.evidence, yes ? "YES" : "NO");
	form_open(ui, "Answer otherwise than proposed", say, &entry, 1, false,
		  xasprintf("%s %s", yes ? "yes" : "no", step->id), answer_done);
	free(say);
}

static void option_chosen(struct ui *ui, const char *value, const char *step)
{
	struct err err = ERR_INIT;

	ui_acted(ui, session_answer_step(ui->session, step, value, NULL, &err), &err, NULL);
}

static void options_open(struct ui *ui, const struct step *step)
{
	struct menu_entry *entries = xcalloc(step->noptions + 1, sizeof(*entries));

	for (size_t i = 0; i < step->noptions; i++) {
		entries[i].label = xstrdup(step->options[i].id);
		entries[i].detail = xstrdup(step->options[i].say ? step->options[i].say : "");
		entries[i].value = xstrdup(step->options[i].id);
	}
	menu_open(ui, step->say, entries, step->noptions, xstrdup(step->id), option_chosen);
}

static void enter(struct ui *ui, struct execute *execute)
{
	enum step_status status = STEP_WAITING;
	const struct step *step = next_step(ui, &status);
	int shown;

	switch (execute_phase(ui)) {
	case EXECUTE_NOTHING:
		return;
	case EXECUTE_INPUTS:
		inputs_open(ui);
		return;
	case EXECUTE_PLANNING: {
		struct err err = ERR_INIT;
		json_t *none = json_object();

		ui_acted(ui, session_make_plan(ui->session, none, &err), &err, NULL);
		json_decref(none);
		return;
	}
	case EXECUTE_PLAN:
		page_open(ui, "The plan", plan_text(ui, session_plan(ui->session, NULL)));
		return;
	case EXECUTE_STEPS:
	case EXECUTE_ENDED:
		break;
	}
	shown = execute_shown(ui, execute);
	if (step && shown == execute_next(ui) && status == STEP_WAITING && step->kind != STEP_ACTION) {
		struct proposal proposal;

		session_step_proposal(ui->session, step, &proposal);
		if (step->kind == STEP_CHOICE)
			options_open(ui, step);
		else
			answer(ui, step, proposal.verdict == VERDICT_PASS);
	} else if (shown >= 0) {
		page_open(ui, current(ui)->procedure.procedure->steps[shown].id,
			  step_text(ui, (size_t)shown));
	}
}

static void move_in_plan(struct execute *execute, enum act act)
{
	static const int by[] = { [ACT_UP] = -1, [ACT_DOWN] = 1, [ACT_PAGE_UP] = -12,
				  [ACT_PAGE_DOWN] = 12, [ACT_TOP] = -100000, [ACT_BOTTOM] = 100000 };

	execute->top += by[act];
	if (execute->top < 0)
		execute->top = 0;
}

static void move_in_steps(struct ui *ui, struct execute *execute, enum act act)
{
	int n = (int)current(ui)->procedure.procedure->nsteps;
	int shown = execute_shown(ui, execute);

	if (act == ACT_UP && shown > 0)
		shown--;
	else if (act == ACT_DOWN && shown + 1 < n)
		shown++;
	else if (act == ACT_TOP || act == ACT_PAGE_UP)
		shown = 0;
	else if (act == ACT_BOTTOM || act == ACT_PAGE_DOWN)
		shown = n - 1;
	execute->selected = shown;
	execute->next_seen = execute_next(ui);
}

/* Acts that first ask: each says what will happen. */
static void ask(struct ui *ui, enum act act, const char *step)
{
	struct form_entry reason = { .label = "Reason" }, note = { .label = "Note (may stay empty)" };

	switch (act) {
	case ACT_AGAIN:
		confirm_open(ui, "Run the step again", "The action is done once more, then checked.",
			     'y', "runs it again", xstrdup(step), again_yes);
		break;
	case ACT_UNDO:
		confirm_open(ui, "Undo the step",
			     "What it did is taken back by its recorded pre-state, then checked.", 'y',
			     "undoes it", xstrdup(step), undo_yes);
		break;
	case ACT_ALTERNATIVE:
		confirm_open(ui, "Take the alternative",
			     "The runbook's other way for this failure takes the place of this step.",
			     'y', "takes it", xstrdup(step), alternative_yes);
		break;
	case ACT_SKIP:
		form_open(ui, "Skip the step", "It is left undone; the procedure goes on behind it.",
			  &reason, 1, false, xstrdup(step), skip_done);
		break;
	case ACT_STOP:
		form_open(ui, "Stop the procedure",
			  "A running step is ended. What ran before is undone only if you ask for it.",
			  &reason, 1, true, NULL, stop_done);
		break;
	case ACT_DONE:
		form_open(ui, "The step is done", "", &note, 1, false, xstrdup(step), done_done);
		break;
	default:
		break;
	}
}

static void execute_act(struct ui *ui, void *data, enum act act)
{
	struct execute *execute = data;
	enum step_status status = STEP_WAITING;
	const struct step *step = next_step(ui, &status);
	struct err err = ERR_INIT;
	int shown;

	switch (act) {
	case ACT_PROCEDURES:
		procedures_open(ui);
		break;
	case ACT_APPROVE:
		approve(ui);
		break;
	case ACT_PARAMETERS:
		inputs_open(ui);
		break;
	case ACT_ENTER:
		enter(ui, execute);
		break;
	case ACT_UP:
	case ACT_DOWN:
	case ACT_PAGE_UP:
	case ACT_PAGE_DOWN:
	case ACT_TOP:
	case ACT_BOTTOM:
		if (execute_phase(ui) == EXECUTE_PLAN)
			move_in_plan(execute, act);
		else
			move_in_steps(ui, execute, act);
		break;
	case ACT_RUN:
		run(ui);
		break;
	case ACT_THROUGH:
		through(ui);
		break;
	case ACT_YES:
	case ACT_NO:
		answer(ui, step, act == ACT_YES);
		break;
	case ACT_CHECK:
		ui_acted(ui, session_check_again(ui->session, step->id, &err), &err, NULL);
		break;
	case ACT_UNDO:
		shown = execute_shown(ui, execute);
		ask(ui, act, current(ui)->procedure.procedure->steps[shown].id);
		break;
	case ACT_PLAN:
		page_open(ui, "The plan", plan_text(ui, session_plan(ui->session, NULL)));
		break;
	case ACT_OUTPUT:
		page_open(ui, "Output of the latest step", xstrdup(session_output(ui->session)));
		break;
	default:
		ask(ui, act, step ? step->id : "");
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
