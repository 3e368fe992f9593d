/*
 * Routines and phases in words, for the list, the page and the console of plain lines.
 */
#ifndef TUI_ROUTINES_H
#define TUI_ROUTINES_H

#include "core/session.h"

/* New: "Health: OVERDUE since 2 h (2026-11-30 21:00Z), 1 missed before". */
char *routine_label(const struct routine_due *one, int64_t now);
/* New: "every 1 h; last done 2 h ago (2026-11-30 21:00Z): holds". */
char *routine_detail(const struct routine_due *one, int64_t now);
/* New: all phases, how far each is and how stable. */
char *phases_text(const struct session *session, int64_t now);

#endif
