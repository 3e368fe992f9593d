/*
 * Words that several views use for the same things.
 */
#ifndef TUI_SAY_H
#define TUI_SAY_H

#include "tui/ui.h"

/* The suggested procedure, or NULL. */
const struct procedure *suggested_procedure(const struct ui *ui);
/* What a screen calls a probe. Borrowed. */
const char *probe_name(const struct probe *probe);
/* "yes", "no", "unknown". */
const char *answer_word(enum verdict verdict);
/* New: "Go to: ...", "Procedure level-2: Code rollback", an advice. */
char *outcome_text(const struct tree *tree, const struct outcome *outcome);
/* Adds "  pass  NAME: evidence (3 s ago)". */
void probe_print(struct ui *ui, struct buf *text, const struct probe *probe);
/* One row: verdict, name, evidence, age. */
void probe_draw(struct ui *ui, const struct canvas *canvas, int y, int x, const char *lead,
		const struct probe *probe);

#endif
