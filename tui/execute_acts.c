/* What the operator does in Execute; what destroys, or can't be taken back, asks first. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "tui/execute.h"
#include "tui/modal.h"
#include "tui/say.h"

#define RUNS	 "It runs. The item ticks itself when it is done and verified."
#define APPROVED "Approved. r runs the next step, Space runs straight through."
#define BROKEN	 "Approved without authority, on record. r runs the next step."
#define COUNTED	 "Your approval is on record. Others are needed, too."
#define ASKED	 "It is on record, and waits for those who may approve it."

static const struct attempt *current(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);

	return state ? state_attempt(state) : NULL;
}

/* Another console may have chosen anew while the question stood here: only what was read is
 * approved. */
static int plan_same(struct ui *ui, const char *digest, struct err *err)
{
	const struct procedure_plan *plan = session_plan(ui->session, NULL);

	if (plan && strcmp(plan->digest, digest) == 0)
		return 0;
	return err_set(err, "the plan is another one now: read it first");
}

static bool is_item(struct ui *ui)
{
	return current(ui)->procedure.procedure->item != NULL;
}

static bool is_approved(struct ui *ui)
{
	return current(ui)->procedure.approved;
}

/* An item's plan is one step: who approves it last has it run. */
static int approved(struct ui *ui, struct err *err)
{
	return is_item(ui) && is_approved(ui) ? session_run_step(ui->session, err) : 0;
}

static const char *came_of_it(struct ui *ui)
{
	return !is_approved(ui) ? COUNTED : is_item(ui) ? RUNS : APPROVED;
}

static int approve_done(struct ui *ui, const char *const *values, const char *digest,
			struct err *err)
{
	if (strcmp(values[0], session_target(ui->session)->name) != 0)
		return err_set(err, "that is not the target's name");
	if (plan_same(ui, digest, err) < 0 || session_approve(ui->session, values[0], err) < 0 ||
	    approved(ui, err) < 0)
		return -1;
	return ui_acted(ui, 0, err, came_of_it(ui));
}

static void approve_yes(struct ui *ui, const char *digest)
{
	struct err err = ERR_INIT;
	int rc = plan_same(ui, digest, &err);

	if (rc == 0)
		rc = session_approve(ui->session, "", &err);
	if (rc == 0)
		rc = approved(ui, &err);
	ui_acted(ui, rc, &err, came_of_it(ui));
}

/* ---- Those who may ---- */

static void ask_yes(struct ui *ui, const char *digest)
{
	struct err err = ERR_INIT;
	int rc = plan_same(ui, digest, &err);

	ui_acted(ui, rc == 0 ? session_ask_approval(ui->session, &err) : rc, &err, ASKED);
}

/* Whoever operates may not approve it: the plan is put before those who may. */
static void ask_open(struct ui *ui, const struct procedure_plan *plan,
		     const struct authority *authority)
{
	char *rules = authority_words(authority);
	struct buf say = BUF_INIT;

	buf_printf(&say,
		   "%s is approved by %s.\nYou (%s) hold no such role. Asking puts this plan on "
		   "record for them; they type: backout approve %s",
		   plan->procedure->title, rules, session_login(ui->session),
		   session_state(ui->session)->id);
	confirm_open(ui, "Ask for approval", buf_str(&say), 'y', "asks them", xstrdup(plan->digest),
		     ask_yes);
	buf_release(&say);
	free(rules);
}

static int break_done(struct ui *ui, const char *const *values, const char *digest, struct err *err)
{
	if (plan_same(ui, digest, err) < 0 ||
	    session_break_glass(ui->session, values[1], values[0], err) < 0 ||
	    approved(ui, err) < 0)
		return -1;
	return ui_acted(ui, 0, err, is_item(ui) ? RUNS : BROKEN);
}

