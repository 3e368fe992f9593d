/*
 * What is always visible: the header above a view and the footer below it.
 */
#ifndef TUI_BARS_H
#define TUI_BARS_H

#include "tui/ui.h"

/* System, target, LIVE or DRILL, incident, severity, time since opening, UTC clock, ledger; and
 * what to do now. Returns its rows. */
int header_draw(struct ui *ui, const struct canvas *canvas);
#define FOOTER_ROWS 3
/* The notice or the alerts, the keys that do something here, and the views: the last FOOTER_ROWS.
 */
void footer_draw(struct ui *ui, const struct canvas *canvas);

#endif
