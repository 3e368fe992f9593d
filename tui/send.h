/*
 * Sending a message and paging somebody: what goes out is shown, and asked about, first.
 */
#ifndef TUI_SEND_H
#define TUI_SEND_H

#include "tui/ui.h"

/* Whether it can be done now; one of them may be NULL, as for session_send(). */
bool send_can(const struct ui *ui, const struct message *message, const struct contact *contact);
void send_open(struct ui *ui, const struct message *message, const struct contact *contact);
/* What was done with it last, for a row: "sent 12:03:22"; "" when nothing was. */
char *send_state(struct ui *ui, const char *message, const char *contact, char *out, size_t size,
		 enum style *style);

#endif
