/*
 * Acts: which are possible now, and doing them: the same in every view, or the view's own.
 */
#ifndef TUI_ACTS_H
#define TUI_ACTS_H

#include "tui/ui.h"

/* Does an act as if its key had been pressed; says so where it is not possible now. */
void ui_act(struct ui *ui, enum act act);
/* Whether it can be done now. */
bool ui_can(struct ui *ui, enum act act);

#endif
