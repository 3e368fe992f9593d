/*
 * Alerts in the order in which they matter; muting them.
 */
#ifndef TUI_ALERTS_H
#define TUI_ALERTS_H

#include "tui/ui.h"

/* New array of what is to be said, the worst first: raised, without data where somebody set a
 * threshold, or muted. What is muted stands last, what is acknowledged behind its equals. Free it.
 */
const struct alert **alerts_list(struct ui *ui, size_t *n);
/* "CRITICAL", "NO DATA", or "ok" of one that is only muted; `out` holds at least 16 bytes. */
char *alert_word(const struct alert *alert, char *out, enum style *style);
/* Since when its level holds, or its data are missing (wall time); 0: neither. */
int64_t alert_since(const struct alert *alert);
/* As the record has it; NULL without an incident. */
const struct alert_state *alert_recorded(struct ui *ui, const struct alert *alert);
/* Chooses what is to be muted, for how long and why; or a mute that is to end. */
void mute_open(struct ui *ui);
/* Whether there is a metric that could raise an alert. */
bool mute_possible(const struct ui *ui);

#endif
