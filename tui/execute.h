/*
 * The parts of Execute: where the procedure stands, its plan as text, its steps.
 */
#ifndef TUI_EXECUTE_H
#define TUI_EXECUTE_H

#include "tui/ui.h"

enum execute_phase {
	EXECUTE_NOTHING,  /* no procedure is chosen */
	EXECUTE_INPUTS,	  /* its `ask` parameters are not answered */
	EXECUTE_PLANNING, /* the plan is being made, or could not be made */
	EXECUTE_PLAN,	  /* it is shown, to be approved */
	EXECUTE_STEPS,	  /* approved */
	EXECUTE_ENDED,
};

struct execute {
	int selected;  /* step; -1: follows the one that is next */
	int next_seen; /* the next step when `selected` was set */
	int top;       /* of the steps or the plan's lines */
};

/* Of the current attempt. */
enum execute_phase execute_phase(struct ui *ui);
/* The step that is shown: the selected one, else the next, else the last. -1: none. */
int execute_shown(struct ui *ui, const struct execute *execute);
/* The step that is next, or needs a decision; -1. */
int execute_next(struct ui *ui);
/* Whether the list of steps shows it. */
bool step_visible(const struct procedure_state *procedure, size_t step);
/* Nothing is bound to it: a person does it. */
bool execute_manual(struct ui *ui, size_t step);
/* Undoing it is possible as far as the plan knows. */
bool execute_undoable(struct ui *ui, size_t step);

/* Running it destroys something, or nobody can say. */
bool execute_destructive(struct ui *ui, size_t step);

/* New: everything that is to be known before it is approved. */
char *plan_text(struct ui *ui, const struct procedure_plan *plan);
/* New: what the record says of one step: note, plan, verify evidence. */
char *step_text(struct ui *ui, size_t step);
/* Steps, the shown step's details, and the output's tail. */
void steps_draw(struct ui *ui, struct execute *execute, const struct canvas *canvas);
/* Approves the plan that is shown: by name where it destroys. */
void execute_approve(struct ui *ui);
/* Approves it without those who may, by a sentence and a reason. */
void execute_break_glass(struct ui *ui);
/* Runs the next step. */
void execute_run(struct ui *ui);
/* Straight through, or step by step again. */
void execute_through(struct ui *ui);
/* Answers a step that asks; a reason is asked for where it is not what is proposed. */
void execute_answer(struct ui *ui, const struct step *step, bool yes);
/* The options of a choice. */
void execute_options(struct ui *ui, const struct step *step);
/* Again, undo, alternative, skip, stop, done: each says what will happen and asks. */
void execute_ask(struct ui *ui, enum act act, const char *step);
/* The form for the `ask` parameters. */
void inputs_open(struct ui *ui);

#endif