void execute_break_glass(struct ui *ui)
{
	const struct procedure_plan *plan = session_plan(ui->session, NULL);
	char *sentence = session_break_glass_sentence(ui->session), *missing, *label;
	struct form_entry entries[2] = { { .label = "Why nobody can be waited for",
					   .needed = "a reason is needed" } };
	struct buf say = BUF_INIT;
	struct authority authority;

	if (!session_authority(ui->session, &authority))
		return;
	missing = authority_missing(&authority);
	label = xasprintf("Type %s", sentence);
	entries[1] = (struct form_entry){ .label = label };
	buf_printf(&say, "%s on %s, risk %s.\nMissing: %s.\n", plan->procedure->title,
		   session_target(ui->session)->name, risk_class_name(plan->risk), missing);
	buf_puts(&say, "You approve it without them: header, log and report will say so.");
	form_open(ui, "Break the glass", buf_str(&say), entries, 2, true, xstrdup(plan->digest),
		  break_done);
	buf_release(&say);
	free(label);
	free(missing);
	free(sentence);
}

/* What this approval does not do. */
static void say_others(struct ui *ui, const struct authority *authority, struct buf *say)
{
	char *rules;

	if (session_own_approval(ui->session, authority) == OWN_COMPLETES)
		return;
	rules = authority_words(authority);
	buf_printf(say, "It needs %s: yours is one of them.\n", rules);
	free(rules);
}

void execute_approve(struct ui *ui)
{
	struct authority authority = { 0 };
	const struct procedure_plan *plan = session_plan(ui->session, NULL);
	const struct target *target = session_target(ui->session);
	bool item = plan->procedure->item != NULL;
	size_t problems = 0;
	struct buf say = BUF_INIT;

	session_authority(ui->session, &authority);
	if (session_own_approval(ui->session, &authority) == OWN_NONE) {
		ask_open(ui, plan, &authority);
		return;
	}
	for (size_t i = 0; i < plan->nsteps; i++)
		problems += plan->steps[i].problem && plan->steps[i].applicable;
	if (item)
		buf_printf(&say, "%s\non %s, risk %s.\n", plan->procedure->title,
			   target ? target->name : "?", risk_class_name(plan->risk));
	else
		buf_printf(&say, "%s on %s, %zu steps, risk %s.\nData loss: %s\n",
			   plan->procedure->title, target ? target->name : "?", plan->nsteps,
			   risk_name(plan->procedure->risk),
			   plan->nloss			? plan->loss[0]
			   : plan->procedure->data_loss ? plan->procedure->data_loss
							: "not said");
	for (size_t i = item ? 0 : 1; i < plan->nloss; i++)
		buf_printf(&say, "           %s\n", plan->loss[i]);
	if (problems)
		buf_printf(&say, "%zu step%s a problem; the plan names it.\n", problems,
			   problems == 1 ? " has" : "s have");
	say_others(ui, &authority, &say);
	buf_puts(&say, item ? "It runs at once." : "Approving runs nothing yet.");
	if (plan->risk == ACTION_DESTRUCTIVE && target)
		confirm_name_open(ui,
				  item ? "Run a destructive action" : "Approve a destructive plan",
				  buf_str(&say), target->name, xstrdup(plan->digest), approve_done);
	else
		confirm_open(ui, item ? "Run the action" : "Approve the plan", buf_str(&say), 'y',
			     item ? "runs it" : "approves", xstrdup(plan->digest), approve_yes);
	buf_release(&say);
}

static void run_yes(struct ui *ui, const char *step)
{
	struct err err = ERR_INIT;
	int next = execute_next(ui), rc;

	if (next < 0 || strcmp(current(ui)->procedure.procedure->steps[next].id, step) != 0)
		rc = err_set(&err, "the next step is another one now");
	else
		rc = session_run_step(ui->session, &err);
	ui_acted(ui, rc, &err, NULL);
}

/* What destroys asks once more; everything else was approved with the plan. */
void execute_run(struct ui *ui)
{
	size_t next = (size_t)execute_next(ui);
	const struct step *step = &current(ui)->procedure.procedure->steps[next];

	if (execute_destructive(ui, next))
		confirm_open(ui, "Run a destructive step", step->say, 'y', "runs it",
			     xstrdup(step->id), run_yes);
	else
		run_yes(ui, step->id);
}

