/*
 * The gate of a planned deployment, below its checklist.
 */
#ifndef TUI_GATE_H
#define TUI_GATE_H

#include "tui/ui.h"

/* The planned deployment, or NULL. */
const struct deployment_state *gate_deployment(const struct ui *ui);
/* Draws what is missing, what the criteria say and what was decided into the lowest rows of the
 * canvas. Returns how many rows it took. */
int gate_draw(struct ui *ui, const struct checklist_state *list, const struct canvas *canvas);
/* Asks for the decision. */
void gate_open(struct ui *ui);

#endif
