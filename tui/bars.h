/*
 * What is always visible: the header above a view and the footer below it.
 */
#ifndef TUI_BARS_H
#define TUI_BARS_H

#include "tui/ui.h"

/* System, target, LIVE or DRILL, incident, severity, time since opening, UTC clock, ledger; and
 * what to do now. Returns its rows. */
int header_draw(struct ui *ui, const struct canvas *canvas);
/* How many rows the footer takes of a screen so wide: always the same for a view, so that nothing
 * moves when a key begins or ceases to do something. */
int footer_rows(const struct ui *ui, int width);
/* The notice or the alerts, the keys that do something here, and the views: the last rows. */
void footer_draw(struct ui *ui, const struct canvas *canvas);

#endif