static void through_yes(struct ui *ui, const char *subject)
{
	(void)subject;
	session_straight_through(ui->session, true);
	ui_dirty(ui);
}

void execute_through(struct ui *ui)
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

static void drop_yes(struct ui *ui, const char *subject)
{
	struct err err = ERR_INIT;

	(void)subject;
	ui_acted(ui, session_stop(ui->session, "dropped before it was approved", &err), &err,
		 "Dropped: nothing was run.");
}

static void alternative_yes(struct ui *ui, const char *step)
{
	struct err err = ERR_INIT;

	ui_acted(ui, session_alternative(ui->session, step, &err), &err, NULL);
}

static int skip_done(struct ui *ui, const char *const *values, const char *step, struct err *err)
{
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
	bool yes;
	const char *step = answer_parse(subject, &yes);

	if (session_answer_step(ui->session, step, yes ? "yes" : "no", values[0], err) < 0)
		return -1;
	return ui_acted(ui, 0, err, NULL);
}

void execute_answer(struct ui *ui, const struct step *step, bool yes)
{
	struct proposal proposal;
	struct err err = ERR_INIT;

	session_step_proposal(ui->session, step, &proposal);
	if (proposal.verdict == VERDICT_UNKNOWN ||
	    proposal.verdict == (yes ? VERDICT_PASS : VERDICT_FAIL)) {
		if (session_answer_step(ui->session, step->id, yes ? "yes" : "no", NULL, &err) ==
			0 ||
		    proposal.verdict != VERDICT_UNKNOWN) {
			ui_acted(ui, err.set ? -1 : 0, &err, NULL);
			return;
		}
	}
	answer_open(ui, step->say, step->id, &proposal, yes, answer_done);
}

static void option_chosen(struct ui *ui, const char *value, const char *step)
{
	struct err err = ERR_INIT;

	ui_acted(ui, session_answer_step(ui->session, step, value, NULL, &err), &err, NULL);
}

void execute_options(struct ui *ui, const struct step *step)
{
	struct menu_entry *entries = xcalloc(step->noptions + 1, sizeof(*entries));

	for (size_t i = 0; i < step->noptions; i++) {
		entries[i].label = xstrdup(step->options[i].id);
		entries[i].detail = xstrdup(step->options[i].say ? step->options[i].say : "");
		entries[i].value = xstrdup(step->options[i].id);
	}
	menu_open(ui, step->say, entries, step->noptions, xstrdup(step->id), option_chosen);
}

/* Acts that first ask: each says what will happen. */
void execute_ask(struct ui *ui, enum act act, const char *step)
{
	struct form_entry reason = { .label = "Reason" },
			  note = { .label = "Note (may stay empty)" };

	switch (act) {
	case ACT_AGAIN:
		confirm_open(ui, "Run the step again",
			     "The action is done once more, then checked.", 'y', "runs it again",
			     xstrdup(step), again_yes);
		break;
	case ACT_UNDO:
		confirm_open(ui, "Undo the step",
			     "What it did is taken back by its recorded pre-state, then checked.",
			     'y', "undoes it", xstrdup(step), undo_yes);
		break;
	case ACT_ALTERNATIVE:
		confirm_open(ui, "Take the alternative",
			     "The runbook's other way for this failure takes the place of this "
			     "step.",
			     'y', "takes it", xstrdup(step), alternative_yes);
		break;
	case ACT_SKIP:
		reason_open(ui, "Skip the step",
			    "It is left undone; the procedure goes on behind it.", xstrdup(step),
			    skip_done);
		break;
	case ACT_STOP:
		if (!current(ui)->procedure.approved) {
			confirm_open(ui, "Drop the plan",
				     "Nothing was run. It can be chosen again at any time.", 'y',
				     "drops it", NULL, drop_yes);
			break;
		}
		form_open(ui, "Stop the procedure",
			  "A running step is ended. What ran before is undone only if you ask for "
			  "it.",
			  &reason, 1, true, NULL, stop_done);
		break;
	case ACT_DONE:
		form_open(ui, "The step is done", "", &note, 1, false, xstrdup(step), done_done);
		break;
	default:
		break;
	}
}
