/*
 * The gate of a planned deployment, below its checklist.
 */
#ifndef TUI_GATE_H
#define TUI_GATE_H

#include "tui/ui.h"

/* The planned deployment, or NULL. */
const struct deployment_state *gate_deployment(const struct ui *ui);
/* Draws what the criteria say and what was decided into the lowest rows of the canvas, and how many
 * these are. */
void gate_draw(struct ui *ui, const struct canvas *canvas);
int gate_rows(const struct ui *ui);
/* Asks for the decision. */
void gate_open(struct ui *ui);

#endif
